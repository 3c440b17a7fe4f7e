//! What the value of a data element must be: the "encoding format" column of the standard's tables, as data.

use std::borrow::Cow;
use std::fmt;

/// The type of a value with its limits.
///
/// The tables of this crate are constants; a schema that a program reads from a file owns its parts.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ElementType {
    /// Text whose characters all lie in ISO/IEC 8859-1, none of them a control character. The limit is in
    /// characters: an accented letter counts once although UTF-8 takes two bytes for it.
    Latin1Text {
        /// The most characters allowed.
        max_characters: usize,
    },
    /// Text in any script without control characters.
    Utf8Text,
    /// Text that is one of a vocabulary, compared exactly.
    TextCode(Vocabulary),
    /// Text of exactly this many digits.
    Digits(usize),
    /// A country: ISO 3166-1 alpha-2.
    CountryCode,
    /// A part of a country: ISO 3166-2, such as `US-CA`.
    Subdivision,
    /// The sign of the issuing state on vehicles (18013-1 Annex F); empty where there is none.
    DistinguishingSign,
    /// An unsigned integer within limits, both allowed.
    Uint {
        /// The smallest value allowed.
        min: u64,
        /// The largest value allowed.
        max: u64,
    },
    /// An unsigned integer that is one of these.
    UintCode(Cow<'static, [u64]>),
    /// The unsigned integer 1: the element is 1 or absent.
    Flag,
    /// true or false.
    Bool,
    /// Tag 1004 around text `YYYY-MM-DD` (RFC 8943).
    FullDate,
    /// Tag 0 around text `YYYY-MM-DDTHH:MM:SSZ` (RFC 3339, UTC, no fraction of a second).
    Tdate,
    /// Either of the two.
    TdateOrFullDate,
    /// A byte string that holds a JPEG or JPEG 2000 image.
    Image,
    /// A byte string.
    Bytes,
    /// `age_over_NN`: a boolean, under an identifier that ends in two digits.
    AgeOver,
    /// `biometric_template_xx`: a byte string that starts with tag 7F61.
    BiometricTemplate,
    /// A list of equal things.
    List {
        /// What each item is.
        of: ItemType,
        /// The fewest items allowed.
        at_least: usize,
    },
    /// A map with text keys.
    Map(Cow<'static, [Member]>),
    /// `vehicle_category_code`: text, with the codes of 18013-1 Annex B known and national ones allowed.
    VehicleCategory,
    /// Anything: the caller takes the responsibility.
    Any,
}

/// The words that a coded text may be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Vocabulary {
    /// Known when the program is compiled.
    Fixed(&'static [&'static str]),
    /// Read by the program.
    Given(Vec<String>),
}

impl Vocabulary {
    /// Whether `word` is one of the vocabulary, letter by letter.
    pub fn contains(&self, word: &str) -> bool {
        match self {
            Self::Fixed(words) => words.contains(&word),
            Self::Given(words) => words.iter().any(|listed| listed == word),
        }
    }
}

impl fmt::Display for Vocabulary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(words) => f.write_str(&words.join(", ")),
            Self::Given(words) => f.write_str(&words.join(", ")),
        }
    }
}

/// What the items of a list are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ItemType {
    /// Known when the program is compiled.
    Fixed(&'static ElementType),
    /// Read by the program.
    Given(Box<ElementType>),
}

impl ItemType {
    /// The type of one item.
    pub fn get(&self) -> &ElementType {
        match self {
            Self::Fixed(element_type) => element_type,
            Self::Given(element_type) => element_type,
        }
    }
}

/// A member of a map.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    /// The key.
    pub name: Cow<'static, str>,
    /// Whether the map must hold it.
    pub required: bool,
    /// What its value is.
    pub element_type: ElementType,
}

impl Member {
    /// A member that must be there.
    pub const fn required(name: &'static str, element_type: ElementType) -> Self {
        Self {
            name: Cow::Borrowed(name),
            required: true,
            element_type,
        }
    }

    /// A member that may be left out.
    pub const fn optional(name: &'static str, element_type: ElementType) -> Self {
        Self {
            name: Cow::Borrowed(name),
            required: false,
            element_type,
        }
    }
}

impl fmt::Display for ElementType {
    /// The type in the standard's words, such as `tstr of ISO/IEC 8859-1, at most 150 characters`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latin1Text { max_characters } => {
                write!(
                    f,
                    "tstr of ISO/IEC 8859-1, at most {max_characters} characters"
                )
            }
            Self::Utf8Text => f.write_str("tstr"),
            Self::TextCode(words) => write!(f, "tstr, one of {words}"),
            Self::Digits(count) => write!(f, "tstr of exactly {count} digits"),
            Self::CountryCode => f.write_str("tstr, ISO 3166-1 alpha-2"),
            Self::Subdivision => f.write_str("tstr, ISO 3166-2"),
            Self::DistinguishingSign => f.write_str("tstr, distinguishing sign or empty"),
            Self::Uint {
                min: 0,
                max: u64::MAX,
            } => f.write_str("uint"),
            Self::Uint { min, max } => write!(f, "uint from {min} to {max}"),
            Self::UintCode(codes) => {
                f.write_str("uint, one of ")?;
                for (index, code) in codes.iter().enumerate() {
                    write!(f, "{}{code}", if index > 0 { ", " } else { "" })?;
                }
                Ok(())
            }
            Self::Flag => f.write_str("uint, 1 or absent"),
            Self::Bool | Self::AgeOver => f.write_str("bool"),
            Self::FullDate => f.write_str("full-date (tag 1004)"),
            Self::Tdate => f.write_str("tdate (tag 0)"),
            Self::TdateOrFullDate => f.write_str("tdate (tag 0) or full-date (tag 1004)"),
            Self::Image => f.write_str("bstr, JPEG or JPEG 2000"),
            Self::Bytes => f.write_str("bstr"),
            Self::BiometricTemplate => f.write_str("bstr that starts with tag 7F61"),
            Self::List { of, at_least: 0 } => write!(f, "array of {}", of.get()),
            Self::List { of, at_least } => write!(f, "array of at least {at_least} {}", of.get()),
            Self::Map(members) => {
                f.write_str("map of ")?;
                for (index, member) in members.iter().enumerate() {
                    let lead = if index > 0 { ", " } else { "" };
                    let optional = if member.required { "" } else { "?" };
                    write!(f, "{lead}{}{optional}", member.name)?;
                }
                Ok(())
            }
            Self::VehicleCategory => f.write_str("tstr, vehicle category"),
            Self::Any => f.write_str("any"),
        }
    }
}
