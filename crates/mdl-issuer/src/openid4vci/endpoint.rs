//! The addresses of a tenant.
//!
//! Endpoints lie below the Credential Issuer Identifier. Metadata does not: its name goes between the authority and the
//! path of the identifier (12.2.2, RFC 8414, 3), except for drafts up to 15, which appended it.

use crate::store::OfferId;
use crate::tenant::Tenant;

/// An endpoint below a tenant's identifier.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Endpoint {
    /// Token endpoint (6).
    Token,
    /// Nonce endpoint (7).
    Nonce,
    /// Credential endpoint (8).
    Credential,
    /// Notification endpoint (11).
    Notification,
    /// Offers by reference (4.1.3), each at a place of its own below.
    Offers,
    /// Status lists, each at a place of its own below; itself the aggregation (Token Status List, 9).
    StatusLists,
    /// The certificate revocation list.
    Crl,
    /// IACA certificates, PEM.
    IacaPem,
    /// The newest IACA certificate, DER.
    IacaDer,
}

impl Endpoint {
    /// What follows the identifier, slash included.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Token => "/token",
            Self::Nonce => "/nonce",
            Self::Credential => "/credential",
            Self::Notification => "/notification",
            Self::Offers => "/offers",
            Self::StatusLists => "/status-lists",
            Self::Crl => "/crl",
            Self::IacaPem => "/iaca.pem",
            Self::IacaDer => "/iaca.der",
        }
    }

    /// The URL under which the world reaches it, whatever a proxy in front calls it.
    #[must_use]
    pub fn url(self, tenant: &Tenant) -> String {
        format!("{}{}", tenant.issuer, self.suffix())
    }
}

/// Where an offer is fetched by reference.
#[must_use]
pub fn offer_url(tenant: &Tenant, offer: OfferId) -> String {
    format!("{}/{offer}", Endpoint::Offers.url(tenant))
}

/// A document at a well-known place (RFC 8615).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum WellKnown {
    /// Credential issuer metadata (12.2).
    CredentialIssuer,
    /// Authorization server metadata (RFC 8414).
    AuthorizationServer,
    /// IACA certificates as JSON.
    Iacas,
}

impl WellKnown {
    /// Its name in the registry.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CredentialIssuer => "openid-credential-issuer",
            Self::AuthorizationServer => "oauth-authorization-server",
            Self::Iacas => "iacas",
        }
    }

    /// The paths at which a tenant with this path serves it: between authority and path, the same with a slash at the
    /// end, and appended as drafts up to 15 have it. Some are equal where the path is empty.
    #[must_use]
    pub fn paths(self, tenant_path: &str) -> [String; 3] {
        let name = self.name();
        [
            format!("/.well-known/{name}{tenant_path}"),
            format!("/.well-known/{name}{tenant_path}/"),
            format!("{tenant_path}/.well-known/{name}"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_names_go_between_authority_and_path() {
        assert_eq!(
            WellKnown::CredentialIssuer.paths("/a/b"),
            [
                "/.well-known/openid-credential-issuer/a/b",
                "/.well-known/openid-credential-issuer/a/b/",
                "/a/b/.well-known/openid-credential-issuer",
            ]
        );
        assert_eq!(
            WellKnown::AuthorizationServer.paths("")[0],
            "/.well-known/oauth-authorization-server"
        );
    }
}
