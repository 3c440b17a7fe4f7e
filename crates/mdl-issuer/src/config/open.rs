//! From the configuration to a service: the parts that take a connection.

use std::sync::Arc;

use mdl_mdoc::data_elements::Schema;

use super::{Config, StoreSettings, TenantSettings};
use crate::clock::Clock;
use crate::record::http::HttpSettingsError;
use crate::seal::EnvelopeSealer;
use crate::secret::ServiceSecret;
use crate::service::Service;
use crate::store::{SqlStore, Store, StoreError};
use crate::tenant::Tenant;

/// Why there is no service, although the configuration is good.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The store cannot be reached, or holds something of another version.
    #[error("the store cannot be opened")]
    Store(#[from] StoreError),
    /// The source of record cannot be asked.
    #[error("the source of record cannot be set up")]
    Records(#[from] HttpSettingsError),
}

impl Config {
    /// Opens the store, brings it up to date, and connects the rest.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(self, clock: Arc<dyn Clock>) -> Result<Service, OpenError> {
        let store = open_store(&self.store).await?;
        let tenants = self
            .tenants
            .into_iter()
            .map(|settings| tenant(settings).map(Arc::new));
        Ok(Service {
            tenants: tenants.collect::<Result<_, _>>()?,
            store,
            clock,
            secret: ServiceSecret::new(&self.secret),
            sealer: Arc::new(EnvelopeSealer::with_local_key(&self.sealing_key)),
        })
    }
}

async fn open_store(settings: &StoreSettings) -> Result<Arc<dyn Store>, OpenError> {
    let store = match settings {
        StoreSettings::Sqlite(path) => SqlStore::sqlite(path).await?,
        StoreSettings::Postgres {
            url,
            password,
            connections,
        } => {
            let password = password.as_ref().map(|password| password.as_str());
            SqlStore::postgres(url.as_str(), password, *connections).await?
        }
    };
    Ok(Arc::new(store))
}

fn tenant(settings: TenantSettings) -> Result<Tenant, HttpSettingsError> {
    // Elements of the other types of a tenant are read by the rules that their own records name.
    let schema = settings
        .configurations
        .first()
        .map(|configuration| configuration.gate.schema().clone());
    Ok(Tenant {
        records: settings
            .records
            .connect(schema.unwrap_or_else(Schema::mdl))?,
        name: settings.name,
        issuer: settings.issuer,
        display: settings.display,
        configurations: settings.configurations,
        authority: settings.authority,
        policy: settings.policy,
        legacy: settings.legacy,
    })
}
