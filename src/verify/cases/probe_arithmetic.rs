//! Checks of `probe_arithmetic`: whether the device's arithmetic is what all bounds rest on.

use crate::cpu::probe_arithmetic::{Operation, probe_arithmetic as twin};
use crate::gpu::Kernel;
use crate::kernels::probe_arithmetic::{self, MOST_ELEMENTS};
use crate::numeric::{Enclosure, Scalar};
use crate::verify::accuracy::passing;
use crate::verify::inputs::{Operands, operands};
use crate::verify::{Failure, Trial};

/// Elements behind those that are asked for, of which none may be written.
const SPARE: usize = 70;

/// What they hold.
const UNTOUCHED: f32 = f32::from_bits(0x5ca1_ab1e);

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    for operation in Operation::ALL {
        let verdict = Answers::of(trial, operation).await?.judge(trial);
        if is_needed(operation) {
            verdict?;
        } else {
            trial.allow(verdict)?;
        }
    }
    Ok(())
}

/// Whether training rests on it: no kernel calls `log`.
pub(in crate::verify) fn is_needed(operation: Operation) -> bool {
    operation != Operation::Log
}

/// What the device made of some operands.
pub(in crate::verify) struct Answers {
    operation: Operation,
    operands: Vec<Operands>,
    /// One for each of them.
    pub found: Vec<u32>,
}

impl Answers {
    /// Asks the device for as many as the effort says, or some times as many.
    ///
    /// # Errors
    /// A fault if it wrote what it was not asked for, or why it did not answer.
    pub async fn of(trial: &mut Trial<'_>, operation: Operation) -> Result<Self, Failure> {
        let overrides = probe_arithmetic::overrides(operation.number());
        let kernel = Kernel::new(trial.gpu, &probe_arithmetic::SPEC, &overrides).await?;
        let count = trial.effort.cases * weight(operation);
        let operands = operands(operation, trial.effort.seed, count);
        let mut found = vec![];
        for operands in operands.chunks(MOST_ELEMENTS) {
            let len = operands.len();
            let padded = |place: usize| {
                let words = operands.iter().map(|words| words[place]);
                words.chain(vec![operands[0][place]; SPARE]).collect::<Vec<_>>()
            };
            let [a, b, c] = [padded(0), padded(1), padded(2)];
            let inputs = [trial.input(&a).await?, trial.input(&b).await?, trial.input(&c).await?];
            let out = trial.output("results", &vec![UNTOUCHED; len + SPARE]).await?;
            let tensors = [&inputs[0], &inputs[1], &inputs[2], &out.tensor];
            let dispatch = probe_arithmetic::dispatch(trial.gpu, &kernel, len, tensors).await?;
            trial.run(&[dispatch]).await?;
            let case = format!("{operation:?} of {len}");
            let words = trial.read_words(&case, &out).await?;
            let (asked, spare) = words.split_at(len);
            trial.equal(&case, "results not asked for", spare, &[UNTOUCHED.to_bits(); SPARE])?;
            found.extend_from_slice(asked);
        }
        Ok(Self { operation, operands, found })
    }

    /// Each with its result.
    pub fn pairs(&self) -> impl Iterator<Item = (Operands, u32)> {
        self.operands.iter().copied().zip(self.found.iter().copied())
    }

    /// Whether each is what it may be.
    ///
    /// # Errors
    /// The first that is not.
    pub fn judge(&self, trial: &mut Trial<'_>) -> Result<(), Failure> {
        let case = format!("{:?}", self.operation);
        let values = self.pairs().map(|(operands, found)| self.value(operands, found));
        let verdict = if let Some(expected) = values.collect::<Option<Vec<_>>>() {
            let found = self.found.iter().zip(&expected);
            let found: Vec<_> = found.map(|(&word, expected)| as_seen(word, expected)).collect();
            trial.compare(&case, "results", &found, &expected)
        } else {
            let words = self.pairs().map(|(operands, found)| self.word(operands, found));
            trial.equal(&case, "results", &self.found, &words.collect::<Vec<_>>())
        };
        verdict.map_err(|failure| self.named(failure))
    }

    /// The number that must be there, where the device has `found`.
    fn value(&self, operands: Operands, found: u32) -> Option<Enclosure> {
        let numbers = operands.map(f32::from_bits);
        let truth = self.operation.value(numbers.map(f64::from))?;
        let found = f32::from_bits(found);
        let exactly = |value: f64| Enclosure::new(value, 0.0);
        Some(match self.operation {
            Operation::Multiply | Operation::Add if is_subnormal(&numbers[..2], truth) => {
                exactly(if found == 0.0 { 0.0 } else { truth })
            }
            // WGSL does not say which neighbour.
            Operation::Multiply | Operation::Add => {
                let may_be = neighbours([truth, 0.0]).contains(&found);
                Enclosure::from_f32(if may_be { found } else { f32::from_f64(truth) })
            }
            Operation::MultiplyAdd => {
                let [a, b, c] = numbers;
                let may_be = products_and_sums(numbers).any(|result| result == found);
                Enclosure::from_f32(if may_be { found } else { a * b + c })
            }
            _ => {
                let expected = passing(self.operation, numbers[0].into(), truth);
                let (value, error) = (expected.to_f64(), expected.error());
                // If the largest number is within the bound, infinity is, too, and how far off
                // either is says nothing.
                let is_at_end =
                    value + error >= f32::MAX.into() && f64::from(found) >= value - error;
                if is_at_end { Enclosure::from_f32(found.min(f32::MAX)) } else { expected }
            }
        })
    }

