//! Steps of gradient descent, row by row.

use std::ops::Range;

use super::activation::{activate, slope};
use super::adam_update::{AdamStep, adam_update, moved};
use super::loss::{self, gradient_of_row, row_loss};
use super::sgd_update::sgd_update;
use crate::numeric::Scalar;
use crate::task::{Backprop, Dataset, Loss, Method};

/// A network in training.
#[derive(Clone, Debug)]
pub struct Member<S> {
    /// Number of neurons in each layer, inputs first.
    pub sizes: Vec<usize>,
    /// Its parameters in the order of a `state_dict`: of each layer the weights
    /// `[output_size, input_size]`, then the biases.
    pub parameters: Vec<S>,
    /// What a step hands to the next for each of them: what rounding left out of it if compensated,
    /// else its velocity, in units of the gradient of the mean loss; or Adam's m of all, then v.
    pub optimizer_state: Vec<S>,
    /// The learning rate of each layer.
    pub rates: Vec<S>,
    /// Updates made.
    pub steps: u64,
    /// The first step before whose update the loss was below what counts as solved.
    pub solved_at: Option<u64>,
}

impl<S: Scalar> Member<S> {
    /// At its start, with the same learning rate for all layers, and for gradient descent: Adam has twice
    /// as many values of its state.
    #[must_use]
    pub fn new(sizes: &[usize], parameters: Vec<S>, rate: S) -> Self {
        let optimizer_state = vec![S::from_f64(0.0); parameters.len()];
        let (sizes, rates) = (sizes.to_vec(), vec![rate; sizes.len() - 1]);
        Self { sizes, parameters, optimizer_state, rates, steps: 0, solved_at: None }
    }
}

/// A layer's place among the parameters and among the neurons, the inputs being neurons, too.
struct Layer {
    weight: Range<usize>,
    bias: Range<usize>,
    inputs: Range<usize>,
    outputs: Range<usize>,
}

fn layers(sizes: &[usize]) -> Vec<Layer> {
    let (mut weight, mut input) = (0, 0);
    let layer = |pair: &[usize]| {
        let (inputs, outputs) = (pair[0], pair[1]);
        let (bias, output) = (weight + inputs * outputs, input + inputs);
        let layer = Layer {
            weight: weight..bias,
            bias: bias..bias + outputs,
            inputs: input..output,
            outputs: output..output + outputs,
        };
        (weight, input) = (bias + outputs, output);
        layer
    };
    sizes.windows(2).map(layer).collect()
}

/// A network's form, and room for what one row makes of it.
pub(super) struct Network<S> {
    method: Method,
    layers: Vec<Layer>,
    /// The value of each neuron: the inputs, then the activations.
    values: Vec<S>,
    /// The gradient by each neuron's value before its activation.
    d_neurons: Vec<S>,
    logit: S,
}

impl<S: Scalar> Network<S> {
    pub(super) fn new(method: Method, sizes: &[usize]) -> Self {
        let zero = S::from_f64(0.0);
        let zeros = vec![zero; sizes.iter().sum()];
        Self { method, layers: layers(sizes), values: zeros.clone(), d_neurons: zeros, logit: zero }
    }

    /// The output for one row. Its logit and the values of all neurons stay.
    fn forward(&mut self, parameters: &[S], inputs: &[S]) -> S {
        let Self { method, layers, values, .. } = self;
        values[..inputs.len()].copy_from_slice(inputs);
        for (number, layer) in layers.iter().enumerate() {
            let activation = if number + 1 == layers.len() {
                method.output_activation
            } else {
                method.hidden_activation
            };
            let rows = parameters[layer.weight.clone()].chunks_exact(layer.inputs.len());
            let (below, own) = values.split_at_mut(layer.outputs.start);
            let biases = &parameters[layer.bias.clone()];
            for ((a, row), &bias) in own.iter_mut().zip(rows).zip(biases) {
                let products = below[layer.inputs.clone()].iter().zip(row);
                let z = products.fold(S::from_f64(0.0), |z, (&x, &w)| z + x * w) + bias;
                self.logit = z;
                *a = activate(method.is_compensated(), activation, z);
            }
        }
        *values.last().expect("an output")
    }

