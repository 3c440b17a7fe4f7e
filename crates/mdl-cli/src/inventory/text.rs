//! The inventory in words and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};

use super::entry::{CrlEntry, Entry};
use super::found::{KeyPlace, Unusable};
use super::{Alarm, Inventory};
use crate::verification_report::{rfc3339, shown};

impl Inventory {
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        for entry in &self.certificates {
            let _ = writeln!(text, "{}: {}", shown(&entry.subject), entry.state.name());
            for (name, value) in entry.fields(self.at) {
                let _ = writeln!(text, "  {name:<9}  {}", shown(&value));
            }
        }
        for crl in &self.crls {
            let _ = writeln!(text, "CRL of {}", shown(&crl.issuer));
            for (name, value) in crl.fields() {
                let _ = writeln!(text, "  {name:<9}  {}", shown(&value));
            }
        }
        for unusable in &self.unusable {
            let _ = writeln!(text, "{}", unusable.to_text());
        }
        let _ = writeln!(
            text,
            "{} certificates, {} CRLs, {} alarms",
            self.certificates.len(),
            self.crls.len(),
            self.alarms()
        );
        text
    }

    pub(crate) fn to_json(&self) -> Value {
        let certificates = self.certificates.iter().map(|entry| entry.to_json(self.at));
        json!({
            "at": rfc3339(self.at),
            "alarms": self.alarms(),
            "certificates": certificates.collect::<Vec<_>>(),
            "crls": self.crls.iter().map(CrlEntry::to_json).collect::<Vec<_>>(),
            "unusable": self.unusable.iter().map(Unusable::to_json).collect::<Vec<_>>(),
        })
    }
}

impl Entry {
    /// `document-signer` and so on.
    pub(crate) fn purpose(&self) -> &'static str {
        self.profile.map_or("unknown", |profile| profile.name())
    }

    /// What a person wants to know of it, in order.
    pub(crate) fn fields(&self, at: time::OffsetDateTime) -> Vec<(&'static str, String)> {
        let mut fields = vec![("purpose", self.purpose().to_owned())];
        let signs = match self.stop_signing {
            Some(stop) => format!("{}, until {}", self.signs(), rfc3339(stop)),
            None => self.signs().to_owned(),
        };
        fields.push(("signs", signs));
        let (from, to) = (rfc3339(self.not_before), rfc3339(self.not_after));
        let left = self.days_left(at);
        fields.push(("valid", format!("{from} to {to}, {left} days left")));
        if let Some(revoked) = self.revoked_at {
            fields.push(("revoked", rfc3339(revoked)));
        }
        let issuer = match &self.issued_by {
            Some(issuer) if *issuer == self.sha256 => "itself".to_owned(),
            Some(_) => self.issuer.clone(),
            None => format!("{}, which is not here", self.issuer),
        };
        fields.push(("issuer", issuer));
        if self.issued > 0 {
            fields.push((
                "issued",
                format!("{} of the certificates here", self.issued),
            ));
        }
        fields.push(("serial", self.serial.clone()));
        fields.push(("SHA-256", self.sha256.clone()));
        if let Some(key) = self.key {
            fields.push(("key in", key.name().to_owned()));
        }
        if let Some(url) = &self.crl_url {
            fields.push(("CRL at", url.clone()));
        }
        if !self.published.is_empty() {
            fields.push(("published", self.published.join(", ")));
        }
        let files: Vec<_> = self
            .files
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        fields.push(("file", files.join(", ")));
        if let Some(alarm) = &self.alarm {
            fields.push(("ALARM", alarm.to_string()));
        }
        fields
    }

    pub(crate) fn to_json(&self, at: time::OffsetDateTime) -> Value {
        let files: Vec<_> = self
            .files
            .iter()
            .map(|file| file.to_string_lossy())
            .collect();
        json!({
            "purpose": self.purpose(),
            "signs": self.signs(),
            "subject": self.subject,
            "issuer": self.issuer,
            "serial": self.serial,
            "sha256": self.sha256,
            "key_id": hex::encode(self.key_id.0),
            "key_place": self.key.map(KeyPlace::name),
            "state": self.state.name(),
            "not_before": rfc3339(self.not_before),
            "not_after": rfc3339(self.not_after),
            "days_left": self.days_left(at),
            "stop_signing": self.stop_signing.map(rfc3339),
            "revoked_at": self.revoked_at.map(rfc3339),
            "issued_by": self.issued_by,
            "issued": self.issued,
            "crl_url": self.crl_url,
            "published": self.published,
            "files": files,
            "alarm": self.alarm.as_ref().map(Alarm::to_json),
        })
    }
}

impl CrlEntry {
    pub(crate) fn fields(&self) -> Vec<(&'static str, String)> {
        let next = self.next_update.map_or("not said".to_owned(), rfc3339);
        let number = self.number.as_deref().unwrap_or("none");
        let mut fields = vec![
            ("number", format!("{number}, {} revoked", self.revoked)),
            ("made", rfc3339(self.this_update)),
            ("next due", next),
        ];
        if !self.published.is_empty() {
            fields.push(("published", self.published.join(", ")));
        }
        fields.push(("file", self.file.display().to_string()));
        if let Some(alarm) = &self.alarm {
            fields.push(("ALARM", alarm.to_string()));
        }
        fields
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "issuer": self.issuer,
            "issued_by": self.issued_by,
            "number": self.number,
            "this_update": rfc3339(self.this_update),
            "next_update": self.next_update.map(rfc3339),
            "revoked": self.revoked,
            "published": self.published,
            "file": self.file.to_string_lossy(),
            "alarm": self.alarm.as_ref().map(Alarm::to_json),
        })
    }
}

impl Alarm {
    pub(crate) fn to_json(&self) -> Value {
        json!({ "level": self.level, "code": self.code(), "text": self.to_string() })
    }
}

impl Unusable {
    pub(crate) fn to_text(&self) -> String {
        shown(&format!("ALARM: {}: {}", self.file.display(), self.why))
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({ "file": self.file.to_string_lossy(), "why": self.why })
    }
}
