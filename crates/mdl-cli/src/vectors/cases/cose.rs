//! `issuerAuth`: headers, certificates, payload and signature (9.1.2.4; RFC 9052).

use mdl_crypto::Curve;

use super::super::forge::{
    ALG, Authority, CRIT, Cbor, Certificate, Cose, Licence, Map, Name, X5CHAIN, header, key,
    protected,
};
use super::super::vector_file::{PolicyName, VectorFile};
use super::Layer;

/// Labels of other ways to point at a certificate.
const KID: i64 = 4;
const X5BAG: i64 = 32;

pub(super) fn file() -> VectorFile {
    let mut layer = Layer::new(
        "9.1.2.4; RFC 9052, 3 and 4; RFC 9360",
        [
            (
                "Algorithm",
                "The algorithm is missing, unprotected, unknown, or does not fit the key.",
            ),
            (
                "Headers",
                "A label in both headers: one reader takes the one, another the other.",
            ),
            (
                "Critical",
                "crit names what must be understood; a reader that ignores it reads another message.",
            ),
            (
                "Payload",
                "The payload is not there, or is not the one that was signed.",
            ),
            (
                "Signature",
                "The signature is not one of the document signer over this MSO.",
            ),
            (
                "ForeignKey",
                "The certificate that was validated is not the one whose key signed.",
            ),
            (
                "X5chain",
                "x5chain is missing, unreadable or in an unusual form.",
            ),
            ("Structure", "Not the structure of a COSE_Sign1."),
            (
                "Curves",
                "Every curve that the standard allows for a document signer.",
            ),
        ],
    );
    algorithms(&mut layer);
    headers(&mut layer);
    payload(&mut layer);
    signatures(&mut layer);
    foreign_keys(&mut layer);
    x5chain(&mut layer);
    structure(&mut layer);
    curves(&mut layer);
    layer.into_file()
}

fn auth(change: impl FnOnce(&mut Cose) + 'static) -> Vec<u8> {
    Licence::new().issuer_auth(change).response()
}

fn algorithms(layer: &mut Layer) {
    layer
        .response(
            "cose-no-algorithm",
            "Algorithm",
            "no alg",
            auth(|auth| auth.protected = header([])),
        )
        .fails(["issuer-auth-algorithm"]);
    layer
        .response(
            "cose-empty-protected-header",
            "Algorithm",
            "the protected header is an empty byte string",
            auth(|auth| auth.protected.clear()),
        )
        .fails(["issuer-auth-algorithm"]);
    let unprotected = auth(|auth| {
        auth.protected = header([]);
        auth.unprotected.set(ALG, -7);
    });
    layer
        .response(
            "cose-unprotected-algorithm",
            "Algorithm",
            "alg stands in the unprotected header only",
            unprotected,
        )
        .fails(["issuer-auth-algorithm"]);
    for (id, comment, number) in [
        (
            "cose-algorithm-hmac",
            "HMAC 256/256, keyed with what is public",
            5,
        ),
        ("cose-algorithm-rs256", "RS256", -257),
        ("cose-algorithm-es256k", "ES256K", -47),
        (
            "cose-algorithm-private-use",
            "a number for private use",
            -65_537,
        ),
        ("cose-algorithm-reserved", "0, which is reserved", 0),
    ] {
        let response = auth(move |auth| auth.protected = protected(number));
        layer
            .response(id, "Algorithm", comment, response)
            .fails(["issuer-auth-algorithm"]);
    }
    let name = auth(|auth| auth.protected = header([(ALG, "ES256".into())]));
    layer
        .response(
            "cose-algorithm-by-name",
            "Algorithm",
            "alg is the text ES256",
            name,
        )
        .fails(["issuer-auth-algorithm"]);
    let none = auth(|auth| auth.protected = header([(ALG, Cbor::Null)]));
    layer
        .response("cose-algorithm-null", "Structure", "alg is null", none)
        .fails(["structure"]);
    for (id, comment, number) in [
        (
            "cose-algorithm-of-other-curve",
            "ES384 with a key on P-256",
            -35,
        ),
        (
            "cose-algorithm-eddsa-with-p256",
            "EdDSA with a key on P-256",
            -8,
        ),
    ] {
        let response = auth(move |auth| auth.protected = protected(number));
        layer
            .response(id, "Algorithm", comment, response)
            .fails(["issuer-signature"]);
    }
}

