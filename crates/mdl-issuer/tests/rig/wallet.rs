//! Requests of a wallet before they are sent: right, unless a test changes them.

use axum::body::Body;
use axum::http::{Method, Request};
use base64ct::{Base64UrlUnpadded, Encoding};
use mdl_crypto::{Curve, HashAlgorithm, PrivateKey};
use mdl_issuer::openid4vci::PRE_AUTHORIZED_CODE;
use mdl_issuer::openid4vci::offer::CreatedOffer;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{Answer, Jwt, Rig};

/// What all requests of a wallet have.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) method: Method,
    pub(crate) uri: String,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) dpop: Vec<Jwt>,
    /// Sent in place of the body.
    pub(crate) raw: Option<Vec<u8>>,
}

impl Envelope {
    fn new(uri: String, content_type: &'static str) -> Self {
        Self {
            method: Method::POST,
            uri,
            content_type: Some(content_type),
            headers: Vec::new(),
            dpop: Vec::new(),
            raw: None,
        }
    }

    async fn send(self, rig: &Rig, body: Vec<u8>) -> Answer {
        let mut request = Request::builder().method(self.method).uri(self.uri);
        if let Some(content_type) = self.content_type {
            request = request.header("content-type", content_type);
        }
        for proof in &self.dpop {
            request = request.header("dpop", proof.text());
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let body = self.raw.unwrap_or(body);
        rig.send(request.body(Body::from(body)).unwrap()).await
    }
}

/// A token and the key that it is bound to.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) tenant: usize,
    pub(crate) token: String,
    pub(crate) key: PrivateKey,
}

/// A token request.
#[derive(Debug)]
pub(crate) struct TokenAttempt {
    pub(crate) envelope: Envelope,
    pub(crate) form: Vec<(&'static str, String)>,
}

impl TokenAttempt {
    pub(crate) async fn send(self, rig: &Rig) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.form)
            .finish();
        self.envelope.send(rig, body.into_bytes()).await
    }

    /// Replaces a parameter, or takes it away.
    pub(crate) fn set(&mut self, name: &'static str, value: Option<&str>) {
        self.form.retain(|(known, _)| *known != name);
        if let Some(value) = value {
            self.form.push((name, value.to_owned()));
        }
    }

    pub(crate) fn dpop(&mut self) -> &mut Jwt {
        &mut self.envelope.dpop[0]
    }
}

/// A credential request.
#[derive(Debug)]
pub(crate) struct CredentialAttempt {
    pub(crate) envelope: Envelope,
    pub(crate) body: Value,
    /// Put into `proofs.jwt` when it is sent, unless there are none.
    pub(crate) proofs: Vec<Jwt>,
}

impl CredentialAttempt {
    pub(crate) async fn send(self, rig: &Rig) -> Answer {
        let mut body = self.body;
        if !self.proofs.is_empty() {
            let proofs: Vec<String> = self.proofs.iter().map(Jwt::text).collect();
            body["proofs"] = json!({ "jwt": proofs });
        }
        self.envelope.send(rig, body.to_string().into_bytes()).await
    }

    pub(crate) fn dpop(&mut self) -> &mut Jwt {
        &mut self.envelope.dpop[0]
    }

    pub(crate) fn proof(&mut self) -> &mut Jwt {
        &mut self.proofs[0]
    }
}

/// A notification.
#[derive(Debug)]
pub(crate) struct NotificationAttempt {
    pub(crate) envelope: Envelope,
    pub(crate) body: Value,
}

impl NotificationAttempt {
    pub(crate) fn dpop_jti(&mut self, jti: &str) {
        self.envelope.dpop[0].claims["jti"] = jti.into();
    }

    pub(crate) async fn send(self, rig: &Rig) -> Answer {
        let body = self.body.to_string().into_bytes();
        self.envelope.send(rig, body).await
    }
}

impl Rig {
    /// A path of a tenant.
    pub(crate) fn path(&self, tenant: usize, endpoint: &str) -> String {
        format!("{}{endpoint}", self.tenant(tenant).path())
    }

