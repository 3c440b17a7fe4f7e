//! Device authentication (V27 to V30): that the device holding the MSO's device key took part in this session.
//!
//! The content is always assembled here, from the reader's own transcript. An attached payload is never used: a device
//! that could choose what its signature covers would prove nothing.

use mdl_crypto::{Algorithm, PrivateKey, PublicKey, constant_time_eq, hmac_sha256};
use mdl_mdoc::MDL_NAME_SPACE;
use mdl_mdoc::cose::{AlgorithmId, CoseMac0, CoseSign1, HMAC_256_256, Header, mac_structure};
use mdl_mdoc::device_authentication::{device_authentication_bytes, e_mac_key};
use mdl_mdoc::device_response::{DeviceSigned, Document};
use mdl_mdoc::mso::MobileSecurityObject;
use mdl_mdoc::session_transcript::SessionTranscript;

use super::issuer_auth::{critical, label_twice, signature_algorithm};
use crate::checks::Checks;
use crate::{Cause, CheckGroup, CheckId};

/// The caller asked for issuer data authentication only.
pub(super) fn skip(checks: &mut Checks) {
    for &id in CheckId::ALL
        .iter()
        .filter(|id| id.group() == CheckGroup::DeviceBinding)
    {
        if id == CheckId::DeviceAuthentication {
            checks.not_checked(
                id,
                Cause::NotAsked("only issuer data authentication was asked for"),
            );
        } else {
            checks.not_applicable(id);
        }
    }
}

pub(super) fn check_device_auth(
    document: &Document<'_>,
    mso: Option<&MobileSecurityObject<'_>>,
    device_key: Option<&PublicKey>,
    transcript: &SessionTranscript,
    reader_key: Option<&PrivateKey>,
    checks: &mut Checks,
) {
    let Some(device_signed) = &document.device_signed else {
        return checks.fail(
            CheckId::DeviceAuthPresent,
            Cause::Needs("deviceSigned is missing"),
        );
    };
    if let Some(mso) = mso {
        check_authorizations(device_signed, mso, checks);
    }
    check_licence_elements(device_signed, checks);
    let auth = &device_signed.device_auth;
    let authenticated = |checks: &mut Checks| {
        checks.pass(CheckId::DeviceAuthPresent);
        device_authentication_bytes(
            transcript,
            document.doc_type,
            device_signed.name_spaces_bytes.bytes,
        )
    };
    match (&auth.device_signature, &auth.device_mac) {
        (None, None) => {
            checks.fail(
                CheckId::DeviceAuthPresent,
                Cause::Needs("neither deviceSignature nor deviceMac"),
            );
        }
        (Some(signature), mac) => {
            let content = authenticated(checks);
            // Two authentications: the signature is checked, and the document rejected all the same.
            let both = mac.is_some().then_some(Cause::Needs(
                "a choice between deviceSignature and deviceMac",
            ));
            checks.pass_unless(CheckId::DeviceAuthSingle, both);
            check_signature(signature, &content, device_key, checks);
        }
        (None, Some(mac)) => {
            let content = authenticated(checks);
            checks.pass(CheckId::DeviceAuthSingle);
            check_mac(mac, &content, device_key, transcript, reader_key, checks);
        }
    }
}

fn check_signature(
    signature: &CoseSign1<'_>,
    content: &[u8],
    device_key: Option<&PublicKey>,
    checks: &mut Checks,
) {
    check_headers(&signature.protected, &signature.unprotected, checks);
    check_payload(signature.payload, content, checks);
    checks.not_applicable(CheckId::ReaderKey);
    let algorithm = match signature_algorithm(&signature.protected, &signature.unprotected) {
        Ok(algorithm) => algorithm,
        Err(cause) => return checks.deviation(CheckId::DeviceAuthAlgorithm, cause),
    };
    checks.pass(CheckId::DeviceAuthAlgorithm);
    let Some(device_key) = device_key else {
        return checks.not_checked(
            CheckId::DeviceAuthentication,
            Cause::Needs("a usable device key"),
        );
    };
    let result = verify_signature(signature, algorithm, content, device_key);
    checks.pass_unless(CheckId::DeviceAuthentication, result.err());
}

fn verify_signature(
    signature: &CoseSign1<'_>,
    algorithm: Algorithm,
    content: &[u8],
    device_key: &PublicKey,
) -> Result<(), Cause> {
    let signed = signature.sig_structure(&[], content);
    Ok(device_key.verify(algorithm, &signed, signature.signature)?)
}

