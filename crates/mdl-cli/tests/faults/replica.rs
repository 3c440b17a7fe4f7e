//! `mdl serve` processes on the files that `mdl serve --dev` makes.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

const MDL: &str = env!("CARGO_BIN_EXE_mdl");
/// The exit code of a service that cannot run for a reason outside it.
const NO_DATABASE: i32 = 3;

/// People who collect.
const PEOPLE: u32 = 50;

fn subject(number: u32) -> String {
    format!("sample-{number:03}")
}

/// A data folder, a configuration for each replica, and the addresses.
pub(crate) struct Deployment {
    folder: TempDir,
    public: SocketAddr,
    replicas: Vec<(SocketAddr, SocketAddr)>,
}

/// The operator's side of the service.
#[derive(Clone)]
pub(crate) struct Operator {
    client: reqwest::Client,
    token: String,
    internal: Vec<SocketAddr>,
}

impl Deployment {
    /// Files as `mdl serve --dev` makes them, for two replicas behind one address. `postgres` replaces the embedded
    /// store.
    pub(crate) fn prepare(postgres: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let public = free_address();
        let port = public.port().to_string();
        let mut process = Command::new(MDL)
            .args(["serve", "--dev", "--port", &port, "--data"])
            .arg(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_for_answer(public, &mut process).expect("mdl serve --dev starts");
        // Records are written one after the other while the service runs already.
        let last = folder
            .path()
            .join(format!("records/{}.json", subject(PEOPLE)));
        let give_up = Instant::now() + Duration::from_secs(120);
        while !last.exists() {
            assert!(Instant::now() < give_up, "no records");
            std::thread::sleep(Duration::from_millis(50));
        }
        terminate(&mut process).expect("an orderly end");
        let settings = std::fs::read_to_string(folder.path().join("issuer.toml")).unwrap();
        let internal = SocketAddr::new(public.ip(), public.port() + 1);
        let mut replicas = Vec::new();
        for number in 0..2 {
            let (own_public, own_internal) = (free_address(), free_address());
            let mut settings = settings
                .replace(
                    &format!("address = \"{public}\""),
                    &format!("address = \"{own_public}\""),
                )
                .replace(
                    &format!("address = \"{internal}\""),
                    &format!("address = \"{own_internal}\""),
                );
            if let Some(url) = postgres {
                settings = settings.replace("sqlite:issuer.db", url);
                assert!(settings.contains(url), "{settings}");
            }
            // A few people collect for minutes; that is no attack here.
            settings = settings.replace(
                "[tenants.policy]",
                "[tenants.policy]\ndocuments_per_subject_and_day = 100000",
            );
            std::fs::write(
                folder.path().join(format!("replica-{number}.toml")),
                settings,
            )
            .unwrap();
            replicas.push((own_public, own_internal));
        }
        Self {
            folder,
            public,
            replicas,
        }
    }

    /// What wallets are told.
    pub(crate) fn public(&self) -> SocketAddr {
        self.public
    }

    /// Where a replica listens for wallets.
    pub(crate) fn replica_address(&self, number: usize) -> SocketAddr {
        self.replicas[number].0
    }

    fn config(&self, number: usize) -> PathBuf {
        self.folder.path().join(format!("replica-{number}.toml"))
    }

    /// People with records.
    pub(crate) fn subjects(&self) -> Vec<String> {
        (1..=PEOPLE).map(subject).collect()
    }

    /// The operator, who tries the replicas in turn.
    pub(crate) fn operator(&self) -> Operator {
        let token =
            std::fs::read_to_string(self.folder.path().join("secrets/operator-token")).unwrap();
        // Fails where another test of this process did it before.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Operator {
            client: reqwest::Client::builder()
                .timeout(Duration::from_secs(10))
                .build()
                .unwrap(),
            token: token.trim().to_owned(),
            internal: self.replicas.iter().map(|replica| replica.1).collect(),
        }
    }

