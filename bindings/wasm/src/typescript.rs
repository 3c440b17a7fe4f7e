//! The TypeScript types of what crosses the border as plain objects.

use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.d.ts");

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(typescript_type = "Uint8Array")]
    pub type Bytes;
    #[wasm_bindgen(typescript_type = "ReadonlyArray<Uint8Array | TrustedCertificate>")]
    pub type Trusted;
    #[wasm_bindgen(typescript_type = "Policy")]
    pub type Policy;
    #[wasm_bindgen(typescript_type = "Conditions")]
    pub type Conditions;
    #[wasm_bindgen(typescript_type = "Verdict")]
    pub type Verdict;
    #[wasm_bindgen(typescript_type = "VerifiedDocument")]
    pub type Verified;
    #[wasm_bindgen(typescript_type = "VerifiedDocument[]")]
    pub type VerifiedAll;
    #[wasm_bindgen(typescript_type = "DocumentOutcome[]")]
    pub type DocumentOutcomes;
    #[wasm_bindgen(typescript_type = "CheckOutcome[]")]
    pub type CheckOutcomes;
    #[wasm_bindgen(typescript_type = "string[]")]
    pub type Texts;
}
