//! What a launch costs at least: the work that its formula asks for, however it is done.

use std::ops::Mul;

/// The least work of a launch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Additions, subtractions and multiplications; one that is fused counts as two.
    pub flops: f64,
    /// Divisions, exponentials and logarithms.
    pub special: f64,
    /// Bytes between the shader and memory, if each input is read and each output written once.
    pub bytes: f64,
    /// Bytes that invocations read from the memory of their workgroup.
    pub workgroup_bytes: f64,
}

impl Mul<f64> for Cost {
    type Output = Self;

    fn mul(self, times: f64) -> Self {
        Self {
            flops: self.flops * times,
            special: self.special * times,
            bytes: self.bytes * times,
            workgroup_bytes: self.workgroup_bytes * times,
        }
    }
}
