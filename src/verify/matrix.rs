//! Every combination of what a recipe can say, run by every engine that takes it, against the
//! reference in `f64`.

use std::ops::ControlFlow;

use serde::Serialize;

use super::engines::whole;
use super::lockstep::EngineForm;
use crate::error::Error;
use crate::gpu::Gpu;
use crate::task::{
    Activation, Adam, Backprop, Coding, Dataset, Decay, Init, LayerSizes, Loss, Method, Optimizer,
    Parameters, Recipe, Rounding, Schedule,
};
use crate::train::{Agreement, Engine, Plan, Trajectory, Verdict, reference};

/// For one invocation without a hidden layer, with one and with two; for one workgroup; for neither.
pub const NETWORKS: [&str; 5] = ["2-1", "2-3-1", "2-4-3-1", "5-9-1", "2-9-9-1"];

/// Constant, and with a factor for each update.
pub const SCHEDULES: [Schedule; 2] =
    [Schedule::CONSTANT, Schedule { warmup: 4, decay: Decay::Cosine { steps: STEPS, least: 0.1 } }];

const BACKPROPS: [Backprop; 3] = [
    Backprop::Exact,
    Backprop::ByHand { hidden_derivative: true },
    Backprop::ByHand { hidden_derivative: false },
];

/// Number of updates of each run.
const STEPS: u64 = 40;

/// Number of updates between two losses that are compared.
const EVERY: u64 = 8;

/// The seed of all starts.
const SEED: u64 = 48;

/// One combination.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The sizes of the layers.
    pub network: &'static str,
    /// The coding of the targets.
    pub coding: Coding,
    /// The method.
    pub method: Method,
}

impl Cell {
    /// The recipe.
    ///
    /// # Errors
    /// [`Error::Usage`] if its parts do not go together.
    pub fn recipe(&self) -> Result<Recipe, Error> {
        let sizes: LayerSizes = self.network.parse()?;
        let bits = u32::try_from(sizes.input_size()).expect("few");
        let data = Dataset::parity(bits)?.with_coding(self.coding);
        Recipe::new(data, sizes, self.method, STEPS)
    }

    /// The run of a recipe.
    ///
    /// # Errors
    /// [`Error::Usage`] if the start does not fit.
    pub fn plan(recipe: Recipe) -> Result<Plan, Error> {
        let start = Parameters::initialise(&recipe.sizes, Init::Torch, SEED);
        Plan::new(recipe.data, recipe.method, start, recipe.steps, EVERY)
    }
}

/// As it is, with momentum, with weight decay, with both and Nesterov's momentum, by Adam, and by AdamW.
#[must_use]
pub fn optimizers(method: Method) -> [Method; 6] {
    let momentum = method.with_momentum(0.5);
    let both = momentum.with_nesterov(true).with_weight_decay(0.01);
    let by = |adam| method.with_optimizer(Optimizer::Adam(adam));
    let [adam, adamw] = [by(Adam::DEFAULT), by(Adam::DECOUPLED)];
    [method, momentum, method.with_weight_decay(0.1), both, adam, adamw]
}

/// All combinations, whether their parts go together or not.
#[must_use]
pub fn cells() -> Vec<Cell> {
    let all = |methods: Vec<Method>, vary: &dyn Fn(Method) -> Vec<Method>| {
        methods.into_iter().flat_map(vary).collect::<Vec<_>>()
    };
    let methods = all(vec![Method::sgd(0.1)], &|method| {
        let pairs = Activation::ALL.iter().flat_map(|&hidden| {
            Activation::ALL.map(|output| method.with_activations(hidden, output))
        });
        pairs.collect()
    });
    let methods = all(methods, &|method| Loss::ALL.map(|loss| method.with_loss(loss)).into());
    let methods = all(methods, &|method| optimizers(method).into());
    let methods = all(methods, &|method| SCHEDULES.map(|it| method.with_schedule(it)).into());
    let methods = all(methods, &|method| Rounding::ALL.map(|how| method.with_rounding(how)).into());
    let methods = all(methods, &|method| BACKPROPS.map(|how| method.with_backprop(how)).into());
    let of = |network, coding| methods.iter().map(move |&method| Cell { network, coding, method });
    let cell = |network| Coding::ALL.into_iter().flat_map(move |coding| of(network, coding));
    NETWORKS.into_iter().flat_map(cell).collect()
}

