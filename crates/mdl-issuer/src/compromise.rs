//! What follows when a document signer's key may be in other hands.
//!
//! It signs no more, on any replica: the one that is told stops at once, the others within seconds, and whoever starts
//! later does not begin. What it has signed is withdrawn piece by piece, each durable; any replica goes on where another
//! one ended. Whoever loses documents that were good comes into a queue, those first who would have had them for longest,
//! and is offered others (OpenID4VCI, 4.1) at a pace that leaves half of the key stores' quota to everybody else.
//!
//! What is easy to get wrong: the service cannot reach a wallet. An offer is of use only if the authority's own system
//! hands it to its holder, so that system asks for the next of the queue, and the queue does not run ahead of it.

use mdl_signer::quota::QuotaScheduler;
use time::{Duration, OffsetDateTime};

use crate::openid4vci::offer::{self, CreatedOffer, OfferError, OfferIdentity, OfferRequest};
use crate::record::SubjectReference;
use crate::seal::SealError;
use crate::service::Service;
use crate::store::{
    Compromise, CompromiseProgress, CompromiseReport, Hash, OFFER_RETENTION, Reissue, StoreError,
};
use crate::tenant::Tenant;

/// Batches that are withdrawn in one transaction: others wait for no longer than that.
const PIECE: u32 = 200;
/// Pieces in a turn of the job.
const PIECES: u32 = 50;
/// Offers in a minute where no quota says how much the key stores can do.
const UNLIMITED_PACE: u32 = 600;
/// The part of the quota that re-issue may take is one by this.
const QUOTA_PART: u32 = 2;

/// How far a withdrawal is.
#[derive(Clone, Debug)]
pub struct CompromiseState {
    /// The report, and what is done.
    pub compromise: Compromise,
    /// What is not.
    pub progress: CompromiseProgress,
    /// Offers that the tenants concerned make in a minute at most.
    pub offers_per_minute: u32,
}

impl CompromiseState {
    /// How long it takes until everybody who waits was offered other documents, if the offers are handed out as fast as
    /// they may be.
    #[must_use]
    pub fn time_to_offer(&self) -> Duration {
        let progress = &self.progress;
        let waiting = progress.waiting.saturating_sub(progress.unreachable);
        let minutes = waiting.div_ceil(u64::from(self.offers_per_minute.max(1)));
        Duration::minutes(i64::try_from(minutes).unwrap_or(i64::MAX / 60))
    }
}

/// An offer of other documents, for whoever hands it to the holder.
#[derive(Debug)]
pub struct OfferedReissue {
    /// The holder.
    pub subject: SubjectReference,
    /// What is offered.
    pub configuration_id: String,
    /// The offer.
    pub offer: CreatedOffer,
}

impl Service {
    /// Stops a document signer and has all that it signed withdrawn. `None`: nobody knows of such a document signer.
    ///
    /// # Errors
    /// The store failed; the report may be repeated. This replica has stopped it all the same.
    pub async fn report_compromise(
        &self,
        document_signer: Hash,
        reason: &str,
        actor: &str,
    ) -> Result<Option<CompromiseState>, StoreError> {
        let mut is_known = false;
        for tenant in &self.tenants {
            is_known |= tenant.authority.revoke(document_signer);
        }
        let left = self.store.compromise_progress(document_signer).await?;
        if !is_known
            && left == CompromiseProgress::default()
            && self.compromise(document_signer).await?.is_none()
        {
            return Ok(None);
        }
        let report = CompromiseReport {
            document_signer,
            at: self.clock.now(),
            actor: actor.to_owned(),
            reason: reason.to_owned(),
        };
        self.store.report_compromise(&report).await?;
        tracing::warn!(
            code = "document-signer-compromised",
            signer = hex::encode(&document_signer.0[..8]),
            actor,
            reason,
            batches = left.remaining_batches,
        );
        self.compromise(document_signer).await
    }

    /// A report and how far it is.
    ///
    /// # Errors
    /// The store failed.
    pub async fn compromise(
        &self,
        document_signer: Hash,
    ) -> Result<Option<CompromiseState>, StoreError> {
        let mut reports = self.store.compromises().await?.into_iter();
        let found = reports.find(|known| known.report.document_signer == document_signer);
        let Some(compromise) = found else {
            return Ok(None);
        };
        let now = self.clock.now();
        let paces = self.tenants.iter().map(|tenant| pace(tenant, now));
        Ok(Some(CompromiseState {
            compromise,
            progress: self.store.compromise_progress(document_signer).await?,
            offers_per_minute: paces.fold(0, u32::saturating_add),
        }))
    }

