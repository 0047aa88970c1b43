//! Loss functions.

use std::f64::consts::LN_2;

/// The function that training minimises, as a mean over the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// −ln of the probability of the right answer, in nats; needs a sigmoid output
    CrossEntropy,
    /// (output − target)²
    SquaredError,
}

impl Loss {
    /// Whether it is computed from logits, and not from the output's activations.
    #[must_use]
    pub fn takes_logits(self) -> bool {
        self == Self::CrossEntropy
    }

    /// Its value if every output is 0.5, for targets 0 and 1.
    #[must_use]
    pub fn of_guesses(self) -> f64 {
        match self {
            Self::CrossEntropy => LN_2,
            Self::SquaredError => 0.25,
        }
    }
}
