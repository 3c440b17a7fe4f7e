//! `make FOLDER`: issues the order in `make.json` and presents it, signed and with a MAC.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use ciborium::Value;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use isomdl::cbor;
use isomdl::definitions::device_request::ItemsRequest;
use isomdl::definitions::device_signed::DeviceAuthType;
use isomdl::definitions::helpers::NonEmptyMap;
use isomdl::definitions::x509::X5Chain;
use isomdl::definitions::{
    CoseKey, DeviceKeyInfo, DigestAlgorithm, EC2Curve, EC2Y, IssuerSigned, ValidityInfo,
};
use isomdl::issuance::Mdoc;
use isomdl::presentation::device::{DeviceSession, Document, Documents, PermittedItems};
use p256::SecretKey;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::GivenTranscript;

/// Writes `issuer_signed.cbor`, `device_response.cbor` and `device_response_mac.cbor`.
pub(crate) fn make(folder: &Path) -> Result<()> {
    let order: Json = serde_json::from_slice(&fs::read(folder.join("make.json"))?)?;
    let device_key = secret_key(&folder.join("device_key.pem"))?;
    let mdoc = issue(folder, &order, &device_key)?;
    let issuer_signed = IssuerSigned {
        namespaces: Some(mdoc.namespaces.clone()),
        issuer_auth: mdoc.issuer_auth.clone(),
    };
    fs::write(
        folder.join("issuer_signed.cbor"),
        cbor::to_vec(&issuer_signed)?,
    )?;

    let transcript = fs::read(folder.join("session_transcript.cbor"))?;
    let mut holder = Holder {
        documents: NonEmptyMap::new(text(&order["doc_type"])?, Document::from(mdoc)),
        transcript: cbor::from_slice(&transcript)?,
        auth_type: DeviceAuthType::Sign1,
    };
    let signing = SigningKey::from(&device_key);
    let sign = |payload: &[u8]| -> Vec<u8> {
        let signature: Signature = signing.sign(payload);
        signature.to_vec()
    };
    fs::write(
        folder.join("device_response.cbor"),
        holder.present(&order["disclose"], sign)?,
    )?;

    let reader_key = secret_key(&folder.join("reader_key.pem"))?.public_key();
    let shared = p256::ecdh::diffie_hellman(device_key.to_nonzero_scalar(), reader_key.as_affine());
    let wrapped = cbor::to_vec(&Value::Tag(24, Box::new(Value::Bytes(transcript))))?;
    let mut mac_key = [0; 32];
    Hkdf::<Sha256>::new(Some(&Sha256::digest(wrapped)), shared.raw_secret_bytes())
        .expand(b"EMacKey", &mut mac_key)
        .map_err(|error| anyhow!("{error}"))?;
    holder.auth_type = DeviceAuthType::Mac0;
    let mac = Hmac::<Sha256>::new_from_slice(&mac_key)?;
    let tag = |payload: &[u8]| {
        mac.clone()
            .chain_update(payload)
            .finalize()
            .into_bytes()
            .to_vec()
    };
    fs::write(
        folder.join("device_response_mac.cbor"),
        holder.present(&order["disclose"], tag)?,
    )?;
    Ok(())
}

fn issue(folder: &Path, order: &Json, device_key: &SecretKey) -> Result<Mdoc> {
    let namespaces = object(&order["elements"])?
        .iter()
        .map(|(name, elements)| {
            let elements = object(elements)?
                .iter()
                .map(|(id, value)| Ok((id.clone(), element(value)?)));
            Ok((name.clone(), elements.collect::<Result<_>>()?))
        })
        .collect::<Result<_>>()?;
    let point = device_key.public_key().to_encoded_point(false);
    let device_key = CoseKey::EC2 {
        crv: EC2Curve::P256,
        x: point.x().context("an uncompressed point has x")?.to_vec(),
        y: EC2Y::Value(point.y().context("an uncompressed point has y")?.to_vec()),
    };
    let validity_info = ValidityInfo {
        signed: instant(&order["signed"])?,
        valid_from: instant(&order["valid_from"])?,
        valid_until: instant(&order["valid_until"])?,
        expected_update: None,
    };
    let digest_algorithm = match text(&order["digest_algorithm"])?.as_str() {
        "SHA-256" => DigestAlgorithm::SHA256,
        "SHA-384" => DigestAlgorithm::SHA384,
        "SHA-512" => DigestAlgorithm::SHA512,
        other => bail!("digest algorithm {other}"),
    };
    let chain = X5Chain::builder()
        .with_pem_certificate(&fs::read(folder.join("ds_cert.pem"))?)?
        .build()?;
    Mdoc::builder()
        .doc_type(text(&order["doc_type"])?)
        .namespaces(namespaces)
        .validity_info(validity_info)
        .digest_algorithm(digest_algorithm)
        .device_key_info(DeviceKeyInfo {
            device_key,
            key_authorizations: None,
            key_info: None,
        })
        .issue::<SigningKey, Signature>(
            chain,
            SigningKey::from(secret_key(&folder.join("ds_key.pem"))?),
        )
}

