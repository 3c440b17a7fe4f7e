//! Naming a key of KMS.

use std::{fmt, str::FromStr};

/// The ARN of a key: `arn:PARTITION:kms:REGION:ACCOUNT:key/ID`. No alias, which can be moved to another key.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct KeyArn(String);

impl KeyArn {
    /// The whole ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The Region in which the key is asked.
    #[must_use]
    pub fn region(&self) -> &str {
        self.part(3)
    }

    /// Whether the key can have replicas in other Regions.
    #[must_use]
    pub fn is_multi_region(&self) -> bool {
        self.part(5).starts_with("key/mrk-")
    }

    /// The ARN of the same multi-Region key in another Region.
    ///
    /// # Errors
    /// [`NotAKeyArn`] for a key of a single Region, or if `region` is no Region.
    pub fn replica(&self, region: &str) -> Result<Self, NotAKeyArn> {
        if !self.is_multi_region() {
            return Err(NotAKeyArn(format!("{self} in {region}")));
        }
        format!(
            "arn:{}:kms:{region}:{}:{}",
            self.part(1),
            self.part(4),
            self.part(5)
        )
        .parse()
    }

    fn part(&self, number: usize) -> &str {
        self.0.split(':').nth(number).unwrap_or_default()
    }
}

impl FromStr for KeyArn {
    type Err = NotAKeyArn;

    fn from_str(text: &str) -> Result<Self, NotAKeyArn> {
        let is_name = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let parts: Vec<&str> = text.split(':').collect();
        match parts[..] {
            ["arn", partition, "kms", region, account, key]
                if is_name(partition)
                    && is_name(region)
                    && account.len() == 12
                    && account.bytes().all(|byte| byte.is_ascii_digit())
                    && key.strip_prefix("key/").is_some_and(is_name) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(NotAKeyArn(text.to_owned())),
        }
    }
}

impl fmt::Display for KeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Not the ARN of a key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{0:?} is not arn:PARTITION:kms:REGION:ACCOUNT:key/ID; replicas have multi-Region keys (mrk-…) only"
)]
pub struct NotAKeyArn(String);

#[cfg(test)]
mod tests {
    use super::*;

    const MULTI: &str =
        "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-0987dcba09fe87dc65baab0987654321";

    #[test]
    fn arns_of_keys_are_taken_and_others_are_not() {
        let single = "arn:aws:kms:us-west-2:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321";
        let arn: KeyArn = single.parse().unwrap();
        assert_eq!((arn.as_str(), arn.region()), (single, "us-west-2"));
        for bad in [
            "",
            "0987dcba-09fe-87dc-65ba-ab0987654321",
            "alias/ds",
            "arn:aws:kms:us-west-2:111122223333:alias/ds",
            "arn:aws:kms:us-west-2:111122223333:key/",
            "arn:aws:kms:us-west-2:111122223333:key/../x",
            "arn:aws:kms::111122223333:key/1",
            "arn:aws:kms:us-west-2:11112222333:key/1",
            "arn:aws:kms:us-west-2:11112222333x:key/1",
            "arn:aws:s3:us-west-2:111122223333:key/1",
            "arn:aws:kms:us-west-2:111122223333:key/1:2",
        ] {
            assert!(bad.parse::<KeyArn>().is_err(), "{bad}");
        }
    }

    #[test]
    fn only_multi_region_keys_have_replicas() {
        let arn: KeyArn = MULTI.parse().unwrap();
        let replica = arn.replica("us-gov-east-1").unwrap();
        assert_eq!(replica.as_str(), MULTI.replace("west", "east"));
        assert!(arn.replica("us east").is_err());
        let single: KeyArn = "arn:aws:kms:us-west-2:111122223333:key/1".parse().unwrap();
        assert!(single.replica("us-east-1").is_err());
    }
}