    /// The word that must be there, where the device has `found`.
    fn word(&self, operands: Operands, found: u32) -> u32 {
        let is_open = self.operation == Operation::Differs
            && f32::from_bits(operands[0]).is_nan()
            && found <= 1;
        // WGSL lets a device assume that there are no NaNs.
        if is_open { found } else { twin(self.operation, operands) }
    }

    /// The failure with the operands in place of the operation alone.
    fn named(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Fault(mut fault) => {
                let [a, b, c] = self.operands[fault.index].map(f32::from_bits);
                fault.case = format!("{:?} of a = {a:e}, b = {b:e}, c = {c:e}", self.operation);
                Failure::Fault(fault)
            }
            error @ Failure::Error(_) => error,
        }
    }
}

/// How many times as many operands it takes to come close to the worst.
fn weight(operation: Operation) -> usize {
    match operation {
        Operation::Exp | Operation::Log => 4,
        _ => 1,
    }
}

/// What a · b + c may be: WGSL leaves open whether the product is rounded before the sum, and to which
/// of its two neighbours a result is rounded.
fn products_and_sums(numbers: [f32; 3]) -> impl Iterator<Item = f32> {
    let [a, b, c] = numbers.map(f64::from);
    // The product of two `f32` is exact in `f64`.
    let products = neighbours([a * b, 0.0]).map(f64::from).into_iter().chain([a * b]);
    products.flat_map(move |product| neighbours([product, c]))
}

/// The `f32` on both sides of a sum; twice the same where that is the sum.
fn neighbours([a, b]: [f64; 2]) -> [f32; 2] {
    // What rounding leaves out of the sum (D. E. Knuth, "The Art of Computer Programming", 4.2.2).
    let sum = a + b;
    let part = sum - a;
    let rest = (a - (sum - part)) + (b - part);
    let nearest = f32::from_f64(sum);
    let beyond = (sum - f64::from(nearest)) + rest;
    let other = if beyond > 0.0 { nearest.next_up() } else { nearest.next_down() };
    [nearest, if beyond == 0.0 { nearest } else { other }]
}

/// Whether an operand or the result may be flushed; such operands were chosen so that the result
/// is exact.
pub(in crate::verify) fn is_subnormal(operands: &[f32], truth: f64) -> bool {
    operands.iter().any(|operand| operand.is_subnormal()) || truth.abs() < f32::MIN_POSITIVE.into()
}

/// The number in the word; the largest for infinity where that may be there.
fn as_seen(word: u32, expected: &Enclosure) -> f32 {
    let found = f32::from_bits(word);
    let may_overflow = expected.to_f64() + expected.error() >= f32::MAX.into();
    if found == f32::INFINITY && may_overflow { f32::MAX } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `f64` values rounded to `f32` in one direction.
    fn rounded(value: f64, direction: i32) -> f32 {
        let nearest = f32::from_f64(value);
        match f64::from(nearest) - value {
            above if above > 0.0 && direction < 0 => nearest.next_down(),
            below if below < 0.0 && direction > 0 => nearest.next_up(),
            _ => nearest,
        }
    }

    /// A device may round up, down, to zero or to the nearest number, once or twice; one that is off
    /// by more than that is found out.
    #[test]
    fn a_product_and_a_sum_may_be_rounded_in_any_direction() {
        let (mut wrong, mut telling) = (0, 0);
        for words in operands(Operation::MultiplyAdd, 7, 6_000) {
            let numbers @ [a, b, c] = words.map(f32::from_bits);
            let may_be = |found: f32| products_and_sums(numbers).any(|result| result == found);
            let product = f64::from(a) * f64::from(b);
            let toward_zero = |value: f64| rounded(value, if value > 0.0 { -1 } else { 1 });
            assert!(may_be(a.mul_add(b, c)) && may_be(a * b + c), "{numbers:?}");
            for direction in [-1, 1] {
                let twice =
                    rounded(f64::from(rounded(product, direction)) + f64::from(c), direction);
                assert!(may_be(twice), "{numbers:?}: {twice:e}, {direction}");
            }
            let twice = toward_zero(f64::from(toward_zero(product)) + f64::from(c));
            assert!(may_be(twice), "{numbers:?}: {twice:e}");
            telling += u32::from(twice != a.mul_add(b, c) && twice != a * b + c);
            let off = a.mul_add(b, c);
            wrong += u32::from(!may_be(f32::from_bits(off.to_bits() ^ 4)));
        }
        assert!(telling > 2_000 && wrong > 5_000, "{telling} tell, {wrong} are found out");
    }

    #[test]
    fn neighbours_are_on_both_sides_of_a_sum_that_no_f64_holds() {
        let tiny = 2.0_f64.powi(-80);
        assert_eq!(neighbours([1.0, tiny]), [1.0, 1.0_f32.next_up()]);
        assert_eq!(neighbours([1.0, -tiny]), [1.0, 1.0_f32.next_down()]);
        assert_eq!(neighbours([1.0, 0.25]), [1.25; 2]);
    }
}
