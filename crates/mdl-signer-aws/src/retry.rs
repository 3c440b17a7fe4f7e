//! Repeating a call: how often, how soon, and never more than the service can bear.
//!
//! A call is repeated while its time lasts and the budget of the process has tokens. Without a budget, a service in
//! trouble would get several times its usual load from clients that all repeat.

use aws_sdk_kms::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
};
use std::{
    error::Error,
    future::Future,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout};

use crate::client::AwsAccess;

/// Tokens of a process that has had no trouble.
const TOKENS: u32 = 500;
/// What a repetition costs; a success gives one token back.
const PRICE: u32 = 5;
/// The longest wait before the first repetition; doubled for each one after it.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Tokens for repetitions, shared by everything that goes through one [`AwsAccess`].
#[derive(Debug)]
pub(crate) struct RetryBudget(AtomicU32);

impl Default for RetryBudget {
    fn default() -> Self {
        Self(AtomicU32::new(TOKENS))
    }
}

impl RetryBudget {
    fn take(&self) -> bool {
        let taken = |tokens: u32| tokens.checked_sub(PRICE);
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken)
            .is_ok()
    }

    fn give_back(&self) {
        let given = |tokens: u32| (tokens < TOKENS).then_some(tokens + 1);
        // At the limit there is nothing to give back.
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, given);
    }
}

/// What became of a call to AWS that gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// No answer in the time given.
    #[error("{operation} timed out, attempts made: {attempts}")]
    TimedOut {
        /// The operation of the service.
        operation: &'static str,
        /// How often it was tried.
        attempts: u32,
    },
    /// The service was not reached, or its answer was cut off. Missing credentials also end here.
    #[error("{operation} got no answer, attempts made: {attempts}")]
    Unreachable {
        /// The operation of the service.
        operation: &'static str,
        /// How often it was tried.
        attempts: u32,
        /// What went wrong.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The service answered with an error.
    #[error(
        "{operation} failed with {code}: {message} (request {request_id}, attempts made: {attempts})"
    )]
    Service {
        /// The operation of the service.
        operation: &'static str,
        /// The error code of the service, such as `DisabledException`.
        code: String,
        /// What the service says about it.
        message: String,
        /// The id of the last attempt, as it stands in CloudTrail; `-` without one.
        request_id: String,
        /// How often it was tried.
        attempts: u32,
        /// Whether the service says that it may go better later.
        may_pass: bool,
    },
    /// The call could not even be made.
    #[error("{operation} cannot be asked for")]
    Request {
        /// The operation of the service.
        operation: &'static str,
        /// What is wrong with it.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl CallError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::TimedOut { .. } | Self::Unreachable { .. } => true,
            Self::Service { may_pass, .. } => *may_pass,
            Self::Request { .. } => false,
        }
    }

    /// The error code of the service, if it gave one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Service { code, .. } => Some(code),
            _ => None,
        }
    }
}

/// Codes after which the same request may succeed. The HTTP status is no guide: KMS has answered the same error with
/// different ones over the years.
const PASSING: &[&str] = &[
    "SlowDown",
    "ThrottlingException",
    "Throttling",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestTimeout",
    "RequestTimeoutException",
    "KeyUnavailableException",
    "DependencyTimeoutException",
    "KMSInternalException",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "ServiceUnavailable",
    "ServiceUnavailableException",
];

/// Whether a service's error may pass by itself.
pub(crate) fn may_pass(code: Option<&str>, server_failed: bool) -> bool {
    code.map_or(server_failed, |code| PASSING.contains(&code))
}

