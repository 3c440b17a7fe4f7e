//! Checks that look at the leaf alone.

use mdl_crypto::PublicKey;

use super::check::{Finding, NOT_APPLICABLE, PASS, fail, warning};
use super::{Reason, Role};
use crate::certificate::{CertificateView, DerError, ExtendedKeyUsage, Extensions, Oid, oid};

/// An extension that Annex B prohibits in every certificate, critical or not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ProhibitedExtension {
    /// policyMappings (2.5.29.33).
    PolicyMappings,
    /// nameConstraints (2.5.29.30).
    NameConstraints,
    /// policyConstraints (2.5.29.36).
    PolicyConstraints,
    /// inhibitAnyPolicy (2.5.29.54).
    InhibitAnyPolicy,
    /// freshestCRL (2.5.29.46).
    FreshestCrl,
}

impl ProhibitedExtension {
    const ALL: [(Self, Oid<'static>); 5] = [
        (Self::PolicyMappings, oid::POLICY_MAPPINGS),
        (Self::NameConstraints, oid::NAME_CONSTRAINTS),
        (Self::PolicyConstraints, oid::POLICY_CONSTRAINTS),
        (Self::InhibitAnyPolicy, oid::INHIBIT_ANY_POLICY),
        (Self::FreshestCrl, oid::FRESHEST_CRL),
    ];

    /// The name the standard uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PolicyMappings => "policyMappings",
            Self::NameConstraints => "nameConstraints",
            Self::PolicyConstraints => "policyConstraints",
            Self::InhibitAnyPolicy => "inhibitAnyPolicy",
            Self::FreshestCrl => "freshestCRL",
        }
    }

    pub(super) fn of(oid: Oid<'_>) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(_, prohibited)| *prohibited == oid)
            .map(|(extension, _)| extension)
    }

    pub(crate) fn first_of(extensions: &Extensions<'_>) -> Option<Self> {
        extensions
            .iter()
            .find_map(|extension| Self::of(extension.oid))
    }
}

/// Extensions whose meaning is taken into account somewhere. Certificate policies are among them because, with
/// policy constraints prohibited, every policy is acceptable.
const KNOWN: [Oid<'static>; 10] = [
    oid::SUBJECT_KEY_IDENTIFIER,
    oid::KEY_USAGE,
    oid::SUBJECT_ALT_NAME,
    oid::ISSUER_ALT_NAME,
    oid::BASIC_CONSTRAINTS,
    oid::CRL_DISTRIBUTION_POINTS,
    oid::CERTIFICATE_POLICIES,
    oid::AUTHORITY_KEY_IDENTIFIER,
    oid::EXTENDED_KEY_USAGE,
    oid::AUTHORITY_INFO_ACCESS,
];

/// The first critical extension that is neither known nor, being prohibited, reported elsewhere.
pub(crate) fn first_unknown_critical<'a>(extensions: &Extensions<'a>) -> Option<Oid<'a>> {
    extensions
        .iter()
        .find(|extension| {
            extension.critical
                && !KNOWN.contains(&extension.oid)
                && extension.oid != oid::OCSP_NOCHECK
                && ProhibitedExtension::of(extension.oid).is_none()
        })
        .map(|extension| extension.oid)
}

pub(crate) fn algorithm(leaf: &CertificateView<'_>) -> Finding {
    let outer = leaf.outer_algorithm();
    if !leaf.algorithms_agree() {
        fail(Reason::AlgorithmsDiffer)
    } else if outer.ecdsa_hash().is_none() {
        fail(Reason::SignatureAlgorithm(outer.oid().to_string()))
    } else if outer.parameters().is_some() {
        warning(Reason::AlgorithmParameters)
    } else {
        PASS
    }
}

pub(crate) fn public_key(leaf: &CertificateView<'_>, role: Role) -> (Option<PublicKey>, Finding) {
    match leaf.public_key_info().public_key() {
        Ok(key) if key.curve().is_edwards() && !role.allows_edwards() => {
            (None, fail(Reason::Curve(key.curve().name())))
        }
        Ok(key) => (Some(key), PASS),
        Err(error) => (None, fail(Reason::PublicKey(error))),
    }
}

pub(crate) fn key_usage(extensions: &Extensions<'_>, role: Role) -> Finding {
    const NAME: &str = "keyUsage";
    let (bit, bit_name) = role.key_usage();
    match extensions.key_usage() {
        Err(error) => fail(Reason::MalformedExtension(NAME, error)),
        Ok(None) => fail(Reason::Absent(NAME)),
        Ok(Some(usage)) if !usage.contains(bit) => fail(Reason::KeyUsage(bit_name)),
        Ok(Some(usage)) if usage.bits() != bit => warning(Reason::FurtherKeyUsage),
        Ok(Some(_)) => critical(extensions, oid::KEY_USAGE, NAME),
    }
}

