//! A service to try things with: a throw-away authority, sample people, an embedded store, all below one folder.
//!
//! What is made here is a configuration file like any other, and the service then starts from it as it would in
//! earnest. So whoever looks into the folder sees how the real thing is set up. A folder that is there already is used
//! again: keys, records and what was issued stay.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mdl_crypto::Curve;
use mdl_iaca::certificate::CrlView;
use mdl_iaca::profile::{Contact, DistinguishedName};
use mdl_issuer::clock::SystemClock;
use mdl_issuer::record::sample::SamplePeople;
use mdl_signer::key_file::Passphrase;
use rand_core::Rng;
use time::{Duration, OffsetDateTime};

use crate::authority::{
    AuthorityFolder, CrlRequest, DocumentSignerRequest, IacaRequest, KeyChoice, SignerName,
    StatusSignerRequest, Subject, build_crl, create_iaca, issue_document_signer,
    issue_status_signer,
};
use crate::failure::{Failure, Result};
use crate::files::{Readers, replace, write_new};
use crate::passphrase::Passphrases;
use crate::randomness::generator;

const COUNTRY: &str = "US";
const STATE: &str = "US-CA";
/// A CRL is made anew by the first start in the second half of its life.
const CRL_DAYS: u32 = 30;
/// Always the same people, so that a name in a guide is a name in the folder.
const PEOPLE_SEED: u64 = 1;

/// Files of a development service.
#[derive(Clone, Debug)]
pub(crate) struct Development {
    folder: PathBuf,
    /// For wallets and readers.
    pub(crate) public: SocketAddr,
    /// For operators.
    pub(crate) internal: SocketAddr,
}

impl Development {
    /// Makes what is missing below `folder`, records aside. Ports are those given, or free ones for 0.
    ///
    /// # Errors
    /// Exit code 2 if the folder cannot be written, 3 if there is no free port.
    pub(crate) fn prepare(folder: &Path, port: u16, at: OffsetDateTime) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|error| {
            Failure::usage(format!("cannot make the folder {}", folder.display())).because(&error)
        })?;
        let [public, internal] = addresses(port)?;
        let development = Self {
            folder: folder.to_owned(),
            public,
            internal,
        };
        development.secrets()?;
        development.authority(at)?;
        replace(
            &development.config(),
            development.settings().as_bytes(),
            Readers::Everyone,
        )?;
        Ok(development)
    }

    /// Writes the record of the first of the sample people, or renews it.
    ///
    /// # Errors
    /// Exit code 2 if the folder cannot be written.
    pub(crate) fn first_record(&self, at: OffsetDateTime) -> Result<()> {
        let written = sample_people().keep(1, &self.records(), at.date());
        written.map_err(|error| {
            Failure::usage(format!("cannot write {}", self.records().display())).because(&error)
        })
    }

    /// Writes or renews the others while the service runs already: drawing their portraits takes seconds, without
    /// optimisation a minute. What a process that ends leaves undone, the next one does.
    pub(crate) fn other_records(&self, at: OffsetDateTime) {
        let records = self.records();
        std::thread::spawn(move || {
            let people = sample_people();
            let mut numbers = 2..=SamplePeople::COUNT;
            match numbers.try_for_each(|number| people.keep(number, &records, at.date())) {
                Ok(()) => tracing::info!(
                    code = "sample-people-complete",
                    people = SamplePeople::COUNT
                ),
                Err(cause) => tracing::error!(code = "sample-people-incomplete", %cause),
            }
        });
    }

    /// The configuration of the service.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder.join("issuer.toml")
    }

    /// The records of the sample people.
    pub(crate) fn records(&self) -> PathBuf {
        self.folder.join("records")
    }

    /// The token of the operator.
    pub(crate) fn token_file(&self) -> PathBuf {
        self.folder.join("secrets").join("operator-token")
    }

    /// The root certificate.
    pub(crate) fn iaca(&self) -> PathBuf {
        self.authority_folder().iaca_certificate()
    }

    /// The credential issuer's identifier.
    pub(crate) fn issuer(&self) -> String {
        format!("http://{}", self.public)
    }

    fn authority_folder(&self) -> AuthorityFolder {
        AuthorityFolder::new(self.folder.join("authority"))
    }

    fn secrets(&self) -> Result<()> {
        let folder = self.folder.join("secrets");
        std::fs::create_dir_all(&folder).map_err(|error| {
            Failure::usage(format!("cannot make the folder {}", folder.display())).because(&error)
        })?;
        let mut rng = generator(None, "development")?;
        for name in [
            "service-secret",
            "sealing-key",
            "operator-token",
            "passphrase",
        ] {
            let path = folder.join(name);
            if !path.exists() {
                let mut secret = [0; 32];
                rng.fill_bytes(&mut secret);
                let line = zeroize::Zeroizing::new(format!("{}\n", hex::encode(secret)));
                write_new(&path, line.as_bytes(), Readers::Owner)?;
            }
        }
        Ok(())
    }

    fn passphrase(&self) -> Result<Passphrase> {
        let path = self.folder.join("secrets").join("passphrase");
        let content = zeroize::Zeroizing::new(crate::input::read_at_most(&path, 4096)?);
        let text = String::from_utf8_lossy(&content).trim().to_owned();
        Passphrase::new(text)
            .map_err(|error| Failure::usage(format!("{}", path.display())).because(&error))
    }

    fn authority(&self, at: OffsetDateTime) -> Result<()> {
        let folder = self.authority_folder();
        let passphrases = Passphrases::from(self.passphrase()?);
        let crl_url = format!("{}/crl", self.issuer());
        let name = |name: &str| DistinguishedName::new(name);
        if !folder.iaca_certificate().exists() {
            let request = IacaRequest {
                name: name("Development IACA").country(COUNTRY).state(STATE),
                contact: Contact::email("iaca@dmv.example"),
                crl_url: crl_url.clone(),
                key: KeyChoice::New(Curve::P256),
                validity_days: 3650,
                at,
                seed: None,
            };
            create_iaca(&folder, &request, &passphrases)?;
        }
        let signer = signer_name("ds-1")?;
        if !folder.document_signer(&signer).exists() {
            let request = DocumentSignerRequest {
                name: signer,
                subject: Subject::Key {
                    key: KeyChoice::New(Curve::P256),
                    name: name("Development DS 1"),
                },
                contact: None,
                crl_url: crl_url.clone(),
                validity_days: 457,
                longest_mso_life_days: 90,
                at,
                seed: None,
            };
            issue_document_signer(&folder, &request, &passphrases)?;
        }
        let signer = signer_name("status-1")?;
        if !folder.status_signer(&signer).exists() {
            let request = StatusSignerRequest {
                name: signer,
                subject: name("Development status signer 1")
                    .country(COUNTRY)
                    .state(STATE),
                key: KeyChoice::New(Curve::P256),
                crl_url,
                validity_days: 457,
                at,
                seed: None,
            };
            issue_status_signer(&folder, &request, &passphrases)?;
        }
        if needs_crl(&folder, at)? {
            let request = CrlRequest {
                revoked: Vec::new(),
                expired: Vec::new(),
                next_update_days: CRL_DAYS,
                at,
                seed: None,
            };
            build_crl(&folder, &request, &passphrases)?;
        }
        Ok(())
    }

    fn settings(&self) -> String {
        let (issuer, public, internal) = (self.issuer(), self.public, self.internal);
        format!(
            r##"# Made by `mdl serve --dev`, anew each time; deploy/issuer.example.toml describes every key.
[service]
secret_file = "secrets/service-secret"
sealing_key_file = "secrets/sealing-key"
allow_insecure_http = true

[public]
address = "{public}"

# Only this machine comes here, and it may measure.
[public.rate_limit]
requests_per_minute = 1000000
burst = 100000
concurrent_requests = 100000
connections = 100000

[internal]
address = "{internal}"

[[internal.operators]]
name = "developer"
token_file = "secrets/operator-token"

[store]
url = "sqlite:issuer.db"

[log]
format = "text"

[[tenants]]
name = "dmv"
issuer = "{issuer}"
display = [{{ name = "Development DMV", locale = "en-US" }}]

[[tenants.credentials]]
id = "org.iso.18013.5.1.mDL"
scope = "org.iso.18013.5.1.mDL"
display = [{{ name = "Driving licence", locale = "en-US", background_color = "#1a4480", text_color = "#ffffff" }}]

[tenants.authority]
iaca_certificates = ["authority/iaca/certificate.pem"]
crl = "authority/crl/crl.der"

# `mdl ds rotate` puts the next one there, and the service takes it up.
[tenants.authority.document_signer_folder]
path = "authority/ds"
passphrase_file = "secrets/passphrase"

[tenants.authority.status_signer]
certificate = "authority/status/status-1/certificate.pem"
key = "authority/status/status-1/key.pem"
passphrase_file = "secrets/passphrase"

[tenants.records]
kind = "folder"
path = "records"

[tenants.policy]
status_list_size = 65536
status_latency = "2s"
"##
        )
    }
}

