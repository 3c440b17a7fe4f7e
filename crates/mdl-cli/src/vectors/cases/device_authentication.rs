//! Device authentication: that the device holding the document's key took part in this session (9.1.3).

mod authorizations;

use mdl_crypto::Curve;

use super::super::forge::{
    ALG, Authentication, CRIT, Cbor, Cose, HMAC_256_256, Licence, MDL, Map, Session, header, key,
    protected,
};
use super::super::vector_file::{PolicyName, VectorFile};
use super::Layer;

pub(super) fn file() -> VectorFile {
    let mut layer = Layer::new(
        "9.1.3; 9.1.2.4 (keyAuthorizations); RFC 9052, 3 to 6",
        [
            (
                "Absent",
                "No authentication: whoever copied the document can present it.",
            ),
            (
                "Both",
                "A signature and a MAC, where the standard wants one.",
            ),
            (
                "Replayed",
                "Made for another session, document type, or set of device-signed elements.",
            ),
            (
                "Attached",
                "A payload inside the authentication; using it lets the device choose what was signed.",
            ),
            ("Forged", "Not made with the device key of the MSO."),
            (
                "Algorithm",
                "The algorithm is missing, unprotected, unknown, or does not fit the key.",
            ),
            (
                "Headers",
                "A label in both headers, or one that must be understood and is not.",
            ),
            ("Mac", "A MAC needs the reader's ephemeral key."),
            (
                "Authorization",
                "The issuer decides what the device may vouch for; without leave it is nothing.",
            ),
            ("Static", "Only issuer data authentication was asked for."),
            ("Normal", "Nothing wrong."),
        ],
    );
    absent(&mut layer);
    replayed(&mut layer);
    attached(&mut layer);
    forged(&mut layer);
    algorithms(&mut layer);
    headers(&mut layer);
    macs(&mut layer);
    authorizations::add(&mut layer);
    without_session(&mut layer);
    layer.into_file()
}

fn mac() -> Licence {
    Licence::new().with(|licence| licence.authentication = Authentication::Mac)
}

fn absent(layer: &mut Layer) {
    layer.response(
        "device-signature",
        "Normal",
        "a device signature",
        Licence::new().response(),
    );
    layer
        .response("device-mac", "Normal", "a device MAC", mac().response())
        .reader_key();
    let document = |change: fn(&mut Map)| Licence::new().document(change).response();
    for (id, comment, response) in [
        (
            "device-signed-absent",
            "deviceSigned is missing",
            document(|document| document.remove("deviceSigned")),
        ),
        (
            "device-auth-absent",
            "deviceAuth is missing",
            document(|document| document.map("deviceSigned").remove("deviceAuth")),
        ),
        (
            "device-auth-empty",
            "deviceAuth holds neither signature nor MAC",
            document(|document| {
                document
                    .map("deviceSigned")
                    .set("deviceAuth", Map::default());
            }),
        ),
    ] {
        layer
            .response(id, "Absent", comment, response)
            .fails(["device-auth-present"]);
    }
    layer
        .response(
            "device-signed-absent-interop",
            "Absent",
            "deviceSigned is missing",
            document(|document| document.remove("deviceSigned")),
        )
        .policy(PolicyName::Interop)
        .fails(["device-auth-present"]);
    let both = Licence::new()
        .with(|licence| licence.authentication = Authentication::Both)
        .response();
    layer
        .response(
            "device-signature-and-mac",
            "Both",
            "a good signature and a good MAC",
            both,
        )
        .reader_key()
        .fails(["device-auth-single"]);
    let name_spaces = document(|document| document.map("deviceSigned").remove("nameSpaces"));
    layer
        .response(
            "device-name-spaces-absent",
            "Absent",
            "deviceSigned without nameSpaces",
            name_spaces,
        )
        .fails(["structure"]);
}

