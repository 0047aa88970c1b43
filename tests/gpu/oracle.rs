//! Ensembles and sweeps against an oracle that shares no code with the crate: draws, axes,
//! gradients, momentum, what is solved and what converges, as the docs have them, written once more
//! as plain loops in `f64`.

use std::ops::ControlFlow;

use parity::sweep::{
    Axis, Checkpoint, Ensemble, EnsemblePlan, GridPlan, Identity, Population, Value,
};
use parity::task::{Activation, Dataset, Init, Loss, Method, Recipe};
use serde_json::Value as Json;

use crate::harness::{gpu, json};

/// Runs of the oracle beside the exact one, each of them disturbed at every step: the first by rounding
/// each parameter to `f32`, whose error all steps have in common where they change little, and the
/// others at random.
const COPIES: u32 = 3;

/// The largest share by which a copy is disturbed at random: 2⁻²¹, eight times what rounding to `f32`
/// may change.
const DISTURBANCE: f64 = 1.0 / 2_097_152.0;

/// Tolerance of a value in units of the distance of the disturbed copies, and as a share of it.
const SPREAD: f64 = 4.0;
const ROUNDING: f64 = 4e-6;

/// The largest tolerance that judges a value, relative to it.
const JUDGES: f64 = 0.01;

/// What a loss counts as at most, in units of the first.
const LARGEST: f64 = 1e6;

/// The steps at the end that tell whether a run converged.
const TAIL: u64 = 20;

/// The hidden neurons of the largest network here.
const MOST_HIDDEN: usize = 32;

/// The member whose start pixels have: more than 24 bits.
const MEMBER: u32 = 16_777_217;

/// Philox4x32-10 (Salmon et al., 2011): ten rounds, of which each takes two products of 64 bits.
fn philox(mut c: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    let halves = |a: u32, b: u32| {
        let product = (u64::from(a) * u64::from(b)).to_be_bytes();
        let half = |at: usize| u32::from_be_bytes(*product[at..].first_chunk().expect("8 bytes"));
        [half(0), half(4)]
    };
    for _ in 0..10 {
        let [high_0, low_0] = halves(0xd251_1f53, c[0]);
        let [high_1, low_1] = halves(0xcd9e_8d57, c[2]);
        c = [high_1 ^ c[1] ^ key[0], low_1, high_0 ^ c[3] ^ key[1], low_0];
        key[0] = key[0].wrapping_add(0x9e37_79b9);
        key[1] = key[1].wrapping_add(0xbb67_ae85);
    }
    c
}

/// A draw on [−1, 1): of purpose 0 the parameters, of 1 the learning rate, of 2 the scale.
fn draw(seed: u64, member: u32, purpose: u32, index: u32) -> f64 {
    let key = [u32::try_from(seed & 0xffff_ffff), u32::try_from(seed >> 32)]
        .map(|word| word.expect("32 bits"));
    f64::from(philox([index, member, purpose, 0], key)[0] >> 8) / 8_388_608.0 - 1.0
}

/// A value that is a share of the way along a range.
fn along(low: f64, high: f64, log: bool, share: f64) -> f64 {
    if log { low * (high / low).powf(share) } else { low + (high - low) * share }
}

/// The centre of pixel number `index` of `count`, from 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "few pixels")]
fn centre(index: usize, count: usize) -> f64 {
    (2 * index + 1) as f64 / (2 * count) as f64
}

/// A network with one hidden layer, at its start, and how it is trained.
#[derive(Clone, Debug)]
struct Network {
    bits: usize,
    hidden: usize,
    activation: Activation,
    output: Activation,
    loss: Loss,
    momentum: f64,
    /// Of the hidden layer and of the output.
    rates: [f64; 2],
    /// Weights of the hidden layer, row by row, its biases, the output's weights, its bias.
    parameters: Vec<f64>,
}

/// What became of a network.
#[derive(Clone, Debug)]
struct Fate {
    /// The first step before whose update the loss is below the limit.
    solved_at: Option<u64>,
    final_loss: f64,
    parameters: Vec<f64>,
    /// Over all steps: the loss in units of the first, and its reciprocal.
    sum: f64,
    reciprocals: f64,
    /// The mean over the last steps.
    tail: f64,
}

