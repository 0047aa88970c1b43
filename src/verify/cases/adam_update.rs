//! Checks of `adam_update`.

use super::lengths;
use crate::cpu::adam_update::{AdamStep, moments, moved};
use crate::gpu::{Dispatch, Gpu};
use crate::kernels::adam_update;
use crate::numeric::{Enclosure, Scalar};
use crate::task::{Adam, Method, Optimizer, Schedule, StepFactors};
use crate::verify::draws::values;
use crate::verify::{Failure, Trial, Workload};

const LEARNING_RATE: f64 = 0.3;

/// Updates in all their forms. With the smallest epsilon, the least v counts.
const FORMS: [Adam; 4] = [
    Adam { epsilon: 1e-30, ..Adam::DEFAULT },
    Adam { weight_decay: 0.3, ..Adam::DECOUPLED },
    Adam { weight_decay: 0.3, betas: [0.5, 0.75], epsilon: 0.125, ..Adam::DEFAULT },
    Adam { betas: [0.0; 2], ..Adam::DEFAULT },
];

/// The factors of an update, of which each differs from the others.
fn factors(adam: Adam, step: u64) -> StepFactors {
    let method = Method::PLAIN.with_optimizer(Optimizer::Adam(adam));
    method.with_schedule(Schedule { warmup: 4_000, ..Schedule::CONSTANT }).factors(step)
}

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    for len in lengths(trial, 2) {
        compare(trial, Adam::DEFAULT, 2, len).await?;
    }
    for adam in FORMS {
        for step in [1, 7_000] {
            for len in [65, trial.effort.cases] {
                compare(trial, adam, step, len).await?;
            }
        }
    }
    Ok(())
}

pub(super) fn workloads(_: &Gpu, len: usize) -> Vec<Workload> {
    let make = async move |trial: &mut Trial<'_>| compare(trial, Adam::DEFAULT, 2, len).await;
    vec![Workload::new(format!("[{len}]"), adam_update::cost(len), make)]
}

/// Gradients, parameters, m and v. Every fifth has no gradient and no v, and an m that is hardly more.
fn start(seed: u64, len: usize) -> [Vec<f32>; 4] {
    let [mut d, parameters, mut m, v] =
        [0, 1, 2, 3].map(|tensor| values(seed.wrapping_add(tensor), len));
    let mut v: Vec<f32> = v.into_iter().map(|draw| draw.abs() * 1e-3).collect();
    for index in (0..len).step_by(5) {
        (d[index], m[index], v[index]) = (0.0, 1e-25 * m[index], 0.0);
    }
    [d, parameters, m, v]
}

/// One update, in two stages: m and v, then the parameters from the device's own. After the gradient
/// alone their bound would be as wide as the change. Returns the launch.
async fn compare(
    trial: &mut Trial<'_>,
    adam: Adam,
    step: u64,
    len: usize,
) -> Result<Dispatch, Failure> {
    let case = format!("[{len}], step {step}, {adam:?}");
    let kernel = adam_update::kernel(trial.gpu, adam).await?;
    let start = start(trial.effort.seed, len);
    let factors = factors(adam, step);
    let parameters = trial.output("parameters", &start[1]).await?;
    let state = trial.output("optimizer_state", &[&start[2][..], &start[3]].concat()).await?;
    let steps_done = trial.output("steps_done", &[f32::from_bits(3)]).await?;
    let d_parameters = trial.input(&start[0]).await?;
    let tensors = [&d_parameters, &parameters.tensor, &state.tensor, &steps_done.tensor];
    let params = adam_update::params(len, LEARNING_RATE, factors);
    let dispatch = adam_update::dispatch(trial.gpu, &kernel, params, tensors).await?;
    trial.run(&[trial.folded(&dispatch)]).await?;
    let counted = trial.read(&case, &steps_done).await?[0].to_bits();
    trial.equal(&case, "steps_done", &[counted], &[4])?;
    let [d, before, m, v] = [0, 1, 2, 3].map(|tensor| Enclosure::all_from_f32(&start[tensor]));
    let after: Vec<_> = (0..len).map(|i| moments(adam, before[i], d[i], [m[i], v[i]])).collect();
    let expected: Vec<_> =
        [0, 1].iter().flat_map(|&which| after.iter().map(move |both| both[which])).collect();
    let found = Enclosure::all_from_f32(&trial.check(&case, &state, &expected).await?);
    let step = AdamStep::<Enclosure>::new(LEARNING_RATE, factors);
    let (m, v) = found.split_at(len);
    let expected: Vec<_> = (0..len).map(|i| moved(adam, step, before[i], [m[i], v[i]])).collect();
    trial.check(&case, &parameters, &expected).await?;
    Ok(dispatch)
}
