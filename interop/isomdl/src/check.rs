//! `check FOLDER…`: what isomdl says about each case, as one JSON object per line.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use coset::Label;
use isomdl::cbor;
use isomdl::definitions::x509::X5Chain;
use isomdl::definitions::x509::trust_anchor::{PemTrustAnchor, TrustAnchorRegistry, TrustPurpose};
use isomdl::definitions::x509::validation::ValidationRuleset;
use isomdl::definitions::x509::x5chain::X5CHAIN_COSE_HEADER_LABEL;
use isomdl::definitions::{DeviceResponse, IssuerSigned};
use isomdl::presentation::authentication::AuthenticationStatus;
use isomdl::presentation::authentication::mdoc::issuer_authentication;
use isomdl::presentation::reader::parse;
use isomdl::presentation::reader_utils::validate_response;
use serde_json::{Value as Json, json};

use crate::GivenTranscript;

/// Prints one line for the case in `folder`; only a fault of the folder itself is an error.
pub(crate) fn check(folder: &Path) -> Result<()> {
    let about: Json = serde_json::from_slice(&fs::read(folder.join("check.json"))?)?;
    let input = fs::read(folder.join("input.cbor"))?;
    let anchors = TrustAnchorRegistry::from_pem_certificates(vec![PemTrustAnchor {
        certificate_pem: fs::read_to_string(folder.join("iaca.pem"))?,
        purpose: TrustPurpose::Iaca,
    }])?;
    let transcript = fs::read(folder.join("session_transcript.cbor"))?;
    // isomdl panics for device keys of other curves than P-256; to a caller that is a rejection, and a noisy one.
    let said = catch_unwind(AssertUnwindSafe(|| {
        if about["kind"] == "issuer-signed" {
            issuer_signed(&input, &anchors)
        } else {
            device_response(&input, &transcript, anchors)
        }
    }));
    let (failed, elements) = match said {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => (vec![format!("{error:#}")], Json::Null),
        Err(_) => (vec!["panic".to_owned()], Json::Null),
    };
    let name = folder
        .file_name()
        .context("a case folder has a name")?
        .to_string_lossy();
    println!(
        "{}",
        json!({ "case": name, "accepted": failed.is_empty(), "failed": failed, "elements": elements })
    );
    Ok(())
}

/// isomdl's reader as far as it goes for one response: path, issuer signature, device signature.
fn device_response(
    input: &[u8],
    transcript: &[u8],
    anchors: TrustAnchorRegistry,
) -> Result<(Vec<String>, Json)> {
    let response: DeviceResponse = cbor::from_slice(input)?;
    let transcript: GivenTranscript = cbor::from_slice(transcript)?;
    let (document, x5chain, elements) = parse(&response)?;
    let outcome = validate_response(transcript, anchors, x5chain, document.clone(), elements);
    let mut failed: Vec<String> = outcome
        .errors
        .iter()
        .flat_map(|(group, errors)| {
            errors
                .as_array()
                .into_iter()
                .flatten()
                .map(move |e| format!("{group}: {e}"))
        })
        .collect();
    for (what, status) in [
        ("issuer", outcome.issuer_authentication),
        ("device", outcome.device_authentication),
    ] {
        if status != AuthenticationStatus::Valid && failed.is_empty() {
            failed.push(format!("{what} authentication: {status:?}"));
        }
    }
    Ok((
        failed,
        serde_json::to_value(
            outcome
                .response
                .into_iter()
                .map(bytes_as_hex)
                .collect::<BTreeMap<_, _>>(),
        )?,
    ))
}

/// isomdl prints a byte string as an array of numbers; no array of numbers occurs in a licence.
fn bytes_as_hex((key, value): (String, Json)) -> (String, Json) {
    let value = match value {
        Json::Object(members) => Json::Object(members.into_iter().map(bytes_as_hex).collect()),
        Json::Array(items) if !items.is_empty() && items.iter().all(Json::is_u64) => {
            let bytes: Vec<u8> = items
                .iter()
                .filter_map(|item| u8::try_from(item.as_u64()?).ok())
                .collect();
            json!({ "hex": hex::encode(bytes) })
        }
        other => other,
    };
    (key, value)
}

/// The same without a device: isomdl has no call for it, these are the two that its reader makes.
fn issuer_signed(input: &[u8], anchors: &TrustAnchorRegistry) -> Result<(Vec<String>, Json)> {
    let issuer_signed: IssuerSigned = cbor::from_slice(input)?;
    let header = &issuer_signed.issuer_auth.unprotected.rest;
    let x5chain = header
        .iter()
        .find(|(label, _)| *label == Label::Int(X5CHAIN_COSE_HEADER_LABEL))
        .map(|(_, value)| X5Chain::from_cbor(value.clone()))
        .ok_or_else(|| anyhow!("no x5chain"))??;
    let mut failed = ValidationRuleset::Mdl.validate(&x5chain, anchors).errors;
    if let Err(error) = issuer_authentication(x5chain, &issuer_signed) {
        failed.push(error.to_string());
    }
    Ok((failed, Json::Null))
}
