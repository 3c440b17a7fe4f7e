//! The holder's side of a session: a `DeviceResponse` that discloses chosen elements of one document.
//!
//! ISO/IEC 18013-5, 8.3.2.1.2.2 and 9.1.3. The device key authenticates the response for one session transcript, so a
//! reader that passes it on cannot use it elsewhere.

use std::str::FromStr;

use mdl_crypto::{AgreementError, PrivateKey, PublicKey};
use mdl_mdoc::cbor::{Checker, DecodeError, Limits};
use mdl_mdoc::cose::CoseKeyError;
use mdl_mdoc::issuer_signed::{IssuerSigned, decode_issuer_signed};
use mdl_mdoc::mso::MobileSecurityObject;
use mdl_mdoc::presentation::{Presentation, PresentationError, encode_device_response};
use mdl_mdoc::session_transcript::SessionTranscript;

/// Which elements a holder discloses.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Selection {
    /// Every element.
    All,
    /// Name space and identifier of one.
    Element(String, String),
}

impl FromStr for Selection {
    type Err = NotASelection;

    /// `all`, or name space and identifier with a colon between them.
    fn from_str(text: &str) -> Result<Self, NotASelection> {
        match text.rsplit_once(':') {
            _ if text == "all" => Ok(Self::All),
            Some((name_space, identifier)) if !name_space.is_empty() && !identifier.is_empty() => {
                Ok(Self::Element(name_space.to_owned(), identifier.to_owned()))
            }
            _ => Err(NotASelection),
        }
    }
}

/// Text that selects nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected NAMESPACE:IDENTIFIER, such as org.iso.18013.5.1:family_name, or all")]
pub struct NotASelection;

/// How the device authenticates (9.1.3.4).
#[derive(Clone, Copy, Debug)]
pub enum DeviceAuthentication<'a> {
    /// `deviceSignature`.
    Signature,
    /// `deviceMac`, for the reader with this ephemeral key.
    Mac(&'a PublicKey),
}

/// Why nothing was presented.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PresentError {
    /// Not an `IssuerSigned`.
    #[error("what is to be presented is not an IssuerSigned")]
    Structure(#[source] DecodeError),
    /// An `IssuerSigned` without MSO.
    #[error("the IssuerSigned has no MSO")]
    NoMso,
    /// The MSO cannot be read.
    #[error("the IssuerSigned has no readable MSO")]
    Mso(#[source] DecodeError),
    /// The device key of the MSO is none.
    #[error("the device key of the document cannot be used")]
    UnusableDeviceKey(#[source] CoseKeyError),
    /// The document belongs to another key.
    #[error("the device key is not the one that the document was issued to")]
    DeviceKey,
    /// An element that is not there, or twice.
    #[error("nothing was presented")]
    Presentation(#[from] PresentationError),
    /// No MAC with this reader's key.
    #[error("nothing was presented")]
    Agreement(#[from] AgreementError),
}

/// Makes a `DeviceResponse` with one document.
///
/// # Errors
/// See [`PresentError`].
pub fn present(
    issuer_signed: &[u8],
    selections: &[Selection],
    device_key: &PrivateKey,
    authentication: DeviceAuthentication<'_>,
    transcript: &SessionTranscript,
) -> Result<Vec<u8>, PresentError> {
    let elements = |document: &IssuerSigned<'_>| {
        let mut elements = Vec::new();
        for selection in selections {
            match selection {
                Selection::All => elements.extend(names(document)),
                Selection::Element(name_space, identifier) => {
                    elements.push((name_space.clone(), identifier.clone()));
                }
            }
        }
        elements
    };
    let document = present_document(
        issuer_signed,
        elements,
        device_key,
        authentication,
        transcript,
    )?;
    Ok(encode_device_response(&[document], &[]))
}

/// Makes a `Document` with the elements that `choose` names, as name space and identifier.
pub(crate) fn present_document(
    issuer_signed: &[u8],
    choose: impl FnOnce(&IssuerSigned<'_>) -> Vec<(String, String)>,
    device_key: &PrivateKey,
    authentication: DeviceAuthentication<'_>,
    transcript: &SessionTranscript,
) -> Result<Vec<u8>, PresentError> {
    let (document, mut checker) =
        decode_issuer_signed(issuer_signed, &Limits::DEFAULT).map_err(PresentError::Structure)?;
    let mso = read_mso(&document, &mut checker)?;
    let certified = mso.device_key_info.device_key.to_public_key();
    if certified.map_err(PresentError::UnusableDeviceKey)? != *device_key.public_key() {
        return Err(PresentError::DeviceKey);
    }
    let mut presentation = Presentation::new(mso.doc_type, &document);
    for (name_space, identifier) in choose(&document) {
        presentation.disclose(&name_space, &identifier)?;
    }
    let unauthenticated = presentation.prepare(transcript);
    Ok(match authentication {
        DeviceAuthentication::Signature => {
            let algorithm = device_key.curve().algorithm();
            let signature = device_key.sign(&unauthenticated.to_be_signed(algorithm));
            unauthenticated.attach_signature(algorithm, &signature, device_key.public_key())?
        }
        DeviceAuthentication::Mac(reader_key) => {
            let shared = device_key.diffie_hellman(reader_key)?;
            unauthenticated.attach_mac(&shared, transcript)
        }
    })
}

/// Name space and identifier of every element.
fn names(document: &IssuerSigned<'_>) -> Vec<(String, String)> {
    let name_spaces = document.name_spaces.iter();
    let names = name_spaces.flat_map(|(name_space, items)| {
        items
            .iter()
            .map(move |item| ((*name_space).to_owned(), item.element_identifier.to_owned()))
    });
    names.collect()
}

fn read_mso<'a>(
    document: &IssuerSigned<'a>,
    checker: &mut Checker<'a>,
) -> Result<MobileSecurityObject<'a>, PresentError> {
    let payload = document.issuer_auth.payload.ok_or(PresentError::NoMso)?;
    MobileSecurityObject::decode(payload, checker).map_err(PresentError::Mso)
}
