//! One trait, several meanings: the same reference loops, run on different numbers.
//!
//! | type | what a run on it gives |
//! | --- | --- |
//! | `f32` | the reference that a GPU is compared with |
//! | `f64` | the truth that both are measured against |
//! | [`Enclosure`] | the truth and a bound on what any WGSL implementation may answer |
//! | [`Dual`] of one of these | the same with its derivative by one input |
//!
//! The accuracy rules are those of the WGSL specification, section "Floating point accuracy":
//! `+ − ×` correctly rounded in either direction, division 2.5 ULP where the divisor is from 2⁻¹²⁶ to
//! 2¹²⁶, `exp` 3 + 2·|x| ULP, `log` 3 ULP, or 2⁻²¹ between ½ and 2; any contraction or reassociation; subnormal numbers may flush to
//! zero. One ULP of x is at most 2⁻²³·|x|. `ln_1p` is no function of WGSL: its rule is that of the
//! sum in `bce_loss.wgsl`.

mod dual;

use std::cmp::Ordering;
use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, RangeInclusive, Sub};

pub use dual::Dual;

/// The width of one unit in the last place, relative to its number: 2⁻²³.
pub const ULP: f64 = 1.0 / 8_388_608.0;

/// What share of an [`Enclosure`]'s bound the same computation needs in `f64`: a unit in the last
/// place is 2⁻⁵² there, and no rule of the bound is narrower in its own units.
pub const F64_SHARE: f64 = 1.0 / 536_870_912.0;

/// What may vanish when an implementation flushes subnormal numbers: 2⁻¹²⁶.
pub const FLUSH: f64 = f32::MIN_POSITIVE as f64;

/// How far beyond WGSL's table `exp` is let go. Shipping drivers were measured at 1.13 times the
/// table (llvmpipe of Mesa 22.3.6, at −0.0452; SwiftShader 1.09, at −0.0532), so the table alone
/// would accuse them.
pub const EXP_FACTOR: f64 = 2.0;

/// How far beyond WGSL's table `log` is let go. Shipping drivers were measured at 1.32 times the
/// table (SwiftShader, at 0.480; llvmpipe of Mesa 22.3.6 1.07, at 0.497).
pub const LOG_FACTOR: f64 = 2.0;

/// WGSL's table for a division, in units in the last place of its result, where the divisor is in
/// [`DIVISORS`].
pub const DIVISION_ULPS: f64 = 2.5;

/// Sizes of divisors for which the table has an error: 2⁻¹²⁶ to 2¹²⁶.
pub const DIVISORS: RangeInclusive<f64> = FLUSH..=1.0 / FLUSH;

/// WGSL's table for `exp` of `x`.
#[must_use]
pub fn exp_ulps(x: f64) -> f64 {
    3.0 + 2.0 * x.abs()
}

/// WGSL's table for `log` of what is not in [`LOG_MIDDLE`].
pub const LOG_ULPS: f64 = 3.0;

/// Where the table for `log` has an absolute bound, [`LOG_MIDDLE_ERROR`].
pub const LOG_MIDDLE: RangeInclusive<f64> = 0.5..=2.0;

/// 2⁻²¹.
pub const LOG_MIDDLE_ERROR: f64 = 4.0 * ULP;

/// One unit in the last place of `value` as an `f32`: the distance of the two neighbours that it
/// lies between.
#[must_use]
pub fn ulp(value: f64) -> f64 {
    let power = value.abs().max(FLUSH).to_bits() >> 52 << 52;
    ULP * f64::from_bits(power)
}

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

    /// The logistic function, 1 / (1 + e⁻ˣ): the formula of `sigmoid.wgsl`, unless the type knows
    /// better.
    fn sigmoid(self) -> Self {
        if self.abs() <= Self::from_f32(MIDDLE) {
            sigmoid_middle(self)
        } else {
            sigmoid_sides(self)
        }
    }

    /// log(1 + x) for x in \[0, 1\]: the sum of `bce_loss.wgsl`, unless the type knows better.
    fn ln_1p(self) -> Self {
        ln_1p_series(self)
    }

    /// `self / (slope + epsilon) · slope`, for a slope that is not negative and an epsilon that is
    /// positive: a share of `self`.
    fn through(self, slope: Self, epsilon: Self) -> Self {
        self / (slope + epsilon) * slope
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

    fn sigmoid(self) -> Self {
        sigmoid_sides(self)
    }

    fn ln_1p(self) -> Self {
        self.ln_1p()
    }
}

/// Up to here from zero, `sigmoid.wgsl` sums a polynomial.
pub const MIDDLE: f32 = 1.5;

/// The coefficients of q in `sigmoid.wgsl`, the highest first.
pub const SIGMOID_COEFFICIENTS: [f32; 7] = [
    -1.062_825e-8,
    1.885_941_4e-7,
    -2.120_292_3e-6,
    2.132_400_6e-5,
    -2.108_014_3e-4,
    2.083_331_6e-3,
    -2.083_333_4e-2,
];

