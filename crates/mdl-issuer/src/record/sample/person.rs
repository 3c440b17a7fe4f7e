//! One sample person: traits by number, so that every kind occurs, and the rest at random.

use mdl_mdoc::MDL_NAME_SPACE;
use mdl_mdoc::data_elements::aamva_name_space;
use mdl_mdoc::data_elements::age_over::age_in_years;
use rand_chacha::ChaCha20Rng;
use serde_json::{Value, json};
use time::util::days_in_year;
use time::{Date, Duration, Month};

use super::names::{Culture, Name, culture, national};
use super::place::{COUNTRIES, Place, STATES, known};
use super::{Elements, number, pick, portrait};

/// Every category of 18013-1, Annex B.
const CATEGORIES: [&str; 15] = [
    "AM", "A1", "A2", "A", "B1", "B", "BE", "C1", "C1E", "C", "CE", "D1", "D1E", "D", "DE",
];

/// The most characters of a name (7.2.1).
const LONGEST_NAME: usize = 150;

/// Ages that licences make statements on.
const STATED_AGES: [u8; 11] = [16, 17, 18, 19, 20, 21, 25, 40, 60, 65, 80];

/// A person with the elements of their licence, images aside.
pub(super) struct Person {
    pub(super) name_spaces: Elements,
    /// A word of the element of this name, whether the licence has that element or not.
    pub(super) hair_colour: &'static str,
    pub(super) is_bearded: bool,
    /// The content of `signature_usual_mark`.
    pub(super) usual_mark: Option<Vec<u8>>,
}

/// How many of the optional elements a licence has.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Completeness {
    Mandatory,
    Some,
    All,
}

impl Completeness {
    fn has(self, rng: &mut ChaCha20Rng) -> bool {
        let chance = number(rng, 2) == 0;
        match self {
            Self::Mandatory => false,
            Self::Some => chance,
            Self::All => true,
        }
    }
}

/// The days that matter.
struct Days {
    today: Date,
    birth: Date,
    issue: Date,
    expiry: Date,
}

impl Person {
    /// The person of this number as of `today`.
    pub(super) fn new(
        number_of_person: u32,
        country: &str,
        state: Option<&str>,
        today: Date,
        rng: &mut ChaCha20Rng,
    ) -> Self {
        let completeness = match number_of_person % 5 {
            0 => Completeness::Mandatory,
            1 => Completeness::All,
            _ => Completeness::Some,
        };
        let sex = match number_of_person {
            n if n % 11 == 0 => 9,
            n if n % 23 == 0 => 0,
            n => 1 + n % 2,
        };
        let culture = culture(rng);
        let (family, given) = full_name(number_of_person, sex, culture, rng);
        let days = days(number_of_person, today, rng);
        // Before anything that depends on the authority: the same person looks the same everywhere.
        let hair_colour = *pick(
            rng,
            &[
                "bald", "black", "blond", "brown", "grey", "red", "auburn", "sandy", "white",
                "unknown",
            ],
        );
        let is_bearded = sex == 1 && number(rng, 3) == 0;
        let weight = 45 + number(rng, 70);
        let place = state
            .map(|state| known(STATES, state))
            .unwrap_or_else(|| known(COUNTRIES, country));
        let place =
            place.or_else(|| (country == "US" && state.is_none()).then(|| pick(rng, STATES)));

        let mut licence = Licence {
            elements: Elements::new(),
            completeness,
            rng,
        };
        licence.add("family_name", json!(cut(&family.0)));
        licence.add("given_name", json!(cut(&given.0)));
        licence.add("birth_date", json!(days.birth.to_string()));
        licence.dates(number_of_person, &days);
        licence.authority(country, state, place);
        licence.privileges(number_of_person, country, &days);
        licence.body(sex, hair_colour, weight);
        licence.ages(&days);
        licence.whereabouts(country, culture, place);
        // Worth showing wherever the two forms differ.
        let show_both = |name: &(String, String)| match completeness {
            Completeness::Mandatory => false,
            Completeness::Some => name.0 != name.1,
            Completeness::All => true,
        };
        if show_both(&family) {
            licence.add("family_name_national_character", json!(family.1));
        }
        if show_both(&given) {
            licence.add("given_name_national_character", json!(given.1));
        }
        let usual_mark = licence.may().then(|| portrait::signature(licence.rng));
        let mut name_spaces = Elements::new();
        let iso = std::mem::take(&mut licence.elements);
        if country == "US" {
            let county = place.map_or("", |place| place.county);
            licence.aamva(
                number_of_person,
                &family.0,
                &given.0,
                sex,
                weight,
                county,
                &days,
            );
            let aamva = std::mem::take(&mut licence.elements);
            name_spaces.insert(aamva_name_space::NAME_SPACE.to_owned(), aamva.into());
        }
        name_spaces.shift_insert(0, MDL_NAME_SPACE.to_owned(), iso.into());
        Self {
            name_spaces,
            hair_colour,
            is_bearded,
            usual_mark,
        }
    }
}

