//! What somebody checks who was not there: the transcript, who has signed for it, and everything it says was made.
//!
//! The ceremony file is what is trusted: whoever verifies has it from somewhere else than the transcript. Everything else
//! is held against it. The structures are built again from the file and the public keys, and must be what was signed.

use std::collections::BTreeMap;

use mdl_crypto::PublicKey;
use mdl_iaca::certificate::{CertificateView, CrlView, CsrView};
use mdl_iaca::lint::{LintFinding, Severity, lint_certificate, lint_crl, lint_csr};
use serde_json::{Value, json};

use super::outline::sha256;
use super::outputs::{Made, outputs};
use super::plan::{Plan, plan};
use super::run::{made_in, to_be_signed_of};
use super::script::Ceremony;
use super::statement::{Document, Statement, enough};
use super::structure::{StructureKind, build};
use super::transcript::{Clock, Event, Line, read_lines};
use crate::failure::{Failure, Result};
use crate::verification_report::shown;

/// One thing that was checked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Check {
    /// The lines are as written, follow each other, and end with the end of the ceremony.
    Transcript,
    /// It began with the plan that the ceremony file gives.
    Plan,
    /// Enough witnesses had approved of the plan.
    Approvals,
    /// The keys are those that the file states, the same all along, and no witness's.
    Keys,
    /// What was signed is what the file says, for these keys, and nothing else was.
    Structures,
    /// Whatever a key was asked for has one result.
    SignedOnce,
    /// Every signature is by the key that is to sign, and the linter finds no error.
    Signatures,
    /// The files in the authorities' folders are those of the ceremony.
    Files,
    /// Enough witnesses have signed the transcript.
    Witnesses,
}

impl Check {
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Transcript => "transcript",
            Self::Plan => "plan",
            Self::Approvals => "approvals",
            Self::Keys => "keys",
            Self::Structures => "structures",
            Self::SignedOnce => "signed-once",
            Self::Signatures => "signatures",
            Self::Files => "files",
            Self::Witnesses => "witnesses",
        }
    }
}

/// What came of it.
pub(crate) struct Outcome {
    /// What each check found: words, or why it failed.
    pub(crate) checks: Vec<(Check, Result<String>)>,
    /// What was done, line by line.
    pub(crate) events: Vec<String>,
}

impl Outcome {
    pub(crate) fn is_good(&self) -> bool {
        self.checks.iter().all(|(_, found)| found.is_ok())
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for event in &self.events {
            text.push_str(event);
            text.push('\n');
        }
        for (check, found) in &self.checks {
            match found {
                Ok(words) => text.push_str(&format!("pass {}: {words}\n", check.id())),
                Err(failure) => text.push_str(&format!("FAIL {}: {failure}\n", check.id())),
            }
        }
        let verdict = match self.is_good() {
            true => "the ceremony is verified",
            false => "the ceremony is NOT verified",
        };
        text.push_str(verdict);
        text
    }

    pub(crate) fn to_json(&self) -> Value {
        let checks = self.checks.iter().map(|(check, found)| match found {
            Ok(words) => json!({ "id": check.id(), "result": "pass", "found": words }),
            Err(failure) => {
                json!({ "id": check.id(), "result": "fail", "why": failure.to_string() })
            }
        });
        json!({
            "verdict": if self.is_good() { "verified" } else { "not verified" },
            "checks": checks.collect::<Vec<_>>(),
            "events": self.events,
        })
    }
}

/// Verifies a transcript. `signatures` are the witnesses' over it, unless the caller is a witness who is about to sign;
/// `with_files` also looks at the files in the authorities' folders.
///
/// # Errors
/// Exit code 1 where there is no transcript to be judged.
pub(crate) fn verify(
    ceremony: &Ceremony,
    transcript: &[u8],
    signatures: Option<&[Statement]>,
    with_files: bool,
) -> Result<Outcome> {
    let (lines, torn) = read_lines(transcript)?;
    let events: Vec<&Event> = lines.iter().map(|line| &line.event).collect();
    let Some(Event::Begun {
        plan: begun_with,
        approvals,
        ..
    }) = events.first()
    else {
        return Err(Failure::no("the transcript has no beginning"));
    };
    let mut checks = vec![
        (Check::Transcript, check_order(&events, torn)),
        (Check::Plan, check_plan(ceremony, begun_with)),
    ];
    let approved = enough(
        ceremony,
        approvals,
        Document::Plan,
        begun_with.text().as_bytes(),
    );
    checks.push((Check::Approvals, approved.map(|names| by(&names))));
    let keys = keys_of(ceremony, &events);
    match &keys {
        Ok(keys) => {
            let found = format!("{} of the ceremony", keys.len());
            checks.push((Check::Keys, Ok(found)));
            let made = made_in(events.iter().copied())?;
            let structures = check_structures(ceremony, &made, keys);
            checks.push((Check::Structures, structures));
            checks.push((Check::SignedOnce, check_signed_once(&events)));
            checks.push((Check::Signatures, check_signatures(ceremony, &made, keys)));
            if with_files {
                checks.push((Check::Files, check_files(ceremony, &made, &events)));
            }
        }
        Err(failure) => checks.push((Check::Keys, Err(failure.clone()))),
    }
    if let Some(signatures) = signatures {
        let signed = enough(ceremony, signatures, Document::Transcript, transcript);
        checks.push((Check::Witnesses, signed.map(|names| by(&names))));
    }
    Ok(Outcome {
        checks,
        events: lines.iter().map(in_words).collect(),
    })
}

