//! `DeviceEngagement`: what a device shows a reader so that the two can meet. ISO/IEC 18013-5, 8.2.1.1 and 9.1.1.4.
//!
//! The transcript embeds the very bytes that were shown, so an engagement keeps them, and options that we do not know stay
//! in them.

use base64ct::{Base64UrlUnpadded, Encoding};
use mdl_crypto::PublicKey;

use crate::cbor::{Checker, DecodeError, DecodeErrorKind, Limits, Reader, Writer};
use crate::cose::{CoseKey, CoseKeyError, encode_cose_key};

/// The cipher suite of the session encryption; the standard has no other.
const CIPHER_SUITE: i64 = 1;
/// The scheme of the URI in the QR code.
const SCHEME: &str = "mdoc:";
/// Labels of the second edition.
const ORIGIN_INFOS: u64 = 5;
const CAPABILITIES: u64 = 6;
const READER_AUTH_ALL: i64 = 3;
/// More is no QR code.
const MAX_QR: usize = 4296;

/// A device engagement, as made or as received.
#[derive(Clone, Debug)]
pub struct DeviceEngagement {
    bytes: Vec<u8>,
    version: String,
    e_device_key: PublicKey,
    e_device_key_bytes: Vec<u8>,
    retrieval_methods: Vec<RetrievalMethod>,
    capabilities: Capabilities,
}

/// `Capabilities` (second edition): what the device can do beyond the first one.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Capabilities {
    /// It verifies `readerAuthAll`: a reader may sign its request as a whole.
    pub reader_auth_all: bool,
}

/// `DeviceRetrievalMethod`: a way to reach the device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RetrievalMethod {
    /// 1 NFC, 2 Bluetooth Low Energy, 3 Wi-Fi Aware.
    pub kind: u64,
    /// Of the method: 1.
    pub version: u64,
    /// The map of options as it was received, unknown ones included.
    pub options: Vec<u8>,
}

/// `BleOptions`: how the device may be reached by Bluetooth Low Energy (8.2.1.1, Table 2).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct BleOptions {
    /// The device acts as peripheral server, with this service UUID.
    pub peripheral_server: Option<[u8; 16]>,
    /// The device acts as central client and looks for this service UUID.
    pub central_client: Option<[u8; 16]>,
}

