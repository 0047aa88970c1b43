//! A training step as data: its tensors, and the dispatches over them.

use super::forward_backward::{Kernels, Passes, takes_sigmoid, takes_sigmoid_grad};
use super::products::{Binder, ProductUse, Products};
use super::updates::Updates;
use crate::error::Error;
use crate::gpu::{Dispatch, Gpu, Tensor, aligned_len};
use crate::task::{LayerSizes, Parameters, Recipe};
use crate::train::Plan;

/// One step on the device.
pub(super) struct Step {
    /// Forward pass and loss, backward pass, the first update.
    pub(super) dispatches: Vec<Dispatch>,
    pub(super) updates: Updates,
    /// How many of them are the forward pass and the loss.
    pub(super) forward_len: usize,
    /// `[1]`, a counter.
    pub(super) steps_done: Tensor,
    /// `[capacity]`, a ring.
    pub(super) losses: Tensor,
    /// `[batch_size, 1]`
    pub(super) probabilities: Tensor,
    /// All weights and biases, each aligned; so is the optimizer's state, m before v.
    pub(super) parameters: Tensor,
    pub(super) optimizer_state: Tensor,
    /// What computes each product.
    pub(super) products: Vec<ProductUse>,
    sizes: LayerSizes,
    layers: Vec<LayerTensors>,
    /// The names of tensors that no kernel writes, but in the last layer.
    unwritten: &'static [&'static str],
}

/// Tensors of the whole network.
pub(super) struct Tensors {
    pub(super) inputs: Tensor,
    pub(super) targets: Tensor,
    /// All weights and biases, each aligned; so are the next two.
    pub(super) parameters: Tensor,
    pub(super) d_parameters: Tensor,
    pub(super) optimizer_state: Tensor,
    pub(super) steps_done: Tensor,
    pub(super) losses: Tensor,
    pub(super) layers: Vec<LayerTensors>,
}

/// Tensors of one layer.
pub(super) struct LayerTensors {
    pub(super) input_size: usize,
    pub(super) output_size: usize,
    pub(super) weight: Tensor,
    pub(super) bias: Tensor,
    pub(super) d_weight: Tensor,
    pub(super) d_bias: Tensor,
    pub(super) pre_activations: Tensor,
    pub(super) activations: Tensor,
    pub(super) d_activations: Tensor,
    pub(super) d_pre_activations: Tensor,
}

impl Step {
    /// Uploads the plan and binds its dispatches.
    pub(super) async fn new(
        gpu: &Gpu,
        plan: &Plan,
        capacity: usize,
        products: Products<'_, '_>,
    ) -> Result<Self, Error> {
        let method = plan.recipe.method;
        let kernels = Kernels::new(gpu, method).await?;
        let tensors = Tensors::new(gpu, plan, capacity).await?;
        let products = Binder::new(gpu, products);
        let unwritten: &[_] = match (takes_sigmoid(method), takes_sigmoid_grad(method)) {
            _ if !products.has_epilogues() => &[],
            (true, true) => &["pre_activations", "d_activations"],
            (true, false) => &["pre_activations"],
            (false, true) => &["d_activations"],
            (false, false) => &[],
        };
        let mut passes = Passes { gpu, kernels: &kernels, plan, products };
        let mut dispatches = passes.forward(&tensors).await?;
        let mut forward_len = dispatches.len();
        dispatches.extend(passes.backward(&tensors).await?);
        let products = passes.products.uses;
        let Tensors {
            parameters, d_parameters, optimizer_state, steps_done, losses, layers, ..
        } = tensors;
        let tensors = [&d_parameters, &parameters, &optimizer_state, &steps_done];
        let updates = Updates::new(gpu, method, tensors).await?;
        dispatches.push(updates.at(0).clone());
        let len = dispatches.len();
        if let Some(index) = gpu.spoil_step(&mut dispatches).await?
            && index < forward_len
        {
            forward_len = forward_len + dispatches.len() - len;
        }
        let probabilities = output(&layers).activations.clone();
        let sizes = plan.start.sizes.clone();
        Ok(Self {
            dispatches,
            updates,
            forward_len,
            steps_done,
            losses,
            probabilities,
            parameters,
            optimizer_state,
            products,
            sizes,
            layers,
            unwritten,
        })
    }

    /// The dispatch at a position in the stream of steps.
    pub(super) fn at(&self, position: u64) -> &Dispatch {
        let len = self.dispatches.len() as u64;
        let dispatch = &self.dispatches[usize::try_from(position % len).expect("an index")];
        let update = self.updates.at(position / len);
        // A wrong launch, to see whether it is noticed, is of a step whose updates are all alike.
        if update.name == dispatch.name && self.updates.most() < u64::MAX {
            update
        } else {
            dispatch
        }
    }

    /// The parameters as they are on the device.
    pub(super) async fn read_parameters(&self, gpu: &Gpu) -> Result<Parameters, Error> {
        Ok(self.parameters_of(&gpu.read::<f32>(&self.parameters).await?))
    }

