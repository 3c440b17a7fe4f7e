//! Input of any kind as annotated text or JSON.

pub(crate) mod annotate;
pub(crate) mod diagnostic;
mod names;
