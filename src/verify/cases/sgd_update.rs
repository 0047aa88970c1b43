//! Checks of `sgd_update`.

use super::lengths;
use crate::cpu::sgd_update::sgd_update as twin;
use crate::gpu::{Dispatch, Gpu, Kernel};
use crate::kernels::sgd_update;
use crate::numeric::{Enclosure, Scalar};
use crate::task::Method;
use crate::verify::draws::values;
use crate::verify::residue::{self, Change};
use crate::verify::{Failure, Output, Trial, Workload};

/// Updates by the shortest formula, in all their forms.
const PLAIN: [Method; 4] = [
    Method::PLAIN,
    Method::PLAIN.with_momentum(0.8),
    Method::PLAIN.with_weight_decay(0.3),
    Method::PLAIN.with_momentum(0.8).with_nesterov(true).with_weight_decay(0.3),
];

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let kernel = sgd_update::kernel(trial.gpu, Method::COMPENSATED).await?;
    for len in lengths(trial, 1) {
        compare(trial, &kernel, len).await?;
    }
    accumulation(trial, &kernel).await?;
    for method in PLAIN {
        let kernel = sgd_update::kernel(trial.gpu, method).await?;
        for len in [1, 65, 257, trial.effort.cases] {
            compare_plain(trial, &kernel, method, len).await?;
        }
    }
    Ok(())
}

pub(super) fn workloads(_: &Gpu, len: usize) -> Vec<Workload> {
    let make = async move |trial: &mut Trial<'_>| {
        let kernel = sgd_update::kernel(trial.gpu, Method::COMPENSATED).await?;
        compare(trial, &kernel, len).await
    };
    vec![Workload::new(format!("[{len}]"), sgd_update::cost(len), make)]
}

/// Gradients, parameters, and what the optimizer has for each.
fn start(seed: u64, len: usize, of_state: f32) -> [Vec<f32>; 3] {
    let state = values(seed + 2, len).into_iter().map(|draw| draw * of_state);
    [values(seed, len), values(seed + 1, len), state.collect()]
}

/// Returns the launch that was compared.
async fn compare(trial: &mut Trial<'_>, kernel: &Kernel, len: usize) -> Result<Dispatch, Failure> {
    let (case, learning_rate) = (format!("[{len}]"), 0.3_f32);
    let start = start(trial.effort.seed, len, 1e-3);
    let factors = [learning_rate.into(), 0.0];
    let (dispatch, [done, left]) = update(trial, kernel, &case, factors, &start, 1).await?;
    let [_, before, owed] = &start;
    let [d_parameters, mut parameters, mut residues] =
        [0, 1, 2].map(|tensor| Enclosure::all_from_f32(&start[tensor]));
    let rate = Enclosure::from_f32(learning_rate);
    twin(Method::COMPENSATED, rate, &d_parameters, &mut parameters, &mut residues);
    let done = trial.check(&case, &done, &parameters).await?;
    let state = before.iter().zip(owed).zip(d_parameters).zip(done);
    let residues = state.map(|(((&before, &residue), d), done)| {
        let added = Enclosure::from_f32(residue) - rate * d;
        Change { before: before.into(), residue: residue.into(), added }.left(done)
    });
    let left = trial.read(&case, &left).await?;
    residue::compare(trial, &case, "optimizer_state", &left, &residues.collect::<Vec<_>>())?;
    Ok(dispatch)
}

/// Parameters and velocities.
async fn compare_plain(
    trial: &mut Trial<'_>,
    kernel: &Kernel,
    method: Method,
    len: usize,
) -> Result<(), Failure> {
    let case = format!("plain [{len}], {:?}", method.optimizer);
    let start = start(trial.effort.seed, len, 1.0);
    let factors = [0.3, method.momentum()];
    let (_, [parameters, state]) = update(trial, kernel, &case, factors, &start, 1).await?;
    let [d_parameters, mut expected, mut velocities] =
        [0, 1, 2].map(|tensor| Enclosure::all_from_f32(&start[tensor]));
    let rate = Enclosure::from_f64(factors[0]);
    twin(method, rate, &d_parameters, &mut expected, &mut velocities);
    trial.check(&case, &parameters, &expected).await?;
    trial.check(&case, &state, &velocities).await?;
    Ok(())
}

/// Makes `steps` updates with the same gradients; returns the launch, the parameters and the optimizer's
/// state.
async fn update(
    trial: &mut Trial<'_>,
    kernel: &Kernel,
    case: &str,
    [learning_rate, momentum]: [f64; 2],
    [d_parameters, parameters, state]: &[Vec<f32>; 3],
    steps: u16,
) -> Result<(Dispatch, [Output; 2]), Failure> {
    let parameters = trial.output("parameters", parameters).await?;
    let state = trial.output("optimizer_state", state).await?;
    let steps_done = trial.output("steps_done", &[f32::from_bits(3)]).await?;
    let d_parameters = trial.input(d_parameters).await?;
    let tensors = [&d_parameters, &parameters.tensor, &state.tensor, &steps_done.tensor];
    let params = sgd_update::params(parameters.tensor.len(), learning_rate, momentum);
    let dispatch = sgd_update::dispatch(trial.gpu, kernel, params, tensors).await?;
    trial.run(&vec![trial.folded(&dispatch); steps.into()]).await?;
    let counted = trial.read(case, &steps_done).await?[0].to_bits();
    trial.equal(case, "steps_done", &[counted], &[3 + u32::from(steps)])?;
    Ok((dispatch, [parameters, state]))
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
    let start = [d_parameters, ones, zeros];
    let (_, [parameters, residues]) =
        update(trial, kernel, &case, [1.0, 0.0], &start, steps).await?;
    let parameters = trial.read(&case, &parameters).await?;
    // What the parameter lacks is in the residue, to the last bit.
    let lacking = changes.iter().zip(&parameters).map(|(&change, &parameter)| {
        let sum = 1.0 + f64::from(steps) * f64::from(change);
        Enclosure::from_f64(sum - f64::from(parameter))
    });
    trial.check(&case, &residues, &lacking.collect::<Vec<_>>()).await?;
    Ok(())
}
