//! Proof that a wrong kernel would be noticed: each kernel's text, or what the host says beside it
//! to launch it, with one mistake in it, some thousand times another, and the checks that none of them
//! may pass.
//!
//! Wrong kernels are untrusted code. Their indices are clamped, and a [`Campaign`] has them tried by
//! [`Worker`]s: processes with a [`Workbench`] each, which may die.

mod campaign;
mod clamp;
mod equivalent;
mod expression;
mod launches;
mod mutant;
mod named;
mod outcome;
mod rules;
mod same_launch;
mod subject;
mod token;
mod workbench;

pub use campaign::{Campaign, PER_WORKER, Reply, Worker};
pub use clamp::clamped;
pub use equivalent::{EQUIVALENTS, Equivalent};
pub use launches::{STEPS, launches};
pub use mutant::{Mutant, mutants};
pub use named::named;
pub use outcome::{Count, Fate, Sabotage, Specimen};
pub use same_launch::{SAME_LAUNCHES, SameLaunch};
pub use subject::{Part, Subject, subjects};
pub use workbench::Workbench;
