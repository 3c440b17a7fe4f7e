use mdl_crypto::{Algorithm, HashAlgorithm, PublicKey};
use rand_core::CryptoRng;

use super::status_reference::Status;
use super::{
    DeviceKeyAuthorizations, ElementSet, IdentifierReference, StatusReference, UnsignedMdoc,
    Validity,
};
use crate::cbor::{MajorType, Writer, head_len};
use crate::cose::encode_cose_key;
use crate::tdate::format_tdate;

/// Salts are at least this long (9.1.2.5).
const MIN_SALT_LEN: usize = 16;
const MAX_SALT_LEN: usize = 64;

/// Identifies a digest within one name space: an unsigned integer below 2³¹ (9.1.2.4).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DigestId(u32);

/// A digest identifier of 2³¹ or more.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("digestID {0} is not below 2^31")]
pub struct DigestIdTooLarge(pub u64);

impl TryFrom<u64> for DigestId {
    type Error = DigestIdTooLarge;

    fn try_from(id: u64) -> Result<Self, Self::Error> {
        match u32::try_from(id) {
            Ok(small) if small < 1 << 31 => Ok(Self(small)),
            _ => Err(DigestIdTooLarge(id)),
        }
    }
}

/// How many digests without an element a name space gets, so that their number does not tell how many elements the
/// holder has (E.9.5).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decoys {
    /// None: the number of digests is the number of elements.
    None,
    /// Up to the next multiple of this number.
    PadToMultipleOf(u16),
}

/// Why an mdoc cannot be built.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// An empty document type.
    #[error("docType must not be empty")]
    EmptyDocType,
    /// An element set without any name space.
    #[error("at least one name space is needed")]
    NoNameSpace,
    /// A salt length outside 16 to 64 bytes.
    #[error("salts of {0} bytes; 16 to 64 are possible")]
    SaltLen(usize),
    /// `keyAuthorizations` without content.
    #[error("keyAuthorizations must not be empty")]
    EmptyKeyAuthorizations,
    /// A status reference whose `uri` is not an absolute https URI.
    #[error("status uri must be an absolute https URI")]
    StatusUri,
    /// A status list and an identifier list: the MSO names one mechanism.
    #[error("status names either a status list or an identifier list")]
    TwoStatusMechanisms,
    /// An identifier of a few bytes, which could be guessed.
    #[error("identifier of {0} bytes for an identifier list; it needs 16 at least")]
    StatusIdentifierLen(usize),
    /// More digests in a name space than identifiers.
    #[error(transparent)]
    TooManyDigests(#[from] DigestIdTooLarge),
}

/// Builds the unsigned form of one mdoc.
///
/// ```
/// use mdl_crypto::{Algorithm, Curve, PrivateKey};
/// use mdl_mdoc::builder::{ElementSet, Granularity, MdocBuilder, Validity};
/// use mdl_mdoc::{MDL_DOC_TYPE, MDL_NAME_SPACE};
/// # use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::seed_from_u64(1);
/// # let now = time::macros::datetime!(2026-06-15 12:00 UTC);
/// let device_key = PrivateKey::generate(Curve::P256, &mut rng);
/// let document_signer = PrivateKey::generate(Curve::P256, &mut rng);
///
/// let mut elements = ElementSet::new();
/// elements.add(MDL_NAME_SPACE, "family_name", "Mustermann")?.add(MDL_NAME_SPACE, "age_over_18", true)?;
/// let validity = Validity::coarse(now, time::Duration::days(30), Granularity::Day)?;
/// let unsigned = MdocBuilder::new(MDL_DOC_TYPE, &elements, device_key.public_key(), validity)
///     .build(Algorithm::Es256, &mut rng)?;
///
/// let signature = document_signer.sign(unsigned.to_be_signed());
/// let certificate = b"DER of the document signer's certificate";
/// let issuer_signed = unsigned.attach(&signature, document_signer.public_key(), &[certificate])?;
/// # assert!(!issuer_signed.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct MdocBuilder<'a> {
    doc_type: &'a str,
    elements: &'a ElementSet,
    device_key: &'a PublicKey,
    validity: Validity,
    digest_algorithm: HashAlgorithm,
    salt_len: usize,
    decoys: Decoys,
    key_authorizations: Option<&'a DeviceKeyAuthorizations>,
    status: Status<'a>,
}

impl<'a> MdocBuilder<'a> {
    /// An mdoc with SHA-256 digests, salts of 32 bytes, and decoys up to a multiple of 16.
    pub fn new(
        doc_type: &'a str,
        elements: &'a ElementSet,
        device_key: &'a PublicKey,
        validity: Validity,
    ) -> Self {
        Self {
            doc_type,
            elements,
            device_key,
            validity,
            digest_algorithm: HashAlgorithm::Sha256,
            salt_len: 32,
            decoys: Decoys::PadToMultipleOf(16),
            key_authorizations: None,
            status: Status::default(),
        }
    }

