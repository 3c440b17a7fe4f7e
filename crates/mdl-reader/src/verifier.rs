use mdl_crypto::PrivateKey;
use mdl_iaca::ocsp::OcspEvidence;
use mdl_iaca::path::PathCache;
use mdl_iaca::trust_anchor::TrustAnchors;
use mdl_mdoc::cbor::{Checker, DecodeError, DeviationKind, Limits};
use mdl_mdoc::device_response::{DeviceResponse, Document};
use mdl_mdoc::issuer_signed::IssuerSigned;
use mdl_mdoc::session_transcript::SessionTranscript;
use time::OffsetDateTime;

use crate::checks::Checks;
use crate::decoded_issuer_signed::{DecodedIssuerSigned, decode_mso};
use crate::document::verify_document;
use crate::report::{DocumentReport, Report};
use crate::{Cause, CheckId, Policy};

/// Trust anchors, policy and limits: what stays the same from one verification to the next.
#[derive(Clone, Debug)]
pub struct Verifier {
    pub(crate) trust_anchors: TrustAnchors,
    pub(crate) policy: Policy,
    limits: Limits,
}

/// What belongs to one verification.
#[derive(Clone, Copy, Debug)]
pub struct Conditions<'a> {
    /// The time to verify at.
    pub at: OffsetDateTime,
    /// The session in which the response was received.
    pub session: Session<'a>,
    /// The document type that was asked for; every document must be of it. `None`: any.
    pub doc_type: Option<&'a str>,
    /// CRLs in DER; the newest of the right issuer counts.
    pub crls: &'a [&'a [u8]],
    /// OCSP responses about document signers.
    pub ocsp_responses: &'a [OcspEvidence<'a>],
    /// Status tokens as published, CWT or (with the cargo feature `jwt`) JWT; for each list the newest of the right
    /// signer counts.
    pub status_tokens: &'a [&'a [u8]],
    /// Whether a document is only valid if evidence says that its signer is not revoked, and neither is the document
    /// if it names a status list.
    pub require_revocation: bool,
}

/// How the response reached the reader.
#[derive(Clone, Copy, Debug)]
pub enum Session<'a> {
    /// In a session of this reader: device authentication is required.
    Device {
        /// The reader's own transcript of that session.
        transcript: &'a SessionTranscript,
        /// EReaderKey.Priv, which a device MAC needs.
        reader_key: Option<&'a PrivateKey>,
    },
    /// In none: only issuer data authentication is asked for. Says nothing of who presents the document.
    Static,
}

impl<'a> Conditions<'a> {
    /// At a time, in a session; any document type, no revocation evidence and none required.
    pub fn new(at: OffsetDateTime, session: Session<'a>) -> Self {
        Self {
            at,
            session,
            doc_type: None,
            crls: &[],
            ocsp_responses: &[],
            status_tokens: &[],
            require_revocation: false,
        }
    }
}

impl Verifier {
    /// Trusts `trust_anchors`, under [`Policy::Iso`] and [`Limits::DEFAULT`].
    pub fn new(trust_anchors: TrustAnchors) -> Self {
        Self {
            trust_anchors,
            policy: Policy::default(),
            limits: Limits::DEFAULT,
        }
    }

    /// Applies another policy.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// Applies other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Verifies a `DeviceResponse`.
    pub fn verify<'a>(&self, response: &'a [u8], conditions: &Conditions<'_>) -> Report<'a> {
        self.verify_cached(response, conditions, &mut PathCache::new(0))
    }

