//! Input that is no acceptable CBOR (8.1; RFC 8949), at every depth.

use super::super::forge::{
    ALG, Cbor, HMAC_256_256, Item, Licence, Map, NAME_SPACE, X5CHAIN, header, response, sha256,
    write_head,
};
use super::super::vector_file::VectorFile;
use super::Layer;

pub(super) fn file() -> VectorFile {
    let mut layer = Layer::new(
        "8.1; RFC 8949, 3 and 5.6",
        [
            (
                "Malformed",
                "Not well-formed CBOR. A reader that guesses reads something else than another reader.",
            ),
            (
                "Trailing",
                "Bytes after the data item, which nothing covers.",
            ),
            (
                "Depth",
                "Nesting far beyond what an mdoc needs; a recursive decoder runs out of stack.",
            ),
            (
                "Length",
                "A declared length far beyond the input; a decoder that believes it runs out of memory.",
            ),
            (
                "DuplicateKey",
                "A map key twice: one reader takes the first value, another the last.",
            ),
            ("Text", "Text that is not UTF-8."),
            (
                "Chunked",
                "A string in chunks. 8.1 asks for definite lengths.",
            ),
            (
                "Extensible",
                "Members that this edition does not know, which readers ignore.",
            ),
            ("Normal", "Nothing wrong."),
        ],
    );
    whole_input(&mut layer);
    hostile_sizes(&mut layer);
    duplicate_keys(&mut layer);
    strings(&mut layer);
    embedded(&mut layer);
    extensible(&mut layer);
    layer.into_file()
}

fn whole_input(layer: &mut Layer) {
    let valid = Licence::new().response();
    layer.response(
        "cbor-valid",
        "Normal",
        "a response without fault",
        valid.clone(),
    );
    layer
        .response("cbor-empty", "Malformed", "no bytes at all", Vec::new())
        .fails(["cbor"]);
    let noise = sha256(b"noise").repeat(4);
    layer
        .response("cbor-noise", "Malformed", "128 bytes of noise", noise)
        .fails(["cbor"]);
    let text = b"{\"version\":\"1.0\",\"status\":0}".to_vec();
    layer
        .response("cbor-json", "Malformed", "JSON in place of CBOR", text)
        .fails(["cbor"]);
    let truncated = valid[..valid.len() - 1].to_vec();
    layer
        .response(
            "cbor-truncated",
            "Malformed",
            "the last byte is missing",
            truncated,
        )
        .fails(["cbor"]);
    let half = valid[..valid.len() / 2].to_vec();
    layer
        .response("cbor-half", "Malformed", "the second half is missing", half)
        .fails(["cbor"]);
    let trailing = [&valid[..], &[0]].concat();
    layer
        .response(
            "cbor-trailing-byte",
            "Trailing",
            "one byte follows the response",
            trailing,
        )
        .fails(["cbor"]);
    let twice = valid.repeat(2);
    layer
        .response(
            "cbor-two-items",
            "Trailing",
            "the response follows itself",
            twice,
        )
        .fails(["cbor"]);
    for (id, comment, bytes) in [
        (
            "cbor-reserved-head",
            "additional information 28, which is reserved",
            &[0x1c][..],
        ),
        ("cbor-break", "a break outside any item", &[0xff]),
        (
            "cbor-key-without-value",
            "an indefinite map that breaks off after a key",
            &[0xbf, 0x61, 0x61, 0xff],
        ),
        (
            "cbor-simple-in-two-bytes",
            "simple value 20 in the form for 32 and above",
            &[0xf8, 0x14],
        ),
        (
            "cbor-indefinite-integer",
            "an integer of indefinite length",
            &[0x1f],
        ),
        (
            "cbor-indefinite-tag",
            "a tag of indefinite length",
            &[0xdf, 0x00],
        ),
        (
            "cbor-head-cut-short",
            "a head that announces eight bytes and has three",
            &[0x1b, 0, 0, 0],
        ),
    ] {
        layer
            .response(id, "Malformed", comment, bytes.to_vec())
            .fails(["cbor"]);
    }
}

