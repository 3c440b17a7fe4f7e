//! From the configuration to a service: the parts that take a connection.

use std::sync::Arc;

use mdl_mdoc::data_elements::Schema;
use time::OffsetDateTime;

use super::{Config, SealingKey, StoreSettings, TenantSettings};
use crate::clock::Clock;
use crate::key_store::{KeyStoreError, KeyStores};
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
    /// The key-encryption key cannot be used.
    #[error("the key-encryption key cannot be used")]
    SealingKey(#[from] KeyStoreError),
    /// The source of record cannot be asked.
    #[error("the source of record cannot be set up")]
    Records(#[from] HttpSettingsError),
    /// Documents that may be valid name status lists below another identifier than the tenant has now.
    #[error(
        "tenant {tenant:?} has the issuer {new}, but documents that it issued as {old} name their status lists there \
         until {until}: set it back to {old}, and give a tenant of another name the new one"
    )]
    IssuerChanged {
        /// The tenant's name.
        tenant: String,
        /// What its status lists were signed for.
        old: String,
        /// What is configured.
        new: String,
        /// When the last of these documents has ended.
        until: OffsetDateTime,
    },
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
        let tenants: Vec<Arc<Tenant>> = tenants.collect::<Result<_, _>>()?;
        for tenant in &tenants {
            check_status_lists(&*store, tenant, clock.now()).await?;
        }
        // Before the first request.
        for compromise in store.compromises().await? {
            for tenant in &tenants {
                tenant.authority.revoke(compromise.report.document_signer);
            }
        }
        Ok(Service {
            tenants,
            store,
            clock,
            secret: ServiceSecret::new(&self.secret),
            sealer: Arc::new(sealer(&self.sealing_key, &self.key_stores).await?),
        })
    }
}

async fn sealer(key: &SealingKey, stores: &KeyStores) -> Result<EnvelopeSealer, KeyStoreError> {
    match key {
        SealingKey::Local(key) => Ok(EnvelopeSealer::with_local_key(key)),
        #[cfg(feature = "aws")]
        SealingKey::Kms(uri) => {
            let keys = stores.data_keys(uri, crate::seal::PURPOSE).await?;
            // Found out now rather than by the first holder.
            keys.generate().await.map_err(KeyStoreError::data_key)?;
            Ok(EnvelopeSealer::new(Box::new(keys)))
        }
        #[cfg(not(feature = "aws"))]
        SealingKey::Kms(_) => {
            let _ = stores;
            Err(KeyStoreError::LeftOut)
        }
    }
}

/// The `sub` of a list must be the address that documents name (Token Status List, 8.3), and documents that are out
/// cannot be changed: with another identifier, none of them could be told from a revoked one.
async fn check_status_lists(
    store: &dyn Store,
    tenant: &Tenant,
    now: OffsetDateTime,
) -> Result<(), OpenError> {
    let lists = store.status_lists(&tenant.name).await?;
    let stays_behind = lists
        .into_iter()
        .filter(|list| list.is_needed(now))
        .filter(|list| {
            list.published_for
                .as_ref()
                .is_some_and(|old| *old != tenant.issuer)
        })
        .max_by_key(|list| list.needed_until);
    match stays_behind {
        Some(list) => Err(OpenError::IssuerChanged {
            tenant: tenant.name.clone(),
            old: list.published_for.unwrap_or_default(),
            new: tenant.issuer.clone(),
            until: list.needed_until.unwrap_or(now),
        }),
        None => Ok(()),
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
        authority: settings.authority.into(),
        policy: settings.policy,
        key_attestation: settings.key_attestation,
        legacy: settings.legacy,
    })
}
