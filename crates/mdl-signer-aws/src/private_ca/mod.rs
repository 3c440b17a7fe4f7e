//! AWS Private CA as certificate authority: the root's key never leaves AWS, and AWS also builds what is signed.
//!
//! | To | use |
//! |---|---|
//! | make the root, or go on with one that was begun | [`create_root`], after [`plan_root`] |
//! | take over a root that was made by other means | [`adopt_root`] |
//! | certify document signers and revoke them | [`PrivateCaAuthority`], a [`CertificateAuthority`] |
//! | see where it stands | [`PrivateCa::status`], [`PrivateCa::audit_report`] |
//! | see all that it issued, to whomever | [`PrivateCa::all_issued`] |
//!
//! Nothing here trusts the service to do as it is told. Its templates drop extensions without an error, count days from
//! another moment than notBefore, and write the distribution point that the authority is configured with. So each
//! certificate is first built and linted by a profile of [`mdl_iaca`], asked for in absolute times and custom
//! extensions, and [accepted](mdl_iaca::profile::UnsignedCertificate::accept) only if what came back says the same.
//!
//! The service remembers a request for five minutes and gives no list of what it issued. [`StateFile`] remembers for
//! longer: before a call that creates something its intent is written, afterwards its result, so that a run that died
//! goes on where it stopped and nothing is created twice.
//!
//! The service's CRLs carry reason codes, which Table B.10 forbids, for every reason but
//! [`Unspecified`](mdl_iaca::authority::RevocationReason::Unspecified). `docs/choosing-a-ca.md` compares the two kinds
//! of authority.
//!
//! [`CertificateAuthority`]: mdl_iaca::authority::CertificateAuthority

mod adopt;
mod arn;
mod audit_report;
mod authority;
mod error;
mod issue;
mod issued;
mod order;
mod patience;
mod plan;
mod request;
mod revocation;
mod root;
mod state;
mod status;

pub use adopt::adopt_root;
pub use arn::{CertificateArn, CertificateAuthorityArn, InvalidArn};
pub use audit_report::AuditReport;
pub use authority::PrivateCaAuthority;
pub use error::PrivateCaError;
pub use issued::IssuedByAuthority;
pub use order::{CrlPublication, RootOrder};
pub use patience::Patience;
pub use plan::{PlannedCall, plan_certificate, plan_root};
pub use revocation::{CrlSource, revocation_reason};
pub use root::create_root;
pub use state::{Doubt, StateError, StateFile};
pub use status::AuthorityStatus;

use aws_sdk_acmpca::Client;
use aws_sdk_acmpca::config::Region;

use crate::client::AwsAccess;

/// The service in one Region.
#[derive(Clone, Debug)]
pub struct PrivateCa {
    access: AwsAccess,
    client: Client,
    region: String,
    patience: Patience,
}

impl PrivateCa {
    /// Asks nothing of the service yet.
    ///
    /// # Errors
    /// [`PrivateCaError::NoRegion`] if neither the program nor the default chain names one.
    pub fn new(access: &AwsAccess, patience: Patience) -> Result<Self, PrivateCaError> {
        let region = access.region().ok_or(PrivateCaError::NoRegion)?.to_owned();
        let config = aws_sdk_acmpca::config::Builder::from(access.sdk_config())
            .region(Region::new(region.clone()))
            .build();
        Ok(Self {
            access: access.clone(),
            client: Client::from_conf(config),
            region,
            patience,
        })
    }

    /// The Region that its authorities are in.
    pub fn region(&self) -> &str {
        &self.region
    }
}
