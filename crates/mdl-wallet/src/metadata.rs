//! What a credential issuer and its authorization server publish about themselves.
//!
//! OpenID4VCI, 12.2 and 12.3; RFC 8414. Each document must name the very identifier that it was looked up by (12.2.1 and
//! RFC 8414, 3.3): otherwise one issuer could speak for another.

use mdl_crypto::Algorithm;
use serde_json::{Map, Value};
use url::Url;

use crate::connection::{Connection, Endpoint, JSON, RequestError, member_of};
use crate::json_member::{
    MemberError, optional_number, optional_object, optional_text, optional_texts, text,
};
use crate::offer::{PRE_AUTHORIZED_CODE, PreAuthorizedGrant};

/// Credential issuer metadata, as far as this wallet uses it.
#[derive(Clone, Debug)]
pub struct IssuerMetadata {
    /// The Credential Issuer Identifier.
    pub credential_issuer: String,
    /// Identifiers of its authorization servers; empty when it is its own.
    pub authorization_servers: Vec<String>,
    /// The credential endpoint.
    pub credential_endpoint: Url,
    /// The nonce endpoint, if proofs need a nonce.
    pub nonce_endpoint: Option<Url>,
    /// The notification endpoint.
    pub notification_endpoint: Option<Url>,
    /// Most proofs of one request; 1 where nothing is announced.
    pub batch_size: usize,
    /// The `mso_mdoc` configurations.
    pub configurations: Vec<Configuration>,
}

/// One entry of `credential_configurations_supported` with the format `mso_mdoc` (appendix A.2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Configuration {
    /// Its key in the metadata.
    pub id: String,
    /// `doctype`.
    pub doc_type: String,
    /// Algorithms of device keys in `jwt` proofs.
    pub proof_algorithms: Vec<Algorithm>,
}

/// Authorization server metadata, as far as this wallet uses it.
#[derive(Clone, Debug)]
pub struct AuthorizationServerMetadata {
    /// The token endpoint.
    pub token_endpoint: Url,
    /// Algorithms of DPoP proofs; empty when it binds no tokens.
    pub dpop_algorithms: Vec<Algorithm>,
}

/// Why metadata is not believed or not enough.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// It could not be had.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The identifier is not an https URL without query.
    #[error("identifier of the issuer or its authorization server has a query")]
    Identifier,
    /// It is about somebody else.
    #[error("{endpoint} names another identifier than the one it was looked up by")]
    Mismatch {
        /// Which document.
        endpoint: Endpoint,
    },
    /// The offer asks for an authorization server that the issuer does not have, or names none of several.
    #[error("offer and issuer do not agree on an authorization server")]
    AuthorizationServer,
    /// The authorization server does not do what this wallet needs.
    #[error("authorization server does not offer {0}")]
    Unsupported(&'static str),
}

/// Where the metadata of `identifier` lies: the well-known path goes between authority and path (12.2.2; RFC 8414, 3).
#[must_use]
pub fn well_known(identifier: &Url, name: &str) -> Url {
    let mut url = identifier.clone();
    let path = match identifier.path() {
        "/" => "",
        path => path,
    };
    url.set_path(&format!("/.well-known/{name}{path}"));
    url
}

/// What lies at the well-known address of an identifier.
async fn document(
    connection: &Connection,
    endpoint: Endpoint,
    identifier: &str,
    well_known_name: &str,
) -> Result<Map<String, Value>, MetadataError> {
    let url = identifier_url(connection, endpoint, identifier)?;
    let url = well_known(&url, well_known_name);
    Ok(connection.get(endpoint, &url, JSON).await?.json()?)
}

/// Metadata speaks for the identifier that it was looked up under, byte for byte, or for nobody (12.2.1; RFC 8414, 3.3).
fn check_identity(
    endpoint: Endpoint,
    metadata: &Map<String, Value>,
    name: &'static str,
    identifier: &str,
) -> Result<(), MetadataError> {
    if text(metadata, name).map_err(member_of(endpoint))? == identifier {
        Ok(())
    } else {
        Err(MetadataError::Mismatch { endpoint })
    }
}

