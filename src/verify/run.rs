//! All checks, one section after the other.

use std::ops::ControlFlow;
use std::time::Instant;

use serde::Serialize;

use super::cases::chosen;
use super::engines::{Engines, engines};
use super::used_by::Launching;
use super::{
    Diagnosis, Effort, EngineForm, Failure, Fault, Gradients, Lockstep, Tally, Trial, Unchecked,
    by_arithmetic, examine, lockstep, on_device,
};
use crate::error::Error;
use crate::gpu::Gpu;
use crate::task::{Init, Method, Parameters};
use crate::train::{Plan, check_tensors};

/// The most steps of a run that are compared; of longer ones a sample is.
const MOST_COMPARED: u64 = 2_000;

/// The same where it may take minutes.
const THOROUGH_COMPARED: u64 = 20_000;

/// The most steps of a run where it should be quick.
pub const QUICK_STEPS: u64 = 500;

/// The same of the layered engine, unless it may take minutes.
const LAYERED_STEPS: u64 = 2_000;

/// Steps of a run that a wrong kernel must not come through.
const PROOF_STEPS: u64 = 50;

/// Points at which gradients are checked.
const POINTS: usize = 4;

/// What is to be checked.
pub struct Request {
    /// The run that is checked step by step, and whose gradients are.
    pub plan: Plan,
    /// How far to go.
    pub effort: Effort,
    /// Number of steps between two comparisons; `None` compares all, as far as there is time.
    pub every: Option<u64>,
    /// Names of the kernels to check, with the training that launches them. Empty: everything is checked.
    pub kernels: Vec<String>,
}

/// The parts of the check, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Section {
    /// The adapter itself.
    Adapter,
    /// Each kernel against its twin.
    Kernels,
    /// Gradients against derivatives.
    Gradients,
    /// Every step of a run.
    Lockstep,
    /// The engines against each other.
    Engines,
}

impl Section {
    /// Its name, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Adapter => "adapter",
            Self::Kernels => "kernels",
            Self::Gradients => "gradients",
            Self::Lockstep => "lockstep",
            Self::Engines => "engines",
        }
    }
}

/// What the check of one kernel gave.
#[derive(Clone, Debug, Serialize)]
pub struct KernelResult {
    /// The stem of the shader.
    pub kernel: &'static str,
    /// Its comparisons.
    #[serde(flatten)]
    pub tally: Tally,
    /// How long they took.
    pub wall_s: f64,
}

/// What a run in lockstep gave.
#[derive(Clone, Debug, Serialize)]
pub struct LockstepResult {
    /// The run.
    #[serde(flatten)]
    pub lockstep: Lockstep,
    /// Its comparisons.
    #[serde(flatten)]
    pub tally: Tally,
    /// How long they took.
    pub wall_s: f64,
}

/// Something that is not as it must be.
#[derive(Clone, Debug, Serialize)]
pub struct Trouble {
    /// What found it.
    pub section: Section,
    /// The value that is wrong, where one is.
    pub fault: Option<Fault>,
    /// What happened, where it is not a value.
    pub message: Option<String>,
    /// That of a process which ends with it.
    #[serde(skip)]
    pub exit_code: u8,
}

impl Trouble {
    /// What happened, where it is not a value.
    #[must_use]
    pub fn message(&self) -> &str {
        self.message.as_deref().unwrap_or_default()
    }
}

/// Something that could not be checked: no trouble, and no proof.
#[derive(Clone, Debug, Serialize)]
pub struct Skipped {
    /// Where.
    pub section: Section,
    /// What, and why.
    #[serde(flatten)]
    pub unchecked: Unchecked,
}

/// What all checks gave.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Verification {
    /// What the adapter is like; unless only a kernel was asked for.
    pub adapter: Option<Diagnosis>,
    /// In the order of [`KERNELS`](super::KERNELS), but for those that the device cannot run.
    pub kernels: Vec<KernelResult>,
    /// Gradients against derivatives.
    pub gradients: Option<Gradients>,
    /// One for each engine and form.
    pub lockstep: Vec<LockstepResult>,
    /// The engines against each other.
    pub engines: Option<Engines>,
    /// In the order in which they were found; none where all is well.
    pub troubles: Vec<Trouble>,
    /// What could not be checked, in the same order.
    pub unchecked: Vec<Skipped>,
    /// What the device does in one way here and in another there, where WGSL allows either.
    pub habits: Vec<Fault>,
    /// Whether the user broke off before all was checked.
    pub interrupted: bool,
}

impl Verification {
    /// Values that could not be checked.
    #[must_use]
    pub fn unchecked_values(&self) -> u64 {
        self.unchecked.iter().map(|skipped| skipped.unchecked.values).sum()
    }

