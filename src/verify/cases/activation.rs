//! Checks of `activation`.

use super::lengths;
use crate::cpu::activation::activation as twin;
use crate::error::Error;
use crate::gpu::{Dispatch, Gpu, Kernel};
use crate::kernels::activation;
use crate::numeric::{Enclosure, MIDDLE, Scalar, ULP};
use crate::task::Activation;
use crate::verify::draws::logits;
use crate::verify::own_exp::{compare_with_own, grid, own_exp, sides};
use crate::verify::{Failure, Trial, Workload};

/// An activation function, compiled.
struct Form {
    kernel: Kernel,
    function: Activation,
    compensated: bool,
}

impl Form {
    async fn new(gpu: &Gpu, function: Activation, compensated: bool) -> Result<Self, Error> {
        let kernel = activation::kernel(gpu, function, compensated).await?;
        Ok(Self { kernel, function, compensated })
    }
}

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    check_sigmoid(trial).await?;
    for function in Activation::ALL {
        for compensated in [true, false] {
            if (function, compensated) == (Activation::Sigmoid, true) {
                continue;
            }
            let form = Form::new(trial.gpu, function, compensated).await?;
            let grid: Vec<f32> = (-900_i16..=900).map(|step| f32::from(step) / 10.0).collect();
            compare(trial, &form, "from −90 to 90", &grid).await?;
            for len in [1, 257, trial.effort.cases] {
                let values = logits(trial.effort.seed, len);
                compare(trial, &form, &format!("[{len}]"), &values).await?;
            }
        }
    }
    Ok(())
}

/// The sigmoid that rounds least.
async fn check_sigmoid(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let form = Form::new(trial.gpu, Activation::Sigmoid, true).await?;
    let grid: Vec<f32> = (-9_000_i16..=9_000).map(|step| f32::from(step) / 100.0).collect();
    let found = compare(trial, &form, "from −90 to 90", &grid).await?;
    symmetry(trial, "σ(−z) beside 1 − σ(z), from −90 to 90", &found)?;
    // Values at which the formula changes, and values too small for it.
    let right = [0.0, 1e-40, 1e-30, 1e-8, 1.499_999_9, 1.5, 1.500_000_1];
    let around: Vec<f32> = right.iter().rev().map(|z: &f32| -z).chain(right).collect();
    let found = compare(trial, &form, "around 0 and ±3/2", &around).await?;
    symmetry(trial, "σ(−z) beside 1 − σ(z), around 0 and ±3/2", &found)?;
    by_own_exp(trial, &form).await?;
    let case = "of the largest numbers";
    let found = compare(trial, &form, case, &[f32::MAX, f32::MIN, 1e4, -1e4]).await?;
    trial.compare(case, "activations", &found, &Enclosure::all_from_f32(&[1.0, 0.0, 1.0, 0.0]))?;
    for len in lengths(trial, 1) {
        compare(trial, &form, &format!("[{len}]"), &logits(trial.effort.seed, len)).await?;
    }
    Ok(())
}

/// Beyond ±3/2, where `exp` is asked.
async fn by_own_exp(trial: &mut Trial<'_>, form: &Form) -> Result<(), Failure> {
    let logits: Vec<f32> = grid().into_iter().filter(|z| z.abs() > MIDDLE).collect();
    let case = "from the device's own exp";
    let found = compare(trial, form, case, &logits).await?;
    let tails = own_exp(trial, &logits.iter().map(|z| -z.abs()).collect::<Vec<_>>()).await?;
    let expected: Vec<_> = logits.iter().zip(tails).map(|(&z, t)| sides(z, t)).collect();
    compare_with_own(trial, case, "activations", &found, &expected)
}

async fn compare(
    trial: &mut Trial<'_>,
    form: &Form,
    case: &str,
    pre_activations: &[f32],
) -> Result<Vec<f32>, Failure> {
    Ok(launch(trial, form, case, pre_activations).await?.1)
}

/// The launch that was compared, and what it wrote.
async fn launch(
    trial: &mut Trial<'_>,
    form: &Form,
    case: &str,
    pre_activations: &[f32],
) -> Result<(Dispatch, Vec<f32>), Failure> {
    let out = trial.poisoned("activations", pre_activations.len()).await?;
    let tensors = [&trial.input(pre_activations).await?, &out.tensor];
    let dispatch = activation::dispatch(trial.gpu, &form.kernel, tensors).await?;
    trial.run(&[trial.folded(&dispatch)]).await?;
    let mut expected = vec![Enclosure::from_f64(0.0); pre_activations.len()];
    let values = Enclosure::all_from_f32(pre_activations);
    twin(form.compensated, form.function, &values, &mut expected);
    Ok((dispatch, trial.check(case, &out, &expected).await?))
}

pub(super) fn workloads(_: &Gpu, len: usize) -> Vec<Workload> {
    let make = async move |trial: &mut Trial<'_>| {
        let form = Form::new(trial.gpu, Activation::Sigmoid, true).await?;
        let logits = logits(trial.effort.seed, len);
        Ok(launch(trial, &form, &format!("[{len}]"), &logits).await?.0)
    };
    vec![Workload::new(format!("[{len}]"), activation::cost(len), make)]
}

/// Checks the symmetry of results for numbers from −z to z: both sides are the same formula, each
/// rounded once more.
fn symmetry(trial: &Trial<'_>, case: &str, found: &[f32]) -> Result<(), Failure> {
    for (index, (&left, &right)) in found.iter().zip(found.iter().rev()).enumerate() {
        let (left, right) = (f64::from(left), f64::from(right));
        if (left + right - 1.0).abs() > ULP {
            return Err(trial.fault(case, "activations", index, [left, 1.0 - right, ULP]));
        }
    }
    Ok(())
}
