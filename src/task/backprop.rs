//! The way gradients are computed.

/// The way gradients are computed: by the chain rule, or as a notebook written by hand did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backprop {
    /// The gradients of the mean loss.
    Exact,
    /// The gradients of a notebook. Those of weights are summed over the rows, those of biases are
    /// averaged, and an epsilon keeps a quotient from dividing by zero.
    ByHand {
        /// Whether gradients pass through the derivative of the hidden layers' activation. They
        /// must: leaving it out is the mistake that the preset `backprop` keeps.
        hidden_derivative: bool,
    },
}

impl Backprop {
    /// The factor of `d_logits`, and with it of every gradient, on `row_count` rows.
    #[must_use]
    pub fn loss_scale(self, row_count: usize) -> f64 {
        match self {
            Self::Exact => reciprocal(row_count),
            Self::ByHand { .. } => 1.0,
        }
    }

    /// The additional factor of the gradient of a bias, on `row_count` rows.
    #[must_use]
    pub fn bias_scale(self, row_count: usize) -> f64 {
        match self {
            Self::Exact => 1.0,
            Self::ByHand { .. } => reciprocal(row_count),
        }
    }

    /// The epsilon that keeps the quotient of [`loss_grad`](crate::cpu::loss_grad::loss_grad) from
    /// dividing by zero; 0 if there is no quotient.
    #[must_use]
    pub fn epsilon(self) -> f64 {
        match self {
            Self::Exact => 0.0,
            Self::ByHand { .. } => 1e-7,
        }
    }

    /// The same way with the derivative of the hidden layers' activation.
    #[must_use]
    pub fn with_hidden_derivative(self) -> Self {
        match self {
            Self::Exact => self,
            Self::ByHand { .. } => Self::ByHand { hidden_derivative: true },
        }
    }

    /// Whether gradients pass through the derivative of the hidden layers' activation.
    #[must_use]
    pub fn has_hidden_derivative(self) -> bool {
        self != Self::ByHand { hidden_derivative: false }
    }
}

fn reciprocal(row_count: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "data have fewer than 2⁵³ rows")]
    let rows = row_count as f64;
    1.0 / rows
}
