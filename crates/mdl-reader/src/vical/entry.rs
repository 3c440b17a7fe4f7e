//! `CertificateInfo` (C.1.7.1): what is believed of it, and what is only compared with its certificate.

use mdl_iaca::certificate::CertificateView;
use mdl_iaca::trust_anchor::{AnchorSource, TrustAnchor, TrustAnchorError};
use mdl_mdoc::cbor::{DecodeError, DecodeErrorKind, Reader};
use mdl_mdoc::tdate::TDate;

use super::deviation::EntryDeviation;

/// Entries at most: several for every authority of the world.
const MAX_ENTRIES: usize = 5_000;
/// Document types of one entry at most.
const MAX_DOC_TYPES: usize = 64;

/// An entry. Believed are certificate and document types; the rest is in `claims`, by its name and unread.
pub(super) struct CertificateInfo<'a> {
    certificate: &'a [u8],
    doc_types: Vec<&'a str>,
    claims: Vec<(&'static str, Reader<'a>)>,
    misspelt: Vec<&'static str>,
}

/// The members that repeat what the certificate says.
const CLAIMS: [&str; 8] = [
    "serialNumber",
    "ski",
    "issuingCountry",
    "stateOrProvinceName",
    "issuer",
    "subject",
    "notBefore",
    "notAfter",
];
/// Those that a list must have.
const REQUIRED_CLAIMS: [&str; 2] = ["serialNumber", "ski"];
/// Members without a meaning for the reader, which are known to be misspelt.
const OTHERS: [&str; 3] = ["certificateProfile", "issuingAuthority", "extensions"];

impl CertificateInfo<'_> {
    /// The anchor, trusted for the document types of the entry.
    pub(super) fn trust_anchor(
        &self,
        source: &AnchorSource,
    ) -> Result<TrustAnchor, TrustAnchorError> {
        let anchor = TrustAnchor::from_der(self.certificate)?;
        Ok(anchor
            .only_for(self.doc_types.iter().copied())
            .with_source(source.clone()))
    }

    /// Everything that is not as it should be.
    pub(super) fn deviations(&self, anchor: &TrustAnchor) -> Vec<EntryDeviation> {
        let misspelt = self.misspelt.iter().copied();
        let mut found: Vec<_> = misspelt.map(EntryDeviation::Spelling).collect();
        let has = |name: &str| self.claims.iter().any(|(claim, _)| *claim == name);
        let absent = REQUIRED_CLAIMS.into_iter().filter(|name| !has(name));
        found.extend(absent.map(EntryDeviation::Missing));
        if let Ok(certificate) = CertificateView::from_der(self.certificate) {
            let claims = self.claims.iter();
            found.extend(claims.filter_map(|(name, claim)| {
                compare(name, claim.clone(), &certificate)
                    .unwrap_or(Some(EntryDeviation::Type(name)))
            }));
        }
        if self.doc_types.is_empty() {
            found.push(EntryDeviation::NoDocType);
        }
        if let Some(state) = anchor.state().filter(|state| !is_iso_3166_2(state, anchor)) {
            found.push(EntryDeviation::State(state.to_owned()));
        }
        let profile = anchor.deviations().iter().cloned();
        found.extend(profile.map(EntryDeviation::Profile));
        found
    }
}

/// What is wrong with one member; an error if it is of another type.
fn compare(
    name: &'static str,
    mut claim: Reader<'_>,
    certificate: &CertificateView<'_>,
) -> Result<Option<EntryDeviation>, DecodeError> {
    let subject = certificate.subject();
    let validity = certificate.validity();
    let is_same = match name {
        "serialNumber" => {
            let (claimed, serial) = (big_unsigned(&mut claim)?, certificate.serial());
            without_zeros(&claimed) == without_zeros(serial.as_bytes())
        }
        "ski" => {
            let claimed = claim.bytes(name)?;
            let own = certificate.extensions().subject_key_identifier();
            let own = own.ok().flatten().unwrap_or_default();
            if claimed != own && unwrapped(claimed) == own {
                return Ok(Some(EntryDeviation::KeyIdentifierWrapped));
            }
            claimed == own
        }
        "issuingCountry" => Some(claim.text(name)?) == subject.country().as_deref(),
        "stateOrProvinceName" => Some(claim.text(name)?) == subject.state_or_province().as_deref(),
        "issuer" => claim.bytes(name)? == certificate.issuer().der(),
        "subject" => claim.bytes(name)? == subject.der(),
        "notBefore" => TDate::decode(&mut claim, name)?.time == validity.not_before.at,
        _ => TDate::decode(&mut claim, name)?.time == validity.not_after.at,
    };
    Ok((!is_same).then_some(EntryDeviation::Differs(name)))
}

