//! Proof that a wrong kernel would be noticed: each kernel's text with one mistake in it, more
//! than a thousand times another, and the checks that none of them may pass.
//!
//! Wrong kernels are untrusted code. Their indices are clamped, and a [`Campaign`] has them tried by
//! [`Worker`]s: processes with a [`Workbench`] each, which may die.

mod campaign;
mod clamp;
mod equivalent;
mod expression;
mod mutant;
mod named;
mod outcome;
mod rules;
mod subject;
mod token;
mod workbench;

pub use campaign::{Campaign, PER_WORKER, Reply, Worker};
pub use clamp::clamped;
pub use equivalent::{EQUIVALENTS, Equivalent};
pub use mutant::{Mutant, mutants};
pub use named::named;
pub use outcome::{Count, Fate, Sabotage, Specimen};
pub use subject::{Part, Subject, subjects};
pub use workbench::Workbench;
