use std::sync::{Arc, OnceLock};

use mdl_crypto::PublicKey;
use time::OffsetDateTime;

use super::check::{PASS, Steps, fail, warning};
use super::{NameText, PathCheck, Reason, RevocationSources, Role, leaf};
use crate::certificate::CertificateView;
use crate::lint::{LintFinding, Profile, Severity, lint_certificate};
use crate::trust_anchor::{TrustAnchor, TrustAnchors};

/// More certificates than this after the leaf are not searched for the issuer.
const MAX_SEARCHED: usize = 8;

/// What can be said about a leaf and the anchors of a trust list without knowing the time.
///
/// It holds no verdict: [`evaluate`](Self::evaluate) gives one for a moment.
#[derive(Clone, Debug)]
pub struct ExaminedPath {
    pub(crate) role: Role,
    pub(crate) steps: Steps,
    pub(crate) leaf: Option<Leaf>,
    /// Every anchor whose key signed the leaf: the same certificate may be listed with several scopes, and a root
    /// may have been renewed with its key.
    pub(crate) anchors: Vec<Arc<TrustAnchor>>,
    profile: OnceLock<ProfileResult>,
}

/// What the linter says of the leaf below one anchor.
#[derive(Clone, Debug)]
struct ProfileResult {
    anchor: Option<[u8; 32]>,
    result: Result<(), LintFinding>,
}

/// What a leaf says of itself, for reports. Nothing vouches for it before the path is valid.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct LeafFacts {
    /// SHA-256 over the certificate.
    pub fingerprint: [u8; 32],
    /// First moment of its validity.
    pub not_before: OffsetDateTime,
    /// Last moment of its validity.
    pub not_after: OffsetDateTime,
    /// countryName of its subject, the first if there are several.
    pub country: Option<String>,
    /// stateOrProvinceName of its subject, the first if there are several.
    pub state: Option<String>,
    /// commonName of its subject, the first if there are several.
    pub common_name: Option<String>,
}

/// The facts about a leaf that later questions need.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    der: Box<[u8]>,
    pub(crate) facts: LeafFacts,
    pub(crate) serial: Vec<u8>,
    pub(crate) key: Option<PublicKey>,
    pub(crate) authority_key_identifier: Option<Vec<u8>>,
    pub(crate) country: NameText,
    pub(crate) state: NameText,
}

impl Leaf {
    fn document_signer_profile(&self, anchor: Option<&TrustAnchor>) -> Result<(), LintFinding> {
        let Ok(leaf) = CertificateView::from_der(&self.der) else {
            return Ok(()); // It was read before it came here.
        };
        let anchor = anchor.and_then(|anchor| CertificateView::from_der(anchor.der()).ok());
        lint_certificate(&leaf, Some(Profile::DocumentSigner), anchor.as_ref())
            .into_iter()
            .find(|finding| finding.severity() == Severity::Error)
            .map_or(Ok(()), Err)
    }
}

impl TrustAnchors {
    /// Examines an `x5chain`, leaf first, for a leaf in `role`.
    ///
    /// Costs one signature verification for each distinct key among the anchors that have the issuer's name,
    /// normally one.
    pub fn examine(&self, chain: &[&[u8]], role: Role) -> ExaminedPath {
        let mut path = ExaminedPath {
            role,
            steps: Steps::new(),
            leaf: None,
            anchors: Vec::new(),
            profile: OnceLock::new(),
        };
        let Some((leaf_der, further)) = chain.split_first() else {
            path.steps
                .set(PathCheck::X5chain, fail(Reason::NoCertificate));
            return path;
        };
        let leaf = match CertificateView::from_der(leaf_der) {
            Ok(leaf) => leaf,
            Err(error) => {
                path.steps
                    .set(PathCheck::X5chain, fail(Reason::Malformed(error)));
                return path;
            }
        };
        let ignored = if further.is_empty() {
            PASS
        } else {
            warning(Reason::FurtherCertificates(further.len()))
        };
        path.steps.set(PathCheck::X5chain, ignored);
        path.examine_leaf(&leaf, leaf_der);
        path.find_anchor(self, &leaf, further);
        path
    }
}

impl ExaminedPath {
    /// What the linter says of the leaf as a document signer below `anchor`: its first error, if there is one. Looked
    /// for once, because neither certificate changes. `None` if the leaf is no readable certificate.
    pub fn document_signer_profile(
        &self,
        anchor: Option<&TrustAnchor>,
    ) -> Option<Result<(), LintFinding>> {
        let leaf = self.leaf.as_ref()?;
        let find = || ProfileResult {
            anchor: anchor.map(TrustAnchor::fingerprint),
            result: leaf.document_signer_profile(anchor),
        };
        let known = self.profile.get_or_init(find);
        if known.anchor == anchor.map(TrustAnchor::fingerprint) {
            Some(known.result.clone())
        } else {
            Some(find().result)
        }
    }

    /// The anchor with this fingerprint, if its key signed the leaf.
    pub fn anchor(&self, fingerprint: &[u8; 32]) -> Option<&TrustAnchor> {
        let mut anchors = self.anchors.iter();
        let found = anchors.find(|anchor| anchor.fingerprint() == *fingerprint);
        found.map(AsRef::as_ref)
    }

    /// Where the leaf says that evidence about its revocation is: what to ask when there is none.
    pub fn revocation_sources(&self) -> RevocationSources {
        let leaf = self.leaf.as_ref();
        let view = leaf.and_then(|leaf| CertificateView::from_der(&leaf.der).ok());
        view.map_or_else(RevocationSources::default, |view| {
            RevocationSources::of(&view)
        })
    }

