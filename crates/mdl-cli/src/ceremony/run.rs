//! The ceremony itself: keys, the planned hashes again, signatures, files; every one of them in the transcript.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use base64ct::{Base64, Encoding};
use mdl_crypto::{PrivateKey, PublicKey};
use mdl_issuer::key_store::{AwsOptions, KeyStores};
use mdl_signer::Signer;
use mdl_signer::key_file;
use mdl_signer::key_uri::KeyUri;
use time::OffsetDateTime;

use super::outline::sha256;
use super::outputs::{Made, authority_folder, outputs};
use super::plan::{Plan, of_structures, plan, tool};
use super::script::Ceremony;
use super::statement::{Document, Statement, enough};
use super::step::Step;
use super::structure::{Structure, StructureKind, build};
use super::transcript::{Clock, Event, Transcript};
use crate::Exit;
use crate::authority::{key_store_failure, open_uri, pin, sign};
use crate::failure::{Failure, Result};
use crate::files::refuse_existing;
use crate::input;
use crate::passphrase::Passphrases;
use crate::randomness::generator;
use crate::runtime::wait_for;

/// How a run is conducted.
pub(crate) struct Conduct<'a> {
    /// Whose hands are at the machine.
    pub(crate) operator: &'a str,
    pub(crate) at: Option<OffsetDateTime>,
    pub(crate) plan: &'a Plan,
    pub(crate) approvals: &'a [Statement],
    /// Steps that are done again although they may have been done.
    pub(crate) again: &'a [String],
    pub(crate) passphrases: &'a Passphrases,
    /// Told what happens.
    pub(crate) tell: &'a dyn Fn(&str),
}

/// What a run has come to.
pub(crate) struct Finished {
    /// Structures that this run had signed, and those that an earlier one had.
    pub(crate) signed: usize,
    pub(crate) found: usize,
    /// SHA-256 of the transcript's file.
    pub(crate) transcript_sha256: String,
}

/// Runs a ceremony to its end, or goes on where an earlier run ended.
///
/// # Errors
/// Exit code 1 for a plan that is not reproduced or not approved; nothing is signed then. 2 for a ceremony that cannot
/// be run here and now, 3 where a key store is out of reach: run it again.
pub(crate) fn run(
    ceremony: &Ceremony,
    conduct: &Conduct<'_>,
    transcript: &Path,
) -> Result<Finished> {
    let now = conduct.now();
    if now < ceremony.from || now > ceremony.until {
        return Err(Failure::no(format!(
            "this ceremony is for the time from {} until {}",
            ceremony.from, ceremony.until
        )));
    }
    if plan(ceremony)? != *conduct.plan {
        return Err(
            Failure::no("this is not the plan of this ceremony file; nothing was signed")
                .hint("plan again, compare, and have the witnesses sign the new plan"),
        );
    }
    let text = conduct.plan.text();
    enough(ceremony, conduct.approvals, Document::Plan, text.as_bytes())?;

    let mut run = Run {
        ceremony,
        conduct,
        transcript: Transcript::open(transcript)?,
        signers: BTreeMap::new(),
    };
    let is_over = run.begin()?;
    let (signed, found) = if is_over {
        (0, run.made()?.len())
    } else {
        run.go_on()?
    };
    Ok(Finished {
        signed,
        found,
        transcript_sha256: sha256(&input::read(transcript)?),
    })
}

impl Conduct<'_> {
    fn now(&self) -> OffsetDateTime {
        input::time_or_now(self.at)
    }

    const fn clock(&self) -> Clock {
        match self.at {
            Some(_) => Clock::Given,
            None => Clock::System,
        }
    }
}

struct Run<'a> {
    ceremony: &'a Ceremony,
    conduct: &'a Conduct<'a>,
    transcript: Transcript,
    signers: BTreeMap<String, Box<dyn Signer>>,
}

