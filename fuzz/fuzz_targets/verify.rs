//! Verification of whatever calls itself a DeviceResponse or IssuerSigned, with anchor, time and session of the seeds.
//!
//! Nobody who fuzzes has the document signer's key: whatever is verified must be what it signed.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::session_transcript::SessionTranscript;
use mdl_reader::{Conditions, Policy, Session, Verdict, VerifiedDocument, Verifier};
use time::{Duration, OffsetDateTime};

struct Reader {
    verifiers: Vec<Verifier>,
    transcript: SessionTranscript,
    key: PrivateKey,
}

static READER: LazyLock<Reader> = LazyLock::new(|| {
    let anchor = TrustAnchor::from_der(include_bytes!("../seeds/certificate/iaca-root"));
    let anchors = TrustAnchors::new([anchor.expect("the seed is a certificate")]);
    let transcript = include_bytes!("../seeds/session_transcript/proximity").to_vec();
    let key = PrivateKey::from_scalar(Curve::P256, &[0x11; 32]);
    Reader {
        verifiers: [Policy::Strict, Policy::Iso, Policy::Interop]
            .map(|policy| Verifier::new(anchors.clone()).with_policy(policy))
            .to_vec(),
        transcript: SessionTranscript::from_bytes(transcript, &Limits::default())
            .expect("the seed is a transcript"),
        key: key.expect("a number below the order of the group"),
    }
});

fuzz_target!(|data: &[u8]| {
    let at = OffsetDateTime::UNIX_EPOCH + Duration::days(20_001);
    let session = Session::Device {
        transcript: &READER.transcript,
        reader_key: Some(&READER.key),
    };
    for verifier in &READER.verifiers {
        let report = verifier.verify(data, &Conditions::new(at, session));
        let verified = (0..report.documents().len()).filter_map(|index| report.verified(index));
        verified.for_each(|document| expect_what_was_signed(&document));
        if report.verdict() == Verdict::Valid {
            assert!(
                report.failures().next().is_none(),
                "valid, and a check failed"
            );
        }
        let report = verifier.verify_issuer_signed(data, &Conditions::new(at, Session::Static));
        if let Some(document) = report.verified(0) {
            expect_what_was_signed(&document);
        }
    }
});

fn expect_what_was_signed(document: &VerifiedDocument<'_>) {
    for (name_space, identifier, value) in document.elements() {
        assert_eq!(name_space, "org.iso.18013.5.1");
        match identifier {
            "family_name" => assert_eq!(value.as_text(), Some("Mustermann")),
            "birth_date" => assert_eq!(value.as_text(), Some("1990-01-02")),
            other => panic!("nobody signed {other}"),
        }
    }
    for (name_space, identifier, value) in document.device_signed_elements() {
        assert_eq!((name_space, identifier), ("org.example.device", "height"));
        assert_eq!(value.as_bytes(), [0x18, 170]);
    }
}
