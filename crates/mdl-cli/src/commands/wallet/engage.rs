use std::io::{IsTerminal, stdin};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::certificate::DocumentKind;
use mdl_iaca::trust_anchor::TrustAnchors;
use mdl_mdoc::device_engagement::{BleOptions, RetrievalMethod};
use mdl_mdoc::session_transcript::SessionTranscript;
use mdl_wallet::inquiry::{AskedDocument, Disclosure, Inquiry, Reply};
use mdl_wallet::presentation::{DeviceAuthentication, Selection};
use mdl_wallet::proximity::Engaged;
use mdl_wallet::reader_authentication::ReaderTrust;
use qrcode::QrCode;
use qrcode::render::unicode;
use rand_core::Rng;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{Data, KeyPassphrase, folder_failure};
use crate::Exit;
use crate::consent::{asking_json, asking_text, question};
use crate::failure::{Failure, Result};
use crate::input::{self, parse_time, time_or_now};
use crate::output::{Output, remark};
use crate::presentation::refused;
use crate::proximity::answer;
use crate::randomness::generator;
use crate::trust::read_trust_anchors;

/// How long a reader may be silent (6.3.2.5: at least 300 s before an idle session is ended).
const PATIENCE: Duration = Duration::from_secs(300);

/// Show a QR code, wait for a reader, and answer what the person agrees to
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl wallet engage --reader-ca reader-authority/iaca/certificate.pem

Prints the text of a device engagement and the address at which a reader on this machine finds it, for `mdl reader ask`. \
The session is encrypted, over a loopback with the framing of Bluetooth Low Energy. The person is shown who asks and for \
what, and is asked; in a script, --agree says what may be disclosed. What was not asked for is never disclosed.")]
pub(crate) struct Engage {
    #[command(flatten)]
    data: Data,
    /// The batch, as `mdl wallet list` names it [default: the newest that has not ended]
    #[arg(long, value_name = "NAME")]
    batch: Option<String>,
    /// Where to wait, on this machine; port 0 is any free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Certificate of an authority whose readers are believed; may be repeated
    #[arg(long, value_name = "FILE")]
    reader_ca: Vec<PathBuf>,
    /// A CRL of such an authority; may be repeated
    #[arg(long, value_name = "FILE")]
    reader_crl: Vec<PathBuf>,
    /// Agree to these without a question: NAMESPACE:IDENTIFIER separated by commas, or all
    #[arg(long, value_name = "NS:ID,…|all", value_delimiter = ',')]
    agree: Option<Vec<Selection>>,
    /// The time to work at [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<OffsetDateTime>,
    #[command(flatten)]
    passphrase: KeyPassphrase,
    #[command(flatten)]
    output: Output,
}

impl Engage {
    pub(crate) fn run(&self) -> Result<Exit> {
        if !self.listen.ip().is_loopback() {
            return Err(
                Failure::usage("--listen: expected an address of this machine")
                    .hint("a session is carried by a radio, which this loopback stands in for"),
            );
        }
        if self.agree.is_none() && !stdin().is_terminal() {
            return Err(Failure::usage("nobody is there to be asked")
                .hint("give --agree, or run it in a terminal"));
        }
        let anchors = TrustAnchors::new(read_trust_anchors(&self.reader_ca)?);
        let mut crls = Vec::new();
        for path in &self.reader_crl {
            crls.append(&mut input::read_pem_or_der(path, DocumentKind::Crl)?);
        }
        let crls: Vec<&[u8]> = crls.iter().map(Vec::as_slice).collect();
        let trust = ReaderTrust {
            anchors: &anchors,
            crls: &crls,
            at: time_or_now(self.at),
        };
        let cannot_wait = |error: std::io::Error| {
            Failure::outside(format!("cannot wait at {}", self.listen)).because(&error)
        };
        let listener = TcpListener::bind(self.listen).map_err(cannot_wait)?;
        let engaged = engage()?;
        self.show(&engaged, listener.local_addr().map_err(cannot_wait)?)?;
        let (stream, _) = listener.accept().map_err(cannot_wait)?;
        stream
            .set_read_timeout(Some(PATIENCE))
            .map_err(cannot_wait)?;
        let mut answers = Vec::new();
        answer(stream, engaged, &trust, |inquiry, transcript| {
            let (response, answered) = self.reply(inquiry, transcript)?;
            answers.extend(answered);
            Ok(response)
        })?;
        self.output
            .result(|| text(&answers), || json!({ "answers": answers }))?;
        Ok(Exit::Good)
    }

