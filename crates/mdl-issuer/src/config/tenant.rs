//! The tables `[[tenants]]`: one credential issuer each.

use mdl_mdoc::MDL_DOC_TYPE;
use mdl_mdoc::data_elements::{ElementGate, ElementType, NameSpaceSchema, Presence, Schema};
use time::Duration;
use url::{Host, Url};

use super::authority;
use super::quantity::{boolean, duration, number, text};
use super::quota::Quotas;
use super::records::{self, RecordSettings};
use super::section::Section;
use crate::key_store::KeyStores;
use crate::tenant::{
    Authority, Claim, CredentialConfiguration, CredentialDisplay, IssuerDisplay,
    KeyAttestationRules, Legacy, TenantPolicy,
};

pub(super) const TENANT: &[&str] = &[
    "name",
    "issuer",
    "display",
    "credentials",
    "authority",
    "records",
    "policy",
    "key_attestation",
    "legacy",
];
pub(super) const DISPLAY: &[&str] = &["name", "locale", "logo"];
pub(super) const CREDENTIAL: &[&str] = &[
    "id",
    "doc_type",
    "scope",
    "display",
    "claims",
    "open_name_spaces",
];
pub(super) const CREDENTIAL_DISPLAY: &[&str] = &[
    "name",
    "locale",
    "description",
    "background_color",
    "text_color",
    "logo",
];
pub(super) const CLAIM: &[&str] = &["name_space", "element", "mandatory", "display"];
pub(super) const CLAIM_DISPLAY: &[&str] = &["name", "locale"];
pub(super) const POLICY: &[&str] = &[
    "batch_size",
    "batches_per_grant",
    "documents_per_subject_and_day",
    "validity",
    "expected_update",
    "time_granularity",
    "offer_life",
    "tx_code_attempts",
    "access_token_life",
    "nonce_life",
    "require_dpop",
    "require_dpop_nonce",
    "repeatable",
    "status_list_size",
    "open_status_lists",
    "status_ttl",
    "status_life",
    "status_latency",
];
pub(super) const LEGACY: &[&str] = &[
    "single_proof",
    "c_nonce_in_token",
    "format_selector",
    "metadata_shape",
    "did_keys",
];
pub(super) const KEY_ATTESTATION: &[&str] =
    &["anchors", "required", "key_storage", "user_authentication"];

/// A tenant as configured: complete but for the connection to its source of record.
#[derive(Debug)]
pub struct TenantSettings {
    /// Short name.
    pub name: String,
    /// Credential Issuer Identifier.
    pub issuer: String,
    /// How wallets show it.
    pub display: Vec<IssuerDisplay>,
    /// What it issues.
    pub configurations: Vec<CredentialConfiguration>,
    /// Certificates and keys, checked.
    pub authority: Authority,
    /// Where its data elements come from.
    pub records: RecordSettings,
    /// Bounds and lives.
    pub policy: TenantPolicy,
    /// Whose key attestations count.
    pub key_attestation: KeyAttestationRules,
    /// Shapes of older drafts.
    pub legacy: Legacy,
}

pub(super) fn read(
    section: &Section<'_>,
    allow_insecure_http: bool,
    key_stores: &KeyStores,
    quotas: &Quotas,
    now: time::OffsetDateTime,
) -> Option<TenantSettings> {
    let name = section.required("name", |value| {
        let name = text(value)?;
        let is_name = name.len() <= 32
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        is_name
            .then_some(name)
            .ok_or_else(|| "expected at most 32 lower-case letters, digits and '-'".to_owned())
    });
    let issuer = section.required("issuer", |value| {
        identifier(&text(value)?, allow_insecure_http)
    });
    let display = section
        .sections("display", DISPLAY)
        .iter()
        .map(issuer_display)
        .collect::<Option<Vec<_>>>();
    let configurations = read_credentials(section);
    let policy = read_policy(&section.section("policy", POLICY));
    let longest = policy.as_ref().map(|policy| policy.validity);
    let authority = authority::read(
        &section.section("authority", authority::AUTHORITY),
        longest,
        key_stores,
        quotas,
        now,
    );
    let records = records::read(&section.section("records", records::RECORDS));
    let key_attestation =
        read_key_attestation(&section.section("key_attestation", KEY_ATTESTATION), now);
    let legacy = read_legacy(&section.section("legacy", LEGACY));
    Some(TenantSettings {
        name: name?,
        issuer: issuer?,
        display: display?,
        configurations: configurations?,
        authority: authority?,
        records: records?,
        policy: policy?,
        key_attestation: key_attestation?,
        legacy: legacy?,
    })
}

/// A Credential Issuer Identifier: `https`, no query, no fragment (OpenID4VCI, 12.2.1).
fn identifier(text: &str, allow_insecure_http: bool) -> Result<String, String> {
    let url = Url::parse(text)
        .map_err(|error| format!("expected an address, found {text:?}: {error}"))?;
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => {}
        "http" if allow_insecure_http && is_loopback => {}
        "http" if is_loopback => {
            return Err("expected https; http needs service.allow_insecure_http".into());
        }
        _ => return Err(format!("expected an https address, found {text:?}")),
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err("expected an address without query, fragment and user".into());
    }
    // Wallets compare it byte for byte, so it must be written as it will be sent.
    let written = url.as_str().trim_end_matches('/');
    if text != written {
        return Err(format!("expected it in its normal form, {written:?}"));
    }
    Ok(text.to_owned())
}

