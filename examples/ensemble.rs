//! Trains a thousand networks at once: `cargo run --release --example ensemble`.

use std::ops::ControlFlow;

use parity::error::Error;
use parity::gpu::{Gpu, Selection};
use parity::sweep::{EnsemblePlan, Population, wilson};
use parity::task::{Dataset, Init, Method, Recipe};

pub(crate) fn main() -> Result<(), Error> {
    pollster::block_on(async {
        let gpu = Gpu::open(Selection::default()).await?;
        let recipe = Recipe::new(Dataset::parity(2)?, "2-2-1".parse()?, Method::PLAIN, 2_000)?;
        let population = Population::new(recipe, Init::Torch);
        let (networks, seed) = (1_000, 7);
        let chunk_size = population.chunk_size(&gpu, networks)?;
        let plan = EnsemblePlan { population, networks, seed, vary: vec![], sample: vec![] };
        let found = plan.run(&gpu, chunk_size, &mut |_| ControlFlow::Continue(())).await?;
        let solved = found.steps_to_solve.total();
        let [low, high] = wilson(solved, found.networks).map(|rate| 100.0 * rate);
        println!("{solved} of {networks} learn XOR: {low:.1} to {high:.1} % (95 % interval)");
        if let Some(step) = found.steps_to_solve.quantile(0.5) {
            println!("half of them by step {step}");
        }
        assert!(solved > 500, "{solved} of {networks}");
        Ok(())
    })
}
