//! Loss functions.

/// What training lowers, as a mean over the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// −ln of the probability of the right answer, in nats; of a sigmoid output
    CrossEntropy,
    /// (output − target)²
    SquaredError,
}
