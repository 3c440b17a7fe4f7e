//! Reserving, completing and hearing of issuances.

use time::OffsetDateTime;

use super::{Needs, Step};
use crate::store::tables::{DocumentRow, IssuanceRow, StatusListRow, Suspensions, Tables};
use crate::store::{
    Completion, CompletionOutcome, GrantId, Hash, Issuance, IssuanceState, MAX_REPETITIONS,
    NotificationEvent, NotificationOutcome, Reservation, ReservationOutcome, StatusPosition,
    StatusValue, StoreError,
};

impl Step for Reservation {
    type Outcome = ReservationOutcome;

    fn needs(&self, needs: &mut Needs) {
        needs.grants.insert(self.grant);
        needs.used(&self.once);
        needs.used(self.nonce.as_slice());
        needs.issuances_of_grants.insert(self.grant);
        needs.requests.insert((self.grant, self.request_key));
        let person = (self.tenant.clone(), self.subject, self.limits.counted_from);
        needs.counts.insert(person);
        needs.device_keys.extend(&self.device_keys);
        if self.new.status_until.is_some() {
            needs.open_lists.insert(self.tenant.clone());
        }
    }

    fn apply(&self, tables: &mut Tables) -> Result<ReservationOutcome, StoreError> {
        let holds = tables
            .grants
            .get(&self.grant)
            .is_some_and(|row| row.grant.tenant == self.tenant && self.now < row.grant.expires_at);
        if !holds {
            return Ok(ReservationOutcome::GrantOver);
        }
        // A wallet that repeats its request proves anew that it holds the DPoP key; only the very same call of the
        // service, repeated because the store's answer was lost, comes with the same proof.
        let caller = Hash::of(&self.new.id.0);
        if self.once.iter().any(|value| tables.is_used(value, caller)) {
            return Ok(ReservationOutcome::Replayed);
        }
        let request = self.request();
        if self
            .nonce
            .iter()
            .any(|nonce| tables.is_used(nonce, request))
        {
            return Ok(ReservationOutcome::NonceUsed);
        }
        let begun = tables.issuance_of_request(self.grant, self.request_key);
        if let Some(begun) = begun.cloned() {
            // Until it is issued, nothing was signed, and the wallet may ask until what is missing is back.
            if matches!(begun.issuance.state, IssuanceState::Issued { .. }) {
                if begun.repetitions >= MAX_REPETITIONS {
                    return Ok(ReservationOutcome::RepeatedTooOften);
                }
                if let Some(row) = tables.issuances.update(&begun.issuance.id) {
                    row.repetitions += 1;
                }
            }
            self.use_up(tables);
            return Ok(ReservationOutcome::Repeated(begun.issuance));
        }
        if let Some(refused) = self.beyond_limits(tables) {
            return Ok(refused);
        }
        let status = match self.new.status_until {
            Some(until) => match self.allocate(tables, until) {
                Some(status) => status,
                None => return Ok(ReservationOutcome::NoStatusPosition),
            },
            None => Vec::new(),
        };
        self.use_up(tables);
        Ok(ReservationOutcome::Reserved(self.insert(tables, status)))
    }
}

impl Reservation {
    /// Who uses the nonce: the request, so that another one of the same grant cannot.
    fn request(&self) -> Hash {
        Hash::of(&[self.grant.0.as_slice(), &self.request_key.0].concat())
    }

    fn use_up(&self, tables: &mut Tables) {
        for value in &self.once {
            tables.use_up(value, Hash::of(&self.new.id.0));
        }
        if let Some(nonce) = &self.nonce {
            tables.use_up(nonce, self.request());
        }
    }

    fn batch_size(&self) -> u32 {
        u32::try_from(self.device_keys.len()).unwrap_or(u32::MAX)
    }

    fn beyond_limits(&self, tables: &Tables) -> Option<ReservationOutcome> {
        let batches = tables.of_grant(self.grant).count();
        if batches >= self.limits.batches_per_grant as usize {
            return Some(ReservationOutcome::GrantExhausted);
        }
        let given = tables.documents_since(&self.tenant, self.subject, self.limits.counted_from);
        let wanted = given + u64::from(self.batch_size());
        if wanted > u64::from(self.limits.documents_per_subject) {
            return Some(ReservationOutcome::SubjectLimit);
        }
        for (number, key) in self.device_keys.iter().enumerate() {
            if tables.device_keys.contains(key) || self.device_keys[..number].contains(key) {
                return Some(ReservationOutcome::DeviceKeyUsed);
            }
        }
        None
    }

