//! Authorities between a trust anchor and a signer: one condition broken at a time.

mod authority;

use authority::forge::{self, Forge, SEQUENCE, tlv};
use authority::{Authority, NOW, days};
use mdl_crypto::Curve;
use mdl_iaca::path::authorities_below;
use mdl_iaca::profile::DistinguishedName;
use mdl_iaca::trust_anchor::TrustAnchor;
use time::OffsetDateTime;

const CA: &[u8] = &[0x30, 0x03, 0x01, 0x01, 0xff];
const NOT_CA: &[u8] = &[0x30, 0x00];
const CERT_SIGN: &[u8] = &[0x03, 0x02, 0x02, 0x04];
const CRL_SIGN: &[u8] = &[0x03, 0x02, 0x01, 0x02];
const POLICY_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x24];
const FRESHEST_CRL: &[u8] = &[0x55, 0x1d, 0x2e];

/// `BasicConstraints` of an authority with a path length.
fn ca_with(path_length: u8) -> Vec<u8> {
    vec![0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, path_length]
}

/// A root without a path length constraint, and authorities to put below it.
struct Tree {
    root: Authority,
    first: Authority,
    second: Authority,
}

impl Tree {
    fn new() -> Self {
        let named = |seed, name| {
            Authority::named(
                Curve::P256,
                seed,
                DistinguishedName::new(name).country("UT"),
            )
        };
        Self {
            root: named(40, "Root"),
            first: named(41, "First"),
            second: named(42, "Second"),
        }
    }

    fn root(&self) -> Forge {
        Forge::of(&self.root.certificate).set(forge::BASIC_CONSTRAINTS, true, CA)
    }

    fn anchor(&self, root: &Forge) -> TrustAnchor {
        TrustAnchor::from_der(&root.sign(&self.root.key)).expect("an anchor")
    }

    /// `subject` as an authority below `issuer`, not signed yet.
    fn below(subject: &Authority, issuer: &Authority) -> Forge {
        let name = Forge::of(&issuer.certificate).fields[forge::SUBJECT].clone();
        Forge::of(&subject.certificate)
            .field(forge::ISSUER, name)
            .set(forge::BASIC_CONSTRAINTS, true, CA)
    }

    fn first(&self) -> Forge {
        Self::below(&self.first, &self.root)
    }

    fn second(&self) -> Forge {
        Self::below(&self.second, &self.first)
    }

    /// How many authorities there are below the root, itself not counted.
    fn count_at(&self, root: &Forge, certificates: &[Vec<u8>], at: OffsetDateTime) -> usize {
        let certificates: Vec<&[u8]> = certificates.iter().map(Vec::as_slice).collect();
        authorities_below(&self.anchor(root), &certificates, at).len() - 1
    }

    fn count(&self, certificates: &[Vec<u8>]) -> usize {
        self.count_at(&self.root(), certificates, NOW)
    }

    fn first_counts(&self, first: &Forge) -> bool {
        self.count(&[first.sign(&self.root.key)]) == 1
    }
}

#[test]
fn authorities_are_found_in_any_order_and_once() {
    let tree = Tree::new();
    let first = tree.first().sign(&tree.root.key);
    let second = tree.second().sign(&tree.first.key);
    assert_eq!(tree.count(&[]), 0);
    assert_eq!(tree.count(std::slice::from_ref(&first)), 1);
    assert_eq!(
        tree.count(std::slice::from_ref(&second)),
        0,
        "its issuer is missing"
    );
    assert_eq!(tree.count(&[first.clone(), second.clone()]), 2);
    assert_eq!(tree.count(&[second.clone(), first.clone()]), 2);
    let root = tree.root().sign(&tree.root.key);
    assert_eq!(tree.count(&[vec![], root, first, second]), 2);
}

#[test]
fn an_authority_is_a_ca_that_may_sign_certificates() {
    let tree = Tree::new();
    assert!(tree.first_counts(&tree.first()));
    let with = |oid: &[u8], value: &[u8]| tree.first().set(oid, true, value);
    assert!(tree.first_counts(&with(forge::KEY_USAGE, CERT_SIGN)));
    assert!(!tree.first_counts(&with(forge::KEY_USAGE, CRL_SIGN)));
    assert!(!tree.first_counts(&tree.first().without(forge::KEY_USAGE)));
    assert!(!tree.first_counts(&with(forge::BASIC_CONSTRAINTS, NOT_CA)));
    assert!(!tree.first_counts(&tree.first().without(forge::BASIC_CONSTRAINTS)));
}

