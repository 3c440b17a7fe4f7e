//! Validity of document signer and IACA, as instants and not as texts.

use time::macros::datetime;

use super::super::super::forge::{Authority, Cbor, GENERALIZED_TIME, Licence, UTC_TIME, time, tlv};
use super::super::Layer;
use super::{root, signer};

pub(super) fn add(layer: &mut Layer) {
    let valid = |not_before: &str, not_after: &str| {
        signer(|certificate| certificate.valid(not_before, not_after))
    };
    layer
        .response(
            "path-signer-expired",
            "Time",
            "the document signer expired a second ago",
            valid("2026-05-01T00:00:00Z", "2026-06-15T11:59:59Z"),
        )
        .warns(["mso-outlives-ds"])
        .fails(["ds-validity"]);
    layer
        .response(
            "path-signer-last-second",
            "Normal",
            "the document signer expires now",
            valid("2026-05-01T00:00:00Z", "2026-06-15T12:00:00Z"),
        )
        .warns(["mso-outlives-ds"]);
    let early = Licence::new()
        .mso(|mso| {
            let signed = Cbor::tdate("2026-06-15T12:00:01Z");
            mso.map("validityInfo").set("signed", signed);
        })
        .with(|licence| {
            let iaca = Authority::utopia();
            let mut certificate = iaca.document_signer(licence.signer.public_key());
            certificate.valid("2026-06-15T12:00:01Z", "2027-05-01T00:00:00Z");
            licence.x5chain = vec![certificate.sign(&iaca.key)];
        });
    layer
        .response(
            "path-signer-not-yet",
            "Time",
            "the document signer is valid from the next second on",
            early.response(),
        )
        .warns(["validity-order"])
        .fails(["ds-validity"]);
    layer
        .response(
            "path-signer-458-days",
            "Profile",
            "the document signer is valid for 458 days",
            valid("2026-05-01T00:00:00Z", "2027-08-02T00:00:00Z"),
        )
        .warns(["ds-validity"]);
    texts(layer);
    iaca(layer);
}

/// Times whose texts compare the other way round.
fn texts(layer: &mut Layer) {
    let with_end = |not_after: Vec<u8>| signer(|certificate| certificate.not_after = not_after);
    layer
        .response(
            "path-signer-utc-time-of-1950",
            "Time",
            "notAfter 500101000000Z is 1950 and not 2050, though its text is greater",
            with_end(tlv(UTC_TIME, b"500101000000Z")),
        )
        .warns(["mso-outlives-ds"])
        .fails(["ds-validity", "signed-in-ds-validity"]);
    layer
        .response(
            "path-signer-generalized-time",
            "Time",
            "notAfter 20260615115959Z as GeneralizedTime: past, though its text is greater than that of a UTCTime",
            with_end(tlv(GENERALIZED_TIME, b"20260615115959Z")),
        )
        .warns(["mso-outlives-ds"])
        .fails(["ds-validity"]);
    layer
        .response(
            "path-signer-time-zone",
            "Time",
            "notAfter 13:30+0200 is 11:30Z: past, though its text is greater than that of noon",
            with_end(tlv(UTC_TIME, b"260615133000+0200")),
        )
        .warns(["mso-outlives-ds"])
        .fails(["ds-validity"]);
    for (id, comment, not_after) in [
        (
            "path-signer-time-noise",
            "notAfter is noise",
            tlv(UTC_TIME, b"next summer!Z"),
        ),
        (
            "path-signer-time-no-such-day",
            "notAfter on 31 June",
            tlv(UTC_TIME, b"260631000000Z"),
        ),
        (
            "path-signer-time-without-zone",
            "notAfter without a zone",
            tlv(UTC_TIME, b"270501000000"),
        ),
    ] {
        layer
            .response(id, "Time", comment, with_end(not_after))
            .fails(["x5chain"]);
    }
}

fn iaca(layer: &mut Layer) {
    layer
        .response(
            "path-iaca-expired",
            "Time",
            "the IACA expired a second ago",
            Licence::new().response(),
        )
        .iaca([root(|certificate| {
            certificate.not_after = time("2026-06-15T11:59:59Z")
        })])
        .fails(["iaca-validity"]);
    layer
        .response(
            "path-iaca-last-second",
            "Normal",
            "the IACA expires now",
            Licence::new().response(),
        )
        .iaca([root(|certificate| {
            certificate.not_after = time("2026-06-15T12:00:00Z")
        })]);
    layer
        .response(
            "path-iaca-not-yet",
            "Time",
            "the IACA is valid from the next second on",
            Licence::new().response(),
        )
        .iaca([root(|certificate| {
            certificate.not_before = time("2026-06-15T12:00:01Z")
        })])
        .fails(["iaca-validity"]);
    layer
        .response(
            "path-iaca-generalized-time",
            "Normal",
            "the IACA expires in 2044, as GeneralizedTime",
            Licence::new().response(),
        )
        .iaca([root(|certificate| {
            certificate.not_after = tlv(GENERALIZED_TIME, b"20440101000000Z")
        })]);
    layer
        .response(
            "path-iaca-expired-with-renewal",
            "Normal",
            "an expired IACA certificate and its renewal with the same key",
            Licence::new().response(),
        )
        .iaca([
            root(|certificate| certificate.not_after = time("2026-01-01T00:00:00Z")),
            root(|_| {}),
        ]);
    layer
        .response(
            "path-iaca-25-years",
            "Anchor",
            "the IACA is valid for 25 years",
            Licence::new().response(),
        )
        .iaca([root(|certificate| {
            certificate.valid("2025-01-01T00:00:00Z", "2050-01-01T00:00:00Z")
        })])
        .warns(["iaca-profile"]);
    // A licence verified long after everything expired.
    layer
        .response(
            "path-everything-expired",
            "Time",
            "verified ten years later",
            Licence::new().response(),
        )
        .at(datetime!(2036-06-15 12:00 UTC))
        .fails(["ds-validity", "iaca-validity", "valid-until"]);
}
