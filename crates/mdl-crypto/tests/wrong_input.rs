//! Malformed keys and signatures: each gives its own error, and none a panic.

use mdl_crypto::{
    Algorithm, Curve, HashAlgorithm, InvalidKey, InvalidPrivateKey, InvalidSignature, PrivateKey,
    PublicKey, Signature, UnsupportedCurve, VerifyError,
};

/// Orders of the curves, big-endian and [`Curve::field_len`] bytes.
fn order(curve: Curve) -> Option<Vec<u8>> {
    let digits = match curve {
        Curve::P256 => "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        Curve::P384 => {
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"
        }
        Curve::P521 => {
            "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
        }
        Curve::BrainpoolP256r1 => {
            "a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7"
        }
        Curve::BrainpoolP384r1 => {
            "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565"
        }
        _ => return None,
    };
    Some(hex::decode(digits).expect("digits above"))
}

fn key(curve: Curve) -> PrivateKey {
    // Below the order of every curve, and its first byte below the two bytes of P-521.
    let mut scalar = vec![0x42; curve.field_len()];
    scalar[0] = 0;
    PrivateKey::from_scalar(curve, &scalar).expect("in range for every curve")
}

#[test]
fn signatures_out_of_range_do_not_verify() {
    for curve in Curve::ALL {
        let Some(order) = order(curve) else { continue };
        let key = key(curve);
        let public = key.public_key();
        let good = key.sign(b"message");
        let (r, s) = good.as_bytes().split_at(curve.field_len());
        let zero = vec![0; curve.field_len()];
        let all_ones = vec![0xff; curve.field_len()];

        for (name, r, s) in [
            ("r is zero", &zero[..], s),
            ("s is zero", r, &zero[..]),
            ("both are zero", &zero[..], &zero[..]),
            ("r is the order", &order[..], s),
            ("s is the order", r, &order[..]),
            ("r is as large as it can be", &all_ones[..], s),
            ("s is as large as it can be", r, &all_ones[..]),
            ("r and s are swapped", s, r),
        ] {
            let signature = [r, s].concat();
            assert_eq!(
                public.verify(curve.algorithm(), b"message", &signature),
                Err(VerifyError::BadSignature),
                "{curve}: {name}"
            );
            // The DER form of the same numbers, where it exists.
            let der = Signature::from_bytes(curve, &signature).unwrap().to_der();
            let hash = curve.algorithm().hash().unwrap();
            assert!(
                public.verify_ecdsa_der(hash, b"message", &der).is_err(),
                "{curve}: {name}"
            );
        }
    }
}

#[test]
fn r_plus_the_order_is_not_the_same_signature() {
    // For a small r, r + n fits the width of P-521 (521 bits in 66 bytes).
    let curve = Curve::P521;
    let key = key(curve);
    let good = key.sign(b"message");
    let order = order(curve).unwrap();
    let mut sum = good.as_bytes().to_vec();
    let mut carry = 0;
    for (digit, add) in sum[..66].iter_mut().zip(&order).rev() {
        let total = u16::from(*digit) + u16::from(*add) + carry;
        *digit = total as u8;
        carry = total >> 8;
    }
    assert_eq!(
        key.public_key().verify(Algorithm::Es512, b"message", &sum),
        Err(VerifyError::BadSignature)
    );
}

#[test]
fn signatures_of_another_length_are_an_error_of_their_own() {
    for curve in Curve::ALL {
        let key = key(curve);
        let good = key.sign(b"message");
        let expected = curve.signature_len();
        let longer = [good.as_bytes(), &[0]].concat();
        let padded = [&[0], good.as_bytes()].concat();
        for signature in [
            &[][..],
            &[0],
            &good.as_bytes()[1..],
            &longer,
            &padded,
            &[0; 4096],
        ] {
            let actual = signature.len();
            assert_eq!(
                key.public_key()
                    .verify(curve.algorithm(), b"message", signature),
                Err(VerifyError::SignatureLength { expected, actual }),
            );
            assert_eq!(
                Signature::from_bytes(curve, signature),
                Err(InvalidSignature::Length {
                    curve,
                    expected,
                    actual
                }),
            );
        }
    }
}

