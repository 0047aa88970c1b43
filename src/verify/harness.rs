//! A kernel on trial: outputs that notice what must not happen to them, the comparison with the
//! bound, and what all comparisons gave.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::error::Error;
use crate::gpu::{Dispatch, Gpu, Tensor, aligned_len};
use crate::numeric::{Enclosure, FLUSH, Scalar, ulp};

/// What an output holds before the kernel writes it: a NaN that no arithmetic makes.
pub(super) const POISON: u32 = 0x7fc0_dead;

/// Number of values before and behind each output, and behind each input, that no kernel may touch.
const FENCE: usize = 64;

/// What they are: a number, as what is added to a NaN leaves it as it was.
const OUTSIDE: u32 = (-1234.5_f32).to_bits();

/// From as many workgroups on, launches are folded into many rows.
const MANY: u32 = 16;

/// How far a check goes.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Effort {
    /// What random values and shapes follow from.
    pub seed: u64,
    /// How many random values each output of a kernel is compared on.
    pub cases: usize,
    /// Whether to leave out what takes long: the largest shapes, the longest runs.
    pub quick: bool,
    /// Whether to add what takes minutes: sizes that fill memory, many more random problems.
    pub thorough: bool,
}

/// A value that is not where it must be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// The stem of the shader.
    pub kernel: Cow<'static, str>,
    /// What it was given.
    pub case: String,
    /// The update before which, or in which, it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u64>,
    /// Which of its outputs.
    pub tensor: String,
    /// Which value of that.
    pub index: usize,
    /// What the device has there.
    #[serde(deserialize_with = "number_or_null")]
    pub found: f64,
    /// What the reference has.
    #[serde(deserialize_with = "number_or_null")]
    pub expected: f64,
    /// How far apart the two may be.
    #[serde(deserialize_with = "number_or_null")]
    pub bound: f64,
    /// The bits of the two, where they must be the same bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits: Option<[u32; 2]>,
}

/// JSON has null for what is no finite number.
fn number_or_null<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(f64::NAN))
}

impl Fault {
    /// |found − expected| in units in the last place of what was expected.
    #[must_use]
    pub fn ulp(&self) -> f64 {
        (self.found - self.expected).abs() / ulp(self.expected)
    }

    /// What was found and what was expected, in words. Numbers that differ in their bits alone, such
    /// as two NaNs, differ here as well; so do counts in their last digit.
    #[must_use]
    pub fn values(&self) -> String {
        let Self { found, expected, bound, .. } = self;
        if let Some(words) = self.bits {
            let [found, expected] =
                words.map(|word| format!("{:e} ({word:#010x})", f32::from_bits(word)));
            return format!("is {found}, expected {expected}, bit for bit");
        }
        if *bound == 0.0 && [found, expected].iter().all(|value| value.fract() == 0.0) {
            return format!("is {found}, expected {expected}, exactly");
        }
        format!("is {found:e}, expected {expected:e} ± {bound:.1e}")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kernel, case, step, tensor, index, found, expected, .. } = self;
        write!(f, "{kernel}, {case}")?;
        if let Some(step) = step {
            write!(f, ", step {step}")?;
        }
        write!(f, ": {tensor}[{index}] {}", self.values())?;
        let (off, ulp) = ((found - expected).abs(), self.ulp());
        if self.bound > 0.0 { write!(f, ", off by {off:e} ({ulp:.2} ULP)") } else { Ok(()) }
    }
}

