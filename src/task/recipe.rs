//! The recipe: the only description of training.

use super::{
    Activation, Adam, Backprop, Dataset, LayerSizes, Loss, Optimizer, Schedule, Sgd, StepFactors,
    is_learning_rate,
};
use crate::error::Error;

/// The effort to avoid rounding errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Sigmoids with few roundings, and updates with compensated summation (Kahan, 1965), at twice
    /// the time: for a single network that is compared with a CPU.
    Compensated,
    /// The shortest formulas: for many networks.
    Plain,
}

impl Rounding {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Compensated, Self::Plain];
}

/// The computation of a training step, independent of the data and the network.
///
/// It begins as [`Method::COMPENSATED`] or [`Method::PLAIN`], and `with_…` changes a part.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Method {
    /// Activation function of the hidden layers.
    pub hidden_activation: Activation,
    /// Activation function of the output.
    pub output_activation: Activation,
    /// Loss function.
    pub loss: Loss,
    /// The optimizer, which turns gradients into updates.
    pub optimizer: Optimizer,
    /// The schedule of the learning rate.
    pub schedule: Schedule,
    /// The way gradients are computed.
    pub backprop: Backprop,
    /// The effort to avoid rounding errors.
    pub rounding: Rounding,
    /// Whether steps sum up the measures of convergence, for sweeps.
    pub measured: bool,
}

impl Method {
    /// Gradient descent at learning rate 1 on the mean binary cross-entropy of sigmoids.
    pub const COMPENSATED: Self = Self { rounding: Rounding::Compensated, ..Self::PLAIN };

    /// The same method by the shortest formulas.
    pub const PLAIN: Self = Self {
        hidden_activation: Activation::Sigmoid,
        output_activation: Activation::Sigmoid,
        loss: Loss::CrossEntropy,
        optimizer: Optimizer::sgd(1.0),
        schedule: Schedule::CONSTANT,
        backprop: Backprop::Exact,
        rounding: Rounding::Plain,
        measured: false,
    };

    /// Gradient descent on the mean binary cross-entropy of sigmoids, compensated.
    #[must_use]
    pub fn sgd(learning_rate: f64) -> Self {
        Self::COMPENSATED.with_learning_rate(learning_rate)
    }

    /// Gradient descent at learning rate 0.1, by hand: see [`Backprop::ByHand`].
    #[must_use]
    pub fn by_hand(hidden_derivative: bool) -> Self {
        Self { backprop: Backprop::ByHand { hidden_derivative }, ..Self::sgd(0.1) }
    }

    /// The same method with another optimizer.
    #[must_use]
    pub const fn with_optimizer(self, optimizer: Optimizer) -> Self {
        Self { optimizer, ..self }
    }

    /// The same method with another learning rate.
    #[must_use]
    pub const fn with_learning_rate(self, learning_rate: f64) -> Self {
        self.with_optimizer(match self.optimizer {
            Optimizer::Sgd(sgd) => Optimizer::Sgd(Sgd { learning_rate, ..sgd }),
            Optimizer::Adam(adam) => Optimizer::Adam(Adam { learning_rate, ..adam }),
        })
    }

    /// The same method with another momentum.
    ///
    /// # Panics
    /// If the optimizer is not gradient descent: Adam has betas.
    #[must_use]
    pub const fn with_momentum(self, momentum: f64) -> Self {
        self.with_optimizer(Optimizer::Sgd(Sgd { momentum, ..self.descent() }))
    }

    /// The same method, whose momentum is Nesterov's or is not.
    ///
    /// # Panics
    /// As [`Self::with_momentum`].
    #[must_use]
    pub const fn with_nesterov(self, nesterov: bool) -> Self {
        self.with_optimizer(Optimizer::Sgd(Sgd { nesterov, ..self.descent() }))
    }

    const fn descent(self) -> Sgd {
        match self.optimizer {
            Optimizer::Sgd(sgd) => sgd,
            Optimizer::Adam(_) => panic!("Adam has betas, and no momentum"),
        }
    }

    /// The same method with another weight decay.
    #[must_use]
    pub const fn with_weight_decay(self, weight_decay: f64) -> Self {
        self.with_optimizer(match self.optimizer {
            Optimizer::Sgd(sgd) => Optimizer::Sgd(Sgd { weight_decay, ..sgd }),
            Optimizer::Adam(adam) => Optimizer::Adam(Adam { weight_decay, ..adam }),
        })
    }

    /// The same method with another schedule of the learning rate.
    #[must_use]
    pub const fn with_schedule(self, schedule: Schedule) -> Self {
        Self { schedule, ..self }
    }

    /// The same method with other activation functions, of the hidden layers and of the output.
    #[must_use]
    pub const fn with_activations(self, hidden: Activation, output: Activation) -> Self {
        Self { hidden_activation: hidden, output_activation: output, ..self }
    }

    /// The same method with another loss.
    #[must_use]
    pub const fn with_loss(self, loss: Loss) -> Self {
        Self { loss, ..self }
    }

    /// The same method with gradients that are computed in another way.
    #[must_use]
    pub const fn with_backprop(self, backprop: Backprop) -> Self {
        Self { backprop, ..self }
    }

    /// The same method with another rounding.
    #[must_use]
    pub const fn with_rounding(self, rounding: Rounding) -> Self {
        Self { rounding, ..self }
    }

