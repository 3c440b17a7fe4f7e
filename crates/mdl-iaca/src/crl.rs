//! Building certificate revocation lists (Table B.10).
//!
//! A CRL of an IACA is full and complete: no deltas, no issuing distribution point, no reason codes. A new one is due
//! at least every 90 days, and within 48 hours of a revocation. Checking a received CRL is in [`crate::revocation`].

use std::collections::BTreeMap;

use mdl_crypto::{PublicKey, Signature};
use time::{Duration, OffsetDateTime};
use x509_cert::der::Encode;
use x509_cert::der::asn1::UintRef;
use x509_cert::der::oid::AssociatedOid;
use x509_cert::ext::pkix::CrlNumber as CrlNumberExtension;

use crate::certificate::{CertificateView, CrlView, DerError, SignatureError};
use crate::lint::{LintFinding, lint_crl, lint_crl_sequence};
use crate::profile::extension_list::ExtensionList;
use crate::profile::{
    AttachError, InvalidSerialNumber, Issuer, LintRefusal, ProfileError, SerialNumber, Validity,
    encoding, lint_gate,
};

/// Longest time from thisUpdate to nextUpdate.
const LIMIT_DAYS: i64 = 90;

/// The content of the next CRL of an IACA.
#[derive(Clone, Debug)]
pub struct CrlProfile<'a> {
    issuer: &'a Issuer,
    number: u64,
    this_update: OffsetDateTime,
    next_update: OffsetDateTime,
    previous: Option<&'a [u8]>,
    // By serial number, so that the same revocations give the same bytes in whatever order they were added.
    revoked: BTreeMap<Vec<u8>, (SerialNumber, OffsetDateTime)>,
}

