//! Running vectors: against this build, or against another implementation.

use std::path::Path;

use mdl_crypto::{HashAlgorithm, PrivateKey};
use mdl_iaca::trust_anchor::{RegionScope, TrustAnchor, TrustAnchors};
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::session_transcript::SessionTranscript;
use mdl_reader::{CheckId, Conditions, Outcome, Report, Session, Verdict, Verifier, json};

use super::VectorsError;
use super::other::OtherImplementation;
use super::vector_file::{Expected, InputKind, Test, VectorFile};

/// How a run came out.
#[derive(Debug)]
pub(crate) struct RunReport {
    /// By file, in the order of their names.
    pub(crate) files: Vec<FileReport>,
    /// By id of the test, SHA-256 of this build's report as `mdl verify --json` prints it, in hexadecimal.
    pub(crate) report_digests: Vec<(String, String)>,
}

/// How the tests of one file came out.
#[derive(Debug)]
pub(crate) struct FileReport {
    /// Name of the file without its ending.
    pub(crate) name: String,
    /// Number of tests that came out as they must.
    pub(crate) passed: usize,
    /// The others.
    pub(crate) mismatches: Vec<Mismatch>,
}

/// A test that did not come out as it must.
#[derive(Debug)]
pub(crate) struct Mismatch {
    /// Id of the test.
    pub(crate) id: String,
    /// What the test is about.
    pub(crate) comment: String,
    /// What must come out.
    pub(crate) expected: String,
    /// What came out.
    pub(crate) found: String,
}

/// What an implementation says of a test. What it does not say is not compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) result: Option<Expected>,
    /// Ids of the checks that failed.
    pub(crate) checks: Option<Vec<String>>,
    /// Ids of the checks that gave a warning.
    pub(crate) warnings: Option<Vec<String>>,
    /// SHA-256 of the whole report, of this build only.
    pub(crate) report_digest: Option<String>,
    /// Why there is no answer.
    pub(crate) trouble: Option<String>,
}

impl RunReport {
    pub(crate) fn passed(&self) -> usize {
        self.files.iter().map(|file| file.passed).sum()
    }

    pub(crate) fn failed(&self) -> usize {
        self.files.iter().map(|file| file.mismatches.len()).sum()
    }
}