fn activate(activation: Activation, z: f64) -> f64 {
    match activation {
        Activation::Sigmoid => 1.0 / (1.0 + (-z).exp()),
        Activation::Tanh => z.tanh(),
        Activation::Identity => z,
        Activation::Relu => z.max(0.0),
    }
}

fn slope(activation: Activation, a: f64) -> f64 {
    match activation {
        Activation::Sigmoid => a * (1.0 - a),
        Activation::Tanh => 1.0 - a * a,
        Activation::Identity => 1.0,
        Activation::Relu => f64::from(u8::from(a > 0.0)),
    }
}

impl Network {
    /// As PyTorch draws it, within ±1/√n for a layer of n inputs, times `scale`.
    fn drawn(of: &Population, seed: u64, member: u32, scale: f64) -> Self {
        let &[bits, hidden, 1] = of.recipe.sizes.as_slice() else { panic!("one hidden layer") };
        let method = of.recipe.method;
        let Method { hidden_activation, output_activation, loss, .. } = method;
        let count = hidden * (bits + 2) + 1;
        let parameter = |index: usize| {
            let inputs = if index < hidden * (bits + 1) { bits } else { hidden };
            let inputs = f64::from(u32::try_from(inputs).expect("few"));
            let number = u32::try_from(index).expect("few");
            scale * draw(seed, member, 0, number) / inputs.sqrt()
        };
        Self {
            bits,
            hidden,
            activation: hidden_activation,
            output: output_activation,
            loss,
            momentum: method.momentum(),
            rates: [1.0; 2],
            parameters: (0..count).map(parameter).collect(),
        }
    }

    /// The mean loss over all patterns of the bits, and its gradient.
    fn gradient(&self, d: &mut [f64]) -> f64 {
        let (n, h, p) = (self.bits, self.hidden, &self.parameters);
        let (bias, output, last) = (h * n, h * n + h, h * n + 2 * h);
        let rows = 1_u32 << n;
        let share = 1.0 / f64::from(rows);
        let mut total = 0.0;
        let mut a = [0.0; MOST_HIDDEN];
        d.fill(0.0);
        for row in 0..rows {
            let x = |i: usize| f64::from((row >> (n - 1 - i)) & 1);
            let target = (0..n).map(x).sum::<f64>() % 2.0;
            let mut logit = p[last];
            for j in 0..h {
                let z = (0..n).map(|i| p[j * n + i] * x(i)).sum::<f64>() + p[bias + j];
                a[j] = activate(self.activation, z);
                logit += a[j] * p[output + j];
            }
            let y = activate(self.output, logit);
            let d_logit = match self.loss {
                Loss::CrossEntropy => {
                    let doubt = if target == 1.0 { -logit } else { logit };
                    total += doubt.max(0.0) + (-doubt.abs()).exp().ln_1p();
                    y - target
                }
                Loss::SquaredError => {
                    total += (y - target) * (y - target);
                    2.0 * (y - target) * slope(self.output, y)
                }
                Loss::Hinge => unreachable!("the targets are 0 and 1"),
            };
            d[last] += share * d_logit;
            for j in 0..h {
                d[output + j] += share * d_logit * a[j];
                let d_z = share * d_logit * p[output + j] * slope(self.activation, a[j]);
                d[bias + j] += d_z;
                for i in 0..n {
                    d[j * n + i] += d_z * x(i);
                }
            }
        }
        share * total
    }

