//! The configuration file: the example loads, and everything that can be wrong with a file is said, with its line.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod authority;
mod issuer_changed;

use std::fs;
use std::path::PathBuf;

use authority::{Authority, START};
use mdl_issuer::config::{Config, ConfigError, Problem};
use mdl_signer::quota::Priority;
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

const EXAMPLE: &str = include_str!("../../../../deploy/issuer.example.toml");
const NOW: OffsetDateTime = START;

/// The example in a folder with everything that it names.
struct Example {
    folder: TempDir,
    authority: Authority,
    text: String,
    now: OffsetDateTime,
}

impl Example {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut authority = Authority::new(1);
        authority.write(folder.path());
        Self {
            folder,
            authority,
            text: EXAMPLE.to_owned(),
            now: NOW,
        }
    }

    /// The same with something else in place of `old`, which must be there.
    fn with(mut self, old: &str, new: &str) -> Self {
        assert!(self.text.contains(old), "{old}");
        self.text = self.text.replacen(old, new, 1);
        self
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn read(&self) -> Result<Config, ConfigError> {
        let environment = |name: &str| {
            (name == "MDL_PROMETHEUS_TOKEN").then(|| "fedcba9876543210fedcba9876543210".to_owned())
        };
        Config::read(
            &self.text,
            &self.path("issuer.toml"),
            &environment,
            self.now,
        )
    }

    fn problems(&self) -> Vec<Problem> {
        match self.read().unwrap_err() {
            ConfigError::Problems { problems, .. } => problems,
            other => panic!("{other}"),
        }
    }

    /// The only problem: its key, and what is said about it.
    fn problem(&self) -> (String, String) {
        match <[Problem; 1]>::try_from(self.problems()) {
            Ok([problem]) => (problem.key, problem.what),
            Err(problems) => panic!("{problems:?}"),
        }
    }
}

#[test]
fn the_example_loads() {
    let config = Example::new().read().unwrap();
    assert_eq!(config.tenants.len(), 1);
    let tenant = &config.tenants[0];
    assert_eq!(tenant.authority.document_signers.len(), 1);
    assert!(tenant.authority.status_signer.is_some());
    assert_eq!(tenant.policy.validity, Duration::days(14));
    assert_eq!(tenant.configurations[0].claims.len(), 2);
    assert_eq!(config.serve.internal.operators.len(), 2);
}

#[test]
fn claims_that_are_not_listed_are_those_of_the_standard() {
    let mut example = Example::new();
    let from = example.text.find("[[tenants.credentials.claims]]").unwrap();
    let to = example.text.find("[tenants.authority]").unwrap();
    example.text.replace_range(from..to, "");
    let config = example.read().unwrap();
    let claims = &config.tenants[0].configurations[0].claims;
    assert!(
        claims
            .iter()
            .any(|claim| claim.element == "portrait" && claim.mandatory)
    );
    assert!(claims.iter().all(|claim| !claim.element.ends_with("_NN")));
}

#[test]
fn a_misspelt_key_is_refused_with_its_line_and_the_key_that_was_meant() {
    let example = Example::new().with("# offer_life", "ofer_life");
    let problem = example.problems().remove(0);
    assert_eq!(problem.key, "tenants[0].policy.ofer_life");
    assert_eq!(problem.what, "unknown key; did you mean `offer_life`?");
    let line = example.text.lines().nth(problem.line - 1).unwrap();
    assert!(line.starts_with("ofer_life"), "{line}");
}

#[test]
fn every_problem_is_said_at_once_and_in_order() {
    let example = Example::new()
        .with("address = \"0.0.0.0:8443\"", "address = \"everywhere\"")
        .with("# burst = 100", "burst = 0")
        .with("name = \"dmv\"", "name = \"The DMV\"")
        .with("# validity = \"14d\"", "validity = \"14\"");
    let problems = example.problems();
    let keys: Vec<_> = problems
        .iter()
        .map(|problem| problem.key.as_str())
        .collect();
    assert_eq!(
        keys,
        [
            "public.address",
            "public.rate_limit.burst",
            "tenants[0].name",
            "tenants[0].policy.validity"
        ]
    );
    assert!(problems.is_sorted_by_key(|problem| problem.line));
}

