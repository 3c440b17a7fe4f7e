//! Views over certificates of other issuers, and over damaged ones.

mod shared_vectors;

use mdl_iaca::certificate::{
    CertificateView, CrlView, CsrView, DistributionPointName, GeneralName, KeyUsage,
    SignatureError, oid,
};
use mdl_iaca::lint::{lint_certificate, lint_crl, lint_csr};
use time::macros::datetime;

#[test]
fn annex_d_document_signer_is_read_and_chains_to_its_root() {
    let Some(cases) = shared_vectors::load("annex_d.json") else {
        return;
    };
    let root = shared_vectors::certificate(&cases, "annexd-cert-iaca");
    let der = shared_vectors::certificate(&cases, "annexd-cert-ds");
    let root = CertificateView::from_der(&root).unwrap();
    let signer = CertificateView::from_der(&der).unwrap();

    assert_eq!(signer.version(), 3);
    assert_eq!(signer.subject().country().as_deref(), Some("US"));
    assert_eq!(signer.subject().common_name().as_deref(), Some("utopia ds"));
    assert_eq!(signer.subject().to_string(), "CN=utopia ds, C=US");
    assert_eq!(
        signer.validity().not_before.at,
        datetime!(2020-10-01 0:00 UTC)
    );
    assert_eq!(signer.validity().duration().whole_days(), 365);
    assert!(signer.validity().not_after.is_canonical());
    assert_eq!(signer.issuer(), root.subject());
    assert!(root.is_self_issued() && !signer.is_self_issued());

    let extensions = signer.extensions();
    let usage = extensions.key_usage().unwrap().unwrap();
    assert_eq!(usage.bits(), KeyUsage::DIGITAL_SIGNATURE);
    assert!(usage.is_minimal());
    assert!(
        extensions
            .extended_key_usage()
            .unwrap()
            .unwrap()
            .contains(oid::MDL_DS)
    );
    let identifier = extensions
        .authority_key_identifier()
        .unwrap()
        .unwrap()
        .key_identifier;
    assert_eq!(
        identifier,
        root.extensions().subject_key_identifier().unwrap()
    );
    let own = extensions.subject_key_identifier().unwrap();
    assert_eq!(own, Some(&signer.public_key_info().key_identifier()[..]));

    let root_key = root.public_key_info().public_key().unwrap();
    root.verify_signature(&root_key).unwrap();
    signer.verify_signature(&root_key).unwrap();
    let own_key = signer.public_key_info().public_key().unwrap();
    assert!(matches!(
        signer.verify_signature(&own_key),
        Err(SignatureError::Verify(_))
    ));
    assert!(signer.algorithms_agree());
    assert!(signer.deviations().is_empty());
}

#[test]
fn distribution_point_that_is_a_host_name_is_readable() {
    let Some(cases) = shared_vectors::load("annex_d.json") else {
        return;
    };
    let der = shared_vectors::certificate(&cases, "annexd-cert-ds");
    let signer = CertificateView::from_der(&der).unwrap();
    let points = signer
        .extensions()
        .crl_distribution_points()
        .unwrap()
        .unwrap();
    let Some(DistributionPointName::FullName(names)) = points[0].name else {
        panic!("no full name")
    };
    assert!(matches!(names.iter().next(), Some(GeneralName::DnsName(_))));
}

#[test]
fn every_certificate_of_a_production_vical_is_read() {
    let Some(cases) = shared_vectors::load("vical.json") else {
        return;
    };
    let (payload, chain) = shared_vectors::vical(&cases);
    let roots = shared_vectors::vical_roots(&payload);
    assert_eq!((roots.len(), chain.len()), (14, 3));
    for der in roots {
        let root = CertificateView::from_der(&der).unwrap();
        let key = root.public_key_info().public_key().unwrap();
        root.verify_signature(&key).unwrap();
        assert_eq!(root.der(), der);
        assert!(
            der.windows(root.tbs().len())
                .any(|bytes| bytes == root.tbs())
        );
    }
}

#[test]
fn truncated_and_altered_certificates_never_panic() {
    let Some(cases) = shared_vectors::load("annex_d.json") else {
        return;
    };
    let der = shared_vectors::certificate(&cases, "annexd-cert-ds");
    for length in 0..der.len() {
        CertificateView::from_der(&der[..length]).expect_err("cut off");
    }
    let mut altered = der.clone();
    for index in 0..der.len() {
        for value in [0x00, 0x30, 0x7f, 0x80, 0xff, der[index] ^ 0x20] {
            altered[index] = value;
            if let Ok(view) = CrlView::from_der(&altered) {
                lint_crl(&view, None);
            }
            if let Ok(view) = CsrView::from_der(&altered) {
                lint_csr(&view);
            }
            if let Ok(view) = CertificateView::from_der(&altered) {
                lint_certificate(&view, None, Some(&view));
                let extensions = view.extensions();
                let _ = (
                    view.subject().to_string(),
                    view.issuer().to_string(),
                    view.deviations(),
                );
                let _ = (
                    extensions.key_usage(),
                    extensions.basic_constraints(),
                    extensions.crl_number(),
                );
                let _ = (
                    extensions.crl_distribution_points(),
                    extensions.authority_info_access(),
                );
                let _ = (
                    extensions.issuer_alt_name(),
                    extensions.authority_key_identifier(),
                );
            }
        }
        altered[index] = der[index];
    }
}
