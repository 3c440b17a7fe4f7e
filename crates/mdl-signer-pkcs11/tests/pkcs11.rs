//! Keys in SoftHSM: the behaviour suite, how keys are made, and what happens when sessions and tokens vanish.

mod softhsm;

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    mechanism::Mechanism,
    object::Attribute,
    session::{Session, UserType},
    types::AuthPin,
};
use mdl_crypto::Curve;
use mdl_signer::{SignError, Signer, behaviour};
use mdl_signer_pkcs11::{
    KeySelector, Pin, Pkcs11Error, Pkcs11Signer, SignerLimits, Token, TokenSelector,
};
use softhsm::{LABEL, MODULE, PIN, open, token, with_token};
use std::{fs, future::Future, path::Path, sync::Arc, time::Duration};

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(test)
}

fn labelled(label: &str) -> KeySelector {
    KeySelector {
        label: Some(label.to_owned()),
        id: None,
    }
}

fn signer(token: &Token, key: KeySelector) -> Result<Pkcs11Signer, Pkcs11Error> {
    Pkcs11Signer::open(token, key, SignerLimits::default())
}

async fn signs(signer: &Pkcs11Signer) -> Result<(), SignError> {
    let signature = signer.sign(b"message").await?;
    let key = signer.public_key();
    key.verify(signer.algorithm(), b"message", signature.as_bytes())
        .expect("the signature verifies");
    Ok(())
}

fn refusal(error: SignError) -> Pkcs11Error {
    let SignError::Refused(cause) = error else {
        panic!("{error:?}");
    };
    *cause.downcast().expect("an error of this crate")
}

fn unavailability(error: SignError) -> Pkcs11Error {
    let SignError::Unavailable(cause) = error else {
        panic!("{error:?}");
    };
    *cause.downcast().expect("an error of this crate")
}

/// The module as somebody else in the process has it, and a session of the user.
fn other() -> (Pkcs11, Session) {
    let module = Pkcs11::new(MODULE).expect("loads");
    let slot = module.get_slots_with_token().expect("slots")[0];
    let session = module.open_rw_session(slot).expect("opens");
    // Logged in already when the token was opened before.
    let _ = session.login(UserType::User, Some(&AuthPin::new(PIN.into())));
    (module, session)
}

#[test]
fn signers_of_every_curve_behave() {
    with_token("signers_of_every_curve_behave", |_| {
        let token = token();
        for curve in Curve::ALL.into_iter().filter(|curve| !curve.is_edwards()) {
            let key = token.create_key(curve, curve.name()).unwrap();
            let signer = Arc::new(signer(&token, key).unwrap());
            assert_eq!(signer.public_key().curve(), curve);
            let checked = run(behaviour::check(|| signer.clone(), &[PIN.as_bytes()]));
            assert!(checked.is_ok(), "{curve}: {checked:?}");
        }
    });
}

#[test]
fn keys_are_made_in_the_token_and_cannot_leave() {
    with_token("keys_are_made_in_the_token_and_cannot_leave", |_| {
        let token = token();
        let key = token.create_key(Curve::P256, "ds").unwrap();
        let custody = signer(&token, key.clone()).unwrap().custody();
        assert!(custody.made_in_token && custody.always_sensitive && custody.never_extractable);

        let (_, session) = other();
        let private = [
            Attribute::Class(cryptoki::object::ObjectClass::PRIVATE_KEY),
            Attribute::Id(key.id.unwrap()),
        ];
        let private = session.find_objects(&private).unwrap()[0];
        for (wanted, not_wanted) in [
            (Attribute::Private(true), Attribute::Private(false)),
            (Attribute::Sensitive(true), Attribute::Sensitive(false)),
            (Attribute::Extractable(false), Attribute::Extractable(true)),
            (Attribute::Sign(true), Attribute::Sign(false)),
            (Attribute::Decrypt(false), Attribute::Decrypt(true)),
            (Attribute::Unwrap(false), Attribute::Unwrap(true)),
            (Attribute::Derive(false), Attribute::Derive(true)),
        ] {
            let names = [wanted.attribute_type()];
            let found = session.get_attributes(private, &names).unwrap();
            assert!(found == [wanted] && found != [not_wanted], "{found:?}");
        }
        let value = [cryptoki::object::AttributeType::Value];
        assert!(session.get_attributes(private, &value).unwrap().is_empty());
    });
}

