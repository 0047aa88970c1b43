//! Derivatives by arithmetic alone, with nothing written by hand that could be wrong.

use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

use super::Scalar;
use super::formulas::sigmoid_sides;

/// A value and its derivative by one input: forward-mode differentiation, a + b·ε with ε² = 0
/// (Griewank and Walther, "Evaluating Derivatives", 2008, chapter 3). On `f64` it gives derivatives
/// that are right but for rounding, on [`Enclosure`](super::Enclosure) a bound on that rounding.
#[derive(Clone, Copy, Debug)]
pub struct Dual<S> {
    /// The value.
    pub value: S,
    /// Its derivative.
    pub derivative: S,
}

impl<S: Scalar> PartialEq for Dual<S> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<S: Scalar> PartialOrd for Dual<S> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<S: Scalar> Add for Dual<S> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { value: self.value + other.value, derivative: self.derivative + other.derivative }
    }
}

impl<S: Scalar> Sub for Dual<S> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self { value: self.value - other.value, derivative: self.derivative - other.derivative }
    }
}

impl<S: Scalar> Mul for Dual<S> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self {
            value: self.value * other.value,
            derivative: self.derivative * other.value + self.value * other.derivative,
        }
    }
}

impl<S: Scalar> Div for Dual<S> {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        Self { value, derivative: (self.derivative - value * other.derivative) / other.value }
    }
}

impl<S: Scalar> Neg for Dual<S> {
    type Output = Self;
    fn neg(self) -> Self {
        Self { value: -self.value, derivative: -self.derivative }
    }
}

impl<S: Scalar> Scalar for Dual<S> {
    fn from_f64(value: f64) -> Self {
        Self { value: S::from_f64(value), derivative: S::from_f64(0.0) }
    }

    fn to_f64(self) -> f64 {
        self.value.to_f64()
    }

    fn exp(self) -> Self {
        let value = self.value.exp();
        Self { value, derivative: value * self.derivative }
    }

    fn ln(self) -> Self {
        Self { value: self.value.ln(), derivative: self.derivative / self.value }
    }

    fn sqrt(self) -> Self {
        let value = self.value.sqrt();
        Self { value, derivative: self.derivative / (S::from_f64(2.0) * value) }
    }

    /// By the rules above, of the formula that holds everywhere: not by a·(1 − a), which is what the
    /// kernels have and what is to be checked.
    fn sigmoid(self) -> Self {
        sigmoid_sides(self)
    }

    fn is_positive(self) -> Self {
        Self { value: self.value.is_positive(), derivative: S::from_f64(0.0) }
    }

    fn through(self, slope: Self, epsilon: Self) -> Self {
        let derivative = (self / (slope + epsilon) * slope).derivative;
        Self { value: self.value.through(slope.value, epsilon.value), derivative }
    }

    fn ln_1p(self) -> Self {
        let derivative = self.derivative / (S::from_f64(1.0) + self.value);
        Self { value: self.value.ln_1p(), derivative }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_the_textbook() {
        let at = |value: f64| Dual { value, derivative: 1.0 };
        let close = |found: Dual<f64>, expected: f64| {
            assert!((found.derivative - expected).abs() < 1e-15, "{found:?}, not {expected}");
        };
        close(at(3.0) * at(3.0), 6.0);
        close(Dual::from_f64(1.0) / at(2.0), -0.25);
        close(at(0.5).exp(), 0.5_f64.exp());
        close(at(4.0).ln(), 0.25);
        close(at(4.0).sqrt(), 0.25);
        close(at(0.25).ln_1p(), 0.8);
        close(at(-2.0).abs(), -1.0);
        for z in [-3.0, -0.5, 0.0, 0.5, 3.0_f64] {
            let a = z.sigmoid();
            close(at(z).sigmoid(), a * (1.0 - a));
        }
    }
}