#[test]
fn each_of_these_is_a_problem_of_its_own() {
    let cases = [
        // What is asked for, what stands there, the key that is wrong, part of what is said.
        (
            "secret_file = \"secrets/service-secret\"",
            "",
            "service.secret_file",
            "missing",
        ),
        (
            "secrets/service-secret",
            "secrets/none",
            "service.secret_file",
            "cannot be read",
        ),
        (
            "secrets/service-secret",
            "secrets/passphrase",
            "service.secret_file",
            "32 random bytes",
        ),
        (
            "\"secrets/sealing-key\"",
            "\"secrets/service-secret\"",
            "service.sealing_key_file",
            "make two",
        ),
        (
            "# secret_env = \"MDL_SERVICE_SECRET\"",
            "secret_env = \"A\"",
            "service.secret_env",
            "choose one",
        ),
        (
            "10.1.0.5:9443",
            "0.0.0.0:8443",
            "internal.address",
            "port of its own",
        ),
        (
            "MDL_PROMETHEUS_TOKEN",
            "MDL_NOBODY",
            "internal.operators[1].token_env",
            "no variable",
        ),
        (
            "secrets/back-office-token",
            "secrets/passphrase",
            "internal.operators[0].token_file",
            "24",
        ),
        ("tls_key = \"tls/key.pem\"", "", "public.tls_key", "missing"),
        (
            "tls/key.pem",
            "tls/none.pem",
            "public.tls_key",
            "cannot be read",
        ),
        (
            "sqlite:/var/lib/mdl/issuer.db",
            "postgres://a:b@h/d",
            "store.url",
            "holds a password",
        ),
        (
            "client_address_header = \"x-forwarded-for\"",
            "client_address_header = \"Forwarded\"",
            "public.rate_limit.client_address_header",
            "not understood",
        ),
        (
            "role = \"monitor\"",
            "role = \"everything\"",
            "internal.operators[1].role",
            "expected operator, records or monitor",
        ),
        (
            "# second_person = [\"revoke-person\", \"resume-person\"]",
            "second_person = [\"revoke-people\"]",
            "internal.second_person[0]",
            "expected one of revoke-document",
        ),
        (
            "# approval_time = \"1d\"",
            "approval_time = \"1d\"",
            "internal.approval_time",
            "says nothing without second_person",
        ),
        (
            "sqlite:/var/lib/mdl/issuer.db",
            "postgres://a@h/d",
            "store.url",
            "does not say how the connection is protected",
        ),
        (
            "kind = \"folder\"\npath = \"records\"",
            "kind = \"sql\"\nurl = \"postgres://a@h/d\"\nview = \"people\"",
            "tenants[0].records.url",
            "does not say how the connection is protected",
        ),
        (
            "sqlite:/var/lib/mdl/issuer.db",
            "mysql://h/d",
            "store.url",
            "expected",
        ),
        (
            "http://127.0.0.1:4318/v1/traces",
            "127.0.0.1",
            "traces.endpoint",
            "expected",
        ),
        (
            "https://issuer.dmv.example\"",
            "https://issuer.dmv.example/\"",
            "tenants[0].issuer",
            "normal form",
        ),
        (
            "https://issuer.dmv.example\"",
            "http://127.0.0.1:1\"",
            "tenants[0].issuer",
            "allow_insecure_http",
        ),
        (
            "kind = \"folder\"",
            "kind = \"sample\"",
            "tenants[0].records.kind",
            "expected",
        ),
        (
            "longest_mso_life = \"90d\"",
            "longest_mso_life = \"7d\"",
            "tenants[0].authority.document_signers[0].longest_mso_life",
            "less than policy.validity",
        ),
        (
            "expected_update = \"7d\"",
            "expected_update = \"14d\"",
            "tenants[0].policy.expected_update",
            "before",
        ),
        (
            "# status_ttl = \"5min\"",
            "status_ttl = \"1d\"\nstatus_life = \"1h\"",
            "tenants[0].policy.status_ttl",
            "longer",
        ),
        (
            "# status_list_size = 1048576",
            "status_list_size = 1025",
            "tenants[0].policy.status_list_size",
            "multiple of 8",
        ),
        (
            "10.0.0.0/8",
            "10.0.0.0/40",
            "public.rate_limit.trusted_proxies[0]",
            "network",
        ),
        (
            "trusted_proxies = [\"10.0.0.0/8\"]",
            "",
            "public.rate_limit.client_address_header",
            "there are none",
        ),
    ];
    let key_attestations = [
        (
            "# required = false",
            "required = true",
            "tenants[0].key_attestation.required",
            "needs anchors",
        ),
        (
            "# key_storage = ",
            "key_storage = ",
            "tenants[0].key_attestation.key_storage",
            "required only",
        ),
        (
            "# user_authentication = ",
            "user_authentication = ",
            "tenants[0].key_attestation.user_authentication",
            "required only",
        ),
        (
            "# anchors = ",
            "anchors = ",
            "tenants[0].key_attestation.anchors",
            "cannot be read",
        ),
    ];
    for (old, new, key, said) in cases.into_iter().chain(key_attestations) {
        let (found, what) = Example::new().with(old, new).problem();
        assert_eq!(found, key, "{new}: {what}");
        assert!(what.contains(said), "{new}: {what}");
    }
}