    /// The ledger by digest of what was signed, after `mdl ledger verify` has accepted it.
    pub(crate) fn ledger(&self) -> HashMap<String, u64> {
        let run = |command: &str| {
            let output = Command::new(MDL)
                .args(["ledger", command, "--config"])
                .arg(self.config(0))
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.success(),
                "mdl ledger {command}: {text}{errors}"
            );
            text
        };
        println!("{}", run("verify").trim());
        let mut entries = HashMap::new();
        for line in run("export").lines() {
            let entry: Value = serde_json::from_str(line).unwrap();
            // Other lines are checkpoints and the head.
            if let Some(digest) = entry["entry"]["to_be_signed"].as_str() {
                *entries.entry(digest.to_owned()).or_default() += 1;
            }
        }
        entries
    }
}

impl Operator {
    /// A link to a new offer for a person.
    pub(crate) async fn offer(&self, subject: &str) -> Result<String, String> {
        let body = json!({ "subject": subject, "configuration_ids": ["org.iso.18013.5.1.mDL"] });
        let mut refusal = String::from("operator: no answer");
        for address in &self.internal {
            let request = self
                .client
                .post(format!("http://{address}/tenants/dmv/offers"))
                .bearer_auth(&self.token)
                .json(&body);
            match request.send().await {
                Ok(answer) if answer.status().is_success() => {
                    let offer: Value = answer
                        .json()
                        .await
                        .map_err(|_| "operator: cut off".to_owned())?;
                    return Ok(offer["link_by_reference"].as_str().unwrap().to_owned());
                }
                Ok(answer) => refusal = format!("operator: {}", answer.status()),
                Err(_) => {}
            }
        }
        Err(refusal)
    }
}

/// A running `mdl serve`.
pub(crate) struct Replica {
    process: Child,
    address: SocketAddr,
}

impl Replica {
    /// Starts one and does not wait for it.
    pub(crate) fn start(deployment: &Deployment, number: usize) -> Self {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(
                deployment
                    .folder
                    .path()
                    .join(format!("replica-{number}.log")),
            )
            .unwrap();
        let checked = Command::new(MDL)
            .args(["serve", "--check", "--config"])
            .arg(deployment.config(number))
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&checked.stderr);
        assert!(
            checked.status.success(),
            "the configuration is good: {errors}"
        );
        let process = Command::new(MDL)
            .args(["serve", "--config"])
            .arg(deployment.config(number))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let address = deployment.replica_address(number);
        Self { process, address }
    }

    /// SIGKILL: no farewell.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// SIGTERM, and an orderly end. One that was started while the database was away ends by itself, for a supervisor to
    /// start again; one that has only just been started does either.
    pub(crate) fn terminate(&mut self) {
        let started = wait_for_answer(self.address, &mut self.process);
        let status = started.and_then(|()| terminate(&mut self.process));
        match status {
            Ok(()) => {}
            Err(status) if status.code() == Some(NO_DATABASE) => {
                println!("a replica found no database and ended: {status}");
            }
            Err(status) => panic!("no orderly end: {status}"),
        }
    }

    /// SIGTERM to a process that is still starting, and an orderly end.
    pub(crate) fn terminate_before_it_listens(&mut self) {
        terminate(&mut self.process).expect("an orderly end");
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        // Also when a test fails in between.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn terminate(process: &mut Child) -> Result<(), ExitStatus> {
    let pid = process.id().to_string();
    let killed = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    assert!(killed.success());
    let status = process.wait().unwrap();
    if status.success() {
        Ok(())
    } else {
        Err(status)
    }
}

/// A free address whose next port is free as well, never the same one twice. Below the range that the kernel takes for
/// clients, or one of them could have it while a replica is down.
fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let step = NEXT.fetch_add(2, Ordering::SeqCst);
        let start = (std::process::id() % 4_000) as u16 * 2;
        let port = 20_000 + (start + step) % 8_000;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let next = SocketAddr::from((Ipv4Addr::LOCALHOST, port + 1));
        if let (Ok(_), Ok(_)) = (TcpListener::bind(address), TcpListener::bind(next)) {
            return address;
        }
    }
}

/// Waits until the process listens, or gives the status with which it ended.
fn wait_for_answer(address: SocketAddr, process: &mut Child) -> Result<(), ExitStatus> {
    let give_up = Instant::now() + Duration::from_secs(120);
    while std::net::TcpStream::connect(address).is_err() {
        if let Some(status) = process.try_wait().unwrap() {
            return Err(status);
        }
        assert!(Instant::now() < give_up, "mdl serve does not answer");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
