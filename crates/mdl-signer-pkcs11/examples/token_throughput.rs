//! Signatures per second of a token, by the number of sessions.
//!
//! ```sh
//! cargo run --release --example token_throughput -- MODULE TOKEN KEY      # the PIN in MDL_PKCS11_PIN
//! ```

use mdl_signer::Signer;
use mdl_signer_pkcs11::{KeySelector, Pin, Pkcs11Signer, SignerLimits, Token, TokenSelector};
use std::{
    env,
    error::Error,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

const TIME: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [module, label, key] = env::args()
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| "expected MODULE TOKEN KEY")?;
    let selector = TokenSelector {
        label: Some(label),
        ..TokenSelector::default()
    };
    let pin = Pin::new(env::var("MDL_PKCS11_PIN")?);
    let token = Token::open(Path::new(&module), selector, pin)?;
    for sessions in [1, 2, 4, 8] {
        let limits = SignerLimits {
            sessions,
            ..SignerLimits::default()
        };
        let key = KeySelector {
            label: Some(key.clone()),
            id: None,
        };
        let signer = Arc::new(Pkcs11Signer::open(&token, key, limits)?);
        let end = Instant::now() + TIME;
        let callers: Vec<_> = (0..sessions)
            .map(|_| {
                let signer = signer.clone();
                tokio::spawn(async move {
                    let mut count = 0_u32;
                    while Instant::now() < end {
                        signer.sign(b"Sig_structure").await?;
                        count += 1;
                    }
                    Ok::<_, mdl_signer::SignError>(count)
                })
            })
            .collect();
        let mut count = 0;
        for caller in callers {
            count += caller.await??;
        }
        println!(
            "{sessions} sessions: {:.0} signatures/s",
            f64::from(count) / TIME.as_secs_f64()
        );
    }
    Ok(())
}
