//! Who signed the certificate, and by which algorithm.

use mdl_crypto::{Curve, sha1};

use super::super::super::forge::{
    AUTHORITY_KEY_IDENTIFIER, Authority, Certificate, Licence, Name, authority, ecdsa_with, key,
    oid, sequence, tlv,
};
use super::super::super::vector_file::PolicyName;
use super::super::Layer;
use super::signer;

pub(super) fn add(layer: &mut Layer) {
    layer.response(
        "path-valid",
        "Normal",
        "an IACA and its document signer",
        Licence::new().response(),
    );
    untrusted(layer);
    forged(layer);
    algorithms(layer);
    curves(layer);
}

fn untrusted(layer: &mut Layer) {
    layer
        .response(
            "path-no-trust-anchors",
            "Untrusted",
            "the reader trusts nobody",
            Licence::new().response(),
        )
        .iaca([])
        .fails(["trust-anchor"]);
    let elsewhere = Authority {
        name: Name::new("NL", "NL-UT", "Another IACA"),
        key: key("another iaca", Curve::P256),
    };
    layer
        .response(
            "path-other-trust-anchor",
            "Untrusted",
            "the reader trusts another IACA only",
            Licence::new().response(),
        )
        .iaca([elsewhere.root()])
        .fails(["trust-anchor"]);
    let self_signed = Licence::new().with(|licence| {
        let subject = Name::new("US", "US-UT", "Utopia DS 1");
        let key = licence.signer.clone();
        let certificate =
            Certificate::document_signer(&subject, key.public_key(), &subject, key.public_key());
        licence.x5chain = vec![certificate.sign(&key)];
    });
    layer
        .response(
            "path-self-signed",
            "Untrusted",
            "the document signer's certificate is self-signed",
            self_signed.response(),
        )
        .fails(["trust-anchor"]);
    layer
        .response(
            "path-key-identifier-alone",
            "Untrusted",
            "the certificate names the IACA's key identifier, but another issuer, who signed it",
            by_mallory(Name::new("US", "US-UT", "Mallory IACA"), true),
        )
        .fails(["trust-anchor"]);
    let case = Name::new("US", "US-UT", "utopia iaca");
    layer
        .response(
            "path-issuer-name-in-other-case",
            "Untrusted",
            "the issuer's name differs in case; names are compared as bytes",
            signer(|certificate| certificate.issuer = case),
        )
        .fails(["trust-anchor"]);
}

/// A certificate that mallory issued; with the authority key identifier of the IACA if `borrow`.
fn by_mallory(issuer: Name, borrow: bool) -> Vec<u8> {
    let mallory = Authority {
        name: issuer,
        ..Authority::impostor()
    };
    let mut licence = Licence::signed_by(key("document signer", Curve::P256), &mallory);
    let mut certificate = mallory.document_signer(licence.signer.public_key());
    if borrow {
        let borrowed = authority(Authority::utopia().key.public_key());
        certificate.set_extension(AUTHORITY_KEY_IDENTIFIER, false, &borrowed);
    }
    licence.x5chain = vec![certificate.sign(&mallory.key)];
    licence.response()
}

