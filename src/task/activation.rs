//! Activation functions.

/// The function from a neuron's pre-activation z to its activation.
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
    /// max(0, z); its derivative at 0 is 0
    Relu,
}

impl Activation {
    /// All activation functions; the index is the number that shaders know each by.
    pub const ALL: [Self; 4] = [Self::Sigmoid, Self::Tanh, Self::Identity, Self::Relu];

    /// Number of exponentials per value, each with a division.
    #[must_use]
    pub fn exponentials(self) -> u8 {
        match self {
            Self::Sigmoid | Self::Tanh => 1,
            Self::Identity | Self::Relu => 0,
        }
    }

    /// Whether the derivative jumps, at z = 0.
    #[must_use]
    pub fn has_kink(self) -> bool {
        self == Self::Relu
    }

    /// Whether the activation lies between −1 and 1 whatever z is.
    #[must_use]
    pub fn saturates(self) -> bool {
        match self {
            Self::Sigmoid | Self::Tanh => true,
            Self::Identity | Self::Relu => false,
        }
    }
}
