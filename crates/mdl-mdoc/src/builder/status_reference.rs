use super::BuildError;
use crate::cbor::Writer;
use crate::status_list::StatusClaims;

/// Where the MSO says its revocation status is published (second edition, 12.3.6).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StatusReference {
    /// `idx`: position in the status list.
    pub idx: u64,
    /// `uri` of the status list token.
    pub uri: String,
    /// `certificate`: DER of the certificate that anchors the list's signature, if it is not the IACA.
    pub certificate: Option<Vec<u8>>,
}

/// The other mechanism: an identifier that a list names once the document is revoked (second edition, 12.3.6).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IdentifierReference {
    /// `id`: random, at least 16 bytes, and never used for another document.
    pub id: Vec<u8>,
    /// `uri` of the identifier list token.
    pub uri: String,
    /// `certificate`: DER of the certificate that anchors the list's signature, if it is not the IACA.
    pub certificate: Option<Vec<u8>>,
}

/// Shorter identifiers can be guessed, and with them who was revoked.
const MIN_ID_LEN: usize = 16;

/// The mechanisms that a builder was given. The MSO may have one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Status<'a> {
    pub(super) status_list: Option<&'a StatusReference>,
    pub(super) identifier_list: Option<&'a IdentifierReference>,
}

impl Status<'_> {
    pub(super) fn is_some(&self) -> bool {
        self.status_list.is_some() || self.identifier_list.is_some()
    }

    pub(super) fn check(&self) -> Result<(), BuildError> {
        if self.status_list.is_some() && self.identifier_list.is_some() {
            return Err(BuildError::TwoStatusMechanisms);
        }
        let uri = self
            .status_list
            .map(|reference| &reference.uri)
            .or(self.identifier_list.map(|reference| &reference.uri));
        if uri.is_some_and(|uri| !StatusClaims::is_list_uri(uri)) {
            return Err(BuildError::StatusUri);
        }
        match self.identifier_list {
            Some(reference) if reference.id.len() < MIN_ID_LEN => {
                Err(BuildError::StatusIdentifierLen(reference.id.len()))
            }
            _ => Ok(()),
        }
    }

    /// Bytes that [`write`](Self::write) needs at most.
    pub(super) fn capacity(&self) -> usize {
        let certificate_len = |der: &Option<Vec<u8>>| der.as_ref().map_or(0, Vec::len);
        let status_list = self.status_list.map_or(0, |list| {
            64 + list.uri.len() + certificate_len(&list.certificate)
        });
        let identifier_list = self.identifier_list.map_or(0, |list| {
            64 + list.id.len() + list.uri.len() + certificate_len(&list.certificate)
        });
        status_list + identifier_list
    }

    /// Writes the member `status`, if there is a mechanism.
    pub(super) fn write(&self, mso: &mut Writer) {
        let members = |certificate: &Option<_>| if certificate.is_some() { 3 } else { 2 };
        let (uri, certificate) = if let Some(list) = self.status_list {
            mso.text("status").map(1).text("status_list");
            mso.map(members(&list.certificate))
                .text("idx")
                .unsigned(list.idx);
            (&list.uri, &list.certificate)
        } else if let Some(list) = self.identifier_list {
            mso.text("status").map(1).text("identifier_list");
            mso.map(members(&list.certificate))
                .text("id")
                .bytes(&list.id);
            (&list.uri, &list.certificate)
        } else {
            return;
        };
        mso.text("uri").text(uri);
        if let Some(certificate) = certificate {
            mso.text("certificate").bytes(certificate);
        }
    }
}
