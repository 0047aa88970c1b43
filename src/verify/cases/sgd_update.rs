//! Checks of `sgd_update`.

use super::lengths;
use crate::cpu::sgd_update::sgd_update as twin;
use crate::gpu::{Dispatch, Gpu, Kernel};
use crate::kernels::sgd_update;
use crate::numeric::{Enclosure, Scalar};
use crate::verify::draws::values;
use crate::verify::residue::{self, Change};
use crate::verify::{Failure, Output, Trial, Workload};

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let kernel = Kernel::new(trial.gpu, &sgd_update::SPEC, &[]).await?;
    for len in lengths(trial, 1) {
        compare(trial, &kernel, len).await?;
    }
    accumulation(trial, &kernel).await
}

pub(super) fn workloads(_: &Gpu, len: usize) -> Vec<Workload> {
    let make = async move |trial: &mut Trial<'_>| {
        let kernel = Kernel::new(trial.gpu, &sgd_update::SPEC, &[]).await?;
        compare(trial, &kernel, len).await
    };
    vec![Workload::new(format!("[{len}]"), sgd_update::cost(len), make)]
}

/// Returns the launch that was compared.
async fn compare(trial: &mut Trial<'_>, kernel: &Kernel, len: usize) -> Result<Dispatch, Failure> {
    let (case, seed, learning_rate) = (format!("[{len}]"), trial.effort.seed, 0.3);
    let (d_parameters, before) = (values(seed, len), values(seed + 1, len));
    let owed: Vec<f32> = values(seed + 2, len).into_iter().map(|draw| draw * 1e-3).collect();
    let start = [&d_parameters[..], &before, &owed];
    let (dispatch, [done, left]) = update(trial, kernel, &case, learning_rate, start, 1).await?;
    let [d_parameters, mut parameters, mut residues] = start.map(Enclosure::all_from_f32);
    let rate = Enclosure::from_f32(learning_rate);
    twin(rate, &d_parameters, &mut parameters, &mut residues);
    let done = trial.check(&case, &done, &parameters).await?;
    let state = before.iter().zip(&owed).zip(d_parameters).zip(done);
    let residues = state.map(|(((&before, &residue), d), done)| {
        let added = Enclosure::from_f32(residue) - rate * d;
        Change { before: before.into(), residue: residue.into(), added }.left(done)
    });
    let left = trial.read(&case, &left).await?;
    residue::compare(trial, &case, "residues", &left, &residues.collect::<Vec<_>>())?;
    Ok(dispatch)
}

/// Makes `steps` updates with the same gradients; returns the launch, the parameters and their
/// residues.
async fn update(
    trial: &mut Trial<'_>,
    kernel: &Kernel,
    case: &str,
    learning_rate: f32,
    [d_parameters, parameters, residues]: [&[f32]; 3],
    steps: u16,
) -> Result<(Dispatch, [Output; 2]), Failure> {
    let parameters = trial.output("parameters", parameters).await?;
    let residues = trial.output("residues", residues).await?;
    let steps_done = trial.output("steps_done", &[f32::from_bits(3)]).await?;
    let d_parameters = trial.input(d_parameters).await?;
    let tensors = [&d_parameters, &parameters.tensor, &residues.tensor, &steps_done.tensor];
    let dispatch = sgd_update::dispatch(trial.gpu, kernel, learning_rate, tensors).await?;
    trial.run(&vec![trial.folded(&dispatch); steps.into()]).await?;
    let counted = trial.read(case, &steps_done).await?[0].to_bits();
    trial.equal(case, "steps_done", &[counted], &[3 + u32::from(steps)])?;
    Ok((dispatch, [parameters, residues]))
}

/// Finds drivers that simplify the compensation away, as Mesa 22.3.6 does where it can: one plus
/// a thousand times 2⁻²⁵ would then stay one.
async fn accumulation(trial: &mut Trial<'_>, kernel: &Kernel) -> Result<(), Failure> {
    let steps = if trial.effort.quick { 50 } else { 1_000 };
    let change = 2.0_f32.powi(-25);
    let changes: Vec<f32> = (-257_i16..=257).map(|k| f32::from(k) * change).collect();
    let d_parameters: Vec<f32> = changes.iter().map(|change| -change).collect();
    let [ones, zeros] = [1.0, 0.0].map(|value| vec![value; changes.len()]);
    let case = format!("{steps} changes that are rounded away");
    let start = [&d_parameters[..], &ones, &zeros];
    let (_, [parameters, residues]) = update(trial, kernel, &case, 1.0, start, steps).await?;
    let parameters = trial.read(&case, &parameters).await?;
    // What the parameter lacks is in the residue, to the last bit.
    let lacking = changes.iter().zip(&parameters).map(|(&change, &parameter)| {
        let sum = 1.0 + f64::from(steps) * f64::from(change);
        Enclosure::from_f64(sum - f64::from(parameter))
    });
    trial.check(&case, &residues, &lacking.collect::<Vec<_>>()).await?;
    Ok(())
}
