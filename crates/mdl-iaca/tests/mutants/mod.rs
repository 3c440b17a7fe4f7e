//! One good document of each profile, made by the builders, and the means to break a single rule of it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

pub(crate) mod authorities;
pub(crate) mod crls;
pub(crate) mod every;
pub(crate) mod requests;
pub(crate) mod signers;

use mdl_crypto::{Curve, HashAlgorithm, PrivateKey, sha1};
use mdl_iaca::certificate::{CertificateView, Oid, oid};
use mdl_iaca::lint::{LintFinding, Profile, lint_certificate};
use mdl_iaca::profile::{
    DistinguishedName, LinkCertificateProfile, MsoRevocationListSignerProfile, OcspSignerProfile,
    ReaderAuthenticationProfile, Validity, VicalSignerProfile,
};
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::hazmat::PrehashSigner;

use crate::authority::forge::{
    ALGORITHM, Forge, PUBLIC_KEY, SEQUENCE, SUBJECT, VALIDITY, children, name, tlv,
};
use crate::authority::{Authority, CRL_URI, NOW, days, key, serial, sign};

/// Attribute types, for names.
pub(crate) const C: &[u8] = oid::COUNTRY_NAME.as_bytes();
pub(crate) const ST: &[u8] = oid::STATE_OR_PROVINCE_NAME.as_bytes();
pub(crate) const L: &[u8] = oid::LOCALITY_NAME.as_bytes();
pub(crate) const O: &[u8] = oid::ORGANIZATION_NAME.as_bytes();
pub(crate) const CN: &[u8] = oid::COMMON_NAME.as_bytes();
/// String types.
pub(crate) const UTF8: u8 = 0x0c;
pub(crate) const PRINTABLE: u8 = 0x13;

/// A document in which one rule is broken, and what the linter says to it.
pub(crate) struct Mutant {
    pub(crate) rule: &'static str,
    pub(crate) findings: Vec<LintFinding>,
}

/// A good certificate of one profile.
pub(crate) struct Specimen {
    pub(crate) profile: Profile,
    /// Begins the identifiers of the profile's rules.
    pub(crate) prefix: &'static str,
    pub(crate) base: Forge,
    pub(crate) signing_key: PrivateKey,
    pub(crate) issuer: Option<Vec<u8>>,
}

impl Specimen {
    fn new(profile: Profile, prefix: &'static str, certificate: &[u8], issuer: &Authority) -> Self {
        Self {
            profile,
            prefix,
            base: Forge::of(certificate),
            signing_key: copy(&issuer.key),
            issuer: Some(issuer.certificate.clone()),
        }
    }

    pub(crate) fn root() -> Self {
        let authority = Authority::new(Curve::P256);
        let certificate = authority.certificate.clone();
        let root = Self::new(Profile::IacaRoot, "iaca", &certificate, &authority);
        Self {
            issuer: None,
            ..root
        }
    }

    pub(crate) fn link() -> Self {
        let old = Authority::new(Curve::P256);
        let new = new_iaca();
        let unsigned = LinkCertificateProfile::new(&old.issuer, &new.issuer, short(), CRL_URI)
            .build(&serial(5))
            .unwrap();
        Self::new(Profile::IacaLink, "link", &sign(unsigned, &old.key), &old)
    }

    pub(crate) fn document_signer() -> Self {
        let authority = Authority::new(Curve::P256);
        let certificate = authority.document_signer(&key(Curve::P256, 2));
        Self::new(Profile::DocumentSigner, "ds", &certificate, &authority)
    }

    pub(crate) fn reader() -> Self {
        let authority = Authority::new(Curve::P256);
        let unsigned = ReaderAuthenticationProfile::new(
            &authority.issuer,
            key(Curve::P256, 2).public_key().clone(),
            DistinguishedName::new("Utopia reader"),
            short(),
            CRL_URI,
        );
        let certificate = sign(unsigned.build(&serial(5)).unwrap(), &authority.key);
        Self::new(Profile::ReaderAuth, "reader", &certificate, &authority)
    }

    pub(crate) fn ocsp() -> Self {
        let authority = Authority::new(Curve::P256);
        let unsigned = OcspSignerProfile::new(
            &authority.issuer,
            key(Curve::P256, 2).public_key().clone(),
            DistinguishedName::new("Utopia OCSP"),
            short(),
            CRL_URI,
        );
        let certificate = sign(unsigned.build(&serial(5)).unwrap(), &authority.key);
        Self::new(Profile::OcspSigner, "ocsp", &certificate, &authority)
    }

