use mdl_crypto::{PublicKey, sha1};
use x509_cert::der::asn1::{Null, ObjectIdentifier, OctetString};
use x509_cert::der::flagset::FlagSet;
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{self, Encode};
use x509_cert::ext::pkix::{
    AccessDescription, AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints,
    CrlDistributionPoints, ExtendedKeyUsage, IssuerAltName, KeyUsage, KeyUsages, SubjectAltName,
    SubjectKeyIdentifier,
};

use super::contact::{crl_distribution_points, uri_name};
use super::{Field, ProfileError, encoding};

const OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
const OCSP_NO_CHECK: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.5");

/// The extensions of a certificate being built, in the criticality that the profile tables give.
///
/// `x509-cert` marks extendedKeyUsage non-critical by default; Annex B wants it critical, so criticality is
/// always said here and never left to a default.
#[derive(Debug, Default)]
pub(crate) struct ExtensionList {
    extensions: Vec<Vec<u8>>,
}

impl ExtensionList {
    pub(crate) fn push(
        &mut self,
        id: ObjectIdentifier,
        critical: bool,
        value: &impl Encode,
    ) -> Result<(), der::Error> {
        self.extensions
            .push(encoding::extension(id, critical, value)?);
        Ok(())
    }

    /// Only `keyIdentifier`: the profiles neither need nor want issuer and serial number.
    pub(crate) fn authority_key_identifier(
        &mut self,
        key_identifier: &[u8],
    ) -> Result<(), der::Error> {
        let value = AuthorityKeyIdentifier {
            key_identifier: Some(OctetString::new(key_identifier)?),
            authority_cert_issuer: None,
            authority_cert_serial_number: None,
        };
        self.push(AuthorityKeyIdentifier::OID, false, &value)
    }

    /// SHA-1 over the subjectPublicKey bits (RFC 5280, 4.2.1.2, method 1).
    pub(crate) fn subject_key_identifier(&mut self, key: &PublicKey) -> Result<(), der::Error> {
        let value = SubjectKeyIdentifier(OctetString::new(sha1(key.key_bits()))?);
        self.push(SubjectKeyIdentifier::OID, false, &value)
    }

    pub(crate) fn key_usage(
        &mut self,
        usages: impl Into<FlagSet<KeyUsages>>,
    ) -> Result<(), der::Error> {
        self.push(KeyUsage::OID, true, &KeyUsage(usages.into()))
    }

    pub(crate) fn extended_key_usage(
        &mut self,
        critical: bool,
        purposes: &[ObjectIdentifier],
    ) -> Result<(), der::Error> {
        self.push(
            ExtendedKeyUsage::OID,
            critical,
            &ExtendedKeyUsage(purposes.to_vec()),
        )
    }

    /// CA TRUE, pathLen 0.
    pub(crate) fn basic_constraints(&mut self) -> Result<(), der::Error> {
        self.push(
            BasicConstraints::OID,
            true,
            &BasicConstraints {
                ca: true,
                path_len_constraint: Some(0),
            },
        )
    }

    pub(crate) fn issuer_alt_name(&mut self, general_names: Vec<u8>) -> Result<(), der::Error> {
        self.extensions.push(encoding::extension_from_der(
            IssuerAltName::OID,
            false,
            general_names,
        )?);
        Ok(())
    }

    pub(crate) fn subject_alt_name(&mut self, general_names: Vec<u8>) -> Result<(), der::Error> {
        self.extensions.push(encoding::extension_from_der(
            SubjectAltName::OID,
            false,
            general_names,
        )?);
        Ok(())
    }

    pub(crate) fn crl_distribution_point(&mut self, uri: &str) -> Result<(), ProfileError> {
        Ok(self.push(
            CrlDistributionPoints::OID,
            false,
            &crl_distribution_points(uri)?,
        )?)
    }

    pub(crate) fn ocsp_responder(&mut self, uri: &str) -> Result<(), ProfileError> {
        let value = AuthorityInfoAccessSyntax(vec![AccessDescription {
            access_method: OCSP,
            access_location: uri_name(Field::OcspResponder, uri)?,
        }]);
        Ok(self.push(AuthorityInfoAccessSyntax::OID, false, &value)?)
    }

    pub(crate) fn ocsp_no_check(&mut self) -> Result<(), der::Error> {
        self.push(OCSP_NO_CHECK, false, &Null)
    }

    /// `Extensions`: the SEQUENCE, without the `[3]` or `[0]` around it.
    pub(crate) fn to_der(&self) -> Result<Vec<u8>, der::Error> {
        let parts: Vec<&[u8]> = self.extensions.iter().map(Vec::as_slice).collect();
        encoding::sequence(&parts)
    }
}