/// The example with its tenant a second time, under another name and identifier.
fn two_tenants(second: &str) -> Example {
    let mut example = Example::new();
    let from = example.text.find("[[tenants]]").unwrap();
    let again = example.text[from..]
        .replacen("name = \"dmv\"", "name = \"other\"", 1)
        .replacen("https://issuer.dmv.example\"", &format!("{second}\""), 1);
    example.text.push_str(&again);
    example
}

#[test]
fn two_tenants_on_one_path_are_refused_whatever_their_hosts() {
    let (key, what) = two_tenants("https://issuer.other.example").problem();
    assert_eq!(key, "tenants[1].issuer");
    assert!(
        what.contains("\"dmv\" and \"other\" both have no path"),
        "{what}"
    );
    let (key, what) = two_tenants("https://issuer.other.example/a")
        .with(
            "https://issuer.dmv.example\"",
            "https://issuer.dmv.example/a\"",
        )
        .problem();
    assert_eq!(key, "tenants[1].issuer");
    assert!(
        what.contains("\"dmv\" and \"other\" both have /a"),
        "{what}"
    );
    let config = two_tenants("https://issuer.dmv.example/a").read().unwrap();
    assert_eq!(config.tenants.len(), 2);
}

#[test]
fn nobody_is_let_in_unasked() {
    let mut example = Example::new().with("client_ca = \"tls/operators-ca.pem\"", "");
    let from = example.text.find("[[internal.operators]]").unwrap();
    let to = example.text.find("[internal.limits]").unwrap();
    example.text.replace_range(from..to, "");
    assert_eq!(example.problem().0, "internal.operators");
}

#[test]
fn what_needs_two_people_needs_two_operators() {
    let example = Example::new()
        .with("client_ca = \"tls/operators-ca.pem\"", "")
        .with("# second_person", "second_person");
    let (key, what) = example.problem();
    assert_eq!(key, "internal.second_person");
    assert!(what.contains("there is no second person"), "{what}");
    let two = example.with("role = \"monitor\"", "role = \"operator\"");
    let config = two.read().unwrap();
    assert_eq!(config.serve.internal.dual_control.operations.len(), 2);
}

#[test]
fn what_waits_for_approval_does_not_sign_when_it_was_read() {
    let signer = |example: &Example| {
        let config = example.read().unwrap();
        let signers = config.tenants[0].authority.document_signers.clone();
        signers[0].guard.is_held()
    };
    let example = Example::new();
    assert!(!signer(&example));
    let controlled = "second_person = [\"use-document-signer\"]";
    let example = example.with(
        "# second_person = [\"revoke-person\", \"resume-person\"]",
        controlled,
    );
    assert!(signer(&example));
}

#[test]
fn tokens_do_not_cross_a_network_in_the_clear() {
    let example = Example::new()
        .with("tls_certificate = \"tls/internal.pem\"", "")
        .with("tls_key = \"tls/internal-key.pem\"", "")
        .with("client_ca = \"tls/operators-ca.pem\"", "");
    assert_eq!(example.problem().0, "internal.address");
    example
        .with("10.1.0.5:9443", "127.0.0.1:9443")
        .read()
        .unwrap();
}