fn by(names: &[String]) -> String {
    format!("by {}", shown(&names.join(", ")))
}

fn check_order(events: &[&Event], torn: usize) -> Result<String> {
    let finished = |event: &&&Event| matches!(event, Event::Finished { .. });
    let begun = |event: &&&Event| matches!(event, Event::Begun { .. });
    let is_whole = matches!(events.last(), Some(Event::Finished { .. })) && torn == 0;
    if !is_whole || events.iter().filter(finished).count() != 1 {
        return Err(Failure::no("it is not finished"));
    }
    if events.iter().filter(begun).count() != 1 {
        return Err(Failure::no("it begins more than once"));
    }
    Ok(format!("{} lines, finished", events.len()))
}

fn check_plan(ceremony: &Ceremony, begun_with: &Plan) -> Result<String> {
    if begun_with.ceremony_sha256 != ceremony.sha256 {
        return Err(Failure::no(format!(
            "it is of the ceremony file with SHA-256 {}, this one has {}",
            shown(&begun_with.ceremony_sha256),
            ceremony.sha256
        )));
    }
    // Another version of this program makes the same plan, but for its own name.
    if plan(ceremony)?.structures != begun_with.structures {
        return Err(Failure::no("the ceremony file gives another plan"));
    }
    Ok(format!(
        "{} structures, by {}",
        begun_with.structures.len(),
        shown(&begun_with.tool)
    ))
}

/// The public keys of the ceremony: as the file states them, or as the transcript has them.
fn keys_of(ceremony: &Ceremony, events: &[&Event]) -> Result<BTreeMap<String, PublicKey>> {
    let stated = ceremony.keys.iter();
    let mut keys: BTreeMap<String, PublicKey> = stated
        .filter_map(|(name, key)| Some((name.clone(), key.public_key.clone()?)))
        .collect();
    for event in events {
        let (Event::KeyMade {
            key, public_key, ..
        }
        | Event::KeyOpened {
            key, public_key, ..
        }) = event
        else {
            continue;
        };
        let name = shown(key);
        let unreadable = || Failure::no(format!("key {name} is not readable"));
        let spki = hex::decode(public_key).map_err(|error| unreadable().because(&error))?;
        let found =
            PublicKey::from_spki_der(&spki).map_err(|error| unreadable().because(&error))?;
        if keys.get(key).is_some_and(|known| *known != found) {
            return Err(Failure::no(format!(
                "key {name} is not the one that it was, or is stated to be"
            )));
        }
        if ceremony
            .witnesses
            .iter()
            .any(|witness| witness.key == found)
        {
            return Err(Failure::no(format!("key {name} is that of a witness")));
        }
        keys.insert(key.clone(), found);
    }
    Ok(keys)
}

fn check_structures(
    ceremony: &Ceremony,
    made: &[Made],
    keys: &BTreeMap<String, PublicKey>,
) -> Result<String> {
    let structures = build(ceremony, keys)?;
    if structures.len() != made.len() {
        let (due, found) = (structures.len(), made.len());
        return Err(Failure::no(format!(
            "{found} were signed, {due} are planned"
        )));
    }
    for (structure, made) in structures.iter().zip(made) {
        let is_planned = made.step == structure.step
            && made.kind == structure.kind
            && to_be_signed_of(made)? == structure.to_be_signed();
        if !is_planned {
            let (step, what) = (shown(&made.step), made.kind.words());
            return Err(Failure::no(format!(
                "step {step}: the {what} is not as planned"
            )));
        }
    }
    Ok(format!("{} signed, all as planned", made.len()))
}

fn check_signed_once(events: &[&Event]) -> Result<String> {
    let mut open: Option<&str> = None;
    for event in events {
        let done = match event {
            Event::Signing { step, .. } | Event::MakingKey { step, .. } => {
                if let Some(step) = open.replace(step) {
                    return Err(twice(step));
                }
                continue;
            }
            Event::Signed { step, .. }
            | Event::KeyMade { step, .. }
            | Event::Refused { step, .. } => step,
            _ => continue,
        };
        if open.take() != Some(done) {
            return Err(twice(done));
        }
    }
    match open {
        Some(step) => Err(twice(step)),
        None => Ok("no doubt about any step".to_owned()),
    }
}

fn twice(step: &str) -> Failure {
    Failure::no(format!(
        "step {}: a key may have been used more than once for it",
        shown(step)
    ))
    .hint("look into the records of the key store, and at what the transcript says about it")
}