    /// Trains it to its end; a copy is disturbed, each in its own way, but for copy 0.
    fn live(mut self, steps: u64, solved_below: f64, copy: u32) -> Fate {
        // An xorshift generator (G. Marsaglia, 2003).
        let mut noise = u64::from(copy) * 0x9e37_79b9_7f4a_7c15;
        let mut disturb = |parameter: &mut f64| {
            if copy == 1 {
                #[expect(clippy::cast_possible_truncation, reason = "that is what is asked")]
                let rounded = *parameter as f32;
                *parameter = rounded.into();
                return;
            }
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            let upper = f64::from(u32::try_from(noise >> 32).expect("32 bits")) / 2_147_483_648.0;
            *parameter *= 1.0 + DISTURBANCE * (upper - 1.0);
        };
        let count = self.parameters.len();
        let output = self.hidden * (self.bits + 1);
        let (mut d, mut velocity) = (vec![0.0; count], vec![0.0; count]);
        let (mut first, mut sum, mut reciprocals, mut tail) = (0.0, 0.0, 0.0, 0.0);
        let mut solved_at = None;
        for step in 0..steps {
            if copy > 0 {
                self.parameters.iter_mut().for_each(&mut disturb);
            }
            let loss = self.gradient(&mut d);
            if step == 0 {
                first = loss;
            }
            if loss < solved_below && solved_at.is_none() {
                solved_at = Some(step);
            }
            let v = if loss.is_finite() { (loss / first).min(LARGEST) } else { LARGEST };
            sum += v;
            reciprocals += 1.0 / v.max(1.0 / LARGEST);
            if step + TAIL.min(steps) >= steps {
                tail += v;
            }
            for (index, parameter) in self.parameters.iter_mut().enumerate() {
                velocity[index] = self.momentum * velocity[index] + d[index];
                *parameter -= self.rates[usize::from(index >= output)] * velocity[index];
            }
        }
        let final_loss = self.gradient(&mut d);
        let steps = f64::from(u32::try_from(TAIL.min(steps)).expect("few"));
        let tail = tail / steps;
        Fate { solved_at, final_loss, parameters: self.parameters, sum, reciprocals, tail }
    }
}

/// What an oracle says of a network.
struct Oracle {
    /// The exact run, and then the disturbed ones.
    fates: Vec<Fate>,
    steps: u64,
}

impl Oracle {
    fn of(network: &Network, population: &Population) -> Self {
        let (steps, below) = (population.recipe.steps, f64::from(population.solved_below));
        let fates = (0..=COPIES).map(|copy| network.clone().live(steps, below, copy)).collect();
        Self { fates, steps }
    }

    /// A value with its tolerance.
    fn value(&self, of: impl Fn(&Fate) -> f64) -> [f64; 2] {
        let exact = of(&self.fates[0]);
        let apart = self.fates.iter().map(|fate| (of(fate) - exact).abs()).fold(0.0, f64::max);
        [exact, SPREAD * apart + ROUNDING * exact.abs()]
    }

    /// The steps between which it is solved, or the number of steps: the same one where the margin
    /// allows.
    fn solved(&self) -> [u64; 2] {
        let all = || self.fates.iter().map(|fate| fate.solved_at.unwrap_or(self.steps));
        let [low, high] = [all().min(), all().max()].map(|step| step.expect("the exact run"));
        let apart = high - low;
        [low.saturating_sub(apart), (high + apart).min(self.steps)]
    }

    /// What Sohl-Dickstein's measure is, with its tolerance; none on the boundary. The sums are of
    /// `f32`, added one by one.
    fn convergence(&self) -> Option<[f64; 2]> {
        let converges = |fate: &Fate| fate.tail < 1.0;
        if self.fates.iter().any(|fate| (fate.tail - 1.0).abs() < 1e-4)
            || self.fates.iter().any(|fate| converges(fate) != converges(&self.fates[0]))
        {
            return None;
        }
        let [value, tolerance] = if converges(&self.fates[0]) {
            self.value(|fate| -fate.sum)
        } else {
            self.value(|fate| fate.reciprocals)
        };
        let steps = f64::from(u32::try_from(self.steps).expect("few"));
        Some([value, tolerance + steps / 16_777_216.0 * value.abs()])
    }
}

/// Counts what could be judged, and notes the first that is wrong.
#[derive(Default)]
struct Judge {
    judged: usize,
    all: usize,
}

impl Judge {
    fn close(&mut self, what: &str, found: f64, [expected, tolerance]: [f64; 2]) {
        self.all += 1;
        if tolerance <= JUDGES * expected.abs() {
            self.judged += 1;
            let apart = (found - expected).abs();
            assert!(apart <= tolerance, "{what}: {found}, the oracle has {expected} ± {tolerance}");
        }
    }

