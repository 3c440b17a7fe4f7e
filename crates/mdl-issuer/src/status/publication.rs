//! The periodic job that keeps the published lists true, fresh and ahead of need.
//!
//! Entries change in the store, and the store counts the version of each list. A list whose published version is
//! behind, or whose tokens grow old, is signed anew; a crash in between changes nothing about that, so no change is
//! ever lost. The tokens are written together with their ledger entries before anybody sees them.
//!
//! draft-ietf-oauth-status-list, 5 and 13; ISO/IEC 18013-5 second edition, 12.3.6.

use std::num::NonZeroU64;

use mdl_iaca::certificate::CertificateView;
use mdl_mdoc::status_list::{
    self, CompressedStatusList, RevocationList, StatusBits, StatusClaims, UnsignedStatusCwt,
    UnsignedStatusJwt,
};
use time::{Duration, OffsetDateTime};

use super::publication_error::PublicationError;
use super::{aggregation_uri, capacity, has_room, index_order, list_uri, set_decoys};
use crate::service::Service;
use crate::store::{
    Hash, LedgerDraft, NewStatusList, PublishedStatusList, SignaturePurpose, StatusList,
    StatusListId, StatusValue,
};
use crate::tenant::{StatusSigner, Tenant, TenantPolicy};

/// What a round did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Publication {
    /// Lists created ahead of need.
    pub created: u32,
    /// Lists signed and put before the world.
    pub published: u32,
    /// Lists and tenants that failed; the log says why, and the next round tries again.
    pub failed: u32,
}

impl TenantPolicy {
    /// How often [`Service::publish_due`] has to run, and the shortest time between two publications of a list: changes
    /// of that time go out together, at the latest after [`status_latency`](Self::status_latency).
    #[must_use]
    pub fn status_spacing(&self) -> Duration {
        self.status_latency / 2
    }

    /// How long a replica may take over a list before another may begin a round: no longer than readers may wait, and
    /// long enough for a remote key.
    fn status_lease(&self) -> Duration {
        let spacing = self.status_spacing();
        spacing.clamp(Duration::seconds(10), Duration::minutes(2))
    }

    /// How old tokens may grow: a reader that fetches anew after `ttl` finds newer ones, and an outage of half their
    /// life hurts nobody.
    fn status_renewal(&self) -> Duration {
        self.status_ttl.min(self.status_life / 2)
    }
}

impl Service {
    /// Creates and publishes what is due, for every tenant whose turn no other replica (`holder` names this one) has.
    pub async fn publish_due(&self, holder: &str) -> Publication {
        let mut done = Publication::default();
        for tenant in &self.tenants {
            let authority = tenant.authority.get();
            let Some(signer) = &authority.status_signer else {
                continue;
            };
            if let Err(error) = self.publish_tenant(tenant, signer, holder, &mut done).await {
                done.failed += 1;
                let code = "status-round-failed";
                tracing::error!(code, tenant = tenant.name, cause = %error);
            }
        }
        done
    }

    async fn publish_tenant(
        &self,
        tenant: &Tenant,
        signer: &StatusSigner,
        holder: &str,
        done: &mut Publication,
    ) -> Result<(), PublicationError> {
        let now = self.clock.now();
        let job = job(tenant);
        let lease = tenant.policy.status_lease();
        if !self.store.lease(&job, holder, now, now + lease).await? {
            return Ok(());
        }
        done.created += self.create_ahead(tenant, now).await?;
        for list in self.store.status_lists(&tenant.name).await? {
            let now = self.clock.now();
            if !is_due(&list, tenant, now) {
                continue;
            }
            // A round over many lists must not outlive its lease.
            if !self.store.lease(&job, holder, now, now + lease).await? {
                return Ok(());
            }
            match self.publish(tenant, signer, &list, now).await {
                Ok(()) => done.published += 1,
                Err(error) => {
                    done.failed += 1;
                    let (code, list) = ("status-list-not-published", list.id);
                    tracing::error!(code, tenant = tenant.name, %list, cause = %error);
                }
            }
        }
        Ok(())
    }

    /// Sees to it that enough lists have room.
    async fn create_ahead(
        &self,
        tenant: &Tenant,
        now: OffsetDateTime,
    ) -> Result<u32, PublicationError> {
        let lists = self.store.status_lists(&tenant.name).await?;
        let open = lists.iter().filter(|list| has_room(list)).count();
        let missing = tenant.policy.open_status_lists.max(1) as usize;
        let missing = missing.saturating_sub(open);
        for _ in 0..missing {
            let mut id = StatusListId([0; 16]);
            getrandom::fill(&mut id.0)?;
            let size = tenant.policy.status_list_size;
            let list = NewStatusList {
                id,
                tenant: tenant.name.clone(),
                size,
                capacity: capacity(size),
                created_at: now,
            };
            self.store.create_status_list(list).await?;
            tracing::info!(code = "status-list-created", tenant = tenant.name, list = %id, size);
        }
        Ok(u32::try_from(missing).unwrap_or(u32::MAX))
    }

