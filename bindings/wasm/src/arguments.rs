//! Arguments out of plain objects of JavaScript.
//!
//! A member that nobody knows is refused: a misspelt `requireRevocation` must not pass for one that was left out.

use js_sys::{Array, Date, Object, Reflect, Uint8Array};
use mdl_verifier::{Conditions, Policy, ReaderKey, Session, TrustedCertificate};
use wasm_bindgen::{JsCast, JsValue};

use crate::exception;

pub(crate) fn policy_of(policy: Option<&JsValue>) -> Result<Policy, JsValue> {
    let Some(policy) = policy.filter(|policy| !policy.is_undefined()) else {
        return Ok(Policy::default());
    };
    let name = policy.as_string();
    [Policy::Strict, Policy::Iso, Policy::Interop]
        .into_iter()
        .find(|policy| name.as_deref() == Some(policy.name()))
        .ok_or_else(|| exception::input("policy: expected strict, iso or interop"))
}

pub(crate) fn trusted_of(trusted: &JsValue) -> Result<Vec<TrustedCertificate>, JsValue> {
    list(trusted, "trusted")?
        .iter()
        .map(|entry| {
            if let Some(certificate) = entry.dyn_ref::<Uint8Array>() {
                return Ok(TrustedCertificate {
                    certificate: certificate.to_vec(),
                    doc_types: None,
                    country: None,
                    state: None,
                });
            }
            let mut members = Members::of(&entry, "trusted")?;
            let trusted = TrustedCertificate {
                certificate: members.bytes("certificate")?,
                doc_types: members.optional("docTypes").map(texts).transpose()?,
                country: members.optional_text("country")?,
                state: members.optional_text("state")?,
            };
            members.finish()?;
            Ok(trusted)
        })
        .collect()
}

pub(crate) fn conditions_of(conditions: &JsValue) -> Result<Conditions, JsValue> {
    let mut members = Members::of(conditions, "conditions")?;
    let at = members.required("at")?;
    let at = at
        .dyn_ref::<Date>()
        .map(Date::get_time)
        .filter(|time| time.is_finite())
        .ok_or_else(|| exception::input("at: expected a valid Date"))?;
    let session = session_of(&members.required("session")?)?;
    let conditions = Conditions {
        doc_type: members.optional_text("docType")?,
        crls: members.byte_strings("crls")?,
        status_tokens: members.byte_strings("statusTokens")?,
        require_revocation: members.optional_bool("requireRevocation")?,
        ..Conditions::new((at / 1000.0).floor() as i64, session)
    };
    members.finish()?;
    Ok(conditions)
}

fn session_of(session: &JsValue) -> Result<Session, JsValue> {
    let mut members = Members::of(session, "session")?;
    let kind = members.text("kind")?;
    let session = match kind.as_str() {
        "static" => Session::Static,
        "transcript" => Session::Transcript {
            session_transcript: members.bytes("sessionTranscript")?,
            reader_key: members.reader_key()?,
        },
        "qr" => Session::Qr {
            device_engagement: members.bytes("deviceEngagement")?,
            e_reader_key: members.bytes("eReaderKey")?,
            reader_key: members.reader_key()?,
        },
        "nfc" => Session::Nfc {
            device_engagement: members.bytes("deviceEngagement")?,
            e_reader_key: members.bytes("eReaderKey")?,
            select: members.bytes("select")?,
            request: members.optional_bytes("request")?,
            reader_key: members.reader_key()?,
        },
        "openid4vp" => Session::OpenId4Vp {
            client_id: members.text("clientId")?,
            nonce: members.text("nonce")?,
            jwk_thumbprint: members.optional_bytes("jwkThumbprint")?,
            response_uri: members.text("responseUri")?,
        },
        "openid4vp-dc-api" => Session::OpenId4VpDcApi {
            origin: members.text("origin")?,
            nonce: members.text("nonce")?,
            jwk_thumbprint: members.optional_bytes("jwkThumbprint")?,
        },
        "iso-18013-7-annex-b" => Session::Iso18013Part7AnnexB {
            client_id: members.text("clientId")?,
            response_uri: members.text("responseUri")?,
            mdoc_generated_nonce: members.text("mdocGeneratedNonce")?,
            nonce: members.text("nonce")?,
        },
        "iso-18013-7-annex-c" => Session::Iso18013Part7AnnexC {
            encryption_info: members.text("encryptionInfo")?,
            origin: members.text("origin")?,
        },
        other => return Err(exception::input(&format!("session: no kind {other:?}"))),
    };
    members.finish()?;
    Ok(session)
}