/// Why a check did not come to its end.
#[derive(Debug)]
pub enum Failure {
    /// The device computed something else.
    Fault(Box<Fault>),
    /// It did not compute, or did not do what it reported as done.
    Error(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// What all comparisons of one kernel gave.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tally {
    /// Inputs that it was run on.
    pub cases: u64,
    /// Values that were compared.
    pub values: u64,
    /// The largest share of its bound that an error had.
    pub worst_share: f64,
    /// That error in units in the last place of what was expected.
    pub worst_ulp: f64,
    /// The place of the value.
    pub worst_case: String,
}

/// Values that could not be checked: neither right nor wrong.
#[derive(Clone, Debug, Serialize)]
pub struct Unchecked {
    /// The stem of the shader.
    pub kernel: &'static str,
    /// What it was given.
    pub case: String,
    /// The first update in which it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<u64>,
    /// Which of its outputs, or what else.
    pub tensor: String,
    /// How many values of it.
    pub values: u64,
    /// Why.
    pub reason: String,
}

/// Why nothing is known of the bound of a value.
pub(super) const NO_BOUND: &str = "its rounding has no bound, as numbers are so large that f32 may \
                                   overflow, or a divisor may be zero";

/// What the comparison of a value says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Judgement {
    /// The error takes this share of its bound.
    Right(f64),
    /// It is larger than its bound, or no number.
    Wrong,
    /// Nothing is known of its bound.
    Unknown,
}

impl Judgement {
    pub(super) fn of(error: f64, bound: f64) -> Self {
        if !bound.is_finite() {
            Self::Unknown
        } else if error <= bound {
            Self::Right(if error > 0.0 { error / bound } else { 0.0 })
        } else {
            Self::Wrong
        }
    }
}

/// A tensor that a kernel writes, between two fences.
pub struct Output {
    name: &'static str,
    whole: Tensor,
    /// What the kernel is given.
    pub tensor: Tensor,
}

/// A kernel in a series of comparisons.
pub struct Trial<'a> {
    /// The device that it runs on.
    pub gpu: &'a Gpu,
    /// How far to go.
    pub effort: Effort,
    /// The stem of the shader.
    pub kernel: &'static str,
    /// What the comparisons gave so far.
    pub tally: Tally,
    /// What could not be compared, an entry for each tensor of a case.
    pub unchecked: Vec<Unchecked>,
    /// What the device does in one way here and in another there, where WGSL allows either.
    pub habits: Vec<Fault>,
    /// Whether launches are run as they will be timed.
    pub as_timed: bool,
}

impl<'a> Trial<'a> {
    /// Before the first comparison.
    #[must_use]
    pub fn new(gpu: &'a Gpu, kernel: &'static str, effort: Effort) -> Self {
        let (tally, unchecked, habits) = Default::default();
        Self { gpu, effort, kernel, tally, unchecked, habits, as_timed: false }
    }

    /// The same launch in two dimensions if it is of several workgroups, with more of them than
    /// have something to do: so an invocation must know its place even where one dimension would be
    /// enough. Among many workgroups in as many rows as only launches of millions of values have,
    /// three in each, as if a device took no more. As it is, if it will be timed.
    #[must_use]
    pub fn folded(&self, dispatch: &Dispatch) -> Dispatch {
        let mut folded = dispatch.clone();
        if let ([count @ 4..=65_535, 1, 1], false) = (dispatch.workgroup_count, self.as_timed) {
            let long = count / 3 + 1;
            folded.workgroup_count = if count < MANY { [long, 3, 1] } else { [3, long, 1] };
        }
        folded
    }

    /// A tensor that the kernel reads; one who reads on finds numbers that do not belong.
    ///
    /// # Errors
    /// As [`Gpu::upload`].
    ///
    /// # Panics
    /// Unless values have 4 bytes each.
    pub async fn input<T: bytemuck::Pod>(&self, values: &[T]) -> Result<Tensor, Error> {
        assert_eq!(size_of::<T>(), 4, "bytes a value");
        let whole = [bytemuck::cast_slice(values), &[OUTSIDE; FENCE]].concat();
        let whole = self.gpu.upload("input", &whole).await?;
        Ok(whole.part(0, values.len()).with_room(FENCE))
    }

