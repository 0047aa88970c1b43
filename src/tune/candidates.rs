//! Variants that compute the same product: each must be right before its time counts.

use std::time::{Duration, Instant};

use crate::cpu::freivalds;
use crate::cpu::matmul::Operand;
use crate::error::Error;
use crate::gpu::{Dispatch, Gpu, Readback, Tensor};

use crate::kernels::product::{self, Epilogue, Shape, Transpose, Variant};
use crate::numeric::Stream;

/// Timed submissions of a variant; their median counts.
const ROUNDS: usize = 5;

/// What a submission should take, so that the launches in it count and not the waiting for them.
const SUBMISSION: Duration = Duration::from_millis(4);

/// The most launches of a submission.
const MOST_LAUNCHES: u32 = 1_024;

/// So many times the best are too many to go on with.
const CLEARLY_SLOWER: u32 = 3;

/// How an answer is known to be the product.
///
/// Operands are integers from −1 to 1, so that all sums are exact, and what an epilogue does to
/// them is undone: for the logistic function they are scaled so that no sum leaves its middle, which
/// takes sums of at most 2¹⁷. Then [`freivalds`] asks whether the product is right.
struct Question {
    epilogue: Epilogue,
    /// What a product of 1 is scaled to.
    unit: f64,
    /// `[n]`, x
    weights: Vec<f64>,
    /// `[m]`, A·(B·x)
    expected: Vec<f64>,
}

/// A product, and who computed it fastest.
pub(super) struct Contest<'g> {
    gpu: &'g Gpu,
    transpose: Transpose,
    shape: Shape,
    question: Question,
    /// a, b, operand, out
    tensors: [Tensor; 4],
    nothing: Readback,
    best: Option<Entrant>,
    /// In launches.
    spent: Duration,
}

struct Entrant {
    variant: Variant,
    /// Time of a submission with one launch.
    once: Duration,
    /// Time of a launch among others.
    median: Duration,
}

impl<'g> Contest<'g> {
    pub(super) async fn new(
        gpu: &'g Gpu,
        transpose: Transpose,
        epilogue: Epilogue,
        shape: Shape,
    ) -> Result<Self, Error> {
        let (question, [a, b, operand]) = Question::new(transpose, epilogue, shape);
        let tensors = [
            gpu.upload("a", &a).await?,
            gpu.upload("b", &b).await?,
            gpu.upload("operand", &operand).await?,
            gpu.zeros("out", shape.m * shape.n).await?,
        ];
        let nothing = gpu.readback(0).await?;
        let (best, spent) = (None, Duration::ZERO);
        Ok(Self { gpu, transpose, shape, question, tensors, nothing, best, spent })
    }

    /// Lets a variant compute the product, and keeps it if it is right and the fastest so far.
    pub(super) async fn enter(&mut self, variant: Variant) -> Result<(), Error> {
        let Self { gpu, transpose, shape, .. } = *self;
        let epilogue = self.question.epilogue;
        let product = match product::product(gpu, variant, transpose, epilogue).await {
            Ok(product) => product,
            Err(error) => {
                tracing::warn!(variant = variant.name(), "does not compile: {error}");
                return Ok(());
            }
        };
        let dispatch = product::dispatch(gpu, &product, shape, self.tensors.each_ref()).await?;
        let [.., out] = &self.tensors;
        gpu.write(out, &vec![f32::NAN; out.len()]);
        // This one compiles for the device.
        self.time(&dispatch, 1).await?;
        if !self.is_right().await? {
            tracing::warn!(variant = variant.name(), ?shape, "computes something else");
            return Ok(());
        }
        let once = self.time(&dispatch, 1).await?;
        let best = self.best.as_ref().map(|best| (best.once, best.median));
        if best.is_some_and(|(best, _)| once > CLEARLY_SLOWER * best) {
            return Ok(());
        }
        let (mut launches, mut all) = (1, once);
        while 2 * all < SUBMISSION && launches < MOST_LAUNCHES {
            launches *= 2;
            all = self.time(&dispatch, launches).await?;
        }
        let mut times = vec![];
        for _ in 0..ROUNDS {
            let time = self.time(&dispatch, launches).await? / launches;
            if best.is_some_and(|(_, best)| time > CLEARLY_SLOWER * best) {
                return Ok(());
            }
            times.push(time);
        }
        times.sort();
        let median = times[ROUNDS / 2];
        tracing::debug!(variant = variant.name(), ?median, "tried");
        if best.is_none_or(|(_, best)| median < best) {
            self.best = Some(Entrant { variant, once, median });
        }
        Ok(())
    }

