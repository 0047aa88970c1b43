//! The reason why a network has not learned, from figures of its final state.

use serde::Serialize;

use super::{Outcome, Plan};
use crate::cpu::Reference;
use crate::cpu::activation::slope;
use crate::numeric::{Dual, ULP};
use crate::task::{Activation, Backprop, Coding, Dataset, Method, Recipe};

/// The most rows that are looked at.
const MOST_ROWS: usize = 4_096;

/// The most parameters whose curvature is measured.
const MOST_PARAMETERS: usize = 500;

/// The most products of the curvature with a direction.
const MOST_ITERATIONS: usize = 200;

/// When the curvature has settled, relative to it.
const SETTLED: f64 = 1e-4;

/// Above this, a step times the curvature overshoots: gradient descent without momentum is unstable.
const STABLE: f64 = 2.0;

/// Losses in `f32` that differ by no larger share are the same.
const RESOLUTION: f64 = 8.0 * ULP;

/// A loss that falls by a larger share over the last tenth of the steps is still falling.
const FALLING: f64 = 0.01;

/// Derivatives below this are those of a saturated neuron.
const SATURATED: f64 = 0.01;

/// The loss is that of guesses within this share of it.
const AT_PLATEAU: f64 = 0.01;

/// How near 0.5 an output decides nothing.
const UNDECIDED: f64 = 0.02;

/// (√5 − 1) / 2, whose multiples fall between all before them.
const GOLDEN: f64 = 0.618_033_988_749_894_8;

/// The state in which a run ended. The first variant that applies is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// The loss is not finite.
    Diverged,
    /// The loss is small, and every answer is right.
    Learned,
    /// Steps overshoot, and the loss is no lower than at nine tenths of the steps.
    Oscillating,
    /// The last tenth of the steps lowered the loss by more than 1 %.
    StillFalling,
    /// More than half of the hidden activations have a slope below 0.01.
    Saturated,
    /// The loss is within 1 % of that of outputs halfway between the targets: ln 2 of the cross-entropy.
    Plateau,
    /// Two outputs are within 0.02 of halfway between the targets, and all others are right.
    TwoRowsAlike,
    /// None of these.
    Flat,
}

/// The state in which a run ended, with the figures that show it. They are computed in `f64` from
/// the final parameters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Diagnosis {
    /// The state.
    pub ending: Ending,
    /// Number of rows that were evaluated.
    pub rows: usize,
    /// The mean loss of those rows, in nats.
    pub loss: f64,
    /// Number of updates at nine tenths of the run.
    pub late_step: u64,
    /// The share by which the loss fell from there to the end, on the device; `None` if it was not
    /// evaluated there.
    pub last_tenth_fall: Option<f64>,
    /// The norm of the gradient of the mean loss.
    pub gradient_norm: f64,
    /// The learning rate times the largest eigenvalue of the loss's Hessian; `None` if it was not
    /// needed, with more than 500 parameters, or by Adam.
    pub step_times_curvature: Option<f64>,
    /// The share of hidden activations at which the activation function's derivative is below 0.01;
    /// `None` without a hidden layer, and where the function does not saturate.
    pub saturated_share: Option<f64>,
    /// Number of outputs within 0.02 of halfway between the targets.
    pub undecided_rows: usize,
    /// Number of outputs whose answers are their targets.
    pub right_rows: usize,
}

impl Plan {
    /// The step that begins the last tenth of the run.
    #[must_use]
    pub fn late_step(&self) -> u64 {
        self.recipe.steps - self.recipe.steps.div_ceil(10)
    }

    /// The learning rate of the last update.
    #[must_use]
    pub fn last_learning_rate(&self) -> f64 {
        let Recipe { method, steps, .. } = &self.recipe;
        method.learning_rate() * method.factors(steps.saturating_sub(1)).rate
    }

    /// The learning rate times the curvature above which each step of gradient descent overshoots: 2 + 2·μ with momentum μ,
    /// (2 + 2·μ) / (1 + 2·μ) where it is Nesterov's, less the learning rate times the weight decay, which
    /// is a curvature, too.
    #[must_use]
    pub fn stable_limit(&self) -> f64 {
        let method = self.recipe.method;
        let momentum = method.momentum();
        let share = if method.is_nesterov() { 1.0 + 2.0 * momentum } else { 1.0 };
        STABLE * (1.0 + momentum) / share - self.last_learning_rate() * method.weight_decay()
    }
}