    /// The same for many small ones, in one buffer.
    ///
    /// # Errors
    /// As [`Gpu::upload`].
    ///
    /// # Panics
    /// Unless values have 4 bytes each.
    pub async fn inputs<T: bytemuck::Pod>(&self, all: &[Vec<T>]) -> Result<Vec<Tensor>, Error> {
        assert_eq!(size_of::<T>(), 4, "bytes a value");
        let (mut whole, mut places) = (vec![], vec![]);
        for values in all {
            places.push((whole.len(), values.len()));
            whole.extend_from_slice(bytemuck::cast_slice(values));
            whole.resize(aligned_len(whole.len()) + FENCE, OUTSIDE);
        }
        let whole = self.gpu.upload("inputs", &whole).await?;
        let part = |(start, len)| whole.part(start, len).with_room(FENCE);
        Ok(places.into_iter().map(part).collect())
    }

    /// An output that must be written wherever it is read.
    ///
    /// # Errors
    /// As [`Gpu::upload`].
    pub async fn poisoned(&self, name: &'static str, len: usize) -> Result<Output, Error> {
        self.output(name, &vec![f32::from_bits(POISON); len]).await
    }

    /// An output that the kernel updates.
    ///
    /// # Errors
    /// As [`Gpu::upload`].
    pub async fn output(&self, name: &'static str, values: &[f32]) -> Result<Output, Error> {
        let fence = [OUTSIDE; FENCE];
        let words = [&fence, bytemuck::cast_slice(values), &fence].concat();
        let whole = self.gpu.upload(name, &words).await?;
        Ok(Output { name, tensor: whole.part(FENCE, values.len()).with_room(FENCE), whole })
    }

    /// Runs dispatches in order.
    ///
    /// # Errors
    /// As [`Gpu::submit`].
    pub async fn run(&self, dispatches: &[Dispatch]) -> Result<(), Error> {
        let mut nothing = self.gpu.readback(1).await?;
        self.gpu.submit(dispatches, &[], &mut nothing, None).await
    }

    /// What the kernel wrote.
    ///
    /// # Errors
    /// A fault if it wrote outside of its output.
    pub async fn read(&self, case: &str, output: &Output) -> Result<Vec<f32>, Failure> {
        Ok(self.read_words(case, output).await?.into_iter().map(f32::from_bits).collect())
    }

