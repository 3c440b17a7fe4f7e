//! A licence presented in a session, every part open to change before it is signed.

use mdl_crypto::{Curve, HashAlgorithm, PrivateKey, hmac_sha256};
use mdl_iaca::trust_anchor::{TrustAnchor, TrustAnchors};
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::cose::{encode_cose_key, mac_structure, sig_structure};
use mdl_mdoc::device_authentication::{device_authentication_bytes, e_mac_key};
use mdl_mdoc::session_transcript::SessionTranscript;
use mdl_reader::{CheckId, Conditions, Policy, Report, Session, Verdict, Verifier};

use crate::authority::{Authority, MDL, NOW, key};
use crate::encoding::{NULL, array, bstr, embedded, int, map, tdate, text};

pub(crate) const ISO: &str = "org.iso.18013.5.1";

pub(crate) struct Scene {
    pub(crate) authority: Authority,
    pub(crate) ds_key: PrivateKey,
    pub(crate) ds: Vec<u8>,
    pub(crate) device_key: PrivateKey,
    pub(crate) reader_key: PrivateKey,
    pub(crate) doc_type: String,
    /// Name spaces with their `IssuerSignedItemBytes`.
    pub(crate) name_spaces: Vec<(String, Vec<Vec<u8>>)>,
    pub(crate) mso: Mso,
    pub(crate) issuer_protected: Vec<u8>,
    /// `None`: `{33: ds}`.
    pub(crate) issuer_unprotected: Option<Vec<u8>>,
    pub(crate) before_issuer_auth: Vec<u8>,
    /// Elements after the fourth.
    pub(crate) after_issuer_auth: Vec<u8>,
    pub(crate) device_name_spaces: Vec<u8>,
    pub(crate) device_auth: DeviceAuth,
    pub(crate) policy: Policy,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum DeviceAuth {
    Signature,
    Mac { tag_len: usize },
    Both,
    Neither,
    Null,
}

pub(crate) struct Mso {
    pub(crate) doc_type: String,
    /// `None`: the digests of the items, with digestIDs 0, 1, ….
    pub(crate) value_digests: Option<Vec<u8>>,
    pub(crate) device_key: Vec<u8>,
    pub(crate) key_authorizations: Option<Vec<u8>>,
    pub(crate) validity: Vec<u8>,
}

impl Mso {
    pub(crate) fn valid_until(&mut self, moment: &str) {
        self.validity = map(&[
            (text("signed"), tdate("2026-05-25T00:00:00Z")),
            (text("validFrom"), tdate("2026-05-25T00:00:00Z")),
            (text("validUntil"), tdate(moment)),
        ]);
    }
}

pub(crate) fn item(digest_id: u64, identifier: &str, value: Vec<u8>) -> Vec<u8> {
    embedded(&map(&[
        (text("digestID"), int(digest_id as i64)),
        (text("random"), bstr(&[7; 16])),
        (text("elementIdentifier"), text(identifier)),
        (text("elementValue"), value),
    ]))
}

impl Scene {
    pub(crate) fn new() -> Self {
        let authority = Authority::new(Curve::P256);
        let ds_key = key(Curve::P256, 2);
        let device_key = key(Curve::P256, 3);
        let mut mso = Mso {
            doc_type: MDL.to_owned(),
            value_digests: None,
            device_key: encode_cose_key(device_key.public_key()),
            key_authorizations: None,
            validity: Vec::new(),
        };
        mso.valid_until("2026-06-25T00:00:00Z");
        Self {
            ds: authority.document_signer(&ds_key),
            authority,
            ds_key,
            device_key,
            reader_key: key(Curve::P256, 4),
            doc_type: MDL.to_owned(),
            name_spaces: vec![(
                ISO.to_owned(),
                vec![
                    item(0, "family_name", text("Mustermann")),
                    item(1, "age_over_18", vec![0xf5]),
                ],
            )],
            mso,
            issuer_protected: map(&[(int(1), int(-7))]),
            issuer_unprotected: None,
            before_issuer_auth: Vec::new(),
            after_issuer_auth: Vec::new(),
            device_name_spaces: map(&[]),
            device_auth: DeviceAuth::Signature,
            policy: Policy::Iso,
        }
    }

    pub(crate) fn transcript() -> SessionTranscript {
        let transcript = array(&[vec![NULL], vec![NULL], text("a session")]);
        SessionTranscript::from_bytes(transcript, &Limits::DEFAULT).unwrap()
    }

    fn mso(&self) -> Vec<u8> {
        let digests = self.mso.value_digests.clone().unwrap_or_else(|| {
            let name_spaces = self.name_spaces.iter().map(|(name_space, items)| {
                let digests = items.iter().enumerate().map(|(id, item)| {
                    let digest = HashAlgorithm::Sha256.digest(item);
                    (int(id as i64), bstr(digest.as_ref()))
                });
                (text(name_space), map(&digests.collect::<Vec<_>>()))
            });
            map(&name_spaces.collect::<Vec<_>>())
        });
        let mut key_info = vec![(text("deviceKey"), self.mso.device_key.clone())];
        if let Some(authorizations) = &self.mso.key_authorizations {
            key_info.push((text("keyAuthorizations"), authorizations.clone()));
        }
        embedded(&map(&[
            (text("version"), text("1.0")),
            (text("digestAlgorithm"), text("SHA-256")),
            (text("valueDigests"), digests),
            (text("deviceKeyInfo"), map(&key_info)),
            (text("docType"), text(&self.mso.doc_type)),
            (text("validityInfo"), self.mso.validity.clone()),
        ]))
    }

