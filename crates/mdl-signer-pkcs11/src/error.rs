//! What a module answers, and whether it may pass.

use cryptoki::error::{Error, RvError};
use mdl_crypto::{Curve, InvalidKey, InvalidSignature};
use mdl_signer::SignError;
use std::path::PathBuf;

/// Why a token or a key in it cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Pkcs11Error {
    /// The library cannot be loaded or initialised.
    #[error("PKCS#11 library {} cannot be used", path.display())]
    Library {
        /// The library.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: Error,
    },
    /// There is no such token now.
    #[error("there is no token {0}")]
    NoToken(String),
    /// More than one token fits.
    #[error("there is more than one token {0}: name its serial number too")]
    SeveralTokens(String),
    /// The token refused the PIN. It is not tried again, because tokens lock themselves after a few wrong ones.
    #[error("the token refuses the PIN")]
    Pin,
    /// There is no such key.
    #[error("there is no {what} {key}")]
    NoKey {
        /// What is looked for.
        what: &'static str,
        /// Label and identifier.
        key: String,
    },
    /// More than one key fits.
    #[error("there is more than one {what} {key}: name its id too")]
    SeveralKeys {
        /// What is looked for.
        what: &'static str,
        /// Label and identifier.
        key: String,
    },
    /// A new key would have the name of another.
    #[error("there is a key {0} already")]
    Exists(String),
    /// The key is on a curve that is not supported.
    #[error("the key is on a curve that is not supported: CKA_EC_PARAMS {0}")]
    Curve(String),
    /// The module cannot make keys on this curve here.
    #[error("keys on {0} are not made here: choose a NIST or brainpool curve")]
    NotMade(Curve),
    /// Private and public key are on different curves.
    #[error("private and public key are on different curves")]
    CurvesDiffer,
    /// The public key is not a point of the curve.
    #[error("the public key is not usable")]
    PublicKey(#[source] InvalidKey),
    /// The private key is not allowed to sign.
    #[error("the private key is not for signing: CKA_SIGN is false")]
    NotForSigning,
    /// The signature has not the width of the curve.
    #[error("the token gave a malformed signature")]
    Signature(#[source] InvalidSignature),
    /// The module answered with an error.
    #[error("the PKCS#11 module refused: {0}")]
    Module(#[source] Error),
    /// No answer in the time given.
    #[error("the token does not answer in time")]
    TimedOut,
    /// The thread that was to ask the token ended early.
    #[error("the call to the token was broken off")]
    BrokenOff,
    /// The system gives no random numbers for an identifier.
    #[error("the system gives no random numbers")]
    NoRandomness,
}

impl From<Error> for Pkcs11Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Pkcs11(
                RvError::PinIncorrect
                | RvError::PinLocked
                | RvError::PinExpired
                | RvError::PinInvalid
                | RvError::PinLenRange,
                _,
            ) => Self::Pin,
            error => Self::Module(error),
        }
    }
}

impl Pkcs11Error {
    /// Whether session, login or token are gone, so that a new session may help.
    pub(crate) const fn is_lost_session(&self) -> bool {
        matches!(
            self,
            Self::Module(Error::Pkcs11(
                RvError::SessionHandleInvalid
                    | RvError::SessionClosed
                    | RvError::UserNotLoggedIn
                    | RvError::CryptokiNotInitialized
                    | RvError::DeviceRemoved
                    | RvError::DeviceError
                    | RvError::TokenNotPresent
                    | RvError::TokenNotRecognized
                    | RvError::SlotIdInvalid
                    | RvError::KeyHandleInvalid
                    | RvError::ObjectHandleInvalid
                    | RvError::GeneralError
                    | RvError::FunctionFailed,
                _
            ))
        )
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        self.is_lost_session()
            || matches!(
                self,
                Self::NoToken(_)
                    | Self::TimedOut
                    | Self::BrokenOff
                    | Self::Module(Error::Pkcs11(
                        RvError::HostMemory
                            | RvError::DeviceMemory
                            | RvError::SessionCount
                            | RvError::FunctionCanceled
                            | RvError::Cancel
                            | RvError::OperationActive,
                        _
                    ))
            )
    }

    /// What the caller of a signer hears.
    pub(crate) fn into_sign_error(self) -> SignError {
        if self.may_pass() {
            SignError::Unavailable(self.into())
        } else {
            SignError::Refused(self.into())
        }
    }
}
