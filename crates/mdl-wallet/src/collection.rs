//! From a credential offer to a checked batch of documents.
//!
//! OpenID4VCI, 3.5, 6, 7, 8 and 11. Whatever gets lost on the way, the wallet asks again **with the same device keys**:
//! a service that answered once recognises the request by them and gives the same documents, not another batch.

use std::collections::HashSet;
use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use mdl_crypto::{Algorithm, Curve, PrivateKey};
use mdl_iaca::trust_anchor::TrustAnchors;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use url::Url;
use zeroize::Zeroizing;

pub use crate::collect_error::CollectError;
use crate::connection::{
    Answer, Body, Connection, Endpoint, JSON, RequestError, dpop_nonce, member_of,
};
use crate::document::{DocumentCheck, DocumentFacts};
use crate::dpop::{DpopKey, Server};
use crate::json_member::{MemberError, optional_text, text};
use crate::metadata::{AuthorizationServerMetadata, Configuration, IssuerMetadata};
use crate::offer::{CredentialOffer, OfferLink, PRE_AUTHORIZED_CODE};
use crate::proof::jwt_proof;
use crate::repetition::pause_before_retry;
use crate::unfinished::UnfinishedCollection;

/// What to ask for.
#[derive(Clone, Debug)]
pub struct Order {
    /// Which of the offer's configurations; the first by default.
    pub configuration_id: Option<String>,
    /// Documents wanted. The issuer's bound wins.
    pub batch: usize,
    /// The transaction code that the holder was told, if the offer asks for one.
    pub tx_code: Option<Zeroizing<String>>,
}

impl Order {
    /// A batch, without a transaction code.
    #[must_use]
    pub const fn batch_of(batch: usize) -> Self {
        Self {
            configuration_id: None,
            batch,
            tx_code: None,
        }
    }
}

/// A batch that passed every check.
#[derive(Debug)]
pub struct Batch {
    /// The Credential Issuer Identifier.
    pub credential_issuer: String,
    /// The configuration.
    pub configuration_id: String,
    /// When it was collected.
    pub collected: OffsetDateTime,
    /// One for each key.
    pub documents: Vec<Document>,
    /// How often the credential request had to be sent again.
    pub repeated: u32,
    /// What the issuer calls the delivery, if it wants to hear of it.
    pub notification_id: Option<String>,
}

/// A document with its key. `Debug` prints no element of it.
pub struct Document {
    /// The device key.
    pub key: PrivateKey,
    /// CBOR of the `IssuerSigned`.
    pub issuer_signed: Vec<u8>,
    /// What it says of itself.
    pub facts: DocumentFacts,
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("bytes", &self.issuer_signed.len())
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}

/// Collects batches. Each holds one random generator and can serve any number of offers, one after the other.
pub struct Collector {
    connection: Connection,
    check: DocumentCheck,
    rng: ChaCha20Rng,
    now: fn() -> OffsetDateTime,
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector")
            .field("connection", &self.connection)
            .field("check", &self.check)
            .finish_non_exhaustive()
    }
}

/// What a token request left: all that later requests need.
struct Session<'i> {
    issuer: &'i IssuerMetadata,
    dpop: Option<DpopKey>,
    access_token: Zeroizing<String>,
}

impl<'i> Session<'i> {
    fn of(issuer: &'i IssuerMetadata, begun: &UnfinishedCollection) -> Result<Self, CollectError> {
        let dpop = begun.dpop_key.clone().map(DpopKey::of).transpose()?;
        Ok(Self {
            issuer,
            dpop,
            access_token: begun.access_token.clone(),
        })
    }
}

impl Collector {
    /// A wallet that trusts every issuer; see [`trusting`](Self::trusting).
    #[must_use]
    pub fn new(connection: Connection, seed: [u8; 32]) -> Self {
        Self {
            connection,
            check: DocumentCheck::new(TrustAnchors::new([])),
            rng: ChaCha20Rng::from_seed(seed),
            now: OffsetDateTime::now_utc,
        }
    }

