//! Throw-away certificates, made by OpenSSL.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;

/// A root with a server of 127.0.0.1 and localhost and a client below it, and another root without anybody.
pub(crate) struct Certificates {
    folder: TempDir,
}

pub(crate) static CERTIFICATES: LazyLock<Certificates> = LazyLock::new(Certificates::new);

impl Certificates {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for root in ["root", "other"] {
            openssl(
                folder.path(),
                &format!(
                    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
                     -keyout {root}.key -out {root}.pem -subj /CN={root} \
                     -addext basicConstraints=critical,CA:TRUE"
                ),
            );
        }
        for (name, extension) in [
            ("server", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            ("client", "extendedKeyUsage=clientAuth"),
        ] {
            std::fs::write(folder.path().join("extensions"), extension).expect("a file");
            openssl(
                folder.path(),
                &format!(
                    "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key \
                     -out {name}.csr -subj /CN={name}"
                ),
            );
            openssl(
                folder.path(),
                &format!(
                    "x509 -req -in {name}.csr -CA root.pem -CAkey root.key -CAcreateserial -days 30 \
                     -extfile extensions -out {name}.pem"
                ),
            );
        }
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect(name)
    }
}

fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .output()
        .expect("openssl is installed");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {told}");
}
