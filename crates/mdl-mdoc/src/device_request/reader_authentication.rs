use crate::cbor::Writer;
use crate::session_transcript::SessionTranscript;

/// `ReaderAuthenticationBytes`: what `readerAuth` covers (9.1.4.3).
///
/// `["ReaderAuthentication", SessionTranscript, ItemsRequestBytes]` in tag 24; `items_request_bytes` with its own tag 24,
/// as transmitted.
#[must_use]
pub fn reader_authentication_bytes(
    transcript: &SessionTranscript,
    items_request_bytes: &[u8],
) -> Vec<u8> {
    let transcript = transcript.as_bytes();
    let mut writer = Writer::with_capacity(transcript.len() + items_request_bytes.len() + 32);
    writer
        .array(3)
        .text("ReaderAuthentication")
        .raw(transcript)
        .raw(items_request_bytes);
    in_tag_24(&writer)
}

/// `ReaderAuthenticationAllBytes`: what a signature of `readerAuthAll` covers (second edition, 12.5).
///
/// `["ReaderAuthenticationAll", SessionTranscript, [* ItemsRequestBytes], DeviceRequestInfoBytes / null]` in tag 24.
#[must_use]
pub fn reader_authentication_all_bytes<'r>(
    transcript: &SessionTranscript,
    items_requests: impl ExactSizeIterator<Item = &'r [u8]>,
    device_request_info_bytes: Option<&[u8]>,
) -> Vec<u8> {
    let mut writer = Writer::with_capacity(transcript.as_bytes().len() + 512);
    writer
        .array(4)
        .text("ReaderAuthenticationAll")
        .raw(transcript.as_bytes())
        .array(items_requests.len());
    for items_request_bytes in items_requests {
        writer.raw(items_request_bytes);
    }
    match device_request_info_bytes {
        Some(info) => writer.raw(info),
        None => writer.null(),
    };
    in_tag_24(&writer)
}

fn in_tag_24(content: &Writer) -> Vec<u8> {
    let mut tagged = Writer::with_capacity(content.len() + 11);
    tagged.encoded_cbor(content.as_slice());
    tagged.into_bytes()
}
