//! The path from the document signer's certificate to a trust anchor (B.3.1).

mod anchor;
mod extensions;
mod key;
mod names;
mod signature;
mod times;

use super::super::forge::{Authority, Certificate, Licence};
use super::super::vector_file::VectorFile;
use super::Layer;

pub(super) fn file() -> VectorFile {
    let mut layer = Layer::new(
        "9.3.1, step 1; B.1, B.3.1; RFC 5280, 4 and 6",
        [
            (
                "Untrusted",
                "No trust anchor vouches for the certificate, whatever it says of itself.",
            ),
            ("Forged", "The IACA did not sign these bytes."),
            (
                "Algorithm",
                "The signature algorithm is not allowed, or named differently inside and outside of what is signed.",
            ),
            (
                "Key",
                "The document signer's key is no valid point of an allowed curve.",
            ),
            (
                "Time",
                "Document signer or IACA are outside of their validity.",
            ),
            (
                "Purpose",
                "A certificate for another purpose than signing MSOs.",
            ),
            (
                "Critical",
                "A critical extension that is not understood, or one that cannot be read.",
            ),
            (
                "Prohibited",
                "An extension that Annex B prohibits, critical or not.",
            ),
            (
                "Place",
                "Document signer and IACA name different countries or states.",
            ),
            (
                "PathLength",
                "The path is not exactly IACA and document signer.",
            ),
            (
                "Anchor",
                "The trust anchor is not what an IACA certificate must be, or not trusted for the document type.",
            ),
            (
                "Profile",
                "A rule of Table B.3 for issuers, which only a strict reader holds them to.",
            ),
            ("Normal", "Nothing wrong."),
        ],
    );
    signature::add(&mut layer);
    key::add(&mut layer);
    times::add(&mut layer);
    extensions::add(&mut layer);
    names::add(&mut layer);
    anchor::add(&mut layer);
    layer.into_file()
}

/// A licence whose document signer's certificate was changed before the IACA signed it.
fn signer(change: impl FnOnce(&mut Certificate)) -> Vec<u8> {
    let iaca = Authority::utopia();
    let mut licence = Licence::new();
    let mut certificate = iaca.document_signer(licence.signer.public_key());
    change(&mut certificate);
    licence.x5chain = vec![certificate.sign(&iaca.key)];
    licence.response()
}

/// An IACA certificate that was changed before its key signed it.
fn root(change: impl FnOnce(&mut Certificate)) -> Vec<u8> {
    let iaca = Authority::utopia();
    let mut certificate = iaca.certificate();
    change(&mut certificate);
    certificate.sign(&iaca.key)
}