/// Why there is no device engagement.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceEngagementError {
    /// The QR code holds something else.
    #[error("not a URI of the scheme mdoc with base64url")]
    NotAnMdocUri,
    /// Another structure.
    #[error("not a DeviceEngagement")]
    Structure(#[from] DecodeError),
    /// A major version other than 1.
    #[error("version is not 1.x")]
    Version,
    /// A cipher suite other than 1.
    #[error("cipher suite {0} is not known")]
    CipherSuite(i64),
    /// EDeviceKey is not usable.
    #[error("EDeviceKey is not usable")]
    EDeviceKey(#[from] CoseKeyError),
}

impl DeviceEngagement {
    /// An engagement for a QR code, which names the ways to reach the device.
    #[must_use]
    pub fn new(e_device_key: &PublicKey, retrieval_methods: Vec<RetrievalMethod>) -> Self {
        Self::with_capabilities(e_device_key, retrieval_methods, Capabilities::default())
    }

    /// As [`new`](Self::new), of a device with these capabilities: version 1.1 if it has any.
    #[must_use]
    pub fn with_capabilities(
        e_device_key: &PublicKey,
        retrieval_methods: Vec<RetrievalMethod>,
        capabilities: Capabilities,
    ) -> Self {
        let mut key = Writer::default();
        key.encoded_cbor(&encode_cose_key(e_device_key));
        let mut writer = Writer::with_capacity(192);
        let has_capabilities = capabilities != Capabilities::default();
        let version = if has_capabilities { "1.1" } else { "1.0" };
        let members =
            2 + usize::from(!retrieval_methods.is_empty()) + 2 * usize::from(has_capabilities);
        writer
            .map(members)
            .unsigned(0)
            .text(version)
            .unsigned(1)
            .array(2)
            .integer(CIPHER_SUITE)
            .raw(key.as_slice());
        if !retrieval_methods.is_empty() {
            writer.unsigned(2).array(retrieval_methods.len());
            for method in &retrieval_methods {
                writer
                    .array(3)
                    .unsigned(method.kind)
                    .unsigned(method.version)
                    .raw(&method.options);
            }
        }
        if has_capabilities {
            // OriginInfos go with them, even if there are none.
            writer.unsigned(ORIGIN_INFOS).array(0);
            writer.unsigned(CAPABILITIES).map(1);
            writer
                .integer(READER_AUTH_ALL)
                .boolean(capabilities.reader_auth_all);
        }
        Self {
            bytes: writer.into_bytes(),
            version: version.into(),
            capabilities,
            e_device_key: e_device_key.clone(),
            e_device_key_bytes: key.into_bytes(),
            retrieval_methods,
        }
    }

    /// Reads the CBOR of one.
    ///
    /// # Errors
    /// Any [`DeviceEngagementError`] but the first.
    pub fn decode(bytes: Vec<u8>, limits: &Limits) -> Result<Self, DeviceEngagementError> {
        let mut checker = Checker::new(&bytes, limits)?;
        let mut reader = Reader::new(&bytes, 0);
        let start = reader.clone();
        let missing = |member| start.error(DecodeErrorKind::Missing { member });
        let (mut version, mut security) = (None, None);
        let mut retrieval_methods = Vec::new();
        let mut capabilities = Capabilities::default();
        let mut entries = reader.map("DeviceEngagement")?;
        while reader.has_entry(&mut entries) {
            match reader.integer("DeviceEngagement label")? {
                0 => version = Some(reader.text("version")?),
                1 => {
                    let members = reader.array_of(2, "Security")?;
                    let suite = reader.integer("cipher suite")?;
                    security = Some((suite, reader.encoded_cbor("EDeviceKeyBytes")?));
                    reader.leave(members, "Security")?;
                }
                2 => retrieval_methods = read_methods(&mut reader)?,
                6 => capabilities = read_capabilities(&mut reader)?,
                _ => reader.skip()?,
            }
        }
        reader.finish()?;
        let version = version.ok_or_else(|| missing("version"))?;
        let (suite, (key, key_bytes)) = security.ok_or_else(|| missing("Security"))?;
        if version.split_once('.').map(|(major, _)| major) != Some("1") {
            return Err(DeviceEngagementError::Version);
        }
        if suite != CIPHER_SUITE {
            return Err(DeviceEngagementError::CipherSuite(suite));
        }
        checker.check_embedded(key, 1)?;
        let mut key_reader = Reader::new(key, checker.offset_of(key));
        let e_device_key = CoseKey::decode(&mut key_reader)?;
        key_reader.finish()?;
        Ok(Self {
            version: version.to_owned(),
            e_device_key: e_device_key.to_public_key()?,
            e_device_key_bytes: key_bytes.bytes.to_vec(),
            retrieval_methods,
            capabilities,
            bytes,
        })
    }

    /// Reads the text of a QR code: `mdoc:` and base64url without padding.
    ///
    /// # Errors
    /// [`DeviceEngagementError`].
    pub fn from_qr(text: &str, limits: &Limits) -> Result<Self, DeviceEngagementError> {
        let not_mdoc = DeviceEngagementError::NotAnMdocUri;
        // The scheme of a URI is of either case (RFC 3986, 3.1).
        let (scheme, encoded) = text
            .split_at_checked(SCHEME.len())
            .ok_or(not_mdoc.clone())?;
        if !scheme.eq_ignore_ascii_case(SCHEME) || encoded.len() > MAX_QR {
            return Err(not_mdoc);
        }
        let bytes = Base64UrlUnpadded::decode_vec(encoded).map_err(|_| not_mdoc)?;
        Self::decode(bytes, limits)
    }

    /// The text of its QR code.
    #[must_use]
    pub fn to_qr(&self) -> String {
        format!("{SCHEME}{}", Base64UrlUnpadded::encode_string(&self.bytes))
    }

    /// The CBOR, as made or as received.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// `version`: 1.0, or a later minor version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// EDeviceKey, the key of the device for this session alone.
    #[must_use]
    pub const fn e_device_key(&self) -> &PublicKey {
        &self.e_device_key
    }

    /// `EDeviceKeyBytes`, tag 24 included: the `BLEIdent` is derived from them (8.3.3.1.1.3).
    #[must_use]
    pub fn e_device_key_bytes(&self) -> &[u8] {
        &self.e_device_key_bytes
    }

    /// The ways to reach the device, in its order; none where the engagement came by NFC.
    #[must_use]
    pub fn retrieval_methods(&self) -> &[RetrievalMethod] {
        &self.retrieval_methods
    }

    /// What the device can do beyond the first edition.
    #[must_use]
    pub const fn capabilities(&self) -> Capabilities {
        self.capabilities
    }
}

fn read_capabilities(reader: &mut Reader<'_>) -> Result<Capabilities, DecodeError> {
    let mut capabilities = Capabilities::default();
    let mut entries = reader.map("Capabilities")?;
    while reader.has_entry(&mut entries) {
        match reader.integer("Capabilities label")? {
            READER_AUTH_ALL => capabilities.reader_auth_all = reader.boolean("readerAuthAll")?,
            _ => reader.skip()?,
        }
    }
    Ok(capabilities)
}

fn read_methods(reader: &mut Reader<'_>) -> Result<Vec<RetrievalMethod>, DecodeError> {
    let mut methods = Vec::new();
    let mut entries = reader.array("DeviceRetrievalMethods")?;
    while reader.has_entry(&mut entries) {
        let members = reader.array_of(3, "DeviceRetrievalMethod")?;
        methods.push(RetrievalMethod {
            kind: reader.unsigned("type")?,
            version: reader.unsigned("version")?,
            options: reader.raw()?.bytes.to_vec(),
        });
        reader.leave(members, "DeviceRetrievalMethod")?;
    }
    Ok(methods)
}

impl RetrievalMethod {
    const BLE: u64 = 2;

    /// Bluetooth Low Energy.
    #[must_use]
    pub fn ble(options: &BleOptions) -> Self {
        let uuids = [
            (10, options.peripheral_server),
            (11, options.central_client),
        ];
        let known = uuids.iter().filter(|(_, uuid)| uuid.is_some()).count();
        let mut writer = Writer::default();
        writer.map(2 + known);
        for (label, (_, uuid)) in (0..).zip(uuids) {
            writer.unsigned(label).boolean(uuid.is_some());
        }
        for (label, uuid) in uuids {
            if let Some(uuid) = uuid {
                writer.unsigned(label).bytes(&uuid);
            }
        }
        Self {
            kind: Self::BLE,
            version: 1,
            options: writer.into_bytes(),
        }
    }

    /// The options of Bluetooth Low Energy; `None` for another method, or a version that is not known.
    ///
    /// # Errors
    /// Another structure than `BleOptions`, or a role without its UUID.
    pub fn as_ble(&self) -> Result<Option<BleOptions>, DecodeError> {
        if (self.kind, self.version) != (Self::BLE, 1) {
            return Ok(None);
        }
        let mut reader = Reader::new(&self.options, 0);
        let start = reader.clone();
        let (mut roles, mut uuids) = ([false; 2], [None; 2]);
        let mut entries = reader.map("BleOptions")?;
        while reader.has_entry(&mut entries) {
            match reader.integer("BleOptions label")? {
                0 => roles[0] = reader.boolean("peripheral server")?,
                1 => roles[1] = reader.boolean("central client")?,
                10 => uuids[0] = Some(read_uuid(&mut reader)?),
                11 => uuids[1] = Some(read_uuid(&mut reader)?),
                _ => reader.skip()?,
            }
        }
        reader.finish()?;
        let of = |role: usize, member| match (roles[role], uuids[role]) {
            (false, _) => Ok(None),
            (true, None) => Err(start.error(DecodeErrorKind::Missing { member })),
            (true, uuid) => Ok(uuid),
        };
        Ok(Some(BleOptions {
            peripheral_server: of(0, "UUID of the peripheral server")?,
            central_client: of(1, "UUID of the central client")?,
        }))
    }
}

fn read_uuid(reader: &mut Reader<'_>) -> Result<[u8; 16], DecodeError> {
    let at = reader.clone();
    let uuid = reader.bytes("UUID")?;
    uuid.try_into().map_err(|_| {
        at.error(DecodeErrorKind::OutOfRange {
            member: "UUID",
            rule: "16 bytes",
        })
    })
}

#[cfg(test)]
mod tests {
    use mdl_crypto::{Curve, PrivateKey};

    use super::*;

    fn engagement() -> DeviceEngagement {
        let key = PrivateKey::from_scalar(Curve::P256, &[3; 32]).expect("a scalar");
        let ble = RetrievalMethod::ble(&BleOptions {
            peripheral_server: None,
            central_client: Some([7; 16]),
        });
        DeviceEngagement::new(key.public_key(), vec![ble])
    }

    fn decode(bytes: Vec<u8>) -> Result<DeviceEngagement, DeviceEngagementError> {
        DeviceEngagement::decode(bytes, &Limits::DEFAULT)
    }

    /// With one byte sequence in place of another.
    fn changed(from: &[u8], to: &[u8]) -> Result<DeviceEngagement, DeviceEngagementError> {
        let bytes = engagement().bytes;
        let at = bytes.windows(from.len()).position(|window| window == from);
        let at = at.expect("it is in there");
        decode([&bytes[..at], to, &bytes[at + from.len()..]].concat())
    }

    #[test]
    fn what_is_shown_is_read_from_the_qr_code() {
        let made = engagement();
        let read = DeviceEngagement::from_qr(&made.to_qr(), &Limits::DEFAULT).unwrap();
        assert_eq!(read.as_bytes(), made.as_bytes());
        assert_eq!(read.e_device_key(), made.e_device_key());
        assert_eq!(read.e_device_key_bytes(), made.e_device_key_bytes());
        assert_eq!(read.retrieval_methods(), made.retrieval_methods());
        let ble = read.retrieval_methods()[0].as_ble().unwrap().unwrap();
        assert_eq!(
            (ble.peripheral_server, ble.central_client),
            (None, Some([7; 16]))
        );
    }

    #[test]
    fn other_qr_codes_are_refused() {
        let qr = engagement().to_qr();
        assert!(DeviceEngagement::from_qr(&qr.replace("mdoc:", "MDOC:"), &Limits::DEFAULT).is_ok());
        let long = format!("mdoc:{}", "A".repeat(MAX_QR + 1));
        for text in [
            "",
            "mdoc",
            "http:oGA",
            "mdoc:oGA=",
            "mdoc:o GA",
            "ümdoc:",
            &long,
        ] {
            let error = DeviceEngagement::from_qr(text, &Limits::DEFAULT).unwrap_err();
            assert_eq!(error, DeviceEngagementError::NotAnMdocUri, "{text}");
        }
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(changed(b"\x631.0", b"\x631.1").unwrap().version(), "1.1");
        assert!(changed(b"\x631.0", b"\x641.10").is_ok());
        for version in [&b"\x632.0"[..], b"\x6410.0", b"\x611", b"\x60"] {
            let error = changed(b"\x631.0", version).unwrap_err();
            assert_eq!(error, DeviceEngagementError::Version);
        }
    }

    #[test]
    fn another_cipher_suite_or_key_is_refused() {
        let security = [1, 0x82, 1];
        let error = changed(&security, &[1, 0x82, 2]).unwrap_err();
        assert_eq!(error, DeviceEngagementError::CipherSuite(2));
        // crv 1, P-256, becomes 99.
        let error = changed(&[0x20, 0x01], &[0x20, 0x0c]).unwrap_err();
        assert!(
            matches!(error, DeviceEngagementError::EDeviceKey(_)),
            "{error}"
        );
        // Without a label of its own there is no key.
        let error = changed(&security, &[9, 0x82, 1]).unwrap_err();
        assert!(
            matches!(error, DeviceEngagementError::Structure(_)),
            "{error}"
        );
    }

    #[test]
    fn unknown_options_and_methods_are_kept() {
        let mut method = RetrievalMethod::ble(&BleOptions::default());
        method.options = vec![0xa3, 0x00, 0xf4, 0x01, 0xf4, 0x18, 0x63, 0x61, b'x'];
        let other = RetrievalMethod {
            kind: 9,
            version: 4,
            options: vec![0xa1, 0x01, 0x02],
        };
        let made = DeviceEngagement::new(engagement().e_device_key(), vec![method.clone(), other]);
        let read = decode(made.bytes.clone()).unwrap();
        assert_eq!(read.retrieval_methods(), made.retrieval_methods());
        assert_eq!(method.as_ble(), Ok(Some(BleOptions::default())));
        assert_eq!(read.retrieval_methods()[1].as_ble(), Ok(None));
    }

    #[test]
    fn capabilities_are_announced_and_read() {
        assert_eq!(engagement().capabilities(), Capabilities::default());
        let able = Capabilities {
            reader_auth_all: true,
        };
        let key = engagement().e_device_key().clone();
        let made = DeviceEngagement::with_capabilities(&key, Vec::new(), able);
        assert!(
            made.as_bytes()
                .ends_with(&[0x05, 0x80, 0x06, 0xa1, 0x03, 0xf5])
        );
        let read = decode(made.bytes.clone()).unwrap();
        assert_eq!((read.version(), read.capabilities()), ("1.1", able));
        // Others are ignored, and a flag is a Boolean.
        let with = |capabilities: &[u8]| {
            let before = &made.bytes[..made.bytes.len() - 3];
            decode([before, capabilities].concat()).map(|read| read.capabilities())
        };
        assert_eq!(with(&[0xa1, 0x02, 0xf5]), Ok(Capabilities::default()));
        assert_eq!(with(&[0xa1, 0x03, 0xf4]), Ok(Capabilities::default()));
        assert!(with(&[0xa1, 0x03, 0x01]).is_err());
    }

    #[test]
    fn a_role_without_its_uuid_is_refused() {
        let method = |options: &[u8]| RetrievalMethod {
            kind: 2,
            version: 1,
            options: options.to_vec(),
        };
        assert!(method(&[0xa1, 0x00, 0xf5]).as_ble().is_err());
        assert!(
            method(&[0xa2, 0x00, 0xf5, 0x0a, 0x41, 0x00])
                .as_ble()
                .is_err()
        );
        assert!(method(&[0xa1, 0x00, 0x01]).as_ble().is_err());
    }
}
