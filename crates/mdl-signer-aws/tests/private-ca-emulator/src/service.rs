//! The service's memory and its operations on certificate authorities (1.3 and 1.4 of the fact sheet).

use std::collections::BTreeMap;

use mdl_crypto::PrivateKey;
use mdl_iaca::certificate::{CertificateView, DocumentKind};
use rand_chacha::ChaCha20Rng;
use rand_core::Rng;
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};

use crate::der;
use crate::faults::Faults;
use crate::issue::Issued;
use crate::shapes::{self, arn, idempotency_token, member, one_of, required, required_text, text};
use crate::wire::AwsError;
use crate::{Settings, certificate, subject};

pub(crate) type Result<T> = std::result::Result<T, AwsError>;

pub(crate) const ACCOUNT: &str = "111122223333";
/// How long a token stands for the first answer.
pub(crate) const IDEMPOTENCY: Duration = Duration::minutes(5);
const PAGE: usize = 100;

/// Where an authority stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Status {
    Creating,
    PendingCertificate,
    Active,
    Disabled,
    Deleted,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Creating => "CREATING",
            Self::PendingCertificate => "PENDING_CERTIFICATE",
            Self::Active => "ACTIVE",
            Self::Disabled => "DISABLED",
            Self::Deleted => "DELETED",
        }
    }
}

/// One certificate authority.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(crate) arn: String,
    pub(crate) id: String,
    pub(crate) key: PrivateKey,
    pub(crate) name: Vec<u8>,
    configuration: Value,
    pub(crate) revocation: Value,
    tags: BTreeMap<String, String>,
    pub(crate) is_root: bool,
    status: Status,
    /// Status before deletion.
    deleted_from: Status,
    restorable_until: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
    changed_at: OffsetDateTime,
    /// Calls that still find it in CREATING.
    polls_left: u32,
    pub(crate) certificate: Option<Vec<u8>>,
    pub(crate) issued: BTreeMap<String, Issued>,
    pub(crate) last_crl: Option<OffsetDateTime>,
    /// Since when there is something that the published list does not say.
    pub(crate) crl_due_since: Option<OffsetDateTime>,
    pub(crate) last_report: Option<OffsetDateTime>,
}

impl Authority {
    /// When its certificate ends.
    pub(crate) fn not_after(&self) -> Option<OffsetDateTime> {
        let certificate = CertificateView::from_der(self.certificate.as_deref()?).ok()?;
        Some(certificate.validity().not_after.at)
    }

    /// EXPIRED hides the status that was set.
    pub(crate) fn is_expired(&self, now: OffsetDateTime) -> bool {
        matches!(self.status, Status::Active | Status::Disabled)
            && self.not_after().is_some_and(|end| end < now)
    }

    pub(crate) fn status_name(&self, now: OffsetDateTime) -> &'static str {
        if self.is_expired(now) {
            "EXPIRED"
        } else {
            self.status.name()
        }
    }

    /// Refuses what this state does not allow.
    pub(crate) fn allow(&self, statuses: &[Status], now: OffsetDateTime) -> Result<()> {
        if self.is_expired(now) || !statuses.contains(&self.status) {
            let status = self.status_name(now);
            return Err(AwsError::invalid_state(format!(
                "The certificate authority is in state {status}"
            )));
        }
        Ok(())
    }
}

/// Everything the service knows.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) settings: Settings,
    pub(crate) authorities: BTreeMap<String, Authority>,
    /// Operation and token, when, what was asked, which ARN it got.
    pub(crate) tokens: BTreeMap<(&'static str, String), (OffsetDateTime, Value, String)>,
    /// Objects of the buckets, by bucket and key.
    pub(crate) objects: BTreeMap<(String, String), Vec<u8>>,
    pub(crate) reports: BTreeMap<String, Value>,
    /// What a careful caller would not have sent.
    pub(crate) complaints: Vec<String>,
    pub(crate) faults: Faults,
    pub(crate) rng: ChaCha20Rng,
}