fn headers(layer: &mut Layer) {
    let twice = auth(|auth| auth.unprotected.set(ALG, -7));
    layer
        .response(
            "cose-algorithm-twice",
            "Headers",
            "alg stands in both headers, with one value",
            twice,
        )
        .fails(["issuer-auth-headers"]);
    let other = auth(|auth| auth.unprotected.set(ALG, -35));
    layer
        .response(
            "cose-algorithm-contradicted",
            "Headers",
            "the unprotected header names another alg",
            other,
        )
        .fails(["issuer-auth-headers"]);
    let chains = Licence::new()
        .issuer_auth(|auth| {
            let chain = auth.unprotected.value(X5CHAIN).clone();
            auth.protected = header([(ALG, (-7).into()), (X5CHAIN, chain)]);
        })
        .response();
    layer
        .response(
            "cose-x5chain-twice",
            "Headers",
            "x5chain stands in both headers",
            chains,
        )
        .fails(["issuer-auth-headers"]);

    let crit = |labels: Vec<Cbor>, more: Option<(i64, Cbor)>| {
        auth(move |auth| {
            let mut map = Map::new([(ALG, (-7).into()), (CRIT, Cbor::Array(labels))]);
            map.0
                .extend(more.map(|(label, value)| (label.into(), value)));
            auth.protected = Cbor::Map(map).to_bytes();
        })
    };
    let unknown = crit(vec![99.into()], Some((99, true.into())));
    layer
        .response(
            "cose-critical-unknown",
            "Critical",
            "crit names label 99, which is there",
            unknown,
        )
        .fails(["issuer-auth-critical"]);
    layer
        .response(
            "cose-critical-absent",
            "Critical",
            "crit names x5chain, which is not protected",
            crit(vec![X5CHAIN.into()], None),
        )
        .fails(["issuer-auth-critical"]);
    layer
        .response(
            "cose-critical-empty",
            "Critical",
            "crit names nothing",
            crit(Vec::new(), None),
        )
        .fails(["issuer-auth-critical"]);
    layer
        .response(
            "cose-critical-text",
            "Critical",
            "crit names a text label",
            crit(vec!["exp".into()], None),
        )
        .fails(["issuer-auth-critical"]);
    let unprotected = auth(|auth| auth.unprotected.set(CRIT, Cbor::Array(vec![ALG.into()])));
    layer
        .response(
            "cose-critical-unprotected",
            "Critical",
            "crit stands in the unprotected header",
            unprotected,
        )
        .fails(["issuer-auth-critical"]);
    layer.response(
        "cose-critical-understood",
        "Critical",
        "crit names alg",
        crit(vec![ALG.into()], None),
    );
    let extra = auth(|auth| {
        auth.protected = header([(ALG, (-7).into()), (99, "unknown".into())]);
        auth.unprotected.set(98, 1);
        auth.unprotected.set("text label", 1);
    });
    layer.response(
        "cose-unknown-labels",
        "Headers",
        "labels that are not known and not critical",
        extra,
    );
}

fn payload(layer: &mut Layer) {
    let detached = auth(|auth| auth.payload = Cbor::Null);
    layer
        .response(
            "cose-detached-payload",
            "Payload",
            "the payload is detached",
            detached,
        )
        .fails(["issuer-auth-payload"]);
    let replaced = Licence::new()
        .issuer_auth_signed(|auth| {
            let other =
                Licence::new().with(|licence| licence.item("family_name").value = "Mallory".into());
            auth.payload = other.into_payload().into();
        })
        .disclosed(|name_spaces| name_spaces[0].1[0].value = "Mallory".into())
        .response();
    layer
        .response(
            "cose-replaced-payload",
            "Payload",
            "MSO and elements were replaced after signing; their digests agree",
            replaced,
        )
        .fails(["issuer-signature"]);
}

fn signatures(layer: &mut Layer) {
    let signed = |change: fn(&mut Vec<u8>)| {
        Licence::new()
            .issuer_auth_signed(move |auth| change(&mut auth.authenticator))
            .response()
    };
    for (id, comment, response) in [
        (
            "cose-signature-altered",
            "one bit of the signature is flipped",
            signed(|bytes| bytes[40] ^= 1),
        ),
        (
            "cose-signature-empty",
            "no bytes in the signature",
            signed(Vec::clear),
        ),
        (
            "cose-signature-short",
            "the signature lacks its last byte",
            signed(|bytes| {
                bytes.pop();
            }),
        ),
        (
            "cose-signature-long",
            "a zero byte follows the signature",
            signed(|bytes| bytes.push(0)),
        ),
        (
            "cose-signature-zero",
            "r and s are zero, which some verifiers accepted for any message",
            signed(|bytes| bytes.fill(0)),
        ),
        (
            "cose-signature-ones",
            "r and s are above the order of the curve",
            signed(|bytes| bytes.fill(0xff)),
        ),
    ] {
        layer
            .response(id, "Signature", comment, response)
            .fails(["issuer-signature"]);
    }
    let der = Licence::new()
        .issuer_auth_signed(|auth| {
            let fixed = mdl_crypto::Signature::from_bytes(Curve::P256, &auth.authenticator);
            auth.authenticator = fixed.expect("64 bytes").to_der();
        })
        .response();
    layer
        .response(
            "cose-signature-der",
            "Signature",
            "the signature is in the DER form of certificates",
            der,
        )
        .fails(["issuer-signature"]);
    let bare = Licence::new()
        .issuer_auth_signed(|auth| {
            let signature =
                key("document signer", Curve::P256).sign_deterministic(auth.payload_bytes());
            auth.authenticator = signature.as_bytes().to_vec();
        })
        .response();
    layer
        .response(
            "cose-signature-over-payload",
            "Signature",
            "the signature covers the payload alone and not the Sig_structure",
            bare,
        )
        .fails(["issuer-signature"]);
}

