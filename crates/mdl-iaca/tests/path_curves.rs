//! Every combination of IACA and document signer curve.

mod authority;

use authority::{Authority, ECDSA_CURVES, NOW, key};
use mdl_crypto::Curve;
use mdl_iaca::path::{PathConditions, Role};
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};

#[test]
fn document_signers_of_every_curve_validate_below_iacas_of_every_curve() {
    for iaca_curve in ECDSA_CURVES {
        let authority = Authority::new(iaca_curve);
        let anchors = TrustAnchors::new([TrustAnchor::from_der(&authority.certificate).unwrap()]);
        for ds_curve in ECDSA_CURVES.into_iter().chain([Curve::Ed25519]) {
            let ds_key = key(ds_curve, 2);
            let ds = authority.document_signer(&ds_key);
            let path = anchors.examine(&[&ds], Role::DocumentSigner);
            let report = path.evaluate(&PathConditions::at(NOW));
            let validated = report.validated().unwrap_or_else(|| {
                panic!("{iaca_curve:?} over {ds_curve:?}: {:?}", report.steps())
            });
            let signature = ds_key.sign(b"mso");
            assert_eq!(
                validated.verify(ds_curve.algorithm(), b"mso", signature.as_bytes()),
                Ok(()),
                "{iaca_curve:?} over {ds_curve:?}"
            );
        }
    }
}
