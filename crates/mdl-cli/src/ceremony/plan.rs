//! The dry run: every structure on throw-away keys, linted, signed and checked, and its hash.

use std::collections::BTreeMap;

use mdl_crypto::{PrivateKey, PublicKey};
use serde::{Deserialize, Serialize};

use super::outline;
use super::script::Ceremony;
use super::structure::{Structure, StructureKind, build};
use crate::failure::{Failure, Result};
use crate::randomness::generator;

const FORMAT: &str = "mdl-ceremony-plan-1";

/// What will be signed. A function of the ceremony file: everybody who has the file gets the same.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    pub(super) format: String,
    pub(super) ceremony: String,
    pub(super) ceremony_sha256: String,
    /// Which version of this program made it.
    pub(super) tool: String,
    pub(super) structures: Vec<PlannedStructure>,
}

/// One structure that will be signed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlannedStructure {
    pub(super) step: String,
    pub(super) structure: StructureKind,
    /// The key that signs.
    pub(super) signer: String,
    /// Bytes to be signed.
    pub(super) length: usize,
    /// SHA-256 of the bytes to be signed, in which the keys named next are zeros.
    pub(super) sha256: String,
    /// Keys that the file does not know, so that they and their identifiers are zeros.
    pub(super) without_keys: Vec<String>,
}

impl Plan {
    /// The one text of this plan.
    pub(crate) fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads the text of a plan.
    ///
    /// # Errors
    /// Exit code 2 for anything but the very text that [`text`](Self::text) gives.
    pub(crate) fn read(content: &[u8]) -> Result<Self> {
        let plan: Self = serde_json::from_slice(content)
            .map_err(|error| Failure::usage("not a plan").because(&error))?;
        if plan.format != FORMAT || plan.text().as_bytes() != content {
            return Err(Failure::usage(
                "not a plan as `mdl ceremony plan` writes it",
            ));
        }
        Ok(plan)
    }

    /// In words.
    pub(crate) fn summary(&self) -> String {
        let mut text = format!(
            "ceremony {}\n  file      SHA-256 {}\n  plan      SHA-256 {}\n",
            crate::verification_report::shown(&self.ceremony),
            self.ceremony_sha256,
            outline::sha256(self.text().as_bytes()),
        );
        for planned in &self.structures {
            text.push_str(&format!(
                "{}: {}, {} bytes signed by key {}\n  SHA-256 {}\n",
                planned.step,
                planned.structure.words(),
                planned.length,
                planned.signer,
                planned.sha256,
            ));
            if !planned.without_keys.is_empty() {
                text.push_str(&format!(
                    "  with zeros for subjectPublicKey and key identifiers of key {}, not known yet\n",
                    planned.without_keys.join(", ")
                ));
            }
        }
        text
    }
}

/// Rehearses the ceremony with throw-away keys in the place of those that the file does not know, signs with these what
/// they sign, and gives the hash of everything.
///
/// # Errors
/// Exit code 1 for what a profile or the linter refuses.
pub(crate) fn plan(ceremony: &Ceremony) -> Result<Plan> {
    let mut rng = generator(None, "ceremony plan")?;
    let mut throw_away = BTreeMap::new();
    let mut keys = BTreeMap::new();
    for (name, key) in &ceremony.keys {
        let public_key = match &key.public_key {
            Some(known) => known.clone(),
            None => {
                let made = PrivateKey::generate(key.curve, &mut rng);
                let public_key = made.public_key().clone();
                throw_away.insert(name.clone(), made);
                public_key
            }
        };
        keys.insert(name.clone(), public_key);
    }
    let structures = build(ceremony, &keys)?;
    let plan = of_structures(ceremony, &structures, &keys);
    for structure in structures {
        if let Some(key) = throw_away.get(&structure.signer) {
            let signature = key.sign(structure.to_be_signed());
            structure.attach(&signature)?;
        }
    }
    Ok(plan)
}

/// The plan that these structures are as planned by, whose keys are `keys`.
pub(super) fn of_structures(
    ceremony: &Ceremony,
    structures: &[Structure],
    keys: &BTreeMap<String, PublicKey>,
) -> Plan {
    let unknown: Vec<(&String, &PublicKey)> = keys
        .iter()
        .filter(|(name, _)| {
            let key = ceremony.keys.get(*name);
            key.is_some_and(|key| key.public_key.is_none())
        })
        .collect();
    let structures = structures.iter().map(|structure| {
        let bytes = structure.to_be_signed();
        let without_keys = unknown
            .iter()
            .filter(|(_, key)| outline::hash(bytes, [*key]) != outline::sha256(bytes))
            .map(|(name, _)| (*name).clone())
            .collect();
        PlannedStructure {
            step: structure.step.clone(),
            structure: structure.kind,
            signer: structure.signer.clone(),
            length: bytes.len(),
            sha256: outline::hash(bytes, unknown.iter().map(|(_, key)| *key)),
            without_keys,
        }
    });
    Plan {
        format: FORMAT.to_owned(),
        ceremony: ceremony.name.clone(),
        ceremony_sha256: ceremony.sha256.clone(),
        tool: tool(),
        structures: structures.collect(),
    }
}

/// This program, as plans and transcripts name it.
pub(super) fn tool() -> String {
    concat!("mdl ", env!("CARGO_PKG_VERSION")).to_owned()
}
