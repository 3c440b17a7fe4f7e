//! What the handlers of one tenant share.

use std::sync::Arc;

use super::status_lists::Compressed;
use crate::openid4vci::nonce::{self, NonceKind};
use crate::service::Service;
use crate::tenant::Tenant;

/// One tenant of the service.
#[derive(Debug)]
pub(super) struct TenantState {
    pub(super) service: Arc<Service>,
    pub(super) tenant: Arc<Tenant>,
    pub(super) compressed: Compressed,
}

impl TenantState {
    pub(super) fn new(service: &Arc<Service>, tenant: &Arc<Tenant>) -> Self {
        Self {
            service: service.clone(),
            tenant: tenant.clone(),
            compressed: Compressed::default(),
        }
    }

    /// A fresh nonce of this tenant.
    ///
    /// # Errors
    /// No random numbers.
    pub(super) fn nonce(&self, kind: NonceKind) -> Result<String, getrandom::Error> {
        let mut random = [0; 16];
        getrandom::fill(&mut random)?;
        let now = self.service.clock.now();
        Ok(nonce::make(
            &self.service.secret,
            kind,
            &self.tenant.name,
            now,
            random,
        ))
    }
}
