//! Checks of `activation_grad`.

use super::lengths;
use crate::cpu::activation_grad::activation_grad as twin;
use crate::gpu::{Dispatch, Gpu, Kernel};
use crate::kernels::activation_grad;
use crate::numeric::{Enclosure, Scalar};
use crate::task::Activation;
use crate::verify::draws::{probabilities, values};
use crate::verify::{Failure, Trial, Workload};

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    for function in Activation::ALL {
        let kernel = activation_grad::kernel(trial.gpu, function).await?;
        let all = if function == Activation::Sigmoid { lengths(trial, 1) } else { vec![1, 257] };
        for len in all {
            compare(trial, &kernel, function, len).await?;
        }
    }
    Ok(())
}

pub(super) fn workloads(_: &Gpu, len: usize) -> Vec<Workload> {
    let make = async move |trial: &mut Trial<'_>| {
        let function = Activation::Sigmoid;
        let kernel = activation_grad::kernel(trial.gpu, function).await?;
        compare(trial, &kernel, function, len).await
    };
    vec![Workload::new(format!("[{len}]"), activation_grad::cost(len), make)]
}

/// Returns the launch that was compared.
async fn compare(
    trial: &mut Trial<'_>,
    kernel: &Kernel,
    function: Activation,
    len: usize,
) -> Result<Dispatch, Failure> {
    let seed = trial.effort.seed;
    let activations = match function {
        Activation::Identity => values(seed, len),
        // Of either sign.
        Activation::Tanh => probabilities(seed, len).into_iter().map(|p| 2.0 * p - 1.0).collect(),
        Activation::Sigmoid => probabilities(seed, len),
        Activation::Relu => values(seed, len).into_iter().map(|z| z.max(0.0)).collect(),
    };
    let d_activations = values(seed + 1, len);
    let out = trial.poisoned("d_pre_activations", len).await?;
    let inputs = [trial.input(&activations).await?, trial.input(&d_activations).await?];
    let tensors = [&inputs[0], &inputs[1], &out.tensor];
    let dispatch = activation_grad::dispatch(trial.gpu, kernel, tensors).await?;
    trial.run(&[trial.folded(&dispatch)]).await?;
    let mut expected = vec![Enclosure::from_f64(0.0); len];
    let [activations, d_activations] =
        [activations, d_activations].map(|values| Enclosure::all_from_f32(&values));
    twin(function, &activations, &d_activations, &mut expected);
    trial.check(&format!("{function:?} [{len}]"), &out, &expected).await?;
    Ok(dispatch)
}
