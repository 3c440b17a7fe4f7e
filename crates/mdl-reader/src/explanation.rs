//! What it means for the person who decides when a check does not hold. A table of its own: [`CheckId`] says what a
//! check establishes, this what follows if it could not be.

use crate::CheckId;

impl CheckId {
    /// What it means when the check does not hold, for the person who decides, in a sentence or two.
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Cbor => {
                "The data is damaged, cut short or made to confuse a reader. Ask for it again."
            }
            Self::CborEncoding => {
                "The data is written in a wasteful form that the standard does not allow. It still means the same."
            }
            Self::Structure => {
                "The data is not the answer of a wallet to a reader. Ask for it again, or with another app."
            }
            Self::ResponseVersion => {
                "The wallet speaks a version of the protocol that this reader does not know."
            }
            Self::ResponseStatus => "The wallet says that it could not answer the request.",
            Self::DocumentsPresent => {
                "The wallet returned no document: the holder declined, or has none of this kind."
            }
            Self::RequestedDocType => {
                "The wallet returned another kind of document than the one asked for."
            }
            Self::IssuerAuthHeaders => {
                "The issuer's signature says the same thing twice, in a protected and an unprotected place. Which of the \
                 two holds cannot be known."
            }
            Self::IssuerAuthCritical => {
                "The issuer's signature demands something that this reader does not understand."
            }
            Self::IssuerAuthAlgorithm => {
                "The issuer's signature is of a kind that the standard does not allow, or does not protect its kind."
            }
            Self::IssuerAuthPayload => {
                "The issuer's signature comes without what it signs, so nothing can be checked."
            }
            Self::X5chain => {
                "The certificate of the signer is missing or unreadable, so nobody can say who issued the document."
            }
            Self::X5chainForm => {
                "The signer's certificate is in a place or form that the standard does not provide for."
            }
            Self::DsAlgorithm => {
                "The signer's certificate is signed in a way that the standard does not allow."
            }
            Self::DsPublicKey => {
                "The signer's key is unusable, or of a kind that the standard does not allow."
            }
            Self::TrustAnchor => {
                "No authority that this reader trusts issued the document. It may be genuine, from an authority that is \
                 not on the list, or made by anybody."
            }
            Self::DsSignature => {
                "The certificate claims to come from a trusted authority, and that authority did not sign it. Treat the \
                 document as forged."
            }
            Self::DsValidity => "The certificate of the signer has expired or is not valid yet.",
            Self::IacaValidity => {
                "The certificate of the authority has expired or is not valid yet."
            }
            Self::DsRevocation => {
                "The authority revoked the certificate of the signer, or it could not be found out whether it did."
            }
            Self::DsKeyUsage => {
                "The certificate was not made for signing, so it cannot vouch for a document."
            }
            Self::DsExtendedKeyUsage => {
                "The certificate was made for another purpose than signing mobile licences, so it cannot vouch for one."
            }
            Self::DsCriticalExtensions => {
                "The certificate carries a condition that this reader does not understand and must not ignore."
            }
            Self::DsCountry => {
                "The signer claims another country than the authority that certified it."
            }
            Self::DsState => {
                "The signer claims another state or province than the authority that certified it."
            }
            Self::PathLength => {
                "Somebody stands between the authority and the signer. The standard allows nobody there."
            }
            Self::DsNotCa => {
                "The certificate could itself certify others. A signer of documents must not."
            }
            Self::IacaProfile => {
                "The trusted certificate is not that of an issuing authority. Check the list of trust."
            }
            Self::DsProhibitedExtensions => {
                "The certificate carries a condition that the standard prohibits there."
            }
            Self::AnchorDocType => "The authority is trusted, but not for this kind of document.",
            Self::AnchorRegion => {
                "The authority is trusted, but not for the country or state that the signer names."
            }
            Self::DsProfile => "The certificate deviates from what the standard asks of issuers.",
            Self::IssuerSignature => {
                "The issuer did not sign this document, or it was changed afterwards. Treat it as forged."
            }
            Self::Mso => "What the issuer signed is not the security object of a mobile document.",
            Self::MsoVersion => {
                "The issuer's security object is of a version that this reader does not know."
            }
            Self::DigestAlgorithm => {
                "The issuer's security object uses a digest that the standard does not have."
            }
            Self::DeviceKey => {
                "The key of the holder's device is unusable, so the device cannot prove that it is the one."
            }
            Self::DocType => {
                "The document claims to be of another kind than the one that the issuer signed."
            }
            Self::ValueDigestPresent => {
                "An element was added that the issuer never signed. Treat the document as forged."
            }
            Self::ValueDigest => {
                "An element was changed after the issuer signed it. Treat the document as forged."
            }
            Self::DigestIdUnique => {
                "Two elements claim the same digest, so at most one of them is what the issuer signed."
            }
            Self::ElementUnique => {
                "The same element comes twice. Which of the two holds cannot be known."
            }
            Self::DigestIdRange => {
                "The issuer numbered its digests beyond what the standard allows."
            }
            Self::SaltLength => {
                "The issuer hid its elements with too little randomness: those that were not shown could be guessed."
            }
            Self::SignedInDsValidity => {
                "The document was signed at a time when the signer's certificate was not valid."
            }
            Self::ValidFrom => "The document is not valid yet.",
            Self::ValidUntil => {
                "The document has expired. The wallet should fetch a new one; the licence itself may still be good."
            }
            Self::ValidityOrder => "The times of the document contradict each other.",
            Self::MsoOutlivesDs => {
                "The document claims to be valid for longer than the certificate of its signer."
            }
            Self::TDateForm => {
                "The times of the document are written in a form that the standard does not allow."
            }
            Self::ExpectedUpdate => {
                "The issuer meant to have updated the document by now: it may be out of date."
            }
            Self::IssuingCountry => {
                "The licence names another country than the certificate that signed it."
            }
            Self::IssuingJurisdiction => {
                "The licence names another state or province than the certificate that signed it."
            }
            Self::ElementValues => "An element has not the form that the standard gives it.",
            Self::LicenceExpiry => {
                "The licence itself has expired, though the mobile document is in order."
            }
            Self::DeviceAuthPresent => {
                "The device did not prove that it is the one the document was issued to: it could be a copy."
            }
            Self::DeviceAuthSingle => {
                "The device proved itself in two ways at once, where the standard wants one."
            }
            Self::DeviceAuthHeaders => {
                "The device's proof says the same thing twice, in a protected and an unprotected place. Which of the two \
                 holds cannot be known."
            }
            Self::DeviceAuthCritical => {
                "The device's proof demands something that this reader does not understand."
            }
            Self::DeviceAuthAlgorithm => {
                "The device's proof is of a kind that the standard does not allow, or does not protect its kind."
            }
            Self::DeviceAuthPayload => {
                "The device sent along what it signed. Only what this reader knows itself counts."
            }
            Self::ReaderKey => {
                "The device's proof needs this reader's key of the session, which is missing or of another kind."
            }
            Self::DeviceAuthentication => {
                "The device did not prove that it is the one the document was issued to, in this session: a copy, or a \
                 recording of another session."
            }
            Self::KeyAuthorizations => {
                "The device vouches for an element that the issuer does not let it vouch for."
            }
            Self::DeviceSignedLicence => {
                "The device vouches for an element of the licence, which only the issuer should."
            }
            Self::StatusMechanism => {
                "The document names two places for its status. Which of the two holds cannot be known."
            }
            Self::StatusReference => {
                "The issuer revoked or suspended the document, or it could not be found out whether it did."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explanations_are_sentences_and_no_two_are_the_same() {
        let mut seen = std::collections::HashSet::new();
        for check in CheckId::ALL {
            let text = check.explanation();
            assert!(seen.insert(text), "{check}: the same as another");
            assert!(text.ends_with('.') && !text.contains("  "), "{check}");
            assert!((30..=200).contains(&text.len()), "{check}: {}", text.len());
        }
    }
}