impl Run<'_> {
    fn append(&mut self, event: Event) -> Result<()> {
        self.transcript.append(self.conduct.now(), event)
    }

    /// Begins, or goes on. Whether everything is done already.
    fn begin(&mut self) -> Result<bool> {
        let conduct = self.conduct;
        let (operator, clock) = (conduct.operator.to_owned(), conduct.clock());
        let first = self.transcript.events().next().cloned();
        match first {
            None => {
                if let Some(step) = conduct.again.first() {
                    return Err(no_doubt(step));
                }
                refuse_what_is_there(self.ceremony)?;
                let (plan, approvals) = (conduct.plan.clone(), conduct.approvals.to_vec());
                self.append(Event::Begun {
                    operator,
                    clock,
                    plan,
                    approvals,
                })?;
                return Ok(false);
            }
            Some(Event::Begun { plan, .. }) if plan == *conduct.plan => {}
            Some(_) => {
                return Err(Failure::usage("the transcript is that of another ceremony")
                    .hint("give each ceremony a transcript of its own"));
            }
        }
        if let Some(Event::Finished { .. }) = self.transcript.events().last() {
            for output in outputs(self.ceremony, &self.made()?, &|_| None)? {
                output.write()?;
            }
            return Ok(true);
        }
        let doubts = self.doubts();
        for step in conduct.again {
            if !doubts.contains(step) {
                return Err(no_doubt(step));
            }
        }
        if let Some(step) = doubts.iter().find(|step| !conduct.again.contains(*step)) {
            let what = format!(
                "an earlier run ended while a key was at work for step {step}: it may have signed or been made"
            );
            return Err(Failure::no(what).hint(format!(
                "look into the records of the key store with the witnesses; --again {step} does it once more, and the \
                 transcript says so"
            )));
        }
        let torn = self.transcript.torn;
        self.append(Event::Resumed {
            operator,
            clock,
            tool: tool(),
            torn,
            again: conduct.again.to_vec(),
        })?;
        Ok(false)
    }

    /// Steps in which the last thing that was written is that a key was about to be used.
    fn doubts(&self) -> BTreeSet<String> {
        let mut doubts = BTreeSet::new();
        for event in self.transcript.events() {
            match event {
                Event::MakingKey { step, .. } | Event::Signing { step, .. } => {
                    doubts.insert(step.clone());
                }
                Event::KeyMade { step, .. }
                | Event::Signed { step, .. }
                | Event::Refused { step, .. } => {
                    doubts.remove(step);
                }
                _ => {}
            }
        }
        doubts
    }

    fn go_on(&mut self) -> Result<(usize, usize)> {
        self.make_keys()?;
        let keys = self.open_keys()?;
        let structures = build(self.ceremony, &keys)?;
        let reproduced = of_structures(self.ceremony, &structures, &keys);
        let planned = &self.conduct.plan.structures;
        let differs = |(real, planned)| real != planned;
        let pairs = || reproduced.structures.iter().zip(planned);
        if let Some((real, _)) = pairs().find(|pair| differs(*pair)) {
            let (step, what) = (&real.step, real.structure.words());
            let what = format!("step {step}: the {what} is not as planned; nothing more is signed");
            return Err(Failure::no(what));
        }
        if reproduced.structures.len() != planned.len() {
            return Err(Failure::no("the plan has another number of structures"));
        }
        let count = structures.len();
        self.append(Event::Reproduced { structures: count })?;
        (self.conduct.tell)(&format!("all {count} planned hashes are reproduced"));
        let (mut signed, mut found) = (0, 0);
        for structure in structures {
            match self.signed(&structure)? {
                true => found += 1,
                false => {
                    self.sign(structure)?;
                    signed += 1;
                }
            }
        }
        let uri = |key: &str| self.uri(key).map(|uri| uri.to_string());
        let outputs = outputs(self.ceremony, &self.made()?, &uri)?;
        let mut files = Vec::new();
        for output in outputs {
            output.write()?;
            files.extend(output.placed(self.ceremony));
        }
        self.append(Event::Finished { files })?;
        Ok((signed, found))
    }

    /// Where a key is: where it was made, or where the file says.
    fn uri(&self, key: &str) -> Option<KeyUri> {
        let made = self.transcript.events().find_map(|event| match event {
            Event::KeyMade { key: of, uri, .. } if of == key => uri.parse().ok(),
            _ => None,
        });
        made.or_else(|| Some(self.ceremony.keys.get(key)?.uri.clone()))
    }

    fn make_keys(&mut self) -> Result<()> {
        let ceremony = self.ceremony;
        for step in &ceremony.steps {
            let Step::Key(step) = step else { continue };
            let is_made = self.transcript.events().any(
                |event| matches!(event, Event::KeyMade { step: made, .. } if *made == step.name),
            );
            let Some(key) = ceremony.keys.get(&step.key) else {
                continue;
            };
            if is_made {
                continue;
            }
            self.append(Event::MakingKey {
                step: step.name.clone(),
                key: step.key.clone(),
            })?;
            let made = make_key(&key.uri, key.curve, &step.key, self.conduct.passphrases);
            let uri = self.unless_refused(&step.name, made)?;
            let opened = open_uri(&uri, self.conduct.passphrases)?;
            let public_key = hex::encode(opened.public_key().to_spki_der());
            self.append(Event::KeyMade {
                step: step.name.clone(),
                key: step.key.clone(),
                uri: uri.to_string(),
                public_key,
            })?;
            (self.conduct.tell)(&format!("{}: made key {}", step.name, step.key));
        }
        Ok(())
    }

    /// Opens the keys that sign, and gives the public keys of all.
    fn open_keys(&mut self) -> Result<BTreeMap<String, PublicKey>> {
        let ceremony = self.ceremony;
        let mut keys = BTreeMap::new();
        for (name, key) in &ceremony.keys {
            if !signs(ceremony, name) {
                keys.extend(key.public_key.clone().map(|key| (name.clone(), key)));
                continue;
            }
            let Some(uri) = self.uri(name) else { continue };
            let opened = open_uri(&uri, self.conduct.passphrases)?;
            let public_key = opened.public_key().clone();
            let other = || {
                Failure::no(format!(
                    "{uri} is not key {name} of the ceremony; nothing was signed"
                ))
            };
            if public_key.curve() != key.curve {
                let (expected, found) = (key.curve.name(), public_key.curve().name());
                return Err(other().hint(format!("expected a key on {expected}, found {found}")));
            }
            if key
                .public_key
                .as_ref()
                .is_some_and(|known| *known != public_key)
            {
                return Err(other().hint("its public key is not the one that the file states"));
            }
            let spki = hex::encode(public_key.to_spki_der());
            let was_other = self.transcript.events().any(|event| match event {
                Event::KeyMade {
                    key, public_key, ..
                }
                | Event::KeyOpened {
                    key, public_key, ..
                } => key == name && *public_key != spki,
                _ => false,
            });
            if was_other {
                return Err(other().hint("its public key is not the one that the transcript has"));
            }
            if ceremony
                .witnesses
                .iter()
                .any(|witness| witness.key == public_key)
            {
                return Err(other().hint("it is the key of a witness"));
            }
            self.append(Event::KeyOpened {
                key: name.clone(),
                uri: uri.to_string(),
                kept: opened.custody,
                public_key: spki,
            })?;
            self.signers.insert(name.clone(), opened.signer);
            keys.insert(name.clone(), public_key);
        }
        Ok(keys)
    }

    /// Whether an earlier run has had this structure signed.
    fn signed(&self, structure: &Structure) -> Result<bool> {
        let made = self.made()?;
        let mut made = made
            .iter()
            .filter(|made| made.step == structure.step && made.kind == structure.kind);
        match made.next() {
            None => Ok(false),
            Some(made) if to_be_signed_of(made)? == structure.to_be_signed() => Ok(true),
            Some(_) => Err(Failure::no(format!(
                "step {}: the transcript has something else than was planned",
                structure.step
            ))),
        }
    }

    fn sign(&mut self, structure: Structure) -> Result<()> {
        let (step, kind) = (structure.step.clone(), structure.kind);
        self.append(Event::Signing {
            step: step.clone(),
            structure: kind,
            signer: structure.signer.clone(),
            to_be_signed_sha256: sha256(structure.to_be_signed()),
        })?;
        let signer = self
            .signers
            .get(&structure.signer)
            .ok_or_else(|| Failure::usage(format!("key {} was not opened", structure.signer)))?;
        let signature = sign(&**signer, structure.to_be_signed());
        let signature = self.unless_refused(&step, signature)?;
        let der = structure.attach(&signature)?;
        (self.conduct.tell)(&format!("{step}: signed the {}", kind.words()));
        self.append(Event::Signed {
            step,
            structure: kind,
            sha256: sha256(&der),
            der: Base64::encode_string(&der),
        })
    }

    /// A key store that refuses has done nothing, which leaves no doubt; one that cannot be reached may have.
    fn unless_refused<T>(&mut self, step: &str, done: Result<T>) -> Result<T> {
        if let Err(failure) = &done
            && failure.exit() != Exit::Retry
        {
            let step = step.to_owned();
            self.append(Event::Refused { step })?;
        }
        done
    }

    fn made(&self) -> Result<Vec<Made>> {
        made_in(self.transcript.events())
    }
}

