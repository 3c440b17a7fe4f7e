//! What the builders refuse, and what they write.

mod authority;

use authority::forge::{self, Forge};
use authority::{Authority, CRL_URI, NOW, days, iaca_name, iaca_profile, key, rng, serial, sign};
use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::certificate::{CertificateView, TimeEncoding};
use mdl_iaca::crl::{CrlError, CrlProfile};
use mdl_iaca::csr::{CertificateRequest, RequestError, UnsignedRequest};
use mdl_iaca::lint::Severity;
use mdl_iaca::profile::{
    AttachError, Contact, DistinguishedName, DocumentSignerProfile, Field, IacaProfile,
    InvalidSerialNumber, Issuer, IssuerError, LinkCertificateProfile, LintRefusal,
    MsoRevocationListSignerProfile, OcspSignerProfile, ProfileError, ReaderAuthenticationProfile,
    SerialNumber, UnsignedCertificate, Validity, VicalSignerProfile,
};
use time::macros::datetime;

type Built = Result<UnsignedCertificate, ProfileError>;

#[track_caller]
fn refused(built: Built) -> ProfileError {
    built.expect_err("must be refused")
}

fn valid(days_long: u32) -> Validity {
    Validity::days(NOW, days_long).expect("a validity")
}

fn iaca_named(name: DistinguishedName) -> Built {
    iaca_profile(&key(Curve::P256, 1), name).build(&serial(1))
}

fn ds(authority: &Authority, name: DistinguishedName, validity: Validity) -> Built {
    let key = key(Curve::P256, 2).public_key().clone();
    DocumentSignerProfile::new(&authority.issuer, key, name, validity, CRL_URI).build(&serial(2))
}

#[test]
fn names_are_checked() {
    for country in ["ut", "UTO", "U", "", "U1", "ÜT"] {
        let name = DistinguishedName::new("IACA").country(country);
        assert_eq!(
            refused(iaca_named(name)),
            ProfileError::Country(country.to_owned())
        );
    }
    let name = || DistinguishedName::new("IACA").country("UT");
    assert_eq!(
        refused(iaca_named(DistinguishedName::new("IACA"))),
        ProfileError::Missing(Field::Country)
    );
    assert_eq!(
        refused(iaca_named(DistinguishedName::new(" ").country("UT"))),
        ProfileError::Empty(Field::CommonName)
    );
    assert_eq!(
        refused(iaca_named(name().state(""))),
        ProfileError::Empty(Field::State)
    );
    assert_eq!(
        refused(iaca_named(
            DistinguishedName::new("x".repeat(65)).country("UT")
        )),
        ProfileError::TooLong {
            field: Field::CommonName,
            length: 65,
            limit: 64
        }
    );
    assert_eq!(
        refused(iaca_named(name().organization("é".repeat(65)))),
        ProfileError::TooLong {
            field: Field::Organization,
            length: 65,
            limit: 64
        }
    );
    assert_eq!(
        refused(iaca_named(name().state("US\n"))),
        ProfileError::Character(Field::State)
    );
    assert_eq!(
        refused(iaca_named(name().serial_number("1_2"))),
        ProfileError::Character(Field::NameSerialNumber)
    );
    assert_eq!(
        refused(iaca_named(name().locality("Town"))),
        ProfileError::NotInProfile(Field::Locality)
    );
    assert!(iaca_named(name().organization("é".repeat(64)).serial_number("12")).is_ok());
}