    /// Takes one position per document, in turn from all lists that have room; all of them or none.
    /// The lists are needed until these documents end.
    fn allocate(&self, tables: &mut Tables, until: OffsetDateTime) -> Option<Vec<StatusPosition>> {
        let mut open: Vec<_> = tables
            .lists
            .values()
            .map(|row| &row.list)
            .filter(|list| list.tenant == self.tenant && list.allocated < list.capacity)
            .map(|list| (list.id, list.allocated, list.capacity, list.size))
            .collect();
        open.sort_unstable_by_key(|(id, ..)| *id);
        let room: u64 = open
            .iter()
            .map(|(_, allocated, capacity, _)| u64::from(capacity - allocated))
            .sum();
        if room < self.device_keys.len() as u64 {
            return None;
        }
        // Where to start moves on from batch to batch, so that single documents do not all land in one list.
        let given: u64 = open.iter().map(|(_, given, ..)| u64::from(*given)).sum();
        let lists = open.len() as u64;
        let mut turn = usize::try_from(given.checked_rem(lists).unwrap_or(0)).unwrap_or(0);
        let mut positions = Vec::with_capacity(self.device_keys.len());
        while positions.len() < self.device_keys.len() {
            let (list, allocated, capacity, size) = &mut open[turn];
            if allocated < capacity {
                positions.push(StatusPosition {
                    list: *list,
                    size: *size,
                    position: *allocated,
                });
                *allocated += 1;
            }
            turn = (turn + 1) % open.len();
        }
        for (list, allocated, ..) in open {
            let changed = tables.lists.get(&list).map(|row| row.list.allocated) != Some(allocated);
            if changed && let Some(StatusListRow { list, .. }) = tables.lists.update(&list) {
                list.allocated = allocated;
                list.needed_until = list.needed_until.max(Some(until));
            }
        }
        Some(positions)
    }

    fn insert(&self, tables: &mut Tables, status: Vec<StatusPosition>) -> Issuance {
        let issuance = Issuance {
            id: self.new.id,
            tenant: self.tenant.clone(),
            grant: self.grant,
            subject: self.subject,
            configuration_id: self.configuration_id.clone(),
            batch_size: self.batch_size(),
            sealed_seed: Some(self.new.sealed_seed.clone()),
            document_signer: self.new.document_signer,
            issued_at: self.new.issued_at,
            repeatable_until: self.new.repeatable_until,
            status,
            state: IssuanceState::Reserved,
            valid_until: None,
            notified: None,
        };
        let documents = (0..)
            .zip(&self.device_keys)
            .map(|(number, device_key)| DocumentRow {
                issuance: issuance.id,
                number,
                device_key: *device_key,
                place: issuance.status.get(number as usize).copied(),
                status: StatusValue::Valid,
                suspensions: Suspensions::NONE,
            })
            .collect();
        let row = IssuanceRow {
            issuance: issuance.clone(),
            request_key: self.request_key,
            reserved_at: self.now,
            notification: None,
            completed_by: None,
            repetitions: 0,
            sealed_subject: None,
        };
        tables.insert_issuance(row, documents);
        issuance
    }
}

impl Step for Completion {
    type Outcome = CompletionOutcome;

    fn needs(&self, needs: &mut Needs) {
        needs.issuances.insert(self.id);
    }

    fn apply(&self, tables: &mut Tables) -> Result<CompletionOutcome, StoreError> {
        let Some(row) = tables.issuances.get(&self.id) else {
            let what = "a completion of an issuance that was never reserved";
            return Err(StoreError::Corrupt(what.into()));
        };
        if let IssuanceState::Issued { to_be_signed } = row.issuance.state {
            // Of two document signers that were asked at the same time, the documents of one leave.
            let signer = row.issuance.document_signer;
            if (to_be_signed, signer) != (self.to_be_signed, self.document_signer) {
                return Ok(CompletionOutcome::Differs);
            }
        }
        let request = self.ledger.first().map(|entry| entry.request);
        if request.is_some() && row.completed_by == request {
            return Ok(CompletionOutcome::Completed);
        }
        tables.append_to_ledger(&self.ledger);
        if let Some(row) = tables.issuances.update(&self.id) {
            row.issuance.state = IssuanceState::Issued {
                to_be_signed: self.to_be_signed,
            };
            row.issuance.document_signer = self.document_signer;
            row.issuance.valid_until = Some(self.valid_until);
            row.notification = self.notification.or(row.notification);
            row.completed_by = request;
            if row.sealed_subject.is_none() {
                row.sealed_subject.clone_from(&self.sealed_subject);
            }
        }
        Ok(CompletionOutcome::Completed)
    }
}

/// See [`Store::notify`](crate::store::Store::notify).
#[derive(Debug)]
pub(in crate::store) struct Notify {
    pub(in crate::store) tenant: String,
    pub(in crate::store) grant: GrantId,
    pub(in crate::store) notification: Hash,
    pub(in crate::store) event: NotificationEvent,
}

impl Step for Notify {
    type Outcome = NotificationOutcome;

    fn needs(&self, needs: &mut Needs) {
        needs.issuances_of_grants.insert(self.grant);
    }

    fn apply(&self, tables: &mut Tables) -> Result<NotificationOutcome, StoreError> {
        let found = tables.of_grant(self.grant).find(|row| {
            row.issuance.tenant == self.tenant && row.notification == Some(self.notification)
        });
        let Some(id) = found.map(|row| row.issuance.id) else {
            return Ok(NotificationOutcome::Unknown);
        };
        if let Some(row) = tables.issuances.update(&id) {
            row.issuance.notified = Some(self.event);
            if self.event == NotificationEvent::Accepted {
                row.issuance.sealed_seed = None;
            }
        }
        Ok(NotificationOutcome::Recorded)
    }
}
