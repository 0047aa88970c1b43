//! Proof that a wrong kernel would be noticed: each kernel's text with one mistake in it, more
//! than a thousand times another, and the checks that none of them may pass.

mod equivalent;
mod expression;
mod mutant;
mod named;
mod outcome;
mod rules;
mod runner;
mod token;

pub use equivalent::{EQUIVALENTS, Equivalent};
pub use mutant::{Mutant, mutants};
pub use named::named;
pub use outcome::{Count, Fate, Sabotage, Specimen};
pub use runner::{Observer, Progress, sabotage};
