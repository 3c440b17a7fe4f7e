//! What a person is shown before anything is disclosed: who asks, for what, and what will be kept.

use std::fmt::Write;

use mdl_wallet::inquiry::{AskedDocument, Disclosure};
use mdl_wallet::reader_authentication::Asking;
use serde_json::{Value, json};

use crate::failure::{Failure, Result};
use crate::output::remark;
use crate::verification_report::shown;

/// Who asks for how much, in one line.
pub(crate) fn asking_text(asked: &AskedDocument) -> String {
    let kept = asked.elements.iter().filter(|(_, _, retain)| *retain);
    format!(
        "{} asks for {} (elements: {}, to be kept: {})",
        who(&asked.asking),
        shown(&asked.doc_type),
        asked.elements.len(),
        kept.count()
    )
}

/// Who asks, for programs.
pub(crate) fn asking_json(asking: &Asking) -> Value {
    match asking {
        Asking::Anonymous => json!({ "is_authenticated": false }),
        Asking::Authenticated(name) => json!({
            "is_authenticated": true,
            "common_name": name.common_name,
            "country": name.country,
            "certificate_sha256": hex::encode(name.certificate_sha256),
        }),
        Asking::NotBelieved(error) => json!({
            "is_authenticated": false,
            "why": error.to_string(),
        }),
    }
}

fn who(asking: &Asking) -> String {
    match asking {
        Asking::Anonymous => "a reader that does not say who it is".to_owned(),
        Asking::Authenticated(name) => {
            let named = name
                .common_name
                .as_deref()
                .unwrap_or("a reader without a name");
            format!("{} (authenticated)", shown(named))
        }
        Asking::NotBelieved(error) => format!("a reader that is not believed ({error})"),
    }
}

/// Shows what is asked for and what would answer it, and asks on the terminal.
///
/// # Errors
/// Exit code 2 if nobody can be asked.
pub(crate) fn question(asked: &AskedDocument, offered: Vec<Disclosure>) -> Result<Vec<Disclosure>> {
    let mut text = format!("{}:\n", asking_text(asked));
    for (name_space, identifier, retain) in &asked.elements {
        let answer = offered.iter().find(|disclosure| {
            disclosure.name_space() == name_space && disclosure.asked() == identifier
        });
        let answer = match answer {
            None => " (not on the licence)".to_owned(),
            Some(disclosure) if disclosure.disclosed() != identifier => {
                format!(" (answered by {})", disclosure.disclosed())
            }
            Some(_) => String::new(),
        };
        let kept = if *retain { ", will be kept" } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "  {}{answer}{kept}",
            shown(&format!("{name_space}:{identifier}"))
        );
    }
    text.push_str("Disclose this? [y/N] ");
    remark(text);
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .map_err(|error| Failure::usage("cannot ask").because(&error))?;
    let agrees = matches!(line.trim(), "y" | "Y" | "yes");
    Ok(if agrees { offered } else { Vec::new() })
}
