//! What a reader asks for: from options to a signed `DeviceRequest`, and what an answer has to do with it.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use mdl_iaca::certificate::{CertificateView, DocumentKind};
use mdl_mdoc::MDL_DOC_TYPE;
use mdl_mdoc::cbor::{Checker, Limits};
use mdl_mdoc::data_elements::age_over::AgeAnswer;
use mdl_mdoc::device_engagement::DeviceEngagement;
use mdl_mdoc::device_request::{
    DeviceRequest, ReaderAuthForm, UnsignedDeviceRequest, UnsignedItemsRequest,
};
use mdl_mdoc::session_transcript::SessionTranscript;
use mdl_reader::request::{Answer, DocumentAnswer, ElementName, RequestTemplate};
use mdl_signer::Signer;
use mdl_signer::key_uri::KeyUri;
use mdl_wallet::presentation::Selection;
use serde_json::{Value, json};

use crate::authority::{open_uri, sign};
use crate::failure::{Failure, Result};
use crate::input;
use crate::passphrase::PassphraseOptions;
use crate::verification_report::shown;

/// What is asked for.
#[derive(Args, Clone, Debug)]
pub(crate) struct RequestOptions {
    /// Ask for the least that a purpose needs: age-over-NN, identity, full-licence or aamva
    #[arg(
        long,
        value_name = "NAME",
        required_unless_present_any = ["elements", "retain"]
    )]
    template: Option<RequestTemplate>,
    /// Ask for these, too: NAMESPACE:IDENTIFIER, separated by commas
    #[arg(long, value_name = "NS:ID,…", value_delimiter = ',')]
    elements: Vec<Selection>,
    /// Ask for these, and say that they will be kept: NAMESPACE:IDENTIFIER, separated by commas
    #[arg(long, value_name = "NS:ID,…", value_delimiter = ',')]
    retain: Vec<Selection>,
    /// Document type that --elements and --retain are of, where no template says which
    #[arg(long, value_name = "TYPE", default_value = MDL_DOC_TYPE, conflicts_with = "template")]
    doc_type: String,
}

/// Who asks.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReaderOptions {
    /// Sign the request with this key, of the certificate: FILE, pkcs11:… or awskms:///ARN
    #[arg(long, value_name = "URI", requires = "reader_certificate")]
    reader_auth_key: Option<KeyUri>,
    /// The reader's certificate, PEM or DER
    #[arg(long, value_name = "FILE", requires = "reader_auth_key")]
    reader_certificate: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseOptions,
}

/// A reader with a certificate.
#[derive(Debug)]
pub(crate) struct CertifiedReader {
    signer: Box<dyn Signer>,
    certificate: Vec<u8>,
}

impl RequestOptions {
    /// The request, not signed yet.
    ///
    /// # Errors
    /// Exit code 2 for one that no reader may make.
    pub(crate) fn unsigned(&self) -> Result<UnsignedDeviceRequest> {
        let mut request = match self.template {
            Some(template) => template.items_request(),
            None => UnsignedItemsRequest::new(&self.doc_type),
        };
        for (selections, is_retained) in [(&self.elements, false), (&self.retain, true)] {
            for selection in selections {
                let Selection::Element(name_space, identifier) = selection else {
                    return Err(Failure::usage("a reader cannot ask for all")
                        .hint("name elements, or take --template full-licence"));
                };
                request = match is_retained {
                    false => request.element(name_space, identifier),
                    true => request.retained_element(name_space, identifier),
                };
            }
        }
        UnsignedDeviceRequest::new(&[request])
            .map_err(|error| Failure::usage("there is no such request").because(&error))
    }
}

impl ReaderOptions {
    /// Opens the key, if there is one.
    ///
    /// # Errors
    /// Exit code 2 if key or certificate cannot be read or do not belong together, 3 if a key store cannot be reached.
    pub(crate) fn open(&self) -> Result<Option<CertifiedReader>> {
        let (Some(uri), Some(path)) = (&self.reader_auth_key, &self.reader_certificate) else {
            return Ok(None);
        };
        let certificate = input::read_one_pem_or_der(path, DocumentKind::Certificate)?;
        let signer = open_uri(uri, &self.passphrase.when_needed())?.signer;
        let view = CertificateView::from_der(&certificate).map_err(|error| {
            Failure::usage(format!("{}: not a readable certificate", path.display()))
                .because(&error)
        })?;
        if view.public_key_info().public_key().as_ref() != Ok(signer.public_key()) {
            let what = format!("{}: the certificate of another key", path.display());
            return Err(Failure::usage(what).hint("give --reader-auth-key the key beside it"));
        }
        Ok(Some(CertifiedReader {
            signer,
            certificate,
        }))
    }
}

