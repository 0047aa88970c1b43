//! Every step of a run: from the device's own state before it, one step of the reference, and every
//! parameter after it within the derived bound.

use std::ops::ControlFlow;

use serde::Serialize;

use super::residue::{self, Change, all_changes};
use super::{Failure, Trial};
use crate::cpu::Reference;
use crate::cpu::train_invocation::{Member, look, moved_by_adam, train_invocation};
use crate::error::Error;
use crate::numeric::{Enclosure, Scalar};
use crate::task::Method;
use crate::train::{self, Fused, KernelChoice, LoopLimit, Plan, Products, State, Stepper};

/// The largest share of values beside a kink, of open sign, with which a step is compared.
const MOST_OPEN: f64 = 0.05;
const OPEN_SIGNS: &str = "more than 5 % of the values that decide a slope may have either sign";

/// What walks in step with the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineForm {
    /// A dispatch for each kernel.
    Layered,
    /// The same, with products that take over what follows them.
    Epilogues,
    /// Many steps in one dispatch.
    Fused,
}

impl EngineForm {
    /// Its name, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Layered => "layered",
            Self::Epilogues => "epilogues",
            Self::Fused => "fused",
        }
    }

    pub(super) async fn start<'a>(
        self,
        gpu: &'a crate::gpu::Gpu,
        plan: &'a Plan,
    ) -> Result<Stepper<'a>, Error> {
        match self {
            Self::Layered | Self::Epilogues => Stepper::layered(gpu, plan, self.products()).await,
            Self::Fused => Stepper::fused(gpu, plan).await,
        }
    }

    /// The products of the layered engine.
    pub(super) fn products(self) -> Products<'static, 'static> {
        if self == Self::Epilogues { Products::Epilogues } else { Products::Plain }
    }

    /// The stem of the shader that makes the update.
    pub(super) fn kernel(self, plan: &Plan) -> &'static str {
        match (self, train::Engine::fused_kernel(&plan.recipe)) {
            (Self::Layered | Self::Epilogues, _) if plan.recipe.method.adam().is_some() => {
                "adam_update"
            }
            (Self::Layered | Self::Epilogues, _) => "sgd_update",
            (Self::Fused, Ok(KernelChoice::Workgroup)) => "train_workgroup",
            (Self::Fused, _) => "train_invocation",
        }
    }
}

/// How far the free runs are from the one in `f64`: the largest deviation of a parameter.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Growth {
    /// Number of updates.
    pub step: u64,
    /// Deviation of the device.
    pub gpu: f64,
    /// Deviation of `f32` on this processor.
    pub cpu_f32: f64,
}

/// A run in lockstep.
#[derive(Clone, Debug, Serialize)]
pub struct Lockstep {
    /// What ran.
    pub engine: EngineForm,
    /// Whether it ran the compensated formulas, or the plain ones of ensembles.
    pub compensated: bool,
    /// Updates made.
    pub steps: u64,
    /// Updates compared.
    pub checked: u64,
    /// Reported, never gated: each run is its own, and rounding alone drives them apart.
    pub growth: Vec<Growth>,
}

/// One step of the reference from a state: parameters, what they carry, and the loss.
pub(super) enum Twin<'a> {
    Layered(Box<Reference<Enclosure>>),
    Fused(&'a Plan),
}

/// What a state must be followed by.
pub(super) struct Expected {
    pub(super) parameters: Vec<Enclosure>,
    /// The velocity of each parameter, or Adam's m and v; none where the optimizer keeps neither.
    pub(super) optimizer_state: Option<Vec<Enclosure>>,
    /// What is added to each parameter; none where an engine hands on nothing.
    changes: Option<Vec<Change>>,
    /// Before the update.
    loss: Option<Enclosure>,
}

impl<'a> Twin<'a> {
    pub(super) fn new(engine: EngineForm, plan: &'a Plan) -> Self {
        match engine {
            EngineForm::Layered | EngineForm::Epilogues => Self::Layered(Box::new(Reference::new(
                &plan.recipe.data,
                plan.recipe.method,
                &plan.start,
            ))),
            EngineForm::Fused => Self::Fused(plan),
        }
    }

