// Rounding that no compiler takes away. The shader sets `zero` to a 0 of which a compiler knows
// nothing.

var<private> zero: u32;

// The same value, of which a compiler knows nothing. Mesa 22.3.6 simplifies (a + b) − a to b, and
// WGSL allows that.
fn rounded(value: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(value) ^ zero);
}