fn hostile_sizes(layer: &mut Layer) {
    for (id, comment, bytes) in [
        (
            "cbor-nested-arrays",
            "10,000 nested arrays",
            vec![0x81; 10_000],
        ),
        (
            "cbor-nested-indefinite-arrays",
            "1,000 nested arrays of indefinite length",
            vec![0x9f; 1_000],
        ),
        (
            "cbor-nested-maps",
            "1,000 nested maps",
            [0xa1, 0x00].repeat(1_000),
        ),
        ("cbor-nested-tags", "1,000 nested tags", vec![0xc6; 1_000]),
        (
            "cbor-nested-value",
            "200 nested arrays under an unknown member of a response",
            nested_in_response(200),
        ),
    ] {
        layer.response(id, "Depth", comment, bytes).fails(["cbor"]);
    }
    for (id, comment, major, argument) in [
        (
            "cbor-bytes-of-2-32",
            "a byte string that declares 2^32 bytes",
            2,
            1 << 32,
        ),
        (
            "cbor-text-of-2-32",
            "a text string that declares 2^32 bytes",
            3,
            1 << 32,
        ),
        (
            "cbor-array-of-2-32",
            "an array that declares 2^32 elements",
            4,
            1 << 32,
        ),
        (
            "cbor-map-of-2-32",
            "a map that declares 2^32 entries",
            5,
            1 << 32,
        ),
        (
            "cbor-array-of-2-64",
            "an array that declares 2^64 - 1 elements",
            4,
            u64::MAX,
        ),
        (
            "cbor-map-of-2-64",
            "a map that declares 2^64 - 1 entries",
            5,
            u64::MAX,
        ),
        (
            "cbor-bytes-of-2-64",
            "a byte string that declares 2^64 - 1 bytes",
            2,
            u64::MAX,
        ),
    ] {
        let mut huge = Vec::new();
        write_head(&mut huge, major, argument);
        huge.extend([0; 16]);
        layer.response(id, "Length", comment, huge).fails(["cbor"]);
    }
    let mut documents = Vec::new();
    write_head(&mut documents, 4, 1 << 31);
    let mut map = response(Vec::new());
    map.set("documents", Cbor::Raw(documents));
    layer
        .response(
            "cbor-documents-of-2-31",
            "Length",
            "documents declares 2^31 elements",
            Cbor::Map(map).to_bytes(),
        )
        .fails(["cbor"]);
}

fn nested_in_response(levels: usize) -> Vec<u8> {
    let value = [vec![0x81; levels], vec![0]].concat();
    Licence::new()
        .response_map(|map| map.push("unknown", Cbor::Raw(value)))
        .response()
}

