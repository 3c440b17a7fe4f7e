use std::io::{IsTerminal, stdin};
use std::path::PathBuf;

use clap::Args;
use mdl_iaca::trust_anchor::TrustAnchors;
use mdl_wallet::collection::{Batch, CollectError, Collector, Order};
use mdl_wallet::folder::FolderError;
use mdl_wallet::offer::{CredentialOffer, OfferLink};
use mdl_wallet::unfinished::UnfinishedCollection;
use rand_core::Rng;
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use super::{Data, KeyPassphrase, Network, first_line, folder_failure};
use crate::Exit;
use crate::commands::runtime;
use crate::failure::{Failure, Result};
use crate::output::{Output, remark};
use crate::randomness::generator;
use crate::trust::read_trust_anchors;

/// Collect a batch of licences from a credential offer (OpenID4VCI 1.0)
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl wallet collect OFFER --batch 10 --ca ca.pem --iaca iaca.pem

OFFER is the link of a QR code, openid-credential-offer://?… or haip-vci://?…, or - to read it from standard input: an \
offer is a secret until it is collected, and other users of the machine can read command lines. `mdl serve --dev` \
prints one, and this command. The same command again finishes a collection that was interrupted after the offer was \
used, and gives the same licences.")]
pub(crate) struct Collect {
    /// The link of a credential offer, or - for standard input
    #[arg(value_name = "OFFER")]
    offer: String,
    #[command(flatten)]
    data: Data,
    /// File whose first line is the transaction code; otherwise a prompt, if the offer asks for one
    #[arg(long, value_name = "FILE")]
    tx_code_file: Option<PathBuf>,
    /// Licences wanted; the issuer may allow fewer
    #[arg(long, value_name = "N", default_value_t = 1)]
    batch: usize,
    /// Which configuration of the offer [default: its first]
    #[arg(long, value_name = "ID")]
    configuration: Option<String>,
    /// IACA certificate that licences must lead to; may be repeated [default: any issuer is believed]
    #[arg(long, value_name = "FILE")]
    iaca: Vec<PathBuf>,
    #[command(flatten)]
    passphrase: KeyPassphrase,
    #[command(flatten)]
    network: Network,
    #[command(flatten)]
    output: Output,
}

impl Collect {
    pub(crate) fn run(&self) -> Result<Exit> {
        let (text, link) = self.link()?;
        let anchors = TrustAnchors::new(read_trust_anchors(&self.iaca)?);
        let passphrase = self.passphrase.get()?;
        let connection = self.network.connection()?;
        let mut rng = generator(None, "wallet")?;
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        let mut collector = Collector::new(connection, seed).trusting(anchors);
        let folder = self.data.folder();
        let in_folder = |error: FolderError| folder_failure(&error);
        let (batch, name, resumed) = runtime()?.block_on(async {
            let unfinished = folder.unfinished(&text, passphrase.as_ref());
            let unfinished = unfinished.map_err(in_folder)?;
            let resumed = unfinished.is_some();
            let begun = match unfinished {
                Some(begun) => begun,
                None => {
                    let begun = self.begin(&mut collector, &link).await?;
                    // Before the request is sent: whoever is interrupted from here on asks for the same batch again.
                    let kept = folder.begin(&text, &begun, passphrase.as_ref(), &mut rng);
                    kept.map_err(in_folder)?;
                    begun
                }
            };
            let batch = match collector.finish(&begun).await {
                Ok(batch) => batch,
                Err(error) => {
                    if !error.may_pass() {
                        folder.abandon(&text).map_err(in_folder)?;
                    }
                    return Err(failure(&error));
                }
            };
            let name = folder.finish(&text, &batch, &mut rng).map_err(in_folder)?;
            // Only now: the issuer forgets how to make the batch again.
            if let Err(error) = collector.accept(&begun, &batch).await {
                remark(format_args!(
                    "the issuer was not told that the licences were kept: {error}"
                ));
            }
            Ok((batch, name, resumed))
        })?;
        self.print(&batch, &name, resumed)?;
        Ok(Exit::Good)
    }

