//! A licence from its elements to the response, with a place to deviate at every step.
//!
//! What is changed before a digest or signature is made is covered by it; what is changed after is not. The steps, in
//! order: elements → `mso` → `payload` → `issuer_auth` → (signature) → `issuer_auth_signed` → `disclosed` →
//! `device_authentication` → `device_auth` → (signature) → `device_auth_signed` → `document` → `response_map`.

use mdl_crypto::{Curve, HashAlgorithm, PrivateKey, hkdf_sha256};

use super::authority::{Authority, key, sha256};
use super::cbor::{Cbor, Map};
use super::cose::{Cose, HMAC_256_256, X5CHAIN, cose_key};
use super::session::Session;

pub(crate) const MDL: &str = "org.iso.18013.5.1.mDL";
pub(crate) const NAME_SPACE: &str = "org.iso.18013.5.1";

/// A licence to be forged.
pub(crate) struct Licence {
    pub(crate) doc_type: String,
    /// Data elements by name space.
    pub(crate) name_spaces: NameSpaces,
    pub(crate) digest_algorithm: HashAlgorithm,
    /// Digests without an element, added to each name space.
    pub(crate) decoys: Vec<u64>,
    pub(crate) signer: PrivateKey,
    pub(crate) x5chain: Vec<Vec<u8>>,
    pub(crate) device_key: PrivateKey,
    pub(crate) session: Session,
    pub(crate) authentication: Authentication,
    /// `DeviceNameSpaces`.
    pub(crate) device_elements: Map,
    edits: Edits,
}

/// Data elements by name space.
pub(crate) type NameSpaces = Vec<(String, Vec<Item>)>;

/// How the device authenticates.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Authentication {
    Signature,
    Mac,
    Both,
}

/// One `IssuerSignedItem`.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) digest_id: u64,
    pub(crate) random: Vec<u8>,
    pub(crate) identifier: String,
    pub(crate) value: Cbor,
    /// The encoded item, if it is not to be made of the above.
    pub(crate) encoded: Option<Vec<u8>>,
}

impl Item {
    /// An item whose salt is derived from its identifier.
    pub(crate) fn new(digest_id: u64, identifier: &str, value: impl Into<Cbor>) -> Self {
        Self {
            digest_id,
            random: sha256(format!("salt of {identifier}").as_bytes())[..16].to_vec(),
            identifier: identifier.to_owned(),
            value: value.into(),
            encoded: None,
        }
    }

    /// The members as a map, to be changed and put into `encoded`.
    pub(crate) fn members(&self) -> Map {
        Map::new([
            ("digestID", Cbor::Unsigned(self.digest_id)),
            ("random", self.random.clone().into()),
            ("elementIdentifier", self.identifier.clone().into()),
            ("elementValue", self.value.clone()),
        ])
    }

    /// `IssuerSignedItemBytes`.
    pub(crate) fn to_cbor(&self) -> Cbor {
        let members = || Cbor::Map(self.members()).to_bytes();
        Cbor::encoded(self.encoded.clone().unwrap_or_else(members))
    }
}

type Edit<T> = Option<Box<dyn FnOnce(&mut T)>>;

#[derive(Default)]
struct Edits {
    mso: Edit<Map>,
    payload: Edit<Vec<u8>>,
    issuer_auth: Edit<Cose>,
    issuer_auth_signed: Edit<Cose>,
    disclosed: Edit<NameSpaces>,
    device_authentication: Edit<Vec<Cbor>>,
    device_auth: Edit<Cose>,
    device_auth_signed: Edit<Cose>,
    document: Edit<Map>,
    response_map: Edit<Map>,
}

/// Defines the builder method that stores the change for one step.
macro_rules! steps {
    ($($step:ident: $target:ty;)*) => {
        $(pub(crate) fn $step(mut self, edit: impl FnOnce(&mut $target) + 'static) -> Self {
            self.edits.$step = Some(Box::new(edit));
            self
        })*
    };
}

impl Licence {
    /// A licence without fault: three elements and two decoys, everything on P-256, a device signature.
    pub(crate) fn new() -> Self {
        Self::signed_by(key("document signer", Curve::P256), &Authority::utopia())
    }

