//! What the templates write, and what of a request they let through (2.1 to 2.4 of the fact sheet).

use base64ct::{Base64, Encoding};
use mdl_crypto::{Curve, PrivateKey, PublicKey, sha1};
use serde_json::Value;
use time::OffsetDateTime;

use crate::der;
use crate::shapes::{member, required_text};
use crate::wire::AwsError;

type Result<T> = std::result::Result<T, AwsError>;

/// A template whose name the emulator knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Template {
    pub(crate) is_root: bool,
    path_length: Option<u8>,
    /// `ApiPassthrough` counts.
    pub(crate) takes_api: bool,
    fixed: Fixed,
    critical_basic_constraints: bool,
    /// The API's distribution point is used even if the authority has one.
    api_crl_point: bool,
}

/// Key usage that a template writes itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fixed {
    None,
    Authority,
    EndEntity,
}

impl Template {
    /// The template of an ARN, if it is one that the emulator has.
    pub(crate) fn from_arn(arn: &str) -> Option<Self> {
        let name = arn
            .strip_prefix("arn:aws:acm-pca:::template/")?
            .strip_suffix("/V1")?;
        let blank = |is_root, path_length| Self {
            is_root,
            path_length,
            takes_api: true,
            fixed: Fixed::None,
            critical_basic_constraints: is_root,
            api_crl_point: false,
        };
        Some(match name {
            "BlankRootCACertificate_PathLen0_APIPassthrough" => blank(true, Some(0)),
            "BlankRootCACertificate_APIPassthrough" => blank(true, None),
            "RootCACertificate" => Self {
                takes_api: false,
                fixed: Fixed::Authority,
                ..blank(true, None)
            },
            "RootCACertificate_APIPassthrough" => Self {
                fixed: Fixed::Authority,
                ..blank(true, None)
            },
            "BlankEndEntityCertificate_APIPassthrough" => blank(false, None),
            "BlankEndEntityCertificate_CriticalBasicConstraints_APIPassthrough" => Self {
                critical_basic_constraints: true,
                api_crl_point: true,
                ..blank(false, None)
            },
            "EndEntityCertificate" => Self {
                takes_api: false,
                fixed: Fixed::EndEntity,
                ..blank(false, None)
            },
            "EndEntityCertificate_APIPassthrough" => Self {
                fixed: Fixed::EndEntity,
                ..blank(false, None)
            },
            _ => return None,
        })
    }
}

/// Everything that goes into a certificate.
#[derive(Debug)]
pub(crate) struct Content<'a> {
    pub(crate) template: Template,
    pub(crate) serial: [u8; 16],
    pub(crate) issuer_name: &'a [u8],
    pub(crate) issuer_key: &'a PrivateKey,
    pub(crate) subject: &'a [u8],
    pub(crate) subject_key: &'a PublicKey,
    pub(crate) not_before: OffsetDateTime,
    pub(crate) not_after: OffsetDateTime,
    /// `ApiPassthrough.Extensions`.
    pub(crate) api: Option<&'a Value>,
    /// The distribution point that the authority writes.
    pub(crate) crl_point: Option<&'a str>,
    /// Extensions that this variant of the emulator forgets.
    pub(crate) leave_out: &'a [String],
}

/// Identifier, criticality, value.
type Extension = (String, bool, Vec<u8>);

/// The certificate, and what a careful caller would not have asked for.
pub(crate) fn certificate(content: &Content<'_>) -> Result<(Vec<u8>, Vec<String>)> {
    let mut complaints = Vec::new();
    let mut extensions = from_template(content);
    for (oid, critical, value) in from_api(content, &mut complaints)? {
        if extensions.iter().any(|(other, _, _)| *other == oid) {
            // Template before API, silently: the loser is dropped without an error.
            complaints.push(format!(
                "extension {oid} was passed, but the template or the authority decides it"
            ));
        } else {
            extensions.push((oid, critical, value));
        }
    }
    extensions.retain(|(oid, _, _)| !content.leave_out.contains(oid));

    let mut list = Vec::new();
    for (oid, critical, value) in &extensions {
        let oid = der::oid(oid).ok_or_else(|| AwsError::validation(oid))?;
        list.extend(der::extension(&oid, *critical, value));
    }
    let algorithm = algorithm(content.issuer_key);
    let tbs = der::sequence(&[
        &der::tlv(0xa0, &der::integer(&[2])),
        &der::integer(&content.serial),
        &algorithm,
        content.issuer_name,
        &der::sequence(&[
            &der::time(content.not_before),
            &der::time(content.not_after),
        ]),
        content.subject,
        &content.subject_key.to_spki_der(),
        &der::tlv(0xa3, &der::tlv(der::SEQUENCE, &list)),
    ]);
    Ok((signed(content.issuer_key, &tbs, &algorithm), complaints))
}

/// `AlgorithmIdentifier` of the key's signatures.
pub(crate) fn algorithm(key: &PrivateKey) -> Vec<u8> {
    let last = match key.curve() {
        Curve::P384 => 3,
        Curve::P521 => 4,
        _ => 2,
    };
    der::sequence(&[&[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, last]])
}

/// To be signed, algorithm, signature.
pub(crate) fn signed(key: &PrivateKey, tbs: &[u8], algorithm: &[u8]) -> Vec<u8> {
    der::sequence(&[tbs, algorithm, &der::bit_string(&key.sign(tbs).to_der())])
}