fn replayed(layer: &mut Layer) {
    let other = Licence::new()
        .with(|licence| licence.session = Session::other())
        .response();
    layer
        .response(
            "device-signature-of-other-session",
            "Replayed",
            "a device signature for another session",
            other,
        )
        .fails(["device-authentication"]);
    let other = mac()
        .with(|licence| licence.session = Session::other())
        .response();
    layer
        .response(
            "device-mac-of-other-session",
            "Replayed",
            "a device MAC for another session",
            other,
        )
        .reader_key()
        .fails(["device-authentication"]);
    let signed =
        |change: fn(&mut Vec<Cbor>)| Licence::new().device_authentication(change).response();
    for (id, comment, response) in [
        (
            "device-signed-other-doc-type",
            "the device signed for another document type",
            signed(|parts| parts[2] = "org.example.membership".into()),
        ),
        (
            "device-signed-other-context",
            "the device signed something that is no DeviceAuthentication",
            signed(|parts| parts[0] = "ReaderAuthentication".into()),
        ),
        (
            "device-signed-null-transcript",
            "the device signed for no session at all",
            signed(|parts| parts[1] = Cbor::Null),
        ),
        (
            "device-signed-tagged-transcript",
            "the device signed the transcript in tag 24",
            signed(|parts| {
                parts[1] = Cbor::encoded(parts[1].to_bytes());
            }),
        ),
        (
            "device-signed-other-name-spaces",
            "the device signed other name spaces than were sent",
            signed(|parts| {
                parts[3] = Cbor::encoded(
                    Cbor::Map(Map::new([("com.example", Map::default().into())])).to_bytes(),
                );
            }),
        ),
    ] {
        layer
            .response(id, "Replayed", comment, response)
            .fails(["device-authentication"]);
    }
    let added = Licence::new()
        .mso(|mso| {
            authorizations::authorise(
                mso,
                Map::new([("nameSpaces", Cbor::Array(vec!["com.example".into()]))]),
            )
        })
        .document(|document| {
            let elements = Map::new([("com.example", Map::new([("age", Cbor::from(99))]).into())]);
            document
                .map("deviceSigned")
                .set("nameSpaces", Cbor::encoded(Cbor::Map(elements).to_bytes()));
        })
        .response();
    layer
        .response(
            "device-elements-added-after-signing",
            "Replayed",
            "an element that the device may sign, but did not, was added",
            added,
        )
        .fails(["device-authentication"]);
}

fn attached(layer: &mut Layer) {
    let own = |auth: &mut Cose| auth.payload = device_authentication_bytes().into();
    let response = || Licence::new().device_auth(own).response();
    layer
        .response(
            "device-payload-attached",
            "Attached",
            "the payload is attached and what it should be",
            response(),
        )
        .fails(["device-auth-payload"]);
    layer
        .response(
            "device-payload-attached-interop",
            "Attached",
            "the payload is attached and what it should be",
            response(),
        )
        .policy(PolicyName::Interop)
        .warns(["device-auth-payload"]);
    layer
        .response(
            "device-mac-payload-attached",
            "Attached",
            "likewise in a MAC",
            mac().device_auth(own).response(),
        )
        .reader_key()
        .fails(["device-auth-payload"]);
    // Signature and payload agree with each other, but belong to another session.
    let foreign = || {
        let session = Session::other();
        let parts = vec![
            "DeviceAuthentication".into(),
            Cbor::Raw(session.transcript.clone()),
            MDL.into(),
            Cbor::encoded(vec![0xa0]),
        ];
        let payload = Cbor::encoded(Cbor::Array(parts).to_bytes()).to_bytes();
        Licence::new()
            .with(|licence| licence.session = session)
            .device_auth(move |auth| auth.payload = payload.into())
            .response()
    };
    for (id, policy) in [
        ("device-payload-of-other-session", PolicyName::Iso),
        (
            "device-payload-of-other-session-interop",
            PolicyName::Interop,
        ),
    ] {
        layer
            .response(
                id,
                "Attached",
                "signature and attached payload are those of another session",
                foreign(),
            )
            .policy(policy)
            .fails(["device-auth-payload", "device-authentication"]);
    }
    let empty = Licence::new()
        .device_auth(|auth| auth.payload = Cbor::Bytes(Vec::new()))
        .response();
    layer
        .response(
            "device-payload-empty",
            "Attached",
            "an empty payload is attached, the signature is good",
            empty,
        )
        .fails(["device-auth-payload"]);
    let other = Licence::new()
        .device_auth(|auth| auth.payload = vec![0; 8].into())
        .response();
    layer
        .response(
            "device-payload-other-interop",
            "Attached",
            "another payload is attached, the signature is good",
            other,
        )
        .policy(PolicyName::Interop)
        .fails(["device-auth-payload"]);
}

