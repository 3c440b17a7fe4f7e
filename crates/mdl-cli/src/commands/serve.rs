use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use mdl_issuer::clock::SystemClock;
use mdl_issuer::config::{Config, ConfigError, OpenError};
use mdl_issuer::openid4vci::offer::{self, OfferIdentity, OfferRequest};
use mdl_issuer::operations::logs;
use mdl_issuer::operations::traces::Traces;
use mdl_issuer::record::SubjectReference;
use mdl_issuer::record::sample::SamplePeople;
use mdl_issuer::serve::{self, Running, ServeError, Signals};
use qrcode::QrCode;
use qrcode::render::unicode;
use time::OffsetDateTime;

use crate::Exit;
use crate::development::Development;
use crate::failure::{Failure, Result};
use crate::output::print;
use crate::verification_report::rfc3339;

/// Whom the first offer is for: the first of the sample people.
const FIRST_SUBJECT: &str = "sample-001";
const MDL: &str = "org.iso.18013.5.1.mDL";

/// Run the issuing service
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl serve --dev --data mdl-dev --port 8080

makes a throw-away authority and 200 sample people below mdl-dev, starts the service on loopback and prints an offer \
as a QR code, with the command that collects it. The next start goes on with the same folder and brings up to date what \
has aged; a record that you have changed stays as it is. An authority writes a configuration:

  mdl serve --config /etc/mdl/issuer.toml --check
  mdl serve --config /etc/mdl/issuer.toml

deploy/issuer.example.toml describes every key. SIGTERM finishes the requests in work and ends; SIGHUP reads the TLS \
certificates, and the certificates, keys and CRLs of the authorities again, which the service also does by itself.")]
pub(crate) struct Serve {
    /// The configuration
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "dev",
        conflicts_with = "dev"
    )]
    config: Option<PathBuf>,
    /// Check the configuration, certificates and keys included, and end
    #[arg(long, requires = "config")]
    check: bool,
    /// Try it: throw-away keys, sample people and an embedded store below one folder, on loopback
    #[arg(long)]
    dev: bool,
    /// Folder of --dev; one that is there is used again
    #[arg(long, value_name = "DIR", default_value = "mdl-dev", requires = "dev")]
    data: PathBuf,
    /// Port of --dev for wallets; the one after it is for operators. 0 takes free ones
    #[arg(long, default_value_t = 8080, requires = "dev")]
    port: u16,
}

impl Serve {
    pub(crate) fn run(&self) -> Result<Exit> {
        let now = OffsetDateTime::now_utc();
        match &self.config {
            Some(path) => {
                let config = load(path, now)?;
                if self.check {
                    let tenants = config.tenants.len();
                    print(format_args!(
                        "{}: good, {tenants} credential issuer(s)",
                        path.display()
                    ))?;
                    return Ok(Exit::Good);
                }
                run(config, None)
            }
            None => {
                let development = Development::prepare(&self.data, self.port, now)?;
                development.first_record(now)?;
                run(load(&development.config(), now)?, Some(&development))
            }
        }
    }
}

fn load(path: &Path, now: OffsetDateTime) -> Result<Config> {
    Config::load(path, now).map_err(|error| match &error {
        ConfigError::Problems { .. } => {
            Failure::usage(error.to_string()).hint("deploy/issuer.example.toml describes every key")
        }
        _ => Failure::usage("no configuration").because(&error),
    })
}

fn run(config: Config, development: Option<&Development>) -> Result<Exit> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::outside("no threads").because(&error))?;
    let traces = runtime.block_on(async {
        let settings = config.traces.as_ref();
        settings
            .map(Traces::new)
            .transpose()
            .map_err(|error| Failure::usage("no traces").because(&error))
    })?;
    logs::install(&config.log, traces.as_ref());
    let ended = runtime.block_on(async {
        let mut signals = Signals::take().map_err(|error| not_started(&error))?;
        let running = tokio::select! {
            running = start(config, development) => running?,
            // Nothing is in work yet. A migration is a transaction, and so done or not begun.
            () = signals.stop() => return Ok(()),
        };
        serve::until_signal(running, signals)
            .await
            .map_err(|error| not_started(&error))
    });
    if let Some(traces) = &traces {
        traces.flush();
    }
    ended.map(|()| Exit::Good)
}

async fn start(config: Config, development: Option<&Development>) -> Result<Running> {
    let (settings, source) = (config.serve.clone(), Arc::clone(&config.source));
    let service = config.open(Arc::new(SystemClock)).await;
    let service = service.map_err(|error| {
        match &error {
            OpenError::IssuerChanged { .. } => Failure::usage("the service does not run"),
            _ => Failure::outside("the service does not run"),
        }
        .because(&error)
    })?;
    let mut running = serve::start(Arc::new(service), settings)
        .await
        .map_err(|error| not_started(&error))?;
    running.follow(source);
    if let Some(development) = development {
        introduce(development, &running).await?;
        development.other_records(OffsetDateTime::now_utc());
    }
    Ok(running)
}

fn not_started(error: &ServeError) -> Failure {
    match error {
        ServeError::Tls(_) => Failure::usage("the service does not run"),
        _ => Failure::outside("the service does not run"),
    }
    .because(error)
}

/// Says where everything is, and offers a licence to the first of the sample people.
async fn introduce(development: &Development, running: &Running) -> Result<()> {
    let service = &running.service;
    let no_offer =
        |error: &dyn std::error::Error| Failure::outside("no offer was made").because(error);
    let tenant = service
        .tenants
        .first()
        .ok_or_else(|| Failure::outside("there is no credential issuer"))?;
    let subject = SubjectReference::new(FIRST_SUBJECT)
        .ok_or_else(|| Failure::outside("the sample person has no acceptable reference"))?;
    let request = OfferRequest {
        configuration_ids: vec![MDL.to_owned()],
        subject,
        tx_code_digits: None,
        life: None,
        identity: OfferIdentity::Random,
    };
    let created = offer::create(service, tenant, request)
        .await
        .map_err(|error| no_offer(&error))?;
    let code =
        QrCode::new(created.link_by_reference.as_bytes()).map_err(|error| no_offer(&error))?;
    let code = code.render::<unicode::Dense1x2>().quiet_zone(true).build();
    let (token, iaca) = (development.token_file(), development.iaca());
    print(format_args!(
        "\nfor wallets     {issuer}\nfor operators   http://{internal}\nroot            {iaca}\nrecords         {records}\n\
         \nAn offer for {FIRST_SUBJECT}, until {until}:\n\n{code}\n\n\
         collect it:\n  mdl wallet collect --allow-loopback-http --iaca {iaca} --batch 10 \\\n    '{link}'\n\n\
         offer another (records/SUBJECT.json are the people; all {people} are there within a minute):\n  \
         curl -H \"Authorization: Bearer $(cat {token})\" -H 'Content-Type: application/json' \\\n    \
         -d '{{\"subject\": \"sample-002\", \"configuration_ids\": [\"{MDL}\"]}}' \\\n    \
         http://{internal}/tenants/{tenant}/offers\n\n\
         Ctrl-C ends it; the same command goes on where it ended.\n",
        issuer = development.issuer(),
        internal = development.internal,
        iaca = iaca.display(),
        records = development.records().display(),
        people = SamplePeople::COUNT,
        until = rfc3339(created.expires_at.truncate_to_second()),
        link = created.link_by_reference,
        token = token.display(),
        tenant = tenant.name,
    ))
}
