use std::path::PathBuf;

use clap::Args;
use mdl_iaca::certificate::DocumentKind;

use crate::Exit;
use crate::authority::AuthorityOptions;
use crate::certificate_text;
use crate::failure::Result;
use crate::input;
use crate::output::Output;

/// Print a CRL
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl crl show --json")]
pub(crate) struct Show {
    /// A CRL, PEM or DER [default: the authority's current one]
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    authority: AuthorityOptions,
    /// That of this root, counted from 1 [default: the newest]
    #[arg(long, value_name = "NUMBER", conflicts_with = "file")]
    root: Option<u32>,
    #[command(flatten)]
    output: Output,
}

impl Show {
    pub(super) fn run(&self) -> Result<Exit> {
        let path = match &self.file {
            Some(path) => path.clone(),
            None => {
                let mut folder = self.authority.folder();
                if let Some(number) = self.root {
                    folder = folder.root_numbered(number)?;
                }
                if !folder.crl().exists() {
                    return Err(folder.missing("there is no CRL", "make one with `mdl crl build`"));
                }
                folder.crl()
            }
        };
        let der = input::read_one_pem_or_der(&path, DocumentKind::Crl)?;
        let text = certificate_text::crl_details(&der)?;
        let json = certificate_text::crl_to_json(&der, Some(&path))?;
        self.output.result(|| text, || json)?;
        Ok(Exit::Good)
    }
}
