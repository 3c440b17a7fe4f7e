//! Where certificates are looked for.

use std::path::{Path, PathBuf};

use clap::Args;
#[cfg(feature = "aws")]
use mdl_signer_aws::private_ca::CertificateAuthorityArn;
use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use super::found::{Found, FoundCertificate, KeyPlace};
use crate::authority::RETIRED;
#[cfg(feature = "aws")]
use crate::authority::private_ca::issued_by_private_ca;
use crate::failure::{Failure, Result};
use crate::{files, input};

/// A settings file, a configuration.
const MAX_TEXT_BYTES: u64 = 1 << 20;
const MAX_DOCUMENT_BYTES: u64 = 32 << 20;

/// Where to look; several may be given.
#[derive(Args, Clone, Debug)]
pub(crate) struct SourceOptions {
    /// Folder of an authority [default: mdl-authority, or MDL_AUTHORITY, if nothing else is given]
    #[arg(long, value_name = "DIR")]
    authority: Vec<PathBuf>,
    /// Configuration of the issuing service: the certificates it names; its keys and secrets are not read
    #[arg(long, value_name = "FILE")]
    config: Vec<PathBuf>,
    /// What an authority in AWS Private CA has issued, by its ARN, to whomever
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "ARN", requires = "audit_bucket")]
    private_ca: Option<CertificateAuthorityArn>,
    /// Bucket that it writes audit reports to, one in 30 minutes, and its CRL
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "BUCKET", requires = "private_ca")]
    audit_bucket: Option<String>,
    /// How long the document signers that it issued have to be valid after their last signature
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "DAYS", requires = "private_ca")]
    longest_mso_life_days: Option<u32>,
    /// Certificates and CRLs, or folders with them
    #[arg(value_name = "FILE|DIR")]
    files: Vec<PathBuf>,
}

/// Looks everywhere.
///
/// # Errors
/// Exit code 2 if something that was named is not there, or nothing was found.
pub(crate) fn read_sources(options: &SourceOptions, at: OffsetDateTime) -> Result<Found> {
    let mut found = Found::default();
    for config in &options.config {
        of_config(config, &mut found)?;
    }
    #[cfg(feature = "aws")]
    let asked_elsewhere = of_private_ca(options, at, &mut found)?;
    #[cfg(not(feature = "aws"))]
    let asked_elsewhere = {
        let _ = at;
        false
    };
    let mut folders = options.authority.clone();
    let is_nothing_else = options.config.is_empty() && options.files.is_empty() && !asked_elsewhere;
    if folders.is_empty() && is_nothing_else {
        let folder = std::env::var_os("MDL_AUTHORITY").unwrap_or_else(|| "mdl-authority".into());
        folders.push(folder.into());
    }
    for path in folders.iter().chain(&options.files) {
        match path.is_dir() {
            true => of_folder(path, &mut found)?,
            false => {
                let content = input::read_at_most(path, MAX_DOCUMENT_BYTES)?;
                found.take(&content, &FoundCertificate::new(path.clone(), ""));
            }
        }
    }
    if found.certificates.is_empty() && found.crls.is_empty() && found.unusable.is_empty() {
        return Err(Failure::usage("there are no certificates").hint(
            "make some with `mdl iaca init` and `mdl ds issue`, or give --authority, --config or files",
        ));
    }
    Ok(found)
}

/// Whether there was one to be asked.
#[cfg(feature = "aws")]
fn of_private_ca(options: &SourceOptions, at: OffsetDateTime, found: &mut Found) -> Result<bool> {
    let (Some(arn), Some(bucket)) = (&options.private_ca, &options.audit_bucket) else {
        return Ok(false);
    };
    let issued = issued_by_private_ca(arn, bucket, at)?;
    let of_authority = |name: &str| FoundCertificate::new(name.into(), arn.as_str());
    found.take(&issued.root, &of_authority(arn.as_str()));
    for (certificate, der) in &issued.certificates {
        let mut like = of_authority(certificate.as_str());
        like.longest_mso_life = options
            .longest_mso_life_days
            .map(|days| Duration::days(days.into()));
        found.take(der, &like);
    }
    if let Some(crl) = &issued.crl {
        let place = format!("s3://{bucket}/crl/{}.crl", arn.id());
        found.take(crl, &of_authority(&place));
    }
    Ok(true)
}

