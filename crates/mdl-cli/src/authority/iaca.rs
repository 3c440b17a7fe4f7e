use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::certificate::DocumentKind;
use mdl_iaca::profile::{
    Contact, DistinguishedName, IacaProfile, IssuedCertificate, Issuer, SerialNumber, Validity,
};
use mdl_signer::key_file::{self, Passphrase};
use time::OffsetDateTime;

use super::{AuthorityFolder, sign, start_of_day};
use crate::failure::{Failure, Result};
use crate::files::{NewFolder, Readers, write_new};
use crate::input;
use crate::randomness::{Seed, generator, signer};

/// What a new root is to be.
#[derive(Clone, Debug)]
pub(crate) struct IacaRequest {
    pub(crate) name: DistinguishedName,
    pub(crate) contact: Contact,
    pub(crate) crl_url: String,
    pub(crate) curve: Curve,
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

/// Makes a key and the root certificate for it, and writes both.
///
/// # Errors
/// Exit code 1 for what the profile or the linter refuses, 2 if there is a root already.
pub(crate) fn create_iaca(
    folder: &AuthorityFolder,
    request: &IacaRequest,
    passphrase: &Passphrase,
) -> Result<IssuedCertificate> {
    let files = NewFolder::start(&folder.iaca())?;
    let mut rng = generator(request.seed.as_ref(), "iaca init")?;
    let key = PrivateKey::generate(request.curve, &mut rng);
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
    let signature = sign(
        &signer(key.clone(), request.seed.as_ref()),
        unsigned.to_be_signed(),
    )?;
    let certificate = unsigned
        .attach(&signature)
        .map_err(|error| refused(&error))?;

    let pem = certificate.to_pem();
    write_new(
        &files.file("certificate.pem"),
        pem.as_bytes(),
        Readers::Everyone,
    )?;
    key_file::create(&files.file("key.pem"), &key, passphrase, &mut rng).map_err(|error| {
        Failure::outside("the key of the root cannot be written").because(&error)
    })?;
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
    pub(crate) fn open_iaca_key(&self, iaca: &Iaca, passphrase: &Passphrase) -> Result<PrivateKey> {
        let key = open_key(&self.iaca_key(), passphrase)?;
        if key.public_key() != iaca.issuer.key() {
            let what = format!(
                "{} is not the key of the certificate beside it",
                self.iaca_key().display()
            );
            return Err(Failure::usage(what));
        }
        Ok(key)
    }
}

/// Opens a key of the authority.
pub(super) fn open_key(path: &std::path::Path, passphrase: &Passphrase) -> Result<PrivateKey> {
    key_file::load(path, Some(passphrase))
        .map_err(|error| Failure::usage(format!("cannot open {}", path.display())).because(&error))
}
