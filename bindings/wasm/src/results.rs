//! Results as plain objects of JavaScript.

use js_sys::{Array, BigInt, Object, Uint8Array};
use mdl_verifier::{
    CheckOutcome, DocumentOutcome, Element, ElementValue, Issuer, VerifiedDocument,
};
use wasm_bindgen::JsValue;

use crate::exception::set;

/// The largest whole number that JavaScript's number type counts exactly.
const MAX_SAFE: u64 = (1 << 53) - 1;

pub(crate) fn verified(document: &VerifiedDocument) -> JsValue {
    let object = Object::new();
    set(&object, "docType", document.doc_type.as_str().into());
    set(&object, "issuer", issuer(&document.issuer));
    set(&object, "signed", date(document.signed));
    set(&object, "validFrom", date(document.valid_from));
    set(&object, "validUntil", date(document.valid_until));
    set(&object, "elements", elements(&document.elements));
    set(&object, "deviceSigned", elements(&document.device_signed));
    object.into()
}

pub(crate) fn document(document: &DocumentOutcome) -> JsValue {
    let object = Object::new();
    set(&object, "docType", document.doc_type.as_str().into());
    set(&object, "verdict", document.verdict.name().into());
    set(&object, "issuerTrust", document.issuer_trust.name().into());
    let device_binding = document
        .device_binding
        .map_or("not-checked", |verdict| verdict.name());
    set(&object, "deviceBinding", device_binding.into());
    set(&object, "revocation", document.revocation.name().into());
    let issuer = document.issuer.as_ref().map_or(JsValue::UNDEFINED, issuer);
    set(&object, "issuer", issuer);
    set(&object, "checks", checks(&document.checks).into());
    object.into()
}

pub(crate) fn checks(checks: &[CheckOutcome]) -> Array {
    let check_object = |check: &CheckOutcome| {
        let object = Object::new();
        set(&object, "id", check.id.as_str().into());
        set(&object, "result", check.outcome.name().into());
        set(&object, "clause", check.clause.as_str().into());
        set(&object, "summary", check.summary.as_str().into());
        set(&object, "why", text(&check.why));
        set(&object, "explanation", text(&check.explanation));
        JsValue::from(object)
    };
    checks.iter().map(check_object).collect()
}

fn issuer(issuer: &Issuer) -> JsValue {
    let object = Object::new();
    let iaca = issuer.iaca_sha256.as_deref();
    let iaca = iaca.map_or(JsValue::UNDEFINED, |digest| Uint8Array::from(digest).into());
    set(&object, "iacaSha256", iaca);
    set(
        &object,
        "dsSha256",
        Uint8Array::from(issuer.ds_sha256.as_slice()).into(),
    );
    set(&object, "country", text(&issuer.country));
    set(&object, "state", text(&issuer.state));
    set(&object, "commonName", text(&issuer.common_name));
    object.into()
}

fn elements(elements: &[Element]) -> JsValue {
    let element = |element: &Element| {
        let object = Object::new();
        set(&object, "nameSpace", element.name_space.as_str().into());
        set(&object, "identifier", element.identifier.as_str().into());
        let (kind, value) = match &element.value {
            ElementValue::Text(text) => ("text", text.as_str().into()),
            ElementValue::Date(text) => ("date", text.as_str().into()),
            ElementValue::Bytes(bytes) => ("bytes", Uint8Array::from(bytes.as_slice()).into()),
            ElementValue::Integer(number) if number.unsigned_abs() <= MAX_SAFE => {
                ("integer", JsValue::from(*number as f64))
            }
            ElementValue::Integer(number) => ("integer", BigInt::from(*number).into()),
            ElementValue::Boolean(boolean) => ("boolean", JsValue::from(*boolean)),
            ElementValue::Json(json) => ("json", json.as_str().into()),
        };
        set(&object, "kind", kind.into());
        set(&object, "value", value);
        JsValue::from(object)
    };
    elements.iter().map(element).collect::<Array>().into()
}

fn text(text: &Option<String>) -> JsValue {
    text.as_deref().map_or(JsValue::UNDEFINED, JsValue::from)
}

fn date(seconds: i64) -> JsValue {
    js_sys::Date::new(&JsValue::from(seconds as f64 * 1000.0)).into()
}
