use std::path::PathBuf;

use clap::Args;
use mdl_iaca::authority::{Revocation, RevocationReason};
use mdl_iaca::profile::SerialNumber;
use mdl_issuer::store::Hash;
use serde_json::{Value, json};
use time::OffsetDateTime;
use url::Url;

use super::operator::Operator;
use crate::Exit;
use crate::authority::{
    AuthorityFolder, AuthorityOptions, CrlRequest, DocumentSigner, Place, Publication, SignerName,
    build_crl_if_due, publish_crl,
};
use crate::failure::{Failure, Result};
use crate::input::{parse_time, time_or_now};
use crate::output::{Output, remark};
use crate::passphrase::PassphraseOptions;

/// How often the service is asked how far it is.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(500);

/// The key of a document signer may be in other hands: stop it, revoke it, withdraw what it signed
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl ds compromise ds-2026 --reason 'token stolen from rack 4' \\
    --service https://issuer.internal:9443 --token-file operator-token \\
    --publish-to /srv/www/crl/ --passphrase-file pass.txt

First the service is told: it signs no more with that key, on all replicas, and begins to make everything invalid that \
was signed with it, most of it within seconds. Then the certificate is revoked, and the CRL built and published. The \
command waits until the service has withdrawn all. Whoever lost good documents is in a queue there; \
`POST /tenants/TENANT/reissues` gives the next with an offer each, as fast as the key stores' quota allows.\n\nWhat failed \
or was broken off is done by the same command again, and what was done is not done twice. There is no way back. Have \
another document signer ready: `mdl ds rotate` makes one at once when none is left.")]
pub(crate) struct Compromise {
    /// Which
    #[arg(value_name = "NAME")]
    name: SignerName,
    /// What happened to the key, for auditors: a sentence, no word about a holder
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The internal listener of the issuing service; any replica
    #[arg(long, value_name = "URL")]
    service: Url,
    /// File with the operator's token
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "client_certificate"
    )]
    token_file: Option<PathBuf>,
    /// Roots of the service's certificate, PEM [default: those of the system]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Client certificate and its key, PEM, where the service asks for one
    #[arg(long, value_name = "FILE")]
    client_certificate: Option<PathBuf>,
    /// Publish the CRL in this folder, file or s3://BUCKET/KEY; may be repeated
    #[arg(long, value_name = "PLACE")]
    publish_to: Vec<Place>,
    /// Do not wait until all is withdrawn
    #[arg(long)]
    no_wait: bool,
    /// Days until the next CRL is due, at most 90
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    next_update_days: u32,
    #[command(flatten)]
    authority: AuthorityOptions,
    /// The time to work at [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<OffsetDateTime>,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    #[command(flatten)]
    output: Output,
}

/// What has gone wrong so far: the rest is done all the same.
#[derive(Default)]
struct Failures(Vec<Failure>);

impl Failures {
    fn note<T>(&mut self, done: Result<T>) -> Option<T> {
        done.map_err(|failure| {
            remark(&failure);
            self.0.push(failure);
        })
        .ok()
    }
}

impl Compromise {
    pub(super) fn run(&self) -> Result<Exit> {
        let folder = self.authority.folder();
        let signer = folder.read_document_signer(&self.name)?;
        let sha256 = hex::encode(Hash::of(&signer.der).0);
        let operator = Operator::new(
            &self.service,
            self.token_file.as_deref(),
            self.ca.as_deref(),
            self.client_certificate.as_deref(),
        )?;
        let path = format!("document-signers/{sha256}/compromise");
        let report = || operator.post(&path, &json!({ "reason": self.reason }));

        let mut failures = Failures::default();
        // Before anything that takes a passphrase, a token or a certificate authority.
        let mut told = report().map_err(|failure| remark(&failure)).ok();
        let crl = failures.note(self.revoke(&folder, &signer));
        if told.is_none() {
            told = failures.note(report());
        }
        if told.is_some() && !self.no_wait {
            told = failures.note(self.wait(&operator, &path)).or(told);
        }
        if let Some(failure) = failures.0.into_iter().next() {
            return Err(failure.hint(
                "the rest was done; run the same command again, it does only what is missing",
            ));
        }
        let state = told.unwrap_or_default();
        let (number, published) = crl.unwrap_or_default();
        self.output.result(
            || self.text(number, &published, &state),
            || {
                json!({
                    "name": self.name.to_string(),
                    "sha256": sha256,
                    "crl": { "number": number, "published": published },
                    "service": state,
                })
            },
        )?;
        Ok(Exit::Good)
    }

    /// The CRL's number, and where it was published.
    fn revoke(
        &self,
        folder: &AuthorityFolder,
        signer: &DocumentSigner,
    ) -> Result<(u64, Vec<String>)> {
        let at = time_or_now(self.at);
        let serial = SerialNumber::from_content(signer.certificate()?.serial().as_bytes())
            .map_err(|error| Failure::usage("no serial number to revoke").because(&error))?;
        let request = CrlRequest {
            revoked: vec![Revocation {
                serial,
                reason: RevocationReason::KeyCompromise,
            }],
            expired: Vec::new(),
            next_update_days: self.next_update_days,
            at,
            seed: None,
        };
        let built = build_crl_if_due(folder, &request, &self.passphrase.when_needed())?;
        #[cfg(feature = "aws")]
        let of_private_ca = folder.is_in_private_ca();
        #[cfg(not(feature = "aws"))]
        let of_private_ca = false;
        let iaca = folder.read_iaca()?;
        let publication = Publication::new(&built.crl, &iaca.der, of_private_ca, at)?;
        let places = self.publish_to.iter();
        let published = places.map(|place| Ok(publish_crl(&publication, place)?.place));
        Ok((built.number, published.collect::<Result<_>>()?))
    }

    /// Until nothing is left to withdraw.
    fn wait(&self, operator: &Operator, path: &str) -> Result<Value> {
        let bar = self.output.progress();
        loop {
            let state = operator.get(path)?;
            let [done, left] = ["batches", "remaining_batches"].map(|name| count(&state, name));
            bar.set_length(done + left);
            bar.set_position(done);
            if left == 0 {
                bar.finish_and_clear();
                return Ok(state);
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn text(&self, number: u64, published: &[String], state: &Value) -> String {
        let queue = &state["reissues"];
        let places = match published {
            [] => "publish it with `mdl crl publish`, unless the service reads it from the authority's folder".into(),
            places => format!("published: {}", places.join(", ")),
        };
        let unreachable = match count(queue, "unreachable") {
            0 => String::new(),
            people => format!(" ({people} of them can only come by themselves)"),
        };
        format!(
            "{} signs no more\nCRL {number} lists it; {places}\nwithdrawn  {} documents of {} batches, {} batches left\n\
             re-issue   {} people wait{unreachable}; at {} offers a minute that takes {} minutes",
            self.name,
            count(state, "documents"),
            count(state, "batches"),
            count(state, "remaining_batches"),
            count(queue, "waiting"),
            count(queue, "offers_per_minute"),
            count(queue, "minutes_left"),
        )
    }
}

fn count(of: &Value, name: &str) -> u64 {
    of.get(name).and_then(Value::as_u64).unwrap_or_default()
}