    pub(crate) fn issuer_signed(&self) -> Vec<u8> {
        let mso = self.mso();
        let signed = sig_structure(&self.issuer_protected, &[], &mso);
        let signature = self.ds_key.sign_deterministic(&signed);
        let unprotected = self.issuer_unprotected.clone();
        let issuer_auth = [
            self.before_issuer_auth.clone(),
            vec![0x84 + self.after_issuer_auth.len() as u8],
            bstr(&self.issuer_protected),
            unprotected.unwrap_or_else(|| map(&[(int(33), bstr(&self.ds))])),
            bstr(&mso),
            bstr(signature.as_bytes()),
            self.after_issuer_auth.clone(),
        ]
        .concat();
        let name_spaces = self
            .name_spaces
            .iter()
            .map(|(name_space, items)| (text(name_space), array(items)));
        map(&[
            (text("nameSpaces"), map(&name_spaces.collect::<Vec<_>>())),
            (text("issuerAuth"), issuer_auth),
        ])
    }

    fn device_auth(&self) -> Vec<u8> {
        let transcript = Self::transcript();
        let name_spaces = embedded(&self.device_name_spaces);
        let content = device_authentication_bytes(&transcript, &self.doc_type, &name_spaces);
        let frame = |protected: &[u8], authenticator: &[u8]| {
            array(&[bstr(protected), map(&[]), vec![NULL], bstr(authenticator)])
        };
        let signature = || {
            let algorithm = self.device_key.curve().algorithm().cose();
            let protected = map(&[(int(1), int(algorithm))]);
            let signed = sig_structure(&protected, &[], &content);
            let signature = self.device_key.sign_deterministic(&signed);
            frame(&protected, signature.as_bytes())
        };
        let mac = |tag_len: usize| {
            let protected = map(&[(int(1), int(5))]);
            let secret = self
                .device_key
                .diffie_hellman(self.reader_key.public_key())
                .unwrap();
            let key = e_mac_key(&secret, &transcript);
            let tag = hmac_sha256(&*key, &[&mac_structure(&protected, &[], &content)]);
            frame(&protected, &tag[..tag_len])
        };
        match self.device_auth {
            DeviceAuth::Signature => map(&[(text("deviceSignature"), signature())]),
            DeviceAuth::Mac { tag_len } => map(&[(text("deviceMac"), mac(tag_len))]),
            DeviceAuth::Both => map(&[
                (text("deviceSignature"), signature()),
                (text("deviceMac"), mac(32)),
            ]),
            DeviceAuth::Neither => map(&[]),
            DeviceAuth::Null => map(&[(text("deviceSignature"), vec![NULL])]),
        }
    }

    pub(crate) fn document(&self) -> Vec<u8> {
        let device_signed = map(&[
            (text("nameSpaces"), embedded(&self.device_name_spaces)),
            (text("deviceAuth"), self.device_auth()),
        ]);
        map(&[
            (text("docType"), text(&self.doc_type)),
            (text("issuerSigned"), self.issuer_signed()),
            (text("deviceSigned"), device_signed),
        ])
    }

    pub(crate) fn response(&self) -> Vec<u8> {
        response_of(&[self.document()])
    }

    pub(crate) fn verifier(&self) -> Verifier {
        let anchor = TrustAnchor::from_der(&self.authority.certificate).unwrap();
        Verifier::new(TrustAnchors::new([anchor])).with_policy(self.policy)
    }

    pub(crate) fn verify<'r>(&self, response: &'r [u8]) -> Report<'r> {
        let transcript = Self::transcript();
        let session = Session::Device {
            transcript: &transcript,
            reader_key: Some(&self.reader_key),
        };
        self.verifier()
            .verify(response, &Conditions::new(NOW, session))
    }

    pub(crate) fn failures(&self, response: &[u8]) -> Vec<CheckId> {
        let report = self.verify(response);
        report.failures().map(|check| check.id).collect()
    }

    /// Rejected by this check and no other, and nothing is given out.
    #[track_caller]
    pub(crate) fn fails(&self, check: CheckId) {
        let response = self.response();
        let report = self.verify(&response);
        let failed: Vec<_> = report.failures().collect();
        assert!(
            failed.iter().any(|result| result.id == check) && failed.len() == 1,
            "{failed:?}"
        );
        assert_ne!(report.verdict(), Verdict::Valid);
        assert!(report.verified(0).is_none());
    }
}

pub(crate) fn response_of(documents: &[Vec<u8>]) -> Vec<u8> {
    map(&[
        (text("version"), text("1.0")),
        (text("documents"), array(documents)),
        (text("status"), int(0)),
    ])
}
