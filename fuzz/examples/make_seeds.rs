//! Writes the seeds that are made by our own builders: `cargo run --manifest-path fuzz/Cargo.toml --example make_seeds`.
//!
//! Keys, salts and times are fixed, so the same code writes the same seeds. Small ones: a fuzzer cuts and joins.

use std::error::Error;
use std::fs;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use ciborium::Value;
use mdl_crypto::{Algorithm, Curve, PrivateKey};
use mdl_iaca::crl::CrlProfile;
use mdl_iaca::csr::UnsignedRequest;
use mdl_iaca::profile::{
    Contact, DistinguishedName, DocumentSignerProfile, IacaProfile, IssuedCertificate, Issuer,
    SerialNumber, UnsignedCertificate, Validity as CertificateValidity,
};
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_mdoc::builder::{Decoys, DeviceKeyAuthorizations, ElementSet, MdocBuilder, Validity};
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::cose::encode_cose_key;
use mdl_mdoc::device_engagement::{BleOptions, DeviceEngagement, RetrievalMethod};
use mdl_mdoc::device_request::{ReaderAuthForm, UnsignedDeviceRequest, UnsignedItemsRequest};
use mdl_mdoc::issuer_signed::decode_issuer_signed;
use mdl_mdoc::presentation::{Presentation, encode_device_response};
use mdl_mdoc::session::{SessionData, SessionEstablishment, SessionStatus};
use mdl_mdoc::session_transcript::{Handover, OnlineHandover, SessionTranscript};
use mdl_mdoc::status_list::{
    IdentifierList, RevocationList, StatusBits, StatusClaims, StatusList, UnsignedStatusCwt,
    UnsignedStatusJwt,
};
use mdl_mdoc::{MDL_DOC_TYPE, MDL_NAME_SPACE};
use mdl_reader::{Conditions, Session, Verdict, Verifier};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use time::{Duration, OffsetDateTime};

/// Device keys may not vouch for elements of the licence itself, so the device-signed element is elsewhere.
const DEVICE_NAME_SPACE: &str = "org.example.device";

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    for curve in [
        Curve::P256,
        Curve::P384,
        Curve::P521,
        Curve::BrainpoolP256r1,
        Curve::Ed25519,
    ] {
        let key = PrivateKey::generate(curve, &mut rng);
        seed("cose_key", curve.name(), &encode_cose_key(key.public_key()))?;
    }

    let document_signer = PrivateKey::generate(Curve::P256, &mut rng);
    let certificate = certificates(&document_signer, &mut rng)?;

    let device = PrivateKey::generate(Curve::P256, &mut rng);
    // The target `verify` has the same key.
    let reader = PrivateKey::from_scalar(Curve::P256, &[0x11; 32])?;
    let (mso, issuer_signed) = issue(&document_signer, &certificate, &device, &mut rng)?;
    seed("mso", "mso", &mso)?;
    seed("issuer_signed", "two-elements", &issuer_signed)?;

    let engagement = [0xa1, 0x00, 0x63, b'1', b'.', b'0'];
    let proximity = SessionTranscript::proximity(
        &engagement,
        &encode_cose_key(reader.public_key()),
        Handover::Qr,
    );
    let online = SessionTranscript::online(OnlineHandover::OpenId4VpDcApi {
        origin: "https://reader.example",
        nonce: "nonce",
        jwk_thumbprint: None,
    });
    seed("session_transcript", "proximity", proximity.as_bytes())?;
    seed("session_transcript", "online", online.as_bytes())?;
    session_messages(&reader)?;
    requests(&reader, &certificate, &proximity)?;
    seed(
        "ble",
        "begin-message-end",
        &[0, 1, 1, 1, 3, 1, 7, 7, 1, 2, 0, 7, 0, 1, 2],
    )?;
    seed(
        "ble",
        "notifications",
        &[2, 3, 1, 7, 7, 2, 2, 0, 7, 0, 1, 2],
    )?;

    let (decoded, _) = decode_issuer_signed(&issuer_signed, &Limits::default())?;
    let mut presentation = Presentation::new(MDL_DOC_TYPE, &decoded);
    presentation
        .disclose_all()?
        .add_device_signed(DEVICE_NAME_SPACE, "height", 170)?;
    let unsigned = presentation.prepare(&proximity);
    let signature = device.sign_deterministic(&unsigned.to_be_signed(Algorithm::Es256));
    let signed = unsigned.attach_signature(Algorithm::Es256, &signature, device.public_key())?;
    let signed = encode_device_response(&[signed], &[]);
    let shared = device.diffie_hellman(reader.public_key())?;
    let maced = presentation
        .prepare(&proximity)
        .attach_mac(&shared, &proximity);
    let maced = encode_device_response(&[maced], &["org.example"]);
    let anchor = TrustAnchor::from_der(&fs::read(folder("certificate").join("iaca-root"))?)?;
    let verifier = Verifier::new(TrustAnchors::new([anchor]));
    let session = Session::Device {
        transcript: &proximity,
        reader_key: Some(&reader),
    };
    for response in [&signed, &maced] {
        // A seed that is rejected early would leave most of the verifier to chance.
        let report = verifier.verify(response, &Conditions::new(moment(), session));
        assert_eq!(
            report.verdict(),
            Verdict::Valid,
            "{:?}",
            report.failures().collect::<Vec<_>>()
        );
    }
    for target in ["device_response", "verify"] {
        seed(target, "signature", &signed)?;
        seed(target, "mac-and-error", &maced)?;
    }
    status_tokens(&document_signer)
}

