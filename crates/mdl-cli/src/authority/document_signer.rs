use std::path::Path;

use mdl_iaca::authority::CertificateAuthority;
use mdl_iaca::certificate::{CertificateView, DocumentKind};
use mdl_iaca::csr::{CertificateRequest, UnsignedRequest};
use mdl_iaca::profile::{
    Contact, DistinguishedName, DocumentSignerProfile, IssuedCertificate, SerialNumber,
    UnsignedCertificate, Validity,
};
use mdl_signer::Signer;
use rand_chacha::ChaCha20Rng;
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};

use super::certification::authority_failure;
use super::keys::{Candidate, key_of, open_key};
use super::own::OwnAuthority;
use super::{AuthorityFolder, Iaca, KeyChoice, SignerName, sign, start_of_day};
use crate::failure::{Failure, Result};
use crate::files::{NewFolder, Readers, replace, write_new};
use crate::passphrase::Passphrases;
use crate::randomness::{Seed, generator};
use crate::runtime::wait_for;
use crate::verification_report::rfc3339;
use crate::{input, pem};

/// What a new document signer is to be.
#[derive(Clone, Debug)]
pub(crate) struct DocumentSignerRequest {
    pub(crate) name: SignerName,
    pub(crate) subject: Subject,
    pub(crate) contact: Option<Contact>,
    pub(crate) crl_url: String,
    pub(crate) validity_days: u32,
    pub(crate) longest_mso_life_days: u32,
    pub(crate) at: OffsetDateTime,
    pub(crate) seed: Option<Seed>,
}

/// Whose key is to be certified.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// A key that is made or used here.
    Key {
        key: KeyChoice,
        name: DistinguishedName,
    },
    /// The key of a request in DER, which somebody else keeps.
    Request(Vec<u8>),
}

/// A document signer, read from its folder.
#[derive(Clone, Debug)]
pub(crate) struct DocumentSigner {
    pub(crate) der: Vec<u8>,
    pub(crate) longest_mso_life: Duration,
    /// Whether it is on the authority's current CRL.
    pub(crate) is_revoked: bool,
    /// Whether it signs no more, although it could.
    pub(crate) is_retired: bool,
}

/// Key, request, proof of possession, certificate, and only then the files.
///
/// # Errors
/// Exit code 1 for what the profile or the linter refuses, 2 if there is a document signer of that name.
pub(crate) fn issue_document_signer(
    folder: &AuthorityFolder,
    request: &DocumentSignerRequest,
    passphrases: &Passphrases,
) -> Result<IssuedCertificate> {
    let longest = request.longest_mso_life_days;
    if longest == 0 || longest > request.validity_days {
        let what = format!(
            "an MSO life of {longest} days in a certificate of {} days",
            request.validity_days
        );
        return Err(Failure::usage(what)
            .hint("choose at least a day, and less than the certificate's validity"));
    }
    let iaca = folder.read_iaca()?;
    #[cfg(feature = "aws")]
    if folder.is_in_private_ca() {
        return super::begun_signer::issue(folder, &iaca, request, passphrases);
    }
    let seed = request.seed.as_ref();
    let authority = OwnAuthority {
        folder: folder.clone(),
        key: folder.open_iaca_key(&iaca, seed, passphrases)?,
        issuer: iaca.issuer.clone(),
        next_update_days: 30,
        expired: Vec::new(),
    };
    let mut rng = generator(seed, &format!("ds issue {}", request.name))?;
    let (key, csr) = make_request(request, passphrases, &mut rng)?;
    let files = NewFolder::start(&folder.document_signer(&request.name))?;
    let unsigned = unsigned(&iaca, request, &csr, start_of_day(request.at), &mut rng)?;
    let certificate = wait_for(authority.certify(unsigned, &csr, request.at))?
        .map_err(|error| authority_failure(NOT_CERTIFIED, error))?;
    write_new(
        &files.file("certificate.pem"),
        certificate.to_pem().as_bytes(),
        Readers::Everyone,
    )?;
    write_request(&files, request, key, &csr, passphrases, &mut rng)?;
    files.finish()?;
    Ok(certificate)
}

/// What is known of a document signer beside its certificate.
const SETTINGS: &str = "signer.json";
/// There, when and why it was retired.
const RETIRED: &str = "retired";

pub(super) const NOT_CERTIFIED: &str = "the document signer was not certified";

fn read_settings(path: &Path) -> Result<Map<String, Value>> {
    serde_json::from_slice(&input::read_at_most(path, 65_536)?).map_err(|error| {
        Failure::usage(format!("{}: expected a JSON object", path.display())).because(&error)
    })
}

fn refused(error: &dyn std::error::Error) -> Failure {
    Failure::no(NOT_CERTIFIED).because(error)
}

/// Takes or makes the key and has it sign the request, which is given in DER.
pub(super) fn make_request(
    request: &DocumentSignerRequest,
    passphrases: &Passphrases,
    rng: &mut ChaCha20Rng,
) -> Result<(Option<Candidate>, Vec<u8>)> {
    let seed = request.seed.as_ref();
    let (key, csr) = match &request.subject {
        Subject::Request(der) => (None, der.clone()),
        Subject::Key { key, name } => {
            let key = Candidate::take(key, seed, passphrases, rng)?;
            let unsigned = UnsignedRequest::new(key.public_key().clone(), name)
                .map_err(|error| refused(&error))?;
            let signature = sign(&*key.signer, unsigned.to_be_signed())?;
            let csr = unsigned
                .attach(&signature)
                .map_err(|error| refused(&error))?;
            (Some(key), csr.into_der())
        }
    };
    CertificateRequest::from_der(&csr).map_err(|error| refused(&error))?;
    Ok((key, csr))
}

