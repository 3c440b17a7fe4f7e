//! Status lists: which indices are given out in which order, and the tokens that are published.

mod index_order;

pub use index_order::IndexOrder;
