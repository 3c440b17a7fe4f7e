//! The whole way in one go, offline: authority, issue, present, verify.
//!
//! Every step uses what the command of the same name uses, and leaves its files in one folder, so that each can be
//! repeated by hand.

use std::path::{Path, PathBuf};
use std::time::Instant;

use ciborium::Value;
use mdl_crypto::{Curve, HashAlgorithm, PrivateKey, PublicKey};
use mdl_iaca::profile::{Contact, DistinguishedName};
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_issuer::record::file::Record;
use mdl_mdoc::builder::Decoys;
use mdl_mdoc::cose::encode_cose_key;
use mdl_mdoc::data_elements::{ElementGate, Schema};
use mdl_mdoc::session_transcript::{Handover, SessionTranscript};
use mdl_mdoc::{MDL_DOC_TYPE, MDL_NAME_SPACE};
use mdl_reader::{Conditions, Policy, Report, Session, Verdict, Verifier};
use mdl_signer::key_file::{self, Passphrase};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use time::OffsetDateTime;

use crate::authority::{
    AuthorityFolder, CrlRequest, DocumentSignerRequest, IacaRequest, SignerName, Subject,
    build_crl, create_iaca, issue_document_signer,
};
use crate::failure::{Failure, Result};
use crate::files::{NewFolder, Readers, write_new};
use crate::issuance::{IssuanceRequest, Refusal, issue};
use crate::output::remark;
use crate::presentation::{Authentication, Selection, present};
use crate::randomness::{Seed, generator, signer};

const RECORD: &[u8] = include_bytes!("../../../examples/records/erika.json");
const PORTRAIT: &[u8] = include_bytes!("../../../examples/records/portrait.jpg");
const CRL_URL: &str = "https://dmv.example/iaca.crl";

/// What the holder of the demonstration discloses.
pub(crate) const DISCLOSED: [&str; 9] = [
    "family_name",
    "given_name",
    "birth_date",
    "portrait",
    "document_number",
    "issuing_country",
    "expiry_date",
    "age_over_18",
    "driving_privileges",
];

/// One step: what was done, how long it took, the files it left, and the command that does the same.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) what: String,
    pub(crate) milliseconds: f64,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) command: Option<String>,
}

/// Everything that a demonstration needs and leaves.
#[derive(Debug)]
pub(crate) struct Demonstration {
    folder: PathBuf,
    at: OffsetDateTime,
    seed: Option<Seed>,
    pub(crate) steps: Vec<Step>,
}

/// What the reader received, and what it needs to judge it.
#[derive(Debug)]
pub(crate) struct Presented {
    response: Vec<u8>,
    transcript: SessionTranscript,
    iaca: Vec<u8>,
    crl: Vec<u8>,
}

impl Demonstration {
    /// Starts in a new folder.
    pub(crate) fn start(folder: &Path, at: OffsetDateTime, seed: Option<Seed>) -> Result<Self> {
        NewFolder::start(folder)?.finish()?;
        Ok(Self {
            folder: folder.to_owned(),
            at,
            seed,
            steps: Vec::new(),
        })
    }

    /// Authority, document signer, CRL, licence and presentation.
    pub(crate) fn run(&mut self) -> Result<Presented> {
        let mut rng = generator(self.seed.as_ref(), "demo")?;
        let folder = AuthorityFolder::new(self.folder.join("authority"));
        let name: SignerName = "ds-1".parse().map_err(|_| {
            Failure::usage("the demonstration's document signer has no acceptable name")
        })?;
        let passphrase = self.passphrase(&mut rng)?;

        let iaca = self.root(&folder, &passphrase)?;
        self.document_signer(&folder, &name, &passphrase)?;
        let crl = self.crl(&folder, &passphrase)?;
        let device_key = self.device_key(&mut rng)?;
        let licence = self.licence(&folder, &name, &passphrase, &device_key)?;
        let (response, transcript) = self.presentation(&licence, &device_key, &mut rng)?;
        Ok(Presented {
            response,
            transcript,
            iaca,
            crl,
        })
    }