fn forged(layer: &mut Layer) {
    let name = || Name::new("US", "US-UT", "Utopia IACA");
    layer
        .response(
            "path-impostor",
            "Forged",
            "signed by somebody who took the name of the IACA",
            by_mallory(name(), false),
        )
        .fails(["ds-signature"]);
    layer
        .response(
            "path-impostor-with-key-identifier",
            "Forged",
            "signed by somebody who took the name and the key identifier of the IACA",
            by_mallory(name(), true),
        )
        .fails(["ds-signature"]);
    let altered = |change: fn(&mut Vec<u8>)| {
        Licence::new()
            .with(|licence| change(&mut licence.x5chain[0]))
            .response()
    };
    layer
        .response(
            "path-signature-altered",
            "Forged",
            "the last bit of the certificate's signature is flipped",
            altered(|der| {
                let last = der.len() - 1;
                der[last] ^= 1;
            }),
        )
        .fails(["ds-signature"]);
    let longer = altered(|der| {
        // notAfter 270501…: the year's last digit.
        let not_after = b"270501000000Z";
        if let Some(at) = der.windows(13).position(|window| window == not_after) {
            der[at + 1] = b'8';
        }
    });
    layer
        .response(
            "path-validity-altered",
            "Forged",
            "notAfter was moved by a year after signing",
            longer,
        )
        .warns(["ds-validity"])
        .fails(["ds-signature"]);
    let rekeyed = Authority::impostor();
    layer
        .response(
            "path-two-keys-of-one-name",
            "Normal",
            "two trust anchors of one name, as after a change of key; the second one signed",
            Licence::new().response(),
        )
        .iaca([rekeyed.root(), Authority::utopia().root()]);
    let no_identifier =
        signer(|certificate| certificate.remove_extension(AUTHORITY_KEY_IDENTIFIER));
    layer
        .response(
            "path-no-key-identifier",
            "Profile",
            "no authority key identifier",
            no_identifier,
        )
        .warns(["trust-anchor"]);
    let wrong = signer(|certificate| {
        let value = sequence(&[&tlv(0x80, &sha1(b"somebody else"))]);
        certificate.set_extension(AUTHORITY_KEY_IDENTIFIER, false, &value);
    });
    layer
        .response(
            "path-wrong-key-identifier",
            "Profile",
            "the authority key identifier of somebody else",
            wrong,
        )
        .warns(["trust-anchor"]);
}

fn algorithms(layer: &mut Layer) {
    let inner = signer(|certificate| certificate.inner_algorithm = ecdsa_with(Curve::P384));
    layer
        .response(
            "path-algorithms-differ",
            "Algorithm",
            "ecdsa-with-SHA384 inside of what is signed, ecdsa-with-SHA256 outside",
            inner,
        )
        .fails(["ds-algorithm"]);
    for (id, comment, dotted) in [
        (
            "path-algorithm-sha-1",
            "ecdsa-with-SHA1",
            "1.2.840.10045.4.1",
        ),
        (
            "path-algorithm-sha-224",
            "ecdsa-with-SHA224",
            "1.2.840.10045.4.3.1",
        ),
        (
            "path-algorithm-rsa",
            "sha256WithRSAEncryption",
            "1.2.840.113549.1.1.11",
        ),
        (
            "path-algorithm-ed25519",
            "Ed25519, with which no certificate is signed",
            "1.3.101.112",
        ),
        (
            "path-algorithm-unknown",
            "an algorithm with no meaning",
            "1.3.6.1.4.1.32473.1",
        ),
    ] {
        let response = signer(|certificate| {
            certificate.inner_algorithm = sequence(&[&oid(dotted)]);
            certificate.outer_algorithm = certificate.inner_algorithm.clone();
        });
        layer
            .response(id, "Algorithm", comment, response)
            .fails(["ds-algorithm"]);
    }
    let parameters = signer(|certificate| {
        certificate.inner_algorithm = sequence(&[&oid("1.2.840.10045.4.3.2"), &[0x05, 0x00]]);
        certificate.outer_algorithm = certificate.inner_algorithm.clone();
    });
    layer
        .response(
            "path-algorithm-with-parameters",
            "Algorithm",
            "ecdsa-with-SHA256 with a NULL",
            parameters,
        )
        .warns(["ds-algorithm"]);
}

/// IACA keys on every curve that may sign certificates.
fn curves(layer: &mut Layer) {
    for (id, curve) in [
        ("path-iaca-p384", Curve::P384),
        ("path-iaca-p521", Curve::P521),
        ("path-iaca-brainpool-p256r1", Curve::BrainpoolP256r1),
        ("path-iaca-brainpool-p384r1", Curve::BrainpoolP384r1),
    ] {
        let iaca = Authority::on(curve);
        let licence = Licence::signed_by(key("document signer", Curve::P256), &iaca);
        let comment = format!("the IACA's key is on {}", curve.name());
        layer
            .response(id, "Normal", &comment, licence.response())
            .iaca([iaca.root()])
            .policy(PolicyName::Strict);
    }
}
