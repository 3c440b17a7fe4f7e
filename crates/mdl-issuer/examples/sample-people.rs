//! Writes the 200 sample people into a folder, as records and portraits that a folder source reads.
//!
//! ```text
//! cargo run -p mdl-issuer --example sample-people -- FOLDER [COUNTRY [STATE [SEED]]]
//! ```
//!
//! The licences are those of the authority whose document signers name this country and state, US and US-CA unless
//! said otherwise. The same arguments make the same people throughout a calendar year. In a folder that is there
//! already, what is missing is completed and what is older than a week renewed; a record that was changed stays.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use mdl_issuer::clock::{Clock, SystemClock};
use mdl_issuer::record::sample::SamplePeople;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments
        .next()
        .ok_or("usage: sample-people FOLDER [COUNTRY [STATE [SEED]]]")?;
    let (country, state) = match (arguments.next(), arguments.next()) {
        (None, _) => ("US".to_owned(), Some("US-CA".to_owned())),
        (Some(country), state) => (country, state),
    };
    let seed = arguments.next().map_or(Ok(1), |seed| seed.parse())?;
    let people = SamplePeople::new(&country, state.as_deref(), seed, Arc::new(SystemClock));
    people.write(Path::new(&folder), SystemClock.now().date())?;
    println!("{} people in {folder}", SamplePeople::COUNT);
    Ok(())
}