    /// That of a process which ends with it: what could not be checked fails nothing.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let code = self.troubles.first().map_or(0, |trouble| trouble.exit_code);
        if self.interrupted { 130 } else { code }
    }

    /// Takes over what a trial could not check.
    fn skip(&mut self, section: Section, trial: &mut Trial<'_>) {
        let unchecked = trial.unchecked.drain(..);
        self.unchecked.extend(unchecked.map(|unchecked| Skipped { section, unchecked }));
    }

    /// Notes a failure.
    ///
    /// # Errors
    /// Those that are none of the device's: the user broke off, or asked for what is not there.
    fn note(&mut self, section: Section, failure: Failure) -> Result<(), Error> {
        let trouble = match failure {
            Failure::Fault(fault) => {
                Trouble { section, fault: Some(*fault), message: None, exit_code: 1 }
            }
            Failure::Error(
                error @ (Error::Interrupted { .. } | Error::Usage(_) | Error::NoAdapter(_)),
            ) => return Err(error),
            Failure::Error(error) => {
                let (message, exit_code) = (Some(error.to_string()), error.exit_code());
                Trouble { section, fault: None, message, exit_code }
            }
        };
        self.troubles.push(trouble);
        Ok(())
    }
}

/// How far the checks have come: the section, and how much of it is done.
pub type Observe<'a> = dyn FnMut(Section, u64, u64) -> ControlFlow<()> + 'a;

/// Checks a device, until `observe` breaks off.
///
/// # Errors
/// [`Error::Usage`] if there is no such kernel or the adapter cannot hold the plan; what the device
/// does wrong is in the result.
pub async fn verify(
    gpu: &Gpu,
    request: &Request,
    observe: &mut Observe<'_>,
) -> Result<Verification, Error> {
    check_tensors(gpu, &request.plan.recipe.data, &request.plan.start.sizes)?;
    let mut run = Run { gpu, request, found: Verification::default(), observe };
    match run.all().await {
        Err(Error::Interrupted { .. }) => run.found.interrupted = true,
        others => others?,
    }
    Ok(run.found)
}

/// A short run with every check of training: what a wrong kernel meets that passed its own.
///
/// # Errors
/// The first failure.
pub async fn prove_by_training(gpu: &Gpu, effort: Effort) -> Result<(), Failure> {
    let data = crate::task::Dataset::parity(2)?;
    let sizes = "2-2-1".parse()?;
    let start = Parameters::initialise(&sizes, Init::Torch, effort.seed);
    let plan = Plan::new(data, Method::COMPENSATED, start, PROOF_STEPS, u64::MAX)?;
    let request = &Request { plan, effort, every: None, kernels: vec![] };
    let observe = &mut |_, _, _| ControlFlow::Continue(());
    let mut run = Run { gpu, request, found: Verification::default(), observe };
    run.training().await?;
    match run.found.troubles.into_iter().next() {
        None if run.found.unchecked.is_empty() => Ok(()),
        None => Err(Error::Wrong(format!("not all was checked: {:?}", run.found.unchecked)).into()),
        Some(Trouble { fault: Some(fault), .. }) => Err(Failure::Fault(Box::new(fault))),
        Some(trouble) => Err(Error::Wrong(trouble.message().into()).into()),
    }
}

/// The checks as they go on.
struct Run<'a, 'o> {
    gpu: &'a Gpu,
    request: &'a Request,
    found: Verification,
    observe: &'a mut Observe<'o>,
}