fn of_folder(folder: &Path, found: &mut Found) -> Result<()> {
    let owner = folder.display().to_string();
    for file in files::below(folder)? {
        let below = file.strip_prefix(folder).unwrap_or(&file);
        // Names beginning with a dot are folders in the making.
        let is_hidden = below
            .iter()
            .any(|part| part.to_string_lossy().starts_with('.'));
        let is_document = has_extension(&file, &["pem", "der", "crt", "cer", "crl"]);
        if is_hidden || !is_document || is_of_a_retired_root(&file) {
            continue;
        }
        let content = input::read_at_most(&file, MAX_DOCUMENT_BYTES)?;
        if !is_certificate_or_crl(&file, &content) {
            continue;
        }
        let mut like = FoundCertificate::new(file.clone(), &owner);
        let parent = file.parent().unwrap_or(Path::new(""));
        if file
            .file_name()
            .is_some_and(|name| name == "certificate.pem")
        {
            like.key = key_beside(parent)?;
            like.longest_mso_life = life_beside(parent)?;
        }
        found.take(&content, &like);
    }
    Ok(())
}

/// Its certificate and its lists: nobody has to do anything about them any more.
fn is_of_a_retired_root(file: &Path) -> bool {
    let folder = file.parent().unwrap_or(Path::new(""));
    let root = folder.parent().unwrap_or(Path::new(""));
    let kind = folder.file_name().unwrap_or_default();
    (kind == "iaca" || kind == "crl") && root.join("iaca").join(RETIRED).exists()
}

/// Keys and requests lie beside certificates and are none of ours.
fn is_certificate_or_crl(file: &Path, content: &[u8]) -> bool {
    let has = |label: &[u8]| content.windows(label.len()).any(|bytes| bytes == label);
    if has(b"-----BEGIN ") {
        return has(b"-----BEGIN CERTIFICATE-----") || has(b"-----BEGIN X509 CRL-----");
    }
    !has_extension(file, &["pem"])
}

fn has_extension(file: &Path, extensions: &[&str]) -> bool {
    let extension = file.extension().unwrap_or_default().to_ascii_lowercase();
    extensions.iter().any(|known| extension == *known)
}

fn key_beside(folder: &Path) -> Result<Option<KeyPlace>> {
    let uri = folder.join("key.uri");
    if uri.exists() {
        let uri = input::read_at_most(&uri, MAX_TEXT_BYTES)?;
        return Ok(Some(KeyPlace::of_uri(&String::from_utf8_lossy(&uri))));
    }
    Ok(folder.join("key.pem").exists().then_some(KeyPlace::File))
}

/// What `mdl ds issue` keeps of a document signer.
#[derive(Deserialize)]
struct SignerSettings {
    longest_mso_life_days: u32,
}

fn life_beside(folder: &Path) -> Result<Option<Duration>> {
    let path = folder.join("signer.json");
    if !path.exists() {
        return Ok(None);
    }
    let content = input::read_at_most(&path, MAX_TEXT_BYTES)?;
    let settings: SignerSettings = serde_json::from_slice(&content).map_err(|error| {
        Failure::usage(format!("{} is damaged", path.display())).because(&error)
    })?;
    Ok(Some(Duration::days(settings.longest_mso_life_days.into())))
}

/// As much of a configuration as tells of certificates.
#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    tenants: Vec<TenantPart>,
}

#[derive(Deserialize)]
struct TenantPart {
    name: String,
    issuer: String,
    authority: AuthorityPart,
}

#[derive(Deserialize)]
struct AuthorityPart {
    #[serde(default)]
    iaca_certificates: Vec<PathBuf>,
    crl: Option<PathBuf>,
    #[serde(default)]
    further_crls: Vec<PathBuf>,
    #[serde(default)]
    document_signers: Vec<SignerPart>,
    document_signer_folder: Option<FolderPart>,
    status_signer: Option<SignerPart>,
}

#[derive(Deserialize)]
struct FolderPart {
    path: PathBuf,
}

