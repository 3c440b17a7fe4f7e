//! The whole way in one go: authority, service, wallet, reader, each doing what it does in earnest.
//!
//! The service listens on loopback and the wallet speaks HTTP with it. Every step uses what the command of the same name
//! uses, and leaves its files in one folder, so that each can be repeated by hand.

mod session;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_issuer::clock::SystemClock;
use mdl_issuer::config::Config;
use mdl_issuer::openid4vci::offer::{self, CreatedOffer, OfferIdentity, OfferRequest};
use mdl_issuer::record::SubjectReference;
use mdl_issuer::serve::{self, Running};
use mdl_mdoc::MDL_DOC_TYPE;
use mdl_mdoc::session_transcript::SessionTranscript;
use mdl_reader::request::Answer;
use mdl_reader::{Conditions, Policy, Session, Verdict, Verifier};
use mdl_signer::key_file::{self, Passphrase};
use mdl_wallet::collection::{Collector, Order};
use mdl_wallet::connection::{Connection, ConnectionOptions};
use mdl_wallet::folder::{StoredDocument, WalletFolder};
use mdl_wallet::offer::OfferLink;
use mdl_wallet::status_list;
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use time::OffsetDateTime;

use crate::development::Development;
use crate::failure::{Failure, Result};
use crate::files::{NewFolder, Readers, write_new};
use crate::input;
use crate::randomness::generator;
use crate::reader_request::decode_request;

const RECORD: &[u8] = include_bytes!("../../../examples/records/erika.json");
const PORTRAIT: &[u8] = include_bytes!("../../../examples/records/portrait.jpg");
/// The person who gets the licence, as the source of record calls her.
const SUBJECT: &str = "erika";
/// Licences that the wallet asks for.
const BATCH: usize = 10;

/// One step: what was done, how long it took, the files it left, and the command that does the same.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) what: String,
    pub(crate) milliseconds: f64,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) command: Option<String>,
}

/// Everything that a demonstration needs and leaves.
#[derive(Debug)]
pub(crate) struct Demonstration {
    folder: PathBuf,
    rng: ChaCha20Rng,
    pub(crate) steps: Vec<Step>,
}

/// What the reader received, and what it needs to judge it.
#[derive(Debug)]
pub(crate) struct Presented {
    request: Vec<u8>,
    response: Vec<u8>,
    portrait: Vec<u8>,
    transcript: SessionTranscript,
    iaca: Vec<u8>,
    crl: Vec<u8>,
    status_list: Vec<u8>,
}

