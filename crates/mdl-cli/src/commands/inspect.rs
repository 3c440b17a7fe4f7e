use std::path::PathBuf;

use clap::Args;
use mdl_iaca::certificate::{DocumentKind, read_documents};
use mdl_mdoc::cbor::Limits;
use serde_json::{Value, json};

use crate::Exit;
use crate::certificate_text;
use crate::failure::{Failure, Result};
use crate::input;
use crate::inspect::annotate::annotate;
use crate::inspect::jwt::{Jwt, looks_like_jwt};
use crate::inspect::{diagnostic, status_list};
use crate::lint::looks_like_x509;
use crate::output::Output;

/// Show what a file holds, as annotated text
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl inspect response.cbor | less

CBOR is printed in diagnostic notation, one data item a line, with its byte offset, the names that the standard gives \
to parts and labels, digests of IssuerSignedItemBytes, and embedded CBOR between << and >>. Certificates, CRLs and \
requests (PEM or DER) are printed field by field, of a JWT header and claims; of a status list, in either form, the \
entries that are not valid are counted. Nothing is verified here, and personal data is printed as it is in \
the file; long strings are cut in the text and complete with --json.")]
pub(crate) struct Inspect {
    /// CBOR of any kind, a JWT, or a certificate, CRL or request; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    output: Output,
}

impl Inspect {
    pub(crate) fn run(&self) -> Result<Exit> {
        let content = input::read(&self.file)?;
        if looks_like_x509(&content) {
            self.x509(&content)?;
        } else if looks_like_jwt(&content) {
            self.jwt(&content)?;
        } else {
            self.cbor(&content)?;
        }
        Ok(Exit::Good)
    }

    fn jwt(&self, content: &[u8]) -> Result<()> {
        let jwt = Jwt::parse(content).map_err(|error| {
            Failure::no(format!("{}: not a signed JWT", self.file.display())).because(&error)
        })?;
        let list = status_list::summary(content);
        self.output.result(
            || jwt.to_text() + &list.as_ref().map_or_else(String::new, ToString::to_string),
            || jwt.to_json(),
        )
    }

    fn cbor(&self, content: &[u8]) -> Result<()> {
        let tree = annotate(content).map_err(|error| {
            Failure::no(format!(
                "{}: neither CBOR nor a certificate, CRL or request",
                self.file.display()
            ))
            .because(&error)
            .hint(format!(
                "CBOR of up to {} bytes can be shown",
                Limits::DEFAULT.max_bytes
            ))
        })?;
        let list = status_list::summary(content);
        self.output.result(
            || {
                diagnostic::to_text(&tree)
                    + &list.as_ref().map_or_else(String::new, ToString::to_string)
            },
            || diagnostic::to_json(&tree),
        )
    }

    fn x509(&self, content: &[u8]) -> Result<()> {
        let documents = read_documents(content).map_err(|error| {
            Failure::no(format!(
                "{}: not a certificate, CRL or request",
                self.file.display()
            ))
            .because(&error)
        })?;
        let mut texts = Vec::new();
        let mut values: Vec<Value> = Vec::new();
        for document in &documents {
            let (text, value) = match document.kind {
                DocumentKind::Certificate => (
                    certificate_text::details(&document.der)?,
                    certificate_text::to_json(&document.der, None),
                ),
                DocumentKind::Crl => (
                    certificate_text::crl_details(&document.der)?,
                    certificate_text::crl_to_json(&document.der, None)?,
                ),
                DocumentKind::Csr => (
                    certificate_text::csr_details(&document.der)?,
                    certificate_text::csr_to_json(&document.der)?,
                ),
            };
            texts.push(format!(
                "{}\n{text}",
                document.kind.pem_label().to_lowercase()
            ));
            values.push(value);
        }
        self.output
            .result(|| texts.join("\n"), || json!({ "documents": values }))
    }
}
