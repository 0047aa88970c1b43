//! Checks of `matmul`, and of all shaders of its ladder: what is asked of one is asked of each.

use crate::cpu::freivalds;
use crate::cpu::matmul::{Epilogue as Twin, Operand, finish, matmul as twin};
use crate::gpu::{Dispatch, Gpu};
use crate::kernels::product::{self, Epilogue, LADDER, Product, Shape, Transpose, Variant};
use crate::numeric::{Enclosure, Scalar, Stream};
use crate::verify::draws::{probabilities, sizes, values};
use crate::verify::integers::Integers;
use crate::verify::{Failure, Trial, Workload};

/// `[m, n, k]`: ragged, ones, multiples and each remainder of 4, sums one longer than what a
/// workgroup takes at a time, long and thin.
const SHAPES: [[usize; 3]; 14] = [
    [3, 5, 7],
    [6, 7, 5],
    [4, 8, 4],
    [33, 36, 9],
    [4, 2, 2],
    [5, 3, 1],
    [9, 10, 17],
    [8, 12, 16],
    [1, 1757, 1],
    [1757, 1, 3],
    [1, 1, 1757],
    [1, 1, 1],
    [65, 63, 18],
    [257, 129, 66],
];

/// The same where an epilogue is looked at, or sizes that only some adapters get.
const FEW_SHAPES: [[usize; 3]; 3] = [[3, 5, 7], [70, 9, 19], [1, 1, 1]];

/// For each variant of the ladder: far more rows and columns than the tiles of some workgroups, and
/// sums of thousands of terms.
const MIDDLE_SHAPES: [[usize; 3]; 2] = [[397, 405, 21], [7, 9, 2_051]];

/// The same where an epilogue is looked at: the twin takes the longer, the longer the sums.
const WIDE_SHAPE: [usize; 3] = [397, 405, 5];

/// Shapes for checks that may take minutes.
const LARGE_SHAPES: [[usize; 3]; 2] = [[397, 405, 4_099], [405, 397, 16_387]];

/// Terms of the longest sum that all passes of integers are asked of. One of them is enough to see that
/// no term is lost or doubled, nor exchanged with its neighbours.
const LONG_SUM: usize = 2_048;

/// Products of the largest that the twin is asked for.
const MOST_PRODUCTS: usize = 1 << 29;

/// Longer sums, the last of more than the 65,535 iterations after which llvmpipe ends every loop.
const LONG_SHAPES: [[usize; 3]; 3] = [[7, 9, 4_099], [5, 6, 16_387], [2, 3, 70_001]];

/// How operands are stored and what becomes of a product: as a training step has it, then the rest.
const USES: [(Transpose, Epilogue); 12] = [
    (Transpose::Neither, Epilogue::SigmoidGrad),
    (Transpose::A, Epilogue::Store),
    (Transpose::B, Epilogue::Sigmoid),
    (Transpose::B, Epilogue::Bias),
    (Transpose::Neither, Epilogue::Store),
    (Transpose::B, Epilogue::Store),
    (Transpose::Neither, Epilogue::Bias),
    (Transpose::A, Epilogue::Bias),
    (Transpose::Neither, Epilogue::Sigmoid),
    (Transpose::A, Epilogue::Sigmoid),
    (Transpose::A, Epilogue::SigmoidGrad),
    (Transpose::B, Epilogue::SigmoidGrad),
];

/// How many of them a training step has.
const USES_OF_A_STEP: usize = 4;

/// How operands are stored.
const TRANSPOSES: [Transpose; 3] = [Transpose::Neither, Transpose::A, Transpose::B];

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    check_shader(trial, Variant::Naive).await
}

pub(super) fn workloads(gpu: &Gpu, len: usize) -> Vec<Workload> {
    ladder_workloads(gpu, crate::kernels::matmul::SPEC.name, len)
}

/// A product of square matrices by each variant of a shader.
pub(super) fn ladder_workloads(gpu: &Gpu, shader: &str, len: usize) -> Vec<Workload> {
    let (transpose, epilogue) = (Transpose::Neither, Epilogue::Store);
    let workload = |&variant: &Variant| {
        let make = async move |trial: &mut Trial<'_>| {
            let product = product::product(trial.gpu, variant, transpose, epilogue).await?;
            Case::new(&product, transpose, epilogue, [len; 3]).compare_integers(trial, 1).await
        };
        let cost = product::cost(Shape { m: len, n: len, k: len }, epilogue);
        let size = format!("[{len}, {len}, {len}]");
        let workload = Workload::new(size, cost, make).with_variant(variant.name());
        workload.with_largest(len.saturating_mul(len))
    };
    ladder(gpu, shader).map(workload).collect()
}

