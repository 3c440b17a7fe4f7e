//! The rows that all profile tables have, checked against the values of one table.
//!
//! A profile states its values and its own rule for each row; what only that profile has stays in its own file.

use time::Duration;

use super::every_extension::{has_criticality_rule, hex, is_prohibited, name};
use super::public_key::curve;
use super::rule::{Report, Rule, SHALL, rules};
use super::subject_name::has;
use crate::certificate::{CertificateView, Extensions, Oid, oid};

rules! {
    UNLISTED_CRITICAL: "unlisted-critical-extension", Error, "B.1.1",
        "extensions that the profile does not list are non-critical",
        "readers have to reject a certificate with a critical extension that they do not know";
    UNLISTED: "unlisted-extension", Info, "B.1.1", "extensions that the profile does not list are non-critical",
        "allowed, and ignored by readers";
    SKI_VALUE: "subject-key-identifier-value", Error, "B.1, every table",
        "subjectKeyIdentifier is the SHA-1 of the subjectPublicKey bits", SHALL;
}

/// Values of one profile table, each with the rule that a deviation breaks.
pub(super) struct Table {
    /// Attributes that the subject must have.
    pub(super) subject_has: &'static [(Oid<'static>, &'static Rule)],
    /// The only attributes that the subject may have.
    pub(super) subject_may_have: Option<(&'static [Oid<'static>], &'static Rule)>,
    /// Longest lifetime, where it is a number of days.
    pub(super) validity: Option<(i64, &'static Rule)>,
    /// Curves of the subject key.
    pub(super) curves: (&'static [Oid<'static>], &'static Rule),
    /// Extensions that must be there and have no other row.
    pub(super) present: &'static [(Oid<'static>, &'static Rule)],
    /// The exact key usage.
    pub(super) key_usage: KeyUsageRow,
    /// Key purposes; `None` where the profile has a rule of its own.
    pub(super) key_purpose: Option<KeyPurposeRow>,
    /// Whether the subject is an authority.
    pub(super) authority: AuthorityRow,
    /// Every extension that the table lists.
    pub(super) listed: &'static [Oid<'static>],
}

pub(super) struct KeyUsageRow {
    /// Bits as in [`KeyUsage`](crate::certificate::KeyUsage).
    pub(super) bits: u16,
    /// These bits, no others.
    pub(super) exact: &'static Rule,
    pub(super) critical: &'static Rule,
}

/// Basic constraints.
pub(super) enum AuthorityRow {
    /// No authority: no basicConstraints, or cA FALSE.
    None(&'static Rule),
    /// An authority below which there is none. That basicConstraints is present is another row.
    PathLengthZero {
        authority: &'static Rule,
        path_length: &'static Rule,
        critical: &'static Rule,
        /// No extKeyUsage.
        no_key_purpose: &'static Rule,
    },
}

pub(super) struct KeyPurposeRow {
    pub(super) purpose: Oid<'static>,
    /// The purpose that the second edition advises in addition, and the rule that tells of it.
    pub(super) advised: Option<(Oid<'static>, &'static Rule)>,
    /// The purpose is listed.
    pub(super) present: &'static Rule,
    pub(super) critical: &'static Rule,
    /// Nothing else is listed.
    pub(super) nothing_else: &'static Rule,
}

impl Table {
    pub(super) fn check(&self, certificate: &CertificateView<'_>, report: &mut Report) {
        let extensions = certificate.extensions();
        self.subject(certificate, report);
        if let Some((days, rule)) = self.validity {
            lifetime(certificate, days, rule, report);
        }
        let (curves, rule) = self.curves;
        let key = certificate.public_key_info();
        if let Some(curve) = curve(key) {
            report.require(curves.contains(&curve), rule, || match curve.name() {
                Some(name) => format!("key is {name}"),
                None => format!("key is of algorithm or curve {curve}"),
            });
        }
        for (extension, rule) in self.present {
            report.require(extensions.get(*extension).is_some(), rule, || {
                format!("no {}", name(*extension))
            });
        }
        if let Ok(Some(found)) = extensions.subject_key_identifier() {
            let expected = key.key_identifier();
            report.require(found == expected, &SKI_VALUE, || {
                format!("{}, the key has {}", hex(found), hex(&expected))
            });
        }
        self.key_usage.check(extensions, report);
        if let Some(row) = &self.key_purpose {
            row.check(extensions, report);
        }
        self.authority.check(extensions, report);
        self.unlisted(extensions, report);
    }

