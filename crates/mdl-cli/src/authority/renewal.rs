//! A new key for the root: a new root certificate, the old root's word for it, and its first CRL.
//!
//! The link certificate (ISO/IEC 18013-5, Table B.2) is signed by the old key over the new name and key, and lives no
//! longer than the old root. Everything is made in a folder of its own, `.root-next`, which gets its name when all of it is
//! there: until then the authority has one root, and from then on it has two. A run that is broken off is finished by the
//! next one, which makes nothing twice.
//!
//! What is easy to get wrong: a certificate says where the CRL of *its* issuer is. The new root's lists need an address of
//! their own, while the link certificate names the old root's.

use std::path::PathBuf;

use mdl_iaca::certificate::CertificateView;
use mdl_iaca::profile::{LinkCertificateProfile, SerialNumber, Validity};
use time::Duration;

use super::iaca::IacaRequest;
use super::{
    AuthorityFolder, CrlRequest, Iaca, KeyChoice, build_crl_if_due, create_iaca, sign, start_of_day,
};
use crate::certificate_text::crl_url;
use crate::failure::{Failure, Result};
use crate::files::{Readers, lock_folder_of, write_new};
use crate::passphrase::Passphrases;
use crate::randomness::generator;
use crate::verification_report::rfc3339;

/// What the new root is to be.
#[derive(Clone, Debug)]
pub(crate) struct RenewalRequest {
    pub(crate) root: IacaRequest,
    /// As in the name of `root`.
    pub(crate) common_name: String,
    /// The days for which the old root vouches for it; otherwise to its own end.
    pub(crate) link_days: Option<u32>,
    /// From a CRL of the new root to the next.
    pub(crate) next_update_days: u32,
}

/// A new root in use.
#[derive(Clone, Debug)]
pub(crate) struct Renewal {
    /// The authority with its new root.
    pub(crate) folder: AuthorityFolder,
    pub(crate) iaca: Vec<u8>,
}

/// One step of a renewal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Step {
    pub(crate) what: String,
    /// Whether an earlier run did it.
    pub(crate) done: bool,
}

/// The new root on its way.
struct Next {
    old: AuthorityFolder,
    /// The folder that it is made in, an authority of its own until it is finished.
    next: AuthorityFolder,
}

impl Next {
    fn of(folder: &AuthorityFolder, request: &RenewalRequest) -> Result<Self> {
        let old = folder.with_root(folder.newest_root());
        let next = AuthorityFolder::new(folder.root().join(".root-next"));
        #[cfg(feature = "aws")]
        if old.is_in_private_ca() {
            return Err(Failure::no(
                "AWS Private CA signs no link certificates: its root has a path length of 0",
            )
            .hint("make a root of your own in another folder, and publish both"));
        }
        let iaca = old.read_iaca()?;
        for root in folder.roots() {
            if crl_url(&root.read_iaca()?.der).as_deref() == Some(&*request.root.crl_url) {
                return Err(Failure::usage(format!(
                    "{} is where the CRLs of root {} are",
                    request.root.crl_url,
                    root.root_number()
                ))
                .hint("the new root needs an address of its own"));
            }
        }
        let this = Self { old, next };
        this.validity_of_link(request, &iaca)?;
        this.agrees(request)?;
        Ok(this)
    }

    /// What an earlier run began is finished as it was begun.
    fn agrees(&self, request: &RenewalRequest) -> Result<()> {
        if !self.has_root() {
            return Ok(());
        }
        let begun = self.next.read_iaca()?.der;
        let common_name = CertificateView::from_der(&begun)
            .ok()
            .and_then(|view| view.subject().common_name().map(String::from));
        if crl_url(&begun).as_deref() == Some(&*request.root.crl_url)
            && common_name.as_deref() == Some(&*request.common_name)
        {
            return Ok(());
        }
        let what = format!(
            "{} holds another renewal, which was begun and not finished",
            self.next.root().display()
        );
        Err(Failure::usage(what).hint(
            "finish it with its own --name and --crl-url, or remove the folder: nothing has used it yet",
        ))
    }

    fn has_root(&self) -> bool {
        self.next.iaca_certificate().exists()
    }

    fn link(&self) -> PathBuf {
        self.next.link()
    }

    /// Within the old root.
    fn validity_of_link(&self, request: &RenewalRequest, old: &Iaca) -> Result<Validity> {
        let start = start_of_day(request.root.at).max(old.issuer.not_before());
        let end = request
            .link_days
            .and_then(|days| start.checked_add(Duration::days(i64::from(days))))
            .unwrap_or_else(|| old.issuer.not_after());
        let cannot = || Failure::no("the old root cannot vouch for a new one");
        if end > old.issuer.not_after() {
            let what = format!("it ends on {}", rfc3339(old.issuer.not_after()));
            return Err(cannot().hint(format!("{what}: give fewer --link-days")));
        }
        Validity::new(start, end).map_err(|error| cannot().because(&error))
    }

