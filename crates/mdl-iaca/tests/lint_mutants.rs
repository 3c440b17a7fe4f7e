//! For every rule of the linter a document that breaks this rule and no other.

mod authority;
mod mutants;

use std::collections::BTreeSet;

use mdl_crypto::Curve;
use mdl_iaca::certificate::CertificateView;
use mdl_iaca::lint::{LintFinding, Profile, RULES, Severity, lint_certificate, lint_der};
use mutants::{Mutant, Specimen, authorities, crls, every, requests, signers, valid_for};

fn all_mutants() -> Vec<Mutant> {
    [
        every::certificate(),
        every::names(),
        every::public_keys(),
        every::extensions(),
        every::issuers(),
        authorities::root(),
        authorities::link(),
        authorities::aamva(),
        signers::document_signer(),
        signers::reader(),
        signers::ocsp(),
        signers::status(),
        signers::vical(),
        crls::mutants(),
        requests::mutants(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Rules of at least a warning that findings name, each once.
fn broken(findings: &[LintFinding]) -> BTreeSet<&'static str> {
    let broken = findings
        .iter()
        .filter(|finding| finding.severity() > Severity::Info);
    broken.map(LintFinding::id).collect()
}

#[test]
fn mutant_breaks_its_rule_and_no_other() {
    let mut faults = Vec::new();
    for Mutant { rule, findings } in all_mutants() {
        let listed = RULES.iter().find(|listed| listed.id == rule);
        let severity = listed.unwrap_or_else(|| panic!("no rule {rule}")).severity;
        let expected = BTreeSet::from_iter((severity > Severity::Info).then_some(rule));
        let told = findings.iter().any(|finding| finding.id() == rule);
        if broken(&findings) != expected || !told {
            let found: Vec<_> = findings.iter().map(ToString::to_string).collect();
            faults.push(format!("{rule}: {found:#?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_rule_has_a_mutant() {
    let covered: BTreeSet<_> = all_mutants().iter().map(|mutant| mutant.rule).collect();
    let missing: Vec<_> = RULES
        .iter()
        .filter(|rule| !covered.contains(rule.id))
        .collect();
    let missing: Vec<_> = missing.iter().map(|rule| rule.id).collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn rule_identifiers_are_unique_kebab_case_and_rules_say_why() {
    let mut seen = BTreeSet::new();
    for rule in RULES {
        assert!(seen.insert(rule.id), "{} is there twice", rule.id);
        let kebab =
            |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-';
        assert!(rule.id.bytes().all(kebab), "{}", rule.id);
        for text in [rule.clause, rule.requirement, rule.why] {
            assert!(!text.is_empty(), "{}", rule.id);
        }
    }
}

#[test]
fn what_the_builders_make_has_no_findings_and_is_recognised() {
    for specimen in Specimen::all() {
        let certificate = specimen.base.sign(&specimen.signing_key);
        assert_eq!(specimen.lint(&certificate), [], "{}", specimen.profile);
        let guess = Profile::guess(&CertificateView::from_der(&certificate).unwrap());
        // Without a key purpose nothing tells a status signer from a document signer that lacks its own.
        let expected = Some(specimen.profile).filter(|profile| *profile != Profile::StatusSigner);
        assert_eq!(guess, expected);
    }
    for curve in [
        Curve::P256,
        Curve::P521,
        Curve::BrainpoolP256r1,
        Curve::Ed25519,
    ] {
        let request = requests::request(&authority::key(curve, 2));
        assert_eq!(requests::lint(&request), [], "{curve:?}");
    }
}

#[test]
fn what_is_just_allowed_has_no_errors_or_warnings() {
    for (specimen, forge) in signers::good() {
        let findings = specimen.lint(&forge.sign(&specimen.signing_key));
        assert_eq!(
            broken(&findings),
            BTreeSet::new(),
            "{}: {findings:?}",
            specimen.profile
        );
    }
}

#[test]
fn long_lived_document_signer_without_contact_and_critical_purpose_has_three_errors() {
    use mdl_iaca::certificate::oid;
    let ds = Specimen::document_signer();
    let forge = valid_for(ds.base.clone(), 1825, 0).without(oid::ISSUER_ALT_NAME.as_bytes());
    let forge = every::critical(forge, oid::EXTENDED_KEY_USAGE, false);
    let certificate = forge.sign(&ds.signing_key);
    let view = CertificateView::from_der(&certificate).unwrap();
    let findings = lint_certificate(&view, None, None);
    let errors = [
        "ds-extended-key-usage-critical",
        "ds-issuer-alt-name",
        "ds-validity-457-days",
    ];
    assert_eq!(broken(&findings), BTreeSet::from(errors));
    assert!(
        findings
            .iter()
            .all(|finding| finding.severity() == Severity::Error)
    );
    assert_eq!(
        findings[0].to_string(),
        "error ds-validity-457-days (B.1.4, Table B.3): valid for 1825 days"
    );
}

#[test]
fn documents_are_linted_as_what_they_are() {
    let ds = Specimen::document_signer();
    let certificate = ds.base.sign(&ds.signing_key);
    assert_eq!(lint_der(&certificate, None, None), Ok(vec![]));
    let request = requests::request(&authority::key(Curve::P256, 2));
    assert_eq!(lint_der(&request, None, None), Ok(vec![]));
    let crl = authority::Authority::new(Curve::P256).crl(1, &[]);
    assert_eq!(lint_der(&crl, None, None), Ok(vec![]));
    lint_der(&crl, Some(Profile::Csr), None).expect_err("a CRL is no request");
    lint_der(&certificate[..99], None, None).expect_err("cut off");
}

#[test]
fn altered_documents_are_linted_or_refused_but_never_panic() {
    let ds = Specimen::document_signer();
    let certificate = ds.base.sign(&ds.signing_key);
    let authority = authority::Authority::new(Curve::P256);
    let crl = authority.crl(1, &[authority::serial(3)]);
    let request = requests::request(&authority::key(Curve::P256, 2));
    let issuer = CertificateView::from_der(&authority.certificate).unwrap();
    for (document, profile) in [
        (certificate, Profile::DocumentSigner),
        (crl, Profile::Crl),
        (request, Profile::Csr),
    ] {
        for index in 0..document.len() {
            for value in [0x00, 0x30, 0x80, 0xff] {
                let mut altered = document.clone();
                altered[index] = value;
                let _ = lint_der(&altered, Some(profile), Some(&issuer));
            }
            lint_der(&document[..index], Some(profile), None).expect_err("cut off");
        }
    }
}

#[test]
fn thousands_of_faults_are_told_in_bounded_space() {
    use mdl_iaca::certificate::oid;
    let ds = Specimen::document_signer();
    let names = authority::forge::tlv(0x30, &[0x82, 0x00].repeat(20_000));
    let forge = ds
        .base
        .clone()
        .set(oid::SUBJECT_ALT_NAME.as_bytes(), false, &names);
    let findings = ds.lint(&forge.sign(&ds.signing_key));
    assert_eq!(broken(&findings), BTreeSet::from(["general-name-ascii"]));
    assert!(findings.len() <= 20);
}
