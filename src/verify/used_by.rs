//! Which parts of training launch a kernel, so that they are checked with it.

use super::EngineForm;
use crate::error::Error;
use crate::gpu::Gpu;
use crate::kernels::uniform_draw;
use crate::task::Rounding;
use crate::train::{self, Plan};

/// The kernels that engines and ensembles launch, whatever is tuned.
const OF_TRAINING: [&str; 11] = [
    "loss_grad",
    "loss",
    "bias_add",
    "bias_grad",
    "sgd_update",
    "activation",
    "activation_grad",
    "matmul_register",
    "train_invocation",
    "train_workgroup",
    "uniform_draw",
];

/// Whether an engine or an ensemble may launch a kernel.
#[must_use]
pub fn is_of_training(kernel: &str) -> bool {
    OF_TRAINING.contains(&kernel)
}

/// The parts of training that are checked.
pub(super) struct Launching {
    /// The engines, each with the plan in the form that it runs.
    pub runs: Vec<(EngineForm, Plan)>,
    /// Whether ensembles are.
    pub ensembles: bool,
}

impl Launching {
    /// Those that launch one of some kernels; all, if none is named.
    pub async fn of(gpu: &Gpu, plan: &Plan, kernels: &[String]) -> Result<Self, Error> {
        let is_named = |name: &&str| kernels.iter().any(|kernel| kernel == name);
        let mut launching = Self { runs: runs(plan), ensembles: true };
        if kernels.is_empty() {
            return Ok(launching);
        }
        let mut of_them = vec![];
        if kernels.iter().any(|kernel| is_of_training(kernel)) {
            for (engine, plan) in launching.runs {
                let launched = engine.start(gpu, &plan).await?.kernels();
                if launched.iter().any(&is_named) {
                    of_them.push((engine, plan));
                }
            }
        }
        launching.runs = of_them;
        launching.ensembles =
            launching.has(EngineForm::Fused) || is_named(&uniform_draw::SPEC.name);
        Ok(launching)
    }

    /// Whether an engine is among them.
    pub fn has(&self, engine: EngineForm) -> bool {
        self.runs.iter().any(|(other, _)| *other == engine)
    }

    pub fn is_empty(&self) -> bool {
        self.runs.is_empty() && !self.ensembles
    }
}

/// The engines that can run a plan, each in the forms that it has.
fn runs(plan: &Plan) -> Vec<(EngineForm, Plan)> {
    let mut runs = vec![(EngineForm::Layered, plan.clone()), (EngineForm::Epilogues, plan.clone())];
    if train::Engine::fused_kernel(&plan.recipe).is_ok() {
        // Momentum and weight decay take plain rounding.
        let is_plain = plan.recipe.method.has_more_than_rate();
        let forms = if is_plain { &[Rounding::Plain][..] } else { &Rounding::ALL };
        let run = |&form| (EngineForm::Fused, plan.clone().with_rounding(form));
        runs.extend(forms.iter().map(run));
    }
    runs
}
