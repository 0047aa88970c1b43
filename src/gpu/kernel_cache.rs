//! Kernels that need not be compiled again.

use std::sync::Mutex;

use super::instance::Instance;
use super::kernel::Kernel;

/// A shader as it is compiled, and whether its text is another.
pub(super) type Text = (Instance, bool);

/// Kernels that are compiled already.
#[derive(Default)]
pub(super) struct KernelCache(Mutex<Vec<(Text, Kernel)>>);

impl KernelCache {
    pub(super) fn get(&self, text: &Text) -> Option<Kernel> {
        let known = self.0.lock().expect("no holder panics");
        known.iter().find(|(known, _)| known == text).map(|(_, kernel)| kernel.clone())
    }

    pub(super) fn add(&self, text: Text, kernel: &Kernel) {
        self.0.lock().expect("no holder panics").push((text, kernel.clone()));
    }
}
