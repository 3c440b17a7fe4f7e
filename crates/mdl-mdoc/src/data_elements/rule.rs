//! The rules of the element gate: stable ids, what each one states, and where the standard says so.
//!
//! The rules are the same for an issuing authority and for a reader; what differs is how much a breach
//! weighs ([`Rule::severity`]). An issuing authority must not sign an element that no name space knows; a
//! reader that meets one has merely met a younger edition.

use std::fmt;

/// Who asks: the same rules serve both sides, with different weight.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Use {
    /// Before signing: an error means that the document must not be signed.
    Issuing,
    /// On the disclosed elements of another issuing authority's document.
    Reading,
}

/// How much a breach of a rule weighs.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Allowed, and worth knowing.
    Info,
    /// Against advice, or against a table that other editions may widen.
    Warning,
    /// Against the standard.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// Declares the rules in one table: variant, id, severity when issuing and when reading, clause, statement.
macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident, $id:literal, $issuing:ident, $reading:ident, $clause:literal, $statement:literal;)+) => {
        /// One rule. Clauses are those of the first edition of ISO/IEC 18013-5; 7.2.x is 13.4.x in the second.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum Rule {
            $(#[doc = $statement] $variant,)+
        }

        impl Rule {
            /// Every rule, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The stable id, in kebab-case: what logs, reports and test vectors name.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)+ }
            }

            /// What the rule states, in one sentence.
            pub const fn statement(self) -> &'static str {
                match self { $(Self::$variant => $statement,)+ }
            }

            /// Where it is stated; "extra" marks a rule that is prudent and not normative.
            pub const fn clause(self) -> &'static str {
                match self { $(Self::$variant => $clause,)+ }
            }

            /// How much a breach weighs on the side of `used_for`.
            pub const fn severity(self, used_for: Use) -> Severity {
                match (self, used_for) {
                    $((Self::$variant, Use::Issuing) => Severity::$issuing,
                      (Self::$variant, Use::Reading) => Severity::$reading,)+
                }
            }
        }
    };
}