impl IssuerMetadata {
    /// Fetches and checks the metadata of the issuer with this identifier.
    ///
    /// # Errors
    /// See [`MetadataError`].
    pub async fn fetch(connection: &Connection, identifier: &str) -> Result<Self, MetadataError> {
        let endpoint = Endpoint::IssuerMetadata;
        let metadata =
            document(connection, endpoint, identifier, "openid-credential-issuer").await?;
        Self::read(connection, identifier, &metadata)
    }

    fn read(
        connection: &Connection,
        identifier: &str,
        metadata: &Map<String, Value>,
    ) -> Result<Self, MetadataError> {
        let endpoint = Endpoint::IssuerMetadata;
        let member = member_of(endpoint);
        check_identity(endpoint, metadata, "credential_issuer", identifier)?;
        let address = |endpoint, name| {
            let address = optional_text(metadata, name).map_err(&member)?;
            let address = address.map(|address| connection.address(endpoint, address));
            address.transpose()
        };
        let batch = optional_object(metadata, "batch_credential_issuance").map_err(&member)?;
        let batch_size = batch.map(|batch| optional_number(batch, "batch_size"));
        let batch_size = batch_size.transpose().map_err(&member)?.flatten();
        let configurations =
            optional_object(metadata, "credential_configurations_supported").map_err(&member)?;
        let missing = |name| member(MemberError::Missing(name));
        Ok(Self {
            credential_issuer: identifier.to_owned(),
            authorization_servers: optional_texts(metadata, "authorization_servers")
                .map_err(&member)?
                .unwrap_or_default(),
            credential_endpoint: address(Endpoint::Credential, "credential_endpoint")?
                .ok_or_else(|| missing("credential_endpoint"))?,
            nonce_endpoint: address(Endpoint::Nonce, "nonce_endpoint")?,
            notification_endpoint: address(Endpoint::Notification, "notification_endpoint")?,
            batch_size: batch_size.map_or(1, |size| usize::try_from(size).unwrap_or(usize::MAX)),
            configurations: configurations
                .ok_or_else(|| missing("credential_configurations_supported"))?
                .iter()
                .filter_map(|(id, configuration)| mso_mdoc(id, configuration).transpose())
                .collect::<Result<_, _>>()
                .map_err(&member)?,
        })
    }

    /// The configuration with this identifier.
    #[must_use]
    pub fn configuration(&self, id: &str) -> Option<&Configuration> {
        self.configurations
            .iter()
            .find(|configuration| configuration.id == id)
    }

    /// Which authorization server redeems a grant (4.1.1, 12.2.4).
    ///
    /// # Errors
    /// [`MetadataError::AuthorizationServer`].
    pub fn authorization_server<'m>(
        &'m self,
        grant: &PreAuthorizedGrant,
    ) -> Result<&'m str, MetadataError> {
        let known = &self.authorization_servers;
        match (&grant.authorization_server, &known[..]) {
            (None, []) => Ok(&self.credential_issuer),
            (None, [only]) => Ok(only),
            (Some(asked), _) => known
                .iter()
                .find(|known| *known == asked)
                .map(String::as_str)
                .ok_or(MetadataError::AuthorizationServer),
            (None, _) => Err(MetadataError::AuthorizationServer),
        }
    }
}

/// A configuration of ours; those of other formats are none of our business.
fn mso_mdoc(id: &str, configuration: &Value) -> Result<Option<Configuration>, MemberError> {
    const SUPPORTED: &str = "credential_configurations_supported";
    const PROOF_TYPES: &str = "proof_types_supported";
    let configuration = configuration
        .as_object()
        .ok_or(MemberError::Unusable(SUPPORTED))?;
    if text(configuration, "format")? != "mso_mdoc" {
        return Ok(None);
    }
    let proof_types = optional_object(configuration, PROOF_TYPES)?;
    let jwt = match proof_types {
        Some(proof_types) => optional_object(proof_types, "jwt")?,
        None => None,
    };
    let algorithms = match jwt {
        Some(jwt) => algorithms(jwt, "proof_signing_alg_values_supported")?,
        None => Vec::new(),
    };
    Ok(Some(Configuration {
        id: id.to_owned(),
        doc_type: text(configuration, "doctype")?.to_owned(),
        proof_algorithms: algorithms,
    }))
}

