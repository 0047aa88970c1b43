//! Checks of `bias_add`.

use super::COLUMNS;
use crate::cpu::bias_add::bias_add as twin;
use crate::gpu::{Dispatch, Gpu, Kernel};
use crate::kernels::bias_add;
use crate::numeric::{Enclosure, Scalar};
use crate::verify::draws::values;
use crate::verify::{Failure, Trial, Workload};

/// `[batch_size, output_size]`; the last takes more workgroups than fit one dimension.
const SHAPES: [[usize; 2]; 7] =
    [[3, 5], [65, 63], [1, 1], [4, 2], [1, 1757], [1757, 1], [65_535 * 64 / 3 + 1, 3]];

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let kernel = Kernel::new(trial.gpu, &bias_add::SPEC, &[]).await?;
    let shapes = if trial.effort.quick { &SHAPES[..6] } else { &SHAPES };
    let random = [trial.effort.cases.div_ceil(7), 7];
    for &shape in shapes.iter().chain([&random]) {
        compare(trial, &kernel, shape).await?;
    }
    Ok(())
}

pub(super) fn workloads(_: &Gpu, len: usize) -> Vec<Workload> {
    let shape @ [batch_size, output_size] = [len.div_ceil(COLUMNS), COLUMNS];
    let make = async move |trial: &mut Trial<'_>| {
        let kernel = Kernel::new(trial.gpu, &bias_add::SPEC, &[]).await?;
        compare(trial, &kernel, shape).await
    };
    vec![Workload::new(format!("{shape:?}"), bias_add::cost(batch_size, output_size), make)]
}

/// Returns the launch that was compared.
async fn compare(
    trial: &mut Trial<'_>,
    kernel: &Kernel,
    [batch_size, output_size]: [usize; 2],
) -> Result<Dispatch, Failure> {
    let case = format!("[{batch_size}, {output_size}]");
    let seed = trial.effort.seed;
    let bias = values(seed, output_size);
    let before = values(seed + 1, batch_size * output_size);
    let out = trial.output("pre_activations", &before).await?;
    let tensors = [&trial.input(&bias).await?, &out.tensor];
    let dispatch = bias_add::dispatch(trial.gpu, kernel, batch_size, tensors).await?;
    trial.run(&[trial.folded(&dispatch)]).await?;
    let mut expected = Enclosure::all_from_f32(&before);
    twin(&Enclosure::all_from_f32(&bias), &mut expected);
    trial.check(&case, &out, &expected).await?;
    Ok(dispatch)
}
