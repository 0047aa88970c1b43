//! The bounds hold: roundings that WGSL allows, drawn at random, never leave them, in the order of
//! the twins and in the opposite one.

use std::ops::{Add, Div, Mul, Neg, Sub};

use parity::cpu::Reference;
use parity::cpu::activation::activation;
use parity::cpu::activation_grad::activation_grad;
use parity::cpu::adam_update::{AdamStep, moments, moved};
use parity::cpu::bias_add::bias_add;
use parity::cpu::bias_grad::bias_grad;
use parity::cpu::loss::loss;
use parity::cpu::loss_grad::loss_grad;
use parity::cpu::matmul::{Operand, matmul};
use parity::cpu::sgd_update::sgd_update;
use parity::numeric::{
    EXP_FACTOR, Enclosure, FLUSH, LOG_FACTOR, LOG_MIDDLE, LOG_MIDDLE_ERROR, LOG_ULPS, SQRT_ERROR,
    Scalar, Stream, ULP, exp_ulps, ulp,
};
use parity::task::{
    Activation, Adam, Dataset, Init, LayerSizes, Loss, Method, Optimizer, Parameters,
};

/// Monte Carlo arithmetic: a number whose every operation is off by a random share of what WGSL
/// allows, so that a run on it is a run of one more conforming implementation.
///
/// Additions and products are off by up to one ULP either way, afresh at every operation, as
/// roundings are. Division and `exp` are off by their whole allowance, to a side that
/// `SEED` fixes, as the systematic error of a polynomial is. After D. S. Parker, "Monte Carlo
/// Arithmetic" (1997). The noise is a hash of the result, so a run repeats.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
struct MonteCarlo<const SEED: u64>(f64);

impl<const SEED: u64> MonteCarlo<SEED> {
    /// A number in [−1, 1), decided by the bits of `value` and the seed.
    fn noise(value: f64) -> f64 {
        let mixed = (value.to_bits() ^ SEED).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        #[expect(clippy::cast_precision_loss, reason = "noise")]
        let signed = mixed.cast_signed() as f64;
        signed / 9_223_372_036_854_775_808.0
    }

    fn rounded(value: f64) -> Self {
        Self(value + value * ULP * Self::noise(value))
    }

    /// +1 or −1: the side to which operation number `operation` errs throughout this run.
    fn side(operation: u32) -> f64 {
        if (SEED >> operation) & 1 == 0 { 1.0 } else { -1.0 }
    }
}

impl<const SEED: u64> Add for MonteCarlo<SEED> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::rounded(self.0 + other.0)
    }
}

impl<const SEED: u64> Sub for MonteCarlo<SEED> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::rounded(self.0 - other.0)
    }
}

impl<const SEED: u64> Mul for MonteCarlo<SEED> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::rounded(self.0 * other.0)
    }
}

impl<const SEED: u64> Div for MonteCarlo<SEED> {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let value = self.0 / other.0;
        Self(value + Self::side(0) * 2.5 * ULP * value)
    }
}

impl<const SEED: u64> Neg for MonteCarlo<SEED> {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl<const SEED: u64> Scalar for MonteCarlo<SEED> {
    fn from_f64(value: f64) -> Self {
        Self(f32::from_f64(value).to_f64())
    }

    fn to_f64(self) -> f64 {
        self.0
    }

    fn exp(self) -> Self {
        let value = self.0.exp();
        let allowed = EXP_FACTOR * exp_ulps(self.0) * ULP;
        Self(value + Self::side(1) * allowed * value)
    }

    fn ln(self) -> Self {
        let value = self.0.ln();
        let allowed =
            if LOG_MIDDLE.contains(&self.0) { LOG_MIDDLE_ERROR } else { LOG_ULPS * ulp(value) };
        Self(value + Self::side(2) * LOG_FACTOR * allowed)
    }

