//! The engines, and the results of their runs.

mod agreement;
mod capacity;
mod diagnosis;
mod engine;
mod fused;
mod held_out;
mod layered;
mod outcome;
mod reference;
mod run;
mod single_step;
mod submission_size;

pub use agreement::{Agreement, Verdict};
pub use capacity::{check_tensors, check_tensors_of_any_adapter};
pub use diagnosis::{Diagnosis, Ending};
pub use engine::{Engine, Resolved, Unsupported};
pub use fused::{Batch, Evaluation, Finished, Fused, KernelChoice, LoopLimit, problem};
pub(crate) use fused::{LOSS_CAPACITY, PRODUCTS, Training, run};
pub use held_out::HeldOut;
pub use layered::{Layered, ProductUse, Products};
pub use outcome::{Counted, LEARNED_BELOW, Outcome};
pub use reference::{Trajectory, reference};
pub use run::{Observer, Plan, Progress};
pub use single_step::{State, Stepper};

use crate::error::Error;
use crate::gpu::Gpu;

/// Trains a network by the engine that suits it.
///
/// # Errors
/// - [`Error::Usage`] if no engine can run the plan, or the adapter cannot hold it;
/// - [`Error::Diverged`] at the first loss that is not finite;
/// - [`Error::Interrupted`] if `observe` asks to stop;
/// - [`Error::Undone`] or [`Error::Gpu`] if the device fails or did not do all steps.
pub async fn train(gpu: &Gpu, plan: &Plan, observe: &mut Observer<'_>) -> Result<Outcome, Error> {
    match Engine::Auto.resolve(&plan.recipe)? {
        (Resolved::Layered, _) => {
            let layered = Layered::with_products(gpu, plan, Products::Epilogues).await;
            layered?.train(observe).await
        }
        (Resolved::Fused(_), _) => {
            Fused::new(gpu, plan, LoopLimit::Hopeful).await?.train(observe).await
        }
    }
}
