//! A PostgreSQL server of our own for one test, in a folder that goes with it.

#![allow(
    dead_code,
    reason = "each test binary uses the part of the server that it needs"
)]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

/// A running server; it stops when this is dropped.
pub(crate) struct PostgresServer {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    databases: AtomicU32,
}

impl PostgresServer {
    /// Starts a server; `None`, with a remark, where PostgreSQL is not installed.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            println!(
                "skipped: no initdb and pg_ctl below /usr/lib/postgresql; install the package postgresql"
            );
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        // The server runs as another user when we are root, which it refuses to run as.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let server = Self {
            programs,
            folder,
            port,
            databases: AtomicU32::new(0),
        };
        let data = server.data();
        let make = ["-U", "app", "-A", "trust", "--no-sync", "-E", "UTF8"];
        server.run("initdb", &[&["-D", &data], &make[..]].concat());
        server.launch();
        Some(server)
    }

    /// An address of a database that is empty.
    pub(crate) fn new_database(&self) -> String {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let port = self.port.to_string();
        let at = ["-h", "127.0.0.1", "-p", &port, "-U", "app", &name];
        self.run("createdb", &at);
        format!("postgres://app@127.0.0.1:{}/{name}", self.port)
    }

    /// Starts the server again after [`stop`](Self::stop), at the same address.
    pub(crate) fn launch(&self) {
        let options = format!(
            "-c listen_addresses=127.0.0.1 -p {} -k {} -c max_connections=100",
            self.port,
            self.folder.path().display()
        );
        let log = self.folder.path().join("log");
        let log = log.to_str().unwrap();
        let start = ["-D", &self.data(), "-w", "-o", &options, "-l", log, "start"];
        self.run("pg_ctl", &start);
    }

    /// Stops the server at once, as a crash would.
    pub(crate) fn stop(&self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "stop"]);
    }

    /// Where everything of the server is: data, write-ahead log, messages.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The tables of the database of an address, as `pg_dump` writes them.
    pub(crate) fn dump(&self, url: &str) -> Vec<u8> {
        let file = self.folder.path().join("dump");
        self.run("pg_dump", &["-d", url, "-f", file.to_str().unwrap()]);
        let dump = std::fs::read(&file).unwrap();
        std::fs::remove_file(file).unwrap();
        dump
    }

    fn data(&self) -> String {
        let data = self.folder.path().join("data");
        data.to_str().unwrap().to_owned()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]);
            command.arg(&program);
            command
        } else {
            Command::new(&program)
        };
        command.args(arguments).current_dir(self.folder.path());
        // Not a pipe: the server keeps the output of pg_ctl open.
        let output = self.folder.path().join("output");
        let file = std::fs::File::create(&output).unwrap();
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone().unwrap())
            .stderr(file);
        let status = command.status().unwrap();
        let said = std::fs::read_to_string(&output).unwrap_or_default();
        assert!(status.success(), "{}: {said}", program.display());
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Where the newest PostgreSQL has its programs.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let newest = versions
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .max()?;
    let programs = Path::new("/usr/lib/postgresql")
        .join(newest.to_string())
        .join("bin");
    programs.join("initdb").exists().then_some(programs)
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0)
}
