//! Making the root.

use base64ct::{Base64, Encoding};
use mdl_crypto::Curve;
use mdl_iaca::authority::behaviour;
use mdl_iaca::certificate::CertificateView;
use mdl_iaca::lint::{Profile, Severity, lint_certificate};
use mdl_iaca::profile::{AcceptError, Difference, DistinguishedName, LintRefusal, Validity};
use mdl_signer_aws::private_ca::{PrivateCaError, StateError, StateFile, plan_root};
use private_ca_emulator::{Fault, Settings};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use serde_json::{Value, json};

use crate::setting::{BUCKET, REGION, Setting, openssl_verify, order, today};

#[tokio::test]
async fn a_root_on_every_curve_is_an_authority_that_behaves() {
    for curve in [Curve::P256, Curve::P384, Curve::P521] {
        let setting = Setting::new(Settings::default()).await;
        let mut order = order();
        order.curve = curve;
        let root = setting.root_of(&order).await.unwrap();
        let view = CertificateView::from_der(root.as_der()).unwrap();
        let errors: Vec<_> = lint_certificate(&view, Some(Profile::IacaRoot), None)
            .into_iter()
            .filter(|finding| finding.severity() > Severity::Info)
            .collect();
        assert_eq!(errors, []);

        let authority = setting.authority(&root);
        assert!(
            authority
                .crl_url()
                .starts_with("http://crl.dmv.example/crl/")
        );
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let at = today();
        let evidence = behaviour::check(&authority, authority.crl_url(), at, &mut rng)
            .await
            .unwrap();
        let verify =
            |leaf: &[u8]| openssl_verify(setting.folder.path(), root.as_der(), &evidence.crl, leaf);
        let (accepted, text) = verify(&evidence.good);
        assert!(accepted, "{text}");
        let (accepted, text) = verify(&evidence.revoked);
        assert!(!accepted && text.contains("certificate revoked"), "{text}");
        // Nothing was sent that the service would have dropped.
        assert_eq!(setting.emulator.complaints(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn the_plan_is_what_is_called() {
    let setting = Setting::new(Settings {
        polls: 0,
        ..Settings::default()
    })
    .await;
    let planned = plan_root(&order(), REGION, None).unwrap();
    // Planning asks nothing and leaves nothing behind.
    assert_eq!(
        (setting.emulator.journal().len(), setting.path().exists()),
        (0, false)
    );
    setting.root().await.unwrap();
    let journal = setting.emulator.journal();
    let called: Vec<_> = journal
        .iter()
        .filter(|call| call.error.is_none())
        .map(|call| (call.operation.as_str(), &call.body))
        .collect();
    let operations: Vec<_> = planned.iter().map(|call| call.operation).collect();
    assert_eq!(
        called
            .iter()
            .map(|(operation, _)| *operation)
            .collect::<Vec<_>>(),
        operations
    );
    for (planned, (_, body)) in planned.iter().zip(called) {
        assert_eq!(
            known(&planned.request, body),
            *body,
            "{}",
            planned.operation
        );
    }
}

/// The plan, with what only the service could say put in the place of the angle brackets.
fn known(planned: &Value, body: &Value) -> Value {
    match (planned, body) {
        (Value::String(text), found) if text.starts_with('<') => found.clone(),
        (Value::Object(planned), found) => planned
            .iter()
            .map(|(name, value)| {
                // The CRL's name ends in the authority's id.
                let is_crl_point = planned.get("ObjectIdentifier") == Some(&json!("2.5.29.31"));
                let found = found.get(name).unwrap_or(&Value::Null);
                let value = if is_crl_point && name == "Value" {
                    let url = |value: &Value| {
                        let der =
                            Base64::decode_vec(value.as_str().expect("set up")).expect("set up");
                        der[..der.len() - 40].to_vec()
                    };
                    assert_eq!(url(value), url(found));
                    found.clone()
                } else {
                    known(value, found)
                };
                (name.clone(), value)
            })
            .collect(),
        (Value::Array(planned), found) => planned
            .iter()
            .enumerate()
            .map(|(place, value)| known(value, found.get(place).unwrap_or(&Value::Null)))
            .collect(),
        (value, _) => value.clone(),
    }
}

#[tokio::test]
async fn a_plan_begins_where_the_state_file_stands() {
    let setting = Setting::new(Settings::default()).await;
    setting
        .emulator
        .fail("IssueCertificate", &[Fault::AccessDenied]);
    setting.root().await.unwrap_err();
    let plan = |state: &StateFile| plan_root(&order(), REGION, Some(state)).unwrap();
    let planned = plan(&setting.state());
    assert_eq!(planned[0].operation, "GetCertificateAuthorityCsr");
    assert!(
        planned
            .iter()
            .any(|call| call.operation == "IssueCertificate")
    );
    setting.root().await.unwrap();
    assert_eq!(plan(&setting.state()), []);
}

#[tokio::test]
async fn an_extension_left_out_of_the_root_stops_before_the_import() {
    for (oid, extension, rule) in [
        ("2.5.29.15", "keyUsage", Some("iaca-key-usage")),
        ("2.5.29.18", "issuerAltName", Some("iaca-issuer-alt-name")),
        // Only a warning of the linter, but it was asked for.
        ("2.5.29.31", "cRLDistributionPoints", None),
    ] {
        let settings = Settings {
            leave_out: vec![oid.to_owned()],
            ..Settings::default()
        };
        let setting = Setting::new(settings).await;
        for _ in 0..2 {
            let error = setting.root().await.unwrap_err();
            let text = error.to_string();
            let PrivateCaError::Accept(AcceptError::Refused {
                findings,
                differences,
            }) = error
            else {
                panic!("{text}");
            };
            let ids = findings.map(|refusal| match refusal {
                LintRefusal::Errors(findings) => findings[0].id(),
                other => panic!("{other}"),
            });
            assert_eq!(ids, rule);
            assert_eq!(
                differences,
                [Difference::LeftOut(format!("{extension} ({oid})"))]
            );
        }
        assert_eq!(
            setting.calls("ImportCertificateAuthorityCertificate"),
            (0, 0)
        );
        // The second run looked at the same certificate and asked for no other.
        assert_eq!(setting.calls("CreateCertificateAuthority").1, 1);
        assert_eq!(setting.calls("IssueCertificate").1, 1);
    }
}

#[tokio::test]
async fn what_the_profile_refuses_costs_nothing() {
    let mut too_long = order();
    too_long.validity = Validity::days(today(), 7301).unwrap();
    let mut no_country = order();
    no_country.name = DistinguishedName::new("Utopia IACA");
    let mut brainpool = order();
    brainpool.curve = Curve::BrainpoolP256r1;
    let mut long_crl = order();
    long_crl.crl.expiration_days = 90;
    let setting = Setting::new(Settings::default()).await;
    for (order, is_expected) in [
        (
            too_long,
            (|error| matches!(error, PrivateCaError::Profile(_))) as fn(&PrivateCaError) -> bool,
        ),
        (no_country, |error| {
            matches!(error, PrivateCaError::Profile(_))
        }),
        (brainpool, |error| matches!(error, PrivateCaError::Curve(_))),
        (long_crl, |error| {
            matches!(error, PrivateCaError::CrlLife(90))
        }),
    ] {
        assert!(is_expected(&setting.root_of(&order).await.unwrap_err()));
        assert!(is_expected(&plan_root(&order, REGION, None).unwrap_err()));
    }
    assert_eq!(setting.emulator.journal().len(), 0);
}

#[tokio::test]
async fn a_state_file_belongs_to_one_root_and_one_run() {
    let setting = Setting::new(Settings::default()).await;
    setting.root().await.unwrap();
    let mut other = order();
    other.name = other.name.organization("Another");
    let error = setting.root_of(&other).await.unwrap_err();
    assert!(
        matches!(
            error,
            PrivateCaError::StateFile(StateError::OtherOrder { .. })
        ),
        "{error}"
    );
    let _held = setting.state();
    let second = StateFile::open(&setting.path()).unwrap_err();
    assert!(matches!(second, StateError::Locked { .. }), "{second}");
}

#[tokio::test]
async fn a_root_is_made_once_however_often_it_is_asked_for() {
    let setting = Setting::new(Settings::default()).await;
    let first = setting.root().await.unwrap();
    let mut later = order();
    // Another run on another day.
    later.validity = Validity::days(today() + time::Duration::days(1), 3650).unwrap();
    assert_eq!(setting.root_of(&later).await.unwrap(), first);
    for operation in [
        "CreateCertificateAuthority",
        "IssueCertificate",
        "ImportCertificateAuthorityCertificate",
    ] {
        assert_eq!(setting.calls(operation), (1, 1), "{operation}");
    }
}

#[tokio::test]
async fn state_and_audit_report_can_be_asked_for() {
    let setting = Setting::new(Settings::default()).await;
    let root = setting.root().await.unwrap();
    let authority = setting.authority(&root);
    let status = setting.service().status(authority.arn()).await.unwrap();
    assert_eq!(
        (status.status.as_str(), status.crl_days),
        ("ACTIVE", Some(30))
    );
    assert_eq!(status.crl_bucket.as_deref(), Some(BUCKET));
    let end = CertificateView::from_der(root.as_der())
        .unwrap()
        .validity()
        .not_after
        .at;
    assert_eq!(status.not_after, Some(end));

    let report = setting
        .service()
        .audit_report(authority.arn(), BUCKET)
        .await
        .unwrap();
    let rows = setting
        .emulator
        .object(&report.bucket, &report.key)
        .unwrap();
    let rows: Value = serde_json::from_slice(&rows).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 1);
    // One in thirty minutes.
    let error = setting
        .service()
        .audit_report(authority.arn(), BUCKET)
        .await
        .unwrap_err();
    assert!(
        matches!(&error, PrivateCaError::Call(call) if call.code() == Some("RequestInProgressException"))
    );
}
