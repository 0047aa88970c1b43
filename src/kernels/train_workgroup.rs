//! Many steps of gradient descent in one launch, one workgroup a network, for networks with one hidden layer.

use std::fmt::Write;

use super::as_u32;
use super::fused::{Launch, Params, Problem, member_count, method_overrides, params};
use crate::error::Error;
use crate::gpu::{self, Binding, DeviceType, Dispatch, Gpu, Kernel, KernelSpec, Tensor};
use crate::task::{Backprop, Loss, Method};

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "train_workgroup",
    source: wgsl!(
        "train_workgroup",
        "sigmoid",
        "logistic",
        "activation",
        "cross_entropy",
        "loss_kind",
        "losses",
        "losses_grad",
        "training",
        "adam",
        "finite"
    ),
    bindings: &[
        Binding::PARAMS,
        Binding::uniform("data"),
        Binding::uniform("factors"),
        Binding::read_write("state"),
        Binding::read_write("progress"),
        Binding::read_write("losses"),
        Binding::read_write("outputs"),
    ],
    params: Params::FIELDS,
    workgroup_size: 8,
    sample_header: "const INPUT_SIZE: u32 = 5;\nconst HIDDEN_SIZE: u32 = 7;\n\
        const BATCH_SIZE: u32 = 9;\nconst UNITS: u32 = 2;\nconst GROUPS: u32 = 4;\n\
        const SLICES: u32 = 2;\nconst LEVELS: u32 = 1;\nconst TILE: u32 = 4;\n\
        const TILES: u32 = 2;\nconst BLOCKS: u32 = 2;\nconst ROUNDS: u32 = 1;\n\
        const STRIDE: u32 = 5;\nconst ERRORS: u32 = 8;\nconst DATA_BLOCKS: u32 = 36;\n\
        const STATES: u32 = 1;\nconst FACTOR_COUNT: u32 = 1;\n",
    trusted_loops: true,
    ..KernelSpec::PLAIN
};

/// Bytes of workgroup memory that every adapter has; wgpu 30 does not compare.
const WORKGROUP_BYTES: usize = 16_352;

/// Invocations a workgroup that every adapter has.
const INVOCATIONS: usize = 256;

/// Bytes that every adapter binds as a uniform buffer.
const DATA_BYTES: usize = 16_384;

/// The most blocks of four values that an invocation keeps of each kind: parameters, what the optimizer
/// keeps for them, gradients.
const BLOCKS: usize = 64;

/// The most loop iterations of a step: llvmpipe makes 65,535 in a dispatch, which takes a step and
/// a look at least, and what is not unrolled comes on top.
const ITERATIONS: usize = 15_000;

/// The split of a network and its rows over the invocations of a workgroup. All splits give the
/// same numbers, apart from rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Number of hidden neurons per invocation.
    pub units: usize,
    /// Number of invocations that share the hidden neurons.
    pub groups: usize,
    /// Number of slices of the rows, a power of two.
    pub slices: usize,
    /// Number of rows that a slice takes at a time.
    pub tile: usize,
}

impl Split {
    /// The split for a device.
    ///
    /// # Errors
    /// The reason why no split can train the problem.
    pub fn of(problem: Problem<'_>, device_type: DeviceType) -> Result<Self, String> {
        // llvmpipe and its like run eight invocations at a time, as one vector: more than these
        // cost a switch between vectors at each barrier. Text that is unrolled longer than this
        // takes seconds to compile.
        let (invocations, most_units, most_rows) = match device_type {
            DeviceType::Software => (8, 8, 4),
            _ => (INVOCATIONS, 1, 8),
        };
        let &[input_size, hidden_size, 1] = problem.sizes else {
            return Err("one workgroup takes networks with one hidden layer".into());
        };
        let blocks = input_size.div_ceil(4) + 1;
        let batch_size = problem.targets.len();
        let can_hold = BLOCKS / blocks;
        if can_hold == 0 {
            let most = 4 * (BLOCKS - 1);
            return Err(format!("one workgroup takes {most} inputs at most, here {input_size}"));
        }
        // As few units as the invocations allow; more invocations where that is too many.
        let at_hand = hidden_size.div_ceil(invocations).min(most_units.min(can_hold));
        let units = at_hand.max(hidden_size.div_ceil(INVOCATIONS));
        if units > can_hold {
            let most = can_hold * INVOCATIONS;
            return Err(format!(
                "one workgroup takes {most} hidden neurons at most, here {hidden_size}"
            ));
        }
        let groups = hidden_size.div_ceil(units);
        let tile = (32 / units).clamp(1, most_rows).min(batch_size);
        let mut split = Self { units, groups, slices: 1, tile };
        loop {
            let more = Self { slices: 2 * split.slices, ..split };
            let is_idle = more.slices * tile > batch_size.next_multiple_of(tile);
            let too_much = more.workgroup_bytes(problem) > WORKGROUP_BYTES;
            if is_idle || too_much || more.invocations() > invocations {
                return split.check(problem).map(|()| split);
            }
            split = more;
        }
    }