fn from_template(content: &Content<'_>) -> Vec<Extension> {
    let template = content.template;
    let mut extensions = vec![(
        "2.5.29.14".to_owned(),
        false,
        der::tlv(der::OCTET_STRING, &sha1(content.subject_key.key_bits())),
    )];
    let constraints = if template.is_root {
        let length = template
            .path_length
            .map(|length| der::integer(&[length]))
            .unwrap_or_default();
        der::sequence(&[&[0x01, 0x01, 0xff], &length])
    } else {
        der::sequence(&[])
    };
    extensions.push((
        "2.5.29.19".to_owned(),
        template.critical_basic_constraints,
        constraints,
    ));
    if !template.is_root {
        extensions.push((
            "2.5.29.35".to_owned(),
            false,
            key_identifier(content.issuer_key),
        ));
        let passed =
            template.api_crl_point && custom(content.api).any(|(oid, _)| oid == Some("2.5.29.31"));
        if let (Some(uri), false) = (content.crl_point, passed) {
            extensions.push(("2.5.29.31".to_owned(), false, crl_point(uri)));
        }
    }
    match template.fixed {
        Fixed::None => {}
        Fixed::Authority => extensions.push(("2.5.29.15".to_owned(), true, vec![3, 2, 1, 0x86])),
        Fixed::EndEntity => {
            extensions.push(("2.5.29.15".to_owned(), true, vec![3, 2, 5, 0xa0]));
            let purposes = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]
                .map(|oid| der::oid(oid).unwrap_or_default());
            extensions.push((
                "2.5.29.37".to_owned(),
                false,
                der::tlv(der::SEQUENCE, &purposes.concat()),
            ));
        }
    }
    extensions
}

/// `AuthorityKeyIdentifier` with `keyIdentifier` alone.
pub(crate) fn key_identifier(issuer: &PrivateKey) -> Vec<u8> {
    der::sequence(&[&der::tlv(0x80, &sha1(issuer.public_key().key_bits()))])
}

fn crl_point(uri: &str) -> Vec<u8> {
    let name = der::tlv(0xa0, &der::tlv(0xa0, &der::tlv(0x86, uri.as_bytes())));
    der::sequence(&[&der::sequence(&[&name])])
}

fn custom(api: Option<&Value>) -> impl Iterator<Item = (Option<&str>, &Value)> {
    api.and_then(|api| member(api, "CustomExtensions"))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|extension| {
            (
                extension.get("ObjectIdentifier").and_then(Value::as_str),
                extension,
            )
        })
}

fn from_api(content: &Content<'_>, complaints: &mut Vec<String>) -> Result<Vec<Extension>> {
    let mut extensions: Vec<Extension> = Vec::new();
    let Some(api) = content.api else {
        return Ok(extensions);
    };
    if !content.template.takes_api {
        complaints.push("ApiPassthrough was passed with a template that ignores it".to_owned());
        return Ok(extensions);
    }
    for member_name in ["CertificatePolicies", "SubjectAlternativeNames"] {
        if member(api, member_name).is_some() {
            return Err(AwsError::invalid_args(format!(
                "this emulator has no {member_name}"
            )));
        }
    }
    if let Some(usage) = member(api, "KeyUsage") {
        complaints.push("structured KeyUsage is encoded with nine bits".to_owned());
        extensions.push(("2.5.29.15".to_owned(), true, nine_bits(usage)));
    }
    if let Some(purposes) = member(api, "ExtendedKeyUsage").and_then(Value::as_array) {
        complaints.push("structured ExtendedKeyUsage is not critical".to_owned());
        let mut list = Vec::new();
        for purpose in purposes {
            let oid = required_text(purpose, "ExtendedKeyUsageObjectIdentifier", 64)?;
            list.extend(der::oid(oid).ok_or_else(|| AwsError::validation(oid))?);
        }
        extensions.push((
            "2.5.29.37".to_owned(),
            false,
            der::tlv(der::SEQUENCE, &list),
        ));
    }
    for (_, extension) in custom(Some(api)) {
        let oid = required_text(extension, "ObjectIdentifier", 64)?;
        if der::oid(oid).is_none() {
            return Err(AwsError::validation(format!(
                "Value '{oid}' at 'ObjectIdentifier' failed to satisfy constraint"
            )));
        }
        let value = Base64::decode_vec(required_text(extension, "Value", 4096)?)
            .map_err(|_| AwsError::validation("Value of a CustomExtension is not padded base64"))?;
        if !der::is_one_value(&value) {
            complaints.push(format!("extension {oid} is not one DER value"));
        }
        if extensions.iter().any(|(other, _, _)| other == oid) {
            return Err(AwsError::invalid_args(format!(
                "extension {oid} is given twice"
            )));
        }
        let critical = member(extension, "Critical")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        extensions.push((oid.to_owned(), critical, value));
    }
    Ok(extensions)
}

/// A KeyUsage of nine bits whatever is set, as the service encodes the structured member: no DER.
fn nine_bits(usage: &Value) -> Vec<u8> {
    const BITS: [&str; 9] = [
        "DigitalSignature",
        "NonRepudiation",
        "KeyEncipherment",
        "DataEncipherment",
        "KeyAgreement",
        "KeyCertSign",
        "CRLSign",
        "EncipherOnly",
        "DecipherOnly",
    ];
    let bits = BITS.iter().enumerate().fold(0u16, |bits, (place, name)| {
        let set = usage.get(name).and_then(Value::as_bool).unwrap_or(false);
        bits | u16::from(set) << (15 - place)
    });
    let [high, low] = bits.to_be_bytes();
    vec![der::BIT_STRING, 3, 7, high, low]
}
