//! The ledger: whether it is intact, and what it says about the use of each certificate's key.

use std::collections::HashMap;
use std::fmt;

use mdl_crypto::PublicKey;
use mdl_iaca::certificate::CertificateView;
use mdl_issuer::ledger::{LedgerReport, LedgerVerifier};
use mdl_issuer::store::{Hash, LedgerRow};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::commands::ledger::Opened;
use crate::failure::Result;
use crate::inventory::Inventory;
use crate::verification_report::rfc3339;

/// What the ledger says.
#[derive(Debug)]
pub(crate) struct LedgerState {
    report: LedgerReport,
    uses: HashMap<[u8; 32], KeyUse>,
    /// Entries of keys whose certificates are not in the inventory.
    of_others: u64,
}

/// How a key was used.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct KeyUse {
    window: Option<(OffsetDateTime, OffsetDateTime)>,
    pub(super) signatures: u64,
    first: Option<OffsetDateTime>,
    last: Option<OffsetDateTime>,
    /// Before the certificate was valid, or after it expired or stopped signing.
    pub(super) outside: u64,
}

impl LedgerState {
    /// Reads all of it. Checkpoints are checked with the keys of the inventory.
    pub(crate) async fn read(opened: Opened, inventory: &Inventory) -> Result<Self> {
        let keys = inventory.certificates.iter().filter_map(|entry| {
            let view = CertificateView::from_der(&entry.der).ok()?;
            view.public_key_info().public_key().ok()
        });
        let keys: Vec<PublicKey> = keys.chain(opened.keys).collect();
        let mut uses: HashMap<[u8; 32], KeyUse> = HashMap::new();
        for entry in &inventory.certificates {
            let used = uses.entry(entry.key_id.0).or_default();
            let (from, to) = used.window.unwrap_or((entry.not_before, entry.ends()));
            // A key that was certified again may be used under either certificate.
            used.window = Some((from.min(entry.not_before), to.max(entry.ends())));
        }
        let mut of_others = 0;
        let (checkpoints, head) = opened.source.frame().await?;
        let mut verifier = LedgerVerifier::new(&checkpoints, &keys);
        let take = |row: LedgerRow| {
            match uses.get_mut(&row.entry.key.0) {
                Some(used) => used.count(row.entry.at),
                None => of_others += 1,
            }
            verifier.entry(row);
        };
        opened.source.entries(head, take).await?;
        Ok(Self {
            report: verifier.finish(head),
            uses,
            of_others,
        })
    }

    /// Whether it is intact, and no key signed outside of its certificate's time.
    pub(super) fn is_good(&self) -> bool {
        self.report.is_intact() && self.uses.values().all(|used| used.outside == 0)
    }

    pub(super) fn use_of(&self, key: &Hash) -> KeyUse {
        self.uses.get(&key.0).copied().unwrap_or_default()
    }

    pub(super) fn summary(&self) -> String {
        let intact = if self.report.is_intact() {
            "intact".to_owned()
        } else {
            let findings = self.report.findings.len() as u64 + self.report.more_findings;
            format!("NOT intact, {findings} findings (`mdl ledger verify` names them)")
        };
        let vouched = match self.report.vouched {
            0 => "no checkpoint verified".to_owned(),
            entry => format!("signed up to entry {entry}"),
        };
        let others = match self.of_others {
            0 => String::new(),
            others => format!(", {others} of keys whose certificates are not here"),
        };
        format!(
            "{intact}, {} entries, {vouched}{others}",
            self.report.entries
        )
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "intact": self.report.is_intact(),
            "entries": self.report.entries,
            "newest": self.report.newest,
            "checkpoints": self.report.checkpoints,
            "signed_up_to": self.report.vouched,
            "findings": self.report.findings.iter().map(|it| it.code()).collect::<Vec<_>>(),
            "more_findings": self.report.more_findings,
            "entries_of_other_keys": self.of_others,
        })
    }
}

impl KeyUse {
    fn count(&mut self, at: OffsetDateTime) {
        self.signatures += 1;
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
        let is_inside = self.window.is_some_and(|(from, to)| from <= at && at <= to);
        self.outside += u64::from(!is_inside);
    }

    pub(super) fn to_json(self) -> Value {
        json!({
            "signatures": self.signatures,
            "first": self.first.map(rfc3339),
            "last": self.last.map(rfc3339),
            "outside_of_its_time": self.outside,
        })
    }
}

impl fmt::Display for KeyUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} signatures in the ledger", self.signatures)?;
        if let (Some(first), Some(last)) = (self.first, self.last) {
            write!(f, ", {} to {}", rfc3339(first), rfc3339(last))?;
        }
        if self.outside > 0 {
            write!(
                f,
                ", {} of them OUTSIDE of the certificate's time",
                self.outside
            )?;
        }
        Ok(())
    }
}
