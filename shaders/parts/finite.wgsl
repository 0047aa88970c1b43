// Whether a value is a number.

// Without their sign, the bits of infinity are larger than those of any number, and those of NaNs
// are larger still.
fn is_finite(value: f32) -> bool {
    return (bitcast<u32>(value) << 1u) < 0xff000000u;
}
