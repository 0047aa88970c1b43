//! Problems that are drawn at random, from the seed of the effort, for as long as there is time.

use std::time::Duration;

use super::Effort;
use crate::numeric::Stream;

/// The purpose of the streams that problems are drawn from.
const PROBLEM: u32 = 0x9b0b;

/// Draws from one stream, one after the other.
pub(super) struct Draws {
    stream: Stream,
    index: u32,
}

impl Draws {
    pub fn new(seed: u64, number: u32) -> Self {
        Self { stream: Stream::new(seed).of_member(number.into()).for_purpose(PROBLEM), index: 0 }
    }

    /// From 0 up to, but not including, 1.
    pub fn share(&mut self) -> f32 {
        self.index += 1;
        0.5 * (self.stream.uniform(self.index) + 1.0)
    }

    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        let place = self.size([1, all.len()], false);
        all[place - 1]
    }

    /// A whole number between two, both included; of either size as likely, if by its logarithm.
    pub fn size(&mut self, [low, high]: [usize; 2], by_log: bool) -> usize {
        let high = high.max(low);
        #[expect(clippy::cast_precision_loss, reason = "sizes are few")]
        let [from, to] = [low as f32, high as f32 + 1.0];
        let share = self.share();
        let drawn =
            if by_log { from * (to / from).powf(share) } else { from + share * (to - from) };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size")]
        let drawn = drawn as usize;
        drawn.clamp(low, high)
    }

    /// A power of two with an exponent between two.
    pub fn power(&mut self, [low, high]: [f32; 2]) -> f32 {
        (low + (high - low) * self.share()).exp2()
    }
}

/// How many problems there are time for: at least some, then as many as begin before it is over.
pub(super) fn times(effort: Effort) -> (u32, Duration) {
    match effort {
        Effort { quick: true, .. } => (1, Duration::ZERO),
        Effort { thorough: true, .. } => (4, Duration::from_mins(1)),
        _ => (1, Duration::from_secs(1)),
    }
}
