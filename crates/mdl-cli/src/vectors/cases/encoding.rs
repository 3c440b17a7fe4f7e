//! Encodings that say the same in more bytes (8.1): their meaning is clear, and digests and signatures cover them as
//! they are. A reader that encodes anew before it hashes rejects good documents and accepts bad ones.

use super::super::forge::{ALG, Authentication, Cbor, Item, Licence, Map, response};
use super::super::vector_file::{PolicyName, VectorFile};
use super::Layer;

pub(super) fn file() -> VectorFile {
    let mut layer = Layer::new(
        "8.1; RFC 8949, 4.1",
        [
            (
                "NonShortest",
                "A head longer than needed. Fielded wallets send such; only a strict reader rejects it.",
            ),
            (
                "Indefinite",
                "An array or map of indefinite length, likewise.",
            ),
            (
                "Reencoded",
                "A digest or signature over an encoding other than the one that was sent.",
            ),
            (
                "KeyOrder",
                "Map keys in another order than RFC 8949 sorts them, which 18013-5 does not ask for.",
            ),
            (
                "Tagged",
                "A COSE structure under its tag, which 18013-5 leaves out; readers take both.",
            ),
            ("Normal", "Nothing wrong."),
        ],
    );
    layer
        .response(
            "encoding-strict-valid",
            "Normal",
            "shortest heads and definite lengths",
            Licence::new().response(),
        )
        .policy(PolicyName::Strict);
    let unsorted = Licence::new()
        .response_map(|map| map.0.reverse())
        .document(|document| document.0.reverse())
        .mso(|mso| mso.0.reverse())
        .response();
    layer
        .response(
            "encoding-key-order",
            "KeyOrder",
            "maps in reverse order",
            unsorted,
        )
        .policy(PolicyName::Strict);
    for (id, flag, comment, make) in DEVIATIONS {
        layer
            .response(id, flag, comment, make())
            .warns(["cbor-encoding"]);
        layer
            .response(&format!("{id}-strict"), flag, comment, make())
            .policy(PolicyName::Strict)
            .fails(["cbor-encoding"]);
    }
    layer
        .response(
            "encoding-interop",
            "NonShortest",
            "the response is a map with a nine-byte head",
            response_head(),
        )
        .policy(PolicyName::Interop)
        .warns(["cbor-encoding"]);
    reencoded(&mut layer);
    tagged(&mut layer);
    layer.into_file()
}

