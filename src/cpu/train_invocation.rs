//! Steps of gradient descent for a network with one hidden layer, row by row.

use std::ops::Range;

use super::activation::{activate, slope};
use super::loss;
use super::sgd_update::sgd_update;
use crate::numeric::Scalar;
use crate::task::{Backprop, Dataset, Loss, Method};

/// A network with one hidden layer in training.
#[derive(Clone, Debug)]
pub struct Member<S> {
    /// Weights of the hidden layer `[hidden_size, input_size]`, its biases, the output's weights,
    /// its bias: the order of a `state_dict`.
    pub parameters: Vec<S>,
    /// What a step hands to the next for each of them: what rounding left out of it if compensated,
    /// else its velocity, in units of the gradient of the mean loss.
    pub optimizer_state: Vec<S>,
    /// The learning rates of the hidden layer and of the output.
    pub rates: [S; 2],
    /// Updates made.
    pub steps: u64,
    /// The first step before whose update the loss was below what counts as solved.
    pub solved_at: Option<u64>,
}

impl<S: Scalar> Member<S> {
    /// At its start.
    #[must_use]
    pub fn new(parameters: Vec<S>, rates: [S; 2]) -> Self {
        let optimizer_state = vec![S::from_f64(0.0); parameters.len()];
        Self { parameters, optimizer_state, rates, steps: 0, solved_at: None }
    }

    pub(super) fn hidden_size(&self, input_size: usize) -> usize {
        (self.parameters.len() - 1) / (input_size + 2)
    }
}

/// The output's logit for one row; leaves the hidden layer's activations in `activations`.
fn forward<S: Scalar>(method: Method, parameters: &[S], inputs: &[S], activations: &mut [S]) -> S {
    let (input_size, hidden_size) = (inputs.len(), activations.len());
    let (weight, rest) = parameters.split_at(hidden_size * input_size);
    let (bias, rest) = rest.split_at(hidden_size);
    let zero = S::from_f64(0.0);
    let mut logit = zero;
    for (j, a) in activations.iter_mut().enumerate() {
        let row = &weight[j * input_size..];
        let z = inputs.iter().zip(row).fold(zero, |z, (&x, &w)| z + x * w);
        *a = activate(method.is_compensated(), method.hidden_activation, z + bias[j]);
        logit = logit + *a * rest[j];
    }
    logit + rest[hidden_size]
}

#[expect(clippy::cast_precision_loss, reason = "a batch has fewer than 2⁵³ rows")]
pub(super) fn batch_size<S: Scalar>(data: &Dataset) -> S {
    S::from_f64(data.targets.len() as f64)
}

/// The mean loss of the network on the data, and its outputs `[batch_size, 1]`.
#[must_use]
pub fn look<S: Scalar>(method: Method, data: &Dataset, member: &Member<S>) -> (S, Vec<S>) {
    let hidden_size = member.hidden_size(data.input_size);
    let mut activations = vec![S::from_f64(0.0); hidden_size];
    let inputs = S::all_from_f32(&data.inputs);
    let targets = S::all_from_f32(&data.targets);
    let rows = inputs.chunks_exact(data.input_size);
    let logits: Vec<S> =
        rows.map(|row| forward(method, &member.parameters, row, &mut activations)).collect();
    let output = |&logit: &S| activate(method.is_compensated(), method.output_activation, logit);
    let outputs: Vec<S> = logits.iter().map(output).collect();
    let of_rows = if method.loss.takes_logits() { &logits } else { &outputs };
    (loss::loss(method.loss, of_rows, &targets), outputs)
}

/// What the sum of the rows' gradients, as [`add_gradient`] has them, is multiplied by to make that
/// of the mean loss.
fn share<S: Scalar>(method: Method, data: &Dataset) -> S {
    let factor = if method.loss == Loss::SquaredError { 2.0 } else { 1.0 };
    S::from_f64(factor) / batch_size(data)
}

/// The parameters of both layers, weights and biases apart, each with the factor of its gradient's sum
/// over the rows in a step: the learning rate, but for the share where a velocity has it.
fn rates<S: Scalar>(method: Method, data: &Dataset, member: &Member<S>) -> [(Range<usize>, S); 4] {
    let (hidden_size, count) = (member.hidden_size(data.input_size), member.parameters.len());
    let hidden_bias = hidden_size * data.input_size;
    let output_weight = hidden_bias + hidden_size;
    let [hidden, output] = member.rates;
    let of = |range, rate, is_bias: bool| {
        let rate = match method.backprop {
            Backprop::ByHand { .. } if is_bias => rate / batch_size(data),
            Backprop::ByHand { .. } => rate,
            Backprop::Exact if method.has_momentum() => rate,
            Backprop::Exact => rate * share(method, data),
        };
        (range, rate)
    };
    [
        of(0..hidden_bias, hidden, false),
        of(hidden_bias..output_weight, hidden, true),
        of(output_weight..count - 1, output, false),
        of(count - 1..count, output, true),
    ]
}

