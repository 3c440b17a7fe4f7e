//! The presentation: a reader with a certificate, a holder who is told who asks, and an encrypted session between them.

use std::path::Path;
use std::thread;

use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::profile::{Contact, DistinguishedName};
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_mdoc::MDL_NAME_SPACE;
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::device_engagement::DeviceEngagement;
use mdl_mdoc::device_request::UnsignedDeviceRequest;
use mdl_mdoc::session_transcript::{Handover, SessionTranscript};
use mdl_reader::proximity::Encounter;
use mdl_reader::request::RequestTemplate;
use mdl_signer::key_file::Passphrase;
use mdl_wallet::folder::StoredDocument;
use mdl_wallet::inquiry::{Inquiry, Reply};
use mdl_wallet::loopback::memory_streams;
use mdl_wallet::presentation::DeviceAuthentication;
use mdl_wallet::reader_authentication::ReaderTrust;
use rand_chacha::ChaCha20Rng;
use time::OffsetDateTime;

use crate::authority::{
    AuthorityFolder, IacaRequest, KeyChoice, ReaderRequest, SignerName, create_iaca, issue_reader,
};
use crate::commands::wallet::engage::engage;
use crate::consent::asking_text;
use crate::failure::{Failure, Result};
use crate::passphrase::Passphrases;
use crate::presentation::refused;
use crate::proximity::{answer, ask};
use crate::reader_request::{CertifiedReader, form_for};

/// What the reader calls itself.
const READER: &str = "gate-7";
const READER_NAME: &str = "Demonstration Gate 7";
/// An age that no statement of the licence names: the nearest one answers.
const AGE: &str = "age_over_20";

/// What went to and fro.
pub(super) struct Presentation {
    /// The text of the QR code.
    pub(super) qr: String,
    pub(super) request: Vec<u8>,
    pub(super) response: Vec<u8>,
    pub(super) transcript: SessionTranscript,
    /// Values that Bluetooth would have carried from the reader.
    pub(super) values_sent: usize,
    /// What the person was shown.
    pub(super) shown: String,
}

/// An authority that certifies readers, and one of its readers.
pub(super) fn reader(
    folder: &Path,
    passphrase: Passphrase,
    at: OffsetDateTime,
) -> Result<(CertifiedReader, TrustAnchors)> {
    let authority = AuthorityFolder::new(folder.join("reader-authority"));
    let passphrases = Passphrases::from(passphrase);
    let crl_url = "https://readers.example/crl".to_owned();
    let root = IacaRequest {
        name: DistinguishedName::new("Demonstration Reader Authority").country("US"),
        contact: Contact::email("readers@gate.example"),
        crl_url: crl_url.clone(),
        key: KeyChoice::New(Curve::P256),
        validity_days: 3650,
        at,
        seed: None,
    };
    let root = create_iaca(&authority, &root, &passphrases)?;
    let name: SignerName = READER.parse().map_err(Failure::usage)?;
    let request = ReaderRequest {
        name: name.clone(),
        subject: DistinguishedName::new(READER_NAME),
        key: KeyChoice::New(Curve::P256),
        crl_url,
        validity_days: 457,
        at,
        seed: None,
    };
    let certificate = issue_reader(&authority, &request, &passphrases)?;
    let signer = authority.open_reader_key(&name, &passphrases)?;
    let anchor = TrustAnchor::from_der(root.as_der())
        .map_err(|error| Failure::no("the readers' root cannot be trusted").because(&error))?;
    let reader = CertifiedReader::new(signer, certificate.into_der());
    Ok((reader, TrustAnchors::new([anchor])))
}

/// Presents one licence: the holder in a thread of its own, the reader here.
pub(super) fn present(
    reader: &CertifiedReader,
    readers: &TrustAnchors,
    document: &StoredDocument,
    rng: &mut ChaCha20Rng,
    at: OffsetDateTime,
) -> Result<Presentation> {
    let engaged = engage()?;
    let qr = engaged.engagement().to_qr();
    let (readers_end, holders_end) = memory_streams();
    let trust = ReaderTrust {
        anchors: readers,
        crls: &[],
        at,
    };
    thread::scope(|scope| {
        let holder = scope.spawn(|| {
            let mut shown = String::new();
            let reply = |inquiry: &Inquiry, transcript: &SessionTranscript| {
                let (response, told) = agree(inquiry, transcript, document)?;
                shown = told;
                Ok(response)
            };
            answer(holders_end, engaged, &trust, reply).map(|()| shown)
        });
        // What the reader's camera sees.
        let engagement = DeviceEngagement::from_qr(&qr, &Limits::DEFAULT)
            .map_err(|error| Failure::no("the QR code cannot be read").because(&error))?;
        let e_reader_key = PrivateKey::generate(engagement.e_device_key().curve(), rng);
        let encounter = Encounter::new(&engagement, Handover::Qr, e_reader_key)
            .map_err(|error| Failure::no("no session with the device").because(&error))?;
        let template = RequestTemplate::FullLicence.items_request();
        let request = UnsignedDeviceRequest::new(&[template.element(MDL_NAME_SPACE, AGE)])
            .map_err(|error| Failure::no("there is no such request").because(&error))?;
        let form = form_for(&engagement);
        let request = reader.sign(request, encounter.transcript(), form)?;
        let exchange = ask(readers_end, encounter, &request);
        let shown = holder
            .join()
            .map_err(|_| Failure::no("the holder's device failed"))?;
        // The holder knows better why it did not answer.
        let (shown, exchange) = (shown?, exchange?);
        Ok(Presentation {
            qr: qr.clone(),
            request,
            transcript: exchange.session.transcript().clone(),
            response: exchange.response,
            values_sent: exchange.values_sent,
            shown,
        })
    })
}

/// The person of the demonstration agrees to everything that an authenticated reader asks for.
fn agree(
    inquiry: &Inquiry,
    transcript: &SessionTranscript,
    document: &StoredDocument,
) -> Result<(Vec<u8>, String)> {
    let mut reply = Reply::new(transcript);
    let mut shown = String::new();
    for asked in &inquiry.documents {
        shown = asking_text(asked);
        let disclosures = asked
            .disclosures(&document.issuer_signed)
            .map_err(|error| refused(&error))?;
        let authentication = DeviceAuthentication::Signature;
        reply
            .document(
                &document.issuer_signed,
                &disclosures,
                &document.key,
                authentication,
            )
            .map_err(|error| refused(&error))?;
    }
    Ok((reply.into_bytes(), shown))
}
