//! Values that kernels are checked on: signed, ragged, with zeros, and repeated by their seed.

use crate::numeric::Stream;

/// One draw for each number up to `len`.
fn draws(seed: u64, len: usize, draw: impl Fn(Stream, u32) -> f32) -> Vec<f32> {
    let stream = Stream::new(seed);
    let count = u32::try_from(len).expect("a tensor has fewer than 2³² values");
    (0..count).map(|index| draw(stream, index)).collect()
}

/// Draws of both signs and many sizes, with zeros among them.
#[must_use]
pub fn values(seed: u64, len: usize) -> Vec<f32> {
    draws(seed, len, |stream, index| if index % 7 == 3 { 0.0 } else { 2.0 * stream.normal(index) })
}

/// A number of either sign, of any size from 2⁻³⁰ to 2⁷ alike.
fn any_size(stream: Stream, index: u32) -> f32 {
    let draw = stream.uniform(index);
    (37.0 * draw.abs() - 30.0).exp2().copysign(draw)
}

/// What a sigmoid is given: half of them as networks have them, half of any size.
#[must_use]
pub fn logits(seed: u64, len: usize) -> Vec<f32> {
    draws(seed, len, |stream, index| match index % 2 {
        0 => 2.0 * stream.normal(index),
        _ => any_size(stream, index),
    })
}

/// Draws between 0 and 1, with both among them, and with numbers close to either.
#[must_use]
pub fn probabilities(seed: u64, len: usize) -> Vec<f32> {
    draws(seed, len, |stream, index| match (index % 3, any_size(stream, index)) {
        (0, small) if small > 0.0 => small.min(1.0),
        (0, small) => (1.0 + small).max(0.0),
        _ => (0.5 * stream.normal(index) + 0.5).clamp(0.0, 1.0),
    })
}

/// Zeros and ones.
#[must_use]
pub fn targets(seed: u64, len: usize) -> Vec<f32> {
    values(seed, len).into_iter().map(|draw| f32::from(draw > 0.0)).collect()
}

/// Sizes from 1 to `most`, uniform in their logarithm: small ones are as likely as large ones.
pub fn sizes(seed: u64, most: u16) -> impl Iterator<Item = usize> {
    let stream = Stream::new(seed);
    let span = (f32::from(most) + 1.0).log2();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number from 1 to 2¹⁶, rounded down"
    )]
    let size = move |draw: f32| ((0.5 * span * (draw + 1.0)).exp2() as usize).min(most.into());
    (0..).map(move |index| size(stream.uniform(index)))
}
