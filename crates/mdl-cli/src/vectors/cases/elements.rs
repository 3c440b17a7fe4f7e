//! The elements themselves: their ties to the document signer, and their values (7.2.1).

use super::super::forge::{Authority, COUNTRY, Cbor, Certificate, Item, Licence, STATE};
use super::super::vector_file::{PolicyName, VectorFile};
use super::Layer;

pub(super) fn file() -> VectorFile {
    let mut layer = Layer::new(
        "7.2.1; 9.3.1",
        [
            (
                "Country",
                "issuing_country must be that of the document signer's subject, or one state issues for another.",
            ),
            (
                "Jurisdiction",
                "Likewise issuing_jurisdiction, where the document signer names a state.",
            ),
            (
                "Values",
                "A value of another type or form than its name space gives it; issuers must not make such.",
            ),
            (
                "Expired",
                "The licence itself has expired, though the document is authentic.",
            ),
            (
                "Unknown",
                "Name spaces and elements that a reader does not know.",
            ),
        ],
    );
    country(&mut layer);
    jurisdiction(&mut layer);
    values(&mut layer);
    expiry(&mut layer);
    unknown(&mut layer);
    layer.into_file()
}

fn with_element(identifier: &str, value: impl Into<Cbor>) -> Vec<u8> {
    Licence::new()
        .with(|licence| licence.add(Item::new(8, identifier, value)))
        .response()
}

/// A licence with these elements, by a document signer whose subject was changed.
fn by_signer(change: impl FnOnce(&mut Certificate), identifier: &str, value: &str) -> Vec<u8> {
    let iaca = Authority::utopia();
    let mut licence = Licence::new();
    let mut certificate = iaca.document_signer(licence.signer.public_key());
    change(&mut certificate);
    licence.x5chain = vec![certificate.sign(&iaca.key)];
    licence.add(Item::new(8, identifier, value));
    licence.response()
}

fn country(layer: &mut Layer) {
    layer
        .response(
            "elements-country",
            "Country",
            "issuing_country is that of the document signer",
            with_element("issuing_country", "US"),
        )
        .policy(PolicyName::Strict);
    for (id, comment, value) in [
        (
            "elements-other-country",
            "issuing_country is that of another country",
            Cbor::from("NL"),
        ),
        (
            "elements-country-lower-case",
            "issuing_country in lower case",
            "us".into(),
        ),
        (
            "elements-country-empty",
            "issuing_country is empty",
            "".into(),
        ),
        (
            "elements-country-bytes",
            "issuing_country is a byte string",
            b"US".as_slice().into(),
        ),
    ] {
        let case = layer.response(
            id,
            "Country",
            comment,
            with_element("issuing_country", value),
        );
        if id == "elements-other-country" {
            case.fails(["issuing-country"]);
        } else {
            case.warns(["element-values"]).fails(["issuing-country"]);
        }
    }
    let interop = with_element("issuing_country", "NL");
    layer
        .response(
            "elements-other-country-interop",
            "Country",
            "issuing_country is that of another country",
            interop,
        )
        .policy(PolicyName::Interop)
        .fails(["issuing-country"]);
}

fn jurisdiction(layer: &mut Layer) {
    layer
        .response(
            "elements-jurisdiction",
            "Jurisdiction",
            "issuing_jurisdiction is the state of the document signer",
            with_element("issuing_jurisdiction", "US-UT"),
        )
        .policy(PolicyName::Strict);
    layer
        .response(
            "elements-other-jurisdiction",
            "Jurisdiction",
            "issuing_jurisdiction is another state",
            with_element("issuing_jurisdiction", "US-CA"),
        )
        .fails(["issuing-jurisdiction"]);
    let without_state = by_signer(
        |certificate| certificate.subject = certificate.subject.clone().without(STATE),
        "issuing_jurisdiction",
        "US-CA",
    );
    layer
        .response(
            "elements-jurisdiction-signer-without-state",
            "Jurisdiction",
            "the document signer names no state, so there is nothing to compare with",
            without_state,
        )
        .warns(["ds-state"]);
    let subject_not_issuer = by_signer(
        |certificate| certificate.subject = certificate.subject.clone().with(COUNTRY, "NL"),
        "issuing_country",
        "US",
    );
    layer
        .response(
            "elements-country-of-issuer-name",
            "Country",
            "issuing_country is that of the certificate's issuer, but not of its subject",
            subject_not_issuer,
        )
        .fails(["ds-country", "issuing-country"]);
}