/// The key is not that of the certificate whose path is validated.
fn foreign_keys(layer: &mut Layer) {
    let other = Licence::new()
        .with(|licence| licence.signer = key("mallory", Curve::P256))
        .response();
    layer
        .response(
            "cose-signature-of-other-key",
            "ForeignKey",
            "signed by a key that no certificate names",
            other,
        )
        .fails(["issuer-signature"]);
    let second = Licence::new()
        .with(|licence| {
            licence.signer = key("mallory", Curve::P256);
            licence.x5chain.push(self_signed("mallory"));
        })
        .response();
    layer
        .response(
            "cose-key-of-second-certificate",
            "ForeignKey",
            "the first certificate is a document signer's, the key that signed is that of a second one",
            second,
        )
        .warns(["x5chain"])
        .fails(["issuer-signature"]);
    let first = Licence::new()
        .with(|licence| {
            licence.signer = key("mallory", Curve::P256);
            licence.x5chain.insert(0, self_signed("mallory"));
        })
        .response();
    layer
        .response(
            "cose-genuine-certificate-second",
            "ForeignKey",
            "the first certificate is self-signed and its key signed; the second is a document signer's",
            first,
        )
        .warns(["x5chain"])
        .fails(["trust-anchor"]);
}

/// A certificate with the profile of a document signer that its own key signed.
fn self_signed(name: &str) -> Vec<u8> {
    let key = key(name, Curve::P256);
    let subject = Name::new("US", "US-UT", "Mallory DS");
    Certificate::document_signer(&subject, key.public_key(), &subject, key.public_key()).sign(&key)
}