fn duplicate_keys(layer: &mut Layer) {
    let status = Licence::new()
        .response_map(|map| map.push("status", 0))
        .response();
    layer
        .response(
            "cbor-duplicate-status",
            "DuplicateKey",
            "status stands twice in the response",
            status,
        )
        .fails(["cbor"]);
    let documents = Licence::new()
        .response_map(|map| {
            map.0
                .insert(0, ("documents".into(), Cbor::Array(Vec::new())));
        })
        .response();
    layer
        .response(
            "cbor-duplicate-documents",
            "DuplicateKey",
            "documents stands twice, first without a document",
            documents,
        )
        .fails(["cbor"]);
    let wide = Licence::new()
        .response_map(|map| {
            map.0
                .push((Cbor::from("status").with_longest_head(), 10.into()))
        })
        .response();
    layer
        .response(
            "cbor-duplicate-key-in-other-width",
            "DuplicateKey",
            "status stands twice, the second time with a longer head and another value",
            wide,
        )
        .fails(["cbor"]);
    let label = Licence::new()
        .issuer_auth_signed(|auth| {
            let wide = Cbor::from(X5CHAIN).with_longest_head();
            auth.unprotected.push(wide, vec![0x2a; 8]);
        })
        .response();
    layer
        .response(
            "cbor-duplicate-label-in-other-width",
            "DuplicateKey",
            "x5chain stands twice in one header, the second time with a longer label",
            label,
        )
        .fails(["cbor"]);
    let name_space = Licence::new()
        .disclosed(|name_spaces| {
            let evil = vec![Item::new(3, "family_name", "Mallory")];
            name_spaces.push((NAME_SPACE.to_owned(), evil));
        })
        .response();
    layer
        .response(
            "cbor-duplicate-name-space",
            "DuplicateKey",
            "a name space stands twice, the second time with another family_name",
            name_space,
        )
        .fails(["cbor"]);
    let item = Licence::new()
        .with(|licence| {
            let item = licence.item("family_name");
            let mut members = item.members();
            members.push("elementValue", "Mallory");
            item.encoded = Some(Cbor::Map(members).to_bytes());
        })
        .response();
    layer
        .response(
            "cbor-duplicate-element-value",
            "DuplicateKey",
            "an item holds two values; the issuer digested it like that",
            item,
        )
        .fails(["cbor"]);
    let device = Licence::new()
        .with(|licence| {
            let mut elements = Map::new([("challenge", Cbor::from(1))]);
            elements.push("challenge", 2);
            licence.device_elements = Map::new([("com.example", elements.into())]);
        })
        .mso(authorise_example)
        .response();
    layer
        .response(
            "cbor-duplicate-device-element",
            "DuplicateKey",
            "a device-signed element stands twice, with two values",
            device,
        )
        .fails(["cbor"]);
}

fn authorise_example(mso: &mut Map) {
    let name_spaces = Cbor::Array(vec!["com.example".into()]);
    let authorizations = Map::new([("nameSpaces", name_spaces)]);
    mso.map("deviceKeyInfo")
        .set("keyAuthorizations", authorizations);
}

fn strings(layer: &mut Layer) {
    let with_family_name = |value: Cbor| {
        Licence::new()
            .with(|licence| licence.item("family_name").value = value)
            .response()
    };
    for (id, comment, text) in [
        (
            "cbor-text-not-utf-8",
            "a byte that no UTF-8 text has",
            &[0x63, 0x41, 0xff, 0x42][..],
        ),
        (
            "cbor-text-overlong",
            "an overlong encoding of '/'",
            &[0x62, 0xc0, 0xaf],
        ),
        (
            "cbor-text-surrogate",
            "half of a surrogate pair",
            &[0x63, 0xed, 0xa0, 0x80],
        ),
        (
            "cbor-text-cut-short",
            "text that ends inside a character",
            &[0x62, 0x41, 0xc3],
        ),
    ] {
        let bytes = with_family_name(Cbor::Raw(text.to_vec()));
        layer.response(id, "Text", comment, bytes).fails(["cbor"]);
    }
    let chunked = with_family_name(Cbor::from("Musterfrau").with_indefinite_length());
    layer
        .response(
            "cbor-chunked-element-value",
            "Chunked",
            "a value in chunks",
            chunked,
        )
        .fails(["cbor"]);
    let salt = Licence::new()
        .with(|licence| {
            let item = licence.item("family_name");
            let mut members = item.members();
            members.set(
                "random",
                Cbor::from(item.random.clone()).with_indefinite_length(),
            );
            item.encoded = Some(Cbor::Map(members).to_bytes());
        })
        .response();
    layer
        .response("cbor-chunked-random", "Chunked", "a salt in chunks", salt)
        .fails(["cbor"]);
    let version = Licence::new()
        .response_map(|map| map.set("version", Cbor::from("1.0").with_indefinite_length()))
        .response();
    layer
        .response(
            "cbor-chunked-version",
            "Chunked",
            "the version in chunks",
            version,
        )
        .fails(["cbor"]);
}