    /// The same licence, signed with another key, which `authority` has certified.
    pub(crate) fn signed_by(signer: PrivateKey, authority: &Authority) -> Self {
        let certificate = authority
            .document_signer(signer.public_key())
            .sign(&authority.key);
        let elements = vec![
            Item::new(3, "family_name", "Musterfrau"),
            Item::new(0, "birth_date", Cbor::full_date("1990-01-02")),
            Item::new(5, "age_over_18", true),
        ];
        Self {
            doc_type: MDL.to_owned(),
            name_spaces: vec![(NAME_SPACE.to_owned(), elements)],
            digest_algorithm: HashAlgorithm::Sha256,
            decoys: vec![1, 4],
            signer,
            x5chain: vec![certificate],
            device_key: key("device", Curve::P256),
            session: Session::ours(),
            authentication: Authentication::Signature,
            device_elements: Map::default(),
            edits: Edits::default(),
        }
    }

    /// The same licence with a change that needs no step of its own.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The item of this identifier.
    pub(crate) fn item(&mut self, identifier: &str) -> &mut Item {
        let items = self.name_spaces.iter_mut().flat_map(|(_, items)| items);
        let mut found = items.filter(|item| item.identifier == identifier);
        found.next().expect("an element that the licence has")
    }

    /// Adds an element to the licence's name space.
    pub(crate) fn add(&mut self, item: Item) {
        self.name_spaces[0].1.push(item);
    }

    steps! {
        mso: Map;
        payload: Vec<u8>;
        issuer_auth: Cose;
        issuer_auth_signed: Cose;
        disclosed: NameSpaces;
        device_authentication: Vec<Cbor>;
        device_auth: Cose;
        device_auth_signed: Cose;
        document: Map;
        response_map: Map;
    }

    /// A `DeviceResponse` with this licence only.
    pub(crate) fn response(mut self) -> Vec<u8> {
        let edit = self.edits.response_map.take();
        let mut map = response(vec![self.into_document()]);
        apply(edit, &mut map);
        Cbor::Map(map).to_bytes()
    }

    /// An `IssuerSigned` alone.
    pub(crate) fn issuer_signed(mut self) -> Vec<u8> {
        Cbor::Map(self.make_issuer_signed()).to_bytes()
    }

    /// The `Document`.
    pub(crate) fn into_document(mut self) -> Cbor {
        let issuer_signed = self.make_issuer_signed();
        let device_signed = self.make_device_signed();
        let mut document = Map::new([
            ("docType", self.doc_type.clone().into()),
            ("issuerSigned", issuer_signed.into()),
            ("deviceSigned", device_signed.into()),
        ]);
        apply(self.edits.document.take(), &mut document);
        document.into()
    }

    /// `MobileSecurityObjectBytes`.
    pub(crate) fn into_payload(mut self) -> Vec<u8> {
        self.make_payload()
    }

    fn make_payload(&mut self) -> Vec<u8> {
        let mut mso = self.make_mso();
        apply(self.edits.mso.take(), &mut mso);
        let mut payload = Cbor::encoded(Cbor::Map(mso).to_bytes()).to_bytes();
        apply(self.edits.payload.take(), &mut payload);
        payload
    }

    fn make_issuer_signed(&mut self) -> Map {
        let payload = self.make_payload();

        let algorithm = self.signer.curve().algorithm().cose();
        let mut issuer_auth = Cose::new(algorithm, payload.clone().into());
        issuer_auth.unprotected.set(X5CHAIN, x5chain(&self.x5chain));
        apply(self.edits.issuer_auth.take(), &mut issuer_auth);
        issuer_auth.sign(&self.signer, &payload);
        apply(self.edits.issuer_auth_signed.take(), &mut issuer_auth);

        apply(self.edits.disclosed.take(), &mut self.name_spaces);
        let name_spaces = self.name_spaces.iter().map(|(name_space, items)| {
            let items = items.iter().map(Item::to_cbor).collect();
            (name_space.as_str(), Cbor::Array(items))
        });
        Map::new([
            ("nameSpaces", Map::new(name_spaces).into()),
            ("issuerAuth", issuer_auth.to_cbor()),
        ])
    }

