use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::der::asn1::{Any, ObjectIdentifier, PrintableStringRef, SetOfVec, Utf8StringRef};
use x509_cert::der::{self, Encode, Tag};

use super::{Field, ProfileError, encoding};

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const SERIAL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.5");
const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
const LOCALITY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.7");
const STATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.8");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");

/// The subject of a certificate, in the attributes that Annex B permits.
///
/// Encoded in the order C, ST, L, O, CN, serialNumber, one attribute per RDN; country and serial number as
/// PrintableString, everything else as UTF8String. Texts are checked when the certificate is built.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DistinguishedName {
    pub(crate) country: Option<String>,
    pub(crate) state: Option<State>,
    pub(crate) locality: Option<String>,
    pub(crate) organization: Option<String>,
    pub(crate) common_name: String,
    pub(crate) serial_number: Option<String>,
}

/// A state or province with the string type it is to be written in: an end-entity certificate repeats the one
/// of its IACA, so that a reader comparing the encoded values also finds them equal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct State {
    pub(crate) text: String,
    pub(crate) printable: bool,
}

impl DistinguishedName {
    /// A name with a commonName only.
    pub fn new(common_name: impl Into<String>) -> Self {
        Self {
            country: None,
            state: None,
            locality: None,
            organization: None,
            common_name: common_name.into(),
            serial_number: None,
        }
    }

    /// countryName: the ISO 3166-1 alpha-2 code in upper case, equal to `issuing_country` of the licences.
    #[must_use]
    pub fn country(mut self, code: impl Into<String>) -> Self {
        self.country = Some(code.into());
        self
    }

    /// stateOrProvinceName, in the ISO 3166-2 form of `issuing_jurisdiction` (`US-CA`, not `CA`).
    #[must_use]
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(State {
            text: state.into(),
            printable: false,
        });
        self
    }

    /// localityName. Not permitted in an IACA.
    #[must_use]
    pub fn locality(mut self, locality: impl Into<String>) -> Self {
        self.locality = Some(locality.into());
        self
    }

    /// organizationName.
    #[must_use]
    pub fn organization(mut self, organization: impl Into<String>) -> Self {
        self.organization = Some(organization.into());
        self
    }

    /// The serialNumber attribute, in the characters of PrintableString.
    #[must_use]
    pub fn serial_number(mut self, serial_number: impl Into<String>) -> Self {
        self.serial_number = Some(serial_number.into());
        self
    }

    /// Checks the texts and encodes the name.
    pub(crate) fn to_der(&self) -> Result<Vec<u8>, ProfileError> {
        let mut rdns: Vec<Vec<u8>> = Vec::with_capacity(6);
        if let Some(country) = &self.country {
            if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
                return Err(ProfileError::Country(country.clone()));
            }
            rdns.push(rdn(COUNTRY, printable(Field::Country, country)?)?);
        }
        if let Some(state) = &self.state {
            check_text(Field::State, &state.text, 128)?;
            let value = if state.printable {
                printable(Field::State, &state.text)?
            } else {
                utf8(&state.text)?
            };
            rdns.push(rdn(STATE, value)?);
        }
        if let Some(locality) = &self.locality {
            check_text(Field::Locality, locality, 128)?;
            rdns.push(rdn(LOCALITY, utf8(locality)?)?);
        }
        if let Some(organization) = &self.organization {
            check_text(Field::Organization, organization, 64)?;
            rdns.push(rdn(ORGANIZATION, utf8(organization)?)?);
        }
        check_text(Field::CommonName, &self.common_name, 64)?;
        rdns.push(rdn(COMMON_NAME, utf8(&self.common_name)?)?);
        if let Some(serial_number) = &self.serial_number {
            check_text(Field::NameSerialNumber, serial_number, 64)?;
            rdns.push(rdn(
                SERIAL_NUMBER,
                printable(Field::NameSerialNumber, serial_number)?,
            )?);
        }
        let parts: Vec<&[u8]> = rdns.iter().map(Vec::as_slice).collect();
        Ok(encoding::sequence(&parts)?)
    }
}

fn check_text(field: Field, text: &str, limit: usize) -> Result<(), ProfileError> {
    if text.trim().is_empty() {
        return Err(ProfileError::Empty(field));
    }
    let length = text.chars().count();
    if length > limit {
        return Err(ProfileError::TooLong {
            field,
            length,
            limit,
        });
    }
    if text.chars().any(char::is_control) {
        return Err(ProfileError::Character(field));
    }
    Ok(())
}

fn printable(field: Field, text: &str) -> Result<Any, ProfileError> {
    let text = PrintableStringRef::new(text).map_err(|_| ProfileError::Character(field))?;
    Ok(Any::new(Tag::PrintableString, text.as_bytes())?)
}

fn utf8(text: &str) -> Result<Any, der::Error> {
    Any::new(Tag::Utf8String, Utf8StringRef::new(text)?.as_bytes())
}

fn rdn(oid: ObjectIdentifier, value: Any) -> Result<Vec<u8>, der::Error> {
    let mut set = SetOfVec::new();
    set.insert(AttributeTypeAndValue { oid, value })?;
    set.to_der()
}