#[test]
fn every_bit_of_a_signature_counts() {
    for curve in Curve::ALL {
        let key = key(curve);
        let good = key.sign(b"message");
        for byte in 0..curve.signature_len() {
            let mut signature = good.as_bytes().to_vec();
            signature[byte] ^= 1 << (byte % 8);
            assert_eq!(
                key.public_key()
                    .verify(curve.algorithm(), b"message", &signature),
                Err(VerifyError::BadSignature),
                "{curve}, byte {byte}"
            );
        }
        for message in [&b"messagf"[..], b"", b"message\0"] {
            assert_eq!(
                key.public_key()
                    .verify(curve.algorithm(), message, good.as_bytes()),
                Err(VerifyError::BadSignature)
            );
        }
    }
}

#[test]
fn algorithms_must_fit_the_curve() {
    let algorithms = [
        Algorithm::Es256,
        Algorithm::Es384,
        Algorithm::Es512,
        Algorithm::EdDsa,
    ];
    for curve in Curve::ALL {
        let key = key(curve);
        let good = key.sign(b"message");
        for algorithm in algorithms {
            let verdict = key
                .public_key()
                .verify(algorithm, b"message", good.as_bytes());
            if algorithm == curve.algorithm() {
                assert_eq!(verdict, Ok(()));
            } else {
                assert_eq!(
                    verdict,
                    Err(VerifyError::AlgorithmMismatch { algorithm, curve })
                );
            }
        }
    }
}

#[test]
fn points_are_checked() {
    for curve in Curve::ALL {
        if curve.is_edwards() {
            continue;
        }
        let key = key(curve);
        let good = key.public_key();
        let field = curve.field_len();
        let (x, y) = (good.x(), good.y().unwrap());
        let mut off = good.key_bits().to_vec();
        *off.last_mut().unwrap() ^= 1;
        let not_on_curve = InvalidKey::NotOnCurve(curve);
        let length = |expected, actual| InvalidKey::Length {
            curve,
            expected,
            actual,
        };

        for (name, point, error) in [
            ("empty", vec![], InvalidKey::PointFormat),
            ("identity", vec![0], InvalidKey::PointFormat),
            (
                "hybrid form",
                [&[6], x, y].concat(),
                InvalidKey::PointFormat,
            ),
            ("off the curve", off.clone(), not_on_curve.clone()),
            (
                "zero",
                [&[4][..], &vec![0; 2 * field]].concat(),
                not_on_curve.clone(),
            ),
            (
                "not below the prime",
                [&[4][..], &vec![0xff; 2 * field]].concat(),
                not_on_curve.clone(),
            ),
            (
                "compressed, not below the prime",
                [&[2][..], &vec![0xff; field]].concat(),
                not_on_curve.clone(),
            ),
            (
                "one byte short",
                good.key_bits()[..2 * field].to_vec(),
                length(2 * field + 1, 2 * field),
            ),
            (
                "one byte long",
                [good.key_bits(), &[0]].concat(),
                length(2 * field + 1, 2 * field + 2),
            ),
            ("prefix only", vec![4], length(2 * field + 1, 1)),
            (
                "uncompressed as compressed",
                [&[2], x, y].concat(),
                length(field + 1, 2 * field + 1),
            ),
            (
                "a SubjectPublicKeyInfo",
                good.to_spki_der(),
                InvalidKey::PointFormat,
            ),
        ] {
            assert_eq!(
                PublicKey::from_sec1(curve, &point),
                Err(error),
                "{curve}: {name}"
            );
        }

        let padded = [&[0], x].concat();
        for (name, x, y, actual) in [
            ("short x", &x[1..], y, field - 1),
            ("short y", x, &y[1..], field - 1),
            ("padded x", &padded[..], y, field + 1),
            ("empty x", &[][..], y, 0),
        ] {
            assert_eq!(
                PublicKey::from_coordinates(curve, x, y),
                Err(length(field, actual)),
                "{curve}: {name}"
            );
        }
        assert_eq!(
            PublicKey::from_coordinates(curve, y, x),
            Err(not_on_curve.clone()),
            "{curve}"
        );
        assert_eq!(
            PublicKey::from_compressed(curve, &x[1..], true),
            Err(length(field, field - 1))
        );
        assert_eq!(
            PublicKey::from_edwards(curve, x),
            Err(InvalidKey::WrongKind(curve))
        );

        // About half of all x coordinates have no point.
        let refused = (0..64u8)
            .filter(|&low| {
                let mut x = vec![0; field];
                x[field - 1] = low;
                PublicKey::from_compressed(curve, &x, false).is_err()
            })
            .count();
        assert!((16..48).contains(&refused), "{curve}: {refused}");
    }
}

