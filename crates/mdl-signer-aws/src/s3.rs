//! A file in S3: read whole, and written in one step in place of the one that was read.
//!
//! S3 replaces an object atomically, so readers see the old file or the new one. What is easy to get wrong is two writers:
//! the later one would win, whatever it has. So an object is written only if it is still what the writer has seen
//! (conditional writes, `If-Match` and `If-None-Match`).

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Encoding};
use mdl_crypto::HashAlgorithm;
use reqwest::Method;
use url::Url;

use crate::client::AwsAccess;
use crate::retry::CallError;
use crate::signed_request::{Request, SignedClient, host};

/// Which object: `s3://BUCKET/KEY`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct S3Place {
    bucket: String,
    key: String,
}

/// Not the name of an object.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{0:?} is not s3://BUCKET/KEY with a bucket of 3 to 63 lower-case letters, digits, '.' and '-', and a key of letters, \
     digits and !-_.*'()/"
)]
pub struct NotAnS3Place(String);

impl S3Place {
    /// The key: what comes after the bucket.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Another key of the same bucket.
    ///
    /// # Errors
    /// [`NotAnS3Place`] if it holds what only encoded keys can hold.
    pub fn with_key(&self, key: &str) -> Result<Self, NotAnS3Place> {
        format!("s3://{}/{key}", self.bucket).parse()
    }
}

impl FromStr for S3Place {
    type Err = NotAnS3Place;

    fn from_str(text: &str) -> Result<Self, NotAnS3Place> {
        let wrong = || NotAnS3Place(text.to_owned());
        let (bucket, key) = text
            .strip_prefix("s3://")
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(wrong)?;
        let in_bucket =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
        let is_bucket = (3..=63).contains(&bucket.len())
            && bucket.bytes().all(in_bucket)
            && bucket.starts_with(|first: char| first.is_ascii_alphanumeric());
        // A path of dots or of nothing would be another path by the time it is sent.
        let is_part = |part: &str| !matches!(part, "" | "." | "..");
        let in_key = |byte: u8| byte.is_ascii_alphanumeric() || b"!-_.*'()/".contains(&byte);
        let path = key.strip_suffix('/').unwrap_or(key);
        let is_key = key.is_empty()
            || (key.len() <= 1024 && key.bytes().all(in_key) && path.split('/').all(is_part));
        if !is_bucket || !is_key {
            return Err(wrong());
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }
}

impl fmt::Display for S3Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// An object, or the place for one.
#[derive(Clone, Debug)]
pub struct S3Object {
    client: SignedClient,
    place: S3Place,
    url: Url,
}

/// What an object holds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stored {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Names this version of it, for [`S3Object::write`].
    pub entity_tag: String,
}

/// What is to be written.
#[derive(Clone, Debug)]
pub struct Successor<'a> {
    /// The new bytes.
    pub bytes: &'a [u8],
    /// Its media type.
    pub content_type: &'a str,
    /// How long caches may keep it, in seconds.
    pub max_age: u32,
}

