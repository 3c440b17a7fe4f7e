//! `awskms:///ARN`, as other signing tools write it too.

use std::{fmt, str::FromStr};

use super::InvalidKeyUri;

pub(super) const SCHEME: &str = "awskms:";
const REPLICA_REGIONS: &str = "replica-regions";

/// A key in AWS KMS; without an ARN the key store itself, in which a key is to be made.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KmsUri {
    /// The ARN of the key, not yet looked at.
    pub arn: Option<String>,
    /// Other Regions that have the same multi-Region key, asked in this order when the key's own Region fails.
    pub replica_regions: Vec<String>,
}

impl FromStr for KmsUri {
    type Err = InvalidKeyUri;

    fn from_str(text: &str) -> Result<Self, InvalidKeyUri> {
        let rest = text.strip_prefix(SCHEME).ok_or(InvalidKeyUri::KmsForm)?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let arn = match path {
            "" | "///" => None,
            _ => match path.strip_prefix("///") {
                Some(arn) => Some(arn.to_owned()),
                None => return Err(InvalidKeyUri::KmsForm),
            },
        };
        let replica_regions = match query.split_once('=') {
            _ if query.is_empty() => Vec::new(),
            Some((REPLICA_REGIONS, regions)) if arn.is_some() => {
                let regions: Vec<String> = regions.split(',').map(str::to_owned).collect();
                if regions
                    .iter()
                    .any(|region| region.is_empty() || region.contains('&'))
                {
                    return Err(InvalidKeyUri::Value(REPLICA_REGIONS.to_owned()));
                }
                regions
            }
            _ => return Err(InvalidKeyUri::Unknown(query.to_owned())),
        };
        Ok(Self {
            arn,
            replica_regions,
        })
    }
}

impl fmt::Display for KmsUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SCHEME)?;
        if let Some(arn) = &self.arn {
            write!(f, "///{arn}")?;
        }
        if !self.replica_regions.is_empty() {
            write!(f, "?{REPLICA_REGIONS}={}", self.replica_regions.join(","))?;
        }
        Ok(())
    }
}
