//! Many networks across the lanes of vector registers and over all cores, or one network across
//! the lanes of one register.
//!
//! AVX2 with FMA is used where the processor has it; elsewhere plain arrays of eight numbers, of
//! which the compiler makes what it can. Both have an exponential of their own, since the standard
//! one takes one number at a time: e⁻ᶻ = 2ⁿ·eʳ with r = −z − n·ln 2 in ±½ ln 2, the product taken
//! off in two parts (Cody and Waite, 1980), and eʳ ≈ 1 + r + r²·q(r) by a polynomial of degree 6
//! in all, which is fitted to err by less than 4·10⁻⁹ of the result.

#[cfg(target_arch = "x86_64")]
mod avx2;
mod portable;
#[cfg(target_arch = "x86_64")]
mod wide;

use rayon::prelude::*;

use super::{PARAMETERS, scalar};

/// Networks in one vector.
pub const LANES: usize = 8;

/// Eight networks, parameter by parameter: `[PARAMETERS, LANES]`.
type Block = [[f32; LANES]; PARAMETERS];

/// Blocks that are trained together, so that there is work to do while one waits for its results.
const IN_FLIGHT: usize = 3;

/// e⁻ᶻ is that of the nearest z in ±this: both ends are normal numbers, and 1 + e⁻ᶻ is no longer
/// told from 1 or from e⁻ᶻ long before.
const CLAMP: f32 = 87.0;

/// Adding 1.5 · 2²³ rounds to an integer, which the low bits of the sum then hold.
const MAGIC: f32 = 12_582_912.0;

/// ln 2 in nine bits: its products with integers of 15 are exact.
const LN_2_HIGH: f32 = 0.693_359_4;

/// ln 2 less that.
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// Coefficients of q(r), the constant first.
const Q: [f32; 5] = [0.499_999_94, 0.166_665_21, 0.041_668_39, 0.008_368_717, 0.001_381_46];

/// What a baseline ran on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// 256-bit vectors with fused multiply and add.
    Avx2,
    /// Whatever the compiler made of arrays.
    Portable,
}

impl Instructions {
    /// The best that this processor has.
    #[must_use]
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return Self::Avx2;
        }
        Self::Portable
    }

    /// Its name in a report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Avx2 => "AVX2",
            Self::Portable => "portable SIMD",
        }
    }
}

/// Networks of the size 2-2-1, laid out for vectors: `[blocks, PARAMETERS, LANES]`; member m is
/// lane m mod 8 of block m div 8, and what the last block has left over is zero.
#[derive(Clone, Debug)]
pub struct Ensemble {
    blocks: Vec<Block>,
    member_count: usize,
}

impl Ensemble {
    /// Takes each member's parameters, in the order of [`scalar::train`].
    #[must_use]
    pub fn new(members: &[[f32; PARAMETERS]]) -> Self {
        let mut blocks = vec![[[0.0; LANES]; PARAMETERS]; members.len().div_ceil(LANES)];
        for (index, member) in members.iter().enumerate() {
            for (lanes, &value) in blocks[index / LANES].iter_mut().zip(member) {
                lanes[index % LANES] = value;
            }
        }
        Self { blocks, member_count: members.len() }
    }

    /// Each member's parameters.
    pub fn members(&self) -> impl Iterator<Item = [f32; PARAMETERS]> + '_ {
        (0..self.member_count)
            .map(|index| self.blocks[index / LANES].map(|lanes| lanes[index % LANES]))
    }

    /// Trains every member as [`scalar::train`] would, over all threads of rayon; says with what.
    pub fn train(&mut self, learning_rate: f32, steps: u32) -> Instructions {
        let instructions = Instructions::detect();
        self.train_with(instructions, learning_rate, steps);
        instructions
    }

    fn train_with(&mut self, instructions: Instructions, learning_rate: f32, steps: u32) {
        let parts = self.blocks.par_chunks_mut(IN_FLIGHT);
        parts.for_each(|blocks| match instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => {
                assert_eq!(Instructions::detect(), Instructions::Avx2);
                #[expect(unsafe_code, reason = "the compiler cannot know what was detected")]
                // SAFETY: the processor has AVX2 and FMA, as was asserted.
                unsafe {
                    avx2::train_blocks(blocks, learning_rate, steps);
                }
            }
            _ => blocks.iter_mut().for_each(|block| portable::train(block, learning_rate, steps)),
        });
    }
}

/// Trains one network as [`scalar::train`] does, across the lanes of a vector: two hidden neurons
/// times four rows are eight. Without AVX2 it is [`scalar::train`]. Says what it was.
pub fn train(parameters: &mut [f32; PARAMETERS], learning_rate: f32, steps: u32) -> Instructions {
    let instructions = Instructions::detect();
    match instructions {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => {
            #[expect(unsafe_code, reason = "the compiler cannot know what was detected")]
            // SAFETY: AVX2 and FMA were detected.
            unsafe {
                avx2::train_one(parameters, learning_rate, steps);
            }
        }
        _ => scalar::train(parameters, learning_rate, steps),
    }
    instructions
}

/// The rows that a network with a wide hidden layer is to learn.
#[derive(Clone, Copy, Debug)]
pub struct WideData<'a> {
    /// `[batch_size, 8]`, row-major.
    pub inputs: &'a [f32],
    /// `[batch_size, 1]`, a multiple of [`LANES`].
    pub targets: &'a [f32],
}