/// σ(z) = 1/2 + z/4 + z³·q(z²).
fn sigmoid_middle<S: Scalar>(z: S) -> S {
    let y = z * z;
    let [highest, rest @ ..] = SIGMOID_COEFFICIENTS.map(S::from_f32);
    let q = rest.into_iter().fold(highest, |q, coefficient| q * y + coefficient);
    S::from_f64(0.5) + (S::from_f64(0.25) * z + z * y * q)
}

/// σ(z) = t / (1 + t) for z < 0, with t = e^−|z|, and one minus that for z ≥ 0.
fn sigmoid_sides<S: Scalar>(z: S) -> S {
    let one = S::from_f64(1.0);
    let t = (-z.abs()).exp();
    let tail = t / (one + t);
    if z < S::from_f64(0.0) { tail } else { one - tail }
}

/// The coefficients of r in `bce_loss.wgsl`, the highest first.
pub const LN_1P_COEFFICIENTS: [f32; 4] = [0.140_060_83, 0.140_008_85, 0.200_107_65, 0.333_332_1];

/// log(1 + t) = 2·artanh(s) with s = t / (2 + t): 2·(s + s³·r(s²)).
fn ln_1p_series<S: Scalar>(t: S) -> S {
    let two = S::from_f64(2.0);
    let s = t / (two + t);
    let q = s * s;
    let [highest, rest @ ..] = LN_1P_COEFFICIENTS.map(S::from_f32);
    let r = rest.into_iter().fold(highest, |r, coefficient| r * q + coefficient);
    two * (s + s * (q * r))
}

/// γₙ = n·u / (1 − n·u), Higham's bound on n roundings in a row (Accuracy and Stability of
/// Numerical Algorithms, 2nd ed., lemma 3.1), with u = 2⁻²³ because WGSL fixes no direction.
#[must_use]
pub fn gamma(roundings: f64) -> f64 {
    let nu = roundings * ULP;
    if nu < 1.0 { nu / (1.0 - nu) } else { f64::INFINITY }
}

/// A value with a running bound on the error that any WGSL implementation may commit.
///
/// Sums are kept open: `terms` addends of total magnitude `magnitude` are bounded together by
/// γₙ·Σ|xᵢ| when the sum is used, which holds for every order and contraction of the additions.
/// One addition alone has no order: it is off by one rounding of its result.
#[derive(Clone, Copy, Debug)]
pub struct Enclosure {
    value: f64,
    error: f64,
    magnitude: f64,
    terms: f64,
}

impl Enclosure {
    /// A value that is off by `error` at most.
    #[must_use]
    pub fn new(value: f64, error: f64) -> Self {
        // 0 · ∞: nothing is known.
        let error = if error.is_nan() { f64::INFINITY } else { error };
        Self { value, error, magnitude: value.abs() + error, terms: 0.0 }
    }

    /// The bound on |computed − value|, in the unit of the value; infinite where the value or the sum
    /// may be larger than any `f32`: a device may have infinity, and nothing is known of what comes
    /// after that.
    #[must_use]
    pub fn error(self) -> f64 {
        let of_sum = match self.terms {
            0.0 => 0.0,
            1.0 => ULP * (self.value.abs() + self.error),
            terms => gamma(terms) * self.magnitude,
        };
        let fits = self.magnitude + of_sum <= f64::from(f32::MAX);
        if fits { self.error + of_sum } else { f64::INFINITY }
    }

    /// The smallest and the largest size that it may have.
    fn sizes(self) -> [f64; 2] {
        let (size, error) = (self.value.abs(), self.error());
        [size - error, size + error]
    }

    /// The result of an operation whose exact value is `value`, whose inputs bring `inherited`
    /// error, and which itself is off by `relative`·|result| at most; of one that may overflow in
    /// `f32` nothing is known.
    fn rounded(value: f64, inherited: f64, relative: f64) -> Self {
        let error = inherited + relative * (value.abs() + inherited) + FLUSH;
        let fits = value.abs() + error <= f64::from(f32::MAX);
        Self::new(value, if fits { error } else { f64::INFINITY })
    }

    fn sum(self, other: Self, value: f64) -> Self {
        Self {
            value,
            // Both addends may flush, and so may the result.
            error: self.error + other.error + 3.0 * FLUSH,
            magnitude: self.magnitude + other.magnitude,
            terms: self.terms + other.terms + 1.0,
        }
    }
}

impl PartialEq for Enclosure {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialOrd for Enclosure {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl Add for Enclosure {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.sum(other, self.value + other.value)
    }
}

impl Sub for Enclosure {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.sum(other, self.value - other.value)
    }
}

impl Mul for Enclosure {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let (a, b) = (self.error() + FLUSH, other.error() + FLUSH);
        let inherited = self.value.abs() * b + other.value.abs() * a + a * b;
        Self::rounded(self.value * other.value, inherited, ULP)
    }
}