    /// Verifies a `DeviceResponse`, keeping the signature check of document signers' certificates in `cache`.
    ///
    /// What depends on the time (validity, revocation) is never taken from the cache.
    pub fn verify_cached<'a>(
        &self,
        response: &'a [u8],
        conditions: &Conditions<'_>,
        cache: &mut PathCache,
    ) -> Report<'a> {
        let mut checks = Checks::new(self.policy);
        let mut documents = Vec::new();
        let mut checker = match self.check_encoding(response, conditions, &mut checks) {
            Ok(checker) => checker,
            Err(report) => return report,
        };
        match DeviceResponse::decode(response, &mut checker) {
            Err(error) => record_decode_error(&mut checks, error),
            Ok(response) => {
                checks.pass(CheckId::Structure);
                check_response(&response, &mut checks);
                documents.reserve_exact(response.documents.len());
                for document in response.documents {
                    let mso = decode_mso(&document.issuer_signed, &mut checker);
                    let report = verify_document(self, conditions, document, mso, &checker, cache);
                    documents.push(report);
                }
            }
        }
        self.report(conditions, checks, documents, &checker)
    }

    /// Verifies an `IssuerSigned`, as an issuer hands it to a wallet: issuer data authentication only, whatever the
    /// session of `conditions`.
    pub fn verify_issuer_signed<'a>(
        &self,
        issuer_signed: &'a [u8],
        conditions: &Conditions<'_>,
    ) -> Report<'a> {
        let mut checks = Checks::new(self.policy);
        let mut checker = match self.check_encoding(issuer_signed, conditions, &mut checks) {
            Ok(checker) => checker,
            Err(report) => return report,
        };
        match IssuerSigned::decode(issuer_signed, &mut checker) {
            Err(error) => {
                record_decode_error(&mut checks, error);
                self.report(conditions, checks, Vec::new(), &checker)
            }
            Ok(issuer_signed) => {
                let decoded = DecodedIssuerSigned::new(issuer_signed, &mut checker);
                let cache = &mut PathCache::new(0);
                self.verify_decoded_issuer_signed(decoded, &checker, conditions, cache)
            }
        }
    }

    /// As [`verify_issuer_signed`](Self::verify_issuer_signed), for one that was decoded with `checker`, keeping the
    /// signature check of document signers' certificates in `cache`.
    pub fn verify_decoded_issuer_signed<'a>(
        &self,
        decoded: DecodedIssuerSigned<'a>,
        checker: &Checker<'a>,
        conditions: &Conditions<'_>,
        cache: &mut PathCache,
    ) -> Report<'a> {
        let conditions = Conditions {
            session: Session::Static,
            ..*conditions
        };
        let mut checks = Checks::new(self.policy);
        checks.pass(CheckId::Structure);
        for id in [
            CheckId::ResponseVersion,
            CheckId::ResponseStatus,
            CheckId::DocumentsPresent,
        ] {
            checks.not_applicable(id);
        }
        let document = Document {
            doc_type: decoded.claimed_doc_type(),
            issuer_signed: decoded.issuer_signed,
            device_signed: None,
            errors: Vec::new(),
            offset: 0,
        };
        let mso = decoded.mso;
        let document = verify_document(self, &conditions, document, mso, checker, cache);
        self.report(&conditions, checks, vec![document], checker)
    }

    fn check_encoding<'a>(
        &self,
        input: &'a [u8],
        conditions: &Conditions<'_>,
        checks: &mut Checks,
    ) -> Result<Checker<'a>, Report<'a>> {
        Checker::new(input, &self.limits).map_err(|error| {
            let mut failed = Checks::new(checks.policy());
            failed.fail(CheckId::Cbor, error.into());
            Report {
                at: conditions.at,
                policy: self.policy,
                checks: failed.into_response_results(),
                documents: Vec::new(),
                deviations: Vec::new(),
                input_len: input.len(),
            }
        })
    }

    fn report<'a>(
        &self,
        conditions: &Conditions<'_>,
        mut checks: Checks,
        documents: Vec<DocumentReport<'a>>,
        checker: &Checker<'a>,
    ) -> Report<'a> {
        if !checks.has(CheckId::Cbor) {
            checks.pass(CheckId::Cbor);
        }
        let significant = checker
            .deviations()
            .iter()
            .find(|deviation| deviation.kind != DeviationKind::KeyOrder);
        checks.pass_unless(
            CheckId::CborEncoding,
            significant.map(|deviation| Cause::Encoding {
                id: deviation.kind.id(),
                offset: deviation.offset,
                count: deviation.count,
            }),
        );
        Report {
            at: conditions.at,
            policy: self.policy,
            checks: checks.into_response_results(),
            documents,
            deviations: checker.deviations().iter().collect(),
            input_len: checker.input_len(),
        }
    }
}

fn check_response(response: &DeviceResponse<'_>, checks: &mut Checks) {
    let version = (!is_major_version_1(response.version)).then_some(Cause::Version);
    checks.pass_unless(CheckId::ResponseVersion, version);
    let status = (response.status != 0).then_some(Cause::Status(response.status));
    checks.pass_unless(CheckId::ResponseStatus, status);
    let empty = response.documents.is_empty().then_some(Cause::NoDocument);
    checks.pass_unless(CheckId::DocumentsPresent, empty);
}

/// Whether `version` is `1.` and a minor number (8.1: unknown minor versions are no error).
pub(crate) fn is_major_version_1(version: &str) -> bool {
    version.strip_prefix("1.").is_some_and(|minor| {
        !minor.is_empty() && minor.len() <= 9 && minor.bytes().all(|digit| digit.is_ascii_digit())
    })
}

/// Embedded CBOR that is not well-formed is found while decoding structures; it counts as what it is.
fn record_decode_error(checks: &mut Checks, error: DecodeError) {
    let id = if error.kind.is_malformed() {
        CheckId::Cbor
    } else {
        CheckId::Structure
    };
    checks.fail(id, error.into());
}
