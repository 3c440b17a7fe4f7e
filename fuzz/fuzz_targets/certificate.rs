//! The certificate decoder, every extension it knows, and the signature over a certificate by its own key.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdl_iaca::certificate::CertificateView;

fuzz_target!(|data: &[u8]| {
    let Ok(certificate) = CertificateView::from_der(data) else {
        return;
    };
    assert_eq!(certificate.der(), data);
    for name in [certificate.issuer(), certificate.subject()] {
        let _ = (
            name.country(),
            name.state_or_province(),
            name.common_name(),
            name.organization(),
        );
        name.attributes()
            .for_each(|attribute| drop((attribute.text(), attribute.short_name())));
    }
    let extensions = certificate.extensions();
    let _ = (
        extensions.key_usage(),
        extensions.basic_constraints(),
        extensions.has_ocsp_nocheck(),
    );
    let _ = (
        extensions.subject_key_identifier(),
        extensions.authority_key_identifier(),
    );
    let _ = extensions
        .extended_key_usage()
        .map(|usage| usage.map(|usage| usage.purposes().count()));
    let _ = extensions
        .issuer_alt_name()
        .map(|names| names.map(|names| names.iter().count()));
    let _ = extensions
        .subject_alt_name()
        .map(|names| names.map(|names| names.iter().count()));
    let _ = (
        extensions.crl_distribution_points(),
        extensions.authority_info_access(),
    );
    let _ = (
        certificate.deviations(),
        certificate.validity().duration(),
        certificate.fingerprint(),
    );
    if let Ok(key) = certificate.public_key_info().public_key() {
        let _ = certificate.verify_signature(&key);
    }
});
