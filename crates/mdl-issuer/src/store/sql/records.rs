//! How each kind of row lies in its table. The columns are explained in the migrations.

use super::database::Kind::{Bytes, Integer, Text};
use super::database::{Column, DatabaseError, Value};
use super::record::{Record, Values};
use crate::ledger::{purpose_number, purpose_of_number};
use crate::store::tables::{
    DocumentRow, GrantRow, IssuanceRow, LeaseRow, OfferRow, StatusChangeRow, StatusListRow,
    Suspensions, UsedRow,
};
use crate::store::{
    Grant, GrantId, Issuance, IssuanceId, IssuanceState, LedgerCheckpoint, LedgerDraft, LedgerHead,
    LedgerRow, NotificationEvent, Offer, OfferId, OfferState, PublishedStatusList, SealedSubject,
    StatusList, StatusListId, StatusPosition, StatusValue, TxCodeRule, UsedPurpose,
};

impl Record for OfferRow {
    const TABLE: &'static str = "offers";
    const COLUMNS: &'static [Column] = &[
        ("id", Bytes),
        ("tenant", Text),
        ("code", Bytes),
        ("configuration_ids", Text),
        ("subject", Bytes),
        ("sealed_subject", Bytes),
        ("tx_code", Bytes),
        ("tx_is_numeric", Integer),
        ("tx_length", Integer),
        ("tx_attempts_left", Integer),
        ("last_attempt", Bytes),
        ("state", Integer),
        ("created_at", Integer),
        ("expires_at", Integer),
    ];

    fn to_values(&self) -> Vec<Value> {
        let offer = &self.offer;
        let rule = offer.tx_code.as_ref();
        vec![
            offer.id.0.into(),
            offer.tenant.as_str().into(),
            self.code.into(),
            offer.configuration_ids.as_slice().into(),
            offer.subject.into(),
            self.sealed.as_deref().into(),
            rule.map(|rule| rule.hash).into(),
            rule.map(|rule| i64::from(rule.is_numeric)).into(),
            rule.map(|rule| i64::from(rule.length)).into(),
            rule.map(|rule| i64::from(rule.attempts_left)).into(),
            self.last_attempt.map(|id| id.0).into(),
            match offer.state {
                OfferState::Open => 0_i64,
                OfferState::Redeemed => 1,
                OfferState::Cancelled => 2,
                OfferState::Locked => 3,
            }
            .into(),
            offer.created_at.into(),
            offer.expires_at.into(),
        ]
    }

    fn from_values(values: &mut Values) -> Result<Self, DatabaseError> {
        let id = OfferId(values.array()?);
        let tenant = values.text()?;
        let code = values.hash()?;
        let configuration_ids = values.texts()?;
        let subject = values.hash()?;
        let sealed = values.optional_bytes()?;
        let tx_code = values.optional_hash()?;
        let is_numeric = values.optional_integer()?;
        let length = values.optional_number()?;
        let attempts_left = values.optional_number()?;
        let tx_code = match (tx_code, is_numeric, length, attempts_left) {
            (None, None, None, None) => None,
            (Some(hash), Some(is_numeric), Some(length), Some(attempts_left)) => Some(TxCodeRule {
                hash,
                is_numeric: is_numeric != 0,
                length,
                attempts_left,
            }),
            _ => return Err(values.unexpected()),
        };
        Ok(Self {
            code,
            sealed,
            last_attempt: values.optional_array()?.map(GrantId),
            offer: Offer {
                id,
                tenant,
                configuration_ids,
                subject,
                tx_code,
                state: match values.integer()? {
                    0 => OfferState::Open,
                    1 => OfferState::Redeemed,
                    2 => OfferState::Cancelled,
                    3 => OfferState::Locked,
                    _ => return Err(values.unexpected()),
                },
                created_at: values.time()?,
                expires_at: values.time()?,
            },
        })
    }
}

impl Record for GrantRow {
    const TABLE: &'static str = "grants";
    const COLUMNS: &'static [Column] = &[
        ("id", Bytes),
        ("tenant", Text),
        ("token", Bytes),
        ("offer", Bytes),
        ("configuration_ids", Text),
        ("subject", Bytes),
        ("sealed_subject", Bytes),
        ("dpop_key", Bytes),
        ("by_identifier", Integer),
        ("client_id", Text),
        ("expires_at", Integer),
    ];

    fn to_values(&self) -> Vec<Value> {
        let grant = &self.grant;
        vec![
            grant.id.0.into(),
            grant.tenant.as_str().into(),
            self.token.into(),
            grant.offer.0.into(),
            grant.configuration_ids.as_slice().into(),
            grant.subject.hash.into(),
            grant.subject.sealed.as_slice().into(),
            grant.dpop_key.into(),
            i64::from(grant.by_identifier).into(),
            grant.client_id.as_deref().into(),
            grant.expires_at.into(),
        ]
    }

    fn from_values(values: &mut Values) -> Result<Self, DatabaseError> {
        let id = GrantId(values.array()?);
        let tenant = values.text()?;
        let token = values.hash()?;
        let offer = OfferId(values.array()?);
        let configuration_ids = values.texts()?;
        let hash = values.hash()?;
        let sealed = values.bytes()?;
        Ok(Self {
            grant: Grant {
                id,
                tenant,
                offer,
                configuration_ids,
                subject: SealedSubject { sealed, hash },
                dpop_key: values.optional_hash()?,
                by_identifier: values.integer()? != 0,
                client_id: values.optional_text()?,
                expires_at: values.time()?,
            },
            token,
        })
    }
}

