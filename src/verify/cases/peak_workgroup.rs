//! Checks of `peak_workgroup`.

use super::MOST_GROUPS;
use crate::cpu::peak_workgroup::peak_workgroup as twin;
use crate::gpu::{Dispatch, Gpu, Kernel};
use crate::kernels::peak_workgroup::{self, SPEC};
use crate::numeric::{Enclosure, Scalar};
use crate::verify::{Failure, Trial, Workload};

/// Workgroups, iterations, and the first value of the table.
type Case = (usize, u32, f32);

/// Cases in which all values are integers that no rounding touches, so that not one load may be
/// lost. The table has 32 times as many elements as an iteration reads.
const EXACT: [Case; 6] =
    [(1, 0, 5.0), (1, 1, 0.0), (2, 1, -300.0), (3, 2, 7.0), (1, 31, -500.0), (1, 45, 1.0)];

/// Cases in which the bound tells how far rounding may go.
const ROUNDED: [Case; 3] = [(1, 1, -0.3), (3, 33, 1e-3), (1, 1757, 0.7)];

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    for case in EXACT {
        compare(trial, case, true).await?;
    }
    let groups = trial.effort.cases.div_ceil(SPEC.workgroup_size as usize).min(MOST_GROUPS);
    let many = (groups, 3, -511.3);
    for case in ROUNDED.into_iter().chain([many]) {
        compare(trial, case, false).await?;
    }
    Ok(())
}

async fn compare(
    trial: &mut Trial<'_>,
    (groups, iterations, first): Case,
    is_exact: bool,
) -> Result<Dispatch, Failure> {
    let kernel = Kernel::new(trial.gpu, &SPEC, &[]).await?;
    let size = SPEC.workgroup_size as usize;
    let out = trial.poisoned("out", groups * size).await?;
    let dispatch =
        peak_workgroup::dispatch(trial.gpu, &kernel, iterations, first, &out.tensor).await?;
    trial.run(std::slice::from_ref(&dispatch)).await?;
    let case = format!("[{groups}, {size}], {iterations} iterations, from {first}");
    let mut expected = vec![Enclosure::from_f64(0.0); size];
    twin(iterations, Enclosure::from_f32(first), &mut expected);
    if is_exact {
        expected = expected.iter().map(|sum| Enclosure::new(sum.to_f64(), 0.0)).collect();
    }
    trial.check(&case, &out, &expected.repeat(groups)).await?;
    Ok(dispatch)
}

/// Iterations of what is timed.
const ITERATIONS: u32 = 64;

/// The workloads of `invocations` invocations.
pub(super) fn workloads(_: &Gpu, invocations: usize) -> Vec<Workload> {
    let make = async move |trial: &mut Trial<'_>| {
        let groups = invocations / SPEC.workgroup_size as usize;
        compare(trial, (groups, ITERATIONS, 1.0), false).await
    };
    let cost = peak_workgroup::cost(ITERATIONS, invocations);
    vec![Workload::new(format!("[{invocations}]"), cost, make)]
}
