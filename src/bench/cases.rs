//! The cases of the suites `kernels` and `matmul`: every kernel that has something to time, checked.

use std::ops::ControlFlow;

use super::case::{Case, CaseName};
use super::{Only, Options, Progress, Suite, peaks};
use crate::error::Error;
use crate::gpu::{DeviceType, Gpu, KernelSpec};
use crate::verify::{Effort, Failure, KERNELS, Kernel, Trial, Workload, Workloads};

/// What the checks before a measurement take: as few values as find a mistake, since the launch that
/// is timed is compared whole.
const EFFORT: Effort = Effort { seed: 48, cases: 500, quick: true };

/// A case for which nothing was done yet.
pub(super) struct Planned {
    name: CaseName,
    spec: &'static KernelSpec,
    workload: Workload,
}

/// The cases of a suite that are wanted.
pub(super) fn planned(gpu: &Gpu, suite: Suite, only: &Only) -> Vec<Planned> {
    let mut planned = vec![];
    for part in parts(suite) {
        for (kernel, workloads) in kernels(part) {
            let spec = kernel.spec;
            for size in sizes(gpu, workloads, only) {
                for workload in workloads.of(gpu, size) {
                    let (variant, size) = (workload.variant.clone(), workload.size.clone());
                    let name = CaseName { suite: part, kernel: spec.name.into(), variant, size };
                    planned.push(Planned { name, spec, workload });
                }
            }
        }
    }
    planned.retain(|planned| only.takes(&planned.name));
    planned
}

/// The suites of kernels that a suite has.
fn parts(suite: Suite) -> impl Iterator<Item = Suite> {
    [Suite::Kernels, Suite::Matmul].into_iter().filter(move |part| suite.has(*part))
}

/// The kernels of a suite that a device can run.
pub(super) fn kernel_names(gpu: &Gpu, suite: Suite) -> Vec<&'static str> {
    let specs = parts(suite).flat_map(kernels).map(|(kernel, _)| kernel.spec);
    specs.filter(|spec| gpu.can_run(spec)).map(|spec| spec.name).collect()
}

/// The kernels of a suite.
fn kernels(suite: Suite) -> impl Iterator<Item = (&'static Kernel, &'static Workloads)> {
    let is_product = |kernel: &Kernel| kernel.spec.name.starts_with("matmul");
    let of_suite = KERNELS.iter().filter(move |one| is_product(one) == (suite == Suite::Matmul));
    of_suite.filter_map(|kernel| Some((kernel, kernel.workloads.as_ref()?)))
}

fn sizes(gpu: &Gpu, workloads: &Workloads, only: &Only) -> Vec<usize> {
    let is_large = gpu.adapter.device_type == DeviceType::Discrete;
    match only.size {
        Some(size) => vec![size],
        None if is_large => [workloads.sizes, workloads.large].concat(),
        None => workloads.sizes.to_vec(),
    }
}

/// Cases that were compared with their twins, and what was wrong with the others.
#[derive(Default)]
pub(super) struct Checked {
    pub cases: Vec<Case>,
    pub faults: Vec<String>,
}

impl Checked {
    /// Checks and adds what was planned.
    pub async fn add(
        &mut self,
        gpu: &Gpu,
        planned: Vec<Planned>,
        options: Options<'_>,
    ) -> Result<ControlFlow<()>, Error> {
        let total = planned.len() as u64;
        for (done, planned) in (0..).zip(planned) {
            if (options.observe)(Progress { unit: "check", done, total }).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            let path = planned.name.path();
            match made(gpu, planned, options).await {
                Ok(case) => self.cases.push(case),
                Err(failure) => self.name_fault(gpu, &path, failure).await?,
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Adds the cases of the peaks whose kernels are right.
    pub async fn add_peaks(&mut self, gpu: &Gpu, options: Options<'_>) -> Result<(), Error> {
        for kernel in KERNELS.iter().filter(|kernel| kernel.spec.name.starts_with("peak_")) {
            let name = kernel.spec.name;
            match made_peaks(gpu, kernel, options).await {
                Ok(cases) => self.cases.extend(cases),
                Err(failure) => self.name_fault(gpu, name, failure).await?,
            }
        }
        Ok(())
    }

    /// Puts down what was wrong with a case, if the device can go on with the others.
    async fn name_fault(&mut self, gpu: &Gpu, case: &str, failure: Failure) -> Result<(), Error> {
        self.faults.push(match failure {
            Failure::Fault(fault) => fault.to_string(),
            Failure::Error(Error::Wrong(why)) => why,
            // Such as a text that this driver does not compile.
            Failure::Error(Error::Gpu(why)) if gpu.works().await => format!("{case}: {why}"),
            Failure::Error(error) => return Err(error),
        });
        Ok(())
    }
}

/// Checks a launch, and places it.
async fn made(gpu: &Gpu, planned: Planned, options: Options<'_>) -> Result<Case, Failure> {
    let Planned { name, spec, workload } = planned;
    let mut trial = Trial { as_timed: true, ..Trial::new(gpu, spec.name, EFFORT) };
    let cost = workload.cost;
    let dispatch = workload.make(&mut trial).await?;
    let mut case = Case::new(name, dispatch, cost, super::hash_of(spec));
    case.place(gpu, options.quick).await?;
    Ok(case)
}

/// The same of all launches of a kernel that measures peaks.
async fn made_peaks(
    gpu: &Gpu,
    kernel: &Kernel,
    options: Options<'_>,
) -> Result<Vec<Case>, Failure> {
    kernel.check(&mut Trial::new(gpu, kernel.spec.name, EFFORT)).await?;
    let mut cases = peaks::cases(gpu, kernel.spec).await?;
    for case in &mut cases {
        case.place(gpu, options.quick).await?;
    }
    Ok(cases)
}