#[test]
fn a_secret_that_is_wrong_is_not_repeated() {
    let example = Example::new();
    fs::write(example.path("secrets/service-secret"), "hunter2").unwrap();
    let said = example.read().unwrap_err().to_string();
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn a_document_signer_of_another_root_is_refused() {
    let mut example = Example::new();
    let (certificate, key) = Authority::new(2).document_signer();
    fs::write(
        example.path("authority/ds/ds-1/certificate.pem"),
        certificate,
    )
    .unwrap();
    let path = example.path("authority/ds/ds-1/key.pem");
    example.authority.write_key(&path, &key);
    let (key, what) = example.problem();
    assert_eq!(key, "tenants[0].authority.document_signers[0].certificate");
    assert!(what.contains("no valid path"), "{what}");
}

#[test]
fn a_key_that_is_not_the_certificates_is_refused() {
    let mut example = Example::new();
    let (_, key) = example.authority.document_signer();
    let path = example.path("authority/ds/ds-1/key.pem");
    example.authority.write_key(&path, &key);
    let (key, what) = example.problem();
    assert_eq!(key, "tenants[0].authority.document_signers[0].key");
    assert!(what.contains("not the key"), "{what}");
}

#[test]
fn an_encrypted_key_is_opened_with_its_passphrase_only() {
    let mut example = Example::new();
    let (certificate, key) = example.authority.document_signer();
    fs::write(
        example.path("authority/ds/ds-1/certificate.pem"),
        certificate,
    )
    .unwrap();
    let path = example.path("authority/ds/ds-1/key.pem");
    example.authority.write_encrypted_key(&path, &key);
    example.read().unwrap();
    fs::write(example.path("secrets/passphrase"), "wrong").unwrap();
    assert_eq!(
        example.problem().0,
        "tenants[0].authority.document_signers[0].key"
    );
}

#[test]
fn a_status_signer_without_its_profile_is_refused() {
    let mut example = Example::new();
    // A document signer below the same root, which must not sign status lists.
    let (certificate, key) = example.authority.document_signer();
    fs::write(
        example.path("authority/status/status-1/certificate.pem"),
        certificate,
    )
    .unwrap();
    let path = example.path("authority/status/status-1/key.pem");
    example.authority.write_key(&path, &key);
    let (key, _) = example.problem();
    assert_eq!(key, "tenants[0].authority.status_signer.certificate");
}

#[test]
fn a_document_signer_that_has_stopped_signing_is_refused() {
    let mut example = Example::new();
    // The certificate is valid for 457 days, the last 90 of which it signs nothing.
    example.now = START + Duration::days(368);
    let (key, what) = example.problem();
    assert_eq!(key, "tenants[0].authority.document_signers[0].certificate");
    assert!(what.contains("stopped signing"), "{what}");
}

/// The configuration with a folder of document signers in place of the list, and what lies in that folder.
fn with_folder(example: Example) -> Example {
    let listed = example.text.find("[[tenants.authority.document_signers]]");
    let end = example
        .text
        .find("# Beside them or in their place")
        .unwrap();
    let mut example = example;
    example.text.replace_range(listed.unwrap()..end, "");
    for (commented, used) in [
        ("# [tenants.authority.document_signer_folder]", 2),
        ("# path = \"authority/ds\"", 2),
    ] {
        assert!(example.text.contains(commented), "{commented}");
        example.text = example.text.replacen(commented, &commented[used..], 1);
    }
    let settings = "{ \"longest_mso_life_days\": 90 }";
    fs::write(example.path("authority/ds/ds-1/signer.json"), settings).unwrap();
    example
}

/// Another document signer in the folder, whose certificate begins when all others do.
fn add_signer(example: &mut Example, name: &str, settings: &str) {
    let (certificate, key) = example.authority.document_signer();
    let folder = example.path(&format!("authority/ds/{name}"));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("certificate.pem"), certificate).unwrap();
    example.authority.write_key(&folder.join("key.pem"), &key);
    fs::write(folder.join("signer.json"), settings).unwrap();
}

#[test]
fn the_document_signers_of_a_folder_sign_and_the_one_that_stops_first_comes_first() {
    let mut example = with_folder(Example::new());
    add_signer(&mut example, "ds-2", "{ \"longest_mso_life_days\": 100 }");
    let config = example.read().unwrap();
    let signers = &config.tenants[0].authority.document_signers;
    let lives = signers
        .iter()
        .map(|signer| signer.guard.window().longest_mso_life().whole_days());
    assert_eq!(lives.collect::<Vec<_>>(), [100, 90]);
}

