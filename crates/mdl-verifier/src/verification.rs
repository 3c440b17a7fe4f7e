//! What a verification gives: verdicts, checks and the report for everybody, values only of what is valid.

use mdl_reader::{CheckResult, DocumentReport, Outcome, Report, RevocationVerdict, Verdict, json};

use crate::Element;

/// The outcome of one verification.
#[derive(Clone, Debug)]
pub struct Verification {
    verdict: Verdict,
    checks: Vec<CheckOutcome>,
    documents: Vec<DocumentOutcome>,
    /// By document; `None` where it, or the response around it, is not valid.
    verified: Vec<Option<VerifiedDocument>>,
    needed_status_lists: Vec<String>,
    report_json: String,
    audit_json: String,
}

/// The outcome for one document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DocumentOutcome {
    /// Its document type. Only a claim unless `verdict` is valid.
    pub doc_type: String,
    /// The verdict on this document.
    pub verdict: Verdict,
    /// Whether the issuer is trusted and the content is what it issued.
    pub issuer_trust: Verdict,
    /// Whether the device is the one the document was issued to; `None` if that was not asked.
    pub device_binding: Option<Verdict>,
    /// What is known of revocation.
    pub revocation: RevocationVerdict,
    /// Who signed it, if its certificate could be read. Only a claim unless `verdict` is valid.
    pub issuer: Option<Issuer>,
    /// Every check.
    pub checks: Vec<CheckOutcome>,
}

/// Who signed a document, as its certificate says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Issuer {
    /// SHA-256 of the IACA certificate at the end of the path, if one was found.
    pub iaca_sha256: Option<Vec<u8>>,
    /// SHA-256 of the document signer's certificate.
    pub ds_sha256: Vec<u8>,
    /// countryName of the document signer's subject.
    pub country: Option<String>,
    /// stateOrProvinceName of the document signer's subject.
    pub state: Option<String>,
    /// commonName of the document signer's subject.
    pub common_name: Option<String>,
}

/// One check and how it came out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CheckOutcome {
    /// The stable id.
    pub id: String,
    /// How it came out.
    pub outcome: Outcome,
    /// Clause of ISO/IEC 18013-5 unless another standard is named.
    pub clause: String,
    /// What the check establishes, in one sentence.
    pub summary: String,
    /// Why it did not simply pass, in the words of the standard.
    pub why: Option<String>,
    /// What it means for the person who decides, if it failed, was tolerated or gave no answer.
    pub explanation: Option<String>,
}

/// A document in which everything that was asked for holds: the only source of element values.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedDocument {
    /// `docType`.
    pub doc_type: String,
    /// Who vouches for the issuer-signed elements.
    pub issuer: Issuer,
    /// When the issuer signed it, in seconds since 1970-01-01T00:00:00Z.
    pub signed: i64,
    /// From when on it may be used, likewise.
    pub valid_from: i64,
    /// Until when it may be used, likewise.
    pub valid_until: i64,
    /// Issuer-signed elements in the order of the response.
    pub elements: Vec<Element>,
    /// Device-signed elements: vouched for by the holder's device, which the issuer authorised for them.
    pub device_signed: Vec<Element>,
}

/// The response, or the document that was asked for, is not valid, so there are no values to give out.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not verified ({}): {}", verdict.name(), failed.join(", "))]
pub struct NotVerified {
    /// The verdict: never valid.
    pub verdict: Verdict,
    /// Ids of the checks that failed.
    pub failed: Vec<String>,
}

impl Verification {
    pub(crate) fn new(report: &Report<'_>) -> Self {
        let documents = report.documents();
        Self {
            verdict: report.verdict(),
            checks: outcomes(report.checks()),
            documents: documents.iter().map(DocumentOutcome::new).collect(),
            verified: (0..documents.len())
                .map(|index| report.verified(index).map(VerifiedDocument::new))
                .collect(),
            needed_status_lists: report
                .needed_status_lists()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            report_json: json::to_string(report),
            audit_json: json::audit_to_string(report),
        }
    }

