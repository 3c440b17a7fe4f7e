//! Object identifiers as received, and those of ISO/IEC 18013-5 Annex B and RFC 5280 that the rules name.

use std::fmt;

/// Content octets of an `OBJECT IDENTIFIER`; compared as octets, shown in dotted form.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Oid<'a>(&'a [u8]);

impl<'a> Oid<'a> {
    /// Wraps content octets (no tag, no length).
    pub const fn from_content(content: &'a [u8]) -> Self {
        Self(content)
    }

    /// Content octets.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Name by which the standards know it, if it is one of those listed in this module.
    pub fn name(&self) -> Option<&'static str> {
        NAMES
            .iter()
            .find(|(oid, _)| oid == self)
            .map(|(_, name)| *name)
    }

    /// Whether the octets are a well-formed identifier: not empty, last octet ends an arc, no arc with padding.
    pub(crate) fn is_well_formed(&self) -> bool {
        let ends = self.0.last().is_some_and(|last| last & 0x80 == 0);
        let padded = self.0.first() == Some(&0x80)
            || self
                .0
                .windows(2)
                .any(|pair| pair[0] & 0x80 == 0 && pair[1] == 0x80);
        ends && !padded
    }
}

/// Dotted form; arcs beyond 64 bits are shown as `?`.
impl fmt::Display for Oid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut arc: Option<u64> = Some(0);
        let mut first = true;
        for octet in self.0 {
            arc = arc
                .filter(|arc| arc.leading_zeros() >= 7)
                .map(|arc| arc << 7 | u64::from(octet & 0x7f));
            if octet & 0x80 != 0 {
                continue;
            }
            match (first, arc) {
                (true, Some(arc @ 0..=39)) => write!(f, "0.{arc}")?,
                (true, Some(arc @ 40..=79)) => write!(f, "1.{}", arc - 40)?,
                (true, Some(arc)) => write!(f, "2.{}", arc - 80)?,
                (true, None) => f.write_str("2.?")?,
                (false, Some(arc)) => write!(f, ".{arc}")?,
                (false, None) => f.write_str(".?")?,
            }
            first = false;
            arc = Some(0);
        }
        Ok(())
    }
}

impl fmt::Debug for Oid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Oid({self})")
    }
}