impl<'a> Run<'a, '_> {
    async fn all(&mut self) -> Result<(), Error> {
        if self.request.kernels.is_empty() {
            self.go_on(Section::Adapter, 0, 1)?;
            let diagnosis = examine(self.gpu).await?;
            for fault in diagnosis.faults() {
                self.found.note(Section::Adapter, Failure::Fault(Box::new(fault.clone())))?;
            }
            self.found.adapter = Some(diagnosis);
        }
        self.kernels().await?;
        self.training().await
    }

    fn go_on(&mut self, section: Section, step: u64, steps: u64) -> Result<(), Error> {
        match (self.observe)(section, step, steps) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::Interrupted { step, steps }),
        }
    }

    fn trial(&self, kernel: &'static str) -> Trial<'a> {
        Trial::new(self.gpu, kernel, self.request.effort)
    }

    async fn kernels(&mut self) -> Result<(), Error> {
        let kernels = chosen(self.gpu, &self.request.kernels)?;
        for (done, kernel) in (0..).zip(&kernels) {
            self.go_on(Section::Kernels, done, kernels.len() as u64)?;
            let (start, name) = (Instant::now(), kernel.spec.name);
            let mut trial = self.trial(name);
            let checked = kernel.check(&mut trial).await;
            let wall_s = start.elapsed().as_secs_f64();
            self.found.skip(Section::Kernels, &mut trial);
            self.found.habits.append(&mut trial.habits);
            self.found.kernels.push(KernelResult { kernel: name, tally: trial.tally, wall_s });
            if let Err(failure) = checked {
                self.found.note(Section::Kernels, failure)?;
            }
        }
        Ok(())
    }

    /// All of training, or what of it launches the kernels that are asked for.
    async fn training(&mut self) -> Result<(), Error> {
        let Request { plan, kernels, .. } = self.request;
        let launching = match Launching::of(self.gpu, plan, kernels).await {
            Ok(launching) => launching,
            Err(error) => return self.found.note(Section::Lockstep, error.into()),
        };
        if launching.is_empty() {
            return Ok(());
        }
        if !launching.runs.is_empty() {
            self.gradients(&launching).await?;
            self.lockstep(&launching).await?;
        }
        self.go_on(Section::Engines, 0, 1)?;
        let mut trial = self.trial("engines");
        let compared = engines(&mut trial, plan, &launching).await;
        self.found.skip(Section::Engines, &mut trial);
        match compared {
            Ok(result) => self.found.engines = Some(result),
            Err(failure) => self.found.note(Section::Engines, failure)?,
        }
        Ok(())
    }

    async fn gradients(&mut self, launching: &Launching) -> Result<(), Error> {
        self.go_on(Section::Gradients, 0, 1)?;
        let mut trial = self.trial("backward pass");
        let (mut gradients, failure) = by_arithmetic(&mut trial, &self.request.plan, POINTS);
        if let Some(failure) = failure {
            self.found.note(Section::Gradients, failure)?;
        }
        for (engine, plan) in &launching.runs {
            self.go_on(Section::Gradients, 0, 1)?;
            if let Err(failure) = on_device(&mut trial, plan, *engine, &mut gradients).await {
                self.found.note(Section::Gradients, failure)?;
            }
        }
        self.found.skip(Section::Gradients, &mut trial);
        self.found.gradients = Some(gradients);
        Ok(())
    }

    async fn lockstep(&mut self, launching: &Launching) -> Result<(), Error> {
        let Request { effort, every, .. } = *self.request;
        for (engine, mut plan) in launching.runs.iter().cloned() {
            let [made, compared] = most_steps(engine, effort);
            plan.recipe.steps = plan.recipe.steps.min(made);
            let every = every.unwrap_or_else(|| plan.recipe.steps.div_ceil(compared));
            let mut trial = self.trial(engine.kernel(&plan));
            let start = Instant::now();
            let mut watch = |step| (self.observe)(Section::Lockstep, step, plan.recipe.steps);
            let walked = lockstep(&mut trial, &plan, engine, every, &mut watch).await;
            self.found.skip(Section::Lockstep, &mut trial);
            match walked {
                Ok(lockstep) => {
                    let (tally, wall_s) = (trial.tally, start.elapsed().as_secs_f64());
                    self.found.lockstep.push(LockstepResult { lockstep, tally, wall_s });
                }
                Err(failure) => self.found.note(Section::Lockstep, failure)?,
            }
        }
        Ok(())
    }
}

/// The most steps that an engine makes, and the most that are compared. The layered one takes ten times
/// as long for a step.
fn most_steps(engine: EngineForm, effort: Effort) -> [u64; 2] {
    match engine {
        _ if effort.thorough => [u64::MAX, THOROUGH_COMPARED],
        EngineForm::Fused if effort.quick => [QUICK_STEPS; 2],
        EngineForm::Fused => [u64::MAX, MOST_COMPARED],
        _ if effort.quick => [QUICK_STEPS / 5; 2],
        EngineForm::Layered => [LAYERED_STEPS, MOST_COMPARED],
        // Its other kernels are those of the layered one.
        EngineForm::Epilogues => [LAYERED_STEPS, MOST_COMPARED / 2],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_noted_with_the_exit_code_that_says_so_and_what_the_user_did_is_not() {
        let fault: Fault = serde_json::from_str(
            r#"{"kernel": "sigmoid", "case": "", "tensor": "out", "index": 3, "found": 1.0,
                "expected": 2.0, "bound": 0.5}"#,
        )
        .expect("a fault");
        let mut found = Verification::default();
        let failures = [
            (Failure::Fault(Box::new(fault)), 1),
            (Error::Wrong("bits".into()).into(), 1),
            (Error::Gpu("lost".into()).into(), 4),
            (Error::Undone { counted: 1, expected: 2 }.into(), 4),
        ];
        for (number, (failure, code)) in failures.into_iter().enumerate() {
            found.note(Section::Engines, failure).expect("it is the device's");
            assert_eq!(
                (found.troubles.len(), found.troubles[number].exit_code),
                (number + 1, code)
            );
        }
        for error in [Error::Interrupted { step: 1, steps: 2 }, Error::Usage("no".into())] {
            assert!(found.note(Section::Engines, error.into()).is_err());
        }
        assert_eq!(found.troubles.len(), 4);
        assert_eq!((Verification::default().exit_code(), found.exit_code()), (0, 1));
        found.troubles.remove(0);
        found.troubles.remove(0);
        assert_eq!(found.exit_code(), 4);
        found.interrupted = true;
        assert_eq!(found.exit_code(), 130);
    }
}
