//! The certificate decoder with every extension it knows, the linter, and the certificate as a trust anchor.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mdl_iaca::certificate::CertificateView;
use mdl_iaca::lint::lint_certificate;
use mdl_iaca::trust_anchor::TrustAnchor;

fuzz_target!(|data: &[u8]| {
    let Ok(certificate) = CertificateView::from_der(data) else {
        return;
    };
    assert_eq!(certificate.der(), data);
    for name in [certificate.issuer(), certificate.subject()] {
        name.attributes()
            .for_each(|attribute| drop((attribute.text(), attribute.short_name())));
    }
    // The linter reads every extension; with the certificate as its own issuer it also compares names and keys.
    let _ = lint_certificate(&certificate, None, Some(&certificate));
    let _ = (certificate.validity().duration(), certificate.fingerprint());
    let _ = TrustAnchor::from_der(data);
});
