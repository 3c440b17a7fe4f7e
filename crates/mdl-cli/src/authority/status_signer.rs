use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::profile::{
    DistinguishedName, IssuedCertificate, MsoRevocationListSignerProfile, SerialNumber, Validity,
};
use mdl_signer::key_file::{self, Passphrase};
use time::OffsetDateTime;

use super::{AuthorityFolder, SignerName, sign, start_of_day};
use crate::failure::{Failure, Result};
use crate::files::{NewFolder, Readers, write_new};
use crate::randomness::{Seed, generator, signer};

/// What a new signer of status lists is to be.
#[derive(Clone, Debug)]
pub(crate) struct StatusSignerRequest {
    pub(crate) name: SignerName,
    pub(crate) subject: DistinguishedName,
    pub(crate) curve: Curve,
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
    passphrase: &Passphrase,
) -> Result<IssuedCertificate> {
    let refused = |error: &dyn std::error::Error| {
        Failure::no("the status signer was not certified").because(error)
    };
    let iaca = folder.read_iaca()?;
    let iaca_key = folder.open_iaca_key(&iaca, passphrase)?;
    let files = NewFolder::start(&folder.status_signer(&request.name))?;
    let seed = request.seed.as_ref();
    let mut rng = generator(seed, &format!("status signer {}", request.name))?;
    let key = PrivateKey::generate(request.curve, &mut rng);
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
    let signature = sign(&signer(iaca_key, seed), unsigned.to_be_signed())?;
    let certificate = unsigned
        .attach(&signature)
        .map_err(|error| refused(&error))?;
    write_new(
        &files.file("certificate.pem"),
        certificate.to_pem().as_bytes(),
        Readers::Everyone,
    )?;
    key_file::create(&files.file("key.pem"), &key, passphrase, &mut rng).map_err(|error| {
        Failure::outside("the status signer's key cannot be written").because(&error)
    })?;
    files.finish()?;
    Ok(certificate)
}