#[test]
fn an_authority_was_issued_by_the_one_above_it() {
    let tree = Tree::new();
    assert_eq!(tree.count(&[tree.first().sign(&tree.second.key)]), 0, "key");
    let other_name = Tree::below(&tree.first, &tree.second);
    assert!(!tree.first_counts(&other_name), "name");
    let mut two_algorithms = tree.first();
    two_algorithms.outer_algorithm = tlv(
        SEQUENCE,
        &tlv(0x06, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03]),
    );
    assert!(!tree.first_counts(&two_algorithms), "algorithms");
}

#[test]
fn path_length_constraints_hold_for_all_below() {
    let tree = Tree::new();
    let first = |value: &[u8]| {
        let forge = tree.first().set(forge::BASIC_CONSTRAINTS, true, value);
        forge.sign(&tree.root.key)
    };
    let second = tree.second().sign(&tree.first.key);
    let with_root = |value: &[u8], first: Vec<u8>| {
        let root = tree.root().set(forge::BASIC_CONSTRAINTS, true, value);
        tree.count_at(&root, &[first, second.clone()], NOW)
    };
    assert_eq!(with_root(&ca_with(2), first(CA)), 2);
    assert_eq!(with_root(&ca_with(1), first(CA)), 1);
    assert_eq!(with_root(&ca_with(0), first(CA)), 0);
    assert_eq!(with_root(CA, first(&ca_with(0))), 1);
    assert_eq!(with_root(CA, first(&ca_with(1))), 2);
    // What an authority grants itself does not add to what it was granted.
    assert_eq!(with_root(&ca_with(1), first(&ca_with(9))), 1);
}

#[test]
fn the_anchor_and_the_authority_are_valid_at_the_time() {
    let tree = Tree::new();
    let first = [tree.first().sign(&tree.root.key)];
    let root = tree.root();
    assert_eq!(tree.count_at(&root, &first, NOW), 1);
    let before = NOW - days(301);
    assert_eq!(tree.count_at(&root, &first, before), 0);
    let time = |text: &str| tlv(0x17, text.as_bytes());
    let validity = |not_before: &str, not_after: &str| {
        tlv(SEQUENCE, &[time(not_before), time(not_after)].concat())
    };
    let expired = validity("250101000000Z", "260601115959Z");
    let last_second = validity("250101000000Z", "260601120000Z");
    let first_with = |validity: &[u8]| tree.first().field(forge::VALIDITY, validity.to_vec());
    assert!(!tree.first_counts(&first_with(&expired)));
    assert!(tree.first_counts(&first_with(&last_second)));
    let root = tree.root().field(forge::VALIDITY, expired);
    assert_eq!(tree.count_at(&root, &first, NOW), 0);
}

#[test]
fn constraints_that_are_not_processed_are_not_passed_over() {
    let tree = Tree::new();
    let with = |oid: &[u8], critical| tree.first().set(oid, critical, &[0x30, 0x00]);
    assert!(!tree.first_counts(&with(&[0x2a, 0x03], true)), "unknown");
    assert!(tree.first_counts(&with(&[0x2a, 0x03], false)));
    assert!(!tree.first_counts(&with(forge::NAME_CONSTRAINTS, true)));
    assert!(!tree.first_counts(&with(forge::NAME_CONSTRAINTS, false)));
    assert!(!tree.first_counts(&with(POLICY_CONSTRAINTS, true)));
    assert!(tree.first_counts(&with(FRESHEST_CRL, false)));
}

#[test]
fn an_anchor_that_is_no_authority_vouches_for_none() {
    let tree = Tree::new();
    let first = [tree.first().sign(&tree.root.key)];
    for root in [
        tree.root().set(forge::BASIC_CONSTRAINTS, true, NOT_CA),
        tree.root().without(forge::BASIC_CONSTRAINTS),
        tree.root().set(forge::KEY_USAGE, true, CRL_SIGN),
        tree.root().set(&[0x2a, 0x03], true, &[0x05, 0x00]),
    ] {
        assert_eq!(tree.count_at(&root, &first, NOW), 0);
    }
}

#[test]
fn only_the_first_certificates_of_a_long_chain_are_looked_at() {
    let tree = Tree::new();
    let first = tree.first().sign(&tree.root.key);
    let mut chain = vec![vec![0x30, 0x00]; 8];
    chain.push(first);
    assert_eq!(tree.count(&chain), 0);
    assert_eq!(tree.count(&chain[1..]), 1);
}