    /// The parameters from the layout of the device.
    pub(super) fn parameters_of(&self, aligned: &[f32]) -> Parameters {
        let values = self.packed(aligned);
        let value = |number| values[usize::try_from(number).expect("an index")];
        Parameters::from_fn(&self.sizes, |number, _| value(number))
    }

    /// Lengths of weights and biases, in the order of a `state_dict`.
    fn lengths(&self) -> impl Iterator<Item = usize> + '_ {
        self.sizes.layers().flat_map(|(inputs, outputs)| [inputs * outputs, outputs])
    }

    /// Values for each parameter, from the layout of the device: one, or the first of each and then the
    /// second.
    pub(super) fn packed(&self, aligned: &[f32]) -> Vec<f32> {
        let mut rest = aligned;
        let mut packed = vec![];
        while !rest.is_empty() {
            for len in self.lengths() {
                packed.extend_from_slice(&rest[..len]);
                rest = &rest[aligned_len(len)..];
            }
        }
        packed
    }

    /// The same, in the layout of the device.
    pub(super) fn aligned(&self, packed: &[f32]) -> Vec<f32> {
        let mut rest = packed;
        let mut aligned = vec![];
        while !rest.is_empty() {
            for len in self.lengths() {
                let (values, left) = rest.split_at(len);
                aligned.extend(padded(values));
                rest = left;
            }
        }
        aligned
    }

    /// A tensor that a step leaves behind, by the name that the reference gives it, unless no kernel
    /// writes it.
    pub(super) fn tensor(&self, layer: usize, name: &str) -> Option<&Tensor> {
        let is_last = layer + 1 == self.layers.len();
        if !is_last && self.unwritten.contains(&name) {
            return None;
        }
        let layer = &self.layers[layer];
        Some(match name {
            "pre_activations" => &layer.pre_activations,
            "activations" => &layer.activations,
            "d_activations" => &layer.d_activations,
            "d_pre_activations" => &layer.d_pre_activations,
            "d_weight" => &layer.d_weight,
            "d_bias" => &layer.d_bias,
            other => panic!("a step has no tensor {other}"),
        })
    }
}

impl Tensors {
    async fn new(gpu: &Gpu, plan: &Plan, capacity: usize) -> Result<Self, Error> {
        let Plan { recipe: Recipe { data, method, .. }, start, .. } = plan;
        let aligned: Vec<f32> = start
            .layers
            .iter()
            .flat_map(|layer| [&layer.weight, &layer.bias])
            .flat_map(|values| padded(values))
            .collect();
        let parameters = gpu.upload("parameters", &aligned).await?;
        let d_parameters = gpu.zeros("d_parameters", aligned.len()).await?;
        let mut layers = vec![];
        let mut offset = 0;
        for (input_size, output_size) in start.sizes.layers() {
            let layer = LayerTensors::new(
                gpu,
                [data.row_count(), input_size, output_size],
                [&parameters, &d_parameters],
                &mut offset,
            );
            layers.push(layer.await?);
        }
        Ok(Self {
            inputs: gpu.upload("inputs", &data.inputs).await?,
            targets: gpu.upload("targets", &data.targets).await?,
            optimizer_state: gpu
                .zeros("optimizer_state", method.states_per_parameter() * aligned.len())
                .await?,
            steps_done: gpu.zeros("steps_done", 1).await?,
            losses: gpu.zeros("losses", capacity).await?,
            parameters,
            d_parameters,
            layers,
        })
    }

    /// What goes into layer number `number`.
    pub(super) fn inputs_of(&self, number: usize) -> &Tensor {
        match number {
            0 => &self.inputs,
            _ => &self.layers[number - 1].activations,
        }
    }
}

/// The values, followed by zeros up to where the next tensor may start.
fn padded(values: &[f32]) -> impl Iterator<Item = f32> + '_ {
    let zeros = std::iter::repeat_n(0.0, aligned_len(values.len()) - values.len());
    values.iter().copied().chain(zeros)
}

pub(super) fn output(layers: &[LayerTensors]) -> &LayerTensors {
    layers.last().expect("a network has a layer")
}

impl LayerTensors {
    /// Cuts parameters and gradients out of all, from `offset` on, and makes the rest.
    async fn new(
        gpu: &Gpu,
        [batch_size, input_size, output_size]: [usize; 3],
        [parameters, d_parameters]: [&Tensor; 2],
        offset: &mut usize,
    ) -> Result<Self, Error> {
        let mut cut = |len: usize| {
            let start = *offset;
            *offset += aligned_len(len);
            (parameters.part(start, len), d_parameters.part(start, len))
        };
        let (weight, d_weight) = cut(output_size * input_size);
        let (bias, d_bias) = cut(output_size);
        let len = batch_size * output_size;
        Ok(Self {
            input_size,
            output_size,
            weight,
            bias,
            d_weight,
            d_bias,
            pre_activations: gpu.zeros("pre_activations", len).await?,
            activations: gpu.zeros("activations", len).await?,
            d_activations: gpu.zeros("d_activations", len).await?,
            d_pre_activations: gpu.zeros("d_pre_activations", len).await?,
        })
    }
}
