use std::path::PathBuf;

use clap::Args;
use mdl_signer::key_uri::KeyUri;
use serde_json::json;
use time::OffsetDateTime;

use super::CeremonyFile;
use crate::Exit;
use crate::authority::open_uri;
use crate::ceremony::{Document, Plan, Statement, plan, read_finished, verify};
use crate::failure::{Failure, Result};
use crate::files::{Readers, write_new};
use crate::input::{self, parse_time, time_or_now};
use crate::output::{Output, print, remark};
use crate::passphrase::PassphraseOptions;

/// Sign a plan or a transcript as a witness, on a machine of one's own
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl ceremony sign ceremony.toml plan.json --witness ada --key ada.pem \\
      --out ada.plan.json

A plan is made again from the ceremony file, and a transcript verified, before anything is signed. The key is any that \
`mdl key show` knows: a file, a token, or one in KMS; its public key stands in the ceremony file.")]
pub(crate) struct Sign {
    #[command(flatten)]
    file: CeremonyFile,
    /// The plan or the transcript
    #[arg(value_name = "FILE")]
    document: PathBuf,
    /// The name of the witness in the ceremony file
    #[arg(long, value_name = "NAME")]
    witness: String,
    /// The witness's key: FILE, pkcs11:… or awskms:///ARN
    #[arg(long, value_name = "URI")]
    key: KeyUri,
    /// Where the signature is written
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The time to work at [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<OffsetDateTime>,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    #[command(flatten)]
    output: Output,
}

impl Sign {
    pub(crate) fn run(&self) -> Result<Exit> {
        crate::files::refuse_existing(&self.out, false)?;
        let ceremony = self.file.read()?;
        let start = input::read_at_most(&self.document, super::MAX_BYTES)?;
        let (document, content) = match Plan::read(&start) {
            Ok(given) => {
                let made = plan(&ceremony)?;
                if made != given {
                    return Err(Failure::no("the ceremony file gives another plan here")
                        .hint("compare the two; nothing was signed"));
                }
                remark(made.summary());
                (Document::Plan, start)
            }
            Err(_) => {
                let content = read_finished(&self.document)?;
                let outcome = verify(&ceremony, &content, None, false)?;
                if !outcome.is_good() {
                    print(outcome.text())?;
                    return Err(Failure::no(
                        "the transcript does not verify; nothing was signed",
                    ));
                }
                remark(outcome.text());
                (Document::Transcript, content)
            }
        };
        let key = open_uri(&self.key, &self.passphrase.when_needed())?;
        let at = time_or_now(self.at);
        let statement = Statement::make(
            &ceremony,
            &self.witness,
            &*key.signer,
            document,
            &content,
            at,
        )?;
        write_new(&self.out, statement.text().as_bytes(), Readers::Everyone)?;
        let (witness, what) = (&self.witness, document.words());
        let path = self.out.display();
        self.output.result(
            || format!("{witness} has signed the {what}: {path}"),
            || json!({ "witness": witness, "document": what, "statement": path.to_string() }),
        )?;
        Ok(Exit::Good)
    }
}
