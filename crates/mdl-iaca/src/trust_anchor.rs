//! Trust anchors: the IACA certificates a reader has decided to believe.
//!
//! A [`TrustAnchor`] is parsed once; a [`TrustAnchors`] list finds the candidates for a document signer by the exact
//! bytes of its issuer name. Several anchors may share a name (a re-keyed IACA), so all of them are candidates and
//! the signature decides. An empty list trusts nobody.
//!
//! Trust passes from a root to its successor by a link certificate ([`TrustAnchor::follow_link`], [`renewed_roots`]).
//!
//! ISO/IEC 18013-5, Tables B.1 and B.2, 12.8; Annex C for the scope that comes with a VICAL.

mod link;
mod scope;

pub use link::{LinkError, LinkOutcome, renewed_roots};
pub use scope::{DocTypeScope, RegionScope};

use scope::scope_key;
use std::sync::Arc;

use mdl_crypto::{HashAlgorithm, InvalidKey, PublicKey};
use time::{Duration, OffsetDateTime};

use crate::certificate::{CertificateView, DerError, KeyUsage, SignatureError};
use crate::path::{NameText, ProhibitedExtension, first_unknown_critical};

/// Days of the longest validity, 20 years with their leap days.
const LIMIT_DAYS: i64 = 20 * 365 + 5;

/// An IACA certificate that is trusted, with the scope and the origin of that trust.
#[derive(Clone, Debug)]
pub struct TrustAnchor {
    der: Vec<u8>,
    fingerprint: [u8; 32],
    subject: Vec<u8>,
    key: PublicKey,
    key_identifier: Option<Vec<u8>>,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
    country: NameText,
    state: NameText,
    may_sign_certificates: bool,
    may_sign_crls: bool,
    deviations: Vec<AnchorDeviation>,
    scope: DocTypeScope,
    region: RegionScope,
    source: AnchorSource,
}

/// Where the trust in an anchor comes from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum AnchorSource {
    /// The operator of the reader chose it.
    #[default]
    Configured,
    /// An entry of a verified VICAL.
    Vical {
        /// `vicalProvider`.
        provider: String,
        /// `vicalIssueID`, if the list has one.
        issue_id: Option<u64>,
    },
    /// The root of the same authority that was trusted before.
    Link {
        /// SHA-256 over the certificate of that root.
        from: [u8; 32],
    },
    /// A verified trust bundle.
    Bundle {
        /// `publisher`.
        publisher: String,
        /// `sequence`.
        sequence: u64,
        /// `origin`: where the publisher has it from.
        origin: Option<String>,
    },
}

