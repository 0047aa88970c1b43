//! What the networks of an ensemble or a sweep have in common, and how many are trained side by
//! side.

use crate::error::Error;
use crate::gpu::{DeviceType, Gpu};
use crate::kernels::fused::Problem;
use crate::task::{Init, Loss, Recipe};
use crate::train::{Engine, KernelChoice, LEARNED_BELOW, LoopLimit, problem};

/// The most steps of a network: counters have 32 bits, and the last means "never".
pub const MAX_STEPS: u64 = 1 << 31;

/// The most that losses of all rows may sum up to where a network counts as solved: kernels look at
/// the product of the probabilities, and exp(−87) is the smallest that f32 has all digits of.
const MOST_NATS: f64 = 80.0;

/// Chunks have a multiple of so many networks, if they have more.
const GROUP: u64 = 64;

/// What all values of a chunk may take on the device, about.
const MOST_BYTES: u64 = 1 << 28;

/// Flops of a step of a whole chunk, which is the least that a submission makes: some tenths of a
/// second on the slowest adapters, where drivers give up after two.
const STEP_FLOPS: f64 = 2e9;

/// Flops of all steps of a chunk: what is lost if a sweep is interrupted.
const CHUNK_FLOPS: f64 = 1e13;

/// What all networks of an ensemble or a sweep have in common.
#[derive(Clone, Debug)]
pub struct Population {
    /// What is learned, and how; its learning rate is that of all members, unless it varies.
    pub recipe: Recipe,
    /// Initial distribution of the parameters: one of the uniform ones.
    pub init: Init,
    /// Loss below which a network is solved.
    pub solved_below: f32,
    /// How many steps a dispatch may take.
    pub loop_limit: LoopLimit,
}

impl Population {
    /// With members that are solved where a network has learned.
    #[must_use]
    pub fn new(recipe: Recipe, init: Init) -> Self {
        let (solved_below, loop_limit) = (LEARNED_BELOW, LoopLimit::Hopeful);
        Self { recipe, init, solved_below, loop_limit }
    }

    /// What a shader is compiled for.
    ///
    /// # Errors
    /// [`Error::Usage`] if none can be, with the reason.
    pub fn problem(&self) -> Result<Problem<'_>, Error> {
        self.kernel_choice()?;
        problem(&self.recipe).map_err(Error::Usage)
    }

    /// What trains each network.
    ///
    /// # Errors
    /// As [`Self::problem`].
    pub fn kernel_choice(&self) -> Result<KernelChoice, Error> {
        Engine::fused_kernel(&self.recipe).map_err(|unsupported| {
            let (sizes, why) = (&self.recipe.sizes, unsupported.why);
            Error::Usage(format!("networks {sizes}: many of them need the fused engine, and {why}"))
        })
    }

    /// Whether it can be trained; if not, why.
    ///
    /// # Errors
    /// [`Error::Usage`] with the reason.
    pub fn check(&self) -> Result<(), Error> {
        self.kernel_choice()?;
        let (solved_below, rows) = (self.solved_below, self.recipe.data.row_count());
        if !(solved_below > 0.0 && solved_below.is_finite()) {
            return Err(Error::Usage(format!(
                "a loss of {solved_below} solves nothing: expected a finite number above 0"
            )));
        }
        #[expect(clippy::cast_precision_loss, reason = "data have fewer than 2⁵³ rows")]
        let most = MOST_NATS / rows as f64;
        if self.recipe.method.loss == Loss::CrossEntropy && f64::from(solved_below) > most {
            return Err(Error::Usage(format!(
                "solved below a loss of {solved_below}: with {rows} rows that can be told up to \
                 {most}"
            )));
        }
        if self.init == Init::Normal {
            return Err(Error::Usage(
                "many networks start from a uniform law, drawn on the GPU, and not a normal one: \
                 torch or uniform"
                    .into(),
            ));
        }
        Ok(())
    }

    /// How many of `networks` are trained side by side: enough to fill the adapter, and few enough
    /// that submissions of some hundredths of a second make many steps each, or one of larger
    /// networks, and that each tensor fits the adapter; all chunks have about as many.
    ///
    /// # Errors
    /// [`Error::Usage`] if the population cannot be trained.
    pub fn chunk_size(&self, gpu: &Gpu, networks: u64) -> Result<usize, Error> {
        let full: u64 = match (self.kernel_choice()?, gpu.adapter.device_type) {
            (KernelChoice::Invocation, DeviceType::Software) => 1 << 14,
            (KernelChoice::Invocation, _) => 1 << 20,
            (KernelChoice::Workgroup, DeviceType::Software) => 1 << 8,
            (KernelChoice::Workgroup, _) => 1 << 12,
        };
        let problem = self.problem()?;
        let rows = problem.state_rows().max(self.recipe.data.row_count());
        let fits = gpu.max_tensor_bytes().min(MOST_BYTES) / (4 * rows as u64);
        let flops = problem.step_cost().flops;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a positive number, and any near it will do"
        )]
        let [by_step, by_run] = {
            let run_flops = flops * self.recipe.steps as f64;
            [STEP_FLOPS / flops, CHUNK_FLOPS / run_flops].map(|count| count as u64)
        };
        let most = fits.min(by_step).min(by_run.max(full / 8)).clamp(1, full);
        let even = networks.div_ceil(networks.div_ceil(most)).next_multiple_of(GROUP).min(most);
        Ok(usize::try_from(even).expect("fewer than 2²⁰"))
    }
}
