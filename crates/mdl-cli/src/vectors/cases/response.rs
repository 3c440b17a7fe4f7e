//! `DeviceResponse` as a whole: version, status, structure, several documents (8.3.2.1.2.2).

use mdl_crypto::Curve;

use super::super::forge::{Authentication, Cbor, Item, Licence, MDL, Map, cose_key, key, response};
use super::super::vector_file::{PolicyName, VectorFile};
use super::Layer;

pub(super) fn file() -> VectorFile {
    let mut layer = Layer::new(
        "8.3.2.1.2.2, 8.3.2.1.2.3",
        [
            (
                "Version",
                "The major version decides whether a reader understands the rest.",
            ),
            (
                "Status",
                "The device reports an error; a document beside it is no answer.",
            ),
            ("Empty", "No document."),
            ("Structure", "Not the structure of a DeviceResponse."),
            ("Several", "Several documents, each of which must be good."),
            (
                "Errors",
                "Error codes beside what was returned, which nothing authenticates.",
            ),
            ("Static", "An IssuerSigned in place of a DeviceResponse."),
        ],
    );
    versions(&mut layer);
    statuses(&mut layer);
    structure(&mut layer);
    several(&mut layer);
    errors(&mut layer);
    layer.into_file()
}

fn changed(change: impl FnOnce(&mut Map) + 'static) -> Vec<u8> {
    Licence::new().response_map(change).response()
}

fn versions(layer: &mut Layer) {
    for (id, version) in [
        ("response-version-2", "2.0"),
        ("response-version-10", "10.0"),
        ("response-version-0", "0.1"),
        ("response-version-empty", ""),
        ("response-version-without-minor", "1"),
        ("response-version-text", "1.x"),
    ] {
        let comment = format!("version is {version:?}");
        layer
            .response(
                id,
                "Version",
                &comment,
                changed(move |map| map.set("version", version)),
            )
            .fails(["response-version"]);
    }
    layer
        .response(
            "response-version-1-1",
            "Version",
            "an unknown minor version, which readers accept",
            changed(|map| map.set("version", "1.1")),
        )
        .policy(PolicyName::Strict);
}

fn statuses(layer: &mut Layer) {
    for (id, comment, status) in [
        ("response-status-10", "general error", 10),
        ("response-status-11", "CBOR decoding error", 11),
        ("response-status-12", "CBOR validation error", 12),
        ("response-status-unknown", "a status with no meaning", 4711),
    ] {
        let comment = format!("{comment}, and a document beside it");
        layer
            .response(
                id,
                "Status",
                &comment,
                changed(move |map| map.set("status", status)),
            )
            .fails(["response-status"]);
    }
    let error = Cbor::Map(Map::new([("version", "1.0".into()), ("status", 10.into())])).to_bytes();
    layer
        .response(
            "response-status-10-alone",
            "Status",
            "general error, and no document",
            error,
        )
        .fails(["response-status", "documents-present"]);
    let empty = Cbor::Map(response(Vec::new())).to_bytes();
    layer
        .response(
            "response-without-documents",
            "Empty",
            "documents is an empty array",
            empty,
        )
        .fails(["documents-present"]);
    layer
        .response(
            "response-documents-absent",
            "Empty",
            "documents is absent",
            changed(|map| map.remove("documents")),
        )
        .fails(["documents-present"]);
}