/// Why a certificate cannot be a trust anchor at all.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustAnchorError {
    /// Not a certificate, or a known extension of it cannot be read.
    #[error("not a readable certificate")]
    Malformed(#[from] DerError),
    /// The key is on a curve that is not supported, or not a point of its curve.
    #[error("unusable public key")]
    Key(#[from] InvalidKey),
    /// Annex B knows no certificate signed with EdDSA.
    #[error("an Edwards key signs no certificates")]
    EdwardsKey,
    /// It names itself as issuer, but its key did not sign it.
    #[error("the self-signature does not verify")]
    SelfSignature(#[source] SignatureError),
}

/// In what an anchor deviates from the IACA profile (Table B.1). The linter says more; these bear on trust.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AnchorDeviation {
    /// basicConstraints is absent or says that this is no certificate authority.
    #[error("not a certificate authority")]
    NotCa,
    /// The path length constraint is not 0.
    #[error("path length constraint is not 0")]
    PathLength,
    /// basicConstraints is not critical.
    #[error("basicConstraints is not critical")]
    BasicConstraintsNotCritical,
    /// keyUsage is absent.
    #[error("keyUsage is absent")]
    NoKeyUsage,
    /// keyUsage does not include keyCertSign.
    #[error("keyUsage lacks keyCertSign")]
    NoKeyCertSign,
    /// keyUsage does not include cRLSign.
    #[error("keyUsage lacks cRLSign")]
    NoCrlSign,
    /// keyUsage has bits beyond keyCertSign and cRLSign.
    #[error("keyUsage has further bits")]
    FurtherKeyUsage,
    /// keyUsage is not critical.
    #[error("keyUsage is not critical")]
    KeyUsageNotCritical,
    /// Issued by another name: not a root.
    #[error("issuer and subject differ")]
    NotSelfIssued,
    /// No subject key identifier.
    #[error("subjectKeyIdentifier is absent")]
    NoKeyIdentifier,
    /// No issuer alternative name.
    #[error("issuerAltName is absent")]
    NoIssuerAltName,
    /// Key purposes, which an IACA does not have.
    #[error("extKeyUsage is present")]
    ExtendedKeyUsage,
    /// Valid for more than 20 years.
    #[error("valid for more than 20 years")]
    ValidityTooLong,
    /// One of the extensions that Annex B prohibits.
    #[error("prohibited extension {}", .0.name())]
    Prohibited(ProhibitedExtension),
    /// A critical extension that is not known here, by its object identifier.
    #[error("unknown critical extension {0}")]
    UnknownCriticalExtension(String),
}

impl AnchorDeviation {
    /// Whether a path below such an anchor must not be accepted under any policy.
    pub fn is_fatal(&self) -> bool {
        matches!(
            self,
            Self::NotCa | Self::NoKeyCertSign | Self::UnknownCriticalExtension(_)
        )
    }
}

impl TrustAnchor {
    /// Reads an anchor from the DER of its certificate: trusted for every document type, by configuration.
    ///
    /// # Errors
    /// [`TrustAnchorError`].
    pub fn from_der(der: &[u8]) -> Result<Self, TrustAnchorError> {
        let certificate = CertificateView::from_der(der)?;
        let key = certificate.public_key_info().public_key()?;
        if key.curve().is_edwards() {
            return Err(TrustAnchorError::EdwardsKey);
        }
        if certificate.is_self_issued() {
            certificate
                .verify_signature(&key)
                .map_err(TrustAnchorError::SelfSignature)?;
        }
        let extensions = certificate.extensions();
        let usage = extensions.key_usage()?;
        // Without a keyUsage extension RFC 5280 places no limit on the key.
        let may = |bit| usage.is_none_or(|usage| usage.contains(bit));
        let subject = certificate.subject();
        Ok(Self {
            fingerprint: certificate.fingerprint(),
            subject: subject.der().to_vec(),
            key,
            key_identifier: extensions.subject_key_identifier()?.map(<[u8]>::to_vec),
            not_before: certificate.validity().not_before.at,
            not_after: certificate.validity().not_after.at,
            country: NameText::country(&subject),
            state: NameText::state(&subject),
            may_sign_certificates: may(KeyUsage::KEY_CERT_SIGN),
            may_sign_crls: may(KeyUsage::CRL_SIGN),
            deviations: deviations(&certificate)?,
            scope: DocTypeScope::default(),
            region: RegionScope::default(),
            source: AnchorSource::default(),
            der: der.to_vec(),
        })
    }

    /// The same anchor, trusted only for these document types.
    #[must_use]
    pub fn only_for<T: Into<String>>(mut self, doc_types: impl IntoIterator<Item = T>) -> Self {
        let mut doc_types: Vec<String> = doc_types.into_iter().map(Into::into).collect();
        doc_types.sort();
        doc_types.dedup();
        self.scope = DocTypeScope::Only(doc_types);
        self
    }

    /// The same anchor, trusted only for document signers of this region.
    #[must_use]
    pub fn only_in(mut self, region: RegionScope) -> Self {
        self.region = region;
        self
    }

    /// The same anchor, with another origin of the trust in it.
    #[must_use]
    pub fn with_source(mut self, source: AnchorSource) -> Self {
        self.source = source;
        self
    }

    /// The certificate, as it was received.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 over the certificate.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// The DER of the subject name.
    pub fn subject(&self) -> &[u8] {
        &self.subject
    }

    /// The key that signs document signers and CRLs.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The subject key identifier.
    pub fn key_identifier(&self) -> Option<&[u8]> {
        self.key_identifier.as_deref()
    }

    /// First moment of validity.
    pub fn not_before(&self) -> OffsetDateTime {
        self.not_before
    }

    /// Last moment of validity.
    pub fn not_after(&self) -> OffsetDateTime {
        self.not_after
    }

    /// countryName of the subject, if there is exactly one.
    pub fn country(&self) -> Option<&str> {
        self.country.text()
    }

    /// stateOrProvinceName of the subject, if there is exactly one.
    pub fn state(&self) -> Option<&str> {
        self.state.text()
    }

    /// The document types it is trusted for.
    pub fn scope(&self) -> &DocTypeScope {
        &self.scope
    }

    /// The region it is trusted for.
    pub fn region(&self) -> &RegionScope {
        &self.region
    }

    /// Where the trust comes from.
    pub fn source(&self) -> &AnchorSource {
        &self.source
    }

    /// In what it deviates from the IACA profile; empty for a faultless one.
    pub fn deviations(&self) -> &[AnchorDeviation] {
        &self.deviations
    }

    /// Whether its key usage, if it has one, includes keyCertSign.
    pub fn may_sign_certificates(&self) -> bool {
        self.may_sign_certificates
    }

    /// Whether its key usage, if it has one, includes cRLSign.
    pub fn may_sign_crls(&self) -> bool {
        self.may_sign_crls
    }

    pub(crate) fn country_text(&self) -> &NameText {
        &self.country
    }

    pub(crate) fn state_text(&self) -> &NameText {
        &self.state
    }

    /// Whether `other` is the same certificate with the same scope: as an anchor it adds nothing.
    fn same_trust(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
            && self.scope == other.scope
            && self.region == other.region
    }

    /// Whether `at` lies within its validity.
    pub(crate) fn is_valid_at(&self, at: OffsetDateTime) -> bool {
        self.not_before <= at && at <= self.not_after
    }
}

fn deviations(certificate: &CertificateView<'_>) -> Result<Vec<AnchorDeviation>, DerError> {
    use crate::certificate::oid;

    let extensions = certificate.extensions();
    let critical = |oid| {
        extensions
            .get(oid)
            .is_some_and(|extension| extension.critical)
    };
    let mut found = Vec::new();
    match extensions.basic_constraints()? {
        Some(constraints) if constraints.ca => {
            if constraints.path_length != Some(0) {
                found.push(AnchorDeviation::PathLength);
            }
            if !critical(oid::BASIC_CONSTRAINTS) {
                found.push(AnchorDeviation::BasicConstraintsNotCritical);
            }
        }
        _ => found.push(AnchorDeviation::NotCa),
    }
    match extensions.key_usage()? {
        None => found.push(AnchorDeviation::NoKeyUsage),
        Some(usage) => {
            if !usage.contains(KeyUsage::KEY_CERT_SIGN) {
                found.push(AnchorDeviation::NoKeyCertSign);
            }
            if !usage.contains(KeyUsage::CRL_SIGN) {
                found.push(AnchorDeviation::NoCrlSign);
            }
            if usage.bits() & !(KeyUsage::KEY_CERT_SIGN | KeyUsage::CRL_SIGN) != 0 {
                found.push(AnchorDeviation::FurtherKeyUsage);
            }
            if !critical(oid::KEY_USAGE) {
                found.push(AnchorDeviation::KeyUsageNotCritical);
            }
        }
    }
    if !certificate.is_self_issued() {
        found.push(AnchorDeviation::NotSelfIssued);
    }
    if extensions.subject_key_identifier()?.is_none() {
        found.push(AnchorDeviation::NoKeyIdentifier);
    }
    if extensions
        .issuer_alt_name()?
        .is_none_or(|names| names.is_empty())
    {
        found.push(AnchorDeviation::NoIssuerAltName);
    }
    if extensions.get(oid::EXTENDED_KEY_USAGE).is_some() {
        found.push(AnchorDeviation::ExtendedKeyUsage);
    }
    if certificate.validity().duration() > Duration::days(LIMIT_DAYS) {
        found.push(AnchorDeviation::ValidityTooLong);
    }
    if let Some(prohibited) = ProhibitedExtension::first_of(extensions) {
        found.push(AnchorDeviation::Prohibited(prohibited));
    }
    if let Some(unknown) = first_unknown_critical(extensions) {
        found.push(AnchorDeviation::UnknownCriticalExtension(
            unknown.to_string(),
        ));
    }
    Ok(found)
}

/// Identifies the content of a [`TrustAnchors`] list: the same anchors with the same scopes have the same identifier.
pub type TrustListId = [u8; 32];

/// The trust anchors of a reader, indexed by subject name.
#[derive(Clone, Debug)]
pub struct TrustAnchors {
    // Ordered by subject, so that the candidates of a name are neighbours.
    anchors: Vec<Arc<TrustAnchor>>,
    id: TrustListId,
}

impl TrustAnchors {
    /// A list of these anchors. The same certificate may appear with different scopes.
    pub fn new(anchors: impl IntoIterator<Item = TrustAnchor>) -> Self {
        let mut anchors: Vec<_> = anchors.into_iter().map(Arc::new).collect();
        anchors.sort_by(|a, b| {
            let order = |anchor: &TrustAnchor| {
                (
                    anchor.subject.clone(),
                    anchor.fingerprint,
                    scope_key(&anchor.scope, &anchor.region),
                )
            };
            order(a).cmp(&order(b))
        });
        let id = id_of(&anchors);
        Self { anchors, id }
    }

    /// Whether the list is empty: then nothing is trusted.
    pub fn is_empty(&self) -> bool {
        self.anchors.is_empty()
    }

    /// How many anchors there are.
    pub fn len(&self) -> usize {
        self.anchors.len()
    }

    /// The anchors, ordered by subject.
    pub fn iter(&self) -> impl Iterator<Item = &TrustAnchor> {
        self.anchors.iter().map(AsRef::as_ref)
    }

    /// SHA-256 over certificates and scopes: what a cached path depends on.
    pub fn id(&self) -> TrustListId {
        self.id
    }

    /// The anchors whose subject is exactly `name`.
    pub(crate) fn candidates(&self, name: &[u8]) -> &[Arc<TrustAnchor>] {
        let start = self
            .anchors
            .partition_point(|anchor| anchor.subject.as_slice() < name);
        let tail = self.anchors.get(start..).unwrap_or_default();
        let length = tail.partition_point(|anchor| anchor.subject == name);
        tail.get(..length).unwrap_or_default()
    }
}

fn id_of(anchors: &[Arc<TrustAnchor>]) -> TrustListId {
    let mut content = Vec::new();
    for anchor in anchors {
        let scope = scope_key(&anchor.scope, &anchor.region);
        content.extend_from_slice(&anchor.fingerprint);
        content.extend_from_slice(&scope.len().to_be_bytes());
        content.extend_from_slice(scope.as_bytes());
    }
    let mut id = [0; 32];
    id.copy_from_slice(HashAlgorithm::Sha256.digest(&content).as_ref());
    id
}