    fn step(&mut self, what: &str, found: u64, [low, high]: [u64; 2]) {
        self.all += 1;
        self.judged += usize::from(low == high);
        let is_right = (low..=high).contains(&found);
        assert!(is_right, "{what}: solved at {found}, the oracle has {low} to {high}");
    }

    /// At least nine in ten must have been judged.
    fn finish(self, what: &str) {
        let Self { judged, all } = self;
        println!("{what}: {judged} of {all} judged");
        assert!(10 * judged >= 9 * all, "{what}: only {judged} of {all} could be judged");
    }
}

fn population(layers: &str, steps: u64, method: Method) -> Population {
    let sizes: parity::task::LayerSizes = layers.parse().expect("a network");
    let bits = u32::try_from(sizes.input_size()).expect("few");
    let data = Dataset::parity(bits).expect("data");
    Population::new(Recipe::new(data, sizes, method, steps).expect("a recipe"), Init::Torch)
}

const MOMENTUM: Method = Method::PLAIN.with_momentum(0.5);

/// Tanh and a squared error, with what the convergence of Sohl-Dickstein needs.
const MEASURED: Method = MOMENTUM
    .with_activations(Activation::Tanh, Activation::Identity)
    .with_loss(Loss::SquaredError)
    .measuring(true);

/// The oracles of an ensemble with seed 7, whose members draw their rates and scales from these
/// ranges by logarithm, or have this rate.
fn members(
    population: &Population,
    count: u32,
    rates: [f64; 2],
    scales: [f64; 2],
) -> Vec<(Network, Oracle)> {
    let member = |member: u32| {
        let of = |[low, high]: [f64; 2], purpose| {
            along(low, high, true, f64::midpoint(draw(7, member, purpose, 0), 1.0))
        };
        let mut network = Network::drawn(population, 7, member, of(scales, 2));
        network.rates = [of(rates, 1); 2];
        let oracle = Oracle::of(&network, population);
        (network, oracle)
    };
    (0..count).map(member).collect()
}

fn axis(text: &str, population: &Population) -> Axis {
    Axis::parse("--x", text, &population.recipe.sizes).expect("an axis")
}

/// Trains an ensemble in chunks, and holds every member against its oracle. Returns the steps between
/// which each is solved.
fn check_ensemble(
    mut population: Population,
    count: u32,
    rates: [f64; 2],
    scales: [f64; 2],
    chunk: usize,
) -> Vec<[u64; 2]> {
    let oracles = members(&population, count, rates, scales);
    let vary = [("learning-rate", rates), ("init-scale", scales)]
        .into_iter()
        .filter(|(_, [low, high])| low < high)
        .map(|(name, [low, high])| axis(&format!("{name}={low}..{high}:log"), &population))
        .collect();
    let (networks, sample) = (count.into(), (0..count.into()).collect());
    population.recipe.method = population.recipe.method.with_learning_rate(rates[0]);
    let plan = EnsemblePlan { population, networks, seed: 7, vary, sample };
    let mut go_on = |_| ControlFlow::Continue(());
    let found = pollster::block_on(plan.run(gpu(), chunk, &mut go_on)).expect("a run");
    let mut judge = Judge::default();
    for (sampled, (network, oracle)) in found.sampled.iter().zip(&oracles) {
        let member = format!("member {}", sampled.member);
        let (_, rate, _) = plan.member(sampled.member);
        judge.close(&format!("{member}, rate"), rate.into(), [network.rates[0], 1e-6]);
        let loss = oracle.value(|fate| fate.final_loss);
        judge.close(&format!("{member}, final loss"), sampled.final_loss.into(), loss);
        for (index, parameter) in sampled.parameters.values().enumerate() {
            let expected = oracle.value(|fate| fate.parameters[index]);
            judge.close(&format!("{member}, parameter {index}"), parameter.into(), expected);
        }
    }
    assert_eq!(found.sampled.len(), oracles.len());
    let solved: Vec<_> = oracles.iter().map(|(_, oracle)| oracle.solved()).collect();
    check_solved(&mut judge, &solved, plan.population.recipe.steps, &found);
    judge.finish("ensemble");
    solved
}

