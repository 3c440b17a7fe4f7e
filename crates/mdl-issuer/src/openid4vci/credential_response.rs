//! The credential response (8.3).
//!
//! `credential` of an mdoc is base64url, without padding, of the CBOR of `IssuerSigned`: not of a `DeviceResponse`, and
//! without a tag (appendix A.2.4). The documents are nearly all of it, more than a megabyte for a batch with portraits, so
//! the text is put together in one piece: no tree of JSON, nothing encoded in the constant time that secrets need, and
//! no search for characters to escape among those of base64url.

use serde_json::Value;

/// The body of the answer to a credential request, in JSON.
///
/// `single` is the shape of drafts up to 13, which has the document in `credential` as well. `c_nonce` is there only for
/// tenants that accept drafts up to 14: the nonce for the next request and its life in seconds.
#[must_use]
pub fn credential_response(
    documents: &[Vec<u8>],
    notification_id: &str,
    single: bool,
    c_nonce: Option<(&str, i64)>,
) -> Vec<u8> {
    let encoded: usize = documents
        .iter()
        .map(|document| document.len() / 3 * 4 + 32)
        .sum();
    let mut body = Vec::with_capacity(encoded * (1 + usize::from(single)) + 512);
    body.push(b'{');
    if let (true, Some(first)) = (single, documents.first()) {
        append_credential(&mut body, first);
        body.push(b',');
    }
    body.extend_from_slice(b"\"credentials\":[");
    for (number, document) in documents.iter().enumerate() {
        body.extend_from_slice(if number == 0 { b"{" } else { b",{" });
        append_credential(&mut body, document);
        body.push(b'}');
    }
    body.push(b']');
    append_member(&mut body, "notification_id", notification_id.into());
    if let Some((nonce, life)) = c_nonce {
        append_member(&mut body, "c_nonce", nonce.into());
        append_member(&mut body, "c_nonce_expires_in", life.into());
    }
    body.push(b'}');
    body
}

/// `"credential":"…"`.
fn append_credential(body: &mut Vec<u8>, document: &[u8]) {
    body.extend_from_slice(b"\"credential\":\"");
    append_base64url(body, document);
    body.push(b'"');
}

/// `,"name":value`.
fn append_member(body: &mut Vec<u8>, name: &str, value: Value) {
    body.extend_from_slice(format!(",\"{name}\":{value}").as_bytes());
}

/// RFC 4648, 5, without padding.
///
/// Blocks of 24 bytes are spread to numbers of six bits, eight in a word, which become letters by comparing and adding:
/// the compiler does that for sixteen at a time.
fn append_base64url(body: &mut Vec<u8>, bytes: &[u8]) {
    let (blocks, rest) = bytes.as_chunks::<24>();
    for block in blocks {
        let mut letters = [0; 32];
        let (groups, _) = block.as_chunks::<6>();
        let (places, _) = letters.as_chunks_mut::<8>();
        for (group, place) in groups.iter().zip(places) {
            *place = spread(*group);
        }
        for place in &mut letters {
            *place = letter(*place);
        }
        body.extend_from_slice(&letters);
    }
    let (groups, rest) = rest.as_chunks::<3>();
    for group in groups {
        body.extend_from_slice(&letters_of(*group));
    }
    match *rest {
        [one] => body.extend_from_slice(&letters_of([one, 0, 0])[..2]),
        [one, two] => body.extend_from_slice(&letters_of([one, two, 0])[..3]),
        _ => {}
    }
}

/// Eight numbers of six bits from six bytes: each half of a word is cut into halves, three times.
fn spread([a, b, c, d, e, f]: [u8; 6]) -> [u8; 8] {
    let bits = u64::from_be_bytes([0, a, b, c, 0, d, e, f]);
    let twelve = (bits & 0x00ff_f000_00ff_f000) << 4 | (bits & 0x0000_0fff_0000_0fff);
    let six = (twelve & 0x0fc0_0fc0_0fc0_0fc0) << 2 | (twelve & 0x003f_003f_003f_003f);
    six.to_be_bytes()
}

fn letters_of(group: [u8; 3]) -> [u8; 4] {
    let [a, b, c] = group;
    let [one, two, three, four, ..] = spread([a, b, c, 0, 0, 0]);
    [one, two, three, four].map(letter)
}

/// The letter of a number below 64, without a table, so that many can be looked up at once: from each range to the next,
/// the distance between number and letter changes.
fn letter(number: u8) -> u8 {
    let from = |first: u8, distance: u8| if number >= first { distance } else { 0 };
    number
        .wrapping_add(b'A')
        .wrapping_add(from(26, b'a' - b'Z' - 1))
        .wrapping_sub(from(52, b'z' + 1 - b'0'))
        .wrapping_sub(from(62, b'9' + 1 - b'-'))
        .wrapping_add(from(63, b'_' - b'-' - 1))
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding};
    use serde_json::json;

    use super::*;

    fn parsed(documents: &[Vec<u8>], single: bool, c_nonce: Option<(&str, i64)>) -> Value {
        let body = credential_response(documents, "an \"id\"", single, c_nonce);
        serde_json::from_slice(&body).unwrap()
    }

    #[test]
    fn documents_are_base64url_without_padding_whatever_their_length() {
        let all: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
        for len in (0..56).chain([all.len()]) {
            let document = all[all.len() - len..].to_vec();
            let encoded = Base64UrlUnpadded::encode_string(&document);
            let answer = parsed(&[document], false, None);
            assert_eq!(answer["credentials"][0]["credential"], encoded.as_str());
        }
    }

    #[test]
    fn an_answer_has_every_document_and_what_older_drafts_add() {
        let documents = [b"one".to_vec(), b"two".to_vec()];
        let credentials = json!([{ "credential": "b25l" }, { "credential": "dHdv" }]);
        assert_eq!(
            parsed(&documents, false, None),
            json!({ "credentials": credentials, "notification_id": "an \"id\"" })
        );
        assert_eq!(
            parsed(&documents, true, Some(("n\\once", 300))),
            json!({
                "credential": "b25l",
                "credentials": credentials,
                "notification_id": "an \"id\"",
                "c_nonce": "n\\once",
                "c_nonce_expires_in": 300,
            })
        );
        assert_eq!(parsed(&[], true, None)["credentials"], json!([]));
    }
}
