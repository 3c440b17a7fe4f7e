use crate::cbor::{Checker, DecodeError, DecodeErrorKind, MajorType, Reader, Writer};

/// Labels of the header parameters that 18013-5 uses (RFC 9052, 3.1; RFC 9360).
const ALG: i64 = 1;
const CRIT: i64 = 2;
const X5CHAIN: i64 = 33;

/// Labels in one header map at most: more has no meaning in an mdoc.
const MAX_LABELS: usize = 32;

/// A protected or unprotected COSE header map, as received.
#[derive(Clone, Debug, Default)]
pub struct Header<'a> {
    /// `alg` (1).
    pub algorithm: Option<AlgorithmId<'a>>,
    /// `crit` (2).
    pub critical: Critical,
    /// `x5chain` (33): DER certificates, the end-entity certificate first. Empty when absent.
    pub x5chain: Vec<&'a [u8]>,
    /// Whether a single certificate came as an array of one, which RFC 9360 forbids.
    pub x5chain_is_array_of_one: bool,
    /// Labels that are integers, in the order received.
    pub labels: Vec<i64>,
    /// Labels that are text, in the order received. None has a meaning here.
    pub text_labels: Vec<&'a str>,
}

/// The value of `alg`: a registered number, or a private name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AlgorithmId<'a> {
    /// A number of the COSE algorithms registry.
    Number(i64),
    /// A name.
    Name(&'a str),
}

/// What a header's `crit` (RFC 9052, 3.1) demands.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Critical {
    /// No `crit`.
    #[default]
    Absent,
    /// Only labels that this implementation processes: `alg` and `x5chain`.
    Understood,
    /// Labels that must be understood and are not, an empty list, or a label that the header does not carry.
    NotUnderstood,
}

impl<'a> Header<'a> {
    /// Reads the content of a protected header: zero bytes, or one map (RFC 9052, 3).
    pub(crate) fn decode_protected(
        content: &'a [u8],
        checker: &mut Checker<'a>,
    ) -> Result<Self, DecodeError> {
        if content.is_empty() {
            return Ok(Self::default());
        }
        checker.check_embedded(content, 4)?;
        let mut reader = Reader::new(content, checker.offset_of(content));
        Self::decode(&mut reader, checker.limits().max_certificates)
    }

    /// Reads a header map.
    pub(crate) fn decode(
        reader: &mut Reader<'a>,
        max_certificates: usize,
    ) -> Result<Self, DecodeError> {
        let mut header = Self::default();
        let mut critical_labels = None;
        let mut entries = reader.map("COSE header")?;
        while reader.has_entry(&mut entries) {
            if header.labels.len() + header.text_labels.len() == MAX_LABELS {
                return Err(reader.error(DecodeErrorKind::TooMany {
                    what: "COSE header labels",
                    limit: MAX_LABELS,
                }));
            }
            if reader.peek()? == MajorType::Text {
                header.text_labels.push(reader.text("COSE header label")?);
                reader.skip()?;
                continue;
            }
            let label = reader.integer("COSE header label")?;
            header.labels.push(label);
            match label {
                ALG if reader.peek()? == MajorType::Text => {
                    header.algorithm = Some(AlgorithmId::Name(reader.text("alg")?));
                }
                ALG => header.algorithm = Some(AlgorithmId::Number(reader.integer("alg")?)),
                CRIT => critical_labels = Some(decode_critical(reader)?),
                X5CHAIN => header.decode_x5chain(reader, max_certificates)?,
                _ => reader.skip()?,
            }
        }
        header.critical = match critical_labels {
            None => Critical::Absent,
            Some(Some(labels)) if labels.iter().all(|label| header.labels.contains(label)) => {
                Critical::Understood
            }
            Some(_) => Critical::NotUnderstood,
        };
        Ok(header)
    }

    fn decode_x5chain(
        &mut self,
        reader: &mut Reader<'a>,
        max_certificates: usize,
    ) -> Result<(), DecodeError> {
        if reader.peek()? != MajorType::Array {
            self.x5chain.push(reader.bytes("x5chain")?);
            return Ok(());
        }
        let mut entries = reader.array("x5chain")?;
        while reader.has_entry(&mut entries) {
            if self.x5chain.len() == max_certificates {
                let what = "certificates in x5chain";
                return Err(reader.error(DecodeErrorKind::TooMany {
                    what,
                    limit: max_certificates,
                }));
            }
            self.x5chain.push(reader.bytes("x5chain")?);
        }
        self.x5chain_is_array_of_one = self.x5chain.len() == 1;
        Ok(())
    }
}

/// The labels of `crit`; `None` when one of them is not processed here, or when there is none.
fn decode_critical(reader: &mut Reader<'_>) -> Result<Option<Vec<i64>>, DecodeError> {
    let mut labels = Vec::new();
    let mut understood = true;
    let mut entries = reader.array("crit")?;
    while reader.has_entry(&mut entries) {
        match reader.peek()? {
            MajorType::Unsigned | MajorType::Negative => {
                let label = reader.integer("crit")?;
                if matches!(label, ALG | X5CHAIN) && !labels.contains(&label) {
                    labels.push(label);
                } else {
                    understood = false;
                }
            }
            _ => {
                reader.skip()?;
                understood = false;
            }
        }
    }
    Ok((understood && !labels.is_empty()).then_some(labels))
}

/// Writes the header parameter `x5chain`: one certificate by itself, several in an array (RFC 9360, 2).
pub(crate) fn write_x5chain(writer: &mut Writer, x5chain: &[&[u8]]) {
    writer.integer(X5CHAIN);
    if x5chain.len() != 1 {
        writer.array(x5chain.len());
    }
    for certificate in x5chain {
        writer.bytes(certificate);
    }
}
