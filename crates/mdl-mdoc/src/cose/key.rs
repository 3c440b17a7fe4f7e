use mdl_crypto::{Curve, InvalidKey, PublicKey, UnsupportedCurve};

use crate::cbor::{DecodeError, MajorType, RawItem, Reader, Writer};

/// Key types of RFC 9053, 7.
const KTY_OKP: i64 = 1;
const KTY_EC2: i64 = 2;

/// `COSE_Key` (RFC 9052, 7) with a public key, as received. Other members than these are ignored (18013-5, 9.1.5.2).
#[derive(Clone, Debug)]
pub struct CoseKey<'a> {
    /// The whole map as received.
    pub encoded: RawItem<'a>,
    /// `kty` (1): 1 OKP, 2 EC2.
    pub kty: Option<i64>,
    /// `crv` (−1).
    pub crv: Option<i64>,
    /// `x` (−2): x-coordinate, or the public key of an OKP.
    pub x: Option<&'a [u8]>,
    /// `y` (−3).
    pub y: Option<YCoordinate<'a>>,
}

/// `y` of an EC2 key: the coordinate, or only its sign.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum YCoordinate<'a> {
    /// The coordinate, big-endian, as wide as the field.
    Coordinate(&'a [u8]),
    /// Compressed: whether y is odd.
    IsOdd(bool),
}

/// Why a `COSE_Key` holds no usable public key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CoseKeyError {
    /// A member that the key type needs is absent.
    #[error("COSE_Key without {0}")]
    Missing(&'static str),
    /// A key type other than OKP and EC2.
    #[error("key type {0} is not usable")]
    KeyType(i64),
    /// The curve does not go with the key type.
    #[error("curve {crv} does not belong to key type {kty}")]
    CurveOfOtherKeyType {
        /// `kty` of the key.
        kty: i64,
        /// `crv` of the key.
        crv: i64,
    },
    /// A curve this implementation does not carry.
    #[error(transparent)]
    Curve(#[from] UnsupportedCurve),
    /// Not a valid point.
    #[error("not a valid public key")]
    Point(#[from] InvalidKey),
}

impl<'a> CoseKey<'a> {
    /// Reads a `COSE_Key` map.
    ///
    /// # Errors
    /// Another structure, or a member of another type.
    pub fn decode(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let encoded = reader.clone().raw()?;
        let mut key = Self {
            encoded,
            kty: None,
            crv: None,
            x: None,
            y: None,
        };
        let mut entries = reader.map("COSE_Key")?;
        while reader.has_entry(&mut entries) {
            if reader.peek()? == MajorType::Text {
                reader.skip()?;
                reader.skip()?;
                continue;
            }
            match reader.integer("COSE_Key label")? {
                1 => key.kty = Some(reader.integer("kty")?),
                -1 => key.crv = Some(reader.integer("crv")?),
                -2 => key.x = Some(reader.bytes("x")?),
                -3 if reader.peek()? == MajorType::Simple => {
                    key.y = Some(YCoordinate::IsOdd(reader.boolean("y")?));
                }
                -3 => key.y = Some(YCoordinate::Coordinate(reader.bytes("y")?)),
                _ => reader.skip()?,
            }
        }
        Ok(key)
    }

    /// The public key, checked to be a point of its curve.
    ///
    /// # Errors
    /// Missing or unfitting members, an unsupported curve, a coordinate of the wrong width, a point off the curve.
    pub fn to_public_key(&self) -> Result<PublicKey, CoseKeyError> {
        let kty = self.kty.ok_or(CoseKeyError::Missing("kty"))?;
        if !matches!(kty, KTY_OKP | KTY_EC2) {
            return Err(CoseKeyError::KeyType(kty));
        }
        let crv = self.crv.ok_or(CoseKeyError::Missing("crv"))?;
        let x = self.x.ok_or(CoseKeyError::Missing("x"))?;
        let curve = Curve::from_cose(crv)?;
        if curve.is_edwards() != (kty == KTY_OKP) {
            return Err(CoseKeyError::CurveOfOtherKeyType { kty, crv });
        }
        if curve.is_edwards() {
            return Ok(PublicKey::from_edwards(curve, x)?);
        }
        Ok(match self.y.ok_or(CoseKeyError::Missing("y"))? {
            YCoordinate::Coordinate(y) => PublicKey::from_coordinates(curve, x, y)?,
            YCoordinate::IsOdd(is_odd) => PublicKey::from_compressed(curve, x, is_odd)?,
        })
    }
}

/// Writes a public key as `COSE_Key`: public members only, both coordinates, at the width of the field.
pub fn encode_cose_key(key: &PublicKey) -> Vec<u8> {
    let mut writer = Writer::with_capacity(160);
    match key.y() {
        Some(y) => {
            writer
                .map(4)
                .unsigned(1)
                .integer(KTY_EC2)
                .integer(-1)
                .integer(key.curve().cose());
            writer.integer(-2).bytes(key.x()).integer(-3).bytes(y);
        }
        None => {
            writer
                .map(3)
                .unsigned(1)
                .integer(KTY_OKP)
                .integer(-1)
                .integer(key.curve().cose());
            writer.integer(-2).bytes(key.x());
        }
    }
    writer.into_bytes()
}
