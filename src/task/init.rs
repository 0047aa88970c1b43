//! The initial distribution of parameters.

/// The distribution that initial parameters are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum Init {
    /// Uniform within ±1/√n for a layer of n inputs, as in PyTorch's Linear.
    Torch,
    /// Standard normal.
    Normal,
    /// Uniform within ±1.
    Uniform,
}

impl Init {
    /// The bound of a uniform distribution in a layer of `input_size` inputs, or the standard
    /// deviation of the normal distribution.
    #[must_use]
    pub fn extent(self, input_size: usize) -> f32 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "the bound is rounded once, from f64"
        )]
        match self {
            Self::Torch => (1.0 / (input_size as f64).sqrt()) as f32,
            Self::Normal | Self::Uniform => 1.0,
        }
    }
}
