//! Steps of gradient descent for a network with one hidden layer, row by row.

use super::bce_loss::bce_loss;
use super::sgd_update::sgd_update;
use crate::dataset::Dataset;
use crate::rule::{Activation, Loss, Variant};
use crate::scalar::Scalar;

/// A network with one hidden layer in training.
#[derive(Clone, Debug)]
pub struct Member<S> {
    /// Weights of the hidden layer `[hidden_size, input_size]`, its biases, the output's weights,
    /// its bias: the order of a `state_dict`.
    pub parameters: Vec<S>,
    /// What a step hands to the next for each of them: what rounding left out of it if careful,
    /// else its velocity, in units of the gradient of the sum over rows (or half of it, of squares).
    pub carried: Vec<S>,
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
        let carried = vec![S::from_f64(0.0); parameters.len()];
        Self { parameters, carried, rates, steps: 0, solved_at: None }
    }

    pub(super) fn hidden_size(&self, input_size: usize) -> usize {
        (self.parameters.len() - 1) / (input_size + 2)
    }
}

fn logistic<S: Scalar>(careful: bool, z: S) -> S {
    if careful {
        return z.sigmoid();
    }
    // Below, the divisor is larger than those for which WGSL has an error, and soon than any f32, and
    // shaders give 0 or next to it: the result may be flushed, and so may eᶻ, which it is.
    if z < S::from_f64(-87.3) {
        return z.exp();
    }
    let one = S::from_f64(1.0);
    one / (one + (-z).exp())
}

fn activate<S: Scalar>(careful: bool, activation: Activation, z: S) -> S {
    let [one, two] = [1.0, 2.0].map(S::from_f64);
    match activation {
        Activation::Sigmoid => logistic(careful, z),
        Activation::Tanh => two * logistic(careful, two * z) - one,
        Activation::Identity => z,
    }
}

/// The derivative of an activation, by its value.
fn slope<S: Scalar>(activation: Activation, a: S) -> S {
    let one = S::from_f64(1.0);
    match activation {
        Activation::Sigmoid => a * (one - a),
        Activation::Tanh => one - a * a,
        Activation::Identity => one,
    }
}