/// Runs every test in `folder`, against this build or, if given, another implementation. `progress` is told how many
/// tests are done, and of how many.
///
/// # Errors
/// The files cannot be read, or the other implementation cannot be started.
pub(crate) fn run(
    folder: &Path,
    other: Option<&OtherImplementation>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<RunReport, VectorsError> {
    let mut files = Vec::new();
    let mut report_digests = Vec::new();
    let vectors = VectorFile::read_all(folder)?;
    let total = vectors.iter().map(|(_, file)| file.tests.len()).sum();
    let mut done = 0;
    for (name, file) in vectors {
        let mut report = FileReport {
            name,
            passed: 0,
            mismatches: Vec::new(),
        };
        for test in &file.tests {
            let answer = match other {
                None => answer_of_this_build(test),
                Some(other) => other.answer(test)?,
            };
            if let Some(digest) = &answer.report_digest {
                report_digests.push((test.id.clone(), digest.clone()));
            }
            match mismatch(test, &answer) {
                None => report.passed += 1,
                Some(mismatch) => report.mismatches.push(mismatch),
            }
            done += 1;
            progress(done, total);
        }
        files.push(report);
    }
    Ok(RunReport {
        files,
        report_digests,
    })
}

/// What this build says of a test.
pub(super) fn answer_of_this_build(test: &Test) -> Answer {
    match verify(test) {
        Ok(answer) => answer,
        Err(trouble) => Answer {
            trouble: Some(trouble),
            ..Answer::default()
        },
    }
}

fn verify(test: &Test) -> Result<Answer, String> {
    let mut anchors = Vec::new();
    for anchor in &test.iaca {
        let trusted = TrustAnchor::from_der(&anchor.certificate.0);
        let trusted = trusted.map_err(|error| format!("unusable trust anchor: {error}"))?;
        let trusted = trusted.only_in(RegionScope {
            country: anchor.country.clone(),
            state: anchor.state.clone(),
        });
        anchors.push(match &anchor.doc_types {
            Some(doc_types) => trusted.only_for(doc_types.iter().cloned()),
            None => trusted,
        });
    }
    let transcript = match &test.session_transcript {
        Some(bytes) => Some(
            SessionTranscript::from_bytes(bytes.0.clone(), &Limits::DEFAULT)
                .map_err(|error| format!("unusable session transcript: {error}"))?,
        ),
        None => None,
    };
    let reader_key = match &test.reader_key {
        Some(der) => Some(
            PrivateKey::from_pkcs8_der(&der.0)
                .map_err(|error| format!("unusable reader key: {error}"))?,
        ),
        None => None,
    };
    let session = match &transcript {
        Some(transcript) => Session::Device {
            transcript,
            reader_key: reader_key.as_ref(),
        },
        None => Session::Static,
    };
    let crls: Vec<&[u8]> = test.crls.iter().map(|crl| crl.0.as_slice()).collect();
    let status_tokens: Vec<&[u8]> = test
        .status_tokens
        .iter()
        .map(|token| token.0.as_slice())
        .collect();
    let conditions = Conditions {
        doc_type: test.doc_type.as_deref(),
        crls: &crls,
        status_tokens: &status_tokens,
        require_revocation: test.require_revocation,
        ..Conditions::new(test.at, session)
    };
    let verifier = Verifier::new(TrustAnchors::new(anchors)).with_policy(test.policy.into());
    let report = match test.kind {
        InputKind::DeviceResponse => verifier.verify(&test.input.0, &conditions),
        InputKind::IssuerSigned => verifier.verify_issuer_signed(&test.input.0, &conditions),
    };
    Ok(answer(&report))
}

fn answer(report: &Report<'_>) -> Answer {
    let valid = report.verdict() == Verdict::Valid;
    Answer {
        result: Some(if valid {
            Expected::Valid
        } else {
            Expected::Invalid
        }),
        checks: Some(with_outcome(report, Outcome::Fail)),
        warnings: Some(with_outcome(report, Outcome::Warning)),
        report_digest: Some(hex::encode(
            HashAlgorithm::Sha256.digest(json::to_string(report).as_bytes()),
        )),
        trouble: None,
    }
}

/// Ids of the checks that came out like this anywhere in the report, each once, in the order of [`CheckId::ALL`].
fn with_outcome(report: &Report<'_>, outcome: Outcome) -> Vec<String> {
    let documents = report
        .documents()
        .iter()
        .flat_map(|document| document.checks());
    let mut ids: Vec<CheckId> = report
        .checks()
        .iter()
        .chain(documents)
        .filter(|check| check.outcome == outcome)
        .map(|check| check.id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(|id| id.id().to_owned()).collect()
}

/// Compares what an implementation says with what must come out.
fn mismatch(test: &Test, answer: &Answer) -> Option<Mismatch> {
    let same = |expected: &[String], found: &Option<Vec<String>>| {
        found
            .as_ref()
            .is_none_or(|found| sorted(found) == sorted(expected))
    };
    let fits = answer.trouble.is_none()
        && answer.result == Some(test.result)
        && same(&test.checks, &answer.checks)
        && same(&test.warnings, &answer.warnings);
    if fits {
        return None;
    }
    let found = match &answer.trouble {
        Some(trouble) => trouble.clone(),
        None => describe(
            answer.result,
            answer.checks.as_deref(),
            answer.warnings.as_deref(),
        ),
    };
    Some(Mismatch {
        id: test.id.clone(),
        comment: test.comment.clone(),
        expected: describe(Some(test.result), Some(&test.checks), Some(&test.warnings)),
        found,
    })
}

fn sorted(ids: &[String]) -> Vec<&str> {
    let mut ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn describe(
    result: Option<Expected>,
    checks: Option<&[String]>,
    warnings: Option<&[String]>,
) -> String {
    let mut text = result.map_or("no result", Expected::name).to_owned();
    for (what, ids) in [("fails", checks), ("warns", warnings)] {
        if let Some(ids) = ids.filter(|ids| !ids.is_empty()) {
            text.push_str(&format!(", {what} {}", ids.join(" ")));
        }
    }
    text
}
