//! Copies of one licence: what the strict reader need not read again.
//!
//! The documents of a batch hold the same elements and times, each under its own salts and for its own key. So the
//! first is read in full, and another is a *copy* of it if its bytes are the same but for what makes documents
//! unlinkable (ISO/IEC 18013-5, E.8.4): digest identifiers, salts, digests, the device key, and the position in a
//! status list. A rule that looks at none of these finds in a copy what it found in the original. Of what may differ,
//! each element's digest identifier is examined in every copy: it is one of the mobile security object's, nobody else's,
//! and below 2³¹. Positions in another list, or written in more bytes, make another kind of document, which has an
//! original of its own.
//!
//! What is easy to get wrong: no comparison shows that the digests are those of the elements, or that the device key is
//! a point of its curve. Both are known of an [`UnsignedMdoc`], because its builder takes the digests of the very bytes
//! that it holds, and the key from a [`PublicKey`](mdl_crypto::PublicKey), and nothing alters it afterwards. A proposal
//! that is not exactly what an [`UnsignedMdoc`] holds is no copy of anything. That the builder does so is seen in the
//! original of every batch, which is read from its bytes alone.

use std::ops::Range;
use std::ptr;

use mdl_mdoc::builder::UnsignedMdoc;
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::cose::YCoordinate;
use mdl_mdoc::mso::MobileSecurityObject;
use mdl_signer::{Proposal, SignedFacts};

use super::plain_cbor::{Major, Plain};

/// The documents of a batch that were read in full, with what they say.
#[derive(Default)]
pub(super) struct Originals<'p>(Vec<(SignedFacts, Original<'p>)>);

impl<'p> Originals<'p> {
    /// Adds a document that was read, if it can have copies.
    pub(super) fn extend(&mut self, original: Option<Original<'p>>, facts: SignedFacts) {
        self.0.extend(original.map(|original| (facts, original)));
    }

    /// What `proposal` says, if it is a copy of one of them. Another kind of document differs from it early on, so that
    /// looking through them costs little.
    pub(super) fn facts_of_copy(&self, proposal: &Proposal<'_>) -> Option<SignedFacts> {
        let mut originals = self.0.iter();
        let (facts, _) = originals.find(|(_, original)| original.has_copy(proposal))?;
        Some(*facts)
    }
}

/// Digest identifiers are below 2³¹ (ISO/IEC 18013-5, 9.1.2.4).
const MAX_DIGEST_ID: u64 = (1 << 31) - 1;

/// A document that was read in full, to compare copies with.
pub(super) struct Original<'p> {
    proposal: Proposal<'p>,
    /// Where copies may differ in the bytes to be signed, ascending.
    differing: Vec<Range<usize>>,
    /// `idx` among them, with its head.
    idx: Option<Range<usize>>,
    /// Name spaces of the mobile security object with their digest identifiers.
    digest_ids: Vec<(String, Vec<u64>)>,
}

impl<'p> Original<'p> {
    /// The proposal whose object was read as `mso` out of `payload`. `None` for a document of another form than the
    /// builder's, or so large that a copy, a little longer, might be beyond a limit: neither has copies.
    pub(super) fn new(
        proposal: Proposal<'p>,
        payload: &[u8],
        mso: &MobileSecurityObject<'_>,
    ) -> Option<Self> {
        if proposal.name_spaces.len() > Limits::DEFAULT.max_bytes / 2 {
            return None;
        }
        // The payload is the last that is signed, here and where it was read.
        let before = proposal.to_be_signed.len().checked_sub(payload.len())?;
        let place = |part: &[u8]| {
            let start = (part.as_ptr() as usize).checked_sub(payload.as_ptr() as usize)?;
            let start = before.checked_add(start)?;
            let place = start..start.checked_add(part.len())?;
            (proposal.to_be_signed.get(place.clone())? == part).then_some(place)
        };
        let key = &mso.device_key_info.device_key;
        let Some(YCoordinate::Coordinate(y)) = key.y else {
            return None;
        };
        let list = mso.status.as_ref().and_then(|status| status.status_list);
        let idx = match list {
            Some(list) => Some(place(list.encoded_idx.bytes)?),
            None => None,
        };
        let mut differing = vec![place(key.x?)?, place(y)?];
        differing.extend(idx.clone());
        let mut digest_ids = Vec::new();
        for (name_space, digests) in mso.value_digests.iter() {
            for (_, digest) in digests {
                differing.push(place(digest)?);
            }
            let ids = digests.iter().map(|&(digest_id, _)| digest_id).collect();
            digest_ids.push((name_space.to_owned(), ids));
        }
        differing.sort_unstable_by_key(|place| place.start);
        Some(Self {
            proposal,
            differing,
            idx,
            digest_ids,
        })
    }

