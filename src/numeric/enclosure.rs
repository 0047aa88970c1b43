//! Values with error bounds.

use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Scalar;
use super::accuracy::{
    DIVISION_ULPS, DIVISORS, EXP_FACTOR, FLUSH, LOG_FACTOR, LOG_MIDDLE, LOG_MIDDLE_ERROR, LOG_ULPS,
    SQRT_ERROR, ULP, exp_ulps, gamma,
};
use super::formulas::{MIDDLE, ln_1p_series, sigmoid_middle, sigmoid_sides};

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
        // With a large error, the first is 0 · ∞ where the second is 0.
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

    /// Of what may vanish or be negative nothing is known: `inverseSqrt` has no value there.
    fn sqrt(self) -> Self {
        let (value, [least, most]) = (self.value.sqrt(), self.sizes());
        if self.value - self.error() < FLUSH {
            return Self::new(value, f64::INFINITY);
        }
        let inherited = (value - least.sqrt()).max(most.sqrt() - value);
        Self::rounded(value, inherited, SQRT_ERROR)
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
        // The sigmoid lies between 0 and 1.
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

    /// The sum of `loss.wgsl` in this arithmetic, plus what it leaves out.
    fn ln_1p(self) -> Self {
        let value = self.value.ln_1p();
        let series = ln_1p_series(self);
        Self::new(value, series.error() + (series.value - value).abs())
    }

    /// Either answer where the sign is open.
    fn is_positive(self) -> Self {
        let value = f64::from(u8::from(self.value > 0.0));
        let (error, zero_error) = (self.error(), self.value == 0.0 && self.error() == 0.0);
        let is_open = !zero_error && self.value.abs() <= error;
        Self::new(value, f64::from(u8::from(is_open)))
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
