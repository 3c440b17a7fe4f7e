//! A root in AWS Private CA: `private-ca/state.json` says which, instead of a key beside the root certificate.
//!
//! What a run begins is kept below `private-ca/` until it is finished, so that the next run goes on with it: the state
//! of the root, and per document signer its key and request.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mdl_iaca::certificate::MAX_CRL_BYTES;
use mdl_iaca::profile::{Contact, DistinguishedName, Validity};
use mdl_issuer::operations::tls::install_provider;
use mdl_signer_aws::private_ca::{
    AuditReport, AuthorityStatus, CertificateArn, CertificateAuthorityArn, CrlPublication,
    CrlSource, IssuedByAuthority, Patience, PlannedCall, PrivateCa, PrivateCaAuthority,
    PrivateCaError, RootOrder, StateFile, adopt_root, create_root, plan_root,
};
use mdl_signer_aws::{AwsAccess, AwsSettings};
use time::OffsetDateTime;

use super::{AuthorityFolder, Iaca, start_of_day};
use crate::failure::{Failure, Result};
use crate::files::{NewFolder, Readers, write_new};
use crate::output::remark;
use crate::pem;
use crate::runtime::wait_for;

/// Calls of the service take longer than signatures.
const ATTEMPT: Duration = Duration::from_secs(10);
const CALL: Duration = Duration::from_secs(40);

/// Where the service is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    /// Otherwise the default chain's.
    pub(crate) region: Option<String>,
    /// Otherwise the default chain's.
    pub(crate) endpoint_url: Option<String>,
}

/// A root that the service is to make.
#[derive(Clone, Debug)]
pub(crate) struct ServiceRoot {
    pub(crate) name: DistinguishedName,
    pub(crate) contact: Contact,
    pub(crate) curve: mdl_crypto::Curve,
    pub(crate) validity_days: u32,
    pub(crate) at: OffsetDateTime,
    pub(crate) crl: CrlPublication,
}

/// What a person found out about a request that was never answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Settlement {
    /// There is no certificate.
    Again,
    /// This is the one.
    Found(CertificateArn),
}

impl FromStr for Settlement {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "again" => Ok(Self::Again),
            arn => arn
                .parse()
                .map(Self::Found)
                .map_err(|error| format!("expected `again`, or {error}")),
        }
    }
}

impl AuthorityFolder {
    fn private_ca(&self) -> PathBuf {
        self.root().join("private-ca")
    }

    fn state(&self) -> PathBuf {
        self.private_ca().join("state.json")
    }

    /// Where a document signer is kept until it has its certificate.
    pub(super) fn begun(&self, name: &super::SignerName) -> PathBuf {
        self.private_ca().join("ds").join(name.to_string())
    }

    /// Whether the root was made, or begun, in AWS Private CA. Only the first one can have been.
    pub(crate) fn is_in_private_ca(&self) -> bool {
        self.root_number() == 1 && self.state().exists()
    }
}

/// The way to AWS of the default chain, for calls that may take a while.
pub(crate) fn aws_access() -> Result<AwsAccess> {
    access(&Place::default())
}

fn access(place: &Place) -> Result<AwsAccess> {
    install_provider();
    let settings = AwsSettings {
        region: place.region.clone(),
        endpoint_url: place.endpoint_url.clone(),
        attempt_timeout: ATTEMPT,
        call_timeout: CALL,
    };
    wait_for(async move { AwsAccess::load(&settings).await })
}

fn service(place: &Place) -> Result<PrivateCa> {
    let access = access(place)?;
    PrivateCa::new(&access, Patience::default()).map_err(|error| {
        Failure::usage("AWS Private CA cannot be asked")
            .because(&error)
            .hint("give --region, or set AWS_REGION")
    })
}

fn order(root: &ServiceRoot) -> Result<RootOrder> {
    let validity = Validity::days(start_of_day(root.at), root.validity_days)
        .map_err(|error| Failure::no("the root certificate was not made").because(&error))?;
    Ok(RootOrder {
        name: root.name.clone(),
        contact: root.contact.clone(),
        curve: root.curve,
        validity,
        crl: root.crl.clone(),
    })
}

/// Every call that [`create`] will make.
pub(crate) fn plan(
    folder: &AuthorityFolder,
    root: &ServiceRoot,
    place: &Place,
) -> Result<Vec<PlannedCall>> {
    let state = open_state(folder)?;
    let service = service(&place_of(state.as_ref(), place))?;
    plan_root(&order(root)?, service.region(), state.as_ref()).map_err(|error| root_failure(&error))
}

