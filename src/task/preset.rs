//! The experiments that have a name.

use super::{Init, Method};

/// An experiment that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Preset {
    /// 2-2-1, SGD, learning rate 1: learns.
    Xor,
    /// 2-1, SGD, learning rate 1: cannot learn XOR, and its loss stops at ln 2.
    Perceptron,
    /// 2-2-1, backpropagation by hand without the hidden sigmoid's derivative: stalls.
    Backprop,
    /// 2-2-1, backpropagation by hand with that derivative: learns.
    BackpropCorrected,
}

impl Preset {
    /// The name that selects it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Xor => "xor",
            Self::Perceptron => "perceptron",
            Self::Backprop => "backprop",
            Self::BackpropCorrected => "backprop-corrected",
        }
    }

    /// The method of its training steps.
    #[must_use]
    pub fn method(self) -> Method {
        match self {
            Self::Xor | Self::Perceptron => Method::sgd(1.0),
            Self::Backprop => Method::by_hand(false),
            Self::BackpropCorrected => Method::by_hand(true),
        }
    }

    /// The initial distribution of its parameters.
    #[must_use]
    pub fn init(self) -> Init {
        match self {
            Self::Xor | Self::Perceptron => Init::Torch,
            Self::Backprop | Self::BackpropCorrected => Init::Normal,
        }
    }

    /// The sizes of its hidden layers on data of `input_size` columns. On XOR, networks are 2-2-1
    /// or 2-1.
    #[must_use]
    pub fn hidden_sizes(self, input_size: usize) -> Vec<usize> {
        match self {
            Self::Perceptron => vec![],
            Self::Xor | Self::Backprop | Self::BackpropCorrected => vec![input_size],
        }
    }
}
