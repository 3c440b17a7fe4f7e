//! Everything that an authority has issued, by whomever it was asked: the service has no list of it but audit reports.

use mdl_iaca::certificate::{CertificateView, CrlView, MAX_CRL_BYTES};
use serde::Deserialize;
use time::OffsetDateTime;
use time::macros::format_description;

use super::{CertificateArn, CertificateAuthorityArn, PrivateCa, PrivateCaError};
use crate::s3::{NotAnS3Place, S3Object};

/// A million rows have half of that.
const MAX_REPORT_BYTES: usize = 512 << 20;
/// Each one that is valid is asked for.
const MAX_CERTIFICATES: usize = 10_000;

/// What an authority uses and has issued.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IssuedByAuthority {
    /// Its own certificate (DER).
    pub root: Vec<u8>,
    /// What it issued and has not ended: where it is, and the certificate (DER).
    pub certificates: Vec<(CertificateArn, Vec<u8>)>,
    /// Its list, if it has published one into the bucket of its reports.
    pub crl: Option<Vec<u8>>,
}

/// A row of a report, as far as it is used.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    certificate_arn: String,
    not_after: String,
}

impl PrivateCa {
    /// Has a report written into `bucket`, and fetches every certificate on it that is not over at `at`. The service
    /// writes one report in thirty minutes, and writes its CRL into a bucket of its choice: it is looked for in the same
    /// one.
    ///
    /// # Errors
    /// [`PrivateCaError`]; [`PrivateCaError::Report`] if the report is none, or lists very many certificates.
    pub async fn all_issued(
        &self,
        arn: &CertificateAuthorityArn,
        bucket: &str,
        at: OffsetDateTime,
    ) -> Result<IssuedByAuthority, PrivateCaError> {
        let root = self.root_certificate(arn).await?;
        let report = self.audit_report(arn, bucket).await?;
        let content = self.object(&report.bucket, &report.key, MAX_REPORT_BYTES);
        let content = content
            .await?
            .ok_or(PrivateCaError::NotYet("the audit report"))?;
        let mut certificates = Vec::new();
        for certificate in valid_at(&content, at)? {
            // The root itself may be on its own report.
            let der = self.certificate(arn, &certificate).await?;
            if der != root {
                certificates.push((certificate, der));
            }
        }
        let name = format!("crl/{}.crl", arn.id());
        let crl = self.object(bucket, &name, MAX_CRL_BYTES).await?;
        Ok(IssuedByAuthority {
            crl: crl.filter(|crl| is_crl_of(crl, &root)),
            root,
            certificates,
        })
    }

    async fn object(
        &self,
        bucket: &str,
        key: &str,
        most: usize,
    ) -> Result<Option<Vec<u8>>, PrivateCaError> {
        let place = format!("s3://{bucket}/{key}");
        let place = place
            .parse()
            .map_err(|error: NotAnS3Place| PrivateCaError::Report(error.to_string()))?;
        let object = S3Object::new(&self.access, &place)?;
        Ok(object.read(most).await?.map(|stored| stored.bytes))
    }
}

/// A list of another authority does not become this one's by lying there.
fn is_crl_of(crl: &[u8], root: &[u8]) -> bool {
    let (Ok(crl), Ok(root)) = (CrlView::from_der(crl), CertificateView::from_der(root)) else {
        return false;
    };
    let key = root.public_key_info().public_key();
    key.is_ok_and(|key| crl.verify_signature(&key).is_ok())
}

/// The certificates of a report that are not over.
fn valid_at(report: &[u8], at: OffsetDateTime) -> Result<Vec<CertificateArn>, PrivateCaError> {
    let wrong = |what: String| PrivateCaError::Report(what);
    let rows: Vec<Row> =
        serde_json::from_slice(report).map_err(|error| wrong(error.to_string()))?;
    let mut valid = Vec::new();
    for row in rows {
        if time(&row.not_after).map_err(wrong)? >= at {
            valid.push(row.certificate_arn.parse()?);
        }
        if valid.len() > MAX_CERTIFICATES {
            return Err(wrong(format!(
                "more than {MAX_CERTIFICATES} certificates are valid"
            )));
        }
    }
    Ok(valid)
}

/// `2020-02-26T18:39:57+0000`, as the service writes times.
fn time(text: &str) -> Result<OffsetDateTime, String> {
    let format = format_description!(
        "[year]-[month]-[day]T[hour]:[minute]:[second][offset_hour sign:mandatory][offset_minute]"
    );
    OffsetDateTime::parse(text, format).map_err(|_| format!("{text:?} is no time"))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const AT: OffsetDateTime = datetime!(2026-06-15 12:00 UTC);
    const CA: &str = "arn:aws:acm-pca:us-west-2:111122223333:certificate-authority/11111111-2222-3333-4444-555555555555";

    fn report(not_after: &str) -> String {
        format!(
            r#"[{{"awsAccountId": "111122223333", "certificateArn": "{CA}/certificate/0a1b", "notAfter": "{not_after}",
                 "serial": "0a:1b", "subject": "CN=x"}}]"#
        )
    }

    #[test]
    fn a_certificate_counts_until_it_ends() {
        let count = |not_after| {
            valid_at(report(not_after).as_bytes(), AT)
                .expect("a report")
                .len()
        };
        assert_eq!(count("2026-06-15T12:00:00+0000"), 1);
        assert_eq!(count("2026-06-15T14:00:00+0200"), 1);
        assert_eq!(count("2026-06-15T11:59:59+0000"), 0);
    }

    #[test]
    fn what_is_no_report_is_refused() {
        for wrong in [
            String::new(),
            "{}".to_owned(),
            r#"[{"notAfter": "2026-06-15T12:00:00+0000"}]"#.to_owned(),
            report("2026-06-15"),
            report("2026-06-15T12:00:00+0000").replace("0a1b", "xyz"),
        ] {
            assert!(valid_at(wrong.as_bytes(), AT).is_err(), "{wrong}");
        }
        let row = report("2027-01-01T00:00:00+0000");
        let row = row.trim_matches(['[', ']']);
        let rows = vec![row; MAX_CERTIFICATES + 1].join(",");
        assert!(valid_at(format!("[{rows}]").as_bytes(), AT).is_err());
    }
}
