//! The cases of the suites `kernels` and `matmul`: every kernel that has something to time, checked.

use std::ops::ControlFlow;

use super::case::{Case, CaseName, ROOM};
use super::{Only, Options, Progress, Suite};
use crate::error::Error;
use crate::gpu::{DeviceType, Gpu, KernelSpec};
use crate::verify::{Effort, Failure, KERNELS, Kernel, Trial, Workload, Workloads};

/// What the checks before a measurement take: as few values as find a mistake, since the launch that
/// is timed is compared whole.
const EFFORT: Effort = Effort { seed: 48, cases: 500, quick: true, thorough: false };

/// A case for which nothing was done yet.
pub(super) struct Planned {
    name: CaseName,
    spec: &'static KernelSpec,
    workload: Workload,
}

/// The cases of a suite that are wanted, without those of the peaks.
pub(super) fn planned(gpu: &Gpu, suite: Suite, only: &Only) -> Vec<Planned> {
    let sizes = |workloads: &_| sizes(gpu, workloads, only);
    let mut planned: Vec<_> = parts(suite).flat_map(|part| all_of(gpu, part, sizes)).collect();
    planned.retain(|planned| only.takes(&planned.name));
    planned
}

/// The cases of the peaks. Their number of invocations is `invocations` if it depends on the
/// adapter.
pub(super) fn planned_peaks(gpu: &Gpu, invocations: usize) -> Vec<Planned> {
    all_of(gpu, Suite::Peaks, |workloads| match workloads.sizes {
        [] => vec![invocations],
        sizes => sizes.to_vec(),
    })
}

/// The cases of all kernels of a suite.
fn all_of(gpu: &Gpu, suite: Suite, sizes: impl Fn(&Workloads) -> Vec<usize>) -> Vec<Planned> {
    let mut planned = vec![];
    for (kernel, workloads) in kernels(suite) {
        let spec = kernel.spec;
        for workload in sizes(workloads).into_iter().flat_map(|size| workloads.of(gpu, size)) {
            let (variant, size) = (workload.variant.clone(), workload.size.clone());
            let name = CaseName { suite, kernel: spec.name.into(), variant, size };
            planned.push(Planned { name, spec, workload });
        }
    }
    planned
}

/// The suites of kernels that a suite has, but for the peaks, which are measured with each.
fn parts(suite: Suite) -> impl Iterator<Item = Suite> {
    [Suite::Kernels, Suite::Matmul].into_iter().filter(move |part| suite.has(*part))
}

/// The kernels of a suite that can be run.
pub(super) fn kernel_names(
    suite: Suite,
    can_run: impl Fn(&KernelSpec) -> bool,
) -> Vec<&'static str> {
    let specs = parts(suite).flat_map(kernels).map(|(kernel, _)| kernel.spec);
    specs.filter(|spec| can_run(spec)).map(|spec| spec.name).collect()
}

/// The kernels of a suite.
fn kernels(suite: Suite) -> impl Iterator<Item = (&'static Kernel, &'static Workloads)> {
    let of_suite = KERNELS.iter().filter(move |kernel| suite_of(kernel) == suite);
    of_suite.filter_map(|kernel| Some((kernel, kernel.workloads.as_ref()?)))
}

fn suite_of(kernel: &Kernel) -> Suite {
    match kernel.spec.name.split('_').next() {
        Some("matmul") => Suite::Matmul,
        Some("peak") => Suite::Peaks,
        _ => Suite::Kernels,
    }
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
pub(super) struct Checked {
    pub cases: Vec<Case>,
    pub faults: Vec<String>,
    /// Bytes that further places of launches may take.
    room: usize,
}

impl Checked {
    pub fn new() -> Self {
        Self { cases: vec![], faults: vec![], room: ROOM }
    }

    /// Checks and adds what was planned.
    pub async fn add(
        &mut self,
        gpu: &Gpu,
        planned: Vec<Planned>,
        options: Options<'_>,
    ) -> Result<ControlFlow<()>, Error> {
        planned.iter().try_for_each(|planned| planned.workload.check_size(gpu))?;
        let total = planned.len() as u64;
        for (done, planned) in (0..).zip(planned) {
            if (options.observe)(Progress { unit: "check", done, total }).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            let path = planned.name.path();
            match made(gpu, planned, options, &mut self.room).await {
                Ok(case) => self.cases.push(case),
                Err(failure) => self.name_fault(gpu, &path, failure).await?,
            }
        }
        Ok(ControlFlow::Continue(()))
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
async fn made(
    gpu: &Gpu,
    planned: Planned,
    options: Options<'_>,
    room: &mut usize,
) -> Result<Case, Failure> {
    let Planned { name, spec, workload } = planned;
    let mut trial = Trial { as_timed: true, ..Trial::new(gpu, spec.name, EFFORT) };
    let cost = workload.cost;
    let dispatch = workload.make(&mut trial).await?;
    trial.all_checked()?;
    let mut case = Case::new(name, dispatch, cost, super::hash_of(spec));
    case.place(gpu, options.quick, room).await?;
    Ok(case)
}
