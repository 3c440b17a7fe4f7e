//! Publishing a CRL: where the certificates say that it is, in place of the one before it and of nothing else.
//!
//! Readers take what lies there for the newest list. So nothing is published that the linter finds fault with, that is
//! over, or that is older than what is published already; whoever publishes an older list takes revocations back. It is
//! written in one step, only if what was looked at is still there, and read back.
//!
//! ISO/IEC 18013-5, Table B.10: the CRL number strictly increases.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use mdl_iaca::certificate::{CertificateView, CrlView, MAX_CRL_BYTES};
use mdl_iaca::lint::{Severity, lint_crl, lint_crl_sequence};
#[cfg(feature = "aws")]
use mdl_signer_aws::{S3Object, S3Place, S3WriteError, Stored, Successor};
use time::OffsetDateTime;

use super::crl::number_of;
use crate::certificate_text::crl_url;
use crate::failure::{Failure, Result};
use crate::files::{Readers, lock_folder_of, replace};
use crate::input;
#[cfg(feature = "aws")]
use crate::runtime::wait_for;
use crate::verification_report::rfc3339;

/// Private CA writes reason codes, which nobody but itself can take out again.
const REASON_CODES: &str = "crl-entry-extensions";
/// A new list reaches readers within minutes.
#[cfg(feature = "aws")]
const MAX_AGE_SECONDS: u32 = 300;

/// Where something is kept for others: a CRL that is published.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// A file, or a folder, in which it has the name that it has in certificates.
    Path(PathBuf),
    /// An object in S3, or a prefix that ends in `/`.
    #[cfg(feature = "aws")]
    S3(S3Place),
}

impl Place {
    /// Whether it is one file, so that it has room for the list of one root.
    pub(crate) fn is_for_one(&self) -> bool {
        match self {
            Self::Path(path) => !path.is_dir() && !ends_in_separator(path),
            #[cfg(feature = "aws")]
            Self::S3(place) => !place.key().is_empty() && !place.key().ends_with('/'),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            #[cfg(feature = "aws")]
            Self::S3(place) => place.fmt(f),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        if text.starts_with("s3://") {
            #[cfg(feature = "aws")]
            return text
                .parse()
                .map(Self::S3)
                .map_err(|error: mdl_signer_aws::NotAnS3Place| error.to_string());
            #[cfg(not(feature = "aws"))]
            return Err("this mdl was built without AWS (cargo feature `aws`)".to_owned());
        }
        Ok(Self::Path(text.into()))
    }
}

/// A list that is fit to be published.
#[derive(Debug)]
pub(crate) struct Publication<'a> {
    pub(crate) number: u64,
    crl: &'a [u8],
    iaca: &'a [u8],
}

/// What publishing it at a place came to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Published {
    /// The file or object.
    pub(crate) place: String,
    /// Whether it was not there yet.
    pub(crate) changed: bool,
}

impl<'a> Publication<'a> {
    /// Examines `crl`, of the root `iaca`. A list by AWS Private CA may have the reason codes that the service writes.
    ///
    /// # Errors
    /// Exit code 1 if readers would not take it.
    pub(crate) fn new(
        crl: &'a [u8],
        iaca: &'a [u8],
        of_private_ca: bool,
        at: OffsetDateTime,
    ) -> Result<Self> {
        let refused = |what: String| Failure::no(format!("the CRL was not published: {what}"));
        let unreadable =
            |error: &dyn std::error::Error| Failure::no("the CRL was not published").because(error);
        let view = CrlView::from_der(crl).map_err(|error| unreadable(&error))?;
        let issuer = CertificateView::from_der(iaca).map_err(|error| unreadable(&error))?;
        for finding in lint_crl(&view, Some(&issuer)) {
            let is_excused = of_private_ca && finding.id() == REASON_CODES;
            if finding.severity() == Severity::Error && !is_excused {
                return Err(refused(finding.to_string()));
            }
        }
        let build = "build the next one with `mdl crl build`";
        match view.next_update() {
            Some(next) if next.at < at => {
                let what = format!("the next one was due on {}", rfc3339(next.at));
                return Err(refused(what).hint(build));
            }
            _ if view.this_update().at > at => {
                let made = rfc3339(view.this_update().at);
                return Err(refused(format!("it is of the future: {made}")));
            }
            _ => {}
        }
        let number = number_of(crl);
        Ok(Self {
            number: number.ok_or_else(|| refused("its number is too large".to_owned()))?,
            crl,
            iaca,
        })
    }

