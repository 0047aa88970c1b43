//! Many steps of SGD in one launch, one workgroup a network, for networks with one hidden layer.

use std::fmt::Write;

use super::as_u32;
pub use super::train_invocation::{Launch, Problem};
use crate::error::Error;
use crate::gpu::{self, Binding, DeviceType, Dispatch, Gpu, Kernel, KernelSpec, Region, Tensor};

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "train_workgroup",
    source: include_str!("../../shaders/train_workgroup.wgsl"),
    bindings: &[
        Binding::PARAMS,
        Binding::uniform("data"),
        Binding::read_write("state"),
        Binding::read_write("progress"),
        Binding::read_write("losses"),
        Binding::read_write("probabilities"),
    ],
    params: Params::FIELDS,
    workgroup_size: 8,
    sample_header: "const INPUT_SIZE: u32 = 5;\nconst HIDDEN_SIZE: u32 = 7;\n\
        const BATCH_SIZE: u32 = 9;\nconst UNITS: u32 = 2;\nconst GROUPS: u32 = 4;\n\
        const SLICES: u32 = 2;\nconst LEVELS: u32 = 1;\nconst TILE: u32 = 4;\n\
        const TILES: u32 = 2;\n",
    trusted_loops: true,
};

gpu::params! {
    /// The shader's `Params`.
    pub struct Params {
        /// Networks.
        member_count: u32,
        /// Updates that were made before this launch.
        first_step: u32,
        /// How many times to look at the loss.
        segments: u32,
        /// How many updates to make after each look.
        steps: u32,
        /// What shows that it was this run that wrote the progress.
        nonce: u32,
        /// The factor of the gradient.
        learning_rate: f32,
        /// Always 0.
        zero: u32,
        /// Always 2.
        two: u32,
    }
}

/// Bytes of workgroup memory that every adapter has; wgpu 30 does not compare.
const WORKGROUP_BYTES: usize = 16_352;

/// Invocations a workgroup that every adapter has.
const INVOCATIONS: usize = 256;

/// Bytes that every adapter binds as a uniform buffer.
const DATA_BYTES: usize = 16_384;

/// The most blocks of four values that an invocation keeps of each kind: parameters, what rounding
/// left out of them, gradients.
const BLOCKS: usize = 64;

/// The most loop iterations of a step: llvmpipe makes 65,535 in a dispatch, and a trial takes two
/// steps and a look.
const ITERATIONS: usize = 15_000;

/// How a workgroup shares out a network and its rows. All splits give the same numbers, but for
/// rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Hidden units an invocation.
    pub units: usize,
    /// Invocations that share out the hidden units.
    pub groups: usize,
    /// Shares of the rows, a power of two.
    pub slices: usize,
    /// Rows that a slice takes at a time.
    pub tile: usize,
}

impl Split {
    /// The split for a device.
    ///
    /// # Errors
    /// Why there is none.
    pub fn of(problem: Problem<'_>, device_type: DeviceType) -> Result<Self, String> {
        // llvmpipe and its like run eight invocations at a time, as one vector: more than these
        // cost a switch between vectors at each barrier. Text that is unrolled longer than this
        // takes seconds to compile.
        let (invocations, most_units, most_rows) = match device_type {
            DeviceType::Software => (8, 8, 4),
            _ => (INVOCATIONS, 1, 8),
        };
        let blocks = problem.input_size.div_ceil(4) + 1;
        let (hidden_size, batch_size) = (problem.hidden_size, problem.targets.len());
        let can_hold = BLOCKS / blocks;
        if can_hold == 0 {
            let most = 4 * (BLOCKS - 1);
            return Err(format!("it takes {most} inputs at most, here {}", problem.input_size));
        }
        // As few units as the invocations allow; more invocations where that is too many.
        let at_hand = hidden_size.div_ceil(invocations).min(most_units.min(can_hold));
        let units = at_hand.max(hidden_size.div_ceil(INVOCATIONS));
        if units > can_hold {
            let most = can_hold * INVOCATIONS;
            return Err(format!("it takes {most} hidden neurons at most, here {hidden_size}"));
        }
        let groups = hidden_size.div_ceil(units);
        let tile = (32 / units).clamp(1, most_rows).min(batch_size);
        let mut split = Self { units, groups, slices: 1, tile };
        loop {
            let more = Self { slices: 2 * split.slices, ..split };
            let is_idle = more.slices * tile > batch_size.next_multiple_of(tile);
            let too_much = more.workgroup_bytes() > WORKGROUP_BYTES;
            if is_idle || too_much || more.invocations() > invocations {
                return split.check(problem).map(|()| split);
            }
            split = more;
        }
    }

