//! What a status list holds, which its compressed bytes do not show.

use std::fmt;

use mdl_mdoc::status_list::{
    InvalidZlib, RevocationList, SignedStatusToken, StatusList, StatusTokenLimits,
};

/// The list of a status token.
#[derive(Debug)]
pub(crate) enum Summary {
    Entries(StatusList),
    Unreadable(InvalidZlib),
    Identifiers(usize),
}

/// The list, if the content is a status token.
pub(crate) fn summary(content: &[u8]) -> Option<Summary> {
    let limits = StatusTokenLimits::DEFAULT;
    let token = SignedStatusToken::decode(content, &limits).ok()?;
    Some(match &token.dangerous_unverified_claims().list {
        RevocationList::Status(list) => match list.decompress(limits.max_list_bytes) {
            Ok(list) => Summary::Entries(list),
            Err(error) => Summary::Unreadable(error),
        },
        RevocationList::Identifiers(list) => Summary::Identifiers(list.identifiers.len()),
    })
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entries(list) => {
                let not_valid = (0..list.len())
                    .filter(|idx| list.get(*idx) != Some(0))
                    .count();
                writeln!(
                    f,
                    "status list: {} entries of {} bit, {not_valid} of them not valid",
                    list.len(),
                    list.bits().get()
                )
            }
            Self::Unreadable(error) => writeln!(f, "status list: {error}"),
            Self::Identifiers(count) => {
                writeln!(f, "identifier list: {count} documents are revoked")
            }
        }
    }
}
