//! A training step made of the twins, in the order of the shaders.

use super::bce_grad::bce_grad;
use super::bce_loss::bce_loss;
use super::bias_add::bias_add;
use super::bias_grad::bias_grad;
use super::matmul::{Operand, matmul};
use super::sgd_update::sgd_update;
use super::sigmoid::sigmoid;
use super::sigmoid_grad::sigmoid_grad;
use crate::dataset::Dataset;
use crate::model::Parameters;
use crate::rule::Rule;
use crate::scalar::Scalar;

/// A network in training on the CPU. Nothing is allocated after [`Self::new`].
pub struct Reference<S> {
    rule: Rule,
    batch_size: usize,
    inputs: Vec<S>,
    targets: Vec<S>,
    layers: Vec<Layer<S>>,
}

/// Parameters, gradients and intermediate results of one layer.
struct Layer<S> {
    input_size: usize,
    output_size: usize,
    weight: Vec<S>,
    bias: Vec<S>,
    d_weight: Vec<S>,
    d_bias: Vec<S>,
    weight_residues: Vec<S>,
    bias_residues: Vec<S>,
    pre_activations: Vec<S>,
    activations: Vec<S>,
    d_activations: Vec<S>,
    d_pre_activations: Vec<S>,
}

fn plain<S>(values: &[S]) -> Operand<'_, S> {
    Operand { values, transposed: false }
}

fn transposed<S>(values: &[S]) -> Operand<'_, S> {
    Operand { values, transposed: true }
}

impl<S: Scalar> Layer<S> {
    fn forward(&mut self, batch_size: usize, inputs: &[S]) {
        let shape = [batch_size, self.output_size, self.input_size];
        matmul(shape, plain(inputs), transposed(&self.weight), &mut self.pre_activations);
        bias_add(&self.bias, &mut self.pre_activations);
        sigmoid(&self.pre_activations, &mut self.activations);
    }

    fn gradients(&mut self, batch_size: usize, bias_scale: S, inputs: &[S]) {
        let shape = [self.output_size, self.input_size, batch_size];
        let d_pre_activations = transposed(&self.d_pre_activations);
        matmul(shape, d_pre_activations, plain(inputs), &mut self.d_weight);
        bias_grad(bias_scale, &self.d_pre_activations, &mut self.d_bias);
    }
}

impl<S: Scalar> Reference<S> {
    /// A network with these parameters, on these data.
    ///
    /// # Panics
    /// If the network's input size is not the data's.
    #[must_use]
    pub fn new(data: &Dataset, rule: Rule, parameters: &Parameters) -> Self {
        assert_eq!(parameters.sizes.input_size(), data.input_size, "columns of the data");
        let batch_size = data.batch_size();
        let zeros = |len| vec![S::from_f64(0.0); len];
        let layers = parameters.sizes.layers().zip(&parameters.layers);
        let layers = layers.map(|((input_size, output_size), layer)| Layer {
            input_size,
            output_size,
            weight: S::all_from_f32(&layer.weight),
            bias: S::all_from_f32(&layer.bias),
            d_weight: zeros(layer.weight.len()),
            d_bias: zeros(output_size),
            weight_residues: zeros(layer.weight.len()),
            bias_residues: zeros(output_size),
            pre_activations: zeros(batch_size * output_size),
            activations: zeros(batch_size * output_size),
            d_activations: zeros(batch_size * output_size),
            d_pre_activations: zeros(batch_size * output_size),
        });
        Self {
            rule,
            batch_size,
            inputs: S::all_from_f32(&data.inputs),
            targets: S::all_from_f32(&data.targets),
            layers: layers.collect(),
        }
    }

    /// The loss of the parameters as they are.
    pub fn forward(&mut self) -> S {
        let mut inputs = self.inputs.as_slice();
        for layer in &mut self.layers {
            layer.forward(self.batch_size, inputs);
            inputs = &layer.activations;
        }
        bce_loss(&self.output().pre_activations, &self.targets)
    }

    /// One update; returns the loss before it.
    pub fn step(&mut self) -> S {
        let loss = self.forward();
        self.backward();
        let learning_rate = S::from_f64(self.rule.learning_rate);
        for layer in &mut self.layers {
            let Layer { weight, d_weight, weight_residues, .. } = layer;
            sgd_update(learning_rate, d_weight, weight, weight_residues);
            let Layer { bias, d_bias, bias_residues, .. } = layer;
            sgd_update(learning_rate, d_bias, bias, bias_residues);
        }
        loss
    }

    fn backward(&mut self) {
        let Self { rule, batch_size, inputs, targets, layers } = self;
        let scale = S::from_f64(rule.loss_reduction.scale(*batch_size));
        let bias_scale = S::from_f64(rule.bias_reduction.scale(*batch_size));
        let output = layers.last_mut().expect("a network has a layer");
        let epsilon = S::from_f64(rule.epsilon);
        bce_grad(scale, epsilon, &output.activations, targets, &mut output.d_pre_activations);
        for number in (1..layers.len()).rev() {
            let (before, after) = layers.split_at_mut(number);
            let (layer, next) = (&mut before[number - 1], &mut after[0]);
            next.gradients(*batch_size, bias_scale, &layer.activations);
            let shape = [*batch_size, next.input_size, next.output_size];
            let d_pre_activations = plain(&next.d_pre_activations);
            matmul(shape, d_pre_activations, plain(&next.weight), &mut layer.d_activations);
            if rule.hidden_derivative {
                let d_pre_activations = &mut layer.d_pre_activations;
                sigmoid_grad(&layer.activations, &layer.d_activations, d_pre_activations);
            } else {
                layer.d_pre_activations.copy_from_slice(&layer.d_activations);
            }
        }
        layers[0].gradients(*batch_size, bias_scale, inputs);
    }

    fn output(&self) -> &Layer<S> {
        self.layers.last().expect("a network has a layer")
    }

    /// The probabilities of the last forward pass, `[batch_size, 1]`.
    #[must_use]
    pub fn probabilities(&self) -> &[S] {
        &self.output().activations
    }
}
