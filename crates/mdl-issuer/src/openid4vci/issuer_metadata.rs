//! Credential issuer metadata (12.2).
//!
//! What is easy to get wrong: for an mdoc, `credential_signing_alg_values_supported` holds COSE numbers, while the
//! algorithms of proofs are JOSE names; drafts up to 15 had names for both.

use mdl_crypto::Curve;
use serde_json::{Map, Value, json};

use super::JOSE_ALGORITHMS;
use super::endpoint::Endpoint;
use crate::tenant::{Claim, CredentialConfiguration, CredentialDisplay, IssuerDisplay, Tenant};

/// The document at `/.well-known/openid-credential-issuer`.
#[must_use]
pub fn issuer_metadata(tenant: &Tenant) -> Value {
    let mut metadata = Map::new();
    metadata.insert("credential_issuer".into(), tenant.issuer.as_str().into());
    for (member, endpoint) in [
        ("credential_endpoint", Endpoint::Credential),
        ("nonce_endpoint", Endpoint::Nonce),
        ("notification_endpoint", Endpoint::Notification),
    ] {
        metadata.insert(member.into(), endpoint.url(tenant).into());
    }
    // One proof per request is what absence means (12.2.4).
    if tenant.policy.batch_size >= 2 {
        let batch = json!({ "batch_size": tenant.policy.batch_size });
        metadata.insert("batch_credential_issuance".into(), batch);
    }
    insert_list(&mut metadata, "display", &tenant.display, issuer_display);
    let curves: Vec<Curve> = tenant
        .authority
        .get()
        .document_signers
        .iter()
        .map(|signer| signer.guard.public_key().curve())
        .collect();
    let configurations = tenant.configurations.iter().map(|configuration| {
        let mut shape = if tenant.legacy.metadata_shape {
            configuration_until_draft_15(configuration, &curves)
        } else {
            configuration_of_1_0(configuration, &curves)
        };
        shape.insert("proof_types_supported".into(), proof_types(tenant));
        (configuration.id.clone(), Value::Object(shape))
    });
    metadata.insert(
        "credential_configurations_supported".into(),
        Value::Object(configurations.collect()),
    );
    Value::Object(metadata)
}

/// 12.2.4 and appendix A.2.2.
fn configuration_of_1_0(
    configuration: &CredentialConfiguration,
    curves: &[Curve],
) -> Map<String, Value> {
    let mut members = common(configuration);
    let mut algorithms: Vec<i64> = Vec::new();
    for curve in curves {
        // The number in the document's header first, then the one that names the curve too (RFC 9864).
        for number in [Some(curve.algorithm().cose()), fully_specified(*curve)] {
            match number {
                Some(number) if !algorithms.contains(&number) => algorithms.push(number),
                Some(_) | None => {}
            }
        }
    }
    if !algorithms.is_empty() {
        members.insert(
            "credential_signing_alg_values_supported".into(),
            json!(algorithms),
        );
    }
    let mut metadata = Map::new();
    insert_list(
        &mut metadata,
        "display",
        &configuration.display,
        credential_display,
    );
    insert_list(&mut metadata, "claims", &configuration.claims, claim);
    if !metadata.is_empty() {
        members.insert("credential_metadata".into(), Value::Object(metadata));
    }
    members
}

/// Drafts 13 and 14: `display` and nested `claims` in the configuration, algorithms by name.
fn configuration_until_draft_15(
    configuration: &CredentialConfiguration,
    curves: &[Curve],
) -> Map<String, Value> {
    let mut members = common(configuration);
    let mut algorithms: Vec<&str> = Vec::new();
    for curve in curves {
        let name = curve.algorithm().name();
        if !algorithms.contains(&name) {
            algorithms.push(name);
        }
    }
    if !algorithms.is_empty() {
        members.insert(
            "credential_signing_alg_values_supported".into(),
            json!(algorithms),
        );
    }
    insert_list(
        &mut members,
        "display",
        &configuration.display,
        credential_display,
    );
    let mut claims = Map::new();
    for claim in &configuration.claims {
        let name_space = claims
            .entry(claim.name_space.as_str())
            .or_insert_with(|| json!({}));
        let mut description = Map::new();
        description.insert("mandatory".into(), claim.mandatory.into());
        insert_list(&mut description, "display", &claim.display, claim_display);
        name_space[claim.element.as_str()] = Value::Object(description);
    }
    if !claims.is_empty() {
        members.insert("claims".into(), Value::Object(claims));
    }
    members
}

