//! What holds for extensions wherever they occur: criticality, shape, what is prohibited.

use super::rule::{Report, SHALL, rules};
use crate::certificate::{
    DerError, DistributionPointName, Extensions, GeneralName, GeneralNames, Oid, oid,
};

const PROFILES: &str = "B.1, every table";

rules! {
    PROHIBITED: "prohibited-extension", Error, "B.1.1",
        "policyMappings, nameConstraints, policyConstraints, inhibitAnyPolicy and freshestCRL are absent",
        "the annex forbids them even when non-critical";
    VALUE: "extension-value", Error, "B.3.1", "the value of a known extension can be read",
        "readers have to reject the certificate";
    SKI_CRITICAL: "subject-key-identifier-non-critical", Error, PROFILES, "subjectKeyIdentifier is non-critical", SHALL;
    AKI_CRITICAL: "authority-key-identifier-non-critical", Error, PROFILES, "authorityKeyIdentifier is non-critical", SHALL;
    IAN_CRITICAL: "issuer-alt-name-non-critical", Error, PROFILES, "issuerAltName is non-critical", SHALL;
    SAN_CRITICAL: "subject-alt-name-non-critical", Error, PROFILES, "subjectAltName is non-critical", SHALL;
    CRL_DP_CRITICAL: "crl-dp-non-critical", Error, PROFILES, "cRLDistributionPoints is non-critical", SHALL;
    AIA_CRITICAL: "authority-info-access-non-critical", Error, PROFILES, "authorityInfoAccess is non-critical", SHALL;
    NOCHECK_CRITICAL: "ocsp-nocheck-non-critical", Error, "Table B.8", "id-pkix-ocsp-nocheck is non-critical", SHALL;
    KEY_USAGE_ENCODING: "key-usage-encoding", Error, "X.690, 11.2.2",
        "the keyUsage BIT STRING has no trailing zero bits",
        "the profile compares bits, but strict DER readers reject the longer form that some services write";
    AKI_KEY_IDENTIFIER: "authority-key-identifier-value", Error, PROFILES,
        "authorityKeyIdentifier holds a key identifier", SHALL;
    IAN_CONTACT: "issuer-alt-name-contact", Error, PROFILES,
        "issuerAltName holds an e-mail address or a URI", SHALL;
    GENERAL_NAME_ASCII: "general-name-ascii", Error, "RFC 5280, 4.2.1.6",
        "e-mail addresses, host names and URIs are not empty and ASCII", "the string type has no other characters";
    CRL_DP_URI: "crl-dp-uri", Error, PROFILES, "a distribution point names the CRL by URI in fullName",
        "without it readers cannot fetch the CRL; known from the standard's own examples, which have a host name here";
    CRL_DP_HTTP: "crl-dp-http", Warning, "B.3.2", "the URI of a CRL is http or https",
        "the standard names no scheme, readers fetch no other";
    CRL_DP_OTHER_NAME: "crl-dp-other-name", Warning, PROFILES,
        "distribution points hold URIs only",
        "harmless next to a URI; the AAMVA VICAL signer has a directory name as well";
    CRL_DP_RELATIVE: "crl-dp-relative-name", Error, PROFILES, "nameRelativeToCRLIssuer is not used", SHALL;
    CRL_DP_REASONS: "crl-dp-reasons", Error, PROFILES, "reasons is absent", SHALL;
    CRL_DP_ISSUER: "crl-dp-crl-issuer", Error, PROFILES, "cRLIssuer is absent: no indirect CRL", SHALL;
    AIA_OCSP: "authority-info-access-ocsp-uri", Error, PROFILES, "an OCSP responder is named by URI",
        "readers cannot ask it otherwise";
}

/// Extensions that no certificate of the annex may have.
const PROHIBITED_EXTENSIONS: &[Oid<'static>] = &[
    oid::POLICY_MAPPINGS,
    oid::NAME_CONSTRAINTS,
    oid::POLICY_CONSTRAINTS,
    oid::INHIBIT_ANY_POLICY,
    oid::FRESHEST_CRL,
];

