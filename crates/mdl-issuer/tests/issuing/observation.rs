//! What a reader sees of a document, and may compare with what other readers saw of others.

use mdl_mdoc::MDL_NAME_SPACE;
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::issuer_signed::decode_issuer_signed;
use mdl_mdoc::mso::MobileSecurityObject;
use time::OffsetDateTime;

#[derive(Clone, Debug)]
pub(crate) struct Observation {
    /// Which batch it is of: what readers would like to know.
    pub(crate) batch: usize,
    /// When it was issued, which no reader should learn.
    pub(crate) issued_at: OffsetDateTime,
    pub(crate) salts: Vec<Vec<u8>>,
    /// Elements with their digest identifiers, in the order of the document.
    pub(crate) elements: Vec<(String, u64)>,
    /// All digests of the name space by identifier, decoys included.
    pub(crate) digests: Vec<(u64, Vec<u8>)>,
    pub(crate) list: String,
    pub(crate) idx: u64,
    /// signed, validFrom, validUntil, expectedUpdate.
    pub(crate) times: [OffsetDateTime; 4],
    /// The bytes that were signed.
    pub(crate) mso: Vec<u8>,
}

pub(crate) fn observe(
    issuer_signed: &[u8],
    batch: usize,
    issued_at: OffsetDateTime,
) -> Observation {
    let (document, mut checker) = decode_issuer_signed(issuer_signed, &Limits::DEFAULT).unwrap();
    let payload = document.issuer_auth.payload.unwrap();
    let mso = MobileSecurityObject::decode(payload, &mut checker).unwrap();
    let (name_space, items) = &document.name_spaces[0];
    assert_eq!(*name_space, MDL_NAME_SPACE);
    let element = |item: &mdl_mdoc::issuer_signed::IssuerSignedItem<'_>| {
        (item.element_identifier.to_owned(), item.digest_id)
    };
    let digests = mso.value_digests.name_space(MDL_NAME_SPACE).unwrap();
    let status = mso
        .status
        .as_ref()
        .and_then(|status| status.status_list.as_ref());
    let status = status.expect("every document of these tests has a status");
    let times = &mso.validity_info;
    Observation {
        batch,
        issued_at,
        salts: items.iter().map(|item| item.random.to_vec()).collect(),
        elements: items.iter().map(element).collect(),
        digests: digests
            .iter()
            .map(|(id, digest)| (*id, digest.to_vec()))
            .collect(),
        list: status.uri.to_owned(),
        idx: status.idx,
        times: [
            times.signed.time,
            times.valid_from.time,
            times.valid_until.time,
            times.expected_update.as_ref().unwrap().time,
        ],
        mso: payload.to_vec(),
    }
}
