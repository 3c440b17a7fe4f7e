//! What a check looked at: the bytes of the input, and certificates by their fingerprint.
//!
//! Found when it is asked for, not while verifying: a report keeps where the parts of a document lie, which costs
//! nothing, and a check knows its part.

use std::ops::Range;

use mdl_mdoc::cbor::{Checker, RawItem};
use mdl_mdoc::cose::CoseSign1;
use mdl_mdoc::device_response::{DeviceSigned, Document};

use crate::{Cause, CheckId, CheckResult, DocumentReport, Outcome};

/// A part of what was verified.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum EvidencePart {
    /// The whole input, or the place in it where reading it ended.
    Input,
    /// `issuerAuth`.
    IssuerAuth,
    /// The document signer's certificate, the first of `x5chain`.
    DocumentSigner,
    /// The IACA certificate that the path ends at. It is not part of the input.
    TrustAnchor,
    /// The payload of `issuerAuth`: `MobileSecurityObjectBytes`.
    Mso,
    /// One `IssuerSignedItemBytes`, or all from the first to the last.
    IssuerSignedItems,
    /// `DeviceNameSpacesBytes`.
    DeviceNameSpaces,
    /// The device's signature or MAC.
    DeviceAuth,
}

impl EvidencePart {
    /// Name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::IssuerAuth => "issuer-auth",
            Self::DocumentSigner => "document-signer",
            Self::TrustAnchor => "trust-anchor",
            Self::Mso => "mso",
            Self::IssuerSignedItems => "issuer-signed-items",
            Self::DeviceNameSpaces => "device-name-spaces",
            Self::DeviceAuth => "device-auth",
        }
    }
}

/// What a check looked at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Evidence {
    /// Which part.
    pub part: EvidencePart,
    /// Where it lies in the input, in bytes; `None` if it is not there.
    pub bytes: Option<Range<usize>>,
    /// SHA-256 of the certificate, if it is one.
    pub certificate_sha256: Option<[u8; 32]>,
}

/// Where the parts of a document lie.
#[derive(Clone, Debug, Default)]
pub(crate) struct PartRanges {
    issuer_auth: Range<usize>,
    document_signer: Option<Range<usize>>,
    mso: Option<Range<usize>>,
    device_name_spaces: Option<Range<usize>>,
    device_auth: Option<Range<usize>>,
}

impl PartRanges {
    pub(crate) fn of(document: &Document<'_>, checker: &Checker<'_>) -> Self {
        let range = |slice: &[u8]| {
            let start = checker.offset_of(slice);
            start..start + slice.len()
        };
        let issuer_auth = &document.issuer_signed.issuer_auth;
        let device_signed = document.device_signed.as_ref();
        Self {
            issuer_auth: raw_range(document.issuer_signed.issuer_auth_bytes),
            document_signer: end_entity(issuer_auth).map(range),
            mso: issuer_auth.payload.map(range),
            device_name_spaces: device_signed.map(|signed| raw_range(signed.name_spaces_bytes)),
            device_auth: device_signed.and_then(proof).map(range),
        }
    }
}

fn raw_range(item: RawItem<'_>) -> Range<usize> {
    item.offset..item.offset + item.bytes.len()
}

fn end_entity<'a>(issuer_auth: &CoseSign1<'a>) -> Option<&'a [u8]> {
    let chain = match issuer_auth.unprotected.x5chain.as_slice() {
        [] => issuer_auth.protected.x5chain.as_slice(),
        chain => chain,
    };
    chain.first().copied()
}

fn proof<'a>(device_signed: &DeviceSigned<'a>) -> Option<&'a [u8]> {
    let auth = &device_signed.device_auth;
    let signature = auth.device_signature.as_ref().map(|auth| auth.signature);
    signature.or_else(|| auth.device_mac.as_ref().map(|auth| auth.tag))
}

/// What a check of the response as a whole looked at, if it was made.
pub(crate) fn of_response(check: &CheckResult, input_len: usize) -> Option<Evidence> {
    let bytes = match check.cause.as_deref() {
        Some(Cause::Decode(error)) => error.offset..input_len.max(error.offset),
        _ => 0..input_len,
    };
    was_made(check).then_some(Evidence {
        part: EvidencePart::Input,
        bytes: Some(bytes),
        certificate_sha256: None,
    })
}

