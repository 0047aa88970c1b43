//! Random networks, data and learning rates for the engine with a dispatch for each kernel.

use std::ops::ControlFlow;
use std::time::Instant;

use super::drawn::{Draws, times};
use super::fused::data;
use super::lockstep::{EngineForm, lockstep};
use super::used_by::Launching;
use super::{Failure, Trial};
use crate::task::{Init, LayerSizes, Method, Parameters};
use crate::train::Plan;

/// Exponents of 2 of the smallest and the largest learning rate.
const RATES: [f32; 2] = [-60.0, 60.0];

/// Updates of each run.
const STEPS: u64 = 2;

/// The most neurons of a hidden layer; one of each network has more than half as many.
const WIDEST: usize = 96;

/// The most inputs and rows.
const MOST_INPUTS: usize = 16;
const MOST_ROWS: usize = 64;

/// Each step of random networks by the engines that are asked for, against one of the reference; the
/// number of networks. None in a quick check, where each kernel has had its random values.
pub(super) async fn problems(trial: &mut Trial<'_>, launching: &Launching) -> Result<u64, Failure> {
    let engines =
        [EngineForm::Layered, EngineForm::Epilogues].map(|engine| (engine, launching.has(engine)));
    if trial.effort.quick || engines.iter().all(|(_, is_asked)| !is_asked) {
        return Ok(0);
    }
    let (fewest, longest) = times(trial.effort);
    let start = Instant::now();
    let mut count = 0;
    for number in (0..).take_while(|number| *number < fewest || start.elapsed() < longest) {
        let plan = plan(trial.effort.seed, number)?;
        for (engine, _) in engines.iter().filter(|(_, is_asked)| *is_asked) {
            trial.kernel = engine.kernel(&plan);
            let go_on = &mut |_| ControlFlow::Continue(());
            let unchecked = trial.unchecked.len();
            let walked = lockstep(trial, &plan, *engine, 1, go_on).await;
            // A large rate leads to where nothing has a bound: of a network that was drawn at random
            // that is no news.
            trial.unchecked.truncate(unchecked);
            walked.map_err(|failure| of_problem(failure, trial.effort.seed, number, &plan))?;
        }
        count += 1;
    }
    Ok(count)
}

fn plan(seed: u64, number: u32) -> Result<Plan, Failure> {
    let mut draws = Draws::new(seed, number);
    let depth = draws.size([1, 3], false);
    let widest = draws.size([1, depth], false);
    let mut sizes = vec![draws.size([1, MOST_INPUTS], true)];
    for layer in 1..=depth {
        let least = if layer == widest { WIDEST / 2 + 1 } else { 1 };
        sizes.push(draws.size([least, WIDEST], true));
    }
    sizes.push(1);
    let data = data(sizes[0], draws.size([1, MOST_ROWS], true));
    let sizes = LayerSizes::new(sizes)?;
    let init = draws.one_of(&[Init::Torch, Init::Normal, Init::Uniform]);
    let start = Parameters::initialise(&sizes, init, seed.wrapping_add(number.into()));
    let method = Method::sgd(draws.power(RATES).into());
    Ok(Plan::new(data, method, start, STEPS, u64::MAX)?)
}

/// The failure with what was drawn.
fn of_problem(failure: Failure, seed: u64, number: u32, plan: &Plan) -> Failure {
    let Failure::Fault(mut fault) = failure else { return failure };
    fault.case = format!(
        "problem {number} of seed {seed}, {} on {} rows, learning rate {:e}: {}",
        plan.start.sizes,
        plan.recipe.data.row_count(),
        plan.recipe.method.learning_rate(),
        fault.case
    );
    Failure::Fault(fault)
}
