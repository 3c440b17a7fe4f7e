//! From an error of the HTTP client to one that operators can tell apart, and answers up to a size.

use std::error::Error;
use std::io;

use reqwest::Response;

use crate::record::{RecordSourceError, SourceUnavailable, UnusableRecord};
use mdl_fetch::address::AddressRefused;

/// The body, if it is at most `limit` bytes.
pub(super) async fn body(
    mut response: Response,
    limit: usize,
) -> Result<Vec<u8>, RecordSourceError> {
    let too_large = || RecordSourceError::from(UnusableRecord::TooLarge { limit });
    if response
        .content_length()
        .is_some_and(|length| length > limit as u64)
    {
        return Err(too_large());
    }
    let mut whole = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(of_request)? {
        if chunk.len() > limit - whole.len() {
            return Err(too_large());
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole)
}

/// The innermost cause counts: the layers above it only say that a request failed, and name its address.
pub(crate) fn of_request(error: reqwest::Error) -> SourceUnavailable {
    if error.is_timeout() {
        return SourceUnavailable::TimedOut;
    }
    let mut innermost = String::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<AddressRefused>() {
            return SourceUnavailable::AddressRefused;
        }
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            let cause = tls.to_string();
            return SourceUnavailable::Tls { cause };
        }
        innermost = error.to_string();
        cause = below(error);
    }
    SourceUnavailable::Unreachable { cause: innermost }
}

/// The next cause. What an I/O error wraps is not its source.
fn below<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}