/// The members of an object, each to be taken once.
struct Members<'o> {
    object: &'o JsValue,
    what: &'static str,
    left: Vec<String>,
}

impl<'o> Members<'o> {
    fn of(object: &'o JsValue, what: &'static str) -> Result<Self, JsValue> {
        let plain = object
            .dyn_ref::<Object>()
            .filter(|object| !Array::is_array(object) && !object.is_function())
            .ok_or_else(|| exception::input(&format!("{what}: expected an object")))?;
        let left = Object::keys(plain)
            .into_iter()
            .filter_map(|name| name.as_string());
        Ok(Self {
            object,
            what,
            left: left.collect(),
        })
    }

    /// `None` also for a member that is there and `undefined`.
    fn optional(&mut self, name: &'static str) -> Option<JsValue> {
        self.left.retain(|left| left != name);
        let value = Reflect::get(self.object, &name.into()).unwrap_or(JsValue::UNDEFINED);
        (!value.is_undefined()).then_some(value)
    }

    fn required(&mut self, name: &'static str) -> Result<JsValue, JsValue> {
        self.optional(name)
            .ok_or_else(|| exception::input(&format!("{}: {name} is missing", self.what)))
    }

    fn text(&mut self, name: &'static str) -> Result<String, JsValue> {
        text(&self.required(name)?, name)
    }

    fn optional_text(&mut self, name: &'static str) -> Result<Option<String>, JsValue> {
        self.optional(name)
            .map(|value| text(&value, name))
            .transpose()
    }

    fn optional_bool(&mut self, name: &'static str) -> Result<bool, JsValue> {
        match self.optional(name) {
            None => Ok(false),
            Some(value) => value
                .as_bool()
                .ok_or_else(|| exception::input(&format!("{name}: expected true or false"))),
        }
    }

    fn bytes(&mut self, name: &'static str) -> Result<Vec<u8>, JsValue> {
        bytes(&self.required(name)?, name)
    }

    fn optional_bytes(&mut self, name: &'static str) -> Result<Option<Vec<u8>>, JsValue> {
        self.optional(name)
            .map(|value| bytes(&value, name))
            .transpose()
    }

    /// None if the member is left out.
    fn byte_strings(&mut self, name: &'static str) -> Result<Vec<Vec<u8>>, JsValue> {
        let Some(value) = self.optional(name) else {
            return Ok(Vec::new());
        };
        list(&value, name)?
            .iter()
            .map(|entry| bytes(&entry, name))
            .collect()
    }

    fn reader_key(&mut self) -> Result<Option<ReaderKey>, JsValue> {
        let Some(der) = self.optional_bytes("readerKey")? else {
            return Ok(None);
        };
        let key = ReaderKey::from_pkcs8(&der);
        key.map(Some)
            .map_err(|error| exception::input(&error.message()))
    }

    fn finish(self) -> Result<(), JsValue> {
        match self.left.first() {
            None => Ok(()),
            Some(name) => Err(exception::input(&format!(
                "{}: no member {name:?}",
                self.what
            ))),
        }
    }
}

fn list(value: &JsValue, name: &str) -> Result<Array, JsValue> {
    let list = value.dyn_ref::<Array>().cloned();
    list.ok_or_else(|| exception::input(&format!("{name}: expected an array")))
}

pub(crate) fn bytes(value: &JsValue, name: &str) -> Result<Vec<u8>, JsValue> {
    let bytes = value.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec);
    bytes.ok_or_else(|| exception::input(&format!("{name}: expected a Uint8Array")))
}

fn text(value: &JsValue, name: &str) -> Result<String, JsValue> {
    let text = value.as_string();
    text.ok_or_else(|| exception::input(&format!("{name}: expected a string")))
}

fn texts(value: JsValue) -> Result<Vec<String>, JsValue> {
    list(&value, "docTypes")?
        .iter()
        .map(|entry| text(&entry, "docTypes"))
        .collect()
}
