//! The emulator springs the traps that the documentation describes, so that a client that falls into one is found.

use aws_sdk_acmpca::Client;
use aws_sdk_acmpca::error::ProvideErrorMetadata;
use aws_sdk_acmpca::primitives::Blob;
use aws_sdk_acmpca::types::{
    ApiPassthrough, Asn1Subject, CertificateAuthorityStatus, CrlConfiguration, CustomExtension,
    ExtendedKeyUsage, Extensions, KeyUsage, RevocationConfiguration, S3ObjectAcl, Validity,
    ValidityPeriodType,
};
use base64ct::{Base64, Encoding};
use mdl_iaca::certificate::{CertificateView, CrlView, oid, read_documents};
use mdl_iaca::lint::{LintFinding, Profile, Severity, lint_certificate, lint_crl};
use mdl_iaca::profile::Issuer;
use private_ca_emulator::Settings;
use time::{Duration, OffsetDateTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::setting::{BUCKET, Setting, document_signer};

const BLANK: &str = "arn:aws:acm-pca:::template/BlankEndEntityCertificate_APIPassthrough/V1";

/// A root, a client that does as it is told, and a request.
struct Raw {
    setting: Setting,
    client: Client,
    arn: String,
    csr: String,
}

impl Raw {
    async fn new() -> Self {
        let setting = Setting::new(Settings {
            polls: 0,
            ..Settings::default()
        })
        .await;
        let root = setting.root().await.expect("set up");
        let authority = setting.authority(&root);
        let issuer = Issuer::from_certificate(root.as_der()).expect("set up");
        let (_, request) = document_signer(&issuer, authority.crl_url(), 90);
        let csr = format!(
            "-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n",
            Base64::encode_string(&request)
        );
        let arn = authority.arn().as_str().to_owned();
        let config = aws_sdk_acmpca::config::Builder::from(&setting.config())
            .retry_config(aws_sdk_acmpca::config::retry::RetryConfig::disabled())
            .build();
        Self {
            client: Client::from_conf(config),
            setting,
            arn,
            csr,
        }
    }

    /// Issues with these extensions for so many days; the certificate, or the code of the error.
    async fn issue(
        &self,
        template: &str,
        extensions: Extensions,
        days: i64,
    ) -> Result<Vec<u8>, String> {
        let subject = Asn1Subject::builder()
            .country("UT")
            .common_name("DS")
            .build();
        let answer = self
            .client
            .issue_certificate()
            .certificate_authority_arn(&self.arn)
            .csr(Blob::new(self.csr.as_str()))
            .signing_algorithm("SHA256WITHECDSA".into())
            .template_arn(template)
            .validity(validity(ValidityPeriodType::Days, days))
            .api_passthrough(
                ApiPassthrough::builder()
                    .extensions(extensions)
                    .subject(subject)
                    .build(),
            )
            .send()
            .await
            .map_err(|error| error.code().unwrap_or_default().to_owned())?;
        let answer = self
            .client
            .get_certificate()
            .certificate_authority_arn(&self.arn)
            .certificate_arn(answer.certificate_arn().expect("set up"))
            .send()
            .await
            .expect("set up");
        let documents =
            read_documents(answer.certificate().expect("set up").as_bytes()).expect("set up");
        Ok(documents[0].der.clone())
    }

    async fn update(&self, status: CertificateAuthorityStatus) {
        self.client
            .update_certificate_authority()
            .certificate_authority_arn(&self.arn)
            .status(status)
            .send()
            .await
            .expect("set up");
    }
}

fn validity(kind: ValidityPeriodType, value: i64) -> Validity {
    Validity::builder()
        .r#type(kind)
        .value(value)
        .build()
        .expect("set up")
}

fn custom(oid: &str, value: &[u8]) -> CustomExtension {
    CustomExtension::builder()
        .object_identifier(oid)
        .value(Base64::encode_string(value))
        .build()
        .expect("set up")
}

#[tokio::test]
async fn days_come_out_an_hour_longer() {
    let raw = Raw::new().await;
    let der = raw
        .issue(BLANK, Extensions::builder().build(), 10)
        .await
        .unwrap();
    let life = CertificateView::from_der(&der)
        .unwrap()
        .validity()
        .duration();
    assert_eq!(life, Duration::days(10) + Duration::hours(1));
}

#[tokio::test]
async fn structured_usages_are_not_what_the_profile_wants() {
    let raw = Raw::new().await;
    let purpose = ExtendedKeyUsage::builder()
        .extended_key_usage_object_identifier("1.0.18013.5.1.2")
        .build();
    let extensions = Extensions::builder()
        .key_usage(KeyUsage::builder().digital_signature(true).build())
        .extended_key_usage(purpose)
        .build();
    let der = raw.issue(BLANK, extensions, 10).await.unwrap();
    let view = CertificateView::from_der(&der).unwrap();
    let usage = view.extensions().get(oid::KEY_USAGE).unwrap();
    assert_eq!(
        (usage.critical, usage.value),
        (true, &[3, 3, 7, 0x80, 0][..])
    );
    assert!(
        !view
            .extensions()
            .get(oid::EXTENDED_KEY_USAGE)
            .unwrap()
            .critical
    );
    assert_eq!(raw.setting.emulator.complaints().len(), 2);
}

#[tokio::test]
async fn what_the_template_decides_wins_without_an_error() {
    let raw = Raw::new().await;
    let extensions = Extensions::builder()
        .custom_extensions(custom("2.5.29.31", &[0x30, 0]))
        .custom_extensions(custom("2.5.29.14", &[0x04, 0]))
        .build();
    let der = raw.issue(BLANK, extensions.clone(), 10).await.unwrap();
    let view = CertificateView::from_der(&der).unwrap();
    assert!(
        view.extensions()
            .get(oid::CRL_DISTRIBUTION_POINTS)
            .unwrap()
            .value
            .len()
            > 2
    );
    assert_eq!(
        view.extensions()
            .subject_key_identifier()
            .unwrap()
            .unwrap()
            .len(),
        20
    );
    assert_eq!(raw.setting.emulator.complaints().len(), 2);

    // Passed to a template that takes nothing, all of it is ignored.
    let plain = "arn:aws:acm-pca:::template/EndEntityCertificate/V1";
    let der = raw.issue(plain, extensions, 10).await.unwrap();
    let view = CertificateView::from_der(&der).unwrap();
    assert_eq!(
        view.extensions()
            .key_usage()
            .unwrap()
            .unwrap()
            .bits()
            .count_ones(),
        2
    );
}

#[tokio::test]
async fn what_cannot_be_issued_is_refused_with_its_code() {
    let raw = Raw::new().await;
    let twice = Extensions::builder()
        .key_usage(KeyUsage::builder().digital_signature(true).build())
        .custom_extensions(custom("2.5.29.15", &[3, 2, 7, 0x80]))
        .build();
    let none = || Extensions::builder().build();
    assert_eq!(
        raw.issue(BLANK, twice, 10).await.unwrap_err(),
        "InvalidArgsException"
    );
    assert_eq!(
        raw.issue(BLANK, none(), 4000).await.unwrap_err(),
        "ValidationException"
    );
    assert_eq!(
        raw.issue(BLANK, none(), 0).await.unwrap_err(),
        "ValidationException"
    );
    let unknown = "arn:aws:acm-pca:::template/Unknown/V1";
    assert_eq!(
        raw.issue(unknown, none(), 10).await.unwrap_err(),
        "InvalidArgsException"
    );
    let root = "arn:aws:acm-pca:::template/BlankRootCACertificate_PathLen0_APIPassthrough/V1";
    assert_eq!(
        raw.issue(root, none(), 10).await.unwrap_err(),
        "InvalidArgsException"
    );
    let altered = Raw {
        csr: raw.csr.replacen("MI", "MJ", 1),
        ..raw
    };
    assert_eq!(
        altered.issue(BLANK, none(), 10).await.unwrap_err(),
        "MalformedCSRException"
    );
}

#[tokio::test]
async fn a_state_allows_what_the_documentation_says() {
    let raw = Raw::new().await;
    let code = |error: aws_sdk_acmpca::Error| error.code().unwrap_or_default().to_owned();
    let delete = || {
        let call = raw.client.delete_certificate_authority();
        call.certificate_authority_arn(&raw.arn).send()
    };
    // An active authority is disabled before it is deleted.
    assert_eq!(
        code(delete().await.unwrap_err().into()),
        "InvalidStateException"
    );
    raw.update(CertificateAuthorityStatus::Disabled).await;
    let none = || Extensions::builder().build();
    assert_eq!(
        raw.issue(BLANK, none(), 10).await.unwrap_err(),
        "InvalidStateException"
    );
    delete().await.unwrap();
    assert_eq!(
        code(delete().await.unwrap_err().into()),
        "InvalidStateException"
    );
    let restore = || {
        let call = raw.client.restore_certificate_authority();
        call.certificate_authority_arn(&raw.arn).send()
    };
    restore().await.unwrap();
    raw.update(CertificateAuthorityStatus::Active).await;
    raw.issue(BLANK, none(), 10).await.unwrap();
    // Eleven years on, its certificate has expired.
    raw.setting.emulator.pass(Duration::days(4000));
    assert_eq!(
        raw.issue(BLANK, none(), 10).await.unwrap_err(),
        "InvalidStateException"
    );
    let switch = raw.client.update_certificate_authority();
    let switch = switch
        .certificate_authority_arn(&raw.arn)
        .status(CertificateAuthorityStatus::Disabled);
    assert_eq!(
        code(switch.send().await.unwrap_err().into()),
        "InvalidStateException"
    );
}

#[tokio::test]
async fn a_list_is_an_hour_old_at_birth_and_renewed_at_half_its_life() {
    let raw = Raw::new().await;
    let id = raw.arn.rsplit('/').next().unwrap();
    let list = || {
        raw.setting
            .emulator
            .object(BUCKET, &format!("crl/{id}.crl"))
    };
    assert_eq!(list(), None, "no list before a certificate refers to it");
    raw.issue(BLANK, Extensions::builder().build(), 10)
        .await
        .unwrap();
    let first = list().unwrap();
    let view = CrlView::from_der(&first).unwrap();
    let age = OffsetDateTime::now_utc() - view.this_update().at;
    assert!(age >= Duration::hours(1) && age < Duration::hours(1) + Duration::minutes(5));
    let life = view.next_update().unwrap().at - view.this_update().at;
    assert_eq!(life, Duration::days(30) + Duration::hours(1));
    assert!(!view.has_revoked_list());
    raw.setting.emulator.pass(Duration::days(14));
    assert_eq!(list().unwrap(), first);
    raw.setting.emulator.pass(Duration::days(2));
    assert_ne!(list().unwrap(), first);
}

#[tokio::test]
async fn a_token_stands_for_five_minutes() {
    let raw = Raw::new().await;
    let issue = |days: i64| {
        raw.client
            .issue_certificate()
            .certificate_authority_arn(&raw.arn)
            .csr(Blob::new(raw.csr.as_str()))
            .signing_algorithm("SHA256WITHECDSA".into())
            .template_arn(BLANK)
            .validity(validity(ValidityPeriodType::Days, days))
            .idempotency_token("one")
            .send()
    };
    let first = issue(10).await.unwrap();
    assert_eq!(
        issue(10).await.unwrap().certificate_arn(),
        first.certificate_arn()
    );
    assert_eq!(raw.setting.emulator.complaints(), Vec::<String>::new());
    // Which certificate it would be is not documented: no client of ours may ask.
    issue(11).await.unwrap();
    assert_eq!(raw.setting.emulator.complaints().len(), 1);
    raw.setting.emulator.pass(Duration::minutes(6));
    assert_ne!(
        issue(10).await.unwrap().certificate_arn(),
        first.certificate_arn()
    );
}

#[tokio::test]
async fn a_burst_above_the_quota_is_throttled() {
    let raw = Raw::new().await;
    // However slow this machine is: the service's clock stands still meanwhile.
    raw.setting.emulator.stop_clock();
    let mut throttled = 0;
    for _ in 0..30 {
        let call = raw.client.describe_certificate_authority();
        let answer = call.certificate_authority_arn(&raw.arn).send().await;
        if answer.is_err_and(|error| error.code() == Some("ThrottlingException")) {
            throttled += 1;
        }
    }
    assert!(throttled >= 10, "{throttled}");
}

#[tokio::test]
async fn a_request_in_another_form_is_refused() {
    let setting = Setting::new(Settings::default()).await;
    let target = "x-amz-target: ACMPrivateCA.ListCertificateAuthorities";
    let json = "content-type: application/x-amz-json-1.1";
    for (path, headers, status, code) in [
        (
            "/",
            [json, target],
            "400",
            "MissingAuthenticationTokenException",
        ),
        (
            "/",
            [json, "x-amz-target: TrentService.Sign"],
            "400",
            "UnknownOperationException",
        ),
        (
            "/",
            ["content-type: application/json", target],
            "400",
            "UnknownOperationException",
        ),
        (
            "/service/ACMPrivateCA/operation/ListTags",
            [json, target],
            "415",
            "UnknownOperationException",
        ),
    ] {
        let host = setting.emulator.host();
        let mut stream = tokio::net::TcpStream::connect(&host).await.unwrap();
        let head = headers.join("\r\n");
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\n{head}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
        assert!(answer.contains(code), "{answer}");
    }
}

/// Ids of the errors of the linter.
fn errors(findings: Vec<LintFinding>) -> Vec<&'static str> {
    let errors = findings
        .iter()
        .filter(|finding| finding.severity() == Severity::Error);
    errors.map(LintFinding::id).collect()
}

