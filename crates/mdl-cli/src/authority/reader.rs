use mdl_iaca::profile::{
    DistinguishedName, IssuedCertificate, ReaderAuthenticationProfile, SerialNumber, Validity,
};
use mdl_signer::Signer;
use time::OffsetDateTime;

use super::keys::{Candidate, open_key};
use super::{AuthorityFolder, KeyChoice, SignerName, sign, start_of_day};
use crate::failure::{Failure, Result};
use crate::files::{NewFolder, Readers, write_new};
use crate::passphrase::Passphrases;
use crate::randomness::{Seed, generator};

/// What a new reader is to be.
#[derive(Clone, Debug)]
pub(crate) struct ReaderRequest {
    pub(crate) name: SignerName,
    pub(crate) subject: DistinguishedName,
    pub(crate) key: KeyChoice,
    pub(crate) crl_url: String,
    pub(crate) validity_days: u32,
    pub(crate) at: OffsetDateTime,
    pub(crate) seed: Option<Seed>,
}

/// Key and certificate of a reader that signs its requests (Table B.6), and only then the files.
///
/// # Errors
/// Exit code 1 for what the profile or the linter refuses, 2 if there is one of that name.
pub(crate) fn issue_reader(
    folder: &AuthorityFolder,
    request: &ReaderRequest,
    passphrases: &Passphrases,
) -> Result<IssuedCertificate> {
    let refused =
        |error: &dyn std::error::Error| Failure::no("the reader was not certified").because(error);
    let iaca = folder.read_iaca()?;
    let seed = request.seed.as_ref();
    let iaca_key = folder.open_iaca_key(&iaca, seed, passphrases)?;
    let mut rng = generator(seed, &format!("reader {}", request.name))?;
    let key = Candidate::take(&request.key, seed, passphrases, &mut rng)?;
    let files = NewFolder::start(&folder.reader(&request.name))?;
    let validity = Validity::days(start_of_day(request.at), request.validity_days)
        .map_err(|error| refused(&error))?;
    let unsigned = ReaderAuthenticationProfile::new(
        &iaca.issuer,
        key.public_key().clone(),
        request.subject.clone(),
        validity,
        request.crl_url.clone(),
    )
    .with_mdoc_purpose()
    .build(&SerialNumber::random(&mut rng))
    .map_err(|error| refused(&error))?;
    let signature = sign(&*iaca_key, unsigned.to_be_signed())?;
    let certificate = unsigned
        .attach(&signature)
        .map_err(|error| refused(&error))?;
    write_new(
        &files.file("certificate.pem"),
        certificate.to_pem().as_bytes(),
        Readers::Everyone,
    )?;
    key.write(&files, "the reader's key", passphrases, &mut rng)?;
    files.finish()?;
    Ok(certificate)
}

impl AuthorityFolder {
    /// Opens a reader's key.
    pub(crate) fn open_reader_key(
        &self,
        name: &SignerName,
        passphrases: &Passphrases,
    ) -> Result<Box<dyn Signer>> {
        open_key(&self.reader(name), None, passphrases)
    }
}
