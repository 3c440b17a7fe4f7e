//! What has been told, to whom, at which level: a file of JSON that is replaced in one step.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Notice;
use crate::failure::{Failure, Result};
use crate::files::{Readers, replace};
use crate::input;

/// Alarms are few, and known by a line each.
const MAX_BYTES: u64 = 16 << 20;

/// What has been told.
#[derive(Debug)]
pub(crate) struct Told {
    path: PathBuf,
    content: Content,
}

#[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
struct Content {
    /// Of each receiver: what was wrong with what, and the level it was told at last.
    told: BTreeMap<String, BTreeMap<String, u32>>,
}

impl Told {
    /// Reads the file; without one, nothing has been told.
    ///
    /// # Errors
    /// Exit code 2 if it is not such a file.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let content = match path.exists() {
            false => Content::default(),
            true => {
                let bytes = input::read_at_most(path, MAX_BYTES)?;
                serde_json::from_slice(&bytes).map_err(|error| {
                    Failure::usage(format!("{}: not what was told before", path.display()))
                        .because(&error)
                        .hint(
                            "name another file, or remove this one: then everything is told again",
                        )
                })?
            }
        };
        Ok(Self {
            path: path.to_owned(),
            content,
        })
    }

    /// Whether the receiver was told this at this level, or at a more urgent one.
    pub(super) fn knows(&self, receiver: &str, notice: &Notice) -> bool {
        let of_receiver = self.content.told.get(receiver);
        let level = of_receiver.and_then(|told| told.get(&notice.key));
        level.is_some_and(|told| *told <= notice.level)
    }

    pub(super) fn remember(&mut self, receiver: &str, notice: &Notice) -> Result<()> {
        let of_receiver = self.content.told.entry(receiver.to_owned()).or_default();
        of_receiver.insert(notice.key.clone(), notice.level);
        self.write()
    }

    /// What is no alarm any more is told anew if it becomes one again.
    pub(super) fn forget_all_but(&mut self, notices: &[Notice]) -> Result<()> {
        let keys: HashSet<&str> = notices.iter().map(|notice| &*notice.key).collect();
        let mut changed = false;
        for told in self.content.told.values_mut() {
            let before = told.len();
            told.retain(|key, _| keys.contains(&**key));
            changed |= told.len() != before;
        }
        match changed || !self.path.exists() {
            true => self.write(),
            false => Ok(()),
        }
    }

    fn write(&self) -> Result<()> {
        let json = serde_json::to_vec_pretty(&self.content)
            .map_err(|error| Failure::outside("what was told cannot be written").because(&error))?;
        replace(&self.path, &json, Readers::Owner)
    }
}