#[test]
fn compressed_points_give_the_same_key() {
    for curve in Curve::ALL {
        if curve.is_edwards() {
            continue;
        }
        let key = key(curve);
        let good = key.public_key();
        let odd = good.y().unwrap().last().unwrap() & 1 == 1;
        assert_eq!(
            PublicKey::from_compressed(curve, good.x(), odd).unwrap(),
            *good
        );
        assert_ne!(
            PublicKey::from_compressed(curve, good.x(), !odd).unwrap(),
            *good
        );
        assert_eq!(
            PublicKey::from_coordinates(curve, good.x(), good.y().unwrap()).unwrap(),
            *good
        );
    }
}

#[test]
fn edwards_keys_are_checked() {
    let curve = Curve::Ed25519;
    let decode = |digits: &str| PublicKey::from_edwards(curve, &hex::decode(digits).unwrap());

    // The eight points of small order, in the encodings that RFC 8032 allows.
    for point in [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    ] {
        assert_eq!(decode(point), Err(InvalidKey::SmallOrder), "{point}");
    }
    // y from the prime up to 2^255: second encodings, some of points of large order.
    for excess in 0..19 {
        let mut point = [0xff; 32];
        point[0] = 0xed + excess;
        point[31] = 0x7f;
        assert!(PublicKey::from_edwards(curve, &point).is_err(), "{excess}");
    }
    // No x for this y.
    assert_eq!(
        decode("0200000000000000000000000000000000000000000000000000000000000000"),
        Err(InvalidKey::NotOnCurve(curve))
    );
    assert_eq!(
        PublicKey::from_edwards(curve, &[1; 31]),
        Err(InvalidKey::Length {
            curve,
            expected: 32,
            actual: 31
        })
    );
    assert_eq!(
        PublicKey::from_sec1(curve, &[4; 65]),
        Err(InvalidKey::WrongKind(curve))
    );
    assert_eq!(
        PublicKey::from_coordinates(curve, &[1; 32], &[1; 32]),
        Err(InvalidKey::WrongKind(curve))
    );
    let key = key(curve);
    assert_eq!(
        key.public_key()
            .verify_ecdsa_der(HashAlgorithm::Sha512, b"", &[0x30, 0]),
        Err(VerifyError::NotEcdsa(curve))
    );
}

#[test]
fn edwards_signatures_with_a_small_order_part_do_not_verify() {
    // R of small order and s of zero: a verifier that multiplies by the cofactor could accept it.
    let key = key(Curve::Ed25519);
    let mut signature = [0; 64];
    signature[0] = 1;
    assert_eq!(
        key.public_key()
            .verify(Algorithm::EdDsa, b"message", &signature),
        Err(VerifyError::BadSignature)
    );
    // s plus the order of the group: a second signature for the same message.
    let order =
        hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let mut signature = key.sign(b"message").as_bytes().to_vec();
    let mut carry = 0;
    for (digit, add) in signature[32..].iter_mut().zip(&order) {
        let total = u16::from(*digit) + u16::from(*add) + carry;
        *digit = total as u8;
        carry = total >> 8;
    }
    assert_eq!(
        key.public_key()
            .verify(Algorithm::EdDsa, b"message", &signature),
        Err(VerifyError::BadSignature)
    );
}

