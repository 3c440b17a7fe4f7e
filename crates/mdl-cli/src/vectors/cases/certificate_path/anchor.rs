//! The trust anchor itself, and the length of the path.

use mdl_crypto::Curve;

use super::super::super::forge::{
    Authority, BASIC_CONSTRAINTS, CERT_AND_CRL_SIGN, CERT_SIGN, CRL_DISTRIBUTION_POINTS, CRL_SIGN,
    Certificate, EXTENDED_KEY_USAGE, ISSUER_ALT_NAME, KEY_USAGE, Licence, MDL, MDL_DS,
    NAME_CONSTRAINTS, Name, SUBJECT_KEY_IDENTIFIER, ca, key, purposes, sequence,
};
use super::super::Layer;
use super::root;

const UNKNOWN: &str = "1.3.6.1.4.1.32473.99";

pub(super) fn add(layer: &mut Layer) {
    lengths(layer);
    profile(layer);
    scope(layer);
}

fn lengths(layer: &mut Layer) {
    let iaca = Authority::utopia();
    let intermediate = Authority {
        name: Name::new("US", "US-UT", "Utopia intermediate"),
        key: key("intermediate", Curve::P256),
    };
    let mut certificate = Certificate::iaca(&intermediate.name, intermediate.key.public_key());
    certificate.issuer = iaca.name.clone();
    let mut licence = Licence::signed_by(key("document signer", Curve::P256), &intermediate);
    licence.x5chain.push(certificate.sign(&iaca.key));
    layer
        .response(
            "path-intermediate",
            "PathLength",
            "an intermediate authority between IACA and document signer",
            licence.response(),
        )
        .warns(["x5chain"])
        .fails(["path-length"]);
    let licence = Licence::signed_by(key("document signer", Curve::P256), &intermediate);
    layer
        .response(
            "path-intermediate-not-sent",
            "Untrusted",
            "likewise, but the intermediate certificate is not sent",
            licence.response(),
        )
        .fails(["trust-anchor"]);
    let root_signs = Licence::new().with(|licence| {
        licence.signer = Authority::utopia().key;
        licence.x5chain = vec![Authority::utopia().root()];
    });
    layer
        .response(
            "path-iaca-signs",
            "PathLength",
            "the IACA's own key signed the MSO",
            root_signs.response(),
        )
        .warns(["trust-anchor", "ds-validity"])
        .fails([
            "ds-key-usage",
            "ds-extended-key-usage",
            "path-length",
            "ds-not-ca",
        ]);
}

fn profile(layer: &mut Layer) {
    let licence = || Licence::new().response();
    for (id, comment, root) in [
        (
            "path-anchor-no-authority",
            "the trust anchor is no certificate authority",
            root(|certificate| certificate.set_extension(BASIC_CONSTRAINTS, true, &sequence(&[]))),
        ),
        (
            "path-anchor-without-constraints",
            "the trust anchor has no basicConstraints",
            root(|certificate| certificate.remove_extension(BASIC_CONSTRAINTS)),
        ),
        (
            "path-anchor-may-not-sign",
            "the trust anchor's key may not sign certificates",
            root(|certificate| certificate.set_extension(KEY_USAGE, true, CRL_SIGN)),
        ),
        (
            "path-anchor-critical-unknown",
            "the trust anchor has a critical extension that nobody knows",
            root(|certificate| certificate.set_extension(UNKNOWN, true, &[5, 0])),
        ),
    ] {
        layer
            .response(id, "Anchor", comment, licence())
            .iaca([root])
            .fails(["iaca-profile"]);
    }
    for (id, comment, root) in [
        (
            "path-anchor-path-length-1",
            "the trust anchor allows an authority below it",
            root(|certificate| certificate.set_extension(BASIC_CONSTRAINTS, true, &ca(Some(1)))),
        ),
        (
            "path-anchor-no-path-length",
            "the trust anchor does not limit the path",
            root(|certificate| certificate.set_extension(BASIC_CONSTRAINTS, true, &ca(None))),
        ),
        (
            "path-anchor-constraints-not-critical",
            "basicConstraints of the trust anchor is not critical",
            root(|certificate| certificate.set_extension(BASIC_CONSTRAINTS, false, &ca(Some(0)))),
        ),
        (
            "path-anchor-may-not-sign-crls",
            "the trust anchor's key may not sign CRLs",
            root(|certificate| certificate.set_extension(KEY_USAGE, true, CERT_SIGN)),
        ),
        (
            "path-anchor-usage-not-critical",
            "the trust anchor's key usage is not critical",
            root(|certificate| certificate.set_extension(KEY_USAGE, false, CERT_AND_CRL_SIGN)),
        ),
        (
            "path-anchor-no-issuer-alt-name",
            "the trust anchor has no issuer alternative name",
            root(|certificate| certificate.remove_extension(ISSUER_ALT_NAME)),
        ),
        (
            "path-anchor-purpose",
            "the trust anchor has a key purpose",
            root(|certificate| {
                certificate.set_extension(EXTENDED_KEY_USAGE, true, &purposes(&[MDL_DS]))
            }),
        ),
        (
            "path-anchor-prohibited",
            "the trust anchor has nameConstraints",
            root(|certificate| certificate.set_extension(NAME_CONSTRAINTS, true, &sequence(&[]))),
        ),
    ] {
        layer
            .response(id, "Anchor", comment, licence())
            .iaca([root])
            .warns(["iaca-profile"]);
    }
    layer
        .response(
            "path-anchor-no-key-identifier",
            "Anchor",
            "the trust anchor has no subject key identifier",
            licence(),
        )
        .iaca([root(|certificate| {
            certificate.remove_extension(SUBJECT_KEY_IDENTIFIER)
        })])
        .warns(["trust-anchor", "iaca-profile"]);
    layer
        .response(
            "path-anchor-no-distribution-point",
            "Normal",
            "an IACA of the second edition, without CRL distribution point",
            licence(),
        )
        .iaca([root(|certificate| {
            certificate.remove_extension(CRL_DISTRIBUTION_POINTS)
        })]);
}

fn scope(layer: &mut Layer) {
    layer
        .response(
            "path-anchor-for-mdl",
            "Normal",
            "the trust anchor is trusted for mDLs",
            Licence::new().response(),
        )
        .scope([MDL, "org.example.membership"]);
    layer
        .response(
            "path-anchor-for-others",
            "Anchor",
            "the trust anchor is trusted for another document type only",
            Licence::new().response(),
        )
        .scope(["org.example.membership"])
        .fails(["anchor-doc-type"]);
    layer
        .response(
            "path-anchor-for-none",
            "Anchor",
            "the trust anchor is trusted for no document type",
            Licence::new().response(),
        )
        .scope([])
        .fails(["anchor-doc-type"]);
    layer
        .response(
            "path-anchor-for-region",
            "Normal",
            "the trust anchor is trusted for the country and state of the document signer",
            Licence::new().response(),
        )
        .region(Some("US"), Some("US-UT"));
    layer
        .response(
            "path-anchor-for-other-country",
            "Anchor",
            "the trust anchor is trusted for another country only",
            Licence::new().response(),
        )
        .region(Some("CA"), None)
        .fails(["anchor-region"]);
    layer
        .response(
            "path-anchor-for-other-state",
            "Anchor",
            "the trust anchor is trusted for another state of the country only",
            Licence::new().response(),
        )
        .region(Some("US"), Some("US-NV"))
        .fails(["anchor-region"]);
}
