//! Certificates field by field (Tables B.1 and B.3), signed after whatever was changed.

use mdl_crypto::{Curve, PrivateKey, PublicKey, sha1};

use super::der::{
    BIT_STRING, BOOLEAN, INTEGER, OCTET_STRING, PRINTABLE_STRING, SEQUENCE, SET, UTF8_STRING,
    bit_string, oid, sequence, time, tlv,
};

pub(crate) const SUBJECT_KEY_IDENTIFIER: &str = "2.5.29.14";
pub(crate) const KEY_USAGE: &str = "2.5.29.15";
pub(crate) const ISSUER_ALT_NAME: &str = "2.5.29.18";
pub(crate) const BASIC_CONSTRAINTS: &str = "2.5.29.19";
pub(crate) const NAME_CONSTRAINTS: &str = "2.5.29.30";
pub(crate) const CRL_DISTRIBUTION_POINTS: &str = "2.5.29.31";
pub(crate) const POLICY_MAPPINGS: &str = "2.5.29.33";
pub(crate) const AUTHORITY_KEY_IDENTIFIER: &str = "2.5.29.35";
pub(crate) const POLICY_CONSTRAINTS: &str = "2.5.29.36";
pub(crate) const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
pub(crate) const FRESHEST_CRL: &str = "2.5.29.46";
pub(crate) const INHIBIT_ANY_POLICY: &str = "2.5.29.54";

/// Key purposes.
pub(crate) const MDL_DS: &str = "1.0.18013.5.1.2";
pub(crate) const MDL_READER_AUTH: &str = "1.0.18013.5.1.6";
pub(crate) const MDOC_DS: &str = "1.0.23220.4.1.2";

/// `keyUsage` values: the BIT STRING of the profile.
pub(crate) const DIGITAL_SIGNATURE: &[u8] = &[BIT_STRING, 2, 7, 0x80];
pub(crate) const NON_REPUDIATION: &[u8] = &[BIT_STRING, 2, 6, 0x40];
pub(crate) const CERT_AND_CRL_SIGN: &[u8] = &[BIT_STRING, 2, 1, 0x06];
pub(crate) const CERT_SIGN: &[u8] = &[BIT_STRING, 2, 2, 0x04];
pub(crate) const CRL_SIGN: &[u8] = &[BIT_STRING, 2, 1, 0x02];

const CRL_URI: &str = "https://a.example/crl";
const CONTACT_URI: &str = "https://a.example";

/// A certificate open to change.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    /// Content octets.
    pub(crate) serial: Vec<u8>,
    /// `AlgorithmIdentifier` inside of what is signed.
    pub(crate) inner_algorithm: Vec<u8>,
    /// `AlgorithmIdentifier` beside the signature.
    pub(crate) outer_algorithm: Vec<u8>,
    pub(crate) issuer: Name,
    /// `Time`.
    pub(crate) not_before: Vec<u8>,
    /// `Time`.
    pub(crate) not_after: Vec<u8>,
    pub(crate) subject: Name,
    /// `SubjectPublicKeyInfo`.
    pub(crate) public_key_info: Vec<u8>,
    pub(crate) extensions: Vec<Extension>,
}

#[derive(Clone, Debug)]
pub(crate) struct Extension {
    pub(crate) oid: &'static str,
    pub(crate) critical: bool,
    /// Content of `extnValue`.
    pub(crate) value: Vec<u8>,
}

/// A name of single-valued RDNs.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    attributes: Vec<(&'static str, u8, String)>,
}

pub(crate) const COUNTRY: &str = "2.5.4.6";
pub(crate) const STATE: &str = "2.5.4.8";
const COMMON_NAME: &str = "2.5.4.3";

impl Name {
    pub(crate) fn new(country: &str, state: &str, common_name: &str) -> Self {
        Self {
            attributes: vec![
                (COUNTRY, PRINTABLE_STRING, country.to_owned()),
                (STATE, UTF8_STRING, state.to_owned()),
                (COMMON_NAME, UTF8_STRING, common_name.to_owned()),
            ],
        }
    }

    /// The same name with another value of an attribute.
    pub(crate) fn with(mut self, attribute: &str, value: &str) -> Self {
        for (oid, _, text) in &mut self.attributes {
            if *oid == attribute {
                value.clone_into(text);
            }
        }
        self
    }

    pub(crate) fn without(mut self, attribute: &str) -> Self {
        self.attributes.retain(|(oid, _, _)| *oid != attribute);
        self
    }

    /// The same name with an attribute a second time.
    pub(crate) fn and(mut self, attribute: &'static str, value: &str) -> Self {
        self.attributes
            .push((attribute, PRINTABLE_STRING, value.to_owned()));
        self
    }

    pub(crate) fn to_der(&self) -> Vec<u8> {
        let rdns: Vec<u8> = self
            .attributes
            .iter()
            .flat_map(|(attribute, tag, text)| {
                let value = tlv(*tag, text.as_bytes());
                tlv(SET, &sequence(&[&oid(attribute), &value]))
            })
            .collect();
        tlv(SEQUENCE, &rdns)
    }
}

impl Certificate {
    /// An IACA root (Table B.1), valid for nine years, to be signed by its own key.
    pub(crate) fn iaca(name: &Name, key: &PublicKey) -> Self {
        let mut certificate = Self::new(name, name, key, key.curve());
        certificate.not_before = time("2025-01-01T00:00:00Z");
        certificate.not_after = time("2033-12-31T00:00:00Z");
        certificate.set_extension(KEY_USAGE, true, CERT_AND_CRL_SIGN);
        certificate.set_extension(BASIC_CONSTRAINTS, true, &ca(Some(0)));
        certificate
    }

