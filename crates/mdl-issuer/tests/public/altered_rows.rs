//! Whoever can write to the database, but does not know the service's secret, collects nobody's licence.

use std::sync::Arc;

use base64ct::{Base64UrlUnpadded, Encoding};
use mdl_crypto::Curve;
use mdl_crypto::jose::Jwk;
use mdl_issuer::store::{Hash, SqlStore};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tempfile::TempDir;
use time::Duration;

use crate::rig::{Answer, DMV, NOT_OFFERED, Rig, Session};

/// A service on SQLite, and somebody else with the file.
struct Insider {
    rig: Rig,
    connection: SqliteConnection,
    _folder: TempDir,
}

impl Insider {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("issuer.db");
        let store = SqlStore::sqlite(&file).await.unwrap();
        let url = format!("sqlite:{}", file.display());
        Self {
            rig: Rig::on(Arc::new(store), 1).await,
            connection: SqliteConnection::connect(&url).await.unwrap(),
            _folder: folder,
        }
    }

    async fn write(&mut self, sql: String) {
        let done = sqlx::query(AssertSqlSafe(sql));
        let done = done.execute(&mut self.connection).await.unwrap();
        assert_eq!(done.rows_affected(), 1);
    }

    async fn collect(&self, session: &Session) -> Answer {
        let nonce = self.rig.nonce(DMV).await;
        let keys = vec![self.rig.key(Curve::P256)];
        let attempt = self.rig.credential_request(session, &nonce, keys);
        attempt.send(&self.rig).await
    }
}

fn sql(hash: Hash) -> String {
    format!("x'{}'", hex::encode(hash.0))
}

fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.error())
}

#[tokio::test]
async fn an_offer_that_was_changed_is_not_redeemed() {
    for change in [
        "tx_code = NULL, tx_is_numeric = NULL, tx_length = NULL, tx_attempts_left = NULL"
            .to_owned(),
        format!("configuration_ids = '[\"mdl\",\"{NOT_OFFERED}\"]'"),
        format!("subject = {}", sql(Hash::of(b"somebody else"))),
    ] {
        let mut insider = Insider::new().await;
        let offer = insider.rig.offer(DMV, Some(6)).await;
        insider.write(format!("UPDATE offers SET {change}")).await;
        let key = insider.rig.key(Curve::P256);
        let mut attempt = insider.rig.token_request(DMV, &offer, Some(&key));
        if change.starts_with("tx_code") {
            attempt.set("tx_code", None);
        }
        let answer = attempt.send(&insider.rig).await;
        assert_eq!(refusal(&answer), (400, "invalid_grant".into()), "{change}");
    }
}

#[tokio::test]
async fn a_code_that_somebody_else_chose_is_not_redeemed() {
    let mut insider = Insider::new().await;
    let offer = insider.rig.offer(DMV, None).await;
    let code = sql(Hash::of(b"chosen"));
    insider
        .write(format!("UPDATE offers SET code = {code}"))
        .await;
    let key = insider.rig.key(Curve::P256);
    let mut attempt = insider.rig.token_request(DMV, &offer, Some(&key));
    attempt.set("pre-authorized_code", Some("chosen"));
    let answer = attempt.send(&insider.rig).await;
    assert_eq!(refusal(&answer), (400, "invalid_grant".into()));
}

#[tokio::test]
async fn a_grant_that_somebody_else_wrote_has_no_token() {
    let mut insider = Insider::new().await;
    insider.rig.session(DMV).await;
    let key = insider.rig.key(Curve::P256);
    let jwk = Jwk::try_from(key.public_key().clone()).unwrap();
    let bound = sql(Hash(*jwk.thumbprint().as_bytes()));
    for token in [
        "chosen".to_owned(),
        Base64UrlUnpadded::encode_string(&[7; 48]),
    ] {
        let hash = sql(Hash::of(token.as_bytes()));
        insider
            .write(format!(
                "INSERT INTO grants SELECT randomblob(16), tenant, {hash}, offer, configuration_ids, subject, \
                 sealed_subject, {bound}, by_identifier, client_id, expires_at FROM grants LIMIT 1"
            ))
            .await;
        let session = Session {
            tenant: DMV,
            token,
            key: key.clone(),
        };
        let answer = insider.collect(&session).await;
        assert_eq!(refusal(&answer), (401, "invalid_token".into()));
    }
}

#[tokio::test]
async fn a_token_of_a_grant_that_was_changed_is_unknown() {
    let mut insider = Insider::new().await;
    let session = insider.rig.session(DMV).await;
    insider.rig.clock.advance(Duration::minutes(30));
    let answer = insider.collect(&session).await;
    assert_eq!(refusal(&answer), (401, "invalid_token".into()), "expired");
    let longer = "UPDATE grants SET expires_at = expires_at + 3600000000";
    insider.write(longer.to_owned()).await;
    let answer = insider.collect(&session).await;
    assert_eq!(refusal(&answer), (401, "invalid_token".into()));
}

#[tokio::test]
async fn what_nobody_changed_is_collected() {
    let insider = Insider::new().await;
    let session = insider.rig.session(DMV).await;
    insider.collect(&session).await.ok();
}