    fn examine_leaf(&mut self, leaf: &CertificateView<'_>, der: &[u8]) {
        let extensions = leaf.extensions();
        let (key, public_key) = leaf::public_key(leaf, self.role);
        self.steps.set(PathCheck::DsPublicKey, public_key);
        self.steps
            .set(PathCheck::DsAlgorithm, leaf::algorithm(leaf));
        self.steps.set(
            PathCheck::DsKeyUsage,
            leaf::key_usage(extensions, self.role),
        );
        self.steps.set(
            PathCheck::DsExtendedKeyUsage,
            leaf::extended_key_usage(extensions, self.role),
        );
        self.steps.set(
            PathCheck::DsCriticalExtensions,
            leaf::critical_extensions(extensions),
        );
        self.steps.set(PathCheck::DsNotCa, leaf::not_ca(extensions));
        self.steps.set(
            PathCheck::DsProhibitedExtensions,
            leaf::prohibited_extensions(extensions),
        );

        let authority = extensions.authority_key_identifier().ok().flatten();
        let subject = leaf.subject();
        self.leaf = Some(Leaf {
            der: der.into(),
            facts: LeafFacts {
                fingerprint: leaf.fingerprint(),
                not_before: leaf.validity().not_before.at,
                not_after: leaf.validity().not_after.at,
                country: subject.country().map(Into::into),
                state: subject.state_or_province().map(Into::into),
                common_name: subject.common_name().map(Into::into),
            },
            serial: leaf.serial().as_bytes().to_vec(),
            key,
            authority_key_identifier: authority
                .and_then(|authority| authority.key_identifier)
                .map(<[u8]>::to_vec),
            country: NameText::country(&subject),
            state: NameText::state(&subject),
        });
    }

    fn find_anchor(
        &mut self,
        anchors: &TrustAnchors,
        leaf: &CertificateView<'_>,
        further: &[&[u8]],
    ) {
        let candidates = anchors.candidates(leaf.issuer().der());
        if candidates.is_empty() {
            if is_below_intermediate(anchors, leaf, further) {
                self.steps
                    .set(PathCheck::PathLength, fail(Reason::Intermediate));
            } else if anchors.is_empty() {
                self.steps
                    .set(PathCheck::TrustAnchor, fail(Reason::NoTrustAnchors));
            } else {
                self.steps
                    .set(PathCheck::TrustAnchor, fail(Reason::UnknownIssuer));
            }
            return;
        }
        self.steps.set(PathCheck::TrustAnchor, PASS);
        if leaf.outer_algorithm().ecdsa_hash().is_none() {
            // Reported as the algorithm that it is; there is nothing to verify with.
            return;
        }
        match signers(candidates, leaf) {
            Ok(signers) => {
                self.anchors = signers;
                self.steps.set(PathCheck::DsSignature, PASS);
                let is_anchor = self.anchors.iter().any(|anchor| anchor.der() == leaf.der());
                let length = if is_anchor {
                    fail(Reason::LeafIsAnchor)
                } else {
                    PASS
                };
                self.steps.set(PathCheck::PathLength, length);
            }
            Err(reason) => self.steps.set(PathCheck::DsSignature, fail(reason)),
        }
    }

    /// The key of the leaf although nothing vouches for it: for reporting on a signature that will not be accepted
    /// anyway, never for accepting one.
    pub fn dangerous_unvalidated_key(&self) -> Option<&PublicKey> {
        self.leaf.as_ref()?.key.as_ref()
    }
}

/// The candidates whose key made the signature of the leaf, those with the right key identifier tried first.
fn signers(
    candidates: &[Arc<TrustAnchor>],
    leaf: &CertificateView<'_>,
) -> Result<Vec<Arc<TrustAnchor>>, Reason> {
    let authority = leaf.extensions().authority_key_identifier().ok().flatten();
    let wanted = authority.and_then(|authority| authority.key_identifier);
    let fits = |anchor: &TrustAnchor| wanted.is_some() && anchor.key_identifier() == wanted;
    let (first, second): (Vec<_>, Vec<_>) = candidates.iter().partition(|anchor| fits(anchor));

    let mut tried: Vec<&PublicKey> = Vec::new();
    let mut failure = None;
    for anchor in first.into_iter().chain(second) {
        if tried.contains(&anchor.key()) {
            continue;
        }
        match leaf.verify_signature(anchor.key()) {
            Ok(()) => {
                let same_key = candidates
                    .iter()
                    .filter(|other| other.key() == anchor.key());
                return Ok(same_key.cloned().collect());
            }
            Err(error) => failure = failure.or(Some(error)),
        }
        tried.push(anchor.key());
    }
    Err(failure.map_or(Reason::UnknownIssuer, Reason::Signature))
}

/// Whether a certificate of the chain is the leaf's issuer and claims to be issued by an anchor. By name only: the
/// answer decides between two ways of being refused.
fn is_below_intermediate(
    anchors: &TrustAnchors,
    leaf: &CertificateView<'_>,
    further: &[&[u8]],
) -> bool {
    further
        .iter()
        .take(MAX_SEARCHED)
        .filter_map(|der| CertificateView::from_der(der).ok())
        .any(|other| {
            other.subject() == leaf.issuer() && !anchors.candidates(other.issuer().der()).is_empty()
        })
}
