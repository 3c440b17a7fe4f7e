//! Errors as exceptions, told apart by their `name`.

use js_sys::{Error, Reflect};
use mdl_verifier::NotVerified;
use wasm_bindgen::JsValue;

/// An argument of the caller's that cannot be used.
pub(crate) fn input(message: &str) -> JsValue {
    named("InputError", message).into()
}

/// Values were asked for that are not verified.
pub(crate) fn not_verified(refused: &NotVerified) -> JsValue {
    let error = named("NotVerifiedError", &refused.to_string());
    let failed: js_sys::Array = refused
        .failed
        .iter()
        .map(|id| JsValue::from(id.as_str()))
        .collect();
    set(&error, "verdict", refused.verdict.name().into());
    set(&error, "failed", failed.into());
    error.into()
}

fn named(name: &str, message: &str) -> Error {
    let error = Error::new(message);
    error.set_name(name);
    error
}

/// Sets a member of an object that was just made, which cannot fail.
pub(crate) fn set(object: &JsValue, name: &str, value: JsValue) {
    let done = Reflect::set(object, &name.into(), &value);
    debug_assert!(done.is_ok());
}