    /// Signs both tokens of a list and puts them before the world.
    async fn publish(
        &self,
        tenant: &Tenant,
        signer: &StatusSigner,
        list: &StatusList,
        now: OffsetDateTime,
    ) -> Result<(), PublicationError> {
        let policy = &tenant.policy;
        // Never before the token that it follows, whatever the clocks of two replicas say.
        let after_last = list.published_at.map(|at| at + Duration::SECOND);
        let issued_at = after_last.map_or(now, |after| after.max(now));
        let issued_at = issued_at.replace_nanosecond(0).unwrap_or(issued_at);
        let expires_at = (issued_at + policy.status_life).min(last_moment(signer, now)?);
        let ttl = policy.status_ttl.min(expires_at - issued_at);
        let ttl = u32::try_from(ttl.whole_seconds()).unwrap_or(u32::MAX);
        let mut entries = self.entries(list).await?;
        entries.aggregation_uri = Some(aggregation_uri(tenant));
        let claims = StatusClaims {
            subject: list_uri(tenant, list.id),
            issued_at,
            expires_at: Some(expires_at),
            ttl: NonZeroU64::new(ttl.into()),
            list: RevocationList::Status(entries),
        };

        let (algorithm, key) = (signer.signer.algorithm(), signer.signer.public_key());
        let chain = [signer.certificate.as_slice()];
        let jwt = UnsignedStatusJwt::new(&claims, algorithm, &chain)?;
        let cwt = UnsignedStatusCwt::new(&claims, algorithm, &chain)?;
        let mut request = [0; 16];
        getrandom::fill(&mut request)?;
        let draft = |to_be_signed: &[u8]| LedgerDraft {
            at: now,
            tenant: tenant.name.clone(),
            purpose: SignaturePurpose::StatusList,
            key: signer.key_id,
            to_be_signed: Hash::of(to_be_signed),
            request,
        };
        let ledger = vec![draft(jwt.to_be_signed()), draft(cwt.to_be_signed())];
        let jwt_signature = signer.signer.sign(jwt.to_be_signed()).await?;
        let cwt_signature = signer.signer.sign(cwt.to_be_signed()).await?;
        let published = PublishedStatusList {
            id: list.id,
            tenant: tenant.name.clone(),
            version: list.version,
            jwt: jwt.attach(&jwt_signature, key)?,
            cwt: cwt.attach(&cwt_signature, key)?,
            issued_at,
            expires_at,
            ttl,
        };
        self.store
            .publish_status_list(published, &tenant.issuer, ledger)
            .await?;
        let (version, list) = (list.version, list.id);
        tracing::info!(code = "status-list-published", tenant = tenant.name, %list, version);
        Ok(())
    }

    /// The entries of a list as the world may see them. At least those of `list.version`: changes that come in between
    /// are in this publication already, and make the next one due.
    async fn entries(&self, list: &StatusList) -> Result<CompressedStatusList, PublicationError> {
        let changed = self.store.status_entries(list.id).await?;
        let not_valid = changed
            .into_iter()
            .filter_map(|(position, value)| match value {
                // A list of one bit cannot tell them apart (ISO/IEC 18013-5 second edition, 12.3.6.5).
                StatusValue::Invalid | StatusValue::Suspended => Some(position),
                StatusValue::Valid => None,
            });
        let order = index_order(&self.secret, list.id, list.size);
        let mut entries = status_list::StatusList::new(StatusBits::One, list.size as usize);
        for position in not_valid.chain(set_decoys(list)) {
            let index = order.index(position).ok_or(PublicationError::Position)?;
            entries.set(index.into(), 1)?;
        }
        // A million entries keep a processor busy for long enough that requests would wait.
        Ok(tokio::task::spawn_blocking(move || entries.compress()).await?)
    }
}

/// Whether a list has never been published, shows old entries for long enough, or grows old itself. A list that is over
/// is not: its last token says what there is to say until it expires.
fn is_due(list: &StatusList, tenant: &Tenant, now: OffsetDateTime) -> bool {
    if list.is_over(now) {
        return false;
    }
    // New documents name the list by the new identifier; of the old ones, none is valid (`Config::open`).
    if list.published_for.as_ref() != Some(&tenant.issuer) {
        return true;
    }
    let policy = &tenant.policy;
    let (Some(version), Some(published_at), Some(expires_at)) =
        (list.published_version, list.published_at, list.expires_at)
    else {
        return true;
    };
    let age = now - published_at;
    let is_behind = version < list.version && age >= policy.status_spacing();
    // The last token of a status signer ends with its certificate, before the policy would have it end.
    let renewal = policy.status_renewal().min((expires_at - published_at) / 2);
    is_behind || age >= renewal
}

/// The name of a tenant's publication among the leases.
pub(crate) fn job(tenant: &Tenant) -> String {
    format!("status/{}", tenant.name)
}

/// The end of the status signer's certificate: no token outlives it.
fn last_moment(
    signer: &StatusSigner,
    now: OffsetDateTime,
) -> Result<OffsetDateTime, PublicationError> {
    let certificate = CertificateView::from_der(&signer.certificate)?;
    let validity = certificate.validity();
    let (not_before, not_after) = (validity.not_before.at, validity.not_after.at);
    if (not_before..not_after).contains(&now) {
        Ok(not_after)
    } else {
        Err(PublicationError::SignerNotValid)
    }
}