/// `biguint`: tag 2, or an integer as encoders write small ones.
fn big_unsigned(reader: &mut Reader<'_>) -> Result<Vec<u8>, DecodeError> {
    if reader.skip_tag(2) {
        return reader.bytes("serialNumber").map(<[u8]>::to_vec);
    }
    let small = reader.unsigned("serialNumber")?;
    Ok(small.to_be_bytes().to_vec())
}

/// What is in an OCTET STRING in an OCTET STRING, as AAMVA's lists have it, or in one.
fn unwrapped(bytes: &[u8]) -> &[u8] {
    let inner = |bytes: &[u8]| match bytes {
        [0x04, length, content @ ..] => usize::from(*length) == content.len(),
        _ => false,
    };
    let mut bytes = bytes;
    for _ in 0..2 {
        if inner(bytes) {
            bytes = &bytes[2..];
        }
    }
    bytes
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// Whether `state` is the country of the anchor, a hyphen, and one to three letters or digits.
fn is_iso_3166_2(state: &str, anchor: &TrustAnchor) -> bool {
    let Some((country, subdivision)) = state.split_once('-') else {
        return false;
    };
    anchor.country() == Some(country)
        && (1..=3).contains(&subdivision.len())
        && subdivision
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// `certificateInfos`, each entry by itself.
pub(super) fn read_infos<'a>(
    reader: &mut Reader<'a>,
) -> Result<Vec<Result<CertificateInfo<'a>, DecodeError>>, DecodeError> {
    let mut infos = Vec::new();
    let mut elements = reader.array("certificateInfos")?;
    while reader.has_entry(&mut elements) {
        if infos.len() == MAX_ENTRIES {
            return Err(reader.error(DecodeErrorKind::TooMany {
                what: "certificateInfos",
                limit: MAX_ENTRIES,
            }));
        }
        let entry = reader.raw()?;
        infos.push(read_info(&mut Reader::new(entry.bytes, entry.offset)));
    }
    Ok(infos)
}

fn read_info<'a>(reader: &mut Reader<'a>) -> Result<CertificateInfo<'a>, DecodeError> {
    let start = reader.clone();
    let missing = |member| start.error(DecodeErrorKind::Missing { member });
    let (mut certificate, mut doc_types) = (None, None);
    let (mut claims, mut misspelt) = (Vec::new(), Vec::new());
    let mut entries = reader.map("CertificateInfo")?;
    while reader.has_entry(&mut entries) {
        match reader.text("CertificateInfo member")? {
            "certificate" => certificate = Some(reader.bytes("certificate")?),
            "docType" => doc_types = Some(read_doc_types(reader)?),
            other => {
                let value = reader.raw()?;
                let known = CLAIMS.into_iter().chain(OTHERS);
                let known = { known }.find(|name| name.eq_ignore_ascii_case(other));
                misspelt.extend(known.filter(|name| *name != other));
                if let Some(claim) = known.filter(|name| CLAIMS.contains(name)) {
                    claims.push((claim, Reader::new(value.bytes, value.offset)));
                }
            }
        }
    }
    Ok(CertificateInfo {
        certificate: certificate.ok_or(missing("certificate"))?,
        doc_types: doc_types.ok_or(missing("docType"))?,
        claims,
        misspelt,
    })
}

fn read_doc_types<'a>(reader: &mut Reader<'a>) -> Result<Vec<&'a str>, DecodeError> {
    let mut listed = Vec::new();
    let mut elements = reader.array("docType")?;
    while reader.has_entry(&mut elements) {
        if listed.len() == MAX_DOC_TYPES {
            return Err(reader.error(DecodeErrorKind::TooMany {
                what: "docType",
                limit: MAX_DOC_TYPES,
            }));
        }
        listed.push(reader.text("docType")?);
    }
    Ok(listed)
}