impl Demonstration {
    /// Starts in a new folder.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        if folder.to_str().is_none() {
            return Err(Failure::usage("the folder's name is not UTF-8")
                .hint("choose another: SQLite opens no database below it"));
        }
        NewFolder::start(folder)?.finish()?;
        Ok(Self {
            folder: folder.to_owned(),
            rng: generator(None, "demo")?,
            steps: Vec::new(),
        })
    }

    /// Authority, service, offer, batch and presentation.
    pub(crate) fn run(&mut self) -> Result<Presented> {
        let development = self.authority()?;
        let runtime = tokio::runtime::Runtime::new()
            .map_err(|error| Failure::outside("no threads").because(&error))?;
        runtime.block_on(async {
            let running = self.service(&development).await?;
            let presented = self.holder(&development, &running).await;
            let stopped = running.stop().await;
            stopped.map_err(|error| Failure::outside("the service failed").because(&error))?;
            presented
        })
    }

    /// The reader's report on what was presented.
    pub(crate) fn verify<'p>(&mut self, presented: &'p Presented) -> Result<Answer<'p>> {
        let started = Instant::now();
        let answer = verify(presented, &presented.response)?;
        let elements = answer
            .verified(0)
            .map_or(0, |document| document.elements().count());
        let what = format!(
            "reader verifies the response: {}, {elements} elements",
            answer.report().verdict().name()
        );
        let command = format!(
            "mdl verify --iaca {} --crl {} --status-list {} --session-transcript {} --request {} {}",
            self.shown("authority/iaca/certificate.pem"),
            self.shown("authority/crl/crl.pem"),
            self.shown("status.cwt"),
            self.shown("transcript.cbor"),
            self.shown("request.cbor"),
            self.shown("response.cbor")
        );
        self.step(started, what, &[], Some(command));
        Ok(answer)
    }

    /// The same response with one bit of the portrait changed must not verify.
    ///
    /// # Errors
    /// Exit code 1 if it does.
    pub(crate) fn refuse_forgery(&mut self, presented: &Presented) -> Result<()> {
        let started = Instant::now();
        let mut forged = presented.response.clone();
        let portrait = forged
            .windows(presented.portrait.len())
            .position(|bytes| bytes == presented.portrait);
        let within = portrait.unwrap_or(forged.len() / 2) + 15;
        if let Some(byte) = forged.get_mut(within) {
            *byte ^= 1;
        }
        let answer = verify(presented, &forged)?;
        let report = answer.report();
        if report.verdict() == Verdict::Valid {
            return Err(Failure::no("a forged response was accepted"));
        }
        let failed = report
            .documents()
            .iter()
            .flat_map(|document| document.checks());
        let failed = failed.filter(|check| check.outcome == mdl_reader::Outcome::Fail);
        let ids: Vec<_> = failed.map(|check| check.id.id()).collect();
        self.step(
            started,
            format!("reader refuses it with one bit changed: {}", ids.join(", ")),
            &[],
            None,
        );
        Ok(())
    }

    /// Root, signers, CRL and a record; and what the commands of the README want beside them.
    fn authority(&mut self) -> Result<Development> {
        let started = Instant::now();
        let records = self.folder.join("records");
        std::fs::create_dir(&records).map_err(|error| {
            Failure::usage(format!("cannot make the folder {}", records.display())).because(&error)
        })?;
        for (name, content) in [
            (format!("records/{SUBJECT}.json"), RECORD),
            ("records/portrait.jpg".to_owned(), PORTRAIT),
            ("record.json".to_owned(), RECORD),
            ("portrait.jpg".to_owned(), PORTRAIT),
        ] {
            write_new(&self.folder.join(name), content, Readers::Owner)?;
        }
        let development = Development::prepare(&self.folder, 0, OffsetDateTime::now_utc())?;
        let passphrase = input::read_at_most(&self.folder.join("secrets/passphrase"), 4096)?;
        write_new(&self.folder.join("passphrase"), &passphrase, Readers::Owner)?;
        let files = [
            "authority/iaca/certificate.pem",
            "authority/ds/ds-1/certificate.pem",
            "authority/status/status-1/certificate.pem",
            "authority/crl/crl.der",
            "records",
            "issuer.toml",
        ];
        let what = "authority makes its root, a document signer, a status list signer and a CRL";
        let command = "mdl iaca init …, mdl ds issue …, mdl crl build …".to_owned();
        self.step(started, what.into(), &files, Some(command));
        Ok(development)
    }

    async fn service(&mut self, development: &Development) -> Result<Running> {
        let started = Instant::now();
        let failed = |error: &dyn std::error::Error| {
            Failure::outside("the service does not run").because(error)
        };
        let config = Config::load(&development.config(), OffsetDateTime::now_utc())
            .map_err(|error| failed(&error))?;
        let settings = config.serve.clone();
        let service = config
            .open(Arc::new(SystemClock))
            .await
            .map_err(|error| failed(&error))?;
        let running = serve::start(Arc::new(service), settings)
            .await
            .map_err(|error| failed(&error))?;
        let what = format!(
            "service starts: wallets come to {}, operators to http://{}",
            development.issuer(),
            running.internal_address()
        );
        let command = format!("mdl serve --config {}", self.shown("issuer.toml"));
        self.step(started, what, &["issuer.db"], Some(command));
        Ok(running)
    }

    /// The offer, and what the holder makes of it.
    async fn holder(&mut self, development: &Development, running: &Running) -> Result<Presented> {
        let created = self.offer(running).await?;
        let options = ConnectionOptions {
            allow_loopback_http: true,
            ..ConnectionOptions::default()
        };
        let connection = Connection::new(&options)
            .map_err(|error| Failure::outside("no network").because(&error))?;
        let iaca = input::read_one_pem_or_der(
            &development.iaca(),
            mdl_iaca::certificate::DocumentKind::Certificate,
        )?;
        let document = self.collect(&connection, &created, &iaca).await?;
        let started = Instant::now();
        let status_list = status_list::fetch(&connection, &document.issuer_signed).await;
        let status_list =
            status_list.map_err(|error| Failure::outside("no status list").because(&error))?;
        write_new(
            &self.folder.join("status.cwt"),
            &status_list,
            Readers::Everyone,
        )?;
        let what = format!(
            "reader fetches the status list: {} bytes",
            status_list.len()
        );
        self.step(started, what, &["status.cwt"], None);
        let presented = self.presentation(&document)?;
        Ok(Presented {
            request: presented.request,
            response: presented.response,
            portrait: portrait(&document.issuer_signed)?,
            transcript: presented.transcript,
            iaca,
            crl: input::read(&self.folder.join("authority/crl/crl.der"))?,
            status_list,
        })
    }

    async fn offer(&mut self, running: &Running) -> Result<CreatedOffer> {
        let started = Instant::now();
        let service = &running.service;
        let nobody = || Failure::outside("the service has nobody to issue to");
        let request = OfferRequest {
            configuration_ids: vec![MDL_DOC_TYPE.to_owned()],
            subject: SubjectReference::new(SUBJECT).ok_or_else(nobody)?,
            tx_code_digits: None,
            life: None,
            identity: OfferIdentity::Random,
        };
        let tenant = service.tenants.first().ok_or_else(nobody)?;
        let created = offer::create(service, tenant, request).await;
        let created =
            created.map_err(|error| Failure::outside("no offer was made").because(&error))?;
        let what = format!("operator offers a licence to {SUBJECT}: a link for a QR code");
        self.step(started, what, &[], None);
        Ok(created)
    }

    async fn collect(
        &mut self,
        connection: &Connection,
        created: &CreatedOffer,
        iaca: &[u8],
    ) -> Result<StoredDocument> {
        let started = Instant::now();
        let failed = |error: &dyn std::error::Error| {
            Failure::no("the wallet collected nothing").because(error)
        };
        let anchor = TrustAnchor::from_der(iaca).map_err(|error| failed(&error))?;
        let mut seed = [0; 32];
        self.rng.fill_bytes(&mut seed);
        let mut collector =
            Collector::new(connection.clone(), seed).trusting(TrustAnchors::new([anchor]));
        let link: OfferLink = created
            .link_by_reference
            .parse()
            .map_err(|error| failed(&error))?;
        let offer = collector
            .read_offer(&link)
            .await
            .map_err(|error| failed(&error))?;
        let batch = collector.collect(&offer, &Order::batch_of(BATCH)).await;
        let batch = batch.map_err(|error| failed(&error))?;
        let wallet = WalletFolder::new(self.folder.join("wallet"));
        let name = wallet
            .keep(&batch, None, &mut self.rng)
            .map_err(|error| failed(&error))?;
        let taken = wallet.take(MDL_DOC_TYPE, Some(&name), None, batch.collected);
        let taken = taken.map_err(|error| failed(&error))?;
        let what = format!(
            "wallet collects {} licences for {} keys of its own, and verifies each; {} bytes the first",
            batch.documents.len(),
            batch.documents.len(),
            taken.issuer_signed.len()
        );
        let command = format!(
            "mdl wallet collect OFFER --batch {BATCH} --data {} …",
            self.shown("wallet")
        );
        self.step(started, what, &["wallet"], Some(command));
        Ok(taken)
    }

    /// The reader's certificate, and the session in which the licence is presented to it.
    fn presentation(&mut self, document: &StoredDocument) -> Result<session::Presentation> {
        let started = Instant::now();
        let at = OffsetDateTime::now_utc();
        let passphrase = input::read_at_most(&self.folder.join("passphrase"), 4096)?;
        let passphrase = String::from_utf8_lossy(&passphrase).trim().to_owned();
        let passphrase = Passphrase::new(passphrase).map_err(|error| {
            Failure::usage("the demonstration has no passphrase").because(&error)
        })?;
        let (reader, readers) = session::reader(&self.folder, passphrase, at)?;
        let files = ["reader-authority/reader/gate-7/certificate.pem"];
        let what = "reader gets a certificate from an authority of its own".to_owned();
        let command = format!(
            "mdl reader issue NAME --authority {} …",
            self.shown("reader-authority")
        );
        self.step(started, what, &files, Some(command));

        let started = Instant::now();
        let presented = session::present(&reader, &readers, document, &mut self.rng, at)?;
        let device = self.folder.join("device.pem");
        key_file::create_unencrypted(&device, &document.key, &mut self.rng).map_err(|error| {
            Failure::usage(format!("cannot write {}", device.display())).because(&error)
        })?;
        let transcript = presented.transcript.as_bytes();
        for (name, content, readers) in [
            ("licence.cbor", &document.issuer_signed[..], Readers::Owner),
            ("engagement.txt", presented.qr.as_bytes(), Readers::Everyone),
            ("request.cbor", &presented.request, Readers::Everyone),
            ("transcript.cbor", transcript, Readers::Everyone),
            ("response.cbor", &presented.response, Readers::Owner),
        ] {
            write_new(&self.folder.join(name), content, readers)?;
        }
        let what = format!(
            "holder shows a QR code; {}; agrees, and answers over the encrypted session: {} bytes, for a request of {} bytes \
             in {} Bluetooth values",
            presented.shown,
            presented.response.len(),
            presented.request.len(),
            presented.values_sent
        );
        let files = [
            "engagement.txt",
            "request.cbor",
            "licence.cbor",
            "device.pem",
            "transcript.cbor",
            "response.cbor",
        ];
        let command = format!(
            "mdl wallet engage --data {} …, mdl reader ask --engagement 'mdoc:…' …",
            self.shown("wallet")
        );
        self.step(started, what, &files, Some(command));
        Ok(presented)
    }

    fn step(&mut self, started: Instant, what: String, files: &[&str], command: Option<String>) {
        self.steps.push(Step {
            what,
            milliseconds: started.elapsed().as_secs_f64() * 1000.0,
            files: files.iter().map(|file| self.folder.join(file)).collect(),
            command,
        });
    }

    fn shown(&self, file: &str) -> String {
        self.folder.join(file).display().to_string()
    }
}

