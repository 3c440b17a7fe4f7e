use mdl_iaca::authority::Revocation;
use mdl_iaca::certificate::CrlView;
use mdl_iaca::profile::SerialNumber;
use time::OffsetDateTime;

use super::AuthorityFolder;
use super::certification::authority_failure;
use super::own::OwnAuthority;
use crate::failure::{Failure, Result};
use crate::files::{Readers, replace, write_new};
use crate::passphrase::Passphrases;
use crate::randomness::Seed;
use crate::runtime::wait_for;
use crate::{input, pem};

/// What the next CRL is to say.
#[derive(Clone, Debug)]
pub(crate) struct CrlRequest {
    /// Certificates revoked since the last list.
    pub(crate) revoked: Vec<Revocation>,
    /// Certificates that have expired and may leave the list.
    pub(crate) expired: Vec<SerialNumber>,
    pub(crate) next_update_days: u32,
    pub(crate) at: OffsetDateTime,
    pub(crate) seed: Option<Seed>,
}

/// Builds, signs and writes the next CRL; everything on the current one is carried over. A service revokes and publishes
/// by itself: its list is taken over as it is.
///
/// # Errors
/// Exit code 1 for what the profile or the linter refuses, 3 for a list that is not published yet.
pub(crate) fn build_crl(
    folder: &AuthorityFolder,
    request: &CrlRequest,
    passphrases: &Passphrases,
) -> Result<(u64, Vec<u8>)> {
    let iaca = folder.read_iaca()?;
    let failed = |error| authority_failure("the CRL was not made", error);
    #[cfg(feature = "aws")]
    if folder.is_in_private_ca() {
        let authority = super::private_ca::open(folder, &iaca)?;
        let crl = wait_for(mdl_iaca::authority::CertificateAuthority::revoke(
            &authority,
            &request.revoked,
            request.at,
        ))?
        .map_err(failed)?;
        let number = number_of(&crl).ok_or_else(|| Failure::no("the CRL has no usable number"))?;
        match current_crl(folder)? {
            Some(current) if current == crl => {}
            _ => keep_crl(folder, number, &crl)?,
        }
        return Ok((number, crl));
    }
    let authority = OwnAuthority {
        folder: folder.clone(),
        key: folder.open_iaca_key(&iaca, request.seed.as_ref(), passphrases)?,
        issuer: iaca.issuer,
        next_update_days: request.next_update_days,
        expired: request.expired.clone(),
    };
    let crl = wait_for(mdl_iaca::authority::CertificateAuthority::revoke(
        &authority,
        &request.revoked,
        request.at,
    ))?
    .map_err(failed)?;
    let number = number_of(&crl).ok_or_else(|| Failure::no("the CRL has no usable number"))?;
    Ok((number, crl))
}

/// The list that is published now, if there is one.
pub(super) fn current_crl(folder: &AuthorityFolder) -> Result<Option<Vec<u8>>> {
    folder
        .crl()
        .exists()
        .then(|| input::read(&folder.crl()))
        .transpose()
}

/// Keeps a list for good, and makes it the current one.
pub(super) fn keep_crl(folder: &AuthorityFolder, number: u64, crl: &[u8]) -> Result<()> {
    let kept = folder.crl_number(number);
    if let Some(parent) = kept.parent() {
        std::fs::create_dir_all(parent).map_err(|error| {
            Failure::usage(format!("cannot write {}", parent.display())).because(&error)
        })?;
    }
    write_new(&kept, crl, Readers::Everyone)?;
    replace(&folder.crl(), crl, Readers::Everyone)?;
    let pem = pem::encode("X509 CRL", crl);
    replace(&folder.crl_pem(), pem.as_bytes(), Readers::Everyone)
}

fn number_of(crl: &[u8]) -> Option<u64> {
    let view = CrlView::from_der(crl).ok()?;
    let number = view.extensions().crl_number().ok()??;
    let start = number.iter().position(|octet| *octet != 0)?;
    let magnitude = number.get(start..)?;
    (magnitude.len() <= 8).then(|| {
        magnitude
            .iter()
            .fold(0, |sum, octet| sum << 8 | u64::from(*octet))
    })
}

/// One more than the number of the current list, and than any that was ever kept: a list that was built and then
/// lost its name must not share its number with another.
pub(super) fn next_number(folder: &AuthorityFolder, current: Option<&[u8]>) -> Result<u64> {
    let mut last = 0;
    if let Some(current) = current {
        let unreadable =
            || Failure::usage(format!("{}: not a CRL of ours", folder.crl().display()));
        CrlView::from_der(current).map_err(|error| unreadable().because(&error))?;
        last = number_of(current).ok_or_else(|| {
            unreadable().hint("its number is missing or too large to count on from")
        })?;
    }
    while folder.crl_number(last.saturating_add(1)).exists() {
        last = last.saturating_add(1);
    }
    Ok(last.saturating_add(1))
}