    /// Stops what was reported, wherever it was, and goes on withdrawing.
    pub(crate) async fn follow_compromises(&self) -> Result<(), StoreError> {
        for compromise in self.store.compromises().await? {
            let signer = compromise.report.document_signer;
            for tenant in &self.tenants {
                tenant.authority.revoke(signer);
            }
            if compromise.finished_at.is_some() {
                continue;
            }
            let mut withdrawn = 0;
            for _ in 0..PIECES {
                match self.store.withdraw(signer, PIECE, self.clock.now()).await? {
                    0 => break,
                    batches => withdrawn += batches,
                }
            }
            if withdrawn > 0 {
                let signer = hex::encode(&signer.0[..8]);
                tracing::info!(code = "withdrawn", signer, batches = withdrawn);
            }
        }
        Ok(())
    }

    /// The next of the queue with an offer each, at most so many, and no more than the pace allows. The same people again
    /// if it is repeated before they are noted as offered, with the same offers.
    ///
    /// # Errors
    /// An offer was not made. Those before it were, and come again only when they have run out.
    pub async fn offer_reissues(
        &self,
        tenant: &Tenant,
        most: u32,
    ) -> Result<Vec<OfferedReissue>, OfferError> {
        let now = self.clock.now();
        let since = now - Duration::MINUTE;
        let store = &self.store;
        let counted = store.reissues_due(&tenant.name, 0, now, since).await?;
        let offered = u32::try_from(counted.offered_since).unwrap_or(u32::MAX);
        let most = most.min(pace(tenant, now).saturating_sub(offered));
        let queue = store.reissues_due(&tenant.name, most, now, since).await?;
        let mut made = Vec::new();
        for reissue in &queue.due {
            match self.offer_again(tenant, reissue).await {
                Ok(offered) => {
                    let until = offered.offer.expires_at;
                    store.reissue_offered(reissue, now, until).await?;
                    made.push(offered);
                }
                Err(OfferError::Store(error)) => return Err(error.into()),
                Err(OfferError::Seal(error)) if !matches!(error, SealError::DoesNotOpen) => {
                    return Err(error.into());
                }
                Err(error) => {
                    // Nothing that an hour could mend, and others wait behind it.
                    let code = "reissue-impossible";
                    tracing::error!(code, tenant = tenant.name, cause = %error);
                    let until = now + OFFER_RETENTION;
                    store.reissue_offered(reissue, now, until).await?;
                }
            }
        }
        if !made.is_empty() {
            tracing::info!(
                code = "reissues-offered",
                tenant = tenant.name,
                offers = made.len()
            );
        }
        Ok(made)
    }

    async fn offer_again(
        &self,
        tenant: &Tenant,
        reissue: &Reissue,
    ) -> Result<OfferedReissue, OfferError> {
        let sealed = &reissue.sealed_subject;
        let subject = self
            .open_holder(&tenant.name, reissue.issuance, sealed)
            .await?;
        let key = format!(
            "reissue {} {} {}",
            reissue.issuance,
            reissue.queued_at.unix_timestamp_nanos(),
            reissue.attempts
        );
        let request = OfferRequest {
            configuration_ids: vec![reissue.configuration_id.clone()],
            subject: subject.clone(),
            tx_code_digits: None,
            life: None,
            identity: OfferIdentity::Repeatable(key),
        };
        Ok(OfferedReissue {
            subject,
            configuration_id: reissue.configuration_id.clone(),
            offer: offer::create(self, tenant, request).await?,
        })
    }
}

/// How many offers of a tenant in a minute the key stores of its document signers bear beside their other work.
fn pace(tenant: &Tenant, now: OffsetDateTime) -> u32 {
    let authority = tenant.authority.get();
    let mut stores: Vec<&QuotaScheduler> = Vec::new();
    for signer in &authority.document_signers {
        match &signer.key_store {
            _ if !signer.is_usable(now) => {}
            None => return UNLIMITED_PACE,
            Some(store) if stores.iter().any(|known| known.is_same(store)) => {}
            Some(store) => stores.push(store),
        }
    }
    let limits = stores.iter().map(|store| store.limit().get());
    let signatures = limits.fold(0, u32::saturating_add).saturating_mul(60);
    signatures / QUOTA_PART / tenant.policy.batch_size.max(1)
}
