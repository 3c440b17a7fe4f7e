//! When what the service uses ends: certificates and CRLs, as metrics and, once at each of a few days, as a line in the log.
//!
//! What is counted is what people have to act before: a document signer stops signing long before it expires. A certificate
//! that something of its kind outlives is no reason to act, a CRL always is.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ::metrics::gauge;
use mdl_iaca::certificate::{CertificateView, CrlView};
use time::{Duration, OffsetDateTime};

use crate::service::Service;
use crate::store::Hash;
use crate::tenant::Authority;

/// Days before the end of a certificate, and the code of the line at each.
const CERTIFICATE: &[(i64, &str)] = &[
    (0, "certificate-ended"),
    (1, "certificate-ends-1-day"),
    (7, "certificate-ends-7-days"),
    (14, "certificate-ends-14-days"),
    (30, "certificate-ends-30-days"),
    (45, "certificate-ends-45-days"),
];
/// Days before the next CRL is due. A list lives 30 days, and another is made when half of them are over.
const CRL: &[(i64, &str)] = &[
    (0, "crl-overdue"),
    (1, "crl-due-1-day"),
    (5, "crl-due-5-days"),
];

/// The end of something that a tenant uses.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct End {
    tenant: String,
    purpose: &'static str,
    /// The first digits of the SHA-256 of a certificate; of a CRL, the number of its root.
    name: String,
    at: OffsetDateTime,
}

/// What was told of what, in this process: the days of the last line.
#[derive(Debug, Default)]
pub(crate) struct Expiry(Mutex<HashMap<End, i64>>);

impl Expiry {
    /// Writes a line for everything that has come so near to its end since the last look.
    pub(crate) async fn tell(&self, service: &Service) {
        let now = service.clock.now();
        let ends = ends(service).await;
        for (end, days, code) in self.due(&ends, now) {
            let End {
                tenant,
                purpose,
                name,
                at,
            } = end;
            let left = (at - now).whole_days();
            if days <= 7 {
                tracing::error!(code, tenant, purpose, name, ends = %at, days_left = left);
            } else {
                tracing::warn!(code, tenant, purpose, name, ends = %at, days_left = left);
            }
        }
    }

    /// What is to be told now, and not again before it is nearer to its end.
    fn due(&self, ends: &[End], now: OffsetDateTime) -> Vec<(End, i64, &'static str)> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = Vec::new();
        let mut near = HashMap::new();
        for end in ends {
            let levels = match end.purpose {
                "crl" => CRL,
                _ => CERTIFICATE,
            };
            let reached = |(days, _): &&(i64, &str)| match days {
                0 => end.at < now,
                days => end.at - now <= Duration::days(*days),
            };
            let Some((days, code)) = levels.iter().find(reached) else {
                continue;
            };
            if end.purpose != "crl" && ends.iter().any(|other| end.is_outlived_by(other)) {
                continue;
            }
            if told.get(end).is_none_or(|before| before > days) {
                due.push((end.clone(), *days, *code));
            }
            near.insert(end.clone(), *days);
        }
        *told = near;
        due
    }
}

impl End {
    fn is_outlived_by(&self, other: &Self) -> bool {
        (&other.tenant, other.purpose) == (&self.tenant, self.purpose) && other.at > self.at
    }
}

/// Sets the metrics.
pub(super) async fn measure(service: &Service) {
    let now = service.clock.now();
    for end in ends(service).await {
        let days = (end.at - now).as_seconds_f64() / 86_400.0;
        let tenant = end.tenant;
        match end.purpose {
            "crl" => gauge!("mdl_crl_days_left", "tenant" => tenant, "root" => end.name).set(days),
            purpose => gauge!(
                "mdl_certificate_days_left",
                "tenant" => tenant, "purpose" => purpose, "certificate" => end.name
            )
            .set(days),
        }
    }
}

