use std::collections::HashMap;
use std::sync::Arc;

use mdl_crypto::HashAlgorithm;

use super::{ExaminedPath, Outcome, PathCheck, Role};
use crate::trust_anchor::{TrustAnchors, TrustListId};

/// Examined paths by leaf, trust list and role, for readers that see the same document signers again.
///
/// Only paths whose signature verified are kept, so that strangers cannot fill the cache, and never a verdict: each
/// use [evaluates](ExaminedPath::evaluate) validity and revocation anew. A changed trust list has another
/// identifier, so nothing found under the old one is used.
#[derive(Clone, Debug)]
pub struct PathCache {
    capacity: usize,
    paths: HashMap<Key, Arc<ExaminedPath>>,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Key {
    leaf: [u8; 32],
    /// Certificates in the chain. The report of a good path says how many there are after the leaf, and nothing else
    /// of them: keyed on their content, anybody could fill the cache by putting other bytes behind a genuine leaf.
    certificates: usize,
    trust_list: TrustListId,
    role: Role,
}

impl PathCache {
    /// A cache for at most `capacity` paths; when it is full it starts over.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            paths: HashMap::new(),
        }
    }

    /// The examined path, from the cache or made now.
    pub fn examine(
        &mut self,
        anchors: &TrustAnchors,
        chain: &[&[u8]],
        role: Role,
    ) -> Arc<ExaminedPath> {
        let key = Key {
            leaf: digest(chain.first().copied().unwrap_or_default()),
            certificates: chain.len(),
            trust_list: anchors.id(),
            role,
        };
        if let Some(path) = self.paths.get(&key) {
            return Arc::clone(path);
        }
        let path = Arc::new(anchors.examine(chain, role));
        if path.steps.step(PathCheck::DsSignature).outcome == Outcome::Pass && self.capacity > 0 {
            if self.paths.len() >= self.capacity {
                self.paths.clear();
            }
            self.paths.insert(key, Arc::clone(&path));
        }
        path
    }

    /// How many paths are kept.
    pub fn len(&self) -> usize {
        self.paths.len()
    }

    /// Whether no path is kept.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }
}

fn digest(der: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(HashAlgorithm::Sha256.digest(der).as_ref());
    bytes
}
