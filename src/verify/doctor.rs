//! What an adapter is like, in figures, and whether it computes what training rests on.

use serde::Serialize;

use super::accuracy::Accuracy;
use super::cases::probe_arithmetic::{Answers, is_needed, is_subnormal};
use super::cases::{probe_loops, probe_workgroup};
use super::timestamps::{self, Timestamps};
use super::{Effort, Failure, Fault, Trial};
use crate::cpu::probe_arithmetic::Operation;
use crate::error::Error;
use crate::file::sha256;
use crate::gpu::Gpu;
use crate::numeric::{LOG_MIDDLE, Scalar};

/// The same seed everywhere: findings are compared between machines.
const EFFORT: Effort = Effort { seed: 0, cases: 1 << 18, quick: true, thorough: false };

/// Letters of the hash that stand for all of it.
const SHORT: usize = 12;

/// How often a question that has two answers got each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Habit {
    /// Times that it was so.
    pub yes: u64,
    /// Times that it was not.
    pub no: u64,
}

impl Habit {
    fn add(&mut self, yes: bool) {
        *(if yes { &mut self.yes } else { &mut self.no }) += 1;
    }

    /// In one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match (self.yes, self.no) {
            (0, 0) => "unknown",
            (0, _) => "no",
            (_, 0) => "yes",
            _ => "mixed",
        }
    }
}

/// Iterations that an invocation makes of its loops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Loops {
    /// How many it was asked for.
    pub asked: u32,
    /// Made of one loop.
    pub single: u32,
    /// Made of the inner of two nested loops.
    pub nested: u32,
}

/// An adapter in figures.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Fingerprint {
    /// The hash and the habits in short, by which adapters and drivers are told apart. Times have
    /// no part in it, so one adapter has one line.
    pub line: String,
    /// Hash of all bits that the probes gave.
    pub sha256: String,
    /// After how many iterations loops end.
    pub loops: Loops,
    /// The worst `exp`.
    pub exp: Accuracy,
    /// The worst `log` of what is not between ½ and 2.
    pub log: Accuracy,
    /// The worst `log` of what is.
    pub log_middle: Accuracy,
    /// The worst quotient.
    pub division: Accuracy,
    /// Whether `a * b + c` is rounded once; where that makes a difference.
    pub fused: Habit,
    /// Whether inexact products and sums are rounded to the nearest number: WGSL names no direction.
    pub nearest: Habit,
    /// Whether subnormal operands count as zero.
    pub operands_flushed: Habit,
    /// Whether subnormal results become zero.
    pub results_flushed: Habit,
    /// Whether `x != x` finds a NaN.
    pub nan_differs: Habit,
    /// Whether the device's clock can be believed.
    pub timestamps: Timestamps,
}

/// A part of the examination.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// Values that are as they must be.
    pub values: u64,
    /// The first that is not.
    pub fault: Option<Fault>,
    /// Whether training rests on it; else a fault is a habit of the adapter.
    pub is_needed: bool,
}

/// All that was found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Diagnosis {
    /// What the adapter is like.
    pub fingerprint: Fingerprint,
    /// Whether it computes what training rests on.
    pub checks: Vec<Check>,
}

impl Diagnosis {
    /// What is wrong with the adapter.
    pub fn faults(&self) -> impl Iterator<Item = &Fault> {
        let needed = self.checks.iter().filter(|check| check.is_needed);
        needed.filter_map(|check| check.fault.as_ref())
    }

    /// Notes what a check came to; gives back what it found if that was right.
    fn note<T>(
        &mut self,
        name: &'static str,
        trial: &Trial<'_>,
        result: Result<T, Failure>,
    ) -> Result<Option<T>, Error> {
        let (found, fault) = match result.and_then(|found| trial.all_checked().map(|()| found)) {
            Ok(found) => (Some(found), None),
            Err(Failure::Fault(fault)) => (None, Some(*fault)),
            Err(Failure::Error(error)) => return Err(error),
        };
        let (values, is_needed) = (trial.tally.values, true);
        self.checks.push(Check { name, values, fault, is_needed });
        Ok(found)
    }
}