#[test]
fn what_is_retired_or_in_the_making_or_without_a_key_here_is_left_out() {
    let mut example = with_folder(Example::new());
    let retired = "{ \"longest_mso_life_days\": 90, \"retired\": { \"reason\": \"old\" } }";
    add_signer(&mut example, "ds-2", retired);
    add_signer(
        &mut example,
        ".ds-3.partial",
        "{ \"longest_mso_life_days\": 90 }",
    );
    add_signer(&mut example, "ds-4", "{ \"longest_mso_life_days\": 90 }");
    fs::remove_file(example.path("authority/ds/ds-4/key.pem")).unwrap();
    let config = example.read().unwrap();
    assert_eq!(config.tenants[0].authority.document_signers.len(), 1);
}

#[test]
fn what_is_wrong_with_one_of_a_folder_is_said_with_its_name() {
    let mut example = with_folder(Example::new());
    add_signer(&mut example, "ds-2", "{}");
    let (key, what) = example.problem();
    assert_eq!(key, "tenants[0].authority.document_signer_folder.path");
    assert!(what.contains("ds-2: signer.json"), "{what}");
}

#[test]
fn one_that_has_stopped_signing_is_left_out_while_another_signs() {
    let mut example = with_folder(Example::new());
    add_signer(&mut example, "ds-2", "{ \"longest_mso_life_days\": 30 }");
    // ds-1 signs until the 367th day, ds-2 until the 427th.
    example.now = START + Duration::days(368);
    let config = example.read().unwrap();
    assert_eq!(config.tenants[0].authority.document_signers.len(), 1);
    example.now = START + Duration::days(428);
    let problems = example.problems();
    let stopped = problems
        .iter()
        .filter(|problem| problem.what.contains("stopped signing"));
    assert_eq!(stopped.count(), 2);
}

#[test]
fn one_that_the_crl_lists_is_left_out_even_if_nobody_else_signs() {
    let example = with_folder(Example::new());
    let certificate = fs::read(example.path("authority/ds/ds-1/certificate.pem")).unwrap();
    let crl = example.authority.crl(&[certificate]);
    fs::write(example.path("authority/crl/crl.der"), crl).unwrap();
    // What it signed must be withdrawn by somebody: the service starts.
    let config = example.read().unwrap();
    assert_eq!(config.tenants[0].authority.document_signers.len(), 0);
}

#[test]
fn an_empty_folder_signs_nothing() {
    let example = with_folder(Example::new());
    fs::remove_dir_all(example.path("authority/ds/ds-1")).unwrap();
    let (_, what) = example.problem();
    assert!(what.contains("holds no document signer"), "{what}");
}

#[test]
fn certificates_that_have_expired_are_refused() {
    let mut example = Example::new();
    example.now = START + Duration::days(458);
    let keys: Vec<_> = example
        .problems()
        .into_iter()
        .map(|problem| problem.key)
        .collect();
    assert_eq!(
        keys,
        [
            "tenants[0].authority.document_signers[0].certificate",
            "tenants[0].authority.status_signer.certificate"
        ]
    );
}

#[test]
fn a_crl_of_another_root_is_refused() {
    let example = Example::new();
    let other = tempfile::tempdir().unwrap();
    Authority::new(2).write(other.path());
    fs::copy(
        other.path().join("authority/crl/crl.der"),
        example.path("authority/crl/crl.der"),
    )
    .unwrap();
    assert_eq!(example.problem().0, "tenants[0].authority.crl");
}

#[test]
fn a_further_crl_is_one_of_a_root_and_follows_the_first() {
    let (first, further) = (
        "crl = \"authority/crl/crl.der\"",
        "further_crls = [\"authority/crl/crl.der\"]",
    );
    let both = Example::new().with(first, &format!("{first}\n{further}"));
    both.read().expect("two lists");
    let (key, what) = Example::new().with(first, further).problem();
    assert_eq!(key, "tenants[0].authority.further_crls");
    assert!(what.contains("without crl"), "{what}");
    let other = "further_crls = [\"authority/iaca/certificate.pem\"]";
    let example = Example::new().with(first, &format!("{first}\n{other}"));
    assert_eq!(example.problem().0, "tenants[0].authority.further_crls");
}

