//! A document signer that a service certifies: its key and request are kept from the first run on, because a run that
//! dies may have been heard, and the next one must ask for the same.

use std::fs;
use std::path::Path;

use mdl_iaca::authority::CertificateAuthority;
use mdl_iaca::certificate::DocumentKind;
use mdl_iaca::profile::IssuedCertificate;
use mdl_signer_aws::private_ca::{PlannedCall, plan_certificate};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::certification::authority_failure;
use super::document_signer::{NOT_CERTIFIED, make_request, unsigned, write_request};
use super::{AuthorityFolder, DocumentSignerRequest, Iaca, private_ca, start_of_day};
use crate::failure::{Failure, Result};
use crate::files::{NewFolder, Readers, replace, write_new};
use crate::input;
use crate::passphrase::Passphrases;
use crate::randomness::generator;
use crate::runtime::wait_for;

/// What was asked for, to be asked for again.
const ASKED: &str = "asked.json";

/// Has the service certify, beginning with what an earlier run left.
pub(super) fn issue(
    folder: &AuthorityFolder,
    iaca: &Iaca,
    request: &DocumentSignerRequest,
    passphrases: &Passphrases,
) -> Result<IssuedCertificate> {
    let purpose = format!("ds issue {}", request.name);
    let mut rng = generator(request.seed.as_ref(), &purpose)?;
    let begun = folder.begun(&request.name);
    if !begun.exists() {
        let not_before = start_of_day(request.at);
        let (key, csr) = make_request(request, passphrases, &mut rng)?;
        // What the profile refuses is refused before anything is kept.
        unsigned(iaca, request, &csr, not_before, &mut rng)?;
        let files = NewFolder::start(&begun)?;
        write_request(&files, request, key, &csr, passphrases, &mut rng)?;
        let asked = format!("{:#}\n", asked(request, not_before));
        write_new(&files.file(ASKED), asked.as_bytes(), Readers::Everyone)?;
        files.finish()?;
    }
    let not_before = begun_at(&begun, request)?;
    let csr = input::read_one_pem_or_der(&begun.join("request.pem"), DocumentKind::Csr)?;
    let unsigned = unsigned(iaca, request, &csr, not_before, &mut rng)?;
    let authority = private_ca::open(folder, iaca)?;
    let certificate = wait_for(authority.certify(unsigned, &csr, request.at))?
        .map_err(|error| authority_failure(NOT_CERTIFIED, error))?;

    let pem = certificate.to_pem();
    replace(
        &begun.join("certificate.pem"),
        pem.as_bytes(),
        Readers::Everyone,
    )?;
    let place = folder.document_signer(&request.name);
    let failed = |error: std::io::Error| {
        Failure::outside(format!("cannot write {}", place.display())).because(&error)
    };
    fs::remove_file(begun.join(ASKED)).map_err(failed)?;
    if let Some(parent) = place.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    fs::rename(&begun, &place).map_err(failed)?;
    Ok(certificate)
}

/// Every call that [`issue`] will make. The key and its request do not exist yet if this is the first run.
pub(crate) fn plan(
    folder: &AuthorityFolder,
    request: &DocumentSignerRequest,
    passphrases: &Passphrases,
) -> Result<Vec<PlannedCall>> {
    let iaca = folder.read_iaca()?;
    let mut rng = generator(request.seed.as_ref(), &format!("ds plan {}", request.name))?;
    let begun = folder.begun(&request.name);
    let (csr, not_before) = if begun.exists() {
        let csr = input::read_one_pem_or_der(&begun.join("request.pem"), DocumentKind::Csr)?;
        (csr, begun_at(&begun, request)?)
    } else {
        // With a key that is gone with this plan, unless it is in a key store.
        let (_, csr) = make_request(request, passphrases, &mut rng)?;
        (csr, start_of_day(request.at))
    };
    let unsigned = unsigned(&iaca, request, &csr, not_before, &mut rng)?;
    let authority = private_ca::open(folder, &iaca)?;
    plan_certificate(&authority, &unsigned, &csr)
        .map_err(|error| Failure::no(NOT_CERTIFIED).because(&error))
}

fn asked(request: &DocumentSignerRequest, not_before: OffsetDateTime) -> Value {
    json!({
        "not_before": not_before.unix_timestamp(),
        "validity_days": request.validity_days,
        "longest_mso_life_days": request.longest_mso_life_days,
        "crl_url": request.crl_url,
        "contact": request.contact.as_ref().map(|contact| format!("{contact:?}")),
    })
}

/// The day on which an earlier run began with the same.
fn begun_at(begun: &Path, request: &DocumentSignerRequest) -> Result<OffsetDateTime> {
    let path = begun.join(ASKED);
    let other = || {
        let what = format!("{} was begun with other options", begun.display());
        Failure::usage(what).hint(
            "run it again with the same options; a certificate may exist, so remove the folder only if none is to be \
             had for it",
        )
    };
    let known: Value = serde_json::from_slice(&input::read_at_most(&path, 65_536)?)
        .map_err(|error| other().because(&error))?;
    let not_before = known
        .get("not_before")
        .and_then(Value::as_i64)
        .and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok())
        .ok_or_else(other)?;
    if known != asked(request, not_before) {
        return Err(other());
    }
    Ok(not_before)
}
