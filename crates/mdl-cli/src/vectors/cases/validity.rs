//! Times of the MSO against the time of verification and the document signer's certificate (9.3.1, step 5).

use time::macros::datetime;

use super::super::forge::{Authority, Cbor, Certificate, Licence};
use super::super::vector_file::{PolicyName, VectorFile};
use super::{Layer, NOW};

pub(super) fn file() -> VectorFile {
    let mut layer = Layer::new(
        "9.1.2.4; 9.3.1, step 5",
        [
            ("Expired", "Used after its time."),
            ("NotYetValid", "Used before its time."),
            (
                "Boundary",
                "The first and the last second belong to the period.",
            ),
            (
                "Compared",
                "Times must be compared as instants: as texts they come out the other way round.",
            ),
            (
                "Signed",
                "Signed at a time when the document signer could not sign.",
            ),
            (
                "Order",
                "Times that contradict one another, which only a strict reader rejects.",
            ),
            ("Form", "A form of RFC 3339 that 9.1.2.4 does not use."),
            ("Type", "Not a tdate."),
            ("Notice", "Nothing to reject, something to tell."),
        ],
    );
    periods(&mut layer);
    compared(&mut layer);
    signed(&mut layer);
    order(&mut layer);
    forms(&mut layer);
    notices(&mut layer);
    layer.into_file()
}

/// A licence with other texts for some of its times.
fn with_times<const N: usize>(times: [(&'static str, &'static str); N]) -> Vec<u8> {
    Licence::new()
        .mso(move |mso| {
            for (member, text) in times {
                mso.map("validityInfo").set(member, Cbor::tdate(text));
            }
        })
        .response()
}

fn periods(layer: &mut Layer) {
    let second = time::Duration::SECOND;
    let valid = || Licence::new().response();
    let (from, until) = (
        datetime!(2026-06-01 00:00 UTC),
        datetime!(2026-07-01 00:00 UTC),
    );
    layer
        .response(
            "validity-first-second",
            "Boundary",
            "verified at validFrom",
            valid(),
        )
        .at(from);
    layer
        .response(
            "validity-last-second",
            "Boundary",
            "verified at validUntil",
            valid(),
        )
        .at(until);
    layer
        .response(
            "validity-second-too-early",
            "NotYetValid",
            "verified a second before validFrom",
            valid(),
        )
        .at(from - second)
        .fails(["valid-from"]);
    layer
        .response(
            "validity-second-too-late",
            "Expired",
            "verified a second after validUntil",
            valid(),
        )
        .at(until + second)
        .fails(["valid-until"]);
    layer
        .response(
            "validity-expired",
            "Expired",
            "validUntil has passed",
            with_times([("validUntil", "2026-06-10T00:00:00Z")]),
        )
        .fails(["valid-until"]);
    layer
        .response(
            "validity-not-yet",
            "NotYetValid",
            "validFrom lies ahead",
            with_times([("validFrom", "2026-06-20T00:00:00Z")]),
        )
        .fails(["valid-from"]);
    layer
        .response(
            "validity-expired-interop",
            "Expired",
            "validUntil has passed",
            with_times([("validUntil", "2026-06-10T00:00:00Z")]),
        )
        .policy(PolicyName::Interop)
        .fails(["valid-until"]);
    let issuer_signed = Licence::new()
        .mso(|mso| {
            mso.map("validityInfo")
                .set("validUntil", Cbor::tdate("2026-06-10T00:00:00Z"))
        })
        .issuer_signed();
    layer
        .issuer_signed(
            "validity-issuer-signed-expired",
            "Expired",
            "an IssuerSigned whose validUntil has passed",
            issuer_signed,
        )
        .fails(["valid-until"]);
}

