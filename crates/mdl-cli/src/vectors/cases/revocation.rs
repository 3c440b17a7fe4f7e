//! CRLs: revoked, good, or not to be found out (B.2, B.3.2).

use mdl_crypto::Curve;

use super::super::forge::{
    Authority, CERT_SIGN, CRL_NUMBER, Certificate, Crl, DELTA_CRL_INDICATOR, ENUMERATED, Extension,
    INTEGER, ISSUING_DISTRIBUTION_POINT, KEY_USAGE, Licence, Name, REASON_CODE, ecdsa_with,
    sequence, time, tlv,
};
use super::super::vector_file::{PolicyName, VectorFile};
use super::Layer;

pub(super) fn file() -> VectorFile {
    let mut layer = Layer::new(
        "B.2, Table B.10; B.3.2",
        [
            (
                "Revoked",
                "A list of the IACA names the document signer; nothing takes that back.",
            ),
            (
                "Undetermined",
                "The list gives no answer. That is not good news: under `require_revocation` it is a failure.",
            ),
            (
                "Good",
                "A current list of the IACA does not name the document signer.",
            ),
            (
                "Deviation",
                "The list answers, but is not as Table B.10 wants it.",
            ),
            ("NotChecked", "No list was given."),
        ],
    );
    revoked(&mut layer);
    good(&mut layer);
    undetermined(&mut layer);
    layer.into_file()
}

fn ds_serial() -> Vec<u8> {
    let signer = Licence::new().signer;
    Authority::utopia()
        .document_signer(signer.public_key())
        .serial
}

/// The list of June, changed, and signed by the IACA.
fn list(change: impl FnOnce(&mut Crl)) -> Vec<u8> {
    let iaca = Authority::utopia();
    let mut crl = iaca.crl();
    change(&mut crl);
    crl.sign(&iaca.key)
}

fn listing() -> Vec<u8> {
    list(|crl| *crl = crl.clone().revoke(&ds_serial()))
}

fn extension(oid: &'static str, critical: bool, value: Vec<u8>) -> Extension {
    Extension {
        oid,
        critical,
        value,
    }
}

fn revoked(layer: &mut Layer) {
    let licence = || Licence::new().response();
    for (id, policy) in [
        ("revocation-revoked", PolicyName::Iso),
        ("revocation-revoked-strict", PolicyName::Strict),
        ("revocation-revoked-interop", PolicyName::Interop),
    ] {
        layer
            .response(
                id,
                "Revoked",
                "the document signer is on the list",
                licence(),
            )
            .crls([listing()])
            .policy(policy)
            .fails(["revocation"]);
    }
    let among = list(|crl| {
        for serial in 1..=40u8 {
            *crl = crl.clone().revoke(&[0x41, serial]);
        }
        *crl = crl.clone().revoke(&ds_serial());
    });
    layer
        .response(
            "revocation-revoked-last-of-many",
            "Revoked",
            "the document signer is the last of 41 entries",
            licence(),
        )
        .crls([among])
        .fails(["revocation"]);
    let expired = list(|crl| {
        *crl = crl.clone().revoke(&ds_serial());
        crl.next_update = Some(time("2026-06-10T00:00:00Z"));
    });
    layer
        .response(
            "revocation-revoked-on-stale-list",
            "Revoked",
            "the list is out of date, its entry still holds",
            licence(),
        )
        .crls([expired])
        .fails(["revocation"]);
    let newest = list(|crl| {
        *crl = crl.clone().revoke(&ds_serial());
        crl.this_update = time("2026-06-10T00:00:00Z");
    });
    layer
        .response(
            "revocation-newest-of-two",
            "Revoked",
            "an older list is clean, the newest names the document signer",
            licence(),
        )
        .crls([list(|_| {}), newest])
        .fails(["revocation"]);
    let reason = list(|crl| {
        *crl = crl.clone().revoke(&ds_serial());
        crl.revoked[0]
            .extensions
            .push(extension(REASON_CODE, false, tlv(ENUMERATED, &[1])));
    });
    layer
        .response(
            "revocation-with-reason",
            "Revoked",
            "the entry has a reason code, which Table B.10 forbids",
            licence(),
        )
        .crls([reason])
        .fails(["revocation"]);
}

fn good(layer: &mut Layer) {
    let licence = || Licence::new().response();
    layer
        .response("revocation-good", "Good", "an empty list", licence())
        .crls([list(|_| {})])
        .policy(PolicyName::Strict)
        .require_revocation();
    let others = list(|crl| *crl = crl.clone().revoke(&[0x41, 0x02]));
    layer
        .response(
            "revocation-others-revoked",
            "Good",
            "a list that names other certificates",
            licence(),
        )
        .crls([others])
        .require_revocation();
    let mut prefix = ds_serial();
    prefix.pop();
    layer
        .response(
            "revocation-similar-serial",
            "Good",
            "a list that names the beginning of the serial number",
            licence(),
        )
        .crls([list(move |crl| *crl = crl.clone().revoke(&prefix))])
        .require_revocation();
    let foreign = Authority::impostor();
    let forged = foreign.crl().revoke(&ds_serial()).sign(&foreign.key);
    layer
        .response(
            "revocation-forged-list-beside-good",
            "Good",
            "somebody else's list names the document signer, the IACA's does not",
            licence(),
        )
        .crls([forged, list(|_| {})])
        .require_revocation();
    layer.response(
        "revocation-not-checked",
        "NotChecked",
        "no list, and none is required",
        licence(),
    );
    layer
        .response(
            "revocation-required",
            "NotChecked",
            "no list, though one is required",
            licence(),
        )
        .require_revocation()
        .fails(["revocation"]);
    for (id, comment, crl) in [
        (
            "revocation-no-number",
            "no cRLNumber",
            list(|crl| {
                crl.extensions
                    .retain(|extension| extension.oid != CRL_NUMBER)
            }),
        ),
        (
            "revocation-further-extension",
            "an extension beyond the two of the profile",
            list(|crl| {
                crl.extensions
                    .push(extension("1.3.6.1.4.1.32473.99", false, vec![5, 0]));
            }),
        ),
        (
            "revocation-entry-extension",
            "an entry of another certificate has a reason code",
            list(|crl| {
                *crl = crl.clone().revoke(&[0x41, 0x02]);
                crl.revoked[0].extensions.push(extension(
                    REASON_CODE,
                    false,
                    tlv(ENUMERATED, &[1]),
                ));
            }),
        ),
    ] {
        layer
            .response(id, "Deviation", comment, licence())
            .crls([crl])
            .require_revocation()
            .warns(["revocation"]);
    }
}