    /// Digests the elements with `algorithm`.
    #[must_use]
    pub fn digest_algorithm(self, algorithm: HashAlgorithm) -> Self {
        Self {
            digest_algorithm: algorithm,
            ..self
        }
    }

    /// Uses salts of `len` bytes: 16 to 64.
    #[must_use]
    pub fn salt_len(self, len: usize) -> Self {
        Self {
            salt_len: len,
            ..self
        }
    }

    /// Adds digests without an element.
    #[must_use]
    pub fn decoys(self, decoys: Decoys) -> Self {
        Self { decoys, ..self }
    }

    /// Lets the device key sign data elements.
    #[must_use]
    pub fn key_authorizations(self, key_authorizations: &'a DeviceKeyAuthorizations) -> Self {
        Self {
            key_authorizations: Some(key_authorizations),
            ..self
        }
    }

    /// Refers to a status list (second edition; readers of the first ignore it).
    #[must_use]
    pub fn status(mut self, reference: &'a StatusReference) -> Self {
        self.status.status_list = Some(reference);
        self
    }

    /// Refers to an identifier list instead.
    #[must_use]
    pub fn status_identifier(mut self, reference: &'a IdentifierReference) -> Self {
        self.status.identifier_list = Some(reference);
        self
    }

    /// Salts, shuffles and digests the elements, and encodes the MSO for a signature by `algorithm`.
    ///
    /// # Errors
    /// Settings that the standard does not allow.
    pub fn build<R: CryptoRng + ?Sized>(
        self,
        algorithm: Algorithm,
        rng: &mut R,
    ) -> Result<UnsignedMdoc, BuildError> {
        self.check()?;
        let capacity = self.issuer_signed_capacity();
        let mut issuer_signed = Writer::with_capacity(capacity);
        let disclosed = self
            .elements
            .name_spaces()
            .filter(|(_, elements)| elements.len() > 0)
            .count();
        issuer_signed.map(if disclosed > 0 { 2 } else { 1 });
        if disclosed > 0 {
            issuer_signed.text("nameSpaces").map(disclosed);
        }
        let mut mso = Writer::with_capacity(self.mso_capacity());
        mso.map(if self.status.is_some() { 7 } else { 6 });
        mso.text("version")
            .text("1.0")
            .text("digestAlgorithm")
            .text(self.digest_algorithm.name());
        mso.text("valueDigests")
            .map(self.elements.name_spaces().count());
        let mut digests = Vec::new();
        for (name_space, elements) in self.elements.name_spaces() {
            let count = self.digest_count(elements.len());
            let ids = shuffled_digest_ids(count, rng)?;
            digests.clear();
            digests.resize(count * self.digest_algorithm.digest_len(), 0);
            // Decoys are what an outsider sees of a digest: random bytes. Elements then overwrite theirs.
            for decoy in &ids[elements.len()..] {
                rng.fill_bytes(digest_slot(&mut digests, *decoy, self.digest_algorithm));
            }
            if elements.len() > 0 {
                issuer_signed.text(name_space).array(elements.len());
            }
            for (element, digest_id) in elements.zip(&ids) {
                let item = self.write_item(&mut issuer_signed, *digest_id, element, rng);
                let digest = self
                    .digest_algorithm
                    .digest(&issuer_signed.as_slice()[item..]);
                digest_slot(&mut digests, *digest_id, self.digest_algorithm)
                    .copy_from_slice(digest.as_ref());
            }
            mso.text(name_space).map(count);
            for (digest_id, digest) in digests
                .chunks_exact(self.digest_algorithm.digest_len())
                .enumerate()
            {
                mso.unsigned(digest_id as u64).bytes(digest);
            }
        }
        self.write_rest_of_mso(&mut mso);
        Ok(UnsignedMdoc::new(algorithm, issuer_signed, mso.as_slice()))
    }

    fn check(&self) -> Result<(), BuildError> {
        if self.doc_type.is_empty() {
            return Err(BuildError::EmptyDocType);
        }
        if self.elements.name_spaces().next().is_none() {
            return Err(BuildError::NoNameSpace);
        }
        if !(MIN_SALT_LEN..=MAX_SALT_LEN).contains(&self.salt_len) {
            return Err(BuildError::SaltLen(self.salt_len));
        }
        if self
            .key_authorizations
            .is_some_and(DeviceKeyAuthorizations::is_empty)
        {
            return Err(BuildError::EmptyKeyAuthorizations);
        }
        self.status.check()
    }

