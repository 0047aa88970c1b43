//! Many steps of SGD in one launch, one invocation a network.

use std::fmt::Write;

use super::flag;
#[cfg(doc)]
use super::fused::{CANARY, NEVER};
use super::fused::{Launch, Params, Problem, member_count, method_overrides, params};
use crate::error::Error;
use crate::gpu::{self, Binding, Dispatch, Gpu, Kernel, KernelSpec, Tensor};
use crate::task::Backprop;

/// The shader.
pub const SPEC: KernelSpec = KernelSpec {
    name: "train_invocation",
    source: wgsl!(
        "train_invocation",
        "sigmoid",
        "logistic",
        "activation",
        "cross_entropy",
        "loss_kind",
        "losses",
        "losses_grad",
        "training",
        "adam",
        "rounded",
        "finite"
    ),
    bindings: &[
        Binding::PARAMS,
        Binding::uniform("factors"),
        Binding::read_write("state"),
        Binding::read_write("progress"),
        Binding::read_write("losses"),
        Binding::read_write("outputs"),
    ],
    params: Params::FIELDS,
    // Small, so that few networks still keep every core of a software adapter busy.
    workgroup_size: 32,
    sample_header: "\
        const BATCH_SIZE: u32 = 2;\n\
        const LAYER_COUNT: u32 = 2;\n\
        const PARAMETER_COUNT: u32 = 10;\n\
        const NEURONS: u32 = 4;\n\
        const STATES: u32 = 1;\n\
        const FACTOR_COUNT: u32 = 1;\n\
        const MEMBERS_PER_INVOCATION: u32 = 2;\n\
        const INPUTS = array<f32, 2>(0.0f, 1.0f);\n\
        const TARGETS = array<f32, 2>(1.0f, 0.0f);\n\
        const LAYER_0 = Layer(0u, 1u, 3u, 0u, 3u, 0u, 0u);\n\
        const LAYER_1 = Layer(1u, 3u, 1u, 6u, 9u, 0u, 3u);\n\
        fn forward(lane: u32) {\n    forward_layer(lane, LAYER_0);\n    forward_layer(lane, LAYER_1);\n}\n\
        fn backward(lane: u32, row: u32) {\n    backward_layer(lane, row, LAYER_1);\n    backward_layer(lane, row, LAYER_0);\n}\n\
        fn update(lane: u32) {\n    update_layer(lane, LAYER_0);\n    update_layer(lane, LAYER_1);\n}\n",
    trusted_loops: true,
    ..KernelSpec::PLAIN
};

/// Values of the `override` constants.
fn overrides(problem: Problem<'_>) -> Vec<(&'static str, f64)> {
    let (method, backprop) = (problem.method, problem.method.backprop);
    let mut overrides = method_overrides(method).to_vec();
    overrides.extend([
        ("measured", flag(method.measured)),
        ("by_hand", flag(backprop != Backprop::Exact)),
        ("epsilon", backprop.epsilon()),
        ("hidden_derivative", flag(backprop.has_hidden_derivative())),
    ]);
    overrides
}

/// The lines that go before the shader: constants, and the functions that go through the layers.
fn header(problem: Problem<'_>) -> String {
    let mut header = String::new();
    let sizes = [
        ("BATCH_SIZE", problem.targets.len()),
        ("LAYER_COUNT", problem.layers().len()),
        ("PARAMETER_COUNT", problem.parameter_count()),
        ("NEURONS", problem.layers().map(|[_, outputs]| outputs).sum()),
        ("STATES", problem.method.states_per_parameter()),
        ("FACTOR_COUNT", problem.factor_count()),
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
    header + &layers(problem)
}

/// The layers as the shader's `Layer`, and the functions that go through them. A loop over layers
/// would have loops in it whose length differs from layer to layer, and drivers unroll no such loop.
fn layers(problem: Problem<'_>) -> String {
    let (mut text, [mut weight, mut first_input, mut first_output]) = (String::new(), [0; 3]);
    for (number, [inputs, outputs]) in problem.layers().enumerate() {
        let bias = weight + inputs * outputs;
        let fields = [number, inputs, outputs, weight, bias, first_input, first_output];
        let fields = fields.map(|field| format!("{field}u")).join(", ");
        let _ = writeln!(text, "const LAYER_{number} = Layer({fields});");
        weight = bias + outputs;
        (first_input, first_output) = (first_output, first_output + outputs);
    }
    let mut function = |parameters: &str, name: &str, arguments: &str, is_reversed: bool| {
        let _ = writeln!(text, "fn {name}({parameters}) {{");
        let count = problem.layers().len();
        for place in 0..count {
            let number = if is_reversed { count - 1 - place } else { place };
            let _ = writeln!(text, "    {name}_layer({arguments}, LAYER_{number});");
        }
        text.push_str("}\n");
    };
    function("lane: u32", "forward", "lane", false);
    function("lane: u32, row: u32", "backward", "lane, row", true);
    function("lane: u32", "update", "lane", false);
    text
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
/// `factors` as [`write_factors`](super::fused::write_factors) has them; `state`
/// `[state_rows, member_count]`, see [`Problem`]; `progress` `[3, member_count]`: steps
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
    tensors: [&Tensor; 5],
) -> Result<Dispatch, Error> {
    let member_count = member_count(problem, launch, tensors);
    let invocations = member_count.div_ceil(problem.members_per_invocation);
    let workgroup_count = gpu::cover(invocations, SPEC.workgroup_size);
    kernel.bind(gpu, &params(problem, member_count, launch), &tensors, workgroup_count).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Method;

    #[test]
    fn the_sample_is_the_header_of_a_problem() {
        let problem = Problem {
            sizes: &[1, 3, 1],
            inputs: &[0.0, 1.0],
            targets: &[1.0, 0.0],
            method: Method::PLAIN,
            members_per_invocation: 2,
        };
        assert_eq!(header(problem), SPEC.sample_header);
    }
}