    /// The same method, whose steps sum up the measures of convergence or do not.
    #[must_use]
    pub const fn measuring(self, measured: bool) -> Self {
        Self { measured, ..self }
    }

    /// The learning rate of all layers, before its schedule.
    #[must_use]
    pub fn learning_rate(self) -> f64 {
        self.optimizer.learning_rate()
    }

    /// The momentum of gradient descent; 0 means none.
    #[must_use]
    pub fn momentum(self) -> f64 {
        match self.optimizer {
            Optimizer::Sgd(sgd) => sgd.momentum,
            Optimizer::Adam(_) => 0.0,
        }
    }

    /// Whether the momentum is Nesterov's.
    #[must_use]
    pub fn is_nesterov(self) -> bool {
        matches!(self.optimizer, Optimizer::Sgd(Sgd { nesterov: true, .. }))
    }

    /// The weight decay; 0 means none.
    #[must_use]
    pub fn weight_decay(self) -> f64 {
        match self.optimizer {
            Optimizer::Sgd(sgd) => sgd.weight_decay,
            Optimizer::Adam(adam) => adam.weight_decay,
        }
    }

    /// Adam, if it is the optimizer.
    #[must_use]
    pub fn adam(self) -> Option<Adam> {
        match self.optimizer {
            Optimizer::Sgd(_) => None,
            Optimizer::Adam(adam) => Some(adam),
        }
    }

    /// Whether there is a velocity.
    #[must_use]
    pub fn has_momentum(self) -> bool {
        self.momentum() != 0.0
    }

    /// Whether an update is more than the rate times the gradient.
    #[must_use]
    pub fn has_more_than_rate(self) -> bool {
        self.optimizer != Optimizer::sgd(self.learning_rate())
    }

    /// Whether an update depends on its number.
    #[must_use]
    pub fn depends_on_step(self) -> bool {
        self.schedule != Schedule::CONSTANT || self.adam().is_some()
    }

    /// What the number of an update decides, counted from 0.
    #[must_use]
    pub fn factors(self, step: u64) -> StepFactors {
        self.optimizer.factors(step, self.schedule.factor(step))
    }

    /// Whether an update hands anything but the parameters to the next.
    #[must_use]
    pub fn keeps_state(self) -> bool {
        self.is_compensated() || self.has_momentum() || self.adam().is_some()
    }

    /// Number of values of the optimizer's state for each parameter: Adam's m and v, or one.
    #[must_use]
    pub fn states_per_parameter(self) -> usize {
        if self.adam().is_some() { 2 } else { 1 }
    }

    /// Whether the derivative of an activation function or of the loss jumps.
    #[must_use]
    pub fn has_kink(self) -> bool {
        self.hidden_activation.has_kink()
            || self.output_activation.has_kink()
            || self.loss.has_kink()
    }

    /// Whether rounding errors are compensated.
    #[must_use]
    pub fn is_compensated(self) -> bool {
        self.rounding == Rounding::Compensated
    }
}

/// A training run without its initial parameters: data, network, method, and number of steps.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Recipe {
    /// The rows to learn; every step sees all of them.
    pub data: Dataset,
    /// Number of neurons in each layer.
    pub sizes: LayerSizes,
    /// The computation of a step.
    pub method: Method,
    /// Number of updates.
    pub steps: u64,
}

impl Recipe {
    /// The recipe, checked.
    ///
    /// # Errors
    /// [`Error::Usage`] if the network does not fit the data, or parts of the method do not go together.
    pub fn new(
        data: Dataset,
        sizes: LayerSizes,
        method: Method,
        steps: u64,
    ) -> Result<Self, Error> {
        let refuse = |why: String| Err(Error::Usage(why));
        let (takes, has) = (sizes.input_size(), data.input_size);
        if takes != has {
            return refuse(format!(
                "a network {sizes} takes {takes} inputs, and the data have {has}"
            ));
        }
        if let Some(why) = method.loss.refuses(method.output_activation, data.coding) {
            return refuse(why.into());
        }
        if method.is_compensated() && method.has_more_than_rate() {
            return refuse(
                "momentum, weight decay and Adam take plain rounding, and this is compensated"
                    .into(),
            );
        }
        if method.is_nesterov() && !method.has_momentum() {
            return refuse("Nesterov's momentum has a momentum above 0, and this is 0".into());
        }
        if let Some(Adam { betas, epsilon, .. }) = method.adam() {
            if !betas.iter().all(|beta| (0.0..1.0).contains(beta)) {
                return refuse(format!(
                    "Adam's betas are from 0 to below 1, and these are {betas:?}"
                ));
            }
            if !is_learning_rate(epsilon) {
                return refuse(format!(
                    "Adam's epsilon is a number above 0 in f32, and this is {epsilon}"
                ));
            }
        }
        let is_of_notebook = method.loss == Loss::CrossEntropy
            && method.hidden_activation == Activation::Sigmoid
            && !method.has_more_than_rate();
        if method.backprop != Backprop::Exact && !is_of_notebook {
            return refuse(
                "backpropagation by hand is that of sigmoids and the cross-entropy, without momentum, \
                 weight decay and Adam"
                    .into(),
            );
        }
        Ok(Self { data, sizes, method, steps })
    }
}
