use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use mdl_iaca::certificate::MAX_OCSP_RESPONSE_BYTES;
use mdl_iaca::ocsp::OcspEvidence;
use mdl_iaca::trust_anchor::TrustAnchors;
use mdl_mdoc::cbor::Limits;
use mdl_reader::{Conditions, NeededEvidence, Policy, Report, Session, Verdict, Verifier};
use time::OffsetDateTime;

use crate::Exit;
use crate::document_kind::{DocumentStructure, structure_of};
use crate::failure::Result;
use crate::input::{self, HexOrFile, parse_time, read_crls, read_status_tokens, time_or_now};
use crate::output::{Output, print};
use crate::presentation::read_transcript;
use crate::reader_request::{answer_json, answer_text, decode_request};
use crate::trust::{Fetched, TrustFinding, TrustSources, bundle, fetch, vical};
use crate::verification_report::{self, shown};

/// Verify a DeviceResponse as a reader
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("session").required(true).args(["session_transcript", "static_"]),
    group = ArgGroup::new("anchors").required(true).multiple(true).args(["iaca", "vical", "trust_list", "trust"]),
    after_help = "Example:
  mdl verify --iaca mdl-authority/iaca/certificate.pem \\
      --session-transcript 83f6f6f6 --json response.cbor

Exit code 0: everything in the response was verified, every document; with --request, and nothing is missing. 1: not verified, whatever the reason, also for \
input that is not CBOR. 2: the command line is wrong, or a file cannot be read. No network is used without --fetch. Values of elements \
are printed for verified documents only. A VICAL or trust bundle that does not verify gives no trust: exit code 1. One \
whose next issue is due is used, and named among the findings; --policy strict refuses such a bundle. A status token that does not answer leaves the status unknown, and the \
report says why; the lists that are still needed are named."
)]
pub(crate) struct Verify {
    /// The DeviceResponse, or with --static also an IssuerSigned; - for standard input
    #[arg(value_name = "RESPONSE")]
    response: PathBuf,
    #[command(flatten)]
    sources: TrustSources,
    /// A trust bundle: trust its anchors, each for what the bundle says, and use its CRLs and status tokens
    #[arg(long, value_name = "FILE", requires = "trust_key")]
    trust: Option<PathBuf>,
    /// The public key of the bundle's publisher, PEM or DER
    #[arg(long, value_name = "FILE", requires = "trust")]
    trust_key: Option<PathBuf>,
    /// The reader's SessionTranscript array, not in tag 24: hexadecimal, or a file with the bytes. A value of nothing
    /// but pairs of hexadecimal digits is hexadecimal; write ./ab for a file named ab
    #[arg(long, value_name = "HEX|FILE")]
    session_transcript: Option<HexOrFile>,
    /// EReaderKey.Priv of the session (PKCS#8), which a device MAC needs
    #[arg(long, value_name = "FILE", requires = "session_transcript")]
    reader_key: Option<PathBuf>,
    /// The DeviceRequest that RESPONSE answers: say what is missing, and what was not asked for
    #[arg(long, value_name = "FILE", requires = "session_transcript")]
    request: Option<PathBuf>,
    /// Ask for issuer data authentication only: says nothing of who presents the document
    #[arg(long = "static")]
    static_: bool,
    /// The time to verify at [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<OffsetDateTime>,
    /// How deviations are weighed
    #[arg(long, value_enum, default_value_t = PolicyName::Iso)]
    policy: PolicyName,
    /// The document type that was asked for; any other is rejected
    #[arg(long, value_name = "TYPE")]
    doc_type: Option<String>,
    /// A CRL of an IACA, PEM or DER; may be repeated
    #[arg(long, value_name = "FILE")]
    crl: Vec<PathBuf>,
    /// An OCSP response (DER) about a document signer; may be repeated
    #[arg(long, value_name = "FILE")]
    ocsp_response: Vec<PathBuf>,
    /// A status token (CWT or JWT) of a list that documents name; may be repeated
    #[arg(long, value_name = "FILE")]
    status_list: Vec<PathBuf>,
    /// Get CRLs, OCSP responses and status lists that are still needed, from where certificates and documents say; only
    /// public addresses are connected to
    #[arg(long)]
    fetch: bool,
    /// With --fetch, connect to private and local addresses too: for rehearsals
    #[arg(long, requires = "fetch")]
    fetch_private: bool,
    /// Reject a document unless evidence says that its signer is not revoked, nor itself if it names a status list
    #[arg(long)]
    require_revocation: bool,
    /// Print the audit form: what was decided and why as JSON, without personal data
    #[arg(long, conflicts_with = "json")]
    audit: bool,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PolicyName {
    /// Also reject what the standard only asks of issuers, and every encoding deviation
    Strict,
    /// The standard's verification; other deviations are findings
    Iso,
    /// Also tolerate the known deviations of fielded wallets, and list each
    Interop,
}

impl From<PolicyName> for Policy {
    fn from(name: PolicyName) -> Self {
        match name {
            PolicyName::Strict => Self::Strict,
            PolicyName::Iso => Self::Iso,
            PolicyName::Interop => Self::Interop,
        }
    }
}

impl Verify {
    pub(crate) fn run(&self) -> Result<Exit> {
        let at = time_or_now(self.at);
        let policy = self.policy.into();
        let mut remembered = self.sources.remembered()?;
        let bundle = match (&self.trust, &self.trust_key) {
            (Some(path), Some(key)) => {
                let key = input::read_public_key(key)?;
                Some(bundle::verify(path, &key, at, policy, &mut remembered)?)
            }
            _ => None,
        };
        let given_crls = read_crls(&self.crl)?;
        let given_tokens = read_status_tokens(&self.status_list)?;
        let bundled = bundle.as_ref();
        let mut crls = together(&given_crls, bundled.map(|bundle| &bundle.crls));
        let mut tokens = together(&given_tokens, bundled.map(|bundle| &bundle.status_tokens));
        let more = bundled.map_or(&[][..], |bundle| &bundle.trust_anchors);
        let mut gathered = self.sources.gather(at, &crls, more, &mut remembered)?;
        remembered.keep()?;
        let verifier = Verifier::new(TrustAnchors::new(std::mem::take(&mut gathered.anchors)))
            .with_policy(policy);
        let transcript = self
            .session_transcript
            .as_ref()
            .map(read_transcript)
            .transpose()?;
        let reader_key = self
            .reader_key
            .as_deref()
            .map(input::read_private_key)
            .transpose()?;
        let mut ocsp_responses = read_ocsp_responses(&self.ocsp_response)?;
        let limits = Limits::DEFAULT;
        let response = input::read_at_most(&self.response, limits.max_bytes as u64)?;

        let session = match &transcript {
            Some(transcript) => Session::Device {
                transcript,
                reader_key: reader_key.as_ref(),
            },
            None => Session::Static,
        };
        let is_issuer_signed =
            transcript.is_none() && structure_of(&response) == Ok(DocumentStructure::IssuerSigned);
        let mut fetched = Fetched::default();
        if self.fetch {
            let conditions = Conditions {
                crls: &crls,
                ocsp_responses: &without_nonce(&ocsp_responses),
                status_tokens: &tokens,
                ..Conditions::new(at, session)
            };
            let report = if is_issuer_signed {
                verifier.verify_issuer_signed(&response, &conditions)
            } else {
                verifier.verify(&response, &conditions)
            };
            fetched = fetch(&report.needed(), self.fetch_private)?;
            ocsp_responses.append(&mut fetched.ocsp_responses);
        }
        crls.extend(fetched.crls.iter().map(Vec::as_slice));
        tokens.extend(fetched.status_tokens.iter().map(Vec::as_slice));
        gathered.findings.append(&mut fetched.findings);
        let ocsp = without_nonce(&ocsp_responses);
        let conditions = Conditions {
            doc_type: self.doc_type.as_deref(),
            crls: &crls,
            ocsp_responses: &ocsp,
            status_tokens: &tokens,
            require_revocation: self.require_revocation,
            ..Conditions::new(at, session)
        };
        let request = self.request.as_deref().map(input::read).transpose()?;
        let request = request.as_deref().map(decode_request).transpose()?;
        let answer =
            request.map(|request| verifier.verify_answer(&request, &response, &conditions));
        let plain;
        let report = match &answer {
            Some(answer) => answer.report(),
            None if is_issuer_signed => {
                plain = verifier.verify_issuer_signed(&response, &conditions);
                &plain
            }
            None => {
                plain = verifier.verify(&response, &conditions);
                &plain
            }
        };
        let exit = match &answer {
            Some(answer) if !answer.is_complete() => Exit::No,
            _ => exit_of(report),
        };
        if self.audit {
            print(mdl_reader::json::audit_to_string(report))?;
            return Ok(exit);
        }
        let bundle = bundled.map(|bundle| (bundle, bundle::findings(bundle, at)));
        let text = || {
            let mut text = verification_report::to_text(report);
            text.extend(report.needed().iter().filter_map(needed_text));
            text.extend(answer.as_ref().map(answer_text));
            if let Some((bundle, findings)) = &bundle {
                text.push_str(&bundle::to_text(bundle, findings));
            }
            text.extend(gathered.vical.as_ref().map(vical::to_text));
            text.extend(gathered.findings.iter().map(TrustFinding::to_text));
            text
        };
        let json = || {
            let mut json = mdl_reader::json::to_json(report);
            if let Some(answer) = &answer {
                json["request"] = answer_json(answer);
            }
            let mut findings: Vec<_> = gathered
                .findings
                .iter()
                .map(TrustFinding::to_json)
                .collect();
            if let Some(vical) = &gathered.vical {
                json["vical"] = vical::to_json(vical);
            }
            if let Some((bundle, of_bundle)) = &bundle {
                json["trust_bundle"] = bundle::to_json(bundle);
                findings.extend(of_bundle.iter().map(TrustFinding::to_json));
            }
            if let Some(list) = json["findings"].as_array_mut() {
                list.append(&mut findings);
            }
            json
        };
        self.output.result(text, json)?;
        Ok(exit)
    }
}

fn exit_of(report: &Report<'_>) -> Exit {
    match report.verdict() {
        Verdict::Valid => Exit::Good,
        Verdict::Untrusted | Verdict::Invalid => Exit::No,
    }
}

fn read_ocsp_responses(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>> {
    let limit = MAX_OCSP_RESPONSE_BYTES as u64;
    let read = |path: &PathBuf| input::read_at_most(path, limit);
    paths.iter().map(read).collect()
}

/// Responses to requests that had no nonce, or are not known here.
fn without_nonce(responses: &[Vec<u8>]) -> Vec<OcspEvidence<'_>> {
    let evidence = |response| OcspEvidence {
        response,
        nonce: None,
    };
    responses
        .iter()
        .map(|response| evidence(response))
        .collect()
}

/// One line for people. The status lists stand in the report itself.
fn needed_text(needed: &NeededEvidence) -> Option<String> {
    let what = match needed {
        NeededEvidence::Crl { .. } => "CRL",
        NeededEvidence::OcspResponse { .. } => "OCSP response of",
        _ => return None,
    };
    Some(format!("  needed: {what} {}\n", shown(needed.uri())))
}

/// What was given, and what a trust bundle holds.
fn together<'a>(given: &'a [Vec<u8>], bundled: Option<&'a Vec<Vec<u8>>>) -> Vec<&'a [u8]> {
    let bundled = bundled.into_iter().flatten();
    given.iter().chain(bundled).map(Vec::as_slice).collect()
}