    /// Accepts documents only below these IACA certificates.
    #[must_use]
    pub fn trusting(mut self, anchors: TrustAnchors) -> Self {
        self.check = DocumentCheck::new(anchors);
        self
    }

    /// Replaces the check of documents.
    #[must_use]
    pub(crate) fn checking(mut self, check: DocumentCheck) -> Self {
        self.check = check;
        self
    }

    /// Reads another clock than the machine's.
    #[must_use]
    pub const fn with_clock(mut self, now: fn() -> OffsetDateTime) -> Self {
        self.now = now;
        self
    }

    /// The offer of a link, fetched if the link only says where it lies (4.1.3).
    ///
    /// # Errors
    /// [`CollectError::Offer`], [`CollectError::Request`].
    pub async fn read_offer(&self, link: &OfferLink) -> Result<CredentialOffer, CollectError> {
        match link {
            OfferLink::Value(offer) => Ok(offer.clone()),
            OfferLink::Reference(reference) => {
                let endpoint = Endpoint::CredentialOffer;
                let url = self
                    .connection
                    .address(endpoint, reference.url().as_str())?;
                let answer = self.connection.get(endpoint, &url, JSON).await?;
                Ok(CredentialOffer::parse(answer.body())?)
            }
        }
    }

    /// Collects a batch and tells the issuer that it was accepted (11). Nothing of it outlives a crash: a wallet that
    /// keeps its batches [begins](Self::begin), [finishes](Self::finish) and [accepts](Self::accept) in steps.
    ///
    /// # Errors
    /// See [`CollectError`].
    pub async fn collect(
        &mut self,
        offer: &CredentialOffer,
        order: &Order,
    ) -> Result<Batch, CollectError> {
        let issuer = IssuerMetadata::fetch(&self.connection, &offer.credential_issuer).await?;
        let configuration = configuration(&issuer, offer, order)?;
        let begun = self.begin_at(&issuer, configuration, offer, order).await?;
        let mut session = Session::of(&issuer, &begun)?;
        let batch = self.finish_in(&mut session, configuration, &begun).await?;
        self.accept_in(&mut session, &batch).await?;
        Ok(batch)
    }

    /// Trades an offer for a token, and makes the device keys: from here on the offer is used up, and what is returned
    /// must be kept until it is finished.
    ///
    /// # Errors
    /// See [`CollectError`].
    pub async fn begin(
        &mut self,
        offer: &CredentialOffer,
        order: &Order,
    ) -> Result<UnfinishedCollection, CollectError> {
        let issuer = IssuerMetadata::fetch(&self.connection, &offer.credential_issuer).await?;
        let configuration = configuration(&issuer, offer, order)?;
        self.begin_at(&issuer, configuration, offer, order).await
    }

    /// Requests the batch of a collection, for the first time or again. Tells the issuer if it is not in order, but not
    /// yet that it is: it must be kept first, because the issuer forgets how to make it again.
    ///
    /// # Errors
    /// See [`CollectError`]; where it [may pass](CollectError::may_pass), the same collection may be finished later.
    pub async fn finish(&mut self, begun: &UnfinishedCollection) -> Result<Batch, CollectError> {
        let issuer = IssuerMetadata::fetch(&self.connection, &begun.credential_issuer).await?;
        let configuration = issuer.configuration(&begun.configuration_id);
        let configuration = configuration.ok_or(CollectError::Configuration)?;
        let mut session = Session::of(&issuer, begun)?;
        self.finish_in(&mut session, configuration, begun).await
    }

    /// Tells the issuer that a batch was kept (11).
    ///
    /// # Errors
    /// See [`CollectError`]. The documents are good without it.
    pub async fn accept(
        &mut self,
        begun: &UnfinishedCollection,
        batch: &Batch,
    ) -> Result<(), CollectError> {
        let issuer = IssuerMetadata::fetch(&self.connection, &begun.credential_issuer).await?;
        let mut session = Session::of(&issuer, begun)?;
        self.accept_in(&mut session, batch).await
    }

