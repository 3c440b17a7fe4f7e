use std::path::PathBuf;

use clap::Args;
use mdl_iaca::certificate::DocumentKind;
use serde_json::json;
use time::OffsetDateTime;

use crate::Exit;
use crate::authority::{AuthorityFolder, AuthorityOptions, Place, Publication, publish_crl};
use crate::failure::{Failure, Result};
use crate::input::{self, parse_time, time_or_now};
use crate::output::{Output, remark};

/// Publish the current CRL of every root in use: in a folder, a file, S3
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
    /// This list of the root, PEM or DER, in place of its current one
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    authority: AuthorityOptions,
    /// Only that of this root, counted from 1 [default: of every root in use]
    #[arg(long, value_name = "NUMBER")]
    root: Option<u32>,
    /// The time to judge at [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<OffsetDateTime>,
    #[command(flatten)]
    output: Output,
}

impl Publish {
    pub(super) fn run(&self) -> Result<Exit> {
        let folder = self.authority.folder();
        let roots = match self.root {
            Some(number) => vec![folder.root_numbered(number)?],
            None => folder.roots_in_use(),
        };
        if roots.len() > 1 && self.file.is_some() {
            return Err(Failure::usage("a list of one of several roots").hint("add --root NUMBER"));
        }
        if roots.len() > 1 && self.to.iter().any(Place::is_for_one) {
            return Err(
                Failure::usage("the lists of several roots do not go into one file")
                    .hint("give a folder, or a prefix that ends in /; or add --root NUMBER"),
            );
        }
        let mut published = Vec::new();
        let mut exit = Exit::Good;
        for root in &roots {
            let crl = self.read(root)?;
            let iaca = root.read_iaca()?;
            #[cfg(feature = "aws")]
            let of_private_ca = root.is_in_private_ca();
            #[cfg(not(feature = "aws"))]
            let of_private_ca = false;
            let at = time_or_now(self.at);
            let publication = Publication::new(&crl, &iaca.der, of_private_ca, at)?;
            for place in &self.to {
                match publish_crl(&publication, place) {
                    Ok(done) => published.push((publication.number, done)),
                    Err(failure) => {
                        remark(&failure);
                        if exit == Exit::Good {
                            exit = failure.exit();
                        }
                    }
                }
            }
        }
        if published.is_empty() && !self.output.is_json() {
            return Ok(exit);
        }
        self.output.result(
            || {
                let lines = published.iter().map(|(number, it)| match it.changed {
                    true => format!("published CRL {number}: {}\n", it.place),
                    false => format!("CRL {number} is published already: {}\n", it.place),
                });
                lines.collect::<String>()
            },
            || {
                let lists = published.iter().map(|(number, it)| {
                    json!({ "number": number, "place": it.place, "changed": it.changed })
                });
                json!({ "published": lists.collect::<Vec<_>>() })
            },
        )?;
        Ok(exit)
    }

    fn read(&self, root: &AuthorityFolder) -> Result<Vec<u8>> {
        let path = self.file.clone().unwrap_or_else(|| root.crl());
        if self.file.is_none() && !path.exists() {
            return Err(root.missing("there is no CRL", "make one with `mdl crl build`"));
        }
        input::read_one_pem_or_der(&path, DocumentKind::Crl)
    }
}