/// CBOR inside of byte strings must be as good as outside.
fn embedded(layer: &mut Layer) {
    let item = |change: fn(&mut Vec<u8>)| {
        Licence::new()
            .with(|licence| {
                let item = licence.item("family_name");
                let mut bytes = Cbor::Map(item.members()).to_bytes();
                change(&mut bytes);
                item.encoded = Some(bytes);
            })
            .response()
    };
    layer
        .response(
            "cbor-item-trailing-byte",
            "Trailing",
            "a byte follows the content of an item; the issuer digested it like that",
            item(|bytes| bytes.push(0)),
        )
        .fails(["cbor"]);
    let truncated = item(|bytes| {
        bytes.pop();
    });
    layer
        .response(
            "cbor-item-truncated",
            "Malformed",
            "an item lacks its last byte",
            truncated,
        )
        .fails(["cbor"]);
    layer
        .response(
            "cbor-item-empty",
            "Malformed",
            "an item without content",
            item(Vec::clear),
        )
        .fails(["cbor"]);
    let protected = Licence::new()
        .issuer_auth(|auth| auth.protected.push(0))
        .response();
    layer
        .response(
            "cbor-protected-header-trailing-byte",
            "Trailing",
            "a byte follows the map in the protected header; the signature covers it",
            protected,
        )
        .fails(["cbor"]);
    let mac_header = Licence::new()
        .device_auth(|auth| {
            auth.protected = header([(ALG, HMAC_256_256.into())]);
            auth.protected.pop();
        })
        .response();
    layer
        .response(
            "cbor-device-protected-header-truncated",
            "Malformed",
            "the protected header of the device signature ends inside its map",
            mac_header,
        )
        .fails(["cbor"]);
    for (id, comment, content) in [
        (
            "cbor-device-name-spaces-empty",
            "DeviceNameSpacesBytes without content",
            Vec::new(),
        ),
        (
            "cbor-device-name-spaces-trailing-byte",
            "a byte follows DeviceNameSpaces",
            vec![0xa0, 0x00],
        ),
    ] {
        let bytes = Licence::new()
            .document(|document| {
                document
                    .map("deviceSigned")
                    .set("nameSpaces", Cbor::encoded(content));
            })
            .response();
        layer
            .response(id, "Malformed", comment, bytes)
            .fails(["cbor"]);
    }
}

/// Members of later editions and of nobody in particular.
fn extensible(layer: &mut Layer) {
    let response = Licence::new()
        .response_map(|map| {
            map.push(
                "someDay",
                Cbor::Array(vec![1.into(), Map::new([(1, Cbor::Null)]).into()]),
            );
            map.push(-7, "a key that is no text");
        })
        .document(|document| document.push("another", 1))
        .response();
    layer.response(
        "cbor-unknown-members",
        "Extensible",
        "response and document hold members that are not known",
        response,
    );
    let mso = Licence::new()
        .mso(|mso| {
            mso.push("someDay", true);
            mso.map("deviceKeyInfo")
                .push("keyInfo", Map::new([(-1, Cbor::from("text"))]));
            mso.map("validityInfo").push("someDay", 5);
        })
        .response();
    layer.response(
        "cbor-unknown-mso-members",
        "Extensible",
        "the MSO holds members that are not known",
        mso,
    );
    let item = Licence::new()
        .with(|licence| {
            let item = licence.item("family_name");
            let mut members = item.members();
            members.push("someDay", Cbor::Null);
            item.encoded = Some(Cbor::Map(members).to_bytes());
        })
        .response();
    layer.response(
        "cbor-unknown-item-member",
        "Extensible",
        "an item holds a member that is not known",
        item,
    );
    let reordered = Licence::new()
        .with(|licence| {
            let item = licence.item("family_name");
            let mut members = item.members();
            members.0.reverse();
            item.encoded = Some(Cbor::Map(members).to_bytes());
        })
        .response();
    layer.response(
        "cbor-item-members-reordered",
        "Extensible",
        "the members of an item stand in another order than usual",
        reordered,
    );
}
