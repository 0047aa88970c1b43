//! The choice of the engine for a recipe.

use super::fused::{KernelChoice, problem};
use super::layered;
use crate::error::Error;
use crate::kernels::fused::Problem;
use crate::task::Recipe;

/// The engine to run a recipe with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Engine {
    /// The fused engine if it can run the network, else the layered engine
    Auto,
    /// One dispatch for each kernel and layer: any network
    Layered,
    /// Many steps in one dispatch: small networks, on few rows
    Fused,
}

/// The engine that trains a network, with its kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// One dispatch for each kernel and layer.
    Layered,
    /// Many steps in one dispatch, by this kernel.
    Fused(KernelChoice),
}

/// The error for a recipe that an engine cannot run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {engine} engine does not run this: {why}", engine = engine.name())]
pub struct Unsupported {
    /// The engine.
    pub engine: Engine,
    /// The reason.
    pub why: String,
}

impl From<Unsupported> for Error {
    fn from(unsupported: Unsupported) -> Self {
        Self::Usage(unsupported.to_string())
    }
}

impl Engine {
    /// Its name, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Layered => "layered",
            Self::Fused => "fused",
        }
    }

    /// The engine that trains a recipe, and the reason for it.
    ///
    /// # Errors
    /// [`Unsupported`] if this engine cannot run the recipe, or no engine can.
    pub fn resolve(self, recipe: &Recipe) -> Result<(Resolved, String), Unsupported> {
        let layered = |why: String| match layered::fits(recipe) {
            Ok(()) => Ok((Resolved::Layered, why)),
            Err(why) => Err(Unsupported { engine: Self::Layered, why }),
        };
        match (self, Self::fused_kernel(recipe)) {
            (Self::Layered, _) => layered("asked for".into()),
            (Self::Fused, Ok(kernel)) => Ok((Resolved::Fused(kernel), "asked for".into())),
            (Self::Fused, Err(unsupported)) => Err(unsupported),
            (Self::Auto, Ok(kernel)) => {
                let why = format!("many steps fit in one dispatch, {}", kernel.name());
                Ok((Resolved::Fused(kernel), why))
            }
            (Self::Auto, Err(Unsupported { why, .. })) => layered(format!("not fused: {why}")),
        }
    }

    /// The fused kernel that trains a recipe.
    ///
    /// # Errors
    /// [`Unsupported`] if no fused kernel can.
    pub fn fused_kernel(recipe: &Recipe) -> Result<KernelChoice, Unsupported> {
        Self::fused_problem(recipe).map(|(kernel, _)| kernel)
    }

    /// The fused kernel that trains a recipe, and the problem that it is compiled for.
    ///
    /// # Errors
    /// As [`Self::fused_kernel`].
    pub(crate) fn fused_problem(
        recipe: &Recipe,
    ) -> Result<(KernelChoice, Problem<'_>), Unsupported> {
        let problem = problem(recipe);
        match KernelChoice::of(problem) {
            Ok(kernel) => Ok((kernel, problem)),
            Err(why) => Err(Unsupported { engine: Self::Fused, why }),
        }
    }
}

impl Resolved {
    /// The name of the engine.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Layered => Engine::Layered.name(),
            Self::Fused(_) => Engine::Fused.name(),
        }
    }
}
