//! Secrets: in a file or in the environment, never in the configuration itself.
//!
//! For a secret named `passphrase` the tables know the keys `passphrase_file` and `passphrase_env`.

use std::fs::File;
use std::io::Read;

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use super::section::Section;

/// The longest secret, in bytes.
const MAX_BYTES: u64 = 4096;

/// The secret under `name`, without the line break at its end. `None` if there is none, or if it cannot be read, which
/// is noted.
pub(super) fn optional(section: &Section<'_>, name: &str) -> Option<Zeroizing<String>> {
    let (file_key, environment_key) = (format!("{name}_file"), format!("{name}_env"));
    match (section.has(&file_key), section.has(&environment_key)) {
        (true, true) => {
            section.problem(
                &environment_key,
                format!("stands beside {file_key}: choose one of them"),
            );
            None
        }
        (true, false) => {
            let path = section.optional_path(&file_key)?;
            let secret = read(&path)
                .map_err(|what| section.problem(&file_key, what))
                .ok()?;
            not_empty(section, &file_key, secret)
        }
        (false, true) => {
            let variable = section.optional(&environment_key, super::quantity::text)?;
            match section.document.environment(&variable) {
                Some(secret) => not_empty(section, &environment_key, Zeroizing::new(secret)),
                None => {
                    let what = format!("the environment has no variable {variable}");
                    section.problem(&environment_key, what);
                    None
                }
            }
        }
        (false, false) => None,
    }
}

/// The same for a secret that must be there.
pub(super) fn required(section: &Section<'_>, name: &str) -> Option<Zeroizing<String>> {
    let (file_key, environment_key) = (format!("{name}_file"), format!("{name}_env"));
    if !section.has(&file_key) && !section.has(&environment_key) {
        section.problem(&file_key, format!("is missing; or give {environment_key}"));
    }
    optional(section, name)
}

/// A secret of 32 bytes, written in hexadecimal or base64.
pub(super) fn required_key(section: &Section<'_>, name: &str) -> Option<Zeroizing<[u8; 32]>> {
    let text = required(section, name)?;
    let mut key = Zeroizing::new([0; 32]);
    let is_key = hex::decode_to_slice(text.as_bytes(), &mut *key).is_ok()
        || Base64::decode(text.as_bytes(), &mut *key).is_ok_and(|decoded| decoded.len() == 32);
    if !is_key {
        let key = if section.has(&format!("{name}_file")) {
            "file"
        } else {
            "env"
        };
        let what =
            "expected 32 random bytes in hexadecimal or base64; `openssl rand -hex 32` makes them";
        section.problem(&format!("{name}_{key}"), what);
    }
    is_key.then_some(key)
}

fn not_empty(
    section: &Section<'_>,
    key: &str,
    secret: Zeroizing<String>,
) -> Option<Zeroizing<String>> {
    if secret.is_empty() {
        section.problem(key, "the secret is empty");
        return None;
    }
    Some(secret)
}

fn read(path: &std::path::Path) -> Result<Zeroizing<String>, String> {
    let failed = |error: std::io::Error| format!("{} cannot be read: {error}", path.display());
    let file = File::open(path).map_err(failed)?;
    // Room for all from the start: growing would leave copies of the secret behind.
    let mut content = Zeroizing::new(String::with_capacity(MAX_BYTES as usize + 1));
    file.take(MAX_BYTES + 1)
        .read_to_string(&mut content)
        .map_err(failed)?;
    if content.len() as u64 > MAX_BYTES {
        return Err(format!("{} is over {MAX_BYTES} bytes", path.display()));
    }
    let end = content.trim_end_matches(['\r', '\n']).len();
    content.truncate(end);
    Ok(content)
}
