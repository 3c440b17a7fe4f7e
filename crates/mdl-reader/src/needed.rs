//! What a verification still needs to know about revocation: the core names it, the caller gets it, and verifies again.

use mdl_iaca::certificate::SerialNumber;
use mdl_iaca::ocsp;
use mdl_iaca::path::Reason;

use crate::{Cause, CheckGroup, CheckId, DocumentReport, Outcome, Report};

/// Evidence that was not given, or gave no answer. URIs are those of the certificate or of the MSO, which were verified
/// when this is reported; whether to contact their hosts is for the caller to decide.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum NeededEvidence {
    /// A CRL of the document signer's issuer, for [`Conditions::crls`](crate::Conditions::crls).
    Crl {
        /// Where it is published.
        uri: String,
    },
    /// An OCSP response about the document signer, for
    /// [`Conditions::ocsp_responses`](crate::Conditions::ocsp_responses).
    OcspResponse {
        /// The responder.
        uri: String,
        /// What to send there by POST, as `application/ocsp-request`. It has no nonce, so that responders may answer
        /// from what they signed ahead; [`mdl_iaca::ocsp::request`] makes one with a nonce.
        request: Vec<u8>,
    },
    /// A status token of the list that the MSO names, for
    /// [`Conditions::status_tokens`](crate::Conditions::status_tokens).
    StatusList {
        /// The list.
        uri: String,
    },
}

impl NeededEvidence {
    /// Where to get it.
    pub fn uri(&self) -> &str {
        match self {
            Self::Crl { uri } | Self::OcspResponse { uri, .. } | Self::StatusList { uri } => uri,
        }
    }

    /// What it is, in words.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Crl { .. } => "crl",
            Self::OcspResponse { .. } => "ocsp-response",
            Self::StatusList { .. } => "status-list",
        }
    }
}

impl Report<'_> {
    /// Everything that would have answered more about revocation, each once: what to get before verifying again.
    /// Documents that are invalid already, or revoked, need nothing.
    pub fn needed(&self) -> Vec<NeededEvidence> {
        let mut needed = Vec::new();
        for document in &self.documents {
            for evidence in document.needed() {
                if !needed.contains(&evidence) {
                    needed.push(evidence);
                }
            }
        }
        needed
    }
}

impl DocumentReport<'_> {
    fn needed(&self) -> Vec<NeededEvidence> {
        let is_invalid = self.checks().iter().any(|check| {
            check.outcome == Outcome::Fail && check.id.group() != CheckGroup::Revocation
        });
        if is_invalid {
            return Vec::new();
        }
        let list = self
            .needed_status_list
            .map(|uri| NeededEvidence::StatusList {
                uri: uri.to_owned(),
            });
        self.needed_of_signer().into_iter().chain(list).collect()
    }

    fn needed_of_signer(&self) -> Vec<NeededEvidence> {
        let Some(check) = self.check(CheckId::DsRevocation) else {
            return Vec::new();
        };
        let is_revoked = matches!(
            check.cause.as_deref(),
            Some(Cause::Path(Reason::Revoked(_)))
        );
        if is_revoked || matches!(check.outcome, Outcome::Pass | Outcome::Warning) {
            return Vec::new();
        }
        let fingerprint = self.issuer().and_then(|issuer| issuer.iaca_sha256);
        let anchor = fingerprint.and_then(|fingerprint| self.signer_path.anchor(&fingerprint));
        let sources = self.signer_path.revocation_sources();
        let crls = sources
            .crls
            .into_iter()
            .map(|uri| NeededEvidence::Crl { uri });
        let responders = sources.ocsp_responders.into_iter().filter_map(|uri| {
            let serial = SerialNumber::from_content(&sources.serial);
            let request = ocsp::request(anchor?, serial, None);
            Some(NeededEvidence::OcspResponse { uri, request })
        });
        crls.chain(responders).collect()
    }
}