/// What the device signs in the session of the vectors.
fn device_authentication_bytes() -> Vec<u8> {
    let parts = vec![
        "DeviceAuthentication".into(),
        Cbor::Raw(Session::ours().transcript),
        MDL.into(),
        Cbor::encoded(vec![0xa0]),
    ];
    Cbor::encoded(Cbor::Array(parts).to_bytes()).to_bytes()
}

fn forged(layer: &mut Layer) {
    let other = Licence::new()
        .device_auth_signed(|auth| {
            let thief = key("thief", Curve::P256);
            auth.sign(&thief, &device_authentication_bytes());
        })
        .response();
    layer
        .response(
            "device-signature-of-other-key",
            "Forged",
            "signed with another key than that of the MSO",
            other,
        )
        .fails(["device-authentication"]);
    let ds = Licence::new()
        .device_auth_signed(|auth| {
            let signer = key("document signer", Curve::P256);
            auth.sign(&signer, &device_authentication_bytes());
        })
        .response();
    layer
        .response(
            "device-signature-of-document-signer",
            "Forged",
            "signed with the document signer's key",
            ds,
        )
        .fails(["device-authentication"]);
    let altered = |change: fn(&mut Vec<u8>)| {
        Licence::new()
            .device_auth_signed(move |auth| change(&mut auth.authenticator))
            .response()
    };
    for (id, comment, response) in [
        (
            "device-signature-altered",
            "one bit of the signature is flipped",
            altered(|bytes| bytes[63] ^= 1),
        ),
        (
            "device-signature-empty",
            "no bytes in the signature",
            altered(Vec::clear),
        ),
        (
            "device-signature-zero",
            "r and s are zero",
            altered(|bytes| bytes.fill(0)),
        ),
        (
            "device-signature-long",
            "a zero byte follows the signature",
            altered(|bytes| bytes.push(0)),
        ),
    ] {
        layer
            .response(id, "Forged", comment, response)
            .fails(["device-authentication"]);
    }
    let altered = |change: fn(&mut Vec<u8>)| {
        mac()
            .device_auth_signed(move |auth| change(&mut auth.authenticator))
            .response()
    };
    for (id, comment, response) in [
        (
            "device-mac-altered",
            "one bit of the MAC is flipped",
            altered(|bytes| bytes[31] ^= 1),
        ),
        (
            "device-mac-empty",
            "no bytes in the MAC",
            altered(Vec::clear),
        ),
        (
            "device-mac-truncated",
            "the MAC is cut to eight bytes",
            altered(|bytes| bytes.truncate(8)),
        ),
        (
            "device-mac-long",
            "a zero byte follows the MAC",
            altered(|bytes| bytes.push(0)),
        ),
    ] {
        layer
            .response(id, "Forged", comment, response)
            .reader_key()
            .fails(["device-authentication"]);
    }
}