#[test]
fn keys_are_found_by_label_or_id_and_only_when_they_are_the_only_ones() {
    with_token(
        "keys_are_found_by_label_or_id_and_only_when_they_are_the_only_ones",
        |_| {
            let token = token();
            let one = token.create_key(Curve::P256, "one").unwrap();
            let two = token.create_key(Curve::P384, "two").unwrap();
            let by_id = KeySelector {
                label: None,
                id: two.id.clone(),
            };
            let mixed = KeySelector {
                label: one.label.clone(),
                id: two.id.clone(),
            };
            assert_eq!(
                signer(&token, by_id).unwrap().public_key().curve(),
                Curve::P384
            );
            assert_eq!(
                signer(&token, labelled("one"))
                    .unwrap()
                    .public_key()
                    .curve(),
                Curve::P256
            );
            for (key, several) in [
                (mixed, false),
                (labelled("three"), false),
                (KeySelector::default(), true),
            ] {
                let error = signer(&token, key).unwrap_err();
                let expected = match several {
                    true => matches!(error, Pkcs11Error::SeveralKeys { .. }),
                    false => matches!(error, Pkcs11Error::NoKey { .. }),
                };
                assert!(expected && !error.may_pass(), "{error:?}");
            }
            let again = token.create_key(Curve::P256, "one").unwrap_err();
            assert!(matches!(again, Pkcs11Error::Exists(_)), "{again:?}");
            let curve = token.create_key(Curve::Ed25519, "four").unwrap_err();
            assert!(
                matches!(curve, Pkcs11Error::NotMade(Curve::Ed25519)),
                "{curve:?}"
            );
        },
    );
}

#[test]
fn keys_that_are_of_no_use_are_refused_at_the_start() {
    with_token("keys_that_are_of_no_use_are_refused_at_the_start", |_| {
        let token = token();
        let (_, session) = other();
        let make = |label: &str, parameters: &[u8], sign: bool| {
            let label = Attribute::Label(label.into());
            let public = [
                Attribute::EcParams(parameters.to_vec()),
                label.clone(),
                Attribute::Token(true),
            ];
            let private = [label, Attribute::Sign(sign), Attribute::Token(true)];
            session
                .generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private)
                .unwrap()
        };
        let p256 = [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
        let p384 = [6, 5, 0x2b, 0x81, 4, 0, 0x22];
        let secp256k1 = [6, 5, 0x2b, 0x81, 4, 0, 10];
        make("not signing", &p256, false);
        make("other curve", &secp256k1, true);
        // The public key of one pair beside the private key of another.
        let (public, _) = make("crossed", &p256, true);
        let (_, private) = make("crossed", &p384, true);
        let spare = session
            .find_objects(&[Attribute::Label(b"crossed".to_vec())])
            .unwrap();
        for object in spare {
            if object == public || object == private {
                session.destroy_object(object).unwrap();
            }
        }
        let error = signer(&token, labelled("not signing")).unwrap_err();
        assert!(matches!(error, Pkcs11Error::NotForSigning), "{error:?}");
        let error = signer(&token, labelled("other curve")).unwrap_err();
        assert!(matches!(error, Pkcs11Error::Curve(_)), "{error:?}");
        let error = signer(&token, labelled("crossed")).unwrap_err();
        assert!(matches!(error, Pkcs11Error::CurvesDiffer), "{error:?}");
    });
}

#[test]
fn tokens_are_found_by_everything_that_is_given() {
    with_token("tokens_are_found_by_everything_that_is_given", |_| {
        let error = open("another", PIN).unwrap_err();
        assert!(
            matches!(&error, Pkcs11Error::NoToken(name) if name.contains("another")),
            "{error:?}"
        );
        assert!(error.may_pass());
        let module = Path::new("/nonexistent/module.so");
        let error =
            Token::open(module, TokenSelector::default(), Pin::new(PIN.to_owned())).unwrap_err();
        assert!(matches!(error, Pkcs11Error::Library { .. }), "{error:?}");

        token();
        let module = Pkcs11::new(MODULE).unwrap();
        let slot = module.get_slots_with_token().unwrap()[0];
        let serial = module
            .get_token_info(slot)
            .unwrap()
            .serial_number()
            .to_owned();
        let find = |label: &str, serial: &str, slot: u64| {
            let selector = TokenSelector {
                label: Some(label.to_owned()),
                serial: Some(serial.to_owned()),
                slot: Some(slot),
            };
            Token::open(Path::new(MODULE), selector, Pin::new(PIN.to_owned())).is_ok()
        };
        assert!(find(LABEL, &serial, slot.id()));
        assert!(!find("another", &serial, slot.id()));
        assert!(!find(LABEL, "0", slot.id()));
        assert!(!find(LABEL, &serial, slot.id() + 1));
    });
}

