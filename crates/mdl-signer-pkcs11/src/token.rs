//! A token: found by name, logged in to.

use cryptoki::{
    context::Pkcs11,
    error::{Error, RvError},
    session::{Session, UserType},
    slot::Slot,
    types::AuthPin,
};
use std::{
    fmt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use zeroize::Zeroizing;

use crate::{
    error::Pkcs11Error,
    library::{initialise, load},
};

/// The PIN of a token's user. Zeroized when dropped, never printed.
#[derive(Clone)]
pub struct Pin(Zeroizing<String>);

impl Pin {
    /// A PIN from what was typed or read.
    #[must_use]
    pub fn new(pin: impl Into<Zeroizing<String>>) -> Self {
        Self(pin.into())
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}

/// Which token: everything that is given must fit.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TokenSelector {
    /// Its label.
    pub label: Option<String>,
    /// Its serial number.
    pub serial: Option<String>,
    /// The slot it is in.
    pub slot: Option<u64>,
}

impl fmt::Display for TokenSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slot = self.slot.map(|slot| slot.to_string());
        let parts = [
            ("labelled", &self.label),
            ("with the serial number", &self.serial),
            ("in slot", &slot),
        ];
        let mut separator = "";
        for (name, value) in parts {
            if let Some(value) = value {
                write!(f, "{separator}{name} {value:?}")?;
                separator = " ";
            }
        }
        Ok(())
    }
}

/// A token that can be logged in to. It is looked for again for every new session, because a module that was restarted
/// may have it in another slot.
#[derive(Clone, Debug)]
pub struct Token(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    library: Pkcs11,
    selector: TokenSelector,
    pin: Pin,
    /// Set when the token refused the PIN: a second try would count towards locking it.
    pin_refused: AtomicBool,
}

impl Token {
    /// Loads the PKCS#11 library `module`, finds the token and logs in. This asks the module and blocks.
    ///
    /// # Errors
    /// [`Pkcs11Error`].
    pub fn open(module: &Path, selector: TokenSelector, pin: Pin) -> Result<Self, Pkcs11Error> {
        let token = Self(Arc::new(Inner {
            library: load(module)?,
            selector,
            pin,
            pin_refused: AtomicBool::new(false),
        }));
        drop(token.session(Access::Read)?);
        Ok(token)
    }

    /// A new session of the token's user.
    pub(crate) fn session(&self, access: Access) -> Result<Session, Pkcs11Error> {
        let Inner {
            library,
            pin,
            pin_refused,
            ..
        } = &*self.0;
        if pin_refused.load(Ordering::SeqCst) {
            return Err(Pkcs11Error::Pin);
        }
        let slot = match self.slot() {
            Err(Pkcs11Error::Module(Error::Pkcs11(RvError::CryptokiNotInitialized, _))) => {
                initialise(library)?;
                self.slot()?
            }
            slot => slot?,
        };
        let session = match access {
            Access::Read => library.open_ro_session(slot)?,
            Access::Write => library.open_rw_session(slot)?,
        };
        let pin = AuthPin::new(pin.0.as_str().into());
        // The login is the token's, not the session's.
        match session.login(UserType::User, Some(&pin)) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
            Err(error) => {
                let error = error.into();
                if matches!(error, Pkcs11Error::Pin) {
                    pin_refused.store(true, Ordering::SeqCst);
                }
                Err(error)
            }
        }
    }

    fn slot(&self) -> Result<Slot, Pkcs11Error> {
        let Inner {
            library, selector, ..
        } = &*self.0;
        let mut found = None;
        for slot in library.get_slots_with_token()? {
            let Ok(token) = library.get_token_info(slot) else {
                // Pulled out between the two calls.
                continue;
            };
            let fits = token.token_initialized()
                && selector
                    .label
                    .as_deref()
                    .is_none_or(|label| label == token.label())
                && selector
                    .serial
                    .as_deref()
                    .is_none_or(|serial| serial == token.serial_number())
                && selector.slot.is_none_or(|number| number == slot.id());
            if fits && found.replace(slot).is_some() {
                return Err(Pkcs11Error::SeveralTokens(selector.to_string()));
            }
        }
        found.ok_or_else(|| Pkcs11Error::NoToken(selector.to_string()))
    }
}

/// What a session may do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Access {
    Read,
    Write,
}
