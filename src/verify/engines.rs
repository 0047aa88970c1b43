//! The engines against each other: the same step from the same state, and the same bits however a
//! run is cut, alone or among others.

use std::ops::ControlFlow;

use serde::Serialize;

use super::ensemble::ensemble;
use super::harness::{Judgement, NO_BOUND};
use super::lockstep::{EngineForm, Twin};
use super::problems::problems;
use super::used_by::Launching;
use super::{Failure, Trial};
use crate::error::Error;
use crate::gpu::Gpu;
use crate::numeric::{Scalar, Stream};
use crate::sweep::{EnsemblePlan, Population};
use crate::task::{Init, Rounding};
use crate::train::{self, Fused, Layered, LoopLimit, Outcome, Plan};

/// What the comparisons gave.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Engines {
    /// Steps that both engines made from the same state.
    pub common_steps: u64,
    /// The largest share of the two bounds together that their difference took.
    pub worst_share: f64,
    /// Updates of the runs that were cut and compared bit for bit.
    pub cut_steps: u64,
    /// Members of an ensemble that were trained alone as well, to the same bits.
    pub members: u64,
    /// Random networks of which each step was right.
    pub problems: u64,
}

/// Updates of a run that is cut.
const CUT_STEPS: u64 = 300;

/// Between the states from which both engines make a step.
const STRIDE: u64 = 50;

/// Compares those of the engines that are asked for.
///
/// # Errors
/// The first fault, or why the device could not go on.
pub(super) async fn engines(
    trial: &mut Trial<'_>,
    plan: &Plan,
    launching: &Launching,
) -> Result<Engines, Failure> {
    let mut found = Engines::default();
    let plan = &Plan { log_every: 7, ..plan.clone() }.with_steps(CUT_STEPS);
    for (engine, of_engine) in &launching.runs {
        let plan = &plan.clone().with_method(of_engine.recipe.method);
        found.cut_steps += cut(trial, plan, *engine).await?;
    }
    found.problems = problems(trial, launching).await?;
    if train::Engine::fused_kernel(&plan.recipe).is_err() {
        return Ok(found);
    }
    if [EngineForm::Layered, EngineForm::Fused].into_iter().any(|engine| launching.has(engine)) {
        common_steps(trial, plan, &mut found).await?;
    }
    if launching.ensembles {
        members(trial, plan, &mut found).await?;
        ensemble(trial, plan).await?;
    }
    Ok(found)
}

/// As training cuts it.
pub(super) async fn whole(gpu: &Gpu, plan: &Plan, engine: EngineForm) -> Result<Outcome, Error> {
    let mut go_on = |_| ControlFlow::Continue(());
    match engine {
        EngineForm::Layered | EngineForm::Epilogues => {
            let products = engine.products();
            Layered::with_products(gpu, plan, products).await?.train(&mut go_on).await
        }
        EngineForm::Fused => {
            Fused::new(gpu, plan, LoopLimit::Hopeful).await?.train(&mut go_on).await
        }
    }
}

/// Whole, as training cuts it, and in parts of random lengths: how many steps were the same.
async fn cut(trial: &mut Trial<'_>, plan: &Plan, engine: EngineForm) -> Result<u64, Failure> {
    trial.kernel = engine.kernel(plan);
    let whole = match whole(trial.gpu, plan, engine).await {
        Err(Error::Diverged { step, .. }) => Err(step),
        others => Ok(others?),
    };
    let mut is_finite = true;
    let mut stepper = engine.start(trial.gpu, plan).await?;
    let lengths = Stream::new(trial.effort.seed);
    while stepper.done() < plan.recipe.steps {
        let draw = lengths.uniform(u32::try_from(stepper.done()).expect("few"));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 21")]
        let length = 1 + (20.0 * draw.abs()) as u64;
        let state = stepper.advance(length.min(plan.recipe.steps - stepper.done())).await?;
        is_finite &= state.is_finite();
    }
    let case = format!("the {} engine, a run whole and in parts", engine.name());
    let found = &stepper.state().parameters;
    match whole {
        Ok(whole) => {
            let whole: Vec<f32> = whole.parameters.values().collect();
            trial.same(&case, "parameters", found, &whole)?;
            Ok(plan.recipe.steps)
        }
        Err(step) if is_finite => {
            let wrong = format!("{case}: whole it diverges at step {step}, in parts it does not");
            Err(Error::Wrong(wrong).into())
        }
        Err(step) => {
            let reason = format!("training diverges at step {step}");
            trial.skip(&case, "parameters", found.len() as u64, &reason);
            Ok(0)
        }
    }
}