fn check_mac(
    mac: &CoseMac0<'_>,
    content: &[u8],
    device_key: Option<&PublicKey>,
    transcript: &SessionTranscript,
    reader_key: Option<&PrivateKey>,
    checks: &mut Checks,
) {
    check_headers(&mac.protected, &mac.unprotected, checks);
    check_payload(mac.payload, content, checks);
    let algorithm = match mac.protected.algorithm {
        Some(AlgorithmId::Number(HMAC_256_256)) => None,
        Some(_) => Some(Cause::Algorithm),
        None if mac.unprotected.algorithm.is_some() => Some(Cause::UnprotectedAlgorithm),
        None => Some(Cause::NoAlgorithm),
    };
    let is_known = algorithm.is_none();
    checks.pass_unless(CheckId::DeviceAuthAlgorithm, algorithm);
    let Some(reader_key) = reader_key else {
        return checks.fail(CheckId::ReaderKey, Cause::ReaderKeyMissing);
    };
    let Some(device_key) = device_key else {
        return checks.not_checked(
            CheckId::DeviceAuthentication,
            Cause::Needs("a usable device key"),
        );
    };
    let Ok(shared_secret) = reader_key.diffie_hellman(device_key) else {
        return checks.fail(CheckId::ReaderKey, Cause::ReaderKeyCurve);
    };
    checks.pass(CheckId::ReaderKey);
    if !is_known {
        return checks.not_checked(CheckId::DeviceAuthentication, Cause::Needs("HMAC 256/256"));
    }
    let key = e_mac_key(&shared_secret, transcript);
    let expected = hmac_sha256(&*key, &[&mac_structure(mac.protected_bytes, &[], content)]);
    let wrong = !constant_time_eq(&expected, mac.tag);
    checks.pass_unless(CheckId::DeviceAuthentication, wrong.then_some(Cause::Mac));
}

fn check_headers(protected: &Header<'_>, unprotected: &Header<'_>, checks: &mut Checks) {
    checks.pass_unless(
        CheckId::DeviceAuthHeaders,
        label_twice(protected, unprotected),
    );
    checks.pass_unless(
        CheckId::DeviceAuthCritical,
        critical(protected, unprotected),
    );
}

/// Attached content that equals ours is known of fielded wallets; any other is an attempt to have it believed.
fn check_payload(payload: Option<&[u8]>, content: &[u8], checks: &mut Checks) {
    match payload {
        None => checks.pass(CheckId::DeviceAuthPayload),
        Some(attached) if attached == content => {
            checks.deviation(CheckId::DeviceAuthPayload, Cause::PayloadAttached);
        }
        Some(_) => checks.fail(CheckId::DeviceAuthPayload, Cause::PayloadAttached),
    }
}

/// V27: without `keyAuthorizations` the device key may vouch for nothing.
fn check_authorizations(
    device_signed: &DeviceSigned<'_>,
    mso: &MobileSecurityObject<'_>,
    checks: &mut Checks,
) {
    if device_signed.name_spaces.is_empty() {
        return checks.not_applicable(CheckId::KeyAuthorizations);
    }
    // Sorted once: a holder may send as many elements as an issuer may authorise, and neither need be honest.
    let (mut name_spaces, mut data_elements) = (Vec::new(), Vec::new());
    if let Some(authorizations) = &mso.device_key_info.key_authorizations {
        name_spaces.extend_from_slice(&authorizations.name_spaces);
        name_spaces.sort_unstable();
        data_elements.extend(&authorizations.data_elements);
        data_elements.sort_unstable_by_key(|(name_space, _)| *name_space);
    }
    let unauthorised = device_signed
        .name_spaces
        .iter()
        .filter(|(name_space, _)| name_spaces.binary_search(name_space).is_err())
        .find_map(|(name_space, elements)| {
            let mut permitted = data_elements
                .binary_search_by_key(name_space, |(name, _)| *name)
                .map_or_else(|_| Vec::new(), |at| data_elements[at].1.clone());
            permitted.sort_unstable();
            let (identifier, _) = elements
                .iter()
                .find(|(identifier, _)| permitted.binary_search(identifier).is_err())?;
            Some(Cause::Element {
                name_space: (*name_space).to_owned(),
                element_identifier: (*identifier).to_owned(),
                finding: "the device key is not authorised for it".to_owned(),
            })
        });
    checks.pass_unless(CheckId::KeyAuthorizations, unauthorised);
}

/// V28: the first edition never lets a device vouch for the licence itself.
fn check_licence_elements(device_signed: &DeviceSigned<'_>, checks: &mut Checks) {
    let licence = device_signed
        .name_spaces
        .iter()
        .find(|(name_space, _)| *name_space == MDL_NAME_SPACE);
    let element = licence.and_then(|(_, elements)| elements.first());
    let cause = element.map(|(identifier, _)| Cause::Element {
        name_space: MDL_NAME_SPACE.to_owned(),
        element_identifier: (*identifier).to_owned(),
        finding: "device-signed".to_owned(),
    });
    checks.pass_unless(CheckId::DeviceSignedLicence, cause);
}
