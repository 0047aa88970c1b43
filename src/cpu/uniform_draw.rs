//! Initial parameters, drawn by Philox4x32-10.

use crate::numeric::{Scalar, philox4x32};

/// extent · scale · u for parameter number `parameter` of a member, with u uniform on [−1, 1): the
/// upper 24 bits of the first word that Philox makes of the member's key and of the counter
/// (`parameter`, `counter`).
#[must_use]
pub fn uniform_draw<S: Scalar>(
    extent: f32,
    scale: f32,
    key: [u32; 2],
    counter: [u32; 3],
    parameter: u32,
) -> S {
    let [first, second, third] = counter;
    let [word, ..] = philox4x32([parameter, first, second, third], key);
    // Exact: a multiple of 2⁻²³ below 1.
    let u = S::from_f64(f64::from(word >> 8) / 8_388_608.0 - 1.0);
    S::from_f32(extent) * S::from_f32(scale) * u
}
