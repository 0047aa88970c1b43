//! Matrix product: `out = op(a) · op(b)`, and an epilogue that saves a launch of its own.
//!
//! There is a ladder of shaders, which keep one sum for each output and add to it in the order of
//! the formula: [`Variant`] names one with its sizes, and all are used alike.

use std::fmt::Write;

use super::{
    Cost, as_f64, as_u32, flag, matmul, matmul_register, matmul_subgroup, matmul_workgroup,
};
use crate::error::Error;
use crate::gpu::{self, Binding, DeviceType, Dispatch, Gpu, Instance, Kernel, KernelSpec, Tensor};

/// The bindings of every shader of the ladder.
pub(super) const BINDINGS: &[Binding] = &[
    Binding::PARAMS,
    Binding::read("a"),
    Binding::read("b"),
    Binding::read("operand"),
    Binding::read_write("out"),
];

gpu::params! {
    /// The `Params` of every shader of the ladder.
    pub struct Params {
        /// Number of rows of `out`.
        m: u32,
        /// Number of columns of `out`.
        n: u32,
        /// Number of products in each sum.
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

/// The operand that is stored transposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transpose {
    /// `a` is `[m, k]`, `b` is `[k, n]`.
    Neither,
    /// `a` is `[k, m]`.
    A,
    /// `b` is `[n, k]`.
    B,
}

/// The function of a product p that is stored; its number is that in the shader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epilogue {
    /// p
    Store,
    /// p + `operand[column]`, as `bias_add` has it.
    Bias,
    /// 1 / (1 + exp(−(p + `operand[column]`))), as `sigmoid` has it.
    Sigmoid,
    /// p · `operand[row, column]` · (1 − `operand[row, column]`), as `activation_grad` has it.
    SigmoidGrad,
}

/// A shader of the ladder, with its sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// One output per invocation.
    Naive,
    /// One tile per invocation, in registers.
    Register(matmul_register::Tile),
    /// One tile per workgroup, in its memory.
    Workgroup(matmul_workgroup::Tile),
    /// One tile per subgroup, whose invocations exchange values.
    Subgroup(matmul_subgroup::Tile),
}

/// Every variant that is worth trying: each is the best on some adapter, or for some shape.
pub const LADDER: &[Variant] = &[
    Variant::Naive,
    Variant::DEFAULT,
    register([2, 2]),
    register([4, 4]),
    workgroup(8, 8, [1, 1]),
    workgroup(8, 8, [2, 2]),
    workgroup(16, 16, [1, 1]),
    workgroup(16, 8, [2, 2]),
    subgroup(16, 8),
    subgroup(32, 2),
    subgroup(32, 4),
];

const fn register(blocks: [u32; 2]) -> Variant {
    Variant::Register(matmul_register::Tile { blocks })
}

const fn workgroup(side: u32, depth: u32, blocks: [u32; 2]) -> Variant {
    Variant::Workgroup(matmul_workgroup::Tile { side, depth, blocks })
}

const fn subgroup(rows: u32, columns: u32) -> Variant {
    Variant::Subgroup(matmul_subgroup::Tile { rows, columns })
}

impl Variant {
    /// The variant that every adapter runs at a good speed.
    pub const DEFAULT: Self = register([1, 1]);

    /// What a report calls it, such as "register 16×16": outputs of an invocation, but for a
    /// workgroup, of which there are both, and a subgroup, of which there are rows.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Naive => "naive".into(),
            Self::Register(tile) => tile.name(),
            Self::Workgroup(tile) => tile.name(),
            Self::Subgroup(tile) => tile.name(),
        }
    }

    /// The shader.
    #[must_use]
    pub fn spec(&self) -> &'static KernelSpec {
        match self {
            Self::Naive => &matmul::SPEC,
            Self::Register(_) => &matmul_register::SPEC,
            Self::Workgroup(_) => &matmul_workgroup::SPEC,
            Self::Subgroup(_) => &matmul_subgroup::SPEC,
        }
    }

    /// Whether an adapter can run it, at a speed that is not far behind all others.
    #[must_use]
    pub fn fits(&self, gpu: &Gpu) -> bool {
        match self {
            Self::Subgroup(tile) => gpu.subgroup_size().is_some_and(|size| tile.fits(size)),
            Self::Register(tile) => {
                !tile.is_for_processors() || gpu.adapter.device_type == DeviceType::Software
            }
            Self::Naive | Self::Workgroup(_) => true,
        }
    }

    fn build(&self, gpu: &Gpu) -> Build {
        match self {
            Self::Naive => Build {
                constants: vec![],
                overrides: vec![],
                outputs: [matmul::SPEC.workgroup_size; 2],
            },
            Self::Register(tile) => tile.build(),
            Self::Workgroup(tile) => tile.build(),
            Self::Subgroup(tile) => {
                tile.build(gpu.subgroup_size().expect("the adapter has subgroups"))
            }
        }
    }
}

