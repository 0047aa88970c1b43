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
    for part in [Suite::Kernels, Suite::Matmul].into_iter().filter(|part| suite.has(*part)) {
        for (kernel, workloads) in kernels(part) {
            let spec = kernel.spec;
            if only.kernel.as_ref().is_some_and(|name| name != spec.name) {
                continue;
            }
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
        for (done, Planned { name, spec, workload }) in (0..).zip(planned) {
            if (options.observe)(Progress { unit: "check", done, total }).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            let mut trial = Trial { as_timed: true, ..Trial::new(gpu, spec.name, EFFORT) };
            let cost = workload.cost;
            match workload.make(&mut trial).await {
                Ok(dispatch) => {
                    self.cases.push(Case::new(name, dispatch, cost, super::hash_of(spec)));
                }
                Err(failure) => self.name_fault(gpu, &name.path(), failure).await?,
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Adds the cases of the peaks whose kernels are right.
    pub async fn add_peaks(&mut self, gpu: &Gpu) -> Result<(), Error> {
        let mut wrong = vec![];
        for kernel in KERNELS.iter().filter(|kernel| kernel.spec.name.starts_with("peak_")) {
            let name = kernel.spec.name;
            let mut trial = Trial::new(gpu, name, EFFORT);
            if let Err(failure) = kernel.check(&mut trial).await {
                self.name_fault(gpu, name, failure).await?;
                wrong.push(name);
            }
        }
        let cases = peaks::cases(gpu).await?.into_iter();
        self.cases.extend(cases.filter(|case| !wrong.contains(&case.name.kernel.as_str())));
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
