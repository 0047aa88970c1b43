//! The dispatches of a step, from its inputs to the gradient of every parameter.

use super::products::Binder;
use super::tensors::{LayerTensors, Tensors, output};
use crate::error::Error;
use crate::gpu::{Dispatch, Gpu, Kernel, Tensor};
use crate::kernels::product::{Epilogue, Shape, Transpose};
use crate::kernels::{activation, activation_grad, bias_add, bias_grad, loss, loss_grad};
use crate::numeric::Scalar;
use crate::task::{Activation, Method};
use crate::train::Plan;

/// Every kernel that a step needs besides its products, compiled.
pub(super) struct Kernels {
    bias_add: Kernel,
    bias_grad: Kernel,
    hidden_activation: Kernel,
    output_activation: Kernel,
    activation_grad: Kernel,
    loss: Kernel,
    loss_grad: Kernel,
}

impl Kernels {
    pub(super) async fn new(gpu: &Gpu, method: Method) -> Result<Self, Error> {
        let Method { hidden_activation: hidden, output_activation: output, loss, .. } = method;
        let (compensated, epsilon) = (method.is_compensated(), method.backprop.epsilon());
        Ok(Self {
            bias_add: Kernel::new(gpu, &bias_add::SPEC, &[]).await?,
            bias_grad: Kernel::new(gpu, &bias_grad::SPEC, &[]).await?,
            hidden_activation: activation::kernel(gpu, hidden, compensated).await?,
            output_activation: activation::kernel(gpu, output, compensated).await?,
            activation_grad: activation_grad::kernel(gpu, hidden).await?,
            loss: loss::kernel(gpu, loss).await?,
            loss_grad: loss_grad::kernel(gpu, loss, output, f32::from_f64(epsilon)).await?,
        })
    }
}

/// Binds the passes of a plan.
pub(super) struct Passes<'p, 't, 'g> {
    pub(super) gpu: &'p Gpu,
    pub(super) kernels: &'p Kernels,
    pub(super) plan: &'p Plan,
    pub(super) products: Binder<'p, 't, 'g>,
}

