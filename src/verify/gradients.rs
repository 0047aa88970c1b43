//! Gradients against what a derivative is: the hand-written backward pass against arithmetic on
//! [`Dual`] numbers and against central differences, and the device's own gradient against the
//! change of its own loss.

use serde::Serialize;

use super::harness::{Judgement, NO_BOUND};
use super::lockstep::{EngineForm, Twin};
use super::{Failure, Trial, draws};
use crate::cpu::Reference;
use crate::numeric::{Dual, Enclosure, F64_SHARE, Scalar};
use crate::task::{Backprop, Dataset, Init, Method, Optimizer, Parameters, Schedule};
use crate::train::{Plan, State};

/// The step of central differences, with the absolute and relative tolerance: the defaults of
/// PyTorch's `torch.autograd.gradcheck`.
const STEP: f64 = 1e-6;

/// A step that large numbers do not swallow, relative to them.
const RELATIVE_STEP: f64 = 1.0 / 1_073_741_824.0;
const ABSOLUTE: f64 = 1e-5;
const RELATIVE: f64 = 1e-3;

/// How far along its direction the directional check goes: the largest change of a parameter.
const REACH: f64 = 1.0 / 64.0;

/// Directions in which losses are compared with the gradient.
const DIRECTIONS: u64 = 4;

/// The most parameters whose derivatives are taken at a point; of more, as many, evenly spread.
const MOST_PARAMETERS: usize = 500;

/// How far values must be from a kink, and how many points are drawn to find one.
const FAR: f64 = 1.0 / 64.0;
const DRAWS: u64 = 100;
const NEAR_KINK: &str =
    "a value is within 1/64 of the kink of its activation function or of the loss";

/// Products that this may take about, of which each derivative takes as many as a forward pass.
const MOST_PRODUCTS: usize = 200_000_000;

/// What the checks of a gradient gave.
#[derive(Clone, Debug, Serialize)]
pub struct Gradients {
    /// Parameters whose derivatives were compared.
    pub parameters: usize,
    /// Those that were compared with central differences too.
    pub differences: usize,
    /// Points where.
    pub points: usize,
    /// The largest share of its bound that a difference from the dual numbers had.
    pub worst_share_of_dual: f64,
    /// The same of its tolerance, from central differences.
    pub worst_share_of_differences: f64,
    /// Directions in which the device's losses were compared with its gradient.
    pub directions: usize,
    /// The largest share of its bound that such a comparison took.
    pub worst_share_of_directions: f64,
    /// What is wrong, in words, where something is.
    pub diagnosis: Option<String>,
}

impl Gradients {
    fn new(points: usize) -> Self {
        Self {
            parameters: 0,
            differences: 0,
            points,
            worst_share_of_dual: 0.0,
            worst_share_of_differences: 0.0,
            directions: 0,
            worst_share_of_directions: 0.0,
            diagnosis: None,
        }
    }
}

/// A point of the parameters' space, with what is known of the loss there.
struct Point<'a> {
    data: &'a Dataset,
    method: Method,
    parameters: &'a Parameters,
}

/// A derivative of the mean loss, and how far two right computations in `f64` may be apart.
#[derive(Clone, Copy)]
struct Derivative {
    value: f64,
    rounding: f64,
    /// The same of the loss itself.
    rounding_of_loss: f64,
    /// What the method's epsilon takes off at most: of each row |p − t|·ε / (p(1 − p) + ε).
    of_epsilon: f64,
}

impl Derivative {
    /// How far the backward pass may be from it, but for its own rounding.
    fn slack(self) -> f64 {
        self.rounding + self.of_epsilon
    }
}

