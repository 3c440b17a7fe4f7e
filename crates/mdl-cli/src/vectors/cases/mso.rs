//! The Mobile Security Object: structure, versions, document type and device key (9.1.2.4).

use mdl_crypto::{Curve, PrivateKey};

use super::super::forge::{
    Authentication, Cbor, Licence, MDL, Map, NAME_SPACE, Session, cose_key, key,
};
use super::super::vector_file::{PolicyName, VectorFile};
use super::Layer;

pub(super) fn file() -> VectorFile {
    let mut layer = Layer::new(
        "9.1.2.4; RFC 9052, 7; RFC 9053, 7",
        [
            (
                "Structure",
                "The signed payload is not a MobileSecurityObject.",
            ),
            (
                "Version",
                "The major version decides whether a reader understands the rest.",
            ),
            (
                "DocType",
                "The document claims another type than the one that was issued.",
            ),
            (
                "DeviceKey",
                "A key that is no point of its curve; using it leaks secrets or accepts anything.",
            ),
            (
                "DeviceCurves",
                "Every curve that the standard allows for a device key.",
            ),
            (
                "Status",
                "The reference to a status list of the second edition, which others ignore.",
            ),
        ],
    );
    structure(&mut layer);
    versions(&mut layer);
    doc_types(&mut layer);
    device_keys(&mut layer);
    device_curves(&mut layer);
    status(&mut layer);
    layer.into_file()
}

fn structure(layer: &mut Layer) {
    let payload = |change: fn(&mut Vec<u8>)| Licence::new().payload(change).response();
    let without_tag = |payload: &mut Vec<u8>| {
        payload.drain(..2);
    };
    let bare = |payload: &mut Vec<u8>| {
        payload.drain(..5);
    };
    for (id, comment, response) in [
        ("mso-empty", "an empty payload", payload(Vec::clear)),
        (
            "mso-without-tag-24",
            "a byte string without tag 24",
            payload(without_tag),
        ),
        (
            "mso-without-wrapping",
            "the map itself, neither tag 24 nor byte string",
            payload(bare),
        ),
        (
            "mso-trailing-byte",
            "a byte follows the MSO",
            payload(|payload| payload.push(0)),
        ),
        (
            "mso-truncated",
            "the payload ends inside the MSO",
            payload(|payload| {
                payload.pop();
            }),
        ),
        (
            "mso-array",
            "an array in tag 24",
            payload(|payload| *payload = Cbor::encoded(vec![0x80]).to_bytes()),
        ),
    ] {
        layer
            .response(id, "Structure", comment, response)
            .fails(["mso"]);
    }
    for member in [
        "version",
        "digestAlgorithm",
        "valueDigests",
        "deviceKeyInfo",
        "docType",
        "validityInfo",
    ] {
        let response = Licence::new().mso(move |mso| mso.remove(member)).response();
        let id = format!("mso-without-{}", kebab(member));
        layer
            .response(&id, "Structure", &format!("{member} is missing"), response)
            .fails(["mso"]);
    }
    let mso = |change: fn(&mut Map)| Licence::new().mso(change).response();
    for (id, comment, response) in [
        (
            "mso-version-number",
            "version is a number",
            mso(|mso| mso.set("version", 1)),
        ),
        (
            "mso-digest-text",
            "a digest is text",
            mso(|mso| {
                mso.map("valueDigests").map(NAME_SPACE).set(3, "digest");
            }),
        ),
        (
            "mso-digest-id-negative",
            "a negative digestID",
            mso(|mso| {
                mso.map("valueDigests").map(NAME_SPACE).rename(1, -1);
            }),
        ),
        (
            "mso-without-device-key",
            "deviceKeyInfo holds no deviceKey",
            mso(|mso| mso.map("deviceKeyInfo").remove("deviceKey")),
        ),
        (
            "mso-valid-until-missing",
            "validityInfo has no validUntil",
            mso(|mso| mso.map("validityInfo").remove("validUntil")),
        ),
        (
            "mso-duplicate-doc-type",
            "docType stands twice",
            mso(|mso| mso.push("docType", "org.example.other")),
        ),
        (
            "mso-duplicate-digest-id",
            "a digestID stands twice",
            mso(|mso| {
                mso.map("valueDigests").map(NAME_SPACE).push(3, vec![0; 32]);
            }),
        ),
        (
            "mso-duplicate-name-space",
            "a name space stands twice in valueDigests",
            mso(|mso| {
                let digests = mso.map("valueDigests").value(NAME_SPACE).clone();
                mso.map("valueDigests").push(NAME_SPACE, digests);
            }),
        ),
    ] {
        layer
            .response(id, "Structure", comment, response)
            .fails(["mso"]);
    }
    let wide = mso(|mso| {
        let wide = Cbor::from(3).with_longest_head();
        mso.map("valueDigests")
            .map(NAME_SPACE)
            .push(wide, vec![0; 32]);
    });
    layer
        .response(
            "mso-duplicate-digest-id-in-other-width",
            "Structure",
            "a digestID stands twice, the second time with a longer head",
            wide,
        )
        .warns(["cbor-encoding"])
        .fails(["mso"]);
}

