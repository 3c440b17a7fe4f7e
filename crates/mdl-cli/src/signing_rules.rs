//! What a document signer's key refuses to sign: everything that a strict reader would not accept.
//!
//! The rules see the very bytes that will be signed, and judge them as the reader of `mdl-reader` judges an
//! `IssuerSigned` that has them: under its strict policy, with a placeholder where the signature will be. Exactly one
//! check may then fail, the one on that signature.

use std::fmt;

use ciborium::Value;
use mdl_crypto::Curve;
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_mdoc::MDL_NAME_SPACE;
use mdl_mdoc::cbor::{Checker, Limits, Reader};
use mdl_mdoc::data_elements::{parse_full_date, parse_tdate};
use mdl_mdoc::issuer_signed::decode_issuer_signed;
use mdl_mdoc::mso::MobileSecurityObject;
use mdl_reader::{CheckId, Conditions, Outcome, Policy, Report, Session, Verifier};
use mdl_signer::{Proposal, RuleViolation, Rules, SignedFacts};
use time::{Duration, OffsetDateTime, Time};

/// Heads of the maps in front of an `IssuerSigned` without and with elements.
const MAP_OF_ONE: u8 = 0xa1;
const MAP_OF_TWO: u8 = 0xa2;

/// The strict reader's rules for what one document signer signs.
pub(crate) struct StrictReader {
    verifier: Verifier,
    document_signer: Vec<u8>,
    curve: Curve,
}

impl StrictReader {
    /// Rules for a document signer's certificate (DER) below the authority's root.
    pub(crate) fn new(iaca: TrustAnchor, document_signer: &[u8], curve: Curve) -> Self {
        Self {
            verifier: Verifier::new(TrustAnchors::new([iaca])).with_policy(Policy::Strict),
            document_signer: document_signer.to_vec(),
            curve,
        }
    }

    /// The `IssuerSigned` that the proposal will become, with zeros for the signature.
    fn preview(&self, proposal: &Proposal<'_>) -> Result<Vec<u8>, RuleViolation> {
        let (protected, payload) = parts(proposal.to_be_signed)
            .map_err(|error| RuleViolation::new("sig-structure").because(error))?;
        let issuer_auth = Value::Array(vec![
            Value::Bytes(protected.to_vec()),
            Value::Map(vec![(
                Value::from(33),
                Value::Bytes(self.document_signer.clone()),
            )]),
            Value::Bytes(payload.to_vec()),
            Value::Bytes(vec![0; self.curve.signature_len()]),
        ]);
        let mut preview =
            Vec::with_capacity(proposal.to_be_signed.len() + proposal.name_spaces.len() + 2048);
        if proposal.name_spaces.is_empty() {
            preview.push(MAP_OF_ONE);
        } else {
            preview.push(MAP_OF_TWO);
            append(&mut preview, &"nameSpaces".into())?;
            preview.extend_from_slice(proposal.name_spaces);
        }
        append(&mut preview, &"issuerAuth".into())?;
        append(&mut preview, &issuer_auth)?;
        Ok(preview)
    }
}

fn append(encoded: &mut Vec<u8>, value: &Value) -> Result<(), RuleViolation> {
    ciborium::into_writer(value, encoded)
        .map_err(|error| RuleViolation::new(CheckId::Structure.id()).because(error))
}

impl Rules for StrictReader {
    fn examine(&self, proposal: &Proposal<'_>) -> Result<SignedFacts, RuleViolation> {
        let preview = self.preview(proposal)?;
        let facts = facts(&preview)?;
        let conditions = Conditions::new(facts.valid_from, Session::Static);
        refuse_failures(&self.verifier.verify_issuer_signed(&preview, &conditions))?;
        Ok(facts)
    }
}

impl fmt::Debug for StrictReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StrictReader")
            .field("curve", &self.curve)
            .finish_non_exhaustive()
    }
}

/// Protected header and payload of a `Sig_structure`: `["Signature1", protected, external_aad, payload]`.
fn parts(to_be_signed: &[u8]) -> Result<(&[u8], &[u8]), mdl_mdoc::cbor::DecodeError> {
    Checker::new(to_be_signed, &Limits::DEFAULT)?;
    let mut reader = Reader::new(to_be_signed, 0);
    let entries = reader.array_of(4, "Sig_structure")?;
    reader.text("context")?;
    let protected = reader.bytes("protected header")?;
    reader.bytes("external_aad")?;
    let payload = reader.bytes("payload")?;
    reader.leave(entries, "Sig_structure")?;
    Ok((protected, payload))
}

fn facts(issuer_signed: &[u8]) -> Result<SignedFacts, RuleViolation> {
    let unreadable = |error| RuleViolation::new(CheckId::Structure.id()).because(error);
    let (document, mut checker) =
        decode_issuer_signed(issuer_signed, &Limits::DEFAULT).map_err(unreadable)?;
    let payload = document.issuer_auth.payload.unwrap_or_default();
    let mso = MobileSecurityObject::decode(payload, &mut checker)
        .map_err(|error| RuleViolation::new(CheckId::Mso.id()).because(error))?;
    let mut licence_expiry = None;
    for (name_space, items) in &document.name_spaces {
        for item in items {
            if *name_space == MDL_NAME_SPACE && item.element_identifier == "expiry_date" {
                let text = item.element_value.as_text().unwrap_or_default();
                let unreadable = || RuleViolation::new(CheckId::ElementValues.id());
                licence_expiry = Some(end_of_licence(text).ok_or_else(unreadable)?);
            }
        }
    }
    Ok(SignedFacts {
        signed: mso.validity_info.signed.time,
        valid_from: mso.validity_info.valid_from.time,
        valid_until: mso.validity_info.valid_until.time,
        licence_expiry,
    })
}

/// The last second of a licence: of the day that a full-date names, in UTC, or the second that a tdate does.
fn end_of_licence(text: &str) -> Option<OffsetDateTime> {
    if let Ok(day) = parse_full_date(text) {
        return day
            .next_day()
            .map(|next| next.with_time(Time::MIDNIGHT).assume_utc() - Duration::SECOND);
    }
    parse_tdate(text).ok()
}

/// The first check that a strict reader fails, other than on the signature that is not there yet.
fn refuse_failures(report: &Report<'_>) -> Result<(), RuleViolation> {
    let of_documents = report
        .documents()
        .iter()
        .flat_map(|document| document.checks());
    let mut failed = report
        .checks()
        .iter()
        .chain(of_documents)
        .filter(|check| check.outcome == Outcome::Fail);
    match failed.find(|check| check.id != CheckId::IssuerSignature) {
        None if report.documents().len() == 1 => Ok(()),
        None => Err(RuleViolation::new(CheckId::DocumentsPresent.id())),
        Some(check) => {
            let violation = RuleViolation::new(check.id.id());
            Err(match &check.cause {
                Some(cause) => violation.because(cause.clone()),
                None => violation,
            })
        }
    }
}
