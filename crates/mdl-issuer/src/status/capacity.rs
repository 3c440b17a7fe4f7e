//! How much of a list documents get, when the next list is due, and what fills the rest.
//!
//! The last eighth of the positions of a list never belongs to a document. Some of these decoys are set, and with every
//! publication of a change one more, so that neither how many documents are revoked nor which one was revoked last can
//! be read from the lists (Token Status List, 12.5 and 13). Where they lie in the list follows from the secret order,
//! as with documents.

use std::ops::Range;

use crate::store::StatusList;

/// One position in so many is a decoy.
const DECOY_SHARE: u32 = 8;
/// One decoy in so many is set from the beginning.
const SET_SHARE: u32 = 16;
/// Lists with less than this part of their positions free count as used up when new ones are created.
const ROOM_SHARE: u32 = 8;

/// How many positions of a list of `size` entries documents may have.
#[must_use]
pub const fn capacity(size: u32) -> u32 {
    size - size / DECOY_SHARE
}

/// The positions of decoys that are set in this version of a list. Only grows, as revocations do.
#[must_use]
pub fn set_decoys(list: &StatusList) -> Range<u32> {
    let decoys = list.size.saturating_sub(list.capacity);
    let changes = u32::try_from(list.version).unwrap_or(u32::MAX);
    let set = (decoys / SET_SHARE).saturating_add(changes);
    list.capacity..list.capacity + set.min(decoys / 2)
}

/// Whether a list has room for so long that no other need be created in its place.
#[must_use]
pub const fn has_room(list: &StatusList) -> bool {
    let free = list.capacity.saturating_sub(list.allocated);
    free > 0 && free >= list.capacity / ROOM_SHARE
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::store::StatusListId;

    fn list(allocated: u32, version: u64) -> StatusList {
        StatusList {
            id: StatusListId([1; 16]),
            tenant: "dmv".into(),
            size: 1024,
            capacity: capacity(1024),
            allocated,
            version,
            published_version: None,
            published_at: None::<OffsetDateTime>,
            expires_at: None,
            published_for: None,
            needed_until: None,
        }
    }

    #[test]
    fn decoys_are_never_a_documents_and_one_more_is_set_with_every_change() {
        assert_eq!(capacity(1024), 896);
        assert_eq!(set_decoys(&list(0, 0)), 896..904);
        assert_eq!(set_decoys(&list(0, 1)), 896..905);
        assert_eq!(set_decoys(&list(0, u64::MAX)), 896..960);
    }

    #[test]
    fn a_list_is_replaced_before_it_is_full() {
        assert!(has_room(&list(896 - 112, 0)));
        assert!(!has_room(&list(896 - 111, 0)));
        assert!(!has_room(&list(896, 0)));
    }
}