/// `deviceKeyInfo` as `device-key-info`.
fn kebab(member: &str) -> String {
    let mut kebab = String::new();
    for character in member.chars() {
        if character.is_ascii_uppercase() {
            kebab.push('-');
        }
        kebab.push(character.to_ascii_lowercase());
    }
    kebab
}

fn versions(layer: &mut Layer) {
    for (id, version) in [
        ("mso-version-2", "2.0"),
        ("mso-version-10", "10.0"),
        ("mso-version-empty", ""),
        ("mso-version-without-minor", "1"),
        ("mso-version-0", "0.9"),
        ("mso-version-with-space", "1.0 "),
    ] {
        let response = Licence::new()
            .mso(move |mso| mso.set("version", version))
            .response();
        let comment = format!("version is {version:?}");
        layer
            .response(id, "Version", &comment, response)
            .fails(["mso-version"]);
    }
    let minor = Licence::new()
        .mso(|mso| mso.set("version", "1.7"))
        .response();
    layer.response(
        "mso-version-1-7",
        "Version",
        "an unknown minor version, which readers accept",
        minor,
    );
}

fn doc_types(layer: &mut Layer) {
    let other = Licence::new()
        .mso(|mso| mso.set("docType", "org.example.membership"))
        .response();
    layer
        .response(
            "mso-other-doc-type",
            "DocType",
            "the MSO is of another type than the document",
            other,
        )
        .fails(["doc-type"]);
    let case = Licence::new()
        .mso(|mso| mso.set("docType", "org.iso.18013.5.1.mdl"))
        .response();
    layer
        .response(
            "mso-doc-type-case",
            "DocType",
            "the types differ in case",
            case,
        )
        .fails(["doc-type"]);
    let relabelled = Licence::new()
        .with(|licence| licence.doc_type = "org.example.membership".to_owned())
        .mso(|mso| mso.set("docType", MDL))
        .response();
    layer
        .response(
            "mso-relabelled-document",
            "DocType",
            "the document is presented as another type, and the device signed that",
            relabelled,
        )
        .fails(["doc-type"]);
    let membership =
        || Licence::new().with(|licence| licence.doc_type = "org.example.membership".to_owned());
    layer.response(
        "mso-doc-type-of-others",
        "DocType",
        "a document of another type, when any type was asked for",
        membership().response(),
    );
    layer
        .response(
            "mso-doc-type-requested",
            "DocType",
            "the type that was asked for",
            Licence::new().response(),
        )
        .doc_type(MDL);
    layer
        .response(
            "mso-doc-type-not-requested",
            "DocType",
            "a faultless document of another type than was asked for",
            membership().response(),
        )
        .doc_type(MDL)
        .fails(["requested-doc-type"]);
    layer
        .issuer_signed(
            "mso-issuer-signed-not-requested",
            "DocType",
            "an IssuerSigned whose MSO is of another type than was asked for",
            membership().issuer_signed(),
        )
        .doc_type(MDL)
        .fails(["requested-doc-type"]);
}

