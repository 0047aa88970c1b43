//! What both fused kernels share: the problem that a shader is compiled for, a launch, and the layout
//! of the state.

use super::{Cost, adam_update, as_f32, as_f64, as_u32, flag};
use crate::error::Error;
use crate::gpu::{self, Gpu, Tensor};
use crate::task::{Activation, Loss, Method};

gpu::params! {
    /// The shader's `Params`.
    pub struct Params {
        /// Number of networks.
        member_count: u32,
        /// Number of updates before this launch.
        first_step: u32,
        /// Number of looks at the loss.
        segments: u32,
        /// Number of updates before each look.
        steps: u32,
        /// Number that shows which run wrote the progress.
        nonce: u32,
        /// Iterations of a loop that a driver must not have cut short either.
        canary: u32,
        /// Always 0.
        zero: u32,
        /// The bits of the first number that counts as solved.
        solved_from: u32,
        /// How many numbers from there on count as solved.
        solved_span: u32,
        /// The first step of the tail that convergence looks at.
        tail_from: u32,
        /// The momentum.
        momentum: f32,
        /// 1 if members start in this launch, else 0.
        at_start: u32,
    }
}

/// The network and the data that a shader is compiled for.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// Number of neurons in each layer: first the columns of the data, last the one output.
    pub sizes: &'a [usize],
    /// The inputs, `[batch_size, input_size]`.
    pub inputs: &'a [f32],
    /// The targets, `[batch_size, 1]`.
    pub targets: &'a [f32],
    /// The method of a training step.
    pub method: Method,
    /// Number of networks of one invocation. It takes a step of each in turn, so that one network
    /// computes while another waits, for a sigmoid of a sum of sigmoids for example.
    pub members_per_invocation: usize,
}

/// Number of rows of the progress.
pub const PROGRESS_ROWS: usize = 3;

/// Value in the progress for a member that is never solved, instead of the step.
pub const NEVER: u32 = u32::MAX;

/// Increase of the nonce that is found if no loop was cut short.
pub const CANARY: u32 = 8;

/// The most updates of a launch where an update depends on its number: what every adapter binds as a
/// uniform buffer, 16 KB, holds of their factors.
pub const MOST_FACTORS: usize = 1_024;

/// Largest ratio of a loss to the first loss. A larger one, or NaN, counts as this one.
pub const LARGEST: f32 = 1e6;

