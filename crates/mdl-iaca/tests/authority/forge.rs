//! Certificates that no builder makes: fields of a good one replaced, then signed again.

use mdl_crypto::PrivateKey;

pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
pub(crate) const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
pub(crate) const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x23];
pub(crate) const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
pub(crate) const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x1e];
pub(crate) const ISSUER_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x12];

pub(crate) const SEQUENCE: u8 = 0x30;

/// One value in DER.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    match content.len() {
        length @ 0..=0x7f => der.push(length as u8),
        length @ 0x80..=0xff => der.extend([0x81, length as u8]),
        length @ 0x100..=0xffff => der.extend([0x82, (length >> 8) as u8, length as u8]),
        length => der.extend([
            0x83,
            (length >> 16) as u8,
            (length >> 8) as u8,
            length as u8,
        ]),
    }
    der.extend_from_slice(content);
    der
}

/// Tag, content and what follows.
pub(crate) fn split(der: &[u8]) -> (u8, &[u8], &[u8]) {
    let (header, length) = match der[1] {
        short @ 0..=0x7f => (2, usize::from(short)),
        0x81 => (3, usize::from(der[2])),
        0x82 => (4, usize::from(der[2]) << 8 | usize::from(der[3])),
        _ => (
            5,
            usize::from(der[2]) << 16 | usize::from(der[3]) << 8 | usize::from(der[4]),
        ),
    };
    (
        der[0],
        &der[header..header + length],
        &der[header + length..],
    )
}

/// The values inside a constructed one.
pub(crate) fn children(der: &[u8]) -> Vec<Vec<u8>> {
    let (_, mut content, _) = split(der);
    let mut found = Vec::new();
    while !content.is_empty() {
        let (_, _, rest) = split(content);
        found.push(content[..content.len() - rest.len()].to_vec());
        content = rest;
    }
    found
}

pub(crate) fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let mut content = tlv(0x06, oid);
    if critical {
        content.extend([0x01, 0x01, 0xff]);
    }
    content.extend(tlv(0x04, value));
    tlv(SEQUENCE, &content)
}

/// The fields of a certificate, open to change.
#[derive(Clone)]
pub(crate) struct Forge {
    /// version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo.
    pub(crate) fields: Vec<Vec<u8>>,
    pub(crate) extensions: Vec<Vec<u8>>,
    pub(crate) outer_algorithm: Vec<u8>,
}

pub(crate) const SERIAL: usize = 1;
pub(crate) const ALGORITHM: usize = 2;
pub(crate) const ISSUER: usize = 3;
pub(crate) const VALIDITY: usize = 4;
pub(crate) const SUBJECT: usize = 5;
pub(crate) const PUBLIC_KEY: usize = 6;

impl Forge {
    pub(crate) fn of(certificate: &[u8]) -> Self {
        let parts = children(certificate);
        let mut fields = children(&parts[0]);
        let extensions = children(&children(&fields.pop().unwrap())[0]);
        Self {
            fields,
            extensions,
            outer_algorithm: parts[1].clone(),
        }
    }

    /// Puts `value` in the place of the extension, or at the end.
    pub(crate) fn set(mut self, oid: &[u8], critical: bool, value: &[u8]) -> Self {
        let new = extension(oid, critical, value);
        match self.position(oid) {
            Some(index) => self.extensions[index] = new,
            None => self.extensions.push(new),
        }
        self
    }

    pub(crate) fn without(mut self, oid: &[u8]) -> Self {
        let index = self.position(oid).expect("extension is there");
        self.extensions.remove(index);
        self
    }

    pub(crate) fn field(mut self, index: usize, der: Vec<u8>) -> Self {
        self.fields[index] = der;
        self
    }

    pub(crate) fn tbs(&self) -> Vec<u8> {
        let mut content = self.fields.concat();
        content.extend(tlv(0xa3, &tlv(SEQUENCE, &self.extensions.concat())));
        tlv(SEQUENCE, &content)
    }

    /// Signed with the hash that goes with the curve, whatever the algorithm fields say.
    pub(crate) fn sign(&self, key: &PrivateKey) -> Vec<u8> {
        let tbs = self.tbs();
        let mut bits = vec![0];
        bits.extend(key.sign(&tbs).to_der());
        tlv(
            SEQUENCE,
            &[tbs, self.outer_algorithm.clone(), tlv(0x03, &bits)].concat(),
        )
    }

    fn position(&self, oid: &[u8]) -> Option<usize> {
        let oid = tlv(0x06, oid);
        self.extensions
            .iter()
            .position(|extension| children(extension)[0] == oid)
    }
}

/// A name of `(attribute OID, string tag, text)` in this order.
pub(crate) fn name(attributes: &[(&[u8], u8, &str)]) -> Vec<u8> {
    let rdns: Vec<Vec<u8>> = attributes
        .iter()
        .map(|(oid, tag, text)| {
            let attribute = [tlv(0x06, oid), tlv(*tag, text.as_bytes())].concat();
            tlv(0x31, &tlv(SEQUENCE, &attribute))
        })
        .collect();
    tlv(SEQUENCE, &rdns.concat())
}

pub(crate) const C: &[u8] = &[0x55, 0x04, 0x06];
pub(crate) const ST: &[u8] = &[0x55, 0x04, 0x08];
pub(crate) const CN: &[u8] = &[0x55, 0x04, 0x03];
pub(crate) const PRINTABLE: u8 = 0x13;
pub(crate) const UTF8: u8 = 0x0c;
