//! The checks: what a verifier establishes about a response, each under a stable id.
//!
//! [`CheckId::ALL`] is the list that documentation, vectors and reports share.

use crate::Policy;

/// What a check contributes to: the three verdicts that callers ask for separately, and the frame around them.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum CheckGroup {
    /// The response as a whole.
    Response,
    /// Who issued the document, and whether its content is what was issued.
    IssuerTrust,
    /// Whether the device that presents the document is the one it was issued to.
    DeviceBinding,
    /// Whether the document or its signer was revoked.
    Revocation,
}

/// How a policy treats a deviation that a check finds.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Weight {
    /// Rejected under every policy.
    Essential,
    /// The standard demands it; known of fielded wallets, so `interop` tolerates it.
    Standard,
    /// The standard asks it of issuers, not of readers: only `strict` rejects it.
    IssuerDuty,
    /// Never rejected: for the person or the program that uses the result.
    Notice,
}

impl Weight {
    /// Whether a deviation means rejection under `policy`.
    pub fn rejects_under(self, policy: Policy) -> bool {
        match self {
            Self::Essential => true,
            Self::Standard => policy != Policy::Interop,
            Self::IssuerDuty => policy == Policy::Strict,
            Self::Notice => false,
        }
    }
}

macro_rules! checks {
    ($($variant:ident, $id:literal, $clause:literal, $group:ident, $weight:ident, $summary:literal;)*) => {
        /// Identifies a check.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[non_exhaustive]
        pub enum CheckId {
            $(#[doc = $summary] $variant,)*
        }

        impl CheckId {
            /// All checks, in the order of a report.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable id, as in reports and vectors.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// Clause of ISO/IEC 18013-5 (first edition's numbers) unless another standard is named.
            pub const fn clause(self) -> &'static str {
                match self { $(Self::$variant => $clause,)* }
            }

            /// The verdict it contributes to.
            pub const fn group(self) -> CheckGroup {
                match self { $(Self::$variant => CheckGroup::$group,)* }
            }

            /// How policies treat a deviation.
            pub const fn weight(self) -> Weight {
                match self { $(Self::$variant => Weight::$weight,)* }
            }

            /// What the check establishes, in one sentence.
            pub const fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary,)* }
            }
        }
    };
}

