//! Loss functions.

use std::f64::consts::LN_2;

use super::{Activation, Coding};

/// The function that training minimises, as a mean over the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// −ln of the probability of the right answer, in nats; needs a sigmoid output
    CrossEntropy,
    /// (output − target)²
    SquaredError,
    /// max(0, 1 − target·output), for targets ±1; its derivative where target·output = 1 is 0
    Hinge,
}

impl Loss {
    /// All losses; the index is the number that shaders know each by.
    pub const ALL: [Self; 3] = [Self::CrossEntropy, Self::SquaredError, Self::Hinge];

    /// Whether it is computed from logits, and not from the output's activations.
    #[must_use]
    pub fn takes_logits(self) -> bool {
        self == Self::CrossEntropy
    }

    /// Whether its derivative jumps.
    #[must_use]
    pub fn has_kink(self) -> bool {
        self == Self::Hinge
    }

    /// The coding of targets that goes with it, unless another is asked for.
    #[must_use]
    pub fn coding(self) -> Coding {
        match self {
            Self::CrossEntropy | Self::SquaredError => Coding::ZeroOne,
            Self::Hinge => Coding::PlusMinusOne,
        }
    }

    /// The activation function of the output that goes with it, unless another is asked for.
    #[must_use]
    pub fn output_activation(self) -> Activation {
        match self {
            Self::CrossEntropy | Self::SquaredError => Activation::Sigmoid,
            Self::Hinge => Activation::Identity,
        }
    }

    /// Why an output or a coding of targets does not go with it, if it does not.
    #[must_use]
    pub fn refuses(self, output: Activation, coding: Coding) -> Option<&'static str> {
        let has_no_minus_one = matches!(output, Activation::Sigmoid | Activation::Relu);
        match self {
            Self::CrossEntropy if output != Activation::Sigmoid => Some(
                "the cross-entropy is that of a sigmoid: expected a sigmoid output, or squared-error",
            ),
            Self::CrossEntropy if coding != Coding::ZeroOne => {
                Some("the cross-entropy is of the targets 0 and 1, and these are -1 and 1")
            }
            Self::SquaredError if coding == Coding::PlusMinusOne && has_no_minus_one => {
                Some("an output that is never negative has no target -1: expected tanh or identity")
            }
            Self::Hinge if output != Activation::Identity => {
                Some("the hinge loss is that of an identity output")
            }
            Self::Hinge if coding != Coding::PlusMinusOne => {
                Some("the hinge loss is of the targets -1 and 1, and these are 0 and 1")
            }
            _ => None,
        }
    }

    /// Its value if every output is halfway between the targets.
    #[must_use]
    pub fn of_guesses(self, coding: Coding) -> f64 {
        match (self, coding) {
            (Self::CrossEntropy, _) => LN_2,
            (Self::SquaredError, Coding::ZeroOne) => 0.25,
            (Self::SquaredError, Coding::PlusMinusOne) | (Self::Hinge, _) => 1.0,
        }
    }
}
