//! How many iterations of its loops an invocation makes.

/// The invocation's state after `count` iterations of any of the shader's loops.
#[must_use]
pub fn probe_loops(invocation: u32, count: u32) -> u32 {
    (0..count).fold(invocation, |state, _| next(state))
}

fn next(state: u32) -> u32 {
    (state ^ (state >> 15)).wrapping_mul(0x2c1b_3c6d).wrapping_add(0x297a_2d39)
}