checks! {
    Cbor, "cbor", "8.1", Response, Essential,
        "The input is one well-formed CBOR data item within the limits, without duplicate map keys.";
    CborEncoding, "cbor-encoding", "8.1", Response, IssuerDuty,
        "Heads are shortest and lengths definite.";
    Structure, "structure", "8.3.2.1.2.2", Response, Essential,
        "The input has the structure of a DeviceResponse (or IssuerSigned), every member of its type.";
    ResponseVersion, "response-version", "8.3.2.1.2.2", Response, Essential,
        "The major version of the response is 1.";
    ResponseStatus, "response-status", "8.3.2.1.2.3", Response, Essential,
        "The status of the response is 0, OK.";
    DocumentsPresent, "documents-present", "8.3.2.1.2.2", Response, Essential,
        "The response holds at least one document.";
    RequestedDocType, "requested-doc-type", "9.3.1", IssuerTrust, Essential,
        "The document is of the type that the caller asked for.";
    IssuerAuthHeaders, "issuer-auth-headers", "RFC 9052, 3", IssuerTrust, Essential,
        "No COSE header label of issuerAuth stands in both the protected and the unprotected header.";
    IssuerAuthCritical, "issuer-auth-critical", "RFC 9052, 3.1", IssuerTrust, Essential,
        "issuerAuth demands no header parameter that is not understood.";
    IssuerAuthAlgorithm, "issuer-auth-algorithm", "9.1.2.4", IssuerTrust, Essential,
        "The protected header of issuerAuth names ES256, ES384, ES512 or EdDSA.";
    IssuerAuthPayload, "issuer-auth-payload", "9.1.2.4", IssuerTrust, Essential,
        "The payload of issuerAuth is attached.";
    X5chain, "x5chain", "9.1.2.4", IssuerTrust, Essential,
        "The issuer's certificate is there and readable, and nothing else is in x5chain.";
    X5chainForm, "x5chain-form", "RFC 9360, 2", IssuerTrust, IssuerDuty,
        "A single certificate is a byte string, not an array of one, and stands in the unprotected header.";
    DsAlgorithm, "ds-algorithm", "Table B.3", IssuerTrust, Essential,
        "Inner and outer signature algorithm of the document signer's certificate agree and are allowed.";
    DsPublicKey, "ds-public-key", "Table B.3", IssuerTrust, Essential,
        "The document signer's public key is a valid point of an allowed curve.";
    TrustAnchor, "trust-anchor", "B.3.1", IssuerTrust, Essential,
        "A trusted IACA certificate has the name, and the key identifier, of the document signer's issuer.";
    DsSignature, "ds-signature", "B.3.1", IssuerTrust, Essential,
        "The IACA key signed the document signer's certificate.";
    DsValidity, "ds-validity", "B.3.1", IssuerTrust, Essential,
        "The document signer's certificate is valid at the time of verification.";
    IacaValidity, "iaca-validity", "B.3.1", IssuerTrust, Essential,
        "The IACA certificate is valid at the time of verification.";
    DsRevocation, "revocation", "B.3.2", Revocation, Essential,
        "The document signer's certificate is not on the IACA's CRL.";
    DsKeyUsage, "ds-key-usage", "B.3.1", IssuerTrust, Essential,
        "The key usage of the document signer's certificate is digitalSignature.";
    DsExtendedKeyUsage, "ds-extended-key-usage", "B.3.1", IssuerTrust, Essential,
        "The key purposes of the document signer's certificate include mdlDS.";
    DsCriticalExtensions, "ds-critical-extensions", "B.3.1", IssuerTrust, Essential,
        "The document signer's certificate has no unknown critical extension, and its known ones can be read.";
    DsCountry, "ds-country", "9.3.1", IssuerTrust, Essential,
        "Document signer and IACA name the same country.";
    DsState, "ds-state", "9.3.1", IssuerTrust, Essential,
        "Document signer and IACA name the same state or province.";
    PathLength, "path-length", "B.3.1", IssuerTrust, Essential,
        "The IACA issued the document signer's certificate directly.";
    DsNotCa, "ds-not-ca", "B.3.1", IssuerTrust, Essential,
        "The document signer's certificate is not that of a certificate authority.";
    IacaProfile, "iaca-profile", "Table B.1", IssuerTrust, Essential,
        "The trust anchor has the profile of an IACA certificate.";
    DsProhibitedExtensions, "ds-prohibited-extensions", "B.1.1", IssuerTrust, Essential,
        "The document signer's certificate has none of the extensions that Annex B prohibits.";
    AnchorDocType, "anchor-doc-type", "C.1.8", IssuerTrust, Essential,
        "The trust anchor is trusted for this document type.";
    AnchorRegion, "anchor-region", "12.8.1 (second edition)", IssuerTrust, Essential,
        "The trust anchor is trusted for the country, state or province of the document signer.";
    DsProfile, "ds-profile", "Annex B", IssuerTrust, IssuerDuty,
        "The document signer's certificate satisfies every rule of its profile (examined under the strict policy).";
    IssuerSignature, "issuer-signature", "9.1.2.4", IssuerTrust, Essential,
        "The document signer's key signed the MSO.";
    Mso, "mso", "9.1.2.4", IssuerTrust, Essential,
        "The payload of issuerAuth is a MobileSecurityObject in tag 24.";
    MsoVersion, "mso-version", "9.1.2.4", IssuerTrust, Essential,
        "The major version of the MSO is 1.";
    DigestAlgorithm, "digest-algorithm", "9.1.2.5", IssuerTrust, Essential,
        "The digest algorithm is SHA-256, SHA-384 or SHA-512.";
    DeviceKey, "device-key", "9.1.2.4", IssuerTrust, Essential,
        "The device key is a valid point of a supported curve.";
    DocType, "doc-type", "9.3.1", IssuerTrust, Essential,
        "The document type of the MSO is that of the document.";
    ValueDigestPresent, "value-digest-present", "9.1.2.4", IssuerTrust, Essential,
        "The MSO holds a digest for every returned element: name space and digestID are known.";
    ValueDigest, "value-digest", "9.1.2.5", IssuerTrust, Essential,
        "The digest of every returned element, over its bytes as received, is that of the MSO.";
    DigestIdUnique, "digest-id-unique", "9.1.2.4", IssuerTrust, Essential,
        "No two returned elements of a name space share a digestID.";
    ElementUnique, "element-unique", "8.3.2.1.2.2", IssuerTrust, Essential,
        "No element is returned twice in a name space, issuer- and device-signed together.";
    DigestIdRange, "digest-id-range", "9.1.2.4", IssuerTrust, IssuerDuty,
        "Every digestID is below 2^31.";
    SaltLength, "salt-length", "9.1.2.5", IssuerTrust, IssuerDuty,
        "Every random is at least 16 bytes.";
    SignedInDsValidity, "signed-in-ds-validity", "9.3.1", IssuerTrust, Essential,
        "The MSO was signed while the document signer's certificate was valid.";
    ValidFrom, "valid-from", "9.3.1", IssuerTrust, Essential,
        "The MSO is valid already.";
    ValidUntil, "valid-until", "9.3.1", IssuerTrust, Essential,
        "The MSO is still valid.";
    ValidityOrder, "validity-order", "9.1.2.4", IssuerTrust, IssuerDuty,
        "signed is not after validFrom, and validFrom is before validUntil.";
    MsoOutlivesDs, "mso-outlives-ds", "9.1.2.4", IssuerTrust, IssuerDuty,
        "The MSO expires no later than the document signer's certificate.";
    TDateForm, "tdate-form", "9.1.2.4", IssuerTrust, IssuerDuty,
        "Times of the MSO are UTC, without fractions of a second.";
    ExpectedUpdate, "expected-update", "9.1.2.4", IssuerTrust, Notice,
        "The issuer's expected update is not overdue.";
    IssuingCountry, "issuing-country", "7.2.1", IssuerTrust, Essential,
        "issuing_country, if returned, is the country of the document signer.";
    IssuingJurisdiction, "issuing-jurisdiction", "7.2.1", IssuerTrust, Essential,
        "issuing_jurisdiction, if returned, is the state or province of the document signer, if that has one.";
    ElementValues, "element-values", "7.2.1", IssuerTrust, IssuerDuty,
        "Every returned element has the type and form that its name space gives it.";
    LicenceExpiry, "licence-expiry", "7.2.1", IssuerTrust, Notice,
        "expiry_date, if returned, is not past: the licence itself has not expired.";
    DeviceAuthPresent, "device-auth-present", "9.1.3", DeviceBinding, Essential,
        "The document carries a device authentication.";
    DeviceAuthSingle, "device-auth-single", "9.1.3", DeviceBinding, Essential,
        "The document carries one device authentication, a signature or a MAC.";
    DeviceAuthHeaders, "device-auth-headers", "RFC 9052, 3", DeviceBinding, Essential,
        "No COSE header label of the device authentication stands in both headers.";
    DeviceAuthCritical, "device-auth-critical", "RFC 9052, 3.1", DeviceBinding, Essential,
        "The device authentication demands no header parameter that is not understood.";
    DeviceAuthAlgorithm, "device-auth-algorithm", "9.1.3", DeviceBinding, Essential,
        "The protected header of the device authentication names an algorithm of the standard.";
    DeviceAuthPayload, "device-auth-payload", "9.1.3", DeviceBinding, Standard,
        "The payload of the device authentication is detached.";
    ReaderKey, "reader-key", "9.1.3.5", DeviceBinding, Essential,
        "For a device MAC: the reader's ephemeral key is known and on the curve of the device key.";
    DeviceAuthentication, "device-authentication", "9.1.3", DeviceBinding, Essential,
        "The device key authenticated this document for the session transcript of this session.";
    KeyAuthorizations, "key-authorizations", "9.1.2.4", DeviceBinding, Essential,
        "The MSO authorises the device key for every device-signed element.";
    DeviceSignedLicence, "device-signed-licence", "7.2.1", DeviceBinding, IssuerDuty,
        "No element of the licence's own name space is device-signed.";
    StatusMechanism, "status-mechanism", "12.3.6 (second edition)", Revocation, Essential,
        "The MSO names at most one of status list and identifier list.";
    StatusReference, "status-reference", "12.3.6 (second edition)", Revocation, Essential,
        "The list that the MSO names says that it is not revoked.";
}

impl std::fmt::Display for CheckId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_kebab_case() {
        let mut seen = std::collections::HashSet::new();
        for check in CheckId::ALL {
            assert!(seen.insert(check.id()), "{} twice", check.id());
            assert!(
                check
                    .id()
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            );
        }
    }
}
