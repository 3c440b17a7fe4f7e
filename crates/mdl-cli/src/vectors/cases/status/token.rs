//! Tokens that cannot be read, or that nobody signed as they are.

use super::super::super::forge::{ALG, Cbor, StatusToken, TYP, status_jwt};
use super::{Problem, revoking};

pub(super) fn token_problems() -> Vec<Problem> {
    let protected = |label: i64, value: Cbor| {
        StatusToken::new()
            .with(|token| token.protected.set(label, value))
            .to_cwt()
    };
    let mut cut = StatusToken::new().to_cwt();
    cut.truncate(cut.len() - 1);
    let mut altered = StatusToken::new().to_cwt();
    let last = altered.len() - 1;
    altered[last] ^= 1;
    let mut jwt = status_jwt(&[0; 128]);
    let last = jwt.len() - 10;
    jwt[last] = if jwt[last] == b'A' { b'B' } else { b'A' };
    let mut cleared = revoking().to_cose();
    cleared.payload = StatusToken::new().to_cose().payload;
    let mut detached = StatusToken::new().to_cose();
    detached.payload = Cbor::Null;
    vec![
        ("status-noise", "not a token", vec![0x2a; 40]),
        (
            "status-cut-off",
            "the last byte of the token is missing",
            cut,
        ),
        (
            "status-payload-detached",
            "the payload of the token is detached",
            detached.to_cbor().to_bytes(),
        ),
        (
            "status-type-of-jwt",
            "typ is that of the other form",
            protected(TYP, "application/statuslist+jwt".into()),
        ),
        (
            "status-without-type",
            "no typ",
            StatusToken::new()
                .with(|token| token.protected.remove(TYP))
                .to_cwt(),
        ),
        (
            "status-mac-algorithm",
            "the protected header names a MAC",
            protected(ALG, 5.into()),
        ),
        (
            "status-algorithm-of-other-curve",
            "the algorithm does not fit the signer's key",
            protected(ALG, (-35).into()),
        ),
        (
            "status-critical-unknown",
            "a header parameter that must be understood and is not",
            protected(2, Cbor::Array(vec![99.into()])),
        ),
        (
            "status-signature-altered",
            "the last bit of the signature is flipped",
            altered,
        ),
        (
            "status-signature-altered-jwt",
            "a character of the JWT's signature is another",
            jwt,
        ),
        (
            "status-cleared-after-signing",
            "the signature is for a list that says revoked, the list says valid",
            cleared.to_cbor().to_bytes(),
        ),
    ]
}
