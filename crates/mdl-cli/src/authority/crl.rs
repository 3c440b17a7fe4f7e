use mdl_iaca::certificate::CrlView;
use mdl_iaca::crl::{CrlError, CrlProfile, IssuedCrl};
use mdl_iaca::profile::SerialNumber;
use time::{Duration, OffsetDateTime};

use super::{AuthorityFolder, sign};
use crate::failure::{Failure, Result};
use crate::files::{Readers, replace, write_new};
use crate::input;
use crate::passphrase::Passphrases;
use crate::randomness::Seed;

/// What the next CRL is to say.
#[derive(Clone, Debug)]
pub(crate) struct CrlRequest {
    /// Certificates revoked since the last list.
    pub(crate) revoked: Vec<SerialNumber>,
    /// Certificates that have expired and may leave the list.
    pub(crate) expired: Vec<SerialNumber>,
    pub(crate) next_update_days: u32,
    pub(crate) at: OffsetDateTime,
    pub(crate) seed: Option<Seed>,
}

/// Builds, signs and writes the next CRL; everything on the current one is carried over.
///
/// # Errors
/// Exit code 1 for what the profile or the linter refuses.
pub(crate) fn build_crl(
    folder: &AuthorityFolder,
    request: &CrlRequest,
    passphrases: &Passphrases,
) -> Result<(u64, IssuedCrl)> {
    let refused = |error: &CrlError| Failure::no("the CRL was not made").because(error);
    let iaca = folder.read_iaca()?;
    let key = folder.open_iaca_key(&iaca, request.seed.as_ref(), passphrases)?;
    let current = match folder.crl().exists() {
        true => Some(input::read(&folder.crl())?),
        false => None,
    };
    let number = next_number(folder, current.as_deref())?;
    let next_update = request
        .at
        .checked_add(Duration::days(i64::from(request.next_update_days)))
        .ok_or_else(|| Failure::usage("the next update is beyond the calendar"))?;
    let mut profile = CrlProfile::new(&iaca.issuer, number, request.at, next_update)
        .map_err(|error| refused(&error))?;
    if let Some(current) = &current {
        profile = profile.follows(current).map_err(|error| refused(&error))?;
    }
    for serial in &request.revoked {
        profile = profile.revoke(serial.clone(), request.at);
    }
    for serial in &request.expired {
        profile = profile.expired(serial);
    }
    let unsigned = profile.build().map_err(|error| refused(&error))?;
    let signature = sign(&*key, unsigned.to_be_signed())?;
    let crl = unsigned
        .attach(&signature)
        .map_err(|error| Failure::no("the CRL was not made").because(&error))?;

    let kept = folder.crl_number(number);
    if let Some(parent) = kept.parent() {
        std::fs::create_dir_all(parent).map_err(|error| {
            Failure::usage(format!("cannot write {}", parent.display())).because(&error)
        })?;
    }
    write_new(&kept, crl.as_der(), Readers::Everyone)?;
    replace(&folder.crl(), crl.as_der(), Readers::Everyone)?;
    replace(
        &folder.crl_pem(),
        crl.to_pem().as_bytes(),
        Readers::Everyone,
    )?;
    Ok((number, crl))
}

/// One more than the number of the current list, and than any that was ever kept: a list that was built and then
/// lost its name must not share its number with another.
fn next_number(folder: &AuthorityFolder, current: Option<&[u8]>) -> Result<u64> {
    let mut last = 0;
    if let Some(current) = current {
        let unreadable =
            || Failure::usage(format!("{}: not a CRL of ours", folder.crl().display()));
        let view = CrlView::from_der(current).map_err(|error| unreadable().because(&error))?;
        let number = view
            .extensions()
            .crl_number()
            .map_err(|error| unreadable().because(&error))?;
        last = number
            .filter(|number| number.len() <= 8)
            .map(|number| {
                number
                    .iter()
                    .fold(0u64, |sum, octet| sum << 8 | u64::from(*octet))
            })
            .ok_or_else(|| {
                unreadable().hint("its number is missing or too large to count on from")
            })?;
    }
    while folder.crl_number(last.saturating_add(1)).exists() {
        last = last.saturating_add(1);
    }
    Ok(last.saturating_add(1))
}