    /// On standard error, where it does not mix with the result.
    fn show(&self, engaged: &Engaged, at: SocketAddr) -> Result<()> {
        let qr = engaged.engagement().to_qr();
        if !self.output.is_json() {
            let code = QrCode::new(qr.as_bytes())
                .map_err(|error| Failure::outside("the QR code cannot be drawn").because(&error))?;
            let code = code.render::<unicode::Dense1x2>().quiet_zone(true).build();
            remark(format_args!("{code}\n"));
        }
        remark(format_args!(
            "a reader on this machine asks with:\n  mdl reader ask --connect {at} --engagement '{qr}' …"
        ));
        Ok(())
    }

    /// The response to one request, and what it disclosed.
    fn reply(
        &self,
        inquiry: &Inquiry,
        transcript: &SessionTranscript,
    ) -> Result<(Vec<u8>, Vec<Value>)> {
        let passphrase = self.passphrase.get()?;
        let mut reply = Reply::new(transcript);
        let mut answers = Vec::new();
        for asked in &inquiry.documents {
            let taken = self.data.folder().take(
                &asked.doc_type,
                self.batch.as_deref(),
                passphrase.as_ref(),
                time_or_now(self.at),
            );
            let (taken, agreed) = match taken {
                Ok(taken) => {
                    let disclosures = asked.disclosures(&taken.issuer_signed);
                    let disclosures = disclosures.map_err(|error| refused(&error))?;
                    (Some(taken), self.agreed(asked, disclosures)?)
                }
                Err(error) => {
                    remark(format_args!(
                        "{}\n{}",
                        asking_text(asked),
                        folder_failure(&error)
                    ));
                    (None, Vec::new())
                }
            };
            answers.push(json!({
                "doc_type": asked.doc_type,
                "reader": asking_json(&asked.asking),
                "disclosed": agreed.iter().map(|disclosure| {
                    format!("{}:{}", disclosure.name_space(), disclosure.disclosed())
                }).collect::<Vec<_>>(),
            }));
            match taken {
                Some(taken) if !agreed.is_empty() => reply
                    .document(
                        &taken.issuer_signed,
                        &agreed,
                        &taken.key,
                        DeviceAuthentication::Signature,
                    )
                    .map_err(|error| refused(&error))?,
                _ => reply.withhold(&asked.doc_type),
            }
        }
        Ok((reply.into_bytes(), answers))
    }

    /// What of this may be disclosed: as the options say, or as the person answers.
    fn agreed(&self, asked: &AskedDocument, offered: Vec<Disclosure>) -> Result<Vec<Disclosure>> {
        let Some(agree) = &self.agree else {
            return question(asked, offered);
        };
        remark(asking_text(asked));
        let may = |disclosure: &Disclosure| {
            agree.iter().any(|selection| match selection {
                Selection::All => true,
                Selection::Element(name_space, identifier) => {
                    name_space == disclosure.name_space()
                        && [disclosure.asked(), disclosure.disclosed()]
                            .contains(&identifier.as_str())
                }
            })
        };
        Ok(offered.into_iter().filter(may).collect())
    }
}

/// Engages with a fresh key, as a peripheral server with a fresh UUID.
pub(crate) fn engage() -> Result<Engaged> {
    let mut rng = generator(None, "engagement")?;
    let mut uuid = [0; 16];
    rng.fill_bytes(&mut uuid);
    let ble = RetrievalMethod::ble(&BleOptions {
        peripheral_server: Some(uuid),
        central_client: None,
    });
    let e_device_key = PrivateKey::generate(Curve::P256, &mut rng);
    Ok(Engaged::with_reader_auth_all(e_device_key, vec![ble]))
}

fn text(answers: &[Value]) -> String {
    let lines = answers.iter().map(|answer| {
        let disclosed = answer["disclosed"].as_array().map_or(0, Vec::len);
        let doc_type = answer["doc_type"].as_str().unwrap_or_default();
        let doc_type = crate::verification_report::shown(doc_type);
        format!("disclosed {disclosed} elements of {doc_type}\n")
    });
    lines.collect()
}
