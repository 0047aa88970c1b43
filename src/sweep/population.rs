//! The settings that all networks of an ensemble or a sweep share, and how many are trained side by
//! side.

use crate::error::Error;
use crate::gpu::{DeviceType, Gpu};
use crate::kernels::fused::Problem;
use crate::task::{Init, Loss, Recipe};
use crate::train::{Engine, KernelChoice, LEARNED_BELOW, LoopLimit};

/// The most steps of a network: counters have 32 bits, and the last means "never".
pub const MAX_STEPS: u64 = 1 << 31;

/// The largest sum of the losses of all rows with which a network can count as solved. Kernels look
/// at the product of the probabilities, and exp(−87) is about the smallest normal f32.
const MOST_NATS: f64 = 80.0;

/// The number of networks of a chunk is a multiple of this, if it is larger.
const GROUP: u64 = 64;

/// Approximate limit for the bytes of all values of a chunk on the device.
const MOST_BYTES: u64 = 1 << 28;

/// Flops of a step of a whole chunk, which is the least that a submission makes: some tenths of a
/// second on the slowest adapters, where drivers give up after two.
const STEP_FLOPS: f64 = 2e9;

/// Flops of all steps of a chunk: what is lost if a sweep is interrupted.
const CHUNK_FLOPS: f64 = 1e13;

/// The settings that all networks of an ensemble or a sweep share.
#[derive(Clone, Debug)]
pub struct Population {
    /// The recipe of every network. Its learning rate is that of all members, unless it varies.
    pub recipe: Recipe,
    /// Initial distribution of the parameters; it must be uniform.
    pub init: Init,
    /// Loss below which a network is solved.
    pub solved_below: f32,
    /// Limit of the steps that a dispatch may take.
    pub loop_limit: LoopLimit,
}

impl Population {
    /// A population whose members count as solved at the loss below which a network has learned.
    #[must_use]
    pub fn new(recipe: Recipe, init: Init) -> Self {
        let (solved_below, loop_limit) = (LEARNED_BELOW, LoopLimit::Hopeful);
        Self { recipe, init, solved_below, loop_limit }
    }

    /// The problem that a fused kernel is compiled for.
    ///
    /// # Errors
    /// [`Error::Usage`] if no fused kernel can train the population, with the reason.
    pub fn problem(&self) -> Result<Problem<'_>, Error> {
        self.fused().map(|(_, problem)| problem)
    }

    /// The fused kernel that trains the networks.
    ///
    /// # Errors
    /// As [`Self::problem`].
    pub fn kernel_choice(&self) -> Result<KernelChoice, Error> {
        self.fused().map(|(kernel, _)| kernel)
    }

    fn fused(&self) -> Result<(KernelChoice, Problem<'_>), Error> {
        Engine::fused_problem(&self.recipe).map_err(|unsupported| {
            let (sizes, why) = (&self.recipe.sizes, unsupported.why);
            Error::Usage(format!("networks {sizes}: many of them need the fused engine, and {why}"))
        })
    }

    /// Checks that the population can be trained.
    ///
    /// # Errors
    /// [`Error::Usage`] with the reason if it cannot.
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

    /// Number of networks per chunk, out of `networks`. It meets three conditions:
    ///
    /// - a chunk fills the adapter;
    /// - a submission of some hundredths of a second makes many steps, or one of large networks;
    /// - each tensor fits the adapter.
    ///
    /// All chunks have about the same number.
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