fn check_signatures(
    ceremony: &Ceremony,
    made: &[Made],
    keys: &BTreeMap<String, PublicKey>,
) -> Result<String> {
    let mut roots: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
    for (name, existing) in &ceremony.issuers {
        roots.insert(name, existing.issuer.certificate().to_vec());
    }
    let structures = build(ceremony, keys)?;
    for (structure, made) in structures.iter().zip(made) {
        let (step, what) = (shown(&made.step), made.kind.words());
        let failed = |why: &str| Failure::no(format!("step {step}: the {what} {why}"));
        let unreadable =
            |error: mdl_iaca::certificate::DerError| failed("is not readable").because(&error);
        let key = keys.get(&structure.signer);
        let key = key.ok_or_else(|| failed("is by a key that nobody opened"))?;
        let issuer = issuer_of(ceremony, &made.step);
        let root = issuer.and_then(|issuer| roots.get(issuer)).cloned();
        let root = root.as_deref().map(CertificateView::from_der).transpose();
        let root = root.map_err(unreadable)?;
        let (verified, findings) = match made.kind {
            StructureKind::Crl => {
                let crl = CrlView::from_der(&made.der).map_err(unreadable)?;
                (crl.verify_signature(key), lint_crl(&crl, root.as_ref()))
            }
            StructureKind::CertificationRequest => {
                let request = CsrView::from_der(&made.der).map_err(unreadable)?;
                (request.verify_signature(key), lint_csr(&request))
            }
            StructureKind::RootCertificate
            | StructureKind::LinkCertificate
            | StructureKind::DocumentSignerCertificate => {
                let certificate = CertificateView::from_der(&made.der).map_err(unreadable)?;
                let findings = lint_certificate(&certificate, None, root.as_ref());
                (certificate.verify_signature(key), findings)
            }
        };
        verified.map_err(|error| failed("is signed by another key").because(&error))?;
        let is_error = |finding: &&LintFinding| finding.severity() == Severity::Error;
        if let Some(finding) = findings.iter().find(is_error) {
            return Err(failed(&format!("breaks the profile: {finding}")));
        }
        if made.kind == StructureKind::RootCertificate {
            roots.insert(&made.step, made.der.clone());
        }
    }
    Ok(format!("{} verified and linted", made.len()))
}

/// The issuer of what a step makes; none for a root.
fn issuer_of<'c>(ceremony: &'c Ceremony, step: &str) -> Option<&'c str> {
    let mut steps = ceremony.steps.iter();
    let step = steps.find(|known| known.name() == step)?;
    step.issuers().first().copied()
}

fn check_files(ceremony: &Ceremony, made: &[Made], events: &[&Event]) -> Result<String> {
    let outputs = outputs(ceremony, made, &|_| None)?;
    for output in &outputs {
        if !output.is_there()? {
            let path = output.path().display();
            return Err(Failure::no(format!("{path} is not what the ceremony left")));
        }
    }
    let placed: Vec<_> = outputs
        .iter()
        .filter_map(|output| output.placed(ceremony))
        .collect();
    let said = events.iter().find_map(|event| match event {
        Event::Finished { files } => Some(files),
        _ => None,
    });
    if said.is_some_and(|said| said.len() != placed.len()) {
        return Err(Failure::no("the transcript speaks of other files"));
    }
    Ok(format!("{} as the ceremony left them", outputs.len()))
}

fn in_words(line: &Line) -> String {
    let what = match &line.event {
        Event::Begun {
            operator, clock, ..
        } => format!("begun by {operator}{}", of_clock(*clock)),
        Event::Resumed {
            operator,
            clock,
            again,
            torn,
            ..
        } => {
            let mut text = format!("resumed by {operator}{}", of_clock(*clock));
            if *torn > 0 {
                text.push_str(", the last line was not finished");
            }
            if !again.is_empty() {
                text.push_str(&format!(", once more: {}", again.join(", ")));
            }
            text
        }
        Event::MakingKey { step, key } => format!("{step}: key {key} is being made"),
        Event::KeyMade { step, key, uri, .. } => format!("{step}: key {key} was made, {uri}"),
        Event::KeyOpened { key, uri, kept, .. } => format!("key {key} opened, {kept}: {uri}"),
        Event::Reproduced { structures } => format!("{structures} planned hashes reproduced"),
        Event::Signing {
            step,
            structure,
            signer,
            to_be_signed_sha256,
        } => format!(
            "{step}: key {signer} is asked to sign the {}, SHA-256 {to_be_signed_sha256}",
            structure.words()
        ),
        Event::Signed {
            step,
            structure,
            der,
            ..
        } => {
            use base64ct::Encoding;
            let der = base64ct::Base64::decode_vec(der).unwrap_or_default();
            let what = structure.words();
            format!("{step}: the {what} is signed, SHA-256 {}", sha256(&der))
        }
        Event::Refused { step } => format!("{step}: the key store refused"),
        Event::Finished { files } => format!("finished, {} files in place", files.len()),
    };
    shown(&format!("{} {what}", line.at))
}

const fn of_clock(clock: Clock) -> &'static str {
    match clock {
        Clock::System => "",
        Clock::Given => ", who gave the time",
    }
}
