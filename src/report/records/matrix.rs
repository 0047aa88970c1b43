//! What is said of the combinations that were run, as JSON.

use serde::Serialize;

use super::versioned_json;
use crate::gpu::AdapterSummary;
use crate::verify::matrix::Matrix;

/// All combinations on an adapter.
#[derive(Clone, Copy)]
pub struct MatrixReport<'a> {
    /// The adapter.
    pub adapter: &'a AdapterSummary,
    /// What the runs gave.
    pub found: &'a Matrix,
    /// The command that repeats it, quoted for a shell.
    pub command: &'a str,
}

#[derive(Serialize)]
struct Json<'a> {
    command: &'a str,
    adapter: &'a AdapterSummary,
    #[serde(flatten)]
    found: &'a Matrix,
}

impl MatrixReport<'_> {
    /// One object.
    #[must_use]
    pub fn json(&self) -> String {
        let Self { adapter, found, command } = *self;
        versioned_json(&Json { command, adapter, found })
    }
}