fn x5chain(layer: &mut Layer) {
    let chain = |value: fn(Vec<u8>) -> Option<(i64, Cbor)>| {
        Licence::new()
            .issuer_auth(move |auth| {
                let Cbor::Bytes(certificate) = auth.unprotected.value(X5CHAIN).clone() else {
                    return;
                };
                auth.unprotected.remove(X5CHAIN);
                auth.unprotected
                    .0
                    .extend(value(certificate).map(|(label, value)| (label.into(), value)));
            })
            .response()
    };
    layer
        .response(
            "cose-no-x5chain",
            "X5chain",
            "no certificate",
            chain(|_| None),
        )
        .fails(["x5chain"]);
    layer
        .response(
            "cose-x5chain-empty",
            "X5chain",
            "an empty array",
            chain(|_| Some((X5CHAIN, Cbor::Array(Vec::new())))),
        )
        .fails(["x5chain"]);
    let key_identifier = chain(|_| {
        Some((
            KID,
            mdl_crypto::sha1(key("document signer", Curve::P256).public_key().key_bits())
                .to_vec()
                .into(),
        ))
    });
    layer
        .response(
            "cose-key-identifier-only",
            "X5chain",
            "a key identifier in place of the certificate",
            key_identifier,
        )
        .fails(["x5chain"]);
    layer
        .response(
            "cose-x5bag",
            "X5chain",
            "the certificate stands in x5bag",
            chain(|der| Some((X5BAG, der.into()))),
        )
        .fails(["x5chain"]);
    layer
        .response(
            "cose-x5chain-noise",
            "X5chain",
            "the certificate is not DER",
            chain(|_| Some((X5CHAIN, vec![0x2a; 64].into()))),
        )
        .fails(["x5chain"]);
    let truncated = chain(|mut der| {
        der.pop();
        Some((X5CHAIN, der.into()))
    });
    layer
        .response(
            "cose-x5chain-truncated",
            "X5chain",
            "the certificate lacks its last byte",
            truncated,
        )
        .fails(["x5chain"]);
    let trailing = chain(|mut der| {
        der.push(0);
        Some((X5CHAIN, der.into()))
    });
    layer
        .response(
            "cose-x5chain-trailing-byte",
            "X5chain",
            "a byte follows the certificate",
            trailing,
        )
        .fails(["x5chain"]);
    layer
        .response(
            "cose-x5chain-text",
            "Structure",
            "x5chain is text",
            chain(|_| Some((X5CHAIN, "MIIB".into()))),
        )
        .fails(["structure"]);
    let many = chain(|der| Some((X5CHAIN, Cbor::Array(vec![der.into(); 9]))));
    layer
        .response(
            "cose-x5chain-of-nine",
            "Structure",
            "nine certificates, more than a reader need take",
            many,
        )
        .fails(["structure"]);

    let one = || chain(|der| Some((X5CHAIN, Cbor::Array(vec![der.into()]))));
    layer
        .response(
            "cose-x5chain-array-of-one",
            "X5chain",
            "a single certificate in an array",
            one(),
        )
        .warns(["x5chain-form"]);
    layer
        .response(
            "cose-x5chain-array-of-one-strict",
            "X5chain",
            "a single certificate in an array",
            one(),
        )
        .policy(PolicyName::Strict)
        .fails(["x5chain-form"]);
    let protected = || {
        auth(|auth| {
            let chain = auth.unprotected.value(X5CHAIN).clone();
            auth.unprotected.remove(X5CHAIN);
            auth.protected = header([(ALG, (-7).into()), (X5CHAIN, chain)]);
        })
    };
    layer
        .response(
            "cose-x5chain-protected",
            "X5chain",
            "the certificate stands in the protected header",
            protected(),
        )
        .warns(["x5chain-form"]);
    layer
        .response(
            "cose-x5chain-protected-strict",
            "X5chain",
            "the certificate stands in the protected header",
            protected(),
        )
        .policy(PolicyName::Strict)
        .fails(["x5chain-form"]);
    let with_root = || {
        Licence::new()
            .with(|licence| licence.x5chain.push(Authority::utopia().root()))
            .response()
    };
    layer
        .response(
            "cose-x5chain-with-iaca",
            "X5chain",
            "the IACA certificate follows, which does not belong there",
            with_root(),
        )
        .warns(["x5chain"]);
    layer
        .response(
            "cose-x5chain-with-iaca-strict",
            "X5chain",
            "the IACA certificate follows, which does not belong there",
            with_root(),
        )
        .policy(PolicyName::Strict)
        .fails(["x5chain"]);
}

fn structure(layer: &mut Layer) {
    let issuer_auth = |change: fn(&mut Vec<Cbor>)| {
        Licence::new()
            .document(move |document| {
                if let Cbor::Array(parts) = document.map("issuerSigned").value("issuerAuth") {
                    change(parts);
                }
            })
            .response()
    };
    for (id, comment, response) in [
        (
            "cose-five-elements",
            "issuerAuth has five elements",
            issuer_auth(|parts| parts.push(Cbor::Null)),
        ),
        (
            "cose-three-elements",
            "issuerAuth has three elements",
            issuer_auth(|parts| {
                parts.pop();
            }),
        ),
        (
            "cose-protected-header-map",
            "the protected header is a map and not a byte string",
            issuer_auth(|parts| parts[0] = Map::new([(ALG, Cbor::from(-7))]).into()),
        ),
        (
            "cose-unprotected-header-null",
            "the unprotected header is null",
            issuer_auth(|parts| parts[1] = Cbor::Null),
        ),
        (
            "cose-payload-map",
            "the payload is a map and not a byte string",
            issuer_auth(|parts| parts[2] = Map::default().into()),
        ),
        (
            "cose-signature-text",
            "the signature is text",
            issuer_auth(|parts| parts[3] = "signature".into()),
        ),
    ] {
        layer
            .response(id, "Structure", comment, response)
            .fails(["structure"]);
    }
}

fn curves(layer: &mut Layer) {
    for (id, curve) in [
        ("cose-signer-p384", Curve::P384),
        ("cose-signer-p521", Curve::P521),
        ("cose-signer-brainpool-p256r1", Curve::BrainpoolP256r1),
        ("cose-signer-brainpool-p384r1", Curve::BrainpoolP384r1),
        ("cose-signer-ed25519", Curve::Ed25519),
    ] {
        let licence = Licence::signed_by(key("document signer", curve), &Authority::utopia());
        let comment = format!("the document signer's key is on {}", curve.name());
        layer
            .response(id, "Curves", &comment, licence.response())
            .policy(PolicyName::Strict);
    }
}
