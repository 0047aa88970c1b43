//! Methods in which everything occurs that a fused kernel computes.

use crate::task::{Activation, Loss, Method};

/// The squared error of an identity behind tanh.
pub const TANH: Method = Method::PLAIN
    .with_activations(Activation::Tanh, Activation::Identity)
    .with_loss(Loss::SquaredError);

/// What Kolen and Pollack trained.
pub const MOMENTUM: Method = Method::PLAIN.with_loss(Loss::SquaredError).with_momentum(0.4);

/// The rest of what an update may have.
pub const NESTEROV: Method =
    Method::PLAIN.with_momentum(0.4).with_nesterov(true).with_weight_decay(0.1);

/// Weight decay alone.
pub const DECAY: Method = Method::PLAIN.with_weight_decay(0.3);

/// The rest of the activations.
pub const IDENTITY: Method = Method::COMPENSATED
    .with_activations(Activation::Identity, Activation::Tanh)
    .with_loss(Loss::SquaredError);

/// A kink in both layers.
pub const RELU: Method = Method::PLAIN
    .with_activations(Activation::Relu, Activation::Relu)
    .with_loss(Loss::SquaredError);
