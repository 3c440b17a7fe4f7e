use std::path::PathBuf;

use clap::Args;
use mdl_crypto::HashAlgorithm;
use mdl_issuer::record::file::{Record, RecordError};
use mdl_mdoc::MDL_DOC_TYPE;
use mdl_mdoc::builder::{Decoys, DeviceKeyAuthorizations, StatusReference};
use mdl_mdoc::data_elements::{ElementGate, GateReport, NameSpaceSchema, Schema, Violation};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::Exit;
use crate::authority::{AuthorityOptions, SignerName};
use crate::curve_option::parse_digest_algorithm;
use crate::failure::{Failure, Result};
use crate::files::{Readers, or_force, refuse_existing, write};
use crate::input::{self, parse_time, time_or_now};
use crate::issuance::{IssuanceRequest, Refusal, issue};
use crate::output::{Output, remark};
use crate::passphrase::PassphraseOptions;
use crate::presentation::Selection;
use crate::randomness::{Seed, generator};
use crate::verification_report::rfc3339;

/// Issue one licence: an IssuerSigned from a record file, offline
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl issue --record examples/records/erika.json --device-key device.pem \\
      --ds ds-2026 --out licence.cbor --passphrase-file pass.txt

The record is JSON: doc_type, and name_spaces with their elements; a byte string is {\"file\": \"portrait.jpg\"}, \
{\"base64\": …} or {\"hex\": …}. Nothing is filled in or repaired: a missing mandatory element, a wrong type or a \
contradiction is refused with exit code 1 and the rule. The key signs only what the strict policy of `mdl verify` \
accepts. The times of the document are rounded down to midnight UTC.")]
pub(crate) struct Issue {
    /// The record of the holder
    #[arg(long, value_name = "FILE")]
    record: PathBuf,
    /// Public key of the holder's device: SPKI or PKCS#8, PEM or DER; `mdl key new` makes one
    #[arg(long, value_name = "FILE")]
    device_key: PathBuf,
    /// The document signer, by its name in the authority's folder
    #[arg(long, value_name = "NAME")]
    ds: SignerName,
    /// Where the IssuerSigned is written
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Overwrite the file
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    authority: AuthorityOptions,
    /// Life of the document in days
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    valid_days: u32,
    /// State that the issuer expects to sign anew after so many days
    #[arg(long, value_name = "DAYS")]
    expected_update_days: Option<u32>,
    /// SHA-256, SHA-384 or SHA-512
    #[arg(long, value_name = "NAME", default_value = "SHA-256", value_parser = parse_digest_algorithm)]
    digest_algorithm: HashAlgorithm,
    /// Fill each name space with digests of nothing up to a multiple of this number; 0 for none
    #[arg(long, value_name = "NUMBER", default_value_t = 16)]
    pad_digests: u16,
    /// Let the device key sign a name space (NAMESPACE) or an element (NAMESPACE:IDENTIFIER)
    #[arg(long, value_name = "NS[:ID]", value_delimiter = ',')]
    authorize: Vec<String>,
    /// Let a name space through that no schema describes here: its elements are signed as they are, unchecked. Also
    /// for documents of other types than the mDL; may be repeated
    #[arg(long, value_name = "NS")]
    allow_name_space: Vec<String>,
    /// URI of the status list that will tell whether the document is revoked
    #[arg(long, value_name = "URI", requires = "status_index")]
    status_uri: Option<String>,
    /// Position of the document in the status list
    #[arg(long, value_name = "NUMBER", requires = "status_uri")]
    status_index: Option<u64>,
    /// The time to work at [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<OffsetDateTime>,
    /// Make salts, digest identifiers and the signature reproducible; guessable salts betray what is not disclosed,
    /// so for tests only
    #[arg(long, value_name = "HEX")]
    seed: Option<Seed>,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    #[command(flatten)]
    output: Output,
}

