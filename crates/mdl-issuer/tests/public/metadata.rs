//! What the issuer says of itself, and where.

use mdl_issuer::http::public::openapi;
use serde_json::json;

use crate::rig::{DMV, OLD, Rig};

#[tokio::test]
async fn metadata_is_where_1_0_and_where_older_drafts_look_for_it() {
    let rig = Rig::new().await;
    let places = [
        ("/.well-known/{}/dmv", "https://issuer.example/dmv"),
        ("/.well-known/{}/dmv/", "https://issuer.example/dmv"),
        ("/dmv/.well-known/{}", "https://issuer.example/dmv"),
        ("/.well-known/{}", "https://issuer.example"),
        ("/.well-known/{}/", "https://issuer.example"),
        ("/.well-known/{}/a/old", "https://issuer.example/a/old"),
        ("/a/old/.well-known/{}", "https://issuer.example/a/old"),
    ];
    for (place, issuer) in places {
        for (name, member) in [
            ("openid-credential-issuer", "credential_issuer"),
            ("oauth-authorization-server", "issuer"),
        ] {
            let path = place.replace("{}", name);
            let answer = rig.get(&path).await;
            assert_eq!(answer.header("content-type"), "application/json", "{path}");
            assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
            assert_eq!(
                answer.header("cache-control"),
                "public, max-age=300",
                "{path}"
            );
            assert_eq!(answer.ok()[member], issuer, "{path}");
        }
    }
    for nowhere in [
        "/.well-known/openid-credential-issuer/nobody",
        "/nobody/token",
        "/",
    ] {
        assert_eq!(rig.get(nowhere).await.status, 404, "{nowhere}");
    }
}

#[tokio::test]
async fn issuer_metadata_has_the_shape_of_1_0() {
    let rig = Rig::new().await;
    let metadata = rig
        .get("/.well-known/openid-credential-issuer/dmv")
        .await
        .ok();
    let configuration = json!({
        "format": "mso_mdoc",
        "doctype": "org.iso.18013.5.1.mDL",
        "scope": "scope-mdl",
        "cryptographic_binding_methods_supported": ["cose_key"],
        "proof_types_supported": { "jwt": {
            "proof_signing_alg_values_supported": ["ES256", "ES384", "ES512", "Ed25519", "EdDSA"],
        } },
        "credential_signing_alg_values_supported": [-7, -9],
        "credential_metadata": {
            "display": [{ "name": "Driving licence" }],
            "claims": [{
                "path": ["org.iso.18013.5.1", "family_name"],
                "mandatory": true,
                "display": [{ "name": "Family name", "locale": "en" }],
            }],
        },
    });
    assert_eq!(
        metadata["credential_configurations_supported"]["mdl"],
        configuration
    );
    let mut rest = metadata;
    rest.as_object_mut()
        .unwrap()
        .remove("credential_configurations_supported");
    assert_eq!(
        rest,
        json!({
            "credential_issuer": "https://issuer.example/dmv",
            "credential_endpoint": "https://issuer.example/dmv/credential",
            "nonce_endpoint": "https://issuer.example/dmv/nonce",
            "notification_endpoint": "https://issuer.example/dmv/notification",
            "batch_credential_issuance": { "batch_size": 4 },
            "display": [{
                "name": "Department", "locale": "en",
                "logo": { "uri": "https://issuer.example/logo.svg" },
            }],
        })
    );
}

#[tokio::test]
async fn a_tenant_for_older_wallets_has_the_shape_of_their_drafts() {
    let rig = Rig::new().await;
    let path = format!(
        "{}/.well-known/openid-credential-issuer",
        rig.tenant(OLD).path()
    );
    let metadata = rig.get(&path).await.ok();
    let configuration = &metadata["credential_configurations_supported"]["mdl"];
    assert_eq!(
        configuration["credential_signing_alg_values_supported"],
        json!(["ES256"])
    );
    assert_eq!(
        configuration["display"],
        json!([{ "name": "Driving licence" }])
    );
    assert_eq!(
        configuration["claims"],
        json!({ "org.iso.18013.5.1": { "family_name": {
            "mandatory": true, "display": [{ "name": "Family name", "locale": "en" }],
        } } })
    );
    assert!(configuration.get("credential_metadata").is_none());
}

#[tokio::test]
async fn no_batch_is_announced_where_one_proof_is_all() {
    let rig = Rig::new().await;
    let metadata = rig.get("/.well-known/openid-credential-issuer").await.ok();
    assert!(metadata.get("batch_credential_issuance").is_none());
}

#[tokio::test]
async fn authorization_server_metadata_says_what_there_is() {
    let rig = Rig::new().await;
    let metadata = rig
        .get("/.well-known/oauth-authorization-server/dmv")
        .await
        .ok();
    assert_eq!(
        metadata,
        json!({
            "issuer": rig.issuer(DMV),
            "token_endpoint": "https://issuer.example/dmv/token",
            "token_endpoint_auth_methods_supported": ["none"],
            "grant_types_supported": ["urn:ietf:params:oauth:grant-type:pre-authorized_code"],
            "pre-authorized_grant_anonymous_access_supported": true,
            "dpop_signing_alg_values_supported": ["ES256", "ES384", "ES512", "Ed25519", "EdDSA"],
            "authorization_details_types_supported": ["openid_credential"],
            "scopes_supported": ["scope-mdl", "scope-learner"],
            "status_list_aggregation_endpoint": "https://issuer.example/dmv/status-lists",
        })
    );
}

#[test]
fn the_openapi_document_has_every_route() {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut paths: Vec<_> = document["paths"].as_object().unwrap().keys().collect();
    paths.sort();
    assert_eq!(
        paths,
        [
            "/.well-known/iacas",
            "/.well-known/oauth-authorization-server",
            "/.well-known/openid-credential-issuer",
            "/credential",
            "/crl",
            "/crl/{root}",
            "/healthz",
            "/iaca.der",
            "/iaca.pem",
            "/nonce",
            "/notification",
            "/offers/{id}",
            "/readyz",
            "/status-lists",
            "/status-lists/{id}",
            "/token",
        ]
    );
}