/// The number of a purpose in the table.
pub(super) const fn used_purpose_number(purpose: UsedPurpose) -> i64 {
    match purpose {
        UsedPurpose::CredentialNonce => 1,
        UsedPurpose::DpopProof => 2,
        UsedPurpose::LedgerEntries => 3,
    }
}

impl Record for UsedRow {
    const TABLE: &'static str = "used_values";
    const COLUMNS: &'static [Column] = &[
        ("purpose", Integer),
        ("value", Bytes),
        ("used_by", Bytes),
        ("expires_at", Integer),
    ];
    const KEY: usize = 2;

    fn to_values(&self) -> Vec<Value> {
        vec![
            used_purpose_number(self.purpose).into(),
            self.value.into(),
            self.used_by.into(),
            self.expires_at.into(),
        ]
    }

    fn from_values(values: &mut Values) -> Result<Self, DatabaseError> {
        Ok(Self {
            purpose: match values.integer()? {
                1 => UsedPurpose::CredentialNonce,
                2 => UsedPurpose::DpopProof,
                3 => UsedPurpose::LedgerEntries,
                _ => return Err(values.unexpected()),
            },
            value: values.hash()?,
            used_by: values.hash()?,
            expires_at: values.time()?,
        })
    }
}

/// Without the positions in status lists, which are the documents'.
impl Record for IssuanceRow {
    const TABLE: &'static str = "issuances";
    const COLUMNS: &'static [Column] = &[
        ("id", Bytes),
        ("tenant", Text),
        ("grant_id", Bytes),
        ("request_key", Bytes),
        ("subject", Bytes),
        ("configuration_id", Text),
        ("batch_size", Integer),
        ("sealed_seed", Bytes),
        ("document_signer", Bytes),
        ("reserved_at", Integer),
        ("issued_at", Integer),
        ("repeatable_until", Integer),
        ("to_be_signed", Bytes),
        ("valid_until", Integer),
        ("notification", Bytes),
        ("notified", Integer),
        ("completed_by", Bytes),
        ("repetitions", Integer),
        ("sealed_subject", Bytes),
    ];

    fn to_values(&self) -> Vec<Value> {
        let issuance = &self.issuance;
        let to_be_signed = match issuance.state {
            IssuanceState::Reserved => None,
            IssuanceState::Issued { to_be_signed } => Some(to_be_signed),
        };
        let notified = issuance.notified.map(|event| match event {
            NotificationEvent::Accepted => 1_i64,
            NotificationEvent::Failure => 2,
            NotificationEvent::Deleted => 3,
        });
        vec![
            issuance.id.0.into(),
            issuance.tenant.as_str().into(),
            issuance.grant.0.into(),
            self.request_key.into(),
            issuance.subject.into(),
            issuance.configuration_id.as_str().into(),
            issuance.batch_size.into(),
            issuance.sealed_seed.as_deref().into(),
            issuance.document_signer.into(),
            self.reserved_at.into(),
            issuance.issued_at.into(),
            issuance.repeatable_until.into(),
            to_be_signed.into(),
            issuance.valid_until.into(),
            self.notification.into(),
            notified.into(),
            self.completed_by.into(),
            self.repetitions.into(),
            self.sealed_subject.as_deref().into(),
        ]
    }

    fn from_values(values: &mut Values) -> Result<Self, DatabaseError> {
        let id = IssuanceId(values.array()?);
        let tenant = values.text()?;
        let grant = GrantId(values.array()?);
        let request_key = values.hash()?;
        let subject = values.hash()?;
        let configuration_id = values.text()?;
        let batch_size = values.number()?;
        let sealed_seed = values.optional_bytes()?;
        let document_signer = values.hash()?;
        let reserved_at = values.time()?;
        let issued_at = values.time()?;
        let repeatable_until = values.time()?;
        let state = match values.optional_hash()? {
            None => IssuanceState::Reserved,
            Some(to_be_signed) => IssuanceState::Issued { to_be_signed },
        };
        let valid_until = values.optional_time()?;
        let notification = values.optional_hash()?;
        let notified = match values.optional_integer()? {
            None => None,
            Some(1) => Some(NotificationEvent::Accepted),
            Some(2) => Some(NotificationEvent::Failure),
            Some(3) => Some(NotificationEvent::Deleted),
            Some(_) => return Err(values.unexpected()),
        };
        Ok(Self {
            issuance: Issuance {
                id,
                tenant,
                grant,
                subject,
                configuration_id,
                batch_size,
                sealed_seed,
                document_signer,
                issued_at,
                repeatable_until,
                status: Vec::new(),
                state,
                valid_until,
                notified,
            },
            request_key,
            reserved_at,
            notification,
            completed_by: values.optional_array()?,
            repetitions: values.number()?,
            sealed_subject: values.optional_bytes()?,
        })
    }
}