fn structure(layer: &mut Layer) {
    let document = |change: fn(&mut Map)| Licence::new().document(change).response();
    for (id, comment, response) in [
        (
            "response-without-version",
            "version is missing",
            changed(|map| map.remove("version")),
        ),
        (
            "response-without-status",
            "status is missing",
            changed(|map| map.remove("status")),
        ),
        (
            "response-version-number",
            "version is a number",
            changed(|map| map.set("version", 1)),
        ),
        (
            "response-status-text",
            "status is text",
            changed(|map| map.set("status", "0")),
        ),
        (
            "response-status-negative",
            "status is negative",
            changed(|map| map.set("status", -1)),
        ),
        (
            "response-documents-map",
            "documents is a map",
            changed(|map| map.set("documents", Map::default())),
        ),
        (
            "response-document-null",
            "a document is null",
            changed(|map| map.set("documents", Cbor::Array(vec![Cbor::Null]))),
        ),
        ("response-array", "an array in place of the map", vec![0x80]),
        (
            "response-integer",
            "an integer in place of the map",
            vec![0x00],
        ),
        ("response-null", "null in place of the map", vec![0xf6]),
        ("response-empty-map", "an empty map", vec![0xa0]),
        (
            "response-tagged",
            "the response in tag 24",
            Cbor::encoded(Licence::new().response()).to_bytes(),
        ),
        (
            "response-seventeen-documents",
            "more documents than a reader need take",
            changed(|map| {
                let document = Map::new([("docType", Cbor::from(MDL))]);
                map.set("documents", Cbor::Array(vec![document.into(); 17]));
            }),
        ),
        (
            "response-document-without-doc-type",
            "a document without docType",
            document(|document| document.remove("docType")),
        ),
        (
            "response-document-without-issuer-signed",
            "a document without issuerSigned",
            document(|document| document.remove("issuerSigned")),
        ),
        (
            "response-document-without-issuer-auth",
            "issuerSigned without issuerAuth",
            document(|document| document.map("issuerSigned").remove("issuerAuth")),
        ),
        (
            "response-doc-type-bytes",
            "docType is a byte string",
            document(|document| document.set("docType", MDL.as_bytes())),
        ),
        (
            "response-name-spaces-array",
            "nameSpaces is an array",
            document(|document| {
                document
                    .map("issuerSigned")
                    .set("nameSpaces", Cbor::Array(Vec::new()))
            }),
        ),
        (
            "response-name-spaces-renamed",
            "nameSpaces is misspelt, so that its elements would vanish",
            document(|document| {
                document
                    .map("issuerSigned")
                    .rename("nameSpaces", "nameSpacez")
            }),
        ),
    ] {
        layer
            .response(id, "Structure", comment, response)
            .fails(["structure"]);
    }
    let item = |change: fn(&mut Map)| {
        Licence::new()
            .with(|licence| {
                let item = licence.item("family_name");
                let mut members = item.members();
                change(&mut members);
                item.encoded = Some(Cbor::Map(members).to_bytes());
            })
            .response()
    };
    for (id, comment, response) in [
        (
            "response-item-without-digest-id",
            "an item without digestID",
            item(|members| members.remove("digestID")),
        ),
        (
            "response-item-without-random",
            "an item without random",
            item(|members| members.remove("random")),
        ),
        (
            "response-item-without-identifier",
            "an item without elementIdentifier",
            item(|members| members.remove("elementIdentifier")),
        ),
        (
            "response-item-without-value",
            "an item without elementValue",
            item(|members| members.remove("elementValue")),
        ),
        (
            "response-item-digest-id-negative",
            "a negative digestID",
            item(|members| members.set("digestID", -3)),
        ),
        (
            "response-item-random-text",
            "random is text",
            item(|members| members.set("random", "salt")),
        ),
    ] {
        layer
            .response(id, "Structure", comment, response)
            .fails(["structure"]);
    }
    let untagged = Licence::new()
        .document(|document| {
            let name_spaces = document.map("issuerSigned").map("nameSpaces");
            for (_, items) in &mut name_spaces.0 {
                if let Cbor::Array(items) = items {
                    let Cbor::Tag(_, content) = items[0].clone() else {
                        continue;
                    };
                    items[0] = *content;
                }
            }
        })
        .response();
    layer
        .response(
            "response-item-untagged",
            "Structure",
            "an item without tag 24",
            untagged,
        )
        .fails(["structure"]);
    layer
        .response(
            "response-is-issuer-signed",
            "Static",
            "an IssuerSigned where a DeviceResponse is due",
            Licence::new().issuer_signed(),
        )
        .fails(["structure"]);
}

/// A second document: a membership card by the same issuer, for a key of its own.
fn membership() -> Licence {
    Licence::new().with(|licence| {
        licence.doc_type = "org.example.membership".to_owned();
        licence.name_spaces = vec![(
            "org.example.membership".to_owned(),
            vec![Item::new(0, "member_since", Cbor::full_date("2020-02-29"))],
        )];
        licence.device_key = key("another device", Curve::P256);
    })
}

