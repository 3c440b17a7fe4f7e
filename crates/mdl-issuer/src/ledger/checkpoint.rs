//! Checkpoints: the newest entry, signed.
//!
//! A compact JWS of the type `mdl-ledger-checkpoint+jwt`. Its header has `kid`, the SHA-256 of the key's
//! SubjectPublicKeyInfo in hexadecimal. Its claims are `seq` and `hash` (hexadecimal) of the entry and `iat`. The
//! signature has a ledger entry of its own, which comes after the one that it is about.

use mdl_crypto::PublicKey;
use mdl_crypto::jose::{CompactJws, JwsAttachError, JwsLimits, UnsignedJws, UnusableJwsHeader};
use mdl_signer::{SignError, Signer};
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};

use crate::store::{
    Hash, LedgerCheckpoint, LedgerDraft, LedgerHead, SignaturePurpose, Store, StoreError,
};

/// The `typ` of a checkpoint.
pub const CHECKPOINT_TYPE: &str = "mdl-ledger-checkpoint+jwt";

/// When a checkpoint is due.
#[derive(Clone, Copy, Debug)]
pub struct CheckpointRule {
    /// So many new entries.
    pub entries: u64,
    /// Or any new entry, and the last checkpoint is this old.
    pub age: Duration,
}

/// Signs the newest entry if that is due, and keeps the checkpoint. `None`: not due.
///
/// To be called now and then by the one replica that has the lease for it. `tenant` is whose key signs.
///
/// # Errors
/// See [`CheckpointError`]; the same again is right for all that is not a fault of the key.
pub async fn checkpoint(
    store: &dyn Store,
    tenant: &str,
    signer: &dyn Signer,
    rule: CheckpointRule,
    now: OffsetDateTime,
) -> Result<Option<LedgerCheckpoint>, CheckpointError> {
    let head = store.ledger_head().await?;
    let last = store.last_checkpoint().await?;
    if !is_due(head, last.as_ref(), rule, now) {
        return Ok(None);
    }
    let key = signer.public_key();
    let key_id = key_id(key);
    let header = json!({
        "typ": CHECKPOINT_TYPE,
        "alg": signer.algorithm().name(),
        "kid": hex::encode(key_id.0),
    });
    let claims = json!({
        "seq": head.sequence,
        "hash": hex::encode(head.hash.0),
        "iat": now.unix_timestamp(),
    });
    let unsigned = UnsignedJws::new(&header, claims.to_string().as_bytes())?;
    let signature = signer.sign(unsigned.to_be_signed()).await?;
    let mut request = [0; 16];
    request.copy_from_slice(&head.hash.0[..16]);
    let entry = LedgerDraft {
        at: now,
        tenant: tenant.to_owned(),
        purpose: SignaturePurpose::Checkpoint,
        key: key_id,
        to_be_signed: Hash::of(unsigned.to_be_signed()),
        request,
    };
    let checkpoint = LedgerCheckpoint {
        head,
        at: now,
        token: unsigned.attach(&signature, key)?,
    };
    store.append_checkpoint(checkpoint.clone(), entry).await?;
    Ok(Some(checkpoint))
}

fn is_due(
    head: LedgerHead,
    last: Option<&LedgerCheckpoint>,
    rule: CheckpointRule,
    now: OffsetDateTime,
) -> bool {
    match last {
        None => head.sequence > 0,
        Some(last) => {
            // The checkpoint's own entry is nothing new.
            let new = head.sequence.saturating_sub(last.head.sequence + 1);
            new >= rule.entries.max(1) || (new > 0 && now - last.at >= rule.age)
        }
    }
}

/// SHA-256 of a key's SubjectPublicKeyInfo.
fn key_id(key: &PublicKey) -> Hash {
    Hash::of(&key.to_spki_der())
}

/// A checkpoint as read, whose signature nobody has checked yet.
#[derive(Debug)]
pub struct UnverifiedCheckpoint<'t> {
    jws: CompactJws<'t>,
    key_id: Hash,
    head: LedgerHead,
}

impl<'t> UnverifiedCheckpoint<'t> {
    /// Reads a token. `None` if it is not a checkpoint.
    #[must_use]
    pub fn parse(token: &'t str) -> Option<Self> {
        let jws = CompactJws::parse(token, &JwsLimits::DEFAULT).ok()?;
        if jws.typ() != Some(CHECKPOINT_TYPE) {
            return None;
        }
        let key_id = hash_member(jws.header(), "kid")?;
        let claims = jws.claims().ok()?;
        let head = LedgerHead {
            sequence: claims.get("seq")?.as_u64()?,
            hash: hash_member(&claims, "hash")?,
        };
        Some(Self { jws, key_id, head })
    }

    /// The entry that it is about, if one of the keys signed it.
    #[must_use]
    pub fn verify(&self, keys: &[PublicKey]) -> Option<LedgerHead> {
        let key = keys.iter().find(|key| key_id(key) == self.key_id)?;
        self.jws.verify(key).ok()?;
        Some(self.head)
    }
}

fn hash_member(members: &Map<String, Value>, name: &str) -> Option<Hash> {
    let mut hash = [0; 32];
    hex::decode_to_slice(members.get(name)?.as_str()?, &mut hash).ok()?;
    Some(Hash(hash))
}

/// Why there is no checkpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The store does not work.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key's algorithm is none of JOSE.
    #[error(transparent)]
    Header(#[from] UnusableJwsHeader),
    /// The key did not sign.
    #[error("the checkpoint was not signed")]
    Sign(#[from] SignError),
    /// The signature was not accepted.
    #[error(transparent)]
    Attach(#[from] JwsAttachError),
}