impl AwsAccess {
    /// Makes `call` until it succeeds, fails for good, runs out of time, or the budget is used up. `call`
    /// is given the number of the attempt, from 0; `subject` says in the log what the call is about.
    ///
    /// # Errors
    /// [`CallError`] of the last attempt.
    pub(crate) async fn call<T, E, F>(
        &self,
        operation: &'static str,
        subject: &str,
        mut call: impl FnMut(u32) -> F,
    ) -> Result<T, CallError>
    where
        T: RequestId,
        E: Error + ProvideErrorMetadata + RequestId + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        self.repeat(|number, longest| {
            attempt(operation, subject, number + 1, longest, call(number))
        })
        .await
    }

    /// Makes attempts until one succeeds, fails for good, runs out of time, or the budget is used up. `attempt` is
    /// given its number, from 0, and how long it may take.
    ///
    /// # Errors
    /// [`CallError`] of the last attempt.
    pub(crate) async fn repeat<T, F>(
        &self,
        mut attempt: impl FnMut(u32, Duration) -> F,
    ) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, CallError>>,
    {
        let end = Instant::now() + self.call_timeout;
        let mut attempts = 0;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let outcome = attempt(attempts, self.attempt_timeout.min(left)).await;
            attempts += 1;
            let error = match outcome {
                Ok(answer) => {
                    self.budget.give_back();
                    return Ok(answer);
                }
                Err(error) => error,
            };
            let wait = wait(attempts);
            if !error.may_pass() || Instant::now() + wait >= end || !self.budget.take() {
                return Err(error);
            }
            sleep(wait).await;
        }
    }

    /// Makes a call that must not be made twice, once.
    ///
    /// # Errors
    /// [`CallError`].
    pub(crate) async fn call_once<T, E>(
        &self,
        operation: &'static str,
        subject: &str,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, CallError>
    where
        T: RequestId,
        E: Error + ProvideErrorMetadata + RequestId + Send + Sync + 'static,
    {
        attempt(operation, subject, 1, self.call_timeout, call).await
    }
}

/// One attempt, and its line in the log.
async fn attempt<T, E>(
    operation: &'static str,
    subject: &str,
    number: u32,
    longest: Duration,
    call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
) -> Result<T, CallError>
where
    T: RequestId,
    E: Error + ProvideErrorMetadata + RequestId + Send + Sync + 'static,
{
    match timeout(longest, call).await {
        Ok(Ok(answer)) => {
            log(operation, subject, number, answer.request_id(), "done");
            Ok(answer)
        }
        Ok(Err(error)) => {
            let code = error.code().unwrap_or("no answer");
            log(operation, subject, number, error.request_id(), code);
            Err(call_error(operation, number, error))
        }
        Err(_) => {
            // The service may have done it all the same, under an id that nobody learns.
            log(operation, subject, number, None, "timed out");
            Err(CallError::TimedOut {
                operation,
                attempts: number,
            })
        }
    }
}

/// One line for each attempt: what `mdl ledger reconcile` and a person need to find the call in CloudTrail.
pub(crate) fn log(
    operation: &str,
    subject: &str,
    attempt: u32,
    request_id: Option<&str>,
    outcome: &str,
) {
    tracing::info!(
        code = "aws_call",
        operation,
        subject,
        attempt,
        request_id = request_id.unwrap_or("-"),
        outcome,
        "called AWS"
    );
}

/// A random part of a wait that doubles (full jitter), so that clients that failed together do not come back together.
fn wait(attempts: u32) -> Duration {
    let longest = FIRST_WAIT
        .saturating_mul(1 << (attempts - 1).min(10))
        .min(LONGEST_WAIT);
    // Without random numbers the whole wait is as good as any.
    longest.mul_f64(getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX)))
}

fn call_error<E>(
    operation: &'static str,
    attempts: u32,
    error: SdkError<E, HttpResponse>,
) -> CallError
where
    E: Error + ProvideErrorMetadata + RequestId + Send + Sync + 'static,
{
    match &error {
        SdkError::ConstructionFailure(_) => CallError::Request {
            operation,
            source: error.into(),
        },
        SdkError::TimeoutError(_) => CallError::TimedOut {
            operation,
            attempts,
        },
        SdkError::ServiceError(context) => {
            let server_failed = context.raw().status().as_u16() >= 500;
            let code = context.err().code();
            CallError::Service {
                operation,
                code: code.unwrap_or("an error without a code").to_owned(),
                message: context.err().message().unwrap_or("no message").to_owned(),
                request_id: error.request_id().unwrap_or("-").to_owned(),
                attempts,
                may_pass: may_pass(code, server_failed),
            }
        }
        _ => CallError::Unreachable {
            operation,
            attempts,
            source: error.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_ends_and_successes_fill_it_again() {
        let budget = RetryBudget::default();
        for _ in 0..TOKENS / PRICE {
            assert!(budget.take());
        }
        assert!(!budget.take());
        for _ in 0..PRICE {
            budget.give_back();
        }
        assert!(budget.take() && !budget.take());
        for _ in 0..TOKENS + 1 {
            budget.give_back();
        }
        assert_eq!(budget.0.load(Ordering::Relaxed), TOKENS);
    }

    #[test]
    fn waits_grow_up_to_a_limit() {
        for _ in 0..100 {
            assert!(wait(1) <= FIRST_WAIT);
            assert!(wait(40) <= LONGEST_WAIT);
        }
    }
}
