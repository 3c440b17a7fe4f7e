//! ISO/IEC 18013-5 data model and MSO builder.
