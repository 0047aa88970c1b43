//! A training step as data: its tensors, and the dispatches over them.

use crate::error::Error;
use crate::gpu::{Dispatch, Gpu, Kernel, Tensor, aligned_len};
use crate::kernels::matmul::{self, Epilogue, Product, Shape, Transpose, Variant};
use crate::kernels::{bce_grad, bce_loss, bias_add, bias_grad, sgd_update, sigmoid, sigmoid_grad};
use crate::model::{LayerSizes, Parameters};
use crate::scalar::Scalar;
use crate::train::Plan;

/// One step on the device.
pub(super) struct Step {
    /// Forward pass and loss, backward pass, update.
    pub(super) dispatches: Vec<Dispatch>,
    /// How many of them are the forward pass and the loss.
    pub(super) forward_len: usize,
    /// `[1]`, a counter.
    pub(super) steps_done: Tensor,
    /// `[capacity]`, a ring.
    pub(super) losses: Tensor,
    /// `[batch_size, 1]`
    pub(super) probabilities: Tensor,
    /// All weights and biases, each aligned; so are the residues.
    pub(super) parameters: Tensor,
    pub(super) residues: Tensor,
    sizes: LayerSizes,
    layers: Vec<LayerTensors>,
}

/// Tensors of the whole network.
struct Tensors {
    inputs: Tensor,
    targets: Tensor,
    /// All weights and biases, each aligned; so are the next two.
    parameters: Tensor,
    d_parameters: Tensor,
    residues: Tensor,
    steps_done: Tensor,
    losses: Tensor,
    layers: Vec<LayerTensors>,
}

/// Tensors of one layer.
struct LayerTensors {
    input_size: usize,
    output_size: usize,
    weight: Tensor,
    bias: Tensor,
    d_weight: Tensor,
    d_bias: Tensor,
    pre_activations: Tensor,
    activations: Tensor,
    d_activations: Tensor,
    d_pre_activations: Tensor,
}

/// Every kernel that a step needs, compiled.
struct Kernels {
    /// `inputs · weightᵀ`
    matmul_forward: Product,
    /// `d_pre_activations · weight`
    matmul_backward: Product,
    /// `d_pre_activationsᵀ · inputs`
    matmul_weight: Product,
    bias_add: Kernel,
    bias_grad: Kernel,
    sigmoid: Kernel,
    sigmoid_grad: Kernel,
    bce_loss: Kernel,
    bce_grad: Kernel,
    sgd_update: Kernel,
}

impl Step {
    /// Uploads the plan and binds its dispatches.
    pub(super) async fn new(gpu: &Gpu, plan: &Plan, capacity: usize) -> Result<Self, Error> {
        let kernels = Kernels::new(gpu, f32::from_f64(plan.rule.epsilon)).await?;
        let tensors = Tensors::new(gpu, plan, capacity).await?;
        let mut dispatches = forward(gpu, &kernels, plan, &tensors).await?;
        let forward_len = dispatches.len();
        dispatches.extend(backward(gpu, &kernels, plan, &tensors).await?);
        let Tensors { parameters, d_parameters, residues, steps_done, losses, layers, .. } =
            tensors;
        let learning_rate = f32::from_f64(plan.rule.learning_rate);
        let update = [&d_parameters, &parameters, &residues, &steps_done];
        let update = sgd_update::dispatch(gpu, &kernels.sgd_update, learning_rate, update).await?;
        dispatches.push(update);
        let probabilities = output(&layers).activations.clone();
        let sizes = plan.start.sizes.clone();
        Ok(Self {
            dispatches,
            forward_len,
            steps_done,
            losses,
            probabilities,
            parameters,
            residues,
            sizes,
            layers,
        })
    }

    /// The parameters as they are on the device.
    pub(super) async fn read_parameters(&self, gpu: &Gpu) -> Result<Parameters, Error> {
        let values = self.packed(&gpu.read::<f32>(&self.parameters).await?);
        let value = |number| values[usize::try_from(number).expect("an index")];
        Ok(Parameters::from_fn(&self.sizes, |number, _| value(number)))
    }

    /// Lengths of weights and biases, in the order of a `state_dict`.
    fn lengths(&self) -> impl Iterator<Item = usize> + '_ {
        self.sizes.layers().flat_map(|(inputs, outputs)| [inputs * outputs, outputs])
    }

    /// One value for each parameter, from the layout of the device.
    pub(super) fn packed(&self, aligned: &[f32]) -> Vec<f32> {
        let mut rest = aligned;
        let mut packed = vec![];
        for len in self.lengths() {
            packed.extend_from_slice(&rest[..len]);
            rest = &rest[aligned_len(len)..];
        }
        packed
    }

    /// One value for each parameter, in the layout of the device.
    pub(super) fn aligned(&self, packed: &[f32]) -> Vec<f32> {
        let mut rest = packed;
        let mut aligned = vec![];
        for len in self.lengths() {
            let (values, left) = rest.split_at(len);
            aligned.extend(padded(values));
            rest = left;
        }
        aligned
    }

    /// A tensor that a step leaves behind, by the name that the reference gives it.
    pub(super) fn tensor(&self, layer: usize, name: &str) -> &Tensor {
        let layer = &self.layers[layer];
        match name {
            "pre_activations" => &layer.pre_activations,
            "activations" => &layer.activations,
            "d_activations" => &layer.d_activations,
            "d_pre_activations" => &layer.d_pre_activations,
            "d_weight" => &layer.d_weight,
            "d_bias" => &layer.d_bias,
            other => panic!("a step has no tensor {other}"),
        }
    }
}