/// Holds the steps to solve of an ensemble, in their order, against those of the oracles.
fn check_solved(judge: &mut Judge, solved: &[[u64; 2]], steps: u64, found: &Ensemble) {
    let [lows, highs] = [0, 1].map(|end| {
        let ends = solved.iter().map(|ends| ends[end]);
        let mut ends: Vec<u64> = ends.filter(|&step| step < steps).collect();
        ends.sort_unstable();
        ends
    });
    println!("solved: {lows:?} to {highs:?}, of {}", solved.len());
    let total = found.steps_to_solve.total();
    assert!((highs.len() as u64..=lows.len() as u64).contains(&total), "{total} solved");
    assert!(total > 0 && total < solved.len() as u64, "some are, and some are not: {total}");
    if highs.len() == lows.len() {
        for (rank, ends) in lows.iter().zip(&highs).enumerate() {
            let share = centre(rank, highs.len());
            let step = found.steps_to_solve.quantile(share).expect("some are solved");
            judge.step(&format!("number {rank} to be solved"), step.into(), [*ends.0, *ends.1]);
        }
    }
}

#[test]
fn members_in_several_tiles_with_momentum_end_where_the_oracle_does() {
    check_ensemble(population("2-2-1", 900, MOMENTUM), 23, [0.3, 3.0], [0.5, 2.0], 5);
}

/// Rates so small that networks learn only after more steps than 16 bits count.
#[test]
fn members_that_are_solved_beyond_65_536_steps_are_solved_where_the_oracle_is() {
    let population = population("2-2-1", 80_000, MOMENTUM);
    let solved = check_ensemble(population, 5, [0.008; 2], [1.0; 2], 3);
    let late = solved.iter().filter(|[low, high]| *low > 65_536 && *high < 80_000);
    assert!(late.count() > 0, "none is solved there: {solved:?}");
}

/// The pixels of a sweep in chunks.
fn values(plan: &GridPlan, chunk: usize) -> Vec<f32> {
    let folder = tempfile::tempdir().expect("a folder");
    let identity = Identity { sweep: "oracle".into(), run: "here".into() };
    let mut partial =
        Checkpoint::open(&folder.path().join("out.png"), &identity, chunk).expect("it is writable");
    let mut go_on = |_| ControlFlow::Continue(());
    pollster::block_on(plan.run(gpu(), chunk, &mut partial, &mut go_on)).expect("a run").values
}

/// Holds every pixel of a sweep against its oracle; `set` makes a pixel's network of what its axes
/// say there. Returns the oracles, the lowest row first.
fn check_grid(
    mut population: Population,
    value: Value,
    axes: [&str; 2],
    [width, height]: [usize; 2],
    network: impl Fn(&Population, [f64; 2]) -> Network,
) -> Vec<Oracle> {
    let [x, y] = axes.map(|text| axis(text, &population));
    population.recipe.method = population.recipe.method.with_learning_rate(1.5);
    let (seed, member, fixed) = (48, MEMBER.into(), vec![]);
    let plan = GridPlan { population, seed, member, fixed, x, y, width, height, value };
    let found = values(&plan, 8);
    let ends = |text: &str| {
        let (_, range) = text.split_once('=').expect("a range");
        let log = range.ends_with(":log");
        let (low, high) = range.trim_end_matches(":log").split_once("..").expect("two ends");
        (low.parse::<f64>().expect("a number"), high.parse::<f64>().expect("a number"), log)
    };
    let [x, y] = axes.map(ends);
    let mut judge = Judge::default();
    let mut oracles = vec![];
    for (pixel, &found) in found.iter().enumerate() {
        let at = [
            along(x.0, x.1, x.2, centre(pixel % width, width)),
            along(y.0, y.1, y.2, centre(pixel / width, height)),
        ];
        let oracle = Oracle::of(&network(&plan.population, at), &plan.population);
        check_pixel(&mut judge, &format!("pixel {pixel}, {at:?}"), value, found, &oracle);
        oracles.push(oracle);
    }
    judge.finish(&format!("{value:?} by {axes:?}"));
    oracles
}

