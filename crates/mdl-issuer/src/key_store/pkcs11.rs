//! Keys in PKCS#11 tokens.

use std::env;
use std::path::Path;

use mdl_crypto::Curve;
use mdl_signer::key_uri::{KeyUri, PinSource, Pkcs11Uri};
use mdl_signer_pkcs11::{
    KeySelector, Pin, Pkcs11Error, Pkcs11Signer, SignerLimits, Token, TokenSelector,
};
use zeroize::Zeroizing;

use super::{KeyStoreError, KeyStores, MODULE_VARIABLE, OpenedKey, PIN_VARIABLE};

impl KeyStores {
    pub(super) fn open_in_token(
        &self,
        uri: &Pkcs11Uri,
        secret: Option<Zeroizing<String>>,
    ) -> Result<OpenedKey, KeyStoreError> {
        if uri.object.is_none() && uri.id.is_none() {
            return Err(KeyStoreError::Incomplete(
                "no key is named: add object=LABEL or id=ID",
            ));
        }
        let key = KeySelector {
            label: uri.object.clone(),
            id: uri.id.clone(),
        };
        let token = self.token(uri, secret)?;
        let signer = Pkcs11Signer::open(&token, key, SignerLimits::default()).map_err(failed)?;
        let custody = signer.custody();
        let said = |is: bool, yes: &'static str, no: &'static str| if is { yes } else { no };
        Ok(OpenedKey {
            custody: format!(
                "in a PKCS#11 token: {}, {}, {}",
                said(custody.made_in_token, "made there", "brought there"),
                said(
                    custody.always_sensitive,
                    "never readable",
                    "may have been readable"
                ),
                said(
                    custody.never_extractable,
                    "never extractable",
                    "may have been extractable"
                ),
            ),
            signer: Box::new(signer),
        })
    }

    pub(super) fn create_in_token(
        &self,
        place: &Pkcs11Uri,
        curve: Curve,
        name: &str,
        secret: Option<Zeroizing<String>>,
    ) -> Result<KeyUri, KeyStoreError> {
        if place.id.is_some() {
            return Err(KeyStoreError::Incomplete(
                "the id of a new key is random: leave id= out",
            ));
        }
        let label = place.object.as_deref().unwrap_or(name);
        let made = self.token(place, secret)?.create_key(curve, label);
        let key = made.map_err(failed)?;
        Ok(KeyUri::Pkcs11(Pkcs11Uri {
            object: key.label,
            id: key.id,
            ..place.clone()
        }))
    }

    fn token(
        &self,
        uri: &Pkcs11Uri,
        secret: Option<Zeroizing<String>>,
    ) -> Result<Token, KeyStoreError> {
        let module = match &uri.module_path {
            Some(path) => self.folder.join(path),
            None => env::var_os(MODULE_VARIABLE)
                .ok_or(KeyStoreError::Incomplete(
                    "no PKCS#11 library is named: add ?module-path=FILE, or set MDL_PKCS11_MODULE",
                ))?
                .into(),
        };
        let selector = TokenSelector {
            label: uri.token.clone(),
            serial: uri.serial.clone(),
            slot: uri.slot_id,
        };
        let pin = match &uri.pin_source {
            Some(PinSource::File(path)) => read_pin(&self.folder.join(path))?,
            Some(PinSource::Environment(name)) => variable(name)
                .ok_or_else(|| KeyStoreError::Pin(format!("the variable {name}"), None))?,
            None => secret
                .or_else(|| variable(PIN_VARIABLE))
                .ok_or(KeyStoreError::Incomplete(
                    "no PIN: add pin-source=file:FILE or pin-source=env:NAME, or set MDL_PKCS11_PIN",
                ))?,
        };
        Token::open(&module, selector, Pin::new(pin)).map_err(failed)
    }
}

fn variable(name: &str) -> Option<Zeroizing<String>> {
    env::var(name).ok().map(Zeroizing::new)
}

/// The first line.
fn read_pin(path: &Path) -> Result<Zeroizing<String>, KeyStoreError> {
    let content = std::fs::read_to_string(path).map(Zeroizing::new);
    let content =
        content.map_err(|error| KeyStoreError::Pin(path.display().to_string(), Some(error)))?;
    let first = content.lines().next().unwrap_or_default();
    Ok(Zeroizing::new(first.to_owned()))
}

fn failed(error: Pkcs11Error) -> KeyStoreError {
    if error.may_pass() {
        KeyStoreError::unavailable(error)
    } else {
        KeyStoreError::refused(error)
    }
}
