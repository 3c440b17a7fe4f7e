use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use super::{ExaminedPath, Outcome, PathCheck, Role};
use crate::trust_anchor::{TrustAnchors, TrustListId};

/// Bytes of a leaf that are hashed to find its entry.
const HASHED: usize = 32;

/// Examined paths by leaf, trust list and role, for readers that see the same document signers again.
///
/// Only paths whose signature verified are kept, so that strangers cannot fill the cache, and never a verdict: each
/// use [evaluates](ExaminedPath::evaluate) validity and revocation anew. A changed trust list has another
/// identifier, so nothing found under the old one is used.
#[derive(Clone, Debug)]
pub struct PathCache {
    capacity: usize,
    /// By a keyed hash of what an entry is about. The hash only finds an entry; whether it is the right one is decided
    /// by comparing, so that no collision, met or made, gives one leaf the path of another.
    paths: HashMap<u64, Entry>,
    hash: RandomState,
}

#[derive(Clone, Debug)]
struct Entry {
    leaf: Box<[u8]>,
    /// Certificates in the chain. The report of a good path says how many there are after the leaf, and nothing else
    /// of them: keyed on their content, anybody could fill the cache by putting other bytes behind a genuine leaf.
    certificates: usize,
    trust_list: TrustListId,
    role: Role,
    path: Arc<ExaminedPath>,
}

impl PathCache {
    /// A cache for at most `capacity` paths; when it is full it starts over.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            paths: HashMap::new(),
            hash: RandomState::new(),
        }
    }

    /// The examined path, from the cache or made now.
    pub fn examine(
        &mut self,
        anchors: &TrustAnchors,
        chain: &[&[u8]],
        role: Role,
    ) -> Arc<ExaminedPath> {
        if self.capacity == 0 {
            return Arc::new(anchors.examine(chain, role));
        }
        let leaf = chain.first().copied().unwrap_or_default();
        let key = (leaf, chain.len(), anchors.id(), role);
        // Of the leaf its end, where its signature is: no two certificates that verify have the same.
        let end = leaf.split_at(leaf.len().saturating_sub(HASHED)).1;
        let hash = self.hash.hash_one((end, chain.len(), anchors.id(), role));
        if let Some(entry) = self.paths.get(&hash)
            && (
                &*entry.leaf,
                entry.certificates,
                entry.trust_list,
                entry.role,
            ) == key
        {
            return Arc::clone(&entry.path);
        }
        let path = Arc::new(anchors.examine(chain, role));
        if path.steps.step(PathCheck::DsSignature).outcome == Outcome::Pass {
            if self.paths.len() >= self.capacity {
                self.paths.clear();
            }
            let entry = Entry {
                leaf: leaf.into(),
                certificates: chain.len(),
                trust_list: anchors.id(),
                role,
                path: Arc::clone(&path),
            };
            self.paths.insert(hash, entry);
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