fn algorithms(layer: &mut Layer) {
    let signature = |change: fn(&mut Cose)| Licence::new().device_auth(change).response();
    for (id, comment, response) in [
        (
            "device-no-algorithm",
            "no alg",
            signature(|auth| auth.protected = header([])),
        ),
        (
            "device-unprotected-algorithm",
            "alg stands in the unprotected header only",
            signature(|auth| {
                auth.protected = header([]);
                auth.unprotected.set(ALG, -7);
            }),
        ),
        (
            "device-algorithm-rs256",
            "RS256",
            signature(|auth| auth.protected = protected(-257)),
        ),
        (
            "device-algorithm-hmac",
            "a signature by HMAC 256/256",
            signature(|auth| auth.protected = protected(HMAC_256_256)),
        ),
    ] {
        layer
            .response(id, "Algorithm", comment, response)
            .fails(["device-auth-algorithm"]);
    }
    let other = signature(|auth| auth.protected = protected(-35));
    layer
        .response(
            "device-algorithm-of-other-curve",
            "Algorithm",
            "ES384 with a key on P-256",
            other,
        )
        .fails(["device-authentication"]);
    for (id, comment, number) in [
        (
            "device-mac-hmac-256-64",
            "HMAC 256/64, a MAC of eight bytes",
            4,
        ),
        ("device-mac-hmac-512", "HMAC 512/512", 7),
        ("device-mac-es256", "a MAC by ES256", -7),
    ] {
        let response = mac()
            .device_auth(move |auth| auth.protected = protected(number))
            .response();
        layer
            .response(id, "Algorithm", comment, response)
            .reader_key()
            .fails(["device-auth-algorithm"]);
    }
    let none = mac()
        .device_auth(|auth| auth.protected = header([]))
        .response();
    layer
        .response(
            "device-mac-no-algorithm",
            "Algorithm",
            "a MAC without alg",
            none,
        )
        .reader_key()
        .fails(["device-auth-algorithm"]);
}

fn headers(layer: &mut Layer) {
    let twice = Licence::new()
        .device_auth(|auth| auth.unprotected.set(ALG, -7))
        .response();
    layer
        .response(
            "device-algorithm-twice",
            "Headers",
            "alg stands in both headers",
            twice,
        )
        .fails(["device-auth-headers"]);
    let crit = Licence::new()
        .device_auth(|auth| {
            let labels = Cbor::Array(vec![99.into()]);
            auth.protected = header([(ALG, (-7).into()), (CRIT, labels), (99, true.into())]);
        })
        .response();
    layer
        .response(
            "device-critical-unknown",
            "Headers",
            "crit names label 99, which is there",
            crit,
        )
        .fails(["device-auth-critical"]);
    let crit = mac()
        .device_auth(|auth| auth.unprotected.set(CRIT, Cbor::Array(vec![ALG.into()])))
        .response();
    layer
        .response(
            "device-mac-critical-unprotected",
            "Headers",
            "crit stands in the unprotected header of a MAC",
            crit,
        )
        .reader_key()
        .fails(["device-auth-critical"]);
}

fn macs(layer: &mut Layer) {
    layer
        .response(
            "device-mac-without-reader-key",
            "Mac",
            "a device MAC, and the reader's key is not at hand",
            mac().response(),
        )
        .fails(["reader-key"]);
    let on_p384 = Licence::new()
        .with(|licence| {
            licence.device_key = key("device", Curve::P384);
            licence.session = Session::new("reader", Curve::P384);
            licence.authentication = Authentication::Mac;
        })
        .response();
    layer
        .response(
            "device-mac-on-other-curve",
            "Mac",
            "device and reader key are on different curves",
            on_p384,
        )
        .reader_key()
        .fails(["reader-key"]);
    let mut case = layer.response(
        "device-mac-of-other-reader",
        "Mac",
        "the reader has the key of another session at hand",
        mac().response(),
    );
    case = case.with_reader_key_of(&Session::other());
    case.fails(["device-authentication"]);
}

fn without_session(layer: &mut Layer) {
    layer
        .response(
            "device-not-asked",
            "Static",
            "a response of another session, when only issuer data are asked for",
            Licence::new()
                .with(|licence| licence.session = Session::other())
                .response(),
        )
        .without_session();
    layer
        .response(
            "device-not-asked-absent",
            "Static",
            "a response without deviceSigned, when only issuer data are asked for",
            Licence::new()
                .document(|document| document.remove("deviceSigned"))
                .response(),
        )
        .without_session();
    layer.issuer_signed(
        "device-issuer-signed",
        "Static",
        "an IssuerSigned, as an issuer hands it out",
        Licence::new().issuer_signed(),
    );
}
