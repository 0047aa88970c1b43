//! Floating point accuracy of WGSL, and how far beyond it shipping drivers are let go.
//!
//! The accuracy rules are those of the WGSL specification, section "Floating point accuracy":
//! `+ − ×` correctly rounded in either direction, division 2.5 ULP where the divisor is from 2⁻¹²⁶ to
//! 2¹²⁶, `exp` 3 + 2·|x| ULP, `log` 3 ULP, or 2⁻²¹ between ½ and 2, `sqrt` that of 1 / `inverseSqrt`; any contraction or reassociation; subnormal numbers may flush to
//! zero. One ULP of x is at most 2⁻²³·|x|. `ln_1p` is no function of WGSL: its rule is that of the
//! sum in `loss.wgsl`.

use std::ops::RangeInclusive;

/// The width of one unit in the last place, relative to its number: 2⁻²³.
pub const ULP: f64 = 1.0 / 8_388_608.0;

/// What share of an [`Enclosure`](super::Enclosure)'s bound the same computation needs in `f64`: a unit in the last
/// place is 2⁻⁵² there, and no rule of the bound is narrower in its own units.
pub const F64_SHARE: f64 = 1.0 / 536_870_912.0;

/// WGSL's table for `sqrt`, relative to its result: it inherits from 1 / `inverseSqrt`, which is off by
/// 2 ULP, and the division by 2.5.
pub const SQRT_ERROR: f64 = (2.0 + DIVISION_ULPS) * ULP * (1.0 + 8.0 * ULP);

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

/// The arguments for which the table for `log` has an absolute bound, [`LOG_MIDDLE_ERROR`].
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

/// γₙ = n·u / (1 − n·u), Higham's bound on n roundings in a row (Accuracy and Stability of
/// Numerical Algorithms, 2nd ed., lemma 3.1), with u = 2⁻²³ because WGSL fixes no direction.
#[must_use]
pub fn gamma(roundings: f64) -> f64 {
    let nu = roundings * ULP;
    if nu < 1.0 { nu / (1.0 - nu) } else { f64::INFINITY }
}