/// The constants and the tile that a shader is compiled with.
pub(super) struct Build {
    /// The `const` lines before its text.
    pub constants: Vec<(&'static str, u32)>,
    /// The constants that are its own.
    pub overrides: Vec<(&'static str, u32)>,
    /// Rows and columns of the outputs of a workgroup.
    pub outputs: [u32; 2],
}

/// A product, compiled.
pub struct Product {
    /// The variant that computes it.
    pub variant: Variant,
    kernel: Kernel,
    epilogue: Epilogue,
    outputs: [u32; 2],
}

impl Product {
    /// Rows and columns of the outputs of a workgroup.
    #[must_use]
    pub fn outputs(&self) -> [usize; 2] {
        self.outputs.map(|len| len as usize)
    }
}

/// Compiles the product for operands stored in this way.
///
/// # Errors
/// [`Error::Gpu`] if the driver refuses.
///
/// # Panics
/// If the adapter does not fit the variant.
pub async fn product(
    gpu: &Gpu,
    variant: Variant,
    transpose: Transpose,
    epilogue: Epilogue,
) -> Result<Product, Error> {
    let (header, overrides, outputs) = parts(gpu, variant, transpose, epilogue);
    let kernel = Kernel::with_header(gpu, variant.spec(), &header, &overrides).await?;
    Ok(Product { variant, kernel, epilogue, outputs })
}

/// What [`product`] compiles.
///
/// # Panics
/// If the adapter does not fit the variant.
#[must_use]
pub fn instance(gpu: &Gpu, variant: Variant, transpose: Transpose, epilogue: Epilogue) -> Instance {
    let (header, overrides, _) = parts(gpu, variant, transpose, epilogue);
    Instance::new(variant.spec(), &header, &overrides)
}

/// What is before the text of a product, values of its `override` constants, and rows and columns
/// of the outputs of a workgroup.
fn parts(
    gpu: &Gpu,
    variant: Variant,
    transpose: Transpose,
    epilogue: Epilogue,
) -> (String, Vec<(&'static str, f64)>, [u32; 2]) {
    assert!(variant.fits(gpu), "{} on {}", variant.name(), gpu.adapter.name);
    let Build { constants, overrides, outputs } = variant.build(gpu);
    let mut header = String::new();
    for (name, value) in constants {
        let _ = writeln!(header, "const {name}: u32 = {value};");
    }
    let is = |which| flag(transpose == which);
    let mut all = vec![
        ("transpose_a", is(Transpose::A)),
        ("transpose_b", is(Transpose::B)),
        ("epilogue", f64::from(epilogue as u8)),
    ];
    all.extend(overrides.into_iter().map(|(name, value)| (name, f64::from(value))));
    (header, all, outputs)
}

/// `out = op(a) · op(b)`, then the epilogue.
///
/// # Shapes
/// `a` `[m, k]`, `b` `[k, n]`, each or its transpose as the product has it; `operand` `[n]` for a
/// bias, `[m, n]` for activations, anything where the epilogue has none; `out` `[m, n]`.
///
/// # Errors
/// [`Error::Gpu`] if wgpu refuses.
///
/// # Panics
/// If the shapes are others.
pub async fn dispatch(
    gpu: &Gpu,
    product: &Product,
    shape: Shape,
    [a, b, operand, out]: [&Tensor; 4],
) -> Result<Dispatch, Error> {
    let Shape { m, n, k } = shape;
    assert_eq!([a.len(), b.len(), out.len()], [m * k, k * n, m * n], "{shape:?}");
    let operand_len = match product.epilogue {
        Epilogue::Store => operand.len(),
        Epilogue::Bias | Epilogue::Sigmoid => n,
        Epilogue::SigmoidGrad => m * n,
    };
    assert_eq!(operand.len(), operand_len, "{shape:?}, {:?}", product.epilogue);
    let params = Params { m: as_u32(m), n: as_u32(n), k: as_u32(k), padding: 0 };
    let [rows, columns] = product.outputs;
    let [y, z, _] = gpu::cover(m, rows);
    let workgroup_count = [params.n.div_ceil(columns), y, z];
    product.kernel.bind(gpu, &params, &[a, b, operand, out], workgroup_count).await
}

/// k products and k − 1 sums an output, and the epilogue's own; each operand read and each output
/// written once.
#[must_use]
pub fn cost(Shape { m, n, k }: Shape, epilogue: Epilogue) -> Cost {
    let [outputs, columns, terms] = [m * n, n, 2 * k - 1].map(as_f64);
    let (flops, sigmoids, operand) = match epilogue {
        Epilogue::Store => (0.0, 0.0, 0.0),
        Epilogue::Bias => (1.0, 0.0, columns),
        Epilogue::Sigmoid => (2.0, 1.0, columns),
        Epilogue::SigmoidGrad => (3.0, 0.0, outputs),
    };
    Cost {
        flops: outputs * (terms + flops),
        exponentials: outputs * sigmoids,
        divisions: outputs * sigmoids,
        bytes: 4.0 * (as_f64(m * k + k * n) + outputs + operand),
        ..Cost::default()
    }
}
