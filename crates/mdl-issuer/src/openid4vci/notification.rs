//! Notifications: what became of the credentials in the wallet (11).

use mdl_crypto::jose::{JsonLimits, JsonObjectError, parse_json_object};
use serde_json::Value;

use super::error_code::ErrorCode;
use crate::store::{Hash, NotificationEvent, StoreError};

/// The longest request body, in bytes.
pub const MAX_BYTES: usize = 16 << 10;

/// A notification. `event_description` is dropped: free text from outside has no place in our logs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Notification {
    /// SHA-256 of `notification_id`.
    pub id: Hash,
    /// `event`
    pub event: NotificationEvent,
}

impl Notification {
    /// Reads a request body.
    ///
    /// # Errors
    /// [`NotificationError`], all `invalid_notification_request`.
    pub fn parse(body: &[u8]) -> Result<Self, NotificationError> {
        let limits = JsonLimits {
            max_bytes: MAX_BYTES,
            max_depth: 8,
        };
        let request = parse_json_object(body, &limits)?;
        let member = |name: &'static str| match request.get(name) {
            None => Err(NotificationError::Missing(name)),
            Some(value) => value.as_str().ok_or(NotificationError::NotText(name)),
        };
        let id = Hash::of(member("notification_id")?.as_bytes());
        let event = match member("event")? {
            "credential_accepted" => NotificationEvent::Accepted,
            "credential_failure" => NotificationEvent::Failure,
            "credential_deleted" => NotificationEvent::Deleted,
            _ => return Err(NotificationError::UnknownEvent),
        };
        if !matches!(
            request.get("event_description"),
            None | Some(Value::String(_))
        ) {
            return Err(NotificationError::NotText("event_description"));
        }
        Ok(Self { id, event })
    }
}

/// Why a notification was not taken, its access token being in order.
#[derive(Debug, thiserror::Error)]
pub enum NotificationError {
    /// Not `application/json`.
    #[error("notification is not application/json")]
    ContentType,
    /// The body is over [`MAX_BYTES`].
    #[error("notification is too long")]
    TooLong,
    /// Not a JSON object.
    #[error("notification cannot be read: {0}")]
    Json(#[from] JsonObjectError),
    /// A member is absent.
    #[error("notification without {0}")]
    Missing(&'static str),
    /// A member is not text.
    #[error("{0} of the notification is not text")]
    NotText(&'static str),
    /// `event` is none of the three.
    #[error("event is not credential_accepted, credential_failure or credential_deleted")]
    UnknownEvent,
    /// No delivery under this token has this identifier.
    #[error("no such notification_id under this access token")]
    UnknownId,
    /// The store does not work.
    #[error("the store does not work")]
    Store(#[from] StoreError),
}

impl NotificationError {
    /// The code on the wire.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::ContentType
            | Self::TooLong
            | Self::Json(_)
            | Self::Missing(_)
            | Self::NotText(_)
            | Self::UnknownEvent => ErrorCode::InvalidNotificationRequest,
            Self::UnknownId => ErrorCode::InvalidNotificationId,
            Self::Store(StoreError::Unavailable(_)) => ErrorCode::TemporarilyUnavailable,
            Self::Store(StoreError::Corrupt(_)) => ErrorCode::ServerError,
        }
    }
}