fn compared(layer: &mut Layer) {
    layer
        .response(
            "validity-expired-in-other-zone",
            "Compared",
            "validUntil 13:30+02:00 is 11:30Z: past, though its text is greater than that of noon",
            with_times([("validUntil", "2026-06-15T13:30:00+02:00")]),
        )
        .warns(["tdate-form"])
        .fails(["valid-until"]);
    layer
        .response(
            "validity-still-in-other-zone",
            "Compared",
            "validUntil 10:30-02:00 is 12:30Z: ahead, though its text is smaller than that of noon",
            with_times([("validUntil", "2026-06-15T10:30:00-02:00")]),
        )
        .warns(["tdate-form"]);
    layer
        .response(
            "validity-not-yet-in-other-zone",
            "Compared",
            "validFrom 11:30-02:00 is 13:30Z: ahead, though its text is smaller than that of noon",
            with_times([("validFrom", "2026-06-15T11:30:00-02:00")]),
        )
        .warns(["tdate-form"])
        .fails(["valid-from"]);
    layer
        .response(
            "validity-fraction",
            "Compared",
            "validUntil lies half a second after the time of verification",
            with_times([("validUntil", "2026-06-15T12:00:00.5Z")]),
        )
        .warns(["tdate-form"]);
    layer
        .response(
            "validity-fraction-past",
            "Compared",
            "validUntil lies half a second before the time of verification",
            with_times([("validUntil", "2026-06-15T11:59:59.5Z")]),
        )
        .warns(["tdate-form"])
        .fails(["valid-until"]);
}

/// A licence whose document signer's certificate has other times.
fn with_signer(not_before: &str, not_after: &str) -> Licence {
    let iaca = Authority::utopia();
    let mut licence = Licence::new();
    let mut certificate: Certificate = iaca.document_signer(licence.signer.public_key());
    certificate.valid(not_before, not_after);
    licence.x5chain = vec![certificate.sign(&iaca.key)];
    licence
}

fn signed(layer: &mut Layer) {
    layer
        .response(
            "validity-signed-before-certificate",
            "Signed",
            "signed before the certificate was valid",
            with_times([("signed", "2026-04-30T23:59:59Z")]),
        )
        .fails(["signed-in-ds-validity"]);
    layer.response(
        "validity-signed-at-not-before",
        "Boundary",
        "signed in the first second of the certificate",
        with_times([("signed", "2026-05-01T00:00:00Z")]),
    );
    layer
        .response(
            "validity-signed-after-certificate",
            "Signed",
            "signed after the certificate expires",
            with_times([("signed", "2027-05-01T00:00:01Z")]),
        )
        .warns(["validity-order"])
        .fails(["signed-in-ds-validity"]);
    layer
        .response(
            "validity-signed-in-other-zone",
            "Compared",
            "signed 00:30+02:00 on 1 May is 30 April: before the certificate, though its text is greater",
            with_times([("signed", "2026-05-01T00:30:00+02:00")]),
        )
        .warns(["tdate-form"])
        .fails(["signed-in-ds-validity"]);
    let outlives = || with_signer("2026-05-01T00:00:00Z", "2026-06-30T23:59:59Z").response();
    layer
        .response(
            "validity-outlives-certificate",
            "Order",
            "validUntil lies a second after notAfter",
            outlives(),
        )
        .warns(["mso-outlives-ds"]);
    layer
        .response(
            "validity-outlives-certificate-strict",
            "Order",
            "validUntil lies a second after notAfter",
            outlives(),
        )
        .policy(PolicyName::Strict)
        .fails(["mso-outlives-ds"]);
    layer
        .response(
            "validity-ends-with-certificate",
            "Boundary",
            "validUntil is notAfter",
            with_signer("2026-05-01T00:00:00Z", "2026-07-01T00:00:00Z").response(),
        )
        .policy(PolicyName::Strict);
}

