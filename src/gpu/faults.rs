//! Faults outside of any call.

use std::sync::{Mutex, PoisonError};

use crate::error::Error;

/// The reports of wgpu outside of any call: uncaptured errors and the loss of the device.
#[derive(Default)]
pub(super) struct Faults(Mutex<Option<String>>);

impl Faults {
    pub(super) fn report(&self, fault: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
    }

    /// The first report, if there was one.
    pub(super) fn check(&self) -> Result<(), Error> {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(fault) => Err(Error::Gpu(fault.clone())),
            None => Ok(()),
        }
    }
}