fn check_pixel(judge: &mut Judge, what: &str, value: Value, found: f32, oracle: &Oracle) {
    match value {
        Value::FinalLoss => {
            judge.close(what, found.into(), oracle.value(|fate| fate.final_loss));
        }
        Value::StepsToSolve => {
            assert!(found >= 0.0 && found.fract() == 0.0, "{what}: {found}");
            let step = format!("{found}").parse().expect("a whole number");
            judge.step(what, step, oracle.solved());
        }
        Value::Convergence => match oracle.convergence() {
            Some(expected) => judge.close(what, found.into(), expected),
            None => judge.all += 1,
        },
    }
}

#[test]
fn pixels_of_steps_to_solve_are_what_the_oracle_counts() {
    let with_bias = |population: &Population, [rate, bias]: [f64; 2]| {
        let mut network = Network::drawn(population, 48, MEMBER, 1.0);
        network.rates = [rate; 2];
        *network.parameters.last_mut().expect("a bias") = bias;
        network
    };
    let oracles = check_grid(
        population("2-2-1", 400, MOMENTUM),
        Value::StepsToSolve,
        ["learning-rate=0.5..8:log", "2.bias[0]=-2..2"],
        [7, 5],
        with_bias,
    );
    let never = oracles.iter().filter(|oracle| oracle.solved() == [400; 2]).count();
    assert!(never > 2 && never < 30, "{never} of 35 are not solved");
    // By a workgroup a network.
    check_grid(
        population("2-24-1", 300, Method::PLAIN),
        Value::StepsToSolve,
        ["learning-rate=0.5..3:log", "2.bias[0]=-2..2"],
        [4, 3],
        with_bias,
    );
}

#[test]
fn pixels_of_final_losses_are_what_the_oracle_comes_to() {
    check_grid(
        population("3-3-1", 200, Method::PLAIN.with_momentum(0.9)),
        Value::FinalLoss,
        ["init-scale=0.3..3:log", "seed=5..9"],
        [5, 4],
        |population, [scale, seed]| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "5 to 9")]
            let mut network = Network::drawn(population, seed.floor() as u64, MEMBER, scale);
            network.rates = [1.5; 2];
            network
        },
    );
    check_grid(
        population("2-2-1", 300, MOMENTUM.with_activations(Activation::Tanh, Activation::Sigmoid)),
        Value::FinalLoss,
        ["learning-rate.2=0.1..1", "learning-rate.0=0.05..0.5:log"],
        [3, 3],
        |population, [output, hidden]| {
            let mut network = Network::drawn(population, 48, MEMBER, 1.0);
            network.rates = [hidden, output];
            network
        },
    );
}

/// Rates of both layers.
fn with_rates(population: &Population, rates: [f64; 2]) -> Network {
    let mut network = Network::drawn(population, 48, MEMBER, 1.0);
    network.rates = rates;
    network
}

#[test]
fn pixels_of_convergence_are_what_the_oracle_sums_up() {
    let rates = ["learning-rate.0=0.02..1:log", "learning-rate.2=0.05..20:log"];
    let oracles = check_grid(
        population("2-4-1", 100, MEASURED),
        Value::Convergence,
        rates,
        [7, 7],
        with_rates,
    );
    let diverged = oracles.iter().filter(|oracle| oracle.fates[0].tail >= 1.0).count();
    assert!(diverged > 5 && diverged < 40, "{diverged} of 49 diverge");
    // With a sigmoid and the cross-entropy losses rise a little: their mean is hardly above 1.
    let steps = population("2-2-1", 60, MOMENTUM.measuring(true));
    let oracles = check_grid(
        steps,
        Value::Convergence,
        ["learning-rate=2..40:log", "2.bias[0]=-1..1"],
        [6, 4],
        |population, [rate, bias]| {
            let mut network = with_rates(population, [rate; 2]);
            *network.parameters.last_mut().expect("a bias") = bias;
            network
        },
    );
    let near = oracles.iter().filter(|oracle| (1.0..1.6).contains(&oracle.fates[0].tail)).count();
    assert!(near > 0, "none is near the boundary");
}

