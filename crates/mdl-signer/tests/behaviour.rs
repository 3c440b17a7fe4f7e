//! The behaviour suite: software keys pass it, and each way of breaking the contract is found.

use async_trait::async_trait;
use mdl_crypto::{Algorithm, Curve, PrivateKey, PublicKey, Signature};
use mdl_signer::{
    SignError, Signer, SoftwareSigner,
    behaviour::{self, Deviation},
};
use std::{
    fmt,
    sync::{Arc, Mutex},
};

fn scalar(curve: Curve) -> Vec<u8> {
    let mut scalar = vec![0x51; curve.field_len()];
    scalar[0] = 0;
    scalar
}

fn key(curve: Curve) -> PrivateKey {
    PrivateKey::from_scalar(curve, &scalar(curve)).expect("in range for every curve")
}

#[test]
fn software_signers_of_every_curve_behave() {
    for curve in Curve::ALL {
        let scalar = scalar(curve);
        // The first byte is zero for all, so without it.
        let secrets = [&scalar[1..]];
        for make in [SoftwareSigner::new, SoftwareSigner::reproducible] {
            let checked = pollster::block_on(behaviour::check(|| make(key(curve)), &secrets));
            assert!(checked.is_ok(), "{curve}: {checked:?}");
        }
        let shared: Arc<dyn Signer> = Arc::new(SoftwareSigner::new(key(curve)));
        assert!(pollster::block_on(behaviour::check(|| shared.clone(), &secrets)).is_ok());
        let boxed = || Box::new(SoftwareSigner::new(key(curve))) as Box<dyn Signer>;
        assert!(pollster::block_on(behaviour::check(boxed, &secrets)).is_ok());
    }
}

/// A signer that breaks the contract in one way.
struct Broken {
    key: PrivateKey,
    other: PrivateKey,
    flaw: Flaw,
    last: Mutex<Vec<u8>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Flaw {
    WrongAlgorithm,
    PrintsSecret,
    PrintsSecretAsNumbers,
    HashesTwice,
    StopsAt4096,
    RefusesEmpty,
    UsesAnotherKey,
    OtherWidth,
    MixesUpConcurrentMessages,
    FailsWhenChecked,
}

fn broken(flaw: Flaw) -> Broken {
    let other = match flaw {
        Flaw::OtherWidth => key(Curve::P384),
        _ => PrivateKey::from_scalar(Curve::P256, &[9; 32]).expect("in range"),
    };
    Broken {
        key: key(Curve::P256),
        other,
        flaw,
        last: Mutex::default(),
    }
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = &scalar(Curve::P256)[1..];
        match self.flaw {
            Flaw::PrintsSecret => write!(f, "Broken {{ key: 00{} }}", "51".repeat(31)),
            Flaw::PrintsSecretAsNumbers => f.debug_list().entries(secret).finish(),
            _ => f.write_str("Broken"),
        }
    }
}

#[async_trait]
impl Signer for Broken {
    fn algorithm(&self) -> Algorithm {
        if self.flaw == Flaw::WrongAlgorithm {
            Algorithm::Es384
        } else {
            Algorithm::Es256
        }
    }

    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    async fn sign(&self, message: &[u8]) -> Result<Signature, SignError> {
        match self.flaw {
            Flaw::StopsAt4096 if message.len() > 4096 => Err(SignError::Refused("too long".into())),
            Flaw::RefusesEmpty if message.is_empty() => Err(SignError::Refused("empty".into())),
            Flaw::UsesAnotherKey | Flaw::OtherWidth => Ok(self.other.sign(message)),
            Flaw::HashesTwice => {
                let digest = mdl_crypto::HashAlgorithm::Sha256.digest(message);
                Ok(self.key.sign(digest.as_bytes()))
            }
            Flaw::MixesUpConcurrentMessages => {
                *self.last.lock().expect("not poisoned") = message.to_vec();
                yield_once().await;
                Ok(self.key.sign(&self.last.lock().expect("not poisoned")))
            }
            _ => Ok(self.key.sign(message)),
        }
    }

    async fn check(&self) -> Result<(), SignError> {
        match self.flaw {
            Flaw::FailsWhenChecked => Err(SignError::Unavailable("away".into())),
            _ => Ok(()),
        }
    }
}

/// Lets the other futures of the task run first.
async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if yielded {
            return std::task::Poll::Ready(());
        }
        yielded = true;
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

#[test]
fn each_flaw_is_found() {
    let secret = scalar(Curve::P256);
    let secrets = [&secret[1..]];
    let find = |flaw| pollster::block_on(behaviour::check(|| broken(flaw), &secrets)).unwrap_err();

    assert!(matches!(find(Flaw::WrongAlgorithm), Deviation::Algorithm));
    assert!(matches!(
        find(Flaw::FailsWhenChecked),
        Deviation::Check { .. }
    ));
    assert!(matches!(
        find(Flaw::PrintsSecret),
        Deviation::DebugShowsSecret
    ));
    assert!(matches!(
        find(Flaw::PrintsSecretAsNumbers),
        Deviation::DebugShowsSecret
    ));
    assert!(matches!(
        find(Flaw::HashesTwice),
        Deviation::DoesNotVerify { .. }
    ));
    assert!(matches!(
        find(Flaw::StopsAt4096),
        Deviation::NotSigned { len: 4097, .. }
    ));
    assert!(matches!(
        find(Flaw::RefusesEmpty),
        Deviation::NotSigned { len: 0, .. }
    ));
    assert!(matches!(
        find(Flaw::UsesAnotherKey),
        Deviation::DoesNotVerify { .. }
    ));
    assert!(matches!(
        find(Flaw::OtherWidth),
        Deviation::Width {
            expected: 64,
            actual: 96
        }
    ));
    assert!(matches!(
        find(Flaw::MixesUpConcurrentMessages),
        Deviation::MixedUpAtOnce(_)
    ));
}