fn issuer_display(section: &Section<'_>) -> Option<IssuerDisplay> {
    let name = section.required("name", text);
    let locale = section.optional("locale", text);
    let logo = section.optional("logo", text);
    Some(IssuerDisplay {
        name: name?,
        locale,
        logo,
    })
}

fn read_credentials(tenant: &Section<'_>) -> Option<Vec<CredentialConfiguration>> {
    let sections = tenant.sections("credentials", CREDENTIAL);
    if sections.is_empty() {
        tenant.problem("credentials", "is missing: nothing could be issued");
        return None;
    }
    let mut configurations: Vec<CredentialConfiguration> = Vec::new();
    let mut complete = true;
    for section in &sections {
        match read_credential(section) {
            Some(configuration)
                if configurations
                    .iter()
                    .any(|known| known.id == configuration.id) =>
            {
                section.problem(
                    "id",
                    format!("there are two credentials named {:?}", configuration.id),
                );
            }
            Some(configuration) => configurations.push(configuration),
            None => complete = false,
        }
    }
    complete.then_some(configurations)
}

fn read_credential(section: &Section<'_>) -> Option<CredentialConfiguration> {
    let id = section.required("id", text);
    let doc_type = section.or("doc_type", MDL_DOC_TYPE.to_owned(), text);
    let scope = section.optional("scope", text);
    let display = section.sections("display", CREDENTIAL_DISPLAY);
    let display = display
        .iter()
        .map(credential_display)
        .collect::<Option<Vec<_>>>();
    let claims = section
        .sections("claims", CLAIM)
        .iter()
        .map(claim)
        .collect::<Option<Vec<_>>>();
    let open = section.list("open_name_spaces", text);
    let (id, doc_type) = (id?, doc_type?);
    let schema = if doc_type == MDL_DOC_TYPE {
        Schema::mdl()
    } else {
        Schema::new(doc_type.clone())
    };
    let schema = open?.into_iter().fold(schema, |schema, name| {
        schema.with_name_space(NameSpaceSchema::new(name, Vec::new()).open())
    });
    if schema.name_spaces().is_empty() {
        section.problem(
            "open_name_spaces",
            format!("no rules for {doc_type} are built in: name its name spaces here"),
        );
        return None;
    }
    let mut claims = claims?;
    if claims.is_empty() {
        claims = claims_of(&schema);
    }
    Some(CredentialConfiguration {
        id,
        doc_type,
        scope,
        display: display?,
        claims,
        gate: ElementGate::new(schema),
    })
}

/// The elements of the name spaces that every document has, where none are listed.
fn claims_of(schema: &Schema) -> Vec<Claim> {
    let required = schema
        .name_spaces()
        .iter()
        .filter(|name_space| name_space.is_required());
    required
        .flat_map(|name_space| {
            // The patterned rows stand for many elements, none of which is called like the row.
            let rows = name_space.rows().iter().filter(|row| {
                !matches!(
                    row.element_type,
                    ElementType::AgeOver | ElementType::BiometricTemplate
                )
            });
            rows.map(|row| Claim {
                name_space: name_space.name_space().to_owned(),
                element: row.element_identifier.to_string(),
                mandatory: row.presence == Presence::Mandatory,
                display: Vec::new(),
            })
        })
        .collect()
}

fn credential_display(section: &Section<'_>) -> Option<CredentialDisplay> {
    let name = section.required("name", text);
    Some(CredentialDisplay {
        name: name?,
        locale: section.optional("locale", text),
        description: section.optional("description", text),
        background_color: section.optional("background_color", text),
        text_color: section.optional("text_color", text),
        logo: section.optional("logo", text),
    })
}

fn claim(section: &Section<'_>) -> Option<Claim> {
    let name_space = section.required("name_space", text);
    let element = section.required("element", text);
    let mandatory = section.or("mandatory", false, boolean);
    let display = section.sections("display", CLAIM_DISPLAY);
    let display = display
        .iter()
        .map(|display| {
            Some((
                display.required("name", text)?,
                display.optional("locale", text),
            ))
        })
        .collect::<Option<Vec<_>>>();
    Some(Claim {
        name_space: name_space?,
        element: element?,
        mandatory: mandatory?,
        display: display?,
    })
}

