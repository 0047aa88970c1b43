//! One network on one core, with nothing but the standard library.

use super::PARAMETERS;

/// 1 / (1 + e⁻ᶻ), as one writes it.
#[inline]
fn sigmoid(z: f32) -> f32 {
    1.0 / (1.0 + (-z).exp())
}

/// The hidden neuron's activations on the four rows: its inputs are 0 or 1, so nothing is
/// multiplied by them.
#[inline]
fn activations(w0: f32, w1: f32, bias: f32) -> [f32; 4] {
    let with_first = w0 + bias;
    [sigmoid(bias), sigmoid(w1 + bias), sigmoid(with_first), sigmoid(with_first + w1)]
}

/// What the activations `a` of a hidden neuron and the output's `d_logits` give: the gradients of
/// its `[w0, w1, bias]`, and that of the output's weight `v` for it.
#[inline]
fn gradients(a: [f32; 4], v: f32, d_logits: [f32; 4]) -> [f32; 4] {
    let mut d_z = [0.0; 4];
    for row in 0..4 {
        d_z[row] = d_logits[row] * v * (a[row] * (1.0 - a[row]));
    }
    let d_v = d_logits[0] * a[0] + d_logits[1] * a[1] + (d_logits[2] * a[2] + d_logits[3] * a[3]);
    let d_w0 = d_z[2] + d_z[3];
    [d_w0, d_z[1] + d_z[3], d_z[0] + d_z[1] + d_w0, d_v]
}

/// Trains one 2-2-1 network on the four rows of XOR, all of them at every step: plain SGD,
/// `parameters −= learning_rate · gradient` of the mean binary cross-entropy, in `f32`.
///
/// # Shapes
/// `parameters` in the order of a `state_dict`: weight `[2, 2]` and bias `[2]` of the hidden
/// layer, weight `[1, 2]` and bias `[1]` of the output.
pub fn train(parameters: &mut [f32; PARAMETERS], learning_rate: f32, steps: u32) {
    let [mut w00, mut w01, mut w10, mut w11, mut bias0, mut bias1, mut v0, mut v1, mut c] =
        *parameters;
    // The mean over four rows.
    let rate = learning_rate / 4.0;
    for _ in 0..steps {
        let a0 = activations(w00, w01, bias0);
        let a1 = activations(w10, w11, bias1);
        let mut d_logits = [0.0; 4];
        for row in 0..4 {
            d_logits[row] = sigmoid(a0[row] * v0 + a1[row] * v1 + c);
        }
        d_logits[1] -= 1.0;
        d_logits[2] -= 1.0;
        let [d_w00, d_w01, d_bias0, d_v0] = gradients(a0, v0, d_logits);
        let [d_w10, d_w11, d_bias1, d_v1] = gradients(a1, v1, d_logits);
        w00 -= rate * d_w00;
        w01 -= rate * d_w01;
        w10 -= rate * d_w10;
        w11 -= rate * d_w11;
        bias0 -= rate * d_bias0;
        bias1 -= rate * d_bias1;
        v0 -= rate * d_v0;
        v1 -= rate * d_v1;
        c -= rate * (d_logits[0] + d_logits[1] + (d_logits[2] + d_logits[3]));
    }
    *parameters = [w00, w01, w10, w11, bias0, bias1, v0, v1, c];
}
