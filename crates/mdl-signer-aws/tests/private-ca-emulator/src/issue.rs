//! `IssueCertificate`, `GetCertificate` and `RevokeCertificate`.

use mdl_iaca::certificate::{CsrView, DocumentKind};
use rand_core::Rng;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::certificate::{Content, Template, certificate};
use crate::service::{Result, Service, Status};
use crate::shapes::{self, arn, idempotency_token, member, one_of, required, required_text, text};
use crate::subject;
use crate::wire::AwsError;

/// How much earlier than its issuance a certificate begins.
const HEAD_START: Duration = Duration::hours(1);

/// A certificate of an authority, by its serial number in hexadecimal.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    pub(crate) der: Vec<u8>,
    pub(crate) at: OffsetDateTime,
    pub(crate) template: String,
    pub(crate) is_root: bool,
    pub(crate) refers_to_crl: bool,
    pub(crate) not_after: OffsetDateTime,
    pub(crate) revoked: Option<(OffsetDateTime, String)>,
    /// Calls that still find it in the making.
    polls_left: u32,
}

impl Service {
    pub(crate) fn issue(&mut self, body: &Value, now: OffsetDateTime) -> Result<Value> {
        self.members(
            "IssueCertificateRequest",
            body,
            &[
                "CertificateAuthorityArn",
                "Csr",
                "SigningAlgorithm",
                "Validity",
                "TemplateArn",
                "ApiPassthrough",
                "ValidityNotBefore",
                "IdempotencyToken",
            ],
        );
        let token = idempotency_token(body)?;
        let passed = member(body, "ApiPassthrough").cloned();
        if let Some(passed) = &passed {
            self.members("ApiPassthrough", passed, &["Extensions", "Subject"]);
        }
        let csr = shapes::pem_blob(body, "Csr", DocumentKind::Csr, "MalformedCSRException")?;
        let not_after = shapes::not_after(required(body, "Validity")?, now)?;
        let not_before = match member(body, "ValidityNotBefore") {
            None => now - HEAD_START,
            Some(explicit) if explicit.get("Type").and_then(Value::as_str) == Some("ABSOLUTE") => {
                shapes::not_after(explicit, now)?
            }
            Some(_) => return Err(AwsError::invalid_args("ValidityNotBefore must be ABSOLUTE")),
        };
        let not_before = not_before.replace_nanosecond(0).unwrap_or(not_before);
        let not_after = not_after.replace_nanosecond(0).unwrap_or(not_after);
        if not_after <= not_before {
            return Err(AwsError::validation("the validity is empty"));
        }
        let template_arn = text(body, "TemplateArn", 200)?
            .unwrap_or("arn:aws:acm-pca:::template/EndEntityCertificate/V1");
        let template = Template::from_arn(template_arn).ok_or_else(|| {
            AwsError::invalid_args(format!("The template {template_arn} is not valid"))
        })?;

        let arn = self.authority(body)?.arn.clone();
        if let Some(known) = self.repeated("Issue", &token, body, now) {
            return Ok(json!({ "CertificateArn": known }));
        }
        let mut serial = [0; 16];
        self.rng.fill_bytes(&mut serial);
        let (polls, leave_out) = (self.settings.polls, self.settings.leave_out.clone());
        let region = self.settings.region.clone();
        let authority = self.authority(body)?;
        shapes::signing_algorithm(body, authority.key.curve())?;

        let malformed = |what: &str| AwsError::new("MalformedCSRException", what);
        let request =
            CsrView::from_der(&csr).map_err(|_| malformed("the request cannot be read"))?;
        let key = request
            .public_key_info()
            .public_key()
            .map_err(|_| malformed("the key cannot be used"))?;
        request
            .verify_signature(&key)
            .map_err(|_| malformed("the signature of the request does not verify"))?;
        if template.is_root {
            authority.allow(&[Status::PendingCertificate, Status::Active], now)?;
            if !authority.is_root
                || key != *authority.key.public_key()
                || request.subject().der() != authority.name
            {
                return Err(AwsError::invalid_args(
                    "a root template is for the authority's own request only",
                ));
            }
        } else {
            authority.allow(&[Status::Active], now)?;
            if authority.not_after().is_none_or(|end| not_after > end) {
                return Err(AwsError::validation(
                    "The certificate would outlive its authority",
                ));
            }
        }
        let api = passed
            .as_ref()
            .and_then(|passed| member(passed, "Extensions"));
        let asked = passed.as_ref().and_then(|passed| member(passed, "Subject"));
        let subject_name = match asked {
            Some(asked) if template.takes_api && !template.is_root => subject::name(asked)?,
            _ => request.subject().der().to_vec(),
        };
        if subject_name == [0x30, 0] {
            return Err(AwsError::invalid_args(
                "the request has neither a subject nor an alternative name",
            ));
        }
        let crl_point = authority.crl_point(&region);
        let content = Content {
            template,
            serial,
            issuer_name: &authority.name,
            issuer_key: &authority.key,
            subject: &subject_name,
            subject_key: &key,
            not_before,
            not_after,
            api,
            crl_point: crl_point.as_deref(),
            leave_out: &leave_out,
        };
        let (der, complaints) = certificate(&content)?;
        let serial = hex::encode(serial);
        let refers_to_crl = !template.is_root && authority.has_crl();
        authority.issued.insert(
            serial.clone(),
            Issued {
                der,
                at: now,
                template: template_arn.to_owned(),
                is_root: template.is_root,
                refers_to_crl,
                not_after,
                revoked: None,
                polls_left: polls,
            },
        );
        if refers_to_crl && authority.last_crl.is_none() {
            authority.crl_due_since.get_or_insert(now);
        }
        self.complaints.extend(complaints);
        let certificate_arn = format!("{arn}/certificate/{serial}");
        if let Some(token) = token {
            self.tokens.insert(
                ("Issue", token),
                (now, body.clone(), certificate_arn.clone()),
            );
        }
        Ok(json!({ "CertificateArn": certificate_arn }))
    }