/// Why a CRL is not built.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CrlError {
    /// nextUpdate is not later than thisUpdate.
    #[error("nextUpdate is not later than thisUpdate")]
    NextUpdate,
    /// nextUpdate is more than 90 days after thisUpdate.
    #[error("nextUpdate is more than {LIMIT_DAYS} days after thisUpdate")]
    TooLong,
    /// A revocation date later than thisUpdate: the list would announce the future.
    #[error("certificate {serial} is revoked at {at}, later than thisUpdate")]
    RevokedLater {
        /// Serial number in hexadecimal.
        serial: String,
        /// Revocation date.
        at: OffsetDateTime,
    },
    /// The previous list cannot be read.
    #[error("the previous CRL is not readable")]
    PreviousMalformed(#[from] DerError),
    /// The previous list is not by this issuer, or its signature does not verify.
    #[error("the previous CRL is by another issuer")]
    PreviousIssuer,
    /// The signature of the previous list does not verify with the issuer's key.
    #[error("the signature of the previous CRL does not verify")]
    PreviousSignature(#[source] SignatureError),
    /// The previous list has no CRL number to count on from.
    #[error("the previous CRL has no cRLNumber")]
    PreviousNumber,
    /// The CRL number does not exceed that of the previous list.
    #[error("cRLNumber {number} does not exceed {previous} of the previous CRL")]
    NumberNotIncreasing {
        /// Number asked for.
        number: u64,
        /// Number of the previous list, in hexadecimal.
        previous: String,
    },
    /// thisUpdate lies before that of the previous list.
    #[error("thisUpdate precedes that of the previous CRL")]
    EarlierThanPrevious,
    /// A serial number in the previous list is zero, negative or too long.
    #[error("the previous CRL lists an invalid serial number")]
    PreviousSerialNumber(#[from] InvalidSerialNumber),
    /// The structure cannot be encoded.
    #[error(transparent)]
    Profile(#[from] ProfileError),
}

impl From<x509_cert::der::Error> for CrlError {
    fn from(error: x509_cert::der::Error) -> Self {
        Self::Profile(ProfileError::from(error))
    }
}

impl<'a> CrlProfile<'a> {
    /// An empty CRL of `issuer`, which must hold the key that signs: indirect CRLs are forbidden.
    ///
    /// # Errors
    /// [`CrlError::NextUpdate`] or [`CrlError::TooLong`] for times that do not fit.
    pub fn new(
        issuer: &'a Issuer,
        number: u64,
        this_update: OffsetDateTime,
        next_update: OffsetDateTime,
    ) -> Result<Self, CrlError> {
        let period = Validity::new(this_update, next_update).map_err(|_| CrlError::NextUpdate)?;
        if period.not_after() - period.not_before() > Duration::days(LIMIT_DAYS) {
            return Err(CrlError::TooLong);
        }
        Ok(Self {
            issuer,
            number,
            this_update: period.not_before(),
            next_update: period.not_after(),
            previous: None,
            revoked: BTreeMap::new(),
        })
    }

    /// Carries over every entry of the `previous` list; their extensions, which the profile forbids, are left behind.
    ///
    /// # Errors
    /// [`CrlError`] unless `previous` is an earlier list of the same issuer with a lower number and a good signature.
    pub fn follows(mut self, previous: &'a [u8]) -> Result<Self, CrlError> {
        self.previous = Some(previous);
        let previous = CrlView::from_der(previous)?;
        if previous.issuer().der() != self.issuer.subject() {
            return Err(CrlError::PreviousIssuer);
        }
        previous
            .verify_signature(self.issuer.key())
            .map_err(CrlError::PreviousSignature)?;
        let number = previous
            .extensions()
            .crl_number()?
            .ok_or(CrlError::PreviousNumber)?;
        if !exceeds(self.number, number) {
            let previous = number.iter().map(|octet| format!("{octet:02x}")).collect();
            return Err(CrlError::NumberNotIncreasing {
                number: self.number,
                previous,
            });
        }
        if previous.this_update().at > self.this_update {
            return Err(CrlError::EarlierThanPrevious);
        }
        for entry in previous.revoked() {
            let serial = SerialNumber::from_content(entry.serial.as_bytes())?;
            self = self.revoke(serial, entry.revocation_date.at);
        }
        Ok(self)
    }

    /// Adds a revoked certificate. A certificate that already is on the list keeps its earlier date.
    #[must_use]
    pub fn revoke(mut self, serial: SerialNumber, at: OffsetDateTime) -> Self {
        let entry = self
            .revoked
            .entry(serial.as_be_bytes().to_vec())
            .or_insert((serial, at));
        entry.1 = entry.1.min(at);
        self
    }

    /// Takes a certificate off the list because it has expired, the only reason there is for that.
    #[must_use]
    pub fn expired(mut self, serial: &SerialNumber) -> Self {
        self.revoked.remove(serial.as_be_bytes());
        self
    }

    /// The list, ready to be signed by the issuer's key.
    ///
    /// # Errors
    /// [`CrlError::RevokedLater`], or [`CrlError::Profile`] for a time without X.509 form.
    pub fn build(&self) -> Result<UnsignedCrl, CrlError> {
        let mut entries = Vec::with_capacity(self.revoked.len());
        for (serial, at) in self.revoked.values() {
            if *at >= self.this_update + Duration::seconds(1) {
                return Err(CrlError::RevokedLater {
                    serial: serial.to_string(),
                    at: *at,
                });
            }
            entries.push(encoding::sequence(&[
                &serial.to_der()?,
                &encoding::time(*at)?,
            ])?);
        }
        // The field is OPTIONAL and its list never empty (RFC 5280, 5.1.2.6).
        let revoked = if entries.is_empty() {
            Vec::new()
        } else {
            encoding::sequence(&entries.iter().map(Vec::as_slice).collect::<Vec<_>>())?
        };
        let mut extensions = ExtensionList::default();
        extensions.authority_key_identifier(self.issuer.key_identifier())?;
        extensions.push(
            CrlNumberExtension::OID,
            false,
            &UintRef::new(&self.number.to_be_bytes())?,
        )?;

        let algorithm = encoding::ecdsa_algorithm(self.issuer.key().curve())?;
        let tbs = encoding::sequence(&[
            &1u8.to_der()?,
            &algorithm,
            self.issuer.subject(),
            &encoding::time(self.this_update)?,
            &encoding::time(self.next_update)?,
            &revoked,
            &encoding::explicit(0, &extensions.to_der()?)?,
        ])?;
        let mut unsigned = UnsignedCrl {
            tbs,
            algorithm,
            issuer_key: self.issuer.key().clone(),
            issuer_certificate: self.issuer.certificate().to_vec(),
            findings: Vec::new(),
        };
        let awaiting = encoding::awaiting_signature(&unsigned.tbs, &unsigned.algorithm)?;
        let mut findings = unsigned.lint(&awaiting).map_err(ProfileError::from)?;
        if let Some(previous) = self.previous {
            let (crl, previous) = (CrlView::from_der(&awaiting)?, CrlView::from_der(previous)?);
            findings.extend(lint_crl_sequence(&crl, &previous));
        }
        unsigned.findings = lint_gate::before_signing(findings).map_err(ProfileError::from)?;
        Ok(unsigned)
    }
}

/// Whether `number` is greater than the non-negative INTEGER with these content octets.
fn exceeds(number: u64, previous: &[u8]) -> bool {
    let zeros = previous.iter().take_while(|octet| **octet == 0).count();
    let magnitude = previous.get(zeros..).unwrap_or_default();
    if magnitude.len() > 8 {
        return false;
    }
    let previous = magnitude
        .iter()
        .fold(0u64, |sum, octet| sum << 8 | u64::from(*octet));
    number > previous
}

/// A CRL that lacks only its signature.
#[derive(Clone, Debug)]
pub struct UnsignedCrl {
    tbs: Vec<u8>,
    algorithm: Vec<u8>,
    issuer_key: PublicKey,
    issuer_certificate: Vec<u8>,
    findings: Vec<LintFinding>,
}

impl UnsignedCrl {
    /// The DER of the TBSCertList: the message to sign, not yet hashed.
    pub fn to_be_signed(&self) -> &[u8] {
        &self.tbs
    }

    /// The key whose signature is expected.
    pub fn issuer_key(&self) -> &PublicKey {
        &self.issuer_key
    }

    /// What the linter remarks on, short of an error.
    pub fn findings(&self) -> &[LintFinding] {
        &self.findings
    }

    fn lint(&self, crl: &[u8]) -> Result<Vec<LintFinding>, LintRefusal> {
        let issuer = CertificateView::from_der(&self.issuer_certificate)?;
        Ok(lint_crl(&CrlView::from_der(crl)?, Some(&issuer)))
    }

    /// Completes the list after checking that the signature is the issuer's over these very bytes, and that the linter
    /// still agrees.
    ///
    /// # Errors
    /// [`AttachError::Signature`] for any other signature, [`AttachError::Linter`] for what only the finished list
    /// shows.
    pub fn attach(self, signature: &Signature) -> Result<IssuedCrl, AttachError> {
        self.issuer_key
            .verify(
                self.issuer_key.curve().algorithm(),
                &self.tbs,
                signature.as_bytes(),
            )
            .map_err(AttachError::Signature)?;
        let der = encoding::signed(&self.tbs, &self.algorithm, signature)?;
        lint_gate::after_signing(self.lint(&der)?)?;
        Ok(IssuedCrl { der })
    }
}

/// A CRL with a signature that was checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IssuedCrl {
    der: Vec<u8>,
}

impl IssuedCrl {
    /// The CRL in DER, as it is published.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The CRL in DER, owned.
    pub fn into_der(self) -> Vec<u8> {
        self.der
    }

    /// The CRL in PEM, lines ended by `\n`.
    pub fn to_pem(&self) -> String {
        encoding::pem("X509 CRL", &self.der)
    }
}
