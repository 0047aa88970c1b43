//! A training step made of the twins, in the order of the shaders.

use super::activation::activation;
use super::activation_grad::activation_grad;
use super::adam_update::{AdamStep, adam_update, moved};
use super::bias_add::bias_add;
use super::bias_grad::bias_grad;
use super::loss::loss;
use super::loss_grad::loss_grad;
use super::matmul::{Operand, matmul};
use super::sgd_update::sgd_update;
use crate::numeric::Scalar;
use crate::task::{Activation, Dataset, Method, Parameters};

/// A network in training on the CPU. Nothing is allocated after [`Self::new`].
pub struct Reference<S> {
    method: Method,
    batch_size: usize,
    /// Number of updates.
    steps: u64,
    inputs: Vec<S>,
    targets: Vec<S>,
    layers: Vec<Layer<S>>,
}

/// What one kernel left in a step.
#[derive(Clone, Debug)]
pub struct Trace<S> {
    /// The stem of the shader that wrote it last, or of those that did.
    pub kernels: &'static str,
    /// Its name.
    pub tensor: &'static str,
    /// Its layer, counted from the inputs.
    pub layer: usize,
    /// What it holds.
    pub values: Vec<S>,
}

/// Parameters, gradients and intermediate results of one layer.
struct Layer<S> {
    input_size: usize,
    output_size: usize,
    weight: Vec<S>,
    bias: Vec<S>,
    d_weight: Vec<S>,
    d_bias: Vec<S>,
    /// What the optimizer keeps for each of them: m and v, or one value.
    weight_states: [Vec<S>; 2],
    bias_states: [Vec<S>; 2],
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
    fn forward(&mut self, method: Method, function: Activation, batch_size: usize, inputs: &[S]) {
        let shape = [batch_size, self.output_size, self.input_size];
        matmul(shape, plain(inputs), transposed(&self.weight), &mut self.pre_activations);
        bias_add(&self.bias, &mut self.pre_activations);
        let compensated = method.is_compensated();
        activation(compensated, function, &self.pre_activations, &mut self.activations);
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
    pub fn new(data: &Dataset, method: Method, parameters: &Parameters) -> Self {
        assert_eq!(parameters.sizes.input_size(), data.input_size, "columns of the data");
        let batch_size = data.row_count();
        let zeros = |len| vec![S::from_f64(0.0); len];
        let states = |len| [zeros(len), zeros((method.states_per_parameter() - 1) * len)];
        let layers = parameters.sizes.layers().zip(&parameters.layers);
        let layers = layers.map(|((input_size, output_size), layer)| Layer {
            input_size,
            output_size,
            weight: S::all_from_f32(&layer.weight),
            bias: S::all_from_f32(&layer.bias),
            d_weight: zeros(layer.weight.len()),
            d_bias: zeros(output_size),
            weight_states: states(layer.weight.len()),
            bias_states: states(output_size),
            pre_activations: zeros(batch_size * output_size),
            activations: zeros(batch_size * output_size),
            d_activations: zeros(batch_size * output_size),
            d_pre_activations: zeros(batch_size * output_size),
        });
        Self {
            method,
            batch_size,
            steps: 0,
            inputs: S::all_from_f32(&data.inputs),
            targets: S::all_from_f32(&data.targets),
            layers: layers.collect(),
        }
    }

    /// The computation of its steps.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// The loss of the parameters as they are.
    pub fn forward(&mut self) -> S {
        let method = self.method;
        let last = self.layers.len() - 1;
        let mut inputs = self.inputs.as_slice();
        for (number, layer) in self.layers.iter_mut().enumerate() {
            let is_last = number == last;
            let function =
                if is_last { method.output_activation } else { method.hidden_activation };
            layer.forward(method, function, self.batch_size, inputs);
            inputs = &layer.activations;
        }
        let Layer { pre_activations, activations, .. } = self.output();
        let outputs = if method.loss.takes_logits() { pre_activations } else { activations };
        loss(method.loss, outputs, &self.targets)
    }

    /// Goes to these parameters, with the optimizer's state, after `steps` updates: parameters in the
    /// order of a `state_dict`, and so is the state, m of all before v.
    ///
    /// # Panics
    /// If there are fewer of them than the network has.
    pub fn load(&mut self, parameters: &[f32], optimizer_state: &[f32], steps: u64) {
        self.steps = steps;
        let mut parameters = parameters.iter().map(|&value| S::from_f32(value));
        for layer in &mut self.layers {
            let values = layer.weight.iter_mut().chain(&mut layer.bias);
            values.for_each(|value| *value = parameters.next().expect("one for each"));
        }
        let mut states = optimizer_state.iter().map(|&value| S::from_f32(value));
        for kept in 0..2 {
            for Layer { weight_states, bias_states, .. } in &mut self.layers {
                let values = weight_states[kept].iter_mut().chain(&mut bias_states[kept]);
                values.for_each(|value| *value = states.next().expect("one for each"));
            }
        }
    }

    /// The state of the optimizer in the order of a `state_dict`, m of all parameters before v.
    pub fn optimizer_state(&self) -> impl Iterator<Item = S> + '_ {
        let of_layer = |kept: usize| {
            self.layers.iter().flat_map(move |layer| {
                layer.weight_states[kept].iter().chain(&layer.bias_states[kept])
            })
        };
        (0..2).flat_map(of_layer).copied()
    }