/// The variants of a shader that an adapter can run.
fn ladder<'a>(gpu: &'a Gpu, shader: &'a str) -> impl Iterator<Item = &'static Variant> + 'a {
    LADDER.iter().filter(move |variant| variant.spec().name == shader && variant.fits(gpu))
}

/// All of a shader: `small`, whose sizes are such that it takes little time and nothing in it is
/// square, and those of the ladder.
pub(super) async fn check_shader(trial: &mut Trial<'_>, small: Variant) -> Result<(), Failure> {
    let (gpu, quick) = (trial.gpu, trial.effort.quick);
    let uses = if quick { &USES[..USES_OF_A_STEP] } else { &USES };
    for &(transpose, epilogue) in uses {
        // Not before it is needed: this takes longer than to use it.
        let product = product::product(gpu, small, transpose, epilogue).await?;
        for shape in SHAPES {
            Case::new(&product, transpose, epilogue, shape).compare(trial).await?;
        }
        check_random(trial, &product, transpose, epilogue).await?;
        if epilogue == Epilogue::Sigmoid {
            check_sigmoid(trial, &product, transpose).await?;
        }
    }
    if trial.effort.thorough {
        check_large(trial).await?;
    }
    for (number, &variant) in ladder(gpu, trial.kernel).enumerate() {
        let uses = &USES[..USES_OF_A_STEP];
        let one = number % USES_OF_A_STEP;
        for &(transpose, epilogue) in if quick { &uses[one..=one] } else { uses } {
            let product = product::product(gpu, variant, transpose, epilogue).await?;
            let [rows, columns] = product.outputs();
            let around = [[rows + 1, columns - 1, 19], [2 * rows, columns + 1, 10]];
            for shape in FEW_SHAPES.into_iter().chain(around) {
                Case::new(&product, transpose, epilogue, shape).compare(trial).await?;
            }
            if !quick {
                check_middle(trial, &product, transpose, epilogue, number == 0).await?;
            }
        }
    }
    Ok(())
}

/// Several hundreds of rows and columns, and sums of thousands of products.
async fn check_middle(
    trial: &mut Trial<'_>,
    product: &Product,
    transpose: Transpose,
    epilogue: Epilogue,
    is_first: bool,
) -> Result<(), Failure> {
    let (gpu, seed) = (trial.gpu, trial.effort.seed);
    let case = |shape| Case::new(product, transpose, epilogue, shape);
    if epilogue != Epilogue::Store {
        return case(WIDE_SHAPE).compare(trial).await;
    }
    for shape in MIDDLE_SHAPES {
        case(shape).compare_integers(trial, seed).await?;
    }
    // A wrong kernel is compiled with bounded loops, of which llvmpipe makes fewer: 65,535 together
    // with the loops in them, 16 iterations of which a variant has for each term.
    if gpu.substitutes(trial.kernel) {
        return Ok(());
    }
    // llvmpipe takes seconds for the longest of them: one variant of each shader has it.
    let is_longest = is_first || trial.effort.thorough;
    for shape in if is_longest { &LONG_SHAPES[..] } else { &LONG_SHAPES[..2] } {
        case(*shape).compare_integers(trial, seed).await?;
    }
    Ok(())
}

/// The same by each variant of the ladder on operands stored in any way, and both at once.
async fn check_large(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let (gpu, seed) = (trial.gpu, trial.effort.seed);
    for &variant in ladder(gpu, trial.kernel) {
        for transpose in TRANSPOSES {
            let product = product::product(gpu, variant, transpose, Epilogue::Store).await?;
            for shape in MIDDLE_SHAPES.into_iter().chain(LARGE_SHAPES) {
                let case = Case::new(&product, transpose, Epilogue::Store, shape);
                case.compare_integers(trial, seed).await?;
            }
        }
    }
    Ok(())
}

async fn check_random(
    trial: &mut Trial<'_>,
    product: &Product,
    transpose: Transpose,
    epilogue: Epilogue,
) -> Result<(), Failure> {
    let [m, n, k] = [1, 2, 3].map(|number| sizes(trial.effort.seed + number, 100));
    let random = m.zip(n).zip(k).map(|((m, n), k)| [m, n, k]);
    let mut outputs = 0;
    for (seed, shape) in (trial.effort.seed..).zip(random) {
        if outputs >= trial.effort.cases / USES.len() {
            break;
        }
        Case { seed, ..Case::new(product, transpose, epilogue, shape) }.compare(trial).await?;
        outputs += shape[0] * shape[1];
    }
    Ok(())
}