impl Problem<'_> {
    /// Number of inputs and outputs of each layer.
    pub fn layers(&self) -> impl ExactSizeIterator<Item = [usize; 2]> + Clone {
        self.sizes.windows(2).map(|pair| [pair[0], pair[1]])
    }

    /// Columns of the data.
    #[must_use]
    pub fn input_size(&self) -> usize {
        self.sizes[0]
    }

    /// Number of inputs of the output: neurons of the last hidden layer, if there is one.
    #[must_use]
    pub fn last_inputs(&self) -> usize {
        self.sizes[self.sizes.len() - 2]
    }

    /// Number of parameters of the network.
    #[must_use]
    pub fn parameter_count(&self) -> usize {
        self.layers().map(|[inputs, outputs]| (inputs + 1) * outputs).sum()
    }

    /// Number of products of the forward pass over all rows.
    #[must_use]
    pub fn products(&self) -> usize {
        let weights: usize = self.layers().map(|[inputs, outputs]| inputs * outputs).sum();
        self.targets.len() * weights
    }

    /// What one update of one network asks for: of each row the products and sums of the forward
    /// pass and of the gradients, 4·i·o + 2·o in a layer of i inputs and o outputs, i·(2·o − 1) + 3·i
    /// through all layers but the first, and the error; an exponential and a division for each neuron
    /// that is a sigmoid or a tanh; a product and a sum for each parameter, by Adam eleven of these, a
    /// root and a division. With the measures, also the mean loss, its share of the first and the
    /// reciprocal of that. The state stays where it is, and the looks between steps do not count.
    #[must_use]
    pub fn step_cost(&self) -> Cost {
        let [rows, parameters] = [self.targets.len(), self.parameter_count()].map(as_f64);
        let hidden: f64 = self.layers().skip(1).map(|[inputs, _]| as_f64(inputs)).sum();
        let layers = self.layers().map(|layer| layer.map(as_f64));
        let row: f64 = layers.clone().map(|[inputs, outputs]| (4.0 * inputs + 2.0) * outputs).sum();
        let back: f64 =
            layers.skip(1).map(|[inputs, outputs]| inputs * (2.0 * outputs + 2.0)).sum();
        let Method { hidden_activation, output_activation, loss, measured, .. } = self.method;
        let exponentials = |activation: Activation| f64::from(activation.exponentials());
        let units = hidden * exponentials(hidden_activation) + exponentials(output_activation);
        let (logs, quotients) = match (measured, loss) {
            (false, _) => (0.0, 0.0),
            (true, Loss::CrossEntropy) => (1.0, 3.0),
            (true, _) => (0.0, 3.0),
        };
        let (of_update, quotients_of_update) =
            if self.method.adam().is_some() { (11.0, 2.0) } else { (2.0, 0.0) };
        Cost {
            flops: rows * (row + back + 1.0) + of_update * parameters,
            exponentials: rows * (units + logs),
            divisions: rows * (units + logs) + quotients + quotients_of_update * parameters,
            ..Cost::default()
        }
    }

    /// The first of the rows that steps hand on for each parameter.
    #[must_use]
    pub fn optimizer_state_row(&self) -> usize {
        self.parameter_count()
    }

    /// The first of the rows of learning rates, one for each layer.
    #[must_use]
    pub fn rates_row(&self) -> usize {
        (1 + self.method.states_per_parameter()) * self.parameter_count()
    }

    /// The first of the four rows of measures: the first loss, then the sums over all steps of v,
    /// the loss in units of the first, of 1/v, and of v over the tail.
    #[must_use]
    pub fn measures_row(&self) -> usize {
        self.rates_row() + self.layers().len()
    }

    /// Number of rows of the state.
    #[must_use]
    pub fn state_rows(&self) -> usize {
        self.measures_row() + 4
    }

    /// Number of updates for which a launch has factors.
    #[must_use]
    pub fn factor_count(&self) -> usize {
        if self.method.depends_on_step() { MOST_FACTORS } else { 1 }
    }

    /// Iterations of all loops together that one step can take where nothing is unrolled.
    #[must_use]
    pub fn iterations_a_step(&self) -> usize {
        let pass: usize = self.layers().map(|[inputs, outputs]| (1 + inputs) * (1 + outputs)).sum();
        let updates = (1 + self.method.states_per_parameter()) * self.parameter_count();
        1 + updates + self.targets.len() * (1 + 3 * pass)
    }
}

/// The work of one launch.
#[derive(Clone, Copy, Debug)]
pub struct Launch {
    /// Number of updates before this launch.
    pub first_step: u64,
    /// Whether members start here. If so, the first segment makes no updates, and the old content
    /// of the progress and the measures is ignored.
    pub at_start: bool,
    /// Number of looks at the loss.
    pub segments: usize,
    /// Number of updates before each look.
    pub steps: usize,
    /// Number that shows which run wrote the progress.
    pub nonce: u32,
    /// Loss below which a member is solved, at the first step before whose update it is.
    pub solved_below: f32,
    /// The first step of the tail that convergence looks at.
    pub tail_from: u32,
}

/// The bits of the first number that counts as solved, and how many do: of the product of the
/// probabilities of the right answers, above exp(−n·l) for a mean cross-entropy l over n rows; of
/// the sum of squared errors or hinge losses, below n·l.
fn solved(problem: Problem<'_>, below: f32) -> [u32; 2] {
    #[expect(clippy::cast_precision_loss, reason = "a batch has fewer than 2⁵³ rows")]
    let limit = problem.targets.len() as f64 * f64::from(below);
    let bits = |limit: f64| as_f32(limit).to_bits();
    match problem.method.loss {
        Loss::CrossEntropy => {
            let from = bits((-limit).exp()) + 1;
            // Rounding may take the product a little beyond 1.
            [from, bits(1.5) - from]
        }
        _ => [0, bits(limit)],
    }
}

/// Makes room for the factors of a launch. Nothing but NaN is in it.
///
/// # Errors
/// [`Error::Gpu`] if memory runs out.
pub async fn room_for_factors(gpu: &Gpu, problem: Problem<'_>) -> Result<Tensor, Error> {
    gpu.upload_uniform("factors", &vec![f32::NAN; 4 * problem.factor_count()]).await
}