    /// Adds the gradient of one row (of a squared error, half of it) to `d_parameters`; returns what
    /// the row says of the loss, for [`Evidence`].
    pub(super) fn add_gradient(
        &mut self,
        parameters: &[S],
        (inputs, target): (&[S], S),
        d_parameters: &mut [S],
    ) -> S {
        let output = self.forward(parameters, inputs);
        let Self { method, layers, values, d_neurons, .. } = self;
        let (loss, one) = (method.loss, S::from_f64(1.0));
        let mut d_logit = gradient_of_row(loss, method.output_activation, output, target);
        let epsilon = method.backprop.epsilon();
        if epsilon > 0.0 {
            d_logit = d_logit.through(output * (one - output), S::from_f64(epsilon));
        }
        let evidence = match loss {
            Loss::CrossEntropy => one - (output - target).abs(),
            _ => row_loss(loss, output, target),
        };
        *d_neurons.last_mut().expect("an output") = d_logit;
        for (number, layer) in layers.iter().enumerate().rev() {
            let (d_below, d_own) = d_neurons.split_at_mut(layer.outputs.start);
            let d_own = &d_own[..layer.outputs.len()];
            let inputs = &values[layer.inputs.clone()];
            let d_weights = d_parameters[layer.weight.clone()].chunks_exact_mut(inputs.len());
            for (row, &d_z) in d_weights.zip(d_own) {
                row.iter_mut().zip(inputs).for_each(|(d, &x)| *d = *d + d_z * x);
            }
            let d_biases = d_parameters[layer.bias.clone()].iter_mut();
            d_biases.zip(d_own).for_each(|(d, &d_z)| *d = *d + d_z);
            if number == 0 {
                break;
            }
            let weights = &parameters[layer.weight.clone()];
            for (i, d) in d_below[layer.inputs.clone()].iter_mut().enumerate() {
                let column = weights[i..].iter().step_by(inputs.len());
                let products = d_own.iter().zip(column).map(|(&d_z, &w)| d_z * w);
                *d = products.reduce(|sum, product| sum + product).expect("an output");
                if method.backprop.has_hidden_derivative() {
                    *d = *d * slope(method.hidden_activation, inputs[i]);
                }
            }
        }
        evidence
    }
}

/// What the rows of a step say of the loss: the product of the probabilities of the right answers, the
/// sum of the squared errors, or that of the hinge losses.
pub(super) struct Evidence<S> {
    loss: Loss,
    value: S,
}

impl<S: Scalar> Evidence<S> {
    pub(super) fn new(loss: Loss) -> Self {
        let value = S::from_f64(if loss == Loss::CrossEntropy { 1.0 } else { 0.0 });
        Self { loss, value }
    }

    /// Adds a row.
    pub(super) fn add(&mut self, row: S) {
        self.value = match self.loss {
            Loss::CrossEntropy => self.value * row,
            _ => self.value + row,
        };
    }