    /// The same, bit by bit.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn read_words(&self, case: &str, output: &Output) -> Result<Vec<u32>, Failure> {
        let words: Vec<u32> = self.gpu.read(&output.whole).await?;
        let len = output.tensor.len();
        if let Some(index) = broken_fence(&words, len) {
            let tensor = format!("{} with {FENCE} values before and behind it", output.name);
            let values = [words[index], OUTSIDE].map(|word| f32::from_bits(word).into());
            return Err(self.fault(case, tensor, index, [values[0], values[1], 0.0]));
        }
        Ok(words[FENCE..FENCE + len].to_vec())
    }

    /// Each value must lie in its enclosure; poison never does. If there is no bound, the value is
    /// counted as unchecked.
    ///
    /// # Errors
    /// The first that does not.
    pub fn compare(
        &mut self,
        case: &str,
        tensor: &str,
        found: &[f32],
        expected: &[Enclosure],
    ) -> Result<(), Failure> {
        assert_eq!(found.len(), expected.len(), "{case}");
        let mut unknown = 0;
        for (index, (&found, expected)) in found.iter().zip(expected).enumerate() {
            let (found, value, bound) = (f64::from(found), expected.to_f64(), expected.error());
            let error = (found - value).abs();
            let share = match Judgement::of(error, bound) {
                Judgement::Right(share) => share,
                Judgement::Wrong => {
                    return Err(self.fault(case, tensor, index, [found, value, bound]));
                }
                Judgement::Unknown => {
                    unknown += 1;
                    continue;
                }
            };
            // What is flushed takes all of its bound, and says nothing of it.
            if share > self.tally.worst_share && value.abs() > FLUSH {
                self.tally.worst_share = share;
                self.tally.worst_ulp = error / ulp(value);
                self.tally.worst_case = format!("{case}, {tensor}[{index}]");
            }
        }
        self.tally.cases += 1;
        self.tally.values += found.len() as u64 - unknown;
        self.skip(case, tensor, unknown, NO_BOUND);
        Ok(())
    }

    /// Notes a fault as a habit of the device, where WGSL lets it differ and training does not mind. In
    /// a kernel that is not the shipped one it stays a fault.
    ///
    /// # Errors
    /// What is no habit.
    pub fn allow(&mut self, verdict: Result<(), Failure>) -> Result<(), Failure> {
        match verdict {
            Err(Failure::Fault(habit)) if !self.gpu.substitutes(self.kernel) => {
                self.habits.push(*habit);
                Ok(())
            }
            verdict => verdict,
        }
    }

    /// Counts values of a tensor that cannot be checked, none of them maybe.
    pub fn skip(&mut self, case: &str, tensor: &str, values: u64, reason: &str) {
        let (kernel, reason) = (self.kernel, reason.to_owned());
        let is_known = |entry: &&mut Unchecked| {
            entry.kernel == kernel && entry.case == case && entry.tensor == tensor
        };
        if let Some(entry) = self.unchecked.iter_mut().find(is_known) {
            entry.values += values;
        } else if values > 0 {
            let (case, tensor) = (case.to_owned(), tensor.to_owned());
            self.unchecked.push(Unchecked { kernel, case, step: None, tensor, values, reason });
        }
    }

    /// For inputs that are chosen so that all can be checked.
    ///
    /// # Errors
    /// [`Error::Wrong`] if something could not be.
    pub fn all_checked(&self) -> Result<(), Failure> {
        let Some(Unchecked { kernel, case, tensor, values, reason, .. }) = self.unchecked.first()
        else {
            return Ok(());
        };
        let unknown = format!("{kernel}, {case}: {values} values of {tensor} unchecked: {reason}");
        Err(Error::Wrong(unknown).into())
    }

    /// Reads an output and compares it.
    ///
    /// # Errors
    /// As [`Self::read`] and [`Self::compare`].
    pub async fn check(
        &mut self,
        case: &str,
        output: &Output,
        expected: &[Enclosure],
    ) -> Result<Vec<f32>, Failure> {
        let found = self.read(case, output).await?;
        self.compare(case, output.name, &found, expected)?;
        Ok(found)
    }

    /// Numbers must be the same, bit by bit.
    ///
    /// # Errors
    /// The first that is not.
    pub fn same(
        &mut self,
        case: &str,
        tensor: &str,
        found: &[f32],
        expected: &[f32],
    ) -> Result<(), Failure> {
        assert_eq!(found.len(), expected.len(), "{case}");
        let pairs = found.iter().zip(expected);
        let differs = |(found, expected): (&f32, &f32)| found.to_bits() != expected.to_bits();
        if let Some(index) = pairs.clone().position(differs) {
            let words = [found[index], expected[index]];
            let failure = self.fault(case, tensor, index, [words[0].into(), words[1].into(), 0.0]);
            let Failure::Fault(fault) = failure else { return Err(failure) };
            let bits = Some(words.map(f32::to_bits));
            return Err(Failure::Fault(Box::new(Fault { bits, ..*fault })));
        }
        self.tally.cases += 1;
        self.tally.values += found.len() as u64;
        Ok(())
    }

    /// Counters and the like must be the same.
    ///
    /// # Errors
    /// The first that is not.
    pub fn equal(
        &mut self,
        case: &str,
        tensor: &str,
        found: &[u32],
        expected: &[u32],
    ) -> Result<(), Failure> {
        assert_eq!(found.len(), expected.len(), "{case}");
        if let Some(index) = (0..found.len()).find(|&index| found[index] != expected[index]) {
            let values = [found[index].into(), expected[index].into(), 0.0];
            return Err(self.fault(case, tensor, index, values));
        }
        self.tally.cases += 1;
        self.tally.values += found.len() as u64;
        Ok(())
    }

    /// Values of an output that was poisoned, and of which nothing was asked.
    ///
    /// # Errors
    /// The first that was written all the same.
    pub fn untouched(&self, case: &str, tensor: &str, found: &[f32]) -> Result<(), Failure> {
        match found.iter().position(|value| value.to_bits() != POISON) {
            None => Ok(()),
            Some(index) => {
                let tensor = format!("{tensor}, of what was not to be written,");
                Err(self.fault(case, tensor, index, [found[index].into(), f64::NAN, 0.0]))
            }
        }
    }

    /// A value that is wrong: what was found, what was expected, and how far apart they may be.
    pub fn fault(
        &self,
        case: &str,
        tensor: impl Into<String>,
        index: usize,
        [found, expected, bound]: [f64; 3],
    ) -> Failure {
        Failure::Fault(Box::new(Fault {
            kernel: self.kernel.into(),
            case: case.into(),
            step: None,
            tensor: tensor.into(),
            index,
            found,
            expected,
            bound,
            bits: None,
        }))
    }
}