#[test]
fn validity_is_limited_to_the_second() {
    let authority = Authority::new(Curve::P256);
    let public = || key(Curve::P256, 2).public_key().clone();
    let name = || {
        DistinguishedName::new("Leaf")
            .country("UT")
            .organization("DMV")
    };
    let issuer = &authority.issuer;
    let cases: [(u32, &dyn Fn(Validity) -> Built); 6] = [
        (457, &|validity| ds(&authority, name(), validity)),
        (1187, &|validity| {
            ReaderAuthenticationProfile::new(issuer, public(), name(), validity, CRL_URI)
                .build(&serial(2))
        }),
        (457, &|validity| {
            OcspSignerProfile::new(issuer, public(), name(), validity, CRL_URI).build(&serial(2))
        }),
        (90, &|validity| {
            OcspSignerProfile::without_check(issuer, public(), name(), validity).build(&serial(2))
        }),
        (1187, &|validity| {
            MsoRevocationListSignerProfile::new(issuer, public(), name(), validity)
                .build(&serial(2))
        }),
        (1187, &|validity| {
            VicalSignerProfile::new(issuer, public(), name(), validity, CRL_URI).build(&serial(2))
        }),
    ];
    for (limit_days, build) in cases {
        let longest = valid(limit_days);
        assert!(build(longest).is_ok(), "{limit_days}");
        let longer = Validity::new(NOW, longest.not_after() + time::Duration::seconds(1))
            .expect("a validity");
        assert_eq!(
            refused(build(longer)),
            ProfileError::ValidityTooLong { limit_days }
        );
    }
    let iaca = |days_long| {
        let contact = Contact::uri("https://dmv.example");
        IacaProfile::new(public(), iaca_name(), valid(days_long), contact, CRL_URI)
            .build(&serial(1))
    };
    assert!(iaca(7300).is_ok());
    assert_eq!(
        refused(iaca(7301)),
        ProfileError::ValidityTooLong { limit_days: 7300 }
    );
    assert!(matches!(
        Validity::new(NOW, NOW),
        Err(ProfileError::ValidityEmpty { .. })
    ));
    assert!(matches!(
        Validity::days(NOW, 0),
        Err(ProfileError::ValidityEmpty { .. })
    ));
}

#[test]
fn validity_lies_within_the_issuers() {
    let authority = Authority::new(Curve::P256);
    let name = || DistinguishedName::new("Leaf");
    let early = Validity::days(authority.issuer.not_before() - days(1), 30).expect("a validity");
    assert!(matches!(
        refused(ds(&authority, name(), early)),
        ProfileError::PrecedesIssuer { .. }
    ));
    let late = Validity::days(authority.issuer.not_after() - days(1), 30).expect("a validity");
    assert!(matches!(
        refused(ds(&authority, name(), late)),
        ProfileError::OutlivesIssuer { .. }
    ));

    let new = Authority::named(Curve::P256, 20, iaca_name());
    let link = LinkCertificateProfile::new(&authority.issuer, &new.issuer, late, CRL_URI)
        .build(&serial(3));
    assert!(matches!(refused(link), ProfileError::OutlivesIssuer { .. }));
    let itself =
        LinkCertificateProfile::new(&authority.issuer, &authority.issuer, valid(30), CRL_URI)
            .build(&serial(3));
    assert_eq!(refused(itself), ProfileError::SameKey);
}

#[test]
fn country_and_state_are_the_iacas() {
    let authority = Authority::new(Curve::P256);
    let name = DistinguishedName::new("Leaf");
    assert_eq!(
        refused(ds(&authority, name.clone().country("XX"), valid(30))),
        ProfileError::DiffersFromIaca(Field::Country)
    );
    assert_eq!(
        refused(ds(&authority, name.clone().state("UT-02"), valid(30))),
        ProfileError::DiffersFromIaca(Field::State)
    );
    let certificate = sign(
        ds(&authority, name, valid(30)).expect("within the profile"),
        &authority.key,
    );
    let view = CertificateView::from_der(&certificate).expect("a certificate");
    assert_eq!(view.subject().to_string(), "C=UT, ST=UT-01, CN=Leaf");
}