/// A holder that answers in a session it did not set up, as OpenID4VP has it.
struct Holder {
    documents: Documents,
    transcript: GivenTranscript,
    auth_type: DeviceAuthType,
}

impl Holder {
    /// A DeviceResponse with the wanted elements, authenticated by `authenticate` over what isomdl prepares.
    fn present(&self, disclose: &Json, authenticate: impl Fn(&[u8]) -> Vec<u8>) -> Result<Vec<u8>> {
        let wanted: BTreeMap<String, Vec<String>> = serde_json::from_value(disclose.clone())?;
        let doc_type = self
            .documents
            .keys()
            .next()
            .context("there is one document")?
            .clone();
        let request = ItemsRequest {
            doc_type: doc_type.clone(),
            namespaces: wanted
                .iter()
                .map(|(name, ids)| {
                    let ids: BTreeMap<String, bool> =
                        ids.iter().map(|id| (id.clone(), false)).collect();
                    Ok((name.clone(), ids.try_into()?))
                })
                .collect::<Result<BTreeMap<_, _>>>()?
                .try_into()?,
            request_info: None,
        };
        let permitted: PermittedItems = BTreeMap::from([(doc_type, wanted)]);
        let mut prepared = self.prepare_response(&vec![request], permitted);
        while let Some((_, payload)) = prepared.get_next_signature_payload() {
            let authentication = authenticate(payload);
            prepared.submit_next_signature(authentication);
        }
        Ok(cbor::to_vec(&prepared.finalize_response())?)
    }
}

impl DeviceSession for Holder {
    type ST = GivenTranscript;

    fn documents(&self) -> &Documents {
        &self.documents
    }

    fn session_transcript(&self) -> GivenTranscript {
        self.transcript.clone()
    }

    fn device_auth_type(&self) -> DeviceAuthType {
        self.auth_type
    }
}

/// An element value of make.json, its marks replaced by tags 1004 and 0 and by byte strings.
fn element(value: &Json) -> Result<Value> {
    Ok(match value {
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => {
            Value::Integer(number.as_i64().context("whole numbers only")?.into())
        }
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(items) => Value::Array(items.iter().map(element).collect::<Result<_>>()?),
        Json::Object(map) => {
            let tagged = |tag, content: &Json| -> Result<Value> {
                Ok(Value::Tag(tag, Box::new(Value::Text(text(content)?))))
            };
            match map
                .iter()
                .next()
                .map(|(key, content)| (key.as_str(), content))
            {
                Some(("full_date", content)) => tagged(1004, content)?,
                Some(("tdate", content)) => tagged(0, content)?,
                Some(("hex", content)) => Value::Bytes(hex::decode(text(content)?)?),
                _ => Value::Map(
                    map.iter()
                        .map(|(key, item)| Ok((Value::Text(key.clone()), element(item)?)))
                        .collect::<Result<_>>()?,
                ),
            }
        }
        Json::Null => bail!("no element is null"),
    })
}

fn secret_key(path: &Path) -> Result<SecretKey> {
    use p256::pkcs8::DecodePrivateKey;
    Ok(SecretKey::from_pkcs8_pem(&fs::read_to_string(path)?)?)
}

fn object(value: &Json) -> Result<&serde_json::Map<String, Json>> {
    value.as_object().context("an object was expected")
}

fn text(value: &Json) -> Result<String> {
    Ok(value.as_str().context("a text was expected")?.to_owned())
}

fn instant(value: &Json) -> Result<OffsetDateTime> {
    Ok(OffsetDateTime::parse(&text(value)?, &Rfc3339)?)
}
