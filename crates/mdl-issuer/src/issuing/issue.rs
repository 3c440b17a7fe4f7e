//! The steps of an issuance, in the order in which they must happen.

use std::time::Instant;

use base64ct::{Base64UrlUnpadded, Encoding};
use futures_util::future::try_join;
use mdl_crypto::hmac_sha256;
use mdl_mdoc::builder::{ElementSet, StatusReference, Validity};
use mdl_mdoc::data_elements::{DocumentSignerName, GateContext};

use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use super::batch::{Batch, UnsignedBatch};
use super::device_keys::DeviceKeys;
use super::document_signer::Engaged;
use super::licence_end::licence_end;
use super::reason::Reason;
use super::refusal::Refusal;
use super::validity::validity;
use super::{IssueError, IssueRequest, IssuedBatch};
use crate::operations::metrics;
use crate::service::Service;
use crate::status;
use crate::store::{
    Completion, CompletionOutcome, Hash, Issuance, IssuanceId, IssuanceState, LedgerDraft,
    NewIssuance, Reservation, ReservationLimits, ReservationOutcome, SignaturePurpose,
};
use crate::tenant::{DocumentSigner, Tenant};

/// The secret random beginning of a batch.
type Seed = Zeroizing<[u8; 32]>;

/// What a batch is made from, whoever signs it.
struct Content {
    seed: Seed,
    record: ElementSet,
    licence_end: Option<OffsetDateTime>,
    status: Vec<StatusReference>,
    /// The subject reference as the batch keeps it.
    sealed_subject: Vec<u8>,
}

impl Service {
    /// Issues a batch, or gives the batch again that the same request was issued before.
    ///
    /// # Errors
    /// See [`IssueError`]; the reason is in the log, under the identifier of the request.
    pub async fn issue(&self, request: IssueRequest<'_>) -> Result<IssuedBatch, IssueError> {
        let started = Instant::now();
        let issued = self.issue_or_refuse(&request).await;
        let outcome = issued.as_ref().map(|batch| batch.documents.len());
        metrics::issuance(
            &request.tenant.name,
            outcome.map_err(Refusal::code),
            started.elapsed(),
        );
        match issued {
            Ok(batch) => {
                tracing::info!(
                    code = "issued",
                    request = hex::encode(request.request),
                    tenant = request.tenant.name,
                    issuance = %batch.issuance,
                    documents = batch.documents.len(),
                );
                Ok(batch)
            }
            Err(refusal) => {
                refusal.log(&request);
                Err(refusal.error())
            }
        }
    }

    async fn issue_or_refuse(&self, request: &IssueRequest<'_>) -> Result<IssuedBatch, Refusal> {
        let now = self.clock.now();
        let tenant = request.tenant;
        let keys = DeviceKeys::new(&request.device_keys, tenant.policy.batch_size)?;
        check_grant(request)?;

        // Before anything is spent on a request that the key store has no time for.
        // Once for the whole batch: document signers may come and go meanwhile.
        let authority = tenant.authority.get();
        let signatures = u32::try_from(request.device_keys.len()).unwrap_or(u32::MAX);
        let engaged = authority.engage(signatures, &[], now)?;
        let issuance = self.reserve(request, &keys, engaged.signer.id, now).await?;
        if issuance.repeatable_until < now {
            return Err(Reason::RepetitionOver.into());
        }
        let engaged = if engaged.signer.id == issuance.document_signer {
            Ok(engaged)
        } else {
            // Begun before, with another one.
            drop(engaged);
            match authority.same_document_signer(issuance.document_signer, now) {
                Some(signer) => signer.engage(signatures).map_err(Refusal::from),
                None => Err(Reason::DocumentSignerGone.into()),
            }
        };
        let (seed, (record, sealed_subject)) = try_join(
            self.open_seed(tenant, &issuance),
            self.fetch_record(request, issuance.id),
        )
        .await?;
        let content = Content {
            licence_end: licence_end(&record).map_err(|_| Reason::RecordRefused)?,
            status: self.status_references(tenant, &issuance)?,
            seed,
            record,
            sealed_subject,
        };
        let mut signed = match engaged {
            Ok(engaged) => {
                self.sign(request, &keys, &issuance, &content, engaged, now)
                    .await
            }
            Err(refusal) => Err(refusal),
        };
        let mut failed = vec![issuance.document_signer];
        while let Err(refusal) = &signed
            && refusal.is_of_document_signer()
            && issuance.state == IssuanceState::Reserved
            && let Ok(other) = authority.engage(signatures, &failed, now)
        {
            refusal.log_hand_over(request, other.signer);
            failed.push(other.signer.id);
            signed = self
                .sign(request, &keys, &issuance, &content, other, now)
                .await;
        }
        signed
    }

