//! Checks of `peak_copy`: not one bit may differ.

use super::lengths;
use crate::cpu::peak_copy::peak_copy as twin;
use crate::gpu::{Dispatch, Gpu, Kernel};
use crate::kernels::peak_copy;
use crate::verify::draws::values;
use crate::verify::{Failure, Trial, Workload};

/// Values of the input behind what is to be copied: unlike those behind the output, so that one
/// who copies on is noticed.
const BEHIND: usize = 64;

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    for elements in lengths(trial, 4) {
        compare(trial, 4 * elements).await?;
    }
    Ok(())
}

async fn compare(trial: &mut Trial<'_>, len: usize) -> Result<Dispatch, Failure> {
    let kernel = Kernel::new(trial.gpu, &peak_copy::SPEC, &[]).await?;
    let given = values(trial.effort.seed, len + BEHIND);
    let input = trial.gpu.upload("input", &given).await?.part(0, len).with_room(BEHIND);
    let out = trial.poisoned("out", len).await?;
    let dispatch = peak_copy::dispatch(trial.gpu, &kernel, [&input, &out.tensor]).await?;
    let dispatch = trial.folded(&dispatch);
    trial.run(std::slice::from_ref(&dispatch)).await?;
    let mut expected = vec![0.0_f32; len];
    twin(&given[..len], &mut expected);
    let case = format!("[{}, 4]", len / 4);
    let found = trial.read(&case, &out).await?;
    trial.same(&case, "out", &found, &expected)?;
    Ok(dispatch)
}

/// The workloads of `len` values.
pub(super) fn workloads(_: &Gpu, len: usize) -> Vec<Workload> {
    let make = async move |trial: &mut Trial<'_>| compare(trial, len).await;
    vec![Workload::new(format!("[{len}]"), peak_copy::cost(len), make)]
}
