//! Value digests: that every returned element is what the issuer signed (9.1.2.5).

use mdl_crypto::HashAlgorithm;

use super::super::forge::{Cbor, Item, Licence, Map, NAME_SPACE};
use super::super::vector_file::{PolicyName, VectorFile};
use super::Layer;

pub(super) fn file() -> VectorFile {
    let mut layer = Layer::new(
        "9.1.2.4, 9.1.2.5",
        [
            (
                "Altered",
                "An element changed after signing; accepting it lets a holder forge.",
            ),
            (
                "Undigested",
                "An element without a digest; skipping it lets a holder add elements at will.",
            ),
            (
                "Algorithm",
                "The digest algorithm of the MSO decides, and no other.",
            ),
            (
                "Twice",
                "An element or digestID twice: which one holds is a guess.",
            ),
            (
                "IssuerDuty",
                "A rule for issuers, which a strict reader holds them to.",
            ),
            ("Normal", "Nothing wrong."),
        ],
    );
    altered(&mut layer);
    undigested(&mut layer);
    algorithms(&mut layer);
    twice(&mut layer);
    issuer_duties(&mut layer);
    layer.into_file()
}

fn disclosed(change: impl FnOnce(&mut Vec<Item>) + 'static) -> Vec<u8> {
    Licence::new()
        .disclosed(|name_spaces| change(&mut name_spaces[0].1))
        .response()
}

fn altered(layer: &mut Layer) {
    for (id, comment, response) in [
        (
            "digests-value-altered",
            "another value",
            disclosed(|items| items[0].value = "Mustermann".into()),
        ),
        (
            "digests-identifier-altered",
            "another identifier: age_over_18 becomes age_over_21",
            disclosed(|items| items[2].identifier = "age_over_21".into()),
        ),
        (
            "digests-salt-altered",
            "another salt",
            disclosed(|items| items[0].random[0] ^= 1),
        ),
        (
            "digests-member-added",
            "a further member in an item",
            disclosed(|items| {
                let mut members = items[0].members();
                members.push("someDay", 1);
                items[0].encoded = Some(Cbor::Map(members).to_bytes());
            }),
        ),
        (
            "digests-identifiers-exchanged",
            "two items have exchanged their digestIDs",
            disclosed(|items| {
                let first = items[0].digest_id;
                items[0].digest_id = items[1].digest_id;
                items[1].digest_id = first;
            }),
        ),
        (
            "digests-decoy-claimed",
            "an item claims the digestID of a decoy",
            disclosed(|items| items[0].digest_id = 1),
        ),
    ] {
        layer
            .response(id, "Altered", comment, response)
            .fails(["value-digest"]);
    }
    let last = Licence::new()
        .with(|licence| {
            licence
                .name_spaces
                .push(("com.example".into(), vec![Item::new(0, "member", true)]))
        })
        .disclosed(|name_spaces| name_spaces[1].1[0].value = false.into())
        .response();
    layer
        .response(
            "digests-last-name-space-altered",
            "Altered",
            "only the last item of the last name space is altered",
            last,
        )
        .fails(["value-digest"]);
    let issuer_signed = Licence::new()
        .disclosed(|name_spaces| name_spaces[0].1[0].value = "Mustermann".into())
        .issuer_signed();
    layer
        .issuer_signed(
            "digests-issuer-signed-altered",
            "Altered",
            "an altered value in an IssuerSigned",
            issuer_signed,
        )
        .fails(["value-digest"]);
    let of_content = |truncate: Option<usize>| {
        Licence::new()
            .mso(move |mso| {
                let digests = mso.map("valueDigests").map(NAME_SPACE);
                if let Cbor::Bytes(digest) = digests.value(3) {
                    match truncate {
                        Some(len) => digest.truncate(len),
                        None => digest.push(0),
                    }
                }
            })
            .response()
    };
    for (id, comment, response) in [
        (
            "digests-digest-truncated",
            "the digest in the MSO is cut to 16 bytes",
            of_content(Some(16)),
        ),
        (
            "digests-digest-empty",
            "the digest in the MSO is empty",
            of_content(Some(0)),
        ),
        (
            "digests-digest-long",
            "a byte follows the digest in the MSO",
            of_content(None),
        ),
    ] {
        layer
            .response(id, "Altered", comment, response)
            .fails(["value-digest"]);
    }
    let untagged = Licence::new()
        .mso(|mso| {
            let item = Item::new(3, "family_name", "Musterfrau");
            let content = Cbor::Map(item.members()).to_bytes();
            let digest = HashAlgorithm::Sha256.digest(&content);
            mso.map("valueDigests")
                .map(NAME_SPACE)
                .set(3, digest.as_ref());
        })
        .response();
    layer
        .response(
            "digests-over-untagged-item",
            "Altered",
            "a digest over the item without its tag 24",
            untagged,
        )
        .fails(["value-digest"]);
}