    /// Builds the batch, has it signed by one document signer, and ends the issuance.
    async fn sign(
        &self,
        request: &IssueRequest<'_>,
        keys: &DeviceKeys<'_>,
        issuance: &Issuance,
        content: &Content,
        engaged: Engaged<'_>,
        now: OffsetDateTime,
    ) -> Result<IssuedBatch, Refusal> {
        let signer = engaged.signer;
        let policy = &request.tenant.policy;
        let window = signer.guard.window();
        let validity = validity(policy, window, issuance.issued_at, content.licence_end)?;
        pass_gate(request, &content.record, signer, &validity)?;
        let unsigned = Batch {
            doc_type: &request.configuration.doc_type,
            elements: &content.record,
            validity,
            device_keys: keys.iter().collect(),
            status: content.status.clone(),
            seed: &content.seed,
        }
        .build(signer.guard.algorithm())
        .map_err(|error| Refusal::because(Reason::NotBuilt, &error))?;
        if let IssuanceState::Issued { to_be_signed } = issuance.state
            && to_be_signed != unsigned.digest()
        {
            return Err(Reason::RecordChanged.into());
        }

        let notification_id = notification_id(&content.seed);
        let completion = Completion {
            id: issuance.id,
            document_signer: signer.id,
            to_be_signed: unsigned.digest(),
            valid_until: validity.valid_until(),
            notification: Some(Hash::of(notification_id.as_bytes())),
            sealed_subject: Some(content.sealed_subject.clone()),
            ledger: ledger_drafts(request, signer, &unsigned, now),
            now,
        };
        let documents = unsigned
            .sign(signer, engaged.admission.as_ref(), now)
            .await?;
        // No ledger, no issuance: until this has succeeded, no signature leaves.
        match self.store.complete(completion).await? {
            CompletionOutcome::Completed => {}
            CompletionOutcome::Differs => return Err(Reason::RecordChanged.into()),
        }
        Ok(IssuedBatch {
            documents: keys.in_order_of_proofs(documents),
            issuance: issuance.id,
            notification_id,
            valid_until: validity.valid_until(),
        })
    }

    /// Begins the issuance, or finds the one that the same request began before.
    async fn reserve(
        &self,
        request: &IssueRequest<'_>,
        keys: &DeviceKeys<'_>,
        document_signer: Hash,
        now: OffsetDateTime,
    ) -> Result<Issuance, Refusal> {
        let (tenant, policy) = (request.tenant, &request.tenant.policy);
        let new = self.new_issuance(tenant, document_signer, now).await?;
        let reservation = Reservation {
            tenant: tenant.name.clone(),
            grant: request.grant.id,
            subject: request.grant.subject.hash,
            request_key: keys.request_key(&request.configuration.id),
            configuration_id: request.configuration.id.clone(),
            device_keys: keys.look_up_hashes(&self.secret),
            nonce: request.nonce,
            once: request.once.clone(),
            limits: ReservationLimits {
                batches_per_grant: policy.batches_per_grant,
                documents_per_subject: policy.documents_per_subject_and_day,
                counted_from: now - Duration::DAY,
            },
            new,
            now,
        };
        let refused = match self.store.reserve(reservation).await? {
            ReservationOutcome::Reserved(issuance) | ReservationOutcome::Repeated(issuance) => {
                return Ok(issuance);
            }
            ReservationOutcome::RepeatedTooOften => Reason::RepeatedTooOften,
            ReservationOutcome::NonceUsed => Reason::NonceUsed,
            ReservationOutcome::Replayed => Reason::Replayed,
            ReservationOutcome::GrantOver => Reason::GrantOver,
            ReservationOutcome::GrantExhausted => Reason::GrantExhausted,
            ReservationOutcome::SubjectLimit => Reason::SubjectLimit,
            ReservationOutcome::DeviceKeyUsed => Reason::DeviceKeyUsed,
            ReservationOutcome::NoStatusPosition => Reason::NoStatusPosition,
        };
        Err(refused.into())
    }