/// The output's logit for one row; leaves the hidden layer's activations in `activations`.
fn forward<S: Scalar>(
    variant: Variant,
    parameters: &[S],
    inputs: &[S],
    activations: &mut [S],
) -> S {
    let (input_size, hidden_size) = (inputs.len(), activations.len());
    let (weight, rest) = parameters.split_at(hidden_size * input_size);
    let (bias, rest) = rest.split_at(hidden_size);
    let zero = S::from_f64(0.0);
    let mut logit = zero;
    for (j, a) in activations.iter_mut().enumerate() {
        let row = &weight[j * input_size..];
        let z = inputs.iter().zip(row).fold(zero, |z, (&x, &w)| z + x * w);
        *a = activate(variant.careful, variant.hidden_activation, z + bias[j]);
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
pub fn look<S: Scalar>(variant: Variant, data: &Dataset, member: &Member<S>) -> (S, Vec<S>) {
    let hidden_size = member.hidden_size(data.input_size);
    let mut activations = vec![S::from_f64(0.0); hidden_size];
    let inputs = S::all_from_f32(&data.inputs);
    let targets = S::all_from_f32(&data.targets);
    let rows = inputs.chunks_exact(data.input_size);
    let logits: Vec<S> =
        rows.map(|row| forward(variant, &member.parameters, row, &mut activations)).collect();
    let output = |&logit: &S| activate(variant.careful, variant.output_activation, logit);
    let outputs: Vec<S> = logits.iter().map(output).collect();
    let loss = match variant.loss {
        Loss::CrossEntropy => bce_loss(&logits, &targets),
        Loss::SquaredError => {
            let errors = outputs.iter().zip(&targets).map(|(&output, &target)| output - target);
            let sum = errors.fold(S::from_f64(0.0), |sum, error| sum + error * error);
            sum / batch_size(data)
        }
    };
    (loss, outputs)
}

/// What the sum of the rows' gradients, as [`add_gradient`] has them, is multiplied by to make that
/// of the mean loss.
pub(super) fn share<S: Scalar>(variant: Variant, data: &Dataset) -> S {
    let factor = if variant.loss == Loss::SquaredError { 2.0 } else { 1.0 };
    S::from_f64(factor) / batch_size(data)
}

/// Adds the gradient of one row (of a squared error, half of it) to `d_parameters`; returns the
/// output minus the target.
pub(super) fn add_gradient<S: Scalar>(
    variant: Variant,
    parameters: &[S],
    (inputs, target): (&[S], S),
    activations: &mut [S],
    d_parameters: &mut [S],
) -> S {
    let (input_size, hidden_size) = (inputs.len(), activations.len());
    let [hidden_bias, output_weight] = [hidden_size * input_size, hidden_size * (input_size + 1)];
    let logit = forward(variant, parameters, inputs, activations);
    let output = activate(variant.careful, variant.output_activation, logit);
    let error = output - target;
    let mut d_logit = error;
    if variant.loss == Loss::SquaredError {
        d_logit = error * slope(variant.output_activation, output);
    }
    for (j, &a) in activations.iter().enumerate() {
        let slope = slope(variant.hidden_activation, a);
        let d_z = d_logit * parameters[output_weight + j] * slope;
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

/// One update; `d_parameters` is the gradient but for the factor `share`.
pub(super) fn update<S: Scalar>(
    variant: Variant,
    input_size: usize,
    share: S,
    d_parameters: &[S],
    member: &mut Member<S>,
) {
    let output_weight = member.hidden_size(input_size) * (input_size + 1);
    let Member { parameters, carried, rates, .. } = member;
    for (range, rate) in [0..output_weight, output_weight..parameters.len()].into_iter().zip(rates)
    {
        let rate = *rate * share;
        let d = &d_parameters[range.clone()];
        let (own, carried) = (&mut parameters[range.clone()], &mut carried[range]);
        if variant.careful {
            sgd_update(rate, d, own, carried);
            continue;
        }
        for ((w, v), &d) in own.iter_mut().zip(carried).zip(d) {
            let mut change = d;
            if variant.momentum != 0.0 {
                change = S::from_f32(variant.momentum) * *v + d;
                *v = change;
            }
            *w = *w - rate * change;
        }
    }
}

/// What a careful update adds to each parameter: what is carried over, minus the rate times the
/// gradient of the mean loss.
///
/// # Shapes
/// As [`train_invocation`].
#[must_use]
pub fn changes<S: Scalar>(variant: Variant, data: &Dataset, member: &Member<S>) -> Vec<S> {
    let Member { parameters, carried, rates, .. } = member;
    let hidden_size = member.hidden_size(data.input_size);
    let mut activations = vec![S::from_f64(0.0); hidden_size];
    let mut d_parameters = vec![S::from_f64(0.0); parameters.len()];
    for (row, &target) in data.inputs.chunks_exact(data.input_size).zip(&data.targets) {
        let row = (&S::all_from_f32(row)[..], S::from_f32(target));
        add_gradient(variant, parameters, row, &mut activations, &mut d_parameters);
    }
    let share = share::<S>(variant, data);
    let rates = rates.map(|rate| rate * share);
    let output_weight = hidden_size * (data.input_size + 1);
    let change = |(p, (&d, &carried))| carried - rates[usize::from(p >= output_weight)] * d;
    d_parameters.iter().zip(carried).enumerate().map(change).collect()
}

/// `steps` updates. A member is solved at the first step before whose update its mean loss is below
/// `solved_below`.
///
/// # Shapes
/// `data.inputs` `[batch_size, input_size]`; `member` as it says.
pub fn train_invocation<S: Scalar>(
    variant: Variant,
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
    // The gradient of the mean: that of the sum of rows, or half of the sum of squares, times this.
    let share = share(variant, data);
    let mut activations = vec![zero; member.hidden_size(input_size)];
    let mut d_parameters = vec![zero; member.parameters.len()];
    for _ in 0..steps {
        d_parameters.fill(zero);
        let (mut right, mut squares) = (one, zero);
        for (row, &target) in inputs.chunks_exact(input_size).zip(&targets) {
            let parameters = &member.parameters;
            let row = (row, target);
            let error = add_gradient(variant, parameters, row, &mut activations, &mut d_parameters);
            right = right * (one - error.abs());
            squares = squares + error * error;
        }
        let solved = match variant.loss {
            Loss::CrossEntropy => right.to_f64() > (-limit).exp(),
            Loss::SquaredError => squares.to_f64() < limit,
        };
        if solved && member.solved_at.is_none() {
            member.solved_at = Some(member.steps);
        }
        update(variant, input_size, share, &d_parameters, member);
        member.steps += 1;
    }
}
