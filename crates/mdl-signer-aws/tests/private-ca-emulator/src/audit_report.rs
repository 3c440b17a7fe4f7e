//! Audit reports: every certificate that an authority issued or revoked, written into a bucket.

use mdl_iaca::certificate::CertificateView;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::service::{ACCOUNT, Result, Service};
use crate::shapes::{one_of, required, required_text};
use crate::wire::AwsError;

/// One report per authority in this time.
const INTERVAL: Duration = Duration::minutes(30);

impl Service {
    pub(crate) fn create_audit_report(
        &mut self,
        body: &Value,
        now: OffsetDateTime,
    ) -> Result<Value> {
        self.members(
            "CreateCertificateAuthorityAuditReportRequest",
            body,
            &[
                "CertificateAuthorityArn",
                "S3BucketName",
                "AuditReportResponseFormat",
            ],
        );
        let bucket = required_text(body, "S3BucketName", 63)?.to_owned();
        required(body, "AuditReportResponseFormat")?;
        if one_of(body, "AuditReportResponseFormat", &["JSON", "CSV"])? == Some("CSV") {
            return Err(AwsError::invalid_args("this emulator writes JSON only"));
        }
        let id = self.uuid();
        let authority = self.authority(body)?;
        if authority.is_pending() {
            return Err(AwsError::invalid_state(
                "The certificate authority has no certificate",
            ));
        }
        if authority
            .last_report
            .is_some_and(|last| now - last < INTERVAL)
        {
            return Err(AwsError::new(
                "RequestInProgressException",
                "one report in 30 minutes",
            ));
        }
        authority.last_report = Some(now);
        let format =
            time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]+0000");
        let time = |at: OffsetDateTime| at.format(format).unwrap_or_default();
        let rows: Vec<Value> = authority
            .issued
            .iter()
            .filter_map(|(serial, issued)| {
                let view = CertificateView::from_der(&issued.der).ok()?;
                let pairs: Vec<_> = serial
                    .as_bytes()
                    .chunks(2)
                    .map(|pair| String::from_utf8_lossy(pair))
                    .collect();
                let mut row = json!({
                    "awsAccountId": ACCOUNT,
                    "certificateArn": format!("{}/certificate/{serial}", authority.arn),
                    "serial": pairs.join(":"),
                    "subject": view.subject().to_string(),
                    "notBefore": time(view.validity().not_before.at),
                    "notAfter": time(view.validity().not_after.at),
                    "issuedAt": time(issued.at),
                    "templateArn": issued.template,
                });
                if let Some((at, reason)) = &issued.revoked {
                    row["revokedAt"] = json!(time(*at));
                    row["revocationReason"] = json!(reason);
                }
                Some(row)
            })
            .collect();
        let key = format!("audit-report/{}/{id}.json", authority.id);
        let report = json!({ "S3BucketName": bucket, "S3Key": key, "CreatedAt": now.unix_timestamp(), "AuditReportStatus": "CREATING" });
        self.objects
            .insert((bucket, key.clone()), json!(rows).to_string().into_bytes());
        self.reports.insert(id.clone(), report);
        Ok(json!({ "AuditReportId": id, "S3Key": key }))
    }

    /// A report is in the making at the first look, and finished at the second.
    pub(crate) fn describe_audit_report(&mut self, body: &Value) -> Result<Value> {
        self.authority(body)?;
        let id = required_text(body, "AuditReportId", 36)?;
        let report = self
            .reports
            .get_mut(id)
            .ok_or_else(|| AwsError::not_found(format!("Could not find audit report {id}")))?;
        let answer = report.clone();
        report["AuditReportStatus"] = json!("SUCCESS");
        Ok(answer)
    }
}
