use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use mdl_crypto::PrivateKey;
use mdl_iaca::trust_anchor::TrustAnchors;
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::device_engagement::DeviceEngagement;
use mdl_mdoc::session_transcript::Handover;
use mdl_reader::proximity::Encounter;
use mdl_reader::{Conditions, Verifier};
use time::OffsetDateTime;

use crate::Exit;
use crate::commands::verify::PolicyName;
use crate::failure::{Failure, Result};
use crate::files::{Readers, or_force, refuse_existing, write};
use crate::input::{parse_time, read_crls, read_status_tokens, time_or_now};
use crate::output::Output;
use crate::proximity::{Exchange, ask};
use crate::randomness::generator;
use crate::reader_request::{
    ReaderOptions, RequestOptions, answer_json, answer_text, decode_request, form_for,
};
use crate::trust::read_trust_anchors;
use crate::verification_report;

/// How long a person may think (6.3.2.5: an idle session may be ended after 300 s).
const PATIENCE: Duration = Duration::from_secs(300);

/// Ask a holder's device on this machine, over an encrypted session, and verify what it answers
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl reader ask --engagement 'mdoc:…' --connect 127.0.0.1:4000 \\
      --template age-over-18 --iaca iaca.pem

ENGAGEMENT is the text of the QR code that `mdl wallet engage` shows, with the address to connect to: a loopback with \
the framing of Bluetooth Low Energy. With --reader-auth-key and --reader-certificate (`mdl reader issue` makes both) the \
holder is shown who asks. Exit code 0: everything in the response was verified and nothing of the request is missing. 1: \
anything else that was answered.")]
pub(crate) struct Ask {
    /// Text of the QR code: mdoc:…
    #[arg(long, value_name = "ENGAGEMENT")]
    engagement: String,
    /// Where the device waits, on this machine
    #[arg(long, value_name = "ADDRESS:PORT")]
    connect: SocketAddr,
    #[command(flatten)]
    request: RequestOptions,
    #[command(flatten)]
    reader: ReaderOptions,
    /// A trusted IACA certificate, PEM or DER; may be repeated, and a file may hold several
    #[arg(long, value_name = "FILE", required = true)]
    iaca: Vec<PathBuf>,
    /// A CRL of an IACA, PEM or DER; may be repeated
    #[arg(long, value_name = "FILE")]
    crl: Vec<PathBuf>,
    /// A status token (CWT or JWT) of a list that documents name; may be repeated
    #[arg(long, value_name = "FILE")]
    status_list: Vec<PathBuf>,
    /// Reject a document unless evidence says that its signer is not revoked, nor itself if it names a status list
    #[arg(long)]
    require_revocation: bool,
    /// How deviations are weighed
    #[arg(long, value_enum, default_value_t = PolicyName::Iso)]
    policy: PolicyName,
    /// The time to verify at [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<OffsetDateTime>,
    /// Keep the DeviceResponse in this file: personal data
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Overwrite the file
    #[arg(long, requires = "out")]
    force: bool,
    #[command(flatten)]
    output: Output,
}

impl Ask {
    pub(super) fn run(&self) -> Result<Exit> {
        if let Some(out) = &self.out {
            refuse_existing(out, self.force).map_err(or_force)?;
        }
        let verifier = Verifier::new(TrustAnchors::new(read_trust_anchors(&self.iaca)?))
            .with_policy(self.policy.into());
        let crls = read_crls(&self.crl)?;
        let crls: Vec<&[u8]> = crls.iter().map(Vec::as_slice).collect();
        let status_tokens = read_status_tokens(&self.status_list)?;
        let status_tokens: Vec<&[u8]> = status_tokens.iter().map(Vec::as_slice).collect();
        let (request, exchange) = self.exchange()?;
        if let Some(out) = &self.out {
            write(out, &exchange.response, Readers::Owner, self.force)?;
        }
        let conditions = Conditions {
            crls: &crls,
            status_tokens: &status_tokens,
            require_revocation: self.require_revocation,
            ..Conditions::new(time_or_now(self.at), exchange.session.as_session())
        };
        let request = decode_request(&request)?;
        let answer = verifier.verify_answer(&request, &exchange.response, &conditions);
        self.output.result(
            || verification_report::to_text(answer.report()) + &answer_text(&answer),
            || {
                let mut json = mdl_reader::json::to_json(answer.report());
                json["request"] = answer_json(&answer);
                json
            },
        )?;
        Ok(if answer.is_complete() {
            Exit::Good
        } else {
            Exit::No
        })
    }

    /// The session: the request as it was sent, and what came back.
    fn exchange(&self) -> Result<(Vec<u8>, Exchange)> {
        let request = self.request.unsigned()?;
        let reader = self.reader.open()?;
        let engagement = DeviceEngagement::from_qr(self.engagement.trim(), &Limits::DEFAULT);
        let engagement = engagement.map_err(|error| {
            Failure::usage("--engagement: expected the text of a device's QR code")
                .because(&error)
                .hint("`mdl wallet engage` shows one; put it in quotes")
        })?;
        if !self.connect.ip().is_loopback() {
            return Err(
                Failure::usage("--connect: expected an address of this machine")
                    .hint("a session is carried by a radio, which this loopback stands in for"),
            );
        }
        let curve = engagement.e_device_key().curve();
        let e_reader_key = PrivateKey::generate(curve, &mut generator(None, "reader")?);
        let encounter = Encounter::new(&engagement, Handover::Qr, e_reader_key)
            .map_err(|error| Failure::usage("no session with this device").because(&error))?;
        let request = match reader {
            None => request.into_bytes(),
            Some(reader) => {
                let form = form_for(&engagement);
                reader.sign(request, encounter.transcript(), form)?
            }
        };
        let unreachable = |error: std::io::Error| {
            Failure::outside(format!("cannot reach the device at {}", self.connect))
                .because(&error)
                .hint("is `mdl wallet engage` still waiting there?")
        };
        let stream = TcpStream::connect(self.connect).map_err(unreachable)?;
        stream
            .set_read_timeout(Some(PATIENCE))
            .map_err(unreachable)?;
        let exchange = ask(stream, encounter, &request)?;
        Ok((request, exchange))
    }
}
