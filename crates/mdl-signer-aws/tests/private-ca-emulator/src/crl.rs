//! The CRLs that the service writes into a bucket (3 of the fact sheet): complete, an hour old at birth, numbered by
//! the millisecond, with a reason code in every entry that has a reason.

use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::certificate::{algorithm, key_identifier, signed};
use crate::der;
use crate::service::{Authority, Service};
use crate::shapes::member;

impl Authority {
    fn crl_configuration(&self) -> Option<&Value> {
        let crl = member(&self.revocation, "CrlConfiguration")?;
        (crl.get("Enabled") == Some(&Value::Bool(true))).then_some(crl)
    }

    /// Whether certificates refer to a CRL of this authority.
    pub(crate) fn has_crl(&self) -> bool {
        self.crl_configuration().is_some()
    }

    /// The distribution point that the service writes into certificates.
    pub(crate) fn crl_point(&self, region: &str) -> Option<String> {
        let crl = self.crl_configuration()?;
        let omitted = member(crl, "CrlDistributionPointExtensionConfiguration").is_some_and(
            |configuration| configuration.get("OmitExtension") == Some(&Value::Bool(true)),
        );
        if omitted {
            return None;
        }
        let host = match crl.get("CustomCname").and_then(Value::as_str) {
            Some(cname) => cname.to_owned(),
            None => format!(
                "{}.s3.{region}.amazonaws.com",
                crl.get("S3BucketName")?.as_str()?
            ),
        };
        Some(format!("http://{host}/crl/{}.crl", self.id))
    }

    fn list(&self, days: i64, now: OffsetDateTime) -> Vec<u8> {
        let mut entries = Vec::new();
        for (serial, issued) in &self.issued {
            let Some((at, reason)) = &issued.revoked else {
                continue;
            };
            // An expired certificate stays on one more list.
            if self.last_crl.is_some_and(|last| issued.not_after < last) {
                continue;
            }
            let serial = der::integer(&hex::decode(serial).unwrap_or_default());
            let extensions = match reason_code(reason) {
                Some(code) => {
                    let oid = der::oid("2.5.29.21").unwrap_or_default();
                    der::sequence(&[&der::extension(&oid, false, &[0x0a, 1, code])])
                }
                None => Vec::new(),
            };
            entries.extend(der::sequence(&[&serial, &der::time(*at), &extensions]));
        }
        let entries = if entries.is_empty() {
            entries
        } else {
            der::tlv(der::SEQUENCE, &entries)
        };
        let milliseconds = (now.unix_timestamp_nanos() / 1_000_000) as u64;
        let extension = |oid: &str, value: &[u8]| {
            der::extension(&der::oid(oid).unwrap_or_default(), false, value)
        };
        let extensions = der::sequence(&[
            &extension("2.5.29.35", &key_identifier(&self.key)),
            &extension("2.5.29.20", &der::integer(&milliseconds.to_be_bytes())),
        ]);
        let algorithm = algorithm(&self.key);
        let tbs = der::sequence(&[
            &der::integer(&[1]),
            &algorithm,
            &self.name,
            &der::time(now - Duration::hours(1)),
            &der::time(now + Duration::days(days)),
            &entries,
            &der::tlv(0xa0, &extensions),
        ]);
        signed(&self.key, &tbs, &algorithm)
    }
}

/// `CRLReason`; RFC 5280 advises against writing unspecified.
fn reason_code(reason: &str) -> Option<u8> {
    match reason {
        "KEY_COMPROMISE" => Some(1),
        "CERTIFICATE_AUTHORITY_COMPROMISE" => Some(2),
        "AFFILIATION_CHANGED" => Some(3),
        "SUPERSEDED" => Some(4),
        "CESSATION_OF_OPERATION" => Some(5),
        "PRIVILEGE_WITHDRAWN" => Some(9),
        "A_A_COMPROMISE" => Some(10),
        _ => None,
    }
}

impl Service {
    /// Writes every list that is due: some time after something happened, and at half its life.
    pub(crate) fn publish_crls(&mut self, now: OffsetDateTime) {
        let delay = self.settings.crl_delay;
        for authority in self.authorities.values_mut() {
            let Some(crl) = authority.crl_configuration() else {
                continue;
            };
            let days = crl
                .get("ExpirationInDays")
                .and_then(Value::as_i64)
                .unwrap_or(1);
            let bucket = crl
                .get("S3BucketName")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            let due = authority
                .crl_due_since
                .is_some_and(|since| now >= since + delay);
            let half_life = Duration::days(days) / 2;
            let stale = authority
                .last_crl
                .is_some_and(|last| now - last >= half_life);
            let refers = authority.issued.values().any(|issued| issued.refers_to_crl);
            if !(due || stale) || !refers || authority.is_expired(now) {
                continue;
            }
            let list = authority.list(days, now);
            authority.last_crl = Some(now);
            authority.crl_due_since = None;
            self.objects
                .insert((bucket, format!("crl/{}.crl", authority.id)), list);
        }
    }
}