    pub(super) fn step(&mut self, before: &State) -> Expected {
        match self {
            Self::Layered(reference) => {
                reference.load(&before.parameters, &before.optimizer_state, before.step);
                let loss = Some(reference.step());
                let state = before.parameters.iter().zip(&before.optimizer_state);
                let changes = state.zip(reference.changes(&before.optimizer_state)).map(
                    |((&parameter, &residue), added)| Change {
                        before: parameter.into(),
                        residue: residue.into(),
                        added,
                    },
                );
                let changes = reference.method().is_compensated().then(|| changes.collect());
                let is_kept = keeps_means(reference.method());
                let optimizer_state = is_kept.then(|| reference.optimizer_state().collect());
                let parameters = reference.parameters().collect();
                Expected { parameters, optimizer_state, changes, loss }
            }
            Self::Fused(plan) => {
                let mut member = member(plan, before);
                let changes = || all_changes(plan.recipe.method, &plan.recipe.data, &member);
                let changes = plan.recipe.method.is_compensated().then(changes);
                train_invocation(plan.recipe.method, &plan.recipe.data, 0.0, 1, &mut member);
                let is_kept = keeps_means(plan.recipe.method);
                let optimizer_state = is_kept.then_some(member.optimizer_state);
                Expected { parameters: member.parameters, optimizer_state, changes, loss: None }
            }
        }
    }

    /// The parameters after an update by Adam that has left `after` its m and v: from the device's own.
    /// The bound of an update from the gradient alone would be as wide as the step.
    fn moved_by_adam(&self, plan: &Plan, before: &State, after: &State) -> Vec<Enclosure> {
        let method = plan.recipe.method;
        let parameters = Enclosure::all_from_f32(&before.parameters);
        let optimizer_state = Enclosure::all_from_f32(&after.optimizer_state);
        match self {
            Self::Layered(_) => {
                Reference::moved_by_adam(method, before.step, &parameters, &optimizer_state)
            }
            Self::Fused(_) => {
                let member = Member { optimizer_state, ..member(plan, before) };
                moved_by_adam(method, &plan.recipe.data, &parameters, &member)
            }
        }
    }
}

/// Whether the optimizer's state is a mean of gradients, and not what rounding left out.
fn keeps_means(method: Method) -> bool {
    method.keeps_state() && !method.is_compensated()
}

fn member(plan: &Plan, state: &State) -> Member<Enclosure> {
    let rate = Enclosure::from_f64(plan.recipe.method.learning_rate());
    let parameters = Enclosure::all_from_f32(&state.parameters);
    Member {
        optimizer_state: Enclosure::all_from_f32(&state.optimizer_state),
        steps: state.step,
        ..Member::new(plan.recipe.sizes.as_slice(), parameters, rate)
    }
}

