use mdl_iaca::profile::{
    DistinguishedName, IssuedCertificate, MsoRevocationListSignerProfile, SerialNumber, Validity,
};
use time::OffsetDateTime;

use super::keys::Candidate;
use super::{AuthorityFolder, KeyChoice, SignerName, sign, start_of_day};
use crate::failure::{Failure, Result};
use crate::files::{NewFolder, Readers, write_new};
use crate::passphrase::Passphrases;
use crate::randomness::{Seed, generator};

/// What a new signer of status lists is to be.
#[derive(Clone, Debug)]
pub(crate) struct StatusSignerRequest {
    pub(crate) name: SignerName,
    pub(crate) subject: DistinguishedName,
    pub(crate) key: KeyChoice,
    pub(crate) crl_url: String,
    pub(crate) validity_days: u32,
    pub(crate) at: OffsetDateTime,
    pub(crate) seed: Option<Seed>,
}

/// Key and certificate of a signer of status lists (second edition, Table B.9), and only then the files.
///
/// # Errors
/// Exit code 1 for what the profile or the linter refuses, 2 if there is one of that name.
pub(crate) fn issue_status_signer(
    folder: &AuthorityFolder,
    request: &StatusSignerRequest,
    passphrases: &Passphrases,
) -> Result<IssuedCertificate> {
    let refused = |error: &dyn std::error::Error| {
        Failure::no("the status signer was not certified").because(error)
    };
    let iaca = folder.read_iaca()?;
    let seed = request.seed.as_ref();
    let iaca_key = folder.open_iaca_key(&iaca, seed, passphrases)?;
    let mut rng = generator(seed, &format!("status signer {}", request.name))?;
    let key = Candidate::take(&request.key, seed, passphrases, &mut rng)?;
    let files = NewFolder::start(&folder.status_signer(&request.name))?;
    let validity = Validity::days(start_of_day(request.at), request.validity_days)
        .map_err(|error| refused(&error))?;
    let unsigned = MsoRevocationListSignerProfile::new(
        &iaca.issuer,
        key.public_key().clone(),
        request.subject.clone(),
        validity,
    )
    .crl_distribution_point(request.crl_url.clone())
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
    key.write(&files, "the status signer's key", passphrases, &mut rng)?;
    files.finish()?;
    Ok(certificate)
}
