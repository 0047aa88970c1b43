//! Loss functions.

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