impl Diagnosis {
    /// The diagnosis of a finished run.
    #[must_use]
    pub fn of(plan: &Plan, outcome: &Outcome) -> Self {
        let data = sample(&plan.recipe.data);
        let method = Method { backprop: Backprop::Exact, ..plan.recipe.method };
        let mut network = Reference::<f64>::new(&data, method, &outcome.parameters);
        let loss = network.forward();
        network.backward();
        let gradient_norm = network.gradient().map(|d| d * d).sum::<f64>().sqrt();
        let is_right = |y: f64, t: f32| data.coding.answer(y) == t;
        let outputs = || network.probabilities().iter().zip(&data.targets);
        let mut found = Self {
            ending: Ending::Flat,
            rows: data.row_count(),
            loss,
            late_step: plan.late_step(),
            last_tenth_fall: outcome.late_loss.map(|late| fall(late, outcome.final_loss)),
            gradient_norm,
            step_times_curvature: None,
            saturated_share: saturated_share(method.hidden_activation, &network),
            undecided_rows: outputs().filter(|(y, _)| is_undecided(**y, data.coding)).count(),
            right_rows: outputs().filter(|(y, t)| is_right(**y, **t)).count(),
        };
        let others_right = outputs().all(|(&y, &t)| is_undecided(y, data.coding) || is_right(y, t));
        found.ending = found.ending(plan, outcome, &data, others_right);
        found
    }

    fn ending(
        &mut self,
        plan: &Plan,
        outcome: &Outcome,
        data: &Dataset,
        others_right: bool,
    ) -> Ending {
        if !(outcome.final_loss.is_finite() && self.loss.is_finite()) {
            return Ending::Diverged;
        }
        if plan.is_learned(outcome) {
            return Ending::Learned;
        }
        self.step_times_curvature = step_times_curvature(plan, outcome, data);
        let limit = plan.stable_limit();
        let overshoots = self.step_times_curvature.is_some_and(|product| product > limit);
        let is_no_lower = self.last_tenth_fall.is_none_or(|fall| fall <= RESOLUTION);
        let of_guesses = plan.recipe.method.loss.of_guesses(plan.recipe.data.coding);
        if overshoots && is_no_lower {
            Ending::Oscillating
        } else if self.last_tenth_fall.is_some_and(|fall| fall > FALLING) {
            Ending::StillFalling
        } else if self.saturated_share.is_some_and(|share| share > 0.5) {
            Ending::Saturated
        } else if (self.loss - of_guesses).abs() <= AT_PLATEAU * of_guesses {
            Ending::Plateau
        } else if self.undecided_rows == 2 && others_right && self.rows > 2 {
            Ending::TwoRowsAlike
        } else {
            Ending::Flat
        }
    }
}

/// By what share a loss fell; from 0, to which a hinge loss comes, no further.
fn fall(from: f32, to: f32) -> f64 {
    if from == 0.0 && to == 0.0 { 0.0 } else { 1.0 - f64::from(to) / f64::from(from) }
}

fn is_undecided(output: f64, coding: Coding) -> bool {
    (output - f64::from(coding.threshold())).abs() <= UNDECIDED
}

/// All rows, or as many as are looked at, spread by the golden ratio so that they share no bits.
fn sample(data: &Dataset) -> Dataset {
    let count = data.row_count();
    if count <= MOST_ROWS {
        return data.clone();
    }
    let place = |index: usize| (index * 40_503) % count;
    let rows = || (0..MOST_ROWS).map(place);
    let columns = data.input_size;
    let inputs = rows().flat_map(|row| &data.inputs[row * columns..][..columns]).copied();
    let targets = rows().map(|row| data.targets[row]);
    Dataset { inputs: inputs.collect(), targets: targets.collect(), ..data.clone() }
}