impl AuthorizationServerMetadata {
    /// Fetches and checks the metadata of the authorization server with this identifier.
    ///
    /// # Errors
    /// See [`MetadataError`].
    pub async fn fetch(connection: &Connection, identifier: &str) -> Result<Self, MetadataError> {
        let endpoint = Endpoint::AuthorizationServerMetadata;
        let metadata = document(
            connection,
            endpoint,
            identifier,
            "oauth-authorization-server",
        )
        .await?;
        Self::read(connection, identifier, &metadata)
    }

    fn read(
        connection: &Connection,
        identifier: &str,
        metadata: &Map<String, Value>,
    ) -> Result<Self, MetadataError> {
        let endpoint = Endpoint::AuthorizationServerMetadata;
        let member = member_of(endpoint);
        check_identity(endpoint, metadata, "issuer", identifier)?;
        let grants = optional_texts(metadata, "grant_types_supported").map_err(&member)?;
        if !grants.is_some_and(|grants| grants.iter().any(|grant| grant == PRE_AUTHORIZED_CODE)) {
            return Err(MetadataError::Unsupported("the pre-authorized code grant"));
        }
        // This wallet has no client identifier (12.3).
        if metadata.get("pre-authorized_grant_anonymous_access_supported")
            != Some(&Value::Bool(true))
        {
            return Err(MetadataError::Unsupported(
                "anonymous access to the pre-authorized code grant",
            ));
        }
        let token_endpoint = text(metadata, "token_endpoint").map_err(&member)?;
        Ok(Self {
            token_endpoint: connection.address(Endpoint::Token, token_endpoint)?,
            dpop_algorithms: algorithms(metadata, "dpop_signing_alg_values_supported")
                .map_err(&member)?,
        })
    }
}

/// The algorithms of a list that we know too.
fn algorithms(
    object: &Map<String, Value>,
    name: &'static str,
) -> Result<Vec<Algorithm>, MemberError> {
    let names = optional_texts(object, name)?.unwrap_or_default();
    let known = names
        .iter()
        .filter_map(|name| Algorithm::from_jose(name).ok());
    Ok(known.collect())
}