/// What all runs gave.
#[derive(Clone, Debug, Serialize)]
pub struct Matrix {
    /// Number of combinations.
    pub cells: u64,
    /// Number of those whose parts do not go together.
    pub contradictions: u64,
    /// The runs of each engine.
    pub engines: Vec<MatrixRow>,
    /// Whether the user broke it off.
    pub interrupted: bool,
}

/// The runs of an engine.
#[derive(Clone, Debug, Serialize)]
pub struct MatrixRow {
    /// The engine.
    pub engine: EngineForm,
    /// Number of recipes that it refuses by name.
    pub refused: u64,
    /// Number of runs that agree with the reference.
    pub agree: u64,
    /// Number of runs that part from it as `f32` does on the processor.
    pub unstable: u64,
    /// The largest deviation of a loss from the reference, relative to the loss, where they agree.
    pub worst: f64,
    /// The combinations that disagree or fail, in words.
    pub wrong: Vec<String>,
}

impl MatrixRow {
    fn new(engine: EngineForm) -> Self {
        Self { engine, refused: 0, agree: 0, unstable: 0, worst: 0.0, wrong: vec![] }
    }

    async fn run(&mut self, gpu: &Gpu, cell: &Cell, plan: &Plan, cpu: &[Trajectory; 2]) {
        let engine = if self.engine == EngineForm::Fused { Engine::Fused } else { Engine::Layered };
        if engine.resolve(&plan.recipe).is_err() {
            self.refused += 1;
            return;
        }
        let outcome = match whole(gpu, plan, self.engine).await {
            Err(error) => {
                self.wrong.push(format!("{cell:?}: {error}"));
                return;
            }
            Ok(outcome) => outcome,
        };
        let agreement = Agreement::of(plan, &outcome, &cpu[0], &cpu[1]);
        match agreement.verdict {
            Verdict::Agree => {
                self.agree += 1;
                self.worst = self.worst.max(agreement.gpu_relative_deviation);
            }
            Verdict::Unstable => self.unstable += 1,
            Verdict::Disagree => self.wrong.push(format!("{cell:?}: {agreement:?}")),
        }
    }
}

impl Matrix {
    /// Whether no run disagrees or fails.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.engines.iter().all(|row| row.wrong.is_empty())
    }
}

/// Runs all combinations; `observe` is called with the number of those that are done, and of all.
///
/// # Errors
/// [`Error::Usage`] if the adapter cannot hold a network.
pub async fn matrix(
    gpu: &Gpu,
    observe: &mut (dyn FnMut(u64, u64) -> ControlFlow<()> + Send + '_),
) -> Result<Matrix, Error> {
    let forms = [EngineForm::Layered, EngineForm::Epilogues, EngineForm::Fused];
    let mut rows = forms.map(MatrixRow::new);
    let cells = cells();
    let (all, mut contradictions, mut interrupted) = (cells.len() as u64, 0, false);
    let go_on = || ControlFlow::Continue(());
    for (cell, done) in cells.iter().zip(0..) {
        if observe(done, all).is_break() {
            interrupted = true;
            break;
        }
        let Ok(recipe) = cell.recipe() else {
            contradictions += 1;
            continue;
        };
        let plan = Cell::plan(recipe)?;
        let cpu = [reference::<f32>(&plan, &go_on), reference::<f64>(&plan, &go_on)];
        let cpu = cpu.map(|run| run.expect("nothing breaks it off"));
        for row in &mut rows {
            row.run(gpu, cell, &plan, &cpu).await;
        }
    }
    Ok(Matrix { cells: all, contradictions, engines: rows.into(), interrupted })
}
