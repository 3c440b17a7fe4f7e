//! Runs that die, and the ones after them.

use mdl_iaca::authority::{AuthorityError, CertificateAuthority};
use mdl_signer_aws::private_ca::{CertificateArn, PrivateCaError};
use private_ca_emulator::{Fault, Settings};
use serde_json::Value;
use std::error::Error;
use time::Duration;

use crate::setting::{Setting, document_signer, order, today};

/// More than a call is ever repeated.
const FOR_GOOD: [Fault; 60] = [Fault::AnswerLost; 60];

/// Makes the requests of the state file old, as if the run had died so long ago.
fn age(setting: &Setting) {
    let text = std::fs::read_to_string(setting.path()).expect("set up");
    let mut state: Value = serde_json::from_str(&text).expect("set up");
    let old = |request: &mut Value| {
        if !request.is_null() {
            request["requested_at"] =
                (request["requested_at"].as_i64().expect("set up") - 600).into();
        }
    };
    old(&mut state["root"]);
    state["certificates"]
        .as_object_mut()
        .expect("set up")
        .values_mut()
        .for_each(old);
    std::fs::write(setting.path(), state.to_string()).expect("set up");
    setting.emulator.pass(Duration::minutes(10));
}

#[tokio::test]
async fn an_answer_that_is_lost_creates_nothing_twice() {
    let setting = Setting::new(Settings {
        quotas: false,
        ..Settings::default()
    })
    .await;
    for operation in [
        "CreateCertificateAuthority",
        "IssueCertificate",
        "ImportCertificateAuthorityCertificate",
    ] {
        setting.emulator.fail(operation, &[Fault::AnswerLost]);
    }
    let root = setting.root().await.unwrap();
    let authority = setting.authority(&root);
    setting
        .emulator
        .fail("IssueCertificate", &[Fault::AnswerLost]);
    let (unsigned, request) = document_signer(authority.issuer(), authority.crl_url(), 90);
    authority
        .certify(unsigned, &request, today())
        .await
        .unwrap();
    assert_eq!(setting.emulator.created(), (1, 2));
    assert_eq!(setting.emulator.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn an_authority_whose_arn_was_never_written_down_is_found_by_its_tag() {
    // One authority on a page of the list, so that it is looked for on others too.
    let setting = Setting::new(Settings {
        page: 1,
        quotas: false,
        ..Settings::default()
    })
    .await;
    let client = aws_sdk_acmpca::Client::new(&setting.config());
    setting
        .emulator
        .fail("CreateCertificateAuthority", &FOR_GOOD);
    let error = setting.root().await.unwrap_err();
    assert!(error.may_pass(), "{error}");
    setting.emulator.heal();
    setting.emulator.pass(Duration::minutes(10));
    // Somebody else's.
    for _ in 0..3 {
        other_authority(&client).await;
    }
    setting.root().await.unwrap();
    assert_eq!(setting.emulator.created(), (4, 1));
}

async fn other_authority(client: &aws_sdk_acmpca::Client) {
    use aws_sdk_acmpca::types::{
        Asn1Subject, CertificateAuthorityConfiguration, CertificateAuthorityType,
    };
    let subject = Asn1Subject::builder().common_name("Other").build();
    let configuration = CertificateAuthorityConfiguration::builder()
        .key_algorithm("EC_prime256v1".into())
        .signing_algorithm("SHA256WITHECDSA".into())
        .subject(subject)
        .build()
        .expect("set up");
    client
        .create_certificate_authority()
        .certificate_authority_configuration(configuration)
        .certificate_authority_type(CertificateAuthorityType::Root)
        .send()
        .await
        .expect("set up");
}

#[tokio::test]
async fn a_run_goes_on_from_wherever_the_one_before_died() {
    for operation in [
        "CreateCertificateAuthority",
        "GetCertificateAuthorityCsr",
        "DescribeCertificateAuthority",
        "IssueCertificate",
        "GetCertificate",
        "ImportCertificateAuthorityCertificate",
    ] {
        let setting = Setting::new(Settings {
            quotas: false,
            ..Settings::default()
        })
        .await;
        setting.emulator.fail(operation, &FOR_GOOD);
        let error = setting.root().await.unwrap_err();
        assert!(error.may_pass(), "{operation}: {error}");
        setting.emulator.heal();
        setting.root().await.unwrap();
        assert_eq!(setting.emulator.created(), (1, 1), "{operation}");
    }
}

#[tokio::test]
async fn a_request_that_the_service_forgot_is_in_doubt_until_a_person_settles_it() {
    for was_issued in [true, false] {
        let setting = Setting::new(Settings {
            quotas: false,
            ..Settings::default()
        })
        .await;
        let root = setting.root().await.unwrap();
        let (unsigned, request) = {
            let authority = setting.authority(&root);
            let asked = document_signer(authority.issuer(), authority.crl_url(), 90);
            let fault = if was_issued {
                Fault::AnswerLost
            } else {
                Fault::Internal
            };
            setting.emulator.fail("IssueCertificate", &[fault; 60]);
            let error = authority
                .certify(asked.0.clone(), &asked.1, today())
                .await
                .unwrap_err();
            assert!(matches!(error, AuthorityError::Unavailable(_)), "{error}");
            setting.emulator.heal();
            asked
        };
        age(&setting);
        let authority = setting.authority(&root);
        let error = authority
            .certify(unsigned.clone(), &request, today())
            .await
            .unwrap_err();
        let doubt = error.source().unwrap().downcast_ref();
        assert!(matches!(doubt, Some(PrivateCaError::InDoubt(_))), "{error}");
        drop(authority);

        let mut state = setting.state();
        assert_eq!(state.doubts().len(), 1);
        let found: Option<CertificateArn> = setting
            .emulator
            .certificates()
            .last()
            .and_then(|arn| (was_issued).then(|| arn.parse().unwrap()));
        state.settle(found.as_ref()).unwrap();
        assert_eq!(state.doubts(), []);
        drop(state);
        setting
            .authority(&root)
            .certify(unsigned, &request, today())
            .await
            .unwrap();
        assert_eq!(setting.emulator.created(), (1, 2), "{was_issued}");
    }
}

#[tokio::test]
async fn a_root_in_doubt_is_not_asked_for_again_by_itself() {
    let setting = Setting::new(Settings {
        quotas: false,
        ..Settings::default()
    })
    .await;
    setting.emulator.fail("IssueCertificate", &FOR_GOOD);
    setting.root_of(&order()).await.unwrap_err();
    setting.emulator.heal();
    age(&setting);
    let error = setting.root().await.unwrap_err();
    assert!(matches!(error, PrivateCaError::InDoubt(_)), "{error}");
    setting.state().settle(None).unwrap();
    setting.root().await.unwrap();
}