async fn ends(service: &Service) -> Vec<End> {
    let mut all = Vec::new();
    for tenant in &service.tenants {
        let authority = tenant.authority.get();
        let end = |purpose, name, at| End {
            tenant: tenant.name.clone(),
            purpose,
            name,
            at,
        };
        all.extend(
            of_certificates(&authority)
                .into_iter()
                .map(|(purpose, name, at)| end(purpose, name, at)),
        );
        for (number, path) in authority.crls.iter().enumerate() {
            // One that cannot be read is reported by whoever reads the authority's files.
            let Ok(content) = tokio::fs::read(path).await else {
                continue;
            };
            let next = CrlView::from_der(&content)
                .ok()
                .and_then(|crl| crl.next_update());
            all.extend(next.map(|next| end("crl", (number + 1).to_string(), next.at)));
        }
    }
    all
}

fn of_certificates(authority: &Authority) -> Vec<(&'static str, String, OffsetDateTime)> {
    let not_after = |der: &[u8]| {
        let view = CertificateView::from_der(der).ok()?;
        Some(view.validity().not_after.at)
    };
    let name = |der: &[u8]| hex::encode(&Hash::of(der).0[..8]);
    let mut ends = Vec::new();
    let status = authority.status_signer.iter();
    let others = authority
        .iacas
        .iter()
        .map(|iaca| ("iaca-root", iaca))
        .chain(status.map(|signer| ("status-signer", &signer.certificate)));
    for (purpose, der) in others {
        ends.extend(not_after(der).map(|at| (purpose, name(der), at)));
    }
    for signer in &authority.document_signers {
        let at = signer.guard.window().stop_signing();
        ends.push(("document-signer", hex::encode(&signer.id.0[..8]), at));
    }
    ends
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-06-15 12:00 UTC);

    fn end(purpose: &'static str, name: &str, at: OffsetDateTime) -> End {
        End {
            tenant: "dmv".to_owned(),
            purpose,
            name: name.to_owned(),
            at,
        }
    }

    fn codes(expiry: &Expiry, ends: &[End], now: OffsetDateTime) -> Vec<&'static str> {
        let due = expiry.due(ends, now);
        due.into_iter().map(|(_, _, code)| code).collect()
    }

    #[test]
    fn every_threshold_has_its_code_and_is_told_once() {
        let expiry = Expiry::default();
        let ends = [
            end("document-signer", "a", NOON),
            end("crl", "1", NOON + Duration::days(100)),
        ];
        for (days_left, expected) in [
            (46, None),
            (45, Some("certificate-ends-45-days")),
            (31, None),
            (30, Some("certificate-ends-30-days")),
            (14, Some("certificate-ends-14-days")),
            (7, Some("certificate-ends-7-days")),
            (2, None),
            (1, Some("certificate-ends-1-day")),
            (0, None),
            (-1, Some("certificate-ended")),
            (-2, None),
        ] {
            let now = NOON - Duration::days(days_left);
            let expected: Vec<_> = expected.into_iter().collect();
            assert_eq!(codes(&expiry, &ends, now), expected, "{days_left}");
        }
    }

    #[test]
    fn what_something_of_its_kind_outlives_is_told_only_of_crls() {
        let expiry = Expiry::default();
        let later = NOON + Duration::days(300);
        let near = NOON + Duration::days(1);
        let ends = [
            end("document-signer", "a", near),
            end("document-signer", "b", later),
            end("iaca-root", "c", near),
            end("crl", "1", near),
            end("crl", "2", later),
        ];
        assert_eq!(
            codes(&expiry, &ends, NOON),
            ["certificate-ends-1-day", "crl-due-1-day"]
        );
        // The next list is another one, which may come as near.
        let next = [end("crl", "1", near + Duration::days(30))];
        assert!(codes(&expiry, &next, NOON + Duration::days(1)).is_empty());
        assert_eq!(
            codes(&expiry, &next, NOON + Duration::days(26)),
            ["crl-due-5-days"]
        );
        let overdue = NOON + Duration::days(32);
        assert_eq!(codes(&expiry, &next, overdue), ["crl-overdue"]);
    }
}
