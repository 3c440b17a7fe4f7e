use std::fmt;
use std::str::FromStr;

use mdl_mdoc::data_elements::{Presence, Row, aamva_name_space, age_over, iso_name_space};
use mdl_mdoc::device_request::UnsignedItemsRequest;
use mdl_mdoc::{MDL_DOC_TYPE, MDL_NAME_SPACE};

/// A purpose for which a licence is asked for, and the least that it needs. Nothing of it is to be kept.
///
/// Parsed from `age-over-18`, `identity`, `full-licence` or `aamva`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RequestTemplate {
    /// Whether the holder has reached an age: one statement, nothing of who it is. Whoever compares the person with the
    /// licence asks for `portrait` as well.
    AgeOver(AgeLimit),
    /// Who the holder is: name, date of birth and portrait.
    Identity,
    /// What the holder may drive: the elements that every licence has.
    FullLicence,
    /// As [`FullLicence`](Self::FullLicence), and what North American licences add, as far as all or most have it.
    Aamva,
}

/// An age in years: 0 to 99.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AgeLimit(u8);

impl TryFrom<u8> for AgeLimit {
    type Error = UnknownTemplate;

    fn try_from(years: u8) -> Result<Self, Self::Error> {
        (years < 100).then_some(Self(years)).ok_or(UnknownTemplate)
    }
}

impl AgeLimit {
    /// The age.
    #[must_use]
    pub const fn years(self) -> u8 {
        self.0
    }

    fn element_identifier(self) -> String {
        format!("age_over_{:02}", self.0)
    }
}

/// No template has this name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected age-over-NN with NN from 00 to 99, identity, full-licence or aamva")]
pub struct UnknownTemplate;

impl FromStr for RequestTemplate {
    type Err = UnknownTemplate;

    fn from_str(text: &str) -> Result<Self, UnknownTemplate> {
        match text {
            "identity" => Ok(Self::Identity),
            "full-licence" => Ok(Self::FullLicence),
            "aamva" => Ok(Self::Aamva),
            _ => age_over::years_of(&text.replace('-', "_"))
                .filter(|_| !text.contains('_'))
                .map(|years| Self::AgeOver(AgeLimit(years)))
                .ok_or(UnknownTemplate),
        }
    }
}

impl fmt::Display for RequestTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AgeOver(limit) => write!(f, "age-over-{:02}", limit.0),
            Self::Identity => f.write_str("identity"),
            Self::FullLicence => f.write_str("full-licence"),
            Self::Aamva => f.write_str("aamva"),
        }
    }
}

/// Of the AAMVA elements, what every version or some make mandatory.
const COMMON: [Presence; 2] = [Presence::Mandatory, Presence::Recommended];

impl RequestTemplate {
    /// What it asks for. More elements, or to keep some, can be added.
    #[must_use]
    pub fn items_request(self) -> UnsignedItemsRequest {
        let request = UnsignedItemsRequest::new(MDL_DOC_TYPE);
        match self {
            Self::AgeOver(limit) => request.element(MDL_NAME_SPACE, &limit.element_identifier()),
            Self::Identity => ["family_name", "given_name", "birth_date", "portrait"]
                .into_iter()
                .fold(request, |request, identifier| {
                    request.element(MDL_NAME_SPACE, identifier)
                }),
            Self::FullLicence => all(
                request,
                MDL_NAME_SPACE,
                iso_name_space::ROWS,
                &[Presence::Mandatory],
            ),
            Self::Aamva => all(
                Self::FullLicence.items_request(),
                aamva_name_space::NAME_SPACE,
                aamva_name_space::ROWS,
                &COMMON,
            ),
        }
    }
}

fn all(
    request: UnsignedItemsRequest,
    name_space: &str,
    rows: &[Row],
    presences: &[Presence],
) -> UnsignedItemsRequest {
    rows.iter()
        .filter(|row| presences.contains(&row.presence))
        .fold(request, |request, row| {
            request.element(name_space, &row.element_identifier)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(template: &str) -> Vec<String> {
        let template: RequestTemplate = template.parse().unwrap();
        let request = template.items_request();
        assert!(request.elements().all(|(_, _, retain)| !retain));
        let names = request.elements();
        names
            .map(|(_, identifier, _)| identifier.to_owned())
            .collect()
    }

    #[test]
    fn templates_ask_for_the_least_and_keep_nothing() {
        assert_eq!(asked("age-over-21"), ["age_over_21"]);
        let identity = ["family_name", "given_name", "birth_date", "portrait"];
        assert_eq!(asked("identity"), identity);
        let licence = asked("full-licence");
        assert_eq!(licence.len(), 11);
        assert!(licence.contains(&"driving_privileges".to_owned()));
        let aamva = asked("aamva");
        assert_eq!(aamva[..11], licence);
        let added = [
            "domestic_driving_privileges",
            "family_name_truncation",
            "given_name_truncation",
            "sex",
            "DHS_compliance",
        ];
        assert_eq!(aamva[11..], added);
    }

    #[test]
    fn templates_are_told_by_name() {
        for name in [
            "age-over-00",
            "age-over-99",
            "identity",
            "full-licence",
            "aamva",
        ] {
            assert_eq!(name.parse::<RequestTemplate>().unwrap().to_string(), name);
        }
        for other in [
            "",
            "age-over-100",
            "age-over-7",
            "age_over_18",
            "age-over_18",
            "Identity",
        ] {
            assert_eq!(
                other.parse::<RequestTemplate>(),
                Err(UnknownTemplate),
                "{other}"
            );
        }
        assert_eq!(AgeLimit::try_from(100), Err(UnknownTemplate));
        assert_eq!(AgeLimit::try_from(99).map(AgeLimit::years), Ok(99));
    }
}
