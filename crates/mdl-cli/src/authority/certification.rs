//! What a certificate authority says, as an exit code and a hint.

use mdl_iaca::authority::AuthorityError;

use crate::failure::Failure;

/// Retrying helps where the authority is only out of reach. A failure of this command behind it stays what it is.
pub(super) fn authority_failure(what: &str, error: AuthorityError) -> Failure {
    let error = match error {
        AuthorityError::Refused(source) => match source.downcast::<Failure>() {
            Ok(failure) => return *failure,
            Err(source) => AuthorityError::Refused(source),
        },
        error => error,
    };
    match &error {
        AuthorityError::Unavailable(_) => Failure::outside(what).because(&error),
        AuthorityError::Accept(_) => Failure::no(what)
            .because(&error)
            .hint("it was not taken into use; what the service issued is still there"),
        _ => hint_of_cause(Failure::no(what).because(&error), &error),
    }
}

/// What only one kind of authority can fail with.
#[cfg(feature = "aws")]
fn hint_of_cause(failure: Failure, error: &AuthorityError) -> Failure {
    use std::error::Error;
    match error.source().and_then(<dyn Error>::downcast_ref) {
        Some(cause) => super::private_ca::with_hint(failure, cause),
        None => failure,
    }
}

#[cfg(not(feature = "aws"))]
fn hint_of_cause(failure: Failure, _: &AuthorityError) -> Failure {
    failure
}
