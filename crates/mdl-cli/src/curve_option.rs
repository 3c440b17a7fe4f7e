//! Names of curves and hash algorithms on the command line, as the COSE registry spells them.

use mdl_crypto::{Curve, HashAlgorithm};

/// A curve by its name, upper or lower case.
pub(crate) fn parse_curve(text: &str) -> Result<Curve, String> {
    Curve::ALL
        .into_iter()
        .find(|curve| curve.name().eq_ignore_ascii_case(text))
        .ok_or_else(|| {
            let names: Vec<_> = Curve::ALL.iter().map(|curve| curve.name()).collect();
            format!("expected one of {}", names.join(", "))
        })
}

/// A digest algorithm of 9.1.2.5 by its name, upper or lower case.
pub(crate) fn parse_digest_algorithm(text: &str) -> Result<HashAlgorithm, String> {
    HashAlgorithm::from_name(&text.to_ascii_uppercase())
        .map_err(|_| "expected SHA-256, SHA-384 or SHA-512".to_owned())
}