impl Div for Enclosure {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        let [least, most] = other.sizes();
        if !(DIVISORS.contains(&least) && DIVISORS.contains(&most)) {
            return Self::new(value, f64::INFINITY);
        }
        let inherited = (self.error() + FLUSH + value.abs() * other.error()) / least;
        Self::rounded(value, inherited, DIVISION_ULPS * ULP)
    }
}

impl Neg for Enclosure {
    type Output = Self;
    fn neg(self) -> Self {
        Self { value: -self.value, ..self }
    }
}

impl Scalar for Enclosure {
    /// A device has the nearest `f32`.
    fn from_f64(value: f64) -> Self {
        Self::new(value, (value - f32::from_f64(value).to_f64()).abs())
    }

    fn from_f32(value: f32) -> Self {
        Self::new(f64::from(value), 0.0)
    }

    fn to_f64(self) -> f64 {
        self.value
    }

    fn exp(self) -> Self {
        let (value, error) = (self.value.exp(), self.error());
        // Of a large error the first is 0 · ∞ where the second is 0.
        let inherited =
            if error < 1.0 { value * error.exp_m1() } else { (self.value + error).exp() - value };
        let reach = self.value.abs() + error;
        Self::rounded(value, inherited, EXP_FACTOR * exp_ulps(reach) * ULP)
    }

    /// By both rules where the error of x lets the device take either; of what may vanish nothing
    /// is known.
    fn ln(self) -> Self {
        let value = self.value.ln();
        let (near, far) = (self.value - self.error(), self.value + self.error());
        if near < FLUSH {
            return Self::new(value, f64::INFINITY);
        }
        let inherited = (self.value / near).ln();
        let (middle_begin, middle_end) = LOG_MIDDLE.into_inner();
        let is_inside = middle_begin <= near && far <= middle_end;
        let is_outside = far < middle_begin || near > middle_end;
        let absolute = if is_outside { 0.0 } else { LOG_MIDDLE_ERROR };
        let relative = if is_inside { 0.0 } else { LOG_ULPS * ULP };
        let own = absolute.max(relative * (value.abs() + inherited));
        Self::new(value, inherited + LOG_FACTOR * own + FLUSH)
    }

    /// The formulas of `sigmoid.wgsl` in this arithmetic, plus what they leave out; both where
    /// the error of x lets the device take either.
    fn sigmoid(self) -> Self {
        let value = self.value.sigmoid();
        let (near, far) = (self.value.abs() - self.error(), self.value.abs() + self.error());
        let middle = f64::from(MIDDLE);
        let candidates = [
            (near <= middle).then(|| sigmoid_middle(self)),
            (far > middle).then(|| sigmoid_sides(self)),
        ];
        let off = |computed: Self| computed.error() + (computed.value - value).abs();
        let worse =
            |worst: f64, error: f64| if error > worst || error.is_nan() { error } else { worst };
        let error = candidates.into_iter().flatten().map(off).fold(0.0, worse);
        // Of any number it is from 0 to 1.
        let most = if self.error().is_finite() { value.max(1.0 - value) } else { f64::INFINITY };
        Self::new(value, if error <= most { error } else { most })
    }

    /// By how much d·s / (s + ε) changes when slope and epsilon do, together: the slope that divides
    /// is the one that multiplies.
    fn through(self, slope: Self, epsilon: Self) -> Self {
        let (d, s, e) = (self.value.abs(), slope.value.max(0.0), epsilon.value);
        let (d_slope, d_epsilon) = (slope.error(), epsilon.error());
        let least = (s - d_slope).max(0.0) + (e - d_epsilon);
        let most = s + d_slope;
        let inherited = d * (d_slope * e + s * d_epsilon) / ((s + e) * least)
            + self.error() * most / (most + e);
        let value = self.value / (s + e) * s;
        let quotient = (d + self.error()) / least;
        let is_divisor = DIVISORS.contains(&least) && DIVISORS.contains(&(most + e + d_epsilon));
        if is_divisor && quotient <= f64::from(f32::MAX) {
            // A sum, a division, a product; and what the quotient may lose.
            let inherited = inherited + FLUSH * most;
            Self::rounded(value, inherited, (DIVISION_ULPS + 2.0) * ULP * (1.0 + 8.0 * ULP))
        } else {
            Self::new(value, f64::INFINITY)
        }
    }

    /// The sum of `bce_loss.wgsl` in this arithmetic, plus what it leaves out.
    fn ln_1p(self) -> Self {
        let value = self.value.ln_1p();
        let series = ln_1p_series(self);
        Self::new(value, series.error() + (series.value - value).abs())
    }

    /// Whichever is larger, the result is off by no more than the worse of the two, or than the one
    /// that surely is the larger.
    fn max(self, other: Self) -> Self {
        let surely = |a: Self, b: Self| a.value - a.error() > b.value + b.error();
        if surely(self, other) {
            return self;
        }
        if surely(other, self) {
            return other;
        }
        Self::new(self.value.max(other.value), self.error().max(other.error()))
    }
}
