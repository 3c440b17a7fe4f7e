//! The crate isomdl beside ours: the same record issued, the same response verified, in interleaved rounds.
//!
//! Both go from element values in memory to the bytes of an `IssuerSigned`, and from the bytes of a `DeviceResponse`
//! to a verdict on issuer and device. What isomdl leaves out of that it is not charged for: it does not check the
//! signature it has just made, no element against its rules, and no digest of what it verifies. `issue_checked` is
//! isomdl's issuing with the one of these that costs most, done by the crypto crate that isomdl uses.

use std::collections::BTreeMap;
use std::hint::black_box;

use ciborium::Value;
use isomdl::cbor;
use isomdl::definitions::session::SessionTranscript;
use isomdl::definitions::x509::X5Chain;
use isomdl::definitions::x509::trust_anchor::{PemTrustAnchor, TrustAnchorRegistry, TrustPurpose};
use isomdl::definitions::{
    CoseKey, DeviceKeyInfo, DeviceResponse, DigestAlgorithm, EC2Curve, EC2Y, IssuerSigned,
    ValidityInfo,
};
use isomdl::issuance::Mdoc;
use isomdl::presentation::authentication::AuthenticationStatus;
use isomdl::presentation::reader::parse;
use isomdl::presentation::reader_utils::validate_response;
use mdl_benches::cpu_time::{interleaved, median, median_ratio};
use mdl_benches::licence;
use mdl_benches::operation::{Bench, Operation};
use mdl_benches::raw::BACKEND;
use mdl_benches::refusal::refuse_altered;
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

const DOC_TYPE: &str = "org.iso.18013.5.1.mDL";
const NAME_SPACE: &str = "org.iso.18013.5.1";
const ROUNDS: usize = 21;

/// Ours, theirs, and how many times as fast ours has to be.
const TARGETS: [(&str, &str, f64); 5] = [
    ("issue/mdl30", "isomdl/issue", 4.5),
    ("issue/mdl30", "isomdl/issue_checked", 4.5),
    ("issue/mdl30_from_record", "isomdl/issue", 4.5),
    ("issue/mdl30_from_record", "isomdl/issue_checked", 4.5),
    ("verify/mdl30_full_chain", "isomdl/verify", 20.0),
];

/// A session transcript as it was given: isomdl's own type stops at QR and NFC.
#[derive(Clone, Deserialize, Serialize)]
#[serde(transparent)]
struct GivenTranscript(Value);

impl SessionTranscript for GivenTranscript {}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // isomdl has the time from the system and takes none from its caller.
    let bench = Bench::at(OffsetDateTime::now_utc().replace_nanosecond(0)?);
    refuse_altered(&bench)?;
    let names = [
        "issue/mdl30",
        "issue/mdl30_from_record",
        "isomdl/issue",
        "isomdl/issue_checked",
        "verify/mdl30_full_chain",
        "isomdl/verify",
    ];
    let mut operations: Vec<Operation<'_>> = Vec::new();
    for name in names {
        operations.push(match name {
            "isomdl/issue" => issue(&bench, false),
            "isomdl/issue_checked" => issue(&bench, true),
            "isomdl/verify" => verify(&bench)?,
            ours => bench.operation(ours),
        });
    }
    let samples = interleaved(&mut operations, ROUNDS);
    println!("ours on {BACKEND}, {ROUNDS} rounds, thread CPU time");
    for (name, samples) in names.iter().zip(&samples) {
        println!("{name:<30} {:>9.2} µs", median(samples) / 1000.0);
    }
    let find = |name| names.iter().position(|known| *known == name);
    for (ours, theirs, target) in TARGETS {
        if let (Some(at_ours), Some(at_theirs)) = (find(ours), find(theirs)) {
            let ratio = median_ratio(&samples[at_theirs], &samples[at_ours]);
            let verdict = if ratio >= target { "within" } else { "BELOW" };
            println!("{ratio:>6.1} = {theirs} / {ours}  P7: {verdict} {target}");
        }
    }
    Ok(())
}

fn issue(bench: &Bench, checked: bool) -> Operation<'_> {
    let public_key = bench.device_key.key.public_key();
    let device_key = CoseKey::EC2 {
        crv: EC2Curve::P256,
        x: public_key.x().to_vec(),
        y: EC2Y::Value(public_key.y().expect("two coordinates").to_vec()),
    };
    let chain = X5Chain::builder()
        .with_der_certificate(&bench.authority.ds)
        .and_then(|chain| chain.build())
        .expect("isomdl reads the certificate");
    let signer = SigningKey::from_slice(&bench.authority.ds_key.scalar).expect("a scalar");
    let verifying_key = *signer.verifying_key();
    let signed = OffsetDateTime::now_utc();
    Box::new(move || {
        let elements: BTreeMap<String, Value> = bench
            .record
            .elements()
            .into_iter()
            .map(|(identifier, value)| (identifier.to_owned(), value))
            .collect();
        let mdoc = Mdoc::builder()
            .doc_type(DOC_TYPE.to_owned())
            .namespaces(BTreeMap::from([(NAME_SPACE.to_owned(), elements)]))
            .validity_info(ValidityInfo {
                signed,
                valid_from: signed,
                valid_until: signed + Duration::days(30),
                expected_update: None,
            })
            .digest_algorithm(DigestAlgorithm::SHA256)
            .device_key_info(DeviceKeyInfo {
                device_key: device_key.clone(),
                key_authorizations: None,
                key_info: None,
            })
            .issue::<SigningKey, Signature>(chain.clone(), signer.clone())
            .expect("isomdl issues");
        let issuer_signed = IssuerSigned {
            namespaces: Some(mdoc.namespaces),
            issuer_auth: mdoc.issuer_auth,
        };
        if checked {
            let issuer_auth = &issuer_signed.issuer_auth;
            issuer_auth
                .verify::<VerifyingKey, Signature>(&verifying_key, None, None)
                .into_result()
                .expect("isomdl accepts its own signature");
        }
        black_box(cbor::to_vec(&issuer_signed).expect("isomdl encodes"));
    })
}

fn verify(bench: &Bench) -> Result<Operation<'_>, Box<dyn std::error::Error>> {
    let line_ending = pem_rfc7468::LineEnding::LF;
    let iaca = &bench.authority.iaca;
    let anchors = TrustAnchorRegistry::from_pem_certificates(vec![PemTrustAnchor {
        certificate_pem: pem_rfc7468::encode_string("CERTIFICATE", line_ending, iaca)
            .map_err(|error| error.to_string())?,
        purpose: TrustPurpose::Iaca,
    }])?;
    let transcript: GivenTranscript = cbor::from_slice(licence::transcript().as_bytes())?;
    Ok(Box::new(move || {
        let response: DeviceResponse =
            cbor::from_slice(black_box(&bench.response)).expect("isomdl decodes");
        let (document, x5chain, elements) = parse(&response).expect("isomdl reads");
        let document = document.clone();
        let outcome = validate_response(
            transcript.clone(),
            anchors.clone(),
            x5chain,
            document,
            elements,
        );
        assert_eq!(
            (outcome.issuer_authentication, outcome.device_authentication),
            (AuthenticationStatus::Valid, AuthenticationStatus::Valid),
            "{:?}",
            outcome.errors
        );
        black_box(outcome.response);
    }))
}