    /// Whether `proposal` is a copy, and as good as the original.
    pub(super) fn has_copy(&self, proposal: &Proposal<'_>) -> bool {
        is_from_builder(proposal)
            && self.has_same_object(proposal.to_be_signed)
            && self.has_same_elements(proposal.name_spaces).is_some()
    }

    /// Whether the bytes to be signed are as long as the original's and the same wherever copies may not differ, so
    /// that each reads as the other does.
    fn has_same_object(&self, to_be_signed: &[u8]) -> bool {
        let original = self.proposal.to_be_signed;
        let mut same_from = 0;
        let is_same = |place: Range<usize>| {
            let parts = (original.get(place.clone()), to_be_signed.get(place));
            matches!(parts, (Some(original), Some(copy)) if original == copy)
        };
        for place in &self.differing {
            if !is_same(same_from..place.start) {
                return false;
            }
            same_from = place.end;
        }
        original.len() == to_be_signed.len()
            && is_same(same_from..original.len())
            && self.has_idx_of_same_form(to_be_signed)
    }

    /// Whether the position in the status list is one number, written as short as can be.
    fn has_idx_of_same_form(&self, to_be_signed: &[u8]) -> bool {
        let Some(place) = &self.idx else { return true };
        let idx = to_be_signed.get(place.clone()).unwrap_or_default();
        let mut idx = Plain::new(idx);
        idx.head(Major::Unsigned).is_some() && idx.is_at_end()
    }

    /// Whether the elements are the original's, one by one, but for digest identifiers and salts; and whether every
    /// identifier has a digest of its own.
    fn has_same_elements(&self, name_spaces: &[u8]) -> Option<()> {
        let original = self.proposal.name_spaces;
        if original.is_empty() || name_spaces.is_empty() {
            return (original.is_empty() && name_spaces.is_empty()).then_some(());
        }
        let (mut original, mut copy) = (Plain::new(original), Plain::new(name_spaces));
        let mut used = Vec::new();
        for _ in 0..same(original.head(Major::Map)?, copy.head(Major::Map)?)? {
            let name_space = same(original.string(Major::Text)?, copy.string(Major::Text)?)?;
            let mut known = self.digest_ids.iter();
            let (_, known) = known.find(|(name, _)| name.as_bytes() == name_space)?;
            used.clear();
            for _ in 0..same(original.head(Major::Array)?, copy.head(Major::Array)?)? {
                let (original, copy) = (original.item()?, copy.item()?);
                same(original.element, copy.element)?;
                same(original.random.len(), copy.random.len())?;
                used.push(copy.digest_id);
            }
            used.sort_unstable();
            let is_used_once = used.windows(2).all(|pair| pair[0] != pair[1]);
            let is_good = |id: &u64| *id <= MAX_DIGEST_ID && known.binary_search(id).is_ok();
            (is_used_once && used.iter().all(is_good)).then_some(())?;
        }
        (original.is_at_end() && copy.is_at_end()).then_some(())
    }
}

/// Whether the bytes are those that the builder put together.
fn is_from_builder(proposal: &Proposal<'_>) -> bool {
    let origin = proposal.origin.and_then(|origin| origin.downcast_ref());
    origin.is_some_and(|origin: &UnsignedMdoc| {
        ptr::eq(origin.to_be_signed(), proposal.to_be_signed)
            && ptr::eq(origin.name_spaces(), proposal.name_spaces)
    })
}

