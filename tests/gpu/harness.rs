//! One device for all tests, outputs that notice what must not happen to them, and the comparison
//! with the bound.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use parity::error::Error;
use parity::gpu::{Dispatch, Gpu, Selection, Tensor};
use parity::rng::Stream;
use parity::scalar::{Enclosure, Scalar};
use parity::train::{Budget, Fused, Layered, Observer, Outcome, Plan};

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

/// An engine that a plan can be run on.
#[derive(Clone, Copy, Debug)]
pub enum Engine {
    Layered,
    Fused,
}

pub const ENGINES: [Engine; 2] = [Engine::Layered, Engine::Fused];

/// Trains to the end.
pub fn train(engine: Engine, gpu: &Gpu, plan: &Plan) -> Result<Outcome, Error> {
    train_observed(engine, gpu, plan, &mut |_| ControlFlow::Continue(()))
}

/// Trains until the observer breaks off.
pub fn train_observed(
    engine: Engine,
    gpu: &Gpu,
    plan: &Plan,
    observe: &mut Observer<'_>,
) -> Result<Outcome, Error> {
    pollster::block_on(async {
        match engine {
            Engine::Layered => Layered::new(gpu, plan).await?.train(observe).await,
            Engine::Fused => Fused::new(gpu, plan, Budget::Hopeful).await?.train(observe).await,
        }
    })
}

/// What an output holds before the kernel writes it: a NaN that no arithmetic makes.
const POISON: u32 = 0x7fc0_dead;

/// Values before and behind each output that nobody may touch.
const FENCE: usize = 64;

/// A tensor that a kernel writes, between two fences.
pub struct Output {
    whole: Tensor,
    pub tensor: Tensor,
}

impl Output {
    /// One that must be written wherever it is read.
    pub fn poisoned(len: usize) -> Self {
        Self::of(&vec![f32::from_bits(POISON); len])
    }

    /// One that the kernel updates.
    pub fn of(values: &[f32]) -> Self {
        let fence = [f32::from_bits(POISON); FENCE];
        let fenced = [&fence, values, &fence].concat();
        let whole = pollster::block_on(gpu().upload("output", &fenced)).expect("it fits");
        Self { tensor: whole.part(FENCE, values.len()), whole }
    }

    /// What the kernel wrote.
    pub fn read(&self) -> Vec<f32> {
        let words: Vec<u32> = pollster::block_on(gpu().read(&self.whole)).expect("a readback");
        let len = self.tensor.len();
        let fences = words[..FENCE].iter().chain(&words[FENCE + len..]);
        assert!(fences.copied().all(|word| word == POISON), "it wrote outside of its output");
        words[FENCE..FENCE + len].iter().map(|&word| f32::from_bits(word)).collect()
    }
}

/// Runs dispatches in order.
pub fn run(dispatches: &[Dispatch]) {
    pollster::block_on(async {
        let mut nothing = gpu().readback(1).await?;
        gpu().submit(dispatches, &[], &mut nothing, None).await
    })
    .expect("they run");
}

/// Draws of both signs and many sizes, with zeros among them.
pub fn values(seed: u64, len: usize) -> Vec<f32> {
    let stream = Stream::new(seed);
    let count = u32::try_from(len).expect("a length");
    let draw = |index: u32| if index % 7 == 3 { 0.0 } else { 2.0 * stream.normal(index) };
    (0..count).map(draw).collect()
}

/// Zeros and ones.
pub fn targets(seed: u64, len: usize) -> Vec<f32> {
    values(seed, len).into_iter().map(|draw| f32::from(draw > 0.0)).collect()
}

/// Each value must lie in its enclosure; returns the largest share of a bound that was used.
///
/// # Panics
/// At the first that does not; poison never does.
pub fn assert_within(case: &str, found: &[f32], expected: &[Enclosure]) -> f64 {
    assert_eq!(found.len(), expected.len(), "{case}");
    let mut worst = 0.0_f64;
    for (index, (&found, expected)) in found.iter().zip(expected).enumerate() {
        let (value, bound) = (expected.to_f64(), expected.error());
        let error = (f64::from(found) - value).abs();
        assert!(bound.is_finite(), "{case}, index {index}: {expected:?} proves nothing");
        assert!(
            error <= bound,
            "{case}, index {index}: {found:e}, expected {value:e} ± {bound:e}; off by {error:e}"
        );
        if error > 0.0 {
            worst = worst.max(error / bound);
        }
    }
    println!("{case}: worst error {:.1} % of its bound", 100.0 * worst);
    worst
}
