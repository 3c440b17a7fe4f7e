//! The lists of an authority: every one that was ever signed is kept under its number, the newest also under the name of
//! the current one.
//!
//! What is easy to get wrong: a run that is broken off between the two has signed a revocation that nobody would see. So
//! whatever is kept beyond the current list is made current before the next is thought of.

use mdl_iaca::authority::Revocation;
use mdl_iaca::certificate::CrlView;
use mdl_iaca::profile::SerialNumber;
use time::{Duration, OffsetDateTime};

use super::certification::authority_failure;
use super::own::OwnAuthority;
use super::{AuthorityFolder, Iaca};
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

/// The current list, after the command that may have built it.
#[derive(Clone, Debug)]
pub(crate) struct BuiltCrl {
    pub(crate) number: u64,
    pub(crate) crl: Vec<u8>,
    /// If it was not built now: when the next one is.
    pub(crate) next_due: Option<OffsetDateTime>,
}

/// Lists are this old at most, though readers take them for 90 days.
const OLDEST: Duration = Duration::days(30);

/// Builds, signs and writes the next CRL; everything on the current one is carried over. A service revokes and publishes
/// by itself: its list is taken over as it is.
///
/// # Errors
/// Exit code 1 for what the profile or the linter refuses, 3 for a list that is not published yet.
pub(crate) fn build_crl(
    folder: &AuthorityFolder,
    request: &CrlRequest,
    passphrases: &Passphrases,
) -> Result<BuiltCrl> {
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
        let built = BuiltCrl::new(crl)?;
        match current_crl(folder)? {
            Some(current) if current == built.crl => {}
            _ => keep_crl(folder, built.number, &built.crl)?,
        }
        return Ok(built);
    }
    settle(folder, &iaca)?;
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
    BuiltCrl::new(crl)
}

/// The same, unless the current list says all that is asked for and will do for a while yet. The key is not opened then.
/// A service knows by itself when: its list is taken over in any case.
///
/// # Errors
/// As [`build_crl`].
pub(crate) fn build_crl_if_due(
    folder: &AuthorityFolder,
    request: &CrlRequest,
    passphrases: &Passphrases,
) -> Result<BuiltCrl> {
    #[cfg(feature = "aws")]
    if folder.is_in_private_ca() {
        return build_crl(folder, request, passphrases);
    }
    settle(folder, &folder.read_iaca()?)?;
    let Some(current) = current_crl(folder)? else {
        return build_crl(folder, request, passphrases);
    };
    let due = {
        let view = CrlView::from_der(&current).map_err(|error| not_ours(folder).because(&error))?;
        let is_listed = |serial: &SerialNumber| {
            let mut listed = view.revoked();
            listed.any(|entry| {
                SerialNumber::from_content(entry.serial.as_bytes()).is_ok_and(|it| it == *serial)
            })
        };
        let says_all = request.revoked.iter().all(|it| is_listed(&it.serial))
            && !request.expired.iter().any(is_listed);
        says_all.then(|| due_after(&view))
    };
    match due {
        Some(due) if request.at < due => Ok(BuiltCrl {
            next_due: Some(due),
            ..BuiltCrl::new(current)?
        }),
        _ => build_crl(folder, request, passphrases),
    }
}

/// When the list after this one is built: half of its life is left for whoever has to notice that nobody does.
fn due_after(crl: &CrlView<'_>) -> OffsetDateTime {
    let made = crl.this_update().at;
    let life: Duration = crl
        .next_update()
        .map_or(Duration::ZERO, |next| next.at - made);
    made + OLDEST.min(life / 2)
}

/// Makes current what a run that was broken off has signed and kept.
fn settle(folder: &AuthorityFolder, iaca: &Iaca) -> Result<()> {
    let mut current = current_crl(folder)?;
    let last = current.as_deref().and_then(number_of).unwrap_or_default();
    let mut number = last.saturating_add(1);
    while folder.crl_number(number).exists() {
        let kept = input::read(&folder.crl_number(number))?;
        let is_ours = CrlView::from_der(&kept)
            .is_ok_and(|view| view.verify_signature(iaca.issuer.key()).is_ok());
        if is_ours && number_of(&kept) == Some(number) {
            replace(&folder.crl(), &kept, Readers::Everyone)?;
            current = Some(kept);
        }
        number = number.saturating_add(1);
    }
    let Some(current) = current else {
        return Ok(());
    };
    let pem = pem::encode("X509 CRL", &current);
    if std::fs::read(folder.crl_pem()).is_ok_and(|written| written == pem.as_bytes()) {
        return Ok(());
    }
    replace(&folder.crl_pem(), pem.as_bytes(), Readers::Everyone)
}

impl BuiltCrl {
    fn new(crl: Vec<u8>) -> Result<Self> {
        Ok(Self {
            number: number_of(&crl).ok_or_else(|| Failure::no("the CRL has no usable number"))?,
            crl,
            next_due: None,
        })
    }
}

fn not_ours(folder: &AuthorityFolder) -> Failure {
    Failure::usage(format!("{}: not a CRL of ours", folder.crl().display()))
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

/// The number of a list, if it is one that a person might have given it.
pub(super) fn number_of(crl: &[u8]) -> Option<u64> {
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
        CrlView::from_der(current).map_err(|error| not_ours(folder).because(&error))?;
        last = number_of(current).ok_or_else(|| {
            not_ours(folder).hint("its number is missing or too large to count on from")
        })?;
    }
    while folder.crl_number(last.saturating_add(1)).exists() {
        last = last.saturating_add(1);
    }
    Ok(last.saturating_add(1))
}
