//! An ensemble against its members, each of them alone: where they start, when they are solved, and
//! the sums that convergence is measured by.

use std::ops::ControlFlow;

use super::{Failure, Trial};
use crate::cpu::uniform_draw::uniform_draw as draw;
use crate::error::Error;
use crate::kernels::as_f64;
use crate::kernels::fused::{LARGEST, NEVER};
use crate::numeric::{Enclosure, Scalar, Stream, ULP};
use crate::sweep::{Chunk, Population, Starts};
use crate::task::{Init, Parameters, Recipe, Rounding};
use crate::train::{Finished, Fused, LoopLimit, Plan};

/// Members of the ensemble.
const MEMBERS: u32 = 2;

/// Steps at the end of a run that convergence looks at once more.
const TAIL: usize = 20;

const INIT: Init = Init::Torch;

const CASE: &str = "members of an ensemble, and each alone";

/// What the product of probabilities and a mean of logarithms may differ by, in units in the last
/// place of a loss of 1: here it only decides where nothing is asked.
const MARGIN: f64 = 64.0 * ULP;

/// Trains an ensemble of the plan's networks, and its members alone with a look at every step.
///
/// # Errors
/// The first fault, or why the device could not go on.
pub(super) async fn ensemble(trial: &mut Trial<'_>, plan: &Plan) -> Result<(), Failure> {
    let shortest = plan.recipe.method.with_rounding(Rounding::Plain);
    let measured = shortest.measuring(true);
    let of = |method, solved_below| Population {
        recipe: Recipe { method, ..plan.recipe.clone() },
        init: INIT,
        solved_below,
        loop_limit: LoopLimit::Hopeful,
    };
    let can_measure = of(measured, 1e-3).check().is_ok();
    let method = if can_measure { measured } else { shortest };
    if of(method, 1e-3).check().is_err() {
        return Ok(());
    }
    let streams: Vec<_> = (0..MEMBERS)
        .map(|member| Stream::new(trial.effort.seed).of_member(member.into()))
        .collect();
    let mut losses = vec![];
    for stream in &streams {
        let start = Parameters::from_fn(&plan.start.sizes, |number, input_size| {
            INIT.extent(input_size) * stream.uniform(number)
        });
        let plan = Plan { start, log_every: 1, ..plan.clone() }.with_method(method);
        match alone(trial, &plan).await {
            Err(Error::Diverged { step, .. }) => {
                let reason = format!("training diverges at step {step}");
                trial.skip(CASE, "losses", 1, &reason);
                return Ok(());
            }
            others => losses.push(others?),
        }
    }
    let limit = limit(&losses[0]);
    let population = of(method, limit);
    // With many rows, no loss that large can be told from others.
    let population = if population.check().is_ok() { population } else { of(method, 1e-3) };
    let finished = together(trial, plan, &population, &streams).await?;
    for (member, losses) in losses.iter().enumerate() {
        solved(trial, population.solved_below, losses, finished.solved_at[member])?;
        if can_measure {
            measures(trial, losses, &finished, member)?;
        }
    }
    Ok(())
}

/// The loss before each update.
async fn alone(trial: &Trial<'_>, plan: &Plan) -> Result<Vec<f32>, Error> {
    let mut fused = Fused::new(trial.gpu, plan, LoopLimit::Hopeful).await?;
    Ok(fused.train(&mut |_| ControlFlow::Continue(())).await?.losses)
}

/// A loss between two steps of a run, where it falls the most of all behind its first third.
fn limit(losses: &[f32]) -> f32 {
    let fall = |step: &usize| losses[step - 1] - losses[*step];
    let from = 1 + losses.len() / 3;
    let steepest = (from..losses.len()).max_by(|one, other| fall(one).total_cmp(&fall(other)));
    steepest.map_or(1e-3, |step| f32::midpoint(losses[step - 1], losses[step]))
}

/// The ensemble, after a look at where it starts.
async fn together(
    trial: &mut Trial<'_>,
    plan: &Plan,
    population: &Population,
    streams: &[Stream],
) -> Result<Finished, Failure> {
    let rate = f32::from_f64(plan.recipe.method.learning_rate());
    let mut starts = Starts::new(plan.recipe.sizes.layers().len(), streams.len(), rate);
    for (member, &stream) in streams.iter().enumerate() {
        starts.draw(member, stream, 1.0);
    }
    let mut chunk = Chunk::new(trial.gpu, population, streams.len()).await?;
    chunk.start(&starts).await?;
    for (member, stream) in streams.iter().enumerate() {
        let found: Vec<f32> = chunk.parameters(member).await?.values().collect();
        let mut expected = vec![];
        let drawn = |number, input_size| {
            let extent = INIT.extent(input_size);
            expected.push(draw(extent, 1.0, stream.key, stream.counter, number));
            0.0
        };
        drop(Parameters::from_fn(&plan.start.sizes, drawn));
        trial.compare(CASE, "initial parameters", &found, &expected)?;
    }
    Ok(chunk.run(&starts, 0, &mut |_| ControlFlow::Continue(())).await?.0)
}

/// A member is solved at the first step before whose update its loss is below the limit; where
/// rounding may decide, a little sooner or later.
fn solved(
    trial: &mut Trial<'_>,
    solved_below: f32,
    losses: &[f32],
    found: u32,
) -> Result<(), Failure> {
    let first_below = |limit: f64| {
        let mut steps = (0_u32..).zip(losses);
        steps.find(|(_, loss)| f64::from(**loss) < limit).map_or(NEVER, |(step, _)| step)
    };
    let limit = f64::from(solved_below);
    let [soonest, latest] = [limit + MARGIN, limit - MARGIN].map(first_below);
    trial.equal(CASE, "the step where it is solved", &[found], &[found.clamp(soonest, latest)])
}

/// The sums of v, the loss in units of the first, of 1/v, and of v in the last steps: each term has
/// what its loss rounds, and each addition a rounding.
fn measures(
    trial: &mut Trial<'_>,
    losses: &[f32],
    finished: &Finished,
    member: usize,
) -> Result<(), Failure> {
    let count = finished.solved_at.len();
    let found: Vec<f32> = finished.measures.iter().skip(member).step_by(count).copied().collect();
    let first = f64::from(losses[0]);
    let largest = f64::from(LARGEST);
    let v: Vec<f64> = losses.iter().map(|&loss| (f64::from(loss) / first).min(largest)).collect();
    let tail = TAIL.min(v.len());
    let sums = [
        v.iter().sum::<f64>(),
        v.iter().map(|v| 1.0 / v.max(1.0 / largest)).sum(),
        v[v.len() - tail..].iter().sum(),
    ];
    let bound = |value: f64| value * (MARGIN * 2.0 + ULP * as_f64(v.len()));
    let expected: Vec<_> = [first].into_iter().chain(sums).collect();
    let expected: Vec<_> =
        expected.into_iter().map(|value| Enclosure::new(value, bound(value))).collect();
    trial.compare(CASE, "first loss and sums of convergence", &found, &expected)
}
