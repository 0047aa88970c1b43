//! The highest rate of bytes that an adapter moves: `out = input`.

use super::{Cost, as_f64, as_u32};
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "peak_copy",
    source: wgsl!("peak_copy"),
    bindings: &[Binding::PARAMS, Binding::read("input"), Binding::read_write("out")],
    params: Params::FIELDS,
    ..KernelSpec::PLAIN
};

gpu::params! {
    /// The shader's `Params`.
    pub struct Params {
        /// Elements of four values.
        len: u32,
        /// Nothing.
        padding: u32,
    }
}

/// `out = input`.
///
/// # Shapes
/// Any of a multiple of four values, the same for both.
///
/// # Errors
/// [`Error::Gpu`] if wgpu refuses.
///
/// # Panics
/// If the shapes are others.
pub async fn dispatch(
    gpu: &Gpu,
    kernel: &Kernel,
    [input, out]: [&Tensor; 2],
) -> Result<Dispatch, Error> {
    assert_eq!(input.len(), out.len(), "shapes differ");
    assert!(out.len().is_multiple_of(4), "{} values are not elements of four", out.len());
    let len = out.len() / 4;
    let params = Params { len: as_u32(len), padding: 0 };
    let workgroup_count = gpu::cover(len, SPEC.workgroup_size);
    kernel.bind(gpu, &params, &[input, out], workgroup_count).await
}

/// The work of a launch: 4 bytes are read and 4 are written for each of `len` values.
#[must_use]
pub fn cost(len: usize) -> Cost {
    Cost { bytes: 8.0, ..Cost::default() } * as_f64(len)
}