/// Logits from −15 to 15 that no rounding has gone through, so that the bound is narrow.
async fn check_sigmoid(
    trial: &mut Trial<'_>,
    product: &Product,
    transpose: Transpose,
) -> Result<(), Failure> {
    let case = Case::new(product, transpose, Epilogue::Sigmoid, [301, 3, 1]);
    let logits: Vec<f32> = (-150_i16..=150).map(|step| f32::from(step) / 10.0).collect();
    let tensors = [logits, vec![1.0, -1.0, 0.5], vec![0.0, 0.0, 0.25]];
    case.compare_values(trial, "logits from −15 to 15", &tensors).await
}

/// One product.
struct Case<'a> {
    product: &'a Product,
    transpose: Transpose,
    epilogue: Epilogue,
    shape: [usize; 3],
    seed: u64,
}

impl<'a> Case<'a> {
    fn new(
        product: &'a Product,
        transpose: Transpose,
        epilogue: Epilogue,
        shape: [usize; 3],
    ) -> Self {
        Self { product, transpose, epilogue, shape, seed: 1 }
    }

    fn name(&self, what: &str) -> String {
        let Self { transpose, epilogue, shape: [m, n, k], .. } = self;
        let variant = self.product.variant.name();
        format!("{variant}: {what} [{m}, {k}] · [{k}, {n}], transposed {transpose:?}, {epilogue:?}")
    }

    /// Numbers; and where they are stored as they are, integers, of which no sum may lose one.
    async fn compare(&self, trial: &mut Trial<'_>) -> Result<(), Failure> {
        let [m, n, k] = self.shape;
        let seed = trial.effort.seed + self.seed;
        if self.epilogue == Epilogue::Store {
            self.compare_integers(trial, seed).await?;
            self.compare_beside_nan(trial, seed).await?;
        }
        let operand = match self.epilogue {
            Epilogue::SigmoidGrad => probabilities(seed + 2, m * n),
            _ => values(seed + 2, n),
        };
        let tensors = [values(seed, m * k), values(seed + 1, k * n), operand];
        self.compare_values(trial, "numbers", &tensors).await
    }

    /// The operands of a pass, stored as the product has them.
    fn integers(&self, pass: &Integers, seed: u64) -> [Vec<f32>; 3] {
        let [m, n, _] = self.shape;
        let lines = |transposed, seed, lines| {
            if transposed { pass.columns(seed, lines) } else { pass.rows(seed, lines) }
        };
        let a = lines(self.transpose == Transpose::A, seed, m);
        [a, lines(self.transpose != Transpose::B, seed + 1, n), vec![1.0]]
    }

    /// All passes, or the first of a long sum if there is no time, and of a large product, which takes
    /// software adapters seconds; returns the launch of one of them.
    async fn compare_integers(
        &self,
        trial: &mut Trial<'_>,
        seed: u64,
    ) -> Result<Dispatch, Failure> {
        let [m, n, k] = self.shape;
        let mut last = None;
        let is_large = m * n * k > MOST_PRODUCTS;
        let all = k <= LONG_SUM || (trial.effort.thorough && !is_large);
        for pass in Integers::passes(k, 2).take(if all { usize::MAX } else { 1 }) {
            let tensors = self.integers(&pass, seed);
            let (dispatch, found) = self.run(trial, &tensors).await?;
            if is_large {
                self.compare_sums(trial, seed, &tensors, &found)?;
            } else {
                let exact = Enclosure::all_from_f32(&self.expected::<f32>(&tensors));
                trial.compare(&self.name("integers"), "out", &found, &exact)?;
            }
            last = Some(dispatch);
        }
        Ok(last.expect("there is a pass"))
    }