#[test]
fn what_is_not_toml_is_refused_with_its_line() {
    let (key, _) = Example::new().with("[public]", "[public").problem();
    assert_eq!(key, "TOML");
}

#[test]
fn keys_are_named_in_a_way_that_is_understood() {
    let key = "\nkey = \"authority/ds/ds-1/key.pem\"";
    for (uri, said) in [
        ("gcpkms://key", "there is no key store \"gcpkms\""),
        ("pkcs11:token=a?pin-value=1234", "pin-value"),
        ("awskms:alias/ds", "expected awskms:///ARN"),
    ] {
        let example = Example::new().with(key, &format!("\nkey = \"{uri}\""));
        let (key, what) = example.problem();
        assert!(
            key == "tenants[0].authority.document_signers[0].key" && what.contains(said),
            "{key}: {what}"
        );
    }
    let example = Example::new().with(key, "\nkey = \"file:authority/ds/ds-1/key.pem\"");
    assert!(example.read().is_ok());
}

#[test]
fn the_sealing_key_is_in_one_place() {
    let arn = "awskms:///arn:aws:kms:eu-central-1:111122223333:key/1";
    let kms = format!("sealing_key_kms = \"{arn}\"\n");
    let file = "sealing_key_file = \"secrets/sealing-key\"";
    assert!(Example::new().with(file, &kms).read().is_ok());
    let both = Example::new().with(file, &format!("{kms}{file}"));
    let (key, what) = both.problem();
    assert_eq!(key, "service.sealing_key_kms");
    assert!(what.contains("stands beside sealing_key_file"), "{what}");
    let wrong = Example::new().with(file, "sealing_key_kms = \"awskms:\"");
    assert_eq!(wrong.problem().0, "service.sealing_key_kms");
}

#[test]
fn a_document_signer_keeps_to_the_quota_that_it_names() {
    let used = Example::new().with("# quota = ", "quota = ");
    let config = used.read().unwrap();
    let signers = &config.tenants[0].authority.document_signers;
    let key_store = signers[0].key_store.as_ref().expect("it names one");
    // Two seconds at 300 signatures a second are full.
    let _all = key_store.admit(Priority::Interactive, 600).unwrap();
    key_store.admit(Priority::Interactive, 1).unwrap_err();
    let unused = Example::new().read().unwrap();
    assert!(
        unused.tenants[0].authority.document_signers[0]
            .key_store
            .is_none()
    );
}

#[test]
fn quotas_have_names_that_document_signers_know_and_sensible_numbers() {
    let quota = "[[quotas]]\n";
    let again =
        "[[quotas]]\nname = \"kms-eu-central-1\"\nsignatures_per_second = 1\n\n[[quotas]]\n";
    for (from, to, key, what) in [
        (
            "# quota = \"kms",
            "quota = \"kmz",
            "document_signers[0].quota",
            "found \"kmz-eu",
        ),
        (quota, again, "quotas[1].name", "two quotas named"),
        (
            "_second = 300",
            "_second = 0",
            "quotas[0].signatures_per_second",
            "from 1 to",
        ),
        (
            "# longest_wait = \"2s\"",
            "longest_wait = \"1h\"",
            "quotas[0].longest_wait",
            "expected",
        ),
    ] {
        let wrong = Example::new().with(from, to);
        let problems = wrong.problems();
        let found = problems
            .iter()
            .any(|problem| problem.key.ends_with(key) && problem.what.contains(what));
        assert!(found, "{key}: {problems:?}");
    }
}

#[test]
fn aws_has_addresses_and_times_that_fit_together() {
    for (settings, key) in [
        ("endpoint_url = \"kms\"", "aws.endpoint_url"),
        (
            "attempt_timeout = \"9s\"\ncall_timeout = \"8s\"",
            "aws.attempt_timeout",
        ),
        ("call_timeout = \"1h\"", "aws.call_timeout"),
    ] {
        let example = Example::new().with("[aws]\n", &format!("[aws]\n{settings}\n"));
        assert_eq!(example.problem().0, key);
    }
}