fn device_keys(layer: &mut Layer) {
    let with_key = |change: fn(&mut Map)| {
        Licence::new()
            .mso(move |mso| change(mso.map("deviceKeyInfo").map("deviceKey")))
            .response()
    };
    for (id, comment, response) in [
        (
            "mso-device-key-off-curve",
            "the point is not on the curve",
            with_key(|key| key.set(-3, vec![1; 32])),
        ),
        (
            "mso-device-key-zero",
            "both coordinates are zero",
            with_key(|key| {
                key.set(-2, vec![0; 32]);
                key.set(-3, vec![0; 32]);
            }),
        ),
        (
            "mso-device-key-above-prime",
            "a coordinate above the prime",
            with_key(|key| key.set(-2, vec![0xff; 32])),
        ),
        (
            "mso-device-key-short",
            "x lacks a byte",
            with_key(|key| key.set(-2, vec![5; 31])),
        ),
        (
            "mso-device-key-long",
            "x has a leading zero byte too many",
            with_key(|key| {
                if let Cbor::Bytes(x) = key.value(-2) {
                    x.insert(0, 0);
                }
            }),
        ),
        (
            "mso-device-key-empty",
            "empty coordinates",
            with_key(|key| {
                key.set(-2, Cbor::Bytes(Vec::new()));
                key.set(-3, Cbor::Bytes(Vec::new()));
            }),
        ),
        (
            "mso-device-key-identity",
            "the identity in the form of SEC 1, one zero byte",
            with_key(|key| {
                key.set(-2, vec![0]);
                key.set(-3, vec![0]);
            }),
        ),
        (
            "mso-device-key-without-y",
            "y is missing",
            with_key(|key| key.remove(-3)),
        ),
        (
            "mso-device-key-without-x",
            "x is missing",
            with_key(|key| key.remove(-2)),
        ),
        (
            "mso-device-key-without-curve",
            "crv is missing",
            with_key(|key| key.remove(-1)),
        ),
        (
            "mso-device-key-without-type",
            "kty is missing",
            with_key(|key| key.remove(1)),
        ),
        (
            "mso-device-key-rsa",
            "key type RSA",
            with_key(|key| key.set(1, 3)),
        ),
        (
            "mso-device-key-okp-on-p256",
            "key type OKP with a curve of EC2",
            with_key(|key| key.set(1, 1)),
        ),
        (
            "mso-device-key-on-p384",
            "crv says P-384, the coordinates are of P-256",
            with_key(|key| key.set(-1, 2)),
        ),
        (
            "mso-device-key-x25519",
            "X25519, which cannot sign",
            with_key(|key| {
                *key = Map::new([(1, 1.into()), (-1, 4.into()), (-2, vec![9; 32].into())])
            }),
        ),
        (
            "mso-device-key-secp256k1",
            "secp256k1, which the standard does not have",
            with_key(|key| key.set(-1, 8)),
        ),
        (
            "mso-device-key-unknown-curve",
            "a curve with no meaning",
            with_key(|key| key.set(-1, 4711)),
        ),
        (
            "mso-device-key-ed25519-small-order",
            "an Ed25519 key of small order, for which anybody can sign",
            with_key(|key| {
                *key = Map::new([
                    (1, 1.into()),
                    (-1, 6.into()),
                    (-2, [vec![1], vec![0; 31]].concat().into()),
                ]);
            }),
        ),
        (
            "mso-device-key-ed25519-short",
            "an Ed25519 key of 31 bytes",
            with_key(|key| {
                *key = Map::new([(1, 1.into()), (-1, 6.into()), (-2, vec![9; 31].into())]);
            }),
        ),
        (
            "mso-device-key-no-members",
            "a COSE_Key without members",
            with_key(|key| key.0.clear()),
        ),
    ] {
        layer
            .response(id, "DeviceKey", comment, response)
            .fails(["device-key"]);
    }
    for (id, comment, response) in [
        (
            "mso-device-key-symmetric",
            "a symmetric key, in which a byte string stands where others have crv",
            with_key(|key| {
                *key = Map::new([(1, 4.into()), (-1, vec![7; 32].into())]);
            }),
        ),
        (
            "mso-device-key-text-coordinate",
            "x is text",
            with_key(|key| key.set(-2, "x")),
        ),
        (
            "mso-device-key-bytes",
            "an encoded point in place of a COSE_Key",
            Licence::new()
                .mso(|mso| mso.map("deviceKeyInfo").set("deviceKey", vec![4; 65]))
                .response(),
        ),
    ] {
        layer
            .response(id, "DeviceKey", comment, response)
            .fails(["mso"]);
    }
    let other = Licence::new()
        .mso(|mso| {
            let other = key("another device", Curve::P256);
            mso.map("deviceKeyInfo")
                .set("deviceKey", cose_key(other.public_key()));
        })
        .response();
    layer
        .response(
            "mso-device-key-of-another",
            "DeviceKey",
            "the MSO names another key than the one that signed",
            other,
        )
        .fails(["device-authentication"]);
    let extra = with_key(|key| {
        key.push(2, b"key identifier".as_slice());
        key.push(4, Cbor::Array(vec![2.into()]));
        key.push("text label", 1);
    });
    layer.response(
        "mso-device-key-further-members",
        "DeviceKey",
        "kid, key_ops and a text label, all ignored",
        extra,
    );
    let compressed = with_key(|key| {
        if let Cbor::Bytes(y) = key.value(-3).clone() {
            key.set(-3, y.last().is_some_and(|byte| byte & 1 == 1));
        }
    });
    layer.response(
        "mso-device-key-compressed",
        "DeviceKey",
        "y is the sign alone",
        compressed,
    );
}

