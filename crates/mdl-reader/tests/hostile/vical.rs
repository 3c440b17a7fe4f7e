//! VICALs that must give no trust.

use mdl_crypto::{Curve, PrivateKey};
use mdl_iaca::certificate::CertificateView;
use mdl_iaca::profile::{DistinguishedName, Validity, VicalSignerProfile};
use mdl_iaca::trust_anchor::{DocTypeScope, TrustAnchor};
use mdl_mdoc::cbor::Limits;
use mdl_mdoc::cose::sig_structure;
use mdl_reader::Cause;
use mdl_reader::vical::{EntryDeviation, OldVical, Vical, VicalDeviation, VicalError};

use crate::authority::{Authority, CRL_URI, MDL, NOW, days, key, serial, sign};
use crate::encoding::{array, bstr, int, map, tag, tdate, text};

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

#[test]
fn an_older_issue_is_refused() {
    let provider = Provider::new();
    let issue = |id: Option<i64>| {
        let id = id.map(|id| (text("vicalIssueID"), int(id)));
        let list = provider.list(&[], &id.into_iter().collect::<Vec<_>>());
        provider
            .verify(&provider.signed(&[es256()], &[], &list))
            .unwrap()
    };
    for (id, last) in [
        (Some(5), None),
        (Some(5), Some(5)),
        (Some(6), Some(5)),
        (None, None),
    ] {
        assert_eq!(issue(id).check_newer(last), Ok(()), "{id:?} after {last:?}");
    }
    let older = OldVical::Older {
        issue_id: 4,
        last: 5,
    };
    assert_eq!(issue(Some(4)).check_newer(Some(5)), Err(older));
    let without = OldVical::NoIssueId { last: 5 };
    assert_eq!(issue(None).check_newer(Some(5)), Err(without));
}

/// The deviations of a list with this one entry, which lists the mDL.
fn deviations_of(
    provider: &Provider,
    iaca: &Authority,
    members: &[(&str, Vec<u8>)],
) -> Vec<VicalDeviation> {
    let mut entry = vec![
        (text("certificate"), bstr(&iaca.certificate)),
        (text("docType"), array(&[text(MDL)])),
    ];
    entry.extend(
        members
            .iter()
            .map(|(name, value)| (text(name), value.clone())),
    );
    let list = provider.list(&[map(&entry)], &[]);
    let vical = provider
        .verify(&provider.signed(&[es256()], &[], &list))
        .unwrap();
    assert_eq!((vical.trust_anchors.len(), vical.unusable.len()), (1, 0));
    vical.deviations
}

