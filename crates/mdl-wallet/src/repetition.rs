//! Which requests are sent again, and when.
//!
//! A service that is busy or away may answer later (RFC 9110, 15.6.4; RFC 6585, 4). A nonce that is too old is replaced
//! (OpenID4VCI, 8.3.1.2). Everything else stays as it is.

use std::time::Duration;

use crate::connection::RequestError;

/// How often a request that may pass later is sent again, and how long before the first time; doubled each time.
const RETRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// A server that asks for more patience is not waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// How long to wait before a request is sent again; `None` if that is of no use.
pub(crate) fn pause_before_retry(error: &RequestError, repeated: u32) -> Option<Duration> {
    if repeated >= RETRIES {
        return None;
    }
    if error
        .refusal()
        .is_some_and(|refusal| refusal.code.as_deref() == Some("invalid_nonce"))
    {
        // Too old by the time it arrived, or used up by a request whose answer was lost: a fresh one helps at once.
        return Some(Duration::ZERO);
    }
    if !error.may_pass() {
        return None;
    }
    let asked = error.refusal().and_then(|refusal| refusal.retry_after);
    let pause = asked.map_or(FIRST_PAUSE * 2_u32.pow(repeated), Duration::from_secs);
    (pause <= LONGEST_PAUSE).then_some(pause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::{Endpoint, Refusal};

    fn refused(status: u16, code: &str, retry_after: Option<u64>) -> RequestError {
        RequestError::Refused {
            endpoint: Endpoint::Credential,
            refusal: Refusal {
                status,
                code: Some(code.into()),
                description: None,
                retry_after,
                dpop_nonce: None,
            },
        }
    }

    #[test]
    fn only_what_may_pass_is_sent_again() {
        let pause = |status, code, retry_after, repeated| {
            pause_before_retry(&refused(status, code, retry_after), repeated)
        };
        assert_eq!(pause(400, "invalid_nonce", None, 0), Some(Duration::ZERO));
        assert_eq!(pause(400, "invalid_proof", None, 0), None);
        assert_eq!(pause(503, "x", None, 2), Some(FIRST_PAUSE * 4));
        assert_eq!(pause(429, "x", Some(3), 0), Some(Duration::from_secs(3)));
        assert_eq!(pause(429, "x", Some(3600), 0), None);
        assert_eq!(pause(503, "x", None, RETRIES), None);
    }
}