    fn subject(&self, certificate: &CertificateView<'_>, report: &mut Report) {
        let subject = certificate.subject();
        for (attribute, rule) in self.subject_has {
            report.require(has(subject, *attribute), rule, || {
                format!(
                    "subject has no {}: {subject}",
                    attribute.name().unwrap_or("attribute")
                )
            });
        }
        if let Some((allowed, rule)) = self.subject_may_have {
            let others: Vec<String> = subject
                .attributes()
                .filter(|attribute| !allowed.contains(&attribute.oid))
                .map(|attribute| attribute.to_string())
                .collect();
            report.require(others.is_empty(), rule, || others.join(", "));
        }
    }

    fn unlisted(&self, extensions: &Extensions<'_>, report: &mut Report) {
        for extension in extensions.iter() {
            if self.listed.contains(&extension.oid)
                || is_prohibited(extension.oid)
                || (extension.critical && has_criticality_rule(extension.oid))
            {
                continue;
            }
            let rule = if extension.critical {
                &UNLISTED_CRITICAL
            } else {
                &UNLISTED
            };
            report.add(rule, name(extension.oid));
        }
    }
}

impl KeyUsageRow {
    fn check(&self, extensions: &Extensions<'_>, report: &mut Report) {
        let Some(extension) = extensions.get(oid::KEY_USAGE) else {
            return report.add(self.exact, "no keyUsage");
        };
        // A value that cannot be read is a finding of its own.
        if let Ok(Some(usage)) = extensions.key_usage() {
            report.require(usage.bits() == self.bits, self.exact, || usage.to_string());
        }
        report.require(extension.critical, self.critical, || {
            "keyUsage is non-critical".into()
        });
    }
}

impl AuthorityRow {
    fn check(&self, extensions: &Extensions<'_>, report: &mut Report) {
        let constraints = extensions.basic_constraints().ok().flatten();
        match self {
            Self::None(rule) => {
                let ca = constraints.is_some_and(|constraints| constraints.ca);
                report.require(!ca, rule, || "cA is TRUE".into());
            }
            Self::PathLengthZero {
                authority,
                path_length,
                critical,
                no_key_purpose,
            } => {
                if let Some(constraints) = constraints {
                    report.require(constraints.ca, authority, || "cA is FALSE".into());
                    let length = constraints.path_length;
                    report.require(length == Some(0), path_length, || match length {
                        Some(length) => format!("pathLenConstraint is {length}"),
                        None => "no pathLenConstraint".into(),
                    });
                }
                let non_critical = extensions
                    .get(oid::BASIC_CONSTRAINTS)
                    .is_some_and(|found| !found.critical);
                report.require(!non_critical, critical, || {
                    "basicConstraints is non-critical".into()
                });
                let purpose = extensions.get(oid::EXTENDED_KEY_USAGE).is_some();
                report.require(!purpose, no_key_purpose, || "extKeyUsage is present".into());
            }
        }
    }
}

impl KeyPurposeRow {
    fn check(&self, extensions: &Extensions<'_>, report: &mut Report) {
        let Some(extension) = extensions.get(oid::EXTENDED_KEY_USAGE) else {
            return report.add(self.present, "no extKeyUsage");
        };
        report.require(extension.critical, self.critical, || {
            "extKeyUsage is non-critical".into()
        });
        let Ok(Some(purposes)) = extensions.extended_key_usage() else {
            return;
        };
        report.require(purposes.contains(self.purpose), self.present, || {
            let listed: Vec<String> = purposes.purposes().map(name).collect();
            if listed.is_empty() {
                "no key purpose".into()
            } else {
                listed.join(", ")
            }
        });
        for purpose in purposes
            .purposes()
            .filter(|purpose| *purpose != self.purpose)
        {
            match self.advised {
                Some((advised, rule)) if purpose == advised => report.add(rule, name(purpose)),
                _ => report.add(self.nothing_else, name(purpose)),
            }
        }
    }
}

/// `notAfter − notBefore` is at most so many times 86,400 seconds.
pub(super) fn lifetime(
    certificate: &CertificateView<'_>,
    days: i64,
    rule: &'static Rule,
    report: &mut Report,
) {
    let duration = certificate.validity().duration();
    report.require(duration <= Duration::days(days), rule, || {
        let rest = duration - Duration::days(duration.whole_days());
        if rest.is_zero() {
            format!("valid for {} days", duration.whole_days())
        } else {
            format!(
                "valid for {} days and {} s",
                duration.whole_days(),
                rest.whole_seconds()
            )
        }
    });
}
