//! One operation of the device on given operands: `results = operation(a, b, c)`.

use super::{WORKGROUP_SIZE, as_u32};
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "probe_arithmetic",
    source: wgsl!("probe_arithmetic", "finite"),
    bindings: &[
        Binding::PARAMS,
        Binding::read("a"),
        Binding::read("b"),
        Binding::read("c"),
        Binding::read_write("results"),
    ],
    params: Params::FIELDS,
    ..KernelSpec::PLAIN
};

gpu::params! {
    /// The shader's `Params`.
    pub struct Params {
        /// Number of elements.
        len: u32,
        /// Nothing.
        padding: u32,
    }
}

/// The most elements of one launch: what fits one dimension.
pub const MOST_ELEMENTS: usize = 65_535 * WORKGROUP_SIZE as usize;

/// The `override` that makes the shader operation number `number` of its twin's list.
#[must_use]
pub fn overrides(number: u8) -> [(&'static str, f64); 1] {
    [("operation", number.into())]
}

/// The first `len` of `results = operation(a, b, c)`; the others stay as they are.
///
/// # Shapes
/// `[len or more]`, each.
///
/// # Errors
/// [`Error::Gpu`] if wgpu refuses.
///
/// # Panics
/// If the shapes are others, or `len` exceeds [`MOST_ELEMENTS`].
pub async fn dispatch(
    gpu: &Gpu,
    kernel: &Kernel,
    len: usize,
    tensors: [&Tensor; 4],
) -> Result<Dispatch, Error> {
    assert!(len <= MOST_ELEMENTS, "{len} elements in one launch");
    assert!(tensors.iter().all(|tensor| tensor.len() >= len), "fewer than {len} elements");
    let params = Params { len: as_u32(len), padding: 0 };
    let workgroup_count = gpu::cover(len, SPEC.workgroup_size);
    kernel.bind(gpu, &params, &tensors, workgroup_count).await
}
