//! Whoever reads the database, the logs, the metrics, the traces or addresses learns nothing about anybody.
//!
//! A person full of canaries goes through everything that the service does: offers by value and by reference, a
//! transaction code, batches, notifications, refusals, changes of status, the end of offers. Strangers and clumsy
//! clients put other canaries wherever a request has room. Afterwards the canaries are searched for.

use std::collections::BTreeSet;

use base64ct::{Base64UrlUnpadded, Encoding};
use mdl_crypto::{HashAlgorithm, PublicKey};
use mdl_wallet::collection::{Batch, CollectError, Collector, Order};
use mdl_wallet::connection::{Connection, ConnectionOptions};
use mdl_wallet::offer::{CredentialOffer, OfferLink};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::canaries::Canaries;
use super::deployment::{Deployment, PATIENCE, Process, client, wait_until};
use super::person::{CITIZEN, MALFORMED, REFUSED, write_records};
use super::postgres_server::PostgresServer;
use super::recorder::Recorder;
use super::store::Store;
use super::trace_receiver::TraceReceiver;

const MDL: &str = "org.iso.18013.5.1.mDL";
/// What strangers put into their requests, addresses included.
const STRANGER: &str = "Zaunkoenig-4711";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_about_a_person_is_left_on_sqlite() {
    let deployment = Deployment::new();
    let store = Store::sqlite(&deployment);
    run(deployment, store, "format = \"text\"").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_about_a_person_is_left_on_postgresql() {
    let Some(server) = PostgresServer::start() else {
        return; // the launcher has said why
    };
    run(
        Deployment::new(),
        Store::postgres(server),
        "format = \"json\"",
    )
    .await;
}

/// Everything around the service.
struct Surroundings {
    process: Process,
    store: Store,
    public: Recorder,
    internal: Recorder,
    traces: TraceReceiver,
    operator: Client,
    token: String,
    wallet: Collector,
    /// What must be found nowhere but on the wire.
    canaries: Canaries,
    /// What the store had sealed at some moment.
    sealed: Canaries,
    /// What the store has.
    known: Canaries,
}

async fn run(mut deployment: Deployment, store: Store, log_format: &str) {
    let (public, internal) = (Recorder::start().await, Recorder::start().await);
    let traces = TraceReceiver::start().await;
    let mut canaries = Canaries::default();
    write_records(&deployment, &mut canaries);
    deployment.issuer = format!("http://{}", public.address);
    deployment.store = store.url().to_owned();
    deployment.tables = format!(
        "[log]\nlevel = \"debug\"\n{log_format}\n\n{}",
        traces.table()
    );
    // The shortest that may be configured.
    deployment.policy = "access_token_life = \"30s\"\nrepeatable = \"1min\"".to_owned();
    let process = deployment.start();
    public.lead_to(process.public);
    internal.lead_to(process.internal);
    let options = ConnectionOptions {
        allow_loopback_http: true,
        ..ConnectionOptions::default()
    };
    let mut all = Surroundings {
        process,
        store,
        public,
        internal,
        traces,
        operator: client(&[]),
        token: deployment.token(),
        wallet: Collector::new(Connection::new(&options).unwrap(), [7; 32]),
        canaries,
        sealed: Canaries::default(),
        known: Canaries::default(),
    };
    all.refusals().await;
    all.batches().await;
    all.strangers().await;
    all.until_it_is_over().await;
    all.last_offer().await;
    all.search().await;
}

impl Surroundings {
    async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("http://{}{path}", self.internal.address);
        let request = self.operator.request(method, url).bearer_auth(&self.token);
        let answer = request.json(&body).send().await.unwrap();
        let status = answer.status();
        let answer: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.ask(Method::POST, &format!("/tenants/dmv/{path}"), body)
            .await
    }

    /// Makes an offer, and remembers what the store has sealed for it.
    async fn offer(&mut self, subject: &str, more: Value) -> (Value, CredentialOffer) {
        let mut wanted = json!({ "subject": subject, "configuration_ids": [MDL] });
        let wanted_members = wanted.as_object_mut().unwrap();
        wanted_members.extend(more.as_object().unwrap().clone());
        let made = self.post("offers", wanted).await;
        let link = made["link_by_reference"].as_str().unwrap();
        let link: OfferLink = link.parse().unwrap();
        let offer = self.wallet.read_offer(&link).await.unwrap();
        let grant = offer.pre_authorized.as_ref().unwrap();
        self.note("pre-authorized code", grant.code.as_str());
        let hash = HashAlgorithm::Sha256.digest(grant.code.as_bytes());
        self.known.add(grant.code.as_str(), hash.as_ref());
        if let Some(code) = made["tx_code"].as_str() {
            self.note("transaction code", code);
        }
        for sealed in self.store.sealed().await {
            self.sealed.add(hex::encode(&sealed), sealed);
        }
        (made, offer)
    }

    fn note(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        let name = format!("{name} {}", self.canaries.names().len());
        self.canaries.add(name, value);
    }

    async fn collect(
        &mut self,
        offer: &CredentialOffer,
        order: &Order,
    ) -> Result<Batch, CollectError> {
        let collected = self.wallet.collect(offer, order).await;
        for document in collected.iter().flat_map(|batch| &batch.documents) {
            let key = document.key.public_key();
            self.note("device key, x", key.x());
            self.note("device key, y", key.y().unwrap());
            self.note("device key, thumbprint", thumbprint(key));
            // The end of the CBOR: the signature.
            let issuer_signed = &document.issuer_signed;
            let middle = issuer_signed.len() / 2;
            self.note("document", &issuer_signed[middle..middle + 40]);
        }
        collected
    }

    /// Collections that come to nothing. They come first: what they leave lasts longest.
    async fn refusals(&mut self) {
        for subject in [MALFORMED, REFUSED, "citizen-unknown-stieglitz"] {
            let (_, offer) = self.offer(subject, json!({})).await;
            let refused = self.collect(&offer, &Order::batch_of(1)).await.unwrap_err();
            let name = refused.request().unwrap().name();
            assert!(name.contains("credential_request_denied"), "{name}");
        }
        let (_, offer) = self.offer(CITIZEN, json!({ "life": 1 })).await;
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        let refused = self.collect(&offer, &Order::batch_of(1)).await.unwrap_err();
        let name = refused.request().unwrap().name();
        assert!(name.contains("invalid_grant"), "{name}");
    }

    /// What a person does with an operator.
    async fn batches(&mut self) {
        let (made, offer) = self.offer(CITIZEN, json!({ "tx_code_digits": 12 })).await;
        let mut order = Order::batch_of(3);
        order.tx_code = Some("111122223333".to_owned().into());
        self.collect(&offer, &order).await.unwrap_err();
        order.tx_code = Some(made["tx_code"].as_str().unwrap().to_owned().into());
        self.collect(&offer, &order).await.unwrap();
        let (made, _) = self.offer(CITIZEN, json!({})).await;
        let by_value = made["link_by_value"].as_str().unwrap();
        let by_value = self.wallet.read_offer(&by_value.parse().unwrap()).await;
        let by_value = by_value.unwrap();
        self.collect(&by_value, &Order::batch_of(2)).await.unwrap();
        let subject = json!({ "subject": CITIZEN });
        let issuances = self.post("issuances/search", subject.clone()).await;
        for issuance in issuances.as_array().unwrap() {
            let change = json!({ "issuance": issuance["id"], "document": 0, "action": "suspend", "reason": "holder-request" });
            self.post("status-changes", change).await;
        }
        for event in ["suspended", "reinstated", "data-changed"] {
            let event = json!({ "subject": CITIZEN, "event": event });
            self.post("record-events", event).await;
        }
        let revoke = json!({ "subject": CITIZEN, "action": "revoke", "reason": "device-lost" });
        self.post("status-changes", revoke).await;
        let offers = self.post("offers/search", subject).await;
        assert!(offers.as_array().unwrap().len() >= 3, "{offers}");
    }

    /// An offer that is taken back when nothing else happens any more: no later work of the service clears away what it
    /// leaves.
    async fn last_offer(&mut self) {
        let (made, _) = self.offer(CITIZEN, json!({})).await;
        let path = format!("/tenants/dmv/offers/{}", made["id"].as_str().unwrap());
        self.ask(Method::GET, &path, json!({})).await;
        self.ask(Method::DELETE, &path, json!({})).await;
        wait_until("the last sealed value is erased", || {
            self.sealed.found_in(&slices(&self.store.dump())).is_empty()
        });
    }

    /// A canary wherever a request has room for one.
    async fn strangers(&mut self) {
        let stranger = client(&[]);
        let [public, internal] =
            [&self.public, &self.internal].map(|wire| format!("http://{}", wire.address));
        let method = Method::from_bytes(STRANGER.as_bytes()).unwrap();
        let form = [
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:pre-authorized_code",
            ),
            ("pre-authorized_code", STRANGER),
            ("tx_code", STRANGER),
            ("client_id", STRANGER),
            (STRANGER, STRANGER),
        ];
        let body = json!({ "subject": STRANGER, "credential_configuration_id": STRANGER, "event": STRANGER, STRANGER: 1 });
        for request in [
            stranger.get(format!("{public}/{STRANGER}?{STRANGER}={STRANGER}")),
            stranger.get(format!("{public}/credential-offers/{STRANGER}")),
            stranger.get(format!("{public}/status-lists/{STRANGER}")),
            stranger.request(method, format!("{public}/token")),
            stranger.post(format!("{public}/token")).form(&form),
            stranger
                .post(format!("{public}/token"))
                .header("dpop", STRANGER)
                .form(&form),
            stranger
                .post(format!("{public}/credential"))
                .bearer_auth(STRANGER)
                .json(&body),
            stranger.post(format!("{public}/credential")).body(STRANGER),
            stranger
                .post(format!("{public}/notification"))
                .bearer_auth(STRANGER)
                .json(&body),
            stranger.get(format!("{internal}/tenants/{STRANGER}/offers?{STRANGER}")),
            stranger
                .get(format!("{internal}/tenants/dmv/offers"))
                .bearer_auth(STRANGER),
            stranger
                .get(format!("{internal}/tenants/{STRANGER}/offers"))
                .bearer_auth(&self.token),
            stranger
                .get(format!("{internal}/tenants/dmv/offers/{STRANGER}"))
                .bearer_auth(&self.token),
            stranger
                .get(format!("{internal}/tenants/dmv/offers?limit={STRANGER}"))
                .bearer_auth(&self.token),
            stranger
                .post(format!("{internal}/tenants/dmv/offers"))
                .bearer_auth(&self.token)
                .json(&body),
            stranger
                .post(format!("{internal}/tenants/dmv/record-events"))
                .bearer_auth(&self.token)
                .json(&body),
            stranger
                .post(format!("{internal}/tenants/dmv/status-changes"))
                .bearer_auth(&self.token)
                .body(STRANGER),
        ] {
            let request = request
                .header("user-agent", STRANGER)
                .header("x-request-id", STRANGER)
                .header(
                    "traceparent",
                    "00-5a61756e6b6f656e69672d3437313121-5a61756e6b6f656e-01",
                )
                .header("baggage", format!("who={STRANGER}"));
            let status = request.send().await.unwrap().status();
            assert!(status.is_client_error(), "{status}");
        }
    }

    /// Until offers, tokens and the time for repetitions are over, and what is over has been erased.
    async fn until_it_is_over(&self) {
        let left = async {
            while !self.store.sealed().await.is_empty() {
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, left)
            .await
            .expect("sealed values are erased");
    }

    async fn search(mut self) {
        let url = format!("http://{}/metrics", self.internal.address);
        let metrics = self.operator.get(url).bearer_auth(&self.token).send().await;
        let metrics = metrics.unwrap().text().await.unwrap();
        let running = [self.store.files(), self.store.dump()].concat();
        // What the store does keep of a code, so that the search does look at the right place.
        for place in [self.store.files(), self.store.dump()] {
            let known = self.known.found_in(&slices(&place));
            assert_eq!(
                known,
                self.known.names(),
                "the files are those of the store"
            );
        }
        self.process.signal("-TERM");
        assert!(self.process.ended().success());

        let wire: Vec<_> = [&self.public, &self.internal]
            .iter()
            .flat_map(|wire| [wire.sent(), wire.received()])
            .collect();
        for name in ["access_token", "notification_id", "c_nonce"] {
            for value in members(&wire.concat(), name) {
                self.note(name, value);
            }
        }
        // The wire has all of them: the search does find what is there.
        let on_the_wire = self.canaries.found_in(&slices(&wire));
        let missing: Vec<_> = self
            .canaries
            .names()
            .difference(&on_the_wire)
            .copied()
            .collect();
        let is_derived = |name: &&str| name.contains("thumbprint");
        assert!(missing.iter().all(is_derived), "{missing:?}");

        let urls = self.public.urls().into_iter().chain(self.internal.urls());
        let urls = urls.collect::<Vec<_>>().join("\n").into_bytes();
        assert_eq!(
            self.canaries.found_in(&[&urls]),
            BTreeSet::new(),
            "addresses"
        );
        self.canaries.add("what strangers sent", STRANGER);
        let logs = self.process.said();
        assert!(
            logs.contains("offer-created") && logs.contains("issued") && logs.contains("request")
        );
        assert!(metrics.contains("mdl_issuances_total"), "{metrics}");
        let spans: Vec<_> = self
            .traces
            .exports()
            .into_iter()
            .map(|export| export.body)
            .collect();
        assert!(!spans.is_empty());
        let stopped = self.store.files();
        for (place, haystacks) in [
            ("logs", vec![logs.into_bytes()]),
            ("metrics", vec![metrics.into_bytes()]),
            ("traces", spans),
            ("database", running),
            ("database after the end", stopped),
        ] {
            let found = self.canaries.found_in(&slices(&haystacks));
            assert_eq!(found, BTreeSet::new(), "{place}");
        }
    }
}

fn slices(haystacks: &[Vec<u8>]) -> Vec<&[u8]> {
    haystacks.iter().map(Vec::as_slice).collect()
}

/// RFC 7638.
fn thumbprint(key: &PublicKey) -> Vec<u8> {
    let [x, y] = [key.x(), key.y().unwrap()].map(Base64UrlUnpadded::encode_string);
    let jwk = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    HashAlgorithm::Sha256
        .digest(jwk.as_bytes())
        .as_ref()
        .to_vec()
}

/// The texts of all JSON members of a name.
fn members(bytes: &[u8], name: &str) -> BTreeSet<Vec<u8>> {
    let start = format!("\"{name}\":\"").into_bytes();
    let places = bytes.windows(start.len()).enumerate();
    let places = places.filter(|(_, window)| *window == start);
    let values = places.map(|(at, _)| {
        let rest = &bytes[at + start.len()..];
        let end = rest.iter().position(|byte| *byte == b'"').unwrap();
        rest[..end].to_vec()
    });
    values.collect()
}