/// Writes the factors of a launch that makes `updates` updates, if they depend on their number.
///
/// # Panics
/// If there are more than [`MOST_FACTORS`] of them.
pub fn write_factors(
    gpu: &Gpu,
    problem: Problem<'_>,
    tensor: &Tensor,
    first_step: u64,
    updates: usize,
) {
    if !problem.method.depends_on_step() {
        return;
    }
    let of_step = |step| {
        let factors = problem.method.factors(step);
        [factors.rate, factors.step_size, factors.root, 0.0].map(as_f32)
    };
    let values: Vec<_> = (first_step..).take(updates).flat_map(of_step).collect();
    gpu.write_at(tensor, 0, &values);
}

/// Values of the `override` constants that both shaders have.
pub(super) fn method_overrides(method: Method) -> [(&'static str, f64); 15] {
    let [beta_1, rest_1, beta_2, rest_2, adam_epsilon, decoupled] =
        adam_update::overrides(method.adam());
    [
        ("compensated", flag(method.is_compensated())),
        ("has_momentum", flag(method.has_momentum())),
        ("nesterov", flag(method.is_nesterov())),
        ("weight_decay", method.weight_decay()),
        ("adam", flag(method.adam().is_some())),
        ("depends_on_step", flag(method.depends_on_step())),
        ("loss_kind", f64::from(method.loss as u8)),
        ("hidden_activation", f64::from(method.hidden_activation as u8)),
        ("output_activation", f64::from(method.output_activation as u8)),
        beta_1,
        rest_1,
        beta_2,
        rest_2,
        adam_epsilon,
        decoupled,
    ]
}

/// Number of networks that a launch trains in the tensors `state`, `progress`, `losses`, `outputs`.
///
/// # Panics
/// If their shapes do not go together.
pub(super) fn member_count(
    problem: Problem<'_>,
    launch: Launch,
    [factors, state, progress, losses, outputs]: [&Tensor; 5],
) -> usize {
    assert_eq!(factors.len(), 4 * problem.factor_count(), "factors");
    let member_count = progress.len() / PROGRESS_ROWS;
    assert_eq!(state.len(), problem.state_rows() * member_count, "state");
    assert!(outputs.len() >= problem.targets.len() * member_count, "outputs");
    assert!(losses.len() >= launch.segments * member_count, "losses");
    member_count
}

/// The `params` of a launch for `member_count` networks.
#[must_use]
pub fn params(problem: Problem<'_>, member_count: usize, launch: Launch) -> Params {
    let [solved_from, solved_span] = solved(problem, launch.solved_below);
    Params {
        member_count: as_u32(member_count),
        first_step: u32::try_from(launch.first_step % (1 << 32)).expect("it was wrapped"),
        segments: as_u32(launch.segments),
        steps: as_u32(launch.steps),
        nonce: launch.nonce,
        canary: CANARY,
        zero: 0,
        solved_from,
        solved_span,
        tail_from: launch.tail_from,
        momentum: as_f32(problem.method.momentum()),
        at_start: u32::from(launch.at_start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_solved_where_its_mean_loss_is_below_the_limit() {
        for rows in [1_u16, 4, 256] {
            let values = vec![0.0; rows.into()];
            for loss_kind in Loss::ALL {
                let method = Method::PLAIN.with_loss(loss_kind);
                let problem = Problem {
                    sizes: &[1, 1, 1],
                    inputs: &values,
                    targets: &values,
                    method,
                    members_per_invocation: 1,
                };
                for (below, factor) in
                    [0.05, 0.3].map(|below| [(below, 0.999), (below, 1.001)]).concat()
                {
                    // Every row has this loss, so that it is the mean.
                    let loss = f64::from(below) * factor;
                    let evidence = match loss_kind {
                        Loss::CrossEntropy => (-loss).exp().powi(rows.into()),
                        Loss::SquaredError | Loss::Hinge => f64::from(rows) * loss,
                    };
                    #[expect(clippy::cast_possible_truncation, reason = "as the kernel has it")]
                    let bits = (evidence as f32).to_bits();
                    let [from, span] = solved(problem, below);
                    let is_solved = bits.wrapping_sub(from) < span;
                    assert_eq!(is_solved, factor < 1.0, "{rows} rows, {loss_kind:?}, {loss}");
                }
            }
        }
    }
}
