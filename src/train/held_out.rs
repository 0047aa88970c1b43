//! Rows that training never sees.

use serde::Serialize;

use crate::cpu::Reference;
use crate::task::{Dataset, Method, Parameters};

/// The answers of a network to rows that it was not trained on, by the reference in `f64`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct HeldOut {
    /// Number of rows.
    pub rows: usize,
    /// The mean loss of the rows.
    pub loss: f64,
    /// Number of right answers.
    pub right: usize,
}

impl HeldOut {
    /// The answers of a network with these parameters.
    #[must_use]
    pub fn of(data: &Dataset, method: Method, parameters: &Parameters) -> Self {
        let mut network = Reference::<f64>::new(data, method, parameters);
        let loss = network.forward();
        let outputs = network.probabilities().iter().zip(&data.targets);
        let is_right = |&(&output, target): &(&f64, &f32)| data.coding.answer(output) == *target;
        Self { rows: data.row_count(), loss, right: outputs.filter(is_right).count() }
    }
}
