//! Creating, cancelling and redeeming offers.

use mdl_crypto::constant_time_eq;

use super::{Needs, Step};
use crate::store::tables::{GrantRow, OfferRow, Tables};
use crate::store::{
    Grant, Hash, NewOffer, Offer, OfferId, OfferState, Redemption, RedemptionOutcome,
    SealedSubject, StoreError,
};

impl Step for NewOffer {
    type Outcome = ();

    fn needs(&self, needs: &mut Needs) {
        needs.offers.insert(self.id);
    }

    fn apply(&self, tables: &mut Tables) -> Result<(), StoreError> {
        if tables.offers.get(&self.id).is_some() {
            return Ok(());
        }
        let row = OfferRow {
            offer: Offer {
                id: self.id,
                tenant: self.tenant.clone(),
                configuration_ids: self.configuration_ids.clone(),
                subject: self.subject.hash,
                tx_code: self.tx_code.clone(),
                state: OfferState::Open,
                created_at: self.created_at,
                expires_at: self.expires_at,
            },
            code: self.code,
            sealed: Some(self.subject.sealed.clone()),
            last_attempt: None,
        };
        tables.insert_offer(row);
        Ok(())
    }
}

/// See [`Store::cancel_offer`](crate::store::Store::cancel_offer).
#[derive(Debug)]
pub(in crate::store) struct CancelOffer {
    pub(in crate::store) tenant: String,
    pub(in crate::store) id: OfferId,
}

impl Step for CancelOffer {
    type Outcome = Option<OfferState>;

    fn needs(&self, needs: &mut Needs) {
        needs.offers.insert(self.id);
    }

    fn apply(&self, tables: &mut Tables) -> Result<Option<OfferState>, StoreError> {
        match tables.offers.get(&self.id) {
            Some(row) if row.offer.tenant == self.tenant => {
                if row.offer.state != OfferState::Open {
                    return Ok(Some(row.offer.state));
                }
            }
            _ => return Ok(None),
        }
        end(tables, self.id, OfferState::Cancelled);
        Ok(Some(OfferState::Cancelled))
    }
}

impl Step for Redemption {
    type Outcome = RedemptionOutcome;

    fn needs(&self, needs: &mut Needs) {
        needs.offers.insert(self.offer);
        needs.grants.insert(self.grant.id);
        needs.used(&self.once);
    }

    fn apply(&self, tables: &mut Tables) -> Result<RedemptionOutcome, StoreError> {
        let Some(row) = tables.offers.get(&self.offer) else {
            return Ok(RedemptionOutcome::NotOpen);
        };
        if row.offer.tenant != self.tenant {
            return Ok(RedemptionOutcome::NotOpen);
        }
        if let Some(made) = tables.grants.get(&self.grant.id) {
            // The same redemption again, whose answer was lost on the way here.
            let same = made.grant.offer == self.offer && made.token == self.grant.token;
            return Ok(if same {
                RedemptionOutcome::Granted(made.grant.clone())
            } else {
                RedemptionOutcome::NotOpen
            });
        }
        let row = row.clone();
        let open = row.offer.state == OfferState::Open && self.now < row.offer.expires_at;
        let Some(sealed) = row.sealed.filter(|_| open) else {
            return Ok(RedemptionOutcome::NotOpen);
        };
        let user = Hash::of(&self.grant.id.0);
        if self.once.iter().any(|value| tables.is_used(value, user)) {
            return Ok(RedemptionOutcome::Replayed);
        }
        match (&row.offer.tx_code, &self.tx_code) {
            (None, None) => {}
            (None, Some(_)) => return Ok(RedemptionOutcome::TxCodeUnexpected),
            (Some(_), None) => return Ok(RedemptionOutcome::TxCodeMissing),
            (Some(rule), Some(code)) => {
                if !constant_time_eq(&rule.hash.0, &code.0) {
                    return Ok(self.count_wrong_tx_code(tables));
                }
            }
        }

        let grant = Grant {
            id: self.grant.id,
            tenant: row.offer.tenant,
            offer: self.offer,
            configuration_ids: self.grant.configuration_ids.clone(),
            by_identifier: self.grant.by_identifier,
            client_id: self.grant.client_id.clone(),
            subject: SealedSubject {
                sealed,
                hash: row.offer.subject,
            },
            dpop_key: self.grant.dpop_key,
            expires_at: self.grant.expires_at,
        };
        let row = GrantRow {
            grant: grant.clone(),
            token: self.grant.token,
        };
        tables.insert_grant(row);
        for value in &self.once {
            tables.use_up(value, user);
        }
        end(tables, self.offer, OfferState::Redeemed);
        Ok(RedemptionOutcome::Granted(grant))
    }
}

impl Redemption {
    fn count_wrong_tx_code(&self, tables: &mut Tables) -> RedemptionOutcome {
        let mut left = 0;
        if let Some(row) = tables.offers.update(&self.offer)
            && let Some(rule) = &mut row.offer.tx_code
        {
            if row.last_attempt != Some(self.grant.id) {
                row.last_attempt = Some(self.grant.id);
                rule.attempts_left = rule.attempts_left.saturating_sub(1);
            }
            left = rule.attempts_left;
        }
        if left == 0 {
            end(tables, self.offer, OfferState::Locked);
        }
        RedemptionOutcome::TxCodeWrong { left }
    }
}

/// An offer that is over has no use for the subject reference.
fn end(tables: &mut Tables, offer: OfferId, state: OfferState) {
    if let Some(row) = tables.offers.update(&offer) {
        row.offer.state = state;
        row.sealed = None;
    }
}
