//! Credential offers, and the links and QR codes they come in.
//!
//! OpenID4VCI, 4.1 and 4.1.3. An offer is not signed: everything in it is a claim of whoever made the link, so the wallet
//! trusts no more of it than which issuer to ask.

use std::fmt;
use std::str::FromStr;

use mdl_crypto::jose::{JsonLimits, JsonObjectError, parse_json_object};
use serde_json::{Map, Value};
use url::Url;
use zeroize::Zeroizing;

use crate::json_member::{
    MemberError, optional_number, optional_object, optional_text, optional_texts, text,
};

/// `urn:ietf:params:oauth:grant-type:pre-authorized_code` (OpenID4VCI, 4.1.1).
pub const PRE_AUTHORIZED_CODE: &str = "urn:ietf:params:oauth:grant-type:pre-authorized_code";

/// A link holds at most what a QR code can, some 4 KiB; four times that is room for other ways.
const MAX_LINK_BYTES: usize = 16 << 10;
const OFFER_LIMITS: JsonLimits = JsonLimits {
    max_bytes: 16 << 10,
    max_depth: 8,
};
const MAX_CONFIGURATIONS: usize = 64;

/// A link from a QR code or a web page (4.1.2, 4.1.3).
#[derive(Clone, Debug)]
pub enum OfferLink {
    /// `credential_offer`: the offer itself.
    Value(CredentialOffer),
    /// `credential_offer_uri`: where the offer lies. Unguessable, so as secret as the offer.
    Reference(OfferReference),
}

/// Address of an offer. `Debug` leaves the path out.
#[derive(Clone, Eq, PartialEq)]
pub struct OfferReference(Url);

impl OfferReference {
    /// The address.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for OfferReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "OfferReference({}/..)",
            self.0.origin().ascii_serialization()
        )
    }
}

impl FromStr for OfferLink {
    type Err = OfferError;

    /// Reads a link with the scheme `openid-credential-offer`, `haip-vci`, or `https`, the address of a wallet; its
    /// query decides.
    fn from_str(link: &str) -> Result<Self, OfferError> {
        let link = link.trim();
        if link.len() > MAX_LINK_BYTES {
            return Err(OfferError::TooLong);
        }
        let url = Url::parse(link).map_err(|_| OfferError::NotALink)?;
        if !matches!(
            url.scheme(),
            "openid-credential-offer" | "haip-vci" | "https"
        ) {
            return Err(OfferError::Scheme);
        }
        let values = |name: &str| -> Vec<_> {
            let pairs = url.query_pairs().filter(|(key, _)| key == name);
            pairs.map(|(_, value)| value).collect()
        };
        match (
            &values("credential_offer")[..],
            &values("credential_offer_uri")[..],
        ) {
            ([offer], []) => CredentialOffer::parse(offer.as_bytes()).map(Self::Value),
            ([], [reference]) => Url::parse(reference)
                .map(|url| Self::Reference(OfferReference(url)))
                .map_err(|_| OfferError::Reference),
            _ => Err(OfferError::Parameters),
        }
    }
}

/// What an issuer offers (4.1.1). `Debug` prints no code.
#[derive(Clone, Debug)]
pub struct CredentialOffer {
    /// The Credential Issuer Identifier, not yet checked beyond being text.
    pub credential_issuer: String,
    /// Configurations on offer; not empty, each once.
    pub configuration_ids: Vec<String>,
    /// The pre-authorized code grant, if the offer has it.
    pub pre_authorized: Option<PreAuthorizedGrant>,
}

/// Parameters of the pre-authorized code grant.
#[derive(Clone)]
pub struct PreAuthorizedGrant {
    /// `pre-authorized_code`.
    pub code: Zeroizing<String>,
    /// What to ask the holder for; absent means that no transaction code is sent.
    pub tx_code: Option<TxCodePrompt>,
    /// Which authorization server, if the issuer has several.
    pub authorization_server: Option<String>,
}

impl fmt::Debug for PreAuthorizedGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreAuthorizedGrant")
            .field("tx_code", &self.tx_code)
            .field("authorization_server", &self.authorization_server)
            .finish_non_exhaustive()
    }
}