    /// What the issuance will be made from if the request is new.
    async fn new_issuance(
        &self,
        tenant: &Tenant,
        document_signer: Hash,
        now: OffsetDateTime,
    ) -> Result<NewIssuance, Refusal> {
        let mut random = Zeroizing::new([0; 16 + 32]);
        getrandom::fill(&mut *random)
            .map_err(|error| Refusal::because(Reason::NoRandomness, &error))?;
        let (id, seed) = random.split_at(16);
        let mut issuance = IssuanceId([0; 16]);
        issuance.0.copy_from_slice(id);
        let sealed_seed = self
            .sealer
            .seal(&seed_context(tenant, issuance), seed)
            .await;
        Ok(NewIssuance {
            id: issuance,
            sealed_seed: sealed_seed
                .map_err(|error| Refusal::sealing(Reason::SeedDoesNotOpen, &error))?,
            document_signer,
            issued_at: now,
            repeatable_until: now + tenant.policy.repeatable,
            // Nothing ends later: see `validity`.
            status_until: tenant
                .authority
                .get()
                .status_signer
                .is_some()
                .then(|| now + tenant.policy.validity),
        })
    }

    async fn open_seed(&self, tenant: &Tenant, issuance: &Issuance) -> Result<Seed, Refusal> {
        let does_not_open = Reason::SeedDoesNotOpen;
        let sealed = issuance.sealed_seed.as_ref();
        let sealed = sealed.ok_or(Reason::RepetitionOver)?;
        let context = seed_context(tenant, issuance.id);
        let opened = self.sealer.open(&context, sealed).await;
        let opened = opened.map_err(|error| Refusal::sealing(does_not_open, &error))?;
        let seed = <[u8; 32]>::try_from(opened.as_slice()).map_err(|_| does_not_open)?;
        Ok(Zeroizing::new(seed))
    }

    /// The record, and for whom it is as the batch keeps it.
    async fn fetch_record(
        &self,
        request: &IssueRequest<'_>,
        issuance: IssuanceId,
    ) -> Result<(ElementSet, Vec<u8>), Refusal> {
        let (tenant, grant) = (request.tenant, request.grant);
        let subject = self
            .open_subject(&tenant.name, grant.offer, &grant.subject)
            .await
            .map_err(|error| Refusal::sealing(Reason::SubjectDoesNotOpen, &error))?;
        let doc_type = &request.configuration.doc_type;
        let record = tenant.records.fetch(&subject, doc_type).await?;
        let sealed = self.seal_holder(&tenant.name, issuance, &subject).await;
        let sealed =
            sealed.map_err(|error| Refusal::sealing(Reason::SubjectDoesNotOpen, &error))?;
        Ok((record, sealed))
    }

    fn status_references(
        &self,
        tenant: &Tenant,
        issuance: &Issuance,
    ) -> Result<Vec<StatusReference>, Reason> {
        let positions = issuance.status.iter();
        positions
            .map(|position| status::reference(&self.secret, tenant, position))
            .collect::<Option<_>>()
            .ok_or(Reason::StoreCorrupt)
    }
}

fn check_grant(request: &IssueRequest<'_>) -> Result<(), Reason> {
    let (tenant, grant) = (request.tenant, request.grant);
    let id = &request.configuration.id;
    let is_granted = grant.tenant == tenant.name && grant.configuration_ids.contains(id);
    is_granted.then_some(()).ok_or(Reason::NotGranted)
}

/// Holds the record against the element gate once for the whole batch: all documents have the same elements and times.
fn pass_gate(
    request: &IssueRequest<'_>,
    record: &ElementSet,
    signer: &DocumentSigner,
    validity: &Validity,
) -> Result<(), Refusal> {
    let context = GateContext {
        document_signer: signer.country.as_deref().map(|country| DocumentSignerName {
            country,
            state: signer.state.as_deref(),
        }),
        ..GateContext::new(
            &request.configuration.doc_type,
            validity.valid_from(),
            validity.valid_until(),
        )
    };
    let gate = &request.configuration.gate;
    gate.check_set(record, &context).map_err(Refusal::gate)
}

/// What a wallet calls the batch: from the seed, so that a repeated answer names it alike.
fn notification_id(seed: &Seed) -> String {
    let mac = hmac_sha256(&**seed, &[b"notification"]);
    Base64UrlUnpadded::encode_string(&mac[..16])
}

fn seed_context(tenant: &Tenant, issuance: IssuanceId) -> Vec<u8> {
    [b"seed\0".as_slice(), &issuance.0, tenant.name.as_bytes()].concat()
}

fn ledger_drafts(
    request: &IssueRequest<'_>,
    signer: &DocumentSigner,
    batch: &UnsignedBatch,
    now: OffsetDateTime,
) -> Vec<LedgerDraft> {
    let draft = |to_be_signed: &Hash| LedgerDraft {
        at: now,
        tenant: request.tenant.name.clone(),
        purpose: SignaturePurpose::Mso,
        key: signer.key_id,
        to_be_signed: *to_be_signed,
        request: request.request,
    };
    batch.to_be_signed().iter().map(draft).collect()
}