    fn sign_link(
        &self,
        request: &RenewalRequest,
        old: &Iaca,
        passphrases: &Passphrases,
    ) -> Result<String> {
        let new = self.next.read_iaca()?;
        let refused = |error: &dyn std::error::Error| {
            Failure::no("the link certificate was not made").because(error)
        };
        let old_crl = crl_url(&old.der).ok_or_else(|| {
            Failure::no("the old root does not say where its CRL is, so a link certificate cannot")
        })?;
        let seed = request.root.seed.as_ref();
        let mut rng = generator(seed, "iaca renew, link")?;
        let validity = self.validity_of_link(request, old)?;
        let profile = LinkCertificateProfile::new(&old.issuer, &new.issuer, validity, old_crl);
        let unsigned = profile
            .build(&SerialNumber::random(&mut rng))
            .map_err(|error| refused(&error))?;
        let key = self.old.open_iaca_key(old, seed, passphrases)?;
        let signature = sign(&*key, unsigned.to_be_signed())?;
        let link = unsigned
            .attach(&signature)
            .map_err(|error| refused(&error))?;
        Ok(link.to_pem())
    }
}

/// What a renewal would do, without doing it.
///
/// # Errors
/// As [`renew_iaca`], as far as it shows without a key.
pub(crate) fn plan_renewal(
    folder: &AuthorityFolder,
    request: &RenewalRequest,
) -> Result<Vec<Step>> {
    let next = Next::of(folder, request)?;
    let old = next.old.read_iaca()?;
    let root = &request.root;
    let starts = start_of_day(root.at);
    let ends = starts.checked_add(Duration::days(i64::from(root.validity_days)));
    let ends = ends.map_or_else(|| "?".to_owned(), rfc3339);
    let link = next.validity_of_link(request, &old)?;
    let number = next.old.root_number() + 1;
    let key = match &root.key {
        KeyChoice::New(curve) => format!("make a key on {} in an encrypted file", curve.name()),
        KeyChoice::Existing(uri) => format!("use the key {uri}"),
    };
    let has_crl = next.next.crl().exists();
    let steps = [
        (key, next.has_root()),
        (
            format!(
                "make a root with it: {}, valid {} to {ends}, CRLs at {}",
                request.common_name,
                rfc3339(starts),
                root.crl_url
            ),
            next.has_root(),
        ),
        (
            format!(
                "have root {} sign a link certificate to it, valid {} to {}",
                next.old.root_number(),
                rfc3339(link.not_before()),
                rfc3339(link.not_after())
            ),
            next.link().exists(),
        ),
        ("have it sign its first CRL".to_owned(), has_crl),
        (
            format!(
                "take it into use as root {number}: {}",
                folder.folder_of_root(number).display()
            ),
            false,
        ),
    ];
    Ok(steps.map(|(what, done)| Step { what, done }).to_vec())
}

/// Makes the new root and everything that belongs to it, and takes it into use.
///
/// # Errors
/// Exit code 1 for what a profile or the linter refuses, 2 if another renewal was begun and not finished.
pub(crate) fn renew_iaca(
    folder: &AuthorityFolder,
    request: &RenewalRequest,
    passphrases: &Passphrases,
) -> Result<Renewal> {
    let Next { old, next } = &Next::of(folder, request)?;
    let _lock = lock_folder_of(next.root())?;
    let this = Next::of(folder, request)?;
    let old_iaca = old.read_iaca()?;
    if !this.has_root() {
        create_iaca(next, &request.root, passphrases)?;
    }
    if !this.link().exists() {
        let link = this.sign_link(request, &old_iaca, passphrases)?;
        write_new(&this.link(), link.as_bytes(), Readers::Everyone)?;
    }
    let crl = CrlRequest {
        revoked: Vec::new(),
        expired: Vec::new(),
        next_update_days: request.next_update_days,
        at: request.root.at,
        seed: request.root.seed.clone(),
    };
    build_crl_if_due(next, &crl, passphrases)?;
    let number = old.root_number() + 1;
    let path = folder.folder_of_root(number);
    std::fs::rename(next.root(), &path).map_err(|error| {
        Failure::outside(format!("{} cannot be taken into use", path.display())).because(&error)
    })?;
    let folder = folder.with_root(number);
    Ok(Renewal {
        iaca: folder.read_iaca()?.der,
        folder,
    })
}