/// Elements of one name space while they are collected.
struct Licence<'r> {
    elements: Elements,
    completeness: Completeness,
    rng: &'r mut ChaCha20Rng,
}

impl Licence<'_> {
    fn add(&mut self, element: &str, value: Value) {
        self.elements.insert(element.to_owned(), value);
    }

    /// Whether this licence has the optional element that comes next.
    fn may(&mut self) -> bool {
        self.completeness.has(self.rng)
    }

    fn add_optional(&mut self, element: &str, value: Value) {
        if self.may() {
            self.add(element, value);
        }
    }

    /// Both forms of dates occur, where the standard takes both.
    fn dates(&mut self, number_of_person: u32, days: &Days) {
        let form = |date: Date| match number_of_person % 3 {
            0 => json!(format!("{date}T00:00:00Z")),
            _ => json!(date.to_string()),
        };
        self.add("issue_date", form(days.issue));
        self.add("expiry_date", form(days.expiry));
        let captured = days.issue - Duration::days(14);
        self.add_optional(
            "portrait_capture_date",
            json!(format!("{captured}T09:30:00Z")),
        );
    }

    fn authority(&mut self, country: &str, state: Option<&str>, place: Option<&Place>) {
        self.add("issuing_country", json!(country));
        let of = place.map_or_else(|| state.unwrap_or(country), |place| place.name);
        self.add(
            "issuing_authority",
            json!(format!("Example Licensing Authority, {of}")),
        );
        let letters = number(self.rng, 26) as u8;
        let digits = number(self.rng, 100_000_000);
        let document_number = format!("{}{digits:08}", char::from(b'A' + letters));
        self.add("document_number", json!(document_number));
        self.add(
            "un_distinguishing_sign",
            json!(place.map_or("", |place| place.sign)),
        );
        let administrative = format!("ADM/{:06}", number(self.rng, 1_000_000));
        self.add_optional("administrative_number", json!(administrative));
        let jurisdiction = state
            .or(place.map(|place| place.code))
            .filter(|code| code.contains('-'));
        if let Some(jurisdiction) = jurisdiction {
            self.add("issuing_jurisdiction", json!(jurisdiction));
        }
    }

    /// None for what is an identity card only; all categories; or a few of them, with national ones among them.
    fn privileges(&mut self, number_of_person: u32, country: &str, days: &Days) {
        let categories: Vec<&str> = match number_of_person % 7 {
            0 => Vec::new(),
            1 => CATEGORIES.to_vec(),
            _ => {
                let extra = *pick(self.rng, &["AM", "A1", "A2", "A", "BE", "C", "D1"]);
                let national = match country {
                    "DE" => "L",
                    "NL" => "T",
                    "US" => "M",
                    _ => "F",
                };
                let mut some = vec!["B"];
                if number(self.rng, 2) == 0 {
                    some.insert(0, extra);
                }
                if number(self.rng, 6) == 0 {
                    some.push(national);
                }
                some
            }
        };
        let privileges: Vec<Value> = categories
            .iter()
            .map(|category| self.privilege(category, days))
            .collect();
        self.add("driving_privileges", json!(privileges));
    }

    fn privilege(&mut self, category: &str, days: &Days) -> Value {
        let mut privilege = Elements::new();
        privilege.insert("vehicle_category_code".to_owned(), json!(category));
        if number(self.rng, 4) > 0 {
            let since = days.issue - Duration::days(i64::from(number(self.rng, 28)));
            privilege.insert("issue_date".to_owned(), json!(since.to_string()));
            privilege.insert("expiry_date".to_owned(), json!(days.expiry.to_string()));
        }
        let codes = match number(self.rng, 6) {
            0 => json!([{ "code": "01" }]),
            1 => json!([{ "code": "78" }, { "code": "S01", "sign": "<=", "value": "2500" }]),
            2 => json!([{ "code": "S05", "sign": "=", "value": "50" }]),
            _ => return privilege.into(),
        };
        privilege.insert("codes".to_owned(), codes);
        privilege.into()
    }

    fn body(&mut self, sex: u32, hair_colour: &str, weight: i32) {
        self.add_optional("sex", json!(sex));
        let height = 148 + number(self.rng, 56);
        self.add_optional("height", json!(height));
        self.add_optional("weight", json!(weight));
        let eyes = *pick(
            self.rng,
            &[
                "black",
                "blue",
                "brown",
                "dichromatic",
                "grey",
                "green",
                "hazel",
                "maroon",
                "pink",
                "unknown",
            ],
        );
        self.add_optional("eye_colour", json!(eyes));
        self.add_optional("hair_colour", json!(hair_colour));
    }

    /// Statements that hold a month ago and in a month; the years around the present age among them.
    fn ages(&mut self, days: &Days) {
        let month = Duration::days(31);
        let age_at = |day| age_in_years(days.birth, day).unwrap_or_default();
        let (least, most) = (age_at(days.today - month), age_at(days.today + month));
        if least == most {
            self.add_optional("age_in_years", json!(least));
        }
        self.add_optional("age_birth_year", json!(days.birth.year()));
        for years in STATED_AGES.map(u32::from) {
            if (least >= years) == (most >= years) && self.may() {
                self.add(&format!("age_over_{years:02}"), json!(least >= years));
            }
        }
    }

    fn whereabouts(&mut self, country: &str, culture: &Culture, place: Option<&Place>) {
        let birth_place = *pick(self.rng, culture.birth_places);
        self.add_optional("birth_place", json!(birth_place));
        let nationality = if number(self.rng, 3) == 0 {
            culture.country
        } else {
            country
        };
        self.add_optional("nationality", json!(nationality));
        let Some(place) = place else {
            return;
        };
        let street = format!("{} Example Street", 1 + number(self.rng, 999));
        let (city, postal_code) = (place.city, place.postal_code);
        self.add_optional(
            "resident_address",
            json!(format!("{street}, {city} {postal_code}")),
        );
        self.add_optional("resident_city", json!(city));
        if place.code.contains('-') {
            self.add_optional("resident_state", json!(place.name));
        }
        self.add_optional("resident_postal_code", json!(postal_code));
        self.add_optional("resident_country", json!(country));
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "each is another trait of the same person"
    )]
    fn aamva(
        &mut self,
        number_of_person: u32,
        family: &str,
        given: &str,
        sex: u32,
        weight: i32,
        county: &str,
        days: &Days,
    ) {
        let privileges = match number_of_person % 7 {
            0 => Vec::new(),
            1 => vec![
                class("A", "Combination vehicles", days),
                class("M", "Motorcycles", days),
            ],
            2 => vec![class("B", "Heavy straight vehicles", days)],
            _ => vec![class("C", "Standard passenger vehicles", days)],
        };
        let is_commercial = matches!(number_of_person % 7, 1 | 2);
        self.add("domestic_driving_privileges", json!(privileges));
        let truncation = |name: &str| {
            if name.chars().count() > LONGEST_NAME {
                "T"
            } else {
                "N"
            }
        };
        self.add("family_name_truncation", json!(truncation(family)));
        self.add("given_name_truncation", json!(truncation(given)));
        self.add("sex", json!(if sex == 0 { 9 } else { sex }));
        let complies = number(self.rng, 5) > 0;
        self.add("DHS_compliance", json!(if complies { "F" } else { "N" }));
        if !complies {
            self.add("DHS_compliance_text", json!("FEDERAL LIMITS APPLY"));
        }
        if is_commercial {
            self.add("CDL_indicator", json!(1));
            let until = (days.expiry - Duration::days(365)).to_string();
            self.add_optional("hazmat_endorsement_expiration_date", json!(until));
        }
        for (element, one_in) in [
            ("organ_donor", 2),
            ("veteran", 8),
            ("DHS_temporary_lawful_status", 12),
        ] {
            if number(self.rng, one_in) == 0 {
                self.add_optional(element, json!(1));
            }
        }
        if number_of_person.is_multiple_of(9) {
            let suffix = *pick(self.rng, &["JR", "SR", "2ND", "III", "IX"]);
            self.add("name_suffix", json!(suffix));
        }
        if number_of_person.is_multiple_of(13) {
            self.add("aka_family_name.v2", json!("Roe"));
            self.add("aka_given_name.v2", json!("Alex"));
        }
        if number_of_person.is_multiple_of(17) {
            self.add("EDL_credential", json!(1 + number_of_person % 2));
        }
        self.add_optional("weight_range", json!(weight_range(weight)));
        let race = *pick(self.rng, &["AI", "AP", "BK", "H", "O", "U", "W"]);
        self.add_optional("race_ethnicity", json!(race));
        if !county.is_empty() {
            self.add_optional("resident_county", json!(county));
        }
        self.add_optional("aamva_version", json!(2));
    }
}