    pub(crate) fn dpop_proof(
        &self,
        tenant: usize,
        endpoint: &str,
        key: &PrivateKey,
        token: Option<&str>,
    ) -> Jwt {
        let mut claims = json!({
            "jti": self.random(),
            "htm": "POST",
            "htu": format!("{}{endpoint}", self.issuer(tenant)),
            "iat": self.now().unix_timestamp(),
        });
        if let Some(token) = token {
            let hash = HashAlgorithm::Sha256.digest(token.as_bytes());
            claims["ath"] = Base64UrlUnpadded::encode_string(hash.as_ref()).into();
        }
        Jwt::new("dpop+jwt", key.clone(), claims)
    }

    pub(crate) fn proof(&self, tenant: usize, nonce: &str, key: PrivateKey) -> Jwt {
        let claims = json!({
            "aud": self.issuer(tenant),
            "iat": self.now().unix_timestamp(),
            "nonce": nonce,
        });
        Jwt::new("openid4vci-proof+jwt", key, claims)
    }

    pub(crate) fn token_request(
        &self,
        tenant: usize,
        offer: &CreatedOffer,
        key: Option<&PrivateKey>,
    ) -> TokenAttempt {
        let uri = self.path(tenant, "/token");
        let mut envelope = Envelope::new(uri, "application/x-www-form-urlencoded");
        if let Some(key) = key {
            envelope
                .dpop
                .push(self.dpop_proof(tenant, "/token", key, None));
        }
        let code = &offer.offer["grants"][PRE_AUTHORIZED_CODE]["pre-authorized_code"];
        let mut form = vec![
            ("grant_type", PRE_AUTHORIZED_CODE.to_owned()),
            ("pre-authorized_code", code.as_str().unwrap().to_owned()),
        ];
        if let Some(tx_code) = &offer.tx_code {
            form.push(("tx_code", tx_code.as_str().to_owned()));
        }
        TokenAttempt { envelope, form }
    }

    pub(crate) async fn nonce(&self, tenant: usize) -> String {
        let uri = self.path(tenant, "/nonce");
        let request = Request::post(uri).body(Body::empty()).unwrap();
        let answer = self.send(request).await.ok();
        answer["c_nonce"].as_str().unwrap().to_owned()
    }

    /// A request of `session` for one document for each key.
    pub(crate) fn credential_request(
        &self,
        session: &Session,
        nonce: &str,
        keys: Vec<PrivateKey>,
    ) -> CredentialAttempt {
        let Session { tenant, token, key } = session;
        let uri = self.path(*tenant, "/credential");
        let mut envelope = Envelope::new(uri, "application/json");
        envelope
            .headers
            .push(("authorization", format!("DPoP {token}")));
        let dpop = self.dpop_proof(*tenant, "/credential", key, Some(token));
        envelope.dpop.push(dpop);
        let proofs = keys.into_iter().map(|key| self.proof(*tenant, nonce, key));
        CredentialAttempt {
            envelope,
            body: json!({ "credential_configuration_id": "mdl" }),
            proofs: proofs.collect(),
        }
    }

    pub(crate) fn notification(&self, session: &Session, id: &str) -> NotificationAttempt {
        let Session { tenant, token, key } = session;
        let uri = self.path(*tenant, "/notification");
        let mut envelope = Envelope::new(uri, "application/json");
        envelope
            .headers
            .push(("authorization", format!("DPoP {token}")));
        let dpop = self.dpop_proof(*tenant, "/notification", key, Some(token));
        envelope.dpop.push(dpop);
        NotificationAttempt {
            envelope,
            body: json!({ "notification_id": id, "event": "credential_accepted" }),
        }
    }

    /// The session of a new offer, with a token bound to a P-256 key.
    pub(crate) async fn session(&self, tenant: usize) -> Session {
        let key = self.key(Curve::P256);
        let offer = self.offer(tenant, None).await;
        let answer = self.token_request(tenant, &offer, Some(&key));
        let answer = answer.send(self).await.ok();
        assert_eq!(answer["token_type"], "DPoP");
        Session {
            tenant,
            token: answer["access_token"].as_str().unwrap().to_owned(),
            key,
        }
    }
}
