//! One document: the order in which its checks are made.
//!
//! Every check is made whose input is there, also after others failed, so that a report names all that is wrong.
//! What a failed path cannot give, the trusted key, is replaced by the unvalidated key of the same certificate: its
//! signature check then only explains, since the document is rejected already.

mod device_auth;
mod digests;
mod elements;
mod issuer_auth;
mod signer;
mod status;
mod status_signer;
mod validity;

pub(crate) use issuer_auth::{critical, label_twice};

use mdl_crypto::PublicKey;
use mdl_iaca::path::PathCache;
use mdl_mdoc::cbor::Checker;
use mdl_mdoc::device_response::Document;
use mdl_mdoc::mso::MobileSecurityObject;

use crate::checks::Checks;
use crate::decoded_issuer_signed::DecodedMso;
use crate::evidence::PartRanges;
use crate::report::DocumentReport;
use crate::verified::VerifiedContent;
use crate::verifier::is_major_version_1;
use crate::{Cause, CheckId, Conditions, Session, Verifier};

/// Makes all checks of one document, of which `mso` is the mobile security object.
pub(crate) fn verify_document<'a>(
    verifier: &Verifier,
    conditions: &Conditions<'_>,
    document: Document<'a>,
    mso: DecodedMso<'a>,
    checker: &Checker<'a>,
    cache: &mut PathCache,
) -> DocumentReport<'a> {
    let mut checks = Checks::new(verifier.policy);
    let parts = PartRanges::of(&document, checker);
    let requested = conditions.doc_type;
    match requested {
        None => checks.not_applicable(CheckId::RequestedDocType),
        Some(doc_type) => {
            let other = (document.doc_type != doc_type).then_some(Cause::OtherDocType);
            checks.pass_unless(CheckId::RequestedDocType, other);
        }
    }
    let issuer_auth = &document.issuer_signed.issuer_auth;
    let algorithm = issuer_auth::check_headers(issuer_auth, &mut checks);
    let signer = signer::check_signer(verifier, conditions, &document, &mut checks, cache);
    issuer_auth::check_signature(issuer_auth, algorithm, &signer, &mut checks);
    let mso = check_mso(&document, mso, &mut checks);
    let device_key = mso
        .as_ref()
        .and_then(|mso| check_device_key(mso, &mut checks));
    if let Some(mso) = &mso {
        digests::check_digests(&document, mso, &mut checks);
        validity::check_validity(&mso.validity_info, &signer, conditions.at, &mut checks);
    }
    elements::check_elements(&document, &signer, conditions, &mut checks);
    match conditions.session {
        Session::Static => device_auth::skip(&mut checks),
        Session::Device {
            transcript,
            reader_key,
        } => {
            device_auth::check_device_auth(
                &document,
                mso.as_ref(),
                device_key.as_ref(),
                transcript,
                reader_key,
                &mut checks,
            );
        }
    }
    let status = status::check_status(
        mso.as_ref(),
        &signer,
        verifier,
        conditions,
        &mut checks,
        cache,
    );
    let device_signed = match (conditions.session, document.device_signed) {
        (Session::Device { .. }, Some(device_signed)) => device_signed.name_spaces,
        _ => Vec::new(),
    };
    DocumentReport {
        doc_type: document.doc_type,
        checks: checks.into_document_results(),
        revocation: status::combined(signer.revocation, status.verdict),
        needed_status_list: status.needed,
        signer_path: signer.path,
        in_session: matches!(conditions.session, Session::Device { .. }),
        issuer: signer.issuer,
        parts,
        content: mso.map(|mso| VerifiedContent {
            issuer_signed: document.issuer_signed,
            device_signed,
            mso,
        }),
    }
}

/// Checks what of the MSO does not depend on anything else (V8).
fn check_mso<'a>(
    document: &Document<'a>,
    mso: DecodedMso<'a>,
    checks: &mut Checks,
) -> Option<MobileSecurityObject<'a>> {
    let mso = match mso? {
        Ok(mso) => mso,
        Err(error) => {
            checks.fail(CheckId::Mso, error.into());
            return None;
        }
    };
    checks.pass(CheckId::Mso);
    checks.pass_unless(
        CheckId::MsoVersion,
        (!is_major_version_1(mso.version)).then_some(Cause::Version),
    );
    checks.pass_unless(
        CheckId::DocType,
        (mso.doc_type != document.doc_type).then_some(Cause::MsoDocType),
    );
    Some(mso)
}

/// The device key if it is a valid point (V11), so that it is decoded once.
fn check_device_key(mso: &MobileSecurityObject<'_>, checks: &mut Checks) -> Option<PublicKey> {
    match mso.device_key_info.device_key.to_public_key() {
        Ok(device_key) => {
            checks.pass(CheckId::DeviceKey);
            Some(device_key)
        }
        Err(error) => {
            checks.deviation(CheckId::DeviceKey, error.into());
            None
        }
    }
}