/// Examines an adapter: runs the probes, and goes on where one finds a fault.
///
/// # Errors
/// [`Error::Gpu`] if the device fails.
pub async fn examine(gpu: &Gpu) -> Result<Diagnosis, Error> {
    let mut diagnosis = Diagnosis::default();
    let mut bits = vec![];
    for operation in Operation::ALL {
        let mut trial = Trial::new(gpu, "probe_arithmetic", EFFORT);
        let verdict = match Answers::of(&mut trial, operation).await {
            Ok(answers) => {
                bits.extend_from_slice(&answers.found);
                diagnosis.fingerprint.observe(operation, &answers);
                answers.judge(&mut trial)
            }
            Err(failure) => Err(failure),
        };
        diagnosis.note(what(operation), &trial, verdict)?;
        let check = diagnosis.checks.last_mut().expect("it was noted");
        check.is_needed = is_needed(operation);
    }
    let mut trial = Trial::new(gpu, "probe_workgroup", EFFORT);
    let verdict = probe_workgroup::check(&mut trial).await;
    diagnosis.note("barriers, sums and exchange among 256 invocations", &trial, verdict)?;
    let mut trial = Trial::new(gpu, "probe_loops", EFFORT);
    let verdict = probe_loops::check(&mut trial).await;
    diagnosis.note("iterations of short loops", &trial, verdict)?;
    let mut trial = Trial::new(gpu, "probe_loops", EFFORT);
    let verdict = loops(&mut trial).await;
    if let Some(loops) = diagnosis.note("count and work of long loops", &trial, verdict)? {
        bits.extend([loops.single, loops.nested]);
        diagnosis.fingerprint.loops = loops;
    }
    diagnosis.fingerprint.timestamps = timestamps::examine(&trial).await?;
    diagnosis.fingerprint.condense(&bits);
    Ok(diagnosis)
}

async fn loops(trial: &mut Trial<'_>) -> Result<Loops, Failure> {
    let mut fewest = [0; 2];
    for (fewest, loops) in fewest.iter_mut().zip(probe_loops::LARGE) {
        let counts = probe_loops::counts(trial, loops).await?;
        *fewest = counts.into_iter().min().expect("there are invocations");
    }
    let [single, nested] = fewest;
    Ok(Loops { asked: probe_loops::asked(probe_loops::LARGE[0]), single, nested })
}

/// What a check of an operation looks at.
fn what(operation: Operation) -> &'static str {
    match operation {
        Operation::Copy => "words there and back",
        Operation::Exp => "exp, within twice WGSL's table",
        Operation::Log => "log, within twice WGSL's table; no kernel calls it",
        Operation::Divide => "a / b, within 2.5 ULP",
        Operation::Multiply => "a * b",
        Operation::Add => "a + b",
        Operation::MultiplyAdd => "a * b + c, fused or not, rounded either way",
        Operation::Classify => "numbers, infinities and NaNs, by their bits",
        Operation::FiniteResult => "results that are no numbers, by their bits",
        Operation::Differs => "x != x is false for numbers",
    }
}

/// Whether a · b + c says how often it was rounded: the fused result is exact, and no direction of
/// rounding makes the other the same.
fn tells_fusion([a, b, c]: [f32; 3]) -> bool {
    let fused = a.mul_add(b, c);
    fused != a * b + c && fused.to_f64() == a.to_f64() * b.to_f64() + c.to_f64()
}

impl Fingerprint {
    /// Takes in what the device answered.
    fn observe(&mut self, operation: Operation, answers: &Answers) {
        for (operands, word) in answers.pairs() {
            let numbers @ [a, b, c] = operands.map(f32::from_bits);
            let found = f32::from_bits(word);
            let truth = || operation.value(numbers.map(f64::from)).expect("it gives a number");
            match operation {
                Operation::Exp => self.exp.add(operation, &[a], truth(), found),
                Operation::Log if LOG_MIDDLE.contains(&a.into()) => {
                    self.log_middle.add(operation, &[a], truth(), found);
                }
                Operation::Log => self.log.add(operation, &[a], truth(), found),
                Operation::Divide => self.division.add(operation, &[a, b], truth(), found),
                Operation::Multiply | Operation::Add if a.is_subnormal() || b.is_subnormal() => {
                    self.operands_flushed.add(found == 0.0);
                }
                Operation::Multiply | Operation::Add if is_subnormal(&[], truth()) => {
                    self.results_flushed.add(found == 0.0);
                }
                Operation::Multiply | Operation::Add
                    if truth() != f32::from_f64(truth()).to_f64() =>
                {
                    self.nearest.add(found == f32::from_f64(truth()));
                }
                Operation::MultiplyAdd if tells_fusion([a, b, c]) => {
                    self.fused.add(found == a.mul_add(b, c));
                }
                Operation::Differs if a.is_nan() => self.nan_differs.add(word == 1),
                _ => {}
            }
        }
    }

    /// Makes the hash, and the line from it.
    fn condense(&mut self, bits: &[u32]) {
        let bytes: Vec<_> = bits.iter().copied().flat_map(u32::to_le_bytes).collect();
        self.sha256 = sha256(&bytes);
        self.line = format!(
            "{} loops={}/{} exp={:.2} log={:.2}/{:.2} div={:.2} fused={} flushed={}/{} nan={}",
            &self.sha256[..SHORT],
            self.loops.single,
            self.loops.nested,
            self.exp.share,
            self.log.share,
            self.log_middle.share,
            self.division.share,
            self.fused.word(),
            self.operands_flushed.word(),
            self.results_flushed.word(),
            self.nan_differs.word(),
        );
    }
}