/// An item of `domestic_driving_privileges`.
fn class(code: &str, description: &str, days: &Days) -> Value {
    json!({
        "domestic_vehicle_class": {
            "domestic_vehicle_class_code": code,
            "domestic_vehicle_class_description": description,
            "issue_date": days.issue.to_string(),
            "expiry_date": days.expiry.to_string(),
        },
        "domestic_vehicle_restrictions": [{
            "domestic_vehicle_restriction_code": "B",
            "domestic_vehicle_restriction_description": "Corrective lenses",
        }],
    })
}

/// AAMVA's ranges of kilograms.
fn weight_range(kilograms: i32) -> usize {
    [31, 45, 59, 70, 86, 100, 113, 127, 145]
        .iter()
        .take_while(|&&most| kilograms > most)
        .count()
}

/// Family and given name, each in ISO/IEC 8859-1 and as its bearer writes it. Some are longer than the element.
fn full_name(
    number_of_person: u32,
    sex: u32,
    culture: &Culture,
    rng: &mut ChaCha20Rng,
) -> ((String, String), (String, String)) {
    let given_names = match sex {
        1 => culture.male,
        2 => culture.female,
        _ => *pick(rng, &[culture.male, culture.female]),
    };
    let (long_family, long_given) = match number_of_person % 50 {
        4 => (true, false),
        29 => (false, true),
        _ => (false, false),
    };
    let given_count = 1 + usize::from(number(rng, 3) == 0);
    (
        joined(culture.family, 1, long_family, rng),
        joined(given_names, given_count, long_given, rng),
    )
}

