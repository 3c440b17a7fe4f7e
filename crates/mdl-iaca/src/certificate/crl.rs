//! Certificate revocation lists as received (RFC 5280, clause 5; ISO/IEC 18013-5, Table B.10).

use mdl_crypto::PublicKey;

use super::der::{DerError, GENERALIZED_TIME, INTEGER, Reader, SEQUENCE, UTC_TIME, deviations};
use super::{
    AlgorithmIdentifier, Deviation, Extensions, Name, SerialNumber, SignatureError, SignedData,
    Time, read_extensions, read_version,
};

/// A larger CRL is refused: room for half a million entries.
pub const MAX_CRL_BYTES: usize = 20 * 1024 * 1024;

/// A CRL as received.
///
/// The entries are checked once when the list is read and then walked in place; a list of any length costs no memory
/// beyond its own bytes.
#[derive(Clone, Debug)]
pub struct CrlView<'a> {
    signed: SignedData<'a>,
    version: u8,
    inner_algorithm: AlgorithmIdentifier<'a>,
    issuer: Name<'a>,
    this_update: Time<'a>,
    next_update: Option<Time<'a>>,
    revoked: Option<Reader<'a>>,
    extensions: Extensions<'a>,
}

impl<'a> CrlView<'a> {
    /// Reads one DER CRL of at most [`MAX_CRL_BYTES`], nothing after it.
    ///
    /// # Errors
    /// [`DerError`] with the offset of the octet at which the bytes stop being a CRL.
    pub fn from_der(der: &'a [u8]) -> Result<Self, DerError> {
        let (signed, mut fields) = SignedData::read(der, MAX_CRL_BYTES)?;
        let version = if fields.peek_tag() == Some(INTEGER) {
            read_version(&mut fields)?
        } else {
            1
        };
        let inner_algorithm = AlgorithmIdentifier::read(&mut fields)?;
        let issuer = Name::read(&mut fields)?;
        let this_update = Time::read(&mut fields)?;
        let next_update = match fields.peek_tag() {
            Some(UTC_TIME | GENERALIZED_TIME) => Some(Time::read(&mut fields)?),
            _ => None,
        };
        let revoked = fields.optional(SEQUENCE)?.map(|list| list.reader());
        if let Some(mut entries) = revoked.clone() {
            while !entries.is_empty() {
                RevokedCertificate::read(&mut entries)?;
            }
        }
        let extensions = read_extensions(&mut fields, 0xa0)?;
        fields.finish()?;
        Ok(Self {
            signed,
            version,
            inner_algorithm,
            issuer,
            this_update,
            next_update,
            revoked,
            extensions,
        })
    }

    /// The whole CRL.
    pub fn der(&self) -> &'a [u8] {
        self.signed.der()
    }

    /// `tbsCertList`, tag and length included.
    pub fn tbs(&self) -> &'a [u8] {
        self.signed.tbs()
    }

    /// TBS bytes, outer algorithm and signature.
    pub fn signed_data(&self) -> &SignedData<'a> {
        &self.signed
    }

    /// Version as people say it: 2 for `v2(1)`.
    pub fn version(&self) -> u8 {
        self.version
    }

    /// `tbsCertList.signature`.
    pub fn inner_algorithm(&self) -> AlgorithmIdentifier<'a> {
        self.inner_algorithm
    }

    /// Whether the inner and outer algorithm are the same octets.
    pub fn algorithms_agree(&self) -> bool {
        self.inner_algorithm == self.signed.algorithm()
    }

    /// Issuer name.
    pub fn issuer(&self) -> Name<'a> {
        self.issuer
    }

    /// When this list was made.
    pub fn this_update(&self) -> Time<'a> {
        self.this_update
    }

    /// When the next list comes at the latest.
    pub fn next_update(&self) -> Option<Time<'a>> {
        self.next_update
    }

    /// Whether `revokedCertificates` is present, even if empty.
    pub fn has_revoked_list(&self) -> bool {
        self.revoked.is_some()
    }

    /// The revoked certificates in the order of the encoding.
    pub fn revoked(&self) -> impl Iterator<Item = RevokedCertificate<'a>> + use<'a> {
        let mut entries = self.revoked.clone().unwrap_or_else(|| Reader::new(&[], 0));
        std::iter::from_fn(move || RevokedCertificate::read(&mut entries).ok())
    }

    /// The entry for a serial number, if it is revoked.
    pub fn find(&self, serial: SerialNumber<'_>) -> Option<RevokedCertificate<'a>> {
        self.revoked().find(|entry| entry.serial == serial)
    }

    /// `crlExtensions`.
    pub fn extensions(&self) -> &Extensions<'a> {
        &self.extensions
    }

    /// Where the encoding says the same as DER in other octets, at most a few dozen places.
    pub fn deviations(&self) -> Vec<Deviation> {
        let mut found = deviations(self.der(), 0);
        found.extend(self.extensions.deviations());
        found
    }

    /// Checks the signature over the received TBS bytes, with the hash that the outer algorithm names.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify_signature(&self, issuer_key: &PublicKey) -> Result<(), SignatureError> {
        self.signed.verify(issuer_key)
    }
}

/// One entry of a CRL.
#[derive(Clone, Debug)]
pub struct RevokedCertificate<'a> {
    /// Serial number of the revoked certificate.
    pub serial: SerialNumber<'a>,
    /// Since when.
    pub revocation_date: Time<'a>,
    /// Entry extensions; Table B.10 allows none.
    pub extensions: Extensions<'a>,
}

impl<'a> RevokedCertificate<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DerError> {
        let mut fields = reader.expect(SEQUENCE)?.reader();
        let serial = SerialNumber::read(&mut fields)?;
        let revocation_date = Time::read(&mut fields)?;
        let extensions = if fields.is_empty() {
            Extensions::default()
        } else {
            Extensions::read(&mut fields)?
        };
        fields.finish()?;
        Ok(Self {
            serial,
            revocation_date,
            extensions,
        })
    }
}