/// A token of each kind; who signed it is of no account to a decoder.
fn status_tokens(signer: &PrivateKey) -> Result {
    let mut list = StatusList::new(StatusBits::One, 256);
    list.set(9, 1)?;
    let claims = StatusClaims {
        subject: "https://a.example/1".to_owned(),
        issued_at: moment(),
        expires_at: Some(moment() + Duration::days(7)),
        ttl: NonZeroU64::new(43_200),
        list: RevocationList::Status(list.compress()),
    };
    let chain: &[&[u8]] = &[b"certificate"];
    let jwt = UnsignedStatusJwt::new(&claims, Algorithm::Es256, chain)?;
    let signature = signer.sign_deterministic(jwt.to_be_signed());
    let jwt = jwt.attach(&signature, signer.public_key())?;
    seed("status_token", "jwt", jwt.as_bytes())?;
    let identifiers = StatusClaims {
        list: RevocationList::Identifiers(IdentifierList {
            identifiers: [vec![7; 16]].into(),
            aggregation_uri: None,
        }),
        ..claims.clone()
    };
    for (name, claims) in [("cwt", claims), ("identifiers", identifiers)] {
        let cwt = UnsignedStatusCwt::new(&claims, Algorithm::Es256, chain)?;
        let signature = signer.sign_deterministic(cwt.to_be_signed());
        let cwt = cwt.attach(&signature, signer.public_key())?;
        seed("status_token", name, &cwt)?;
    }
    Ok(())
}

/// 4 October 2024.
fn moment() -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::days(20_000)
}

/// An IACA with a document signer, its request, and a CRL; returns the document signer's certificate.
fn certificates(document_signer: &PrivateKey, rng: &mut ChaCha20Rng) -> Result<Vec<u8>> {
    const CRL_URI: &str = "https://a.example/crl";
    let key = PrivateKey::generate(Curve::P256, rng);
    let name = DistinguishedName::new("IACA").country("UT").state("UT-01");
    let root = IacaProfile::new(
        key.public_key().clone(),
        name,
        CertificateValidity::days(moment(), 3000)?,
        Contact::email("a@a.example").and_uri("https://a.example"),
        CRL_URI,
    );
    let root = sign(root.build(&SerialNumber::random(rng))?, &key)?;
    seed("pem", "iaca-root", root.to_pem().as_bytes())?;
    let root = root.into_der();
    seed("certificate", "iaca-root", &root)?;

    let issuer = Issuer::from_certificate(&root)?;
    let signer = DocumentSignerProfile::new(
        &issuer,
        document_signer.public_key().clone(),
        DistinguishedName::new("DS"),
        CertificateValidity::days(moment(), 400)?,
        CRL_URI,
    );
    let serial = SerialNumber::random(rng);
    let signer = sign(signer.build(&serial)?, &key)?;
    seed("certificate", "document-signer", signer.as_der())?;

    let list = CrlProfile::new(&issuer, 1, moment(), moment() + Duration::days(30))?
        .revoke(serial, moment())
        .build()?;
    let signature = key.sign_deterministic(list.to_be_signed());
    seed("crl", "one-entry", list.attach(&signature)?.as_der())?;

    let request = UnsignedRequest::new(
        document_signer.public_key().clone(),
        &DistinguishedName::new("DS"),
    )?;
    let signature = document_signer.sign_deterministic(request.to_be_signed());
    seed(
        "csr",
        "document-signer",
        request.attach(&signature)?.as_der(),
    )?;
    Ok(signer.into_der())
}