    async fn begin_at(
        &mut self,
        issuer: &IssuerMetadata,
        configuration: &Configuration,
        offer: &CredentialOffer,
        order: &Order,
    ) -> Result<UnfinishedCollection, CollectError> {
        let (access_token, dpop) = self.redeem(issuer, offer, order).await?;
        let device_keys = (0..order.batch.min(issuer.batch_size))
            .map(|_| PrivateKey::generate(Curve::P256, &mut self.rng))
            .collect();
        Ok(UnfinishedCollection {
            credential_issuer: issuer.credential_issuer.clone(),
            configuration_id: configuration.id.clone(),
            access_token,
            dpop_key: dpop.map(|dpop| dpop.key().clone()),
            device_keys,
        })
    }

    async fn finish_in(
        &mut self,
        session: &mut Session<'_>,
        configuration: &Configuration,
        begun: &UnfinishedCollection,
    ) -> Result<Batch, CollectError> {
        let keys = &begun.device_keys;
        let (answer, repeated) = self.request(session, configuration, keys).await?;
        let notification = optional_text(&answer, "notification_id").ok().flatten();
        let documents = match self.documents(&answer, configuration, keys.clone()) {
            Ok(documents) => documents,
            Err(error) => {
                if let Some(id) = notification {
                    // A courtesy to the issuer: the documents are no better without it.
                    let _ = self.notify(session, id, "credential_failure").await;
                }
                return Err(error);
            }
        };
        Ok(Batch {
            credential_issuer: begun.credential_issuer.clone(),
            configuration_id: begun.configuration_id.clone(),
            collected: (self.now)(),
            documents,
            repeated,
            notification_id: notification.map(str::to_owned),
        })
    }

    async fn accept_in(
        &mut self,
        session: &mut Session<'_>,
        batch: &Batch,
    ) -> Result<(), CollectError> {
        match &batch.notification_id {
            Some(id) => self.notify(session, id, "credential_accepted").await,
            None => Ok(()),
        }
    }

    /// The token request (6.1).
    async fn redeem(
        &mut self,
        issuer: &IssuerMetadata,
        offer: &CredentialOffer,
        order: &Order,
    ) -> Result<(Zeroizing<String>, Option<DpopKey>), CollectError> {
        let grant = offer.pre_authorized.as_ref();
        let grant = grant.ok_or(CollectError::NoPreAuthorizedCode)?;
        let mut form = vec![
            ("grant_type", PRE_AUTHORIZED_CODE),
            ("pre-authorized_code", grant.code.as_str()),
        ];
        match (&grant.tx_code, &order.tx_code) {
            (None, None) => {}
            (Some(_), Some(code)) => form.push(("tx_code", code.as_str())),
            (Some(_), None) => return Err(CollectError::TxCodeNeeded),
            (None, Some(_)) => return Err(CollectError::TxCodeUnexpected),
        }
        let server = issuer.authorization_server(grant)?;
        let server = AuthorizationServerMetadata::fetch(&self.connection, server).await?;
        let mut dpop = match server.dpop_algorithms.contains(&Algorithm::Es256) {
            true => Some(DpopKey::generate(&mut self.rng)?),
            false => None,
        };
        let answer = self
            .post(
                &mut dpop,
                Endpoint::Token,
                &server.token_endpoint,
                None,
                Body::Form(&form),
            )
            .await?;
        let token = answer.json()?;
        let member = member_of(Endpoint::Token);
        let token_type = text(&token, "token_type").map_err(&member)?;
        let expected = if dpop.is_some() { "DPoP" } else { "Bearer" };
        if !token_type.eq_ignore_ascii_case(expected) {
            return Err(CollectError::TokenType);
        }
        let access_token = text(&token, "access_token").map_err(&member)?;
        Ok((Zeroizing::new(access_token.to_owned()), dpop))
    }

