//! Trust anchors and policy.

use mdl_verifier::{InputKind, Policy, TrustedCertificate};

use crate::{Conditions, InputError, Verification};

/// Trust anchors and policy: made once, used for any number of verifications, from any thread.
#[derive(uniffi::Object)]
pub struct Verifier(mdl_verifier::Verifier);

#[uniffi::export]
impl Verifier {
    /// Trusts these certificates under a policy. Without certificates nothing will be valid.
    #[uniffi::constructor]
    pub fn new(trusted: Vec<TrustedCertificate>, policy: Policy) -> Result<Self, InputError> {
        Ok(Self(mdl_verifier::Verifier::new(&trusted, policy)?))
    }

    /// Verifies a `DeviceResponse`. What is wrong with it, however malformed, is in the outcome; an exception is about the
    /// conditions only.
    pub fn verify(
        &self,
        response: Vec<u8>,
        conditions: Conditions,
    ) -> Result<Verification, InputError> {
        Ok(self.0.verify(&response, &conditions.into())?.into())
    }

    /// Verifies an `IssuerSigned`, as an issuer hands it to a wallet: issuer data authentication only, whatever the
    /// session of the conditions.
    pub fn verify_issuer_signed(
        &self,
        issuer_signed: Vec<u8>,
        conditions: Conditions,
    ) -> Result<Verification, InputError> {
        let conditions = conditions.into();
        let verification = self.0.verify_issuer_signed(&issuer_signed, &conditions)?;
        Ok(verification.into())
    }
}

/// Tells what an input is: an `IssuerSigned` if it can be read as one, else to be verified as a `DeviceResponse`.
#[uniffi::export]
pub fn input_kind_of(input: Vec<u8>) -> InputKind {
    InputKind::of(&input)
}
