//! What key stores call the keys that the ledger knows by the hash of their public half.

use std::collections::HashMap;

use mdl_issuer::store::Hash;

/// Numbers from here on are keys of records that no key of the ledger was named for.
const OTHERS: u32 = 1 << 31;
/// More other keys than this are counted as one.
const MAX_OTHERS: usize = 1000;

/// Keys by number: first those that are compared, then others that records tell of.
#[derive(Debug, Default)]
pub(crate) struct KeyNames {
    compared: Vec<Compared>,
    by_name: HashMap<String, u32>,
    by_hash: HashMap<[u8; 32], u32>,
    without_records: Vec<[u8; 32]>,
    others: Vec<String>,
    others_by_name: HashMap<String, u32>,
}

#[derive(Debug)]
struct Compared {
    hash: Hash,
    names: Vec<String>,
}

impl KeyNames {
    /// Says that records call the key `hash` (SHA-256 of its SubjectPublicKeyInfo) `name`: an ARN, or what an HSM's log
    /// has. A key may have several names, a name belongs to one key.
    ///
    /// # Errors
    /// The key that has the name already.
    pub(crate) fn add(&mut self, name: &str, hash: Hash) -> Result<(), Hash> {
        let next = self.number_of_next();
        let number = *self.by_hash.entry(hash.0).or_insert(next);
        if number == next {
            self.compared.push(Compared {
                hash,
                names: Vec::new(),
            });
        }
        let known = *self.by_name.entry(normal(name)).or_insert(number);
        if known != number {
            return Err(self.hash(known).unwrap_or(hash));
        }
        if let Some(compared) = self.compared.get_mut(number as usize) {
            compared.names.push(name.to_owned());
        }
        Ok(())
    }

    /// Says that nobody records what the key does: it is kept in software.
    pub(crate) fn add_without_records(&mut self, hash: Hash) {
        self.without_records.push(hash.0);
    }

    fn number_of_next(&self) -> u32 {
        u32::try_from(self.compared.len()).map_or(OTHERS - 1, |next| next.min(OTHERS - 1))
    }

    /// The number of a compared key.
    pub(super) fn of_hash(&self, hash: Hash) -> Option<u32> {
        self.by_hash.get(&hash.0).copied()
    }

    pub(super) fn is_without_records(&self, hash: Hash) -> bool {
        self.without_records.contains(&hash.0)
    }

    /// The number of the key that a record names, a new one if it is none of the compared ones.
    pub(super) fn of_name(&mut self, name: &str) -> u32 {
        if let Some(number) = self.by_name.get(&normal(name)) {
            return *number;
        }
        if let Some(number) = self.others_by_name.get(name) {
            return *number;
        }
        let (number, name) = match self.others.len() {
            full if full >= MAX_OTHERS => (MAX_OTHERS, "more keys"),
            next => (next, name),
        };
        let number = OTHERS + u32::try_from(number).unwrap_or_default();
        if !self.others_by_name.contains_key(name) {
            self.others.push(name.to_owned());
            self.others_by_name.insert(name.to_owned(), number);
        }
        number
    }

    /// How many are compared.
    pub(super) fn compared(&self) -> usize {
        self.compared.len()
    }

    /// What the ledger calls it; `None` for a key that is not compared.
    pub(super) fn hash(&self, number: u32) -> Option<Hash> {
        Some(self.compared.get(number as usize)?.hash)
    }

    /// What records call it.
    pub(super) fn names(&self, number: u32) -> &[String] {
        if let Some(compared) = self.compared.get(number as usize) {
            return &compared.names;
        }
        number
            .checked_sub(OTHERS)
            .and_then(|other| self.others.get(other as usize))
            .map_or(&[], std::slice::from_ref)
    }
}

/// A multi-Region key of KMS is one key under an ARN in each Region.
fn normal(name: &str) -> String {
    let parts: Vec<&str> = name.splitn(6, ':').collect();
    match parts[..] {
        ["arn", partition, "kms", _, account, key] if key.starts_with("key/mrk-") => {
            format!("arn:{partition}:kms:*:{account}:{key}")
        }
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_multi_region_key_is_one_key_and_others_are_not() {
        let mut names = KeyNames::default();
        let hash = Hash([7; 32]);
        let arn = |region: &str, key: &str| format!("arn:aws:kms:{region}:111122223333:key/{key}");
        names.add(&arn("us-east-1", "mrk-1"), hash).unwrap();
        names.add(&arn("us-east-1", "plain"), hash).unwrap();
        assert_eq!(names.of_name(&arn("eu-west-1", "mrk-1")), 0);
        assert_eq!(names.of_name(&arn("us-east-1", "plain")), 0);
        let other = names.of_name(&arn("eu-west-1", "plain"));
        assert_eq!(names.hash(other), None);
        assert_eq!(names.names(other), [arn("eu-west-1", "plain")]);
        assert_eq!(names.of_name(&arn("eu-west-1", "plain")), other);
    }

    #[test]
    fn a_name_belongs_to_one_key() {
        let mut names = KeyNames::default();
        names.add("slot-1", Hash([1; 32])).unwrap();
        assert_eq!(names.add("slot-1", Hash([2; 32])), Err(Hash([1; 32])));
    }

    #[test]
    fn too_many_other_keys_are_counted_as_one() {
        let mut names = KeyNames::default();
        for number in 0..2000 {
            names.of_name(&format!("key {number}"));
        }
        let last = names.of_name("another one");
        assert_eq!(names.names(last), ["more keys"]);
        assert_eq!(names.others.len(), MAX_OTHERS + 1);
    }
}
