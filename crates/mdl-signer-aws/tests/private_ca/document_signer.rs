//! Certifying and revoking below a root.

use std::error::Error;

use aws_sdk_acmpca::types::CertificateAuthorityStatus;
use mdl_iaca::authority::{AuthorityError, CertificateAuthority, Revocation, RevocationReason};
use mdl_iaca::certificate::{CertificateView, CrlView};
use mdl_iaca::lint::lint_crl;
use mdl_iaca::profile::{AcceptError, Difference, SerialNumber};
use mdl_signer_aws::CallError;
use mdl_signer_aws::private_ca::{PrivateCaAuthority, PrivateCaError, plan_certificate};
use private_ca_emulator::{Fault, Settings};
use time::Duration;

use crate::setting::{Setting, document_signer, today};

/// A setting with a root.
async fn authority() -> (Setting, PrivateCaAuthority) {
    let setting = Setting::new(Settings::default()).await;
    let root = setting.root().await.expect("set up");
    let authority = setting.authority(&root);
    (setting, authority)
}

fn serial(der: &[u8]) -> SerialNumber {
    let view = CertificateView::from_der(der).expect("set up");
    SerialNumber::from_content(view.serial().as_bytes()).expect("set up")
}

/// What this crate says is behind an error.
fn cause(error: &AuthorityError) -> &PrivateCaError {
    error
        .source()
        .expect("set up")
        .downcast_ref()
        .expect("an error of this crate")
}

#[tokio::test]
async fn a_document_signer_lasts_exactly_as_long_as_the_profile_allows() {
    let (setting, authority) = authority().await;
    let (unsigned, request) = document_signer(authority.issuer(), authority.crl_url(), 457);
    let planned = plan_certificate(&authority, &unsigned, &request).unwrap();
    let issued = authority
        .certify(unsigned, &request, today())
        .await
        .unwrap();
    let view = CertificateView::from_der(issued.as_der()).unwrap();
    assert_eq!(view.validity().duration(), Duration::days(457));

    let journal = setting.emulator.journal();
    let call = journal
        .iter()
        .rev()
        .find(|call| call.operation == "IssueCertificate")
        .unwrap();
    let mut expected = planned[1].request.clone();
    expected["Csr"] = call.body["Csr"].clone();
    assert_eq!(call.body, expected);
}

#[tokio::test]
async fn an_extension_left_out_is_named_with_the_rule() {
    for (oid, name, rule) in [
        ("2.5.29.37", "extKeyUsage", "ds-extended-key-usage"),
        ("2.5.29.18", "issuerAltName", "ds-issuer-alt-name"),
        (
            "2.5.29.31",
            "cRLDistributionPoints",
            "ds-crl-distribution-points",
        ),
        (
            "2.5.29.35",
            "authorityKeyIdentifier",
            "ds-authority-key-identifier",
        ),
    ] {
        let (setting, authority) = authority().await;
        setting
            .emulator
            .change(|settings| settings.leave_out = vec![oid.to_owned()]);
        let (unsigned, request) = document_signer(authority.issuer(), authority.crl_url(), 90);
        let error = authority
            .certify(unsigned, &request, today())
            .await
            .unwrap_err();
        let AuthorityError::Accept(refusal) = error else {
            panic!("{error}");
        };
        assert!(refusal.to_string().contains(rule), "{refusal}");
        let AcceptError::Refused { differences, .. } = refusal else {
            panic!("{refusal}");
        };
        assert_eq!(
            differences,
            [Difference::LeftOut(format!("{name} ({oid})"))]
        );
    }
}

#[tokio::test]
async fn another_crl_than_the_authority_publishes_is_refused_without_a_call() {
    let (setting, authority) = authority().await;
    let before = setting.emulator.journal().len();
    let (unsigned, request) = document_signer(authority.issuer(), "http://other.example/1.crl", 90);
    let error = authority
        .certify(unsigned, &request, today())
        .await
        .unwrap_err();
    assert!(matches!(cause(&error), PrivateCaError::CrlPoint));
    assert_eq!(setting.emulator.journal().len(), before);
}

#[tokio::test]
async fn the_same_request_gives_the_same_certificate() {
    let (setting, authority) = authority().await;
    let (unsigned, request) = document_signer(authority.issuer(), authority.crl_url(), 90);
    let first = authority
        .certify(unsigned.clone(), &request, today())
        .await
        .unwrap();
    // Long after the service forgot.
    setting.emulator.pass(Duration::hours(1));
    let second = authority
        .certify(unsigned, &request, today())
        .await
        .unwrap();
    assert_eq!(first, second);
    // The root's, and this one.
    assert_eq!(setting.calls("IssueCertificate"), (2, 2));
    let (other, request) = document_signer(authority.issuer(), authority.crl_url(), 91);
    assert_ne!(
        authority.certify(other, &request, today()).await.unwrap(),
        first
    );
}