#[test]
fn a_state_keeps_the_string_type_of_the_iaca() {
    let authority = Authority::new(Curve::P256);
    let name = forge::name(&[
        (forge::C, forge::PRINTABLE, "UT"),
        (forge::ST, forge::PRINTABLE, "UT-01"),
    ]);
    let root = Forge::of(&authority.certificate)
        .field(forge::ISSUER, name.clone())
        .field(forge::SUBJECT, name.clone())
        .sign(&authority.key);
    let issuer = Issuer::from_certificate(&root).expect("an issuer");
    let authority = Authority {
        certificate: root,
        issuer,
        ..authority
    };
    let unsigned =
        ds(&authority, DistinguishedName::new("Leaf"), valid(30)).expect("within the profile");
    let certificate = Forge::of(&sign(unsigned, &authority.key));
    assert_eq!(
        certificate.fields[forge::ISSUER],
        name,
        "copied byte by byte"
    );
    let state = forge::children(&name)[1].clone();
    assert_eq!(
        forge::children(&certificate.fields[forge::SUBJECT])[1],
        state
    );
}

#[test]
fn contact_and_uris_are_checked() {
    let with_contact = |contact| {
        let key = key(Curve::P256, 1).public_key().clone();
        IacaProfile::new(key, iaca_name(), valid(30), contact, CRL_URI).build(&serial(1))
    };
    for contact in ["", "nobody", "@host", "a b@host", "ü@host"] {
        assert_eq!(
            refused(with_contact(Contact::email(contact))),
            ProfileError::Contact(contact.to_owned())
        );
    }
    for uri in ["", "dmv.example", ":x", "https://dmv example", "1a:b"] {
        assert_eq!(
            refused(with_contact(Contact::uri(uri))),
            ProfileError::Contact(uri.to_owned())
        );
    }
    for uri in ["crl.der", "https:", "https:///crl", "urn:oid:1.2.3", "/crl"] {
        let key = key(Curve::P256, 1).public_key().clone();
        let built = IacaProfile::new(key, iaca_name(), valid(30), Contact::email("a@b"), uri)
            .build(&serial(1));
        let field = Field::CrlDistributionPoint;
        assert_eq!(
            refused(built),
            ProfileError::Uri {
                field,
                value: uri.to_owned()
            }
        );
    }
}

#[test]
fn an_iaca_without_contact_needs_one_for_its_document_signers() {
    let authority = Authority::new(Curve::P256);
    let root = Forge::of(&authority.certificate)
        .without(forge::ISSUER_ALT_NAME)
        .sign(&authority.key);
    let issuer = Issuer::from_certificate(&root).expect("an issuer");
    let profile = |name: &str| {
        DocumentSignerProfile::new(
            &issuer,
            key(Curve::P256, 2).public_key().clone(),
            DistinguishedName::new(name),
            valid(30),
            CRL_URI,
        )
    };
    assert_eq!(
        refused(profile("DS").build(&serial(2))),
        ProfileError::Missing(Field::IssuerAltName)
    );
    assert!(
        profile("DS")
            .contact(Contact::email("a@b"))
            .build(&serial(2))
            .is_ok()
    );
}

#[test]
fn edwards_keys_sign_documents_and_requests_but_no_certificates() {
    let edwards = key(Curve::Ed25519, 1);
    let curve = ProfileError::Curve(Curve::Ed25519);
    assert_eq!(
        refused(iaca_profile(&edwards, iaca_name()).build(&serial(1))),
        curve
    );
    let authority = Authority::new(Curve::P256);
    let public = || edwards.public_key().clone();
    let name = || {
        DistinguishedName::new("Leaf")
            .country("UT")
            .organization("DMV")
    };
    let issuer = &authority.issuer;
    assert_eq!(
        refused(
            OcspSignerProfile::without_check(issuer, public(), name(), valid(30)).build(&serial(2))
        ),
        curve
    );
    assert_eq!(
        refused(
            MsoRevocationListSignerProfile::new(issuer, public(), name(), valid(30))
                .build(&serial(2))
        ),
        curve
    );
    assert_eq!(
        refused(
            VicalSignerProfile::new(issuer, public(), name(), valid(30), CRL_URI).build(&serial(2))
        ),
        curve
    );
    let reader = ReaderAuthenticationProfile::new(issuer, public(), name(), valid(30), CRL_URI);
    assert!(reader.build(&serial(2)).is_ok());
}

