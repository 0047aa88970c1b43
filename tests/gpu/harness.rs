//! One device for all tests.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use parity::error::Error;
use parity::gpu::{Gpu, Selection};
use parity::train::{Layered, Outcome, Plan};

static GPU: LazyLock<Gpu> = LazyLock::new(open);

/// A device of its own, for tests that break it.
///
/// # Panics
/// Without an adapter: tests that cannot run must not pass.
pub fn open() -> Gpu {
    match pollster::block_on(Gpu::open(Selection::default())) {
        Ok(gpu) => gpu,
        Err(error) => panic!("these tests need an adapter: {error}"),
    }
}

/// The device that tests share.
pub fn gpu() -> &'static Gpu {
    &GPU
}

/// Trains by the layered engine.
pub fn train(gpu: &Gpu, plan: &Plan) -> Result<Outcome, Error> {
    pollster::block_on(async {
        let engine = Layered::new(gpu, plan).await?;
        engine.train(&mut |_| ControlFlow::Continue(())).await
    })
}