/// Runs the plan; compares every `every`th step, up to where the numbers leave `f32`.
///
/// # Errors
/// The first fault, or why the device could not go on.
pub async fn lockstep(
    trial: &mut Trial<'_>,
    plan: &Plan,
    engine: EngineForm,
    mut every: u64,
    observe: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Lockstep, Failure> {
    let mut stepper = engine.start(trial.gpu, plan).await?;
    let mut twin = Twin::new(engine, plan);
    let mut free = Free::new(plan);
    let mut checked = 0;
    let mut losses: Vec<_> = stepper.state().loss_after.into_iter().collect();
    while stepper.done() < plan.recipe.steps {
        let done = stepper.done();
        let skipped = (every - 1).min(plan.recipe.steps - 1 - done);
        stepper.advance(skipped).await?;
        if !stepper.state().is_finite() {
            // In one of the steps that were left out: again from there, one by one.
            stepper = engine.start(trial.gpu, plan).await?;
            stepper.advance(done).await?;
            every = 1;
            continue;
        }
        let step = stepper.done();
        let before = stepper.state().clone();
        let after = stepper.advance(1).await?.clone();
        let compared = compare(trial, plan, &mut twin, &before, &after);
        trial.unchecked.iter_mut().for_each(|entry| entry.step = entry.step.or(Some(step)));
        if let Err(failure) = compared {
            let failure = localise(trial, &stepper, &twin, failure).await;
            return Err(at_step(plan, failure, step));
        }
        checked += 1;
        losses.extend(after.loss_after);
        if !stepper.state().is_finite() {
            let rest = plan.recipe.steps - stepper.done();
            let reason = format!("training diverged: not all is finite after step {step}");
            trial.skip("from the device's own state", "later steps", rest, &reason);
            break;
        }
        free.advance(step + 1, &stepper.state().parameters, plan.recipe.steps);
        if observe(step + 1).is_break() {
            return Err(Error::Interrupted { step: step + 1, steps: plan.recipe.steps }.into());
        }
    }
    if engine == EngineForm::Fused
        && stepper.done() == plan.recipe.steps
        && stepper.state().is_finite()
    {
        whole(trial, plan, &stepper.state().parameters, every, &losses).await?;
    }
    let (compensated, steps) = (plan.recipe.method.is_compensated(), plan.recipe.steps);
    Ok(Lockstep { engine, compensated, steps, checked, growth: free.growth })
}

/// The run as training makes it, in dispatches as long as are ever chosen: with the bits of its
/// single steps. A second run knows how long a step takes, and its first dispatch is the longest. The
/// losses are those after every `every`th step, and after the last.
async fn whole(
    trial: &mut Trial<'_>,
    plan: &Plan,
    parameters: &[f32],
    every: u64,
    losses: &[f32],
) -> Result<(), Failure> {
    let case = "the run in its longest dispatches, against single steps";
    let every = usize::try_from(every).unwrap_or(usize::MAX);
    for log_every in [u64::MAX, 1] {
        let plan = Plan { log_every, ..plan.clone() };
        let mut fused = Fused::new(trial.gpu, &plan, LoopLimit::Hopeful).await?;
        for _ in 0..2 {
            let outcome = fused.train(&mut |_| ControlFlow::Continue(())).await?;
            let found: Vec<_> = outcome.parameters.values().collect();
            trial.same(case, "parameters", &found, parameters)?;
            if log_every == 1 {
                let logged = outcome.losses.iter().step_by(every);
                let found: Vec<_> = logged.chain([&outcome.final_loss]).copied().collect();
                trial.same(case, "losses", &found, losses)?;
            }
        }
    }
    Ok(())
}

/// The share of values that may be on either side of a kink, so that either slope is right: bounds have
/// both.
fn open_share(plan: &Plan, state: &State) -> f64 {
    if !plan.recipe.method.has_kink() {
        return 0.0;
    }
    let mut network =
        Reference::<Enclosure>::new(&plan.recipe.data, plan.recipe.method, &plan.start);
    network.load(&state.parameters, &state.optimizer_state, state.step);
    network.forward();
    let (mut open, mut all) = (0.0, 0.0);
    for z in network.kinks() {
        open += z.is_positive().error();
        all += 1.0;
    }
    open / all
}

/// One step against its twin.
pub(super) fn compare(
    trial: &mut Trial<'_>,
    plan: &Plan,
    twin: &mut Twin<'_>,
    before: &State,
    after: &State,
) -> Result<(), Failure> {
    const CASE: &str = "from the device's own state";
    if open_share(plan, before) > MOST_OPEN {
        trial.skip(CASE, "parameters", after.parameters.len() as u64, OPEN_SIGNS);
        return Ok(());
    }
    let mut expected = twin.step(before);
    if plan.recipe.method.adam().is_some() {
        expected.parameters = twin.moved_by_adam(plan, before, after);
    }
    if let Some(state) = &expected.optimizer_state {
        trial.compare(CASE, "optimizer_state", &after.optimizer_state, state)?;
    }
    trial.compare(CASE, "parameters", &after.parameters, &expected.parameters)?;
    if let Some(changes) = &expected.changes {
        let pairs = changes.iter().zip(&after.parameters);
        let left: Vec<_> = pairs.map(|(change, &found)| change.left(found)).collect();
        residue::compare(trial, CASE, "residues", &after.optimizer_state, &left)?;
    }
    if let (Some(found), Some(expected)) = (after.loss_before, expected.loss) {
        trial.compare(CASE, "loss", &[found], &[expected])?;
    }
    if let Some(found) = after.loss_after {
        let (expected, _) = look(plan.recipe.method, &plan.recipe.data, &member(plan, after));
        trial.compare(CASE, "loss", &[found], &[expected])?;
    }
    Ok(())
}

/// The first tensor of the step that is out of its bound, in the order in which kernels write them.
async fn localise(
    trial: &mut Trial<'_>,
    stepper: &Stepper<'_>,
    twin: &Twin<'_>,
    failure: Failure,
) -> Failure {
    let Twin::Layered(reference) = twin else { return failure };
    let (kernel, unchecked) = (trial.kernel, trial.unchecked.clone());
    for trace in reference.trace() {
        let found = match stepper.read(trace.layer, trace.tensor).await {
            Ok(Some(found)) => found,
            Ok(None) => continue,
            Err(error) => return error.into(),
        };
        trial.kernel = trace.kernels;
        let tensor = format!("{} of layer {}", trace.tensor, trace.layer);
        let compared = trial.compare("in a step of training", &tensor, &found, &trace.values);
        trial.unchecked.clone_from(&unchecked);
        if let Err(first) = compared {
            return first;
        }
    }
    trial.kernel = kernel;
    failure
}

/// The failure with its step, and with parameters by their names.
pub(super) fn at_step(plan: &Plan, failure: Failure, step: u64) -> Failure {
    let Failure::Fault(mut fault) = failure else { return failure };
    fault.step = Some(step);
    let count = plan.start.sizes.parameter_count();
    let tensor = match (fault.tensor.as_str(), plan.recipe.method.adam()) {
        ("optimizer_state", None) => "velocity",
        ("optimizer_state", Some(_)) => ["m", "v"][fault.index / count],
        (tensor, _) => tensor,
    };
    if ["parameters", "residues", "velocity", "m", "v"].contains(&tensor) {
        let (name, _, index) = plan.start.sizes.parameter(fault.index % count);
        fault.tensor = if tensor == "parameters" { name } else { format!("{tensor} of {name}") };
        fault.index = index;
    }
    Failure::Fault(fault)
}

/// Holds one step of an engine against its twin's from the same state.
///
/// # Errors
/// The first fault.
pub fn check_step(
    trial: &mut Trial<'_>,
    plan: &Plan,
    engine: EngineForm,
    before: &State,
    after: &State,
) -> Result<(), Failure> {
    compare(trial, plan, &mut Twin::new(engine, plan), before, after)
}

/// The same run on this processor, left to itself.
struct Free {
    f32: Reference<f32>,
    f64: Reference<f64>,
    done: u64,
    growth: Vec<Growth>,
}

impl Free {
    fn new(plan: &Plan) -> Self {
        let f32 = Reference::new(&plan.recipe.data, plan.recipe.method, &plan.start);
        let f64 = Reference::new(&plan.recipe.data, plan.recipe.method, &plan.start);
        Self { f32, f64, done: 0, growth: vec![] }
    }

    /// Follows the device to a step; at each that is a power of ten, and at the last, keeps how far
    /// apart they are.
    fn advance(&mut self, step: u64, parameters: &[f32], last: u64) {
        while self.done < step {
            self.f32.step();
            self.f64.step();
            self.done += 1;
        }
        let is_due = step == last || 10_u64.pow(step.ilog10()) == step;
        if is_due {
            let cpu_f32: Vec<f32> = self.f32.parameters().collect();
            let (gpu, cpu_f32) = (self.deviation(parameters), self.deviation(&cpu_f32));
            self.growth.push(Growth { step, gpu, cpu_f32 });
        }
    }

    fn deviation(&self, parameters: &[f32]) -> f64 {
        let pairs = parameters.iter().zip(self.f64.parameters());
        pairs.map(|(&found, truth)| (f64::from(found) - truth).abs()).fold(0.0, f64::max)
    }
}