#[test]
fn a_vical_signer_has_country_and_organization() {
    let authority = Authority::new(Curve::P256);
    let build = |name| {
        let key = key(Curve::P256, 2).public_key().clone();
        VicalSignerProfile::new(&authority.issuer, key, name, valid(30), CRL_URI).build(&serial(2))
    };
    let name = DistinguishedName::new("VICAL");
    assert_eq!(
        refused(build(name.clone().organization("AAMVA"))),
        ProfileError::Missing(Field::Country)
    );
    assert_eq!(
        refused(build(name.country("US"))),
        ProfileError::Missing(Field::Organization)
    );
}

#[test]
fn a_key_purpose_is_an_object_identifier() {
    let authority = Authority::new(Curve::P256);
    let key = key(Curve::P256, 2).public_key().clone();
    let name = DistinguishedName::new("Status");
    let profile = MsoRevocationListSignerProfile::new(&authority.issuer, key, name, valid(30))
        .key_purpose("status");
    assert_eq!(
        refused(profile.build(&serial(2))),
        ProfileError::KeyPurpose("status".to_owned())
    );
}

#[test]
fn only_an_authority_is_an_issuer() {
    let authority = Authority::new(Curve::P256);
    let root = || Forge::of(&authority.certificate);
    let issuer = |forge: Forge| Issuer::from_certificate(&forge.sign(&authority.key)).map(|_| ());
    assert_eq!(issuer(root()), Ok(()));
    assert_eq!(
        issuer(root().without(forge::BASIC_CONSTRAINTS)),
        Err(IssuerError::NotCa)
    );
    assert_eq!(
        issuer(root().without(forge::KEY_USAGE)),
        Err(IssuerError::NoKeyCertSign)
    );
    assert_eq!(
        issuer(root().without(&[0x55, 0x1d, 0x0e])),
        Err(IssuerError::NoKeyIdentifier)
    );
    assert!(matches!(
        Issuer::from_certificate(b"junk"),
        Err(IssuerError::Malformed(_))
    ));
}

#[test]
fn a_signature_by_another_key_or_of_other_bytes_is_not_attached() {
    let authority = Authority::new(Curve::P256);
    let unsigned = || {
        iaca_profile(&authority.key, iaca_name())
            .build(&serial(1))
            .expect("within the profile")
    };
    let tbs = unsigned().to_be_signed().to_vec();
    for signature in [
        key(Curve::P256, 9).sign(&tbs),
        key(Curve::P384, 9).sign(&tbs),
        authority.key.sign(b"something else"),
    ] {
        assert!(matches!(
            unsigned().attach(&signature),
            Err(AttachError::Signature(_))
        ));
    }
    let certificate = unsigned()
        .attach(&authority.key.sign(&tbs))
        .expect("its own signature");
    let view = CertificateView::from_der(certificate.as_der()).expect("a certificate");
    assert_eq!(view.tbs(), tbs);
    assert!(
        certificate
            .to_pem()
            .starts_with("-----BEGIN CERTIFICATE-----\n")
    );
}

#[test]
fn times_from_2050_are_generalized() {
    let build = |validity| {
        let key = key(Curve::P256, 1);
        let contact = Contact::email("a@b");
        let unsigned = IacaProfile::new(
            key.public_key().clone(),
            iaca_name(),
            validity,
            contact,
            CRL_URI,
        )
        .build(&serial(1))
        .expect("within the profile");
        sign(unsigned, &key)
    };
    let not_before = datetime!(2045-01-01 01:30:00.75 +01:30);
    let certificate =
        build(Validity::new(not_before, datetime!(2049-12-31 23:59:59.9 UTC)).expect("a validity"));
    let view = CertificateView::from_der(&certificate).expect("a certificate");
    assert_eq!(view.validity().not_before.text, b"450101000000Z");
    assert_eq!(view.validity().not_after.text, b"491231235959Z");
    let certificate =
        build(Validity::new(not_before, datetime!(2050-01-01 0:00 UTC)).expect("a validity"));
    let view = CertificateView::from_der(&certificate).expect("a certificate");
    assert_eq!(
        view.validity().not_after.encoding,
        TimeEncoding::GeneralizedTime
    );
    assert_eq!(view.validity().not_after.text, b"20500101000000Z");

    let ancient = Validity::new(
        datetime!(1949-12-31 0:00 UTC),
        datetime!(1951-01-01 0:00 UTC),
    )
    .expect("a validity");
    let contact = Contact::email("a@b");
    let key = key(Curve::P256, 1).public_key().clone();
    let built = IacaProfile::new(key, iaca_name(), ancient, contact, CRL_URI).build(&serial(1));
    assert_eq!(
        refused(built),
        ProfileError::Year(datetime!(1949-12-31 0:00 UTC))
    );
}

