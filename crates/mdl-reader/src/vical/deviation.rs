use mdl_iaca::trust_anchor::AnchorDeviation;
use mdl_mdoc::tdate::format_tdate;
use time::OffsetDateTime;

/// In what a VICAL that is used deviates from Annex C.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VicalDeviation {
    /// The `COSE_Sign1` is tagged (C.1.7.3 has it untagged).
    #[error("the COSE_Sign1 is tagged")]
    Tagged,
    /// `x5chain` is protected, where C.1.7.3 has it unprotected.
    #[error("x5chain is in the protected header")]
    X5chainProtected,
    /// The root stands in `x5chain`, where only what leads to it belongs (RFC 9360, 2).
    #[error("x5chain holds the root certificate")]
    RootInX5chain,
    /// `date` lies ahead: the list is dated forward, or the clock is wrong.
    #[error("dated {}, which lies ahead", format_tdate(*.0))]
    DateAhead(OffsetDateTime),
    /// An entry.
    #[error("entry {position}: {deviation}")]
    Entry {
        /// Its place in `certificateInfos`, from 0.
        position: usize,
        /// What is wrong with it.
        deviation: EntryDeviation,
    },
}

/// In what an entry that is used deviates. What an entry says is not believed in any case, only its certificate is.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryDeviation {
    /// A member that is spelt with other capital letters.
    #[error("{0} is spelt with other capital letters")]
    Spelling(&'static str),
    /// A member that the standard requires is absent.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A member of another type than the standard's.
    #[error("{0} is of another type")]
    Type(&'static str),
    /// A member says something else than the certificate.
    #[error("{0} is not that of the certificate")]
    Differs(&'static str),
    /// `ski` holds the octet strings around the identifier as well.
    #[error("ski is wrapped in OCTET STRINGs")]
    KeyIdentifierWrapped,
    /// No document type is listed, so that the certificate is trusted for nothing.
    #[error("docType is empty: trusted for no document type")]
    NoDocType,
    /// stateOrProvinceName of the certificate is not of the form of ISO 3166-2, so that no document signer's
    /// `issuing_jurisdiction` can be that.
    #[error("state {0:?} of the certificate is not of the form US-CA")]
    State(String),
    /// The certificate deviates from its profile.
    #[error("profile of the certificate: {0}")]
    Profile(AnchorDeviation),
}

impl VicalDeviation {
    /// Stable id, as in reports.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Tagged => "vical-tagged",
            Self::X5chainProtected | Self::RootInX5chain => "vical-x5chain",
            Self::DateAhead(_) => "vical-date",
            Self::Entry { deviation, .. } => match deviation {
                EntryDeviation::Spelling(_) => "vical-entry-spelling",
                EntryDeviation::Missing(_) | EntryDeviation::Type(_) => "vical-entry-member",
                EntryDeviation::Differs(_) => "vical-entry-differs",
                EntryDeviation::KeyIdentifierWrapped => "vical-entry-ski",
                EntryDeviation::NoDocType => "vical-entry-doc-type",
                EntryDeviation::State(_) => "vical-entry-state",
                EntryDeviation::Profile(_) => "vical-entry-profile",
            },
        }
    }
}
