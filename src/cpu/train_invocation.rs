//! Steps of SGD for a network with one hidden layer, row by row.

use super::bce_loss::bce_loss;
use super::sgd_update::sgd_update;
use crate::dataset::Dataset;
use crate::scalar::Scalar;

/// A network with one hidden layer: its parameters in the order of a `state_dict`, and what
/// rounding left out of them.
#[derive(Clone, Debug)]
pub struct Member<S> {
    /// Weights of the hidden layer `[hidden_size, input_size]`, its biases, the output's weights,
    /// its bias.
    pub parameters: Vec<S>,
    /// The same shape.
    pub residues: Vec<S>,
}

impl<S> Member<S> {
    pub(super) fn hidden_size(&self, input_size: usize) -> usize {
        (self.parameters.len() - 1) / (input_size + 2)
    }
}

/// The output's logit for one row; leaves the hidden layer's activations in `activations`.
fn forward<S: Scalar>(parameters: &[S], inputs: &[S], activations: &mut [S]) -> S {
    let (input_size, hidden_size) = (inputs.len(), activations.len());
    let (weight, rest) = parameters.split_at(hidden_size * input_size);
    let (bias, rest) = rest.split_at(hidden_size);
    let zero = S::from_f64(0.0);
    let mut logit = zero;
    for (j, a) in activations.iter_mut().enumerate() {
        let row = &weight[j * input_size..];
        let z = inputs.iter().zip(row).fold(zero, |z, (&x, &w)| z + x * w);
        *a = (z + bias[j]).sigmoid();
        logit = logit + *a * rest[j];
    }
    logit + rest[hidden_size]
}

/// The mean binary cross-entropy of the network on the data, in nats, and its probabilities
/// `[batch_size, 1]`.
#[must_use]
pub fn look<S: Scalar>(data: &Dataset, member: &Member<S>) -> (S, Vec<S>) {
    let hidden_size = member.hidden_size(data.input_size);
    let mut activations = vec![S::from_f64(0.0); hidden_size];
    let inputs = S::all_from_f32(&data.inputs);
    let targets = S::all_from_f32(&data.targets);
    let rows = inputs.chunks_exact(data.input_size);
    let logits: Vec<S> =
        rows.map(|row| forward(&member.parameters, row, &mut activations)).collect();
    let probabilities = logits.iter().map(|logit| logit.sigmoid()).collect();
    (bce_loss(&logits, &targets), probabilities)
}

/// Adds the gradient of one row, a share of the mean over `batch_size`, to `d_parameters`.
pub(super) fn add_gradient<S: Scalar>(
    parameters: &[S],
    (inputs, target): (&[S], S),
    batch_size: S,
    activations: &mut [S],
    d_parameters: &mut [S],
) {
    let (input_size, hidden_size) = (inputs.len(), activations.len());
    let [hidden_bias, output_weight] = [hidden_size * input_size, hidden_size * (input_size + 1)];
    let one = S::from_f64(1.0);
    let logit = forward(parameters, inputs, activations);
    let d_logit = (logit.sigmoid() - target) / batch_size;
    for (j, &a) in activations.iter().enumerate() {
        let d_z = d_logit * parameters[output_weight + j] * (a * (one - a));
        for (d, &x) in d_parameters[j * input_size..].iter_mut().zip(inputs) {
            *d = *d + d_z * x;
        }
        d_parameters[hidden_bias + j] = d_parameters[hidden_bias + j] + d_z;
        d_parameters[output_weight + j] = d_parameters[output_weight + j] + d_logit * a;
    }
    let last = d_parameters.len() - 1;
    d_parameters[last] = d_parameters[last] + d_logit;
}

/// `steps` updates on mean binary cross-entropy.
///
/// # Shapes
/// `data.inputs` `[batch_size, input_size]`; `member` as it says.
pub fn train_invocation<S: Scalar>(
    data: &Dataset,
    learning_rate: S,
    steps: usize,
    member: &mut Member<S>,
) {
    let inputs = S::all_from_f32(&data.inputs);
    let targets = S::all_from_f32(&data.targets);
    #[expect(clippy::cast_precision_loss, reason = "a batch has fewer than 2⁵³ rows")]
    let batch_size = S::from_f64(targets.len() as f64);
    let zero = S::from_f64(0.0);
    let mut activations = vec![zero; member.hidden_size(data.input_size)];
    let mut d_parameters = vec![zero; member.parameters.len()];
    for _ in 0..steps {
        d_parameters.fill(zero);
        let Member { parameters, residues } = member;
        for (row, &target) in inputs.chunks_exact(data.input_size).zip(&targets) {
            let row = (row, target);
            add_gradient(parameters, row, batch_size, &mut activations, &mut d_parameters);
        }
        sgd_update(learning_rate, &d_parameters, parameters, residues);
    }
}