const fn status_number(status: StatusValue) -> i64 {
    match status {
        StatusValue::Valid => 0,
        StatusValue::Invalid => 1,
        StatusValue::Suspended => 2,
    }
}

/// The status with this number.
pub(super) fn status_of(values: &mut Values) -> Result<StatusValue, DatabaseError> {
    match values.integer()? {
        0 => Ok(StatusValue::Valid),
        1 => Ok(StatusValue::Invalid),
        2 => Ok(StatusValue::Suspended),
        _ => Err(values.unexpected()),
    }
}

impl Record for DocumentRow {
    const TABLE: &'static str = "documents";
    const COLUMNS: &'static [Column] = &[
        ("issuance", Bytes),
        ("number", Integer),
        ("device_key", Bytes),
        ("status_list", Bytes),
        ("list_size", Integer),
        ("position", Integer),
        ("status", Integer),
        ("suspensions", Integer),
    ];
    const KEY: usize = 2;

    fn to_values(&self) -> Vec<Value> {
        vec![
            self.issuance.0.into(),
            self.number.into(),
            self.device_key.into(),
            self.place.map(|place| place.list.0).into(),
            self.place.map(|place| place.size).into(),
            self.place.map(|place| place.position).into(),
            status_number(self.status).into(),
            u32::from(self.suspensions.0).into(),
        ]
    }

    fn from_values(values: &mut Values) -> Result<Self, DatabaseError> {
        let issuance = IssuanceId(values.array()?);
        let number = values.number()?;
        let device_key = values.hash()?;
        let list = values.optional_array()?.map(StatusListId);
        let size = values.optional_number()?;
        let place = match (list, size, values.optional_number()?) {
            (None, None, None) => None,
            (Some(list), Some(size), Some(position)) => Some(StatusPosition {
                list,
                size,
                position,
            }),
            _ => return Err(values.unexpected()),
        };
        Ok(Self {
            issuance,
            number,
            device_key,
            place,
            status: status_of(values)?,
            suspensions: Suspensions(values.number()?),
        })
    }
}

impl Record for StatusListRow {
    const TABLE: &'static str = "status_lists";
    const COLUMNS: &'static [Column] = &[
        ("id", Bytes),
        ("tenant", Text),
        ("size", Integer),
        ("capacity", Integer),
        ("allocated", Integer),
        ("version", Integer),
        ("published_version", Integer),
        ("published_at", Integer),
        ("expires_at", Integer),
        ("created_at", Integer),
        ("published_for", Text),
        ("needed_until", Integer),
    ];

    fn to_values(&self) -> Vec<Value> {
        let list = &self.list;
        vec![
            list.id.0.into(),
            list.tenant.as_str().into(),
            list.size.into(),
            list.capacity.into(),
            list.allocated.into(),
            list.version.into(),
            list.published_version.into(),
            list.published_at.into(),
            list.expires_at.into(),
            self.created_at.into(),
            list.published_for.as_deref().into(),
            list.needed_until.into(),
        ]
    }

    fn from_values(values: &mut Values) -> Result<Self, DatabaseError> {
        let mut list = StatusList {
            id: StatusListId(values.array()?),
            tenant: values.text()?,
            size: values.number()?,
            capacity: values.number()?,
            allocated: values.number()?,
            version: values.number()?,
            published_version: values.optional_number()?,
            published_at: values.optional_time()?,
            expires_at: values.optional_time()?,
            published_for: None,
            needed_until: None,
        };
        let created_at = values.time()?;
        list.published_for = values.optional_text()?;
        list.needed_until = values.optional_time()?;
        Ok(Self { list, created_at })
    }
}

