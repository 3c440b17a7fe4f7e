//! Private CA against the emulator: the whole life of a root and its document signers, and everything that can go wrong
//! on the way.

mod crash;
mod document_signer;
mod emulator;
mod root;
mod setting;
