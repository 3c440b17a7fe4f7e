//! What the device may vouch for (9.1.2.4, keyAuthorizations).

use super::super::super::forge::{Cbor, Item, Licence, Map, NAME_SPACE};
use super::super::super::vector_file::PolicyName;
use super::super::Layer;

pub(super) fn authorise(mso: &mut Map, authorizations: Map) {
    mso.map("deviceKeyInfo")
        .set("keyAuthorizations", authorizations);
}

pub(super) fn add(layer: &mut Layer) {
    let by_device =
        |name_space: &'static str, identifier: &'static str, authorizations: Option<Map>| {
            Licence::new()
                .with(|licence| {
                    let elements = Map::new([(identifier, Cbor::from(true))]);
                    licence.device_elements = Map::new([(name_space, elements.into())]);
                })
                .mso(move |mso| {
                    if let Some(authorizations) = authorizations {
                        authorise(mso, authorizations);
                    }
                })
                .response()
        };
    let name_spaces = |name: &str| Some(Map::new([("nameSpaces", Cbor::Array(vec![name.into()]))]));
    let elements = |name: &str, identifier: &str| {
        let identifiers = Cbor::Array(vec![identifier.into()]);
        Some(Map::new([(
            "dataElements",
            Map::new([(name, identifiers)]).into(),
        )]))
    };
    for (id, comment, given) in [
        (
            "device-elements-not-authorised",
            "keyAuthorizations is missing",
            None,
        ),
        (
            "device-elements-of-other-name-space",
            "another name space is authorised",
            name_spaces("com.example.other"),
        ),
        (
            "device-elements-other-element",
            "another element of the name space is authorised",
            elements("com.example", "other"),
        ),
        (
            "device-elements-element-elsewhere",
            "the element is authorised in another name space",
            elements("com.example.other", "verified"),
        ),
        (
            "device-elements-empty-authorizations",
            "keyAuthorizations is empty",
            Some(Map::default()),
        ),
        (
            "device-elements-prefix",
            "a name space is authorised of which this is the beginning",
            name_spaces("com.example.more"),
        ),
    ] {
        layer
            .response(
                id,
                "Authorization",
                comment,
                by_device("com.example", "verified", given),
            )
            .fails(["key-authorizations"]);
    }
    layer
        .response(
            "device-elements-by-name-space",
            "Authorization",
            "the name space is authorised",
            by_device("com.example", "verified", name_spaces("com.example")),
        )
        .policy(PolicyName::Strict);
    layer
        .response(
            "device-elements-by-element",
            "Authorization",
            "the element is authorised",
            by_device(
                "com.example",
                "verified",
                elements("com.example", "verified"),
            ),
        )
        .policy(PolicyName::Strict);
    layer.response(
        "device-elements-empty-name-space",
        "Authorization",
        "a device-signed name space without elements",
        Licence::new()
            .with(|licence| {
                licence.device_elements = Map::new([("com.example", Map::default().into())]);
            })
            .response(),
    );

    let licence_element = || by_device(NAME_SPACE, "age_over_21", name_spaces(NAME_SPACE));
    layer
        .response(
            "device-elements-of-licence",
            "Authorization",
            "an element of the licence itself is device-signed, with leave",
            licence_element(),
        )
        .warns(["device-signed-licence"]);
    layer
        .response(
            "device-elements-of-licence-strict",
            "Authorization",
            "an element of the licence itself is device-signed, with leave",
            licence_element(),
        )
        .policy(PolicyName::Strict)
        .fails(["device-signed-licence"]);
    layer
        .response(
            "device-elements-of-licence-not-authorised",
            "Authorization",
            "an element of the licence itself is device-signed, without leave",
            by_device(NAME_SPACE, "age_over_21", None),
        )
        .warns(["device-signed-licence"])
        .fails(["key-authorizations"]);
    let twice = Licence::new()
        .with(|licence| {
            let items = vec![Item::new(0, "verified", true)];
            licence.name_spaces.push(("com.example".into(), items));
            let elements = Map::new([("verified", Cbor::from(false))]);
            licence.device_elements = Map::new([("com.example", elements.into())]);
        })
        .mso(|mso| {
            authorise(
                mso,
                Map::new([("nameSpaces", Cbor::Array(vec!["com.example".into()]))]),
            )
        })
        .response();
    layer
        .response(
            "device-elements-twice",
            "Authorization",
            "an element is issuer-signed and device-signed, with two values",
            twice,
        )
        .fails(["element-unique"]);
}