fn device_curves(layer: &mut Layer) {
    for curve in [
        Curve::P384,
        Curve::P521,
        Curve::BrainpoolP256r1,
        Curve::BrainpoolP384r1,
        Curve::Ed25519,
    ] {
        let with =
            |device_key: PrivateKey| Licence::new().with(|licence| licence.device_key = device_key);
        let name = curve.name().to_ascii_lowercase();
        let signature = with(key("device", curve)).response();
        layer
            .response(
                &format!("mso-device-{name}-signature"),
                "DeviceCurves",
                &format!("a device signature on {}", curve.name()),
                signature,
            )
            .policy(PolicyName::Strict);
        if curve.is_edwards() {
            continue;
        }
        let session = Session::new("reader", curve);
        let mac = with(key("device", curve))
            .with(|licence| {
                licence.session = session.clone();
                licence.authentication = Authentication::Mac;
            })
            .response();
        layer
            .response(
                &format!("mso-device-{name}-mac"),
                "DeviceCurves",
                &format!("a device MAC on {}", curve.name()),
                mac,
            )
            .session(&session)
            .policy(PolicyName::Strict);
    }
}

fn status(layer: &mut Layer) {
    let with_status = |status: Cbor| {
        Licence::new()
            .mso(|mso| mso.push("status", status))
            .response()
    };
    let list = Map::new([
        ("idx", 412.into()),
        ("uri", "https://status.example/1".into()),
    ]);
    let reference = Map::new([("status_list", list.into())]);
    layer.response(
        "mso-status-list",
        "Status",
        "a reference to a status list",
        with_status(reference.into()),
    );
    let list = Map::new([
        ("id", vec![0xab].into()),
        ("uri", "https://status.example/2".into()),
    ]);
    let reference = Map::new([("identifier_list", list.into())]);
    layer.response(
        "mso-identifier-list",
        "Status",
        "a reference to an identifier list",
        with_status(reference.into()),
    );
    let unknown = Map::new([("someday", Cbor::Null)]);
    layer.response(
        "mso-status-unknown",
        "Status",
        "a status mechanism that is not known",
        with_status(unknown.into()),
    );
    let broken = Map::new([("status_list", Map::new([("idx", Cbor::from(412))]).into())]);
    layer
        .response(
            "mso-status-without-uri",
            "Status",
            "a status list without uri",
            with_status(broken.into()),
        )
        .fails(["mso"]);
    let negative = Map::new([
        ("idx", (-1).into()),
        ("uri", "https://status.example/1".into()),
    ]);
    let reference = Map::new([("status_list", negative.into())]);
    layer
        .response(
            "mso-status-negative-index",
            "Status",
            "a negative index",
            with_status(reference.into()),
        )
        .fails(["mso"]);
}
