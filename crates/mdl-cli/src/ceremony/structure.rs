//! The structures of a step: a function of the file and of public keys, and nothing else.

use std::collections::BTreeMap;

use mdl_crypto::{PublicKey, Signature};
use mdl_iaca::certificate::DocumentKind;
use mdl_iaca::crl::{CrlProfile, UnsignedCrl};
use mdl_iaca::csr::{CertificateRequest, UnsignedRequest};
use mdl_iaca::profile::{
    DistinguishedName, DocumentSignerProfile, IacaProfile, Issuer, LinkCertificateProfile,
    UnsignedCertificate, Validity,
};
use serde::{Deserialize, Serialize};
use time::Duration;

use super::outline::sha256;
use super::script::{Ceremony, one_pem, read_serial};
use super::step::{CrlStep, DocumentSignerStep, LinkStep, RootStep, Step, time};
use crate::commands::iaca::parse_contact;
use crate::failure::{Failure, Result};
use crate::input;

/// What kind of structure is signed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum StructureKind {
    RootCertificate,
    LinkCertificate,
    CertificationRequest,
    DocumentSignerCertificate,
    Crl,
}

impl StructureKind {
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::RootCertificate => "root certificate",
            Self::LinkCertificate => "link certificate",
            Self::CertificationRequest => "certification request",
            Self::DocumentSignerCertificate => "document signer certificate",
            Self::Crl => "CRL",
        }
    }
}

/// A structure that lacks only its signature. The linter has nothing against it.
pub(super) struct Structure {
    pub(super) step: String,
    pub(super) kind: StructureKind,
    /// The key of the ceremony that signs it.
    pub(super) signer: String,
    unsigned: Unsigned,
}

enum Unsigned {
    Certificate(UnsignedCertificate),
    Request(UnsignedRequest),
    Crl(UnsignedCrl),
}

impl Structure {
    pub(super) fn to_be_signed(&self) -> &[u8] {
        match &self.unsigned {
            Unsigned::Certificate(unsigned) => unsigned.to_be_signed(),
            Unsigned::Request(unsigned) => unsigned.to_be_signed(),
            Unsigned::Crl(unsigned) => unsigned.to_be_signed(),
        }
    }

    /// Completes it after checking the signature, and that the linter still agrees; in DER.
    pub(super) fn attach(self, signature: &Signature) -> Result<Vec<u8>> {
        let failed = |error: &dyn std::error::Error| {
            let (step, what) = (&self.step, self.kind.words());
            Failure::no(format!("step {step}: the {what} was not made")).because(error)
        };
        match self.unsigned {
            Unsigned::Certificate(unsigned) => match unsigned.attach(signature) {
                Ok(certificate) => Ok(certificate.into_der()),
                Err(error) => Err(failed(&error)),
            },
            Unsigned::Request(unsigned) => match unsigned.attach(signature) {
                Ok(request) => Ok(request.into_der()),
                Err(error) => Err(failed(&error)),
            },
            Unsigned::Crl(unsigned) => match unsigned.attach(signature) {
                Ok(crl) => Ok(crl.into_der()),
                Err(error) => Err(failed(&error)),
            },
        }
    }
}

/// Builds every structure of the ceremony, in order, for these public keys: of all keys that it speaks of.
///
/// # Errors
/// Exit code 1 for what a profile or the linter refuses, 2 for a key that is missing.
pub(super) fn build(
    ceremony: &Ceremony,
    keys: &BTreeMap<String, PublicKey>,
) -> Result<Vec<Structure>> {
    let existing = ceremony.issuers.iter();
    let mut builder = Builder {
        ceremony,
        keys,
        issuers: existing
            .map(|(name, existing)| {
                (
                    name.clone(),
                    (existing.issuer.clone(), existing.key.clone()),
                )
            })
            .collect(),
        built: Vec::new(),
    };
    for step in &ceremony.steps {
        builder.step(step)?;
    }
    Ok(builder.built)
}

struct Builder<'c> {
    ceremony: &'c Ceremony,
    keys: &'c BTreeMap<String, PublicKey>,
    /// Roots, and the names of their keys.
    issuers: BTreeMap<String, (Issuer, String)>,
    built: Vec<Structure>,
}

fn refused(step: &str, error: &dyn std::error::Error) -> Failure {
    Failure::no(format!("step {step}: refused")).because(error)
}

