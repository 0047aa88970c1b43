//! Methods in which everything occurs that a fused kernel computes.

use crate::task::{Activation, Adam, Decay, Loss, Method, Optimizer, Schedule};

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

/// The hinge loss, which has a kink.
pub const HINGE: Method =
    Method::PLAIN.with_activations(Activation::Tanh, Activation::Identity).with_loss(Loss::Hinge);

/// A rate that changes with each update, of compensated ones.
pub const SCHEDULED: Method = Method::COMPENSATED.with_schedule(SCHEDULE);

const SCHEDULE: Schedule = Schedule { warmup: 20, decay: Decay::Step { every: 2, factor: 0.75 } };

/// Adam with an epsilon that leaves the least v to count.
pub const ADAM: Method =
    Method::PLAIN.with_optimizer(Optimizer::Adam(Adam { epsilon: 1e-30, ..Adam::DEFAULT }));

/// Adam with a decay of the gradient.
pub const ADAM_DECAY: Method =
    Method::PLAIN.with_optimizer(Optimizer::Adam(Adam { weight_decay: 0.2, ..Adam::DEFAULT }));

/// AdamW, with epsilon and betas that count.
pub const ADAMW: Method = Method::PLAIN
    .with_activations(Activation::Tanh, Activation::Identity)
    .with_loss(Loss::SquaredError)
    .with_schedule(SCHEDULE)
    .with_optimizer(Optimizer::Adam(Adam {
        betas: [0.5, 0.75],
        epsilon: 0.03125,
        weight_decay: 0.3,
        ..Adam::DECOUPLED
    }));
