//! The outcome of one verification.

use mdl_verifier::{CheckOutcome, DocumentOutcome, Verdict};

use crate::{NotVerified, VerifiedDocument};

/// The outcome of one verification. Values of elements come from `verified` and `verified_document` only, which refuse
/// unless what they give out is valid.
#[derive(uniffi::Object)]
pub struct Verification(mdl_verifier::Verification);

impl From<mdl_verifier::Verification> for Verification {
    fn from(verification: mdl_verifier::Verification) -> Self {
        Self(verification)
    }
}

#[uniffi::export]
impl Verification {
    /// The verdict on everything in the response, all documents together: the one to act on.
    pub fn verdict(&self) -> Verdict {
        self.0.verdict()
    }

    /// Every document, if the verdict is valid.
    pub fn verified(&self) -> Result<Vec<VerifiedDocument>, NotVerified> {
        Ok(self.0.verified()?.into_iter().map(Into::into).collect())
    }

    /// Document number `index`, from 0, if it and the response around it are valid, whatever stands beside it.
    pub fn verified_document(&self, index: u32) -> Result<VerifiedDocument, NotVerified> {
        // Where an index does not fit, there is no such document either.
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        Ok(self.0.verified_document(index)?.into())
    }

    /// The outcome for each document, without values of elements.
    pub fn documents(&self) -> Vec<DocumentOutcome> {
        self.0.documents().to_vec()
    }

    /// Checks of the response as a whole.
    pub fn checks(&self) -> Vec<CheckOutcome> {
        self.0.checks().to_vec()
    }

    /// URIs of the status lists to fetch before verifying again.
    pub fn needed_status_lists(&self) -> Vec<String> {
        self.0.needed_status_lists().to_vec()
    }

    /// The report as JSON: the very bytes that `mdl verify --json` prints for the same input, time, policy and trust. It
    /// holds the values of a valid document, so it is as personal as the document.
    pub fn report_json(&self) -> String {
        self.0.report_json().to_owned()
    }

    /// The audit form: what was decided and why, as JSON without personal data.
    pub fn audit_json(&self) -> String {
        self.0.audit_json().to_owned()
    }
}
