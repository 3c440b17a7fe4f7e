//! Keys in a token: finding, reading and making them.
//!
//! What is easy to get wrong: `CKA_EC_POINT` is the DER of an OCTET STRING that holds the point; some modules give the
//! bare point. And a label is no identity: nothing stops a token from having two keys with one label.

use cryptoki::{
    mechanism::Mechanism,
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
    session::Session,
};
use mdl_crypto::{Curve, PublicKey};
use std::fmt;

use crate::{
    error::Pkcs11Error,
    token::{Access, Token},
};

/// Which key of a token: everything that is given must fit.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeySelector {
    /// `CKA_LABEL`.
    pub label: Option<String>,
    /// `CKA_ID`.
    pub id: Option<Vec<u8>>,
}

impl KeySelector {
    fn attributes(&self, class: ObjectClass) -> Vec<Attribute> {
        let mut attributes = vec![Attribute::Class(class), Attribute::KeyType(KeyType::EC)];
        if let Some(label) = &self.label {
            attributes.push(Attribute::Label(label.clone().into_bytes()));
        }
        if let Some(id) = &self.id {
            attributes.push(Attribute::Id(id.clone()));
        }
        attributes
    }

    /// The one object that fits.
    fn find(&self, session: &Session, class: ObjectClass) -> Result<ObjectHandle, Pkcs11Error> {
        let what = if class == ObjectClass::PRIVATE_KEY {
            "private EC key"
        } else {
            "public EC key"
        };
        match session.find_objects(&self.attributes(class))?[..] {
            [] => Err(Pkcs11Error::NoKey {
                what,
                key: self.to_string(),
            }),
            [object] => Ok(object),
            _ => Err(Pkcs11Error::SeveralKeys {
                what,
                key: self.to_string(),
            }),
        }
    }

    pub(crate) fn find_private(&self, session: &Session) -> Result<ObjectHandle, Pkcs11Error> {
        self.find(session, ObjectClass::PRIVATE_KEY)
    }
}

impl fmt::Display for KeySelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id: Option<String> = self
            .id
            .as_ref()
            .map(|id| id.iter().map(|byte| format!("{byte:02x}")).collect());
        match (&self.label, id) {
            (Some(label), Some(id)) => write!(f, "labelled {label:?} with the id {id}"),
            (Some(label), None) => write!(f, "labelled {label:?}"),
            (None, Some(id)) => write!(f, "with the id {id}"),
            (None, None) => f.write_str("of any name"),
        }
    }
}

/// What a token says about how a private key came to be and may leave.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Custody {
    /// Made in the token (`CKA_LOCAL`).
    pub made_in_token: bool,
    /// Never readable in the clear, from its making on (`CKA_ALWAYS_SENSITIVE`).
    pub always_sensitive: bool,
    /// Never allowed to leave, not even encrypted (`CKA_NEVER_EXTRACTABLE`).
    pub never_extractable: bool,
}

/// A key as a token describes it.
#[derive(Clone, Debug)]
pub(crate) struct Description {
    pub(crate) public_key: PublicKey,
    pub(crate) custody: Custody,
}

/// Reads the public key and checks that the private one is for signing.
pub(crate) fn describe(session: &Session, key: &KeySelector) -> Result<Description, Pkcs11Error> {
    let private = key.find_private(session)?;
    let public = key.find(session, ObjectClass::PUBLIC_KEY)?;
    if !flag(session, private, AttributeType::Sign)? {
        return Err(Pkcs11Error::NotForSigning);
    }
    let parameters = ec_parameters(session, public)?;
    if ec_parameters(session, private)? != parameters {
        return Err(Pkcs11Error::CurvesDiffer);
    }
    let curve = curve(&parameters)?;
    let mut point = Vec::new();
    for attribute in session.get_attributes(public, &[AttributeType::EcPoint])? {
        if let Attribute::EcPoint(bytes) = attribute {
            point = bytes;
        }
    }
    let public_key = PublicKey::from_sec1(curve, octets(&point)).map_err(Pkcs11Error::PublicKey)?;
    Ok(Description {
        public_key,
        custody: Custody {
            made_in_token: flag(session, private, AttributeType::Local)?,
            always_sensitive: flag(session, private, AttributeType::AlwaysSensitive)?,
            never_extractable: flag(session, private, AttributeType::NeverExtractable)?,
        },
    })
}

