//! Country and state of document signer and IACA (12.8 of the second edition).

use super::super::super::forge::{Authority, COUNTRY, Licence, Name, STATE};
use super::super::Layer;
use super::{root, signer};

pub(super) fn add(layer: &mut Layer) {
    let subject = |change: fn(Name) -> Name| {
        signer(|certificate| certificate.subject = change(certificate.subject.clone()))
    };
    for (id, comment, response) in [
        (
            "path-other-country",
            "the document signer is of another country",
            subject(|name| name.with(COUNTRY, "NL")),
        ),
        (
            "path-country-in-lower-case",
            "the country in lower case",
            subject(|name| name.with(COUNTRY, "us")),
        ),
        (
            "path-no-country",
            "the document signer names no country",
            subject(|name| name.without(COUNTRY)),
        ),
        (
            "path-two-countries",
            "the document signer names two countries",
            subject(|name| name.and(COUNTRY, "NL")),
        ),
        (
            "path-country-twice",
            "the document signer names its country twice",
            subject(|name| name.and(COUNTRY, "US")),
        ),
    ] {
        layer
            .response(id, "Place", comment, response)
            .fails(["ds-country"]);
    }
    for (id, comment, response) in [
        (
            "path-other-state",
            "the document signer is of another state",
            subject(|name| name.with(STATE, "US-CA")),
        ),
        (
            "path-state-without-country",
            "the state without the country in front of it",
            subject(|name| name.with(STATE, "UT")),
        ),
        (
            "path-two-states",
            "the document signer names two states",
            subject(|name| name.and(STATE, "US-CA")),
        ),
    ] {
        layer
            .response(id, "Place", comment, response)
            .fails(["ds-state"]);
    }
    layer
        .response(
            "path-signer-without-state",
            "Place",
            "only the IACA names a state",
            subject(|name| name.without(STATE)),
        )
        .warns(["ds-state"]);

    let federal = Authority {
        name: Authority::utopia().name.without(STATE),
        ..Authority::utopia()
    };
    let licence = Licence::signed_by(Licence::new().signer, &federal);
    layer
        .response(
            "path-iaca-without-state",
            "Normal",
            "only the document signer names a state",
            licence.response(),
        )
        .iaca([federal.root()]);
    let nowhere = Authority {
        name: Authority::utopia().name.without(COUNTRY),
        ..Authority::utopia()
    };
    let licence = Licence::signed_by(Licence::new().signer, &nowhere);
    layer
        .response(
            "path-iaca-without-country",
            "Place",
            "the IACA names no country",
            licence.response(),
        )
        .iaca([nowhere.root()])
        .fails(["ds-country"]);
    let same_name_other_bytes = root(|certificate| {
        certificate.subject = certificate.subject.clone().with(STATE, "US-CA");
        certificate.issuer = certificate.subject.clone();
    });
    layer
        .response(
            "path-iaca-of-other-state",
            "Untrusted",
            "an IACA with the same key and common name, but another state",
            Licence::new().response(),
        )
        .iaca([same_name_other_bytes])
        .fails(["trust-anchor"]);
}
