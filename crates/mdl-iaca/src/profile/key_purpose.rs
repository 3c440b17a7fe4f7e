use x509_cert::der::asn1::ObjectIdentifier;

pub(crate) const MDL_DS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.0.18013.5.1.2");
pub(crate) const MDL_READER_AUTH: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.0.18013.5.1.6");
pub(crate) const MDL_VICAL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.0.18013.5.1.8");
pub(crate) const MDOC_DS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.0.23220.4.1.2");
pub(crate) const MDOC_READER_AUTH: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.0.23220.4.1.6");
pub(crate) const MDOC_VICAL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.0.23220.4.1.8");
pub(crate) const OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");
