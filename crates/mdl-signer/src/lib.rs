//! Signer trait, software keys and the signing guard.
