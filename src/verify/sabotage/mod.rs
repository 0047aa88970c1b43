//! Proof that a wrong kernel would be noticed.

mod expression;
mod mutant;
mod rules;
mod token;

pub use mutant::{Mutant, mutants};