rules! {
    // The set of elements.
    DocTypeMismatch, "doc-type-mismatch", Error, Error, "9.1.2.4",
        "The document type is the one whose schema the gate holds.";
    NameSpaceWithoutSchema, "name-space-without-schema", Error, Info, "7.2.8",
        "A schema says what the elements of the name space must be.";
    UnknownElement, "unknown-element", Error, Warning, "7.2.1",
        "A closed name space holds the elements of its table and no others.";
    UnlistedElement, "unlisted-element", Warning, Info, "AAMVA",
        "An element of an open name space is in the table known here.";
    DuplicateElement, "duplicate-element", Error, Error, "8.3.2.1.2.2",
        "An element identifier occurs once in a name space.";
    MandatoryElementMissing, "mandatory-element-missing", Error, Info, "7.2.1",
        "Every mandatory element is there.";
    RecommendedElementMissing, "recommended-element-missing", Warning, Info, "AAMVA",
        "An element that nearly every issuing authority of the name space needs is there.";

    // Types and tags.
    WrongType, "wrong-type", Error, Error, "7.2.1",
        "The value has the CBOR type of the table.";
    WrongTag, "wrong-tag", Error, Error, "7.2.1",
        "A full-date carries tag 1004, a tdate tag 0, and nothing else carries a tag.";

    // Text.
    TextTooLong, "text-too-long", Error, Error, "7.2.1",
        "Text is at most as long as the table says, in characters and not in bytes.";
    TextOutsideLatin1, "text-outside-latin1", Error, Error, "7.2.1",
        "Every character is in ISO/IEC 8859-1.";
    TextControlCharacter, "text-control-character", Error, Warning, "7.2.1, extra",
        "No character is a control character (C0, DEL or C1).";
    TextEmpty, "text-empty", Warning, Info, "extra",
        "Text holds at least one character: an element without a value is left out.";
    TextDigits, "text-digits", Error, Error, "AAMVA",
        "Text consists of exactly as many digits as the table says.";

    // Vocabularies and numbers.
    ValueNotListed, "value-not-listed", Error, Warning, "7.2.1",
        "A coded value is one of those in the table.";
    ValueOutOfRange, "value-out-of-range", Error, Warning, "7.2.1",
        "A number is within the limits of the table.";
    FlagNotOne, "flag-not-one", Error, Warning, "AAMVA",
        "A flag is 1 or absent, never 0.";

    // Countries.
    CountryCodeShape, "country-code-shape", Error, Warning, "7.2.1",
        "A country is two upper-case letters.";
    CountryCodeUnassigned, "country-code-unassigned", Error, Warning, "7.2.1",
        "A country is an ISO 3166-1 alpha-2 code, assigned or user-assigned.";
    SubdivisionShape, "subdivision-shape", Error, Warning, "7.2.1",
        "A jurisdiction is an ISO 3166-2 code: country, hyphen, one to three upper-case letters or digits.";
    DistinguishingSignShape, "distinguishing-sign-shape", Warning, Info, "7.2.1",
        "A distinguishing sign is empty or one to three upper-case letters (18013-1 Annex F).";

    // Dates.
    FullDateForm, "full-date-form", Error, Error, "7.2.1",
        "A full-date reads YYYY-MM-DD.";
    TdateForm, "tdate-form", Error, Error, "7.2.1",
        "A tdate reads YYYY-MM-DDTHH:MM:SSZ: UTC, without fraction of a second.";
    DateNotInCalendar, "date-not-in-calendar", Error, Error, "7.2.1",
        "The day exists in the calendar and the time on the clock.";

    // Images.
    ImageFormat, "image-format", Error, Error, "7.2.1",
        "An image is JPEG or JPEG 2000.";
    JpegStructure, "jpeg-structure", Error, Error, "7.2.1",
        "A JPEG runs from its start to its end marker, with a frame that has a width and a height.";
    Jpeg2000Structure, "jpeg2000-structure", Error, Error, "7.2.1",
        "A JPEG 2000 image has a codestream with a size, in a JP2 file or bare.";

    // Patterned identifiers.
    AgeOverName, "age-over-name", Error, Warning, "7.2.5",
        "age_over_NN names the age in two digits.";
    BiometricTemplateName, "biometric-template-name", Error, Warning, "7.2.6",
        "biometric_template_xx names the kind in lower-case letters, digits and underscores.";
    BiometricTemplateTag, "biometric-template-tag", Error, Error, "7.2.6",
        "A biometric template starts with tag 7F61.";
    BiometricTemplateLength, "biometric-template-length", Error, Error, "7.2.6",
        "The length after tag 7F61 covers the rest of the template, no more and no less.";

    // Structured values.
    MemberMissing, "member-missing", Error, Error, "7.2.4",
        "A structured value holds its mandatory members.";
    MemberUnexpected, "member-unexpected", Error, Info, "7.2.4",
        "A structured value holds no other members than those of its definition.";
    MemberRepeated, "member-repeated", Error, Error, "8.1",
        "A structured value holds a member once.";
    ListTooShort, "list-too-short", Error, Error, "7.2.4",
        "A list that must hold something is left out rather than empty.";
    VehicleCategoryUnknown, "vehicle-category-unknown", Info, Info, "7.2.4",
        "A vehicle category is one of 18013-1 Annex B; national categories are allowed.";

    // Elements against one another, the MSO and the document signer.
    BirthDateAfterValidFrom, "birth-date-after-valid-from", Error, Info, "7.2.1, extra",
        "The holder is born when the MSO becomes valid.";
    AgeOverBirthDate, "age-over-birth-date", Error, Info, "7.2.5",
        "age_over_NN is what birth_date gives on the day of the MSO's validFrom.";
    AgeInYearsBirthDate, "age-in-years-birth-date", Error, Info, "7.2.1",
        "age_in_years is what birth_date gives on the day of the MSO's validFrom.";
    AgeBirthYearBirthDate, "age-birth-year-birth-date", Error, Info, "7.2.1",
        "age_birth_year is the year of birth_date.";
    IssueAfterExpiry, "issue-after-expiry", Error, Info, "7.2.1, extra",
        "issue_date is not after expiry_date.";
    IssueDateAfterValidFrom, "issue-date-after-valid-from", Error, Info, "7.2.1",
        "issue_date is not after the MSO's validFrom.";
    ValidUntilAfterExpiry, "valid-until-after-expiry", Error, Info, "9.1.2.4, extra",
        "The MSO does not outlive the licence: validUntil is not after expiry_date.";
    IssuingCountryDocumentSigner, "issuing-country-document-signer", Error, Info, "7.2.1",
        "issuing_country equals the country of the document signer's subject.";
    JurisdictionPrefix, "jurisdiction-prefix", Error, Info, "7.2.1",
        "issuing_jurisdiction starts with issuing_country and a hyphen.";
    JurisdictionDocumentSigner, "jurisdiction-document-signer", Error, Info, "7.2.1",
        "issuing_jurisdiction equals the state of the document signer's subject, if that has one.";
    DocumentSignerUnknown, "document-signer-unknown", Warning, Info, "7.2.1",
        "The document signer is known, so that country and jurisdiction can be compared with it.";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_ids_are_distinct_and_in_kebab_case() {
        let mut ids: Vec<_> = Rule::ALL.iter().map(|rule| rule.id()).collect();
        assert!(ids.iter().all(|id| {
            id.bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        }));
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }
}