    /// Whether every adapter can hold it.
    fn check(self, problem: Problem<'_>) -> Result<(), String> {
        let needed = self.workgroup_bytes(problem);
        if needed > WORKGROUP_BYTES {
            return Err(format!(
                "one workgroup takes {WORKGROUP_BYTES} bytes of workgroup memory at most, and {} hidden \
                 neurons need {needed}",
                problem.sizes[1]
            ));
        }
        let needed = 4 * self.data_len(problem);
        if needed > DATA_BYTES {
            return Err(format!(
                "one workgroup takes {DATA_BYTES} bytes of data at most, and {} rows of {} inputs are \
                 {needed}",
                problem.targets.len(),
                problem.input_size()
            ));
        }
        Ok(())
    }

    fn invocations(self) -> usize {
        self.groups * self.slices
    }

    /// How far apart the shares of two invocations are: odd, so that neither way through them meets
    /// one memory bank again and again.
    fn stride(self) -> usize {
        self.tile / 2 * 2 + 1
    }

    /// How many rows of a tile each invocation of a slice sums, at most.
    fn rounds(self) -> usize {
        self.tile.div_ceil(self.groups)
    }

    /// Rows of which a workgroup keeps the error, besides the gradient of the logit.
    fn errors(self, problem: Problem<'_>) -> usize {
        if problem.method.loss == Loss::CrossEntropy { 1 } else { self.slices * self.tile }
    }

    /// Bytes of the shader's workgroup variables.
    fn workgroup_bytes(self, problem: Problem<'_>) -> usize {
        let shares = self.invocations() * self.stride();
        let rows = self.slices * self.tile + self.errors(problem);
        // Four bytes a value, and room to align each variable.
        4 * (shares + rows + 4 * self.invocations()) + 32
    }

    /// How often the slices take a tile.
    fn tiles(self, batch_size: usize) -> usize {
        batch_size.div_ceil(self.slices * self.tile)
    }

    /// Rows with those that are only padding.
    fn rows(self, batch_size: usize) -> usize {
        self.tiles(batch_size) * self.slices * self.tile
    }

    fn data_len(self, problem: Problem<'_>) -> usize {
        let rows = self.rows(problem.targets.len());
        rows * problem.input_size().next_multiple_of(4) + rows.next_multiple_of(4)
    }

    /// Iterations of all loops together that one step takes where those over registers are
    /// unrolled.
    #[must_use]
    pub fn iterations_a_step(self, problem: Problem<'_>) -> usize {
        let tile = 1 + self.rounds() * (1 + self.groups);
        let levels = self.slices.trailing_zeros() as usize;
        let blocks = self.units * (problem.input_size().div_ceil(4) + 1);
        1 + self.tiles(problem.targets.len()) * tile + blocks * (1 + levels)
    }

    /// The same where nothing is unrolled.
    #[must_use]
    pub fn most_iterations_a_step(self, problem: Problem<'_>) -> usize {
        let blocks = self.units * (problem.input_size().div_ceil(4) + 1);
        let rows = 2 * self.tile * (1 + blocks);
        self.iterations_a_step(problem) + self.tiles(problem.targets.len()) * rows + 2 * blocks
    }
}

