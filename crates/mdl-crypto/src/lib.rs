//! Algorithms, public keys and crypto backends for ISO/IEC 18013-5.
