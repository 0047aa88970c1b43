//! What is said of an adapter's health, as JSON.

use serde::Serialize;

use super::{findings, versioned_json};
use crate::bench::Processor;
use crate::gpu::AdapterSummary;
use crate::verify::{Check, Diagnosis, Fault, Fingerprint};

/// All that was found of an adapter.
#[derive(Clone, Copy)]
pub struct DoctorReport<'a> {
    /// Which one.
    pub adapter: &'a AdapterSummary,
    /// What runs the reference.
    pub processor: &'a Processor,
    /// What was found.
    pub diagnosis: &'a Diagnosis,
    /// The command that repeats it, quoted for a shell.
    pub command: &'a str,
}

#[derive(Serialize)]
struct Json<'a> {
    command: &'a str,
    adapter: &'a AdapterSummary,
    processor: &'a Processor,
    fingerprint: &'a Fingerprint,
    findings: Vec<String>,
    checks: &'a [Check],
    faults: Vec<&'a Fault>,
}

impl DoctorReport<'_> {
    /// One object.
    #[must_use]
    pub fn json(&self) -> String {
        versioned_json(&Json {
            command: self.command,
            adapter: self.adapter,
            processor: self.processor,
            fingerprint: &self.diagnosis.fingerprint,
            findings: findings(&self.diagnosis.fingerprint),
            checks: &self.diagnosis.checks,
            faults: self.diagnosis.faults().collect(),
        })
    }
}