impl Builder<'_> {
    fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Key(_) => Ok(()),
            Step::Root(root) => self.root(step, root),
            Step::Link(link) => self.link(step, link),
            Step::DocumentSigner(signer) => self.document_signer(step, signer),
            Step::Crl(crl) => self.crl(crl),
        }
    }

    fn key(&self, name: &str) -> Result<PublicKey> {
        let key = self.keys.get(name).cloned();
        key.ok_or_else(|| Failure::usage(format!("key {name} is not known")))
    }

    fn issuer(&self, name: &str) -> Result<(Issuer, String)> {
        let issuer = self.issuers.get(name).cloned();
        issuer.ok_or_else(|| Failure::usage(format!("there is no issuer {name}")))
    }

    fn push(&mut self, step: &str, kind: StructureKind, signer: &str, unsigned: Unsigned) {
        self.built.push(Structure {
            step: step.to_owned(),
            kind,
            signer: signer.to_owned(),
            unsigned,
        });
    }

    fn root(&mut self, step: &Step, root: &RootStep) -> Result<()> {
        let mut name = DistinguishedName::new(&root.common_name).country(&root.country);
        if let Some(state) = &root.state {
            name = name.state(state);
        }
        if let Some(organization) = &root.organization {
            name = name.organization(organization);
        }
        let validity = Validity::days(time(&root.not_before)?, root.validity_days)
            .map_err(|error| refused(&root.name, &error))?;
        let unsigned = IacaProfile::new(
            self.key(&root.key)?,
            name,
            validity,
            parse_contact(&root.contact),
            &root.crl_url,
        )
        .build(&self.ceremony.serial(step)?)
        .map_err(|error| refused(&root.name, &error))?;
        let issuer = unsigned
            .as_issuer()
            .map_err(|error| refused(&root.name, &error))?;
        self.issuers
            .insert(root.name.clone(), (issuer, root.key.clone()));
        let unsigned = Unsigned::Certificate(unsigned);
        self.push(
            &root.name,
            StructureKind::RootCertificate,
            &root.key,
            unsigned,
        );
        Ok(())
    }

    fn link(&mut self, step: &Step, link: &LinkStep) -> Result<()> {
        let (old, old_key) = self.issuer(&link.old)?;
        let (new, _) = self.issuer(&link.new)?;
        let validity = Validity::days(time(&link.not_before)?, link.validity_days)
            .map_err(|error| refused(&link.name, &error))?;
        let unsigned = LinkCertificateProfile::new(&old, &new, validity, &link.crl_url)
            .build(&self.ceremony.serial(step)?)
            .map_err(|error| refused(&link.name, &error))?;
        let unsigned = Unsigned::Certificate(unsigned);
        self.push(
            &link.name,
            StructureKind::LinkCertificate,
            &old_key,
            unsigned,
        );
        Ok(())
    }

    fn document_signer(&mut self, step: &Step, signer: &DocumentSignerStep) -> Result<()> {
        let name = &signer.name;
        let (issuer, issuer_key) = self.issuer(&signer.issuer)?;
        let validity = Validity::days(time(&signer.not_before)?, signer.validity_days)
            .map_err(|error| refused(name, &error))?;
        let crl_url = &signer.crl_url;
        let mut profile = match (&signer.key, &signer.common_name, &signer.request) {
            (Some(key_name), Some(common_name), None) => {
                let key = self.key(key_name)?;
                let subject = DistinguishedName::new(common_name);
                let request = UnsignedRequest::new(key.clone(), &subject)
                    .map_err(|error| refused(name, &error))?;
                let kind = StructureKind::CertificationRequest;
                self.push(name, kind, key_name, Unsigned::Request(request));
                DocumentSignerProfile::new(&issuer, key, subject, validity, crl_url)
            }
            (_, _, Some(request)) => {
                let der = one_pem(request, DocumentKind::Csr)?;
                let request =
                    CertificateRequest::from_der(&der).map_err(|error| refused(name, &error))?;
                DocumentSignerProfile::from_request(&issuer, &request, validity, crl_url)
            }
            _ => return Err(Failure::usage(format!("step {name}: whose key?"))),
        };
        if let Some(contact) = &signer.contact {
            profile = profile.contact(parse_contact(contact));
        }
        let unsigned = profile
            .build(&self.ceremony.serial(step)?)
            .map_err(|error| refused(name, &error))?;
        let unsigned = Unsigned::Certificate(unsigned);
        let kind = StructureKind::DocumentSignerCertificate;
        self.push(name, kind, &issuer_key, unsigned);
        Ok(())
    }

    fn crl(&mut self, crl: &CrlStep) -> Result<()> {
        let name = &crl.name;
        let (issuer, issuer_key) = self.issuer(&crl.issuer)?;
        let this_update = time(&crl.this_update)?;
        let next_update = this_update
            .checked_add(Duration::days(i64::from(crl.next_update_days)))
            .ok_or_else(|| Failure::usage(format!("step {name}: beyond the calendar")))?;
        let mut profile = CrlProfile::new(&issuer, crl.number, this_update, next_update)
            .map_err(|error| refused(name, &error))?;
        let previous = match &crl.previous {
            None => None,
            Some(previous) => {
                let path = self.ceremony.path(&previous.file);
                let der = input::read_one_pem_or_der(&path, DocumentKind::Crl)?;
                if !previous.sha256.eq_ignore_ascii_case(&sha256(&der)) {
                    let what = format!("{}: not the CRL that is stated", path.display());
                    return Err(
                        Failure::usage(what).hint(format!("its SHA-256 is {}", sha256(&der)))
                    );
                }
                Some(der)
            }
        };
        if let Some(previous) = &previous {
            profile = profile
                .follows(previous)
                .map_err(|error| refused(name, &error))?;
        }
        for entry in &crl.revoke {
            profile = profile.revoke(read_serial(&entry.serial)?, time(&entry.at)?);
        }
        for serial in &crl.expired {
            profile = profile.expired(&read_serial(serial)?);
        }
        let unsigned = profile.build().map_err(|error| refused(name, &error))?;
        let unsigned = Unsigned::Crl(unsigned);
        self.push(name, StructureKind::Crl, &issuer_key, unsigned);
        Ok(())
    }
}
