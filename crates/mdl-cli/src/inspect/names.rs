//! What the standard calls the parts of a structure, so that a person need not count map keys.

/// The structure that a data item belongs to, as far as it follows from the way to it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Structure {
    DeviceResponse,
    Documents,
    Document,
    IssuerSigned,
    IssuerNameSpaces,
    IssuerSignedItems,
    IssuerSignedItem,
    CoseSign1,
    CoseMac0,
    ProtectedHeader,
    Header,
    X5chain,
    Payload,
    Mso,
    DeviceKeyInfo,
    CoseKey,
    DeviceSigned,
    DeviceNameSpaces,
    DeviceAuth,
    DeviceRequest,
    DocRequests,
    DocRequest,
    ItemsRequest,
    ReaderAuthAll,
    Vical,
    CertificateInfos,
    CertificateInfo,
    StatusClaims,
    StatusList,
    IdentifierList,
    #[default]
    Other,
}

use Structure::*;

impl Structure {
    /// The name to print beside it.
    pub(crate) fn name(self) -> Option<&'static str> {
        Some(match self {
            DeviceResponse => "DeviceResponse",
            Document => "Document",
            IssuerSigned => "IssuerSigned",
            IssuerNameSpaces => "IssuerNameSpaces",
            IssuerSignedItem => "IssuerSignedItem",
            CoseSign1 => "COSE_Sign1",
            CoseMac0 => "COSE_Mac0",
            ProtectedHeader => "protected header",
            Header => "unprotected header",
            Payload => "payload",
            Mso => "MobileSecurityObject",
            CoseKey => "COSE_Key",
            DeviceSigned => "DeviceSigned",
            DeviceNameSpaces => "DeviceNameSpaces",
            DeviceRequest => "DeviceRequest",
            DocRequest => "DocRequest",
            ItemsRequest => "ItemsRequest",
            Vical => "VICAL",
            CertificateInfo => "CertificateInfo",
            StatusClaims => "claims of a status token",
            StatusList => "StatusList",
            IdentifierList => "IdentifierList",
            _ => return None,
        })
    }

    /// The structure of an outermost map, by one of its members.
    pub(crate) fn with_member(member: &str) -> Option<Self> {
        Some(match member {
            "documents" | "documentErrors" | "status" => DeviceResponse,
            "issuerAuth" => IssuerSigned,
            "valueDigests" => Mso,
            "docRequests" => DeviceRequest,
            "vicalProvider" | "certificateInfos" => Vical,
            _ => return None,
        })
    }

    /// The structure of an outermost map, by one of its labels.
    pub(crate) fn with_label(label: i64) -> Option<Self> {
        matches!(label, 65530 | 65533).then_some(StatusClaims)
    }

    /// The structure of the value of a member.
    pub(crate) fn of_member(self, member: &str) -> Self {
        match (self, member) {
            (DeviceResponse, "documents") => Documents,
            (Document, "issuerSigned") => IssuerSigned,
            (Document, "deviceSigned") => DeviceSigned,
            (IssuerSigned, "nameSpaces") => IssuerNameSpaces,
            (IssuerSigned, "issuerAuth") => CoseSign1,
            (IssuerNameSpaces, _) => IssuerSignedItems,
            (Mso, "deviceKeyInfo") => DeviceKeyInfo,
            (DeviceKeyInfo, "deviceKey") => CoseKey,
            (DeviceSigned, "nameSpaces") => DeviceNameSpaces,
            (DeviceSigned, "deviceAuth") => DeviceAuth,
            (DeviceAuth, "deviceSignature") => CoseSign1,
            (DeviceAuth, "deviceMac") => CoseMac0,
            (DeviceRequest, "docRequests") => DocRequests,
            (DeviceRequest, "readerAuthAll") => ReaderAuthAll,
            (DocRequest, "itemsRequest") => ItemsRequest,
            (DocRequest, "readerAuth") => CoseSign1,
            (Vical, "certificateInfos") => CertificateInfos,
            // Shown as the certificates of a header are.
            (CertificateInfo, "certificate") => X5chain,
            _ => Other,
        }
    }

    /// The structure of the value under a label.
    pub(crate) fn of_label(self, label: i64) -> Self {
        match (self, label) {
            (ProtectedHeader | Header, 33) => X5chain,
            (StatusClaims, 65530) => IdentifierList,
            (StatusClaims, 65533) => StatusList,
            _ => Other,
        }
    }

    /// The structure of an array's item.
    pub(crate) fn of_item(self, index: usize) -> Self {
        match (self, index) {
            (Documents, _) => Document,
            (IssuerSignedItems, _) => IssuerSignedItem,
            (CertificateInfos, _) => CertificateInfo,
            (DocRequests, _) => DocRequest,
            (ReaderAuthAll, _) => CoseSign1,
            (CoseSign1 | CoseMac0, 0) => ProtectedHeader,
            (CoseSign1 | CoseMac0, 1) => Header,
            (CoseSign1, 2) => Payload,
            (X5chain, _) => X5chain,
            _ => Other,
        }
    }

    /// The structure inside a byte string in tag 24.
    pub(crate) fn embedded(self) -> Self {
        match self {
            Payload => Mso,
            other => other,
        }
    }

    /// Whether a byte string is known to hold CBOR without tag 24.
    pub(crate) fn is_bare_cbor(self) -> bool {
        matches!(self, ProtectedHeader | Payload)
    }

    /// What a label means.
    pub(crate) fn label_name(self, label: i64) -> Option<&'static str> {
        Some(match (self, label) {
            (ProtectedHeader | Header, 1) => "alg",
            (ProtectedHeader | Header, 2) => "crit",
            (ProtectedHeader | Header, 3) => "content type",
            (ProtectedHeader | Header, 4) => "kid",
            (ProtectedHeader | Header, 16) => "typ",
            (ProtectedHeader | Header, 33) => "x5chain",
            (ProtectedHeader | Header, 34) => "x5t",
            (StatusClaims, 1) => "iss",
            (StatusClaims, 2) => "sub",
            (StatusClaims, 4) => "exp",
            (StatusClaims, 6) => "iat",
            (StatusClaims, 65530) => "identifier_list",
            (StatusClaims, 65533) => "status_list",
            (StatusClaims, 65534) => "ttl",
            (CoseKey, 1) => "kty",
            (CoseKey, 2) => "kid",
            (CoseKey, 3) => "alg",
            (CoseKey, -1) => "crv",
            (CoseKey, -2) => "x",
            (CoseKey, -3) => "y",
            _ => return None,
        })
    }

    /// Whether a label is that of a time, in seconds since 1970.
    pub(crate) fn is_time(self, label: i64) -> bool {
        matches!((self, label), (StatusClaims, 4 | 6))
    }

    /// What a number under a label means.
    pub(crate) fn value_name(self, label: i64, value: i64) -> Option<&'static str> {
        Some(match (self, label, value) {
            (ProtectedHeader | Header, 1, -7) => "ES256",
            (ProtectedHeader | Header, 1, -35) => "ES384",
            (ProtectedHeader | Header, 1, -36) => "ES512",
            (ProtectedHeader | Header, 1, -8) => "EdDSA",
            (ProtectedHeader | Header, 1, 5) => "HMAC 256/256",
            (CoseKey, 1, 1) => "OKP",
            (CoseKey, 1, 2) => "EC2",
            (CoseKey, -1, 1) => "P-256",
            (CoseKey, -1, 2) => "P-384",
            (CoseKey, -1, 3) => "P-521",
            (CoseKey, -1, 6) => "Ed25519",
            (CoseKey, -1, 256) => "brainpoolP256r1",
            (CoseKey, -1, 257) => "brainpoolP320r1",
            (CoseKey, -1, 258) => "brainpoolP384r1",
            (CoseKey, -1, 259) => "brainpoolP512r1",
            _ => return None,
        })
    }

    /// What the items of an array are called.
    pub(crate) fn item_name(self, index: usize) -> Option<&'static str> {
        Some(match (self, index) {
            (CoseSign1 | CoseMac0, 2) => "payload",
            (CoseSign1, 3) => "signature",
            (CoseMac0, 3) => "tag",
            _ => return None,
        })
    }
}
