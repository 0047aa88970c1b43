//! Trains XOR, and prints the loss as it falls: `cargo run --release --example train_xor`.

use std::ops::ControlFlow;

use parity::error::Error;
use parity::gpu::{Gpu, Selection};
use parity::task::{Dataset, Init, Method, Parameters};
use parity::train::{Plan, Progress, train};

pub(crate) fn main() -> Result<(), Error> {
    pollster::block_on(async {
        let gpu = Gpu::open(Selection::default()).await?;
        let start = Parameters::initialise(&"2-2-1".parse()?, Init::Torch, 48);
        let plan = Plan::new(Dataset::parity(2)?, Method::sgd(1.0), start, 10_000, 1_000)?;
        // Called between submissions; `Break` would end the run.
        let mut observe = |Progress { step, loss }: Progress| {
            println!("step {step}: loss {}", loss.unwrap_or(f32::NAN));
            ControlFlow::Continue(())
        };
        let outcome = train(&gpu, &plan, &mut observe).await?;
        println!("0 xor 1 is 1 with probability {}", outcome.probabilities[1]);
        assert!(plan.is_learned(&outcome), "a loss of {}", outcome.final_loss);
        Ok(())
    })
}