fn values(layer: &mut Layer) {
    for (id, comment, response) in [
        (
            "elements-birth-date-tdate",
            "birth_date is a tdate",
            Licence::new()
                .with(|licence| {
                    licence.item("birth_date").value = Cbor::tdate("1990-01-02T00:00:00Z");
                })
                .response(),
        ),
        (
            "elements-birth-date-untagged",
            "birth_date without tag 1004",
            Licence::new()
                .with(|licence| {
                    licence.item("birth_date").value = "1990-01-02".into();
                })
                .response(),
        ),
        (
            "elements-age-over-integer",
            "age_over_18 is 1",
            Licence::new()
                .with(|licence| {
                    licence.item("age_over_18").value = 1.into();
                })
                .response(),
        ),
        (
            "elements-name-too-long",
            "family_name of 151 characters",
            Licence::new()
                .with(|licence| {
                    licence.item("family_name").value = "a".repeat(151).into();
                })
                .response(),
        ),
        (
            "elements-unknown-identifier",
            "an element that the closed name space does not have",
            with_element("shoe_size", 43),
        ),
        (
            "elements-portrait-not-an-image",
            "a portrait that is no JPEG",
            with_element("portrait", vec![0; 64]),
        ),
    ] {
        layer
            .response(id, "Values", comment, response.clone())
            .warns(["element-values"]);
        layer
            .response(&format!("{id}-strict"), "Values", comment, response)
            .policy(PolicyName::Strict)
            .fails(["element-values"]);
    }
    let longest = Licence::new()
        .with(|licence| licence.item("family_name").value = "é".repeat(150).into())
        .response();
    layer
        .response(
            "elements-name-of-150-characters",
            "Values",
            "family_name of 150 characters in 300 bytes",
            longest,
        )
        .policy(PolicyName::Strict);
}

fn expiry(layer: &mut Layer) {
    for (id, comment, value, expired) in [
        (
            "elements-licence-expired",
            "expiry_date was yesterday",
            Cbor::full_date("2026-06-14"),
            true,
        ),
        (
            "elements-licence-expires-today",
            "expiry_date is today",
            Cbor::full_date("2026-06-15"),
            false,
        ),
        (
            "elements-licence-expired-tdate",
            "expiry_date was a second ago",
            Cbor::tdate("2026-06-15T11:59:59Z"),
            true,
        ),
        (
            "elements-licence-expires-now",
            "expiry_date is now",
            Cbor::tdate("2026-06-15T12:00:00Z"),
            false,
        ),
    ] {
        let case = layer
            .response(id, "Expired", comment, with_element("expiry_date", value))
            .policy(PolicyName::Strict);
        if expired {
            case.warns(["licence-expiry"]);
        }
    }
}

fn unknown(layer: &mut Layer) {
    let domestic = Licence::new()
        .with(|licence| {
            let float = Cbor::Raw(vec![0xfb, 0x3f, 0xf3, 0xae, 0x14, 0x7a, 0xe1, 0x47, 0xae]);
            let items = vec![
                Item::new(10, "half", Cbor::Raw(vec![0xf9, 0x3e, 0x00])),
                Item::new(11, "double", float),
                Item::new(12, "undefined", Cbor::Raw(vec![0xf7])),
                Item::new(13, "negative", Cbor::Negative(u64::MAX)),
                Item::new(
                    14,
                    "list",
                    Cbor::Array(vec![1.into(), Cbor::Null, "text".into()]),
                ),
            ];
            licence
                .name_spaces
                .push(("com.example.domestic".into(), items));
        })
        .response();
    layer
        .response(
            "elements-domestic-name-space",
            "Unknown",
            "a domestic name space with values of many types",
            domestic,
        )
        .policy(PolicyName::Strict);
}