fn no_doubt(step: &str) -> Failure {
    let step = crate::verification_report::shown(step);
    Failure::usage(format!(
        "--again {step}: the transcript has no doubt about that step"
    ))
}

/// What was signed, as a transcript has it.
pub(super) fn made_in<'e>(events: impl Iterator<Item = &'e Event>) -> Result<Vec<Made>> {
    let signed = events.filter_map(|event| match event {
        Event::Signed {
            step,
            structure,
            der,
            ..
        } => Some((step, structure, der)),
        _ => None,
    });
    signed
        .map(|(step, kind, der)| {
            let damaged = || Failure::no(format!("step {step}: the transcript is damaged"));
            Ok(Made {
                step: step.clone(),
                kind: *kind,
                der: Base64::decode_vec(der).map_err(|error| damaged().because(&error))?,
            })
        })
        .collect()
}

/// What the signature of something complete is over.
pub(super) fn to_be_signed_of(made: &Made) -> Result<Vec<u8>> {
    use mdl_iaca::certificate::{CertificateView, CrlView, CsrView};
    let read = match made.kind {
        StructureKind::Crl => CrlView::from_der(&made.der).map(|crl| crl.tbs().to_vec()),
        StructureKind::CertificationRequest => {
            CsrView::from_der(&made.der).map(|csr| csr.signed_data().tbs().to_vec())
        }
        StructureKind::RootCertificate
        | StructureKind::LinkCertificate
        | StructureKind::DocumentSignerCertificate => {
            CertificateView::from_der(&made.der).map(|certificate| certificate.tbs().to_vec())
        }
    };
    read.map_err(|error| {
        let (step, what) = (&made.step, made.kind.words());
        Failure::no(format!("step {step}: not a {what}")).because(&error)
    })
}