#[test]
fn every_deviation_of_an_entry_is_reported_and_its_certificate_used() {
    let provider = Provider::new();
    let iaca = Authority::new(Curve::P256);
    let view = CertificateView::from_der(&iaca.certificate).unwrap();
    let ski = view
        .extensions()
        .subject_key_identifier()
        .unwrap()
        .unwrap()
        .to_vec();
    let wrapped = [&[0x04, 20][..], &ski].concat();
    let serial = tag(2, bstr(view.serial().as_bytes()));
    let good = || {
        vec![
            ("serialNumber", serial.clone()),
            ("ski", bstr(&ski)),
            ("issuingCountry", text("UT")),
            ("stateOrProvinceName", text("UT-01")),
            ("issuer", bstr(view.issuer().der())),
            ("subject", bstr(view.subject().der())),
            ("notBefore", tdate("2025-08-05T12:00:00Z")),
            ("notAfter", tdate("2034-08-03T12:00:00Z")),
            (
                "certificateProfile",
                array(&[text("urn:oid:1.0.18013.5.1.7")]),
            ),
            ("proprietary", int(1)),
        ]
    };
    assert_eq!(deviations_of(&provider, &iaca, &good()), []);

    let with = |name: &str, value: Vec<u8>| {
        let mut members = good();
        let member = members.iter_mut().find(|(member, _)| *member == name);
        member.unwrap().1 = value;
        deviations_of(&provider, &iaca, &members)
    };
    let entry = |deviation| {
        vec![VicalDeviation::Entry {
            position: 0,
            deviation,
        }]
    };
    let differs = |member| entry(EntryDeviation::Differs(member));
    assert_eq!(
        with("ski", bstr(&wrapped)),
        entry(EntryDeviation::KeyIdentifierWrapped)
    );
    assert_eq!(with("ski", bstr(&[1; 20])), differs("ski"));
    assert_eq!(with("ski", text("a")), entry(EntryDeviation::Type("ski")));
    assert_eq!(with("serialNumber", int(7)), differs("serialNumber"));
    assert_eq!(
        with("issuingCountry", text("AT")),
        differs("issuingCountry")
    );
    assert_eq!(
        with("stateOrProvinceName", text("UT-02")),
        differs("stateOrProvinceName")
    );
    assert_eq!(with("issuer", bstr(&[0x30, 0])), differs("issuer"));
    assert_eq!(with("subject", bstr(&[0x30, 0])), differs("subject"));
    assert_eq!(
        with("notBefore", tdate("2025-08-05T12:00:01Z")),
        differs("notBefore")
    );
    assert_eq!(
        with("notAfter", tdate("2034-08-03T12:00:01Z")),
        differs("notAfter")
    );

    for absent in ["ski", "serialNumber"] {
        let mut members = good();
        members.retain(|(member, _)| *member != absent);
        let missing = entry(EntryDeviation::Missing(absent));
        assert_eq!(deviations_of(&provider, &iaca, &members), missing);
    }
    let mut members = good();
    members.retain(|(member, _)| *member != "certificateProfile");
    members.push((
        "CertificateProfile",
        array(&[text("urn:oid:1.0.18013.5.1.7")]),
    ));
    let spelling = entry(EntryDeviation::Spelling("certificateProfile"));
    assert_eq!(deviations_of(&provider, &iaca, &members), spelling);
}

#[test]
fn deviations_of_list_and_certificates_are_reported() {
    let provider = Provider::new();
    let ids =
        |vical: &Vical| -> Vec<_> { vical.deviations.iter().map(VicalDeviation::id).collect() };
    let name = DistinguishedName::new("Utopia IACA")
        .country("UT")
        .state("Utopia");
    let no_iso_state = Authority::named(Curve::P256, 40, name);
    let list = provider.list(&[entry(&no_iso_state.certificate, &[])], &[]);
    let vical = provider
        .verify(&provider.signed(&[es256()], &[], &list))
        .unwrap();
    let expected = [
        "vical-entry-member",
        "vical-entry-member",
        "vical-entry-doc-type",
        "vical-entry-state",
    ];
    assert_eq!(ids(&vical), expected);

    let ahead = map(&[
        (text("version"), text("1.0")),
        (text("vicalProvider"), text("Utopia Lists")),
        (text("date"), tdate("2026-06-02T00:00:00Z")),
        (text("certificateInfos"), array(&[])),
    ]);
    let signed = provider.signed(&[es256()], &[], &ahead);
    assert_eq!(ids(&provider.verify(&signed).unwrap()), ["vical-date"]);

    let list = provider.list(&[], &[]);
    let plain = provider.signed(&[es256()], &[], &list);
    let tagged = tag(18, plain.clone());
    assert_eq!(ids(&provider.verify(&plain).unwrap()), [""; 0]);
    assert_eq!(ids(&provider.verify(&tagged).unwrap()), ["vical-tagged"]);

    // The root where only the signer's own path belongs; both together in the protected header.
    let chain = array(&[
        bstr(&provider.certificate),
        bstr(&provider.authority.certificate),
    ]);
    let protected = map(&[es256(), (int(33), chain)]);
    let signature = provider
        .key
        .sign_deterministic(&sig_structure(&protected, &[], &list));
    let moved = array(&[
        bstr(&protected),
        map(&[]),
        bstr(&list),
        bstr(signature.as_bytes()),
    ]);
    let vical = provider.verify(&moved).unwrap();
    let both = [
        VicalDeviation::X5chainProtected,
        VicalDeviation::RootInX5chain,
    ];
    assert_eq!(vical.deviations, both);
}