    /// By sums of rows, for products that the twin would take minutes for; the first row that is
    /// wrong is computed.
    fn compare_sums(
        &self,
        trial: &mut Trial<'_>,
        seed: u64,
        tensors: &[Vec<f32>; 3],
        found: &[f32],
    ) -> Result<(), Failure> {
        let [m, n, k] = self.shape;
        let weights = freivalds::weights(Stream::new(seed), n);
        let [a, b] = self.operands(tensors);
        let expected = freivalds::times(a, &freivalds::times(b, &weights));
        let out = Operand { values: found, transposed: false };
        let sums = freivalds::times(out, &weights);
        let Some(row) = sums.iter().zip(&expected).position(|(found, sum)| found != sum) else {
            trial.tally.cases += 1;
            trial.tally.values += found.len() as u64;
            return Ok(());
        };
        let terms = (0..k).map(|l| a.values[if a.transposed { l * m + row } else { row * k + l }]);
        let left = Operand { values: &terms.collect::<Vec<_>>()[..], transposed: false };
        let mut exact = vec![0.0; n];
        twin([1, n, k], left, b, &mut exact);
        let found = &found[row * n..][..n];
        let case = format!("{}, row {row}", self.name("integers"));
        trial.compare(&case, "out", found, &Enclosure::all_from_f32(&exact))?;
        Err(trial.fault(&case, "out · x, its sum,", row, [sums[row], expected[row], 0.0]))
    }

    /// A number that is none in the last row of a, and one in the last column of b: what shaders
    /// load beyond a row or a column must not come to the others.
    async fn compare_beside_nan(&self, trial: &mut Trial<'_>, seed: u64) -> Result<(), Failure> {
        let [m, n, k] = self.shape;
        let pass = Integers::passes(k, 2).next().expect("there is a pass");
        let mut tensors = self.integers(&pass, seed);
        let mut exact = Enclosure::all_from_f32(&self.expected::<f32>(&tensors));
        let of_row = if self.transpose == Transpose::A { m - 1 } else { (m - 1) * k };
        let of_column = if self.transpose == Transpose::B { (n - 1) * k } else { n - 1 };
        tensors[0][of_row] = f32::NAN;
        tensors[1][of_column] = f32::NAN;
        let (_, mut found) = self.run(trial, &tensors).await?;
        for index in 0..m * n {
            if index / n == m - 1 || index % n == n - 1 {
                (found[index], exact[index]) = (0.0, Enclosure::from_f64(0.0));
            }
        }
        trial.compare(&self.name("integers beside NaNs"), "out", &found, &exact)
    }

    /// a and b, as they are stored.
    fn operands<'t, S>(&self, [a, b, _]: &'t [Vec<S>; 3]) -> [Operand<'t, S>; 2] {
        let a = Operand { values: &a[..], transposed: self.transpose == Transpose::A };
        [a, Operand { values: &b[..], transposed: self.transpose == Transpose::B }]
    }

    async fn compare_values(
        &self,
        trial: &mut Trial<'_>,
        what: &str,
        tensors: &[Vec<f32>; 3],
    ) -> Result<(), Failure> {
        let (_, found) = self.run(trial, tensors).await?;
        trial.compare(&self.name(what), "out", &found, &self.expected(tensors))
    }

    /// The launch, and what it gave where its rows are in several layers of workgroups.
    async fn run(
        &self,
        trial: &Trial<'_>,
        [a, b, operand]: &[Vec<f32>; 3],
    ) -> Result<(Dispatch, Vec<f32>), Failure> {
        let [m, n, k] = self.shape;
        let inputs = [trial.input(a).await?, trial.input(b).await?, trial.input(operand).await?];
        let out = trial.poisoned("out", m * n).await?;
        let tensors = [&inputs[0], &inputs[1], &inputs[2], &out.tensor];
        let shape = Shape { m, n, k };
        let dispatch = product::dispatch(trial.gpu, self.product, shape, tensors).await?;
        let mut folded = dispatch.clone();
        if let ([x, y @ 4..=65_535, 1], false) = (dispatch.workgroup_count, trial.as_timed) {
            folded.workgroup_count = [x, y / 3 + 1, 3];
        }
        trial.run(&[folded]).await?;
        let found = trial.read(&self.name("numbers"), &out).await?;
        Ok((dispatch, found))
    }

    fn expected<S: Scalar>(&self, tensors: &[Vec<f32>; 3]) -> Vec<S> {
        let [m, n, k] = self.shape;
        let tensors = tensors.each_ref().map(|values| S::all_from_f32(values));
        let [a, b] = self.operands(&tensors);
        let [.., operand] = &tensors;
        let mut out = vec![S::from_f64(0.0); m * n];
        twin([m, n, k], a, b, &mut out);
        let epilogue = match self.epilogue {
            Epilogue::Store => Twin::Store,
            Epilogue::Bias => Twin::Bias(operand),
            Epilogue::Sigmoid => Twin::Sigmoid(operand),
            Epilogue::SigmoidGrad => Twin::SigmoidGrad(operand),
        };
        finish(epilogue, &mut out);
        out
    }
}
