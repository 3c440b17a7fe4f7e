//! Input of any kind as annotated text or JSON.

pub(crate) mod annotate;
pub(crate) mod diagnostic;
pub(crate) mod jwt;
mod names;
pub(crate) mod status_list;
