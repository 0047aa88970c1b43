//! The cases of the suites `kernels` and `matmul`: every kernel that has something to time, checked.

use super::case::{Case, CaseName};
use super::{Only, Suite, peaks};
use crate::error::Error;
use crate::gpu::{DeviceType, Gpu, KernelSpec};
use crate::verify::{Effort, Failure, KERNELS, Kernel, Trial, Workloads};

/// What the checks before a measurement take: as few values as find a mistake, since the launch that
/// is timed is compared whole.
const EFFORT: Effort = Effort { seed: 48, cases: 500, quick: true };

/// The kernels of a suite.
fn kernels(suite: Suite) -> impl Iterator<Item = &'static Kernel> {
    let is_product = |kernel: &Kernel| kernel.spec.name.starts_with("matmul");
    KERNELS.iter().filter(move |kernel| is_product(kernel) == (suite == Suite::Matmul))
}

/// Cases that were compared with their twins, and what was wrong with the others.
#[derive(Default)]
pub(super) struct Checked {
    pub cases: Vec<Case>,
    pub faults: Vec<String>,
}

impl Checked {
    /// Adds those of a suite that are wanted.
    pub async fn add(
        &mut self,
        gpu: &Gpu,
        suite: Suite,
        only: &Only,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<(), Error> {
        for kernel in kernels(suite) {
            let Some(workloads) = &kernel.workloads else { continue };
            if only.kernel.as_ref().is_some_and(|name| name != kernel.spec.name) {
                continue;
            }
            let is_large = gpu.adapter.device_type == DeviceType::Discrete;
            let sizes = match &only.size {
                Some(size) => vec![*size],
                None if is_large => [workloads.sizes, workloads.large].concat(),
                None => workloads.sizes.to_vec(),
            };
            for size in sizes {
                if !go_on() {
                    return Ok(());
                }
                self.add_size(gpu, (suite, kernel.spec, workloads), size, only).await?;
            }
        }
        Ok(())
    }

    /// Adds the cases of the peaks whose kernels are right.
    pub async fn add_peaks(&mut self, gpu: &Gpu) -> Result<(), Error> {
        let mut wrong = vec![];
        for kernel in KERNELS.iter().filter(|kernel| kernel.spec.name.starts_with("peak_")) {
            let mut trial = Trial::new(gpu, kernel.spec.name, EFFORT);
            if let Err(failure) = kernel.check(&mut trial).await {
                self.name_fault(failure)?;
                wrong.push(kernel.spec.name);
            }
        }
        let cases = peaks::cases(gpu).await?.into_iter();
        self.cases.extend(cases.filter(|case| !wrong.contains(&case.name.kernel.as_str())));
        Ok(())
    }

    /// Puts down what was wrong with a case, if that is all that was.
    fn name_fault(&mut self, failure: Failure) -> Result<(), Error> {
        self.faults.push(match failure {
            Failure::Fault(fault) => fault.to_string(),
            Failure::Error(Error::Wrong(why)) => why,
            Failure::Error(error) => return Err(error),
        });
        Ok(())
    }

    async fn add_size(
        &mut self,
        gpu: &Gpu,
        (suite, spec, workloads): (Suite, &'static KernelSpec, &Workloads),
        size: usize,
        only: &Only,
    ) -> Result<(), Error> {
        let mut trial = Trial { as_timed: true, ..Trial::new(gpu, spec.name, EFFORT) };
        let made = match workloads.make(&mut trial, size).await {
            Ok(made) => made,
            Err(failure) => return self.name_fault(failure),
        };
        for workload in made {
            let (kernel, variant) = (spec.name.into(), workload.variant);
            let name = CaseName { suite, kernel, variant, size: workload.size };
            if only.takes(&name) {
                let shader = super::hash_of(spec);
                self.cases.push(Case::new(name, workload.dispatch, workload.cost, shader));
            }
        }
        Ok(())
    }
}