fn common(configuration: &CredentialConfiguration) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("format".into(), "mso_mdoc".into());
    members.insert("doctype".into(), configuration.doc_type.as_str().into());
    if let Some(scope) = &configuration.scope {
        members.insert("scope".into(), scope.as_str().into());
    }
    members.insert(
        "cryptographic_binding_methods_supported".into(),
        json!(["cose_key"]),
    );
    members
}

/// `proof_types_supported` (12.2.4, appendix D.2).
fn proof_types(tenant: &Tenant) -> Value {
    let mut jwt = json!({ "proof_signing_alg_values_supported": JOSE_ALGORITHMS });
    let rules = &tenant.key_attestation;
    if rules.required {
        let mut required = Map::new();
        for (member, levels) in [
            ("key_storage", &rules.key_storage),
            ("user_authentication", &rules.user_authentication),
        ] {
            insert_list(&mut required, member, levels, |level| level.as_str().into());
        }
        jwt["key_attestations_required"] = Value::Object(required);
    }
    json!({ "jwt": jwt })
}

/// The number of the algorithm that names the curve as well (RFC 9864, 2.1 and 2.2): ESP256, ESP384, ESP512, ESB256,
/// ESB384, Ed25519.
const fn fully_specified(curve: Curve) -> Option<i64> {
    match curve {
        Curve::P256 => Some(-9),
        Curve::P384 => Some(-51),
        Curve::P521 => Some(-52),
        Curve::BrainpoolP256r1 => Some(-265),
        Curve::BrainpoolP384r1 => Some(-267),
        Curve::Ed25519 => Some(-19),
        // Curves that mdl-crypto may learn: without a number of this kind until it is added here.
        _ => None,
    }
}

fn issuer_display(display: &IssuerDisplay) -> Value {
    let mut members = Map::new();
    insert_text(&mut members, "name", Some(&display.name));
    insert_text(&mut members, "locale", display.locale.as_ref());
    insert_logo(&mut members, display.logo.as_ref());
    Value::Object(members)
}

fn credential_display(display: &CredentialDisplay) -> Value {
    let mut members = Map::new();
    insert_text(&mut members, "name", Some(&display.name));
    for (name, value) in [
        ("locale", &display.locale),
        ("description", &display.description),
        ("background_color", &display.background_color),
        ("text_color", &display.text_color),
    ] {
        insert_text(&mut members, name, value.as_ref());
    }
    insert_logo(&mut members, display.logo.as_ref());
    Value::Object(members)
}

fn claim(claim: &Claim) -> Value {
    let mut members = Map::new();
    members.insert("path".into(), json!([claim.name_space, claim.element]));
    members.insert("mandatory".into(), claim.mandatory.into());
    insert_list(&mut members, "display", &claim.display, claim_display);
    Value::Object(members)
}

fn claim_display((name, locale): &(String, Option<String>)) -> Value {
    let mut members = Map::new();
    insert_text(&mut members, "name", Some(name));
    insert_text(&mut members, "locale", locale.as_ref());
    Value::Object(members)
}

fn insert_text(members: &mut Map<String, Value>, name: &str, value: Option<&String>) {
    if let Some(value) = value {
        members.insert(name.into(), value.as_str().into());
    }
}

fn insert_logo(members: &mut Map<String, Value>, uri: Option<&String>) {
    if let Some(uri) = uri {
        members.insert("logo".into(), json!({ "uri": uri }));
    }
}

/// An array, unless it would be empty: the schema wants at least one entry.
fn insert_list<T>(
    members: &mut Map<String, Value>,
    name: &str,
    items: &[T],
    shape: impl Fn(&T) -> Value,
) {
    if !items.is_empty() {
        members.insert(name.into(), items.iter().map(shape).collect());
    }
}