fn same<T: PartialEq>(original: T, copy: T) -> Option<T> {
    (original == copy).then_some(copy)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ciborium::Value;
    use mdl_crypto::{Curve, PrivateKey};
    use mdl_mdoc::builder::{ElementSet, MdocBuilder, StatusReference, Validity};
    use mdl_mdoc::cbor::{Checker, Reader};
    use mdl_mdoc::{MDL_DOC_TYPE, MDL_NAME_SPACE};
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;
    use time::macros::datetime;
    use time::{Duration, OffsetDateTime};

    use super::super::plain_cbor::PlainItem;
    use super::*;

    const AT: OffsetDateTime = datetime!(2026-06-15 00:00 UTC);

    /// So many that not all digest identifiers take one byte.
    const IDENTIFIERS: [&str; 18] = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r",
    ];

    /// What a document is made of.
    struct Licence {
        doc_type: &'static str,
        elements: Vec<(&'static str, &'static str, Value)>,
        life: Duration,
        uri: &'static str,
        idx: u64,
        salt_len: usize,
        device_key: Curve,
    }

    impl Licence {
        fn new() -> Self {
            let elements = IDENTIFIERS.map(|name| (MDL_NAME_SPACE, name, Value::from(true)));
            let domestic = ("n", "a", Value::from("x".repeat(300)));
            Self {
                doc_type: MDL_DOC_TYPE,
                elements: elements.into_iter().chain([domestic]).collect(),
                life: Duration::days(30),
                uri: "https://dmv.example/1",
                idx: 0x0202_0202,
                salt_len: 32,
                device_key: Curve::P256,
            }
        }

        /// A document, of which `seed` decides everything else.
        fn unsigned(&self, seed: u8) -> UnsignedMdoc {
            let mut rng = ChaCha20Rng::from_seed([seed; 32]);
            let mut elements = ElementSet::new();
            for (name_space, identifier, value) in &self.elements {
                elements.add(name_space, identifier, value.clone()).unwrap();
            }
            let key = PrivateKey::generate(self.device_key, &mut rng);
            let validity = Validity::new(AT, AT, AT + self.life).unwrap();
            let status = StatusReference {
                idx: self.idx + u64::from(seed),
                uri: self.uri.to_owned(),
                certificate: None,
            };
            MdocBuilder::new(self.doc_type, &elements, key.public_key(), validity)
                .salt_len(self.salt_len)
                .status(&status)
                .build(Curve::P256.algorithm(), &mut rng)
                .unwrap()
        }
    }

    fn proposal(unsigned: &UnsignedMdoc) -> Proposal<'_> {
        Proposal::new(unsigned.to_be_signed(), unsigned.name_spaces()).out_of(unsigned)
    }

    /// As the strict reader does it, who reads the object in other memory.
    fn original(unsigned: &UnsignedMdoc) -> Original<'_> {
        let payload = unsigned.payload().to_vec();
        let mut checker = Checker::new(&payload, &Limits::DEFAULT).unwrap();
        let mso = MobileSecurityObject::decode(&payload, &mut checker).unwrap();
        Original::new(proposal(unsigned), &payload, &mso).unwrap()
    }

    #[test]
    fn documents_that_differ_in_what_makes_them_unlinkable_are_copies() {
        let licence = Licence::new();
        let first = licence.unsigned(0);
        for seed in 1..30 {
            assert!(original(&first).has_copy(&proposal(&licence.unsigned(seed))));
        }
    }

    #[test]
    fn documents_whose_positions_are_in_two_lists_in_turn_have_two_originals() {
        let other_list = Licence {
            uri: "https://dmv.example/2",
            life: Duration::days(29),
            ..Licence::new()
        };
        let lists = [Licence::new(), other_list];
        let facts = lists.each_ref().map(|licence| SignedFacts {
            signed: AT,
            valid_from: AT,
            valid_until: AT + licence.life,
            licence_expiry: None,
        });
        let documents: Vec<_> = (0..8)
            .map(|seed| lists[usize::from(seed) % 2].unsigned(seed))
            .collect();
        let mut originals = Originals::default();
        for number in [0, 1] {
            assert_eq!(originals.facts_of_copy(&proposal(&documents[number])), None);
            originals.extend(Some(original(&documents[number])), facts[number]);
        }
        for (number, document) in documents.iter().enumerate() {
            let of_copy = originals.facts_of_copy(&proposal(document));
            assert_eq!(of_copy, Some(facts[number % 2]), "document {number}");
        }
    }

    #[test]
    fn a_document_that_differs_in_anything_else_is_no_copy() {
        let first = Licence::new().unsigned(0);
        let changes: [fn(&mut Licence); 9] = [
            |licence| licence.doc_type = "org.example.other",
            |licence| licence.elements[3].2 = false.into(),
            |licence| licence.elements[18].2 = "x".repeat(299).into(),
            |licence| licence.elements[18].1 = "b",
            |licence| licence.elements[18].0 = "m",
            |licence| drop(licence.elements.pop()),
            |licence| licence.life = Duration::days(29),
            |licence| licence.uri = "https://dmv.example/2",
            |licence| licence.salt_len = 16,
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut licence = Licence::new();
            change(&mut licence);
            let other = licence.unsigned(1);
            assert!(
                !original(&first).has_copy(&proposal(&other)),
                "change {number}"
            );
        }
    }

    #[test]
    fn positions_of_other_widths_and_keys_of_other_curves_are_no_copies() {
        let first = Licence::new().unsigned(0);
        let narrow = Licence {
            idx: 7,
            ..Licence::new()
        };
        let other_curve = Licence {
            device_key: Curve::P384,
            ..Licence::new()
        };
        for licence in [narrow, other_curve] {
            assert!(!original(&first).has_copy(&proposal(&licence.unsigned(1))));
        }
    }

    #[test]
    fn only_the_bytes_that_the_builder_digested_are_a_copy() {
        let (first, second) = (Licence::new().unsigned(0), Licence::new().unsigned(1));
        let bytes = (
            second.to_be_signed().to_vec(),
            second.name_spaces().to_vec(),
        );
        let without = Proposal::new(second.to_be_signed(), second.name_spaces());
        for proposal in [
            without,
            without.out_of(&first),
            without.out_of(&bytes),
            Proposal::new(&bytes.0, second.name_spaces()).out_of(&second),
            Proposal::new(second.to_be_signed(), &bytes.1).out_of(&second),
            Proposal::new(second.to_be_signed(), first.name_spaces()).out_of(&second),
        ] {
            assert!(!original(&first).has_copy(&proposal));
        }
    }

    #[test]
    fn a_byte_altered_in_the_object_is_seen_wherever_copies_may_not_differ() {
        let (first, second) = (Licence::new().unsigned(0), Licence::new().unsigned(1));
        let original = original(&first);
        let good = second.to_be_signed();
        assert!(original.has_same_object(good));
        assert!(!original.has_same_object(&good[..good.len() - 1]));
        assert!(!original.has_same_object(&[good, &[0]].concat()));
        for at in 0..good.len() {
            let mut altered = good.to_vec();
            altered[at] ^= 1;
            let may_differ = original.differing.iter().any(|place| place.contains(&at));
            // The head of the position says its width, as that of the original.
            let is_head = original.idx.as_ref().is_some_and(|idx| idx.start == at);
            let is_same = original.has_same_object(&altered);
            assert_eq!(is_same, may_differ && !is_head, "byte {at}");
        }
    }

    #[test]
    fn a_position_that_is_not_as_short_as_can_be_is_no_copy() {
        let (first, second) = (Licence::new().unsigned(0), Licence::new().unsigned(1));
        let original = original(&first);
        let mut altered = second.to_be_signed().to_vec();
        let idx = original.idx.clone().unwrap();
        altered[idx.clone()].copy_from_slice(&[0x1a, 0, 0, 0, 5]);
        assert!(!original.has_same_object(&altered));
        altered[idx].copy_from_slice(&[0x1a, 0, 1, 0, 0]);
        assert!(original.has_same_object(&altered));
    }

    #[test]
    fn a_byte_altered_in_the_elements_is_seen_outside_of_salts() {
        let (first, second) = (Licence::new().unsigned(0), Licence::new().unsigned(1));
        let original = original(&first);
        let good = second.name_spaces();
        assert!(original.has_same_elements(good).is_some());
        assert!(
            original
                .has_same_elements(&good[..good.len() - 1])
                .is_none()
        );
        assert!(original.has_same_elements(&[good, &[0]].concat()).is_none());
        assert!(original.has_same_elements(&[]).is_none());
        let (mut salts, mut identifiers) = (Vec::new(), Vec::new());
        let start = good.as_ptr() as usize;
        for item in items(good).unwrap() {
            let salt = item.random.as_ptr() as usize - start;
            salts.extend(salt..salt + item.random.len());
            // The identifier ends before the key of the salt, "random" with its head, and the salt's own head.
            identifiers.push(salt - 2 - 7 - 1);
        }
        let last_identifier = identifiers[18];
        for at in 0..good.len() {
            let mut altered = good.to_vec();
            altered[at] ^= 0x80;
            let is_same = original.has_same_elements(&altered).is_some();
            assert_eq!(is_same, salts.contains(&at), "byte {at}");
        }
        assert_eq!(identifiers.len(), 19);
        let (mut accepted, mut refused) = (0, 0);
        for at in identifiers {
            let mut altered = good.to_vec();
            altered[at] = if altered[at] == 15 { 14 } else { 15 };
            // Digests are filled up to 32 in one name space, to 16 in the other: every identifier has a digest.
            let is_good = items(&altered).is_some_and(|items| {
                let ids = |items: &[PlainItem<'_>]| {
                    let ids: BTreeSet<_> = items.iter().map(|item| item.digest_id).collect();
                    ids.len() == items.len()
                };
                ids(&items[..18]) && ids(&items[18..])
            });
            assert_eq!(original.has_same_elements(&altered).is_some(), is_good);
            accepted += usize::from(is_good);
            refused += usize::from(!is_good);
        }
        assert!(accepted > 0 && refused > 0);
        // 16 is beyond the digests of the other name space.
        let mut altered = good.to_vec();
        altered[last_identifier] = 16;
        assert!(items(&altered).is_some());
        assert!(original.has_same_elements(&altered).is_none());
    }

    /// The items of all name spaces.
    fn items(name_spaces: &[u8]) -> Option<Vec<PlainItem<'_>>> {
        let mut plain = Plain::new(name_spaces);
        let mut items = Vec::new();
        for _ in 0..plain.head(Major::Map)? {
            plain.string(Major::Text)?;
            for _ in 0..plain.head(Major::Array)? {
                items.push(plain.item()?);
            }
        }
        Some(items)
    }

    #[test]
    fn digest_identifiers_of_two_to_the_31_or_more_are_no_copy() {
        /// `{"n": [24(<<{"digestID": id, "random": h'00', 0: 0, 1: 1}>>)]}`.
        fn name_spaces(id: u32) -> Vec<u8> {
            let mut item = b"\xa4\x68digestID\x1a".to_vec();
            item.extend(id.to_be_bytes());
            item.extend(b"\x66random\x41\x00\0\0\x01\x01");
            let head = [0xa1, 0x61, b'n', 0x81, 0xd8, 0x18, 0x58, item.len() as u8];
            [head.as_slice(), &item].concat()
        }
        let first = name_spaces(1 << 30);
        let original = Original {
            proposal: Proposal::new(&[], &first),
            differing: Vec::new(),
            idx: None,
            digest_ids: vec![("n".to_owned(), vec![1 << 30, (1 << 31) - 1, 1 << 31])],
        };
        for (id, is_good) in [((1 << 31) - 1, true), (1 << 31, false), (1 << 29, false)] {
            let copy = name_spaces(id);
            assert_eq!(original.has_same_elements(&copy).is_some(), is_good);
        }
        // Sound otherwise, as a reader sees it.
        assert!(Reader::new(&first, 0).skip().is_ok());
    }

    #[test]
    fn nothing_is_a_copy_of_a_document_as_large_as_a_reader_takes() {
        let mut licence = Licence::new();
        licence.elements[18].2 = "x".repeat(Limits::DEFAULT.max_bytes / 2).into();
        let unsigned = licence.unsigned(0);
        let mut checker = Checker::new(unsigned.payload(), &Limits::DEFAULT).unwrap();
        let mso = MobileSecurityObject::decode(unsigned.payload(), &mut checker).unwrap();
        assert!(Original::new(proposal(&unsigned), unsigned.payload(), &mso).is_none());
    }
}