#[test]
fn der_signatures_have_one_encoding() {
    let curve = Curve::P256;
    let parse = |digits: &str| Signature::from_der(curve, &hex::decode(digits).unwrap());
    let read = |r: u8, s: u8| {
        let mut fixed = [0; 64];
        (fixed[31], fixed[63]) = (r, s);
        Signature::from_bytes(curve, &fixed)
    };
    assert_eq!(parse("3006020101020102"), read(1, 2));
    assert_eq!(parse("300702020080020102"), read(0x80, 2));

    let wide = "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
    for (name, der) in [
        ("empty", "".to_owned()),
        ("tag only", "30".to_owned()),
        ("no integers", "3000".to_owned()),
        ("one integer", "3003020101".to_owned()),
        ("three integers", "3009020101020102020103".to_owned()),
        ("trailing byte", "300602010102010200".to_owned()),
        ("trailing byte inside", "300702010102010200".to_owned()),
        ("SET", "3106020101020102".to_owned()),
        ("length in two bytes", "308106020101020102".to_owned()),
        ("indefinite length", "30800201010201020000".to_owned()),
        ("length too large", "3007020101020102".to_owned()),
        ("length beyond the end", "307f020101020102".to_owned()),
        ("integer beyond the end", "3006020101020302".to_owned()),
        (
            "integer length in two bytes",
            "300702810101020102".to_owned(),
        ),
        ("empty integer", "30050200020102".to_owned()),
        ("zero", "3006020100020102".to_owned()),
        ("negative", "3006020180020102".to_owned()),
        ("leading zero", "300702020001020102".to_owned()),
        (
            "wider than the curve",
            format!("302702220100{}020102", &wide[2..]),
        ),
        ("OCTET STRING", "3006040101020102".to_owned()),
    ] {
        assert_eq!(parse(&der), Err(InvalidSignature::Der), "{name}");
        assert_eq!(
            key(curve).public_key().verify_ecdsa_der(
                HashAlgorithm::Sha256,
                b"message",
                &hex::decode(&der).unwrap()
            ),
            Err(VerifyError::SignatureEncoding),
            "{name}"
        );
    }
    // As wide as the curve is fine: whether it is below the order is for the verification to say.
    assert!(parse(&format!("30260221{wide}020102")).is_ok());
    assert_eq!(
        Signature::from_der(Curve::Ed25519, &[0x30, 0]),
        Err(InvalidSignature::NotEcdsa(Curve::Ed25519))
    );
}

#[test]
fn subject_public_key_info_has_one_encoding() {
    for curve in Curve::ALL {
        let key = key(curve);
        let good = key.public_key().to_spki_der();
        assert_eq!(PublicKey::from_spki_der(&good).unwrap(), *key.public_key());
        let trailing = [&good[..], &[0]].concat();
        assert_eq!(
            PublicKey::from_spki_der(&trailing),
            Err(InvalidKey::Spki),
            "{curve}"
        );
        for len in 0..good.len() {
            assert!(
                PublicKey::from_spki_der(&good[..len]).is_err(),
                "{curve}, {len} bytes"
            );
        }
        for byte in 0..good.len() - key.public_key().key_bits().len() {
            let mut flipped = good.clone();
            flipped[byte] ^= 0x20;
            assert!(
                PublicKey::from_spki_der(&flipped).is_err(),
                "{curve}, byte {byte}"
            );
        }
    }
}