    /// The fastest, and the median of its launches.
    pub(super) fn winner(&self) -> Option<(Variant, Duration)> {
        self.best.as_ref().map(|best| (best.variant, best.median))
    }

    /// The time of all launches so far.
    pub(super) fn spent(&self) -> Duration {
        self.spent
    }

    async fn time(&mut self, dispatch: &Dispatch, launches: u32) -> Result<Duration, Error> {
        let start = Instant::now();
        let dispatches = (0..launches).map(|_| dispatch);
        self.gpu.submit(dispatches, &[], &mut self.nothing, None).await?;
        let elapsed = start.elapsed();
        self.spent += elapsed;
        Ok(elapsed)
    }

    /// Whether the last launch computed the product.
    async fn is_right(&self) -> Result<bool, Error> {
        let [.., out] = &self.tensors;
        let found: Vec<f32> = self.gpu.read(out).await?;
        Ok(self.question.is_answered_by(&found))
    }
}

impl Question {
    /// What is asked, and the operands: a, b and that of the epilogue.
    fn new(transpose: Transpose, epilogue: Epilogue, shape: Shape) -> (Self, [Vec<f32>; 3]) {
        let Shape { m, n, k } = shape;
        let unit = if epilogue == Epilogue::Sigmoid { unit(k) } else { 1.0 };
        let [a, b] = [(1, m * k), (2, k * n)].map(|(seed, len)| trits(seed, len));
        let weights = freivalds::weights(Stream::new(3), n);
        let left = Operand { values: &a[..], transposed: transpose == Transpose::A };
        let right = Operand { values: &b[..], transposed: transpose == Transpose::B };
        let expected = freivalds::times(left, &freivalds::times(right, &weights));
        let operand: Vec<f32> = match epilogue {
            Epilogue::SigmoidGrad => vec![0.5; m * n],
            _ => (0..n).map(|column| as_f32(unit * bias(column))).collect(),
        };
        let b: Vec<f32> = b.into_iter().map(|value| as_f32(unit * f64::from(value))).collect();
        (Self { epilogue, unit, weights, expected }, [a, b, operand])
    }

    /// Whether a matrix `[m, n]` is the product, with what the epilogue makes of it.
    fn is_answered_by(&self, found: &[f32]) -> bool {
        let rows = found.chunks_exact(self.weights.len()).zip(&self.expected);
        rows.into_iter().all(|(row, &expected)| {
            let products = row.iter().enumerate().map(|(column, &value)| self.undo(value, column));
            let sum: Option<f64> =
                products.zip(&self.weights).map(|(product, weight)| Some(product? * weight)).sum();
            sum == Some(expected)
        })
    }

    /// The integer that an output was made of, if it was made of one.
    fn undo(&self, value: f32, column: usize) -> Option<f64> {
        let value = f64::from(value);
        let product = match self.epilogue {
            Epilogue::Store => value,
            Epilogue::Bias => value - bias(column),
            Epilogue::Sigmoid => (value / (1.0 - value)).ln() / self.unit - bias(column),
            Epilogue::SigmoidGrad => 4.0 * value,
        };
        let integer = product.round();
        ((product - integer).abs() <= 0.25).then_some(integer)
    }
}

/// A power of two that takes all sums of `k` products into the middle of the logistic
/// function, from −4 to 4.
fn unit(k: usize) -> f64 {
    let products = u32::try_from(k).expect("it is not too long to be tried");
    4.0 / f64::from((products + 1).next_power_of_two().max(4))
}