fn sign(unsigned: UnsignedCertificate, key: &PrivateKey) -> Result<IssuedCertificate> {
    let signature = key.sign_deterministic(unsigned.to_be_signed());
    Ok(unsigned.attach(&signature)?)
}

/// `MobileSecurityObjectBytes` and the `IssuerSigned` around them.
fn issue(
    document_signer: &PrivateKey,
    certificate: &[u8],
    device: &PrivateKey,
    rng: &mut ChaCha20Rng,
) -> Result<(Vec<u8>, Vec<u8>)> {
    let birth_date = Value::Tag(1004, Box::new(Value::Text("1990-01-02".to_owned())));
    let mut elements = ElementSet::new();
    elements.add(MDL_NAME_SPACE, "family_name", "Mustermann")?;
    elements.add(MDL_NAME_SPACE, "birth_date", birth_date)?;
    let signed = moment();
    let validity = Validity::new(signed, signed, signed + Duration::days(30))?;
    let authorizations = DeviceKeyAuthorizations::new().element(DEVICE_NAME_SPACE, "height")?;
    let unsigned = MdocBuilder::new(MDL_DOC_TYPE, &elements, device.public_key(), validity)
        .decoys(Decoys::None)
        .salt_len(16)
        .key_authorizations(&authorizations)
        .build(Algorithm::Es256, rng)?;
    let mso = unsigned.payload().to_vec();
    let signature = document_signer.sign_deterministic(unsigned.to_be_signed());
    let issuer_signed =
        unsigned.attach(&signature, document_signer.public_key(), &[certificate])?;
    Ok((mso, issuer_signed))
}

fn session_messages(reader: &PrivateKey) -> Result {
    let ble = RetrievalMethod::ble(&BleOptions {
        peripheral_server: Some([1; 16]),
        central_client: Some([2; 16]),
    });
    let engagement = DeviceEngagement::new(reader.public_key(), vec![ble]);
    seed("session", "engagement", engagement.as_bytes())?;
    seed("session", "qr", engagement.to_qr().as_bytes())?;
    let establishment = SessionEstablishment {
        e_reader_key: &encode_cose_key(reader.public_key()),
        data: b"encrypted",
    };
    seed("session", "establishment", &establishment.encode())?;
    let session_data = SessionData {
        data: Some(b"encrypted"),
        status: Some(SessionStatus::Termination),
    };
    seed("session", "data", &session_data.encode())
}

/// A request without a signature, and one of each form.
fn requests(reader: &PrivateKey, certificate: &[u8], transcript: &SessionTranscript) -> Result {
    let licence = UnsignedItemsRequest::new(MDL_DOC_TYPE)
        .element(MDL_NAME_SPACE, "age_over_18")
        .retained_element(MDL_NAME_SPACE, "family_name");
    let other = UnsignedItemsRequest::new("org.example.permit").element("org.example", "number");
    let unsigned = UnsignedDeviceRequest::new(&[licence, other])?;
    seed("device_request", "unsigned", &unsigned.clone().into_bytes())?;
    for (name, form) in [
        ("each-document", ReaderAuthForm::EachDocument),
        ("whole-request", ReaderAuthForm::WholeRequest),
    ] {
        let request = unsigned.clone().prepare(transcript, Algorithm::Es256, form);
        let messages = request.to_be_signed().iter();
        let signatures: Vec<_> = messages
            .map(|message| reader.sign_deterministic(message))
            .collect();
        let request = request.attach(&signatures, reader.public_key(), &[certificate])?;
        seed("device_request", name, &request)?;
    }
    Ok(())
}

fn seed(target: &str, name: &str, bytes: &[u8]) -> Result {
    fs::create_dir_all(folder(target))?;
    fs::write(folder(target).join(name), bytes)?;
    Ok(())
}

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target)
}