    /// Trades the offer for a token and device keys.
    async fn begin(
        &self,
        collector: &mut Collector,
        link: &OfferLink,
    ) -> Result<UnfinishedCollection> {
        let offer = collector.read_offer(link).await;
        let offer = offer.map_err(|error| failure(&error))?;
        let order = Order {
            configuration_id: self.configuration.clone(),
            batch: self.batch,
            tx_code: self.tx_code(&offer)?,
        };
        let begun = collector.begin(&offer, &order).await;
        begun.map_err(|error| failure(&error))
    }

    /// The link, as text and read.
    fn link(&self) -> Result<(Zeroizing<String>, OfferLink)> {
        let text = match self.offer.as_str() {
            "-" => first_line(std::path::Path::new("-"))?,
            offer => Zeroizing::new(offer.to_owned()),
        };
        let link = text.parse().map_err(|error| {
            Failure::usage("this is not a credential offer")
                .because(&error)
                .hint("give the whole link of the QR code, in quotes")
        })?;
        Ok((text, link))
    }

    fn tx_code(&self, offer: &CredentialOffer) -> Result<Option<Zeroizing<String>>> {
        if let Some(path) = &self.tx_code_file {
            return first_line(path).map(Some);
        }
        let grant = offer.pre_authorized.as_ref();
        let Some(prompt) = grant.and_then(|grant| grant.tx_code.as_ref()) else {
            return Ok(None);
        };
        if !stdin().is_terminal() {
            return Err(Failure::usage("the offer asks for a transaction code")
                .hint("give --tx-code-file FILE, or run it in a terminal"));
        }
        let told = prompt.description.as_deref().unwrap_or("Transaction code");
        let told: String = told
            .chars()
            .filter(|character| !character.is_control())
            .collect();
        rpassword::prompt_password(format!("{told}: "))
            .map(|code| Some(Zeroizing::new(code)))
            .map_err(|error| Failure::usage("cannot ask for the transaction code").because(&error))
    }

    fn print(&self, batch: &Batch, name: &str, resumed: bool) -> Result<()> {
        let folder = self.data.folder();
        let paths = (0..batch.documents.len()).map(|index| folder.document_path(name, index));
        let paths: Vec<_> = paths.collect();
        let anchored = !self.iaca.is_empty();
        let text = || {
            let checked = match anchored {
                true => "each verified against the IACA certificate",
                false => "each sound in itself; give --iaca to verify who issued them",
            };
            let resumed = match resumed {
                true => "a collection that was interrupted was finished\n",
                false => "",
            };
            let repeated = match batch.repeated {
                0 => String::new(),
                count => format!("the credential request was sent again {count} times\n"),
            };
            format!(
                "{} licences from {}, {checked}\n{resumed}{repeated}kept in {}\n",
                batch.documents.len(),
                batch.credential_issuer,
                self.data.data.join(name).display()
            )
        };
        self.output.result(text, || {
            json!({
                "credential_issuer": batch.credential_issuer,
                "configuration_id": batch.configuration_id,
                "batch": name,
                "folder": self.data.data.join(name).to_string_lossy(),
                "iaca_checked": anchored,
                "repeated": batch.repeated,
                "resumed": resumed,
                "documents": batch.documents.iter().zip(&paths).map(|(document, path)| json!({
                    "file": path.to_string_lossy(),
                    "doc_type": document.facts.doc_type,
                    "valid_until": document.facts.valid_until.format(&Rfc3339).ok(),
                })).collect::<Vec<_>>(),
            })
        })
    }
}

/// What was refused is a no; what did not answer may answer later.
fn failure(error: &CollectError) -> Failure {
    let what = "no licence was collected";
    let failure = match error {
        _ if error.may_pass() => Failure::outside(what)
            .because(error)
            .hint("try again later"),
        CollectError::TxCodeNeeded | CollectError::TxCodeUnexpected => {
            Failure::usage(what).because(error)
        }
        _ => Failure::no(what).because(error),
    };
    match error.request().and_then(|request| request.refusal()?.code.as_deref()) {
        Some("invalid_grant") => failure.hint(
            "the offer is used, over, or the transaction code is wrong: ask for a new offer if it stays so",
        ),
        _ => failure,
    }
}
