//! The check that an adapter can hold a network and its data, before anything is created or
//! uploaded.

use crate::error::Error;
use crate::gpu::{Gpu, aligned_len, check_tensor};
use crate::task::{Dataset, LayerSizes};

/// The tensor of a training step that has the most values, and their number.
fn largest_tensor(data: &Dataset, sizes: &LayerSizes) -> (&'static str, usize) {
    let aligned = |(inputs, outputs)| aligned_len(inputs * outputs) + aligned_len(outputs);
    let widest = sizes.layers().map(|(_, outputs)| outputs).max().unwrap_or(1);
    let tensors = [
        ("parameters", sizes.layers().map(aligned).sum()),
        ("activations", data.row_count() * widest),
        ("inputs", data.inputs.len()),
    ];
    tensors.into_iter().max_by_key(|(_, len)| *len).expect("there are three")
}

/// Checks that an adapter can hold each tensor of a training step.
///
/// # Errors
/// [`Error::Usage`] if it cannot.
pub fn check_tensors(gpu: &Gpu, data: &Dataset, sizes: &LayerSizes) -> Result<(), Error> {
    let (label, len) = largest_tensor(data, sizes);
    gpu.check_tensor(label, len)
}

/// Checks that some adapter can hold each tensor of a training step.
///
/// # Errors
/// [`Error::Usage`] if no adapter can.
pub fn check_tensors_of_any_adapter(data: &Dataset, sizes: &LayerSizes) -> Result<(), Error> {
    let (label, len) = largest_tensor(data, sizes);
    check_tensor(label, len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_refused_from_the_first_value_that_no_adapter_binds() {
        let is_held = |bits, layers: &str| {
            let data = Dataset::parity(bits).expect("data");
            let sizes = layers.parse().expect("a network");
            check_tensors_of_any_adapter(&data, &sizes).is_ok()
        };
        // 2³¹ bytes are 2²⁹ values: 65,536 rows of 8,192.
        assert!(is_held(16, "16-8192-1") && !is_held(16, "16-8193-1"));
        assert!(is_held(15, "15-16384-1") && !is_held(15, "15-16385-1"));
        // No network has this number of parameters.
        assert!(is_held(2, "2-65536-4092-1"));
    }

    #[test]
    fn each_tensor_of_a_step_can_be_the_largest() {
        let largest = |bits, layers: &str| {
            let data = Dataset::parity(bits).expect("data");
            largest_tensor(&data, &layers.parse().expect("a network"))
        };
        assert_eq!(largest(2, "2-64-64-1"), ("parameters", 128 + 64 + 4_096 + 64 + 64 + 64));
        assert_eq!(largest(10, "10-64-1"), ("activations", 1 << 16));
        assert_eq!(largest(10, "10-2-1"), ("inputs", 10 << 10));
    }
}
