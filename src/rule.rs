//! How gradients are taken and applied, and the experiments that are known by name.

use crate::model::Init;
use crate::scalar::Scalar;

/// How rows of a batch are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// Added up.
    Sum,
    /// Averaged.
    Mean,
}

impl Reduction {
    /// The factor of the sum over `batch_size` rows.
    #[must_use]
    pub fn scale(self, batch_size: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a batch has fewer than 2⁵³ rows")]
        match self {
            Self::Sum => 1.0,
            Self::Mean => 1.0 / batch_size as f64,
        }
    }
}

/// Whether `f32` holds a learning rate as a normal number above 0: a device may take a smaller one
/// for 0.
#[must_use]
pub fn is_learning_rate(rate: f64) -> bool {
    let as_f32 = f32::from_f64(rate);
    as_f32 >= f32::MIN_POSITIVE && as_f32.is_finite()
}

/// A training rule. The engines turn it into a list of steps over the same kernels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// The factor of the gradient in an update.
    pub learning_rate: f64,
    /// How `d_logits`, and with it every gradient, is scaled.
    pub loss_reduction: Reduction,
    /// How the rows of `d_pre_activations` make the gradient of a bias, on top of that.
    pub bias_reduction: Reduction,
    /// 0, or what keeps hand-written code from dividing by zero: see
    /// [`bce_grad`](crate::cpu::bce_grad::bce_grad).
    pub epsilon: f64,
    /// Whether gradients pass through the sigmoid of hidden layers. They must: leaving it out is
    /// the mistake that the preset `backprop` keeps.
    pub hidden_derivative: bool,
}

impl Rule {
    /// Plain stochastic gradient descent on mean binary cross-entropy.
    #[must_use]
    pub fn sgd(learning_rate: f64) -> Self {
        Self {
            learning_rate,
            loss_reduction: Reduction::Mean,
            bias_reduction: Reduction::Sum,
            epsilon: 0.0,
            hidden_derivative: true,
        }
    }

    /// Backpropagation as one writes it by hand: gradients of the weights summed over the batch,
    /// those of the biases averaged.
    #[must_use]
    pub fn by_hand(hidden_derivative: bool) -> Self {
        Self {
            learning_rate: 0.1,
            loss_reduction: Reduction::Sum,
            bias_reduction: Reduction::Mean,
            epsilon: 1e-7,
            hidden_derivative,
        }
    }
}

/// What a neuron makes of the sum of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// 1 / (1 + e⁻ᶻ)
    Sigmoid,
    /// tanh z = 2 / (1 + e⁻²ᶻ) − 1
    Tanh,
    /// z
    Identity,
}

/// What training lowers, as a mean over the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// −ln of the probability of the right answer, in nats; of a sigmoid output
    CrossEntropy,
    /// (output − target)²
    SquaredError,
}

/// What the fused engine computes in a step, beyond plain SGD on sigmoids.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Variant {
    /// Whether sigmoid and update take pains to round less, at twice the time.
    pub careful: bool,
    /// Of the hidden layer.
    pub hidden_activation: Activation,
    /// Of the output.
    pub output_activation: Activation,
    /// What is lowered.
    pub loss: Loss,
    /// μ in v ← μ·v + gradient, parameter ← parameter − rate·v; 0 for none, as where careful.
    pub momentum: f32,
    /// Whether to keep what the convergence measure of a sweep needs.
    pub measured: bool,
}

impl Variant {
    /// The same as the layered engine: a single network, compared with a CPU.
    pub const CAREFUL: Self = Self { careful: true, ..Self::PLAIN };

    /// The shortest formulas: many networks.
    pub const PLAIN: Self = Self {
        careful: false,
        hidden_activation: Activation::Sigmoid,
        output_activation: Activation::Sigmoid,
        loss: Loss::CrossEntropy,
        momentum: 0.0,
        measured: false,
    };
}

/// An experiment known by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Preset {
    /// 2-2-1, SGD, learning rate 1: learns.
    Xor,
    /// 2-1, SGD, learning rate 1: cannot learn XOR, its loss stops at ln 2.
    Perceptron,
    /// 2-2-1, backpropagation by hand without the hidden sigmoid's derivative: stalls.
    Backprop,
    /// The same with the derivative: learns.
    BackpropCorrected,
}

impl Preset {
    /// The word that selects it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Xor => "xor",
            Self::Perceptron => "perceptron",
            Self::Backprop => "backprop",
            Self::BackpropCorrected => "backprop-corrected",
        }
    }

    /// Its training rule.
    #[must_use]
    pub fn rule(self) -> Rule {
        match self {
            Self::Xor | Self::Perceptron => Rule::sgd(1.0),
            Self::Backprop => Rule::by_hand(false),
            Self::BackpropCorrected => Rule::by_hand(true),
        }
    }

    /// How its parameters start.
    #[must_use]
    pub fn init(self) -> Init {
        match self {
            Self::Xor | Self::Perceptron => Init::Torch,
            Self::Backprop | Self::BackpropCorrected => Init::Normal,
        }
    }

    /// The sizes of its hidden layers on data of `input_size` columns: 2-2-1 on XOR.
    #[must_use]
    pub fn hidden_sizes(self, input_size: usize) -> Vec<usize> {
        match self {
            Self::Perceptron => vec![],
            Self::Xor | Self::Backprop | Self::BackpropCorrected => vec![input_size],
        }
    }
}
