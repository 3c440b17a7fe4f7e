//! What `IssueCertificate` is sent for a certificate that a profile built.

use aws_sdk_acmpca::error::BuildError;
use aws_sdk_acmpca::types::{
    ApiPassthrough, Asn1Subject, CustomExtension, Extensions, Validity, ValidityPeriodType,
};
use base64ct::{Base64, Encoding};
use mdl_iaca::profile::RequestedCertificate;
use serde_json::{Map, Value, json};

pub(super) const ISSUER_ALT_NAME: &str = "2.5.29.18";
const CRL_DISTRIBUTION_POINTS: &str = "2.5.29.31";

/// A template of the service.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Template {
    /// The root, over its own request.
    Root,
    /// What is below it.
    EndEntity,
}

impl Template {
    pub(super) const fn arn(self) -> &'static str {
        match self {
            Self::Root => {
                "arn:aws:acm-pca:::template/BlankRootCACertificate_PathLen0_APIPassthrough/V1"
            }
            Self::EndEntity => {
                "arn:aws:acm-pca:::template/BlankEndEntityCertificate_APIPassthrough/V1"
            }
        }
    }

    /// Extensions that the template writes itself. One that is passed as well would be dropped without an error.
    fn writes(self, oid: &str) -> bool {
        match self {
            // subjectKeyIdentifier and basicConstraints.
            Self::Root => ["2.5.29.14", "2.5.29.19"].contains(&oid),
            // And authorityKeyIdentifier, and the CRL that the authority is configured with.
            Self::EndEntity => [
                "2.5.29.14",
                "2.5.29.19",
                "2.5.29.35",
                CRL_DISTRIBUTION_POINTS,
            ]
            .contains(&oid),
        }
    }
}

/// A certificate in the service's terms. Times are absolute: a number of days would be counted from the moment of
/// issue, an hour after the notBefore that the service chooses.
#[derive(Clone, Debug)]
pub(super) struct IssueRequest {
    pub(super) template: Template,
    pub(super) signing_algorithm: &'static str,
    pub(super) not_before: i64,
    pub(super) not_after: i64,
    subject: Vec<(&'static str, String)>,
    /// Type, value, criticality.
    extensions: Vec<(String, Vec<u8>, bool)>,
}

impl IssueRequest {
    pub(super) fn new(
        template: Template,
        signing_algorithm: &'static str,
        asked: &RequestedCertificate,
    ) -> Self {
        let extensions = asked
            .extensions
            .iter()
            .filter(|extension| !template.writes(&extension.oid))
            .map(|extension| {
                (
                    extension.oid.clone(),
                    extension.value.clone(),
                    extension.critical,
                )
            })
            .collect();
        Self {
            template,
            signing_algorithm,
            not_before: asked.not_before.unix_timestamp(),
            not_after: asked.not_after.unix_timestamp(),
            subject: match template {
                // It is in the authority's own request.
                Template::Root => Vec::new(),
                Template::EndEntity => subject_members(asked),
            },
            extensions,
        }
    }

    pub(super) fn validity(&self) -> Result<(Validity, Validity), BuildError> {
        let absolute = |at: i64| {
            Validity::builder()
                .r#type(ValidityPeriodType::Absolute)
                .value(at)
                .build()
        };
        Ok((absolute(self.not_before)?, absolute(self.not_after)?))
    }

    pub(super) fn passthrough(&self) -> Result<ApiPassthrough, BuildError> {
        let mut extensions = Extensions::builder();
        for (oid, value, critical) in &self.extensions {
            let mut extension = CustomExtension::builder()
                .object_identifier(oid)
                .value(Base64::encode_string(value));
            if *critical {
                extension = extension.critical(true);
            }
            extensions = extensions.custom_extensions(extension.build()?);
        }
        let passthrough = ApiPassthrough::builder().extensions(extensions.build());
        Ok(match self.template {
            Template::Root => passthrough.build(),
            Template::EndEntity => passthrough.subject(asn1_subject(&self.subject)).build(),
        })
    }

    /// The request as it is sent, for a person to read first.
    pub(super) fn to_json(&self, authority: &str, csr: &str, token: &str) -> Value {
        let extensions: Vec<_> = self
            .extensions
            .iter()
            .map(|(oid, value, critical)| {
                let mut extension = json!({
                    "ObjectIdentifier": oid,
                    "Value": Base64::encode_string(value),
                });
                if *critical {
                    extension["Critical"] = json!(true);
                }
                extension
            })
            .collect();
        let mut passthrough = json!({ "Extensions": { "CustomExtensions": extensions } });
        if self.template == Template::EndEntity {
            passthrough["Subject"] = subject_json(&self.subject);
        }
        json!({
            "ApiPassthrough": passthrough,
            "CertificateAuthorityArn": authority,
            "Csr": csr,
            "SigningAlgorithm": self.signing_algorithm,
            "TemplateArn": self.template.arn(),
            "Validity": { "Value": self.not_after, "Type": "ABSOLUTE" },
            "ValidityNotBefore": { "Value": self.not_before, "Type": "ABSOLUTE" },
            "IdempotencyToken": token,
        })
    }
}

/// The members of `ASN1Subject` for a subject's attributes. The profiles have no others.
pub(super) fn subject_members(asked: &RequestedCertificate) -> Vec<(&'static str, String)> {
    asked
        .subject
        .iter()
        .filter_map(|(oid, text)| {
            let member = match oid.as_str() {
                "2.5.4.6" => "Country",
                "2.5.4.8" => "State",
                "2.5.4.7" => "Locality",
                "2.5.4.10" => "Organization",
                "2.5.4.3" => "CommonName",
                "2.5.4.5" => "SerialNumber",
                _ => return None,
            };
            Some((member, text.clone()))
        })
        .collect()
}

pub(super) fn asn1_subject(members: &[(&'static str, String)]) -> Asn1Subject {
    let mut subject = Asn1Subject::builder();
    for (member, text) in members {
        subject = match *member {
            "Country" => subject.country(text),
            "State" => subject.state(text),
            "Locality" => subject.locality(text),
            "Organization" => subject.organization(text),
            "SerialNumber" => subject.serial_number(text),
            _ => subject.common_name(text),
        };
    }
    subject.build()
}

pub(super) fn subject_json(members: &[(&'static str, String)]) -> Value {
    let members = members
        .iter()
        .map(|(member, text)| ((*member).to_owned(), json!(text)));
    Value::Object(members.collect::<Map<_, _>>())
}
