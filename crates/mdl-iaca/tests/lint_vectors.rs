//! The linter on certificates that others issued.

mod shared_vectors;

use mdl_iaca::certificate::CertificateView;
use mdl_iaca::lint::{LintFinding, Profile, Severity, lint_certificate};

fn ids(findings: &[LintFinding], severity: Severity) -> Vec<&'static str> {
    let of_severity = findings
        .iter()
        .filter(|finding| finding.severity() == severity);
    let mut ids: Vec<_> = of_severity.map(LintFinding::id).collect();
    ids.dedup();
    ids
}

#[test]
fn fielded_roots_have_no_errors_and_their_deviations_are_told() {
    let Some(cases) = shared_vectors::load("vical.json") else {
        return;
    };
    let (payload, _) = shared_vectors::vical(&cases);
    let mut told = Vec::new();
    for der in shared_vectors::vical_roots(&payload) {
        let root = CertificateView::from_der(&der).unwrap();
        assert_eq!(
            Profile::guess(&root),
            Some(Profile::IacaRoot),
            "{}",
            root.subject()
        );
        let findings = lint_certificate(&root, None, None);
        assert_eq!(
            ids(&findings, Severity::Error),
            [""; 0],
            "{}: {findings:?}",
            root.subject()
        );
        told.push(ids(&findings, Severity::Warning));
    }
    let count = |id| told.iter().filter(|ids| ids.contains(&id)).count();
    assert_eq!(count("iaca-subject-attributes"), 9, "L or OU");
    assert_eq!(count("name-state-iso-3166-2"), 1, "AK");
    assert_eq!(told.iter().map(Vec::len).sum::<usize>(), 10);
}

#[test]
fn signer_of_a_production_vical_shows_what_it_does_differently() {
    let Some(cases) = shared_vectors::load("vical.json") else {
        return;
    };
    let (_, chain) = shared_vectors::vical(&cases);
    let signer = CertificateView::from_der(&chain[0]).unwrap();
    let authority = CertificateView::from_der(&chain[1]).unwrap();
    assert_eq!(Profile::guess(&signer), Some(Profile::VicalSigner));
    let findings = lint_certificate(&signer, None, Some(&authority));
    assert_eq!(ids(&findings, Severity::Error), [""; 0], "{findings:?}");
    let warnings = ids(&findings, Severity::Warning);
    assert_eq!(warnings, ["crl-dp-other-name", "vical-utf8-names"]);
}

#[test]
fn annex_d_certificates_differ_in_the_distribution_point_only() {
    let Some(cases) = shared_vectors::load("annex_d.json") else {
        return;
    };
    let read = |id| shared_vectors::certificate(&cases, id);
    let (iaca, ds) = (read("annexd-cert-iaca"), read("annexd-cert-ds"));
    let (reader_root, reader) = (read("annexd-cert-reader-root"), read("annexd-cert-reader"));
    let (iaca, reader_root) = (
        CertificateView::from_der(&iaca).unwrap(),
        CertificateView::from_der(&reader_root).unwrap(),
    );
    for (der, issuer, profile) in [
        (iaca.der(), &iaca, Profile::IacaRoot),
        (&ds[..], &iaca, Profile::DocumentSigner),
        (&reader[..], &reader_root, Profile::ReaderAuth),
    ] {
        let certificate = CertificateView::from_der(der).unwrap();
        assert_eq!(Profile::guess(&certificate), Some(profile));
        let findings = lint_certificate(&certificate, None, Some(issuer));
        assert_eq!(
            ids(&findings, Severity::Error),
            ["crl-dp-uri"],
            "{findings:?}"
        );
        assert_eq!(ids(&findings, Severity::Warning), [""; 0], "{findings:?}");
        assert_eq!(findings[0].found, "dNSName example.com");
    }
}

#[test]
fn paths_of_other_projects_show_their_faults() {
    let Some(cases) = shared_vectors::load("certificate_paths.json") else {
        return;
    };
    let expected: [(&str, &[&str]); 3] = [
        // The document signer outlives its root, by some weeks.
        (
            "path-isomdl-ds",
            &["name-state-iso-3166-2", "issuer-validity"],
        ),
        (
            "path-isomdl-ds-is-ca",
            &[
                "ds-issuer-alt-name",
                "ds-not-authority",
                "unlisted-critical-extension",
            ],
        ),
        (
            "path-multipaz-p384",
            &["serial-positive", "name-country-printable"],
        ),
    ];
    for (id, expected) in expected {
        let case = cases.iter().find(|case| case["id"] == id).unwrap();
        let (leaf, root) = (
            shared_vectors::pem(&case["chain_pem"][0]),
            shared_vectors::pem(&case["trusted_iaca_pem"]),
        );
        let leaf = CertificateView::from_der(&leaf).unwrap();
        let root = CertificateView::from_der(&root).unwrap();
        let findings = lint_certificate(&leaf, None, Some(&root));
        let found: Vec<_> = findings.iter().map(LintFinding::id).collect();
        for id in expected {
            assert!(found.contains(id), "{id}: {findings:#?}");
        }
    }
}
