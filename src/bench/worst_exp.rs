//! Exact arithmetic but for `exp`, which errs as far as it is let go.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::numeric::{EXP_FACTOR, Scalar, ULP, exp_ulps};

/// A number whose `exp` is off by all that [`Enclosure`](crate::numeric::Enclosure) grants, too
/// large above zero and too small below, which makes every sigmoid too steep: a run on it shows how
/// far a driver's `exp` alone may take training. A processor's own is an order of magnitude better,
/// so `f32` there does not show that.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(super) struct WorstExp(f64);

macro_rules! exact {
    ($($operation:ident $method:ident),*) => {$(
        impl $operation for WorstExp {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                Self($operation::$method(self.0, other.0))
            }
        }
    )*};
}

exact!(Add add, Sub sub, Mul mul, Div div);

impl Neg for WorstExp {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Scalar for WorstExp {
    fn from_f64(value: f64) -> Self {
        Self(value)
    }

    fn to_f64(self) -> f64 {
        self.0
    }

    fn exp(self) -> Self {
        let error = EXP_FACTOR * exp_ulps(self.0) * ULP;
        Self(self.0.exp() * (1.0 + error.copysign(self.0)))
    }

    fn ln(self) -> Self {
        Self(self.0.ln())
    }

    fn sqrt(self) -> Self {
        Self(self.0.sqrt())
    }
}