    /// Number of digests for `elements` elements: never none, so that every name space of the MSO has a digest.
    fn digest_count(&self, elements: usize) -> usize {
        match self.decoys {
            Decoys::None => elements.max(1),
            Decoys::PadToMultipleOf(multiple) => elements
                .max(1)
                .next_multiple_of(usize::from(multiple.max(1))),
        }
    }

    /// Appends one `IssuerSignedItemBytes`, of which `element` is the end; returns where it starts.
    fn write_item<R: CryptoRng + ?Sized>(
        &self,
        writer: &mut Writer,
        digest_id: DigestId,
        element: &[u8],
        rng: &mut R,
    ) -> usize {
        /// The head of a map of four, and the first key.
        const DIGEST_ID: &[u8] = b"\xa4\x68digestID";
        const RANDOM: &[u8] = b"\x66random";
        let start = writer.len();
        let digest_id = u64::from(digest_id.0);
        let salt_len = self.salt_len as u64;
        let before = DIGEST_ID.len() + head_len(digest_id) + RANDOM.len() + head_len(salt_len);
        let len = before + self.salt_len + element.len();
        writer
            .tag(24)
            .head(MajorType::Bytes, len as u64)
            .raw(DIGEST_ID)
            .unsigned(digest_id)
            .raw(RANDOM)
            .head(MajorType::Bytes, salt_len);
        rng.fill_bytes(writer.zeroed(self.salt_len));
        writer.raw(element);
        start
    }

    fn write_rest_of_mso(&self, mso: &mut Writer) {
        mso.text("deviceKeyInfo")
            .map(if self.key_authorizations.is_some() {
                2
            } else {
                1
            });
        mso.text("deviceKey").raw(&encode_cose_key(self.device_key));
        if let Some(key_authorizations) = self.key_authorizations {
            mso.text("keyAuthorizations");
            key_authorizations.write(mso);
        }
        mso.text("docType").text(self.doc_type);
        let validity = &self.validity;
        mso.text("validityInfo")
            .map(if validity.expected_update().is_some() {
                4
            } else {
                3
            });
        mso.text("signed")
            .tag(0)
            .text(&format_tdate(validity.signed()));
        mso.text("validFrom")
            .tag(0)
            .text(&format_tdate(validity.valid_from()));
        mso.text("validUntil")
            .tag(0)
            .text(&format_tdate(validity.valid_until()));
        if let Some(expected_update) = validity.expected_update() {
            mso.text("expectedUpdate")
                .tag(0)
                .text(&format_tdate(expected_update));
        }
        self.status.write(mso);
    }

    /// Bytes that the whole `IssuerSigned` will need, so that the buffer grows once: items, MSO, certificate, signature.
    fn issuer_signed_capacity(&self) -> usize {
        let items = self.elements.iter().count() * (self.salt_len + 40);
        self.elements.encoded_len() + items + self.mso_capacity() + 1536
    }

    fn mso_capacity(&self) -> usize {
        let per_digest = self.digest_algorithm.digest_len() + 8;
        let digests: usize = self
            .elements
            .name_spaces()
            .map(|(name_space, elements)| {
                name_space.len() + 16 + self.digest_count(elements.len()) * per_digest
            })
            .sum();
        digests + 512 + self.status.capacity()
    }
}

fn digest_slot(digests: &mut [u8], id: DigestId, algorithm: HashAlgorithm) -> &mut [u8] {
    let len = algorithm.digest_len();
    let start = id.0 as usize * len;
    &mut digests[start..start + len]
}

/// The identifiers 0 to `count` − 1 in random order, so that an identifier says nothing of its element (9.1.2.4).
fn shuffled_digest_ids<R: CryptoRng + ?Sized>(
    count: usize,
    rng: &mut R,
) -> Result<Vec<DigestId>, DigestIdTooLarge> {
    let mut ids = (0..count as u64)
        .map(DigestId::try_from)
        .collect::<Result<Vec<_>, _>>()?;
    // Fisher and Yates' shuffle.
    for last in (1..ids.len()).rev() {
        ids.swap(last, below(last as u32 + 1, rng) as usize);
    }
    Ok(ids)
}

/// A uniform number below `bound`, by rejection, so that every platform draws the same.
fn below<R: CryptoRng + ?Sized>(bound: u32, rng: &mut R) -> u32 {
    let accepted = u32::MAX - (u32::MAX % bound);
    loop {
        let drawn = rng.next_u32();
        if drawn < accepted {
            return drawn % bound;
        }
    }
}
