//! Reader-side verifier for ISO/IEC 18013-5 mobile documents.