/// Writes the request, the settings and the key.
pub(super) fn write_request(
    files: &NewFolder,
    request: &DocumentSignerRequest,
    key: Option<Candidate>,
    csr: &[u8],
    passphrases: &Passphrases,
    rng: &mut ChaCha20Rng,
) -> Result<()> {
    let csr_pem = pem::encode(DocumentKind::Csr.pem_label(), csr);
    write_new(
        &files.file("request.pem"),
        csr_pem.as_bytes(),
        Readers::Everyone,
    )?;
    let longest = request.longest_mso_life_days;
    let settings = format!("{:#}\n", json!({ "longest_mso_life_days": longest }));
    write_new(
        &files.file(SETTINGS),
        settings.as_bytes(),
        Readers::Everyone,
    )?;
    if let Some(key) = key {
        key.write(files, "the document signer's key", passphrases, rng)?;
    }
    Ok(())
}

/// The certificate for a request, as the profile makes it.
pub(super) fn unsigned(
    iaca: &Iaca,
    request: &DocumentSignerRequest,
    csr: &[u8],
    not_before: OffsetDateTime,
    rng: &mut ChaCha20Rng,
) -> Result<UnsignedCertificate> {
    let possession = CertificateRequest::from_der(csr).map_err(|error| refused(&error))?;
    let validity =
        Validity::days(not_before, request.validity_days).map_err(|error| refused(&error))?;
    let mut profile = DocumentSignerProfile::from_request(
        &iaca.issuer,
        &possession,
        validity,
        request.crl_url.clone(),
    );
    if let Some(contact) = &request.contact {
        profile = profile.contact(contact.clone());
    }
    profile
        .build(&SerialNumber::random(rng))
        .map_err(|error| refused(&error))
}

impl AuthorityFolder {
    /// Reads a document signer's certificate and settings.
    pub(crate) fn read_document_signer(&self, name: &SignerName) -> Result<DocumentSigner> {
        let folder = self.document_signer(name);
        if !folder.exists() {
            let known = self
                .signer_names()?
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>();
            let hint = if known.is_empty() {
                format!("make it with `mdl ds issue {name}`")
            } else {
                format!(
                    "there is {}; or make it with `mdl ds issue {name}`",
                    known.join(", ")
                )
            };
            return Err(self.missing(&format!("there is no document signer {name}"), &hint));
        }
        let der =
            input::read_one_pem_or_der(&folder.join("certificate.pem"), DocumentKind::Certificate)?;
        let settings = folder.join(SETTINGS);
        let content = read_settings(&settings)?;
        let days = content
            .get("longest_mso_life_days")
            .and_then(Value::as_u64)
            .and_then(|days| u32::try_from(days).ok())
            .ok_or_else(|| {
                let what = format!(
                    "{}: expected longest_mso_life_days, a number",
                    settings.display()
                );
                Failure::usage(what)
            })?;
        let mut signer = DocumentSigner {
            der,
            longest_mso_life: Duration::days(i64::from(days)),
            is_revoked: false,
            is_retired: content.contains_key(RETIRED),
        };
        signer.is_revoked = self.is_revoked(&signer)?;
        Ok(signer)
    }

    /// Has a document signer sign no more. `false`: it was so already.
    pub(crate) fn retire_document_signer(
        &self,
        name: &SignerName,
        at: OffsetDateTime,
        reason: &str,
    ) -> Result<bool> {
        if self.read_document_signer(name)?.is_retired {
            return Ok(false);
        }
        let path = self.document_signer(name).join(SETTINGS);
        let mut settings = read_settings(&path)?;
        let retired = json!({ "at": rfc3339(at), "reason": reason });
        settings.insert(RETIRED.to_owned(), retired);
        let text = format!("{:#}\n", Value::Object(settings));
        replace(&path, text.as_bytes(), Readers::Everyone)?;
        Ok(true)
    }

    /// Whether the authority's own CRL lists the document signer: what it revokes it must not use either.
    fn is_revoked(&self, signer: &DocumentSigner) -> Result<bool> {
        let root = self.root_of(&signer.der).unwrap_or_else(|| self.clone());
        Ok(root.revokes(&signer.certificate()?)?.is_some())
    }

    /// Opens a document signer's key.
    pub(crate) fn open_document_signer_key(
        &self,
        name: &SignerName,
        seed: Option<&Seed>,
        passphrases: &Passphrases,
    ) -> Result<Box<dyn Signer>> {
        let folder = self.document_signer(name);
        if key_of(&folder).is_none() {
            let what = format!("the key of document signer {name} is not known here");
            return Err(Failure::usage(what).hint("use one that `mdl ds issue` made without --csr"));
        }
        open_key(&folder, seed, passphrases)
    }
}

impl DocumentSigner {
    /// The certificate, parsed.
    pub(crate) fn certificate(&self) -> Result<CertificateView<'_>> {
        CertificateView::from_der(&self.der).map_err(|error| {
            Failure::usage("the document signer's certificate is damaged").because(&error)
        })
    }
}