impl Record for PublishedStatusList {
    const TABLE: &'static str = "status_tokens";
    const COLUMNS: &'static [Column] = &[
        ("status_list", Bytes),
        ("tenant", Text),
        ("version", Integer),
        ("jwt", Text),
        ("cwt", Bytes),
        ("issued_at", Integer),
        ("expires_at", Integer),
        ("ttl", Integer),
    ];

    fn to_values(&self) -> Vec<Value> {
        vec![
            self.id.0.into(),
            self.tenant.as_str().into(),
            self.version.into(),
            self.jwt.as_str().into(),
            self.cwt.as_slice().into(),
            self.issued_at.into(),
            self.expires_at.into(),
            self.ttl.into(),
        ]
    }

    fn from_values(values: &mut Values) -> Result<Self, DatabaseError> {
        Ok(Self {
            id: StatusListId(values.array()?),
            tenant: values.text()?,
            version: values.number()?,
            jwt: values.text()?,
            cwt: values.bytes()?,
            issued_at: values.time()?,
            expires_at: values.time()?,
            ttl: values.number()?,
        })
    }
}

/// Has no key, so it is no [`Record`].
impl StatusChangeRow {
    pub(super) const TABLE: &'static str = "status_changes";
    pub(super) const COLUMNS: &'static [Column] = &[
        ("at", Integer),
        ("tenant", Text),
        ("issuance", Bytes),
        ("number", Integer),
        ("status", Integer),
        ("reason", Text),
        ("actor", Text),
    ];

    pub(super) fn to_values(&self) -> Vec<Value> {
        vec![
            self.change.now.into(),
            self.change.tenant.as_str().into(),
            self.issuance.0.into(),
            self.number.into(),
            status_number(self.change.value).into(),
            self.change.reason.as_str().into(),
            self.change.actor.as_str().into(),
        ]
    }
}

impl Record for LedgerRow {
    const TABLE: &'static str = "ledger";
    const COLUMNS: &'static [Column] = &[
        ("sequence", Integer),
        ("previous", Bytes),
        ("hash", Bytes),
        ("at", Integer),
        ("tenant", Text),
        ("purpose", Integer),
        ("signing_key", Bytes),
        ("to_be_signed", Bytes),
        ("request", Bytes),
    ];

    fn to_values(&self) -> Vec<Value> {
        let entry = &self.entry;
        vec![
            self.sequence.into(),
            self.previous.into(),
            self.hash.into(),
            entry.at.into(),
            entry.tenant.as_str().into(),
            i64::from(purpose_number(entry.purpose)).into(),
            entry.key.into(),
            entry.to_be_signed.into(),
            entry.request.into(),
        ]
    }

    fn from_values(values: &mut Values) -> Result<Self, DatabaseError> {
        Ok(Self {
            sequence: values.number()?,
            previous: values.hash()?,
            hash: values.hash()?,
            entry: LedgerDraft {
                at: values.time()?,
                tenant: values.text()?,
                purpose: {
                    let purpose = purpose_of_number(values.integer()?);
                    purpose.ok_or_else(|| values.unexpected())?
                },
                key: values.hash()?,
                to_be_signed: values.hash()?,
                request: values.array()?,
            },
        })
    }
}

impl Record for LedgerHead {
    const TABLE: &'static str = "ledger_head";
    const COLUMNS: &'static [Column] = &[("one", Integer), ("sequence", Integer), ("hash", Bytes)];

    fn to_values(&self) -> Vec<Value> {
        vec![1_i64.into(), self.sequence.into(), self.hash.into()]
    }

    fn from_values(values: &mut Values) -> Result<Self, DatabaseError> {
        values.integer()?;
        Ok(Self {
            sequence: values.number()?,
            hash: values.hash()?,
        })
    }
}

impl Record for LedgerCheckpoint {
    const TABLE: &'static str = "ledger_checkpoints";
    const COLUMNS: &'static [Column] = &[
        ("sequence", Integer),
        ("hash", Bytes),
        ("at", Integer),
        ("token", Text),
    ];

    fn to_values(&self) -> Vec<Value> {
        vec![
            self.head.sequence.into(),
            self.head.hash.into(),
            self.at.into(),
            self.token.as_str().into(),
        ]
    }

    fn from_values(values: &mut Values) -> Result<Self, DatabaseError> {
        Ok(Self {
            head: LedgerHead {
                sequence: values.number()?,
                hash: values.hash()?,
            },
            at: values.time()?,
            token: values.text()?,
        })
    }
}

impl Record for LeaseRow {
    const TABLE: &'static str = "leases";
    const COLUMNS: &'static [Column] = &[("job", Text), ("holder", Text), ("until", Integer)];

    fn to_values(&self) -> Vec<Value> {
        vec![
            self.job.as_str().into(),
            self.holder.as_str().into(),
            self.until.into(),
        ]
    }

    fn from_values(values: &mut Values) -> Result<Self, DatabaseError> {
        Ok(Self {
            job: values.text()?,
            holder: values.text()?,
            until: values.time()?,
        })
    }
}