    /// The verdict on everything in the response, all documents together: the one to act on.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Every document, if the verdict is valid.
    ///
    /// # Errors
    /// The verdict is another. What is valid beside it is reached with [`verified_document`](Self::verified_document).
    pub fn verified(&self) -> Result<Vec<&VerifiedDocument>, NotVerified> {
        let documents: Option<Vec<_>> = self.verified.iter().map(Option::as_ref).collect();
        match (self.verdict, documents) {
            (Verdict::Valid, Some(documents)) => Ok(documents),
            _ => Err(self.not_verified(self.verdict, &self.documents)),
        }
    }

    /// Document number `index`, from 0, if it and the response around it are valid.
    ///
    /// # Errors
    /// It is not valid, or there is no such document.
    pub fn verified_document(&self, index: usize) -> Result<&VerifiedDocument, NotVerified> {
        if let Some(Some(document)) = self.verified.get(index) {
            return Ok(document);
        }
        let document = self.documents.get(index);
        let verdict = match document.map(|document| document.verdict) {
            Some(Verdict::Untrusted) => Verdict::Untrusted,
            _ => Verdict::Invalid,
        };
        Err(self.not_verified(verdict, document.map_or(&[], std::slice::from_ref)))
    }

    fn not_verified(&self, verdict: Verdict, documents: &[DocumentOutcome]) -> NotVerified {
        let checks = documents.iter().flat_map(|document| &document.checks);
        let failed = self
            .checks
            .iter()
            .chain(checks)
            .filter(|check| check.outcome == Outcome::Fail)
            .map(|check| check.id.clone());
        NotVerified {
            verdict,
            failed: failed.collect(),
        }
    }

    /// The outcome for each document, without values of elements.
    pub fn documents(&self) -> &[DocumentOutcome] {
        &self.documents
    }

    /// Checks of the response as a whole.
    pub fn checks(&self) -> &[CheckOutcome] {
        &self.checks
    }

    /// URIs of the status lists to fetch before verifying again.
    pub fn needed_status_lists(&self) -> &[String] {
        &self.needed_status_lists
    }

    /// The report: the very bytes that `mdl verify --json` prints for the same input, time, policy and trust.
    pub fn report_json(&self) -> &str {
        &self.report_json
    }

    /// The audit form: what was decided and why, as JSON without personal data.
    pub fn audit_json(&self) -> &str {
        &self.audit_json
    }
}

impl DocumentOutcome {
    fn new(report: &DocumentReport<'_>) -> Self {
        Self {
            doc_type: report.doc_type().to_owned(),
            verdict: report.verdict(),
            issuer_trust: report.issuer_trust(),
            device_binding: report.device_binding(),
            revocation: report.revocation(),
            issuer: report.issuer().map(Issuer::new),
            checks: outcomes(report.checks()),
        }
    }
}

impl Issuer {
    fn new(issuer: &mdl_reader::Issuer) -> Self {
        Self {
            iaca_sha256: issuer.iaca_sha256.map(Vec::from),
            ds_sha256: issuer.ds_sha256.to_vec(),
            country: issuer.country.clone(),
            state: issuer.state.clone(),
            common_name: issuer.common_name.clone(),
        }
    }
}

impl VerifiedDocument {
    fn new(document: mdl_reader::VerifiedDocument<'_>) -> Self {
        let validity = document.validity();
        let element = |(name_space, identifier, value)| Element::new(name_space, identifier, value);
        Self {
            doc_type: document.doc_type().to_owned(),
            issuer: Issuer::new(document.issuer()),
            signed: validity.signed.time.unix_timestamp(),
            valid_from: validity.valid_from.time.unix_timestamp(),
            valid_until: validity.valid_until.time.unix_timestamp(),
            elements: document.elements().map(element).collect(),
            device_signed: document.device_signed_elements().map(element).collect(),
        }
    }
}

fn outcomes(checks: &[CheckResult]) -> Vec<CheckOutcome> {
    let outcome = |check: &CheckResult| CheckOutcome {
        id: check.id.id().to_owned(),
        outcome: check.outcome,
        clause: check.id.clause().to_owned(),
        summary: check.id.summary().to_owned(),
        why: check.cause.as_ref().map(|cause| cause.to_string()),
        explanation: check
            .outcome
            .is_notable()
            .then(|| check.id.explanation().to_owned()),
    };
    checks.iter().map(outcome).collect()
}