    /// Every parameter, in the order of a `state_dict`.
    pub fn parameters(&self) -> impl Iterator<Item = S> + '_ {
        self.layers.iter().flat_map(|layer| layer.weight.iter().chain(&layer.bias)).copied()
    }

    /// The same, to be changed.
    pub fn parameters_mut(&mut self) -> impl Iterator<Item = &mut S> + '_ {
        self.layers.iter_mut().flat_map(|layer| layer.weight.iter_mut().chain(&mut layer.bias))
    }

    /// The gradient of the last [`Self::backward`] by each of them.
    pub fn gradient(&self) -> impl Iterator<Item = S> + '_ {
        self.layers.iter().flat_map(|layer| layer.d_weight.iter().chain(&layer.d_bias)).copied()
    }

    /// What the last [`Self::step`] added to each of them, where it was compensated: the residue of a
    /// state that was [`loaded`](Self::load), minus the rate times the gradient.
    pub fn changes<'a>(&'a self, residues: &'a [f32]) -> impl Iterator<Item = S> + 'a {
        let learning_rate = self.learning_rate(self.steps - 1);
        let change = move |(&residue, d)| S::from_f32(residue) - learning_rate * d;
        residues.iter().zip(self.gradient()).map(change)
    }

    /// One update; returns the loss before it.
    pub fn step(&mut self) -> S {
        let loss = self.forward();
        self.backward();
        self.update();
        self.steps += 1;
        loss
    }

    fn update(&mut self) {
        let (method, learning_rate) = (self.method, self.learning_rate(self.steps));
        let step = AdamStep::new(method.learning_rate(), method.factors(self.steps));
        for layer in &mut self.layers {
            let Layer { weight, d_weight, weight_states, .. } = layer;
            let Layer { bias, d_bias, bias_states, .. } = layer;
            for (values, d, states) in
                [(weight, d_weight, weight_states), (bias, d_bias, bias_states)]
            {
                let [first, second] = states;
                match method.adam() {
                    Some(adam) => adam_update(adam, step, d, values, [first, second]),
                    None => sgd_update(method, learning_rate, d, values, first),
                }
            }
        }
    }

    /// The learning rate in update number `step`.
    fn learning_rate(&self, step: u64) -> S {
        S::from_f64(self.method.learning_rate() * self.method.factors(step).rate)
    }

    /// The parameters after an update by Adam that begins at these, and leaves this m and v.
    ///
    /// # Panics
    /// Without Adam.
    #[must_use]
    pub fn moved_by_adam(method: Method, step: u64, before: &[S], optimizer_state: &[S]) -> Vec<S> {
        let adam = method.adam().expect("the optimizer is Adam");
        let step = AdamStep::new(method.learning_rate(), method.factors(step));
        let (m, v) = optimizer_state.split_at(before.len());
        let states = m.iter().zip(v).map(|(&m, &v)| [m, v]);
        before.iter().zip(states).map(|(&p, states)| moved(adam, step, p, states)).collect()
    }

    /// The gradient of every parameter, after [`Self::forward`].
    pub fn backward(&mut self) {
        let Self { method, batch_size, steps: _, inputs, targets, layers } = self;
        let backprop = method.backprop;
        let scale = S::from_f64(backprop.loss_scale(*batch_size));
        let bias_scale = S::from_f64(backprop.bias_scale(*batch_size));
        let output = layers.last_mut().expect("a network has a layer");
        let epsilon = S::from_f64(backprop.epsilon());
        let of_output = (method.loss, method.output_activation);
        let d_logits = &mut output.d_pre_activations;
        loss_grad(of_output, [scale, epsilon], &output.activations, targets, d_logits);
        for number in (1..layers.len()).rev() {
            let (before, after) = layers.split_at_mut(number);
            let (layer, next) = (&mut before[number - 1], &mut after[0]);
            next.gradients(*batch_size, bias_scale, &layer.activations);
            let shape = [*batch_size, next.input_size, next.output_size];
            let d_pre_activations = plain(&next.d_pre_activations);
            matmul(shape, d_pre_activations, plain(&next.weight), &mut layer.d_activations);
            if backprop.has_hidden_derivative() {
                let Layer { activations, d_activations, d_pre_activations, .. } = layer;
                let function = method.hidden_activation;
                activation_grad(function, activations, d_activations, d_pre_activations);
            } else {
                layer.d_pre_activations.copy_from_slice(&layer.d_activations);
            }
        }
        layers[0].gradients(*batch_size, bias_scale, inputs);
    }

    /// What each kernel left in the last step, in the order in which the layered engine computes it.
    pub fn trace(&self) -> Vec<Trace<S>> {
        let mut forward = vec![];
        let mut backward = vec![];
        for (number, layer) in self.layers.iter().enumerate() {
            let is_last = number + 1 == self.layers.len();
            let has_chain = is_last || self.method.backprop.has_hidden_derivative();
            let of = |kernels, tensor, values: &[S]| Trace {
                kernels,
                tensor,
                layer: number,
                values: values.to_vec(),
            };
            forward.extend([
                of("matmul, bias_add", "pre_activations", &layer.pre_activations),
                of("activation", "activations", &layer.activations),
            ]);
            let mut own = vec![];
            if !is_last {
                own.push(of("matmul", "d_activations", &layer.d_activations));
            }
            if has_chain {
                let kernel = if is_last { "loss_grad" } else { "activation_grad" };
                own.push(of(kernel, "d_pre_activations", &layer.d_pre_activations));
            }
            own.extend([
                of("matmul", "d_weight", &layer.d_weight),
                of("bias_grad", "d_bias", &layer.d_bias),
            ]);
            backward.push(own);
        }
        forward.extend(backward.into_iter().rev().flatten());
        forward
    }

    /// The logits of the last forward pass, `[batch_size, 1]`.
    #[must_use]
    pub fn logits(&self) -> &[S] {
        &self.output().pre_activations
    }

    fn output(&self) -> &Layer<S> {
        self.layers.last().expect("a network has a layer")
    }

    /// What has a kink at 0 in the last forward pass: pre-activations of activation functions whose
    /// derivative jumps, and 1 − t·y of each row with the hinge loss.
    pub fn kinks(&self) -> impl Iterator<Item = S> + '_ {
        let Method { hidden_activation, output_activation, loss, .. } = self.method;
        let last = self.layers.len() - 1;
        let of_layer = move |(number, layer): (usize, &'_ Layer<S>)| {
            let function = if number == last { output_activation } else { hidden_activation };
            if function.has_kink() { layer.pre_activations.clone() } else { vec![] }
        };
        let margin = |(&t, &y): (&S, &S)| S::from_f64(1.0) - t * y;
        let rows = self.targets.iter().zip(self.probabilities()).map(margin);
        let rows = rows.filter(move |_| loss.has_kink());
        self.layers.iter().enumerate().flat_map(of_layer).chain(rows)
    }

    /// The activations of all hidden layers in the last forward pass.
    pub fn hidden_activations(&self) -> impl Iterator<Item = S> + '_ {
        let hidden = &self.layers[..self.layers.len() - 1];
        hidden.iter().flat_map(|layer| &layer.activations).copied()
    }

    /// The probabilities of the last forward pass, `[batch_size, 1]`.
    #[must_use]
    pub fn probabilities(&self) -> &[S] {
        &self.output().activations
    }
}