    fn make_mso(&self) -> Map {
        let mut value_digests = Map::default();
        for (name_space, items) in &self.name_spaces {
            let mut digests = Map::default();
            for item in items {
                let digest = self.digest_algorithm.digest(&item.to_cbor().to_bytes());
                digests.set(Cbor::Unsigned(item.digest_id), digest.as_ref());
            }
            for decoy in &self.decoys {
                let seed = format!("decoy {decoy} of {name_space}");
                let digest = self.digest_algorithm.digest(seed.as_bytes());
                digests.set(Cbor::Unsigned(*decoy), digest.as_ref());
            }
            value_digests.push(name_space.as_str(), digests);
        }
        let device_key = cose_key(self.device_key.public_key());
        let validity = Map::new([
            ("signed", Cbor::tdate("2026-06-01T00:00:00Z")),
            ("validFrom", Cbor::tdate("2026-06-01T00:00:00Z")),
            ("validUntil", Cbor::tdate("2026-07-01T00:00:00Z")),
        ]);
        Map::new([
            ("version", "1.0".into()),
            ("digestAlgorithm", self.digest_algorithm.name().into()),
            ("valueDigests", value_digests.into()),
            (
                "deviceKeyInfo",
                Map::new([("deviceKey", device_key.into())]).into(),
            ),
            ("docType", self.doc_type.clone().into()),
            ("validityInfo", validity.into()),
        ])
    }

    fn make_device_signed(&mut self) -> Map {
        let name_spaces = Cbor::encoded(Cbor::Map(self.device_elements.clone()).to_bytes());
        let mut device_authentication = vec![
            "DeviceAuthentication".into(),
            Cbor::Raw(self.session.transcript.clone()),
            self.doc_type.clone().into(),
            name_spaces.clone(),
        ];
        apply(
            self.edits.device_authentication.take(),
            &mut device_authentication,
        );
        let content = Cbor::encoded(Cbor::Array(device_authentication).to_bytes()).to_bytes();

        let mut device_auth = Map::default();
        if self.authentication != Authentication::Mac {
            let algorithm = self.device_key.curve().algorithm().cose();
            let mut signature = Cose::new(algorithm, Cbor::Null);
            apply(self.edits.device_auth.take(), &mut signature);
            signature.sign(&self.device_key, &content);
            apply(self.edits.device_auth_signed.take(), &mut signature);
            device_auth.set("deviceSignature", signature.to_cbor());
        }
        if self.authentication != Authentication::Signature {
            let mut mac = Cose::new(HMAC_256_256, Cbor::Null);
            apply(self.edits.device_auth.take(), &mut mac);
            mac.mac(&self.e_mac_key(), &content);
            apply(self.edits.device_auth_signed.take(), &mut mac);
            device_auth.set("deviceMac", mac.to_cbor());
        }
        Map::new([
            ("nameSpaces", name_spaces),
            ("deviceAuth", device_auth.into()),
        ])
    }

    /// EMacKey (9.1.3.5).
    fn e_mac_key(&self) -> [u8; 32] {
        let shared = self
            .device_key
            .diffie_hellman(self.session.reader_key.public_key());
        let shared = shared.expect("device and reader key are on one curve");
        let transcript = Cbor::encoded(self.session.transcript.clone()).to_bytes();
        let mut e_mac_key = [0; 32];
        hkdf_sha256(
            shared.as_bytes(),
            &sha256(&transcript),
            b"EMacKey",
            &mut e_mac_key,
        );
        e_mac_key
    }
}

/// A `DeviceResponse` with these documents and status OK.
pub(crate) fn response(documents: Vec<Cbor>) -> Map {
    Map::new([
        ("version", "1.0".into()),
        ("documents", documents.into()),
        ("status", 0.into()),
    ])
}

/// A single certificate as a byte string, several as an array (RFC 9360, 2).
fn x5chain(certificates: &[Vec<u8>]) -> Cbor {
    match certificates {
        [single] => single.clone().into(),
        several => Cbor::Array(several.iter().map(|der| der.clone().into()).collect()),
    }
}

fn apply<T>(edit: Edit<T>, target: &mut T) {
    if let Some(edit) = edit {
        edit(target);
    }
}
