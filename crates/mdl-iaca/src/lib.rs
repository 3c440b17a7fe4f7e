//! ISO/IEC 18013-5 Annex B certificates: profiles, builders, linter, path validation, CRL.
//!
//! An authority makes its root and a document signer; a reader that trusts the root validates the signer:
//!
//! ```
//! use mdl_crypto::{Curve, PrivateKey};
//! use mdl_iaca::path::{PathConditions, Role};
//! use mdl_iaca::profile::{
//!     Contact, DistinguishedName, DocumentSignerProfile, IacaProfile, Issuer, SerialNumber, Validity,
//! };
//! use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
//! use rand_core::SeedableRng;
//! use time::macros::datetime;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(7);
//! let now = datetime!(2026-06-01 12:00 UTC);
//! let crl = "https://iaca.example/crl.der";
//!
//! let iaca_key = PrivateKey::generate(Curve::P384, &mut rng);
//! let unsigned = IacaProfile::new(
//!     iaca_key.public_key().clone(),
//!     DistinguishedName::new("Utopia IACA").country("UT"),
//!     Validity::days(now, 9 * 365)?,
//!     Contact::email("iaca@dmv.example"),
//!     crl,
//! )
//! .build(&SerialNumber::random(&mut rng))?;
//! let signature = iaca_key.sign(unsigned.to_be_signed()); // or a key store that is far away
//! let iaca = unsigned.attach(&signature)?;
//!
//! let issuer = Issuer::from_certificate(iaca.as_der())?;
//! let ds_key = PrivateKey::generate(Curve::P256, &mut rng);
//! let name = DistinguishedName::new("Utopia DS 1");
//! let validity = Validity::days(now, 90)?;
//! let unsigned =
//!     DocumentSignerProfile::new(&issuer, ds_key.public_key().clone(), name, validity, crl)
//!         .build(&SerialNumber::random(&mut rng))?;
//! let signature = iaca_key.sign(unsigned.to_be_signed());
//! let document_signer = unsigned.attach(&signature)?;
//!
//! let anchors = TrustAnchors::new([TrustAnchor::from_der(iaca.as_der())?]);
//! let path = anchors.examine(&[document_signer.as_der()], Role::DocumentSigner);
//! let report = path.evaluate(&PathConditions::at(now));
//! let validated = report.validated().expect("no check failed");
//! assert_eq!(validated.key(), ds_key.public_key());
//! # Ok(())
//! # }
//! ```
//!
//! | Module | for |
//! |---|---|
//! | [`certificate`] | views over received certificates, CRLs and requests |
//! | [`profile`], [`csr`], [`crl`] | building them |
//! | [`authority`] | what a certificate authority does, ours or a service's |
//! | [`lint`] | every row of the profile tables as a rule |
//! | [`trust_anchor`], [`path`], [`revocation`], [`ocsp`] | deciding whether a certificate is to be trusted |
//!
//! Out of scope: fetching CRLs or certificates, keeping keys, and the clock; the caller has them.

pub mod authority;
pub mod certificate;
pub mod crl;
pub mod csr;
pub mod lint;
pub mod ocsp;
pub mod path;
pub mod profile;
pub mod revocation;
pub mod trust_anchor;