/// Both engines make the same step from the same states of a run.
async fn common_steps(
    trial: &mut Trial<'_>,
    plan: &Plan,
    found: &mut Engines,
) -> Result<(), Failure> {
    let [mut layered, mut fused] = [
        EngineForm::Layered.start(trial.gpu, plan).await?,
        EngineForm::Fused.start(trial.gpu, plan).await?,
    ];
    let [mut first, mut second] =
        [EngineForm::Layered, EngineForm::Fused].map(|engine| Twin::new(engine, plan));
    trial.kernel = EngineForm::Fused.kernel(plan);
    while fused.done() < plan.recipe.steps {
        let before = fused.state().clone();
        let [expected, other] = [first.step(&before), second.step(&before)];
        layered.load(trial.gpu, &before);
        let by_layered = layered.advance(1).await?;
        let by_fused = fused.advance(1).await?;
        // The bound of parameters is as wide as a step by Adam; that of its m and v is not.
        let (tensor, by_layered, by_fused, bounds) = if plan.recipe.method.adam().is_some() {
            let bounds = expected.optimizer_state.into_iter().zip(other.optimizer_state);
            let bounds: Vec<_> = bounds.flat_map(|(a, b)| a.into_iter().zip(b)).collect();
            ("optimizer_state", &by_layered.optimizer_state, &by_fused.optimizer_state, bounds)
        } else {
            let bounds = expected.parameters.into_iter().zip(other.parameters).collect();
            ("parameters", &by_layered.parameters, &by_fused.parameters, bounds)
        };
        for (index, (a, b)) in bounds.into_iter().enumerate() {
            let [one, other] = [by_layered[index], by_fused[index]].map(f64::from);
            let bound = a.error() + b.error();
            let case = "one step of both engines from the same state";
            match Judgement::of((one - other).abs(), bound) {
                Judgement::Right(share) => found.worst_share = found.worst_share.max(share),
                Judgement::Unknown => trial.skip(case, tensor, 1, NO_BOUND),
                Judgement::Wrong => {
                    return Err(trial.fault(case, tensor, index, [other, one, bound]));
                }
            }
        }
        found.common_steps += 1;
        fused.advance(STRIDE - 1).await?;
    }
    Ok(())
}

/// Members of an ensemble have the same bits alone.
async fn members(trial: &mut Trial<'_>, plan: &Plan, found: &mut Engines) -> Result<(), Failure> {
    trial.kernel = EngineForm::Fused.kernel(plan);
    let shortest = plan.clone().with_rounding(Rounding::Plain);
    let population = Population::new(shortest.recipe.clone(), Init::Torch);
    let ensemble = EnsemblePlan {
        population,
        networks: 7,
        seed: trial.effort.seed,
        vary: vec![],
        // Each at another place of its chunk, and the last in one that has room for more.
        sample: vec![1, 5, 6],
    };
    let together = ensemble.run(trial.gpu, 3, &mut |_| ControlFlow::Continue(())).await?;
    for member in together.sampled {
        let (start, rate) = ensemble.start_of(trial.gpu, member.member).await?;
        let method = shortest.recipe.method.with_learning_rate(rate.to_f64());
        let alone = Plan { start, ..shortest.clone() }.with_method(method);
        let mut fused = Fused::new(trial.gpu, &alone, LoopLimit::Hopeful).await?;
        let outcome = match fused.train(&mut |_| ControlFlow::Continue(())).await {
            Err(Error::Diverged { step, .. }) => {
                let reason = format!("training diverges at step {step}");
                trial.skip("a member of an ensemble, alone", "parameters", 1, &reason);
                continue;
            }
            others => others?,
        };
        let case = format!("member {} of an ensemble, beside the same alone", member.member);
        let [together, alone] = [member.parameters, outcome.parameters]
            .map(|parameters| parameters.values().collect::<Vec<_>>());
        trial.same(&case, "parameters", &together, &alone)?;
        found.members += 1;
    }
    Ok(())
}
