//! An `IssuerSigned` and the mobile security object in it, each decoded once.

use mdl_mdoc::cbor::{Checker, DecodeError};
use mdl_mdoc::issuer_signed::IssuerSigned;
use mdl_mdoc::mso::MobileSecurityObject;

/// The object in a payload, or what is wrong with it; `None` where there is no payload.
pub(crate) type DecodedMso<'a> = Option<Result<MobileSecurityObject<'a>, DecodeError>>;

/// An `IssuerSigned` with its mobile security object, of which nothing is verified yet.
///
/// For whoever has to look into the object before it can be verified, at the time of its `validFrom`, say: that it is the
/// one of this `IssuerSigned`, and not another, is sure because [`new`](Self::new) decodes it.
#[derive(Debug)]
pub struct DecodedIssuerSigned<'a> {
    pub(crate) issuer_signed: IssuerSigned<'a>,
    pub(crate) mso: DecodedMso<'a>,
}

impl<'a> DecodedIssuerSigned<'a> {
    /// Decodes the object in `issuer_signed`, which was decoded with `checker`.
    pub fn new(issuer_signed: IssuerSigned<'a>, checker: &mut Checker<'a>) -> Self {
        Self {
            mso: decode_mso(&issuer_signed, checker),
            issuer_signed,
        }
    }

    /// The `IssuerSigned`.
    pub fn issuer_signed(&self) -> &IssuerSigned<'a> {
        &self.issuer_signed
    }

    /// The mobile security object, unless the payload is detached.
    ///
    /// # Errors
    /// The payload is not one.
    pub fn mso(&self) -> Result<Option<&MobileSecurityObject<'a>>, DecodeError> {
        let mso = self.mso.as_ref().map(Result::as_ref).transpose();
        mso.map_err(Clone::clone)
    }

    /// The document type that the object claims; empty when it cannot be read, which fails there.
    pub(crate) fn claimed_doc_type(&self) -> &'a str {
        match &self.mso {
            Some(Ok(mso)) => mso.doc_type,
            Some(Err(_)) | None => "",
        }
    }
}

/// Decodes the mobile security object, whatever becomes of its signature.
pub(crate) fn decode_mso<'a>(
    issuer_signed: &IssuerSigned<'a>,
    checker: &mut Checker<'a>,
) -> DecodedMso<'a> {
    let payload = issuer_signed.issuer_auth.payload?;
    Some(MobileSecurityObject::decode(payload, checker))
}
