//! Checks of `bce_grad`.

use super::lengths;
use crate::cpu::bce_grad::bce_grad as twin;
use crate::gpu::{Dispatch, Gpu, Kernel};
use crate::kernels::bce_grad;
use crate::numeric::{Enclosure, Scalar};
use crate::verify::draws::{probabilities, targets};
use crate::verify::{Failure, Trial, Workload};

/// What decides whether, and how, the gradient is left unsimplified, and its factor; the last is
/// large enough to be seen beside p(1 − p) everywhere.
const RULES: [[f32; 2]; 3] = [[0.0, 1.0 / 3.0], [1e-7, 1.0], [0.125, 0.7]];

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let mut kernels = vec![];
    for [epsilon, scale] in RULES {
        kernels.push((bce_grad::kernel(trial.gpu, epsilon).await?, epsilon, scale));
    }
    for len in lengths(trial, 1) {
        let seed = trial.effort.seed;
        let (probabilities, targets) = (probabilities(seed, len), targets(seed + 1, len));
        for (kernel, epsilon, scale) in &kernels {
            let case = format!("[{len}], scale {scale}, epsilon {epsilon}");
            let rule = (*epsilon, *scale);
            compare(trial, kernel, &case, rule, [&probabilities, &targets]).await?;
        }
    }
    Ok(())
}

pub(super) fn workloads(_: &Gpu, len: usize) -> Vec<Workload> {
    let make = async move |trial: &mut Trial<'_>| {
        let [epsilon, scale] = RULES[0];
        let kernel = bce_grad::kernel(trial.gpu, epsilon).await?;
        let seed = trial.effort.seed;
        let (probabilities, targets) = (probabilities(seed, len), targets(seed + 1, len));
        let (case, inputs) = (format!("[{len}]"), [&probabilities[..], &targets]);
        compare(trial, &kernel, &case, (epsilon, scale), inputs).await
    };
    vec![Workload::new(format!("[{len}]"), bce_grad::cost(len), make)]
}

/// Returns the launch that was compared.
async fn compare(
    trial: &mut Trial<'_>,
    kernel: &Kernel,
    case: &str,
    (epsilon, scale): (f32, f32),
    [probabilities, targets]: [&[f32]; 2],
) -> Result<Dispatch, Failure> {
    let out = trial.poisoned("d_logits", targets.len()).await?;
    let inputs = [trial.input(probabilities).await?, trial.input(targets).await?];
    let tensors = [&inputs[0], &inputs[1], &out.tensor];
    let dispatch = bce_grad::dispatch(trial.gpu, kernel, scale, tensors).await?;
    trial.run(&[trial.folded(&dispatch)]).await?;
    let mut expected = vec![Enclosure::from_f64(0.0); targets.len()];
    let [scale, epsilon] = [scale, epsilon].map(Enclosure::from_f32);
    let [probabilities, targets] = [probabilities, targets].map(Enclosure::all_from_f32);
    twin(scale, epsilon, &probabilities, &targets, &mut expected);
    trial.check(case, &out, &expected).await?;
    Ok(dispatch)
}
