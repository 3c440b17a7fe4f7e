//! The digests: that every returned element is what the issuer signed (V9, V10).

use mdl_crypto::HashAlgorithm;
use mdl_mdoc::device_response::Document;
use mdl_mdoc::issuer_signed::IssuerSignedItem;
use mdl_mdoc::mso::MobileSecurityObject;

use crate::checks::Checks;
use crate::{Cause, CheckId};

const MAX_DIGEST_ID: u64 = (1 << 31) - 1;
const MIN_SALT_LEN: usize = 16;

pub(super) fn check_digests(
    document: &Document<'_>,
    mso: &MobileSecurityObject<'_>,
    checks: &mut Checks,
) {
    let name_spaces = &document.issuer_signed.name_spaces;
    let algorithm = HashAlgorithm::from_name(mso.digest_algorithm);
    let unknown = algorithm.is_err().then_some(Cause::DigestAlgorithm);
    checks.pass_unless(CheckId::DigestAlgorithm, unknown);

    let (mut absent, mut mismatch) = (None, None);
    for (name_space, items) in name_spaces {
        // Looked up once: a long name space must not be compared again for each of its elements.
        let digests = mso.value_digests.name_space(name_space);
        if digests.is_none() && !items.is_empty() {
            absent.get_or_insert_with(|| Cause::NameSpaceUnknown {
                name_space: (*name_space).to_owned(),
            });
            continue;
        }
        for item in items {
            let expected = digests.and_then(|digests| {
                let at = digests.binary_search_by_key(&item.digest_id, |&(id, _)| id);
                Some(digests[at.ok()?].1)
            });
            match expected {
                None => {
                    absent.get_or_insert_with(|| Cause::DigestUnknown {
                        name_space: (*name_space).to_owned(),
                        element_identifier: item.element_identifier.to_owned(),
                        digest_id: item.digest_id,
                    });
                }
                Some(expected) => {
                    let fits = algorithm
                        .as_ref()
                        .is_ok_and(|algorithm| item.digest(*algorithm).as_ref() == expected);
                    if !fits {
                        let finding = "the element is not what the issuer signed";
                        mismatch.get_or_insert_with(|| element(name_space, item, finding));
                    }
                }
            }
        }
    }
    checks.pass_unless(CheckId::ValueDigestPresent, absent);
    if algorithm.is_ok() {
        checks.pass_unless(CheckId::ValueDigest, mismatch);
    } else {
        checks.not_checked(
            CheckId::ValueDigest,
            Cause::Needs("a known digest algorithm"),
        );
    }
    checks.pass_unless(CheckId::DigestIdUnique, digest_id_twice(document));
    checks.pass_unless(CheckId::ElementUnique, element_twice(document));
    let find = |finding, is_odd: fn(&IssuerSignedItem<'_>) -> bool| {
        name_spaces.iter().find_map(|(name_space, items)| {
            let item = items.iter().find(|item| is_odd(item))?;
            Some(element(name_space, item, finding))
        })
    };
    let out_of_range = find("digestID of 2^31 or more", |item| {
        item.digest_id > MAX_DIGEST_ID
    });
    checks.pass_unless(CheckId::DigestIdRange, out_of_range);
    let short = find("random of less than 16 bytes", |item| {
        item.random.len() < MIN_SALT_LEN
    });
    checks.pass_unless(CheckId::SaltLength, short);
}

fn digest_id_twice(document: &Document<'_>) -> Option<Cause> {
    document
        .issuer_signed
        .name_spaces
        .iter()
        .find_map(|(name_space, items)| {
            let mut ids: Vec<_> = items.iter().map(|item| item.digest_id).collect();
            let twice = first_pair(&mut ids, |id| *id as u8, |a, b| a == b)?;
            let item = items.iter().rfind(|item| item.digest_id == twice)?;
            Some(element(name_space, item, "digestID of another element"))
        })
}

/// An element twice in a name space, issuer- and device-signed together: which of the two holds would be a guess.
///
/// Two items with one digestID are reported as that already.
fn element_twice(document: &Document<'_>) -> Option<Cause> {
    let mut device_signed: Vec<_> = document
        .device_signed
        .iter()
        .flat_map(|device_signed| &device_signed.name_spaces)
        .collect();
    device_signed.sort_unstable_by_key(|(name_space, _)| *name_space);
    // No name space is twice in either part, since both are maps: only identifiers need comparing, and a long name
    // space is not read again for each of its elements.
    let name_spaces = &document.issuer_signed.name_spaces;
    name_spaces.iter().find_map(|(name_space, items)| {
        let mut identifiers: Vec<_> = items
            .iter()
            .map(|item| (item.element_identifier, Some(item.digest_id)))
            .collect();
        if let Ok(at) = device_signed.binary_search_by_key(name_space, |(name, _)| *name) {
            identifiers.extend(
                device_signed[at]
                    .1
                    .iter()
                    .map(|(identifier, _)| (*identifier, None)),
            );
        }
        let mark = |(identifier, _): &(&str, _)| mark(identifier);
        let (twice, _) = first_pair(&mut identifiers, mark, |a, b| a.0 == b.0 && a.1 != b.1)?;
        Some(Cause::Element {
            name_space: (*name_space).to_owned(),
            element_identifier: twice.to_owned(),
            finding: "returned twice".to_owned(),
        })
    })
}

/// A value that has a fellow, which is another that sorts next to it and has the same `mark`.
///
/// Few are compared pairwise where their marks meet, which is quicker than sorting; many are sorted, so that hostile
/// input does not make this quadratic.
fn first_pair<T: Copy + Ord>(
    values: &mut [T],
    mark: impl Fn(&T) -> u8,
    are_fellows: impl Fn(&T, &T) -> bool,
) -> Option<T> {
    const FEW: usize = 64;
    if values.len() <= FEW {
        let mut is_marked = [false; 256];
        return values.iter().enumerate().find_map(|(index, value)| {
            let has_fellow = std::mem::replace(&mut is_marked[usize::from(mark(value))], true)
                && values[..index]
                    .iter()
                    .any(|earlier| are_fellows(earlier, value));
            has_fellow.then_some(*value)
        });
    }
    values.sort_unstable();
    let pair = values
        .windows(2)
        .find(|pair| are_fellows(&pair[0], &pair[1]))?;
    Some(pair[0])
}

/// A number that most identifiers do not share: their ends differ more than their beginnings.
fn mark(identifier: &str) -> u8 {
    let last = identifier.bytes().rev().take(3);
    last.fold(identifier.len() as u8, |mark, byte| {
        mark.wrapping_mul(5).wrapping_add(byte)
    })
}

fn element(name_space: &str, item: &IssuerSignedItem<'_>, finding: &str) -> Cause {
    Cause::Element {
        name_space: name_space.to_owned(),
        element_identifier: item.element_identifier.to_owned(),
        finding: finding.to_owned(),
    }
}
