//! Tokens of signers that may not sign for the document.

use super::super::super::forge::{
    Authority, Certificate, EXTENDED_KEY_USAGE, KEY_USAGE, Licence, MDL_DS, NON_REPUDIATION,
    StatusToken, purposes, status_signer, status_signer_key,
};
use super::{Problem, status_authority};

pub(super) fn signer_problems() -> Vec<Problem> {
    let iaca = Authority::utopia();
    let changed = |change: &dyn Fn(&mut Certificate)| {
        let mut certificate = status_signer(&iaca);
        change(&mut certificate);
        StatusToken::new()
            .signed_by(&status_signer_key(), vec![certificate.sign(&iaca.key)])
            .to_cwt()
    };
    let by = |authority: &Authority| {
        let certificate = status_signer(authority).sign(&authority.key);
        StatusToken::new()
            .signed_by(&status_signer_key(), vec![certificate])
            .to_cwt()
    };
    let document_signer = Licence::new().signer;
    let of_document_signer = iaca
        .document_signer(document_signer.public_key())
        .sign(&iaca.key);
    let (authority, _) = status_authority();
    vec![
        (
            "status-without-certificate",
            "no x5chain",
            StatusToken::new()
                .with(|token| token.x5chain.clear())
                .to_cwt(),
        ),
        (
            "status-signer-of-other-authority",
            "the signer's certificate is by another authority",
            by(&authority),
        ),
        (
            "status-signer-by-impostor",
            "the signer's certificate is by somebody with the name of the IACA",
            by(&Authority::impostor()),
        ),
        (
            "status-signer-expired",
            "the signer's certificate has expired",
            changed(&|certificate| {
                certificate.valid("2025-05-01T00:00:00Z", "2026-06-15T11:59:59Z");
            }),
        ),
        (
            "status-signer-not-yet",
            "the signer's certificate is not valid yet",
            changed(&|certificate| {
                certificate.valid("2026-06-15T12:00:01Z", "2027-05-01T00:00:00Z");
            }),
        ),
        (
            "status-signer-key-usage",
            "the key usage of the signer's certificate is nonRepudiation",
            changed(&|certificate| certificate.set_extension(KEY_USAGE, true, NON_REPUDIATION)),
        ),
        (
            "status-signer-for-documents",
            "the signer's certificate is for signing documents",
            changed(&|certificate| {
                certificate.set_extension(EXTENDED_KEY_USAGE, true, &purposes(&[MDL_DS]));
            }),
        ),
        (
            "status-signed-by-document-signer",
            "the document signer signed the token",
            StatusToken::new()
                .signed_by(&document_signer, vec![of_document_signer])
                .to_cwt(),
        ),
        (
            "status-signed-by-iaca",
            "the IACA itself signed the token",
            StatusToken::new()
                .signed_by(&iaca.key, vec![iaca.root()])
                .to_cwt(),
        ),
    ]
}