/// The portrait of a licence.
fn portrait(issuer_signed: &[u8]) -> Result<Vec<u8>> {
    let decoded = mdl_mdoc::issuer_signed::decode_issuer_signed(
        issuer_signed,
        &mdl_mdoc::cbor::Limits::DEFAULT,
    );
    let (document, _) =
        decoded.map_err(|error| Failure::no("the licence cannot be read").because(&error))?;
    let items = document.name_spaces.iter().flat_map(|(_, items)| items);
    items
        .filter(|item| item.element_identifier == "portrait")
        .find_map(|item| item.element_value.as_byte_string())
        .map(<[u8]>::to_vec)
        .ok_or_else(|| Failure::no("the licence has no portrait"))
}

fn verify<'p>(presented: &Presented, response: &'p [u8]) -> Result<Answer<'p>> {
    let anchor = TrustAnchor::from_der(&presented.iaca)
        .map_err(|error| Failure::no("the root cannot be trusted").because(&error))?;
    let verifier = Verifier::new(TrustAnchors::new([anchor])).with_policy(Policy::Iso);
    let session = Session::Device {
        transcript: &presented.transcript,
        reader_key: None,
    };
    let conditions = Conditions {
        crls: &[&presented.crl],
        status_tokens: &[&presented.status_list],
        require_revocation: true,
        ..Conditions::new(OffsetDateTime::now_utc(), session)
    };
    let request = decode_request(&presented.request)?;
    Ok(verifier.verify_answer(&request, response, &conditions))
}
