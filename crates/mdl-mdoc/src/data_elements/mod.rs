//! Data elements: what a mobile driving licence says about its holder (ISO/IEC 18013-5, 7.2).

pub mod age_over;
