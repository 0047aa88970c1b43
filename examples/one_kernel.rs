//! Launches one kernel by itself: `cargo run --release --example one_kernel`.

use parity::error::Error;
use parity::gpu::{Gpu, Selection};
use parity::kernels::activation;
use parity::task::Activation;

pub(crate) fn main() -> Result<(), Error> {
    pollster::block_on(async {
        let gpu = Gpu::open(Selection::default()).await?;
        let input = [-2.0_f32, -1.0, 0.0, 1.0, 2.0];
        let pre_activations = gpu.upload("pre_activations", &input).await?;
        let activations = gpu.zeros("activations", input.len()).await?;
        let kernel = activation::kernel(&gpu, Activation::Sigmoid, true).await?;
        // A dispatch is data: it can be submitted any number of times.
        let tensors = [&pre_activations, &activations];
        let dispatch = activation::dispatch(&gpu, &kernel, tensors).await?;
        gpu.submit([&dispatch], &[], &mut gpu.readback(0).await?, None).await?;
        for (z, a) in input.iter().zip(gpu.read::<f32>(&activations).await?) {
            println!("sigmoid({z}) = {a}");
            assert!((a - 1.0 / (1.0 + (-z).exp())).abs() < 1e-6, "{a}");
        }
        Ok(())
    })
}
