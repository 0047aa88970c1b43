//! Every shader that a GPU may be given, with all constants that `verify`, `train`, `sweep` and
//! `bench` may choose for it: noted on one device, to be compiled on others.

use super::crossover;
use crate::error::Error;
use crate::gpu::{DeviceType, Gpu, Instance, KernelSpec};
use crate::kernels::product::{self, Epilogue, LADDER, Transpose};
use crate::task::{
    Activation, Dataset, Init, LayerSizes, Loss, Method, Parameters, Preset, Rounding,
};
use crate::train::{Engine, Fused, Layered, LoopLimit, Plan, Products};
use crate::verify::{Effort, Failure, KERNELS, Trial};

/// The networks that `train` is tried with, on the parity of their inputs.
const NETWORKS: [&str; 9] =
    ["2-1", "2-2-1", "2-4-1", "2-8-1", "2-16-1", "3-6-1", "4-8-1", "8-32-1", "12-32-1"];

/// The network whose steps a sweep varies.
const SWEPT: &str = "2-2-1";

/// How far the checks of kernels go: what is compiled does not depend on the values.
const EFFORT: Effort = Effort { seed: 1, cases: 100, quick: true, thorough: false };

/// A size for what takes as many invocations as the adapter needs.
const ANY_SIZE: usize = 1 << 12;

/// Notes what a device compiles that is taken for a discrete GPU: for each network both engines in
/// both forms, for a sweep every step that it may make, and all that is checked and timed of each
/// kernel. What needs subgroups is left out, as its constants depend on their size: see [`compile`].
///
/// # Errors
/// [`Error::Wrong`] if a kernel fails its check, [`Error::Gpu`] if the device cannot go on.
pub async fn shaders(gpu: &mut Gpu) -> Result<Vec<Instance>, Error> {
    gpu.adapter.device_type = DeviceType::Discrete;
    gpu.record();
    let gpu = &*gpu;
    for network in NETWORKS {
        engines(gpu, &plan(network, Method::sgd(1.0))?).await?;
    }
    for preset in [Preset::Backprop, Preset::BackpropCorrected] {
        engines(gpu, &plan(SWEPT, preset.method())?).await?;
    }
    for plan in crossover::plans()? {
        engines(gpu, &plan).await?;
    }
    sweeps(gpu).await?;
    checks(gpu).await?;
    let recorded = gpu.recorded().into_iter();
    Ok(recorded.filter(|instance| spec(instance).is_ok_and(|s| !s.needs_subgroups())).collect())
}

/// Compiles a list that [`shaders`] made, and every variant of the matrix product that the device can
/// run; `begin` hears of the name of each before. Returns what does not compile, and why.
///
/// # Errors
/// [`Error::Usage`] if the list has a shader that is not one of this program.
pub async fn compile(
    gpu: &Gpu,
    list: &[Instance],
    begin: &mut dyn FnMut(&str),
) -> Result<Vec<String>, Error> {
    let mut all = list.to_vec();
    all.extend(products(gpu).filter(|product| !list.contains(product)));
    let mut faults = vec![];
    for instance in all {
        let (spec, name) = (spec(&instance)?, instance.name());
        begin(&name);
        if let Err(error) = gpu.compile(spec, &instance).await {
            faults.push(format!("{name}: {error}"));
        }
    }
    Ok(faults)
}

fn spec(instance: &Instance) -> Result<&'static KernelSpec, Error> {
    let found = KERNELS.iter().find(|kernel| kernel.spec.name == instance.kernel);
    let unknown = || Error::Usage(format!("there is no shader {}", instance.kernel));
    found.map(|kernel| kernel.spec).ok_or_else(unknown)
}

/// Every matrix product that the tuner may try for a step, and that `bench` times.
fn products(gpu: &Gpu) -> impl Iterator<Item = Instance> {
    const USES: [(Transpose, Epilogue); 6] = [
        (Transpose::A, Epilogue::Store),
        (Transpose::B, Epilogue::Store),
        (Transpose::B, Epilogue::Bias),
        (Transpose::B, Epilogue::Sigmoid),
        (Transpose::Neither, Epilogue::Store),
        (Transpose::Neither, Epilogue::SigmoidGrad),
    ];
    USES.into_iter().flat_map(move |(transpose, epilogue)| {
        let variants = LADDER.iter().filter(|variant| variant.fits(gpu));
        variants.map(move |&variant| product::instance(gpu, variant, transpose, epilogue))
    })
}

fn plan(network: &str, method: Method) -> Result<Plan, Error> {
    let sizes: LayerSizes = network.parse()?;
    let bits = u32::try_from(sizes.input_size()).expect("few inputs");
    let start = Parameters::initialise(&sizes, Init::Torch, 1);
    Plan::new(Dataset::parity(bits)?, method, start, 1, 1)
}

/// Compiles the engines that can run a plan, in both forms.
async fn engines(gpu: &Gpu, plan: &Plan) -> Result<(), Error> {
    for form in [Rounding::Compensated, Rounding::Plain] {
        let plan = plan.clone().with_rounding(form);
        if Engine::fused_kernel(&plan.recipe).is_ok() {
            Fused::new(gpu, &plan, LoopLimit::Hopeful).await?;
        }
    }
    for products in [Products::Plain, Products::Epilogues] {
        Layered::with_products(gpu, plan, products).await?;
    }
    Ok(())
}

/// Compiles every step that a sweep may make.
async fn sweeps(gpu: &Gpu) -> Result<(), Error> {
    let plan = plan(SWEPT, Method::sgd(1.0))?;
    let outputs = Activation::ALL.map(|output| (output, Loss::SquaredError));
    let others = [Loss::CrossEntropy, Loss::Hinge].map(|loss| (loss.output_activation(), loss));
    let outputs = [&others[..], &outputs].concat();
    for hidden_activation in Activation::ALL {
        for &(output_activation, loss) in &outputs {
            for (momentum, measured) in [(0.0, false), (0.0, true), (0.5, false), (0.5, true)] {
                let method = Method::PLAIN
                    .with_activations(hidden_activation, output_activation)
                    .with_loss(loss)
                    .with_momentum(momentum)
                    .measuring(measured);
                let plan = plan.clone().with_method(method);
                Fused::new(gpu, &plan, LoopLimit::Hopeful).await?;
            }
        }
    }
    Ok(())
}

/// Checks each kernel, as `verify` and as `bench` do it.
async fn checks(gpu: &Gpu) -> Result<(), Error> {
    let wrong = |failure| match failure {
        Failure::Fault(fault) => Error::Wrong(fault.to_string()),
        Failure::Error(error) => error,
    };
    for kernel in KERNELS.iter().filter(|kernel| gpu.can_run(kernel.spec)) {
        let trial = || Trial::new(gpu, kernel.spec.name, EFFORT);
        kernel.check(&mut trial()).await.map_err(wrong)?;
        let Some(workloads) = &kernel.workloads else { continue };
        let size = workloads.sizes.first().copied().unwrap_or(ANY_SIZE);
        for workload in workloads.of(gpu, size) {
            let mut trial = Trial { as_timed: true, ..trial() };
            workload.make(&mut trial).await.map_err(wrong)?;
        }
    }
    Ok(())
}