impl Service {
    pub(crate) fn call(
        &mut self,
        operation: &str,
        body: &Value,
        now: OffsetDateTime,
    ) -> Result<Value> {
        self.publish_crls(now);
        match operation {
            "CreateCertificateAuthority" => self.create(body, now),
            "DescribeCertificateAuthority" => self.describe(body, now),
            "GetCertificateAuthorityCsr" => self.csr(body, now),
            "GetCertificateAuthorityCertificate" => self.certificate(body),
            "ImportCertificateAuthorityCertificate" => self.import(body, now),
            "UpdateCertificateAuthority" => self.update(body, now),
            "DeleteCertificateAuthority" => self.delete(body, now),
            "RestoreCertificateAuthority" => self.restore(body, now),
            "ListCertificateAuthorities" => self.list(body, now),
            "ListTags" => self.list_tags(body),
            "IssueCertificate" => self.issue(body, now),
            "GetCertificate" => self.get_certificate(body, now),
            "RevokeCertificate" => self.revoke(body, now),
            "CreateCertificateAuthorityAuditReport" => self.create_audit_report(body, now),
            "DescribeCertificateAuthorityAuditReport" => self.describe_audit_report(body),
            _ => Err(AwsError::new(
                "UnknownOperationException",
                format!("this emulator has no {operation}"),
            )),
        }
    }

    /// Notes members that the shape does not have. The service ignores them.
    pub(crate) fn members(&mut self, shape: &str, value: &Value, known: &[&str]) {
        for name in value.as_object().into_iter().flat_map(Map::keys) {
            if !known.contains(&name.as_str()) {
                self.complaints
                    .push(format!("{shape} has no member {name}"));
            }
        }
    }

    /// The authority that `CertificateAuthorityArn` names.
    pub(crate) fn authority(&mut self, body: &Value) -> Result<&mut Authority> {
        let arn = arn(body, "CertificateAuthorityArn")?;
        if !arn.contains(":certificate-authority/") || arn.contains("/certificate/") {
            return Err(AwsError::new(
                "InvalidArnException",
                format!("{arn} is not that of an authority"),
            ));
        }
        self.authorities.get_mut(arn).ok_or_else(|| {
            AwsError::not_found(format!("Could not find Certificate Authority {arn}"))
        })
    }

    /// The answer that a token already got. Another request under the same token is a mistake of the caller.
    pub(crate) fn repeated(
        &mut self,
        operation: &'static str,
        token: &Option<String>,
        body: &Value,
        now: OffsetDateTime,
    ) -> Option<String> {
        let token = token.clone()?;
        let (at, asked, arn) = self.tokens.get(&(operation, token))?.clone();
        if now - at > IDEMPOTENCY {
            return None;
        }
        if asked != *body {
            self.complaints.push(format!(
                "{operation}: a token was used again with other parameters"
            ));
        }
        Some(arn)
    }

