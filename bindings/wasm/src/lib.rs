//! The verifier of `mdl-verifier` for JavaScript: classes with TypeScript types, exceptions for errors.
//!
//! Values of elements exist on the JavaScript side only once [`Verification::verified`] or
//! [`Verification::verified_document`] has handed them out, which both refuse for what is not valid.

mod arguments;
mod exception;
mod results;
mod typescript;

use js_sys::Array;
use mdl_verifier::InputKind;
use wasm_bindgen::prelude::*;

use crate::arguments::{bytes, conditions_of, policy_of, trusted_of};
use crate::typescript::{
    Bytes, CheckOutcomes, Conditions, DocumentOutcomes, Policy, Texts, Trusted, Verdict, Verified,
    VerifiedAll,
};

/// Trust anchors and a policy: made once, used for any number of verifications.
#[wasm_bindgen]
pub struct Verifier(mdl_verifier::Verifier);

#[wasm_bindgen]
impl Verifier {
    /// Trusts these IACA certificates.
    ///
    /// Throws `InputError` for a certificate that cannot be used.
    #[wasm_bindgen(constructor)]
    pub fn new(trusted: Trusted, policy: Option<Policy>) -> Result<Self, JsValue> {
        let trusted = trusted_of(trusted.as_ref())?;
        let policy = policy_of(policy.as_deref())?;
        let verifier = mdl_verifier::Verifier::new(&trusted, policy);
        verifier
            .map(Self)
            .map_err(|error| exception::input(&error.message()))
    }

    /// Verifies a `DeviceResponse`, whatever it is: what is wrong with it is in the verification.
    ///
    /// Throws `InputError` for conditions that cannot be used.
    pub fn verify(&self, response: Bytes, conditions: Conditions) -> Result<Verification, JsValue> {
        let conditions = conditions_of(conditions.as_ref())?;
        let verification = self
            .0
            .verify(&bytes(response.as_ref(), "response")?, &conditions);
        verification
            .map(Verification)
            .map_err(|error| exception::input(&error.message()))
    }

    /// Verifies an `IssuerSigned`, as an issuer hands it to a wallet: issuer data authentication only, whatever the
    /// session of the conditions.
    ///
    /// Throws `InputError` for conditions that cannot be used.
    #[wasm_bindgen(js_name = verifyIssuerSigned)]
    pub fn verify_issuer_signed(
        &self,
        issuer_signed: Bytes,
        conditions: Conditions,
    ) -> Result<Verification, JsValue> {
        let conditions = conditions_of(conditions.as_ref())?;
        let verification = self
            .0
            .verify_issuer_signed(&bytes(issuer_signed.as_ref(), "issuerSigned")?, &conditions);
        verification
            .map(Verification)
            .map_err(|error| exception::input(&error.message()))
    }
}

/// Whether the input is an `IssuerSigned`; if not, it is to be verified as a `DeviceResponse`.
///
/// Throws `InputError` for something else than bytes.
#[wasm_bindgen(js_name = isIssuerSigned)]
pub fn is_issuer_signed(input: Bytes) -> Result<bool, JsValue> {
    let input = bytes(input.as_ref(), "input")?;
    Ok(InputKind::of(&input) == InputKind::IssuerSigned)
}

/// The outcome of one verification.
#[wasm_bindgen]
pub struct Verification(mdl_verifier::Verification);

#[wasm_bindgen]
impl Verification {
    /// The verdict on everything in the response, all documents together: the one to act on.
    #[wasm_bindgen(getter)]
    pub fn verdict(&self) -> Verdict {
        JsValue::from(self.0.verdict().name()).unchecked_into()
    }

    /// Every document with its values, if the verdict is `valid`.
    ///
    /// Throws `NotVerifiedError` otherwise.
    pub fn verified(&self) -> Result<VerifiedAll, JsValue> {
        let documents = self
            .0
            .verified()
            .map_err(|refused| exception::not_verified(&refused))?;
        let documents: Array = documents.into_iter().map(results::verified).collect();
        Ok(JsValue::from(documents).unchecked_into())
    }

    /// Document number `index`, from 0, with its values, if it and the response around it are valid.
    ///
    /// Throws `NotVerifiedError` otherwise.
    #[wasm_bindgen(js_name = verifiedDocument)]
    pub fn verified_document(&self, index: usize) -> Result<Verified, JsValue> {
        let document = self.0.verified_document(index);
        let document = document.map_err(|refused| exception::not_verified(&refused))?;
        Ok(results::verified(document).unchecked_into())
    }

    /// The outcome for each document, without values of elements.
    #[wasm_bindgen(getter)]
    pub fn documents(&self) -> DocumentOutcomes {
        let documents: Array = self.0.documents().iter().map(results::document).collect();
        JsValue::from(documents).unchecked_into()
    }

    /// Checks of the response as a whole.
    #[wasm_bindgen(getter)]
    pub fn checks(&self) -> CheckOutcomes {
        JsValue::from(results::checks(self.0.checks())).unchecked_into()
    }

    /// URIs of the status lists to fetch before verifying again.
    #[wasm_bindgen(getter, js_name = neededStatusLists)]
    pub fn needed_status_lists(&self) -> Texts {
        let uris = self.0.needed_status_lists().iter();
        let uris: Array = uris.map(|uri| JsValue::from(uri.as_str())).collect();
        JsValue::from(uris).unchecked_into()
    }

    /// The report: the very bytes that `mdl verify --json` prints for the same input, time, policy and trust.
    #[wasm_bindgen(getter, js_name = reportJson)]
    pub fn report_json(&self) -> String {
        self.0.report_json().to_owned()
    }

    /// The audit form: what was decided and why, as JSON without personal data.
    #[wasm_bindgen(getter, js_name = auditJson)]
    pub fn audit_json(&self) -> String {
        self.0.audit_json().to_owned()
    }
}
