//! Eight networks at a time in plain arrays, for processors without AVX2.

use super::{Block, CLAMP, LANES, LN_2_HIGH, LN_2_LOW, MAGIC, Q};

/// e⁻ᶻ; see [`super`]. Without fused products: elsewhere than in hardware they are slow.
#[inline]
pub(super) fn exp_neg(z: f32) -> f32 {
    // In this order, a NaN stays one.
    let z = if z < -CLAMP { -CLAMP } else { z };
    let z = if z > CLAMP { CLAMP } else { z };
    let sum = MAGIC - z * std::f32::consts::LOG2_E;
    let n = sum - MAGIC;
    let r = -z - n * LN_2_HIGH - n * LN_2_LOW;
    let q = Q[0] + r * (Q[1] + r * (Q[2] + r * (Q[3] + r * Q[4])));
    let power = 1.0 + (r + r * r * q);
    f32::from_bits(power.to_bits().wrapping_add(sum.to_bits() << 23))
}

#[inline]
fn sigmoid(z: f32) -> f32 {
    1.0 / (1.0 + exp_neg(z))
}

/// One step of one lane; the loop over lanes is left to the vectoriser.
#[inline]
fn step(block: &mut Block, lane: usize, rate: f32) {
    let [w00, w01, w10, w11, bias0, bias1, v0, v1, c] = block.map(|lanes| lanes[lane]);
    let a0 =
        [sigmoid(bias0), sigmoid(w01 + bias0), sigmoid(w00 + bias0), sigmoid(w00 + bias0 + w01)];
    let a1 =
        [sigmoid(bias1), sigmoid(w11 + bias1), sigmoid(w10 + bias1), sigmoid(w10 + bias1 + w11)];
    let logit = |row: usize| a0[row] * v0 + a1[row] * v1 + c;
    let d =
        [sigmoid(logit(0)), sigmoid(logit(1)) - 1.0, sigmoid(logit(2)) - 1.0, sigmoid(logit(3))];
    let d_z0 = [0, 1, 2, 3].map(|row: usize| d[row] * v0 * (a0[row] * (1.0 - a0[row])));
    let d_z1 = [0, 1, 2, 3].map(|row: usize| d[row] * v1 * (a1[row] * (1.0 - a1[row])));
    let gradient = [
        d_z0[2] + d_z0[3],
        d_z0[1] + d_z0[3],
        d_z1[2] + d_z1[3],
        d_z1[1] + d_z1[3],
        d_z0[0] + d_z0[1] + (d_z0[2] + d_z0[3]),
        d_z1[0] + d_z1[1] + (d_z1[2] + d_z1[3]),
        d[0] * a0[0] + d[1] * a0[1] + (d[2] * a0[2] + d[3] * a0[3]),
        d[0] * a1[0] + d[1] * a1[1] + (d[2] * a1[2] + d[3] * a1[3]),
        d[0] + d[1] + (d[2] + d[3]),
    ];
    for (lanes, d_parameter) in block.iter_mut().zip(gradient) {
        lanes[lane] -= rate * d_parameter;
    }
}

/// Trains eight networks.
pub(super) fn train(block: &mut Block, learning_rate: f32, steps: u32) {
    let rate = learning_rate / 4.0;
    for _ in 0..steps {
        for lane in 0..LANES {
            step(block, lane, rate);
        }
    }
}