/// Makes the root, or goes on with one that was begun, and writes its certificate.
///
/// # Errors
/// Exit code 1 for what the profile or the linter refuses, 3 if the service is out of reach.
pub(crate) fn create(
    folder: &AuthorityFolder,
    root: &ServiceRoot,
    place: &Place,
    settlement: Option<&Settlement>,
) -> Result<Vec<u8>> {
    let state = open_state(folder)?;
    let place = place_of(state.as_ref(), place);
    let service = service(&place)?;
    let order = order(root)?;
    let mut state = match state {
        Some(state) => state,
        None => {
            // What the profile refuses leaves no file behind either.
            plan_root(&order, service.region(), None).map_err(|error| root_failure(&error))?;
            StateFile::create(
                &folder.state(),
                service.region(),
                place.endpoint_url.as_deref(),
            )
            .map_err(|error| root_failure(&error.into()))?
        }
    };
    settle(&mut state, settlement)?;
    let mut step = |what: &str| remark(what);
    let made = wait_for(create_root(&service, &order, &mut state, &mut step))?;
    let der = made.map_err(|error| root_failure(&error))?.into_der();
    write_root(folder, &der)?;
    Ok(der)
}

/// Takes over a root that is in use already.
pub(crate) fn adopt(
    folder: &AuthorityFolder,
    arn: &CertificateAuthorityArn,
    endpoint_url: Option<&str>,
) -> Result<Vec<u8>> {
    let place = Place {
        region: Some(arn.region().to_owned()),
        endpoint_url: endpoint_url.map(str::to_owned),
    };
    let service = service(&place)?;
    let mut state = match open_state(folder)? {
        Some(state) => match state.certificate_authority() {
            Ok(Some(known)) if known != *arn => {
                return Err(Failure::usage(format!("this folder is that of {known}"))
                    .hint("choose another with --authority DIR"));
            }
            _ => state,
        },
        None => StateFile::create(&folder.state(), arn.region(), endpoint_url)
            .map_err(|error| root_failure(&error.into()))?,
    };
    let adopted = wait_for(adopt_root(&service, arn, &mut state))?;
    let der = match adopted {
        Ok(der) => der,
        Err(error) => {
            if matches!(state.certificate_authority(), Ok(None)) {
                // Nothing was begun: the folder is left as it was found.
                let _ = std::fs::remove_dir_all(folder.private_ca());
            }
            return Err(root_failure(&error));
        }
    };
    write_root(folder, &der)?;
    Ok(der)
}

/// What the service says of the authority.
pub(crate) fn status(
    folder: &AuthorityFolder,
) -> Result<(CertificateAuthorityArn, AuthorityStatus)> {
    let (service, arn) = existing(folder)?;
    let status = wait_for(service.status(&arn))?.map_err(|error| service_failure(&error))?;
    Ok((arn, status))
}

/// All that an authority has issued, whether this folder or anybody knows of it.
pub(crate) fn issued_by_private_ca(
    arn: &CertificateAuthorityArn,
    bucket: &str,
    at: OffsetDateTime,
) -> Result<IssuedByAuthority> {
    let place = Place {
        region: Some(arn.region().to_owned()),
        endpoint_url: None,
    };
    let service = service(&place)?;
    wait_for(service.all_issued(arn, bucket, at))?.map_err(|error| service_failure(&error))
}

/// Has an audit report written.
pub(crate) fn audit_report(folder: &AuthorityFolder, bucket: &str) -> Result<AuditReport> {
    let (service, arn) = existing(folder)?;
    wait_for(service.audit_report(&arn, bucket))?.map_err(|error| service_failure(&error))
}

/// The authority, ready to certify and revoke.
pub(super) fn open(folder: &AuthorityFolder, iaca: &Iaca) -> Result<PrivateCaAuthority> {
    let state = open_state(folder)?.ok_or_else(|| not_begun(folder))?;
    let service = service(&place_of(Some(&state), &Place::default()))?;
    PrivateCaAuthority::new(service, &iaca.der, state, Arc::new(WebServer::new()?))
        .map_err(|error| service_failure(&error))
}

/// Settles the doubts of an authority before it is asked again.
pub(crate) fn settle_doubts(folder: &AuthorityFolder, settlement: &Settlement) -> Result<()> {
    let mut state = open_state(folder)?.ok_or_else(|| not_begun(folder))?;
    settle(&mut state, Some(settlement))
}

