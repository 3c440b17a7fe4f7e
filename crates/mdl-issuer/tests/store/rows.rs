//! Rows for the suite: everything is different for different numbers, and the same for the same.

use mdl_issuer::store::{
    Completion, Grant, GrantId, Hash, Issuance, IssuanceId, LedgerDraft, NewGrant, NewIssuance,
    NewOffer, NewStatusList, OfferId, Redemption, RedemptionOutcome, Reservation,
    ReservationLimits, ReservationOutcome, SealedSubject, SignaturePurpose, StatusListId, Store,
    TxCodeRule, UsedPurpose, UsedValue,
};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

pub(crate) const TENANT: &str = "utopia";
pub(crate) const OTHER_TENANT: &str = "elsewhere";
pub(crate) const NOON: OffsetDateTime = datetime!(2026-06-15 12:00 UTC);

/// Seconds after noon.
pub(crate) fn at(seconds: i64) -> OffsetDateTime {
    NOON + Duration::seconds(seconds)
}

pub(crate) fn hash(of: &str, number: u32) -> Hash {
    Hash::of(format!("{of} {number}").as_bytes())
}

pub(crate) fn id(of: &str, number: u32) -> [u8; 16] {
    let mut id = [0; 16];
    id.copy_from_slice(&hash(of, number).0[..16]);
    id
}

/// An offer of one configuration for ten minutes.
pub(crate) fn offer(number: u32) -> NewOffer {
    NewOffer {
        id: OfferId(id("offer", number)),
        tenant: TENANT.into(),
        configuration_ids: vec!["mdl".into(), "mdl, \"with\" odd characters".into()],
        subject: SealedSubject {
            sealed: format!("sealed subject {number}").into_bytes(),
            hash: subject(number),
        },
        code: hash("code", number),
        tx_code: None,
        created_at: at(0),
        expires_at: at(600),
    }
}

pub(crate) fn subject(number: u32) -> Hash {
    hash("subject", number)
}

pub(crate) fn offer_with_tx_code(number: u32, attempts: u8) -> NewOffer {
    NewOffer {
        tx_code: Some(TxCodeRule {
            hash: hash("tx_code", number),
            is_numeric: true,
            length: 6,
            attempts_left: attempts,
        }),
        ..offer(number)
    }
}

/// Redeems offer `number` for grant `number` a minute later.
pub(crate) fn redemption(number: u32) -> Redemption {
    Redemption {
        tenant: TENANT.into(),
        offer: OfferId(id("offer", number)),
        tx_code: None,
        grant: NewGrant {
            id: GrantId(id("grant", number)),
            token: hash("token", number),
            dpop_key: Some(hash("dpop key", number)),
            configuration_ids: vec!["mdl".into(), "mdl, \"with\" odd characters".into()],
            by_identifier: true,
            client_id: Some("wallet".into()),
            expires_at: at(3600),
        },
        once: vec![used(UsedPurpose::DpopProof, 1000 + number)],
        now: at(60),
    }
}

pub(crate) fn used(purpose: UsedPurpose, number: u32) -> UsedValue {
    UsedValue {
        purpose,
        value: hash("value", number),
        expires_at: at(900),
    }
}

/// Creates and redeems offer `number`.
pub(crate) async fn grant(store: &dyn Store, number: u32) -> Grant {
    store.create_offer(offer(number)).await.unwrap();
    match store.redeem(redemption(number)).await.unwrap() {
        RedemptionOutcome::Granted(grant) => grant,
        refused => panic!("{refused:?}"),
    }
}

/// Request `number` under the grant: two documents, and nothing that another request has.
pub(crate) fn reservation(grant: &Grant, number: u32) -> Reservation {
    Reservation {
        tenant: grant.tenant.clone(),
        grant: grant.id,
        subject: grant.subject.hash,
        request_key: hash("request", number),
        configuration_id: "mdl".into(),
        device_keys: vec![
            hash("device key", 2 * number),
            hash("device key", 2 * number + 1),
        ],
        nonce: Some(used(UsedPurpose::CredentialNonce, number)),
        once: vec![used(UsedPurpose::DpopProof, number)],
        limits: ReservationLimits {
            batches_per_grant: 100,
            documents_per_subject: 1000,
            counted_from: at(-86_400),
        },
        new: NewIssuance {
            id: IssuanceId(id("issuance", number)),
            sealed_seed: format!("sealed seed {number}").into_bytes(),
            document_signer: hash("document signer", 0),
            issued_at: at(0),
            repeatable_until: at(700),
            status_until: None,
        },
        now: at(100),
    }
}

/// The same request as the wallet sends it again: nonce and request key stay, all else is new.
pub(crate) fn repetition(of: &Reservation, number: u32) -> Reservation {
    let mut again = of.clone();
    again.once = vec![used(UsedPurpose::DpopProof, 2000 + number)];
    again.new.id = IssuanceId(id("repeated issuance", number));
    again.new.sealed_seed = b"another seed".to_vec();
    again.now = at(110);
    again
}

pub(crate) async fn reserve(store: &dyn Store, reservation: &Reservation) -> Issuance {
    match store.reserve(reservation.clone()).await.unwrap() {
        ReservationOutcome::Reserved(issuance) => issuance,
        refused => panic!("{refused:?}"),
    }
}

pub(crate) fn draft(number: u32) -> LedgerDraft {
    LedgerDraft {
        at: at(120) + Duration::microseconds(i64::from(number)),
        tenant: TENANT.into(),
        purpose: SignaturePurpose::Mso,
        key: hash("signing key", 0),
        to_be_signed: hash("to be signed", number),
        request: id("request", number),
    }
}

/// The completion of an issuance of two documents by request `number`.
pub(crate) fn completion(issuance: IssuanceId, number: u32) -> Completion {
    let entry = |document| LedgerDraft {
        to_be_signed: hash("document", document),
        ..draft(number)
    };
    Completion {
        id: issuance,
        document_signer: hash("document signer", 0),
        to_be_signed: hash("to be signed", 0),
        valid_until: at(1_000_000),
        notification: Some(hash("notification", 0)),
        sealed_subject: Some(format!("sealed holder {number}").into_bytes()),
        ledger: vec![entry(0), entry(1)],
        now: at(120),
    }
}

/// A list of 64 entries, 48 of which documents may have.
pub(crate) fn list(number: u32) -> NewStatusList {
    NewStatusList {
        id: StatusListId(id("list", number)),
        tenant: TENANT.into(),
        size: 64,
        capacity: 48,
        created_at: at(i64::from(number)),
    }
}