    /// The credential request (8.2), sent again with the same keys until it is answered; and how often it was.
    async fn request(
        &mut self,
        session: &mut Session<'_>,
        configuration: &Configuration,
        keys: &[PrivateKey],
    ) -> Result<(Map<String, Value>, u32), CollectError> {
        let mut repeated = 0;
        loop {
            match self.request_once(session, configuration, keys).await {
                Ok(answer) => return Ok((answer, repeated)),
                Err(error) => {
                    let pause = match &error {
                        CollectError::Request(request) => pause_before_retry(request, repeated),
                        _ => None,
                    };
                    let Some(pause) = pause else {
                        return Err(error);
                    };
                    tokio::time::sleep(pause).await;
                    repeated += 1;
                }
            }
        }
    }

    async fn request_once(
        &mut self,
        session: &mut Session<'_>,
        configuration: &Configuration,
        keys: &[PrivateKey],
    ) -> Result<Map<String, Value>, CollectError> {
        let nonce = self.c_nonce(session).await?;
        let (issuer, now) = (&session.issuer.credential_issuer, (self.now)());
        let proofs = keys
            .iter()
            .map(|key| jwt_proof(key, issuer, nonce.as_deref(), now));
        let body = json!({
            "credential_configuration_id": configuration.id,
            "proofs": { "jwt": proofs.collect::<Result<Vec<_>, _>>()? },
        });
        let url = &session.issuer.credential_endpoint;
        let token = Some(session.access_token.as_str());
        let answer = self
            .post(
                &mut session.dpop,
                Endpoint::Credential,
                url,
                token,
                Body::Json(&body),
            )
            .await?;
        Ok(answer.json()?)
    }

    /// A fresh `c_nonce`, if the issuer has a nonce endpoint (7).
    async fn c_nonce(&self, session: &mut Session<'_>) -> Result<Option<String>, CollectError> {
        let Some(url) = &session.issuer.nonce_endpoint else {
            return Ok(None);
        };
        let endpoint = Endpoint::Nonce;
        let answer = self
            .connection
            .post(endpoint, url, HeaderMap::new(), Body::Empty)
            .await?;
        if let Some(dpop) = &mut session.dpop {
            dpop.keep_nonce(Server::Resource, dpop_nonce(&answer.headers));
        }
        let answer = answer.json()?;
        let nonce = text(&answer, "c_nonce").map_err(member_of(endpoint))?;
        Ok(Some(nonce.to_owned()))
    }

