//! An authority of our own: the IACA key in any key store, certificates and CRLs by `mdl-iaca`.

use async_trait::async_trait;
use mdl_crypto::Signature;
use mdl_iaca::authority::{AuthorityError, CertificateAuthority, Revocation};
use mdl_iaca::crl::CrlProfile;
use mdl_iaca::profile::{IssuedCertificate, Issuer, SerialNumber, UnsignedCertificate};
use mdl_signer::{SignError, Signer};
use time::{Duration, OffsetDateTime};

use super::AuthorityFolder;
use super::crl::{current_crl, keep_crl, next_number};
use crate::failure::Failure;

/// The authority whose key signs, with its lists in the authority's folder.
#[derive(Debug)]
pub(super) struct OwnAuthority {
    pub(super) folder: AuthorityFolder,
    pub(super) issuer: Issuer,
    pub(super) key: Box<dyn Signer>,
    /// From a list to the next one.
    pub(super) next_update_days: u32,
    /// Certificates that have expired and may leave the list.
    pub(super) expired: Vec<SerialNumber>,
}

impl OwnAuthority {
    async fn sign(&self, message: &[u8]) -> Result<Signature, AuthorityError> {
        self.key.sign(message).await.map_err(|error| match error {
            SignError::Unavailable(_) => AuthorityError::Unavailable(error.into()),
            SignError::Refused(_) => AuthorityError::Refused(error.into()),
        })
    }
}

#[async_trait]
impl CertificateAuthority for OwnAuthority {
    fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    async fn certify(
        &self,
        unsigned: UnsignedCertificate,
        _request: &[u8],
        _at: OffsetDateTime,
    ) -> Result<IssuedCertificate, AuthorityError> {
        let signature = self.sign(unsigned.to_be_signed()).await?;
        Ok(unsigned.attach(&signature)?)
    }

    /// Everything on the current list is carried over.
    async fn revoke(
        &self,
        revoked: &[Revocation],
        at: OffsetDateTime,
    ) -> Result<Vec<u8>, AuthorityError> {
        let refused = |failure: Failure| AuthorityError::Refused(failure.into());
        let unfit = |error: mdl_iaca::crl::CrlError| AuthorityError::Refused(error.into());
        let current = current_crl(&self.folder).map_err(refused)?;
        let number = next_number(&self.folder, current.as_deref()).map_err(refused)?;
        let next_update = at
            .checked_add(Duration::days(i64::from(self.next_update_days)))
            .ok_or_else(|| refused(Failure::usage("the next update is beyond the calendar")))?;
        let mut profile = CrlProfile::new(&self.issuer, number, at, next_update).map_err(unfit)?;
        if let Some(current) = &current {
            profile = profile.follows(current).map_err(unfit)?;
        }
        for revocation in revoked {
            profile = profile.revoke(revocation.serial.clone(), at);
        }
        for serial in &self.expired {
            profile = profile.expired(serial);
        }
        let unsigned = profile.build().map_err(unfit)?;
        let signature = self.sign(unsigned.to_be_signed()).await?;
        let crl = unsigned.attach(&signature)?.into_der();
        keep_crl(&self.folder, number, &crl).map_err(refused)?;
        Ok(crl)
    }
}

#[cfg(test)]
mod tests {
    use mdl_crypto::{Curve, PrivateKey};
    use mdl_iaca::authority::behaviour;
    use mdl_iaca::profile::{Contact, DistinguishedName, IacaProfile, Validity};
    use mdl_signer::SoftwareSigner;
    use time::macros::datetime;

    use super::*;
    use crate::randomness::generator;

    #[test]
    fn an_authority_of_our_own_behaves() {
        let crl_url = "https://iaca.example/crl";
        let at = datetime!(2026-06-01 0:00 UTC);
        for curve in [Curve::P256, Curve::P384, Curve::BrainpoolP256r1] {
            let directory = tempfile::tempdir().unwrap();
            let mut rng = generator(None, "test").unwrap();
            let key = PrivateKey::generate(curve, &mut rng);
            let root = IacaProfile::new(
                key.public_key().clone(),
                DistinguishedName::new("Utopia IACA").country("UT"),
                Validity::days(at, 3650).unwrap(),
                Contact::email("iaca@dmv.example"),
                crl_url,
            )
            .build(&SerialNumber::random(&mut rng))
            .unwrap();
            let signature = key.sign(root.to_be_signed());
            let root = root.attach(&signature).unwrap();
            let authority = OwnAuthority {
                folder: AuthorityFolder::new(directory.path().to_owned()),
                issuer: Issuer::from_certificate(root.as_der()).unwrap(),
                key: Box::new(SoftwareSigner::new(key)),
                next_update_days: 30,
                expired: Vec::new(),
            };
            let check = behaviour::check(&authority, crl_url, at, &mut rng);
            crate::runtime::wait_for(check).unwrap().unwrap();
        }
    }
}
