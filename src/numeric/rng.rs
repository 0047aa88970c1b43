//! Philox4x32-10, the counter-based generator of Salmon et al., "Parallel Random Numbers: As Easy
//! as 1, 2, 3" (SC 2011). A draw is a pure function of (key, counter): any weight of any network
//! can be drawn again alone, in any order, on any device.

/// Multipliers and key increments of the 4×32 variant (Random123, `philox.h`).
const MULTIPLIERS: [u32; 2] = [0xd251_1f53, 0xcd9e_8d57];
const WEYL: [u32; 2] = [0x9e37_79b9, 0xbb67_ae85];
const ROUNDS: usize = 10;

/// Four random words for one counter under one key.
#[must_use]
pub fn philox4x32(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..ROUNDS {
        let first = u64::from(MULTIPLIERS[0]) * u64::from(counter[0]);
        let second = u64::from(MULTIPLIERS[1]) * u64::from(counter[2]);
        counter = [
            high(second) ^ counter[1] ^ key[0],
            low(second),
            high(first) ^ counter[3] ^ key[1],
            low(first),
        ];
        key = [key[0].wrapping_add(WEYL[0]), key[1].wrapping_add(WEYL[1])];
    }
    counter
}

fn high(word: u64) -> u32 {
    low(word >> 32)
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is asked for")]
fn low(word: u64) -> u32 {
    word as u32
}

/// The draws that belong to one seed and one member of an ensemble: one block of four words for
/// each index.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    /// The seed.
    pub key: [u32; 2],
    /// The words of the counter behind the index: the lower half of the member's number, what is
    /// drawn, and the upper half.
    pub counter: [u32; 3],
}

impl Stream {
    /// The stream of a seed, for the initial parameters of member 0.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { key: [low(seed), high(seed)], counter: [0; 3] }
    }

    /// The same for another member.
    #[must_use]
    pub fn of_member(self, member: u64) -> Self {
        Self { counter: [low(member), 0, high(member)], ..self }
    }

    /// The same for another purpose than the parameters, which are number 0.
    #[must_use]
    pub fn for_purpose(self, purpose: u32) -> Self {
        let [low, _, high] = self.counter;
        Self { counter: [low, purpose, high], ..self }
    }

    /// Words number 4·`index` to 4·`index` + 3.
    #[must_use]
    pub fn words(self, index: u32) -> [u32; 4] {
        let [member, purpose, last] = self.counter;
        philox4x32([index, member, purpose, last], self.key)
    }

    /// Draw number `index` of the uniform law on [−1, 1): a multiple of 2⁻²³, so exact in `f32`.
    #[must_use]
    pub fn uniform(self, index: u32) -> f32 {
        let [word, ..] = self.words(index);
        let steps = f64::from(word >> 8);
        #[expect(clippy::cast_possible_truncation, reason = "24 bits fit an f32 exactly")]
        let value = (steps / 8_388_608.0 - 1.0) as f32;
        value
    }

    /// Draw number `index` of the standard normal law, by Box and Muller (1958).
    #[must_use]
    pub fn normal(self, index: u32) -> f32 {
        let [first, second, ..] = self.words(index);
        // The half keeps the logarithm's argument inside (0, 1).
        let radius = (-2.0 * ((f64::from(first) + 0.5) / 4_294_967_296.0).ln()).sqrt();
        let angle = std::f64::consts::TAU * f64::from(second) / 4_294_967_296.0;
        #[expect(clippy::cast_possible_truncation, reason = "parameters are f32")]
        let value = (radius * angle.cos()) as f32;
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Random123 1.14, `tests/kat_vectors`, the lines `philox4x32 10`.
    #[test]
    fn philox_gives_the_known_answers_of_random123() {
        let ones = u32::MAX;
        let cases = [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([ones; 4], [ones; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, answer) in cases {
            assert_eq!(philox4x32(counter, key), answer);
        }
    }

    #[test]
    fn uniform_stays_inside_its_interval_and_fills_it() {
        let stream = Stream::new(7);
        let draws: Vec<f32> = (0..10_000).map(|index| stream.uniform(index)).collect();
        assert!(draws.iter().all(|draw| (-1.0..1.0).contains(draw)));
        let mean = draws.iter().sum::<f32>() / 10_000.0;
        // Four standard errors of the mean of 10,000 draws with variance 1/3.
        assert!(mean.abs() < 4.0 / (3.0_f32 * 10_000.0).sqrt(), "mean {mean}");
    }

    #[test]
    fn normal_has_unit_variance() {
        let stream = Stream::new(7);
        let sum: f32 = (0..10_000).map(|index| stream.normal(index).powi(2)).sum();
        // Four standard errors: the variance of χ²₁ is 2.
        assert!((sum / 10_000.0 - 1.0).abs() < 4.0 * (2.0_f32 / 10_000.0).sqrt(), "{sum}");
    }
}