/// Adds the gradient of one row (of a squared error, half of it) to `d_parameters`; returns the
/// output minus the target.
pub(super) fn add_gradient<S: Scalar>(
    method: Method,
    parameters: &[S],
    (inputs, target): (&[S], S),
    activations: &mut [S],
    d_parameters: &mut [S],
) -> S {
    let (input_size, hidden_size) = (inputs.len(), activations.len());
    let [hidden_bias, output_weight] = [hidden_size * input_size, hidden_size * (input_size + 1)];
    let logit = forward(method, parameters, inputs, activations);
    let output = activate(method.is_compensated(), method.output_activation, logit);
    let error = output - target;
    let mut d_logit = error;
    let epsilon = method.backprop.epsilon();
    if method.loss == Loss::SquaredError {
        d_logit = error * slope(method.output_activation, output);
    } else if epsilon > 0.0 {
        d_logit = error.through(output * (S::from_f64(1.0) - output), S::from_f64(epsilon));
    }
    for (j, &a) in activations.iter().enumerate() {
        let mut d_z = d_logit * parameters[output_weight + j];
        if method.backprop.has_hidden_derivative() {
            d_z = d_z * slope(method.hidden_activation, a);
        }
        for (d, &x) in d_parameters[j * input_size..].iter_mut().zip(inputs) {
            *d = *d + d_z * x;
        }
        d_parameters[hidden_bias + j] = d_parameters[hidden_bias + j] + d_z;
        d_parameters[output_weight + j] = d_parameters[output_weight + j] + d_logit * a;
    }
    let last = d_parameters.len() - 1;
    d_parameters[last] = d_parameters[last] + d_logit;
    error
}

/// One update; `d_parameters` is the gradient's sum over the rows (half of it, of squares), which
/// becomes the mean where a velocity takes it.
pub(super) fn update<S: Scalar>(
    method: Method,
    data: &Dataset,
    d_parameters: &mut [S],
    member: &mut Member<S>,
) {
    let rates = rates(method, data, member);
    let Member { parameters, optimizer_state, .. } = member;
    if method.has_momentum() {
        let share = share::<S>(method, data);
        for d in d_parameters.iter_mut() {
            *d = share * *d;
        }
    }
    for (range, rate) in rates {
        let (own, state) = (&mut parameters[range.clone()], &mut optimizer_state[range.clone()]);
        sgd_update(method, rate, &d_parameters[range], own, state);
    }
}

/// What a compensated update adds to each parameter: the optimizer state, minus the rate times the
/// gradient of the mean loss.
///
/// # Shapes
/// As [`train_invocation`].
#[must_use]
pub fn changes<S: Scalar>(method: Method, data: &Dataset, member: &Member<S>) -> Vec<S> {
    let Member { parameters, optimizer_state, .. } = member;
    let hidden_size = member.hidden_size(data.input_size);
    let mut activations = vec![S::from_f64(0.0); hidden_size];
    let mut d_parameters = vec![S::from_f64(0.0); parameters.len()];
    for (row, &target) in data.inputs.chunks_exact(data.input_size).zip(&data.targets) {
        let row = (&S::all_from_f32(row)[..], S::from_f32(target));
        add_gradient(method, parameters, row, &mut activations, &mut d_parameters);
    }
    let change = |(range, rate): (Range<usize>, S)| {
        let pairs = d_parameters[range.clone()].iter().zip(&optimizer_state[range]);
        pairs.map(move |(&d, &state)| state - rate * d).collect::<Vec<_>>()
    };
    rates(method, data, member).into_iter().flat_map(change).collect()
}

/// `steps` updates. A member is solved at the first step before whose update its mean loss is below
/// `solved_below`.
///
/// # Shapes
/// `data.inputs` `[batch_size, input_size]`; `member` as it says.
pub fn train_invocation<S: Scalar>(
    method: Method,
    data: &Dataset,
    solved_below: f64,
    steps: usize,
    member: &mut Member<S>,
) {
    let input_size = data.input_size;
    let inputs = S::all_from_f32(&data.inputs);
    let targets = S::all_from_f32(&data.targets);
    let [zero, one] = [0.0, 1.0].map(S::from_f64);
    let limit = batch_size::<f64>(data) * solved_below;
    let mut activations = vec![zero; member.hidden_size(input_size)];
    let mut d_parameters = vec![zero; member.parameters.len()];
    for _ in 0..steps {
        d_parameters.fill(zero);
        let (mut right, mut squares) = (one, zero);
        for (row, &target) in inputs.chunks_exact(input_size).zip(&targets) {
            let parameters = &member.parameters;
            let row = (row, target);
            let error = add_gradient(method, parameters, row, &mut activations, &mut d_parameters);
            right = right * (one - error.abs());
            squares = squares + error * error;
        }
        let solved = match method.loss {
            Loss::CrossEntropy => right.to_f64() > (-limit).exp(),
            Loss::SquaredError => squares.to_f64() < limit,
        };
        if solved && member.solved_at.is_none() {
            member.solved_at = Some(member.steps);
        }
        update(method, data, &mut d_parameters, member);
        member.steps += 1;
    }
}