    /// A document signer (Table B.3), valid for a year, to be signed by the issuer's key.
    pub(crate) fn document_signer(
        issuer: &Name,
        issuer_key: &PublicKey,
        subject: &Name,
        key: &PublicKey,
    ) -> Self {
        let mut certificate = Self::new(issuer, subject, key, issuer_key.curve());
        certificate.not_before = time("2026-05-01T00:00:00Z");
        certificate.not_after = time("2027-05-01T00:00:00Z");
        certificate.set_extension(AUTHORITY_KEY_IDENTIFIER, false, &authority(issuer_key));
        certificate.set_extension(KEY_USAGE, true, DIGITAL_SIGNATURE);
        certificate.set_extension(EXTENDED_KEY_USAGE, true, &purposes(&[MDL_DS]));
        certificate
    }

    /// What both profiles share. The serial number is derived from name and key, so that it is always the same.
    fn new(issuer: &Name, subject: &Name, key: &PublicKey, signing: Curve) -> Self {
        let mut serial = sha1(&[subject.to_der(), key.key_bits().to_vec()].concat()).to_vec();
        serial[0] = serial[0] & 0x7f | 0x40;
        let mut certificate = Self {
            serial,
            inner_algorithm: ecdsa_with(signing),
            outer_algorithm: ecdsa_with(signing),
            issuer: issuer.clone(),
            not_before: Vec::new(),
            not_after: Vec::new(),
            subject: subject.clone(),
            public_key_info: key.to_spki_der(),
            extensions: Vec::new(),
        };
        let key_identifier = tlv(OCTET_STRING, &sha1(key.key_bits()));
        certificate.set_extension(SUBJECT_KEY_IDENTIFIER, false, &key_identifier);
        let contact = sequence(&[&tlv(0x86, CONTACT_URI.as_bytes())]);
        certificate.set_extension(ISSUER_ALT_NAME, false, &contact);
        let full_name = tlv(0xa0, &tlv(0xa0, &tlv(0x86, CRL_URI.as_bytes())));
        let points = sequence(&[&sequence(&[&full_name])]);
        certificate.set_extension(CRL_DISTRIBUTION_POINTS, false, &points);
        certificate
    }

    /// Replaces an extension in its place, or adds it at the end.
    pub(crate) fn set_extension(&mut self, oid: &'static str, critical: bool, value: &[u8]) {
        let new = Extension {
            oid,
            critical,
            value: value.to_vec(),
        };
        match self
            .extensions
            .iter_mut()
            .find(|extension| extension.oid == oid)
        {
            Some(extension) => *extension = new,
            None => self.extensions.push(new),
        }
    }

    pub(crate) fn remove_extension(&mut self, oid: &str) {
        self.extensions.retain(|extension| extension.oid != oid);
    }

    /// Sets both times.
    pub(crate) fn valid(&mut self, not_before: &str, not_after: &str) {
        self.not_before = time(not_before);
        self.not_after = time(not_after);
    }

    /// The certificate with a signature by `key`, made with the hash that goes with its curve whatever the algorithm
    /// fields say.
    pub(crate) fn sign(&self, key: &PrivateKey) -> Vec<u8> {
        let tbs = self.tbs();
        let signature = key.sign_deterministic(&tbs).to_der();
        sequence(&[&tbs, &self.outer_algorithm, &bit_string(&signature)])
    }

    fn tbs(&self) -> Vec<u8> {
        let extensions: Vec<u8> = self.extensions.iter().flat_map(Extension::to_der).collect();
        sequence(&[
            &tlv(0xa0, &[INTEGER, 1, 2]),
            &tlv(INTEGER, &self.serial),
            &self.inner_algorithm,
            &self.issuer.to_der(),
            &sequence(&[&self.not_before, &self.not_after]),
            &self.subject.to_der(),
            &self.public_key_info,
            &tlv(0xa3, &tlv(SEQUENCE, &extensions)),
        ])
    }
}

impl Extension {
    pub(crate) fn to_der(&self) -> Vec<u8> {
        let critical: &[u8] = if self.critical {
            &[BOOLEAN, 1, 0xff]
        } else {
            &[]
        };
        sequence(&[&oid(self.oid), critical, &tlv(OCTET_STRING, &self.value)])
    }
}

/// `AlgorithmIdentifier` of ECDSA with the hash of the curve.
pub(crate) fn ecdsa_with(curve: Curve) -> Vec<u8> {
    use mdl_crypto::HashAlgorithm::{Sha256, Sha384, Sha512};
    let last = match curve.algorithm().hash() {
        Some(Sha384) => "3",
        Some(Sha512) => "4",
        Some(Sha256) | None => "2",
    };
    sequence(&[&oid(&format!("1.2.840.10045.4.3.{last}"))])
}

/// `authorityKeyIdentifier` with the key identifier alone.
pub(crate) fn authority(issuer_key: &PublicKey) -> Vec<u8> {
    sequence(&[&tlv(0x80, &sha1(issuer_key.key_bits()))])
}

/// `extKeyUsage`.
pub(crate) fn purposes(purposes: &[&str]) -> Vec<u8> {
    let oids: Vec<u8> = purposes.iter().flat_map(|purpose| oid(purpose)).collect();
    tlv(SEQUENCE, &oids)
}

/// `basicConstraints` of a certificate authority.
pub(crate) fn ca(path_length: Option<u8>) -> Vec<u8> {
    let path_length = path_length.map_or(Vec::new(), |length| tlv(INTEGER, &[length]));
    sequence(&[&[BOOLEAN, 1, 0xff], &path_length])
}