/// The share of saturated activations in all hidden layers.
fn saturated_share(activation: Activation, network: &Reference<f64>) -> Option<f64> {
    let (mut count, mut saturated) = (0.0, 0.0);
    for a in network.hidden_activations() {
        count += 1.0;
        saturated += f64::from(u8::from(slope(activation, a) < SATURATED));
    }
    (activation.saturates() && count > 0.0).then_some(saturated / count)
}

/// The learning rate times the largest eigenvalue of the Jacobian of the method's gradient, which is
/// the loss's Hessian where the method takes the gradient of the loss.
fn step_times_curvature(plan: &Plan, outcome: &Outcome, data: &Dataset) -> Option<f64> {
    let is_sample = data.row_count() < plan.recipe.data.row_count();
    let sums_rows = plan.recipe.method.backprop != Backprop::Exact;
    // Each parameter has a step size of its own.
    if plan.recipe.method.adam().is_some() {
        return None;
    }
    if outcome.parameters.sizes.parameter_count() > MOST_PARAMETERS || (is_sample && sums_rows) {
        return None;
    }
    let mut network = Reference::<Dual<f64>>::new(data, plan.recipe.method, &outcome.parameters);
    let dominant = dominant_eigenvalue(&mut network, 0.0);
    // That with the largest magnitude; if it is negative, the largest is found above it.
    let largest = if dominant < 0.0 {
        dominant + dominant_eigenvalue(&mut network, -dominant)
    } else {
        dominant
    };
    Some(plan.last_learning_rate() * largest)
}

/// The eigenvalue with the largest magnitude of J + shift · 1, where J is the Jacobian of the
/// gradient: by power iteration, each product with J a backward pass on dual numbers.
fn dominant_eigenvalue(network: &mut Reference<Dual<f64>>, shift: f64) -> f64 {
    let count = network.parameters().count();
    // A direction that is no eigenvector's normal but by accident: multiples of the golden ratio.
    let place = |number: i32| (GOLDEN * f64::from(number)).fract() - 0.5;
    let mut direction: Vec<f64> = (1..).take(count).map(place).collect();
    let mut eigenvalue = 0.0;
    for _ in 0..MOST_ITERATIONS {
        let norm = direction.iter().map(|d| d * d).sum::<f64>().sqrt();
        if norm == 0.0 {
            return 0.0;
        }
        for d in &mut direction {
            *d /= norm;
        }
        for (parameter, &d) in network.parameters_mut().zip(&direction) {
            parameter.derivative = d;
        }
        network.forward();
        network.backward();
        let product = network.gradient().zip(&direction);
        let product: Vec<f64> = product.map(|(g, d)| g.derivative + shift * d).collect();
        let before = eigenvalue;
        eigenvalue = product.iter().zip(&direction).map(|(p, d)| p * d).sum();
        direction = product;
        if (eigenvalue - before).abs() <= SETTLED * eigenvalue.abs() {
            break;
        }
    }
    eigenvalue
}

#[cfg(test)]
mod tests {
    use std::f64::consts::LN_2;
    use std::time::Duration;

    use super::*;
    use crate::cpu::sgd_update::sgd_update;
    use crate::task::{Init, Method, Parameters};

    fn plan(layers: &str, learning_rate: f64, seed: u64, steps: u64) -> Plan {
        let sizes = layers.parse().expect("a network");
        let start = Parameters::initialise(&sizes, Init::Torch, seed);
        let data = Dataset::parity(2).expect("XOR");
        Plan::new(data, Method::sgd(learning_rate), start, steps, steps).expect("a plan")
    }

    /// On a parabola, whose curvature is known.
    #[test]
    fn a_loss_that_stays_0_has_not_fallen() {
        assert_eq!([fall(0.0, 0.0), fall(0.5, 0.0), fall(0.5, 0.25)], [0.0, 1.0, 0.5]);
    }

    #[test]
    fn the_limit_tells_updates_that_come_closer_from_those_that_run_away() {
        let momentum = Method::PLAIN.with_momentum(0.8);
        let decay = momentum.with_weight_decay(0.1);
        let both = decay.with_nesterov(true);
        for method in [Method::PLAIN, momentum, momentum.with_nesterov(true), decay, both] {
            let method = method.with_learning_rate(0.5);
            let limit = plan("2-2-1", 1.0, 0, 1).with_method(method).stable_limit();
            for (share, is_closer) in [(0.98, true), (1.02, false)] {
                let curvature = share * limit / method.learning_rate();
                let (mut parameter, mut velocity) = ([1.0], [0.0]);
                for _ in 0..1_000 {
                    let gradient = [curvature * parameter[0]];
                    sgd_update(method, 0.5, &gradient, &mut parameter, &mut velocity);
                }
                let end: f64 = parameter[0];
                assert_eq!(end.abs() < 1.0, is_closer, "{method:?}: {end}");
            }
        }
    }