    /// The reader's report on what was presented.
    pub(crate) fn verify<'p>(&mut self, presented: &'p Presented) -> Result<Report<'p>> {
        let started = Instant::now();
        let report = verify(presented, &presented.response, self.at)?;
        let disclosed = DISCLOSED.len();
        let what = format!(
            "reader verifies the response: {}, {disclosed} elements",
            report.verdict().name()
        );
        let command = format!(
            "mdl verify --iaca {} --crl {} --session-transcript {} {}",
            self.shown("authority/iaca/certificate.pem"),
            self.shown("authority/crl/crl.pem"),
            self.shown("transcript.cbor"),
            self.shown("response.cbor")
        );
        self.step(started, what, &[], Some(command));
        Ok(report)
    }

    /// The same response with one bit of the portrait changed must not verify.
    ///
    /// # Errors
    /// Exit code 1 if it does.
    pub(crate) fn refuse_forgery(&mut self, presented: &Presented) -> Result<()> {
        let started = Instant::now();
        let mut forged = presented.response.clone();
        let portrait = forged
            .windows(16)
            .position(|bytes| PORTRAIT.starts_with(bytes));
        let within = portrait.unwrap_or(forged.len() / 2) + 15;
        if let Some(byte) = forged.get_mut(within) {
            *byte ^= 1;
        }
        let report = verify(presented, &forged, self.at)?;
        if report.verdict() == Verdict::Valid {
            return Err(Failure::no("a forged response was accepted"));
        }
        let failed = report
            .documents()
            .iter()
            .flat_map(|document| document.checks());
        let failed = failed.filter(|check| check.outcome == mdl_reader::Outcome::Fail);
        let ids: Vec<_> = failed.map(|check| check.id.id()).collect();
        self.step(
            started,
            format!("reader refuses it with one bit changed: {}", ids.join(", ")),
            &[],
            None,
        );
        Ok(())
    }

    fn passphrase(&mut self, rng: &mut ChaCha20Rng) -> Result<Passphrase> {
        let mut secret = [0; 16];
        rng.fill_bytes(&mut secret);
        let text = hex::encode(secret);
        write_new(
            &self.folder.join("passphrase"),
            format!("{text}\n").as_bytes(),
            Readers::Owner,
        )?;
        Passphrase::new(text).map_err(|error| Failure::outside("no passphrase").because(&error))
    }

    fn root(&mut self, folder: &AuthorityFolder, passphrase: &Passphrase) -> Result<Vec<u8>> {
        let started = Instant::now();
        let request = IacaRequest {
            name: DistinguishedName::new("Example IACA")
                .country("US")
                .state("US-CA")
                .organization("Example DMV"),
            contact: Contact::email("iaca@dmv.example"),
            crl_url: CRL_URL.to_owned(),
            curve: Curve::P256,
            validity_days: 3650,
            at: self.at,
            seed: self.seed.clone(),
        };
        let certificate = create_iaca(folder, &request, passphrase)?;
        let command = "mdl iaca init --country US --state US-CA …".to_owned();
        let files = ["authority/iaca/certificate.pem", "authority/iaca/key.pem"];
        self.step(
            started,
            "authority makes its root key and certificate".into(),
            &files,
            Some(command),
        );
        Ok(certificate.into_der())
    }

    fn document_signer(
        &mut self,
        folder: &AuthorityFolder,
        name: &SignerName,
        passphrase: &Passphrase,
    ) -> Result<()> {
        let started = Instant::now();
        let request = DocumentSignerRequest {
            name: name.clone(),
            subject: Subject::NewKey {
                curve: Curve::P256,
                name: DistinguishedName::new("Example DS 1"),
            },
            contact: None,
            crl_url: CRL_URL.to_owned(),
            validity_days: 457,
            longest_mso_life_days: 90,
            at: self.at,
            seed: self.seed.clone(),
        };
        issue_document_signer(folder, &request, passphrase)?;
        let files = [
            "authority/ds/ds-1/request.pem",
            "authority/ds/ds-1/certificate.pem",
            "authority/ds/ds-1/key.pem",
        ];
        let what = "authority certifies a document signer: key, request, certificate".into();
        self.step(started, what, &files, Some("mdl ds issue ds-1 …".into()));
        Ok(())
    }

    fn crl(&mut self, folder: &AuthorityFolder, passphrase: &Passphrase) -> Result<Vec<u8>> {
        let started = Instant::now();
        let request = CrlRequest {
            revoked: Vec::new(),
            expired: Vec::new(),
            next_update_days: 30,
            at: self.at,
            seed: self.seed.clone(),
        };
        let (_, crl) = build_crl(folder, &request, passphrase)?;
        let what = "authority publishes a CRL that revokes nothing".into();
        self.step(
            started,
            what,
            &["authority/crl/crl.der"],
            Some("mdl crl build …".into()),
        );
        Ok(crl.into_der())
    }

    fn device_key(&mut self, rng: &mut ChaCha20Rng) -> Result<PrivateKey> {
        let started = Instant::now();
        let key = PrivateKey::generate(Curve::P256, rng);
        let path = self.folder.join("device.pem");
        key_file::create_unencrypted(&path, &key, &mut generator(None, "key file")?).map_err(
            |error| Failure::usage(format!("cannot write {}", path.display())).because(&error),
        )?;
        let command = format!("mdl key new --out {}", self.shown("device.pem"));
        self.step(
            started,
            "holder's device makes its key".into(),
            &["device.pem"],
            Some(command),
        );
        Ok(key)
    }

    fn licence(
        &mut self,
        folder: &AuthorityFolder,
        name: &SignerName,
        passphrase: &Passphrase,
        device_key: &PrivateKey,
    ) -> Result<Vec<u8>> {
        let record_path = self.folder.join("record.json");
        write_new(&record_path, RECORD, Readers::Owner)?;
        write_new(&self.folder.join("portrait.jpg"), PORTRAIT, Readers::Owner)?;
        let iaca = folder.read_iaca()?;
        let document_signer = folder.read_document_signer(name)?;
        let key = folder.open_document_signer_key(name, passphrase)?;

        let started = Instant::now();
        let record = Record::read(&record_path, &Schema::mdl()).map_err(|error| {
            Failure::no(format!("{} is not a record", record_path.display())).because(&error)
        })?;
        let request = IssuanceRequest {
            record: &record,
            gate: &ElementGate::mdl(),
            device_key: device_key.public_key(),
            valid_days: 30,
            expected_update_days: None,
            digest_algorithm: HashAlgorithm::Sha256,
            decoys: Decoys::PadToMultipleOf(16),
            key_authorizations: None,
            status: None,
            at: self.at,
        };
        let seed = self.seed.as_ref();
        let signer = Box::new(signer(key, seed));
        let issuance = issue(
            &request,
            &iaca,
            &document_signer,
            signer,
            &mut generator(seed, "demo issue")?,
        )
        .map_err(|refusal| match refusal {
            Refusal::Other(failure) => failure,
            Refusal::Gate(report) => {
                remark(&report);
                Failure::no("the record of the demonstration must not be signed")
            }
        })?;
        let elements = record.elements().iter().count();
        let what = format!(
            "authority issues a licence: {elements} elements, {} bytes, each element digested, signed, and verified again",
            issuance.issuer_signed.len()
        );
        write_new(
            &self.folder.join("licence.cbor"),
            &issuance.issuer_signed,
            Readers::Owner,
        )?;
        let command = format!(
            "mdl issue --authority {} --passphrase-file {} --ds ds-1 --record {} --device-key {} --out FILE",
            self.shown("authority"),
            self.shown("passphrase"),
            self.shown("record.json"),
            self.shown("device.pem")
        );
        self.step(
            started,
            what,
            &["record.json", "portrait.jpg", "licence.cbor"],
            Some(command),
        );
        Ok(issuance.issuer_signed)
    }

    fn presentation(
        &mut self,
        licence: &[u8],
        device_key: &PrivateKey,
        rng: &mut ChaCha20Rng,
    ) -> Result<(Vec<u8>, SessionTranscript)> {
        let started = Instant::now();
        let device_session_key = PrivateKey::generate(Curve::P256, rng);
        let reader_session_key = PrivateKey::generate(Curve::P256, rng);
        let transcript = SessionTranscript::proximity(
            &device_engagement(device_session_key.public_key())?,
            &encode_cose_key(reader_session_key.public_key()),
            Handover::Qr,
        );
        let selections: Vec<_> = DISCLOSED
            .iter()
            .map(|identifier| {
                Selection::Element(MDL_NAME_SPACE.to_owned(), (*identifier).to_owned())
            })
            .collect();
        let authentication = Authentication::Signature;
        let response = present(
            licence,
            &selections,
            device_key,
            authentication,
            &transcript,
        )?;
        write_new(
            &self.folder.join("transcript.cbor"),
            transcript.as_bytes(),
            Readers::Everyone,
        )?;
        write_new(
            &self.folder.join("response.cbor"),
            &response,
            Readers::Owner,
        )?;
        let what = format!(
            "holder presents {} elements after a QR code: {} bytes",
            selections.len(),
            response.len()
        );
        let command = format!(
            "mdl present --issuer-signed {} --device-key {} --session-transcript {} --elements all --out FILE",
            self.shown("licence.cbor"),
            self.shown("device.pem"),
            self.shown("transcript.cbor")
        );
        self.step(
            started,
            what,
            &["transcript.cbor", "response.cbor"],
            Some(command),
        );
        Ok((response, transcript))
    }

    fn step(&mut self, started: Instant, what: String, files: &[&str], command: Option<String>) {
        self.steps.push(Step {
            what,
            milliseconds: started.elapsed().as_secs_f64() * 1000.0,
            files: files.iter().map(|file| self.folder.join(file)).collect(),
            command,
        });
    }

    fn shown(&self, file: &str) -> String {
        self.folder.join(file).display().to_string()
    }
}

