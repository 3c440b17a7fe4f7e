//! What a caller may believe.

use mdl_mdoc::issuer_signed::{ElementValue, IssuerSigned};
use mdl_mdoc::mso::{MobileSecurityObject, ValidityInfo};

use crate::report::Issuer;

/// A document in which everything that was asked for holds: the only source of element values.
#[derive(Clone, Copy, Debug)]
pub struct VerifiedDocument<'r> {
    doc_type: &'r str,
    issuer: &'r Issuer,
    content: &'r VerifiedContent<'r>,
}

/// Kept in the report until its verdict is known.
#[derive(Debug)]
pub(crate) struct VerifiedContent<'a> {
    pub(crate) issuer_signed: IssuerSigned<'a>,
    pub(crate) device_signed: Vec<(&'a str, Vec<(&'a str, ElementValue<'a>)>)>,
    pub(crate) mso: MobileSecurityObject<'a>,
}

impl<'r> VerifiedDocument<'r> {
    pub(crate) fn new(
        doc_type: &'r str,
        issuer: &'r Issuer,
        content: &'r VerifiedContent<'r>,
    ) -> Self {
        Self {
            doc_type,
            issuer,
            content,
        }
    }

    /// `docType`.
    pub fn doc_type(&self) -> &'r str {
        self.doc_type
    }

    /// Who vouches for the issuer-signed elements.
    pub fn issuer(&self) -> &'r Issuer {
        self.issuer
    }

    /// When the document was signed and how long it may be used.
    pub fn validity(&self) -> &'r ValidityInfo {
        &self.content.mso.validity_info
    }

    /// Value of an issuer-signed element.
    pub fn element(&self, name_space: &str, element_identifier: &str) -> Option<ElementValue<'r>> {
        self.elements()
            .find(|(name, identifier, _)| *name == name_space && *identifier == element_identifier)
            .map(|(_, _, value)| value)
    }

    /// Issuer-signed elements in the order of the response: name space, identifier, value.
    pub fn elements(&self) -> impl Iterator<Item = (&'r str, &'r str, ElementValue<'r>)> + use<'r> {
        self.content
            .issuer_signed
            .name_spaces
            .iter()
            .flat_map(|(name_space, items)| {
                items
                    .iter()
                    .map(move |item| (*name_space, item.element_identifier, item.element_value))
            })
    }

    /// Device-signed elements: vouched for by the holder's device, which the issuer authorised for them.
    pub fn device_signed_elements(
        &self,
    ) -> impl Iterator<Item = (&'r str, &'r str, ElementValue<'r>)> + use<'r> {
        self.content
            .device_signed
            .iter()
            .flat_map(|(name_space, elements)| {
                elements
                    .iter()
                    .map(move |(identifier, value)| (*name_space, *identifier, *value))
            })
    }

    /// By name space, how many digests of the MSO belong to no returned element: elements kept back, and decoys.
    pub fn undisclosed(&self) -> impl Iterator<Item = (&'r str, usize)> + use<'r> {
        let name_spaces = self.content.issuer_signed.name_spaces.iter();
        let mut disclosed: Vec<_> = name_spaces
            .map(|(name_space, items)| (*name_space, items.len()))
            .collect();
        disclosed.sort_unstable();
        let value_digests = self.content.mso.value_digests.iter();
        value_digests.map(move |(name_space, digests)| {
            let returned = disclosed
                .binary_search_by_key(&name_space, |&(name, _)| name)
                .map_or(0, |at| disclosed[at].1);
            (name_space, digests.len().saturating_sub(returned))
        })
    }
}