impl Tensors {
    async fn new(gpu: &Gpu, plan: &Plan, capacity: usize) -> Result<Self, Error> {
        let Plan { data, start, .. } = plan;
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
                [data.batch_size(), input_size, output_size],
                [&parameters, &d_parameters],
                &mut offset,
            );
            layers.push(layer.await?);
        }
        Ok(Self {
            inputs: gpu.upload("inputs", &data.inputs).await?,
            targets: gpu.upload("targets", &data.targets).await?,
            residues: gpu.zeros("residues", aligned.len()).await?,
            steps_done: gpu.zeros("steps_done", 1).await?,
            losses: gpu.zeros("losses", capacity).await?,
            parameters,
            d_parameters,
            layers,
        })
    }

    /// What goes into layer number `number`.
    fn inputs_of(&self, number: usize) -> &Tensor {
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

fn output(layers: &[LayerTensors]) -> &LayerTensors {
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

impl Kernels {
    async fn new(gpu: &Gpu, epsilon: f32) -> Result<Self, Error> {
        let product =
            |transpose| matmul::product(gpu, Variant::DEFAULT, transpose, Epilogue::Store);
        Ok(Self {
            matmul_forward: product(Transpose::B).await?,
            matmul_backward: product(Transpose::Neither).await?,
            matmul_weight: product(Transpose::A).await?,
            bias_add: Kernel::new(gpu, &bias_add::SPEC, &[]).await?,
            bias_grad: Kernel::new(gpu, &bias_grad::SPEC, &[]).await?,
            sigmoid: Kernel::new(gpu, &sigmoid::SPEC, &[]).await?,
            sigmoid_grad: Kernel::new(gpu, &sigmoid_grad::SPEC, &[]).await?,
            bce_loss: Kernel::new(gpu, &bce_loss::SPEC, &[]).await?,
            bce_grad: bce_grad::kernel(gpu, epsilon).await?,
            sgd_update: Kernel::new(gpu, &sgd_update::SPEC, &[]).await?,
        })
    }
}

/// Layer by layer `activations = sigmoid(inputs · weightᵀ + bias)`, then the loss.
async fn forward(
    gpu: &Gpu,
    kernels: &Kernels,
    plan: &Plan,
    tensors: &Tensors,
) -> Result<Vec<Dispatch>, Error> {
    let batch_size = plan.data.batch_size();
    let mut dispatches = vec![];
    for (number, layer) in tensors.layers.iter().enumerate() {
        let LayerTensors { weight, bias, pre_activations, activations, .. } = layer;
        let shape = Shape { m: batch_size, n: layer.output_size, k: layer.input_size };
        let product = [tensors.inputs_of(number), weight, weight, pre_activations];
        let pair = [pre_activations, activations];
        dispatches.extend([
            matmul::dispatch(gpu, &kernels.matmul_forward, shape, product).await?,
            bias_add::dispatch(gpu, &kernels.bias_add, batch_size, [bias, pre_activations]).await?,
            sigmoid::dispatch(gpu, &kernels.sigmoid, pair).await?,
        ]);
    }
    let Tensors { targets, steps_done, losses, layers, .. } = tensors;
    let loss = [&output(layers).pre_activations, targets, steps_done, losses];
    dispatches.push(bce_loss::dispatch(gpu, &kernels.bce_loss, loss).await?);
    Ok(dispatches)
}

/// The gradient of every parameter, from the last layer to the first.
async fn backward(
    gpu: &Gpu,
    kernels: &Kernels,
    plan: &Plan,
    tensors: &Tensors,
) -> Result<Vec<Dispatch>, Error> {
    let (rule, batch_size) = (&plan.rule, plan.data.batch_size());
    let bias_scale = f32::from_f64(rule.bias_reduction.scale(batch_size));
    let loss_scale = f32::from_f64(rule.loss_reduction.scale(batch_size));
    let last = output(&tensors.layers);
    let logits = [&last.activations, &tensors.targets, &last.d_pre_activations];
    let mut dispatches =
        vec![bce_grad::dispatch(gpu, &kernels.bce_grad, loss_scale, logits).await?];
    let mut d_pre_activations = &last.d_pre_activations;
    for (number, layer) in tensors.layers.iter().enumerate().rev() {
        let LayerTensors { input_size, output_size, weight, d_weight, d_bias, .. } = layer;
        let shape = Shape { m: *output_size, n: *input_size, k: batch_size };
        let inputs = tensors.inputs_of(number);
        let product = [d_pre_activations, inputs, inputs, d_weight];
        let sum = [d_pre_activations, d_bias];
        dispatches.extend([
            matmul::dispatch(gpu, &kernels.matmul_weight, shape, product).await?,
            bias_grad::dispatch(gpu, &kernels.bias_grad, batch_size, bias_scale, sum).await?,
        ]);
        let Some(before) = number.checked_sub(1).map(|number| &tensors.layers[number]) else {
            break;
        };
        let shape = Shape { m: batch_size, n: *input_size, k: *output_size };
        let product = [d_pre_activations, weight, weight, &before.d_activations];
        dispatches.push(matmul::dispatch(gpu, &kernels.matmul_backward, shape, product).await?);
        d_pre_activations = &before.d_activations;
        if rule.hidden_derivative {
            let chain = [&before.activations, &before.d_activations, &before.d_pre_activations];
            dispatches.push(sigmoid_grad::dispatch(gpu, &kernels.sigmoid_grad, chain).await?);
            d_pre_activations = &before.d_pre_activations;
        }
    }
    Ok(dispatches)
}