/// Why an object was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum S3WriteError {
    /// Somebody else has written it since it was read.
    #[error("the object has changed since it was read")]
    Changed,
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl S3Object {
    /// The object at `place`, in the Region of `access`. Nothing is asked of S3 yet.
    ///
    /// # Errors
    /// [`CallError::Request`] without a Region, without a key, or if there is no HTTP client.
    pub fn new(access: &AwsAccess, place: &S3Place) -> Result<Self, CallError> {
        let impossible = |source: Box<dyn std::error::Error + Send + Sync>| CallError::Request {
            operation: "s3",
            source,
        };
        if place.key.is_empty() || place.key.ends_with('/') {
            return Err(impossible(format!("{place} names no object").into()));
        }
        let region = access
            .region()
            .ok_or_else(|| impossible("no Region: set AWS_REGION".into()))?;
        let S3Place { bucket, key } = place;
        let url = match access.endpoint_url("S3") {
            Some(endpoint) => format!("{}/{bucket}/{key}", endpoint.trim_end_matches('/')),
            // The certificate of S3 is for one label only.
            None if bucket.contains('.') => {
                format!("https://{}/{bucket}/{key}", host("s3", region))
            }
            None => format!("https://{bucket}.{}/{key}", host("s3", region)),
        };
        let url = Url::parse(&url).map_err(|error| impossible(error.into()))?;
        let client = SignedClient::new(access, "s3", region);
        Ok(Self {
            client: client.map_err(|error| impossible(error.into()))?,
            place: place.clone(),
            url,
        })
    }

    /// What it holds, at most `most` bytes; none if there is no such object.
    ///
    /// # Errors
    /// [`CallError`]. Without the right to list the bucket, S3 says `AccessDenied` of what is not there.
    pub async fn read(&self, most: usize) -> Result<Option<Stored>, CallError> {
        let request = self.request(Method::GET, Vec::new(), Vec::new(), most);
        match self.send("s3:GetObject", &request).await {
            Ok(answer) => Ok(Some(Stored {
                bytes: answer.body,
                entity_tag: answer.entity_tag.unwrap_or_default(),
            })),
            Err(error) if error.code() == Some("NoSuchKey") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes it in place of what was read, or of nothing.
    ///
    /// # Errors
    /// [`S3WriteError`]. After one that is no answer it may have been written all the same.
    pub async fn write(
        &self,
        successor: &Successor<'_>,
        in_place_of: Option<&Stored>,
    ) -> Result<(), S3WriteError> {
        let checksum = HashAlgorithm::Sha256.digest(successor.bytes);
        let condition = match in_place_of {
            Some(stored) => ("if-match", stored.entity_tag.clone()),
            None => ("if-none-match", "*".to_owned()),
        };
        let headers = vec![
            ("content-type", successor.content_type.to_owned()),
            (
                "cache-control",
                format!("public, max-age={}", successor.max_age),
            ),
            (
                "x-amz-checksum-sha256",
                Base64::encode_string(checksum.as_ref()),
            ),
            condition,
        ];
        let request = self.request(Method::PUT, headers, successor.bytes.to_vec(), 64 << 10);
        match self.send("s3:PutObject", &request).await {
            Ok(_) => Ok(()),
            Err(error) => Err(match error.code() {
                Some("PreconditionFailed" | "ConditionalRequestConflict" | "NoSuchKey") => {
                    S3WriteError::Changed
                }
                _ => error.into(),
            }),
        }
    }

    fn request(
        &self,
        method: Method,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
        max_answer: usize,
    ) -> Request {
        Request {
            method,
            url: self.url.clone(),
            headers,
            body,
            max_answer,
        }
    }

    async fn send(
        &self,
        operation: &'static str,
        request: &Request,
    ) -> Result<crate::signed_request::Answer, CallError> {
        let subject = self.place.to_string();
        self.client.send(operation, &subject, request).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_bucket_and_a_key_that_needs_no_encoding() {
        for good in [
            "s3://bucket/key",
            "s3://crl.example.gov/crl/own/iaca.crl",
            "s3://abc/folder/",
            "s3://abc/",
        ] {
            assert_eq!(good.parse::<S3Place>().expect(good).to_string(), good);
        }
        for wrong in [
            "",
            "bucket/key",
            "s3://bucket",
            "s3://ab/key",
            "s3://Bucket/key",
            "s3://-bucket/key",
            "s3://bucket/a//b",
            "s3://bucket/../key",
            "s3://bucket/a/./b",
            "s3://bucket/a b",
            "s3://bucket/a?b",
            "s3://bucket/a%2fb",
            "s3://bucket/é",
            "s3://bucket//",
        ] {
            assert!(wrong.parse::<S3Place>().is_err(), "{wrong}");
        }
    }
}