pub(crate) fn extended_key_usage(extensions: &Extensions<'_>, role: Role) -> Finding {
    const NAME: &str = "extKeyUsage";
    let usage = match extensions.extended_key_usage() {
        Err(error) => return fail(Reason::MalformedExtension(NAME, error)),
        Ok(usage) => usage,
    };
    let Some(purpose) = role.key_purpose() else {
        return usage.map_or(NOT_APPLICABLE, status_signing);
    };
    let Some(usage) = usage else {
        return fail(Reason::Absent(NAME));
    };
    if !usage.contains(purpose.required) {
        return fail(Reason::KeyPurpose(purpose.name));
    }
    let further = usage
        .purposes()
        .find(|listed| *listed != purpose.required && !purpose.also.contains(listed));
    match further {
        Some(further) => warning(Reason::FurtherKeyPurpose(further.to_string())),
        None => critical(extensions, oid::EXTENDED_KEY_USAGE, NAME),
    }
}

/// The purpose for status signing has no number yet, so any that is not for something else will do. Without the
/// extension a certificate may be used for everything (RFC 5280, 4.2.1.12).
fn status_signing(usage: ExtendedKeyUsage<'_>) -> Finding {
    const FOREIGN: [Oid<'static>; 9] = [
        oid::MDL_DS,
        oid::MDL_READER_AUTH,
        oid::MDL_VICAL,
        oid::MDOC_DS,
        oid::MDOC_READER_AUTH,
        oid::MDOC_VICAL,
        oid::OCSP_SIGNING,
        oid::SERVER_AUTH,
        oid::CLIENT_AUTH,
    ];
    if usage.purposes().all(|listed| FOREIGN.contains(&listed)) {
        fail(Reason::KeyPurpose("status signing"))
    } else {
        PASS
    }
}

fn critical(extensions: &Extensions<'_>, oid: Oid<'_>, name: &'static str) -> Finding {
    if extensions
        .get(oid)
        .is_some_and(|extension| extension.critical)
    {
        PASS
    } else {
        warning(Reason::NotCritical(name))
    }
}

pub(crate) fn critical_extensions(extensions: &Extensions<'_>) -> Finding {
    if let Some(unknown) = first_unknown_critical(extensions) {
        return fail(Reason::UnknownCriticalExtension(unknown.to_string()));
    }
    match unreadable(extensions) {
        Some((name, error)) => fail(Reason::MalformedExtension(name, error)),
        None => PASS,
    }
}

/// The first known extension that cannot be read, apart from those that have a check of their own.
fn unreadable(extensions: &Extensions<'_>) -> Option<(&'static str, DerError)> {
    extensions.iter().find_map(|extension| {
        let (name, error) = match extension.oid {
            oid::SUBJECT_KEY_IDENTIFIER => (
                "subjectKeyIdentifier",
                extensions.subject_key_identifier().err(),
            ),
            oid::AUTHORITY_KEY_IDENTIFIER => (
                "authorityKeyIdentifier",
                extensions.authority_key_identifier().err(),
            ),
            oid::ISSUER_ALT_NAME => ("issuerAltName", extensions.issuer_alt_name().err()),
            oid::SUBJECT_ALT_NAME => ("subjectAltName", extensions.subject_alt_name().err()),
            oid::CRL_DISTRIBUTION_POINTS => (
                "cRLDistributionPoints",
                extensions.crl_distribution_points().err(),
            ),
            oid::AUTHORITY_INFO_ACCESS => (
                "authorityInfoAccess",
                extensions.authority_info_access().err(),
            ),
            oid::OCSP_NOCHECK => ("id-pkix-ocsp-nocheck", extensions.has_ocsp_nocheck().err()),
            _ => return None,
        };
        error.map(|error| (name, error))
    })
}

pub(crate) fn not_ca(extensions: &Extensions<'_>) -> Finding {
    match extensions.basic_constraints() {
        Err(error) => fail(Reason::MalformedExtension("basicConstraints", error)),
        Ok(Some(constraints)) if constraints.ca => fail(Reason::IsCa),
        Ok(_) => PASS,
    }
}

pub(crate) fn prohibited_extensions(extensions: &Extensions<'_>) -> Finding {
    match ProhibitedExtension::first_of(extensions) {
        Some(prohibited) => fail(Reason::Prohibited(prohibited)),
        None => PASS,
    }
}
