//! As many products and sums, exponentials or divisions as an adapter can make.

use crate::numeric::Scalar;

/// The sum of 16 values of each invocation i, 16·i to 16·i + 15, that were replaced 4·`iterations`
/// times: by `x·a + b` (operation 0), `exp(−x)` (1) or `a / (b + x)` (2), as the shader numbers
/// them. The first invocation is number `first`.
///
/// # Shapes
/// `out` `[invocations]`.
pub fn peak_arithmetic<S: Scalar>(
    operation: u32,
    iterations: u32,
    [a, b]: [S; 2],
    first: u32,
    out: &mut [S],
) {
    let replaced = |x: S| match operation {
        0 => x * a + b,
        1 => (-x).exp(),
        2 => a / (b + x),
        other => panic!("there is no operation {other}"),
    };
    for (invocation, out) in (first..).zip(out) {
        let starts = (0..16).map(|value| S::from_f64((16 * invocation + value).into()));
        let ends = starts.map(|start| (0..4 * iterations).fold(start, |x, _| replaced(x)));
        *out = ends.reduce(|sum, x| sum + x).expect("there are 16");
    }
}
