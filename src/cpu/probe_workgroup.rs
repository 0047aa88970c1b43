//! What invocations of a workgroup tell each other through its memory.

/// The nodes of the tree in which one row of `values` is summed, modulo 2³², and the row after
/// `rounds` rounds of mixing.
///
/// # Shapes
/// All `[workgroup_size]`, a power of two.
#[must_use]
pub fn probe_workgroup(values: &[u32], rounds: u32) -> (Vec<u32>, Vec<u32>) {
    let size = values.len();
    let mut sums = values.to_vec();
    let mut stride = size / 2;
    while stride != 0 {
        for lane in 0..stride {
            sums[lane] = sums[lane].wrapping_add(sums[lane + stride]);
        }
        stride /= 2;
    }
    let mut mixed = values.to_vec();
    for round in 0..rounds {
        let exchange = mixed.clone();
        let distance = 1 << (round % 8);
        for (lane, value) in mixed.iter_mut().enumerate() {
            let above = exchange[(lane + distance) % size];
            let below = exchange[(lane + size - distance) % size];
            *value = value.wrapping_mul(5).wrapping_add(above.wrapping_mul(3)).wrapping_add(below);
        }
    }
    (sums, mixed)
}