impl Point<'_> {
    /// ∂loss/∂parameter number `number`.
    fn derivative(&self, number: usize) -> Derivative {
        self.derivative_along([(number, 1.0)].into_iter())
    }

    /// The derivative by all parameters that change, with their numbers in order, as much as that.
    fn derivative_along(&self, mut changes: impl Iterator<Item = (usize, f64)>) -> Derivative {
        let Self { data, method, parameters } = self;
        let mut network = Reference::<Dual<Enclosure>>::new(data, *method, parameters);
        let mut next = changes.next();
        for (number, parameter) in network.parameters_mut().enumerate() {
            if let Some((_, change)) = next.filter(|(changed, _)| *changed == number) {
                parameter.derivative = Enclosure::from_f64(change);
                next = changes.next();
            }
        }
        assert!(next.is_none(), "it has that many parameters");
        let loss = network.forward();
        let rows = network.logits().iter().zip(network.probabilities()).zip(&data.targets);
        let of_epsilon: f64 = rows
            .map(|((logit, probability), &target)| {
                let (p, slope) = (probability.to_f64(), logit.derivative.to_f64());
                // From 0 to 1, so that |p − t| is the most; without epsilon, where p(1 − p) is 0, too.
                let taken_off = match method.backprop.epsilon() {
                    0.0 => 0.0,
                    epsilon => epsilon / (p * (1.0 - p) + epsilon),
                };
                (p - f64::from(target)).abs() * taken_off * slope.abs()
            })
            .sum();
        let of_epsilon = self.mean(of_epsilon);
        Derivative {
            value: loss.derivative.to_f64(),
            rounding: F64_SHARE * loss.derivative.error(),
            rounding_of_loss: F64_SHARE * loss.value.error(),
            of_epsilon,
        }
    }

    fn mean(&self, sum: f64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a batch has fewer than 2⁵³ rows")]
        let count = self.data.row_count() as f64;
        sum / count
    }

    /// What the backward pass makes of the gradient of the mean loss, for this parameter.
    fn factor(&self, number: usize) -> f64 {
        let (name, ..) = self.parameters.sizes.parameter(number);
        factor(self.method.backprop, self.data.row_count(), name.ends_with("bias"))
    }

    /// [L(x + h) − L(x − h)] / 2h for parameter number `number`, in `f64`, and 2h.
    fn central_difference(&self, number: usize) -> [f64; 2] {
        let mut network = Reference::<f64>::new(self.data, self.method, self.parameters);
        let at = network.parameters().nth(number).expect("it has that many");
        let step = STEP.max(RELATIVE_STEP * at.abs());
        let mut loss_at = |value: f64| {
            *network.parameters_mut().nth(number).expect("it has that many") = value;
            network.forward()
        };
        let (above, below) = (at + step, at - step);
        [(loss_at(above) - loss_at(below)) / (above - below), above - below]
    }

    /// What the backward pass must come to for a parameter, where it has `hand`: the derivative by
    /// dual numbers and by central differences, each with how far it may be off.
    fn expected(&self, number: usize, hand: &Enclosure) -> [[f64; 2]; 2] {
        let (exact, factor) = (self.derivative(number), self.factor(number));
        let by_dual = [factor * exact.value, F64_SHARE * hand.error() + factor * exact.slack()];
        let [difference, width] = self.central_difference(number);
        let by_difference = factor * difference;
        let rounding = 2.0 * exact.rounding_of_loss / width;
        let tolerance =
            factor * (ABSOLUTE + exact.of_epsilon + rounding) + RELATIVE * by_difference.abs();
        [by_dual, [by_difference, tolerance]]
    }

    /// Every how many parameters one has its derivative taken.
    fn stride(&self) -> usize {
        let sizes = &self.parameters.sizes;
        let products: usize = sizes.layers().map(|(from, to)| from * to).sum();
        let most = MOST_PRODUCTS / (products * self.data.row_count());
        sizes.parameter_count().div_ceil(most.clamp(1, MOST_PARAMETERS))
    }

    /// The gradient that the backward pass computes, by the method. Dual numbers take no sigmoid for
    /// a number from 0 to 1, which would be no share of a bound ([`F64_SHARE`]).
    fn by_hand(&self, method: Method) -> Vec<Enclosure> {
        let mut network = Reference::<Dual<Enclosure>>::new(self.data, method, self.parameters);
        network.forward();
        network.backward();
        network.gradient().map(|gradient| gradient.value).collect()
    }
}

/// What a backward pass multiplies the gradient of the mean loss with.
fn factor(backprop: Backprop, batch_size: usize, is_bias: bool) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a batch has fewer than 2⁵³ rows")]
    let rows = batch_size as f64;
    let of_bias = if is_bias { backprop.bias_scale(batch_size) } else { 1.0 };
    backprop.loss_scale(batch_size) * rows * of_bias
}

/// The plan's start, or random parameters. Where an activation function or the loss has a kink, no value
/// is near it: a difference across it is no derivative. `None` if 100 draws have no such point.
fn point(plan: &Plan, seed: u64, is_start: bool) -> Option<Parameters> {
    let has_kink = plan.recipe.method.has_kink();
    let is_far = |parameters: &Parameters| {
        let mut network = Reference::<f64>::new(&plan.recipe.data, plan.recipe.method, parameters);
        network.forward();
        network.kinks().all(|z| z.abs() >= FAR)
    };
    let draw = |number: u64| {
        if is_start {
            return plan.start.clone();
        }
        let seed = seed.wrapping_add(number << 32);
        Parameters::initialise(&plan.start.sizes, Init::Normal, seed)
    };
    let draws = if has_kink && !is_start { DRAWS } else { 1 };
    (0..draws).map(draw).find(|parameters| !has_kink || is_far(parameters))
}