impl CertifiedReader {
    pub(crate) const fn new(signer: Box<dyn Signer>, certificate: Vec<u8>) -> Self {
        Self {
            signer,
            certificate,
        }
    }

    /// The `DeviceRequest` with a signature for the session with this transcript.
    ///
    /// # Errors
    /// Exit code 3 if the key store cannot be reached, 1 if it refuses.
    pub(crate) fn sign(
        &self,
        request: UnsignedDeviceRequest,
        transcript: &SessionTranscript,
        form: ReaderAuthForm,
    ) -> Result<Vec<u8>> {
        let request = request.prepare(transcript, self.signer.algorithm(), form);
        let messages = request.to_be_signed().iter();
        let signatures: Result<Vec<_>> = messages
            .map(|message| sign(&*self.signer, message))
            .collect();
        request
            .attach(&signatures?, self.signer.public_key(), &[&self.certificate])
            .map_err(|error| Failure::no("the request was not signed").because(&error))
    }
}

/// How a request to this device is signed: as a whole where the device says that it can (second edition, 12.5).
pub(crate) fn form_for(engagement: &DeviceEngagement) -> ReaderAuthForm {
    match engagement.capabilities().reader_auth_all {
        true => ReaderAuthForm::WholeRequest,
        false => ReaderAuthForm::EachDocument,
    }
}

/// A request that was made here, or is in a file.
///
/// # Errors
/// Exit code 2 if it is none.
pub(crate) fn decode_request(request: &[u8]) -> Result<DeviceRequest<'_>> {
    Checker::new(request, &Limits::DEFAULT)
        .and_then(|mut checker| DeviceRequest::decode(request, &mut checker))
        .map_err(|error| {
            Failure::usage("the request is not a DeviceRequest")
                .because(&error)
                .hint("`mdl reader request` makes one")
        })
}

/// What the answer has to do with the request, for people.
pub(crate) fn answer_text(answer: &Answer<'_>) -> String {
    let mut text = String::from("\nheld against the request:\n");
    let mut line = |what: &str, detail: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "  {what}{}{detail}",
            if detail.is_empty() { "" } else { ": " }
        );
    };
    for doc_type in answer.missing_documents() {
        line("no valid document", shown(doc_type));
    }
    for document in answer.documents() {
        if !document.is_requested {
            line("document not asked for", (document.index + 1).to_string());
        }
        for (years, proven) in &document.ages {
            line(&format!("age {years} reached"), age(*proven).to_owned());
        }
        for (what, elements) in lists(document) {
            if !elements.is_empty() {
                let names: Vec<_> = elements
                    .iter()
                    .map(|name| shown(&name.to_string()))
                    .collect();
                line(what, names.join(", "));
            }
        }
    }
    if answer.is_complete() {
        line("everything that was asked for is there", String::new());
    }
    text
}

/// The same for programs.
pub(crate) fn answer_json(answer: &Answer<'_>) -> Value {
    let documents = answer.documents().iter().map(|document| {
        let mut json = json!({
            "index": document.index,
            "is_requested": document.is_requested,
            "ages": document.ages.iter().map(|(years, proven)| json!({
                "years": years,
                "reached": age(*proven),
            })).collect::<Vec<_>>(),
        });
        for (what, elements) in lists(document) {
            let names: Vec<_> = elements.iter().map(ToString::to_string).collect();
            json[what.replace(' ', "_")] = names.into();
        }
        json
    });
    json!({
        "is_complete": answer.is_complete(),
        "missing_documents": answer.missing_documents(),
        "documents": documents.collect::<Vec<_>>(),
    })
}

fn lists(document: &DocumentAnswer) -> [(&'static str, &[ElementName]); 3] {
    [
        ("missing", &document.missing),
        ("not requested", &document.not_requested),
        ("retained", &document.retained),
    ]
}

const fn age(answer: AgeAnswer) -> &'static str {
    match answer {
        AgeAnswer::Reached => "yes",
        AgeAnswer::NotReached => "no",
        AgeAnswer::Undecided => "undecided",
        AgeAnswer::Contradictory => "contradictory",
    }
}
