//! The update at the end of a step.

use std::ops::Range;

use crate::error::Error;
use crate::gpu::{Dispatch, Gpu, Tensor};
use crate::kernels::{adam_update, sgd_update};
use crate::task::{Method, Optimizer};

/// Updates of one submission, where each has `params` of its own.
const RING: u64 = 256;

/// The update as a dispatch; where it depends on its number, as many as a submission may have.
pub(super) struct Updates {
    method: Method,
    /// Number of values that are updated.
    len: usize,
    dispatches: Vec<Dispatch>,
}

impl Updates {
    /// Binds the updates of `d_parameters`, `parameters`, `optimizer_state` and `steps_done`.
    pub(super) async fn new(
        gpu: &Gpu,
        method: Method,
        tensors: [&Tensor; 4],
    ) -> Result<Self, Error> {
        let len = tensors[1].len();
        let count = if method.depends_on_step() { RING } else { 1 };
        let mut dispatches = vec![];
        match method.optimizer {
            Optimizer::Sgd(_) => {
                let kernel = sgd_update::kernel(gpu, method).await?;
                for step in 0..count {
                    let params = sgd_params(method, len, step);
                    dispatches.push(sgd_update::dispatch(gpu, &kernel, params, tensors).await?);
                }
            }
            Optimizer::Adam(adam) => {
                let kernel = adam_update::kernel(gpu, adam).await?;
                for step in 0..count {
                    let params = adam_params(method, len, step);
                    dispatches.push(adam_update::dispatch(gpu, &kernel, params, tensors).await?);
                }
            }
        }
        Ok(Self { method, len, dispatches })
    }

    /// The most updates that a submission may have.
    pub(super) fn most(&self) -> u64 {
        if self.method.depends_on_step() { RING } else { u64::MAX }
    }

    /// The update with this number.
    pub(super) fn at(&self, step: u64) -> &Dispatch {
        let place = step % self.dispatches.len() as u64;
        &self.dispatches[usize::try_from(place).expect("an index")]
    }

    /// Gives updates their `params` before they are submitted.
    pub(super) fn write(&self, gpu: &Gpu, steps: Range<u64>) {
        if !self.method.depends_on_step() {
            return;
        }
        assert!(steps.end - steps.start <= RING, "updates of one submission");
        for step in steps {
            let dispatch = self.at(step);
            match self.method.optimizer {
                Optimizer::Sgd(_) => {
                    gpu.write_params(dispatch, &sgd_params(self.method, self.len, step));
                }
                Optimizer::Adam(_) => {
                    gpu.write_params(dispatch, &adam_params(self.method, self.len, step));
                }
            }
        }
    }
}

fn sgd_params(method: Method, len: usize, step: u64) -> sgd_update::Params {
    sgd_update::params(len, method.learning_rate() * method.factors(step).rate, method.momentum())
}

fn adam_params(method: Method, len: usize, step: u64) -> adam_update::Params {
    adam_update::params(len, method.learning_rate(), method.factors(step))
}
