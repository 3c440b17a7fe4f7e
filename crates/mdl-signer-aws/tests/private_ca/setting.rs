//! An emulator, a state file, and what a run needs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_acmpca::config::{Credentials, SharedCredentialsProvider};
use base64ct::{Base64, Encoding};
use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::csr::UnsignedRequest;
use mdl_iaca::profile::{
    Contact, DistinguishedName, DocumentSignerProfile, IssuedCertificate, Issuer, SerialNumber,
    UnsignedCertificate, Validity,
};
use mdl_signer_aws::private_ca::{
    CrlPublication, CrlSource, Patience, PrivateCa, PrivateCaAuthority, PrivateCaError, RootOrder,
    StateError, StateFile, create_root,
};
use mdl_signer_aws::{AwsAccess, AwsSettings};
use private_ca_emulator::{Emulator, Settings};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use tempfile::TempDir;
use time::OffsetDateTime;

pub(crate) const REGION: &str = "us-west-2";
pub(crate) const BUCKET: &str = "dmv-crl";

/// Everything of one test.
pub(crate) struct Setting {
    pub(crate) emulator: Arc<Emulator>,
    pub(crate) folder: TempDir,
}

/// Reads the emulator's bucket.
#[derive(Debug)]
struct Bucket(Arc<Emulator>);

#[async_trait]
impl CrlSource for Bucket {
    async fn fetch(
        &self,
        url: &str,
    ) -> Result<Option<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>> {
        let key = url
            .split_once("/crl/")
            .map(|(_, name)| format!("crl/{name}"));
        Ok(self.0.object(BUCKET, &key.ok_or("no CRL URL")?))
    }
}

impl Setting {
    pub(crate) async fn new(settings: Settings) -> Self {
        Self {
            emulator: Arc::new(Emulator::start(settings).await.expect("set up")),
            folder: tempfile::tempdir().expect("set up"),
        }
    }

    pub(crate) fn config(&self) -> SdkConfig {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "tests");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(self.emulator.url())
            .build()
    }

    /// The service, with waits of milliseconds.
    pub(crate) fn service(&self) -> PrivateCa {
        let settings = AwsSettings {
            attempt_timeout: Duration::from_secs(2),
            call_timeout: Duration::from_millis(1500),
            ..AwsSettings::default()
        };
        let patience = Patience {
            first: Duration::from_millis(2),
            longest: Duration::from_millis(20),
            limit: Duration::from_millis(400),
        };
        PrivateCa::new(&AwsAccess::with_config(self.config(), &settings), patience).expect("set up")
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("private-ca.json")
    }

    /// The state file, when nobody else has it. A test beside this one that starts a program has every lock of the
    /// process for a moment, between its fork and its exec.
    pub(crate) fn state(&self) -> StateFile {
        let path = self.path();
        let open = || match StateFile::open(&path)? {
            Some(state) => Ok(state),
            None => StateFile::create(&path, REGION, Some(&self.emulator.url())),
        };
        for _ in 0..1000 {
            match open() {
                Err(StateError::Locked { .. }) => std::thread::sleep(Duration::from_millis(5)),
                state => return state.expect("set up"),
            }
        }
        panic!("somebody holds the state file")
    }

    /// Makes the root, or goes on with it.
    pub(crate) async fn root(&self) -> Result<IssuedCertificate, PrivateCaError> {
        self.root_of(&order()).await
    }

    pub(crate) async fn root_of(
        &self,
        order: &RootOrder,
    ) -> Result<IssuedCertificate, PrivateCaError> {
        create_root(&self.service(), order, &mut self.state(), &mut |_| {}).await
    }

    pub(crate) fn authority(&self, root: &IssuedCertificate) -> PrivateCaAuthority {
        let source = Arc::new(Bucket(Arc::clone(&self.emulator)));
        PrivateCaAuthority::new(self.service(), root.as_der(), self.state(), source)
            .expect("set up")
    }

    /// How often an operation was called, and how often it was carried out.
    pub(crate) fn calls(&self, operation: &str) -> (usize, usize) {
        let journal = self.emulator.journal();
        let calls = journal.iter().filter(|call| call.operation == operation);
        let done = calls.clone().filter(|call| call.error.is_none());
        (calls.count(), done.count())
    }
}

/// Midnight, as the commands date certificates.
pub(crate) fn today() -> OffsetDateTime {
    OffsetDateTime::now_utc().replace_time(time::Time::MIDNIGHT)
}

pub(crate) fn order() -> RootOrder {
    RootOrder {
        name: DistinguishedName::new("Utopia IACA")
            .country("UT")
            .state("UT-X")
            .organization("DMV of Utopía"),
        contact: Contact::email("iaca@dmv.example"),
        curve: Curve::P256,
        validity: Validity::days(today(), 3650).expect("set up"),
        crl: CrlPublication {
            bucket: BUCKET.to_owned(),
            host: Some("crl.dmv.example".to_owned()),
            expiration_days: 30,
        },
    }
}

/// A document signer as the profile makes it, and its request.
pub(crate) fn document_signer(
    root: &Issuer,
    crl_url: &str,
    days: u32,
) -> (UnsignedCertificate, Vec<u8>) {
    let mut rng = ChaCha20Rng::seed_from_u64(u64::from(days));
    let key = PrivateKey::generate(Curve::P256, &mut rng);
    let name = DistinguishedName::new("Utopia DS");
    let request = UnsignedRequest::new(key.public_key().clone(), &name).expect("set up");
    let signature = key.sign(request.to_be_signed());
    let request = request.attach(&signature).expect("set up").into_der();
    let validity = Validity::days(today(), days).expect("set up");
    let unsigned =
        DocumentSignerProfile::new(root, key.public_key().clone(), name, validity, crl_url)
            .build(&SerialNumber::random(&mut rng))
            .expect("set up");
    (unsigned, request)
}

/// Whether OpenSSL accepts a certificate below a root, with the CRL; and what it says.
pub(crate) fn openssl_verify(
    folder: &Path,
    root: &[u8],
    crl: &[u8],
    leaf: &[u8],
) -> (bool, String) {
    let file = |name: &str, label: &str, der: &[u8]| {
        let base64 = Base64::encode_string(der);
        let lines: Vec<_> = base64
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).expect("set up"))
            .collect();
        let path = folder.join(name);
        let body = lines.join("\n");
        std::fs::write(
            &path,
            format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"),
        )
        .expect("set up");
        path
    };
    let output = Command::new("openssl")
        .args(["verify", "-crl_check", "-x509_strict", "-CAfile"])
        .arg(file("root.pem", "CERTIFICATE", root))
        .arg("-CRLfile")
        .arg(file("crl.pem", "X509 CRL", crl))
        .arg(file("leaf.pem", "CERTIFICATE", leaf))
        .output()
        .expect("the openssl command");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text.into_owned())
}