fn identifier_url(
    connection: &Connection,
    endpoint: Endpoint,
    identifier: &str,
) -> Result<Url, MetadataError> {
    let url = connection.address(endpoint, identifier)?;
    match url.query() {
        None => Ok(url),
        Some(_) => Err(MetadataError::Identifier),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use zeroize::Zeroizing;

    use super::*;
    use crate::connection::ConnectionOptions;

    const ISSUER: &str = "https://dmv.example/tenant";

    fn connection() -> Connection {
        Connection::new(&ConnectionOptions::default()).unwrap()
    }

    fn issuer() -> Value {
        json!({
            "credential_issuer": ISSUER,
            "credential_endpoint": "https://dmv.example/tenant/credential",
            "nonce_endpoint": "https://dmv.example/tenant/nonce",
            "batch_credential_issuance": { "batch_size": 10 },
            "credential_configurations_supported": {
                "mdl": {
                    "format": "mso_mdoc",
                    "doctype": "org.iso.18013.5.1.mDL",
                    "proof_types_supported": {
                        "jwt": { "proof_signing_alg_values_supported": ["ES256", "HS256"] }
                    }
                },
                "other": { "format": "dc+sd-jwt", "vct": "x" }
            }
        })
    }

    fn server() -> Value {
        json!({
            "issuer": ISSUER,
            "token_endpoint": "https://dmv.example/tenant/token",
            "grant_types_supported": [PRE_AUTHORIZED_CODE],
            "pre-authorized_grant_anonymous_access_supported": true,
            "dpop_signing_alg_values_supported": ["ES256"]
        })
    }

    fn read_issuer(metadata: &Value) -> Result<IssuerMetadata, MetadataError> {
        IssuerMetadata::read(&connection(), ISSUER, metadata.as_object().unwrap())
    }

    fn read_server(metadata: &Value) -> Result<AuthorizationServerMetadata, MetadataError> {
        AuthorizationServerMetadata::read(&connection(), ISSUER, metadata.as_object().unwrap())
    }

    #[test]
    fn metadata_lies_between_authority_and_path() {
        let at = |identifier| {
            let url = well_known(&Url::parse(identifier).unwrap(), "openid-credential-issuer");
            String::from(url)
        };
        let bare = "https://h/.well-known/openid-credential-issuer";
        assert_eq!(at("https://h"), bare);
        assert_eq!(at("https://h/a"), format!("{bare}/a"));
        assert_eq!(at("https://h/a/b/"), format!("{bare}/a/b/"));
    }

    #[test]
    fn configurations_of_other_formats_are_left_out() {
        let metadata = read_issuer(&issuer()).unwrap();
        assert_eq!(metadata.batch_size, 10);
        assert_eq!(metadata.configurations.len(), 1);
        let configuration = metadata.configuration("mdl").unwrap();
        assert_eq!(configuration.proof_algorithms, [Algorithm::Es256]);
        assert!(metadata.configuration("other").is_none());
    }

    #[test]
    fn metadata_of_another_issuer_is_not_believed() {
        let mut metadata = issuer();
        metadata["credential_issuer"] = json!("https://dmv.example/tenant/");
        assert!(matches!(
            read_issuer(&metadata),
            Err(MetadataError::Mismatch { .. })
        ));
        let mut metadata = server();
        metadata["issuer"] = json!("https://dmv.example");
        assert!(matches!(
            read_server(&metadata),
            Err(MetadataError::Mismatch { .. })
        ));
    }

    #[test]
    fn endpoints_without_tls_are_refused() {
        let mut metadata = issuer();
        metadata["credential_endpoint"] = json!("http://dmv.example/credential");
        let error = read_issuer(&metadata).unwrap_err();
        assert_eq!(
            error.to_string(),
            "address of the credential endpoint is not acceptable: it is not https, and plain http is for this machine only and has to be allowed"
        );
    }

    #[test]
    fn server_without_what_the_wallet_needs_is_named() {
        let mut metadata = server();
        metadata["grant_types_supported"] = json!(["authorization_code"]);
        assert!(matches!(
            read_server(&metadata),
            Err(MetadataError::Unsupported(_))
        ));
        let mut metadata = server();
        metadata["pre-authorized_grant_anonymous_access_supported"] = json!(false);
        assert!(matches!(
            read_server(&metadata),
            Err(MetadataError::Unsupported(_))
        ));
        assert_eq!(
            read_server(&server()).unwrap().dpop_algorithms,
            [Algorithm::Es256]
        );
    }

    #[test]
    fn authorization_server_is_the_one_both_sides_name() {
        let metadata = |servers: &[&str]| {
            let mut metadata = issuer();
            if !servers.is_empty() {
                metadata["authorization_servers"] = json!(servers);
            }
            read_issuer(&metadata).unwrap()
        };
        let grant = |server: Option<&str>| PreAuthorizedGrant {
            code: Zeroizing::new("c".into()),
            tx_code: None,
            authorization_server: server.map(str::to_owned),
        };
        let (a, b) = ("https://a.example", "https://b.example");
        let chosen = |servers: &[&str], asked| {
            let metadata = metadata(servers);
            metadata
                .authorization_server(&grant(asked))
                .ok()
                .map(str::to_owned)
        };
        assert_eq!(chosen(&[], None).as_deref(), Some(ISSUER));
        assert_eq!(chosen(&[a], None).as_deref(), Some(a));
        assert_eq!(chosen(&[a, b], Some(b)).as_deref(), Some(b));
        assert_eq!(chosen(&[a, b], None), None);
        assert_eq!(chosen(&[a], Some(b)), None);
        assert_eq!(chosen(&[], Some(b)), None);
    }
}
