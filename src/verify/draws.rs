//! Values that kernels are checked on: signed, ragged, with zeros, and repeated by their seed.

use crate::rng::Stream;

/// Draws of both signs and many sizes, with zeros among them.
#[must_use]
pub fn values(seed: u64, len: usize) -> Vec<f32> {
    let stream = Stream::new(seed);
    let count = u32::try_from(len).expect("a tensor has fewer than 2³² values");
    let draw = |index: u32| if index % 7 == 3 { 0.0 } else { 2.0 * stream.normal(index) };
    (0..count).map(draw).collect()
}

/// Integers from −3 to 3: sums of their products are exact in any order, so not one may be lost.
#[must_use]
pub fn integers(seed: u64, len: usize) -> Vec<f32> {
    values(seed, len).into_iter().map(|draw| draw.round().clamp(-3.0, 3.0)).collect()
}

/// Draws between 0 and 1, with both among them.
#[must_use]
pub fn probabilities(seed: u64, len: usize) -> Vec<f32> {
    let draws = values(seed, len);
    draws.into_iter().map(|draw| (0.25 * draw + 0.5).clamp(0.0, 1.0)).collect()
}

/// Zeros and ones.
#[must_use]
pub fn targets(seed: u64, len: usize) -> Vec<f32> {
    values(seed, len).into_iter().map(|draw| f32::from(draw > 0.0)).collect()
}