/// Index of the first word that was written before or behind an output of `len` values.
fn broken_fence(words: &[u32], len: usize) -> Option<usize> {
    let is_fence = |index: usize| index < FENCE || index >= FENCE + len;
    (0..words.len()).find(|&index| is_fence(index) && words[index] != OUTSIDE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_right_up_to_its_bound_and_wrong_just_beyond() {
        use Judgement::{Right, Unknown, Wrong};
        for (error, bound, judgement) in [
            (0.0, 0.0, Right(0.0)),
            (0.0, 0.5, Right(0.0)),
            (0.25, 0.5, Right(0.5)),
            (0.5, 0.5, Right(1.0)),
            (0.5_f64.next_up(), 0.5, Wrong),
            (f64::MIN_POSITIVE, 0.0, Wrong),
            (f64::INFINITY, 0.5, Wrong),
            (f64::NAN, 0.5, Wrong),
            (0.0, f64::INFINITY, Unknown),
            (f64::NAN, f64::INFINITY, Unknown),
            (0.0, f64::NAN, Unknown),
        ] {
            assert_eq!(Judgement::of(error, bound), judgement, "{error} of {bound}");
        }
    }

    #[test]
    fn a_word_beside_an_output_is_found_wherever_it_was_written() {
        let len = 5;
        let mut words = vec![OUTSIDE; len + 2 * FENCE];
        words[FENCE..FENCE + len].fill(POISON);
        assert_eq!(broken_fence(&words, len), None);
        for index in (0..words.len()).filter(|index| !(FENCE..FENCE + len).contains(index)) {
            let mut written = words.clone();
            written[index] ^= 1;
            assert_eq!(broken_fence(&written, len), Some(index));
        }
    }

    fn fault(found: f64, expected: f64, bound: f64, bits: Option<[u32; 2]>) -> Fault {
        let (kernel, case, tensor) = ("sigmoid".into(), "[3]".into(), "out".into());
        Fault { kernel, case, step: None, tensor, index: 2, found, expected, bound, bits }
    }

    #[test]
    fn a_fault_is_printed_so_that_what_differs_is_seen() {
        let of_bits = |words: [u32; 2]| {
            let [found, expected] = words.map(|word| f32::from_bits(word).into());
            fault(found, expected, 0.0, Some(words)).to_string()
        };
        let one = 1.0_f32.to_bits();
        let said = of_bits([one + 1, one]);
        assert!(said.contains("is 1.0000001e0 (0x3f800001), expected 1e0 (0x3f800000)"), "{said}");
        let said = of_bits([0x7fc0_dead, 0x7fc0_0000]);
        assert!(said.contains("(0x7fc0dead)") && said.contains("(0x7fc00000)"), "{said}");
        let said = fault(1_041_140_001.0, 1_041_140_000.0, 0.0, None).to_string();
        assert!(said.contains("is 1041140001, expected 1041140000, exactly"), "{said}");
        let said = fault(0.75, 0.5, 0.125, None).to_string();
        assert!(said.contains("is 7.5e-1, expected 5e-1 ± 1.2e-1, off by 2.5e-1"), "{said}");
    }
}