    /// What `train` has, from the reference.
    fn outcome(plan: &Plan) -> Outcome {
        let mut network = Reference::<f32>::new(&plan.recipe.data, plan.recipe.method, &plan.start);
        let mut late_loss = None;
        for step in 0..plan.recipe.steps {
            let loss = network.step();
            if step == plan.late_step() {
                late_loss = Some(loss);
            }
        }
        let final_loss = network.forward();
        let values: Vec<f32> = network.parameters().collect();
        Outcome {
            losses: vec![],
            final_loss,
            late_loss,
            probabilities: network.probabilities().to_vec(),
            parameters: Parameters::from_fn(&plan.start.sizes, |n, _| values[n as usize]),
            wall: Duration::ZERO,
            gpu: None,
            longest_submission: Duration::ZERO,
        }
    }

    fn diagnosis(layers: &str, learning_rate: f64, seed: u64, steps: u64) -> Diagnosis {
        let plan = plan(layers, learning_rate, seed, steps);
        Diagnosis::of(&plan, &outcome(&plan))
    }

    fn ending(layers: &str, learning_rate: f64, seed: u64, steps: u64) -> Ending {
        diagnosis(layers, learning_rate, seed, steps).ending
    }

    #[test]
    fn a_loss_that_is_not_finite_has_diverged() {
        let plan = plan("2-2-1", 1.0, 1, 10);
        for final_loss in [f32::INFINITY, f32::NAN] {
            let found = Diagnosis::of(&plan, &Outcome { final_loss, ..outcome(&plan) });
            assert_eq!(found.ending, Ending::Diverged);
        }
    }

    #[test]
    fn a_small_loss_with_every_answer_right_has_learned() {
        assert_eq!(ending("2-2-1", 1.0, 1, 3_000), Ending::Learned);
    }

    /// At the best answer of a perceptron, where the curvature is 0.3983.
    #[test]
    fn steps_that_overshoot_oscillate() {
        let ending_with = |learning_rate, late_loss| {
            let plan = plan("2-1", learning_rate, 0, 1);
            let parameters = Parameters::from_fn(&plan.start.sizes, |_, _| 0.0);
            let outcome = Outcome { parameters, final_loss: 0.7, ..outcome(&plan) };
            Diagnosis::of(&plan, &Outcome { late_loss: Some(late_loss), ..outcome }).ending
        };
        assert_eq!(ending_with(5.1, 0.7), Ending::Oscillating);
        assert_eq!(ending_with(5.1, 0.68), Ending::Oscillating);
        assert_eq!(ending_with(5.0, 0.7), Ending::Plateau);
        assert_eq!(ending_with(5.1, 0.72), Ending::StillFalling);
    }

    #[test]
    fn a_run_that_goes_on_falling_is_still_falling() {
        for (layers, steps) in [("2-4-1", 800), ("2-4-1", 500), ("2-2-1", 500)] {
            let found = diagnosis(layers, 1.0, 48, steps);
            let expected = if found.last_tenth_fall.is_some_and(|fall| fall > 0.01) {
                Ending::StillFalling
            } else {
                Ending::Plateau
            };
            assert_eq!(found.ending, expected, "{layers}, {steps} steps: {found:?}");
        }
        assert_eq!(ending("2-4-1", 1.0, 48, 800), Ending::StillFalling);
    }

    #[test]
    fn hidden_neurons_without_a_slope_are_saturated() {
        let found = diagnosis("2-2-1", 100.0, 7, 3_000);
        assert_eq!((found.ending, found.saturated_share), (Ending::Saturated, Some(1.0)));
    }

