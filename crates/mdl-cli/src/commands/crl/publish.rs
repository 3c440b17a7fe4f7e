use std::path::PathBuf;

use clap::Args;
use mdl_iaca::certificate::DocumentKind;
use serde_json::json;
use time::OffsetDateTime;

use crate::Exit;
use crate::authority::{AuthorityOptions, Place, Publication, publish_crl};
use crate::failure::Result;
use crate::input::{self, parse_time, time_or_now};
use crate::output::{Output, remark};

/// Publish the current CRL: in a folder, a file, S3
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl crl publish --to /srv/www/crl/ --to s3://dmv-crl/crl/own/

The list is linted first. It takes the place of the one before it in one step, never that of a newer list or of something \
else, and is read back. Run again, it changes nothing. In a folder, and below a prefix of S3 that ends in /, it has the \
name that ends the address in the root's certificate. Exit code 1: refused; 3: out of reach, run it again. With several \
places, what one of them refuses does not keep the list from the others.")]
pub(crate) struct Publish {
    /// A folder, a file, or s3://BUCKET/KEY; may be repeated
    #[arg(long, value_name = "PLACE", required = true)]
    to: Vec<Place>,
    /// Another list of this root, PEM or DER [default: the authority's current one]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    authority: AuthorityOptions,
    /// The time to judge at [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<OffsetDateTime>,
    #[command(flatten)]
    output: Output,
}

impl Publish {
    pub(super) fn run(&self) -> Result<Exit> {
        let folder = self.authority.folder();
        let iaca = folder.read_iaca()?;
        let path = self.file.clone().unwrap_or_else(|| folder.crl());
        if self.file.is_none() && !path.exists() {
            return Err(folder.missing("there is no CRL", "make one with `mdl crl build`"));
        }
        let crl = input::read_one_pem_or_der(&path, DocumentKind::Crl)?;
        #[cfg(feature = "aws")]
        let of_private_ca = folder.is_in_private_ca();
        #[cfg(not(feature = "aws"))]
        let of_private_ca = false;
        let publication = Publication::new(&crl, &iaca.der, of_private_ca, time_or_now(self.at))?;
        let mut published = Vec::new();
        let mut exit = Exit::Good;
        for place in &self.to {
            match publish_crl(&publication, place) {
                Ok(done) => published.push(done),
                Err(failure) => {
                    remark(&failure);
                    if exit == Exit::Good {
                        exit = failure.exit();
                    }
                }
            }
        }
        if published.is_empty() && !self.output.is_json() {
            return Ok(exit);
        }
        let number = publication.number;
        self.output.result(
            || {
                let lines = published.iter().map(|it| match it.changed {
                    true => format!("published CRL {number}: {}\n", it.place),
                    false => format!("CRL {number} is published already: {}\n", it.place),
                });
                lines.collect::<String>()
            },
            || {
                let places = published.iter();
                let places = places.map(|it| json!({ "place": it.place, "changed": it.changed }));
                json!({ "number": number, "published": places.collect::<Vec<_>>() })
            },
        )?;
        Ok(exit)
    }
}