fn undigested(layer: &mut Layer) {
    let id = disclosed(|items| items.push(Item::new(99, "given_name", "Erika")));
    layer
        .response(
            "digests-unknown-digest-id",
            "Undigested",
            "an added item whose digestID is not in the MSO",
            id,
        )
        .fails(["value-digest-present"]);
    let name_space = Licence::new()
        .disclosed(|name_spaces| {
            name_spaces.push(("com.example".into(), vec![Item::new(0, "member", true)]))
        })
        .response();
    layer
        .response(
            "digests-unknown-name-space",
            "Undigested",
            "an added name space that is not in the MSO",
            name_space,
        )
        .fails(["value-digest-present"]);
    let moved = Licence::new()
        .disclosed(|name_spaces| name_spaces[0].0 = "org.iso.18013.5.2".into())
        .response();
    layer
        .response(
            "digests-name-space-renamed",
            "Undigested",
            "good items under another name space",
            moved,
        )
        .fails(["value-digest-present"]);
    let other = Licence::new()
        .with(|licence| {
            licence.name_spaces.push((
                "com.example".into(),
                vec![Item::new(70, "given_name", "Erika")],
            ))
        })
        .disclosed(|name_spaces| {
            let item = name_spaces[1].1.remove(0);
            name_spaces[0].1.push(item);
        })
        .response();
    layer
        .response(
            "digests-of-another-name-space",
            "Undigested",
            "a good item, moved into another name space of the same MSO",
            other,
        )
        .fails(["value-digest-present"]);
    let empty = Licence::new()
        .mso(|mso| mso.set("valueDigests", Map::default()))
        .response();
    layer
        .response(
            "digests-none",
            "Undigested",
            "an MSO without any digest",
            empty,
        )
        .fails(["value-digest-present"]);
    let nothing = Licence::new().disclosed(Vec::clear).response();
    layer.response(
        "digests-nothing-disclosed",
        "Normal",
        "no element is disclosed",
        nothing,
    );
    let absent = Licence::new()
        .document(|document| document.map("issuerSigned").remove("nameSpaces"))
        .response();
    layer.response(
        "digests-no-name-spaces",
        "Normal",
        "nameSpaces is absent: no element is disclosed",
        absent,
    );
    let one = disclosed(|items| items.truncate(1));
    layer.response(
        "digests-one-disclosed",
        "Normal",
        "one element of three is disclosed",
        one,
    );
}

fn algorithms(layer: &mut Layer) {
    for (id, algorithm) in [
        ("digests-sha-384", HashAlgorithm::Sha384),
        ("digests-sha-512", HashAlgorithm::Sha512),
    ] {
        let response = Licence::new()
            .with(|licence| licence.digest_algorithm = algorithm)
            .response();
        layer
            .response(
                id,
                "Algorithm",
                &format!("digests by {}", algorithm.name()),
                response,
            )
            .policy(PolicyName::Strict);
    }
    let named = |name: &'static str| {
        Licence::new()
            .mso(move |mso| mso.set("digestAlgorithm", name))
            .response()
    };
    for (id, name) in [
        ("digests-algorithm-md5", "MD5"),
        ("digests-algorithm-sha-1", "SHA-1"),
        ("digests-algorithm-lower-case", "sha-256"),
        ("digests-algorithm-without-hyphen", "SHA256"),
        ("digests-algorithm-none", "none"),
        ("digests-algorithm-empty", ""),
    ] {
        let comment = format!("digestAlgorithm is {name:?}");
        layer
            .response(id, "Algorithm", &comment, named(name))
            .fails(["digest-algorithm"]);
    }
    layer
        .response(
            "digests-algorithm-ignored",
            "Algorithm",
            "the MSO says SHA-512, the digests are by SHA-256",
            named("SHA-512"),
        )
        .fails(["value-digest"]);
}

fn twice(layer: &mut Layer) {
    let repeated = disclosed(|items| {
        let item = items[0].clone();
        items.push(item);
    });
    layer
        .response(
            "digests-item-repeated",
            "Twice",
            "one item is returned twice",
            repeated,
        )
        .fails(["digest-id-unique"]);
    let shared = Licence::new()
        .with(|licence| licence.add(Item::new(3, "given_name", "Erika")))
        .response();
    layer
        .response(
            "digests-digest-id-shared",
            "Twice",
            "two elements share a digestID; its digest is that of the second",
            shared,
        )
        .fails(["value-digest", "digest-id-unique"]);
    let element = Licence::new()
        .with(|licence| licence.add(Item::new(8, "family_name", "Mustermann")))
        .response();
    layer
        .response(
            "digests-element-twice",
            "Twice",
            "two items with digests of their own are both called family_name",
            element,
        )
        .fails(["element-unique"]);
}

fn issuer_duties(layer: &mut Layer) {
    let wide = |digest_id: u64| {
        Licence::new()
            .with(|licence| licence.item("family_name").digest_id = digest_id)
            .response()
    };
    let salt = |len: usize| {
        Licence::new()
            .with(|licence| licence.item("family_name").random.truncate(len))
            .response()
    };
    layer
        .response(
            "digests-largest-digest-id",
            "IssuerDuty",
            "digestID 2^31 - 1",
            wide((1 << 31) - 1),
        )
        .policy(PolicyName::Strict);
    layer
        .response(
            "digests-shortest-salt",
            "IssuerDuty",
            "a salt of 16 bytes",
            salt(16),
        )
        .policy(PolicyName::Strict);
    for (id, comment, response, check) in [
        (
            "digests-digest-id-2-31",
            "digestID 2^31",
            wide(1 << 31),
            "digest-id-range",
        ),
        (
            "digests-digest-id-2-64",
            "digestID 2^64 - 1",
            wide(u64::MAX),
            "digest-id-range",
        ),
        (
            "digests-salt-15",
            "a salt of 15 bytes",
            salt(15),
            "salt-length",
        ),
        (
            "digests-salt-empty",
            "an empty salt",
            salt(0),
            "salt-length",
        ),
    ] {
        layer
            .response(id, "IssuerDuty", comment, response.clone())
            .warns([check]);
        layer
            .response(&format!("{id}-strict"), "IssuerDuty", comment, response)
            .policy(PolicyName::Strict)
            .fails([check]);
    }
}
