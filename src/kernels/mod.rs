//! The host side of each shader: its buffers, parameters, sizes and launches.
//!
//! Each function `dispatch` binds one launch and panics if a tensor does not have the shape that
//! the formula asks for: that would be a fault of this crate.

/// The text of a shader, and of the parts that it needs.
macro_rules! wgsl {
    ($stem:literal $(, $part:literal)*) => {
        concat!(
            include_str!(concat!("../../shaders/", $stem, ".wgsl")),
            $("\n", include_str!(concat!("../../shaders/parts/", $part, ".wgsl")),)*
        )
    };
}

pub mod activation;
pub mod activation_grad;
pub mod adam_update;
pub mod bias_add;
pub mod bias_grad;
pub mod fused;
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
pub mod product;
pub mod sgd_update;
pub mod train_invocation;
pub mod train_workgroup;
pub mod uniform_draw;

use std::ops::Mul;

use crate::gpu::KernelSpec;

/// The least cost of a launch: the work in its formula, however it is done.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Number of additions, subtractions and multiplications; a fused one counts as two.
    pub flops: f64,
    /// Number of exponentials.
    pub exponentials: f64,
    /// Number of divisions, with roots, which are as dear. Logarithms have no count, as no kernel that is timed calls `log`: the
    /// log(1 + t) of the loss is one division and a polynomial.
    pub divisions: f64,
    /// Number of bytes between the shader and memory, if each input is read and each output written
    /// once.
    pub bytes: f64,
    /// Number of bytes that invocations read from the memory of their workgroup. Values that
    /// neighbours share, as in a product, do not count, since hardware fetches them once.
    pub workgroup_bytes: f64,
}

impl Mul<f64> for Cost {
    type Output = Self;

    fn mul(self, times: f64) -> Self {
        Self {
            flops: self.flops * times,
            exponentials: self.exponentials * times,
            divisions: self.divisions * times,
            bytes: self.bytes * times,
            workgroup_bytes: self.workgroup_bytes * times,
        }
    }
}

/// Invocations a workgroup, where one invocation computes one element or sums one share.
const WORKGROUP_SIZE: u32 = KernelSpec::PLAIN.workgroup_size;

/// A count for arithmetic.
#[expect(clippy::cast_precision_loss, reason = "tensors have fewer than 2⁵³ values")]
pub(crate) fn as_f64(count: usize) -> f64 {
    count as f64
}

/// A constant as the shaders hold it.
#[expect(clippy::cast_possible_truncation, reason = "it is rounded once")]
fn as_f32(value: f64) -> f32 {
    value as f32
}

/// The value of an `override` of type bool.
fn flag(is_set: bool) -> f64 {
    f64::from(u8::from(is_set))
}

/// A length as the shaders hold it.
fn as_u32(len: usize) -> u32 {
    u32::try_from(len).expect("tensors are smaller than 2³² values")
}