macro_rules! oids {
    ($($(#[$doc:meta])* $constant:ident = $dotted:literal, $name:literal, $octets:expr;)*) => {
        $(
            #[doc = concat!("`", $dotted, "`, ", $name, ".")]
            $(#[$doc])*
            pub const $constant: Oid<'static> = Oid(&$octets);
        )*
        const NAMES: &[(Oid<'static>, &str)] = &[$(($constant, $name)),*];
        #[cfg(test)]
        const DOTTED: &[(Oid<'static>, &str)] = &[$(($constant, $dotted)),*];
    };
}

oids! {
    MDL_DS = "1.0.18013.5.1.2", "mdlDS", [0x28, 0x81, 0x8c, 0x5d, 0x05, 0x01, 0x02];
    /// First edition only.
    MDL_JWS = "1.0.18013.5.1.3", "mdlJWS", [0x28, 0x81, 0x8c, 0x5d, 0x05, 0x01, 0x03];
    MDL_IACA_LINK = "1.0.18013.5.1.4", "mdlIACALink", [0x28, 0x81, 0x8c, 0x5d, 0x05, 0x01, 0x04];
    MDL_READER_AUTH = "1.0.18013.5.1.6", "mdlReaderAuth", [0x28, 0x81, 0x8c, 0x5d, 0x05, 0x01, 0x06];
    MDL_IACA = "1.0.18013.5.1.7", "mdlIACA", [0x28, 0x81, 0x8c, 0x5d, 0x05, 0x01, 0x07];
    MDL_VICAL = "1.0.18013.5.1.8", "mdlVICAL", [0x28, 0x81, 0x8c, 0x5d, 0x05, 0x01, 0x08];
    /// Second edition: recommended in addition to [`MDL_DS`], never instead of it.
    MDOC_DS = "1.0.23220.4.1.2", "mdocDS", [0x28, 0x81, 0xb5, 0x34, 0x04, 0x01, 0x02];
    MDOC_READER_AUTH = "1.0.23220.4.1.6", "mdocReaderAuth", [0x28, 0x81, 0xb5, 0x34, 0x04, 0x01, 0x06];
    MDOC_VICAL = "1.0.23220.4.1.8", "mdocVICAL", [0x28, 0x81, 0xb5, 0x34, 0x04, 0x01, 0x08];
    SERVER_AUTH = "1.3.6.1.5.5.7.3.1", "serverAuth", [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
    CLIENT_AUTH = "1.3.6.1.5.5.7.3.2", "clientAuth", [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];
    OCSP_SIGNING = "1.3.6.1.5.5.7.3.9", "OCSPSigning", [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x09];
    ACCESS_OCSP = "1.3.6.1.5.5.7.48.1", "id-ad-ocsp", [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01];
    OCSP_NOCHECK = "1.3.6.1.5.5.7.48.1.5", "id-pkix-ocsp-nocheck",
        [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x05];
    AUTHORITY_INFO_ACCESS = "1.3.6.1.5.5.7.1.1", "authorityInfoAccess",
        [0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01];
    SUBJECT_KEY_IDENTIFIER = "2.5.29.14", "subjectKeyIdentifier", [0x55, 0x1d, 0x0e];
    KEY_USAGE = "2.5.29.15", "keyUsage", [0x55, 0x1d, 0x0f];
    SUBJECT_ALT_NAME = "2.5.29.17", "subjectAltName", [0x55, 0x1d, 0x11];
    ISSUER_ALT_NAME = "2.5.29.18", "issuerAltName", [0x55, 0x1d, 0x12];
    BASIC_CONSTRAINTS = "2.5.29.19", "basicConstraints", [0x55, 0x1d, 0x13];
    CRL_NUMBER = "2.5.29.20", "cRLNumber", [0x55, 0x1d, 0x14];
    NAME_CONSTRAINTS = "2.5.29.30", "nameConstraints", [0x55, 0x1d, 0x1e];
    CRL_DISTRIBUTION_POINTS = "2.5.29.31", "cRLDistributionPoints", [0x55, 0x1d, 0x1f];
    CERTIFICATE_POLICIES = "2.5.29.32", "certificatePolicies", [0x55, 0x1d, 0x20];
    POLICY_MAPPINGS = "2.5.29.33", "policyMappings", [0x55, 0x1d, 0x21];
    AUTHORITY_KEY_IDENTIFIER = "2.5.29.35", "authorityKeyIdentifier", [0x55, 0x1d, 0x23];
    POLICY_CONSTRAINTS = "2.5.29.36", "policyConstraints", [0x55, 0x1d, 0x24];
    EXTENDED_KEY_USAGE = "2.5.29.37", "extKeyUsage", [0x55, 0x1d, 0x25];
    FRESHEST_CRL = "2.5.29.46", "freshestCRL", [0x55, 0x1d, 0x2e];
    INHIBIT_ANY_POLICY = "2.5.29.54", "inhibitAnyPolicy", [0x55, 0x1d, 0x36];
    COMMON_NAME = "2.5.4.3", "commonName", [0x55, 0x04, 0x03];
    SERIAL_NUMBER = "2.5.4.5", "serialNumber", [0x55, 0x04, 0x05];
    COUNTRY_NAME = "2.5.4.6", "countryName", [0x55, 0x04, 0x06];
    LOCALITY_NAME = "2.5.4.7", "localityName", [0x55, 0x04, 0x07];
    STATE_OR_PROVINCE_NAME = "2.5.4.8", "stateOrProvinceName", [0x55, 0x04, 0x08];
    ORGANIZATION_NAME = "2.5.4.10", "organizationName", [0x55, 0x04, 0x0a];
    ORGANIZATIONAL_UNIT_NAME = "2.5.4.11", "organizationalUnitName", [0x55, 0x04, 0x0b];
    EXTENSION_REQUEST = "1.2.840.113549.1.9.14", "extensionRequest",
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e];
    EC_PUBLIC_KEY = "1.2.840.10045.2.1", "id-ecPublicKey", [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2", "ecdsa-with-SHA256", [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    ECDSA_WITH_SHA384 = "1.2.840.10045.4.3.3", "ecdsa-with-SHA384", [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
    ECDSA_WITH_SHA512 = "1.2.840.10045.4.3.4", "ecdsa-with-SHA512", [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04];
    SECP256R1 = "1.2.840.10045.3.1.7", "P-256", [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    SECP384R1 = "1.3.132.0.34", "P-384", [0x2b, 0x81, 0x04, 0x00, 0x22];
    SECP521R1 = "1.3.132.0.35", "P-521", [0x2b, 0x81, 0x04, 0x00, 0x23];
    SECP256K1 = "1.3.132.0.10", "secp256k1", [0x2b, 0x81, 0x04, 0x00, 0x0a];
    BRAINPOOL_P256R1 = "1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1", [0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07];
    BRAINPOOL_P320R1 = "1.3.36.3.3.2.8.1.1.9", "brainpoolP320r1", [0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x09];
    BRAINPOOL_P384R1 = "1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1", [0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0b];
    BRAINPOOL_P512R1 = "1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1", [0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0d];
    ED25519 = "1.3.101.112", "Ed25519", [0x2b, 0x65, 0x70];
    ED448 = "1.3.101.113", "Ed448", [0x2b, 0x65, 0x71];
    RSA_ENCRYPTION = "1.2.840.113549.1.1.1", "rsaEncryption", [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_constant_has_the_octets_of_its_dotted_form() {
        for (oid, dotted) in DOTTED {
            assert_eq!(oid.to_string(), *dotted);
            assert!(oid.is_well_formed(), "{dotted}");
        }
    }

    #[test]
    fn malformed_identifiers_are_recognised() {
        for octets in [&[][..], &[0x80, 0x01], &[0x2a, 0x80, 0x01], &[0x2a, 0x86]] {
            assert!(!Oid::from_content(octets).is_well_formed(), "{octets:02x?}");
        }
    }
}