fn needs_crl(folder: &AuthorityFolder, at: OffsetDateTime) -> Result<bool> {
    if !folder.crl().exists() {
        return Ok(true);
    }
    let der = crate::input::read(&folder.crl())?;
    let crl = CrlView::from_der(&der).map_err(|error| {
        Failure::usage(format!("{}: not a CRL", folder.crl().display())).because(&error)
    })?;
    let half = Duration::days(i64::from(CRL_DAYS / 2));
    Ok(at - crl.this_update().at >= half)
}

fn sample_people() -> SamplePeople {
    SamplePeople::new(COUNTRY, Some(STATE), PEOPLE_SEED, Arc::new(SystemClock))
}

fn signer_name(name: &str) -> Result<SignerName> {
    name.parse().map_err(|what: String| {
        Failure::usage("the development authority's signer has no name").hint(what)
    })
}

/// The port and the one after it; for 0, two free ones.
fn addresses(port: u16) -> Result<[SocketAddr; 2]> {
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    if port != 0 {
        let next = port.checked_add(1).ok_or_else(|| {
            Failure::usage(
                "--port: the internal listener takes the port after it, and there is none",
            )
        })?;
        return Ok([at(port), at(next)]);
    }
    // Both are held until both are known, or they could be the same.
    let outside = |error: &std::io::Error| Failure::outside("there is no free port").because(error);
    let held = [TcpListener::bind(at(0)), TcpListener::bind(at(0))];
    let mut free = [at(0); 2];
    for (address, listener) in free.iter_mut().zip(held) {
        let listener = listener.map_err(|error| outside(&error))?;
        *address = listener.local_addr().map_err(|error| outside(&error))?;
    }
    Ok(free)
}
