use std::path::PathBuf;

use clap::{ArgGroup, Args};
use mdl_iaca::revocation::{CrlProblem, VerifiedCrl};
use mdl_iaca::trust_anchor::{AnchorSource, DocTypeScope, TrustAnchor};
use mdl_mdoc::status_list::{SignedStatusToken, StatusTokenLimits};
use mdl_mdoc::trust_bundle::{BundledAnchor, TrustBundleContent, UnsignedTrustBundle};
use mdl_reader::trust_bundle::{BundleConditions, TrustBundle};
use mdl_signer::key_uri::KeyUri;
use mdl_signer::{SignError, Signer};
use time::{Duration, OffsetDateTime};

use crate::Exit;
use crate::authority::open_uri;
use crate::failure::{Failure, Result};
use crate::files::{self, Readers};
use crate::input::{parse_time, read_crls, read_status_tokens, time_or_now};
use crate::output::{Output, remark};
use crate::passphrase::PassphraseOptions;
use crate::runtime::wait_for;
use crate::trust::{Gathered, TrustFinding, TrustSources, bundle, with_causes};

/// Make a trust bundle and sign it
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("anchors").required(true).multiple(true).args(["iaca", "vical", "trust_list"]),
    after_help = "Example:
  mdl key new --out publisher.pem --public-out publisher.pub.pem
  mdl trust build --key publisher.pem --publisher \"Utopia Police\" \\
      --iaca mdl-authority/iaca/certificate.pem --out trust.cbor
  mdl verify --trust trust.cbor --trust-key publisher.pub.pem --static l.cbor

A trust list is a TOML file:

  [[anchor]]
  certificate = \"utopia.pem\"                    # beside the list
  doc_types = [\"org.iso.18013.5.1.mDL\"]         # absent: every type
  country = \"UT\"                                # absent: any
  state = \"UT-01\"                               # absent: any

Any key signs: a file, a PKCS#11 token or AWS KMS. Before it does, every anchor must be usable, every CRL be signed by \
one of them and every status token be readable; afterwards the bundle is verified as a reader would. The sequence \
number rises by itself when bundles are made one after the other; a reader refuses a lower one than it has seen.")]
pub(crate) struct Build {
    #[command(flatten)]
    sources: TrustSources,
    /// A CRL of an IACA, PEM or DER; may be repeated
    #[arg(long, value_name = "FILE")]
    crl: Vec<PathBuf>,
    /// A status token (CWT or JWT) of a list that documents name; may be repeated
    #[arg(long, value_name = "FILE")]
    status_list: Vec<PathBuf>,
    /// The key that signs: FILE, pkcs11:… or awskms:///ARN
    #[arg(long, value_name = "URI")]
    key: KeyUri,
    /// Who publishes the bundle, for people
    #[arg(long, value_name = "TEXT")]
    publisher: String,
    /// Rises with every bundle [default: seconds since 1970]
    #[arg(long, value_name = "NUMBER")]
    sequence: Option<u64>,
    /// Days until a newer bundle is due
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    next_update_days: u16,
    /// Days until the bundle says nothing any more
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..))]
    validity_days: u16,
    /// The time of issue [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<OffsetDateTime>,
    /// Where the bundle is written
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    passphrase: PassphraseOptions,
    #[command(flatten)]
    output: Output,
}

impl Build {
    pub(super) fn run(&self) -> Result<Exit> {
        files::refuse_existing(&self.out, self.force).map_err(files::or_force)?;
        let at = time_or_now(self.at);
        let crls = read_crls(&self.crl)?;
        let of_crls: Vec<&[u8]> = crls.iter().map(Vec::as_slice).collect();
        let mut remembered = self.sources.remembered()?;
        let gathered = self.sources.gather(at, &of_crls, &[], &mut remembered)?;
        check_anchors(&gathered.anchors)?;
        check_crls(&self.crl, &of_crls, &gathered.anchors)?;
        let status_tokens = read_status_tokens(&self.status_list)?;
        check_status_tokens(&self.status_list, &status_tokens)?;

        let content = self.content(&gathered, crls, status_tokens, at)?;
        let key = open_uri(&self.key, &self.passphrase.when_needed())?.signer;
        let unsigned = UnsignedTrustBundle::new(&content, key.public_key())
            .map_err(|error| Failure::usage("no bundle is made of this").because(&error))?;
        let signed = wait_for(key.sign(unsigned.to_be_signed()))?;
        let signature = signed.map_err(|error| {
            let failure = match &error {
                SignError::Unavailable(_) => Failure::outside("the key cannot sign now"),
                SignError::Refused(_) => Failure::usage("the key does not sign"),
            };
            failure.because(&error)
        })?;
        let bytes = unsigned
            .attach(&signature)
            .map_err(|error| Failure::outside("no bundle was made").because(&error))?;
        let made = TrustBundle::verify(&bytes, key.public_key(), &BundleConditions::at(at))
            .map_err(|error| Failure::no("no reader would accept the bundle").because(&error))?;
        files::write(&self.out, &bytes, Readers::Everyone, self.force).map_err(files::or_force)?;
        remembered.keep()?;

        for finding in &gathered.findings {
            remark(finding.to_text().trim_end());
        }
        let text = || {
            let made = bundle::to_text(&made, &[]);
            format!("made {}{made}", self.out.display())
        };
        self.output.result(text, || {
            let mut json = bundle::to_json(&made);
            json["bundle"] = self.out.to_string_lossy().into();
            let findings = gathered.findings.iter().map(TrustFinding::to_json);
            json["findings"] = findings.collect();
            json
        })?;
        Ok(Exit::Good)
    }

