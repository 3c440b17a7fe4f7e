//! Naming keys: what is read is written back the same, and what is not understood is refused.

use mdl_signer::key_uri::{InvalidKeyUri, KeyUri, KmsUri, PinSource, Pkcs11Uri};

const ARN: &str = "arn:aws:kms:us-west-2:111122223333:key/mrk-0987";

fn read(text: &str) -> KeyUri {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn files_are_paths_with_or_without_a_scheme() {
    for (text, path) in [
        ("ds/key.pem", "ds/key.pem"),
        ("/ds/key.pem", "/ds/key.pem"),
        ("file:ds/key.pem", "ds/key.pem"),
        ("file:/ds/key.pem", "/ds/key.pem"),
        ("file:///ds/my%20key.pem", "/ds/my key.pem"),
        ("C:\\key.pem", "C:\\key.pem"),
    ] {
        assert_eq!(read(text), KeyUri::File(path.into()), "{text}");
    }
}

#[test]
fn keys_of_a_token_are_read_as_rfc_7512_writes_them() {
    let text = "pkcs11:token=My%20token;object=ds%3b1;id=%00%FFa;type=private\
                ?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/mdl/pin";
    let expected = Pkcs11Uri {
        token: Some("My token".into()),
        object: Some("ds;1".into()),
        id: Some(vec![0, 0xff, b'a']),
        module_path: Some("/usr/lib/softhsm/libsofthsm2.so".into()),
        pin_source: Some(PinSource::File("/etc/mdl/pin".into())),
        ..Pkcs11Uri::default()
    };
    assert_eq!(read(text), KeyUri::Pkcs11(expected.clone()));
    assert_eq!(read(&expected.to_string()), KeyUri::Pkcs11(expected));
    let text = "pkcs11:serial=12;slot-id=7?pin-source=env:PIN";
    let expected = Pkcs11Uri {
        serial: Some("12".into()),
        slot_id: Some(7),
        pin_source: Some(PinSource::Environment("PIN".into())),
        ..Pkcs11Uri::default()
    };
    assert_eq!(read(text), KeyUri::Pkcs11(expected));
    assert_eq!(read(text).to_string(), text);
    let bare = read("pkcs11:?pin-source=/etc/pin").to_string();
    assert_eq!(bare, "pkcs11:?pin-source=file:/etc/pin");
}

#[test]
fn keys_of_kms_are_arns_with_their_replicas() {
    for text in [
        "awskms:".to_owned(),
        format!("awskms:///{ARN}"),
        format!("awskms:///{ARN}?replica-regions=eu-west-1,eu-west-2"),
    ] {
        assert_eq!(read(&text).to_string(), text);
    }
    let expected = KmsUri {
        arn: Some(ARN.into()),
        replica_regions: vec!["eu-west-1".into()],
    };
    let text = format!("awskms:///{ARN}?replica-regions=eu-west-1");
    assert_eq!(read(&text), KeyUri::Kms(expected));
    assert_eq!(read("awskms:///"), KeyUri::Kms(KmsUri::default()));
}

#[test]
fn what_is_not_understood_is_refused() {
    use InvalidKeyUri as No;
    for (text, expected) in [
        ("", No::Empty),
        ("gcpkms://projects/x", No::Scheme("gcpkms".into())),
        ("pkcs12:x", No::Scheme("pkcs12".into())),
        ("file://host/key.pem", No::Host),
        ("file:%zz", No::PercentEncoding("%zz".into())),
        ("file:%ff", No::PercentEncoding("%ff".into())),
        ("pkcs11:token=%4", No::PercentEncoding("%4".into())),
        ("pkcs11:tokn=a", No::Unknown("tokn".into())),
        ("pkcs11:token", No::Value("token".into())),
        ("pkcs11:token=a;token=b", No::Twice("token".into())),
        ("pkcs11:type=public", No::Value("type".into())),
        ("pkcs11:slot-id=x", No::Value("slot-id".into())),
        ("pkcs11:token=a?pin-value=1234", No::PinValue),
        ("pkcs11:token=a?pin-source=", No::Value("pin-source".into())),
        (
            "pkcs11:token=a?pin-source=|cat",
            No::Value("pin-source".into()),
        ),
        (
            "pkcs11:token=a?module-name=x",
            No::Unknown("module-name".into()),
        ),
        ("awskms:alias/x", No::KmsForm),
        ("awskms://endpoint/arn", No::KmsForm),
        (
            "awskms:///arn?replica-regions=",
            No::Value("replica-regions".into()),
        ),
        ("awskms:///arn?region=a", No::Unknown("region=a".into())),
        (
            "awskms:?replica-regions=a",
            No::Unknown("replica-regions=a".into()),
        ),
    ] {
        assert_eq!(text.parse::<KeyUri>(), Err(expected), "{text}");
    }
}
