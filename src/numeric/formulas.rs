//! The formulas that shaders and twins share: the polynomials of the logistic function and of
//! log(1 + t).

use super::Scalar;

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
pub(super) fn sigmoid_middle<S: Scalar>(z: S) -> S {
    let y = z * z;
    let [highest, rest @ ..] = SIGMOID_COEFFICIENTS.map(S::from_f32);
    let q = rest.into_iter().fold(highest, |q, coefficient| q * y + coefficient);
    S::from_f64(0.5) + (S::from_f64(0.25) * z + z * y * q)
}

/// σ(z) = t / (1 + t) for z < 0, with t = e^−|z|, and one minus that for z ≥ 0.
pub(super) fn sigmoid_sides<S: Scalar>(z: S) -> S {
    let one = S::from_f64(1.0);
    let t = (-z.abs()).exp();
    let tail = t / (one + t);
    if z < S::from_f64(0.0) { tail } else { one - tail }
}

/// The coefficients of r in `loss.wgsl`, the highest first.
pub const LN_1P_COEFFICIENTS: [f32; 4] = [0.140_060_83, 0.140_008_85, 0.200_107_65, 0.333_332_1];

/// log(1 + t) = 2·artanh(s) with s = t / (2 + t): 2·(s + s³·r(s²)).
pub(super) fn ln_1p_series<S: Scalar>(t: S) -> S {
    let two = S::from_f64(2.0);
    let s = t / (two + t);
    let q = s * s;
    let [highest, rest @ ..] = LN_1P_COEFFICIENTS.map(S::from_f32);
    let r = rest.into_iter().fold(highest, |r, coefficient| r * q + coefficient);
    two * (s + s * (q * r))
}