#[test]
fn a_wrong_pin_is_tried_once_and_never_shown() {
    with_token("a_wrong_pin_is_tried_once_and_never_shown", |_| {
        let error = open(LABEL, "wrong-pin").unwrap_err();
        assert!(
            matches!(error, Pkcs11Error::Pin) && !error.may_pass(),
            "{error:?}"
        );
        // The PIN becomes a wrong one while the service runs, and the session is lost.
        let token = token();
        token.create_key(Curve::P256, "ds").unwrap();
        let signer = signer(&token, labelled("ds")).unwrap();
        let (module, session) = other();
        let (old, new) = (AuthPin::new(PIN.into()), AuthPin::new("another-pin".into()));
        session.set_pin(&old, &new).unwrap();
        session.logout().unwrap();
        drop(session);
        run(async {
            for _ in 0..20 {
                let error = refusal(signer.sign(b"message").await.unwrap_err());
                assert!(matches!(error, Pkcs11Error::Pin), "{error:?}");
            }
        });
        // A token that was tried twenty times would warn, or be locked.
        let slot = module.get_slots_with_token().unwrap()[0];
        let info = module.get_token_info(slot).unwrap();
        assert!(!info.user_pin_locked() && !info.user_pin_final_try());
        let printed = format!("{signer:?}{:?}{token:?}", Pin::new(PIN.to_owned()));
        assert!(!printed.contains(PIN), "{printed}");
    });
}

#[test]
fn a_lost_login_and_lost_sessions_are_made_anew() {
    with_token("a_lost_login_and_lost_sessions_are_made_anew", |_| {
        let token = token();
        token.create_key(Curve::P256, "ds").unwrap();
        let signer = signer(&token, labelled("ds")).unwrap();
        run(async {
            signs(&signer).await.unwrap();
            let (_, session) = other();
            session.logout().unwrap();
            drop(session);
            signs(&signer).await.unwrap();
            // The module is ended under the signer, by another part of the process.
            let (module, session) = other();
            drop(session);
            module.finalize().unwrap();
            signs(&signer).await.unwrap();
        });
    });
}

#[test]
fn a_token_that_vanishes_is_unavailable_until_it_is_back() {
    with_token(
        "a_token_that_vanishes_is_unavailable_until_it_is_back",
        |folder| {
            let token = token();
            token.create_key(Curve::P256, "ds").unwrap();
            let signer = signer(&token, labelled("ds")).unwrap();
            let restart = || {
                let (module, session) = other();
                drop(session);
                module.finalize().unwrap();
            };
            run(async {
                signs(&signer).await.unwrap();
                let (tokens, away) = (folder.join("tokens"), folder.join("away"));
                restart();
                fs::rename(&tokens, &away).unwrap();
                fs::create_dir(&tokens).unwrap();
                for _ in 0..2 {
                    let answers = [signs(&signer).await, signer.check().await];
                    for answer in answers {
                        let error = unavailability(answer.unwrap_err());
                        assert!(matches!(error, Pkcs11Error::NoToken(_)), "{error:?}");
                    }
                }
                fs::remove_dir(&tokens).unwrap();
                fs::rename(&away, &tokens).unwrap();
                let module = Pkcs11::new(MODULE).unwrap();
                module.clone().finalize().unwrap();
                module
                    .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
                    .unwrap();
                signs(&signer).await.unwrap();
            });
        },
    );
}

#[test]
fn a_key_that_was_destroyed_is_refused() {
    with_token("a_key_that_was_destroyed_is_refused", |_| {
        let token = token();
        token.create_key(Curve::P256, "ds").unwrap();
        let signer = signer(&token, labelled("ds")).unwrap();
        let (_, session) = other();
        for object in session
            .find_objects(&[Attribute::Label(b"ds".to_vec())])
            .unwrap()
        {
            session.destroy_object(object).unwrap();
        }
        let answers = run(async { [signs(&signer).await, signer.check().await] });
        for answer in answers {
            let error = refusal(answer.unwrap_err());
            assert!(matches!(error, Pkcs11Error::NoKey { .. }), "{error:?}");
        }
    });
}

#[test]
fn a_token_without_a_free_session_is_unavailable_in_time() {
    with_token(
        "a_token_without_a_free_session_is_unavailable_in_time",
        |_| {
            let token = token();
            token.create_key(Curve::P521, "ds").unwrap();
            let limits = SignerLimits {
                sessions: 1,
                timeout: Duration::from_millis(1),
            };
            let signer = Arc::new(Pkcs11Signer::open(&token, labelled("ds"), limits).unwrap());
            // No module makes so many signatures on P-521 one after the other in a millisecond.
            let late = run(async {
                let calls: Vec<_> = (0..1000)
                    .map(|_| {
                        let signer = signer.clone();
                        tokio::spawn(async move { signer.sign(b"message").await })
                    })
                    .collect();
                let mut late = 0;
                for call in calls {
                    if let Err(error) = call.await.unwrap() {
                        assert!(matches!(unavailability(error), Pkcs11Error::TimedOut));
                        late += 1;
                    }
                }
                late
            });
            assert!(late > 0);
        },
    );
}