impl Token {
    /// Makes a key pair inside the token: sensitive, not extractable, for signing only. The identifier is random. This
    /// asks the module and blocks.
    ///
    /// # Errors
    /// [`Pkcs11Error::Exists`] if there is a key of that label, [`Pkcs11Error::NotMade`], and what the module says.
    pub fn create_key(&self, curve: Curve, label: &str) -> Result<KeySelector, Pkcs11Error> {
        let parameters = parameters(curve).ok_or(Pkcs11Error::NotMade(curve))?;
        let session = self.session(Access::Write)?;
        let mut key = KeySelector {
            label: Some(label.to_owned()),
            id: None,
        };
        for class in [ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY] {
            if !session.find_objects(&key.attributes(class))?.is_empty() {
                return Err(Pkcs11Error::Exists(key.to_string()));
            }
        }
        let mut id = vec![0; 16];
        getrandom::fill(&mut id).map_err(|_| Pkcs11Error::NoRandomness)?;
        let name = [
            Attribute::Token(true),
            Attribute::Label(label.as_bytes().to_vec()),
            Attribute::Id(id.clone()),
        ];
        let mut public = name.to_vec();
        public.extend([
            Attribute::EcParams(parameters.to_vec()),
            Attribute::Verify(true),
        ]);
        let mut private = name.to_vec();
        private.extend([
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
            Attribute::Decrypt(false),
            Attribute::Unwrap(false),
            Attribute::Derive(false),
        ]);
        session.generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private)?;
        key.id = Some(id);
        Ok(key)
    }
}

/// An attribute that a module does not know counts as false.
fn flag(session: &Session, key: ObjectHandle, name: AttributeType) -> Result<bool, Pkcs11Error> {
    let attributes = session.get_attributes(key, &[name])?;
    Ok(attributes.iter().any(|attribute| {
        matches!(
            attribute,
            Attribute::Sign(true)
                | Attribute::Local(true)
                | Attribute::AlwaysSensitive(true)
                | Attribute::NeverExtractable(true)
        )
    }))
}

fn ec_parameters(session: &Session, key: ObjectHandle) -> Result<Vec<u8>, Pkcs11Error> {
    let attributes = session.get_attributes(key, &[AttributeType::EcParams])?;
    let parameters = attributes
        .into_iter()
        .find_map(|attribute| match attribute {
            Attribute::EcParams(bytes) => Some(bytes),
            _ => None,
        });
    Ok(parameters.unwrap_or_default())
}

/// The curves that a token may have, by the DER of their object identifiers: `CKA_EC_PARAMS` is the choice
/// `namedCurve` of RFC 5480, 2.1.1.
const CURVES: &[(Curve, &[u8])] = &[
    (Curve::P256, &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]),
    (Curve::P384, &[6, 5, 0x2b, 0x81, 4, 0, 0x22]),
    (Curve::P521, &[6, 5, 0x2b, 0x81, 4, 0, 0x23]),
    (
        Curve::BrainpoolP256r1,
        &[6, 9, 0x2b, 0x24, 3, 3, 2, 8, 1, 1, 7],
    ),
    (
        Curve::BrainpoolP384r1,
        &[6, 9, 0x2b, 0x24, 3, 3, 2, 8, 1, 1, 11],
    ),
];

fn curve(parameters: &[u8]) -> Result<Curve, Pkcs11Error> {
    let found = CURVES.iter().find(|(_, known)| *known == parameters);
    found.map(|(curve, _)| *curve).ok_or_else(|| {
        let shown = parameters.iter().take(32);
        Pkcs11Error::Curve(shown.map(|byte| format!("{byte:02x}")).collect())
    })
}

fn parameters(curve: Curve) -> Option<&'static [u8]> {
    let found = CURVES.iter().find(|(known, _)| *known == curve);
    found.map(|(_, parameters)| *parameters)
}

/// The point in an OCTET STRING of at most 255 bytes; what is none is taken as the point itself.
fn octets(point: &[u8]) -> &[u8] {
    match point {
        [4, length, octets @ ..] if *length < 0x80 && usize::from(*length) == octets.len() => {
            octets
        }
        [4, 0x81, length, octets @ ..] if usize::from(*length) == octets.len() => octets,
        _ => point,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_taken_out_of_their_octet_string() {
        let bare = |length: usize| [&[4][..], &vec![7; length]].concat();
        assert_eq!(octets(&[&[4, 65][..], &bare(64)].concat()), bare(64));
        assert_eq!(
            octets(&[&[4, 0x81, 133][..], &bare(132)].concat()),
            bare(132)
        );
        assert_eq!(octets(&bare(64)), bare(64));
        assert_eq!(octets(&[]), &[] as &[u8]);
    }

    #[test]
    fn curves_are_known_by_their_object_identifiers() {
        for known in Curve::ALL {
            match parameters(known) {
                Some(bytes) => assert_eq!(curve(bytes).unwrap(), known),
                None => assert!(known.is_edwards()),
            }
        }
        assert!(matches!(curve(&[6, 1, 1]), Err(Pkcs11Error::Curve(text)) if text == "060101"));
    }
}