/// The hand-written backward pass at the plan's start and at random points.
///
/// # Errors
/// A fault where it is not the gradient; its words in the result's `diagnosis`.
pub fn by_arithmetic(
    trial: &mut Trial<'_>,
    plan: &Plan,
    points: usize,
) -> (Gradients, Option<Failure>) {
    let mut found = Gradients::new(points);
    for number in 0..points {
        let Some(parameters) = point(plan, trial.effort.seed + number as u64, number == 0) else {
            trial.skip("the backward pass", "gradient", 1, NEAR_KINK);
            continue;
        };
        let point =
            Point { data: &plan.recipe.data, method: plan.recipe.method, parameters: &parameters };
        if let Err(failure) = check_point(trial, &point, &mut found) {
            found.diagnosis = diagnosis(&point);
            return (found, Some(failure));
        }
    }
    (found, None)
}

fn check_point(
    trial: &mut Trial<'_>,
    point: &Point<'_>,
    found: &mut Gradients,
) -> Result<(), Failure> {
    let by_hand = point.by_hand(point.method);
    for (number, hand) in by_hand.iter().enumerate().step_by(point.stride()) {
        let (name, _, index) = point.parameters.sizes.parameter(number);
        let value = hand.to_f64();
        let mut check = |against: &str, [expected, bound]: [f64; 2], worst: &mut f64| {
            let case = format!("the backward pass against {against}");
            let tensor = format!("gradient by {name}");
            match Judgement::of((value - expected).abs(), bound) {
                Judgement::Right(share) => *worst = worst.max(share),
                Judgement::Unknown => {
                    trial.skip(&case, &tensor, 1, NO_BOUND);
                    return Ok(0);
                }
                Judgement::Wrong => {
                    return Err(trial.fault(&case, tensor, index, [value, expected, bound]));
                }
            }
            Ok(1)
        };
        let [by_dual, by_difference] = point.expected(number, hand);
        found.parameters += check("dual numbers", by_dual, &mut found.worst_share_of_dual)?;
        let worst = &mut found.worst_share_of_differences;
        found.differences += check("central differences", by_difference, worst)?;
    }
    Ok(())
}

/// What is missing, found by putting it in.
fn diagnosis(point: &Point<'_>) -> Option<String> {
    let backprop = point.method.backprop;
    let repaired = Method { backprop: backprop.with_hidden_derivative(), ..point.method };
    let by_hand = point.by_hand(repaired);
    let is_right = by_hand.iter().enumerate().step_by(point.stride()).all(|(number, hand)| {
        let (derivative, factor) = (point.derivative(number), point.factor(number));
        let bound =
            F64_SHARE * hand.error() + factor * (derivative.rounding + derivative.of_epsilon);
        (hand.to_f64() - factor * derivative.value).abs() <= bound
    });
    (is_right && !backprop.has_hidden_derivative()).then(|| {
        "the gradient of the hidden layer lacks the derivative of its sigmoid, a·(1 − a); with it, \
         every gradient is right"
            .into()
    })
}

/// The gradient of the mean loss as a device's update shows it.
struct Shown {
    values: Vec<f64>,
    /// How far rounding may have taken each from what the method makes of the truth.
    bounds: Vec<f64>,
}

impl Shown {
    fn new(point: &Point<'_>, rate: f64, [before, after]: [&State; 2], step: &[Enclosure]) -> Self {
        let mut shown = Self { values: vec![], bounds: vec![] };
        for (number, expected) in step.iter().enumerate() {
            let [before, after] = [before, after].map(|state| f64::from(state.parameters[number]));
            let factor = rate * point.factor(number);
            shown.values.push((before - after) / factor);
            shown.bounds.push(expected.error() / factor);
        }
        shown
    }
}