fn read_policy(section: &Section<'_>) -> Option<TenantPolicy> {
    let (second, minute, hour, day) = (
        Duration::SECOND,
        Duration::MINUTE,
        Duration::HOUR,
        Duration::DAY,
    );
    let batch_size = section.or("batch_size", 10, number(1..=100));
    let batches_per_grant = section.or("batches_per_grant", 2, number(1..=100));
    let per_day = section.or("documents_per_subject_and_day", 100, number(1..=100_000));
    let validity = section.or("validity", day * 14, duration(hour..=day * 400));
    // Absent by default: whether wallets come back before the end is the authority's choice.
    let expected_update = section.optional("expected_update", duration(hour..=day * 400));
    let time_granularity = section.or("time_granularity", day, duration(minute..=day * 7));
    let offer_life = section.or("offer_life", minute * 30, duration(minute..=day * 30));
    let tx_code_attempts = section.or("tx_code_attempts", 5, number(1..=20));
    let access_token_life = section.or(
        "access_token_life",
        minute * 10,
        duration(second * 30..=day),
    );
    let nonce_life = section.or("nonce_life", minute * 5, duration(second * 10..=hour));
    let require_dpop = section.or("require_dpop", true, boolean);
    let require_dpop_nonce = section.or("require_dpop_nonce", true, boolean);
    let repeatable = section.or("repeatable", minute * 10, duration(minute..=day));
    let status_list_size = section.or("status_list_size", 1 << 20, |value| {
        let size = number(1 << 10..=1 << 24)(value)?;
        if size % 8 == 0 {
            Ok(size)
        } else {
            Err(format!("expected a multiple of 8, found {size}"))
        }
    });
    let open_status_lists = section.or("open_status_lists", 2, number(1..=64));
    let status_ttl = section.or("status_ttl", minute * 5, duration(second * 10..=day));
    let status_life = section.or("status_life", day, duration(minute..=day * 30));
    let status_latency = section.or("status_latency", minute, duration(second..=day));

    let (validity, status_life, status_ttl) = (validity?, status_life?, status_ttl?);
    if expected_update.is_some_and(|update| update >= validity) {
        section.problem("expected_update", "is not before the end of the validity");
    }
    if status_ttl > status_life {
        section.problem(
            "status_ttl",
            "is longer than status_life: readers would keep expired lists",
        );
    }
    let require_dpop_nonce = require_dpop_nonce?;
    Some(TenantPolicy {
        batch_size: batch_size?,
        batches_per_grant: batches_per_grant?,
        documents_per_subject_and_day: per_day?,
        validity,
        expected_update,
        time_granularity: time_granularity?,
        offer_life: offer_life?,
        tx_code_attempts: u8::try_from(tx_code_attempts?).ok()?,
        access_token_life: access_token_life?,
        nonce_life: nonce_life?,
        require_dpop: require_dpop?,
        require_dpop_nonce,
        repeatable: repeatable?,
        status_list_size: status_list_size?,
        open_status_lists: open_status_lists?,
        status_ttl,
        status_life,
        status_latency: status_latency?,
    })
}

fn read_key_attestation(
    section: &Section<'_>,
    now: time::OffsetDateTime,
) -> Option<KeyAttestationRules> {
    let anchors = authority::read_anchors(section, "anchors", now);
    let required = section.or("required", false, boolean);
    let key_storage = section.list("key_storage", text);
    let user_authentication = section.list("user_authentication", text);
    let rules = KeyAttestationRules {
        anchors: anchors?,
        required: required?,
        key_storage: key_storage?,
        user_authentication: user_authentication?,
    };
    if rules.required && rules.anchors.is_empty() {
        section.problem(
            "required",
            "needs anchors: without them, anybody could attest anything",
        );
    }
    for (key, levels) in [
        ("key_storage", &rules.key_storage),
        ("user_authentication", &rules.user_authentication),
    ] {
        if !rules.required && !levels.is_empty() {
            section.problem(key, "is asked of attestations that are required only");
        }
    }
    Some(rules)
}

fn read_legacy(section: &Section<'_>) -> Option<Legacy> {
    let single_proof = section.or("single_proof", false, boolean);
    let c_nonce_in_token = section.or("c_nonce_in_token", false, boolean);
    let format_selector = section.or("format_selector", false, boolean);
    let metadata_shape = section.or("metadata_shape", false, boolean);
    let did_keys = section.or("did_keys", false, boolean);
    Some(Legacy {
        single_proof: single_proof?,
        c_nonce_in_token: c_nonce_in_token?,
        format_selector: format_selector?,
        metadata_shape: metadata_shape?,
        did_keys: did_keys?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_https_and_written_as_it_is_sent() {
        for good in [
            "https://issuer.example",
            "https://issuer.example/a/b",
            "https://issuer.example:8443",
        ] {
            assert_eq!(identifier(good, false), Ok(good.to_owned()));
        }
        for wrong in [
            "https://issuer.example/",
            "https://Issuer.example",
            "https://issuer.example:443",
            "https://issuer.example?a=b",
            "https://issuer.example#a",
            "https://user@issuer.example",
            "http://issuer.example",
            "issuer.example",
            "ftp://issuer.example",
        ] {
            identifier(wrong, true).unwrap_err();
        }
        identifier("http://127.0.0.1:8080", true).unwrap();
        identifier("http://127.0.0.1:8080", false).unwrap_err();
    }
}