fn trits(seed: u64, len: usize) -> Vec<f32> {
    let stream = Stream::new(seed);
    let count = u32::try_from(len).expect("a tensor has fewer than 2³² values");
    (0..count).map(|index| (1.5 * stream.uniform(index)).round().max(-1.0)).collect()
}

/// From −1 to 1.
fn bias(column: usize) -> f64 {
    [-1.0, 0.0, 1.0][column % 3]
}

#[expect(clippy::cast_possible_truncation, reason = "it is exact")]
fn as_f32(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape { m: 5, n: 7, k: 9 };

    /// What a right variant answers, by plain loops.
    fn answer(transpose: Transpose, epilogue: Epilogue, operands: &[Vec<f32>; 3]) -> Vec<f32> {
        let [a, b, operand] = operands;
        let Shape { m, n, k } = SHAPE;
        let product = |row: usize, column: usize| -> f32 {
            let term = |l: usize| {
                let left = if transpose == Transpose::A { l * m + row } else { row * k + l };
                let right = if transpose == Transpose::B { column * k + l } else { l * n + column };
                a[left] * b[right]
            };
            (0..k).map(term).sum()
        };
        let value = |row: usize, column: usize| match epilogue {
            Epilogue::Store => product(row, column),
            Epilogue::Bias => product(row, column) + operand[column],
            Epilogue::Sigmoid => 1.0 / (1.0 + (-(product(row, column) + operand[column])).exp()),
            Epilogue::SigmoidGrad => {
                let a = operand[row * n + column];
                product(row, column) * a * (1.0 - a)
            }
        };
        (0..m).flat_map(|row| (0..n).map(move |column| value(row, column))).collect()
    }

    /// Each of the four uses of a product in training.
    const USES: [(Transpose, Epilogue); 4] = [
        (Transpose::B, Epilogue::Sigmoid),
        (Transpose::B, Epilogue::Bias),
        (Transpose::A, Epilogue::Store),
        (Transpose::Neither, Epilogue::SigmoidGrad),
    ];

    #[test]
    fn only_the_product_itself_is_right() {
        for (transpose, epilogue) in USES {
            let (question, operands) = Question::new(transpose, epilogue, SHAPE);
            let right = answer(transpose, epilogue, &operands);
            assert!(question.is_answered_by(&right), "{epilogue:?}");
            // What a product that is larger by 1 answers, at that place.
            let one_more = |index: usize| {
                let value = f64::from(right[index]);
                as_f32(match epilogue {
                    Epilogue::Sigmoid => {
                        let z = (value / (1.0 - value)).ln() + question.unit;
                        1.0 / (1.0 + (-z).exp())
                    }
                    Epilogue::SigmoidGrad => value + 0.25,
                    _ => value + 1.0,
                })
            };
            for index in 0..right.len() {
                for value in [one_more(index), f32::NAN, f32::INFINITY] {
                    let mut wrong = right.clone();
                    wrong[index] = value;
                    assert!(!question.is_answered_by(&wrong), "{epilogue:?}, {index}: {value}");
                }
            }
            let mut swapped = right.clone();
            let other = (1..SHAPE.n).find(|&other| (right[other] - right[0]).abs() > 1e-3);
            swapped.swap(0, other.expect("a row has different products"));
            assert!(!question.is_answered_by(&swapped), "{epilogue:?}: two are swapped");
            let mut moved = right.clone();
            moved.rotate_left(SHAPE.n);
            assert!(!question.is_answered_by(&moved), "{epilogue:?}: rows are moved");
        }
    }

    /// A value is taken for the integer that it is within a quarter of, and else for none.
    #[test]
    fn a_value_that_is_no_integer_is_not_taken_for_one() {
        let (question, _) = Question::new(Transpose::A, Epilogue::Store, SHAPE);
        for (value, integer) in [
            (3.0, Some(3.0)),
            (3.25, Some(3.0)),
            (3.250_001, None),
            (2.75, Some(3.0)),
            (2.749_999, None),
            (3.5, None),
            (f32::NAN, None),
            (f32::INFINITY, None),
        ] {
            assert_eq!(question.undo(value, 0), integer, "{value}");
        }
    }
}
