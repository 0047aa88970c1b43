//! Checks of `sigmoid_grad`.

use super::lengths;
use crate::cpu::sigmoid_grad::sigmoid_grad as twin;
use crate::gpu::{Dispatch, Gpu, Kernel};
use crate::kernels::sigmoid_grad;
use crate::numeric::{Enclosure, Scalar};
use crate::verify::draws::{probabilities, values};
use crate::verify::{Failure, Trial, Workload};

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let kernel = Kernel::new(trial.gpu, &sigmoid_grad::SPEC, &[]).await?;
    for len in lengths(trial, 1) {
        compare(trial, &kernel, len).await?;
    }
    Ok(())
}

pub(super) fn workloads(_: &Gpu, len: usize) -> Vec<Workload> {
    let make = async move |trial: &mut Trial<'_>| {
        let kernel = Kernel::new(trial.gpu, &sigmoid_grad::SPEC, &[]).await?;
        compare(trial, &kernel, len).await
    };
    vec![Workload::new(format!("[{len}]"), sigmoid_grad::cost(len), make)]
}

/// Returns the launch that was compared.
async fn compare(trial: &mut Trial<'_>, kernel: &Kernel, len: usize) -> Result<Dispatch, Failure> {
    let seed = trial.effort.seed;
    let (activations, d_activations) = (probabilities(seed, len), values(seed + 1, len));
    let out = trial.poisoned("d_pre_activations", len).await?;
    let inputs = [trial.input(&activations).await?, trial.input(&d_activations).await?];
    let tensors = [&inputs[0], &inputs[1], &out.tensor];
    let dispatch = sigmoid_grad::dispatch(trial.gpu, kernel, tensors).await?;
    trial.run(&[trial.folded(&dispatch)]).await?;
    let mut expected = vec![Enclosure::from_f64(0.0); len];
    let [activations, d_activations] =
        [activations, d_activations].map(|values| Enclosure::all_from_f32(&values));
    twin(&activations, &d_activations, &mut expected);
    trial.check(&format!("[{len}]"), &out, &expected).await?;
    Ok(dispatch)
}