    pub(crate) fn status() -> Self {
        let authority = Authority::new(Curve::P256);
        let unsigned = MsoRevocationListSignerProfile::new(
            &authority.issuer,
            key(Curve::P256, 2).public_key().clone(),
            DistinguishedName::new("Utopia status lists"),
            short(),
        );
        let certificate = sign(unsigned.build(&serial(5)).unwrap(), &authority.key);
        Self::new(Profile::StatusSigner, "status", &certificate, &authority)
    }

    pub(crate) fn vical() -> Self {
        let authority = Authority::new(Curve::P256);
        let subject = DistinguishedName::new("Utopia VICAL")
            .country("UT")
            .organization("Lists");
        let unsigned = VicalSignerProfile::new(
            &authority.issuer,
            key(Curve::P256, 2).public_key().clone(),
            subject,
            short(),
            CRL_URI,
        );
        let certificate = sign(unsigned.build(&serial(5)).unwrap(), &authority.key);
        Self::new(Profile::VicalSigner, "vical", &certificate, &authority)
    }

    /// One of each.
    pub(crate) fn all() -> Vec<Self> {
        vec![
            Self::root(),
            Self::link(),
            Self::document_signer(),
            Self::reader(),
            Self::ocsp(),
            Self::status(),
            Self::vical(),
        ]
    }

    /// The full identifier of a rule of this profile.
    pub(crate) fn rule(&self, suffix: &str) -> &'static str {
        let id = format!("{}-{suffix}", self.prefix);
        let rule = mdl_iaca::lint::RULES.iter().find(|rule| rule.id == id);
        rule.unwrap_or_else(|| panic!("no rule {id}")).id
    }

    /// The good certificate with one thing changed, signed again.
    pub(crate) fn mutant(&self, rule: &'static str, change: impl FnOnce(Forge) -> Forge) -> Mutant {
        let certificate = change(self.base.clone()).sign(&self.signing_key);
        self.judged(rule, &certificate)
    }

    /// A finished certificate in place of the good one.
    pub(crate) fn judged(&self, rule: &'static str, certificate: &[u8]) -> Mutant {
        Mutant {
            rule,
            findings: self.lint(certificate),
        }
    }

    pub(crate) fn lint(&self, certificate: &[u8]) -> Vec<LintFinding> {
        let view = CertificateView::from_der(certificate).expect("mutants are readable");
        let issuer = self
            .issuer
            .as_deref()
            .map(|der| CertificateView::from_der(der).unwrap());
        lint_certificate(&view, Some(self.profile), issuer.as_ref())
    }
}

/// The root that follows the first one: the same name, another key.
pub(crate) fn new_iaca() -> Authority {
    Authority::named(Curve::P256, 9, crate::authority::iaca_name())
}

/// Short enough for every profile.
fn short() -> Validity {
    Validity::days(NOW - days(10), 90).unwrap()
}

pub(crate) fn copy(key: &PrivateKey) -> PrivateKey {
    PrivateKey::from_pkcs8_der(&key.to_pkcs8_der()).unwrap()
}

/// Replaces the subject.
pub(crate) fn subject(forge: Forge, attributes: &[(&[u8], u8, &str)]) -> Forge {
    forge.field(SUBJECT, name(attributes))
}

/// Replaces the times, each a tag and its text.
pub(crate) fn times(forge: Forge, from: (u8, &str), to: (u8, &str)) -> Forge {
    let content = [tlv(from.0, from.1.as_bytes()), tlv(to.0, to.1.as_bytes())].concat();
    forge.field(VALIDITY, tlv(SEQUENCE, &content))
}

/// Valid for so many days and seconds from 1 May 2026.
pub(crate) fn valid_for(forge: Forge, count: i64, seconds: i64) -> Forge {
    let start = time::macros::datetime!(2026-05-01 0:00 UTC);
    let end = start + days(count) + time::Duration::seconds(seconds);
    let text = |at: time::OffsetDateTime| {
        let (year, month, day) = at.to_calendar_date();
        let (hour, minute, second) = at.to_hms();
        let month = u8::from(month);
        format!(
            "{:02}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z",
            year % 100
        )
    };
    times(forge, (0x17, &text(start)), (0x17, &text(end)))
}

