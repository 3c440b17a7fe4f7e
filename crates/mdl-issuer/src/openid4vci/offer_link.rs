//! How an offer gets to a wallet: as a link on the same device, as a QR code on another (4.1.2, 4.1.3).

use qrcode::render::svg;
use qrcode::types::QrError;
use qrcode::{EcLevel, QrCode};
use serde_json::Value;
use url::form_urlencoded;

/// The scheme that wallets register for (4.1.2).
const SCHEME: &str = "openid-credential-offer://";

/// A link with the offer in it.
#[must_use]
pub fn link_by_value(offer: &Value) -> String {
    link("credential_offer", &offer.to_string())
}

/// A link that says where the offer is fetched.
#[must_use]
pub fn link_by_reference(url: &str) -> String {
    link("credential_offer_uri", url)
}

fn link(parameter: &str, value: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair(parameter, value)
        .finish()
        // A form writes spaces as plus signs; wallets that read the link as a URI do not (RFC 3986, 2.1).
        .replace('+', "%20");
    format!("{SCHEME}?{query}")
}

/// A link as a QR code: an SVG image with the quiet zone around it.
///
/// # Errors
/// The link is too long for a QR code (about 2,900 bytes).
pub fn qr_svg(link: &str) -> Result<String, QrError> {
    let code = QrCode::with_error_correction_level(link, EcLevel::L)?;
    Ok(code
        .render::<svg::Color<'_>>()
        .min_dimensions(320, 320)
        .build())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use url::Url;

    use super::*;

    #[test]
    fn links_give_back_what_was_put_in() {
        let offer = json!({ "credential_issuer": "https://h/t", "x": "a b+c&d=\u{e9}\"%" });
        for (link, name, value) in [
            (link_by_value(&offer), "credential_offer", offer.to_string()),
            (
                link_by_reference("https://h/t/offers/abc"),
                "credential_offer_uri",
                "https://h/t/offers/abc".to_owned(),
            ),
        ] {
            let url = Url::parse(&link).unwrap();
            assert_eq!(url.scheme(), "openid-credential-offer");
            let pairs: Vec<_> = url.query_pairs().into_owned().collect();
            assert_eq!(pairs, [(name.to_owned(), value)]);
            assert!(!link.contains('+'));
        }
    }

    #[test]
    fn a_qr_code_is_an_svg_image_until_the_link_is_too_long() {
        let svg = qr_svg(&link_by_reference("https://h/t/offers/abc")).unwrap();
        assert!(svg.contains("<svg") && svg.ends_with("</svg>"));
        assert!(qr_svg(&"x".repeat(3000)).is_err());
    }
}
