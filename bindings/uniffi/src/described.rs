//! Types of `mdl_verifier` that other languages see as they are. What is added to one there and not here does not compile.

use mdl_verifier::{
    CheckOutcome, DocumentOutcome, InputKind, Issuer, Outcome, Policy, RevocationVerdict,
    TrustedCertificate, Verdict,
};

/// How deviations are weighed. What is essential to trust is rejected under all three.
#[uniffi::remote(Enum)]
pub enum Policy {
    /// Also rejects what the standard asks only of issuers, and every encoding deviation.
    Strict,
    /// The standard's verification; deviations it does not make the reader reject are warnings.
    Iso,
    /// Also tolerates deviations known of fielded wallets, and lists each.
    Interop,
}

/// What all checks together mean.
#[uniffi::remote(Enum)]
pub enum Verdict {
    /// Everything that was asked for holds.
    Valid,
    /// Sound in itself as far as could be seen, but no trust anchor vouches for the issuer.
    Untrusted,
    /// Something does not hold.
    Invalid,
}

/// What is known of revocation.
#[uniffi::remote(Enum)]
pub enum RevocationVerdict {
    /// Evidence says: not revoked.
    NotRevoked,
    /// Evidence says: revoked.
    Revoked,
    /// Evidence was given and gives no answer.
    Unknown,
    /// No evidence was given.
    NotChecked,
}

/// How a check came out.
#[uniffi::remote(Enum)]
pub enum Outcome {
    /// As it should be.
    Pass,
    /// A deviation that the policy in force tolerates.
    Warning,
    /// A deviation that the policy in force rejects.
    Fail,
    /// The check does not concern this document.
    NotApplicable,
    /// Not done: the caller did not ask for it, or something it needs is missing.
    NotChecked,
    /// Done, without an answer.
    Undetermined,
}

/// What an input is meant to be, going by its outermost members.
#[uniffi::remote(Enum)]
pub enum InputKind {
    /// What a device sends: for `verify`.
    DeviceResponse,
    /// What an issuer hands to a wallet: for `verify_issuer_signed`.
    IssuerSigned,
}

/// An IACA certificate to trust.
#[uniffi::remote(Record)]
pub struct TrustedCertificate {
    /// DER, or PEM with one or more certificates.
    pub certificate: Vec<u8>,
    /// The document types it is trusted for; none given: any.
    #[uniffi(default = None)]
    pub doc_types: Option<Vec<String>>,
    /// countryName of the document signers it is trusted for; none given: any.
    #[uniffi(default = None)]
    pub country: Option<String>,
    /// stateOrProvinceName of the document signers it is trusted for; none given: any.
    #[uniffi(default = None)]
    pub state: Option<String>,
}

/// One check and how it came out.
#[uniffi::remote(Record)]
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

/// The outcome for one document, without values of elements.
#[uniffi::remote(Record)]
pub struct DocumentOutcome {
    /// Its document type. Only a claim unless `verdict` is valid.
    pub doc_type: String,
    /// The verdict on this document.
    pub verdict: Verdict,
    /// Whether the issuer is trusted and the content is what it issued.
    pub issuer_trust: Verdict,
    /// Whether the device is the one the document was issued to; absent if that was not asked.
    pub device_binding: Option<Verdict>,
    /// What is known of revocation.
    pub revocation: RevocationVerdict,
    /// Who signed it, if its certificate could be read. Only a claim unless `verdict` is valid.
    pub issuer: Option<Issuer>,
    /// Every check.
    pub checks: Vec<CheckOutcome>,
}

/// Who signed a document, as its certificate says.
#[uniffi::remote(Record)]
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
