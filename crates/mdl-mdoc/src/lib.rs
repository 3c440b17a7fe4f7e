//! The ISO/IEC 18013-5 mdoc: data model, MSO builder and session transcripts. Pure: no I/O, no clock, no randomness
//! of its own.
//!
//! | To | use |
//! |---|---|
//! | decode what a device sent | [`device_response::DeviceResponse`] over a [`cbor::Checker`] |
//! | decode what an issuer made | [`issuer_signed::IssuerSigned`], [`mso::MobileSecurityObject`] |
//! | check the elements before signing, or as disclosed | [`data_elements::ElementGate`] |
//! | build an mdoc to be signed | [`builder::MdocBuilder`] |
//! | present one to a reader | [`presentation::Presentation`] |
//! | publish revocation, or read what was published | [`status_list`] |
//! | equip a reader that has no network | [`trust_bundle`] |
//! | offer or read a device engagement | [`device_engagement::DeviceEngagement`] |
//! | ask for elements, or read what is asked for | [`device_request::DeviceRequest`] |
//! | encrypt what reader and device say | [`encrypted_session::EncryptedSession`] |
//! | carry messages over Bluetooth Low Energy | [`ble::BleLink`] |
//! | decrypt a response of an online flow | [`encrypted_response`] |
//! | bind a presentation to a session | [`session_transcript::SessionTranscript`] |
//!
//! Decoding is not verifying: everything here is unverified until `mdl-reader` has judged it.

pub mod ble;
pub mod builder;
pub mod cbor;
pub mod cose;
pub mod data_elements;
pub mod device_authentication;
pub mod device_engagement;
pub mod device_request;
pub mod device_response;
pub mod encrypted_response;
pub mod encrypted_session;
pub mod issuer_signed;
pub mod mso;
pub mod presentation;
pub mod session;
pub mod session_transcript;
pub mod status_list;
pub mod tdate;
pub mod trust_bundle;

/// Document type of the mobile driving licence.
pub const MDL_DOC_TYPE: &str = "org.iso.18013.5.1.mDL";

/// Name space of the mobile driving licence's data elements.
pub const MDL_NAME_SPACE: &str = "org.iso.18013.5.1";
