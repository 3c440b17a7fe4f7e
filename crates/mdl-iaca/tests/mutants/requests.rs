//! Mutants of certification requests.

use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::certificate::{CsrView, oid};
use mdl_iaca::csr::UnsignedRequest;
use mdl_iaca::lint::{LintFinding, lint_csr};
use mdl_iaca::profile::DistinguishedName;

use super::{Mutant, algorithm, envelope, secp256k1};
use crate::authority::forge::{SEQUENCE, children, extension, tlv};
use crate::authority::key;

const VERSION: usize = 0;
const SUBJECT: usize = 1;
const PUBLIC_KEY: usize = 2;
const ATTRIBUTES: usize = 3;

/// A good request.
pub(crate) fn request(key: &PrivateKey) -> Vec<u8> {
    let name = DistinguishedName::new("Utopia DS 1")
        .country("UT")
        .state("UT-01");
    let unsigned = UnsignedRequest::new(key.public_key().clone(), &name).unwrap();
    let signature = key.sign(unsigned.to_be_signed());
    unsigned.attach(&signature).unwrap().into_der()
}

pub(crate) fn lint(request: &[u8]) -> Vec<LintFinding> {
    lint_csr(&CsrView::from_der(request).expect("mutants are readable"))
}

pub(crate) fn mutants() -> Vec<Mutant> {
    let own = key(Curve::P256, 2);
    let parts = children(&request(&own));
    let fields = children(&parts[0]);
    let signed = |fields: &[Vec<u8>], algorithm: &[u8], key: &PrivateKey| {
        let info = tlv(SEQUENCE, &fields.concat());
        envelope(&info, algorithm, &key.sign(&info).to_der())
    };
    let mutant = |rule, field: usize, value: Vec<u8>| {
        let mut fields = fields.clone();
        fields[field] = value;
        Mutant {
            rule,
            findings: lint(&signed(&fields, &parts[1], &own)),
        }
    };
    let asks_for = |extension: Vec<u8>| {
        let values = tlv(0x31, &tlv(SEQUENCE, &extension));
        let attribute = [tlv(0x06, oid::EXTENSION_REQUEST.as_bytes()), values].concat();
        tlv(0xa0, &tlv(SEQUENCE, &attribute))
    };
    let constraints = extension(
        oid::BASIC_CONSTRAINTS.as_bytes(),
        true,
        &[0x30, 3, 1, 1, 0xff],
    );
    let prohibited = extension(oid::NAME_CONSTRAINTS.as_bytes(), true, &[0x30, 0x00]);
    let ed25519 = algorithm(oid::ED25519);
    let rsa = algorithm(oid::RSA_ENCRYPTION);
    vec![
        mutant("csr-version-1", VERSION, tlv(0x02, &[1])),
        mutant("csr-curve", PUBLIC_KEY, secp256k1()),
        mutant("csr-subject", SUBJECT, tlv(SEQUENCE, &[])),
        mutant("csr-authority", ATTRIBUTES, asks_for(constraints)),
        mutant("prohibited-extension", ATTRIBUTES, asks_for(prohibited)),
        Mutant {
            rule: "csr-signature",
            findings: lint(&signed(&fields, &parts[1], &key(Curve::P256, 55))),
        },
        Mutant {
            rule: "csr-signature-algorithm",
            findings: lint(&signed(&fields, &rsa, &own)),
        },
        Mutant {
            rule: "csr-signature-algorithm",
            findings: lint(&signed(&fields, &ed25519, &own)),
        },
    ]
}
