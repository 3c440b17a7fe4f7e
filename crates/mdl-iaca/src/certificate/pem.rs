//! Reading certificates, CRLs and requests from a file: DER as it is, or any number of PEM blocks (RFC 7468).

use base64ct::{Base64, Encoding};

use super::{CertificateView, CrlView, CsrView, DerError, MAX_CRL_BYTES};

/// A larger file is refused; PEM of the largest CRL fits.
pub const MAX_FILE_BYTES: usize = MAX_CRL_BYTES / 2 * 3;
/// More PEM blocks than this in one file are refused.
const MAX_BLOCKS: usize = 1024;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// What a document is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum DocumentKind {
    /// `CERTIFICATE`.
    Certificate,
    /// `X509 CRL`.
    Crl,
    /// `CERTIFICATE REQUEST`.
    Csr,
}

impl DocumentKind {
    /// Label of RFC 7468 for this kind.
    pub const fn pem_label(self) -> &'static str {
        match self {
            Self::Certificate => "CERTIFICATE",
            Self::Crl => "X509 CRL",
            Self::Csr => "CERTIFICATE REQUEST",
        }
    }

    fn from_pem_label(label: &str) -> Option<Self> {
        match label {
            "CERTIFICATE" | "X509 CERTIFICATE" => Some(Self::Certificate),
            "X509 CRL" => Some(Self::Crl),
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Some(Self::Csr),
            _ => None,
        }
    }

    /// What `der` can be read as.
    ///
    /// # Errors
    /// It is none of the three: why it is not a certificate, or whichever structure was followed furthest.
    pub fn of_der(der: &[u8]) -> Result<Self, DerError> {
        let certificate = match CertificateView::from_der(der) {
            Ok(_) => return Ok(Self::Certificate),
            Err(error) => error,
        };
        let request = match CsrView::from_der(der) {
            Ok(_) => return Ok(Self::Csr),
            Err(error) => error,
        };
        let crl = match CrlView::from_der(der) {
            Ok(_) => return Ok(Self::Crl),
            Err(error) => error,
        };
        let furthest = [request, crl].into_iter().fold(certificate, |best, next| {
            if next.offset > best.offset {
                next
            } else {
                best
            }
        });
        Err(furthest)
    }
}

/// One document of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Document {
    /// What the PEM label says, or what the DER could be read as.
    pub kind: DocumentKind,
    /// The DER bytes; read but, if they come from PEM, not checked.
    pub der: Vec<u8>,
}

/// Why a file holds nothing that could be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Larger than [`MAX_FILE_BYTES`], or more than 1,024 PEM blocks.
    #[error("file is larger than {MAX_FILE_BYTES} bytes or holds too many PEM blocks")]
    TooLarge,
    /// There is no PEM block, and it is not DER either.
    #[error("neither PEM nor a DER certificate, CRL or certification request")]
    Der(#[from] DerError),
    /// A PEM block without its end line.
    #[error("PEM block at byte {offset} has no end line of its own label")]
    Unterminated {
        /// Where the block begins.
        offset: usize,
    },
    /// A PEM block whose text is not base64.
    #[error("PEM block at byte {offset} is not base64")]
    Base64 {
        /// Where the block begins.
        offset: usize,
    },
    /// PEM blocks, but none with a label of a [`DocumentKind`].
    #[error("no PEM block is a certificate, CRL or certification request")]
    NoDocument,
}

/// All certificates, CRLs and requests of a file, in its order. PEM blocks of other kinds, such as keys, are passed
/// over, as is text around the blocks.
///
/// # Errors
/// [`ReadError`].
pub fn read_documents(input: &[u8]) -> Result<Vec<Document>, ReadError> {
    if input.len() > MAX_FILE_BYTES {
        return Err(ReadError::TooLarge);
    }
    // DER begins with 0x30; text that begins with the digit 0 is still PEM if it holds a block.
    let text = std::str::from_utf8(input)
        .ok()
        .filter(|text| text.contains(BEGIN));
    let Some(text) = text else {
        let kind = DocumentKind::of_der(input)?;
        return Ok(vec![Document {
            kind,
            der: input.to_vec(),
        }]);
    };
    let mut documents = Vec::new();
    let mut position = 0;
    for _ in 0..MAX_BLOCKS {
        let Some(found) = text[position..].find(BEGIN) else {
            return if documents.is_empty() {
                Err(ReadError::NoDocument)
            } else {
                Ok(documents)
            };
        };
        let offset = position + found;
        let unterminated = ReadError::Unterminated { offset };
        let after = &text[offset + BEGIN.len()..];
        let (label, after) = after.split_once(DASHES).ok_or(unterminated.clone())?;
        let (body, rest) = after.split_once(END).ok_or(unterminated.clone())?;
        let rest = rest
            .strip_prefix(label)
            .and_then(|rest| rest.strip_prefix(DASHES))
            .ok_or(unterminated)?;
        if let Some(kind) = DocumentKind::from_pem_label(label) {
            let compact: String = body.split_ascii_whitespace().collect();
            let der = Base64::decode_vec(&compact).map_err(|_| ReadError::Base64 { offset })?;
            documents.push(Document { kind, der });
        }
        position = text.len() - rest.len();
    }
    Err(ReadError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_other_kinds_are_passed_over() {
        let file = b"subject=x\n-----BEGIN PRIVATE KEY-----\n?\n-----END PRIVATE KEY-----\n\
            -----BEGIN CERTIFICATE-----\r\nMAA=\r\n-----END CERTIFICATE-----\r\n\
            -----BEGIN X509 CRL-----\nMA\nA=\n-----END X509 CRL-----";
        let documents = read_documents(file).unwrap();
        let found: Vec<_> = documents
            .iter()
            .map(|document| (document.kind, document.der.as_slice()))
            .collect();
        assert_eq!(
            found,
            [
                (DocumentKind::Certificate, &[0x30, 0][..]),
                (DocumentKind::Crl, &[0x30, 0])
            ]
        );
    }

    #[test]
    fn damaged_files_are_refused_with_a_reason() {
        let read = |text: &str| read_documents(text.as_bytes()).expect_err("must be refused");
        assert_eq!(
            read("-----BEGIN CERTIFICATE-----\nMAA="),
            ReadError::Unterminated { offset: 0 }
        );
        assert_eq!(
            read(" -----BEGIN CERTIFICATE-----\nMAA=\n-----END X509 CRL-----"),
            ReadError::Unterminated { offset: 1 }
        );
        assert_eq!(
            read("-----BEGIN CERTIFICATE-----\nM!A=\n-----END CERTIFICATE-----"),
            ReadError::Base64 { offset: 0 }
        );
        assert_eq!(
            read("-----BEGIN EC PRIVATE KEY-----\n-----END EC PRIVATE KEY-----"),
            ReadError::NoDocument
        );
        assert!(matches!(read(""), ReadError::Der(_)));
        assert!(matches!(
            read_documents(&[0xff; 99]),
            Err(ReadError::Der(_))
        ));
    }
}