    /// Whether the mean loss of all rows is below this.
    pub(super) fn is_below(&self, loss: f64, data: &Dataset) -> bool {
        let limit = batch_size::<f64>(data) * loss;
        match self.loss {
            Loss::CrossEntropy => self.value.to_f64() > (-limit).exp(),
            _ => self.value.to_f64() < limit,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a batch has fewer than 2⁵³ rows")]
fn batch_size<S: Scalar>(data: &Dataset) -> S {
    S::from_f64(data.targets.len() as f64)
}

/// The mean loss of the network on the data, and its outputs `[batch_size, 1]`.
#[must_use]
pub fn look<S: Scalar>(method: Method, data: &Dataset, member: &Member<S>) -> (S, Vec<S>) {
    let mut network = Network::new(method, &member.sizes);
    let inputs = S::all_from_f32(&data.inputs);
    let targets = S::all_from_f32(&data.targets);
    let rows = inputs.chunks_exact(data.input_size).map(|row| {
        let output = network.forward(&member.parameters, row);
        (network.logit, output)
    });
    let (logits, outputs): (Vec<S>, Vec<S>) = rows.unzip();
    let of_rows = if method.loss.takes_logits() { &logits } else { &outputs };
    (loss::loss(method.loss, of_rows, &targets), outputs)
}

/// What the sum of the rows' gradients, as [`Network::add_gradient`] has them, is multiplied by to make that
/// of the mean loss.
fn share<S: Scalar>(method: Method, data: &Dataset) -> S {
    let factor = if method.loss == Loss::SquaredError { 2.0 } else { 1.0 };
    S::from_f64(factor) / batch_size(data)
}

/// The weights and the biases of each layer, with the factor of their gradient's sum over the rows in a
/// step: the learning rate, but for the share where an update takes the gradient of the mean.
fn rates<S: Scalar>(method: Method, data: &Dataset, member: &Member<S>) -> Vec<(Range<usize>, S)> {
    let of_layer = |(layer, &rate): (Layer, &S)| {
        let [of_weight, of_bias] = match method.backprop {
            Backprop::ByHand { .. } => [rate, rate / batch_size(data)],
            Backprop::Exact if method.has_more_than_rate() => [rate; 2],
            Backprop::Exact => [rate * share(method, data); 2],
        };
        [(layer.weight, of_weight), (layer.bias, of_bias)]
    };
    layers(&member.sizes).into_iter().zip(&member.rates).flat_map(of_layer).collect()
}

/// One update; `d_parameters` is the gradient's sum over the rows (half of it, of squares), which
/// becomes that of the mean where an update takes it.
pub(super) fn update<S: Scalar>(
    method: Method,
    data: &Dataset,
    d_parameters: &mut [S],
    member: &mut Member<S>,
) {
    let rates = rates(method, data, member);
    let factors = method.factors(member.steps);
    let Member { parameters, optimizer_state, .. } = member;
    if method.has_more_than_rate() {
        let share = share::<S>(method, data);
        for d in d_parameters.iter_mut() {
            *d = share * *d;
        }
    }
    if let Some(adam) = method.adam() {
        let (m, v) = optimizer_state.split_at_mut(parameters.len());
        for (range, rate) in rates {
            let own = [&mut m[range.clone()], &mut v[range.clone()]];
            let (d, parameters) = (&d_parameters[range.clone()], &mut parameters[range]);
            adam_update(adam, AdamStep::of_rate(rate, factors), d, parameters, own);
        }
        return;
    }
    for (range, rate) in rates {
        let rate = scheduled(method, member.steps, rate);
        let (own, state) = (&mut parameters[range.clone()], &mut optimizer_state[range.clone()]);
        sgd_update(method, rate, &d_parameters[range], own, state);
    }
}

/// A learning rate in an update, whose number may have a factor.
fn scheduled<S: Scalar>(method: Method, step: u64, rate: S) -> S {
    if method.depends_on_step() { rate * S::from_f64(method.factors(step).rate) } else { rate }
}

/// The parameters after an update by Adam that has left `member` its m and v, from those before.
///
/// # Panics
/// Without Adam.
#[must_use]
pub fn moved_by_adam<S: Scalar>(
    method: Method,
    data: &Dataset,
    before: &[S],
    member: &Member<S>,
) -> Vec<S> {
    let adam = method.adam().expect("the optimizer is Adam");
    let factors = method.factors(member.steps);
    let (m, v) = member.optimizer_state.split_at(before.len());
    let of_range = |(range, rate): (Range<usize>, S)| {
        let step = AdamStep::of_rate(rate, factors);
        range.map(move |p| moved(adam, step, before[p], [m[p], v[p]])).collect::<Vec<_>>()
    };
    rates(method, data, member).into_iter().flat_map(of_range).collect()
}

/// What a compensated update adds to each parameter: the optimizer state, minus the rate times the
/// gradient of the mean loss.
///
/// # Shapes
/// As [`train_invocation`].
#[must_use]
pub fn changes<S: Scalar>(method: Method, data: &Dataset, member: &Member<S>) -> Vec<S> {
    let Member { parameters, optimizer_state, .. } = member;
    let mut network = Network::new(method, &member.sizes);
    let mut d_parameters = vec![S::from_f64(0.0); parameters.len()];
    for (row, &target) in data.inputs.chunks_exact(data.input_size).zip(&data.targets) {
        let row = (&S::all_from_f32(row)[..], S::from_f32(target));
        network.add_gradient(parameters, row, &mut d_parameters);
    }
    let change = |(range, rate): (Range<usize>, S)| {
        let rate = scheduled(method, member.steps, rate);
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
    let zero = S::from_f64(0.0);
    let mut network = Network::new(method, &member.sizes);
    let mut d_parameters = vec![zero; member.parameters.len()];
    for _ in 0..steps {
        d_parameters.fill(zero);
        let mut evidence = Evidence::new(method.loss);
        for (row, &target) in inputs.chunks_exact(input_size).zip(&targets) {
            let row = (row, target);
            evidence.add(network.add_gradient(&member.parameters, row, &mut d_parameters));
        }
        if evidence.is_below(solved_below, data) && member.solved_at.is_none() {
            member.solved_at = Some(member.steps);
        }
        update(method, data, &mut d_parameters, member);
        member.steps += 1;
    }
}