fn several(layer: &mut Layer) {
    let of = |documents: Vec<Cbor>| Cbor::Map(response(documents)).to_bytes();
    let licence = || Licence::new().into_document();
    layer
        .response(
            "response-two-documents",
            "Several",
            "a licence and a membership card",
            of(vec![licence(), membership().into_document()]),
        )
        .policy(PolicyName::Strict);
    let mac = membership().with(|licence| licence.authentication = Authentication::Mac);
    layer
        .response(
            "response-signature-and-mac",
            "Several",
            "one document with a signature, one with a MAC",
            of(vec![licence(), mac.into_document()]),
        )
        .reader_key();
    let altered = membership()
        .disclosed(|name_spaces| name_spaces[0].1[0].value = Cbor::full_date("1999-01-01"));
    layer
        .response(
            "response-second-altered",
            "Several",
            "an element of the second document was altered",
            of(vec![licence(), altered.into_document()]),
        )
        .fails(["value-digest"]);
    let expired = membership().mso(|mso| {
        mso.map("validityInfo")
            .set("validUntil", Cbor::tdate("2026-06-10T00:00:00Z"))
    });
    layer
        .response(
            "response-second-expired",
            "Several",
            "the second document has expired",
            of(vec![licence(), expired.into_document()]),
        )
        .fails(["valid-until"]);
    let bare = membership().document(|document| document.remove("deviceSigned"));
    layer
        .response(
            "response-second-unauthenticated",
            "Several",
            "the second document carries no device authentication",
            of(vec![licence(), bare.into_document()]),
        )
        .fails(["device-auth-present"]);
    let forged = membership().with(|licence| licence.signer = key("mallory", Curve::P256));
    layer
        .response(
            "response-first-forged",
            "Several",
            "the first document was signed by somebody else, the second is good",
            of(vec![forged.into_document(), licence()]),
        )
        .fails(["issuer-signature"]);
    let swapped = || {
        let thief =
            Licence::new().with(|licence| licence.device_key = key("another device", Curve::P256));
        thief.mso(|mso| {
            let victim = key("device", Curve::P256);
            mso.map("deviceKeyInfo")
                .set("deviceKey", cose_key(victim.public_key()));
        })
    };
    layer
        .response(
            "response-second-of-other-holder",
            "Several",
            "the second document is somebody else's, signed with the key of the first",
            of(vec![
                membership().into_document(),
                swapped().into_document(),
            ]),
        )
        .fails(["device-authentication"]);
    layer
        .response(
            "response-second-not-requested",
            "Several",
            "a licence was asked for, a membership card came along",
            of(vec![licence(), membership().into_document()]),
        )
        .doc_type(MDL)
        .fails(["requested-doc-type"]);
    layer
        .response(
            "response-licence-twice",
            "Several",
            "the same licence twice",
            of(vec![licence(), licence()]),
        )
        .policy(PolicyName::Strict);
}

fn errors(layer: &mut Layer) {
    let code = |name: &str, code: i64| Map::new([(name, Cbor::from(code))]);
    let document_errors = changed(move |map| {
        map.set(
            "documentErrors",
            Cbor::Array(vec![code("org.example.membership", 0).into()]),
        );
    });
    layer.response(
        "response-document-errors",
        "Errors",
        "another document was not returned",
        document_errors,
    );
    let item_errors = Licence::new()
        .document(move |document| {
            document.set(
                "errors",
                Map::new([("org.iso.18013.5.1", code("portrait", 10).into())]),
            );
        })
        .response();
    layer.response(
        "response-item-errors",
        "Errors",
        "an element was not returned",
        item_errors,
    );
    let text = changed(|map| {
        map.set(
            "documentErrors",
            Cbor::Array(vec![Map::new([(MDL, Cbor::from("denied"))]).into()]),
        );
    });
    layer
        .response(
            "response-document-error-text",
            "Errors",
            "an error code is text",
            text,
        )
        .fails(["structure"]);
}