/// The table of `examples/aws-walkthrough/README.md`.
#[tokio::test]
async fn what_the_article_asks_for_is_found_by_the_linter() {
    let raw = Raw::new().await;
    let csr = raw
        .client
        .get_certificate_authority_csr()
        .certificate_authority_arn(&raw.arn)
        .send()
        .await
        .unwrap();
    let usage = CustomExtension::builder()
        .object_identifier("2.5.29.15")
        .value("AwIBBg==")
        .critical(true)
        .build()
        .unwrap();
    let extensions = Extensions::builder().custom_extensions(usage).build();
    let template = "arn:aws:acm-pca:::template/BlankRootCACertificate_PathLen0_APIPassthrough/V1";
    let of_root = Raw {
        csr: csr.csr().unwrap().to_owned(),
        ..raw
    };
    let root = of_root.issue(template, extensions, 3285).await.unwrap();
    let root = CertificateView::from_der(&root).unwrap();
    let found = errors(lint_certificate(&root, Some(Profile::IacaRoot), None));
    assert_eq!(found, ["iaca-issuer-alt-name"]);

    let raw = Raw::new().await;
    // Before there is a list: the service makes the next one at half the life of the last.
    let crl = CrlConfiguration::builder()
        .enabled(true)
        .expiration_in_days(5000)
        .s3_bucket_name(BUCKET)
        .s3_object_acl(S3ObjectAcl::BucketOwnerFullControl)
        .build()
        .unwrap();
    raw.client
        .update_certificate_authority()
        .certificate_authority_arn(&raw.arn)
        .revocation_configuration(
            RevocationConfiguration::builder()
                .crl_configuration(crl)
                .build(),
        )
        .send()
        .await
        .unwrap();
    let purpose = ExtendedKeyUsage::builder()
        .extended_key_usage_object_identifier("1.0.18013.5.1.2")
        .build();
    let extensions = Extensions::builder()
        .key_usage(KeyUsage::builder().digital_signature(true).build())
        .extended_key_usage(purpose)
        .build();
    let signer = raw.issue(BLANK, extensions, 1825).await.unwrap();
    let signer = CertificateView::from_der(&signer).unwrap();
    let mut found = errors(lint_certificate(
        &signer,
        Some(Profile::DocumentSigner),
        None,
    ));
    found.sort_unstable();
    for id in [
        "ds-extended-key-usage-critical",
        "ds-issuer-alt-name",
        "ds-validity-457-days",
    ] {
        assert!(found.contains(&id), "{found:?}");
    }

    let id = raw.arn.rsplit('/').next().unwrap();
    let list = raw
        .setting
        .emulator
        .object(BUCKET, &format!("crl/{id}.crl"))
        .unwrap();
    let list = CrlView::from_der(&list).unwrap();
    assert_eq!(errors(lint_crl(&list, None)), ["crl-interval-90-days"]);
}
