//! The holder's side: a `DeviceResponse` with chosen elements, authenticated by the device key for one session.

use std::str::FromStr;

use mdl_crypto::{PrivateKey, PublicKey};
use mdl_mdoc::cbor::{Checker, Limits};
use mdl_mdoc::issuer_signed::{IssuerSigned, decode_issuer_signed};
use mdl_mdoc::mso::MobileSecurityObject;
use mdl_mdoc::presentation::{Presentation, encode_device_response};
use mdl_mdoc::session_transcript::SessionTranscript;

use crate::failure::{Failure, Result};

/// Which elements a holder discloses.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Selection {
    /// Every element.
    All,
    /// Name space and identifier of one.
    Element(String, String),
}

impl FromStr for Selection {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        match text.rsplit_once(':') {
            _ if text == "all" => Ok(Self::All),
            Some((name_space, identifier)) if !name_space.is_empty() && !identifier.is_empty() => {
                Ok(Self::Element(name_space.to_owned(), identifier.to_owned()))
            }
            _ => Err(
                "expected NAMESPACE:IDENTIFIER, such as org.iso.18013.5.1:family_name, or all"
                    .into(),
            ),
        }
    }
}

/// How the device authenticates.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Authentication<'a> {
    /// `deviceSignature`.
    Signature,
    /// `deviceMac`, for the reader with this ephemeral key.
    Mac(&'a PublicKey),
}

/// Makes a `DeviceResponse` with one document.
///
/// # Errors
/// Exit code 1 if the document is none, lacks an element, or belongs to another device key.
pub(crate) fn present(
    issuer_signed: &[u8],
    selections: &[Selection],
    device_key: &PrivateKey,
    authentication: Authentication<'_>,
    transcript: &SessionTranscript,
) -> Result<Vec<u8>> {
    let (document, mut checker) =
        decode_issuer_signed(issuer_signed, &Limits::DEFAULT).map_err(|error| {
            Failure::no("what is to be presented is not an IssuerSigned")
                .because(&error)
                .hint("`mdl issue` makes one")
        })?;
    let mso = read_mso(&document, &mut checker)?;
    check_device_key(&mso, device_key)?;
    let refused =
        |error: &dyn std::error::Error| Failure::no("nothing was presented").because(error);
    let mut presentation = Presentation::new(mso.doc_type, &document);
    for selection in selections {
        let disclosed = match selection {
            Selection::All => presentation.disclose_all(),
            Selection::Element(name_space, identifier) => {
                presentation.disclose(name_space, identifier)
            }
        };
        disclosed.map_err(|error| refused(&error))?;
    }
    let unauthenticated = presentation.prepare(transcript);
    let document = match authentication {
        Authentication::Signature => {
            let algorithm = device_key.public_key().curve().algorithm();
            let signature = device_key.sign(&unauthenticated.to_be_signed(algorithm));
            unauthenticated
                .attach_signature(algorithm, &signature, device_key.public_key())
                .map_err(|error| refused(&error))?
        }
        Authentication::Mac(reader_key) => {
            let shared = device_key.diffie_hellman(reader_key).map_err(|error| {
                refused(&error).hint("EReaderKey must be on the curve of the device key")
            })?;
            unauthenticated.attach_mac(&shared, transcript)
        }
    };
    Ok(encode_device_response(&[document], &[]))
}

fn read_mso<'a>(
    document: &IssuerSigned<'a>,
    checker: &mut Checker<'a>,
) -> Result<MobileSecurityObject<'a>> {
    let payload = document
        .issuer_auth
        .payload
        .ok_or_else(|| Failure::no("the IssuerSigned has no MSO"))?;
    MobileSecurityObject::decode(payload, checker)
        .map_err(|error| Failure::no("the IssuerSigned has no readable MSO").because(&error))
}

fn check_device_key(mso: &MobileSecurityObject<'_>, device_key: &PrivateKey) -> Result<()> {
    let certified = mso
        .device_key_info
        .device_key
        .to_public_key()
        .map_err(|error| {
            Failure::no("the device key of the document cannot be used").because(&error)
        })?;
    if certified == *device_key.public_key() {
        Ok(())
    } else {
        Err(
            Failure::no("the device key is not the one that the document was issued to")
                .hint("give the key that was given to `mdl issue`"),
        )
    }
}