/// The device's gradient, from one update of its own, against the change of its own loss along
/// several directions: L(x + d) − L(x − d) = 2 g·d, but for what the loss's curvature adds. All
/// three are bounded: the losses and the gradient by the enclosure, and the curvature's part by
/// taking both sides in `f64`.
///
/// # Errors
/// A fault where they differ, or why the device could not go on.
pub async fn on_device(
    trial: &mut Trial<'_>,
    plan: &Plan,
    engine: EngineForm,
    found: &mut Gradients,
) -> Result<(), Failure> {
    // The gradient by itself: an optimizer may make more of it.
    let rate = plan.recipe.method.learning_rate();
    let method = plan.recipe.method.with_optimizer(Optimizer::sgd(rate));
    let plan = &plan.clone().with_method(method.with_schedule(Schedule::CONSTANT));
    trial.kernel = engine.kernel(plan);
    let mut stepper = engine.start(trial.gpu, plan).await?;
    let start = stepper.state().clone();
    let after = stepper.advance(1).await?.clone();
    let step = Twin::new(engine, plan).step(&start).parameters;
    let point =
        Point { data: &plan.recipe.data, method: plan.recipe.method, parameters: &plan.start };
    let shown = Shown::new(&point, rate, [&start, &after], &step);
    for number in 0..DIRECTIONS {
        let count = start.parameters.len();
        let direction: Vec<f64> = match number {
            0 => shown.values.clone(),
            _ => {
                draws::values(trial.effort.seed + number, count).iter().map(|&v| v.into()).collect()
            }
        };
        let ends = [1.0, -1.0].map(|sign| moved(&start, &direction, sign));
        let mut losses = [0.0; 2];
        for (loss, end) in losses.iter_mut().zip(&ends) {
            *loss = stepper.loss_of(trial.gpu, end).await?.into();
        }
        let [grown, predicted, bound] = along(&point, &shown, &ends, losses);
        let case = format!("the {} engine's gradient against its own loss", engine.name());
        let tensor = "change of the loss along direction";
        match Judgement::of((grown - predicted).abs(), bound) {
            Judgement::Right(share) => {
                found.worst_share_of_directions = found.worst_share_of_directions.max(share);
                found.directions += 1;
            }
            Judgement::Unknown => trial.skip(&case, tensor, 1, NO_BOUND),
            Judgement::Wrong => {
                found.diagnosis = found.diagnosis.take().or_else(|| diagnosis(&point));
                let number = usize::try_from(number).expect("few");
                return Err(trial.fault(&case, tensor, number, [predicted, grown, bound]));
            }
        }
    }
    Ok(())
}

/// From one end of a direction to the other: how far the device's loss grew, how far its gradient
/// says that it does, and how far apart the two may be.
fn along(point: &Point<'_>, shown: &Shown, ends: &[State; 2], [right, left]: [f64; 2]) -> [f64; 3] {
    let [at_right, at_left] = ends.each_ref().map(|end| loss::<Enclosure>(point, end));
    let [from, to] = [&ends[1], &ends[0]].map(|end| &end.parameters);
    let steps = || from.iter().zip(to).map(|(&from, &to)| f64::from(to) - f64::from(from));
    let sum = |values: &[f64]| values.iter().zip(steps()).map(|(v, d)| v * d).sum::<f64>();
    let reach: f64 = shown.bounds.iter().zip(steps()).map(|(bound, d)| bound * d.abs()).sum();
    let truth = point.derivative_along(steps().enumerate());
    let curvature = (at_right.to_f64() - at_left.to_f64() - truth.value).abs();
    let bound = at_right.error() + at_left.error() + curvature + reach + truth.of_epsilon;
    [right - left, sum(&shown.values), bound]
}

/// The state with its parameters moved along a direction, as far as [`REACH`].
fn moved(start: &State, direction: &[f64], sign: f64) -> State {
    let largest = direction.iter().fold(f64::MIN_POSITIVE, |most, value| most.max(value.abs()));
    let parameters =
        start.parameters.iter().zip(direction).map(|(&value, along)| {
            f32::from_f64(f64::from(value) + sign * REACH * along / largest)
        });
    State { parameters: parameters.collect(), ..start.clone() }
}

/// The mean loss of a state.
fn loss<S: Scalar>(point: &Point<'_>, state: &State) -> S {
    let mut network = Reference::<S>::new(point.data, point.method, point.parameters);
    network.load(&state.parameters, &state.optimizer_state, state.step);
    network.forward()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bounds are no wider than what they are made of: a gradient that is off by 10⁻¹¹ leaves that
    /// of dual numbers, and one that is off by more than gradcheck's tolerances the other.
    #[test]
    fn a_gradient_that_is_a_little_off_is_beyond_its_bounds() {
        let data = Dataset::parity(2).expect("XOR");
        let parameters =
            Parameters::initialise(&"2-3-1".parse().expect("a network"), Init::Normal, 5);
        let point = Point { data: &data, method: Method::sgd(1.0), parameters: &parameters };
        for (number, hand) in point.by_hand(point.method).iter().enumerate() {
            let value = hand.to_f64();
            let [[exact, bound], [difference, tolerance]] = point.expected(number, hand);
            assert!((value - exact).abs() <= bound, "parameter {number}");
            assert!((value - difference).abs() <= tolerance, "parameter {number}");
            assert!(bound < 1e-11 * value.abs(), "parameter {number}: {value} ± {bound}");
            let gradcheck = 1e-5 + 1e-3 * value.abs();
            assert!(tolerance >= gradcheck * 0.999 && tolerance <= gradcheck * 1.01);
        }
    }
}