/// What a check of a document looked at, if it was made and the part is there.
pub(crate) fn of_document(check: &CheckResult, document: &DocumentReport<'_>) -> Option<Evidence> {
    if !was_made(check) {
        return None;
    }
    let part = part_of(check.id);
    let parts = &document.parts;
    let (bytes, certificate_sha256) = match part {
        EvidencePart::Input => (None, None),
        EvidencePart::IssuerAuth => (Some(parts.issuer_auth.clone()), None),
        EvidencePart::DocumentSigner => (
            parts.document_signer.clone(),
            document.issuer.as_ref().map(|issuer| issuer.ds_sha256),
        ),
        EvidencePart::TrustAnchor => (
            None,
            document
                .issuer
                .as_ref()
                .and_then(|issuer| issuer.iaca_sha256),
        ),
        EvidencePart::Mso => (parts.mso.clone(), None),
        EvidencePart::IssuerSignedItems => (items(check, document), None),
        EvidencePart::DeviceNameSpaces => (parts.device_name_spaces.clone(), None),
        EvidencePart::DeviceAuth => (parts.device_auth.clone(), None),
    };
    let bytes = match check.cause.as_deref() {
        // Where in the part reading it ended.
        Some(Cause::Decode(error)) => bytes.map(|part| error.offset..part.end.max(error.offset)),
        _ => bytes,
    };
    (bytes.is_some() || certificate_sha256.is_some()).then_some(Evidence {
        part,
        bytes,
        certificate_sha256,
    })
}

fn was_made(check: &CheckResult) -> bool {
    !matches!(check.outcome, Outcome::NotApplicable | Outcome::NotChecked)
}

/// The item that the cause names, or all items.
fn items(check: &CheckResult, document: &DocumentReport<'_>) -> Option<Range<usize>> {
    let name_spaces = &document.content.as_ref()?.issuer_signed.name_spaces;
    let named = match check.cause.as_deref() {
        Some(
            Cause::DigestUnknown {
                name_space,
                element_identifier,
                ..
            }
            | Cause::Element {
                name_space,
                element_identifier,
                ..
            },
        ) => Some((name_space.as_str(), Some(element_identifier.as_str()))),
        Some(Cause::NameSpaceUnknown { name_space }) => Some((name_space.as_str(), None)),
        _ => None,
    };
    let ranges = name_spaces.iter().flat_map(|(name_space, items)| {
        items
            .iter()
            .filter(move |item| match named {
                Some((name, identifier)) => {
                    name == *name_space
                        && identifier.is_none_or(|identifier| identifier == item.element_identifier)
                }
                None => true,
            })
            .map(|item| raw_range(item.encoded))
    });
    // Name spaces and items lie in the input as they are listed.
    ranges.reduce(|all, item| all.start..item.end)
}

/// What a check is about.
fn part_of(id: CheckId) -> EvidencePart {
    match id {
        CheckId::Cbor
        | CheckId::CborEncoding
        | CheckId::Structure
        | CheckId::ResponseVersion
        | CheckId::ResponseStatus
        | CheckId::DocumentsPresent => EvidencePart::Input,
        CheckId::IssuerAuthHeaders
        | CheckId::IssuerAuthCritical
        | CheckId::IssuerAuthAlgorithm
        | CheckId::IssuerAuthPayload
        | CheckId::IssuerSignature => EvidencePart::IssuerAuth,
        CheckId::X5chain
        | CheckId::X5chainForm
        | CheckId::DsAlgorithm
        | CheckId::DsPublicKey
        | CheckId::DsSignature
        | CheckId::DsValidity
        | CheckId::DsRevocation
        | CheckId::DsKeyUsage
        | CheckId::DsExtendedKeyUsage
        | CheckId::DsCriticalExtensions
        | CheckId::DsCountry
        | CheckId::DsState
        | CheckId::PathLength
        | CheckId::DsNotCa
        | CheckId::DsProhibitedExtensions
        | CheckId::DsProfile => EvidencePart::DocumentSigner,
        CheckId::TrustAnchor
        | CheckId::IacaValidity
        | CheckId::IacaProfile
        | CheckId::AnchorDocType
        | CheckId::AnchorRegion => EvidencePart::TrustAnchor,
        CheckId::RequestedDocType
        | CheckId::Mso
        | CheckId::MsoVersion
        | CheckId::DigestAlgorithm
        | CheckId::DeviceKey
        | CheckId::DocType
        | CheckId::SignedInDsValidity
        | CheckId::ValidFrom
        | CheckId::ValidUntil
        | CheckId::ValidityOrder
        | CheckId::MsoOutlivesDs
        | CheckId::TDateForm
        | CheckId::ExpectedUpdate
        | CheckId::StatusMechanism
        | CheckId::StatusReference => EvidencePart::Mso,
        CheckId::ValueDigestPresent
        | CheckId::ValueDigest
        | CheckId::DigestIdUnique
        | CheckId::ElementUnique
        | CheckId::DigestIdRange
        | CheckId::SaltLength
        | CheckId::IssuingCountry
        | CheckId::IssuingJurisdiction
        | CheckId::ElementValues
        | CheckId::LicenceExpiry => EvidencePart::IssuerSignedItems,
        CheckId::KeyAuthorizations | CheckId::DeviceSignedLicence => EvidencePart::DeviceNameSpaces,
        CheckId::DeviceAuthPresent
        | CheckId::DeviceAuthSingle
        | CheckId::DeviceAuthHeaders
        | CheckId::DeviceAuthCritical
        | CheckId::DeviceAuthAlgorithm
        | CheckId::DeviceAuthPayload
        | CheckId::ReaderKey
        | CheckId::DeviceAuthentication => EvidencePart::DeviceAuth,
    }
}
