//! What will be asked of the service, before any of it is.

use std::fmt;

use mdl_iaca::profile::UnsignedCertificate;
use serde_json::{Value, json};

use super::order::{key_algorithm, signing_algorithm};
use super::request::{IssueRequest, Template, subject_json, subject_members};
use super::state::Which;
use super::{PrivateCaAuthority, PrivateCaError, RootOrder, StateFile};

/// Stands for what only the service can say.
const ARN: &str = "<the authority's ARN>";
const CSR: &str = "<the authority's request>";
const CERTIFICATE: &str = "<the certificate's ARN>";
const TOKEN: &str = "<a new token>";

/// A call that is going to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedCall {
    /// The operation, such as `IssueCertificate`.
    pub operation: &'static str,
    /// What is sent, member by member. Values in angle brackets are not known yet.
    pub request: Value,
    /// What the call is for, and what becomes of the answer.
    pub why: &'static str,
}

impl fmt::Display for PlannedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.operation, self.why)?;
        let request = format!("{:#}", self.request);
        for line in request.lines() {
            writeln!(f, "    {line}")?;
        }
        Ok(())
    }
}

pub(super) fn create_request(
    order: &RootOrder,
    region: &str,
    token: &str,
) -> Result<Value, PrivateCaError> {
    let preview = order.preview(region)?;
    let mut crl = json!({
        "Enabled": true,
        "ExpirationInDays": order.crl.expiration_days,
        "S3BucketName": order.crl.bucket,
        "S3ObjectAcl": "BUCKET_OWNER_FULL_CONTROL",
        "CrlType": "COMPLETE",
    });
    if let Some(host) = &order.crl.host {
        crl["CustomCname"] = json!(host);
    }
    Ok(json!({
        "CertificateAuthorityConfiguration": {
            "KeyAlgorithm": key_algorithm(order.curve)?,
            "SigningAlgorithm": signing_algorithm(order.curve)?,
            "Subject": subject_json(&subject_members(&preview)),
        },
        "CertificateAuthorityType": "ROOT",
        "RevocationConfiguration": { "CrlConfiguration": crl },
        "UsageMode": "GENERAL_PURPOSE",
        "IdempotencyToken": token,
        "Tags": [ { "Key": super::root::TAG, "Value": token } ],
    }))
}

/// The calls that [`create_root`](super::create_root) will make, from where `state` stands. Nothing is asked of the
/// service, and nothing is written.
///
/// # Errors
/// [`PrivateCaError::Profile`] and the like: what the profile refuses is refused here, before an authority exists.
pub fn plan_root(
    order: &RootOrder,
    region: &str,
    state: Option<&StateFile>,
) -> Result<Vec<PlannedCall>, PrivateCaError> {
    let preview = order.preview(region)?;
    if state.is_some_and(StateFile::is_finished) {
        return Ok(Vec::new());
    }
    let token = state.map_or(TOKEN, StateFile::token);
    let known = match state {
        Some(state) => state.certificate_authority()?,
        None => None,
    };
    let mut calls = Vec::new();
    if known.is_none() {
        if state.is_some() {
            calls.push(PlannedCall {
                operation: "ListCertificateAuthorities",
                request: json!({ "MaxResults": 100 }),
                why: "look for an authority that a run before this one created and did not live to write down; \
                      with ListTags for each that has this name",
            });
        }
        calls.push(PlannedCall {
            operation: "CreateCertificateAuthority",
            request: create_request(order, region, token)?,
            why: "make the authority and its key; from here on it costs money until it is deleted",
        });
    }
    let arn = known.as_ref().map_or(ARN, |arn| arn.as_str());
    let of_authority = || json!({ "CertificateAuthorityArn": arn });
    calls.push(PlannedCall {
        operation: "GetCertificateAuthorityCsr",
        request: of_authority(),
        why: "wait for the key, and take the request that it signed",
    });
    calls.push(PlannedCall {
        operation: "DescribeCertificateAuthority",
        request: of_authority(),
        why: "check the state and that the CRL is configured as asked",
    });
    let issued = match state {
        Some(state) => state.issued(Which::Root)?,
        None => None,
    };
    if issued.is_none() {
        let request = IssueRequest::new(Template::Root, signing_algorithm(order.curve)?, &preview);
        calls.push(PlannedCall {
            operation: "IssueCertificate",
            request: request.to_json(arn, CSR, token),
            why: "let the key sign its own certificate; the CRL's URL ends in the authority's id",
        });
    }
    calls.push(PlannedCall {
        operation: "GetCertificate",
        request: json!({
            "CertificateAuthorityArn": arn,
            "CertificateArn": issued.as_ref().map_or(CERTIFICATE, |arn| arn.as_str()),
        }),
        why: "wait for the certificate; it is linted and compared with what was asked for, and an error ends the run here",
    });
    calls.push(PlannedCall {
        operation: "ImportCertificateAuthorityCertificate",
        request: json!({ "CertificateAuthorityArn": arn, "Certificate": "<the certificate>" }),
        why: "put the root into use",
    });
    calls.push(PlannedCall {
        operation: "DescribeCertificateAuthority",
        request: of_authority(),
        why: "check that it is active",
    });
    Ok(calls)
}

/// The calls that certifying this will make.
///
/// # Errors
/// [`PrivateCaError`], if the certificate cannot be encoded or names another CRL than the root does.
pub fn plan_certificate(
    authority: &PrivateCaAuthority,
    unsigned: &UnsignedCertificate,
    request: &[u8],
) -> Result<Vec<PlannedCall>, PrivateCaError> {
    let arn = authority.arn().as_str();
    let asked = authority.request(unsigned)?;
    let token = authority.token(&unsigned.requested()?, request);
    let calls = [
        PlannedCall {
            operation: "DescribeCertificateAuthority",
            request: json!({ "CertificateAuthorityArn": arn }),
            why: "check that the authority is active",
        },
        PlannedCall {
            operation: "IssueCertificate",
            request: asked.to_json(arn, "<the request>", &token),
            why: "certify the key of the request; the template adds both key identifiers, basicConstraints, and the \
                  authority's CRL",
        },
        PlannedCall {
            operation: "GetCertificate",
            request: json!({ "CertificateAuthorityArn": arn, "CertificateArn": CERTIFICATE }),
            why: "wait for the certificate; it is linted and compared with what was asked for before it is taken into use",
        },
    ];
    Ok(calls.into())
}
