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

/// One value for each row of the data, and network: `[4, LANES]`.
type Rows = [[f32; LANES]; 4];

/// 1 / (1 + e⁻ᶻ), in a loop that is long enough for compilers to make vectors of it instead of
/// unrolling it.
#[inline]
fn sigmoid(values: &mut Rows) {
    for value in values.as_flattened_mut() {
        *value = 1.0 / (1.0 + exp_neg(*value));
    }
}

/// A hidden neuron's activations.
#[inline]
fn activations([w0, w1, bias]: [&[f32; LANES]; 3]) -> Rows {
    let mut a = [[0.0; LANES]; 4];
    for lane in 0..LANES {
        a[0][lane] = bias[lane];
        a[1][lane] = bias[lane] + w1[lane];
        a[2][lane] = bias[lane] + w0[lane];
        a[3][lane] = bias[lane] + w0[lane] + w1[lane];
    }
    sigmoid(&mut a);
    a
}

/// Updates a hidden neuron's `[w0, w1, bias]` and the output's weight for it.
#[inline]
fn update(rate: f32, a: &Rows, d_logits: &Rows, parameters: [&mut [f32; LANES]; 4]) {
    let [w0, w1, bias, v] = parameters;
    let (mut products, mut d_z) = ([[0.0; LANES]; 4], [[0.0; LANES]; 4]);
    for row in 0..4 {
        for lane in 0..LANES {
            products[row][lane] = d_logits[row][lane] * a[row][lane];
            d_z[row][lane] = products[row][lane] * v[lane] * (1.0 - a[row][lane]);
        }
    }
    for lane in 0..LANES {
        let [d0, d1, d2, d3] = d_z.map(|row| row[lane]);
        w0[lane] -= rate * (d2 + d3);
        w1[lane] -= rate * (d1 + d3);
        bias[lane] -= rate * (d0 + d1 + (d2 + d3));
        let [p0, p1, p2, p3] = products.map(|row| row[lane]);
        v[lane] -= rate * (p0 + p1 + (p2 + p3));
    }
}

/// One step of eight networks; `rate` is a quarter of the learning rate.
#[inline]
fn step(block: &mut Block, rate: f32) {
    let [w00, w01, w10, w11, bias0, bias1, v0, v1, c] = block;
    let a0 = activations([w00, w01, bias0]);
    let a1 = activations([w10, w11, bias1]);
    let mut d_logits = [[0.0; LANES]; 4];
    for row in 0..4 {
        for lane in 0..LANES {
            d_logits[row][lane] = a0[row][lane] * v0[lane] + a1[row][lane] * v1[lane] + c[lane];
        }
    }
    sigmoid(&mut d_logits);
    for lane in 0..LANES {
        d_logits[1][lane] -= 1.0;
        d_logits[2][lane] -= 1.0;
        let [d0, d1, d2, d3] = d_logits.map(|row| row[lane]);
        c[lane] -= rate * (d0 + d1 + (d2 + d3));
    }
    update(rate, &a0, &d_logits, [w00, w01, bias0, v0]);
    update(rate, &a1, &d_logits, [w10, w11, bias1, v1]);
}

/// Trains eight networks.
pub(super) fn train(block: &mut Block, learning_rate: f32, steps: u32) {
    for _ in 0..steps {
        step(block, learning_rate / 4.0);
    }
}