    #[test]
    fn a_loss_of_ln_2_is_the_plateau() {
        for (layers, learning_rate) in [("2-2-1", 0.01), ("2-4-1", 0.01), ("2-1", 1.0)] {
            let found = diagnosis(layers, learning_rate, 0, 3_000);
            assert_eq!(found.ending, Ending::Plateau, "{layers}: {found:?}");
        }
    }

    #[test]
    fn half_of_ln_2_is_two_rows_that_are_not_told_apart() {
        let found = diagnosis("2-2-1", 5.0, 5, 10_000);
        assert_eq!((found.ending, found.undecided_rows), (Ending::TwoRowsAlike, 2), "{found:?}");
        assert!((found.loss - LN_2 / 2.0).abs() < 0.001, "{found:?}");
    }

    /// A perceptron in a cycle far from its best answer, where its outputs are sure and the curvature
    /// is small.
    #[test]
    fn what_is_none_of_these_is_flat_with_the_norm_of_its_gradient() {
        let found = diagnosis("2-1", 20.0, 2, 3_000);
        assert_eq!(found.ending, Ending::Flat, "{found:?}");
        assert!(found.gradient_norm > 0.1, "{found:?}");
    }

    /// The Hessian of a perceptron without weights is ¼ of the mean of x xᵀ, x = (x₁, x₂, 1).
    #[test]
    fn the_curvature_is_the_largest_eigenvalue_of_the_hessian() {
        let plan = plan("2-1", 3.0, 0, 1);
        let parameters = Parameters::from_fn(&plan.start.sizes, |_, _| 0.0);
        let found = Diagnosis::of(&plan, &Outcome { parameters, ..outcome(&plan) });
        let expected = 3.0 / 4.0 * (1.75 + 2.0625_f64.sqrt()) / 2.0;
        let product = found.step_times_curvature.expect("few parameters");
        assert!((product - expected).abs() < 1e-3 * expected, "{product}, not {expected}");
    }

    /// Also where that with the largest magnitude is negative.
    #[test]
    fn no_direction_is_more_curved_than_the_largest_eigenvalue() {
        let mut negative = 0;
        for seed in 0..40 {
            let plan = plan("2-3-1", 1.0, seed, 1);
            let parameters = Parameters::initialise(&plan.start.sizes, Init::Normal, seed);
            let outcome = Outcome { parameters, ..outcome(&plan) };
            let largest = step_times_curvature(&plan, &outcome, &plan.recipe.data).expect("few");
            let mut network =
                Reference::new(&plan.recipe.data, plan.recipe.method, &outcome.parameters);
            negative += u32::from(dominant_eigenvalue(&mut network, 0.0) < 0.0);
            for number in 0..plan.start.sizes.parameter_count() {
                for (other, parameter) in network.parameters_mut().enumerate() {
                    parameter.derivative = f64::from(u8::from(other == number));
                }
                network.forward();
                network.backward();
                let along = network.gradient().nth(number).expect("one each").derivative;
                assert!(along <= 1.001 * largest + 1e-9, "seed {seed}: {along}, {largest}");
            }
        }
        assert!(negative > 0, "no seed has a negative one");
    }

    #[test]
    fn many_rows_are_looked_at_in_part() {
        let data = Dataset::parity(16).expect("data");
        let part = sample(&data);
        assert_eq!(part.row_count(), MOST_ROWS);
        let odd: f32 = part.targets.iter().sum();
        assert!((1_800.0..2_300.0).contains(&odd), "{odd}");
        for (row, target) in part.inputs.chunks_exact(16).zip(&part.targets) {
            assert_eq!(row.iter().sum::<f32>() % 2.0, *target);
        }
    }

    /// What is said of these figures, with a learning rate so small that nothing overshoots.
    fn said(mut found: Diagnosis, others_right: bool) -> Ending {
        let plan = plan("2-2-1", 1e-3, 1, 1);
        let outcome = Outcome { final_loss: 0.5, ..outcome(&plan) };
        found.ending(&plan, &outcome, &plan.recipe.data, others_right)
    }

    const FIGURES: Diagnosis = Diagnosis {
        ending: Ending::Flat,
        rows: 4,
        loss: 0.5,
        late_step: 9,
        last_tenth_fall: Some(0.0),
        gradient_norm: 0.1,
        step_times_curvature: None,
        saturated_share: Some(0.5),
        undecided_rows: 0,
        right_rows: 3,
    };

