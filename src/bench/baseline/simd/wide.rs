//! One network with a wide hidden layer, eight rows of the data in a vector.

use std::arch::x86_64::{
    __m256, _mm256_add_ps, _mm256_fmadd_ps, _mm256_fnmadd_ps, _mm256_mul_ps, _mm256_set1_ps,
    _mm256_setzero_ps, _mm256_sub_ps,
};

use super::avx2::{lanes, sigmoid, vector};
use super::{LANES, WideData};

/// A hidden neuron's parameters.
struct Neuron<const INPUT_SIZE: usize> {
    weight: [f32; INPUT_SIZE],
    bias: f32,
    output_weight: f32,
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn sum(values: __m256) -> f32 {
    let [a, b, c, d, e, f, g, h] = lanes(values);
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

/// The data, transposed: for each eight rows, a vector for each input, and one with the targets.
struct Rows<const INPUT_SIZE: usize> {
    inputs: Vec<[__m256; INPUT_SIZE]>,
    targets: Vec<__m256>,
}

impl<const INPUT_SIZE: usize> Rows<INPUT_SIZE> {
    #[target_feature(enable = "avx2,fma")]
    fn new(data: WideData<'_>) -> Self {
        let mut rows = Self { inputs: vec![], targets: vec![] };
        let (inputs, _) = data.inputs.as_chunks::<INPUT_SIZE>();
        for inputs in inputs.as_chunks::<LANES>().0 {
            let mut columns = [_mm256_setzero_ps(); INPUT_SIZE];
            for (i, column) in columns.iter_mut().enumerate() {
                *column = vector(inputs.map(|row| row[i]));
            }
            rows.inputs.push(columns);
        }
        for targets in data.targets.as_chunks::<LANES>().0 {
            rows.targets.push(vector(*targets));
        }
        rows
    }
}

/// Leaves the hidden activations of all rows in `activations` `[hidden_size, batch_size / 8]`, and
/// p − t in `d_logits` `[batch_size / 8]`. In two passes, short ones: a processor that looks ahead
/// then sees more of what does not wait.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn forward<const INPUT_SIZE: usize>(
    rows: &Rows<INPUT_SIZE>,
    neurons: &[Neuron<INPUT_SIZE>],
    output_bias: f32,
    activations: &mut [__m256],
    d_logits: &mut [__m256],
) {
    let count = rows.inputs.len();
    for (part, inputs) in rows.inputs.iter().enumerate() {
        for (j, neuron) in neurons.iter().enumerate() {
            let mut z = _mm256_set1_ps(neuron.bias);
            for (&x, &w) in inputs.iter().zip(&neuron.weight) {
                z = _mm256_fmadd_ps(x, _mm256_set1_ps(w), z);
            }
            activations[j * count + part] = z;
        }
    }
    let logits = d_logits;
    logits.fill(_mm256_set1_ps(output_bias));
    for (neuron, activations) in neurons.iter().zip(activations.chunks_exact_mut(count)) {
        let v = _mm256_set1_ps(neuron.output_weight);
        for (a, logit) in activations.iter_mut().zip(&mut *logits) {
            *a = sigmoid(*a);
            *logit = _mm256_fmadd_ps(*a, v, *logit);
        }
    }
    for (logit, &target) in logits.iter_mut().zip(&rows.targets) {
        *logit = _mm256_sub_ps(sigmoid(*logit), target);
    }
}

/// Updates one hidden neuron, and the output's weight for it.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn update<const INPUT_SIZE: usize>(
    rows: &Rows<INPUT_SIZE>,
    activations: &[__m256],
    d_logits: &[__m256],
    rate: f32,
    neuron: &mut Neuron<INPUT_SIZE>,
) {
    let zero = _mm256_setzero_ps();
    let (mut d_weight, mut d_bias, mut d_output_weight) = ([zero; INPUT_SIZE], zero, zero);
    for ((inputs, &a), &d_logit) in rows.inputs.iter().zip(activations).zip(d_logits) {
        let product = _mm256_mul_ps(d_logit, a);
        // Still to be multiplied by the output's weight.
        let d_z = _mm256_fnmadd_ps(product, a, product);
        for (d, &x) in d_weight.iter_mut().zip(inputs) {
            *d = _mm256_fmadd_ps(d_z, x, *d);
        }
        d_bias = _mm256_add_ps(d_bias, d_z);
        d_output_weight = _mm256_add_ps(d_output_weight, product);
    }
    let hidden_rate = rate * neuron.output_weight;
    for (weight, d) in neuron.weight.iter_mut().zip(d_weight) {
        *weight -= hidden_rate * sum(d);
    }
    neuron.bias -= hidden_rate * sum(d_bias);
    neuron.output_weight -= rate * sum(d_output_weight);
}

/// See [`super::train_wide`].
#[target_feature(enable = "avx2,fma")]
pub(super) fn train<const INPUT_SIZE: usize>(
    data: WideData<'_>,
    parameters: &mut [f32],
    learning_rate: f32,
    steps: u32,
) {
    let hidden_size = (parameters.len() - 1) / (INPUT_SIZE + 2);
    let (weight, rest) = parameters.split_at_mut(hidden_size * INPUT_SIZE);
    let (weight, _) = weight.as_chunks_mut::<INPUT_SIZE>();
    let (bias, rest) = rest.split_at_mut(hidden_size);
    let (output_weight, output_bias) = rest.split_at_mut(hidden_size);
    let mut neurons = vec![];
    for j in 0..hidden_size {
        let (weight, bias, output_weight) = (weight[j], bias[j], output_weight[j]);
        neurons.push(Neuron { weight, bias, output_weight });
    }
    let rows = Rows::<INPUT_SIZE>::new(data);
    let count = rows.inputs.len();
    let mut activations = vec![_mm256_setzero_ps(); hidden_size * count];
    let mut d_logits = vec![_mm256_setzero_ps(); count];
    #[expect(clippy::cast_precision_loss, reason = "a batch has fewer than 2²⁴ rows")]
    let rate = learning_rate / data.targets.len() as f32;
    for _ in 0..steps {
        forward(&rows, &neurons, output_bias[0], &mut activations, &mut d_logits);
        for (neuron, activations) in neurons.iter_mut().zip(activations.chunks_exact(count)) {
            update(&rows, activations, &d_logits, rate, neuron);
        }
        let mut d_output_bias = _mm256_setzero_ps();
        for &d_logit in &d_logits {
            d_output_bias = _mm256_add_ps(d_output_bias, d_logit);
        }
        output_bias[0] -= rate * sum(d_output_bias);
    }
    for (j, neuron) in neurons.into_iter().enumerate() {
        (weight[j], bias[j], output_weight[j]) = (neuron.weight, neuron.bias, neuron.output_weight);
    }
}
