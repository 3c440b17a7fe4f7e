use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use mdl_iaca::certificate::{CertificateView, CrlView};
use mdl_mdoc::status_list::{SignedStatusToken, StatusTokenLimits};
use mdl_mdoc::trust_bundle::{
    BundledAnchor, SignedTrustBundle, TrustBundleContent, TrustBundleLimits,
};
use serde_json::{Value as Json, json};

use crate::Exit;
use crate::certificate_text::{fingerprint, to_json};
use crate::failure::Result;
use crate::output::Output;
use crate::trust::bundle::{not_a_bundle, read};
use crate::verification_report::{rfc3339, shown};

/// Print what is in a trust bundle, without judging it
#[derive(Args, Debug)]
#[command(after_help = "Example:
  mdl trust show trust.cbor

The signature is not verified: `mdl trust verify` does that. A bundle names its signer's key by the SHA-256 that \
`mdl key show` prints.")]
pub(crate) struct Show {
    /// The trust bundle
    #[arg(value_name = "FILE")]
    bundle: PathBuf,
    #[command(flatten)]
    output: Output,
}

impl Show {
    pub(super) fn run(&self) -> Result<Exit> {
        let bytes = read(&self.bundle)?;
        let signed = SignedTrustBundle::decode(&bytes, &TrustBundleLimits::DEFAULT)
            .map_err(|error| not_a_bundle(&self.bundle, &error))?;
        self.output.result(|| text(&signed), || json_of(&signed))?;
        Ok(Exit::Good)
    }
}

fn text(signed: &SignedTrustBundle) -> String {
    let content = signed.dangerous_unverified_content();
    let mut text = format!(
        "trust bundle of {}, not verified\n\
         sequence    {}\nissued      {}\nnext update {}\nnot after   {}\nalgorithm   {}\nkey         {}\n",
        shown(&content.publisher),
        content.sequence,
        rfc3339(content.issued),
        rfc3339(content.next_update),
        rfc3339(content.not_after),
        signed.algorithm(),
        hex::encode(signed.key_identifier()),
    );
    for anchor in &content.anchors {
        // Writing to a String cannot fail.
        let _ = write!(text, "\nanchor {}\n", anchor_text(anchor));
    }
    for crl in &content.crls {
        let _ = write!(text, "\nCRL {}\n", crl_text(crl));
    }
    for token in &content.status_tokens {
        let _ = write!(text, "\nstatus token {}\n", token_text(token));
    }
    text
}

fn anchor_text(anchor: &BundledAnchor) -> String {
    let name = CertificateView::from_der(&anchor.certificate).map_or_else(
        |_| "that cannot be read".to_owned(),
        |view| {
            format!(
                "{}\n  valid to   {}",
                view.subject(),
                rfc3339(view.validity().not_after.at)
            )
        },
    );
    let mut text = format!("{name}\n  SHA-256    {}", fingerprint(&anchor.certificate));
    let doc_types = anchor.doc_types.as_ref().map(|listed| listed.join(", "));
    let scope = [
        ("types", &doc_types),
        ("country", &anchor.country),
        ("state", &anchor.state),
        ("origin", &anchor.origin),
    ];
    for (label, value) in scope {
        if let Some(value) = value {
            let _ = write!(text, "\n  {label:<10} {}", shown(value));
        }
    }
    text
}

fn crl_text(crl: &[u8]) -> String {
    CrlView::from_der(crl).map_or_else(
        |_| "that cannot be read".to_owned(),
        |view| {
            let next = view.next_update().map(|next| rfc3339(next.at));
            format!(
                "of {}\n  made       {}\n  next       {}\n  revoked    {}",
                view.issuer(),
                rfc3339(view.this_update().at),
                next.unwrap_or_else(|| "-".to_owned()),
                view.revoked().count(),
            )
        },
    )
}

fn token_text(token: &[u8]) -> String {
    SignedStatusToken::decode(token, &StatusTokenLimits::DEFAULT).map_or_else(
        |_| "that cannot be read".to_owned(),
        |token| {
            let claims = token.dangerous_unverified_claims();
            let expires = claims.expires_at.map(rfc3339);
            format!(
                "of {}\n  made       {}\n  expires    {}",
                shown(&claims.subject),
                rfc3339(claims.issued_at),
                expires.unwrap_or_else(|| "-".to_owned()),
            )
        },
    )
}

fn json_of(signed: &SignedTrustBundle) -> Json {
    let content: &TrustBundleContent = signed.dangerous_unverified_content();
    let anchors = content.anchors.iter().map(|anchor| {
        json!({
            "certificate": to_json(&anchor.certificate, None),
            "sha256": fingerprint(&anchor.certificate),
            "doc_types": anchor.doc_types,
            "country": anchor.country,
            "state": anchor.state,
            "origin": anchor.origin,
        })
    });
    let crls = content.crls.iter().map(|crl| {
        let view = CrlView::from_der(crl).ok();
        json!({
            "issuer": view.as_ref().map(|view| view.issuer().to_string()),
            "this_update": view.as_ref().map(|view| rfc3339(view.this_update().at)),
            "next_update": view.as_ref().and_then(CrlView::next_update).map(|next| rfc3339(next.at)),
            "revoked": view.as_ref().map(|view| view.revoked().count()),
        })
    });
    let tokens = content.status_tokens.iter().map(|token| {
        let token = SignedStatusToken::decode(token, &StatusTokenLimits::DEFAULT).ok();
        let claims = token
            .as_ref()
            .map(SignedStatusToken::dangerous_unverified_claims);
        json!({
            "list": claims.map(|claims| &claims.subject),
            "issued_at": claims.map(|claims| rfc3339(claims.issued_at)),
            "expires_at": claims.and_then(|claims| claims.expires_at).map(rfc3339),
        })
    });
    json!({
        "verified": false,
        "publisher": content.publisher,
        "sequence": content.sequence,
        "issued": rfc3339(content.issued),
        "next_update": rfc3339(content.next_update),
        "not_after": rfc3339(content.not_after),
        "algorithm": signed.algorithm().to_string(),
        "key_sha256": hex::encode(signed.key_identifier()),
        "anchors": anchors.collect::<Vec<_>>(),
        "crls": crls.collect::<Vec<_>>(),
        "status_tokens": tokens.collect::<Vec<_>>(),
    })
}