impl Issue {
    pub(crate) fn run(&self) -> Result<Exit> {
        refuse_existing(&self.out, self.force).map_err(or_force)?;
        let record = read_record(&self.record)?;
        let device_key = input::read_public_key(&self.device_key)?;
        let folder = self.authority.folder();
        folder.read_iaca()?;
        let document_signer = folder.read_document_signer(&self.ds)?;
        // Not always the newest root: the signers of the one before go on until they stop.
        let root = folder.root_of(&document_signer.der);
        let iaca = root.unwrap_or_else(|| folder.clone()).read_iaca()?;
        let key_authorizations = self.key_authorizations()?;
        let status = self.status();
        let key = folder.open_document_signer_key(
            &self.ds,
            self.seed.as_ref(),
            &self.passphrase.when_needed(),
        )?;
        let request = IssuanceRequest {
            record: &record,
            gate: &self.gate(record.doc_type()),
            device_key: &device_key,
            valid_days: self.valid_days,
            expected_update_days: self.expected_update_days,
            digest_algorithm: self.digest_algorithm,
            decoys: match self.pad_digests {
                0 => Decoys::None,
                multiple => Decoys::PadToMultipleOf(multiple),
            },
            key_authorizations: key_authorizations.as_ref(),
            status: status.as_ref(),
            at: time_or_now(self.at),
        };
        let seed = self.seed.as_ref();
        let mut rng = generator(seed, "issue")?;
        let issuance = match issue(&request, &iaca, &document_signer, key, &mut rng) {
            Ok(issuance) => issuance,
            Err(Refusal::Other(failure)) => return Err(failure),
            Err(Refusal::Gate(report)) => return self.refused(&report),
        };
        write(
            &self.out,
            &issuance.issuer_signed,
            Readers::Owner,
            self.force,
        )?;
        for violation in issuance.remarks.violations() {
            remark(violation);
        }
        let (validity, count) = (&issuance.validity, record.elements().iter().count());
        let text = format!(
            "issued {} with {count} elements, {} bytes, valid {} to {}: {}",
            record.doc_type(),
            issuance.issuer_signed.len(),
            rfc3339(validity.valid_from()),
            rfc3339(validity.valid_until()),
            self.out.display()
        );
        self.output.result(
            || text,
            || {
                json!({
                    "issued": true,
                    "doc_type": record.doc_type(),
                    "out": self.out.to_string_lossy(),
                    "bytes": issuance.issuer_signed.len(),
                    "elements": count,
                    "ds_sha256": crate::certificate_text::fingerprint(&document_signer.der),
                    "validity": {
                        "signed": rfc3339(validity.signed()),
                        "valid_from": rfc3339(validity.valid_from()),
                        "valid_until": rfc3339(validity.valid_until()),
                    },
                    "findings": violations_json(&issuance.remarks),
                })
            },
        )?;
        Ok(Exit::Good)
    }

    /// The element gate objects: its report is the result.
    fn refused(&self, report: &GateReport) -> Result<Exit> {
        if self.output.is_json() {
            self.output.result(
                || "",
                || json!({ "issued": false, "findings": violations_json(report) }),
            )?;
        } else {
            remark(format_args!(
                "error: {}: this record must not be signed\n{report}",
                self.record.display()
            ));
        }
        Ok(Exit::No)
    }

    /// The gate of the mDL, or of a document type that nothing is known of here; name spaces are let in by name.
    fn gate(&self, doc_type: &str) -> ElementGate {
        let schema = if doc_type == MDL_DOC_TYPE {
            Schema::mdl()
        } else {
            Schema::new(doc_type.to_owned())
        };
        let allowed = self
            .allow_name_space
            .iter()
            .filter(|name| schema.name_space(name).is_none());
        let allowed: Vec<_> = allowed.cloned().collect();
        let schema = allowed.into_iter().fold(schema, |schema, name| {
            schema.with_name_space(NameSpaceSchema::new(name, Vec::new()).open())
        });
        ElementGate::new(schema)
    }

    fn key_authorizations(&self) -> Result<Option<DeviceKeyAuthorizations>> {
        if self.authorize.is_empty() {
            return Ok(None);
        }
        let mut authorizations = DeviceKeyAuthorizations::new();
        for text in &self.authorize {
            authorizations = match text.parse() {
                Ok(Selection::Element(name_space, identifier)) => {
                    authorizations.element(&name_space, &identifier)
                }
                _ => authorizations.name_space(text),
            }
            .map_err(|error| Failure::usage(format!("--authorize {text}")).because(&error))?;
        }
        Ok(Some(authorizations))
    }

    fn status(&self) -> Option<StatusReference> {
        let (uri, idx) = (self.status_uri.clone()?, self.status_index?);
        Some(StatusReference {
            idx,
            uri,
            certificate: None,
        })
    }
}

/// Reads a record: unreadable is a wrong command line, unacceptable content an answer.
pub(crate) fn read_record(path: &std::path::Path) -> Result<Record> {
    Record::read(path, &Schema::mdl()).map_err(|error| match &error {
        RecordError::Unreadable { .. } => {
            Failure::usage(format!("cannot read {}", path.display())).because(&error)
        }
        _ => Failure::no(format!("{} is not a record", path.display()))
            .because(&error)
            .hint("`mdl issue --help` describes records"),
    })
}

fn violations_json(report: &GateReport) -> Value {
    let violation_json = |violation: &Violation| {
        json!({
            "rule": violation.rule.id(),
            "severity": violation.severity.to_string(),
            "clause": violation.rule.clause(),
            "name_space": violation.name_space,
            "element": violation.element_identifier,
            "within": violation.within,
            "expected": violation.expected,
            "found": violation.found.to_string(),
        })
    };
    report.violations().iter().map(violation_json).collect()
}
