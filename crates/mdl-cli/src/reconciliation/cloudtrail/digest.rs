//! Digest files: what CloudTrail says, hour by hour, about the log files it wrote.
//!
//! A digest file lists each log file with the SHA-256 of its content before compression, and the digest file before it
//! with the same. It is itself signed, but the signature is kept in the metadata of the object in S3 and does not come
//! along with a downloaded file: `aws cloudtrail validate-logs` checks it where the bucket is. What can be checked here is
//! that nothing it lists is missing or changed, and that no hour is missing.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::finding::{Finding, Findings};

/// More log files than this are not in any hour.
const MAX_LOG_FILES: usize = 100_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DigestFile {
    digest_start_time: String,
    digest_end_time: String,
    #[serde(rename = "previousDigestS3Object")]
    previous_object: Option<String>,
    previous_digest_hash_value: Option<String>,
    log_files: Vec<LogFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogFile {
    #[serde(rename = "s3Object")]
    object: String,
    hash_value: String,
    hash_algorithm: String,
}

/// All digest files.
#[derive(Debug, Default)]
pub(in super::super) struct Digests {
    /// Log files that are listed and have not been read: name, hash, and the digest file that lists them.
    expected: HashMap<String, ([u8; 32], u32)>,
    names: Vec<String>,
    /// By account, Region and trail, then by start.
    chains: BTreeMap<String, BTreeMap<OffsetDateTime, Link>>,
}

#[derive(Debug)]
struct Link {
    until: OffsetDateTime,
    name: String,
    hash: [u8; 32],
    previous: Option<(String, [u8; 32])>,
}

/// Why a file is no digest file.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum InvalidDigest {
    #[error("not a CloudTrail digest file: {0}")]
    Json(#[from] serde_json::Error),
    #[error("a start or end that is not a time")]
    Time,
    #[error("a hash that is not SHA-256 in hexadecimal")]
    Hash,
    #[error("lists more than {MAX_LOG_FILES} log files")]
    TooMany,
}

impl Digests {
    /// Takes the content of a digest file, before compression. `from` and `until` are the time that matters: what
    /// digest files outside of it list need not be there.
    ///
    /// # Errors
    /// [`InvalidDigest`].
    pub(in super::super) fn add(
        &mut self,
        name: &str,
        content: &[u8],
        hash: [u8; 32],
        from: Option<OffsetDateTime>,
        until: OffsetDateTime,
    ) -> Result<(), InvalidDigest> {
        let file: DigestFile = serde_json::from_slice(content)?;
        let time =
            |text: &str| OffsetDateTime::parse(text, &Rfc3339).map_err(|_| InvalidDigest::Time);
        let (start, end) = (time(&file.digest_start_time)?, time(&file.digest_end_time)?);
        if file.log_files.len() > MAX_LOG_FILES {
            return Err(InvalidDigest::TooMany);
        }
        let mut listed = Vec::with_capacity(file.log_files.len());
        for log_file in &file.log_files {
            if log_file.hash_algorithm != "SHA-256" {
                return Err(InvalidDigest::Hash);
            }
            listed.push((
                last_part(&log_file.object).to_owned(),
                sha256(&log_file.hash_value)?,
            ));
        }
        let previous = match (&file.previous_object, &file.previous_digest_hash_value) {
            (Some(object), Some(hash)) => Some((last_part(object).to_owned(), sha256(hash)?)),
            _ => None,
        };
        if from.is_some_and(|from| end <= from) || start >= until {
            return Ok(());
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.to_owned());
        for (log_file, hash) in listed {
            self.expected.insert(log_file, (hash, number));
        }
        let link = Link {
            until: end,
            name: last_part(name).to_owned(),
            hash,
            previous,
        };
        // ACCOUNT_CloudTrail-Digest_REGION_TRAIL_REGION_TIME.json.gz
        let chain = last_part(name)
            .rsplit_once('_')
            .map_or("", |(chain, _)| chain);
        self.chains
            .entry(chain.to_owned())
            .or_default()
            .insert(start, link);
        Ok(())
    }

    pub(in super::super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub(in super::super) fn count(&self) -> usize {
        self.names.len()
    }

    /// Compares a log file that was read with what is listed.
    pub(in super::super) fn log_file(
        &mut self,
        name: &str,
        hash: [u8; 32],
        findings: &mut Findings,
    ) {
        let listed = self.expected.remove(last_part(name));
        if let Some((expected, digest)) = listed
            && expected != hash
        {
            findings.add(Finding::FileAltered {
                name: name.to_owned(),
                digest: self.name(digest),
            });
        }
    }

    fn name(&self, number: u32) -> String {
        self.names.get(number as usize).cloned().unwrap_or_default()
    }

    /// What is missing, once all log files were read.
    pub(in super::super) fn finish(
        self,
        from: Option<OffsetDateTime>,
        until: OffsetDateTime,
        findings: &mut Findings,
    ) {
        let mut missing: Vec<_> = self.expected.iter().collect();
        missing.sort_unstable();
        for (name, (_, digest)) in missing {
            findings.add(Finding::LogFileMissing {
                name: name.clone(),
                digest: self.name(*digest),
            });
        }
        for links in self.chains.values() {
            let mut covered = from;
            let mut before: Option<&Link> = None;
            for (start, link) in links {
                if let Some(covered) = covered
                    && *start > covered
                {
                    findings.add(Finding::Gap {
                        from: covered,
                        until: *start,
                    });
                }
                if let (Some(before), Some((name, hash))) = (before, &link.previous)
                    && *name == before.name
                    && *hash != before.hash
                {
                    findings.add(Finding::FileAltered {
                        name: before.name.clone(),
                        digest: link.name.clone(),
                    });
                }
                covered = covered.max(Some(link.until));
                before = Some(link);
            }
            if let Some(covered) = covered
                && covered < until
            {
                findings.add(Finding::Gap {
                    from: covered,
                    until,
                });
            }
        }
    }
}

fn sha256(text: &str) -> Result<[u8; 32], InvalidDigest> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text, &mut hash).map_err(|_| InvalidDigest::Hash)?;
    Ok(hash)
}

/// The name of an object or file, without the folders it is in: CloudTrail makes it unique.
fn last_part(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