/// As many names as are asked for, or as make a long one.
fn joined(names: &[Name], count: usize, is_long: bool, rng: &mut ChaCha20Rng) -> (String, String) {
    let mut whole = (String::new(), String::new());
    let mut last = None;
    let mut joined = 0;
    while joined < count || is_long && whole.0.chars().count() <= LONGEST_NAME {
        let name = *pick(rng, names);
        if last == Some(name) && !is_long {
            break;
        }
        if joined > 0 {
            whole.0.push(' ');
            whole.1.push(' ');
        }
        whole.0.push_str(name.0);
        whole.1.push_str(national(name));
        last = Some(name);
        joined += 1;
    }
    whole
}

/// As much of a name as fits its element, in characters.
fn cut(name: &str) -> String {
    let cut: String = name.chars().take(LONGEST_NAME).collect();
    cut.trim_end().to_owned()
}

/// Days by the calendar year of `today`, so that they stay until the next.
fn days(number_of_person: u32, today: Date, rng: &mut ChaCha20Rng) -> Days {
    let year = today.year();
    let age = match number_of_person % 10 {
        0 => 17,
        1 => 18 + number(rng, 3),
        2 => 21 + number(rng, 4),
        7 => 65 + number(rng, 15),
        8 => 80 + number(rng, 22),
        _ => 25 + number(rng, 40),
    };
    // On the first of January the person is as old as this.
    let latest = first_of(year - age);
    let birth = if number_of_person % 10 == 9 {
        leap_day_before(latest)
    } else {
        latest - Duration::days(i64::from(number(rng, 365)))
    };
    let sixteen = first_of(birth.year() + 17);
    let earliest = sixteen.max(first_of(year - 7));
    // The last month stays free, so that a document that becomes valid a little earlier is not older than the licence.
    let latest = first_of(year) - Duration::days(45);
    let span = (latest - earliest).whole_days().max(1);
    let issue = latest - Duration::days(i64::from(number(rng, span as u32)));
    let expiry = first_of(year + 2 + number(rng, 8)) + Duration::days(i64::from(number(rng, 365)));
    Days {
        today,
        birth,
        issue,
        expiry,
    }
}

fn first_of(year: i32) -> Date {
    Date::from_ordinal_date(year, 1).unwrap_or(Date::MIN)
}

/// The last 29 February up to `day`.
fn leap_day_before(day: Date) -> Date {
    let is_leap = |year: &i32| days_in_year(*year) == 366;
    let year = (day.year() - 8..day.year()).rev().find(is_leap);
    year.and_then(|year| Date::from_calendar_date(year, Month::February, 29).ok())
        .unwrap_or(day)
}