    #[test]
    fn each_limit_of_a_figure_holds_and_just_beyond_it_something_else_is_said() {
        let of = |figures| said(figures, true);
        for (fall, ending) in [(0.009_9, Ending::Flat), (0.010_1, Ending::StillFalling)] {
            assert_eq!(of(Diagnosis { last_tenth_fall: Some(fall), ..FIGURES }), ending, "{fall}");
        }
        for (share, ending) in [(0.5, Ending::Flat), (0.501, Ending::Saturated)] {
            assert_eq!(
                of(Diagnosis { saturated_share: Some(share), ..FIGURES }),
                ending,
                "{share}"
            );
        }
        for (share, ending) in [
            (0.989_9, Ending::Flat),
            (0.990_1, Ending::Plateau),
            (1.009_9, Ending::Plateau),
            (1.010_1, Ending::Flat),
        ] {
            assert_eq!(of(Diagnosis { loss: share * LN_2, ..FIGURES }), ending, "{share}");
        }
        for (undecided_rows, rows, others_right, ending) in [
            (2, 4, true, Ending::TwoRowsAlike),
            (2, 3, true, Ending::TwoRowsAlike),
            (2, 2, true, Ending::Flat),
            (1, 4, true, Ending::Flat),
            (3, 4, true, Ending::Flat),
            (2, 4, false, Ending::Flat),
        ] {
            let found = said(Diagnosis { rows, undecided_rows, ..FIGURES }, others_right);
            assert_eq!(found, ending, "{undecided_rows} of {rows}, {others_right}");
        }
    }

    /// At the best answer of a perceptron steps overshoot above a rate of 5.0217.
    #[test]
    fn steps_overshoot_just_beyond_a_product_of_2_if_the_loss_is_no_lower() {
        let ending_with = |learning_rate, fall: f64| {
            let plan = plan("2-1", learning_rate, 0, 1);
            let parameters = Parameters::from_fn(&plan.start.sizes, |_, _| 0.0);
            let outcome = Outcome { parameters, final_loss: 0.7, ..outcome(&plan) };
            let mut found = Diagnosis { last_tenth_fall: Some(fall), ..FIGURES };
            found.ending(&plan, &outcome, &plan.recipe.data, false)
        };
        assert_eq!(ending_with(5.015, 0.0), Ending::Flat);
        assert_eq!(ending_with(5.03, 0.0), Ending::Oscillating);
        // Eight units in the last place of f32 are no fall.
        assert_eq!(ending_with(5.03, 0.99 * 8.0 / 8_388_608.0), Ending::Oscillating);
        assert_eq!(ending_with(5.03, 1.01 * 8.0 / 8_388_608.0), Ending::Flat);
    }

    #[test]
    fn an_output_is_undecided_within_0_02_of_a_half() {
        for (probability, undecided) in
            [(0.519_9, true), (0.520_1, false), (0.480_1, true), (0.479_9, false), (0.5, true)]
        {
            let found = is_undecided(probability, Coding::ZeroOne);
            assert_eq!(found, undecided, "{probability}");
            let found = is_undecided(probability - 0.5, Coding::PlusMinusOne);
            assert_eq!(found, undecided, "{probability} less a half");
        }
    }

    #[test]
    fn a_neuron_is_saturated_where_its_slope_is_below_0_01() {
        for (activation, share) in [(0.010_08, 1.0), (0.010_12, 0.0), (0.989_92, 1.0), (0.5, 0.0)] {
            let logit = f64::ln(activation / (1.0 - activation));
            #[expect(clippy::cast_possible_truncation, reason = "a parameter")]
            let bias = logit as f32;
            let sizes = "2-3-1".parse().expect("a network");
            let values = |number, _| if (6..9).contains(&number) { bias } else { 0.0 };
            let parameters = Parameters::from_fn(&sizes, values);
            let data = Dataset::parity(2).expect("XOR");
            let mut network = Reference::<f64>::new(&data, Method::sgd(1.0), &parameters);
            network.forward();
            assert_eq!(saturated_share(Activation::Sigmoid, &network), Some(share), "{activation}");
        }
    }
}