    fn create(&mut self, body: &Value, now: OffsetDateTime) -> Result<Value> {
        const MEMBERS: &[&str] = &[
            "CertificateAuthorityConfiguration",
            "CertificateAuthorityType",
            "RevocationConfiguration",
            "IdempotencyToken",
            "KeyStorageSecurityStandard",
            "Tags",
            "UsageMode",
        ];
        self.members("CreateCertificateAuthorityRequest", body, MEMBERS);
        let token = idempotency_token(body)?;
        let configuration = required(body, "CertificateAuthorityConfiguration")?.clone();
        self.members(
            "CertificateAuthorityConfiguration",
            &configuration,
            &[
                "KeyAlgorithm",
                "SigningAlgorithm",
                "Subject",
                "CsrExtensions",
            ],
        );
        required(body, "CertificateAuthorityType")?;
        let kind = one_of(body, "CertificateAuthorityType", &["ROOT", "SUBORDINATE"])?;
        let curve = shapes::curve(&configuration)?;
        shapes::signing_algorithm(&configuration, curve)?;
        let named = required(&configuration, "Subject")?;
        self.members("ASN1Subject", named, &subject::members());
        let name = subject::name(named)?;
        one_of(
            body,
            "UsageMode",
            &["GENERAL_PURPOSE", "SHORT_LIVED_CERTIFICATE"],
        )?;
        one_of(
            body,
            "KeyStorageSecurityStandard",
            &[
                "FIPS_140_2_LEVEL_2_OR_HIGHER",
                "FIPS_140_2_LEVEL_3_OR_HIGHER",
                "CCPC_LEVEL_1_OR_HIGHER",
            ],
        )?;
        let revocation = self.revocation(member(body, "RevocationConfiguration"))?;
        let tags = tags(member(body, "Tags"))?;
        if let Some(arn) = self.repeated("Create", &token, body, now) {
            return Ok(json!({ "CertificateAuthorityArn": arn }));
        }
        let id = self.uuid();
        let arn = format!(
            "arn:aws:acm-pca:{}:{ACCOUNT}:certificate-authority/{id}",
            self.settings.region
        );
        let authority = Authority {
            arn: arn.clone(),
            id,
            key: PrivateKey::generate(curve, &mut self.rng),
            name,
            configuration,
            revocation,
            tags,
            is_root: kind == Some("ROOT"),
            status: Status::Creating,
            deleted_from: Status::Creating,
            restorable_until: None,
            created_at: now,
            changed_at: now,
            polls_left: self.settings.polls,
            certificate: None,
            issued: BTreeMap::new(),
            last_crl: None,
            crl_due_since: None,
            last_report: None,
        };
        self.authorities.insert(arn.clone(), authority);
        if let Some(token) = token {
            self.tokens
                .insert(("Create", token), (now, body.clone(), arn.clone()));
        }
        Ok(json!({ "CertificateAuthorityArn": arn }))
    }

    /// Checks a revocation configuration and writes the probe object into the bucket, as the service does.
    fn revocation(&mut self, configuration: Option<&Value>) -> Result<Value> {
        let off = json!({ "CrlConfiguration": { "Enabled": false }, "OcspConfiguration": { "Enabled": false } });
        let Some(crl) =
            configuration.and_then(|configuration| member(configuration, "CrlConfiguration"))
        else {
            return Ok(off);
        };
        self.members(
            "CrlConfiguration",
            crl,
            &[
                "Enabled",
                "ExpirationInDays",
                "CustomCname",
                "S3BucketName",
                "S3ObjectAcl",
                "CrlDistributionPointExtensionConfiguration",
                "CrlType",
                "CustomPath",
            ],
        );
        if required(crl, "Enabled")?.as_bool() != Some(true) {
            if crl.as_object().is_some_and(|members| members.len() > 1) {
                return Err(AwsError::invalid_args(
                    "Enabled must be the only member if it is false",
                ));
            }
            return Ok(off);
        }
        let days = required(crl, "ExpirationInDays")?.as_i64().unwrap_or(0);
        if !(1..=5000).contains(&days) {
            return Err(AwsError::validation(
                "Value at 'ExpirationInDays' must be between 1 and 5000",
            ));
        }
        let bucket = required_text(crl, "S3BucketName", 255)?;
        let cname = text(crl, "CustomCname", 253)?;
        if cname.is_some_and(|cname| cname.contains("://")) {
            return Err(AwsError::invalid_args(
                "CustomCname must not include a protocol prefix",
            ));
        }
        let omit = member(crl, "CrlDistributionPointExtensionConfiguration")
            .and_then(|configuration| configuration.get("OmitExtension"))
            .and_then(Value::as_bool)
            .unwrap_or(false);
        if omit && cname.is_some() {
            return Err(AwsError::invalid_args(
                "OmitExtension and CustomCname exclude one another",
            ));
        }
        one_of(crl, "CrlType", &["COMPLETE", "PARTITIONED"])?;
        if text(crl, "CrlType", 32)? == Some("PARTITIONED") || member(crl, "CustomPath").is_some() {
            return Err(AwsError::invalid_args(
                "this emulator publishes complete CRLs below crl/ only",
            ));
        }
        let acl = one_of(
            crl,
            "S3ObjectAcl",
            &["PUBLIC_READ", "BUCKET_OWNER_FULL_CONTROL"],
        )?;
        if acl != Some("BUCKET_OWNER_FULL_CONTROL") {
            return Err(AwsError::new(
                "InvalidPolicyException",
                "the bucket blocks public access, and S3ObjectAcl is PUBLIC_READ",
            ));
        }
        self.objects.insert(
            (bucket.to_owned(), "acm-pca-permission-test-key".to_owned()),
            Vec::new(),
        );
        Ok(json!({ "CrlConfiguration": crl, "OcspConfiguration": { "Enabled": false } }))
    }

