//! Many steps of SGD in one launch, one invocation a network, for networks with one hidden layer.

use std::fmt::Write;

use super::flag;
#[cfg(doc)]
use super::fused::{CANARY, NEVER};
use super::fused::{Launch, Params, Problem, member_count, params};
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};
use crate::task::{Backprop, Loss};

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "train_invocation",
    source: wgsl!(
        "train_invocation",
        "sigmoid",
        "logistic",
        "activation",
        "cross_entropy",
        "rounded",
        "finite"
    ),
    bindings: &[
        Binding::PARAMS,
        Binding::read_write("state"),
        Binding::read_write("progress"),
        Binding::read_write("losses"),
        Binding::read_write("outputs"),
    ],
    params: Params::FIELDS,
    // Small, so that few networks still keep every core of a software adapter busy.
    workgroup_size: 32,
    sample_header: "const INPUT_SIZE: u32 = 1;\nconst HIDDEN_SIZE: u32 = 3;\n\
        const BATCH_SIZE: u32 = 2;\nconst MEMBERS_PER_INVOCATION: u32 = 2;\nconst INPUTS = array<f32, 2>(0.0, 1.0);\n\
        const TARGETS = array<f32, 2>(1.0, 0.0);\n",
    trusted_loops: true,
    ..KernelSpec::PLAIN
};

/// Values of the `override` constants.
fn overrides(problem: Problem<'_>) -> [(&'static str, f64); 9] {
    let (method, backprop) = (problem.method, problem.method.backprop);
    [
        ("compensated", flag(method.is_compensated())),
        ("has_momentum", flag(method.has_momentum())),
        ("squared", flag(method.loss == Loss::SquaredError)),
        ("measured", flag(method.measured)),
        ("by_hand", flag(backprop != Backprop::Exact)),
        ("epsilon", backprop.epsilon()),
        ("hidden_derivative", flag(backprop.has_hidden_derivative())),
        ("hidden_activation", f64::from(method.hidden_activation as u8)),
        ("output_activation", f64::from(method.output_activation as u8)),
    ]
}

/// The `const` lines that go before the shader.
fn header(problem: Problem<'_>) -> String {
    let mut header = String::new();
    let sizes = [
        ("INPUT_SIZE", problem.input_size),
        ("HIDDEN_SIZE", problem.hidden_size),
        ("BATCH_SIZE", problem.targets.len()),
        ("MEMBERS_PER_INVOCATION", problem.members_per_invocation),
    ];
    for (name, size) in sizes {
        let _ = writeln!(header, "const {name}: u32 = {size};");
    }
    for (name, values) in [("INPUTS", problem.inputs), ("TARGETS", problem.targets)] {
        // As WGSL reads it back, bit for bit.
        let list: Vec<_> = values.iter().map(|value| format!("{value:?}f")).collect();
        let (len, list) = (values.len(), list.join(", "));
        let _ = writeln!(header, "const {name} = array<f32, {len}>({list});");
    }
    header
}

/// The WGSL that trains a problem.
#[must_use]
pub fn text(problem: Problem<'_>) -> String {
    format!("{}{}", header(problem), SPEC.source)
}

/// Compiles the kernel of a problem.
///
/// # Errors
/// [`Error::Gpu`] if the driver refuses.
pub async fn kernel(gpu: &Gpu, problem: Problem<'_>) -> Result<Kernel, Error> {
    Kernel::with_header(gpu, &SPEC, &header(problem), &overrides(problem)).await
}

/// Compiles the kernel with wgpu's own bound on every loop, for tests: it is slower.
///
/// # Errors
/// [`Error::Gpu`] if the driver refuses.
pub async fn checked_kernel(gpu: &Gpu, problem: Problem<'_>) -> Result<Kernel, Error> {
    static CHECKED: KernelSpec = KernelSpec { trusted_loops: false, ..SPEC };
    Kernel::with_header(gpu, &CHECKED, &header(problem), &overrides(problem)).await
}

/// `segments` times: `steps` updates (none in the first at the start), then the loss and the
/// outputs.
///
/// # Shapes
/// `state` `[state_rows, member_count]`, see [`Problem`]; `progress` `[3, member_count]`: steps
/// done, the nonce plus [`CANARY`], the step before whose update it was solved, or [`NEVER`];
/// `losses` `[segments, member_count]` and `outputs` `[batch_size, member_count]`, or larger.
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
    tensors: [&Tensor; 4],
) -> Result<Dispatch, Error> {
    let member_count = member_count(problem, launch, tensors);
    let invocations = member_count.div_ceil(problem.members_per_invocation);
    let workgroup_count = gpu::cover(invocations, SPEC.workgroup_size);
    kernel.bind(gpu, &params(problem, member_count, launch), &tensors, workgroup_count).await
}
