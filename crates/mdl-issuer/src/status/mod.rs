//! Status lists: what becomes of documents after they were issued, and who can learn it.
//!
//! Each document has a place of its own in one of several lists; [`reference()`] turns the place into what its mobile
//! security object says. [`Service::change_status`](crate::service::Service::change_status) changes it, and
//! [`Service::publish_due`](crate::service::Service::publish_due) publishes signed lists from which a reader learns it,
//! and nobody learns anything else. draft-ietf-oauth-status-list; ISO/IEC 18013-5 second edition, 12.3.6.

mod capacity;
mod change;
mod index_order;
pub(crate) mod publication;
mod publication_error;
mod reference;

pub use capacity::{capacity, has_room, set_decoys};
pub use change::{RecordEvent, StatusAction, StatusChanged, StatusReason, Whose};
pub use index_order::IndexOrder;
pub use publication::Publication;
pub use reference::{aggregation_uri, index_order, list_uri, reference};