/// Checks that the kernel can take a problem on every device.
///
/// # Errors
/// The reason.
pub fn fits(problem: Problem<'_>) -> Result<(), String> {
    let Method { backprop, measured, .. } = problem.method;
    if backprop != Backprop::Exact {
        return Err("one workgroup takes no gradients written by hand".into());
    }
    if measured {
        return Err("one workgroup does not measure convergence".into());
    }
    Split::of(problem, DeviceType::Other)?;
    let iterations = Split::of(problem, DeviceType::Software)?.iterations_a_step(problem);
    if iterations > ITERATIONS {
        return Err(format!(
            "one workgroup takes {ITERATIONS} loop iterations a step at most, as some drivers end \
             loops early, here {iterations}"
        ));
    }
    Ok(())
}

/// The `const` lines that go before the shader.
fn header(problem: Problem<'_>, split: Split) -> String {
    let sizes = [
        ("INPUT_SIZE", problem.input_size()),
        ("HIDDEN_SIZE", problem.sizes[1]),
        ("BATCH_SIZE", problem.targets.len()),
        ("UNITS", split.units),
        ("GROUPS", split.groups),
        ("SLICES", split.slices),
        ("LEVELS", split.slices.trailing_zeros() as usize),
        ("TILE", split.tile),
        ("TILES", split.tiles(problem.targets.len())),
        ("BLOCKS", problem.input_size().div_ceil(4)),
        ("ROUNDS", split.rounds()),
        ("STRIDE", split.stride()),
        ("ERRORS", split.errors(problem)),
        ("DATA_BLOCKS", split.data_len(problem) / 4),
        ("STATES", problem.method.states_per_parameter()),
        ("FACTOR_COUNT", problem.factor_count()),
    ];
    sizes.iter().fold(String::new(), |mut header, (name, size)| {
        let _ = writeln!(header, "const {name}: u32 = {size};");
        header
    })
}

/// The shader's `data`.
fn data(problem: Problem<'_>, split: Split) -> Vec<f32> {
    let rows = split.rows(problem.targets.len());
    let padded = problem.input_size().next_multiple_of(4);
    let mut data = vec![0.0; split.data_len(problem)];
    let (inputs, targets) = data.split_at_mut(rows * padded);
    for (to, from) in
        inputs.chunks_exact_mut(padded).zip(problem.inputs.chunks_exact(problem.input_size()))
    {
        to[..from.len()].copy_from_slice(from);
    }
    targets[..problem.targets.len()].copy_from_slice(problem.targets);
    data
}

/// The WGSL that trains a problem, by a split.
#[must_use]
pub fn text(problem: Problem<'_>, split: Split) -> String {
    format!("{}{}", header(problem, split), SPEC.source)
}

/// The kernel, compiled for a problem and a split, with its data.
pub struct WorkgroupKernel {
    kernel: Kernel,
    data: Tensor,
}

/// Compiles the kernel of a problem for a split, and uploads the data.
///
/// # Errors
/// [`Error::Gpu`] if the driver refuses.
pub async fn kernel(
    gpu: &Gpu,
    problem: Problem<'_>,
    split: Split,
) -> Result<WorkgroupKernel, Error> {
    compiled(gpu, &SPEC, problem, split).await
}

/// Compiles the kernel with wgpu's own bound on every loop, for tests: it is slower.
///
/// # Errors
/// [`Error::Gpu`] if the driver refuses.
pub async fn checked_kernel(
    gpu: &Gpu,
    problem: Problem<'_>,
    split: Split,
) -> Result<WorkgroupKernel, Error> {
    static CHECKED: KernelSpec = KernelSpec { trusted_loops: false, ..SPEC };
    compiled(gpu, &CHECKED, problem, split).await
}

