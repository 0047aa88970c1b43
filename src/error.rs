//! What can go wrong, in the words a user needs: what was expected, what was found, what to do.

use std::fmt;
use std::path::PathBuf;

/// Everything that a user, a file, a driver or a run can cause.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A request that cannot be met, or an input that is not what it should be.
    #[error("{0}")]
    Usage(String),
    /// A file that cannot be read or written, or does not hold what it should.
    #[error("{path}: {problem}", path = path.display())]
    File {
        /// The file as the user named it.
        path: PathBuf,
        /// What was expected and what was found.
        problem: String,
    },
    /// There is no adapter that could run the kernels.
    #[error("{0}")]
    NoAdapter(String),
    /// The loss stopped being a number.
    #[error(
        "{what} is {value} at step {step}: {why}; nothing was saved",
        why = match step {
            0 => "the initial parameters are too large",
            _ => "training diverged, try a smaller learning rate",
        }
    )]
    Diverged {
        /// The first step before whose update something is not finite.
        step: u64,
        /// The loss, or a parameter.
        what: &'static str,
        /// Its value, which is infinite or NaN.
        value: f32,
    },
    /// A result that differs from the reference.
    #[error("{0}")]
    Wrong(String),
    /// The user asked to stop.
    #[error("interrupted at step {step} of {steps}; nothing was saved")]
    Interrupted {
        /// Number of updates that were made.
        step: u64,
        /// Number of updates that were asked for.
        steps: u64,
    },
    /// The user asked to stop a run that had a counted state, which was saved.
    #[error(
        "interrupted at step {step} of {steps}; {path} holds the parameters of that step, not \
         compared with those of a CPU",
        path = path.display()
    )]
    Saved {
        /// Updates that were made.
        step: u64,
        /// Updates that were asked for.
        steps: u64,
        /// The file that holds the parameters.
        path: PathBuf,
    },
    /// The user asked to stop a sweep.
    #[error(
        "interrupted: {done} of {pixels} pixels are trained and kept in {path}; the same command \
         goes on from there",
        path = path.display()
    )]
    Paused {
        /// Pixels that are trained.
        done: usize,
        /// Pixels that were asked for.
        pixels: usize,
        /// The file that keeps them.
        path: PathBuf,
    },
    /// A driver that gave up on a launch may report success: the device's own counter tells.
    #[error(
        "the device counted {counted} steps, expected {expected}: its driver left work undone \
         without an error; nothing was saved"
    )]
    Undone {
        /// What the device counted.
        counted: u32,
        /// What it should have counted.
        expected: u64,
    },
    /// The device or its driver failed, or did not do what it reported as done.
    #[error("{0}")]
    Gpu(String),
}

impl Error {
    /// The exit code of a process that ends with this error: 1 a check failed, 2 usage or bad
    /// input, 3 no usable adapter, 4 device lost or GPU failure, 130 interrupted.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Diverged { .. } | Self::Wrong(_) => 1,
            Self::Usage(_) | Self::File { .. } => 2,
            Self::NoAdapter(_) => 3,
            Self::Undone { .. } | Self::Gpu(_) => 4,
            Self::Interrupted { .. } | Self::Saved { .. } | Self::Paused { .. } => 130,
        }
    }

    /// A problem with the file at `path`.
    pub fn file(path: impl Into<PathBuf>, problem: impl fmt::Display) -> Self {
        Self::File { path: path.into(), problem: format!("{problem}") }
    }
}
