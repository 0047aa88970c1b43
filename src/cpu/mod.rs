//! The reference: a twin for each shader on plain slices, for any [`Scalar`], long sums in pairs;
//! a training step made of them in the shaders' order; and a test of products that needs no twin.
//!
//! [`Scalar`]: crate::numeric::Scalar

mod network;

pub mod activation;
pub mod activation_grad;
pub mod adam_update;
pub mod bias_add;
pub mod bias_grad;
pub mod freivalds;
pub mod loss;
pub mod loss_grad;
pub mod matmul;
pub mod matmul_register;
pub mod matmul_subgroup;
pub mod matmul_workgroup;
pub mod peak_arithmetic;
pub mod peak_copy;
pub mod peak_workgroup;
pub mod probe_arithmetic;
pub mod probe_loops;
pub mod probe_workgroup;
pub mod sgd_update;
mod sum;
pub mod train_invocation;
pub mod train_workgroup;
pub mod uniform_draw;

pub use network::{Reference, Trace};
