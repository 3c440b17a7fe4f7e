use clap::Args;
use mdl_iaca::authority::{Revocation, RevocationReason};
use mdl_iaca::certificate::{CertificateView, CrlView, DocumentKind};
use mdl_iaca::lint::{Severity, lint_crl};
use mdl_iaca::profile::SerialNumber;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::Exit;
use crate::authority::{
    AuthorityFolder, AuthorityOptions, BuiltCrl, CrlRequest, build_crl, build_crl_if_due,
};
use crate::certificate_text;
use crate::failure::{Failure, Result};
use crate::input::{self, parse_time, time_or_now};
use crate::output::{Output, remark};
use crate::passphrase::PassphraseOptions;
use crate::randomness::Seed;
use crate::verification_report::rfc3339;

/// Build the next CRL: everything on the last one, and what is revoked now
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl crl build --revoke ds-2026 --passphrase-file pass.txt

The CRL has the profile of ISO/IEC 18013-5, Table B.10: full, with a number that always grows. Publish it \
(`mdl crl publish`) where the certificates say, at least every 90 days and within 48 hours of a revocation.\n\nWith \
--if-due it may be run every few minutes: it builds when there is something to revoke that is not on the list, or half \
of the list's life is over, or the list is 30 days old. A run that was broken off after signing is made good by the next. After \
`mdl iaca renew` every root in use gets its list.\n\nA root in AWS Private CA \
publishes by itself: certificates are revoked there, and the list that says so is fetched. It may take half an hour to \
appear; until then the command ends with 3 and may be repeated.")]
pub(crate) struct Build {
    #[command(flatten)]
    authority: AuthorityOptions,
    /// Only of this root, counted from 1 [default: of every root in use]
    #[arg(long, value_name = "NUMBER")]
    root: Option<u32>,
    /// Revoke a certificate: the name of a document or status signer, or a serial number in hexadecimal; may be repeated
    #[arg(long, value_name = "NAME|SERIAL")]
    revoke: Vec<String>,
    /// Why it is revoked, in the terms of RFC 5280, such as keyCompromise or superseded. AWS Private CA keeps it, and
    /// writes it into its CRL, where the profile has no room for any but unspecified
    #[arg(long, value_name = "REASON", requires = "revoke", value_parser = parse_reason)]
    reason: Option<RevocationReason>,
    /// Take an expired certificate off the list; may be repeated
    #[arg(long, value_name = "NAME|SERIAL")]
    expired: Vec<String>,
    /// Only if the next one is due
    #[arg(long)]
    if_due: bool,
    /// Days until the next CRL is due, at most 90
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    next_update_days: u32,
    /// The time to work at [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<OffsetDateTime>,
    /// Make the signature reproducible, for tests
    #[arg(long, value_name = "HEX")]
    seed: Option<Seed>,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    #[command(flatten)]
    output: Output,
}

impl Build {
    pub(super) fn run(&self) -> Result<Exit> {
        let whole = self.authority.folder();
        let roots = match self.root {
            Some(number) => vec![whole.root_numbered(number)?],
            None => whole.roots_in_use(),
        };
        let find = |names: &[String]| {
            let names = names.iter();
            names
                .map(|name| self.revocable(&whole, name))
                .collect::<Result<Vec<_>>>()
        };
        let (revoked, expired) = (find(&self.revoke)?, find(&self.expired)?);
        let passphrases = self.passphrase.when_needed();
        let (mut text, mut lists) = (String::new(), Vec::new());
        for folder in &roots {
            self.refuse_unfit(folder)?;
            let reason = self.reason.unwrap_or_default();
            let request = CrlRequest {
                revoked: of_root(&revoked, folder)
                    .map(|serial| Revocation { serial, reason })
                    .collect(),
                expired: of_root(&expired, folder).collect(),
                next_update_days: self.next_update_days,
                at: time_or_now(self.at),
                seed: self.seed.clone(),
            };
            let built = match self.if_due {
                true => build_crl_if_due(folder, &request, &passphrases)?,
                false => build_crl(folder, &request, &passphrases)?,
            };
            tell_errors(folder, &built.crl)?;
            text.push_str(&describe(folder, &built)?);
            lists.push(to_json(folder, &built));
        }
        self.output.result(
            || text,
            || {
                // That of the newest root is what most want to know of; there may be no other.
                let mut json = lists.pop().unwrap_or_default();
                if !lists.is_empty() {
                    json["of_earlier_roots"] = lists.into();
                }
                json
            },
        )?;
        Ok(Exit::Good)
    }

    /// What one kind of authority has no use for.
    fn refuse_unfit(&self, folder: &AuthorityFolder) -> Result<()> {
        #[cfg(feature = "aws")]
        let keeps_reasons = folder.is_in_private_ca();
        #[cfg(not(feature = "aws"))]
        let keeps_reasons = {
            let _ = folder;
            false
        };
        if self.reason.is_some() && !keeps_reasons {
            return Err(
                Failure::usage("an authority of our own writes no reasons into its CRL")
                    .hint("leave --reason out"),
            );
        }
        if !self.expired.is_empty() && keeps_reasons {
            return Err(
                Failure::usage("AWS Private CA itself takes what has expired off its CRL")
                    .hint("leave --expired out"),
            );
        }
        Ok(())
    }