    /// Whether every adapter can hold it.
    fn check(self, problem: Problem<'_>) -> Result<(), String> {
        let needed = self.workgroup_bytes();
        if needed > WORKGROUP_BYTES {
            return Err(format!(
                "it takes {WORKGROUP_BYTES} bytes of workgroup memory at most, and {} hidden \
                 neurons need {needed}",
                problem.hidden_size
            ));
        }
        let needed = 4 * self.data_len(problem);
        if needed > DATA_BYTES {
            return Err(format!(
                "it takes {DATA_BYTES} bytes of data at most, and {} rows of {} inputs are \
                 {needed}",
                problem.targets.len(),
                problem.input_size
            ));
        }
        Ok(())
    }

    fn invocations(self) -> usize {
        self.groups * self.slices
    }

    /// Bytes of the shader's workgroup variables.
    fn workgroup_bytes(self) -> usize {
        let shares = self.invocations() * (self.tile / 2 * 2 + 1);
        // Four bytes a value, and room to align each variable.
        4 * (shares + self.slices * self.tile + 4 * self.invocations()) + 32
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
        rows * problem.input_size.next_multiple_of(4) + rows.next_multiple_of(4)
    }

    /// Iterations of all loops together that one step takes where those over registers are
    /// unrolled.
    fn iterations_a_step(self, problem: Problem<'_>) -> usize {
        let tile = 1 + self.tile.div_ceil(self.groups) * (1 + self.groups);
        let levels = self.slices.trailing_zeros() as usize;
        let blocks = self.units * (problem.input_size.div_ceil(4) + 1);
        1 + self.tiles(problem.targets.len()) * tile + blocks * (1 + levels)
    }
}

/// Whether the trainer can take a problem on any device; if not, why.
///
/// # Errors
/// The reason.
pub fn fits(problem: Problem<'_>) -> Result<(), String> {
    Split::of(problem, DeviceType::Other)?;
    let iterations = Split::of(problem, DeviceType::Software)?.iterations_a_step(problem);
    if iterations > ITERATIONS {
        return Err(format!(
            "it takes {ITERATIONS} loop iterations a step at most, as some drivers end loops \
             early, here {iterations}"
        ));
    }
    Ok(())
}

/// The `const` lines that go before the shader.
fn header(problem: Problem<'_>, split: Split) -> String {
    let sizes = [
        ("INPUT_SIZE", problem.input_size),
        ("HIDDEN_SIZE", problem.hidden_size),
        ("BATCH_SIZE", problem.targets.len()),
        ("UNITS", split.units),
        ("GROUPS", split.groups),
        ("SLICES", split.slices),
        ("LEVELS", split.slices.trailing_zeros() as usize),
        ("TILE", split.tile),
        ("TILES", split.tiles(problem.targets.len())),
    ];
    sizes.iter().fold(String::new(), |mut header, (name, size)| {
        let _ = writeln!(header, "const {name}: u32 = {size};");
        header
    })
}

/// The shader's `data`.
fn data(problem: Problem<'_>, split: Split) -> Vec<f32> {
    let rows = split.rows(problem.targets.len());
    let padded = problem.input_size.next_multiple_of(4);
    let mut data = vec![0.0; split.data_len(problem)];
    let (inputs, targets) = data.split_at_mut(rows * padded);
    for (to, from) in
        inputs.chunks_exact_mut(padded).zip(problem.inputs.chunks_exact(problem.input_size))
    {
        to[..from.len()].copy_from_slice(from);
    }
    targets[..problem.targets.len()].copy_from_slice(problem.targets);
    data
}

/// A trainer that is compiled for a problem and a split, with its data.
pub struct Trainer {
    kernel: Kernel,
    data: Tensor,
}

/// Compiles the trainer of a problem for a split, and uploads the data.
///
/// # Errors
/// [`Error::Gpu`] if the driver refuses.
pub async fn kernel(gpu: &Gpu, problem: Problem<'_>, split: Split) -> Result<Trainer, Error> {
    compiled(gpu, &SPEC, problem, split).await
}

/// The same with wgpu's own bound on every loop: slower, and the same bits.
///
/// # Errors
/// [`Error::Gpu`] if the driver refuses.
pub async fn checked_kernel(
    gpu: &Gpu,
    problem: Problem<'_>,
    split: Split,
) -> Result<Trainer, Error> {
    static CHECKED: KernelSpec = KernelSpec { trusted_loops: false, ..SPEC };
    compiled(gpu, &CHECKED, problem, split).await
}

async fn compiled(
    gpu: &Gpu,
    spec: &'static KernelSpec,
    problem: Problem<'_>,
    split: Split,
) -> Result<Trainer, Error> {
    let invocations = f64::from(as_u32(split.invocations()));
    let overrides = [("workgroup_size", invocations)];
    let kernel = Kernel::with_header(gpu, spec, &header(problem, split), &overrides).await?;
    let data = gpu.upload_uniform("data", &data(problem, split)).await?;
    Ok(Trainer { kernel, data })
}

/// The `params` of a launch for so many networks.
#[must_use]
pub fn params(member_count: usize, launch: Launch) -> Params {
    let shared = super::train_invocation::params(member_count, launch);
    Params {
        member_count: shared.member_count,
        first_step: shared.first_step,
        segments: shared.segments,
        steps: shared.steps,
        nonce: shared.nonce,
        learning_rate: shared.learning_rate,
        zero: 0,
        two: 2,
    }
}