#[test]
fn serial_numbers_have_twenty_octets_and_are_positive() {
    let mut rng = rng(3);
    let mut seen = std::collections::HashSet::new();
    for _ in 0..200 {
        let serial = SerialNumber::random(&mut rng);
        assert_eq!(serial.as_be_bytes().len(), 20);
        assert_eq!(serial.as_be_bytes()[0] & 0xc0, 0x40);
        assert!(seen.insert(serial));
    }
    assert_eq!(
        SerialNumber::from_be_bytes(&[0, 0]),
        Err(InvalidSerialNumber)
    );
    assert_eq!(SerialNumber::from_be_bytes(&[]), Err(InvalidSerialNumber));
    assert_eq!(
        SerialNumber::from_be_bytes(&[0x80; 20]),
        Err(InvalidSerialNumber)
    );
    assert_eq!(
        SerialNumber::from_be_bytes(&[0x7f; 21]),
        Err(InvalidSerialNumber)
    );
    assert_eq!(
        SerialNumber::from_content(&[0x80]),
        Err(InvalidSerialNumber)
    );
    assert_eq!(
        SerialNumber::from_be_bytes(&[0, 0x80]).map(|s| s.to_string()),
        Ok("80".to_owned())
    );
}

#[test]
fn a_flaw_copied_from_the_issuer_is_stopped_by_the_linter() {
    let authority = Authority::new(Curve::P256);
    // An issuer alternative name with nothing in it.
    let root = Forge::of(&authority.certificate)
        .set(forge::ISSUER_ALT_NAME, false, &[0x30, 0x00])
        .sign(&authority.key);
    let issuer = Issuer::from_certificate(&root).expect("an issuer");
    let authority = Authority {
        certificate: root,
        issuer,
        ..authority
    };
    let built = ds(&authority, DistinguishedName::new("Leaf"), valid(30));
    let ProfileError::Linter(LintRefusal::Errors(findings)) = refused(built) else {
        panic!("not the linter");
    };
    assert!(
        findings
            .iter()
            .all(|finding| finding.severity() == Severity::Error)
    );
    assert!(!findings.is_empty());
}

#[test]
fn the_linter_has_nothing_to_remark_on_what_is_built_by_default() {
    let authority = Authority::new(Curve::P256);
    let new = Authority::named(Curve::P384, 20, iaca_name());
    let public = || key(Curve::P256, 2).public_key().clone();
    let name = || {
        DistinguishedName::new("Leaf")
            .country("UT")
            .organization("DMV")
    };
    let issuer = &authority.issuer;
    let built = [
        iaca_named(iaca_name()),
        LinkCertificateProfile::new(issuer, &new.issuer, valid(30), CRL_URI).build(&serial(1)),
        ds(&authority, name(), valid(457)),
        ReaderAuthenticationProfile::new(issuer, public(), name(), valid(30), CRL_URI)
            .build(&serial(2)),
        OcspSignerProfile::new(issuer, public(), name(), valid(30), CRL_URI).build(&serial(3)),
        OcspSignerProfile::without_check(issuer, public(), name(), valid(30)).build(&serial(4)),
        MsoRevocationListSignerProfile::new(issuer, public(), name(), valid(30)).build(&serial(5)),
        VicalSignerProfile::new(issuer, public(), name(), valid(30), CRL_URI).build(&serial(6)),
    ];
    for unsigned in built {
        assert_eq!(unsigned.expect("within the profile").findings(), []);
    }
    let crl = CrlProfile::new(issuer, 1, NOW, NOW + days(30))
        .expect("times")
        .revoke(serial(1), NOW);
    assert_eq!(crl.build().expect("a good list").findings(), []);
}

