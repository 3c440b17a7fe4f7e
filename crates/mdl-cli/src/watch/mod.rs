//! Telling people that a certificate or CRL ends, once at each of 45, 30, 14, 7 and 1 days, and when it is too late.
//!
//! The inventory says at any time what is to be worried about. What has been told, and to whom, is kept in a file, which is
//! written after each message that was delivered and before the next one is sent. A run that is broken off between a
//! delivery and the file tells the same again, under the same id.

mod notice;
mod receiver;
mod told;

pub(crate) use receiver::{Receiver, ReceiverOptions};
pub(crate) use told::Told;

use notice::{Notice, notices};

use crate::failure::{Failure, Result};
use crate::inventory::Inventory;

/// What a look at the inventory came to.
#[derive(Debug, Default)]
pub(crate) struct Look {
    /// Alarms that there are.
    pub(crate) alarms: usize,
    /// What was told now: to whom, what.
    pub(crate) told: Vec<(String, serde_json::Value)>,
    /// Whoever could not be told.
    pub(crate) failures: Vec<Failure>,
}

/// Tells each receiver what it has not been told yet. One that cannot be reached does not keep it from the others.
///
/// # Errors
/// If the file cannot be written: then nothing more is told, because it would be told again and again.
pub(crate) fn tell(inventory: &Inventory, receivers: &[Receiver], told: &mut Told) -> Result<Look> {
    let notices = notices(inventory);
    let mut look = Look {
        alarms: notices.len(),
        ..Look::default()
    };
    for receiver in receivers {
        let name = receiver.name();
        for notice in &notices {
            if told.knows(name, notice) {
                continue;
            }
            if let Err(failure) = receiver.tell(notice, inventory.at) {
                look.failures.push(failure);
                break;
            }
            told.remember(name, notice)?;
            look.told.push((name.to_owned(), notice.to_json()));
        }
    }
    told.forget_all_but(&notices)?;
    Ok(look)
}
