//! Many steps of SGD in one launch, one invocation a network, for networks with one hidden layer.

use std::fmt::Write;

use super::as_u32;
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "train_invocation",
    source: include_str!("../../shaders/train_invocation.wgsl"),
    bindings: &[
        Binding::PARAMS,
        Binding::read_write("state"),
        Binding::read_write("progress"),
        Binding::read_write("losses"),
        Binding::read_write("probabilities"),
    ],
    params: Params::FIELDS,
    // Small, so that few networks still keep every core of a software adapter busy.
    workgroup_size: 32,
    sample_header: "const INPUT_SIZE: u32 = 1;\nconst HIDDEN_SIZE: u32 = 3;\n\
        const BATCH_SIZE: u32 = 2;\nconst INPUTS = array<f32, 2>(0.0, 1.0);\n\
        const TARGETS = array<f32, 2>(1.0, 0.0);\n",
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
        /// Nothing.
        padding: u32,
    }
}

/// The network and the data that a shader is compiled for.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// Columns of the data.
    pub input_size: usize,
    /// Neurons of the hidden layer.
    pub hidden_size: usize,
    /// `[batch_size, input_size]`
    pub inputs: &'a [f32],
    /// `[batch_size, 1]`
    pub targets: &'a [f32],
}

impl Problem<'_> {
    /// Parameters of the network.
    #[must_use]
    pub fn parameter_count(&self) -> usize {
        (self.input_size + 2) * self.hidden_size + 1
    }

    /// Iterations of all loops together that one step can take where nothing is unrolled.
    #[must_use]
    pub fn iterations_a_step(&self) -> usize {
        let pass = 1 + self.hidden_size * (1 + self.input_size);
        1 + 2 * self.parameter_count() + self.targets.len() * (1 + 2 * pass)
    }

    /// The `const` lines that go before the shader.
    fn header(&self) -> String {
        let mut header = String::new();
        let sizes = [
            ("INPUT_SIZE", self.input_size),
            ("HIDDEN_SIZE", self.hidden_size),
            ("BATCH_SIZE", self.targets.len()),
        ];
        for (name, size) in sizes {
            let _ = writeln!(header, "const {name}: u32 = {size};");
        }
        for (name, values) in [("INPUTS", self.inputs), ("TARGETS", self.targets)] {
            // As WGSL reads it back, bit for bit.
            let list: Vec<_> = values.iter().map(|value| format!("{value:?}f")).collect();
            let (len, list) = (values.len(), list.join(", "));
            let _ = writeln!(header, "const {name} = array<f32, {len}>({list});");
        }
        header
    }
}

/// What one launch does.
#[derive(Clone, Copy, Debug)]
pub struct Launch {
    /// Updates that were made before.
    pub first_step: u64,
    /// How many times to look at the loss.
    pub segments: usize,
    /// How many updates to make after each look.
    pub steps: usize,
    /// What shows that it was this run that wrote the progress.
    pub nonce: u32,
    /// The factor of the gradient.
    pub learning_rate: f32,
}

/// Compiles the trainer of a problem.
///
/// # Errors
/// [`Error::Gpu`] if the driver refuses.
pub async fn kernel(gpu: &Gpu, problem: Problem<'_>) -> Result<Kernel, Error> {
    Kernel::with_header(gpu, &SPEC, &problem.header(), &[]).await
}

/// The same with wgpu's own bound on every loop: slower, and the same bits.
///
/// # Errors
/// [`Error::Gpu`] if the driver refuses.
pub async fn checked_kernel(gpu: &Gpu, problem: Problem<'_>) -> Result<Kernel, Error> {
    static CHECKED: KernelSpec = KernelSpec { trusted_loops: false, ..SPEC };
    Kernel::with_header(gpu, &CHECKED, &problem.header(), &[]).await
}

/// The `params` of a launch for so many networks.
#[must_use]
pub fn params(member_count: usize, launch: Launch) -> Params {
    Params {
        member_count: as_u32(member_count),
        first_step: u32::try_from(launch.first_step % (1 << 32)).expect("it was wrapped"),
        segments: as_u32(launch.segments),
        steps: as_u32(launch.steps),
        nonce: launch.nonce,
        learning_rate: launch.learning_rate,
        zero: 0,
        padding: 0,
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
    kernel: &Kernel,
    problem: Problem<'_>,
    launch: Launch,
    [state, progress, losses, probabilities]: [&Tensor; 4],
) -> Result<Dispatch, Error> {
    let member_count = progress.len() / 2;
    assert_eq!(state.len(), 2 * problem.parameter_count() * member_count, "state");
    assert_eq!(probabilities.len(), problem.targets.len() * member_count, "probabilities");
    assert!(losses.len() >= launch.segments * member_count, "losses");
    let workgroup_count = gpu::cover(member_count, SPEC.workgroup_size);
    let tensors = [state, progress, losses, probabilities];
    kernel.bind(gpu, &params(member_count, launch), &tensors, workgroup_count).await
}