#[test]
fn the_same_choices_give_the_same_bytes() {
    let build = || {
        let authority = Authority::new(Curve::P256);
        ds(&authority, DistinguishedName::new("Leaf"), valid(30)).expect("within the profile")
    };
    assert_eq!(build().to_be_signed(), build().to_be_signed());
}

fn request(key: &PrivateKey, name: &DistinguishedName) -> Vec<u8> {
    let unsigned = UnsignedRequest::new(key.public_key().clone(), name).expect("a good name");
    let signature = key.sign(unsigned.to_be_signed());
    unsigned
        .attach(&signature)
        .expect("its own signature")
        .into_der()
}

#[test]
fn a_request_without_proof_of_possession_is_refused() {
    let name = DistinguishedName::new("DS")
        .country("UT")
        .state("UT-09")
        .locality("Town")
        .serial_number("7");
    for curve in [Curve::P256, Curve::BrainpoolP384r1, Curve::Ed25519] {
        let own = key(curve, 2);
        let der = request(&own, &name);
        let accepted = CertificateRequest::from_der(&der).expect("a good request");
        assert_eq!((accepted.key(), accepted.name()), (own.public_key(), &name));

        // The key of somebody else in the place of one's own.
        let stolen = key(curve, 3);
        let parts = forge::children(&der);
        let mut info = forge::children(&parts[0]);
        info[2] = stolen.public_key().to_spki_der();
        let forged = [
            forge::tlv(0x30, &info.concat()),
            parts[1].clone(),
            parts[2].clone(),
        ]
        .concat();
        let error =
            CertificateRequest::from_der(&forge::tlv(0x30, &forged)).expect_err("not its key");
        assert!(
            matches!(error, RequestError::ProofOfPossession(_)),
            "{curve:?}: {error:?}"
        );

        let unsigned = UnsignedRequest::new(own.public_key().clone(), &name).expect("a good name");
        let signature = stolen.sign(unsigned.to_be_signed());
        assert!(matches!(
            unsigned.attach(&signature),
            Err(AttachError::Signature(_))
        ));
    }
}

#[test]
fn a_request_does_not_choose_its_place() {
    let authority = Authority::new(Curve::P256);
    let name = DistinguishedName::new("DS")
        .country("XX")
        .state("XX-1")
        .organization("DMV");
    let request = CertificateRequest::from_der(&request(&key(Curve::P256, 2), &name))
        .expect("a good request");
    let unsigned =
        DocumentSignerProfile::from_request(&authority.issuer, &request, valid(30), CRL_URI)
            .build(&serial(2))
            .expect("within the profile");
    let certificate = sign(unsigned, &authority.key);
    let view = CertificateView::from_der(&certificate).expect("a certificate");
    assert_eq!(view.subject().to_string(), "C=UT, ST=UT-01, O=DMV, CN=DS");
}

#[test]
fn a_crl_lasts_at_most_ninety_days() {
    let authority = Authority::new(Curve::P256);
    let new = |next_update| CrlProfile::new(&authority.issuer, 1, NOW, next_update).map(|_| ());
    assert_eq!(new(NOW + days(90)), Ok(()));
    assert_eq!(
        new(NOW + days(90) + time::Duration::seconds(1)),
        Err(CrlError::TooLong)
    );
    assert_eq!(new(NOW), Err(CrlError::NextUpdate));
}