/// `tx_code`: how to ask for the transaction code, which reaches the holder by another way than the offer.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TxCodePrompt {
    /// Whether it may hold other characters than digits.
    pub text: bool,
    /// Its length.
    pub length: Option<u64>,
    /// What to tell the holder, at most 300 characters.
    pub description: Option<String>,
}

impl CredentialOffer {
    /// Reads the JSON object, from a link or as received from where a link points.
    ///
    /// # Errors
    /// See [`OfferError`]. Unknown members and unknown grants are ignored.
    pub fn parse(json: &[u8]) -> Result<Self, OfferError> {
        let offer = parse_json_object(json, &OFFER_LIMITS)?;
        let configuration_ids = optional_texts(&offer, "credential_configuration_ids")?
            .ok_or(MemberError::Missing("credential_configuration_ids"))?;
        let repeated = |(index, id)| configuration_ids[..index].contains(id);
        if configuration_ids.is_empty()
            || configuration_ids.len() > MAX_CONFIGURATIONS
            || configuration_ids.iter().enumerate().any(repeated)
        {
            return Err(MemberError::Unusable("credential_configuration_ids").into());
        }
        let grants = optional_object(&offer, "grants")?;
        let grant = match grants {
            Some(grants) => optional_object(grants, PRE_AUTHORIZED_CODE)?,
            None => None,
        };
        Ok(Self {
            credential_issuer: text(&offer, "credential_issuer")?.to_owned(),
            pre_authorized: grant.map(pre_authorized).transpose()?,
            configuration_ids,
        })
    }
}

fn pre_authorized(grant: &Map<String, Value>) -> Result<PreAuthorizedGrant, MemberError> {
    let tx_code = optional_object(grant, "tx_code")?.map(tx_code_prompt);
    Ok(PreAuthorizedGrant {
        code: Zeroizing::new(text(grant, "pre-authorized_code")?.to_owned()),
        tx_code: tx_code.transpose()?,
        authorization_server: optional_text(grant, "authorization_server")?.map(str::to_owned),
    })
}

fn tx_code_prompt(tx_code: &Map<String, Value>) -> Result<TxCodePrompt, MemberError> {
    const DESCRIPTION: &str = "description";
    let description = optional_text(tx_code, DESCRIPTION)?;
    if description.is_some_and(|text| text.chars().count() > 300) {
        return Err(MemberError::Unusable(DESCRIPTION));
    }
    Ok(TxCodePrompt {
        text: match optional_text(tx_code, "input_mode")? {
            None | Some("numeric") => false,
            Some("text") => true,
            Some(_) => return Err(MemberError::Unusable("input_mode")),
        },
        length: optional_number(tx_code, "length")?,
        description: description.map(str::to_owned),
    })
}

