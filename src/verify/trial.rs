//! A kernel on trial: outputs that notice what must not happen to them, the comparison with the
//! bound, and what all comparisons gave.

use serde::Serialize;

use crate::error::Error;
use crate::gpu::{Dispatch, Gpu, Tensor};
use crate::scalar::{Enclosure, Scalar};

/// What an output holds before the kernel writes it: a NaN that no arithmetic makes.
pub(super) const POISON: u32 = 0x7fc0_dead;

/// Values before and behind each output that nobody may touch.
const FENCE: usize = 64;

/// How far a check goes.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Effort {
    /// What random values and shapes follow from.
    pub seed: u64,
    /// How many random values each output of a kernel is compared on.
    pub cases: usize,
    /// Whether to leave out what takes long: the largest shapes, the longest runs.
    pub quick: bool,
}

/// A value that is not where it must be.
#[derive(Clone, Debug, Serialize)]
pub struct Fault {
    /// The stem of the shader.
    pub kernel: &'static str,
    /// What it was given.
    pub case: String,
    /// The update before which, or in which, it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<u64>,
    /// Which of its outputs.
    pub tensor: String,
    /// Which value of that.
    pub index: usize,
    /// What the device has there.
    pub found: f64,
    /// What the reference has.
    pub expected: f64,
    /// How far apart the two may be.
    pub bound: f64,
}

impl Fault {
    /// |found − expected| in units in the last place of what was expected.
    #[must_use]
    pub fn ulp(&self) -> f64 {
        ulp(self.found - self.expected, self.expected)
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
    /// Where it was.
    pub worst_case: String,
}

/// An error in units in the last place of `expected` as an `f32`.
fn ulp(error: f64, expected: f64) -> f64 {
    let exponent = expected.abs().max(f64::from(f32::MIN_POSITIVE)).log2().floor();
    error.abs() / (exponent - 23.0).exp2()
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
    /// Where it runs.
    pub gpu: &'a Gpu,
    /// How far to go.
    pub effort: Effort,
    /// The stem of the shader.
    pub kernel: &'static str,
    /// What the comparisons gave so far.
    pub tally: Tally,
}

impl<'a> Trial<'a> {
    /// Before the first comparison.
    #[must_use]
    pub fn new(gpu: &'a Gpu, kernel: &'static str, effort: Effort) -> Self {
        Self { gpu, effort, kernel, tally: Tally::default() }
    }

    /// A tensor that the kernel reads.
    ///
    /// # Errors
    /// As [`Gpu::upload`].
    pub async fn input<T: bytemuck::Pod>(&self, values: &[T]) -> Result<Tensor, Error> {
        self.gpu.upload("input", values).await
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
        let fence = [f32::from_bits(POISON); FENCE];
        let whole = self.gpu.upload(name, &[&fence, values, &fence].concat()).await?;
        Ok(Output { name, tensor: whole.part(FENCE, values.len()), whole })
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
        let words: Vec<u32> = self.gpu.read(&output.whole).await?;
        let len = output.tensor.len();
        let is_fence = |index: usize| index < FENCE || index >= FENCE + len;
        let broken = (0..words.len()).find(|&index| is_fence(index) && words[index] != POISON);
        if let Some(index) = broken {
            let tensor = format!("{} and {FENCE} values before and behind it", output.name);
            let found = f32::from_bits(words[index]).into();
            return Err(self.fault(case, tensor, index, [found, f64::NAN, 0.0]));
        }
        Ok(words[FENCE..FENCE + len].iter().map(|&word| f32::from_bits(word)).collect())
    }

    /// Each value must lie in its enclosure; poison never does.
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
        for (index, (&found, expected)) in found.iter().zip(expected).enumerate() {
            let (found, value, bound) = (f64::from(found), expected.to_f64(), expected.error());
            let error = (found - value).abs();
            assert!(bound.is_finite(), "{case}, index {index}: {expected:?} proves nothing");
            // Not `>`: a NaN is within nothing.
            if !matches!(error.partial_cmp(&bound), Some(order) if order.is_le()) {
                return Err(self.fault(case, tensor, index, [found, value, bound]));
            }
            if error > 0.0 && error / bound > self.tally.worst_share {
                self.tally.worst_share = error / bound;
                self.tally.worst_ulp = ulp(error, value);
                self.tally.worst_case = format!("{case}, {tensor}[{index}]");
            }
        }
        self.tally.cases += 1;
        self.tally.values += found.len() as u64;
        Ok(())
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

    /// A value that is wrong: what was found, what was expected, and how far apart they may be.
    pub fn fault(
        &self,
        case: &str,
        tensor: impl Into<String>,
        index: usize,
        [found, expected, bound]: [f64; 3],
    ) -> Failure {
        Failure::Fault(Box::new(Fault {
            kernel: self.kernel,
            case: case.into(),
            step: None,
            tensor: tensor.into(),
            index,
            found,
            expected,
            bound,
        }))
    }
}