async fn compiled(
    gpu: &Gpu,
    spec: &'static KernelSpec,
    problem: Problem<'_>,
    split: Split,
) -> Result<WorkgroupKernel, Error> {
    let mut overrides = method_overrides(problem.method).to_vec();
    overrides.push(("workgroup_size", f64::from(as_u32(split.invocations()))));
    let kernel = Kernel::with_header(gpu, spec, &header(problem, split), &overrides).await?;
    let data = gpu.upload_uniform("data", &data(problem, split)).await?;
    Ok(WorkgroupKernel { kernel, data })
}

/// `segments` times: `steps` updates (none in the first at the start), then the loss and the
/// outputs.
///
/// # Shapes
/// As [`train_invocation::dispatch`](super::train_invocation::dispatch) has them; the measures are
/// not used.
///
/// # Errors
/// [`Error::Gpu`] if wgpu refuses.
///
/// # Panics
/// If the shapes are others.
pub async fn dispatch(
    gpu: &Gpu,
    compiled: &WorkgroupKernel,
    problem: Problem<'_>,
    launch: Launch,
    tensors: [&Tensor; 5],
) -> Result<Dispatch, Error> {
    let member_count = member_count(problem, launch, tensors);
    let [factors, state, progress, losses, outputs] = tensors;
    let tensors = [&compiled.data, factors, state, progress, losses, outputs];
    let (params, count) = (params(problem, member_count, launch), gpu::cover(member_count, 1));
    compiled.kernel.bind(gpu, &params, &tensors, count).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem<'a>(sizes: &'a [usize], rows: &'a [f32]) -> Problem<'a> {
        Problem {
            sizes,
            inputs: &[],
            targets: rows,
            method: Method::PLAIN,
            members_per_invocation: 1,
        }
    }

    #[test]
    fn a_split_covers_the_network_and_keeps_to_the_weakest_limits() {
        let rows = vec![0.0; 1_024];
        let mut found = 0;
        for input_size in [1, 2, 3, 4, 5, 8, 17, 100, 252] {
            for hidden_size in [1, 2, 3, 7, 8, 9, 31, 32, 33, 63, 129, 200, 256, 257, 1_000] {
                for batch_size in [1, 2, 3, 4, 15, 16, 17, 100, 256, 1_024] {
                    for device_type in [DeviceType::Software, DeviceType::Discrete] {
                        let sizes = [input_size, hidden_size, 1];
                        let problem = problem(&sizes, &rows[..batch_size]);
                        let Ok(split) = Split::of(problem, device_type) else { continue };
                        let Split { units, groups, slices, .. } = split;
                        assert!((groups - 1) * units < hidden_size, "{split:?}");
                        assert!(groups * units >= hidden_size, "{split:?}");
                        assert!(groups * slices <= INVOCATIONS, "{split:?}");
                        assert!(split.workgroup_bytes(problem) <= WORKGROUP_BYTES, "{split:?}");
                        assert!(4 * split.data_len(problem) <= DATA_BYTES, "{split:?}");
                        assert!(split.rows(batch_size) >= batch_size, "{split:?}");
                        found += 1;
                    }
                }
            }
        }
        assert!(found > 1_000, "only {found} fit");
    }

    #[test]
    fn what_does_not_fit_is_refused_with_a_reason() {
        let rows = vec![0.0; 4_096];
        assert!(fits(problem(&[8, 32, 1], &rows[..256])).is_ok());
        for (input_size, hidden_size, batch_size, why) in [
            (9, 32, 512, "bytes of data"),
            (253, 1, 1, "252 inputs"),
            (8, 5_377, 256, "5376 hidden neurons"),
        ] {
            let error = fits(problem(&[input_size, hidden_size, 1], &rows[..batch_size]));
            let error = error.expect_err("it does not fit");
            assert!(error.contains(why), "{error}");
        }
        for (method, why) in
            [(Method::PLAIN.measuring(true), "measure"), (Method::by_hand(true), "by hand")]
        {
            let error = fits(Problem { method, ..problem(&[2, 2, 1], &rows[..4]) });
            assert!(error.expect_err("not that").contains(why), "{method:?}");
        }
        assert!(
            fits(problem(&[2, 2, 2, 1], &rows[..4])).is_err_and(|why| why.contains("one hidden"))
        );
    }
}