    fn describe(&mut self, body: &Value, now: OffsetDateTime) -> Result<Value> {
        self.members(
            "DescribeCertificateAuthorityRequest",
            body,
            &["CertificateAuthorityArn"],
        );
        let authority = self.authority(body)?;
        authority.poll(now);
        Ok(json!({ "CertificateAuthority": authority.description(now) }))
    }

    fn csr(&mut self, body: &Value, now: OffsetDateTime) -> Result<Value> {
        let authority = self.authority(body)?;
        if authority.status == Status::Creating {
            authority.poll(now);
            return Err(AwsError::new(
                "RequestInProgressException",
                "The certificate authority is being created",
            ));
        }
        if authority.status == Status::Deleted {
            return Err(AwsError::invalid_state(
                "The certificate authority is deleted",
            ));
        }
        let algorithm = certificate::algorithm(&authority.key);
        let info = der::sequence(&[
            &der::integer(&[0]),
            &authority.name,
            &authority.key.public_key().to_spki_der(),
            &der::tlv(0xa0, &[]),
        ]);
        let csr = certificate::signed(&authority.key, &info, &algorithm);
        Ok(json!({ "Csr": crate::pem(DocumentKind::Csr, &csr) }))
    }

    fn certificate(&mut self, body: &Value) -> Result<Value> {
        let authority = self.authority(body)?;
        match &authority.certificate {
            Some(der) if authority.status != Status::Deleted => {
                Ok(json!({ "Certificate": crate::pem(DocumentKind::Certificate, der) }))
            }
            _ => Err(AwsError::invalid_state(
                "The certificate authority has no certificate",
            )),
        }
    }

