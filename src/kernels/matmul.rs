//! Matrix product: `out = op(a) · op(b)`.

use super::as_u32;
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};

/// Outputs an invocation, in each dimension; `TILE` in the shader.
pub const TILE: u32 = 4;

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "matmul",
    source: include_str!("../../shaders/matmul.wgsl"),
    bindings: &[
        Binding::PARAMS,
        Binding::read("a"),
        Binding::read("b"),
        Binding::read_write("out"),
    ],
    params: Params::FIELDS,
    workgroup_size: 8,
    ..KernelSpec::PLAIN
};

gpu::params! {
    /// The shader's `Params`.
    pub struct Params {
        /// Rows of `out`.
        m: u32,
        /// Columns of `out`.
        n: u32,
        /// Products in each sum.
        k: u32,
        /// Nothing.
        padding: u32,
    }
}

/// Sizes of the product: `[m, k] · [k, n] → [m, n]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the formula says it")]
pub struct Shape {
    pub m: usize,
    pub n: usize,
    pub k: usize,
}

/// Which operand is stored transposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transpose {
    /// `a` is `[m, k]`, `b` is `[k, n]`.
    Neither,
    /// `a` is `[k, m]`.
    A,
    /// `b` is `[n, k]`.
    B,
}

/// Compiles the product for operands stored in this way.
///
/// # Errors
/// [`Error::Gpu`] if the driver refuses.
pub async fn kernel(gpu: &Gpu, transpose: Transpose) -> Result<Kernel, Error> {
    let is = |which| f64::from(u8::from(transpose == which));
    let overrides = [("transpose_a", is(Transpose::A)), ("transpose_b", is(Transpose::B))];
    Kernel::new(gpu, &SPEC, &overrides).await
}

/// `out = op(a) · op(b)`.
///
/// # Shapes
/// `a` `[m, k]`, `b` `[k, n]`, each or its transpose as the kernel has it; `out` `[m, n]`.
///
/// # Errors
/// [`Error::Gpu`] if wgpu refuses.
///
/// # Panics
/// If the shapes are others.
pub async fn dispatch(
    gpu: &Gpu,
    kernel: &Kernel,
    shape: Shape,
    [a, b, out]: [&Tensor; 3],
) -> Result<Dispatch, Error> {
    let Shape { m, n, k } = shape;
    assert_eq!([a.len(), b.len(), out.len()], [m * k, k * n, m * n], "{shape:?}");
    let params = Params { m: as_u32(m), n: as_u32(n), k: as_u32(k), padding: 0 };
    let groups = |outputs: u32| outputs.div_ceil(TILE * SPEC.workgroup_size);
    let workgroup_count = [groups(params.n), groups(params.m), 1];
    kernel.bind(gpu, &params, &[a, b, out], workgroup_count).await
}