    /// Whether it has to be written in place of what is published now.
    fn replaces(&self, published: Option<&[u8]>, place: &str) -> Result<bool> {
        let Some(published) = published else {
            return Ok(true);
        };
        if published == self.crl {
            return Ok(false);
        }
        let refused =
            |what: String| Failure::no(format!("the CRL was not published at {place}: {what}"));
        let foreign = || {
            refused("what lies there is no CRL of this root".to_owned())
                .hint("check the place; if it is right, move away what lies there")
        };
        let old = CrlView::from_der(published).map_err(|_| foreign())?;
        let new = CrlView::from_der(self.crl).map_err(|_| foreign())?;
        let issuer = CertificateView::from_der(self.iaca).map_err(|_| foreign())?;
        let key = issuer.public_key_info().public_key();
        let is_of_this_root = old.issuer() == issuer.subject()
            && key.is_ok_and(|key| old.verify_signature(&key).is_ok());
        if !is_of_this_root {
            return Err(foreign());
        }
        // Numbers and times that grow: otherwise a revocation might be taken back.
        match lint_crl_sequence(&new, &old).first() {
            None => Ok(true),
            Some(finding) => Err(refused(format!("a newer one is published: {finding}"))
                .hint("fetch the newer list, or build the next one where it was built")),
        }
    }

    /// The last part of the address that the root's certificate gives.
    fn name(&self) -> Result<String> {
        let url = crl_url(self.iaca).unwrap_or_default();
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let name = path
            .split_once("://")
            .and_then(|(_, rest)| rest.rsplit_once('/'));
        let is_name = |name: &str| {
            let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            !name.is_empty() && !name.starts_with('.') && name.bytes().all(in_name)
        };
        match name {
            Some((_, name)) if is_name(name) => Ok(name.to_owned()),
            _ => Err(
                Failure::usage("the address in the root gives the CRL no name")
                    .hint("name the file, not only the folder"),
            ),
        }
    }
}

/// Publishes it at a place; where it is already, nothing changes.
///
/// # Errors
/// Exit code 1 if something newer or something else is there, 3 if the place cannot be reached or somebody else is
/// writing to it.
pub(crate) fn publish_crl(publication: &Publication<'_>, place: &Place) -> Result<Published> {
    match place {
        Place::Path(path) if !place.is_for_one() => {
            to_file(publication, &path.join(publication.name()?))
        }
        Place::Path(path) => to_file(publication, path),
        #[cfg(feature = "aws")]
        Place::S3(prefix) if !place.is_for_one() => {
            let key = format!("{}{}", prefix.key(), publication.name()?);
            let place = prefix
                .with_key(&key)
                .map_err(|error| Failure::usage("no such object").because(&error))?;
            to_s3(publication, &place)
        }
        #[cfg(feature = "aws")]
        Place::S3(place) => to_s3(publication, place),
    }
}

fn ends_in_separator(path: &Path) -> bool {
    path.to_string_lossy().ends_with(std::path::is_separator)
}

fn to_file(publication: &Publication<'_>, path: &Path) -> Result<Published> {
    let place = path.display().to_string();
    // One at a time looks and writes; held until the end of this function.
    let _lock = lock_folder_of(path)?;
    let read = || match path.exists() {
        true => input::read_at_most(path, MAX_CRL_BYTES as u64).map(Some),
        false => Ok(None),
    };
    let changed = publication.replaces(read()?.as_deref(), &place)?;
    if changed {
        replace(path, publication.crl, Readers::Everyone)?;
        if read()?.as_deref() != Some(publication.crl) {
            return Err(not_kept(&place));
        }
    }
    Ok(Published { place, changed })
}

#[cfg(feature = "aws")]
fn to_s3(publication: &Publication<'_>, place: &S3Place) -> Result<Published> {
    let name = place.to_string();
    let access = super::private_ca::aws_access()?;
    let failed = |error: &mdl_signer_aws::CallError| {
        let what = format!("{place} cannot be reached");
        match error.may_pass() {
            true => Failure::outside(what).because(error),
            false => Failure::usage(what).because(error),
        }
    };
    let object = S3Object::new(&access, place).map_err(|error| failed(&error))?;
    let read = || -> Result<Option<Stored>> {
        wait_for(object.read(MAX_CRL_BYTES))?.map_err(|error| failed(&error))
    };
    let published = read()?;
    let bytes = published.as_ref().map(|stored| stored.bytes.as_slice());
    let changed = publication.replaces(bytes, &name)?;
    if changed {
        let successor = Successor {
            bytes: publication.crl,
            content_type: "application/pkix-crl",
            max_age: MAX_AGE_SECONDS,
        };
        match wait_for(object.write(&successor, published.as_ref()))? {
            Ok(()) => {}
            Err(S3WriteError::Call(error)) => return Err(failed(&error)),
            Err(error) => {
                return Err(Failure::outside(format!("{place} was not written"))
                    .because(&error)
                    .hint("run it again: it looks anew"));
            }
        }
        if read()?.is_none_or(|stored| stored.bytes != publication.crl) {
            return Err(not_kept(&name));
        }
    }
    Ok(Published {
        place: name,
        changed,
    })
}

fn not_kept(place: &str) -> Failure {
    Failure::outside(format!("{place} does not hold what was written there"))
        .hint("see who else writes there, and run it again")
}