#[test]
fn pixels_beyond_65_536_steps_are_what_the_oracle_has() {
    let rates = ["learning-rate.0=0.002..0.02:log", "learning-rate.2=0.002..0.02:log"];
    for (value, method) in [(Value::StepsToSolve, MOMENTUM), (Value::Convergence, MEASURED)] {
        check_grid(population("2-2-1", 70_000, method), value, rates, [2, 2], with_rates);
    }
}

/// A network that is solved before its last update is solved there, and one that is solved only
/// after it never is.
#[test]
fn a_network_is_solved_before_an_update_that_it_makes_or_never() {
    let long = population("2-2-1", 500, MOMENTUM);
    let (member, solved) = (0..50)
        .map(|member| (member, Oracle::of(&member_of(&long, member), &long).solved()))
        .find(|(_, [low, high])| low == high && *high < 500)
        .expect("one is solved for sure");
    let solved = solved[0];
    for steps in [solved, solved + 1, solved + 2] {
        let mut population = long.clone();
        population.recipe.steps = steps;
        population.recipe.method = population.recipe.method.with_learning_rate(1.5);
        let [x, y] =
            ["learning-rate=1..2", "init-scale=0.5..1.5"].map(|text| axis(text, &population));
        let plan = GridPlan {
            population: population.clone(),
            seed: 7,
            member: member.into(),
            fixed: vec![],
            x,
            y,
            width: 1,
            height: 1,
            value: Value::StepsToSolve,
        };
        let as_f64 = f64::from(u32::try_from(solved).expect("few"));
        assert_eq!(f64::from(values(&plan, 1)[0]), as_f64, "member {member}, {steps} steps");
        let (networks, sample) = (u64::from(member) + 1, vec![]);
        let plan = EnsemblePlan { population, networks, seed: 7, vary: vec![], sample };
        let mut go_on = |_| ControlFlow::Continue(());
        let found = pollster::block_on(plan.run(gpu(), 64, &mut go_on)).expect("a run");
        let last = found.steps_to_solve.quantile(1.0).map(u64::from);
        assert_eq!(last == Some(solved), steps > solved, "{steps} steps: {last:?}");
    }
}

/// A member of seed 7, with the rate that the test above has.
fn member_of(population: &Population, member: u32) -> Network {
    let mut network = Network::drawn(population, 7, member, 1.0);
    network.rates = [1.5; 2];
    network
}