    fn sqrt(self) -> Self {
        let value = self.0.sqrt();
        Self(value + Self::side(3) * SQRT_ERROR * value)
    }
}

/// Runs a computation in `f64`, as an enclosure, and as four random implementations.
macro_rules! check {
    ($case:expr, $compute:ident($($argument:expr),*)) => {{
        let truth: Vec<f64> = $compute::<f64>($($argument),*);
        let bounds: Vec<Enclosure> = $compute::<Enclosure>($($argument),*);
        let mut worst = 0.0_f64;
        worst = worst.max(inside($case, &truth, &bounds, &$compute::<MonteCarlo<0>>($($argument),*)));
        worst = worst.max(inside($case, &truth, &bounds, &$compute::<MonteCarlo<3>>($($argument),*)));
        worst = worst.max(inside($case, &truth, &bounds, &$compute::<MonteCarlo<5>>($($argument),*)));
        worst = worst.max(inside($case, &truth, &bounds, &$compute::<MonteCarlo<6>>($($argument),*)));
        worst
    }};
}

/// Each drawn value must lie within the bound, and the bound around the truth; returns the
/// largest share of a bound that was used.
fn inside<S: Scalar>(case: &str, truth: &[f64], bounds: &[Enclosure], drawn: &[S]) -> f64 {
    let mut worst = 0.0_f64;
    for ((truth, bound), drawn) in truth.iter().zip(bounds).zip(drawn) {
        let off_centre = (bound.to_f64() - truth).abs();
        assert!(off_centre <= 1e-12 * truth.abs().max(1e-30), "{case}: {bound:?} is not {truth}");
        let error = (drawn.to_f64() - truth).abs();
        assert!(error <= bound.error(), "{case}: {drawn:?} is outside of {bound:?}");
        if error > 0.0 {
            worst = worst.max(error / bound.error());
        }
    }
    worst
}

/// Draws of both signs, with some zeros and some that saturate.
fn values(seed: u64, len: usize) -> Vec<f32> {
    let stream = Stream::new(seed);
    let draw = |index: u32| match index % 11 {
        3 => 0.0,
        7 => 30.0 * stream.normal(index),
        _ => stream.normal(index),
    };
    (0..u32::try_from(len).expect("a length")).map(draw).collect()
}

fn convert<S: Scalar>(values: &[f32]) -> Vec<S> {
    S::all_from_f32(values)
}

fn probabilities<S: Scalar>(values: &[f32]) -> Vec<S> {
    convert(&values.iter().map(|value| (0.25 * value + 0.5).clamp(0.0, 1.0)).collect::<Vec<_>>())
}

fn targets<S: Scalar>(values: &[f32]) -> Vec<S> {
    convert(&values.iter().map(|&value| f32::from(value > 0.0)).collect::<Vec<_>>())
}

fn zeros<S: Scalar>(len: usize) -> Vec<S> {
    vec![S::from_f64(0.0); len]
}

fn run_activation<S: Scalar>(form: (Activation, bool), values: &[f32]) -> Vec<S> {
    let mut out = zeros(values.len());
    activation::<S>(form.1, form.0, &convert(values), &mut out);
    out
}

fn run_activation_grad<S: Scalar>(function: Activation, values: &[f32]) -> Vec<S> {
    let mut out = zeros(values.len());
    activation_grad::<S>(function, &probabilities(values), &convert(values), &mut out);
    out
}

fn run_loss_grad<S: Scalar>(form: (Loss, Activation), values: &[f32], epsilon: f32) -> Vec<S> {
    let mut out = zeros(values.len());
    let factors = [0.3, epsilon].map(S::from_f32);
    loss_grad(form, factors, &probabilities(values), &targets(values), &mut out);
    out
}

fn run_loss<S: Scalar>(kind: Loss, values: &[f32]) -> Vec<S> {
    vec![loss(kind, &convert::<S>(values), &targets(&values[1..]))]
}

fn run_bias_add<S: Scalar>(bias: &[f32], values: &[f32]) -> Vec<S> {
    let mut out = convert(values);
    bias_add::<S>(&convert(bias), &mut out);
    out
}

fn run_bias_grad<S: Scalar>(values: &[f32]) -> Vec<S> {
    let mut out = zeros(1);
    bias_grad(S::from_f32(0.3), &convert(values), &mut out);
    out
}

fn run_matmul<S: Scalar>(left: &[f32], right: &[f32]) -> Vec<S> {
    let (left, right) = (convert(left), convert(right));
    let mut out = zeros(1);
    let plain = |values| Operand { values, transposed: false };
    matmul::<S>([1, 1, left.len()], plain(&left), plain(&right), &mut out);
    out
}

fn run_sgd_update<S: Scalar>(method: Method, parameters: &[f32], d_parameters: &[f32]) -> Vec<S> {
    let mut state = if method.is_compensated() {
        zeros(parameters.len())
    } else {
        convert(&d_parameters.iter().rev().copied().collect::<Vec<_>>())
    };
    let (mut parameters, gradient) = (convert(parameters), convert(d_parameters));
    sgd_update::<S>(method, S::from_f32(0.3), &gradient, &mut parameters, &mut state);
    [parameters, state].concat()
}

/// The parameters after an update that leaves these m and v.
fn run_adam<S: Scalar>(adam: Adam, parameters: &[f32], values: &[f32]) -> Vec<S> {
    let method = Method::PLAIN.with_optimizer(Optimizer::Adam(adam));
    let step = AdamStep::<S>::new(0.3, method.factors(3));
    let v: Vec<f32> = values.iter().rev().map(|value| value * value).collect();
    let of_m = convert::<S>(values).into_iter().zip(convert::<S>(&v));
    let states = convert::<S>(parameters).into_iter().zip(of_m);
    states.map(|(parameter, (m, v))| moved(adam, step, parameter, [m, v])).collect()
}

/// m and v.
fn run_moments<S: Scalar>(adam: Adam, parameters: &[f32], values: &[f32]) -> Vec<S> {
    let d = convert::<S>(values).into_iter().zip(convert::<S>(parameters));
    let one = |(d, parameter)| moments(adam, parameter, d, [d, d * d]);
    d.flat_map(one).collect()
}

/// √(a·b)
fn run_sqrt<S: Scalar>(left: &[f32], right: &[f32]) -> Vec<S> {
    let factors = convert::<S>(left).into_iter().zip(convert::<S>(right));
    factors.map(|(a, b)| (a * b).sqrt()).collect()
}

fn run_step<S: Scalar>(seed: u64, method: Method) -> Vec<S> {
    let sizes: LayerSizes = "3-4-2-1".parse().expect("a network");
    let start = Parameters::initialise(&sizes, Init::Normal, seed);
    let mut network = Reference::<S>::new(&Dataset::parity(3).expect("data"), method, &start);
    let loss = network.step();
    [vec![loss, network.forward()], network.probabilities().to_vec()].concat()
}

/// Activation functions that round, compensated or not.
const ACTIVATIONS: [((Activation, bool), &str); 4] = [
    ((Activation::Sigmoid, true), "compensated sigmoid"),
    ((Activation::Sigmoid, false), "plain sigmoid"),
    ((Activation::Tanh, true), "compensated tanh"),
    ((Activation::Tanh, false), "plain tanh"),
];

#[test]
fn no_allowed_implementation_of_a_kernel_leaves_its_bound() {
    for seed in 0..50 {
        let (left, right) = (values(seed, 200), values(seed + 1_000, 200));
        for (form, name) in ACTIVATIONS {
            let share = check!(name, run_activation(form, &left));
            assert!(share > 0.001, "{name}, seed {seed}: the bound is idle, {share}");
        }
        let (of_sigmoid, squared) =
            ((Loss::CrossEntropy, Activation::Sigmoid), (Loss::SquaredError, Activation::Tanh));
        let momentum = Method::PLAIN.with_momentum(0.8);
        let both = momentum.with_nesterov(true).with_weight_decay(0.1);
        let decaying = Adam { weight_decay: 0.3, ..Adam::DEFAULT };
        for (name, share) in [
            ("slope", check!("slope", run_activation_grad(Activation::Sigmoid, &left))),
            (
                "slope of tanh",
                check!("slope of tanh", run_activation_grad(Activation::Tanh, &left)),
            ),
            ("loss_grad", check!("loss_grad", run_loss_grad(of_sigmoid, &left, 0.0))),
            ("loss_grad, squared", check!("loss_grad", run_loss_grad(squared, &left, 0.0))),
            (
                "loss_grad, unsimplified",
                check!("loss_grad", run_loss_grad(of_sigmoid, &left, 1e-3)),
            ),
            (
                "loss_grad, a small epsilon",
                check!("loss_grad", run_loss_grad(of_sigmoid, &left, 1e-7)),
            ),
            ("loss", check!("loss", run_loss(Loss::CrossEntropy, &left[..2]))),
            ("squared error", check!("loss", run_loss(Loss::SquaredError, &left[..2]))),
            ("bias_add", check!("bias_add", run_bias_add(&left, &right))),
            ("bias_grad", check!("bias_grad", run_bias_grad(&left[..3]))),
            ("matmul", check!("matmul", run_matmul(&left[..3], &right[..3]))),
            (
                "sgd_update",
                check!("sgd_update", run_sgd_update(Method::COMPENSATED, &left, &right)),
            ),
            ("momentum", check!("momentum", run_sgd_update(momentum, &left, &right))),
            ("weight decay", check!("weight decay", run_sgd_update(both, &left, &right))),
            ("Adam", check!("Adam", run_adam(Adam::DEFAULT, &left, &right))),
            ("AdamW", check!("AdamW", run_adam(Adam::DECOUPLED, &left, &right))),
            ("moments", check!("moments", run_moments(Adam::DEFAULT, &left, &right))),
            ("moments, decay", check!("moments", run_moments(decaying, &left, &right))),
        ] {
            // A bound a thousand times too wide would prove nothing.
            assert!(share > 0.001, "{name}, seed {seed}: the bound is idle, {share}");
        }
    }
}

#[test]
fn sums_in_the_opposite_order_stay_within_the_same_bound() {
    for seed in 0..50 {
        let (left, right) = (values(seed, 200), values(seed + 1_000, 200));
        let reversed = |values: &[f32]| values.iter().rev().copied().collect::<Vec<_>>();
        let (left_back, right_back) = (reversed(&left), reversed(&right));
        let bounds = run_matmul::<Enclosure>(&left, &right);
        let truth = run_matmul::<f64>(&left, &right);
        inside("matmul", &truth, &bounds, &run_matmul::<MonteCarlo<3>>(&left_back, &right_back));
        inside("matmul", &truth, &bounds, &run_matmul::<f32>(&left_back, &right_back));
        let bounds = run_bias_grad::<Enclosure>(&left);
        let truth = run_bias_grad::<f64>(&left);
        inside("bias_grad", &truth, &bounds, &run_bias_grad::<f32>(&left_back));
    }
}

/// log a·b: of an argument with an error of its own, which may cross a border of the rule's.
fn run_ln<S: Scalar>(left: &[f32], right: &[f32]) -> Vec<S> {
    let factors = convert::<S>(left).into_iter().zip(convert::<S>(right));
    factors.map(|(a, b)| (a * b).ln()).collect()
}

#[test]
fn no_allowed_logarithm_and_no_root_leaves_its_bound() {
    for seed in 0..50 {
        let positive = |seed| values(seed, 200).into_iter().map(|value: f32| value.abs() + 0.1);
        let mut left: Vec<f32> = positive(seed).collect();
        let mut right: Vec<f32> = positive(seed + 1_000).collect();
        for (a, b) in [(0.7, 0.7_f32.recip()), (1.4, 0.7_f32), (2.8, 0.7), (0.7, 0.7)] {
            left.push(a);
            right.push(b);
        }
        let share = check!("ln", run_ln(&left, &right));
        assert!(share > 0.1, "seed {seed}: the bound is idle, {share}");
        let share = check!("sqrt", run_sqrt(&left, &right));
        assert!(share > 0.1, "seed {seed}: the bound of the root is idle, {share}");
    }
}

#[test]
fn the_logarithm_and_the_root_of_what_may_vanish_have_no_bound() {
    for nothing in [Enclosure::new(0.0, 0.0), Enclosure::new(1.0, 1.0), Enclosure::new(-1.0, 0.0)] {
        assert!(nothing.ln().error().is_infinite(), "{nothing:?}");
        assert!(nothing.sqrt().error().is_infinite(), "{nothing:?}");
    }
}

#[test]
fn a_unit_in_the_last_place_is_the_distance_of_neighbours() {
    for value in [1.0_f32, 1.5, 1.999_999_9, 2.0, 3e-38, 1e-40, 3e38, 0.1] {
        let next = f64::from(f32::from_bits(value.to_bits() + 1));
        assert_eq!(ulp(value.into()), next - f64::from(value), "{value}");
        assert_eq!(ulp((-value).into()), ulp(value.into()));
    }
    assert_eq!(ulp(0.0), FLUSH * ULP);
}

/// Both addends below 2⁻¹²⁶ vanish on some devices, and so would a small result.
#[test]
fn subnormal_numbers_may_vanish() {
    let small = 0.9 * f32::MIN_POSITIVE;
    let bounds = run_bias_add::<Enclosure>(&[small], &[small]);
    assert!(bounds[0].to_f64() <= bounds[0].error(), "{bounds:?}");
}

#[test]
fn what_is_not_known_has_no_bound() {
    let unknown = Enclosure::new(0.0, f64::INFINITY);
    for result in [unknown * Enclosure::new(0.0, 0.0), unknown.exp(), unknown.sigmoid()] {
        assert!(result.error().is_infinite(), "{result:?}");
    }
}

#[test]
fn what_may_overflow_has_no_bound() {
    let large = Enclosure::from_f32(3e38);
    for result in [large + large, large * large, Enclosure::from_f64(1e39), large / (-large).exp()]
    {
        assert!(result.error().is_infinite(), "{result:?}");
    }
    assert!((large - Enclosure::from_f32(1.0)).error().is_finite());
}

/// WGSL has an error for divisors from 2⁻¹²⁶ to 2¹²⁶ and says nothing of others.
#[test]
fn a_quotient_has_a_bound_where_wgsl_has_an_error_for_its_divisor() {
    let power = |exponent: i32| Enclosure::from_f64(2.0_f64.powi(exponent));
    for exponent in [-126, -125, 0, 126] {
        let one = Enclosure::from_f32(1.0);
        let quotient =
            if exponent == -126 { one / power(20) / power(-126) } else { one / power(exponent) };
        assert!(quotient.error().is_finite(), "2^{exponent}: {quotient:?}");
    }
    let off = |value: f64, error: f64| Enclosure::new(value, error);
    let (small, large) = (2.0_f64.powi(-126), 2.0_f64.powi(126));
    for divisor in
        [power(-127), power(127), off(1.5 * small, small), off(large, 1e30), off(0.0, 0.0)]
    {
        let quotient = power(-20) / divisor;
        assert!(quotient.error().is_infinite(), "{divisor:?}: {quotient:?}");
        let share = power(-20).through(divisor, Enclosure::from_f64(0.0));
        assert!(share.error().is_infinite(), "{divisor:?}: {share:?}");
    }
}

/// A device may have infinity there, and anything after it.
#[test]
fn a_bound_that_reaches_beyond_the_largest_number_is_infinite() {
    let largest = f64::from(f32::MAX);
    assert_eq!(Enclosure::new(largest, 0.0).error(), 0.0);
    for value in [largest, -largest] {
        let beyond = Enclosure::new(value, 1e31);
        assert!(beyond.error().is_infinite() && (-beyond).error().is_infinite(), "{beyond:?}");
        let after = beyond * Enclosure::from_f32(1e-30);
        assert!(after.error().is_infinite(), "{after:?}");
    }
}

#[test]
fn no_allowed_implementation_of_a_step_leaves_its_bound() {
    for seed in 0..50 {
        for method in [Method::sgd(1.0), Method::by_hand(true), Method::by_hand(false)] {
            check!("a step", run_step(seed, method));
        }
    }
}

#[test]
fn an_implementation_that_is_worse_than_wgsl_allows_leaves_the_bound() {
    let bounds = run_matmul::<Enclosure>(&[1.0, 2.0], &[3.0, 4.0]);
    let off = bounds[0].to_f64() * (1.0 + 8.0 * ULP);
    assert!((off - bounds[0].to_f64()).abs() > bounds[0].error());
}