/// Whether a key of the ceremony signs something in it.
fn signs(ceremony: &Ceremony, name: &str) -> bool {
    let key_of_issuer = |issuer: &str| {
        if let Some(existing) = ceremony.issuers.get(issuer) {
            return Some(existing.key.as_str());
        }
        ceremony.steps.iter().find_map(|step| match step {
            Step::Root(root) if root.name == issuer => Some(root.key.as_str()),
            _ => None,
        })
    };
    ceremony.steps.iter().any(|step| match step {
        Step::Key(_) => false,
        Step::Root(root) => root.key == name,
        Step::Link(link) => key_of_issuer(&link.old) == Some(name),
        Step::DocumentSigner(signer) => {
            signer.key.as_deref() == Some(name) || key_of_issuer(&signer.issuer) == Some(name)
        }
        Step::Crl(crl) => key_of_issuer(&crl.issuer) == Some(name),
    })
}

fn make_key(
    uri: &KeyUri,
    curve: mdl_crypto::Curve,
    name: &str,
    passphrases: &Passphrases,
) -> Result<KeyUri> {
    let KeyUri::File(path) = uri else {
        let stores = KeyStores::new(std::path::PathBuf::new(), AwsOptions::default());
        let pin = pin(uri)?;
        return wait_for(async { stores.create(uri, curve, name, pin).await })?
            .map_err(|error| key_store_failure("no key was made", &error));
    };
    let mut rng = generator(None, "ceremony key")?;
    let key = PrivateKey::generate(curve, &mut rng);
    let passphrase = passphrases.for_new_keys()?;
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(|error| {
            Failure::usage(format!("cannot write {}", parent.display())).because(&error)
        })?;
    }
    key_file::create(path, &key, passphrase, &mut rng)
        .map_err(|error| Failure::usage("no key was made").because(&error))?;
    Ok(uri.clone())
}

/// A ceremony begins on a clean table: what it will write is not there yet, and it knows the list that is current.
fn refuse_what_is_there(ceremony: &Ceremony) -> Result<()> {
    let mut lists = BTreeSet::new();
    for step in &ceremony.steps {
        match step {
            Step::Key(_) => {}
            Step::Root(root) => {
                let folder = authority_folder(ceremony, &root.name)?;
                refuse_existing(&folder.iaca(), false)?;
                if root.number > 1 && root.number != folder.newest_root() + 1 {
                    let what = format!("step {}: it is not the next root", root.name);
                    return Err(Failure::usage(what)
                        .hint(format!("its number is {}", folder.newest_root() + 1)));
                }
            }
            Step::Link(link) => {
                let folder = authority_folder(ceremony, &link.new)?;
                refuse_existing(&folder.link(), false)?;
            }
            Step::DocumentSigner(signer) => {
                let name = signer.name.parse().map_err(Failure::usage)?;
                let folder = authority_folder(ceremony, &signer.issuer)?;
                refuse_existing(&folder.document_signer(&name), false)?;
            }
            Step::Crl(crl) => {
                let folder = authority_folder(ceremony, &crl.issuer)?;
                refuse_existing(&folder.crl_number(crl.number), false)?;
                let is_first = lists.insert(folder.crl());
                let current = folder.crl();
                if !is_first || !current.exists() {
                    continue;
                }
                let found = sha256(&input::read(&current)?);
                let stated = crl.previous.as_ref().map(|previous| &previous.sha256);
                if !stated.is_some_and(|stated| stated.eq_ignore_ascii_case(&found)) {
                    let what = format!(
                        "step {}: {} is not stated as the list before it",
                        crl.name,
                        current.display()
                    );
                    return Err(Failure::no(what).hint(format!("its SHA-256 is {found}")));
                }
            }
        }
    }
    Ok(())
}