fn verify<'p>(presented: &Presented, response: &'p [u8], at: OffsetDateTime) -> Result<Report<'p>> {
    let anchor = TrustAnchor::from_der(&presented.iaca)
        .map_err(|error| Failure::no("the root cannot be trusted").because(&error))?;
    let verifier = Verifier::new(TrustAnchors::new([anchor])).with_policy(Policy::Iso);
    let session = Session::Device {
        transcript: &presented.transcript,
        reader_key: None,
    };
    let conditions = Conditions {
        doc_type: Some(MDL_DOC_TYPE),
        crls: &[&presented.crl],
        require_revocation: true,
        ..Conditions::new(at, session)
    };
    Ok(verifier.verify(response, &conditions))
}

/// `DeviceEngagement` of a device that offers nothing but its key (8.2.1.1): `{0: "1.0", 1: [1, COSE_Key in tag 24]}`.
fn device_engagement(key: &PublicKey) -> Result<Vec<u8>> {
    const CIPHER_SUITE: i64 = 1;
    let key = Value::Tag(24, Box::new(Value::Bytes(encode_cose_key(key))));
    let engagement = Value::Map(vec![
        (Value::from(0), Value::from("1.0")),
        (
            Value::from(1),
            Value::Array(vec![Value::from(CIPHER_SUITE), key]),
        ),
    ]);
    let mut encoded = Vec::new();
    ciborium::into_writer(&engagement, &mut encoded)
        .map_err(|error| Failure::no("no device engagement").because(&error))?;
    Ok(encoded)
}