const NON_CRITICAL: &[(Oid<'static>, &super::Rule)] = &[
    (oid::SUBJECT_KEY_IDENTIFIER, &SKI_CRITICAL),
    (oid::AUTHORITY_KEY_IDENTIFIER, &AKI_CRITICAL),
    (oid::ISSUER_ALT_NAME, &IAN_CRITICAL),
    (oid::SUBJECT_ALT_NAME, &SAN_CRITICAL),
    (oid::CRL_DISTRIBUTION_POINTS, &CRL_DP_CRITICAL),
    (oid::AUTHORITY_INFO_ACCESS, &AIA_CRITICAL),
    (oid::OCSP_NOCHECK, &NOCHECK_CRITICAL),
];

pub(super) fn is_prohibited(extension: Oid<'_>) -> bool {
    PROHIBITED_EXTENSIONS.contains(&extension)
}

/// Whether some rule of this module already says whether the extension may be critical.
pub(super) fn has_criticality_rule(extension: Oid<'_>) -> bool {
    NON_CRITICAL.iter().any(|(oid, _)| *oid == extension)
}

pub(super) fn check(extensions: &Extensions<'_>, report: &mut Report) {
    for extension in extensions.iter() {
        report.require(!is_prohibited(extension.oid), &PROHIBITED, || {
            name(extension.oid)
        });
        if extension.critical
            && let Some((oid, rule)) = NON_CRITICAL.iter().find(|(oid, _)| *oid == extension.oid)
        {
            report.add(rule, format!("{} is critical", name(*oid)));
        }
    }
    if let Some(usage) = readable(oid::KEY_USAGE, extensions.key_usage(), report) {
        report.require(usage.is_minimal(), &KEY_USAGE_ENCODING, || {
            let value = extensions
                .get(oid::KEY_USAGE)
                .map_or(&[][..], |usage| usage.value);
            format!("{usage} written as {}", hex(value))
        });
    }
    readable(
        oid::BASIC_CONSTRAINTS,
        extensions.basic_constraints(),
        report,
    );
    readable(
        oid::EXTENDED_KEY_USAGE,
        extensions.extended_key_usage(),
        report,
    );
    readable(
        oid::SUBJECT_KEY_IDENTIFIER,
        extensions.subject_key_identifier(),
        report,
    );
    readable(
        oid::OCSP_NOCHECK,
        extensions.has_ocsp_nocheck().map(Some),
        report,
    );
    readable(oid::CRL_NUMBER, extensions.crl_number(), report);
    let authority = extensions.authority_key_identifier();
    if let Some(authority) = readable(oid::AUTHORITY_KEY_IDENTIFIER, authority, report) {
        let given = authority
            .key_identifier
            .is_some_and(|identifier| !identifier.is_empty());
        report.require(given, &AKI_KEY_IDENTIFIER, || "no key identifier".into());
    }
    if let Some(names) = readable(oid::ISSUER_ALT_NAME, extensions.issuer_alt_name(), report) {
        let contact = names
            .iter()
            .any(|name| matches!(name, GeneralName::Rfc822Name(_) | GeneralName::Uri(_)));
        report.require(contact, &IAN_CONTACT, || listed(names));
        ascii("issuerAltName", names, report);
    }
    if let Some(names) = readable(oid::SUBJECT_ALT_NAME, extensions.subject_alt_name(), report) {
        ascii("subjectAltName", names, report);
    }
    distribution_points(extensions, report);
    let access = extensions.authority_info_access();
    for access in readable(oid::AUTHORITY_INFO_ACCESS, access, report)
        .into_iter()
        .flatten()
    {
        let fetchable =
            access.method != oid::ACCESS_OCSP || matches!(access.location, GeneralName::Uri(_));
        report.require(fetchable, &AIA_OCSP, || access.location.to_string());
    }
}

fn distribution_points(extensions: &Extensions<'_>, report: &mut Report) {
    let points = extensions.crl_distribution_points();
    let Some(points) = readable(oid::CRL_DISTRIBUTION_POINTS, points, report) else {
        return;
    };
    let mut uris = 0;
    let mut others = Vec::new();
    for point in &points {
        report.require(!point.has_reasons, &CRL_DP_REASONS, || {
            "reasons is present".into()
        });
        report.require(!point.has_crl_issuer, &CRL_DP_ISSUER, || {
            "cRLIssuer is present".into()
        });
        match point.name {
            Some(DistributionPointName::FullName(names)) => {
                ascii("cRLDistributionPoints", names, report);
                for name in names.iter() {
                    if let GeneralName::Uri(uri) = name {
                        uris += 1;
                        report.require(is_http(uri), &CRL_DP_HTTP, || name.to_string());
                    } else {
                        others.push(name.to_string());
                    }
                }
            }
            Some(DistributionPointName::RelativeToCrlIssuer(_)) => {
                report.add(&CRL_DP_RELATIVE, "name relative to the CRL issuer");
                // Said once: that there is no URI follows from it.
                uris += 1;
            }
            None => {}
        }
    }
    let others = others.join(", ");
    if uris == 0 {
        let found = if others.is_empty() {
            "no name".into()
        } else {
            others
        };
        report.add(&CRL_DP_URI, found);
    } else if !others.is_empty() {
        report.add(&CRL_DP_OTHER_NAME, others);
    }
}

fn is_http(uri: &str) -> bool {
    let scheme = uri.split_once("://").map(|(scheme, _)| scheme);
    // An empty or non-ASCII URI is another rule's finding.
    uri.is_empty()
        || scheme.is_some_and(|scheme| {
            scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
        })
}

fn ascii(place: &str, names: GeneralNames<'_>, report: &mut Report) {
    for name in names.iter() {
        if let GeneralName::Rfc822Name(text) | GeneralName::DnsName(text) | GeneralName::Uri(text) =
            name
        {
            let proper = !text.is_empty()
                && text
                    .bytes()
                    .all(|octet| octet.is_ascii_graphic() || octet == b' ');
            report.require(proper, &GENERAL_NAME_ASCII, || format!("{place}: {name}"));
        }
    }
}

/// The value, or a finding that says that it cannot be read.
fn readable<T>(
    extension: Oid<'_>,
    value: Result<Option<T>, DerError>,
    report: &mut Report,
) -> Option<T> {
    value.unwrap_or_else(|error| {
        report.add(&VALUE, format!("{}: {error}", name(extension)));
        None
    })
}

/// Name and identifier of an extension.
pub(super) fn name(extension: Oid<'_>) -> String {
    match extension.name() {
        Some(name) => format!("{name} ({extension})"),
        None => extension.to_string(),
    }
}

fn listed(names: GeneralNames<'_>) -> String {
    let names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
    if names.is_empty() {
        "no name".into()
    } else {
        names.join(", ")
    }
}

pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
