//! What a document signer's key refuses to sign: everything that a strict reader would not accept.
//!
//! The rules see the very bytes that will be signed, and judge them as the reader of `mdl-reader` judges an
//! `IssuerSigned` that has them: under its strict policy, with a placeholder where the signature will be. Exactly one
//! check may then fail, the one on that signature.
//!
//! A batch is read as far as its documents can differ: the first of its kind in full, and of each copy of it what is its
//! own. What makes a document a copy, and why no more need be read of it, stands in `original.rs`.

use std::fmt;

use ciborium::Value;
use mdl_crypto::Curve;
use mdl_iaca::path::{PathCache, Role};
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_mdoc::MDL_NAME_SPACE;
use mdl_mdoc::cbor::{Checker, DecodeError, DecodeErrorKind, Limits, Reader};
use mdl_mdoc::issuer_signed::{IssuerSigned, decode_issuer_signed};
use mdl_mdoc::mso::MobileSecurityObject;
use mdl_reader::{
    CheckId, Conditions, DecodedIssuerSigned, Outcome, Policy, Report, Session, Verifier,
};
use mdl_signer::{Proposal, RuleViolation, Rules, SignedFacts};

use super::licence_end;
use super::original::{Original, Originals};

/// Heads of the maps in front of an `IssuerSigned` without and with elements.
const MAP_OF_ONE: u8 = 0xa1;
const MAP_OF_TWO: u8 = 0xa2;

/// The strict reader's rules for what one document signer signs.
pub struct StrictReader {
    verifier: Verifier,
    /// Holds the document signer's path, examined once. What depends on the time is evaluated for every document.
    paths: PathCache,
    document_signer: Vec<u8>,
    curve: Curve,
}

impl StrictReader {
    /// Rules for a document signer's certificate (DER) below the authority's root.
    pub fn new(iaca: TrustAnchor, document_signer: &[u8], curve: Curve) -> Self {
        let anchors = TrustAnchors::new([iaca]);
        let mut paths = PathCache::new(1);
        paths.examine(&anchors, &[document_signer], Role::DocumentSigner);
        Self {
            verifier: Verifier::new(anchors).with_policy(Policy::Strict),
            paths,
            document_signer: document_signer.to_vec(),
            curve,
        }
    }

    /// The `IssuerSigned` that the proposal will become, with zeros for the signature.
    fn preview(&self, proposal: &Proposal<'_>) -> Result<Vec<u8>, RuleViolation> {
        let (protected, payload) = parts(proposal.to_be_signed)
            .map_err(|error| RuleViolation::new("sig-structure").because(error))?;
        let issuer_auth = Value::Array(vec![
            Value::Bytes(protected.to_vec()),
            Value::Map(vec![(
                Value::from(33),
                Value::Bytes(self.document_signer.clone()),
            )]),
            Value::Bytes(payload.to_vec()),
            Value::Bytes(vec![0; self.curve.signature_len()]),
        ]);
        let mut preview =
            Vec::with_capacity(proposal.to_be_signed.len() + proposal.name_spaces.len() + 2048);
        if proposal.name_spaces.is_empty() {
            preview.push(MAP_OF_ONE);
        } else {
            preview.push(MAP_OF_TWO);
            append(&mut preview, &"nameSpaces".into())?;
            preview.extend_from_slice(proposal.name_spaces);
        }
        append(&mut preview, &"issuerAuth".into())?;
        append(&mut preview, &issuer_auth)?;
        Ok(preview)
    }
}

fn append(encoded: &mut Vec<u8>, value: &Value) -> Result<(), RuleViolation> {
    ciborium::into_writer(value, encoded)
        .map_err(|error| RuleViolation::new(CheckId::Structure.id()).because(error))
}

impl StrictReader {
    /// Reads the proposal as the reader would. What `note` keeps of the payload and of the object in it comes back
    /// if nothing is wrong with the whole.
    fn read<T>(
        &self,
        proposal: &Proposal<'_>,
        note: impl FnOnce(&[u8], &MobileSecurityObject<'_>) -> T,
    ) -> Result<(SignedFacts, T), RuleViolation> {
        let preview = self.preview(proposal)?;
        let unreadable = |error| RuleViolation::new(CheckId::Structure.id()).because(error);
        let (issuer_signed, mut checker) =
            decode_issuer_signed(&preview, &Limits::DEFAULT).map_err(unreadable)?;
        let decoded = DecodedIssuerSigned::new(issuer_signed, &mut checker);
        let mso = decoded
            .mso()
            .map_err(|error| RuleViolation::new(CheckId::Mso.id()).because(error))?
            .ok_or(RuleViolation::new(CheckId::IssuerAuthPayload.id()))?;
        let facts = facts(decoded.issuer_signed(), mso)?;
        let payload = decoded.issuer_signed().issuer_auth.payload;
        let noted = note(payload.unwrap_or_default(), mso);
        let conditions = Conditions::new(facts.valid_from, Session::Static);
        // A copy, because documents are signed side by side.
        let mut paths = self.paths.clone();
        refuse_failures(&self.verifier.verify_decoded_issuer_signed(
            decoded,
            &checker,
            &conditions,
            &mut paths,
        ))?;
        Ok((facts, noted))
    }
}

impl Rules for StrictReader {
    fn examine(&self, proposal: &Proposal<'_>) -> Result<SignedFacts, RuleViolation> {
        self.read(proposal, |_, _| ()).map(|(facts, ())| facts)
    }

