//! One network on one core, with nothing but the standard library.

use super::PARAMETERS;
use super::simd::WideData;

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

/// Trains a network with one hidden layer, of any sizes, by the same rule.
///
/// # Shapes
/// `parameters` in the order of a `state_dict`: `[hidden_size, input_size]`, `[hidden_size]`,
/// `[1, hidden_size]`, `[1]`.
///
/// # Panics
/// If the shapes are others.
pub fn train_any(data: WideData<'_>, parameters: &mut [f32], learning_rate: f32, steps: u32) {
    let WideData { inputs, targets } = data;
    let input_size = inputs.len() / targets.len();
    assert_eq!(parameters.len() % (input_size + 2), 1, "parameters of inputs of {input_size}");
    let hidden_size = parameters.len() / (input_size + 2);
    let (mut activations, mut gradients) = (vec![0.0; hidden_size], vec![0.0; parameters.len()]);
    #[expect(clippy::cast_precision_loss, reason = "batches are small")]
    let rate = learning_rate / targets.len() as f32;
    for _ in 0..steps {
        gradients.fill(0.0);
        for (inputs, target) in inputs.chunks_exact(input_size).zip(targets) {
            add_row(parameters, inputs, *target, &mut activations, &mut gradients);
        }
        for (parameter, gradient) in parameters.iter_mut().zip(&gradients) {
            *parameter -= rate * gradient;
        }
    }
}

/// Adds what one row gives to the gradients.
fn add_row(
    parameters: &[f32],
    inputs: &[f32],
    target: f32,
    activations: &mut [f32],
    gradients: &mut [f32],
) {
    let (input_size, hidden_size) = (inputs.len(), activations.len());
    let (weights, rest) = parameters.split_at(hidden_size * input_size);
    let (biases, rest) = rest.split_at(hidden_size);
    let (output_weights, output_bias) = rest.split_at(hidden_size);
    let mut logit = output_bias[0];
    for (j, activation) in activations.iter_mut().enumerate() {
        let weights = &weights[j * input_size..][..input_size];
        let products = weights.iter().zip(inputs).map(|(weight, input)| weight * input);
        *activation = sigmoid(products.sum::<f32>() + biases[j]);
        logit += *activation * output_weights[j];
    }
    let d_logit = sigmoid(logit) - target;
    let (d_weights, rest) = gradients.split_at_mut(hidden_size * input_size);
    let (d_biases, rest) = rest.split_at_mut(hidden_size);
    let (d_output_weights, d_output_bias) = rest.split_at_mut(hidden_size);
    d_output_bias[0] += d_logit;
    for (j, &activation) in activations.iter().enumerate() {
        d_output_weights[j] += d_logit * activation;
        let d_z = d_logit * output_weights[j] * (activation * (1.0 - activation));
        d_biases[j] += d_z;
        let d_weights = &mut d_weights[j * input_size..][..input_size];
        for (d_weight, input) in d_weights.iter_mut().zip(inputs) {
            *d_weight += d_z * input;
        }
    }
}