impl Passes<'_, '_, '_> {
    /// Layer by layer `activations = f(inputs · weightᵀ + bias)`, then the loss.
    pub(super) async fn forward(&mut self, tensors: &Tensors) -> Result<Vec<Dispatch>, Error> {
        let mut dispatches = vec![];
        for (number, layer) in tensors.layers.iter().enumerate() {
            let is_last = number + 1 == tensors.layers.len();
            self.layer(tensors.inputs_of(number), layer, is_last, &mut dispatches).await?;
        }
        let Tensors { targets, steps_done, losses, layers, .. } = tensors;
        let LayerTensors { pre_activations, activations, .. } = output(layers);
        let takes_logits = self.plan.recipe.method.loss.takes_logits();
        let outputs = if takes_logits { pre_activations } else { activations };
        let loss = [outputs, targets, steps_done, losses];
        dispatches.push(loss::dispatch(self.gpu, &self.kernels.loss, loss).await?);
        Ok(dispatches)
    }

    /// A loss may take logits, so those of the last layer are kept; otherwise a product may go on to
    /// its activations.
    async fn layer(
        &mut self,
        inputs: &Tensor,
        layer: &LayerTensors,
        is_last: bool,
        dispatches: &mut Vec<Dispatch>,
    ) -> Result<(), Error> {
        let LayerTensors { weight, bias, pre_activations, activations, .. } = layer;
        let batch_size = self.plan.recipe.data.row_count();
        let shape = Shape { m: batch_size, n: layer.output_size, k: layer.input_size };
        let takes_sigmoid = !is_last && takes_sigmoid(self.plan.recipe.method);
        let (epilogue, operand, out) = match (self.products.has_epilogues(), takes_sigmoid) {
            (true, true) => (Epilogue::Sigmoid, bias, activations),
            (true, false) => (Epilogue::Bias, bias, pre_activations),
            (false, _) => (Epilogue::Store, weight, pre_activations),
        };
        let product = [inputs, weight, operand, out];
        dispatches.push(self.products.bind(Transpose::B, epilogue, shape, product).await?);
        let Self { gpu, kernels, .. } = self;
        if epilogue == Epilogue::Store {
            let sum = [bias, pre_activations];
            dispatches.push(bias_add::dispatch(gpu, &kernels.bias_add, batch_size, sum).await?);
        }
        if epilogue != Epilogue::Sigmoid {
            let pair = [pre_activations, activations];
            let Kernels { hidden_activation, output_activation, .. } = kernels;
            let kernel = if is_last { output_activation } else { hidden_activation };
            dispatches.push(activation::dispatch(gpu, kernel, pair).await?);
        }
        Ok(())
    }

    /// The gradient of every parameter, from the last layer to the first.
    pub(super) async fn backward(&mut self, tensors: &Tensors) -> Result<Vec<Dispatch>, Error> {
        let (gpu, kernels) = (self.gpu, self.kernels);
        let backprop = self.plan.recipe.method.backprop;
        let batch_size = self.plan.recipe.data.row_count();
        let bias_scale = f32::from_f64(backprop.bias_scale(batch_size));
        let loss_scale = f32::from_f64(backprop.loss_scale(batch_size));
        let last = output(&tensors.layers);
        let logits = [&last.activations, &tensors.targets, &last.d_pre_activations];
        let mut dispatches =
            vec![loss_grad::dispatch(gpu, &kernels.loss_grad, loss_scale, logits).await?];
        let mut d_pre_activations = &last.d_pre_activations;
        for (number, layer) in tensors.layers.iter().enumerate().rev() {
            let LayerTensors { input_size, output_size, d_weight, d_bias, .. } = layer;
            let shape = Shape { m: *output_size, n: *input_size, k: batch_size };
            let inputs = tensors.inputs_of(number);
            let product = [d_pre_activations, inputs, inputs, d_weight];
            let product = self.products.bind(Transpose::A, Epilogue::Store, shape, product);
            dispatches.push(product.await?);
            let sum = [d_pre_activations, d_bias];
            let sum = bias_grad::dispatch(gpu, &kernels.bias_grad, batch_size, bias_scale, sum);
            dispatches.push(sum.await?);
            if let Some(number) = number.checked_sub(1) {
                let before = &tensors.layers[number];
                d_pre_activations =
                    self.back(layer, d_pre_activations, before, &mut dispatches).await?;
            }
        }
        Ok(dispatches)
    }

    /// Back through the product of a layer, and the activation of the one before it; gives the gradient
    /// of that one's pre-activations.
    async fn back<'a>(
        &mut self,
        layer: &LayerTensors,
        d_pre_activations: &Tensor,
        before: &'a LayerTensors,
        dispatches: &mut Vec<Dispatch>,
    ) -> Result<&'a Tensor, Error> {
        let LayerTensors { input_size, output_size, weight, .. } = layer;
        let shape = Shape { m: self.plan.recipe.data.row_count(), n: *input_size, k: *output_size };
        let method = self.plan.recipe.method;
        let has_chain = method.backprop.has_hidden_derivative();
        let takes_grad = self.products.has_epilogues() && takes_sigmoid_grad(method);
        let (epilogue, operand, out) = if takes_grad {
            (Epilogue::SigmoidGrad, &before.activations, &before.d_pre_activations)
        } else {
            (Epilogue::Store, weight, &before.d_activations)
        };
        let product = [d_pre_activations, weight, operand, out];
        dispatches.push(self.products.bind(Transpose::Neither, epilogue, shape, product).await?);
        if epilogue == Epilogue::Store && has_chain {
            let chain = [&before.activations, out, &before.d_pre_activations];
            let kernel = &self.kernels.activation_grad;
            dispatches.push(activation_grad::dispatch(self.gpu, kernel, chain).await?);
            return Ok(&before.d_pre_activations);
        }
        Ok(out)
    }
}

/// Whether products with epilogues take over the activations of hidden layers, of which they know the
/// compensated sigmoid.
pub(super) fn takes_sigmoid(method: Method) -> bool {
    method.hidden_activation == Activation::Sigmoid && method.is_compensated()
}

/// Whether they take over the gradient through them.
pub(super) fn takes_sigmoid_grad(method: Method) -> bool {
    method.hidden_activation == Activation::Sigmoid && method.backprop.has_hidden_derivative()
}