#[test]
fn subject_public_key_infos_that_are_not_ours_are_named() {
    let unsupported = |name| InvalidKey::Unsupported(UnsupportedCurve::Named(name));
    for (der, error) in [
        // secp256k1, brainpoolP320r1 and brainpoolP512r1; the points are not looked at.
        (
            "301a301006072a8648ce3d020106052b8104000a0306000400000000",
            unsupported("secp256k1"),
        ),
        (
            "301e301406072a8648ce3d020106092b24030302080101090306000400000000",
            unsupported("brainpoolP320r1"),
        ),
        (
            "301e301406072a8648ce3d020106092b240303020801010d0306000400000000",
            unsupported("brainpoolP512r1"),
        ),
        ("300c300506032b6571030300abcd", unsupported("Ed448")),
        ("300c300506032b656e030300abcd", unsupported("X25519")),
        (
            "3018300e06072a8648ce3d020106032a03040306000400000000",
            InvalidKey::Unsupported(UnsupportedCurve::ObjectIdentifier("1.2.3.4".to_owned())),
        ),
        // RSA.
        (
            "3015300d06092a864886f70d01010105000304003000ff",
            InvalidKey::KeyType("1.2.840.113549.1.1.1".to_owned()),
        ),
        // P-256: compressed, with explicit parameters, with parameters missing.
        (
            "3039301306072a8648ce3d020106082a8648ce3d0301070322000200000000000000000000000000000000000000000000000000000000000000ff",
            InvalidKey::CompressedPoint,
        ),
        (
            "3015300b06072a8648ce3d020130000306000400000000",
            InvalidKey::ExplicitParameters,
        ),
        (
            "3013300906072a8648ce3d02010306000400000000",
            InvalidKey::ExplicitParameters,
        ),
    ] {
        assert_eq!(
            PublicKey::from_spki_der(&hex::decode(der).unwrap()),
            Err(error),
            "{der}"
        );
    }
    // Ed25519 with parameters.
    assert_eq!(
        PublicKey::from_spki_der(&hex::decode("300e300706032b65700500030300abcd").unwrap()),
        Err(InvalidKey::Spki)
    );
}

#[test]
fn scalars_out_of_range_are_refused() {
    for curve in Curve::ALL {
        let refused = Some(InvalidPrivateKey::Scalar(curve));
        let field = curve.field_len();
        for len in [0, 1, field - 1, field + 1] {
            assert_eq!(
                PrivateKey::from_scalar(curve, &vec![1; len]).err(),
                refused,
                "{curve}"
            );
        }
        if let Some(order) = order(curve) {
            for scalar in [&order[..], &vec![0; field], &vec![0xff; field]] {
                assert_eq!(
                    PrivateKey::from_scalar(curve, scalar).err(),
                    refused,
                    "{curve}"
                );
            }
        }
    }
}

#[test]
fn private_key_files_that_are_not_ours_are_named() {
    let der = key(Curve::P256).to_pkcs8_der();
    for len in 0..der.len() {
        assert!(
            PrivateKey::from_pkcs8_der(&der[..len]).is_err(),
            "{len} bytes"
        );
    }
    assert_eq!(
        PrivateKey::from_pkcs8_der(&[&der[..], &[0]].concat()).err(),
        Some(InvalidPrivateKey::Pkcs8)
    );
    // The public key of another.
    let mut foreign = der.to_vec();
    *foreign.last_mut().unwrap() ^= 1;
    assert_eq!(
        PrivateKey::from_pkcs8_der(&foreign).err(),
        Some(InvalidPrivateKey::Pkcs8)
    );

    for (pem, error) in [
        ("", InvalidPrivateKey::Pem),
        ("MIGHAgEAMBMGByqGSM49", InvalidPrivateKey::Pem),
        (
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n",
            InvalidPrivateKey::Encrypted,
        ),
        (
            "-----BEGIN EC PRIVATE KEY-----\nMAA=\n-----END EC PRIVATE KEY-----\n",
            InvalidPrivateKey::PemLabel("EC PRIVATE KEY".to_owned()),
        ),
        (
            "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
            InvalidPrivateKey::Pkcs8,
        ),
    ] {
        assert_eq!(PrivateKey::from_pkcs8_pem(pem).err(), Some(error), "{pem}");
    }
    // secp256k1 and RSA.
    assert_eq!(
        PrivateKey::from_pkcs8_der(
            &hex::decode("301b020100301006072a8648ce3d020106052b8104000a040401020304").unwrap()
        )
        .err(),
        Some(InvalidPrivateKey::Unsupported(UnsupportedCurve::Named(
            "secp256k1"
        )))
    );
    assert_eq!(
        PrivateKey::from_pkcs8_der(
            &hex::decode("3018020100300d06092a864886f70d0101010500040401020304").unwrap()
        )
        .err(),
        Some(InvalidPrivateKey::KeyType(
            "1.2.840.113549.1.1.1".to_owned()
        ))
    );
}
