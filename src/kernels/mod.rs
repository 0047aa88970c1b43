//! What each shader means: its buffers, parameters, sizes and launches.
//!
//! Each function `dispatch` binds one launch and panics if a tensor does not have the shape that
//! the formula asks for: that would be a fault of this crate.

pub mod bce_grad;
pub mod bce_loss;
pub mod bias_add;
pub mod bias_grad;
mod cost;
pub mod matmul;
pub mod matmul_register;
pub mod matmul_subgroup;
pub mod matmul_workgroup;
pub mod probe_arithmetic;
pub mod probe_loops;
pub mod probe_workgroup;
pub mod sgd_update;
pub mod sigmoid;
pub mod sigmoid_grad;
pub mod train_invocation;
pub mod train_workgroup;
pub mod uniform_draw;

pub use cost::Cost;

/// Invocations a workgroup, where one invocation computes one element or sums one share.
const WORKGROUP_SIZE: u32 = 64;

/// A count for arithmetic.
#[expect(clippy::cast_precision_loss, reason = "tensors have fewer than 2⁵³ values")]
fn as_f64(count: usize) -> f64 {
    count as f64
}

/// A length as the shaders hold it.
fn as_u32(len: usize) -> u32 {
    u32::try_from(len).expect("tensors are smaller than 2³² values")
}