    /// What is a copy of one that was read in full is read as far as it differs from that; anything else is read in full
    /// too, and may have copies itself. A batch with positions in several status lists has an original for each list.
    fn examine_batch(&self, proposals: &[Proposal<'_>]) -> Result<Vec<SignedFacts>, RuleViolation> {
        let mut examined = Vec::with_capacity(proposals.len());
        let mut originals = Originals::default();
        for proposal in proposals {
            if let Some(facts) = originals.facts_of_copy(proposal) {
                examined.push(facts);
                continue;
            }
            let (facts, original) = self.read(proposal, |payload, mso| {
                Original::new(*proposal, payload, mso)
            })?;
            examined.push(facts);
            originals.extend(original, facts);
        }
        Ok(examined)
    }
}

impl fmt::Debug for StrictReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StrictReader")
            .field("curve", &self.curve)
            .finish_non_exhaustive()
    }
}

/// Protected header and payload of a `Sig_structure`: `["Signature1", protected, external_aad, payload]`.
fn parts(to_be_signed: &[u8]) -> Result<(&[u8], &[u8]), DecodeError> {
    Checker::new(to_be_signed, &Limits::DEFAULT)?;
    let mut reader = Reader::new(to_be_signed, 0);
    let entries = reader.array_of(4, "Sig_structure")?;
    let wrong = |reader: &Reader<'_>, member, rule| {
        reader.error(DecodeErrorKind::OutOfRange { member, rule })
    };
    if reader.text("context")? != "Signature1" {
        return Err(wrong(&reader, "context", "not Signature1"));
    }
    let protected = reader.bytes("protected header")?;
    if !reader.bytes("external_aad")?.is_empty() {
        return Err(wrong(&reader, "external_aad", "not empty"));
    }
    let payload = reader.bytes("payload")?;
    reader.leave(entries, "Sig_structure")?;
    Ok((protected, payload))
}

fn facts(
    document: &IssuerSigned<'_>,
    mso: &MobileSecurityObject<'_>,
) -> Result<SignedFacts, RuleViolation> {
    let mut licence_expiry = None;
    for (name_space, items) in &document.name_spaces {
        for item in items {
            if *name_space == MDL_NAME_SPACE && item.element_identifier == "expiry_date" {
                let text = item.element_value.as_text().unwrap_or_default();
                let unreadable = || RuleViolation::new(CheckId::ElementValues.id());
                licence_expiry = Some(licence_end::end_of(text).ok_or_else(unreadable)?);
            }
        }
    }
    Ok(SignedFacts {
        signed: mso.validity_info.signed.time,
        valid_from: mso.validity_info.valid_from.time,
        valid_until: mso.validity_info.valid_until.time,
        licence_expiry,
    })
}

