//! Matrix product: every shader of the ladder sums the same products in the same order.

pub use super::matmul::{finish, matmul as matmul_subgroup};