/// Why there is no credential offer in what was given. Repeats nothing of it: an offer is a secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OfferError {
    /// Longer than any QR code.
    #[error("credential offer link of more than {MAX_LINK_BYTES} bytes")]
    TooLong,
    /// Not a URI.
    #[error("credential offer is not a link")]
    NotALink,
    /// A URI of something else.
    #[error("credential offer link is none of openid-credential-offer:, haip-vci: and https:")]
    Scheme,
    /// Neither or both of the two parameters, or one of them twice.
    #[error("credential offer link needs exactly one of credential_offer and credential_offer_uri")]
    Parameters,
    /// `credential_offer_uri` is not a URI.
    #[error("credential_offer_uri is not a link")]
    Reference,
    /// The offer is not an acceptable JSON object.
    #[error("credential offer cannot be read")]
    Json(#[from] JsonObjectError),
    /// A member of the offer.
    #[error("credential offer cannot be used")]
    Member(#[from] MemberError),
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn link(scheme: &str, parameter: &str, value: &str) -> String {
        let mut url = Url::parse(scheme).unwrap();
        url.query_pairs_mut().append_pair(parameter, value);
        url.into()
    }

    fn offer() -> Value {
        json!({
            "credential_issuer": "https://dmv.example/tenant",
            "credential_configuration_ids": ["mdl"],
            "grants": {
                "authorization_code": { "issuer_state": "s" },
                PRE_AUTHORIZED_CODE: {
                    "pre-authorized_code": "secret",
                    "tx_code": { "length": 6, "description": "in the letter" }
                }
            }
        })
    }

    #[test]
    fn offer_by_value_is_read_under_each_scheme() {
        for scheme in [
            "openid-credential-offer://",
            "haip-vci://",
            "https://wallet.example/vci",
        ] {
            let link = link(scheme, "credential_offer", &offer().to_string());
            let OfferLink::Value(offer) = link.parse().unwrap() else {
                panic!("{link}");
            };
            assert_eq!(offer.credential_issuer, "https://dmv.example/tenant");
            let grant = offer.pre_authorized.as_ref().unwrap();
            assert_eq!(grant.code.as_str(), "secret");
            let prompt = grant.tx_code.as_ref().unwrap();
            assert_eq!((prompt.text, prompt.length), (false, Some(6)));
            assert!(!format!("{offer:?}").contains("secret"));
        }
    }

    #[test]
    fn offer_by_reference_keeps_its_address_out_of_debug() {
        let link = link(
            "haip-vci://",
            "credential_offer_uri",
            "https://dmv.example/offers/secret",
        );
        let parsed: OfferLink = link.parse().unwrap();
        assert!(!format!("{parsed:?}").contains("secret"));
        let OfferLink::Reference(reference) = parsed else {
            panic!("{link}");
        };
        assert_eq!(
            reference.url().as_str(),
            "https://dmv.example/offers/secret"
        );
    }

    #[test]
    fn links_without_exactly_one_offer_are_refused() {
        let refused = |link: &str| link.parse::<OfferLink>().err();
        assert_eq!(refused("no link"), Some(OfferError::NotALink));
        assert_eq!(
            refused("http://w.example/?credential_offer={}"),
            Some(OfferError::Scheme)
        );
        assert_eq!(refused("haip-vci://?x=1"), Some(OfferError::Parameters));
        let both = "haip-vci://?credential_offer={}&credential_offer_uri=https://a.example";
        assert_eq!(refused(both), Some(OfferError::Parameters));
        let twice = "haip-vci://?credential_offer={}&credential_offer={}";
        assert_eq!(refused(twice), Some(OfferError::Parameters));
        assert_eq!(
            refused("haip-vci://?credential_offer_uri=x"),
            Some(OfferError::Reference)
        );
        assert_eq!(
            refused(&"x".repeat(MAX_LINK_BYTES + 1)),
            Some(OfferError::TooLong)
        );
        let not_json = refused("haip-vci://?credential_offer=%5B%5D");
        assert_eq!(
            not_json,
            Some(OfferError::Json(JsonObjectError::NotAnObject))
        );
    }

    #[test]
    fn each_member_of_an_offer_is_checked() {
        let refused = |change: fn(&mut Value)| {
            let mut offer = offer();
            change(&mut offer);
            match CredentialOffer::parse(offer.to_string().as_bytes()) {
                Err(OfferError::Member(error)) => error,
                other => panic!("{other:?}"),
            }
        };
        let unusable = MemberError::Unusable;
        assert_eq!(
            refused(|offer| offer["credential_configuration_ids"] = json!([])),
            unusable("credential_configuration_ids")
        );
        assert_eq!(
            refused(|offer| offer["credential_configuration_ids"] = json!(["a", "a"])),
            unusable("credential_configuration_ids")
        );
        assert_eq!(
            refused(|offer| offer["credential_issuer"] = json!(7)),
            unusable("credential_issuer")
        );
        assert_eq!(
            refused(|offer| offer["grants"][PRE_AUTHORIZED_CODE] = json!({})),
            MemberError::Missing("pre-authorized_code")
        );
        assert_eq!(
            refused(
                |offer| offer["grants"][PRE_AUTHORIZED_CODE]["tx_code"]["input_mode"] = json!("x")
            ),
            unusable("input_mode")
        );
        assert_eq!(
            refused(|offer| {
                offer["grants"][PRE_AUTHORIZED_CODE]["tx_code"]["description"] =
                    json!("x".repeat(301));
            }),
            unusable("description")
        );
    }

    #[test]
    fn offer_without_grants_is_an_offer() {
        let json =
            br#"{"credential_issuer":"https://a.example","credential_configuration_ids":["x"]}"#;
        assert!(
            CredentialOffer::parse(json)
                .unwrap()
                .pre_authorized
                .is_none()
        );
    }
}