    fn import(&mut self, body: &Value, now: OffsetDateTime) -> Result<Value> {
        self.members(
            "ImportCertificateAuthorityCertificateRequest",
            body,
            &["CertificateAuthorityArn", "Certificate", "CertificateChain"],
        );
        let malformed = "MalformedCertificateException";
        let der = shapes::pem_blob(body, "Certificate", DocumentKind::Certificate, malformed)?;
        let has_chain = member(body, "CertificateChain").is_some();
        let authority = self.authority(body)?;
        let may = matches!(
            authority.status,
            Status::PendingCertificate | Status::Active | Status::Disabled
        );
        if !may {
            return Err(AwsError::invalid_state(format!(
                "The certificate authority is in state {}",
                authority.status_name(now)
            )));
        }
        if has_chain {
            return Err(AwsError::new(
                "InvalidRequestException",
                "A root certificate has no chain",
            ));
        }
        let unreadable = |_| AwsError::new(malformed, "the certificate cannot be read");
        let view = CertificateView::from_der(&der).map_err(unreadable)?;
        let own = authority.key.public_key();
        if view.subject().der() != authority.name
            || view.public_key_info().der() != own.to_spki_der()
        {
            return Err(AwsError::new(
                "CertificateMismatchException",
                "The certificate does not match the CSR",
            ));
        }
        if !view.is_self_issued() || view.verify_signature(own).is_err() {
            return Err(AwsError::new(
                malformed,
                "a root certificate is self-signed",
            ));
        }
        // Extensions that may be critical; all others must not be.
        const MAY_BE_CRITICAL: &[&str] = &[
            "2.5.29.9",
            "2.5.29.14",
            "2.5.29.15",
            "2.5.29.17",
            "2.5.29.18",
            "2.5.29.19",
            "2.5.29.30",
            "2.5.29.32",
            "2.5.29.33",
            "2.5.29.35",
            "2.5.29.37",
            "2.5.29.54",
            "1.3.6.1.5.5.7.1.11",
        ];
        for extension in view.extensions().iter() {
            let oid = extension.oid.to_string();
            if extension.critical && !MAY_BE_CRITICAL.contains(&oid.as_str()) {
                return Err(AwsError::new(
                    malformed,
                    format!("extension {oid} must not be critical"),
                ));
            }
        }
        let constraints = view.extensions().basic_constraints().map_err(unreadable)?;
        let critical = view
            .extensions()
            .iter()
            .any(|extension| extension.oid.to_string() == "2.5.29.19" && extension.critical);
        if !critical || !constraints.is_some_and(|constraints| constraints.ca) {
            return Err(AwsError::new(
                malformed,
                "basicConstraints must be critical, with cA TRUE",
            ));
        }
        if authority.status == Status::PendingCertificate {
            authority.status = Status::Active;
        }
        authority.changed_at = now;
        authority.certificate = Some(der);
        Ok(Value::Null)
    }

    fn update(&mut self, body: &Value, now: OffsetDateTime) -> Result<Value> {
        let revocation = match member(body, "RevocationConfiguration") {
            Some(configuration) => Some(self.revocation(Some(configuration))?),
            None => None,
        };
        let status = one_of(body, "Status", &["ACTIVE", "DISABLED"])?;
        let authority = self.authority(body)?;
        authority.allow(&[Status::Active, Status::Disabled], now)?;
        match status {
            Some("ACTIVE") => authority.status = Status::Active,
            Some(_) => authority.status = Status::Disabled,
            None => {}
        }
        if let Some(revocation) = revocation {
            authority.revocation = revocation;
        }
        authority.changed_at = now;
        Ok(Value::Null)
    }

    fn delete(&mut self, body: &Value, now: OffsetDateTime) -> Result<Value> {
        let days = member(body, "PermanentDeletionTimeInDays")
            .and_then(Value::as_i64)
            .unwrap_or(30);
        if !(7..=30).contains(&days) {
            return Err(AwsError::validation(
                "Value at 'PermanentDeletionTimeInDays' must be between 7 and 30",
            ));
        }
        let authority = self.authority(body)?;
        if authority.status == Status::Deleted
            || (authority.status == Status::Active && !authority.is_expired(now))
        {
            return Err(AwsError::invalid_state(
                "disable the certificate authority first",
            ));
        }
        if authority.status != Status::Creating {
            authority.restorable_until = Some(now + Duration::days(days));
        }
        authority.deleted_from = authority.status;
        authority.status = Status::Deleted;
        authority.changed_at = now;
        Ok(Value::Null)
    }

    fn restore(&mut self, body: &Value, now: OffsetDateTime) -> Result<Value> {
        let authority = self.authority(body)?;
        if authority.status != Status::Deleted
            || authority.restorable_until.is_none_or(|until| until < now)
        {
            return Err(AwsError::invalid_state("there is nothing to restore"));
        }
        authority.status = authority.deleted_from;
        authority.restorable_until = None;
        authority.changed_at = now;
        Ok(Value::Null)
    }