    fn content(
        &self,
        gathered: &Gathered,
        crls: Vec<Vec<u8>>,
        status_tokens: Vec<Vec<u8>>,
        at: OffsetDateTime,
    ) -> Result<TrustBundleContent> {
        if self.next_update_days > self.validity_days {
            let what = "a newer bundle would be due after the end of this one";
            return Err(
                Failure::usage(what).hint("give --next-update-days no more than --validity-days")
            );
        }
        let after = |days: u16| {
            at.checked_add(Duration::days(days.into()))
                .ok_or_else(|| Failure::usage("the bundle would end after the year 9999"))
        };
        let seconds = u64::try_from(at.unix_timestamp()).unwrap_or_default();
        Ok(TrustBundleContent {
            publisher: self.publisher.clone(),
            sequence: self.sequence.unwrap_or(seconds),
            issued: at,
            next_update: after(self.next_update_days)?,
            not_after: after(self.validity_days)?,
            anchors: {
                // An entry of a VICAL may list no document type: it is trusted for nothing.
                let is_for_any = |anchor: &&TrustAnchor| !matches!(anchor.scope(), DocTypeScope::Only(listed) if listed.is_empty());
                gathered
                    .anchors
                    .iter()
                    .filter(is_for_any)
                    .map(bundled)
                    .collect()
            },
            crls,
            status_tokens,
        })
    }
}

fn bundled(anchor: &TrustAnchor) -> BundledAnchor {
    let doc_types = match anchor.scope() {
        DocTypeScope::Any => None,
        DocTypeScope::Only(doc_types) => Some(doc_types.clone()),
    };
    let origin = match anchor.source() {
        AnchorSource::Vical { provider, issue_id } => {
            let issue = issue_id.map(|issue_id| format!(", issue {issue_id}"));
            let provider: String = provider.chars().take(50).collect();
            Some(format!("VICAL of {provider}{}", issue.unwrap_or_default()))
        }
        AnchorSource::Link { from } => Some(format!("link from {}", hex::encode(from))),
        _ => None,
    };
    BundledAnchor {
        certificate: anchor.der().to_vec(),
        doc_types,
        country: anchor.region().country.clone(),
        state: anchor.region().state.clone(),
        origin,
    }
}

/// An anchor below which nothing is acceptable has no place in a bundle.
fn check_anchors(anchors: &[TrustAnchor]) -> Result<()> {
    for anchor in anchors {
        if let Some(fatal) = anchor.deviations().iter().find(|found| found.is_fatal()) {
            let name = hex::encode(anchor.fingerprint());
            return Err(Failure::no(format!("certificate {name}: no trust anchor")).because(fatal));
        }
    }
    Ok(())
}

/// A reader could do nothing with a CRL of somebody whom it does not trust.
fn check_crls(paths: &[PathBuf], crls: &[&[u8]], anchors: &[TrustAnchor]) -> Result<()> {
    for crl in crls {
        let mut problem = CrlProblem::OtherIssuer;
        let is_of_one = anchors
            .iter()
            .any(|anchor| match VerifiedCrl::from_der(crl, anchor) {
                Ok(_) => true,
                Err(CrlProblem::OtherIssuer) => false,
                Err(error) => {
                    problem = error;
                    false
                }
            });
        if !is_of_one {
            let names: Vec<_> = paths
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            let what = format!("a CRL in {} is of none of the anchors", names.join(", "));
            return Err(Failure::no(what).because(&problem));
        }
    }
    Ok(())
}

fn check_status_tokens(paths: &[PathBuf], tokens: &[Vec<u8>]) -> Result<()> {
    for (path, token) in paths.iter().zip(tokens) {
        SignedStatusToken::decode(token, &StatusTokenLimits::DEFAULT).map_err(|error| {
            let what = format!("{}: expected a status token", path.display());
            Failure::usage(format!("{what}: {}", with_causes(&error)))
        })?;
    }
    Ok(())
}