    async fn notify(
        &mut self,
        session: &mut Session<'_>,
        id: &str,
        event: &str,
    ) -> Result<(), CollectError> {
        let Some(url) = &session.issuer.notification_endpoint else {
            return Ok(());
        };
        let body = json!({ "notification_id": id, "event": event });
        let token = Some(session.access_token.as_str());
        let mut repeated = 0;
        loop {
            let told = self
                .post(
                    &mut session.dpop,
                    Endpoint::Notification,
                    url,
                    token,
                    Body::Json(&body),
                )
                .await;
            match told {
                Ok(_) => return Ok(()),
                Err(CollectError::Request(error)) => {
                    let Some(pause) = pause_before_retry(&error, repeated) else {
                        return Err(error.into());
                    };
                    tokio::time::sleep(pause).await;
                    repeated += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// One `POST`, and a second one if the server wants its nonce in the DPoP proof: the first changed nothing there
    /// (RFC 9449, 8 and 9).
    async fn post(
        &mut self,
        dpop: &mut Option<DpopKey>,
        endpoint: Endpoint,
        url: &Url,
        access_token: Option<&str>,
        body: Body<'_>,
    ) -> Result<Answer, CollectError> {
        let server = match endpoint {
            Endpoint::Token => Server::Authorization,
            _ => Server::Resource,
        };
        let mut nonce_was_asked = false;
        loop {
            let headers = self.authorization(dpop.as_ref(), server, url, access_token)?;
            match self.connection.post(endpoint, url, headers, body).await {
                Ok(answer) => {
                    if let Some(dpop) = dpop {
                        dpop.keep_nonce(server, dpop_nonce(&answer.headers));
                    }
                    return Ok(answer);
                }
                Err(RequestError::Refused { refusal, .. })
                    if !nonce_was_asked && refusal.code.as_deref() == Some("use_dpop_nonce") =>
                {
                    nonce_was_asked = true;
                    if let Some(dpop) = dpop {
                        dpop.keep_nonce(server, refusal.dpop_nonce);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn authorization(
        &mut self,
        dpop: Option<&DpopKey>,
        server: Server,
        url: &Url,
        access_token: Option<&str>,
    ) -> Result<HeaderMap, CollectError> {
        let unusable = |_| member_of(Endpoint::Token)(MemberError::Unusable("access_token"));
        let mut headers = HeaderMap::new();
        if let Some(token) = access_token {
            let scheme = if dpop.is_some() { "DPoP" } else { "Bearer" };
            let mut value = HeaderValue::try_from(format!("{scheme} {token}")).map_err(unusable)?;
            value.set_sensitive(true);
            headers.insert("authorization", value);
        }
        if let Some(dpop) = dpop {
            let proof = dpop.proof(server, url, access_token, (self.now)(), &mut self.rng)?;
            headers.insert("dpop", HeaderValue::try_from(proof).map_err(unusable)?);
        }
        Ok(headers)
    }

    /// The documents of an answer (8.3), in the order of the keys, each checked.
    fn documents(
        &self,
        answer: &Map<String, Value>,
        configuration: &Configuration,
        keys: Vec<PrivateKey>,
    ) -> Result<Vec<Document>, CollectError> {
        const CREDENTIALS: &str = "credentials";
        let member = member_of(Endpoint::Credential);
        let credentials = answer.get(CREDENTIALS);
        let credentials = credentials.ok_or_else(|| member(MemberError::Missing(CREDENTIALS)))?;
        let credentials = credentials.as_array();
        let credentials = credentials.ok_or_else(|| member(MemberError::Unusable(CREDENTIALS)))?;
        if credentials.len() != keys.len() {
            return Err(CollectError::Count {
                keys: keys.len(),
                received: credentials.len(),
            });
        }
        let mut seen = HashSet::new();
        let mut documents = Vec::with_capacity(keys.len());
        for (index, (credential, key)) in credentials.iter().zip(keys).enumerate() {
            let encoded = credential.get("credential").and_then(Value::as_str);
            let encoded = encoded.ok_or_else(|| member(MemberError::Unusable(CREDENTIALS)))?;
            if !seen.insert(encoded) {
                return Err(CollectError::Repeated { index });
            }
            let issuer_signed = Base64UrlUnpadded::decode_vec(encoded)
                .map_err(|_| CollectError::Encoding { index })?;
            let facts = self
                .check
                .check(
                    &issuer_signed,
                    &configuration.doc_type,
                    key.public_key(),
                    (self.now)(),
                )
                .map_err(|source| CollectError::Document { index, source })?;
            documents.push(Document {
                key,
                issuer_signed,
                facts,
            });
        }
        Ok(documents)
    }
}

/// The configuration that the order asks for, if issuer, offer and we agree on it.
fn configuration<'i>(
    issuer: &'i IssuerMetadata,
    offer: &CredentialOffer,
    order: &Order,
) -> Result<&'i Configuration, CollectError> {
    if order.batch == 0 {
        return Err(CollectError::EmptyBatch);
    }
    let offered = |id: &&String| {
        order
            .configuration_id
            .as_ref()
            .is_none_or(|asked| asked == *id)
    };
    let id = offer.configuration_ids.iter().find(offered);
    let configuration = id.and_then(|id| issuer.configuration(id));
    let configuration = configuration.ok_or(CollectError::Configuration)?;
    if !configuration.proof_algorithms.contains(&Algorithm::Es256) {
        return Err(CollectError::ProofAlgorithm);
    }
    Ok(configuration)
}
