//! The PKCS #11 URI scheme (RFC 7512), as far as it names a token and a key in it.

use std::{fmt, path::PathBuf, str::FromStr};

use super::{
    InvalidKeyUri,
    percent::{decode, decode_text, encode},
};

pub(super) const SCHEME: &str = "pkcs11:";
/// What RFC 7512, 2.3 lets stand unencoded in a query.
const IN_QUERY: &[u8] = b":[]@!$'()*+,=/";

/// A key in a PKCS#11 token. What is not given matches everything; more than one match is an error when the key is
/// opened, not a choice.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Pkcs11Uri {
    /// Label of the token.
    pub token: Option<String>,
    /// Serial number of the token.
    pub serial: Option<String>,
    /// Number of the slot. It may change when the machine starts: prefer the token's label.
    pub slot_id: Option<u64>,
    /// Label of the key.
    pub object: Option<String>,
    /// Identifier of the key.
    pub id: Option<Vec<u8>>,
    /// The PKCS#11 library of the token's maker.
    pub module_path: Option<PathBuf>,
    /// Where the PIN comes from.
    pub pin_source: Option<PinSource>,
}

/// Where a PIN comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PinSource {
    /// The first line of a file.
    File(PathBuf),
    /// A variable of the environment.
    Environment(String),
}

impl FromStr for Pkcs11Uri {
    type Err = InvalidKeyUri;

    fn from_str(text: &str) -> Result<Self, InvalidKeyUri> {
        let rest = text
            .strip_prefix(SCHEME)
            .ok_or_else(|| InvalidKeyUri::Unknown(text.to_owned()))?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut uri = Self::default();
        for attribute in path.split(';').filter(|part| !part.is_empty()) {
            let (name, value) = split(attribute)?;
            let text = || decode_text(value);
            match name {
                "token" => set(&mut uri.token, name, text()?)?,
                "serial" => set(&mut uri.serial, name, text()?)?,
                "slot-id" => {
                    let number = value.parse();
                    let number = number.map_err(|_| InvalidKeyUri::Value(name.to_owned()))?;
                    set(&mut uri.slot_id, name, number)?;
                }
                "object" => set(&mut uri.object, name, text()?)?,
                "id" => set(&mut uri.id, name, decode(value)?)?,
                // It is the private key that signs.
                "type" if value == "private" => {}
                "type" => return Err(InvalidKeyUri::Value(name.to_owned())),
                _ => return Err(InvalidKeyUri::Unknown(name.to_owned())),
            }
        }
        for attribute in query.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = split(attribute)?;
            match name {
                "module-path" => set(&mut uri.module_path, name, decode_text(value)?.into())?,
                "pin-source" => set(&mut uri.pin_source, name, pin_source(&decode_text(value)?)?)?,
                "pin-value" => return Err(InvalidKeyUri::PinValue),
                _ => return Err(InvalidKeyUri::Unknown(name.to_owned())),
            }
        }
        Ok(uri)
    }
}

fn split(attribute: &str) -> Result<(&str, &str), InvalidKeyUri> {
    attribute
        .split_once('=')
        .ok_or_else(|| InvalidKeyUri::Value(attribute.to_owned()))
}

fn set<T>(field: &mut Option<T>, name: &str, value: T) -> Result<(), InvalidKeyUri> {
    match field.replace(value) {
        None => Ok(()),
        Some(_) => Err(InvalidKeyUri::Twice(name.to_owned())),
    }
}

fn pin_source(text: &str) -> Result<PinSource, InvalidKeyUri> {
    match text.split_once(':') {
        Some(("env", name)) if !name.is_empty() => Ok(PinSource::Environment(name.to_owned())),
        Some(("file", path)) if !path.is_empty() => Ok(PinSource::File(
            path.strip_prefix("//").unwrap_or(path).into(),
        )),
        // A bare path is what many write. RFC 7512 also has `|COMMAND`, which we run for nobody.
        None if !text.is_empty() && !text.starts_with('|') => Ok(PinSource::File(text.into())),
        _ => Err(InvalidKeyUri::Value("pin-source".to_owned())),
    }
}

impl fmt::Display for Pkcs11Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Option<String>| value.as_ref().map(|text| encode(text.as_bytes(), b""));
        let path = [
            ("token", text(&self.token)),
            ("serial", text(&self.serial)),
            ("slot-id", self.slot_id.map(|number| number.to_string())),
            ("object", text(&self.object)),
            ("id", self.id.as_ref().map(|id| encode(id, b""))),
        ];
        let pin_source = self.pin_source.as_ref().map(|source| match source {
            PinSource::File(path) => format!("file:{}", path.display()),
            PinSource::Environment(name) => format!("env:{name}"),
        });
        let module_path = self.module_path.as_ref();
        let query = [
            (
                "module-path",
                module_path.map(|path| encode(path.display().to_string().as_bytes(), IN_QUERY)),
            ),
            (
                "pin-source",
                pin_source.map(|source| encode(source.as_bytes(), IN_QUERY)),
            ),
        ];
        let join = |parts: &[(&str, Option<String>)], separator: &str| {
            let parts: Vec<String> = parts
                .iter()
                .filter_map(|(name, value)| Some(format!("{name}={}", value.as_ref()?)))
                .collect();
            parts.join(separator)
        };
        write!(f, "{SCHEME}{}", join(&path, ";"))?;
        match join(&query, "&") {
            query if query.is_empty() => Ok(()),
            query => write!(f, "?{query}"),
        }
    }
}
