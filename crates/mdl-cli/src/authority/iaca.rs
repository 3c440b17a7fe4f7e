use mdl_iaca::certificate::DocumentKind;
use mdl_iaca::profile::{
    Contact, DistinguishedName, IacaProfile, IssuedCertificate, Issuer, SerialNumber, Validity,
};
use mdl_signer::Signer;
use time::OffsetDateTime;

use super::keys::{Candidate, open_key};
use super::{AuthorityFolder, KeyChoice, sign, start_of_day};
use crate::failure::{Failure, Result};
use crate::files::{NewFolder, Readers, write_new};
use crate::input;
use crate::passphrase::Passphrases;
use crate::randomness::{Seed, generator};

/// What a new root is to be.
#[derive(Clone, Debug)]
pub(crate) struct IacaRequest {
    pub(crate) name: DistinguishedName,
    pub(crate) contact: Contact,
    pub(crate) crl_url: String,
    pub(crate) key: KeyChoice,
    pub(crate) validity_days: u32,
    pub(crate) at: OffsetDateTime,
    pub(crate) seed: Option<Seed>,
}

/// An authority's root certificate, read from its folder.
#[derive(Clone, Debug)]
pub(crate) struct Iaca {
    pub(crate) der: Vec<u8>,
    pub(crate) issuer: Issuer,
}

/// Makes or takes a key and makes the root certificate for it, and writes both.
///
/// # Errors
/// Exit code 1 for what the profile or the linter refuses, 2 if there is a root already.
pub(crate) fn create_iaca(
    folder: &AuthorityFolder,
    request: &IacaRequest,
    passphrases: &Passphrases,
) -> Result<IssuedCertificate> {
    let mut rng = generator(request.seed.as_ref(), "iaca init")?;
    let seed = request.seed.as_ref();
    let key = Candidate::take(&request.key, seed, passphrases, &mut rng)?;
    let files = NewFolder::start(&folder.iaca())?;
    let refused = |error: &dyn std::error::Error| {
        Failure::no("the root certificate was not made").because(error)
    };
    let validity = Validity::days(start_of_day(request.at), request.validity_days)
        .map_err(|error| refused(&error))?;
    let profile = IacaProfile::new(
        key.public_key().clone(),
        request.name.clone(),
        validity,
        request.contact.clone(),
        request.crl_url.clone(),
    );
    let unsigned = profile
        .build(&SerialNumber::random(&mut rng))
        .map_err(|error| refused(&error))?;
    let signature = sign(&*key.signer, unsigned.to_be_signed())?;
    let certificate = unsigned
        .attach(&signature)
        .map_err(|error| refused(&error))?;

    let pem = certificate.to_pem();
    write_new(
        &files.file("certificate.pem"),
        pem.as_bytes(),
        Readers::Everyone,
    )?;
    key.write(&files, "the key of the root", passphrases, &mut rng)?;
    files.finish()?;
    Ok(certificate)
}

impl AuthorityFolder {
    /// Reads the root certificate.
    pub(crate) fn read_iaca(&self) -> Result<Iaca> {
        let path = self.iaca_certificate();
        if !path.exists() {
            return Err(self.missing(
                "there is no root certificate",
                "make one with `mdl iaca init`",
            ));
        }
        let der = input::read_one_pem_or_der(&path, DocumentKind::Certificate)?;
        let issuer = Issuer::from_certificate(&der).map_err(|error| {
            Failure::usage(format!("{}: not an issuing certificate", path.display()))
                .because(&error)
        })?;
        Ok(Iaca { der, issuer })
    }

    /// Opens the key of the root.
    pub(crate) fn open_iaca_key(
        &self,
        iaca: &Iaca,
        seed: Option<&Seed>,
        passphrases: &Passphrases,
    ) -> Result<Box<dyn Signer>> {
        let key = open_key(&self.iaca(), seed, passphrases)?;
        if key.public_key() != iaca.issuer.key() {
            let what = format!(
                "the key in {} is not that of the certificate beside it",
                self.iaca().display()
            );
            return Err(Failure::usage(what));
        }
        Ok(key)
    }
}