    pub(crate) fn get_certificate(&mut self, body: &Value, _now: OffsetDateTime) -> Result<Value> {
        let certificate_arn = arn(body, "CertificateArn")?.to_owned();
        let fails = self.settings.issuance_fails;
        let authority = self.authority(body)?;
        let serial = certificate_arn
            .strip_prefix(&format!("{}/certificate/", authority.arn))
            .ok_or_else(|| {
                AwsError::new(
                    "InvalidArnException",
                    "The certificate is not of this authority",
                )
            })?;
        let root = authority.certificate.clone();
        let issued = authority.issued.get_mut(serial).ok_or_else(|| {
            AwsError::not_found(format!("Could not find Certificate {certificate_arn}"))
        })?;
        if issued.polls_left > 0 {
            issued.polls_left -= 1;
            return Err(AwsError::new(
                "RequestInProgressException",
                "The certificate is being issued",
            ));
        }
        if fails {
            return Err(AwsError::new(
                "RequestFailedException",
                "The certificate could not be issued",
            ));
        }
        let mut answer =
            json!({ "Certificate": crate::pem(DocumentKind::Certificate, &issued.der) });
        if let (Some(root), false) = (root, issued.is_root) {
            answer["CertificateChain"] = json!(crate::pem(DocumentKind::Certificate, &root));
        }
        Ok(answer)
    }

    pub(crate) fn revoke(&mut self, body: &Value, now: OffsetDateTime) -> Result<Value> {
        const REASONS: &[&str] = &[
            "UNSPECIFIED",
            "KEY_COMPROMISE",
            "CERTIFICATE_AUTHORITY_COMPROMISE",
            "AFFILIATION_CHANGED",
            "SUPERSEDED",
            "CESSATION_OF_OPERATION",
            "PRIVILEGE_WITHDRAWN",
            "A_A_COMPROMISE",
        ];
        self.members(
            "RevokeCertificateRequest",
            body,
            &[
                "CertificateAuthorityArn",
                "CertificateSerial",
                "RevocationReason",
            ],
        );
        let serial = required_text(body, "CertificateSerial", 128)?
            .replace(':', "")
            .to_lowercase();
        required(body, "RevocationReason")?;
        let reason = one_of(body, "RevocationReason", REASONS)?
            .unwrap_or("UNSPECIFIED")
            .to_owned();
        let authority = self.authority(body)?;
        if !authority.is_expired(now) {
            authority.allow(&[Status::Active, Status::Disabled], now)?;
        }
        let padded = format!("{serial:0>32}");
        let issued = authority.issued.get_mut(&padded).ok_or_else(|| {
            AwsError::not_found(format!("Could not find Certificate with serial {serial}"))
        })?;
        if issued.is_root {
            return Err(AwsError::new(
                "InvalidRequestException",
                "You cannot revoke the root certificate",
            ));
        }
        if issued.revoked.is_some() {
            return Err(AwsError::new(
                "RequestAlreadyProcessedException",
                "The certificate is already revoked",
            ));
        }
        issued.revoked = Some((now, reason));
        authority.crl_due_since.get_or_insert(now);
        Ok(Value::Null)
    }
}