/// The first check that a strict reader fails, other than on the signature that is not there yet.
fn refuse_failures(report: &Report<'_>) -> Result<(), RuleViolation> {
    let of_documents = report
        .documents()
        .iter()
        .flat_map(|document| document.checks());
    let mut failed = report
        .checks()
        .iter()
        .chain(of_documents)
        .filter(|check| check.outcome == Outcome::Fail);
    match failed.find(|check| check.id != CheckId::IssuerSignature) {
        None if report.documents().len() == 1 => Ok(()),
        None => Err(RuleViolation::new(CheckId::DocumentsPresent.id())),
        Some(check) => {
            let violation = RuleViolation::new(check.id.id());
            Err(match &check.cause {
                Some(cause) => violation.because(cause.clone()),
                None => violation,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use mdl_crypto::{HashAlgorithm, PrivateKey};
    use mdl_iaca::profile::{
        Contact, DistinguishedName, DocumentSignerProfile, IacaProfile, Issuer, SerialNumber,
    };
    use mdl_mdoc::builder::{ElementSet, MdocBuilder, UnsignedMdoc, Validity};
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;
    use time::macros::datetime;
    use time::{Duration, OffsetDateTime};

    use super::*;

    const AT: OffsetDateTime = datetime!(2026-06-15 00:00 UTC);

    struct Authority {
        iaca: Vec<u8>,
        document_signer: Vec<u8>,
        key: PrivateKey,
        rng: ChaCha20Rng,
    }

    impl Authority {
        fn new() -> Self {
            let mut rng = ChaCha20Rng::seed_from_u64(5);
            let iaca_key = PrivateKey::generate(Curve::P256, &mut rng);
            let key = PrivateKey::generate(Curve::P256, &mut rng);
            let validity = |days| mdl_iaca::profile::Validity::days(AT, days).unwrap();
            let (crl, contact) = ("https://dmv.example/crl", Contact::email("a@dmv.example"));
            let name = DistinguishedName::new("IACA").country("US").state("US-CA");
            let root = IacaProfile::new(
                iaca_key.public_key().clone(),
                name,
                validity(3650),
                contact,
                crl,
            );
            let unsigned = root.build(&SerialNumber::random(&mut rng)).unwrap();
            let signature = iaca_key.sign(unsigned.to_be_signed());
            let iaca = unsigned.attach(&signature).unwrap().into_der();
            let issuer = Issuer::from_certificate(&iaca).unwrap();
            let name = DistinguishedName::new("DS");
            let profile = DocumentSignerProfile::new(
                &issuer,
                key.public_key().clone(),
                name,
                validity(457),
                crl,
            );
            let unsigned = profile.build(&SerialNumber::random(&mut rng)).unwrap();
            let signature = iaca_key.sign(unsigned.to_be_signed());
            let document_signer = unsigned.attach(&signature).unwrap().into_der();
            Self {
                iaca,
                document_signer,
                key,
                rng,
            }
        }

        fn rules(&self) -> StrictReader {
            let anchor = TrustAnchor::from_der(&self.iaca).unwrap();
            StrictReader::new(anchor, &self.document_signer, Curve::P256)
        }

        /// A document with one element, valid from `AT` for some days.
        fn unsigned(
            &mut self,
            identifier: &str,
            value: impl Into<Value>,
            days: i64,
        ) -> UnsignedMdoc {
            let mut elements = ElementSet::new();
            elements.add(MDL_NAME_SPACE, identifier, value).unwrap();
            let validity = Validity::new(AT, AT, AT + Duration::days(days)).unwrap();
            MdocBuilder::new(
                mdl_mdoc::MDL_DOC_TYPE,
                &elements,
                self.key.public_key(),
                validity,
            )
            .digest_algorithm(HashAlgorithm::Sha256)
            .build(self.key.public_key().curve().algorithm(), &mut self.rng)
            .unwrap()
        }
    }

    fn full_date(text: &str) -> Value {
        Value::Tag(1004, Box::new(text.into()))
    }

    #[test]
    fn a_sound_document_may_be_signed_and_its_facts_are_read_from_it() {
        let mut authority = Authority::new();
        let unsigned = authority.unsigned("expiry_date", full_date("2030-02-28"), 30);
        let proposal = Proposal::new(unsigned.to_be_signed(), unsigned.name_spaces());
        let facts = authority.rules().examine(&proposal).unwrap();
        assert_eq!((facts.signed, facts.valid_from), (AT, AT));
        assert_eq!(facts.valid_until, AT + Duration::days(30));
        assert_eq!(
            facts.licence_expiry,
            Some(datetime!(2030-02-28 23:59:59 UTC))
        );
    }

    #[test]
    fn what_a_strict_reader_rejects_is_refused_with_the_id_of_its_check() {
        let mut authority = Authority::new();
        let long = authority.unsigned("sex", 1, 458);
        let wrong_type = authority.unsigned("sex", "female", 30);
        let other_country = authority.unsigned("issuing_country", "DE", 30);
        for (unsigned, rule) in [
            (long, "mso-outlives-ds"),
            (wrong_type, "element-values"),
            (other_country, "issuing-country"),
        ] {
            let proposal = Proposal::new(unsigned.to_be_signed(), unsigned.name_spaces());
            let violation = authority.rules().examine(&proposal).unwrap_err();
            assert_eq!(violation.rule(), rule);
        }
    }

    #[test]
    fn every_document_of_a_batch_is_examined() {
        let mut authority = Authority::new();
        let good = ["2030-02-28", "2030-02-28", "2031-02-28", "2030-02-28"]
            .map(|date| authority.unsigned("expiry_date", full_date(date), 30));
        let proposal = |unsigned| {
            let unsigned: &UnsignedMdoc = unsigned;
            Proposal::new(unsigned.to_be_signed(), unsigned.name_spaces()).out_of(unsigned)
        };
        let proposals: Vec<_> = good.iter().map(proposal).collect();
        let rules = authority.rules();
        let facts = rules.examine_batch(&proposals).unwrap();
        let alone = proposals.iter().map(|proposal| rules.examine(proposal));
        assert_eq!(facts, alone.map(Result::unwrap).collect::<Vec<_>>());
        assert_ne!(facts[0], facts[2]);

        let other_country = authority.unsigned("issuing_country", "DE", 30);
        let long = authority.unsigned("expiry_date", full_date("2030-02-28"), 458);
        let swapped = Proposal::new(good[1].to_be_signed(), good[0].name_spaces());
        for (bad, rules_broken) in [
            (proposal(&other_country), ["issuing-country"; 2]),
            (proposal(&long), ["mso-outlives-ds"; 2]),
            (swapped, ["value-digest", "value-digest-present"]),
            (
                swapped.out_of(&good[1]),
                ["value-digest", "value-digest-present"],
            ),
        ] {
            let batch = [proposals[0], proposals[1], bad];
            let violation = rules.examine_batch(&batch).unwrap_err();
            assert!(rules_broken.contains(&violation.rule()), "{violation}");
        }
    }

    #[test]
    fn elements_other_than_those_digested_are_refused() {
        let mut authority = Authority::new();
        let (signed, other) = (
            authority.unsigned("sex", 1, 30),
            authority.unsigned("sex", 2, 30),
        );
        let swapped = Proposal::new(signed.to_be_signed(), other.name_spaces());
        // Digest identifiers are shuffled, so that another document's may be known here or not.
        let rule = authority.rules().examine(&swapped).unwrap_err().rule();
        assert!(
            ["value-digest", "value-digest-present"].contains(&rule),
            "{rule}"
        );
        let without = Proposal::new(signed.to_be_signed(), &[]);
        assert!(
            authority.rules().examine(&without).is_ok(),
            "digests alone are a document too"
        );
    }

    #[test]
    fn bytes_that_are_no_document_are_refused() {
        let mut authority = Authority::new();
        let unsigned = authority.unsigned("sex", 1, 30);
        let (message, elements) = (unsigned.to_be_signed(), unsigned.name_spaces());
        let cases: [(&[u8], &[u8]); 5] = [
            (b"", elements),
            (b"TBSCertificate", elements),
            (&message[..message.len() - 1], elements),
            (message, &[0xff]),
            (message, &[0xa0, 0xa0]),
        ];
        for (to_be_signed, name_spaces) in cases {
            let proposal = Proposal::new(to_be_signed, name_spaces);
            authority.rules().examine(&proposal).unwrap_err();
        }
    }

    #[test]
    fn another_context_than_a_signature_is_refused() {
        let mut authority = Authority::new();
        let unsigned = authority.unsigned("sex", 1, 30);
        let mut message = unsigned.to_be_signed().to_vec();
        // 84 6a "Signature1" becomes a countersignature's context of the same length.
        message[2..12].copy_from_slice(b"CounterSig");
        let proposal = Proposal::new(&message, unsigned.name_spaces());
        assert_eq!(
            authority.rules().examine(&proposal).unwrap_err().rule(),
            "sig-structure"
        );
    }

    #[test]
    fn a_document_signer_of_another_authority_is_refused() {
        let mut authority = Authority::new();
        let unsigned = authority.unsigned("sex", 1, 30);
        let mut other = Authority::new();
        let stranger = PrivateKey::generate(Curve::P256, &mut other.rng);
        let issuer_key = stranger.public_key().clone();
        let name = DistinguishedName::new("IACA").country("US").state("US-CA");
        let validity = mdl_iaca::profile::Validity::days(AT, 3650).unwrap();
        let contact = Contact::email("a@dmv.example");
        let root = IacaProfile::new(
            issuer_key,
            name,
            validity,
            contact,
            "https://dmv.example/crl",
        );
        let root = root.build(&SerialNumber::random(&mut other.rng)).unwrap();
        let signature = stranger.sign(root.to_be_signed());
        let anchor = TrustAnchor::from_der(root.attach(&signature).unwrap().as_der()).unwrap();
        let rules = StrictReader::new(anchor, &authority.document_signer, Curve::P256);
        let proposal = Proposal::new(unsigned.to_be_signed(), unsigned.name_spaces());
        rules.examine(&proposal).unwrap_err();
    }
}
