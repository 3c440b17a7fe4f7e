//! Taking over a certificate that a service built and signed itself.
//!
//! AWS Private CA gets a request and a list of extensions, and returns a finished certificate. Its templates silently
//! drop what they do not like, so what came back is compared with what the profile asked for, not only linted.

use std::fmt;

use time::OffsetDateTime;

use super::{IssuedCertificate, LintRefusal, ProfileError, UnsignedCertificate, lint_gate};
use crate::certificate::{CertificateView, DerError, Name, oid};

/// What a profile asks for, in the terms in which a service is asked for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestedCertificate {
    /// Type in dotted form and text of every attribute of the subject, in the profile's order.
    pub subject: Vec<(String, String)>,
    /// First second of the validity.
    pub not_before: OffsetDateTime,
    /// Last second of the validity.
    pub not_after: OffsetDateTime,
    /// The extensions, in the profile's order.
    pub extensions: Vec<RequestedExtension>,
}

/// An extension that a profile asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestedExtension {
    /// Its type in dotted form, such as `2.5.29.15`.
    pub oid: String,
    /// Whether a reader that does not know it must refuse the certificate.
    pub critical: bool,
    /// Content of the `extnValue` OCTET STRING.
    pub value: Vec<u8>,
}

/// Why a service's certificate is not accepted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// Not a certificate.
    #[error("not a readable certificate")]
    Malformed(#[from] DerError),
    /// The profile's own certificate cannot be encoded.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The linter finds errors, or it is not the certificate that was asked for.
    #[error("{}", refusal(.findings.as_ref(), .differences))]
    Refused {
        /// Breaches of the profile, if any.
        findings: Option<LintRefusal>,
        /// What is not as it was asked for.
        differences: Vec<Difference>,
    },
}

fn refusal(findings: Option<&LintRefusal>, differences: &[Difference]) -> String {
    let findings = findings.map(ToString::to_string);
    let differences = differences.iter().map(ToString::to_string);
    findings
        .into_iter()
        .chain(differences)
        .collect::<Vec<_>>()
        .join("; ")
}

/// What is not as it was asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Difference {
    /// An extension that was asked for is not there.
    LeftOut(String),
    /// An extension has another value than was asked for.
    Value(String),
    /// An extension is critical and should not be, or the other way round.
    Criticality(String),
    /// The subject has other attributes.
    Subject {
        /// What was asked for.
        asked: String,
        /// What the certificate says.
        found: String,
    },
    /// The certificate is for another key.
    Key,
    /// It begins or ends at another time.
    Validity {
        /// What was asked for.
        asked: String,
        /// What the certificate says.
        found: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeftOut(extension) => write!(f, "the service left out {extension}"),
            Self::Value(extension) => write!(f, "the service wrote another {extension}"),
            Self::Criticality(extension) => {
                write!(f, "the service changed the criticality of {extension}")
            }
            Self::Subject { asked, found } => {
                write!(f, "the subject is {found}, {asked} was asked for")
            }
            Self::Key => f.write_str("the certificate is for another key"),
            Self::Validity { asked, found } => {
                write!(f, "the validity is {found}, {asked} was asked for")
            }
        }
    }
}

impl UnsignedCertificate {
    /// What the profile asks for, to be passed on to a service.
    ///
    /// # Errors
    /// [`ProfileError`] if the certificate cannot be encoded.
    pub fn requested(&self) -> Result<RequestedCertificate, ProfileError> {
        let certificate =
            CertificateView::from_der(self.awaiting_signature()).map_err(LintRefusal::from)?;
        let subject = certificate
            .subject()
            .attributes()
            .map(|attribute| {
                let text = attribute.text().unwrap_or_default().into_owned();
                (attribute.oid.to_string(), text)
            })
            .collect();
        let extensions = certificate
            .extensions()
            .iter()
            .map(|extension| RequestedExtension {
                oid: extension.oid.to_string(),
                critical: extension.critical,
                value: extension.value.to_vec(),
            })
            .collect();
        Ok(RequestedCertificate {
            subject,
            not_before: certificate.validity().not_before.at,
            not_after: certificate.validity().not_after.at,
            extensions,
        })
    }

    /// Accepts a certificate that a service issued for what this one asks: with this key, subject, validity and every
    /// extension, signed by the issuer, and without a breach of the profile. The service chooses the serial number, the
    /// string types of the subject, and may add extensions that the linter lets pass.
    ///
    /// # Errors
    /// [`AcceptError`], which names every rule and every difference.
    pub fn accept(self, certificate: &[u8]) -> Result<IssuedCertificate, AcceptError> {
        let asked = CertificateView::from_der(self.awaiting_signature())?;
        let found = CertificateView::from_der(certificate)?;
        let differences = differences(&asked, &found);
        // The linter also finds a signature that is not the issuer's.
        let findings = self
            .lint(certificate)
            .and_then(lint_gate::after_signing)
            .err();
        if findings.is_some() || !differences.is_empty() {
            return Err(AcceptError::Refused {
                findings,
                differences,
            });
        }
        Ok(IssuedCertificate::accepted(certificate.to_vec()))
    }
}

fn differences(asked: &CertificateView<'_>, found: &CertificateView<'_>) -> Vec<Difference> {
    let mut differences = Vec::new();
    if attributes(asked.subject()) != attributes(found.subject()) {
        differences.push(Difference::Subject {
            asked: asked.subject().to_string(),
            found: found.subject().to_string(),
        });
    }
    if asked.public_key_info().der() != found.public_key_info().der() {
        differences.push(Difference::Key);
    }
    let (wanted, got) = (asked.validity(), found.validity());
    if (wanted.not_before.at, wanted.not_after.at) != (got.not_before.at, got.not_after.at) {
        let period = |validity: crate::certificate::Validity<'_>| {
            format!("{} to {}", validity.not_before.at, validity.not_after.at)
        };
        differences.push(Difference::Validity {
            asked: period(wanted),
            found: period(got),
        });
    }
    for extension in asked.extensions().iter() {
        let name = || match extension.oid.name() {
            Some(name) => format!("{name} ({})", extension.oid),
            None => extension.oid.to_string(),
        };
        match found.extensions().get(extension.oid) {
            None => differences.push(Difference::LeftOut(name())),
            Some(other) if other.value != extension.value => {
                differences.push(Difference::Value(name()));
            }
            Some(other) if other.critical != extension.critical => {
                differences.push(Difference::Criticality(name()));
            }
            Some(_) => {}
        }
    }
    differences
}

/// Type and text of every attribute, in any order and string type.
fn attributes<'a>(name: Name<'a>) -> Vec<(oid::Oid<'a>, Option<String>)> {
    let mut attributes: Vec<_> = name
        .attributes()
        .map(|attribute| {
            (
                attribute.oid,
                attribute.text().map(|text| text.into_owned()),
            )
        })
        .collect();
    attributes.sort();
    attributes
}
