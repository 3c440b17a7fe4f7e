use time::OffsetDateTime;

use super::{ProhibitedExtension, first_unknown_critical};
use crate::certificate::{CertificateView, Extensions, KeyUsage, oid};
use crate::trust_anchor::{AnchorDeviation, TrustAnchor};

/// Certificates that are looked at, at most.
const MAX_CERTIFICATES: usize = 8;

/// The certificate authorities that a trust anchor vouches for by way of `certificates`, the anchor first.
///
/// For the signers of VICALs, which stand below the authorities of their provider (C.1.6). A document signer's path
/// never has an authority in between and does not use this.
///
/// An authority counts when an authority that counts issued it (name and signature), it is a CA that may sign
/// certificates, both are valid at `at`, the path length constraints above it allow it, and it has no critical
/// extension that is not processed here, nor name constraints, which are not (RFC 5280, 6.1). Other certificates are
/// passed over: they vouch for nothing.
pub fn authorities_below(
    anchor: &TrustAnchor,
    certificates: &[&[u8]],
    at: OffsetDateTime,
) -> Vec<TrustAnchor> {
    let mut found = vec![Authority {
        remaining: CertificateView::from_der(anchor.der())
            .ok()
            .and_then(|view| path_length(&view)),
        anchor: anchor.clone(),
    }];
    let candidates: Vec<_> = certificates
        .iter()
        .take(MAX_CERTIFICATES)
        .filter_map(|der| CertificateView::from_der(der).ok())
        .collect();
    let mut next = 0;
    while next < found.len() {
        let below: Vec<_> = candidates
            .iter()
            .filter(|view| !found.iter().any(|known| known.is_named_in(view)))
            .filter_map(|view| found[next].issued(view, at))
            .collect();
        found.extend(below);
        next += 1;
    }
    found
        .into_iter()
        .map(|authority| authority.anchor)
        .collect()
}

struct Authority {
    anchor: TrustAnchor,
    /// How many authorities may follow below it; `None` for any number.
    remaining: Option<u32>,
}

impl Authority {
    /// Whether `view` is about this authority: a certificate issued anew for the same name and key adds nothing.
    fn is_named_in(&self, view: &CertificateView<'_>) -> bool {
        view.subject().der() == self.anchor.subject()
            && view.public_key_info().public_key().as_ref() == Ok(self.anchor.key())
    }

    /// The authority of `view`, if this one issued it and it may be one.
    fn issued(&self, view: &CertificateView<'_>, at: OffsetDateTime) -> Option<Self> {
        let extensions = view.extensions();
        let is_authority = extensions.basic_constraints().ok()??.ca
            && extensions
                .key_usage()
                .ok()??
                .contains(KeyUsage::KEY_CERT_SIGN)
            && !is_constrained(extensions);
        let is_issued = view.issuer().der() == self.anchor.subject()
            && self.remaining != Some(0)
            && !self
                .anchor
                .deviations()
                .iter()
                .any(AnchorDeviation::is_fatal)
            && self.anchor.may_sign_certificates()
            && self.anchor.is_valid_at(at)
            && view.validity().contains(at)
            && view.algorithms_agree();
        if !is_authority || !is_issued || view.verify_signature(self.anchor.key()).is_err() {
            return None;
        }
        let remaining = match (self.remaining.map(|above| above - 1), path_length(view)) {
            (Some(above), Some(own)) => Some(above.min(own)),
            (above, own) => above.or(own),
        };
        Some(Self {
            anchor: TrustAnchor::from_der(view.der()).ok()?,
            remaining,
        })
    }
}

/// Whether the extensions limit what the authority may vouch for in a way that is not understood here.
fn is_constrained(extensions: &Extensions<'_>) -> bool {
    first_unknown_critical(extensions).is_some()
        || extensions.get(oid::NAME_CONSTRAINTS).is_some()
        || extensions
            .iter()
            .any(|extension| extension.critical && ProhibitedExtension::of(extension.oid).is_some())
}

fn path_length(view: &CertificateView<'_>) -> Option<u32> {
    view.extensions().basic_constraints().ok()??.path_length
}