/// Puts in another public key, with the subject key identifier that belongs to it.
pub(crate) fn public_key(forge: Forge, spki: &[u8]) -> Forge {
    let bits = &children(spki)[1];
    let identifier = sha1(&crate::authority::forge::split(bits).1[1..]);
    forge
        .set(
            oid::SUBJECT_KEY_IDENTIFIER.as_bytes(),
            false,
            &tlv(0x04, &identifier),
        )
        .field(PUBLIC_KEY, spki.to_vec())
}

/// A SubjectPublicKeyInfo of these parts.
pub(crate) fn spki(algorithm: Oid<'_>, parameters: &[u8], bits: &[u8]) -> Vec<u8> {
    let identifier = [tlv(0x06, algorithm.as_bytes()), parameters.to_vec()].concat();
    let bits = [&[0], bits].concat();
    tlv(
        SEQUENCE,
        &[tlv(SEQUENCE, &identifier), tlv(0x03, &bits)].concat(),
    )
}

/// An EC key on a named curve, not necessarily a point of it.
pub(crate) fn ec_spki(curve: Oid<'_>, point: &[u8]) -> Vec<u8> {
    spki(oid::EC_PUBLIC_KEY, &tlv(0x06, curve.as_bytes()), point)
}

/// A key on a curve that no profile allows.
pub(crate) fn secp256k1() -> Vec<u8> {
    ec_spki(oid::SECP256K1, &[4; 65])
}

/// An AlgorithmIdentifier without parameters.
pub(crate) fn algorithm(algorithm: Oid<'_>) -> Vec<u8> {
    tlv(SEQUENCE, &tlv(0x06, algorithm.as_bytes()))
}

/// Names `algorithm` inside and outside of what is signed.
pub(crate) fn signed_by(mut forge: Forge, algorithm: &[u8]) -> Forge {
    forge.outer_algorithm = algorithm.to_vec();
    forge.field(ALGORITHM, algorithm.to_vec())
}

/// Signs with P-256 and SHA-384.
pub(crate) fn sign_with_sha384(forge: Forge, key: &PrivateKey) -> Vec<u8> {
    let forge = signed_by(forge, &algorithm(oid::ECDSA_WITH_SHA384));
    let tbs = forge.tbs();
    let scalar = p256::SecretKey::from_pkcs8(&key.to_pkcs8_der());
    let digest = HashAlgorithm::Sha384.digest(&tbs);
    let signature: p256::ecdsa::Signature = SigningKey::from(scalar)
        .sign_prehash(digest.as_ref())
        .unwrap();
    envelope(&tbs, &forge.outer_algorithm, signature.to_der().as_bytes())
}

/// Signed part, algorithm and signature octets.
pub(crate) fn envelope(tbs: &[u8], algorithm: &[u8], signature: &[u8]) -> Vec<u8> {
    let bits = tlv(0x03, &[&[0], signature].concat());
    tlv(SEQUENCE, &[tbs, algorithm, &bits].concat())
}

trait FromPkcs8 {
    fn from_pkcs8(der: &[u8]) -> Self;
}

impl FromPkcs8 for p256::SecretKey {
    fn from_pkcs8(der: &[u8]) -> Self {
        p256::pkcs8::DecodePrivateKey::from_pkcs8_der(der).unwrap()
    }
}

/// A GeneralNames content: one name with its tag.
pub(crate) fn general_name(tag: u8, text: &[u8]) -> Vec<u8> {
    tlv(tag, text)
}

/// A cRLDistributionPoints value of one point with these fields.
pub(crate) fn distribution_point(fields: &[Vec<u8>]) -> Vec<u8> {
    tlv(SEQUENCE, &tlv(SEQUENCE, &fields.concat()))
}

/// A distributionPoint field: fullName with these names.
pub(crate) fn full_name(names: &[Vec<u8>]) -> Vec<u8> {
    tlv(0xa0, &tlv(0xa0, &names.concat()))
}

/// An extKeyUsage value.
pub(crate) fn purposes(purposes: &[Oid<'_>]) -> Vec<u8> {
    let list: Vec<u8> = purposes
        .iter()
        .flat_map(|oid| tlv(0x06, oid.as_bytes()))
        .collect();
    tlv(SEQUENCE, &list)
}

/// An authorityKeyIdentifier value.
pub(crate) fn authority_key(identifier: &[u8]) -> Vec<u8> {
    tlv(SEQUENCE, &tlv(0x80, identifier))
}
