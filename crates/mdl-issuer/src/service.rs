//! The service: tenants and what they share.

use std::sync::Arc;

use crate::clock::Clock;
use crate::seal::Sealer;
use crate::secret::ServiceSecret;
use crate::store::Store;
use crate::tenant::Tenant;

/// Everything that the listeners and the periodic jobs work on. Holds no state of its own beyond the configuration: any
/// number of replicas may run on one store.
#[derive(Debug)]
pub struct Service {
    /// The credential issuers.
    pub tenants: Vec<Arc<Tenant>>,
    /// The durable state.
    pub store: Arc<dyn Store>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Keys for nonces, codes and look-ups.
    pub secret: ServiceSecret,
    /// Encryption of personal data at rest.
    pub sealer: Arc<dyn Sealer>,
}

impl Service {
    /// The tenant with this short name.
    #[must_use]
    pub fn tenant(&self, name: &str) -> Option<&Arc<Tenant>> {
        self.tenants.iter().find(|tenant| tenant.name == name)
    }
}