/// `segments` times: the loss and the probabilities, then `steps` updates.
///
/// # Shapes
/// `state` `[2, parameter_count, member_count]`: parameters in the order of a `state_dict`, then
/// what rounding left out of them; `progress` `[member_count, 2]`: steps done and the nonce;
/// `losses` `[segments, member_count]` or larger; `probabilities` `[batch_size, member_count]`.
///
/// # Errors
/// [`Error::Gpu`] if wgpu refuses.
///
/// # Panics
/// If the shapes are others.
pub async fn dispatch(
    gpu: &Gpu,
    trainer: &Trainer,
    problem: Problem<'_>,
    launch: Launch,
    [state, progress, losses, probabilities]: [&Tensor; 4],
) -> Result<Dispatch, Error> {
    let member_count = progress.len() / 2;
    assert_eq!(state.len(), 2 * problem.parameter_count() * member_count, "state");
    assert_eq!(probabilities.len(), problem.targets.len() * member_count, "probabilities");
    assert!(losses.len() >= launch.segments * member_count, "losses");
    let tensors = [&trainer.data, state, progress, losses, probabilities];
    let workgroup_count = gpu::cover(member_count, 1);
    trainer.kernel.bind(gpu, &params(member_count, launch), &tensors, workgroup_count).await
}

/// How many steps of a dispatch the device is sure to make, `most` at most: some drivers end loops
/// early, and how early depends on what they unroll, so it is tried with twice as many.
///
/// # Errors
/// [`Error::Gpu`] if the device fails, or does not even make one.
pub async fn steps_a_dispatch(
    gpu: &Gpu,
    trainer: &Trainer,
    problem: Problem<'_>,
    split: Split,
    iterations: usize,
) -> Result<usize, Error> {
    let state = gpu.zeros("state", 2 * problem.parameter_count()).await?;
    let progress = gpu.zeros("progress", 2).await?;
    let losses = gpu.zeros("losses", 1).await?;
    let probabilities = gpu.zeros("probabilities", problem.targets.len()).await?;
    let tensors = [&state, &progress, &losses, &probabilities];
    let mut launch = Launch { first_step: 0, segments: 1, steps: 0, nonce: 1, learning_rate: 0.0 };
    let trial = dispatch(gpu, trainer, problem, launch, tensors).await?;
    let mut readback = gpu.readback(2).await?;
    let mut steps = (iterations / split.iterations_a_step(problem)).max(1);
    loop {
        launch.steps = 2 * steps;
        launch.nonce += 1;
        gpu.write_params(&trial, &params(1, launch));
        gpu.submit([&trial], &[Region::from(&progress)], &mut readback, None).await?;
        if readback.words() == [as_u32(launch.steps), launch.nonce] {
            return Ok(steps);
        }
        tracing::debug!(steps, found = ?readback.words(), "a dispatch came short");
        if steps == 1 {
            return Err(Error::Gpu("the device does not make two steps in a dispatch".into()));
        }
        steps = (steps / 4).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(input_size: usize, hidden_size: usize, rows: &[f32]) -> Problem<'_> {
        Problem { input_size, hidden_size, inputs: &[], targets: rows }
    }

    #[test]
    fn a_split_covers_the_network_and_keeps_to_the_weakest_limits() {
        let rows = vec![0.0; 1_024];
        let mut found = 0;
        for input_size in [1, 2, 3, 4, 5, 8, 17, 100, 252] {
            for hidden_size in [1, 2, 3, 7, 8, 9, 31, 32, 33, 63, 129, 200, 256, 257, 1_000] {
                for batch_size in [1, 2, 3, 4, 15, 16, 17, 100, 256, 1_024] {
                    for device_type in [DeviceType::Software, DeviceType::Discrete] {
                        let problem = problem(input_size, hidden_size, &rows[..batch_size]);
                        let Ok(split) = Split::of(problem, device_type) else { continue };
                        let Split { units, groups, slices, .. } = split;
                        assert!((groups - 1) * units < hidden_size, "{split:?}");
                        assert!(groups * units >= hidden_size, "{split:?}");
                        assert!(groups * slices <= INVOCATIONS, "{split:?}");
                        assert!(split.workgroup_bytes() <= WORKGROUP_BYTES, "{split:?}");
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
        assert!(fits(problem(8, 32, &rows[..256])).is_ok());
        for (input_size, hidden_size, batch_size, why) in [
            (9, 32, 512, "bytes of data"),
            (253, 1, 1, "252 inputs"),
            (8, 5_377, 256, "5376 hidden neurons"),
        ] {
            let error = fits(problem(input_size, hidden_size, &rows[..batch_size]));
            let error = error.expect_err("it does not fit");
            assert!(error.contains(why), "{error}");
        }
    }
}
