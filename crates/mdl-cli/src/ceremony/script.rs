use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use mdl_crypto::{Curve, HashAlgorithm, PublicKey};
use mdl_iaca::certificate::{DocumentKind, read_documents};
use mdl_iaca::profile::{Issuer, SerialNumber};
use mdl_signer::key_uri::{KeyUri, PinSource};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use serde::Deserialize;
use time::OffsetDateTime;
use toml::value::Datetime;

use super::outline::sha256;
use super::step::{Step, first, time};
use crate::authority::{AuthorityFolder, SignerName};
use crate::curve_option::parse_curve;
use crate::failure::{Failure, Result};
use crate::{input, pem};

const MAX_BYTES: u64 = 1 << 20;
const MAX_STEPS: usize = 200;
/// What a witness brings at least: 128 bits, twice what Annex B asks of a serial number.
const LEAST_ENTROPY: usize = 16;
/// A stated serial number has at least the 63 bits of Annex B.
const LEAST_SERIAL: usize = 8;

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    from: Datetime,
    until: Datetime,
    threshold: usize,
    witnesses: Vec<WrittenWitness>,
    keys: BTreeMap<String, WrittenKey>,
    #[serde(default)]
    issuers: BTreeMap<String, WrittenIssuer>,
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenWitness {
    name: String,
    public_key: String,
    entropy: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKey {
    uri: String,
    curve: String,
    public_key: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenIssuer {
    certificate: String,
    key: String,
    folder: String,
    #[serde(default = "first")]
    number: u32,
}

/// A ceremony as its file decides it, checked as far as that needs no key.
#[derive(Debug)]
pub(crate) struct Ceremony {
    pub(super) name: String,
    /// It may be run from here
    pub(super) from: OffsetDateTime,
    /// until here.
    pub(super) until: OffsetDateTime,
    /// How many witnesses must approve of the plan, and sign the transcript.
    pub(super) threshold: usize,
    pub(super) witnesses: Vec<Witness>,
    pub(super) keys: BTreeMap<String, CeremonyKey>,
    /// Roots that exist already.
    pub(super) issuers: BTreeMap<String, ExistingIssuer>,
    pub(super) steps: Vec<Step>,
    /// SHA-256 of the file.
    pub(super) sha256: String,
    /// Relative paths start here.
    pub(super) folder: PathBuf,
}

#[derive(Debug)]
pub(super) struct Witness {
    pub(super) name: String,
    pub(super) key: PublicKey,
    entropy: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct CeremonyKey {
    pub(super) uri: KeyUri,
    pub(super) curve: Curve,
    /// As far as it is known beforehand.
    pub(super) public_key: Option<PublicKey>,
}

#[derive(Debug)]
pub(super) struct ExistingIssuer {
    pub(super) issuer: Issuer,
    pub(super) key: String,
    pub(super) folder: AuthorityFolder,
}

impl Ceremony {
    /// Reads and checks a ceremony file.
    ///
    /// # Errors
    /// Exit code 2 for what cannot be done as written.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let content = input::read_at_most(path, MAX_BYTES)?;
        let wrong = |what: String| Failure::usage(format!("{}: {what}", path.display()));
        if content.len() as u64 > MAX_BYTES {
            return Err(wrong(format!("is larger than {MAX_BYTES} bytes")));
        }
        let text = std::str::from_utf8(&content)
            .map_err(|error| wrong("expected text".to_owned()).because(&error))?;
        let written: Written = toml::from_str(text)
            .map_err(|error| wrong("not a ceremony".to_owned()).because(&error))?;
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let ceremony = Self {
            name: written.name,
            from: time(&written.from)?,
            until: time(&written.until)?,
            threshold: written.threshold,
            witnesses: read_witnesses(written.witnesses)?,
            keys: read_keys(written.keys, &folder)?,
            issuers: read_issuers(written.issuers, &folder)?,
            steps: written.steps,
            sha256: sha256(&content),
            folder,
        };
        ceremony.check()?;
        Ok(ceremony)
    }

    fn check(&self) -> Result<()> {
        let wrong = |what: String| Err(Failure::usage(format!("the ceremony file: {what}")));
        if self.from >= self.until {
            return wrong("from is not earlier than until".into());
        }
        if self.threshold == 0 || self.threshold > self.witnesses.len() {
            let (needed, all) = (self.threshold, self.witnesses.len());
            return wrong(format!("threshold {needed} of {all} witnesses"));
        }
        for (number, witness) in self.witnesses.iter().enumerate() {
            let others = self.witnesses.iter().take(number);
            for other in others {
                if other.name == witness.name || other.key == witness.key {
                    let (one, other) = (&other.name, &witness.name);
                    return wrong(format!("witnesses {one} and {other} are not two"));
                }
            }
            if self
                .keys
                .values()
                .any(|key| key.public_key.as_ref() == Some(&witness.key))
            {
                return wrong(format!("witness {} has a key that signs", witness.name));
            }
        }
        self.check_issuers()?;
        self.check_steps()
    }

    fn check_issuers(&self) -> Result<()> {
        for (name, existing) in &self.issuers {
            let key = self.keys.get(&existing.key).ok_or_else(|| {
                Failure::usage(format!("issuer {name}: there is no key {}", existing.key))
            })?;
            if key.public_key.as_ref() != Some(existing.issuer.key()) {
                let what = format!(
                    "issuer {name}: key {} is not stated to be that of its certificate",
                    existing.key
                );
                return Err(
                    Failure::usage(what).hint("give its public_key in the table of the key")
                );
            }
        }
        Ok(())
    }

    /// Whatever a step speaks of is there before it.
    fn check_steps(&self) -> Result<()> {
        let wrong = |step: &Step, what: String| {
            Err(Failure::usage(format!("step {}: {what}", step.name())))
        };
        if self.steps.is_empty() || self.steps.len() > MAX_STEPS {
            let what = format!("the ceremony file: 1 to {MAX_STEPS} steps are possible");
            return Err(Failure::usage(what));
        }
        let mut names = BTreeSet::new();
        let mut issuers: BTreeSet<&str> = self.issuers.keys().map(String::as_str).collect();
        let mut serials = BTreeSet::new();
        let mut made = BTreeSet::new();
        let mut has_signed = false;
        for step in &self.steps {
            step.name().parse::<SignerName>().map_err(|why| {
                Failure::usage(format!("the name of step {:?}: {why}", step.name()))
            })?;
            if !names.insert(step.name()) || self.issuers.contains_key(step.name()) {
                return wrong(step, "the name is taken".into());
            }
            if let Some(key) = step.key()
                && !self.keys.contains_key(key)
            {
                return wrong(step, format!("there is no key {key}"));
            }
            for issuer in step.issuers() {
                if !issuers.contains(issuer) {
                    return wrong(step, format!("there is no issuer {issuer} before it"));
                }
            }
            match step {
                Step::Key(step_of_key) => {
                    let key = &step_of_key.key;
                    if has_signed {
                        return wrong(step, "keys are made before anything is signed".into());
                    }
                    if self
                        .keys
                        .get(key)
                        .is_some_and(|key| key.public_key.is_some())
                    {
                        return wrong(step, format!("key {key} has a public_key, so it exists"));
                    }
                    if !made.insert(key) {
                        return wrong(step, format!("key {key} is made twice"));
                    }
                    continue;
                }
                Step::Root(root) => {
                    if root.number == 0 {
                        return wrong(step, "roots are counted from 1".into());
                    }
                    issuers.insert(step.name());
                }
                Step::DocumentSigner(signer) => {
                    let has_key = signer.key.is_some() && signer.common_name.is_some();
                    let stated = [
                        signer.key.is_some() || signer.common_name.is_some(),
                        signer.request.is_some(),
                    ];
                    if !matches!(
                        (stated, has_key),
                        ([true, false], true) | ([false, true], _)
                    ) {
                        let what = "expected either key and common_name, or request";
                        return wrong(step, what.into());
                    }
                    let longest = signer.longest_mso_life_days;
                    if longest == 0 || longest > signer.validity_days {
                        let what = "longest_mso_life_days is at least 1 and at most validity_days";
                        return wrong(step, what.into());
                    }
                }
                Step::Link(_) | Step::Crl(_) => {}
            }
            has_signed = true;
            if !matches!(step, Step::Crl(_)) && !serials.insert(self.serial(step)?.to_string()) {
                return wrong(step, "two certificates with one serial number".into());
            }
        }
        Ok(())
    }

    /// The serial number of a certificate: as stated, or 158 bits out of what all witnesses brought.
    pub(super) fn serial(&self, step: &Step) -> Result<SerialNumber> {
        let Some(stated) = step.stated_serial() else {
            let mut parts: Vec<Vec<u8>> = vec![b"mdl ceremony serial number".to_vec()];
            for witness in &self.witnesses {
                parts.push(witness.name.clone().into_bytes());
                parts.push(witness.entropy.clone());
            }
            parts.push(step.name().as_bytes().to_vec());
            let mut message = Vec::new();
            for part in parts {
                // With its length before it, so that no two lists of parts are the same bytes.
                message.extend((part.len() as u64).to_be_bytes());
                message.extend(part);
            }
            let mut seed = [0; 32];
            seed.copy_from_slice(HashAlgorithm::Sha256.digest(&message).as_ref());
            return Ok(SerialNumber::random(&mut ChaCha20Rng::from_seed(seed)));
        };
        let serial = read_serial(stated)?;
        if serial.as_be_bytes().len() < LEAST_SERIAL {
            let what = format!("serial {stated}: expected at least {LEAST_SERIAL} random bytes");
            return Err(Failure::usage(what)
                .hint("leave it out: it is then made of the witnesses' entropy"));
        }
        Ok(serial)
    }

    /// The path of a file that the ceremony names.
    pub(super) fn path(&self, relative: &str) -> PathBuf {
        self.folder.join(relative)
    }
}

/// A serial number in hexadecimal.
pub(super) fn read_serial(text: &str) -> Result<SerialNumber> {
    let wrong = || Failure::usage(format!("serial {text}: expected hexadecimal"));
    let bytes = hex::decode(text.replace(':', "")).map_err(|error| wrong().because(&error))?;
    SerialNumber::from_be_bytes(&bytes).map_err(|error| wrong().because(&error))
}

fn read_witnesses(written: Vec<WrittenWitness>) -> Result<Vec<Witness>> {
    let witnesses = written.into_iter().map(|witness| {
        let entropy = hex::decode(&witness.entropy).unwrap_or_default();
        if entropy.len() < LEAST_ENTROPY {
            let what = format!(
                "entropy of witness {}: expected at least {LEAST_ENTROPY} bytes in hexadecimal",
                witness.name
            );
            return Err(Failure::usage(what).hint("`openssl rand -hex 32` gives some, or dice"));
        }
        Ok(Witness {
            key: read_public_key(&witness.public_key, &format!("witness {}", witness.name))?,
            name: witness.name,
            entropy,
        })
    });
    witnesses.collect()
}

fn read_keys(
    written: BTreeMap<String, WrittenKey>,
    folder: &Path,
) -> Result<BTreeMap<String, CeremonyKey>> {
    let keys = written.into_iter().map(|(name, key)| {
        let curve = parse_curve(&key.curve)
            .map_err(|why| Failure::usage(format!("the curve of key {name}: {why}")))?;
        let uri = key
            .uri
            .parse()
            .map_err(|error| Failure::usage(format!("the uri of key {name}")).because(&error))?;
        let public_key = key.public_key.as_deref();
        let public_key = public_key
            .map(|text| read_public_key(text, &format!("key {name}")))
            .transpose()?;
        if public_key.as_ref().is_some_and(|key| key.curve() != curve) {
            let what = format!("key {name}: the public_key is not on {}", curve.name());
            return Err(Failure::usage(what));
        }
        let key = CeremonyKey {
            uri: from_folder(uri, folder),
            curve,
            public_key,
        };
        Ok((name, key))
    });
    keys.collect()
}

fn read_issuers(
    written: BTreeMap<String, WrittenIssuer>,
    folder: &Path,
) -> Result<BTreeMap<String, ExistingIssuer>> {
    let issuers = written.into_iter().map(|(name, written)| {
        let der = one_pem(&written.certificate, DocumentKind::Certificate)
            .map_err(|failure| Failure::usage(format!("issuer {name}")).because(&failure))?;
        let issuer = Issuer::from_certificate(&der)
            .map_err(|error| Failure::usage(format!("issuer {name}")).because(&error))?;
        let existing = ExistingIssuer {
            issuer,
            key: written.key,
            folder: AuthorityFolder::new(folder.join(written.folder)).with_root(written.number),
        };
        Ok((name, existing))
    });
    issuers.collect()
}

/// The DER of the one document in a PEM text.
pub(super) fn one_pem(text: &str, kind: DocumentKind) -> Result<Vec<u8>> {
    let wrong = || Failure::usage(format!("expected one {} in PEM", kind.pem_label()));
    let documents = read_documents(text.as_bytes()).map_err(|error| wrong().because(&error))?;
    match <[_; 1]>::try_from(documents) {
        Ok([document]) if document.kind == kind => Ok(document.der),
        _ => Err(wrong()),
    }
}

fn read_public_key(text: &str, whose: &str) -> Result<PublicKey> {
    let wrong = || {
        Failure::usage(format!("the public_key of {whose}: expected SPKI in PEM"))
            .hint("`mdl key show` prints it")
    };
    let der = pem::decode(text, "PUBLIC KEY").ok_or_else(wrong)?;
    PublicKey::from_spki_der(&der).map_err(|error| wrong().because(&error))
}

/// Paths in the file start at its folder.
fn from_folder(uri: KeyUri, folder: &Path) -> KeyUri {
    match uri {
        KeyUri::File(path) => KeyUri::File(folder.join(path)),
        KeyUri::Pkcs11(mut uri) => {
            // A library without a folder is looked up by the system.
            if let Some(path) = &uri.module_path
                && path.components().count() > 1
            {
                uri.module_path = Some(folder.join(path));
            }
            if let Some(PinSource::File(path)) = &uri.pin_source {
                uri.pin_source = Some(PinSource::File(folder.join(path)));
            }
            KeyUri::Pkcs11(uri)
        }
        KeyUri::Kms(_) => uri,
    }
}