fn order(layer: &mut Layer) {
    for (id, comment, response) in [
        (
            "validity-signed-after-valid-from",
            "signed a day after validFrom",
            with_times([("signed", "2026-06-02T00:00:00Z")]),
        ),
        (
            "validity-signed-in-future",
            "signed tomorrow, valid since yesterday",
            with_times([("signed", "2026-06-16T12:00:00Z")]),
        ),
    ] {
        layer
            .response(id, "Order", comment, response.clone())
            .warns(["validity-order"]);
        layer
            .response(&format!("{id}-strict"), "Order", comment, response)
            .policy(PolicyName::Strict)
            .fails(["validity-order"]);
    }
    let empty = || {
        with_times([
            ("validFrom", "2026-06-15T12:00:00Z"),
            ("validUntil", "2026-06-15T12:00:00Z"),
        ])
    };
    layer
        .response(
            "validity-empty-period",
            "Order",
            "validFrom is validUntil, and that is now",
            empty(),
        )
        .at(NOW)
        .warns(["validity-order"]);
    layer
        .response(
            "validity-empty-period-strict",
            "Order",
            "validFrom is validUntil, and that is now",
            empty(),
        )
        .at(NOW)
        .policy(PolicyName::Strict)
        .fails(["validity-order"]);
    layer
        .response(
            "validity-reversed",
            "Order",
            "validUntil before validFrom",
            with_times([
                ("validFrom", "2026-06-20T00:00:00Z"),
                ("validUntil", "2026-06-10T00:00:00Z"),
            ]),
        )
        .warns(["validity-order"])
        .fails(["valid-from", "valid-until"]);
}

fn forms(layer: &mut Layer) {
    for (id, comment, text) in [
        (
            "validity-form-fraction",
            "signed with a fraction of a second",
            "2026-06-01T00:00:00.000Z",
        ),
        (
            "validity-form-offset",
            "signed with an offset of zero",
            "2026-06-01T00:00:00+00:00",
        ),
        (
            "validity-form-lower-case",
            "signed with t and z",
            "2026-06-01t00:00:00z",
        ),
    ] {
        let response = with_times([("signed", text)]);
        layer
            .response(id, "Form", comment, response.clone())
            .warns(["tdate-form"]);
        layer
            .response(&format!("{id}-strict"), "Form", comment, response)
            .policy(PolicyName::Strict)
            .fails(["tdate-form"]);
    }
    for (id, comment, text) in [
        (
            "validity-no-zone",
            "validUntil without a zone",
            "2026-07-01T00:00:00",
        ),
        ("validity-day-only", "validUntil is a day", "2026-07-01"),
        (
            "validity-no-such-day",
            "validUntil on 31 June",
            "2026-06-31T00:00:00Z",
        ),
        ("validity-noise", "validUntil is noise", "forever"),
        ("validity-empty-text", "validUntil is empty", ""),
    ] {
        layer
            .response(id, "Type", comment, with_times([("validUntil", text)]))
            .fails(["mso"]);
    }
    for (id, comment, value) in [
        (
            "validity-untagged",
            "validUntil without tag 0",
            Cbor::from("2026-07-01T00:00:00Z"),
        ),
        (
            "validity-epoch",
            "validUntil as tag 1, seconds since 1970",
            Cbor::Tag(1, Box::new(Cbor::Unsigned(1_782_864_000))),
        ),
        (
            "validity-full-date",
            "validUntil as full-date",
            Cbor::full_date("2026-07-01"),
        ),
        ("validity-null", "validUntil is null", Cbor::Null),
    ] {
        let response = Licence::new()
            .mso(|mso| mso.map("validityInfo").set("validUntil", value))
            .response();
        layer.response(id, "Type", comment, response).fails(["mso"]);
    }
}

fn notices(layer: &mut Layer) {
    layer
        .response(
            "validity-update-overdue",
            "Notice",
            "expectedUpdate has passed",
            with_times([("expectedUpdate", "2026-06-14T00:00:00Z")]),
        )
        .policy(PolicyName::Strict)
        .warns(["expected-update"]);
    layer
        .response(
            "validity-update-ahead",
            "Notice",
            "expectedUpdate lies ahead",
            with_times([("expectedUpdate", "2026-06-16T00:00:00Z")]),
        )
        .policy(PolicyName::Strict);
}