#[test]
fn a_crl_follows_its_predecessor() {
    let authority = Authority::new(Curve::P256);
    let other = Authority::named(Curve::P256, 9, iaca_name());
    let previous = authority.crl(0x1_00, &[serial(1), serial(2)]);
    fn follow<'a>(
        issuer: &'a Issuer,
        number: u64,
        at: time::OffsetDateTime,
        previous: &'a [u8],
    ) -> Result<CrlProfile<'a>, CrlError> {
        CrlProfile::new(issuer, number, at, at + days(30))?.follows(previous)
    }
    let issuer = &authority.issuer;
    assert!(matches!(
        follow(issuer, 0x1_00, NOW, &previous),
        Err(CrlError::NumberNotIncreasing { number: 0x1_00, .. })
    ));
    assert!(matches!(
        follow(issuer, 0xff, NOW, &previous),
        Err(CrlError::NumberNotIncreasing { .. })
    ));
    assert!(matches!(
        follow(issuer, 0x1_01, NOW - days(2), &previous),
        Err(CrlError::EarlierThanPrevious)
    ));
    assert!(matches!(
        follow(issuer, 0x1_01, NOW, &other.crl(1, &[])),
        Err(CrlError::PreviousSignature(_))
    ));
    let stranger = Authority::named(
        Curve::P256,
        9,
        DistinguishedName::new("Other").country("UT"),
    );
    assert!(matches!(
        follow(issuer, 0x1_01, NOW, &stranger.crl(1, &[])),
        Err(CrlError::PreviousIssuer)
    ));
    assert!(matches!(
        follow(issuer, 0x1_01, NOW, b"junk"),
        Err(CrlError::PreviousMalformed(_))
    ));

    let next = follow(issuer, 0x1_01, NOW, &previous).expect("the next list");
    let unsigned = next
        .clone()
        .expired(&serial(2))
        .revoke(serial(3), NOW)
        .build()
        .expect("a good list");
    let signature = authority.key.sign(unsigned.to_be_signed());
    let crl = unsigned.attach(&signature).expect("the issuer's signature");
    let view = mdl_iaca::certificate::CrlView::from_der(crl.as_der()).expect("a CRL");
    let listed: std::collections::BTreeSet<_> = view
        .revoked()
        .map(|entry| entry.serial.to_string())
        .collect();
    assert_eq!(
        listed,
        [serial(1), serial(3)]
            .map(|serial| serial.to_string())
            .into()
    );
    assert!(view.revoked().all(|entry| entry.extensions.is_empty()));
    assert_eq!(view.extensions().iter().count(), 2);

    let later = next.revoke(serial(4), NOW + days(1)).build();
    assert!(matches!(later, Err(CrlError::RevokedLater { .. })));
    let unsigned = CrlProfile::new(&authority.issuer, 1, NOW, NOW + days(1))
        .expect("times")
        .build()
        .expect("a list");
    let signature = other.key.sign(unsigned.to_be_signed());
    assert!(matches!(
        unsigned.attach(&signature),
        Err(AttachError::Signature(_))
    ));
}

#[test]
fn an_empty_crl_has_no_list() {
    let authority = Authority::new(Curve::P256);
    let crl = authority.crl(1, &[]);
    let view = mdl_iaca::certificate::CrlView::from_der(&crl).expect("a CRL");
    assert!(!view.has_revoked_list());
    assert_eq!(view.version(), 2);
    assert_eq!(view.extensions().crl_number(), Ok(Some(&[1][..])));
}

#[test]
fn what_a_root_will_issue_is_built_before_the_root_is_signed() {
    let root_key = key(Curve::P256, 1);
    let root = iaca_profile(&root_key, iaca_name())
        .build(&serial(1))
        .expect("a root");
    let awaiting = root.as_issuer().expect("an issuer");
    let signed = sign(root, &root_key);
    let issuer = Issuer::from_certificate(&signed).expect("an issuer");
    let bytes = |issuer: &Issuer| {
        let ds_key = key(Curve::P256, 2).public_key().clone();
        let name = DistinguishedName::new("DS");
        DocumentSignerProfile::new(issuer, ds_key, name, valid(90), CRL_URI)
            .build(&serial(2))
            .expect("a document signer")
            .to_be_signed()
            .to_vec()
    };
    assert_eq!(bytes(&awaiting), bytes(&issuer));
    assert_ne!(awaiting.certificate(), issuer.certificate());
}
