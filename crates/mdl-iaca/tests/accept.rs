//! What a service issued is accepted only if it is what the profile asked for.

use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::profile::{
    AcceptError, Contact, Difference, DistinguishedName, DocumentSignerProfile, IacaProfile,
    Issuer, LintRefusal, SerialNumber, UnsignedCertificate, Validity,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use time::macros::datetime;

const CRL: &str = "http://crl.example/1.crl";

fn key(scalar: u8) -> PrivateKey {
    PrivateKey::from_scalar(Curve::P256, &[scalar; 32]).expect("set up")
}

fn serial(seed: u64) -> SerialNumber {
    SerialNumber::random(&mut ChaCha20Rng::seed_from_u64(seed))
}

fn root_profile() -> IacaProfile {
    IacaProfile::new(
        key(1).public_key().clone(),
        DistinguishedName::new("Utopia IACA").country("UT"),
        Validity::days(datetime!(2026-01-01 0:00 UTC), 3650).expect("set up"),
        Contact::email("iaca@dmv.example"),
        CRL,
    )
}

fn issuer() -> Issuer {
    let unsigned = root_profile().build(&serial(1)).expect("set up");
    let signature = key(1).sign(unsigned.to_be_signed());
    Issuer::from_certificate(unsigned.attach(&signature).expect("set up").as_der()).expect("set up")
}

/// A document signer, one of whose properties may differ from what is asked for.
struct Signer {
    scalar: u8,
    name: &'static str,
    days: u32,
    contact: &'static str,
}

const ASKED: Signer = Signer {
    scalar: 2,
    name: "Utopia DS",
    days: 90,
    contact: "ds@dmv.example",
};

impl Signer {
    fn build(&self, issuer: &Issuer) -> UnsignedCertificate {
        DocumentSignerProfile::new(
            issuer,
            key(self.scalar).public_key().clone(),
            DistinguishedName::new(self.name),
            Validity::days(datetime!(2026-02-01 0:00 UTC), self.days).expect("set up"),
            CRL,
        )
        .contact(Contact::email(self.contact))
        .build(&serial(u64::from(self.scalar)))
        .expect("set up")
    }

    /// What a service that issues this one gets for an answer, if ASKED was asked for.
    fn answered(&self) -> Result<Vec<u8>, AcceptError> {
        let issuer = issuer();
        let issued = self.build(&issuer);
        let signature = key(1).sign(issued.to_be_signed());
        let der = issued.attach(&signature).expect("set up").into_der();
        ASKED
            .build(&issuer)
            .accept(&der)
            .map(|accepted| accepted.into_der())
    }

    fn differences(&self) -> Vec<Difference> {
        match self.answered() {
            Err(AcceptError::Refused {
                findings: None,
                differences,
            }) => differences,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_was_asked_for_is_accepted_whatever_its_serial_number() {
    assert!(ASKED.answered().is_ok());
}

#[test]
fn another_validity_is_refused() {
    let found = Signer { days: 91, ..ASKED }.differences();
    assert!(
        matches!(found[..], [Difference::Validity { .. }]),
        "{found:?}"
    );
}

#[test]
fn another_subject_is_refused() {
    let found = Signer {
        name: "Utopia DS 2",
        ..ASKED
    }
    .differences();
    assert!(
        matches!(found[..], [Difference::Subject { .. }]),
        "{found:?}"
    );
}

#[test]
fn another_key_is_refused() {
    let found = Signer { scalar: 3, ..ASKED }.differences();
    // Its identifier differs with it.
    let identifier = Difference::Value("subjectKeyIdentifier (2.5.29.14)".into());
    assert_eq!(found, [Difference::Key, identifier]);
}

#[test]
fn another_value_of_an_extension_is_refused() {
    let found = Signer {
        contact: "other@dmv.example",
        ..ASKED
    }
    .differences();
    assert_eq!(
        found,
        [Difference::Value("issuerAltName (2.5.29.18)".into())]
    );
}

#[test]
fn an_extension_left_out_is_refused_even_where_the_profile_could_do_without() {
    let issued = root_profile()
        .without_crl_distribution_point()
        .build(&serial(1))
        .unwrap();
    let signature = key(1).sign(issued.to_be_signed());
    let der = issued.attach(&signature).unwrap().into_der();
    match root_profile().build(&serial(1)).unwrap().accept(&der) {
        Err(AcceptError::Refused {
            findings: None,
            differences,
        }) => {
            let name = "cRLDistributionPoints (2.5.29.31)".to_owned();
            assert_eq!(differences, [Difference::LeftOut(name)]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_certificate_that_another_key_signed_is_refused_by_the_linter() {
    let issuer = issuer();
    let mut der = {
        let issued = ASKED.build(&issuer);
        let signature = key(1).sign(issued.to_be_signed());
        issued.attach(&signature).unwrap().into_der()
    };
    *der.last_mut().unwrap() ^= 1;
    match ASKED.build(&issuer).accept(&der) {
        Err(AcceptError::Refused {
            findings: Some(LintRefusal::Errors(findings)),
            differences,
        }) => {
            let ids: Vec<_> = findings.iter().map(|finding| finding.id()).collect();
            assert_eq!((ids, differences), (vec!["issuer-signature"], vec![]));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_no_certificate_is_refused() {
    let accepted = ASKED.build(&issuer()).accept(b"-----BEGIN");
    assert!(matches!(accepted, Err(AcceptError::Malformed(_))));
}

#[test]
fn a_request_names_subject_validity_and_every_extension() {
    let asked = ASKED.build(&issuer()).requested().unwrap();
    let subject = [("2.5.4.6", "UT"), ("2.5.4.3", "Utopia DS")];
    assert_eq!(
        asked.subject,
        subject.map(|(oid, text)| (oid.to_owned(), text.to_owned()))
    );
    assert_eq!(asked.not_before, datetime!(2026-02-01 0:00 UTC));
    assert_eq!((asked.not_after - asked.not_before).whole_days(), 90);
    let critical: Vec<_> = asked
        .extensions
        .iter()
        .filter(|extension| extension.critical)
        .map(|extension| extension.oid.as_str())
        .collect();
    assert_eq!(
        (asked.extensions.len(), critical),
        (6, vec!["2.5.29.15", "2.5.29.37"])
    );
}
