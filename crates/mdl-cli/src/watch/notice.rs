//! What is told of an alarm.

use mdl_crypto::HashAlgorithm;
use serde_json::{Value, json};

use crate::inventory::{Alarm, CrlEntry, Entry, Inventory, Unusable};
use crate::verification_report::rfc3339;

/// An alarm, and what it is about.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Notice {
    /// Names what is wrong with what, whatever the level.
    pub(super) key: String,
    pub(super) level: u32,
    text: String,
    /// What it is about.
    data: Value,
}

/// Everything that the inventory worries about, the most urgent first.
pub(super) fn notices(inventory: &Inventory) -> Vec<Notice> {
    let of_certificates = inventory.certificates.iter().filter_map(|entry| {
        let alarm = entry.alarm.as_ref()?;
        Some(Notice::of_certificate(entry, alarm))
    });
    let of_crls = inventory.crls.iter().filter_map(|crl| {
        let alarm = crl.alarm.as_ref()?;
        Some(Notice::of_crl(crl, alarm))
    });
    let of_files = inventory.unusable.iter().map(Notice::of_file);
    let mut notices: Vec<_> = of_certificates.chain(of_crls).chain(of_files).collect();
    notices.sort_by_key(|notice| notice.level);
    notices
}

impl Notice {
    fn of_certificate(entry: &Entry, alarm: &Alarm) -> Self {
        Self {
            key: format!("certificate {} {}", entry.sha256, alarm.code()),
            level: alarm.level,
            text: format!("{} {} {alarm}", entry.purpose(), entry.subject),
            data: json!({
                "code": alarm.code(),
                "purpose": entry.purpose(),
                "subject": entry.subject,
                "issuer": entry.issuer,
                "serial": entry.serial,
                "sha256": entry.sha256,
                "ends": rfc3339(entry.ends()),
                "not_after": rfc3339(entry.not_after),
            }),
        }
    }

    /// Of the root, not of the list: the next list may be due as late as this one.
    fn of_crl(crl: &CrlEntry, alarm: &Alarm) -> Self {
        let number = crl.number.as_deref().unwrap_or("-");
        Self {
            key: format!("crl {} {number} {}", crl.issued_by, alarm.code()),
            level: alarm.level,
            text: format!("CRL {number} of {}: {alarm}", crl.issuer),
            data: json!({
                "code": alarm.code(),
                "issuer": crl.issuer,
                "root_sha256": crl.issued_by,
                "number": crl.number,
                "ends": crl.next_update.map(rfc3339),
            }),
        }
    }

    fn of_file(unusable: &Unusable) -> Self {
        let file = unusable.file.to_string_lossy();
        Self {
            key: format!("file {file} {}", unusable.why),
            level: 0,
            text: format!("{file}: {}", unusable.why),
            data: json!({ "code": "unusable-file", "file": file, "why": unusable.why }),
        }
    }

    /// The same for the same alarm at the same level, whoever is told of it and how often.
    pub(super) fn id(&self) -> String {
        let name = format!("{} {}", self.key, self.level);
        let digest = HashAlgorithm::Sha256.digest(name.as_bytes());
        let digest = digest.as_ref();
        format!("alarm_{}", hex::encode(digest.get(..16).unwrap_or(digest)))
    }

    /// In one line, for people.
    #[cfg(feature = "aws")]
    pub(super) fn text(&self) -> String {
        crate::verification_report::shown(&self.text)
    }

    pub(super) fn to_json(&self) -> Value {
        let mut json = json!({ "id": self.id(), "level": self.level, "text": self.text });
        if let (Some(json), Some(data)) = (json.as_object_mut(), self.data.as_object()) {
            json.extend(data.clone());
        }
        json
    }
}