/// What the command says of 200 networks: how many are solved and when, and the losses by half
/// decades.
#[test]
fn the_command_says_of_many_networks_what_the_oracle_counts() {
    let population = population("2-2-1", 700, Method::PLAIN);
    let (rates, scales) = ([0.5, 5.0], [0.5, 2.0]);
    let oracles = members(&population, 200, rates, scales);
    let found = json(&[
        "train",
        "--json",
        "--networks=200",
        "--seed=7",
        "--steps=700",
        "--vary=learning-rate=0.5..5:log",
        "--vary=init-scale=0.5..2:log",
        "--sample=0,77,199",
    ]);
    let number = |value: &Json| value.as_f64().expect("a number");
    let mut judge = Judge::default();
    for sampled in found["sampled"].as_array().expect("a list") {
        let member = usize::try_from(sampled["member"].as_u64().expect("a number")).expect("few");
        let (network, oracle) = &oracles[member];
        judge.close("rate", number(&sampled["learning_rate"]), [network.rates[0], 1e-6]);
        let loss = oracle.value(|fate| fate.final_loss);
        judge.close(&format!("member {member}"), number(&sampled["final_loss"]), loss);
    }
    let [mut lows, mut highs] = [0, 1]
        .map(|end| oracles.iter().map(|(_, oracle)| oracle.solved()[end]).collect::<Vec<_>>());
    lows.sort_unstable();
    highs.sort_unstable();
    let [most, fewest] =
        [&lows, &highs].map(|ends| ends.iter().filter(|&&step| step < 700).count() as u64);
    let solved = found["solved"].as_u64().expect("a number");
    assert!(
        (fewest..=most).contains(&solved),
        "{solved} solved, the oracle has {fewest} to {most}"
    );
    let rate = f64::from(u32::try_from(solved).expect("few")) / 200.0;
    assert_eq!(number(&found["solve_rate"]), rate);
    for row in found["steps_to_solve"].as_array().expect("a list") {
        let share = number(&row["share"]);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank")]
        let rank = |count: u64| {
            let all = f64::from(u32::try_from(count).expect("few"));
            ((all * share).ceil() as usize).max(1) - 1
        };
        let ends =
            [lows[rank(most)].min(lows[rank(fewest)]), highs[rank(most)].max(highs[rank(fewest)])];
        judge.step(&format!("share {share}"), row["step"].as_u64().expect("a step"), ends);
    }
    judge.finish("the command's ensemble");
    let bins = found["final_losses"]["half_decades"].as_object().expect("bins");
    for (bin, count) in bins {
        let bin: f64 = bin.parse().expect("a number");
        let ends = [bin, bin + 1.0].map(|k: f64| 10_f64.powf(k / 2.0));
        let inside = |slack: f64| {
            let is_in = |(_, oracle): &&(Network, Oracle)| {
                let [final_loss, tolerance] = oracle.value(|fate| fate.final_loss);
                ends[0] - slack * tolerance <= final_loss
                    && final_loss < ends[1] + slack * tolerance
            };
            oracles.iter().filter(is_in).count() as u64
        };
        let count = count.as_u64().expect("a count");
        let (fewest, most) = (inside(-1.0), inside(1.0));
        assert!((fewest..=most).contains(&count), "bin {bin}: {count}, not {fewest} to {most}");
    }
}

/// A zoom into logarithmic axes keeps equal distances equal factors: the pixels of the command are
/// the networks that the oracle finds there.
#[test]
fn the_command_zooms_by_factors_where_axes_are_logarithmic() {
    let folder = tempfile::tempdir().expect("a folder");
    let png = folder.path().join("out.png");
    let card = json(&[
        "sweep",
        "--json",
        "--x=learning-rate=0.02..2000:log",
        "--y=init-scale=0.5..2.5",
        "--size=4x3",
        "--center=2,1.25",
        "--zoom=5",
        "--steps=300",
        "--momentum=0.5",
        "--value=steps-to-solve",
        &format!("--output={}", png.display()),
    ]);
    // A fifth of five decades is one, and a fifth of 2 is 0.4.
    let (low, high) = (2.0 / 10_f64.sqrt(), 2.0 * 10_f64.sqrt());
    let text = card["x"].as_str().expect("text").strip_prefix("learning-rate=").expect("a name");
    let (ends, _) = text.split_once(":log").expect("it stays logarithmic");
    let (found_low, found_high) = ends.split_once("..").expect("two ends");
    for (found, expected) in [(found_low, low), (found_high, high)] {
        let found: f64 = found.parse().expect("a number");
        assert!((found / expected - 1.0).abs() < 1e-12, "{text}, expected {low}..{high}");
    }
    assert_eq!(card["y"], "init-scale=1.05..1.45");
    let npy = std::fs::read(png.with_extension("npy")).expect("it is there");
    let (values, _) = npy[npy.len() - 4 * 12..].as_chunks();
    let population = population("2-2-1", 300, MOMENTUM);
    let mut judge = Judge::default();
    for (pixel, bytes) in values.iter().enumerate() {
        let rate = along(low, high, true, centre(pixel % 4, 4));
        let scale = along(1.05, 1.45, false, centre(pixel / 4, 3));
        let mut network = Network::drawn(&population, 48, 0, scale);
        network.rates = [rate; 2];
        let oracle = Oracle::of(&network, &population);
        let found = f32::from_le_bytes(*bytes);
        check_pixel(&mut judge, &format!("pixel {pixel}"), Value::StepsToSolve, found, &oracle);
    }
    judge.finish("the command's sweep");
}
