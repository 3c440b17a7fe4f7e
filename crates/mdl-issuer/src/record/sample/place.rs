//! Where the samples' authorities are: countries and states of the United States, in a few lines each.

/// A place with its code, its name and an address in it.
pub(super) struct Place {
    /// ISO 3166-1 alpha-2, or ISO 3166-2 for a state.
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    /// Sign on vehicles (18013-1, Annex F).
    pub(super) sign: &'static str,
    pub(super) city: &'static str,
    pub(super) postal_code: &'static str,
    /// Three digits, in the United States.
    pub(super) county: &'static str,
}

const fn place(
    code: &'static str,
    name: &'static str,
    sign: &'static str,
    city: &'static str,
    postal_code: &'static str,
    county: &'static str,
) -> Place {
    Place {
        code,
        name,
        sign,
        city,
        postal_code,
        county,
    }
}

/// Countries that samples know something about; any other gets along without.
pub(super) const COUNTRIES: &[Place] = &[
    place("AT", "Österreich", "A", "Linz", "4020", ""),
    place("AU", "Australia", "AUS", "Hobart TAS", "7000", ""),
    place("CA", "Canada", "CDN", "Québec", "G1R 4S9", ""),
    place("DE", "Deutschland", "D", "Nürnberg", "90403", ""),
    place("ES", "España", "E", "A Coruña", "15001", ""),
    place("FI", "Suomi", "FIN", "Jyväskylä", "40100", ""),
    place("FR", "France", "F", "Besançon", "25000", ""),
    place("GB", "United Kingdom", "UK", "Swansea", "SA1 1AA", ""),
    place("IT", "Italia", "I", "Forlì", "47121", ""),
    place("JP", "Japan", "J", "Sapporo", "060-0001", ""),
    place("NL", "Nederland", "NL", "Veendam", "9641 AA", ""),
    place("NZ", "New Zealand", "NZ", "Dunedin", "9016", ""),
    place("PL", "Polska", "PL", "Radom", "26-600", ""),
    place("SE", "Sverige", "S", "Örebro", "702 10", ""),
];

/// States of the United States that samples come from when the document signer's subject names none.
pub(super) const STATES: &[Place] = &[
    place("US-AZ", "Arizona", "USA", "Flagstaff", "86001", "005"),
    place("US-CA", "California", "USA", "Sacramento", "95814", "067"),
    place("US-CO", "Colorado", "USA", "Pueblo", "81003", "101"),
    place("US-GA", "Georgia", "USA", "Macon", "31201", "021"),
    place("US-HI", "Hawaii", "USA", "Hilo", "96720", "001"),
    place("US-IA", "Iowa", "USA", "Des Moines", "50309", "153"),
    place("US-LA", "Louisiana", "USA", "Baton Rouge", "70802", "033"),
    place("US-MD", "Maryland", "USA", "Annapolis", "21401", "003"),
    place("US-NM", "New Mexico", "USA", "Doña Ana", "88032", "013"),
    place("US-NY", "New York", "USA", "Albany", "12207", "001"),
    place("US-PR", "Puerto Rico", "USA", "Mayagüez", "00680", "097"),
    place("US-UT", "Utah", "USA", "Provo", "84601", "049"),
];

/// The place with this code.
pub(super) fn known(places: &'static [Place], code: &str) -> Option<&'static Place> {
    places.iter().find(|place| place.code == code)
}