    fn list(&mut self, body: &Value, now: OffsetDateTime) -> Result<Value> {
        let start = match text(body, "NextToken", 43_739)? {
            None => 0,
            Some(token) => token
                .strip_prefix("page-")
                .and_then(|start| start.parse().ok())
                .ok_or_else(|| {
                    AwsError::new("InvalidNextTokenException", "The token is not valid")
                })?,
        };
        let wanted = member(body, "MaxResults")
            .and_then(Value::as_u64)
            .unwrap_or(1000);
        let page = usize::try_from(wanted)
            .unwrap_or(PAGE)
            .clamp(1, PAGE.min(self.settings.page));
        let all: Vec<Value> = self
            .authorities
            .values()
            .map(|authority| authority.description(now))
            .collect();
        let next = (start + page < all.len()).then(|| format!("page-{}", start + page));
        let authorities: Vec<_> = all.into_iter().skip(start).take(page).collect();
        let mut answer = json!({ "CertificateAuthorities": authorities });
        if let Some(next) = next {
            answer["NextToken"] = json!(next);
        }
        Ok(answer)
    }

    fn list_tags(&mut self, body: &Value) -> Result<Value> {
        let authority = self.authority(body)?;
        if authority.status == Status::Deleted {
            return Err(AwsError::invalid_state(
                "The certificate authority is deleted",
            ));
        }
        let tags: Vec<_> = authority
            .tags
            .iter()
            .map(|(key, value)| json!({ "Key": key, "Value": value }))
            .collect();
        Ok(json!({ "Tags": tags }))
    }

    pub(crate) fn uuid(&mut self) -> String {
        let mut octets = [0; 16];
        self.rng.fill_bytes(&mut octets);
        let text = hex::encode(octets);
        format!(
            "{}-{}-{}-{}-{}",
            &text[..8],
            &text[8..12],
            &text[12..16],
            &text[16..20],
            &text[20..]
        )
    }
}

impl Authority {
    /// An authority in the making is finished after so many looks at it.
    fn poll(&mut self, now: OffsetDateTime) {
        if self.status == Status::Creating {
            if self.polls_left == 0 {
                self.status = Status::PendingCertificate;
                self.changed_at = now;
            }
            self.polls_left = self.polls_left.saturating_sub(1);
        }
    }

    fn description(&self, now: OffsetDateTime) -> Value {
        let seconds = |at: OffsetDateTime| json!(at.unix_timestamp_nanos() as f64 / 1e9);
        let mut description = json!({
            "Arn": self.arn,
            "OwnerAccount": ACCOUNT,
            "CreatedAt": seconds(self.created_at),
            "LastStateChangeAt": seconds(self.changed_at),
            "Type": if self.is_root { "ROOT" } else { "SUBORDINATE" },
            "Status": self.status_name(now),
            "CertificateAuthorityConfiguration": self.configuration,
            "RevocationConfiguration": self.revocation,
            "KeyStorageSecurityStandard": "FIPS_140_2_LEVEL_3_OR_HIGHER",
            "UsageMode": "GENERAL_PURPOSE",
        });
        if let Some(until) = self.restorable_until {
            description["RestorableUntil"] = seconds(until);
        }
        if let Some(view) = self
            .certificate
            .as_deref()
            .and_then(|der| CertificateView::from_der(der).ok())
        {
            description["NotBefore"] = seconds(view.validity().not_before.at);
            description["NotAfter"] = seconds(view.validity().not_after.at);
        }
        description
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.status == Status::PendingCertificate
    }
}

fn tags(list: Option<&Value>) -> Result<BTreeMap<String, String>> {
    let list = list
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    if list.len() > 50 {
        return Err(AwsError::new("TooManyTagsException", "at most 50 tags"));
    }
    let allowed = |text: &str| {
        text.chars()
            .all(|letter| letter.is_alphanumeric() || " _.:/=+-@".contains(letter))
    };
    list.iter()
        .map(|tag| {
            let (key, value) = (
                required_text(tag, "Key", 128)?,
                text(tag, "Value", 256)?.unwrap_or_default(),
            );
            if !allowed(key) || !allowed(value) || key.starts_with("aws:") {
                return Err(AwsError::new("InvalidTagException", format!("tag {key}")));
            }
            Ok((key.to_owned(), value.to_owned()))
        })
        .collect()
}
