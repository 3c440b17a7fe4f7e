//! VICALs that must give no trust.

use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::profile::{DistinguishedName, Validity, VicalSignerProfile};
use mdl_iaca::trust_anchor::{DocTypeScope, TrustAnchor};
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::cose::sig_structure;
use mdl_reader::Cause;
use mdl_reader::vical::{Vical, VicalError};

use crate::authority::{Authority, CRL_URI, MDL, NOW, days, key, serial, sign};
use crate::encoding::{array, bstr, int, map, tdate, text};

struct Provider {
    authority: Authority,
    key: PrivateKey,
    certificate: Vec<u8>,
}

impl Provider {
    fn new() -> Self {
        let name = DistinguishedName::new("VICAL Authority").country("UT");
        let authority = Authority::named(Curve::P256, 20, name);
        let key = key(Curve::P256, 21);
        let name = DistinguishedName::new("VICAL Signer")
            .country("UT")
            .organization("Utopia Lists");
        let profile = VicalSignerProfile::new(
            &authority.issuer,
            key.public_key().clone(),
            name,
            Validity::days(NOW - days(10), 300).unwrap(),
            CRL_URI,
        );
        let certificate = sign(profile.build(&serial(22)).unwrap(), &authority.key);
        Self {
            authority,
            key,
            certificate,
        }
    }

    fn root(&self) -> TrustAnchor {
        TrustAnchor::from_der(&self.authority.certificate).unwrap()
    }

    fn list(&self, entries: &[Vec<u8>], extra: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
        let mut members = vec![
            (text("version"), text("1.0")),
            (text("vicalProvider"), text("Utopia Lists")),
            (text("date"), tdate("2026-05-30T00:00:00Z")),
            (text("certificateInfos"), array(entries)),
        ];
        members.extend_from_slice(extra);
        map(&members)
    }

    fn signed(
        &self,
        protected: &[(Vec<u8>, Vec<u8>)],
        unprotected: &[(Vec<u8>, Vec<u8>)],
        list: &[u8],
    ) -> Vec<u8> {
        let protected = map(protected);
        let signature = self
            .key
            .sign_deterministic(&sig_structure(&protected, &[], list));
        let mut unprotected = unprotected.to_vec();
        unprotected.push((int(33), bstr(&self.certificate)));
        array(&[
            bstr(&protected),
            map(&unprotected),
            bstr(list),
            bstr(signature.as_bytes()),
        ])
    }

    fn verify(&self, vical: &[u8]) -> Result<Vical, VicalError> {
        Vical::verify(vical, &self.root(), NOW, &Limits::DEFAULT)
    }
}

fn entry(certificate: &[u8], doc_types: &[&str]) -> Vec<u8> {
    let doc_types: Vec<_> = doc_types.iter().map(|name| text(name)).collect();
    map(&[
        (text("certificate"), bstr(certificate)),
        (text("docType"), array(&doc_types)),
    ])
}

fn es256() -> (Vec<u8>, Vec<u8>) {
    (int(1), int(-7))
}

#[test]
fn headers_that_say_two_things_or_demand_the_unknown_are_refused() {
    let provider = Provider::new();
    let list = provider.list(
        &[entry(&Authority::new(Curve::P256).certificate, &[MDL])],
        &[],
    );
    let vical = provider
        .verify(&provider.signed(&[es256()], &[], &list))
        .unwrap();
    assert_eq!(vical.trust_anchors.len(), 1);

    let unknown = (int(2), array(&[int(-70000)]));
    let result = provider.verify(&provider.signed(&[es256(), unknown.clone()], &[], &list));
    assert_eq!(result.unwrap_err(), VicalError::Headers(Cause::Critical));
    let result = provider.verify(&provider.signed(&[es256()], &[unknown], &list));
    assert_eq!(result.unwrap_err(), VicalError::Headers(Cause::Critical));
    let result = provider.verify(&provider.signed(&[es256()], &[es256()], &list));
    let twice = VicalError::Headers(Cause::LabelTwice(1));
    assert_eq!(result.unwrap_err(), twice);
    let result = provider.verify(&provider.signed(&[], &[es256()], &list));
    assert_eq!(result.unwrap_err(), VicalError::Algorithm);
    let result = provider.verify(&provider.signed(&[(int(1), int(-35))], &[], &list));
    assert_eq!(result.unwrap_err(), VicalError::Signature);
}

#[test]
fn entries_give_trust_for_what_they_list_and_no_more() {
    let provider = Provider::new();
    let iaca = Authority::new(Curve::P256);
    let ds_key = key(Curve::P256, 30);
    let list = provider.list(
        &[
            entry(&iaca.certificate, &[]),
            entry(&iaca.certificate, &["other"]),
            entry(&iaca.document_signer(&ds_key), &[MDL]),
            entry(&[], &[MDL]),
            map(&[(text("certificate"), bstr(&iaca.certificate))]),
            int(1),
        ],
        &[],
    );
    let vical = provider
        .verify(&provider.signed(&[es256()], &[], &list))
        .unwrap();
    let unusable: Vec<_> = vical.unusable.iter().map(|(at, _)| *at).collect();
    assert_eq!(unusable, [3, 4, 5]);
    // An empty list is for nothing, not for everything; and what is no authority vouches for nobody.
    assert_eq!(*vical.trust_anchors[0].scope(), DocTypeScope::Only(vec![]));
    assert!(
        !vical
            .trust_anchors
            .iter()
            .take(2)
            .any(|a| a.scope().contains(MDL))
    );
    assert!(
        vical.trust_anchors[2]
            .deviations()
            .iter()
            .any(|d| d.is_fatal())
    );
}

#[test]
fn a_signer_for_another_purpose_or_of_another_provider_gives_no_trust() {
    let mut provider = Provider::new();
    let list = provider.list(&[], &[]);
    let stranger = Authority::named(
        Curve::P256,
        23,
        DistinguishedName::new("VICAL Authority").country("UT"),
    );
    let vical = provider.signed(&[es256()], &[], &list);
    let other_root = TrustAnchor::from_der(&stranger.certificate).unwrap();
    let result = Vical::verify(&vical, &other_root, NOW, &Limits::DEFAULT);
    assert!(
        matches!(result, Err(VicalError::Signer(Some(_)))),
        "{result:?}"
    );
    let expired = provider.list(&[], &[(text("notAfter"), tdate("2026-06-01T11:59:59Z"))]);
    let result = provider.verify(&provider.signed(&[es256()], &[], &expired));
    assert!(matches!(result, Err(VicalError::Expired(_))), "{result:?}");

    // A document signer below the same authority.
    provider.certificate = provider.authority.document_signer(&provider.key);
    let result = provider.verify(&provider.signed(&[es256()], &[], &list));
    assert!(
        matches!(result, Err(VicalError::Signer(Some(_)))),
        "{result:?}"
    );
}
