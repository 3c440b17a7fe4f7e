//! A server of moto for one test process: AWS services that keep their state in memory.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

/// The Region of the tests.
pub(crate) const REGION: &str = "eu-central-1";

/// A running server; it ends with this value, or with the test process at the latest.
pub(crate) struct Moto {
    process: Child,
    /// Where it is.
    pub(crate) url: String,
}

impl Moto {
    /// Starts a server of its own, on a free port.
    ///
    /// # Panics
    /// If it does not start: `scripts/moto` installs it.
    #[must_use]
    pub(crate) fn start() -> Self {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let python = root.join("target/moto/bin/python");
        assert!(python.exists(), "no moto: run scripts/moto");
        let mut process = Command::new(python)
            .arg(root.join("crates/mdl-signer-aws/tests/moto/launcher.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python starts");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("moto says its port");
        let port: u16 = line.trim().parse().expect("a port");
        Self {
            process,
            url: format!("http://127.0.0.1:{port}"),
        }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // Ended already, which is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