type Deviation = (&'static str, &'static str, &'static str, fn() -> Vec<u8>);

const DEVIATIONS: [Deviation; 12] = [
    (
        "encoding-response-head",
        "NonShortest",
        "the response is a map with a nine-byte head",
        response_head,
    ),
    (
        "encoding-status",
        "NonShortest",
        "status 0 in nine bytes",
        || {
            Licence::new()
                .response_map(|map| map.set("status", Cbor::from(0).with_longest_head()))
                .response()
        },
    ),
    (
        "encoding-indefinite-response",
        "Indefinite",
        "the response is an indefinite map",
        || {
            let document = Licence::new().into_document();
            Cbor::Map(response(vec![document]))
                .with_indefinite_length()
                .to_bytes()
        },
    ),
    (
        "encoding-indefinite-documents",
        "Indefinite",
        "documents is an indefinite array",
        || {
            Licence::new()
                .response_map(|map| {
                    let documents = map.value("documents");
                    *documents = documents.with_indefinite_length();
                })
                .response()
        },
    ),
    (
        "encoding-item-tag",
        "NonShortest",
        "tag 24 of issuerAuth's payload in three bytes, under the signature",
        || {
            Licence::new()
                .payload(|payload| {
                    payload.splice(0..2, [0xd9, 0x00, 0x18]);
                })
                .response()
        },
    ),
    (
        "encoding-item-value",
        "NonShortest",
        "a digested value with a long head",
        || {
            Licence::new()
                .with(|licence| {
                    let item = licence.item("family_name");
                    item.value = item.value.with_longest_head();
                })
                .response()
        },
    ),
    (
        "encoding-indefinite-item",
        "Indefinite",
        "a digested item is an indefinite map",
        || {
            Licence::new()
                .with(|licence| {
                    let item = licence.item("family_name");
                    item.encoded = Some(
                        Cbor::Map(item.members())
                            .with_indefinite_length()
                            .to_bytes(),
                    );
                })
                .response()
        },
    ),
    (
        "encoding-mso-digest-id",
        "NonShortest",
        "a digestID of the signed MSO in nine bytes",
        || {
            Licence::new()
                .mso(|mso| {
                    for (_, digests) in &mut mso.map("valueDigests").0 {
                        let first = &mut digests.as_map().0[0];
                        first.0 = first.0.with_longest_head();
                    }
                })
                .response()
        },
    ),
    (
        "encoding-indefinite-mso",
        "Indefinite",
        "the signed MSO holds an indefinite map",
        || {
            Licence::new()
                .mso(|mso| {
                    let validity = mso.value("validityInfo");
                    *validity = validity.with_indefinite_length();
                })
                .response()
        },
    ),
    (
        "encoding-protected-header",
        "NonShortest",
        "the signed protected header has a long label",
        wide_header,
    ),
    (
        "encoding-device-protected-header",
        "NonShortest",
        "likewise that of the device signature",
        || {
            Licence::new()
                .device_auth(|auth| auth.protected = wide_algorithm())
                .response()
        },
    ),
    (
        "encoding-device-name-spaces",
        "Indefinite",
        "DeviceNameSpaces is an empty indefinite map, under the signature",
        || {
            let wide = || Cbor::encoded(vec![0xbf, 0xff]);
            Licence::new()
                .device_authentication(move |parts| parts[3] = wide())
                .document(move |document| document.map("deviceSigned").set("nameSpaces", wide()))
                .response()
        },
    ),
];

fn response_head() -> Vec<u8> {
    let document = Licence::new().into_document();
    Cbor::Map(response(vec![document]))
        .with_longest_head()
        .to_bytes()
}

/// `{1: -7}` with the label in nine bytes.
fn wide_algorithm() -> Vec<u8> {
    let label = Cbor::from(ALG).with_longest_head();
    Cbor::Map(Map::new([(label, Cbor::from(-7))])).to_bytes()
}

fn wide_header() -> Vec<u8> {
    Licence::new()
        .issuer_auth(|auth| auth.protected = wide_algorithm())
        .response()
}

/// What was hashed is not what was sent.
fn reencoded(layer: &mut Layer) {
    let header = Licence::new()
        .issuer_auth_signed(|auth| auth.protected = wide_algorithm())
        .response();
    layer
        .response(
            "encoding-protected-header-reencoded",
            "Reencoded",
            "the signature covers the shortest form of the protected header, the message has a longer one",
            header,
        )
        .warns(["cbor-encoding"])
        .fails(["issuer-signature"]);
    let device = Licence::new()
        .device_auth_signed(|auth| auth.protected = wide_algorithm())
        .response();
    layer
        .response(
            "encoding-device-protected-header-reencoded",
            "Reencoded",
            "likewise for the device signature",
            device,
        )
        .warns(["cbor-encoding"])
        .fails(["device-authentication"]);
    let item = Licence::new()
        .disclosed(|name_spaces| {
            let item = &mut name_spaces[0].1[0];
            item.value = item.value.with_longest_head();
        })
        .response();
    layer
        .response(
            "encoding-item-reencoded",
            "Reencoded",
            "an item's value has a longer head than when it was digested",
            item,
        )
        .warns(["cbor-encoding"])
        .fails(["value-digest"]);
    let reordered = Licence::new()
        .disclosed(|name_spaces| {
            let item: &mut Item = &mut name_spaces[0].1[0];
            let mut members = item.members();
            members.0.reverse();
            item.encoded = Some(Cbor::Map(members).to_bytes());
        })
        .response();
    layer
        .response(
            "encoding-item-reordered",
            "Reencoded",
            "the members of an item stand in another order than when it was digested",
            reordered,
        )
        .fails(["value-digest"]);
    let name_spaces = Licence::new()
        .document(|document| {
            document
                .map("deviceSigned")
                .set("nameSpaces", Cbor::encoded(vec![0xbf, 0xff]));
        })
        .response();
    layer
        .response(
            "encoding-device-name-spaces-reencoded",
            "Reencoded",
            "the device signature covers DeviceNameSpaces in another encoding than was sent",
            name_spaces,
        )
        .warns(["cbor-encoding"])
        .fails(["device-authentication"]);
}

fn tagged(layer: &mut Layer) {
    let issuer = Licence::new()
        .issuer_auth(|auth| auth.tag = Some(18))
        .response();
    layer.response(
        "encoding-tagged-issuer-auth",
        "Tagged",
        "issuerAuth under tag 18",
        issuer,
    );
    let device = Licence::new()
        .device_auth(|auth| auth.tag = Some(18))
        .response();
    layer.response(
        "encoding-tagged-device-signature",
        "Tagged",
        "deviceSignature under tag 18",
        device,
    );
    let mac = Licence::new()
        .with(|licence| licence.authentication = Authentication::Mac)
        .device_auth(|auth| auth.tag = Some(17))
        .response();
    layer
        .response(
            "encoding-tagged-device-mac",
            "Tagged",
            "deviceMac under tag 17",
            mac,
        )
        .reader_key();
    let other = Licence::new()
        .issuer_auth(|auth| auth.tag = Some(17))
        .response();
    layer
        .response(
            "encoding-other-tag",
            "Tagged",
            "issuerAuth under the tag of COSE_Mac0",
            other,
        )
        .fails(["structure"]);
}