#[derive(Deserialize)]
struct SignerPart {
    certificate: PathBuf,
    key: Option<String>,
    longest_mso_life: Option<String>,
}

fn of_config(path: &Path, found: &mut Found) -> Result<()> {
    let content = input::read_at_most(path, MAX_TEXT_BYTES)?;
    let unusable = || {
        Failure::usage(format!(
            "{}: not a configuration of the service",
            path.display()
        ))
    };
    let text = std::str::from_utf8(&content).map_err(|error| unusable().because(&error))?;
    let config: Configuration = toml::from_str(text).map_err(|error| unusable().because(&error))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    for tenant in &config.tenants {
        let of_tenant = |file: &Path| FoundCertificate::new(folder.join(file), &tenant.name);
        let authority = &tenant.authority;
        for (number, file) in authority.iaca_certificates.iter().enumerate() {
            let mut like = of_tenant(file);
            like.published.push(format!("{}/iaca.pem", tenant.issuer));
            // The first is the newest, which is also to be had alone.
            if number == 0 {
                like.published.push(format!("{}/iaca.der", tenant.issuer));
            }
            take_file(&like, found);
        }
        for signer in authority
            .document_signers
            .iter()
            .chain(&authority.status_signer)
        {
            let mut like = of_tenant(&signer.certificate);
            like.key = signer.key.as_deref().map(KeyPlace::of_uri);
            let life = signer.longest_mso_life.as_deref();
            like.longest_mso_life = life.and_then(duration);
            if life.is_some() && like.longest_mso_life.is_none() {
                return Err(
                    unusable().hint("longest_mso_life is a number and a unit, such as \"90d\"")
                );
            }
            take_file(&like, found);
        }
        if let Some(part) = &authority.document_signer_folder {
            of_signers(&folder.join(&part.path), &tenant.name, found)?;
        }
        let crls = authority.crl.iter().chain(&authority.further_crls);
        for (number, file) in crls.enumerate() {
            let before = found.crls.len();
            take_file(&of_tenant(file), found);
            let address = match number {
                0 => format!("{}/crl", tenant.issuer),
                _ => format!("{}/crl/{}", tenant.issuer, number + 1),
            };
            for crl in found.crls.iter_mut().skip(before) {
                crl.published.push(address.clone());
            }
        }
    }
    Ok(())
}

/// The document signers of a folder, each in one of its own.
fn of_signers(folder: &Path, tenant: &str, found: &mut Found) -> Result<()> {
    let Ok(signers) = folder.read_dir() else {
        found.unusable(folder, "cannot be read");
        return Ok(());
    };
    let mut signers: Vec<_> = signers.flatten().map(|signer| signer.path()).collect();
    signers.sort();
    for signer in signers {
        let name = signer.file_name().unwrap_or_default();
        if !signer.is_dir() || name.to_string_lossy().starts_with('.') {
            continue;
        }
        let mut like = FoundCertificate::new(signer.join("certificate.pem"), tenant);
        like.key = key_beside(&signer)?;
        like.longest_mso_life = life_beside(&signer)?;
        take_file(&like, found);
    }
    Ok(())
}

/// A file that a configuration names and that is not there is something to be reported, not the end of the report.
fn take_file(like: &FoundCertificate, found: &mut Found) {
    match input::read_at_most(&like.file, MAX_DOCUMENT_BYTES) {
        Ok(content) => found.take(&content, like),
        Err(_) => found.unusable(&like.file, "cannot be read"),
    }
}

/// A duration as configurations have it.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let number: i64 = number.parse().ok()?;
    let unit = match unit.trim_start() {
        "s" => 1,
        "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    Some(Duration::seconds(number.checked_mul(unit)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_the_service_reads_them() {
        for (text, seconds) in [
            ("90d", 7_776_000),
            ("12 h", 43_200),
            ("10min", 600),
            ("30s", 30),
        ] {
            assert_eq!(duration(text), Some(Duration::seconds(seconds)), "{text}");
        }
        for wrong in [
            "",
            "d",
            "90",
            "90 years",
            "-1d",
            "99999999999999999999d",
            "9223372036854775807d",
        ] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