    /// The serial number of what is to be revoked, and the number of the root that issued it: of a bare serial number,
    /// the newest one or the one that was named.
    fn revocable(&self, whole: &AuthorityFolder, text: &str) -> Result<(u32, SerialNumber)> {
        let named = self.root.unwrap_or_else(|| whole.root_number());
        match certificate_named(whole, text)? {
            None => Ok((named, spelled_out(text)?)),
            Some(der) => {
                let issuer = whole.root_of(&der).map_or(named, |root| root.root_number());
                if self.root.is_some_and(|root| root != issuer) {
                    let what = format!("{text} was issued by root {issuer}, not by root {named}");
                    return Err(Failure::usage(what).hint(format!("give --root {issuer}")));
                }
                Ok((issuer, serial_number_of(text, &der)?))
            }
        }
    }
}

fn of_root(
    serials: &[(u32, SerialNumber)],
    folder: &AuthorityFolder,
) -> impl Iterator<Item = SerialNumber> {
    let number = folder.root_number();
    let serials = serials.iter().filter(move |(root, _)| *root == number);
    serials.map(|(_, serial)| serial.clone())
}

fn describe(folder: &AuthorityFolder, built: &BuiltCrl) -> Result<String> {
    let (number, path) = (built.number, folder.crl());
    let what = match built.next_due {
        None => format!("made CRL {number}: {}", path.display()),
        Some(due) => format!("CRL {number} stays: the next is due on {}", rfc3339(due)),
    };
    Ok(format!(
        "{what}\n{}",
        certificate_text::crl_details(&built.crl)?
    ))
}

fn to_json(folder: &AuthorityFolder, built: &BuiltCrl) -> Value {
    json!({
        "root": folder.root_number(),
        "crl": folder.crl().to_string_lossy(),
        "number": built.number,
        "revoked": CrlView::from_der(&built.crl).map_or(0, |crl| crl.revoked().count()),
        "built": built.next_due.is_none(),
        "next_due": built.next_due.map(rfc3339),
    })
}

/// A service's list is taken over as it is, since nobody else can sign one: what is wrong with it is said.
fn tell_errors(folder: &AuthorityFolder, crl: &[u8]) -> Result<()> {
    let iaca = folder.read_iaca()?;
    let (Ok(crl), Ok(issuer)) = (CrlView::from_der(crl), CertificateView::from_der(&iaca.der))
    else {
        return Ok(());
    };
    for finding in lint_crl(&crl, Some(&issuer)) {
        if finding.severity() == Severity::Error {
            remark(&finding);
        }
    }
    Ok(())
}

fn parse_reason(text: &str) -> std::result::Result<RevocationReason, String> {
    RevocationReason::ALL
        .into_iter()
        .find(|reason| reason.name().eq_ignore_ascii_case(text))
        .ok_or_else(|| {
            let names: Vec<_> = RevocationReason::ALL
                .iter()
                .map(|reason| reason.name())
                .collect();
            format!("expected one of {}", names.join(", "))
        })
}

/// The certificate of the document or status signer of this name, if there is one.
fn certificate_named(folder: &AuthorityFolder, text: &str) -> Result<Option<Vec<u8>>> {
    let Ok(name) = text.parse() else {
        return Ok(None);
    };
    let named = [folder.document_signer(&name), folder.status_signer(&name)];
    let signer = match named.each_ref().map(|signer| signer.exists()) {
        [true, true] => {
            let what = format!("{text} is a document signer and a status signer");
            return Err(Failure::usage(what)
                .hint("give the serial number; `mdl inspect` prints it for a certificate"));
        }
        [true, false] => &named[0],
        [false, true] => &named[1],
        [false, false] => return Ok(None),
    };
    let path = signer.join("certificate.pem");
    input::read_one_pem_or_der(&path, DocumentKind::Certificate).map(Some)
}

fn spelled_out(text: &str) -> Result<SerialNumber> {
    let expected = || {
        Failure::usage(format!(
            "{text}: expected the name of a document or status signer, or a serial number in hexadecimal"
        ))
        .hint("`mdl ds list` prints both")
    };
    let digits = text.replace(':', "");
    let padded = if digits.len() % 2 == 1 {
        format!("0{digits}")
    } else {
        digits
    };
    let bytes = hex::decode(&padded).map_err(|_| expected())?;
    SerialNumber::from_be_bytes(&bytes).map_err(|error| expected().because(&error))
}

fn serial_number_of(name: &str, der: &[u8]) -> Result<SerialNumber> {
    let cannot = || Failure::usage(format!("{name} cannot be revoked"));
    let certificate = CertificateView::from_der(der).map_err(|error| cannot().because(&error))?;
    SerialNumber::from_content(certificate.serial().as_bytes())
        .map_err(|error| cannot().because(&error))
}
