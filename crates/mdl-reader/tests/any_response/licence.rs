//! A licence made by the builders, and the wallet and reader that exchange it.

use std::sync::OnceLock;

use ciborium::Value;
use mdl_crypto::{Algorithm, Curve, PrivateKey};
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_mdoc::MDL_NAME_SPACE;
use mdl_mdoc::builder::{Decoys, ElementSet, Granularity, MdocBuilder, Validity};
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::cose::encode_cose_key;
use mdl_mdoc::issuer_signed::decode_issuer_signed;
use mdl_mdoc::presentation::Presentation;
use mdl_mdoc::session_transcript::{Handover, SessionTranscript};
use mdl_reader::{Conditions, Policy, Report, Session, Verifier};
use time::Duration;

use crate::authority::{Authority, MDL, NOW, key, rng};

pub(crate) const DOMESTIC: &str = "org.iso.18013.5.1.aamva";

/// Every element of the licence.
pub(crate) const ELEMENTS: [(&str, &str); 8] = [
    (MDL_NAME_SPACE, "family_name"),
    (MDL_NAME_SPACE, "given_name"),
    (MDL_NAME_SPACE, "birth_date"),
    (MDL_NAME_SPACE, "issuing_country"),
    (MDL_NAME_SPACE, "issuing_jurisdiction"),
    (MDL_NAME_SPACE, "age_over_18"),
    (DOMESTIC, "DHS_compliance"),
    (DOMESTIC, "domestic_driving_privileges"),
];

/// Issued once for all tests.
pub(crate) struct Licence {
    pub(crate) issuer_signed: Vec<u8>,
    pub(crate) device_key: PrivateKey,
    pub(crate) reader_key: PrivateKey,
    pub(crate) transcript: SessionTranscript,
    pub(crate) verifier: Verifier,
}

pub(crate) fn licence() -> &'static Licence {
    static LICENCE: OnceLock<Licence> = OnceLock::new();
    LICENCE.get_or_init(Licence::issue)
}

impl Licence {
    fn issue() -> Self {
        let authority = Authority::new(Curve::P256);
        let (signer, device_key) = (key(Curve::P256, 2), key(Curve::P256, 3));
        let reader_key = key(Curve::P256, 4);
        let date = |text: &str| Value::Tag(1004, Box::new(text.into()));
        let mut elements = ElementSet::new();
        for (name_space, identifier) in ELEMENTS {
            let value = match identifier {
                "birth_date" => date("1990-01-02"),
                "issuing_country" => "UT".into(),
                "issuing_jurisdiction" => "UT-01".into(),
                "age_over_18" => true.into(),
                "domestic_driving_privileges" => Value::Array(Vec::new()),
                _ => "Mustermann".into(),
            };
            elements.add(name_space, identifier, value).unwrap();
        }
        let validity = Validity::coarse(NOW, Duration::days(30), Granularity::Day).unwrap();
        let unsigned = MdocBuilder::new(MDL, &elements, device_key.public_key(), validity)
            .decoys(Decoys::None)
            .salt_len(16)
            .build(Algorithm::Es256, &mut rng(5))
            .unwrap();
        let signature = signer.sign_deterministic(unsigned.to_be_signed());
        let certificate = authority.document_signer(&signer);
        let issuer_signed = unsigned
            .attach(&signature, signer.public_key(), &[&certificate])
            .unwrap();
        let anchor = TrustAnchor::from_der(&authority.certificate).unwrap();
        Self {
            issuer_signed,
            transcript: SessionTranscript::proximity(
                &[0xa0],
                &encode_cose_key(reader_key.public_key()),
                Handover::Qr,
            ),
            device_key,
            reader_key,
            verifier: Verifier::new(TrustAnchors::new([anchor])),
        }
    }

    /// A document that discloses these elements, authenticated by a MAC or a signature.
    pub(crate) fn document(&self, disclosed: &[(&str, &str)], by_mac: bool) -> Vec<u8> {
        let (issuer_signed, _) =
            decode_issuer_signed(&self.issuer_signed, &Limits::DEFAULT).unwrap();
        let mut presentation = Presentation::new(MDL, &issuer_signed);
        for (name_space, identifier) in disclosed {
            presentation.disclose(name_space, identifier).unwrap();
        }
        let unauthenticated = presentation.prepare(&self.transcript);
        if by_mac {
            let public = self.reader_key.public_key();
            let shared = self.device_key.diffie_hellman(public).unwrap();
            return unauthenticated.attach_mac(&shared, &self.transcript);
        }
        let algorithm = Algorithm::Es256;
        let signature = self
            .device_key
            .sign_deterministic(&unauthenticated.to_be_signed(algorithm));
        let public = self.device_key.public_key();
        unauthenticated
            .attach_signature(algorithm, &signature, public)
            .unwrap()
    }

    pub(crate) fn verify<'r>(&self, response: &'r [u8], policy: Policy) -> Report<'r> {
        let verifier = self.verifier.clone().with_policy(policy);
        verifier.verify(response, &Conditions::new(NOW, self.session()))
    }

    pub(crate) fn session(&self) -> Session<'_> {
        Session::Device {
            transcript: &self.transcript,
            reader_key: Some(&self.reader_key),
        }
    }
}

/// What a report gives out: every verified element of every document, with its encoded value.
pub(crate) fn given_out(report: &Report<'_>) -> Vec<(String, String, Vec<u8>)> {
    (0..report.documents().len())
        .filter_map(|index| report.verified(index))
        .flat_map(|document| {
            let device_signed = document.device_signed_elements();
            let elements = document.elements().chain(device_signed);
            let owned = |(name_space, identifier, value): (
                &str,
                &str,
                mdl_mdoc::issuer_signed::ElementValue<'_>,
            )| {
                (
                    name_space.to_owned(),
                    identifier.to_owned(),
                    value.as_bytes().to_vec(),
                )
            };
            elements.map(owned).collect::<Vec<_>>()
        })
        .collect()
}
