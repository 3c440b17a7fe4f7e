//! What a witness signs: that this very plan, or this very transcript, is what they have seen.

use std::collections::BTreeSet;

use mdl_crypto::Signature;
use mdl_signer::Signer;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::outline::sha256;
use super::script::{Ceremony, Witness};
use crate::authority::sign;
use crate::failure::{Failure, Result};
use crate::verification_report::rfc3339;

/// Before what is signed, so that a signature for this cannot be taken for one of anything else.
const CONTEXT: &str = "mdl ceremony statement 1\n";

/// What a statement is about.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Document {
    Plan,
    Transcript,
}

impl Document {
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Transcript => "transcript",
        }
    }
}

/// A witness's signature over a document, apart from it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Statement {
    pub(super) witness: String,
    document: Document,
    sha256: String,
    pub(super) at: String,
    algorithm: String,
    /// Fixed width `r || s`, in hexadecimal, over the statement without it.
    signature: String,
}

impl Statement {
    /// Has the key of a witness sign.
    ///
    /// # Errors
    /// Exit code 2 for a witness that the ceremony does not have, or another key than it names.
    pub(crate) fn make(
        ceremony: &Ceremony,
        witness: &str,
        key: &dyn Signer,
        document: Document,
        content: &[u8],
        at: OffsetDateTime,
    ) -> Result<Self> {
        let known = find(ceremony, witness)?;
        if known.key != *key.public_key() {
            let what = format!("this is not the key of witness {witness}");
            return Err(Failure::usage(what)
                .hint("the ceremony file has the public key of each; `mdl key show` prints one"));
        }
        let mut statement = Self {
            witness: witness.to_owned(),
            document,
            sha256: sha256(content),
            at: rfc3339(at),
            algorithm: key.algorithm().to_string(),
            signature: String::new(),
        };
        let signature = sign(key, &statement.message())?;
        statement.signature = hex::encode(signature.as_bytes());
        statement.check(ceremony, document, content)?;
        Ok(statement)
    }

    fn message(&self) -> Vec<u8> {
        let unsigned = Self {
            signature: String::new(),
            ..self.clone()
        };
        let mut message = CONTEXT.as_bytes().to_vec();
        message.extend(serde_json::to_vec(&unsigned).unwrap_or_default());
        message
    }

    /// Whether it is a witness's signature over this document.
    fn check(&self, ceremony: &Ceremony, document: Document, content: &[u8]) -> Result<()> {
        let wrong = |what: &str| {
            let name = crate::verification_report::shown(&self.witness);
            Failure::no(format!("the statement of {name} {what}"))
        };
        let witness = find(ceremony, &self.witness)?;
        if self.document != document || self.sha256 != sha256(content) {
            return Err(wrong(&format!("is not about this {}", document.words())));
        }
        let curve = witness.key.curve();
        let signature = hex::decode(&self.signature)
            .map_err(|error| wrong("has no readable signature").because(&error))?;
        let signature = Signature::from_bytes(curve, &signature)
            .map_err(|error| wrong("has no readable signature").because(&error))?;
        witness
            .key
            .verify(curve.algorithm(), &self.message(), signature.as_bytes())
            .map_err(|error| wrong("is not signed by their key").because(&error))
    }

    /// Reads a statement.
    ///
    /// # Errors
    /// Exit code 2 if it is none.
    pub(crate) fn read(content: &[u8]) -> Result<Self> {
        serde_json::from_slice(content)
            .map_err(|error| Failure::usage("not a statement of a witness").because(&error))
    }

    /// As it is written to a file.
    pub(crate) fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

fn find<'c>(ceremony: &'c Ceremony, witness: &str) -> Result<&'c Witness> {
    let mut witnesses = ceremony.witnesses.iter();
    witnesses
        .find(|known| known.name == witness)
        .ok_or_else(|| {
            let names: Vec<_> = ceremony.witnesses.iter().map(|w| w.name.as_str()).collect();
            let name = crate::verification_report::shown(witness);
            Failure::usage(format!("the ceremony has no witness {name}"))
                .hint(format!("there is {}", names.join(", ")))
        })
}

/// Holds statements against the threshold of the ceremony; the names of the witnesses.
///
/// # Errors
/// Exit code 1 for a statement that is not good, or too few witnesses.
pub(super) fn enough(
    ceremony: &Ceremony,
    statements: &[Statement],
    document: Document,
    content: &[u8],
) -> Result<Vec<String>> {
    let mut names = BTreeSet::new();
    for statement in statements {
        statement.check(ceremony, document, content)?;
        names.insert(statement.witness.clone());
    }
    if names.len() < ceremony.threshold {
        let what = format!(
            "{} of {} witnesses have signed the {}",
            names.len(),
            ceremony.threshold,
            document.words()
        );
        return Err(Failure::no(what).hint("each signs it with `mdl ceremony sign`"));
    }
    Ok(names.into_iter().collect())
}
