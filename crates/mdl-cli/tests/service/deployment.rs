//! One `mdl serve` process on a configuration of our own, with the throw-away authority of `mdl serve --dev`.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use reqwest::Client;
use tempfile::TempDir;

const MDL: &str = env!("CARGO_BIN_EXE_mdl");
/// For what takes seconds on a machine that has nothing else to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A folder with authority, secrets and records, and what the configuration says beyond them.
pub(crate) struct Deployment {
    folder: TempDir,
    /// The Credential Issuer Identifier.
    pub(crate) issuer: String,
    /// `[store] url`.
    pub(crate) store: String,
    /// Keys of `[public]`, `[internal]`, `[tenants.records]` and `[tenants.policy]`, and whole tables such as `[log]`.
    pub(crate) public: String,
    pub(crate) internal: String,
    pub(crate) records: String,
    pub(crate) policy: String,
    pub(crate) tables: String,
    /// Lines of the configuration that stand there in place of others.
    pub(crate) replaced: Vec<(String, String)>,
    /// Variables for the process.
    pub(crate) environment: Vec<(&'static str, String)>,
}

/// A running process. Killed when dropped.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
    /// For wallets.
    pub(crate) public: SocketAddr,
    /// For operators.
    pub(crate) internal: SocketAddr,
}

impl Deployment {
    /// The authority is made by the command itself. The records are for the test to write.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("dev.out");
        let mut child = Command::new(MDL)
            .args(["serve", "--dev", "--port", "0", "--data"])
            .arg(folder.path())
            .stdout(File::create(&out).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("the authority is made", || {
            assert!(child.try_wait().unwrap().is_none(), "serve --dev ended");
            fs::read_to_string(&out).is_ok_and(|said| said.contains("for operators"))
        });
        child.kill().unwrap();
        child.wait().unwrap();
        fs::remove_dir_all(folder.path().join("records")).unwrap();
        fs::create_dir(folder.path().join("records")).unwrap();
        for name in ["issuer.db", "issuer.db-wal", "issuer.db-shm", "dev.out"] {
            let _ = fs::remove_file(folder.path().join(name));
        }
        Self {
            folder,
            issuer: "http://127.0.0.1:1".to_owned(),
            store: "sqlite:issuer.db".to_owned(),
            public: String::new(),
            internal: String::new(),
            records: "kind = \"folder\"\npath = \"records\"".to_owned(),
            policy: String::new(),
            tables: String::new(),
            replaced: Vec::new(),
            environment: Vec::new(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The operator's token.
    pub(crate) fn token(&self) -> String {
        let token = fs::read_to_string(self.path("secrets/operator-token")).unwrap();
        token.trim().to_owned()
    }

    fn settings(&self) -> String {
        let Self {
            issuer,
            store,
            public,
            internal,
            records,
            policy,
            tables,
            ..
        } = self;
        format!(
            r#"
[service]
secret_file = "secrets/service-secret"
sealing_key_file = "secrets/sealing-key"
allow_insecure_http = true
purge_interval = "1s"
checkpoint_interval = "1s"

[public]
address = "127.0.0.1:0"
{public}

[internal]
address = "127.0.0.1:0"
{internal}

[[internal.operators]]
name = "clerk"
token_file = "secrets/operator-token"

[store]
url = "{store}"

{tables}

[[tenants]]
name = "dmv"
issuer = "{issuer}"
display = [{{ name = "DMV" }}]

[[tenants.credentials]]
id = "org.iso.18013.5.1.mDL"
display = [{{ name = "Driving licence" }}]

[tenants.authority]
iaca_certificates = ["authority/iaca/certificate.pem"]
crl = "authority/crl/crl.der"

[[tenants.authority.document_signers]]
certificate = "authority/ds/ds-1/certificate.pem"
key = "authority/ds/ds-1/key.pem"
passphrase_file = "secrets/passphrase"
longest_mso_life = "90d"

[tenants.authority.status_signer]
certificate = "authority/status/status-1/certificate.pem"
key = "authority/status/status-1/key.pem"
passphrase_file = "secrets/passphrase"

[tenants.records]
{records}

[tenants.policy]
status_list_size = 4096
status_latency = "1s"
{policy}
"#
        )
    }

    /// Starts the process and waits until it is ready.
    pub(crate) fn start(&self) -> Process {
        let process = self.begin();
        wait_until("the service is ready", || is_ready(process.internal));
        process
    }

    /// Starts the process and waits until it listens. What it logs goes to a file.
    pub(crate) fn begin(&self) -> Process {
        let config = self.path("issuer.toml");
        let mut settings = self.settings();
        for (old, new) in &self.replaced {
            assert!(settings.contains(old), "{old}");
            settings = settings.replacen(old, new, 1);
        }
        fs::write(&config, settings).unwrap();
        let log = self.path("service.log");
        let file = File::options().create(true).append(true).open(&log);
        let before = fs::metadata(&log).map_or(0, |log| log.len() as usize);
        let child = Command::new(MDL)
            .args(["serve", "--config"])
            .arg(&config)
            .envs(self.environment.clone())
            .stdout(Stdio::null())
            .stderr(file.unwrap())
            .spawn()
            .unwrap();
        let unknown = SocketAddr::from(([0; 4], 0));
        let mut process = Process {
            child,
            log,
            public: unknown,
            internal: unknown,
        };
        wait_until("the service has started", || {
            let said = process.said();
            assert!(process.is_running(), "mdl serve ended: {said}");
            let started = said[before..]
                .lines()
                .find(|line| line.contains("\"started\""));
            let addresses = started.map(|line| ["public", "internal"].map(|of| address(line, of)));
            addresses.is_some_and(|[public, internal]| {
                (process.public, process.internal) = (public, internal);
                true
            })
        });
        process
    }
}

/// Whether credential requests would be answered now.
pub(crate) fn is_ready(internal: SocketAddr) -> bool {
    let mut stream = TcpStream::connect(internal).unwrap();
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {internal}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.starts_with("HTTP/1.1 200 ")
}

/// The address that a log line gives under a name, whether it is JSON or text.
fn address(line: &str, name: &str) -> SocketAddr {
    let (_, rest) = line
        .split_once(&format!("{name}="))
        .unwrap_or_else(|| line.split_once(&format!("\"{name}\":\"")).expect(line));
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':');
    rest[..end.unwrap_or(rest.len())].parse().expect(line)
}

impl Process {
    /// Everything that it has logged.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        wait_until("the service has ended", || {
            self.child.try_wait().unwrap().is_some()
        });
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let said = self.said();
            let from = said.len().saturating_sub(4000);
            let from = (from..).find(|at| said.is_char_boundary(*at)).unwrap_or(0);
            println!("the service said: …{}", &said[from..]);
        }
    }
}

/// An HTTP client that trusts these roots and no others.
pub(crate) fn client(roots: &[reqwest::Certificate]) -> Client {
    // Fails where another test of this process did it before.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let builder = Client::builder().no_proxy().tls_certs_only(roots.to_vec());
    builder.build().unwrap()
}

/// Asks again and again.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < give_up, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// All files below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
