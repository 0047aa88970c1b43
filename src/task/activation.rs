//! Activation functions.

/// What a neuron makes of the sum of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// 1 / (1 + e⁻ᶻ)
    Sigmoid,
    /// tanh z = 2 / (1 + e⁻²ᶻ) − 1
    Tanh,
    /// z
    Identity,
}

impl Activation {
    /// Each of them; the place is the number that shaders know it by.
    pub const ALL: [Self; 3] = [Self::Sigmoid, Self::Tanh, Self::Identity];

    /// Exponentials of one value, each with a division.
    #[must_use]
    pub fn exponentials(self) -> u8 {
        match self {
            Self::Sigmoid | Self::Tanh => 1,
            Self::Identity => 0,
        }
    }

    /// Whether values stay within ±1, however large z is.
    #[must_use]
    pub fn saturates(self) -> bool {
        match self {
            Self::Sigmoid | Self::Tanh => true,
            Self::Identity => false,
        }
    }
}
