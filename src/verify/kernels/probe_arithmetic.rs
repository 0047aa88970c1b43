//! Checks of `probe_arithmetic`: whether the device's arithmetic is what all bounds rest on.

use crate::cpu::probe_arithmetic::{Operation, probe_arithmetic as twin};
use crate::gpu::Kernel;
use crate::kernels::probe_arithmetic::{self, MOST_ELEMENTS};
use crate::scalar::{Enclosure, Scalar, ulp};
use crate::verify::accuracy::passing;
use crate::verify::operands::{Operands, operands};
use crate::verify::{Failure, Trial};

/// Elements behind those that are asked for, of which none may be written.
const SPARE: usize = 70;

/// What they hold.
const UNTOUCHED: f32 = f32::from_bits(0x5ca1_ab1e);

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    for operation in Operation::ALL {
        Answers::of(trial, operation).await?.judge(trial)?;
    }
    Ok(())
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
            Operation::Multiply | Operation::Add => Enclosure::new(truth, ulp(truth)),
            Operation::MultiplyAdd => {
                let [a, b, c] = numbers;
                let fused = a.mul_add(b, c);
                exactly(if found == fused { fused } else { a * b + c }.into())
            }
            _ => passing(self.operation, numbers[0].into(), truth),
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

/// Whether an operand or the result may be flushed; such operands were chosen so that the result
/// is exact.
pub(in crate::verify) fn is_subnormal(operands: &[f32], truth: f64) -> bool {
    operands.iter().any(|operand| operand.is_subnormal()) || truth.abs() < f32::MIN_POSITIVE.into()
}

/// The number in the word; the largest for infinity where that may be there.
fn as_seen(word: u32, expected: &Enclosure) -> f32 {
    let found = f32::from_bits(word);
    let may_overflow = expected.to_f64() + expected.error() > f32::MAX.into();
    if found == f32::INFINITY && may_overflow { f32::MAX } else { found }
}