/// Each of these lists is no evidence: without a requirement the document is valid, with it it is not.
fn undetermined(layer: &mut Layer) {
    let other = Authority {
        name: Name::new("US", "US-CA", "Another IACA"),
        ..Authority::impostor()
    };
    let impostor = Authority::impostor();
    let mut cases = vec![
        (
            "revocation-of-other-issuer",
            "a list of another authority",
            other.crl().sign(&other.key),
        ),
        (
            "revocation-by-impostor",
            "a list that somebody else signed in the IACA's name",
            impostor.crl().sign(&impostor.key),
        ),
        ("revocation-noise", "not a CRL", vec![0x2a; 40]),
        (
            "revocation-expired",
            "nextUpdate has passed",
            list(|crl| crl.next_update = Some(time("2026-06-15T11:59:59Z"))),
        ),
        (
            "revocation-not-yet",
            "thisUpdate lies ahead",
            list(|crl| crl.this_update = time("2026-06-15T12:00:01Z")),
        ),
        (
            "revocation-no-next-update",
            "no nextUpdate",
            list(|crl| crl.next_update = None),
        ),
        (
            "revocation-delta",
            "a delta CRL",
            list(|crl| {
                crl.extensions
                    .push(extension(DELTA_CRL_INDICATOR, true, tlv(INTEGER, &[6])))
            }),
        ),
        (
            "revocation-partial",
            "a list for part of the certificates",
            list(|crl| {
                crl.extensions.push(extension(
                    ISSUING_DISTRIBUTION_POINT,
                    true,
                    sequence(&[&[0x82, 1, 0xff]]),
                ))
            }),
        ),
        (
            "revocation-delta-not-critical",
            "a delta CRL that is not marked critical",
            list(|crl| {
                crl.extensions
                    .push(extension(DELTA_CRL_INDICATOR, false, tlv(INTEGER, &[6])))
            }),
        ),
        (
            "revocation-partial-not-critical",
            "a list for part of the certificates that is not marked critical",
            list(|crl| {
                crl.extensions.push(extension(
                    ISSUING_DISTRIBUTION_POINT,
                    false,
                    sequence(&[&[0x82, 1, 0xff]]),
                ))
            }),
        ),
        (
            "revocation-other-name-same-key",
            "a list of another authority, which the IACA's key signed",
            list(|crl| crl.issuer = Name::new("US", "US-CA", "Another IACA")),
        ),
        (
            "revocation-critical-unknown",
            "a critical extension that nobody knows",
            list(|crl| {
                crl.extensions
                    .push(extension("1.3.6.1.4.1.32473.99", true, vec![5, 0]))
            }),
        ),
        (
            "revocation-algorithms-differ",
            "inner and outer signature algorithm differ",
            list(|crl| crl.inner_algorithm = ecdsa_with(Curve::P384)),
        ),
        (
            "revocation-critical-in-entry",
            "an entry with a critical extension that nobody knows",
            list(|crl| {
                *crl = crl.clone().revoke(&[0x41, 0x02]);
                crl.revoked[0]
                    .extensions
                    .push(extension("1.3.6.1.4.1.32473.99", true, vec![5, 0]));
            }),
        ),
        (
            "revocation-removed",
            "an entry that takes another one back",
            list(|crl| {
                *crl = crl.clone().revoke(&ds_serial());
                crl.revoked[0].extensions.push(extension(
                    REASON_CODE,
                    false,
                    tlv(ENUMERATED, &[8]),
                ));
            }),
        ),
    ];
    let mut altered = list(|_| {});
    let last = altered.len() - 1;
    altered[last] ^= 1;
    cases.push((
        "revocation-signature-altered",
        "the last bit of the list's signature is flipped",
        altered,
    ));
    for (id, comment, crl) in cases {
        layer
            .response(id, "Undetermined", comment, Licence::new().response())
            .crls([crl.clone()]);
        layer
            .response(
                &format!("{id}-required"),
                "Undetermined",
                comment,
                Licence::new().response(),
            )
            .crls([crl])
            .require_revocation()
            .fails(["revocation"]);
    }
    let iaca = Authority::utopia();
    let mut root: Certificate = iaca.certificate();
    root.set_extension(KEY_USAGE, true, CERT_SIGN);
    layer
        .response(
            "revocation-iaca-may-not-sign-crls",
            "Undetermined",
            "the IACA's key may not sign CRLs",
            Licence::new().response(),
        )
        .iaca([root.sign(&iaca.key)])
        .crls([listing()])
        .require_revocation()
        .warns(["iaca-profile"])
        .fails(["revocation"]);
}
