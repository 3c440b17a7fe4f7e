//! From the place of a document in a list to what its mobile security object says of it.

use mdl_mdoc::builder::StatusReference;

use super::IndexOrder;
use crate::openid4vci::endpoint::Endpoint;
use crate::secret::{Purpose, ServiceSecret};
use crate::store::{StatusListId, StatusPosition};
use crate::tenant::Tenant;

/// The order in which the indices of a list of `size` entries are given out.
#[must_use]
pub fn index_order(secret: &ServiceSecret, list: StatusListId, size: u32) -> IndexOrder {
    IndexOrder::new(secret.mac(Purpose::StatusIndex, &[&list.0]), size)
}

/// Where a list is published: its name says nothing of whom it is about.
#[must_use]
pub fn list_uri(tenant: &Tenant, list: StatusListId) -> String {
    format!("{}/{list}", aggregation_uri(tenant))
}

/// Where all lists of a tenant are named, for readers that fetch them ahead (Token Status List, 9).
#[must_use]
pub fn aggregation_uri(tenant: &Tenant) -> String {
    Endpoint::StatusLists.url(tenant)
}

/// What a document says of its status. `None` for a position beyond the list, which the store never gives out.
#[must_use]
pub fn reference(
    secret: &ServiceSecret,
    tenant: &Tenant,
    position: &StatusPosition,
) -> Option<StatusReference> {
    let order = index_order(secret, position.list, position.size);
    Some(StatusReference {
        idx: order.index(position.position)?.into(),
        uri: list_uri(tenant, position.list),
        certificate: None,
    })
}