/// Trains one network of eight inputs and a hidden layer of any width on one core, eight rows in a
/// vector: the rule of [`scalar::train`]. Without AVX2 it does nothing and returns false.
///
/// # Shapes
/// `parameters` in the order of a `state_dict`: `[hidden_size, 8]`, `[hidden_size]`,
/// `[1, hidden_size]`, `[1]`.
///
/// # Panics
/// If the shapes are not those.
pub fn train_wide(
    data: WideData<'_>,
    parameters: &mut [f32],
    learning_rate: f32,
    steps: u32,
) -> bool {
    let batch_size = data.targets.len();
    assert_eq!((data.inputs.len(), batch_size % LANES), (8 * batch_size, 0), "rows in eights");
    assert_eq!(parameters.len() % 10, 1, "ten parameters a hidden neuron, and one");
    let detected = Instructions::detect() == Instructions::Avx2;
    #[cfg(target_arch = "x86_64")]
    if detected {
        #[expect(unsafe_code, reason = "the compiler cannot know what was detected")]
        // SAFETY: AVX2 and FMA were detected.
        unsafe {
            wide::train::<8>(data, parameters, learning_rate, steps);
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (learning_rate, steps);
    detected
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::Scalar;

    /// In units of the last place of the exact result. Degree 6 errs by 0.03, and the roundings of
    /// the last two sums and of r by 1.5 at most.
    const ULP: f64 = 2.0;

    /// The largest error of e⁻ᶻ in units in the last place, on z from −87 to 87.
    fn worst_error(exp_neg: impl Fn([f32; LANES]) -> [f32; LANES]) -> f64 {
        let mut worst = 0.0_f64;
        let mut steps = (-870_000_i32..=870_000).map(|step| f32::from_f64(f64::from(step) * 1e-4));
        while let Some(first) = steps.next() {
            let z: [f32; LANES] =
                std::array::from_fn(
                    |lane| if lane == 0 { first } else { steps.next().unwrap_or(0.0) },
                );
            for (z, found) in z.into_iter().zip(exp_neg(z)) {
                let exact = (-f64::from(z)).exp();
                let ulp = (exact.log2().floor() - 23.0).exp2();
                worst = worst.max((f64::from(found) - exact).abs() / ulp);
            }
        }
        worst
    }

    #[test]
    fn exp_stays_within_two_units_in_the_last_place() {
        let portable = worst_error(|z| z.map(portable::exp_neg));
        println!("portable: {portable} ULP");
        assert!(portable <= ULP, "{portable}");
        #[cfg(target_arch = "x86_64")]
        if Instructions::detect() == Instructions::Avx2 {
            #[expect(unsafe_code, reason = "the compiler cannot know what was detected")]
            // SAFETY: AVX2 and FMA were detected.
            let avx2 = worst_error(|z| unsafe { avx2::exp_neg_of(z) });
            println!("AVX2: {avx2} ULP");
            assert!(avx2 <= ULP, "{avx2}");
        }
    }

    #[test]
    fn exp_is_finite_at_the_ends_and_nan_stays_nan() {
        let ends = [f32::MAX, f32::INFINITY, 88.0, -88.0, f32::MIN, f32::NEG_INFINITY, 0.0, -0.0];
        let check = |found: [f32; LANES]| {
            assert!(found.iter().all(|&e| e.is_normal()), "{found:?}");
            assert!(found[..3].iter().all(|&e| e < 2e-38), "{found:?}");
            assert!(found[3..6].iter().all(|&e| e > 6e37), "{found:?}");
            assert_eq!(found[6..], [1.0, 1.0]);
        };
        check(ends.map(portable::exp_neg));
        assert!(portable::exp_neg(f32::NAN).is_nan());
        #[cfg(target_arch = "x86_64")]
        if Instructions::detect() == Instructions::Avx2 {
            #[expect(unsafe_code, reason = "the compiler cannot know what was detected")]
            // SAFETY: AVX2 and FMA were detected.
            let (found, nan) =
                unsafe { (avx2::exp_neg_of(ends), avx2::exp_neg_of([f32::NAN; LANES])) };
            check(found);
            assert!(nan.iter().all(|e| e.is_nan()), "{nan:?}");
        }
    }

    #[test]
    fn both_kinds_train_alike() {
        let members: Vec<_> = (0..13).map(super::super::tests::start).collect();
        let trained = |instructions| {
            let mut ensemble = Ensemble::new(&members);
            ensemble.train_with(instructions, 1.0, 300);
            ensemble.members().collect::<Vec<_>>()
        };
        let portable = trained(Instructions::Portable);
        let detected = trained(Instructions::detect());
        for (portable, detected) in portable.as_flattened().iter().zip(detected.as_flattened()) {
            assert!((portable - detected).abs() <= 1e-4 * portable.abs().max(1.0));
        }
    }

    #[test]
    fn members_come_back_as_they_went_in() {
        for count in [0, 1, 7, 8, 9, 24, 31] {
            let members: Vec<_> = (0..count).map(super::super::tests::start).collect();
            let ensemble = Ensemble::new(&members);
            assert_eq!(ensemble.members().collect::<Vec<_>>(), members);
        }
    }
}
