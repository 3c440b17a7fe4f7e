//! The OpenAPI document of the public listener, from the handlers themselves.
//!
//! Paths are relative to a tenant's Credential Issuer Identifier, except those of metadata and of the process.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{OpenApi, ToSchema};

use super::answer::ErrorBody;
use super::{
    credential, crl, health, iaca, metadata, nonce, notification, offers, status_lists, token,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Public listener of the issuing service",
        description = "OpenID for Verifiable Credential Issuance 1.0 (mso_mdoc), token status lists, certificates",
    ),
    paths(
        metadata::credential_issuer,
        metadata::authorization_server,
        offers::offer,
        token::token,
        nonce::nonce,
        credential::credential,
        notification::notification,
        status_lists::status_list,
        status_lists::aggregation,
        crl::crl,
        crl::of_root,
        iaca::json,
        iaca::pem,
        iaca::der,
        health::live,
        health::ready,
    ),
    components(schemas(
        ErrorBody,
        TokenForm,
        TokenAnswer,
        NonceAnswer,
        CredentialBody,
        Proofs,
        CredentialAnswer,
        CredentialObject,
        NotificationBody,
        NotificationEventName,
        OfferAnswer,
        StatusListsAnswer,
    )),
    tags(
        (name = "metadata", description = "What the issuer offers, and where"),
        (name = "issuance", description = "From offer to documents"),
        (name = "trust", description = "What readers fetch"),
        (name = "operation", description = "What a load balancer asks"),
    )
)]
struct Documentation;

/// The OpenAPI document.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Documentation::openapi()
}

/// Token request (OpenID4VCI 6.1). Other parameters are ignored.
#[derive(Debug, Deserialize, ToSchema)]
pub struct TokenForm {
    /// Always that of the pre-authorized code.
    #[schema(example = "urn:ietf:params:oauth:grant-type:pre-authorized_code")]
    pub grant_type: String,
    /// From the offer.
    #[serde(rename = "pre-authorized_code")]
    pub pre_authorized_code: String,
    /// Where the offer asks for it.
    pub tx_code: Option<String>,
    /// The wallet product; anonymous without.
    pub client_id: Option<String>,
    /// JSON array of objects of type `openid_credential`.
    pub authorization_details: Option<String>,
}

/// Token response (6.2).
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenAnswer {
    /// Opaque.
    pub access_token: String,
    /// `DPoP` or `Bearer`.
    pub token_type: String,
    /// Seconds.
    pub expires_in: i64,
    /// Where the request had some.
    #[schema(value_type = Option<Vec<Object>>)]
    pub authorization_details: Option<Value>,
    /// Drafts up to 14 only.
    pub c_nonce: Option<String>,
    /// Drafts up to 14 only.
    pub c_nonce_expires_in: Option<i64>,
}

/// Nonce response (7.2).
#[derive(Debug, Serialize, ToSchema)]
pub struct NonceAnswer {
    /// For the proofs of one credential request.
    pub c_nonce: String,
}

/// Credential request (8.2): one of the two selectors. Other members are ignored.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "credential_configuration_id": "org.iso.18013.5.1.mDL",
    "proofs": { "jwt": ["eyJ0eXAiOiJvcGVuaWQ0dmNpLXByb29mK2p3dCJ9.e30.AA"] },
}))]
pub struct CredentialBody {
    /// A key of the metadata.
    pub credential_configuration_id: Option<String>,
    /// From the token response, where that had some.
    pub credential_identifier: Option<String>,
    /// Of the device keys.
    pub proofs: Proofs,
}

/// Proofs of one type.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Proofs {
    /// One compact JWS for each device key.
    #[schema(min_items = 1)]
    pub jwt: Vec<String>,
}

/// Credential response (8.3).
#[derive(Debug, Serialize, ToSchema)]
pub struct CredentialAnswer {
    /// One for each proof, in order.
    pub credentials: Vec<CredentialObject>,
    /// For the notification endpoint.
    pub notification_id: String,
    /// Drafts up to 13 only.
    pub credential: Option<String>,
    /// Drafts up to 14 only.
    pub c_nonce: Option<String>,
    /// Drafts up to 14 only.
    pub c_nonce_expires_in: Option<i64>,
}

/// One document.
#[derive(Debug, Serialize, ToSchema)]
pub struct CredentialObject {
    /// base64url of the CBOR of `IssuerSigned`.
    pub credential: String,
}

/// Notification request (11.1).
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "notification_id": "3fwe98js",
    "event": "credential_accepted",
}))]
pub struct NotificationBody {
    /// From the credential response.
    pub notification_id: String,
    /// What became of the documents.
    pub event: NotificationEventName,
    /// Not kept.
    pub event_description: Option<String>,
}

/// What a wallet reports (11.1).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotificationEventName {
    /// Stored.
    CredentialAccepted,
    /// Not stored.
    CredentialFailure,
    /// Deleted by the holder.
    CredentialDeleted,
}

/// Credential offer (4.1.1).
#[derive(Debug, Serialize, ToSchema)]
pub struct OfferAnswer {
    /// The issuer.
    pub credential_issuer: String,
    /// What may be collected.
    pub credential_configuration_ids: Vec<String>,
    /// The pre-authorized code.
    #[schema(value_type = Object)]
    pub grants: Value,
}

/// Status list aggregation (Token Status List, 9.3).
#[derive(Debug, Serialize, ToSchema)]
pub struct StatusListsAnswer {
    /// Addresses of all lists.
    pub status_lists: Vec<String>,
}
