//! A shader with everything that it is compiled with, as data: to be compiled elsewhere.

use std::fmt::Write;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::device::Gpu;
use super::kernel::{Program, shader_module};
use super::spec::KernelSpec;
use crate::error::Error;

/// A shader with everything that it is compiled with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// The stem of its file.
    pub kernel: String,
    /// The `const` lines before its text.
    pub header: String,
    /// Values of its `override` constants.
    pub overrides: Vec<(String, f64)>,
    /// Whether its loops are compiled as they are written.
    pub trusted_loops: bool,
}

impl Instance {
    pub(crate) fn new(spec: &KernelSpec, header: &str, overrides: &[(&'static str, f64)]) -> Self {
        let overrides = spec.complete(overrides).into_iter();
        Self {
            kernel: spec.name.into(),
            header: header.into(),
            overrides: overrides.map(|(name, value)| (name.into(), value)).collect(),
            trusted_loops: spec.trusted_loops,
        }
    }

    /// The shader, and every scalar that is not zero: "matmul epilogue=1 `workgroup_size`=8".
    #[must_use]
    pub fn name(&self) -> String {
        let mut name = self.kernel.clone();
        for line in self.header.lines() {
            let scalar = line.strip_prefix("const ").and_then(|line| line.split_once(": u32 = "));
            if let Some((constant, value)) = scalar {
                let _ = write!(name, " {constant}={}", value.trim_end_matches(';'));
            }
        }
        for (constant, value) in self.overrides.iter().filter(|(_, value)| *value != 0.0) {
            let _ = write!(name, " {constant}={value}");
        }
        name
    }
}

/// The instances that a device compiled.
#[derive(Debug, Default)]
pub(super) struct Recorder(Mutex<Vec<Instance>>);

impl Recorder {
    pub(super) fn add(&self, instance: Instance) {
        let mut known = self.0.lock().expect("no holder panics");
        if !known.contains(&instance) {
            known.push(instance);
        }
    }
}

impl Gpu {
    /// Records the instances that are compiled from now on.
    pub fn record(&mut self) {
        self.recorder = Some(Recorder::default());
    }

    /// The instances that were compiled since [`Self::record`], each once.
    #[must_use]
    pub fn recorded(&self) -> Vec<Instance> {
        let all = |recorder: &Recorder| recorder.0.lock().expect("no holder panics").clone();
        self.recorder.as_ref().map(all).unwrap_or_default()
    }

    /// Compiles an instance of a shader, and drops it: nothing can run it.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the driver refuses it.
    pub async fn compile(&self, spec: &KernelSpec, instance: &Instance) -> Result<(), Error> {
        let spec = KernelSpec { trusted_loops: instance.trusted_loops, ..*spec };
        let overrides = instance.overrides.iter().map(|(name, value)| (name.as_str(), *value));
        let overrides: Vec<_> = overrides.collect();
        let compile = || {
            let module = shader_module(self, &spec, &instance.header);
            let layout = spec.layout(&self.device);
            drop(Program::pipeline(&self.device, spec.name, &module, &layout, &overrides));
        };
        self.scoped(spec.name, compile).await
    }
}
