//! What has been told, to whom, at which level: JSON in a file, or in an object of S3, that is replaced in one step.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

#[cfg(feature = "aws")]
use mdl_signer_aws::{CallError, S3Object, S3WriteError, Stored, Successor};
use serde::{Deserialize, Serialize};

use super::Notice;
use crate::authority::Place;
use crate::failure::{Failure, Result};
use crate::files::{Readers, replace};
use crate::input;
#[cfg(feature = "aws")]
use crate::runtime::wait_for;

/// Alarms are few, and known by a line each.
const MAX_BYTES: u64 = 16 << 20;

/// What has been told.
#[derive(Debug)]
pub(crate) struct Told {
    kept: Kept,
    content: Content,
    /// Whether it was kept already.
    is_kept: bool,
}

#[derive(Debug)]
enum Kept {
    File(PathBuf),
    #[cfg(feature = "aws")]
    Object {
        object: Box<S3Object>,
        /// What it holds: nobody else writes there meanwhile.
        seen: Option<Stored>,
    },
}

#[derive(Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
struct Content {
    /// Of each receiver: what was wrong with what, and the level it was told at last.
    told: BTreeMap<String, BTreeMap<String, u32>>,
}

impl Told {
    /// Reads what is kept at `place`; without anything there, nothing has been told.
    ///
    /// # Errors
    /// Exit code 2 if it is something else, 3 if it cannot be reached now.
    pub(crate) fn open(place: &Place) -> Result<Self> {
        let (kept, bytes) = match place {
            Place::Path(path) => {
                let bytes = match path.exists() {
                    true => Some(input::read_at_most(path, MAX_BYTES)?),
                    false => None,
                };
                (Kept::File(path.clone()), bytes)
            }
            #[cfg(feature = "aws")]
            Place::S3(place) => {
                let access = crate::authority::aws_access()?;
                let object = S3Object::new(&access, place).map_err(|error| unreachable(&error))?;
                let seen = wait_for(object.read(MAX_BYTES as usize))?
                    .map_err(|error| unreachable(&error))?;
                let bytes = seen.as_ref().map(|stored| stored.bytes.clone());
                let object = Box::new(object);
                (Kept::Object { object, seen }, bytes)
            }
        };
        let content = match &bytes {
            None => Content::default(),
            Some(bytes) => serde_json::from_slice(bytes).map_err(|error| {
                Failure::usage(format!("{place}: not what was told before"))
                    .because(&error)
                    .hint("name another place, or remove what is there: then everything is told again")
            })?,
        };
        Ok(Self {
            kept,
            content,
            is_kept: bytes.is_some(),
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
        match changed || !self.is_kept {
            true => self.write(),
            false => Ok(()),
        }
    }

    fn write(&mut self) -> Result<()> {
        let json = serde_json::to_vec_pretty(&self.content)
            .map_err(|error| Failure::outside("what was told cannot be written").because(&error))?;
        match &mut self.kept {
            Kept::File(path) => replace(path, &json, Readers::Owner)?,
            #[cfg(feature = "aws")]
            Kept::Object { object, seen } => {
                let successor = Successor {
                    bytes: &json,
                    content_type: "application/json",
                    max_age: 0,
                };
                match wait_for(object.write(&successor, seen.as_ref()))? {
                    Ok(()) => {}
                    Err(S3WriteError::Call(error)) => return Err(unreachable(&error)),
                    Err(error) => {
                        return Err(Failure::outside("what was told was not kept")
                            .because(&error)
                            .hint(
                                "see whether another `mdl certificates watch` keeps it there, too",
                            ));
                    }
                }
                *seen = wait_for(object.read(MAX_BYTES as usize))?
                    .map_err(|error| unreachable(&error))?;
            }
        }
        self.is_kept = true;
        Ok(())
    }
}

#[cfg(feature = "aws")]
fn unreachable(error: &CallError) -> Failure {
    let what = "what was told cannot be read or kept";
    match error.may_pass() {
        true => Failure::outside(what).because(error),
        false => Failure::usage(what).because(error),
    }
}
