//! One trait, several meanings: the same reference loops, run on different numbers.
//!
//! | type | what a run on it gives |
//! | --- | --- |
//! | `f32` | the reference that a GPU is compared with |
//! | `f64` | the truth that both are measured against |
//! | [`Enclosure`](super::Enclosure) | the truth and a bound on what any WGSL implementation may answer |
//! | [`Dual`](super::Dual) of one of these | the same with its derivative by one input |

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

use super::formulas::{MIDDLE, ln_1p_series, sigmoid_middle, sigmoid_sides};

/// A number that the reference loops can run on.
pub trait Scalar:
    Copy
    + Debug
    + PartialOrd
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// Converts a constant of the training rule, rounding where the type must.
    fn from_f64(value: f64) -> Self;

    /// Converts an exact input: a parameter, a row of data.
    fn from_f32(value: f32) -> Self {
        Self::from_f64(f64::from(value))
    }

    /// The same for a whole tensor.
    fn all_from_f32(values: &[f32]) -> Vec<Self> {
        values.iter().map(|&value| Self::from_f32(value)).collect()
    }

    /// The value, without its error bound if it has one.
    fn to_f64(self) -> f64;

    /// eˣ.
    fn exp(self) -> Self;

    /// log x.
    fn ln(self) -> Self;

    /// √x, of a number that is not negative.
    fn sqrt(self) -> Self;

    /// The logistic function, 1 / (1 + e⁻ˣ): the formula of `sigmoid.wgsl`, unless the type knows
    /// better.
    fn sigmoid(self) -> Self {
        if self.abs() <= Self::from_f32(MIDDLE) {
            sigmoid_middle(self)
        } else {
            sigmoid_sides(self)
        }
    }

    /// log(1 + x) for x in \[0, 1\]: the sum of `loss.wgsl`, unless the type knows better.
    fn ln_1p(self) -> Self {
        ln_1p_series(self)
    }

    /// `self / (slope + epsilon) · slope`, for a slope that is not negative and an epsilon that is
    /// positive: a share of `self`.
    fn through(self, slope: Self, epsilon: Self) -> Self {
        self / (slope + epsilon) * slope
    }

    /// 1 if the number is positive, else 0.
    fn is_positive(self) -> Self {
        Self::from_f64(f64::from(u8::from(self > Self::from_f64(0.0))))
    }

    /// The larger of two numbers.
    fn max(self, other: Self) -> Self {
        if self >= other { self } else { other }
    }

    /// |x|.
    fn abs(self) -> Self {
        if self < Self::from_f64(0.0) { -self } else { self }
    }
}

impl Scalar for f32 {
    #[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is the point")]
    fn from_f64(value: f64) -> Self {
        value as Self
    }

    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    fn exp(self) -> Self {
        self.exp()
    }

    fn ln(self) -> Self {
        self.ln()
    }

    fn sqrt(self) -> Self {
        self.sqrt()
    }
}

impl Scalar for f64 {
    fn from_f64(value: f64) -> Self {
        value
    }

    fn to_f64(self) -> f64 {
        self
    }

    fn exp(self) -> Self {
        self.exp()
    }

    fn ln(self) -> Self {
        self.ln()
    }

    fn sqrt(self) -> Self {
        self.sqrt()
    }

    fn sigmoid(self) -> Self {
        sigmoid_sides(self)
    }

    fn ln_1p(self) -> Self {
        self.ln_1p()
    }
}
