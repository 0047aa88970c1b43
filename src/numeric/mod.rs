//! Numbers: the arithmetics that the reference runs on, random draws, and whole numbers as people
//! write them.

mod accuracy;
mod count;
mod dual;
mod enclosure;
mod formulas;
mod rng;
mod scalar;

pub use accuracy::{
    DIVISION_ULPS, DIVISORS, EXP_FACTOR, F64_SHARE, FLUSH, LOG_FACTOR, LOG_MIDDLE,
    LOG_MIDDLE_ERROR, LOG_ULPS, SQRT_ERROR, ULP, exp_ulps, gamma, ulp,
};
pub use count::parse_count;
pub use dual::Dual;
pub use enclosure::Enclosure;
pub use formulas::{LN_1P_COEFFICIENTS, MIDDLE, SIGMOID_COEFFICIENTS};
pub use rng::{Stream, philox4x32};
pub use scalar::Scalar;