#[tokio::test]
async fn a_disabled_authority_revokes_but_does_not_certify() {
    let (setting, authority) = authority().await;
    let (unsigned, request) = document_signer(authority.issuer(), authority.crl_url(), 90);
    let issued = authority
        .certify(unsigned, &request, today())
        .await
        .unwrap();
    aws_sdk_acmpca::Client::new(&setting.config())
        .update_certificate_authority()
        .certificate_authority_arn(authority.arn().as_str())
        .status(CertificateAuthorityStatus::Disabled)
        .send()
        .await
        .unwrap();
    let (unsigned, request) = document_signer(authority.issuer(), authority.crl_url(), 91);
    let error = authority
        .certify(unsigned, &request, today())
        .await
        .unwrap_err();
    assert!(matches!(cause(&error), PrivateCaError::State { found, .. } if found == "DISABLED"));
    let revocation = Revocation {
        serial: serial(issued.as_der()),
        reason: RevocationReason::Superseded,
    };
    authority.revoke(&[revocation], today()).await.unwrap();
}

#[tokio::test]
async fn a_reason_appears_in_the_crl_and_only_unspecified_conforms() {
    for reason in RevocationReason::ALL {
        let (_setting, authority) = authority().await;
        let (unsigned, request) = document_signer(authority.issuer(), authority.crl_url(), 90);
        let issued = authority
            .certify(unsigned, &request, today())
            .await
            .unwrap();
        let revocation = Revocation {
            serial: serial(issued.as_der()),
            reason,
        };
        let crl = authority.revoke(&[revocation], today()).await.unwrap();
        let root = CertificateView::from_der(authority.issuer().certificate()).unwrap();
        let errors: Vec<_> = lint_crl(&CrlView::from_der(&crl).unwrap(), Some(&root))
            .iter()
            .map(|finding| finding.id())
            .filter(|id| *id == "crl-entry-extensions")
            .collect();
        assert_eq!(
            errors.is_empty(),
            reason == RevocationReason::Unspecified,
            "{reason}"
        );
    }
}

#[tokio::test]
async fn a_revocation_that_is_not_published_yet_may_be_asked_for_again() {
    let (setting, authority) = authority().await;
    let (unsigned, request) = document_signer(authority.issuer(), authority.crl_url(), 90);
    let issued = authority
        .certify(unsigned, &request, today())
        .await
        .unwrap();
    setting
        .emulator
        .change(|settings| settings.crl_delay = Duration::minutes(30));
    let revocation = Revocation {
        serial: serial(issued.as_der()),
        reason: RevocationReason::Unspecified,
    };
    let error = authority
        .revoke(std::slice::from_ref(&revocation), today())
        .await
        .unwrap_err();
    assert!(matches!(error, AuthorityError::Unavailable(_)), "{error}");
    assert!(matches!(cause(&error), PrivateCaError::NotYet(_)));
    setting.emulator.pass(Duration::minutes(31));
    let crl = authority.revoke(&[revocation], today()).await.unwrap();
    assert_eq!(CrlView::from_der(&crl).unwrap().revoked().count(), 1);
}

#[tokio::test]
async fn an_unknown_certificate_cannot_be_revoked() {
    let (_setting, authority) = authority().await;
    let revocation = Revocation {
        serial: SerialNumber::from_be_bytes(&[1, 2, 3]).unwrap(),
        reason: RevocationReason::Unspecified,
    };
    let error = authority.revoke(&[revocation], today()).await.unwrap_err();
    assert!(matches!(error, AuthorityError::Refused(_)));
    let code = match cause(&error) {
        PrivateCaError::Call(call) => call.code().map(str::to_owned),
        other => panic!("{other}"),
    };
    assert_eq!(code.as_deref(), Some("ResourceNotFoundException"));
}

#[tokio::test]
async fn trouble_that_passes_is_waited_for_and_other_trouble_is_not() {
    let (setting, authority) = authority().await;
    let (unsigned, request) = document_signer(authority.issuer(), authority.crl_url(), 90);
    let passing = [Fault::Throttled, Fault::Internal, Fault::Unavailable];
    setting.emulator.fail("IssueCertificate", &passing);
    setting.emulator.fail("GetCertificate", &passing);
    authority
        .certify(unsigned, &request, today())
        .await
        .unwrap();

    let (unsigned, request) = document_signer(authority.issuer(), authority.crl_url(), 91);
    for fault in [Fault::LimitExceeded, Fault::AccessDenied] {
        let before = setting.calls("IssueCertificate").0;
        setting.emulator.fail("IssueCertificate", &[fault]);
        let error = authority
            .certify(unsigned.clone(), &request, today())
            .await
            .unwrap_err();
        assert!(matches!(error, AuthorityError::Refused(_)), "{error}");
        assert!(matches!(
            cause(&error),
            PrivateCaError::Call(CallError::Service { .. })
        ));
        assert_eq!(setting.calls("IssueCertificate").0, before + 1);
    }
    // A refusal creates nothing, so there is no doubt either.
    authority
        .certify(unsigned, &request, today())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_certificate_that_fails_in_the_making_is_reported() {
    let (setting, authority) = authority().await;
    setting
        .emulator
        .change(|settings| settings.issuance_fails = true);
    let (unsigned, request) = document_signer(authority.issuer(), authority.crl_url(), 90);
    let error = authority
        .certify(unsigned, &request, today())
        .await
        .unwrap_err();
    let PrivateCaError::Call(call) = cause(&error) else {
        panic!("{error}");
    };
    assert_eq!(call.code(), Some("RequestFailedException"));
}