fn settle(state: &mut StateFile, settlement: Option<&Settlement>) -> Result<()> {
    let found = match settlement {
        None => return Ok(()),
        Some(Settlement::Again) => None,
        Some(Settlement::Found(arn)) => Some(arn),
    };
    if state.doubts().is_empty() {
        return Err(Failure::usage("nothing is in doubt").hint("leave --in-doubt out"));
    }
    state
        .settle(found)
        .map_err(|error| root_failure(&error.into()))
}

fn existing(folder: &AuthorityFolder) -> Result<(PrivateCa, CertificateAuthorityArn)> {
    let state = open_state(folder)?.ok_or_else(|| not_begun(folder))?;
    let arn = state
        .certificate_authority()
        .map_err(|error| service_failure(&error))?
        .ok_or_else(|| not_begun(folder))?;
    Ok((service(&place_of(Some(&state), &Place::default()))?, arn))
}

fn not_begun(folder: &AuthorityFolder) -> Failure {
    folder.missing(
        "there is no root in AWS Private CA",
        "make one with `mdl iaca init --ca private-ca`, or take one over with `mdl iaca adopt`",
    )
}

fn open_state(folder: &AuthorityFolder) -> Result<Option<StateFile>> {
    StateFile::open(&folder.state()).map_err(|error| root_failure(&error.into()))
}

/// What the state file says goes before what is asked for: an authority does not move.
fn place_of(state: Option<&StateFile>, place: &Place) -> Place {
    match state {
        Some(state) => Place {
            region: Some(state.region().to_owned()),
            endpoint_url: state.endpoint_url().map(str::to_owned),
        },
        None => place.clone(),
    }
}

fn write_root(folder: &AuthorityFolder, der: &[u8]) -> Result<()> {
    let files = NewFolder::start(&folder.iaca())?;
    let text = pem::encode("CERTIFICATE", der);
    write_new(
        &files.file("certificate.pem"),
        text.as_bytes(),
        Readers::Everyone,
    )?;
    files.finish()
}

fn root_failure(error: &PrivateCaError) -> Failure {
    failure("the root certificate was not made", error)
}

fn service_failure(error: &PrivateCaError) -> Failure {
    failure("AWS Private CA did not do it", error)
}

fn failure(what: &str, error: &PrivateCaError) -> Failure {
    let failure = match error {
        error if error.may_pass() => Failure::outside(what)
            .because(error)
            .hint("run the same command again: it goes on where this one stopped"),
        PrivateCaError::StateFile(_) | PrivateCaError::Arn(_) | PrivateCaError::NoRegion => {
            Failure::usage(what).because(error)
        }
        error => Failure::no(what).because(error),
    };
    with_hint(failure, error)
}

/// What a person can do about it.
pub(super) fn with_hint(failure: Failure, error: &PrivateCaError) -> Failure {
    match error {
        PrivateCaError::InDoubt(_) => failure.hint(
            "look for the token in CloudTrail (IssueCertificate), or for the certificate in the report of `mdl iaca \
             audit-report`; then run it again with --in-doubt CERTIFICATE-ARN, or --in-doubt again if there is none",
        ),
        PrivateCaError::Accept(_) => failure.hint(
            "the authority stays as it is and costs money until it is deleted (`aws acm-pca \
             delete-certificate-authority`); the state file names it",
        ),
        _ => failure,
    }
}

/// The web server that publishes the CRL. What it gives is verified with the root's key, so it need not be trusted.
#[derive(Debug)]
struct WebServer(reqwest::Client);

impl WebServer {
    fn new() -> Result<Self> {
        reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .redirect(reqwest::redirect::Policy::limited(3))
            .build()
            .map(Self)
            .map_err(|error| Failure::outside("no way to fetch the CRL").because(&error))
    }
}

#[async_trait]
impl CrlSource for WebServer {
    async fn fetch(
        &self,
        url: &str,
    ) -> std::result::Result<Option<Vec<u8>>, Box<dyn std::error::Error + Send + Sync>> {
        let mut answer = self.0.get(url).send().await?;
        // A bucket says 403 of an object that is not there, to whom may not list it.
        if [403, 404].contains(&answer.status().as_u16()) {
            return Ok(None);
        }
        answer.error_for_status_ref()?;
        let mut content = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            content.extend_from_slice(&chunk);
            if content.len() > MAX_CRL_BYTES {
                return Err(format!("more than {MAX_CRL_BYTES} bytes").into());
            }
        }
        Ok(Some(content))
    }
}
