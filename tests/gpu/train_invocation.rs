use parity::cpu::train_invocation::{Member, look, train_invocation as twin};
use parity::dataset::Dataset;
use parity::kernels::train_invocation::{self, CANARY, LARGEST, Launch, NEVER, Problem};
use parity::rule::{Activation, Loss, Variant};
use parity::scalar::{Enclosure, Scalar, gamma};

use crate::harness::{Output, assert_within, gpu, run, values};

const NONCE: u32 = 0x5eed;
const RATES: [f32; 2] = [0.7, 0.3];
const SOLVED_BELOW: f32 = 0.05;

/// The squared error of an identity behind tanh.
const TANH: Variant = Variant {
    hidden_activation: Activation::Tanh,
    output_activation: Activation::Identity,
    loss: Loss::SquaredError,
    measured: true,
    ..Variant::PLAIN
};

/// What Kolen and Pollack trained.
const MOMENTUM: Variant = Variant { loss: Loss::SquaredError, momentum: 0.4, ..Variant::PLAIN };

/// The rest of the activations.
const IDENTITY: Variant = Variant {
    careful: true,
    hidden_activation: Activation::Identity,
    output_activation: Activation::Tanh,
    loss: Loss::SquaredError,
    ..Variant::PLAIN
};

const VARIANTS: [Variant; 5] = [Variant::CAREFUL, Variant::PLAIN, TANH, MOMENTUM, IDENTITY];

/// Who sees to it that loops end.
#[derive(Clone, Copy)]
enum Loops {
    Trusted,
    Checked,
}

/// Networks that are trained together.
struct Members {
    state: Output,
    progress: Output,
    losses: Output,
    outputs: Output,
    count: usize,
}

impl Members {
    /// With the state of all, in the layout of the shader.
    fn new(problem: Problem<'_>, state: &[f32]) -> Self {
        let count = state.len() / problem.state_rows();
        Self {
            state: Output::of(state),
            progress: Output::poisoned(3 * count),
            losses: Output::poisoned(64 * count),
            outputs: Output::poisoned(problem.targets.len() * count),
            count,
        }
    }

    /// Runs launches of `(segments, steps)`, one after the other; returns where each member was
    /// solved.
    fn train(&self, loops: Loops, problem: Problem<'_>, parts: &[(usize, usize)]) -> Vec<u32> {
        let mut first_step = 0;
        let total: usize = parts.iter().map(|(segments, steps)| segments * steps).sum();
        let tail_from = u32::try_from(total.saturating_sub(20)).expect("few");
        let dispatches = pollster::block_on(async {
            let kernel = match loops {
                Loops::Trusted => train_invocation::kernel(gpu(), problem).await?,
                Loops::Checked => train_invocation::checked_kernel(gpu(), problem).await?,
            };
            let Self { state, progress, losses, outputs, .. } = self;
            let tensors = [state, progress, losses, outputs].map(|output| &output.tensor);
            let mut dispatches = vec![];
            let mut at_start = true;
            for (segments, steps) in [(1, 0)].into_iter().chain(parts.iter().copied()) {
                let launch = Launch {
                    first_step,
                    at_start: std::mem::take(&mut at_start),
                    segments,
                    steps,
                    nonce: NONCE,
                    solved_below: SOLVED_BELOW,
                    tail_from,
                };
                let bound = train_invocation::dispatch(gpu(), &kernel, problem, launch, tensors);
                dispatches.push(bound.await?);
                first_step += (segments * steps) as u64;
            }
            Ok::<_, parity::error::Error>(dispatches)
        });
        run(&dispatches.expect("they bind"));
        let progress: Vec<u32> = self.progress.read().into_iter().map(f32::to_bits).collect();
        let steps = u32::try_from(first_step).expect("few");
        let (counted, rest) = progress.split_at(self.count);
        let (nonces, solved_at) = rest.split_at(self.count);
        assert!(counted.iter().all(|&counted| counted == steps), "{counted:?}");
        assert!(nonces.iter().all(|&nonce| nonce == NONCE + CANARY), "{nonces:?}");
        solved_at.to_vec()
    }

    fn bits(&self) -> Vec<u32> {
        self.state.read().iter().map(|value| value.to_bits()).collect()
    }
}

/// Parameters of all members; a ten-millionth of such carried over; rates; poisoned measures.
fn state(problem: Problem<'_>, member_count: usize) -> Vec<f32> {
    let len = problem.parameter_count() * member_count;
    let carried = values(2, len).into_iter().map(|draw| draw * 1e-7).collect();
    let rates = RATES.map(|rate| vec![rate; member_count]).concat();
    let measures = vec![f32::NAN; 4 * member_count];
    [values(1, len), carried, rates, measures].concat()
}

fn problem(data: &Dataset, hidden_size: usize, variant: Variant, lanes: usize) -> Problem<'_> {
    let Dataset { inputs, targets, input_size } = data;
    Problem { input_size: *input_size, hidden_size, inputs, targets, variant, lanes }
}

/// One member's share of a state, as its twin has it.
fn member<S: Scalar>(problem: Problem<'_>, state: &[f32], index: usize) -> Member<S> {
    let count = state.len() / problem.state_rows();
    let own: Vec<S> =
        state.iter().skip(index).step_by(count).map(|&value| S::from_f32(value)).collect();
    let parameters = own[..problem.carried_row()].to_vec();
    let carried = own[problem.carried_row()..problem.rates_row()].to_vec();
    Member { carried, ..Member::new(parameters, RATES.map(S::from_f32)) }
}

#[test]
fn one_step_matches_its_twin_for_every_member() {
    let checked = [Variant::CAREFUL, Variant::PLAIN].map(|variant| (variant, Loops::Checked));
    let trusted = VARIANTS.map(|variant| (variant, Loops::Trusted));
    for (variant, loops) in trusted.into_iter().chain(checked) {
        for (bits, hidden_size, member_count, lanes) in
            [(2, 2, 1, 1), (2, 2, 65, 2), (2, 1, 257, 3), (2, 3, 4, 2), (3, 5, 33, 1)]
        {
            let data = Dataset::parity(bits).expect("data");
            let problem = problem(&data, hidden_size, variant, lanes);
            let before = state(problem, member_count);
            let members = Members::new(problem, &before);
            let solved_at = members.train(loops, problem, &[(1, 1)]);
            let after = members.state.read();
            for (index, &solved_at) in solved_at.iter().enumerate() {
                let mut expected = member::<Enclosure>(problem, &before, index);
                twin(variant, &data, SOLVED_BELOW.into(), 1, &mut expected);
                let found = member::<f32>(problem, &after, index);
                let case = format!("{variant:?}, {bits} bits, {hidden_size} hidden, {index}");
                assert_within(&case, &found.parameters, &expected.parameters);
                if variant.careful || variant.momentum != 0.0 {
                    assert_within(&case, &found.carried, &expected.carried);
                }
                assert_eq!(solved_at, if expected.solved_at.is_some() { 0 } else { NEVER });
            }
        }
    }
}

#[test]
fn losses_and_outputs_match_their_twin() {
    for variant in VARIANTS {
        for (bits, hidden_size, member_count, lanes) in
            [(2, 2, 1, 1), (2, 3, 65, 2), (2, 1, 6, 2), (3, 5, 33, 1)]
        {
            let data = Dataset::parity(bits).expect("data");
            let problem = problem(&data, hidden_size, variant, lanes);
            let start = state(problem, member_count);
            let members = Members::new(problem, &start);
            members.train(Loops::Trusted, problem, &[(1, 0)]);
            let (losses, outputs) = (members.losses.read(), members.outputs.read());
            for index in 0..member_count {
                let own = member::<Enclosure>(problem, &start, index);
                let (loss, answers) = look(variant, &data, &own);
                let case = format!("{variant:?}, {bits} bits, {hidden_size} hidden, {index}");
                assert_within(&case, &losses[index..=index], &[loss]);
                let found: Vec<f32> =
                    outputs.iter().skip(index).step_by(member_count).copied().collect();
                assert_within(&case, &found, &answers);
            }
            assert!(losses[member_count..].iter().all(|loss| loss.is_nan()), "no more is written");
        }
    }
}

#[test]
fn saturated_networks_match_their_twin() {
    let data = Dataset::parity(2).expect("XOR");
    for variant in [Variant::CAREFUL, Variant::PLAIN, TANH] {
        let problem = problem(&data, 2, variant, 1);
        for size in [30.0, 90.0, -90.0, 1e4] {
            let mut before = state(problem, 1);
            before[..problem.parameter_count()].fill(size);
            let members = Members::new(problem, &before);
            members.train(Loops::Trusted, problem, &[(1, 1)]);
            let mut expected = member::<Enclosure>(problem, &before, 0);
            twin(variant, &data, SOLVED_BELOW.into(), 1, &mut expected);
            let found = member::<f32>(problem, &members.state.read(), 0);
            assert_within(&format!("{size}"), &found.parameters, &expected.parameters);
        }
    }
}

#[test]
fn each_segment_ends_with_a_look() {
    let data = Dataset::parity(2).expect("XOR");
    let problem = problem(&data, 2, Variant::CAREFUL, 2);
    let start = state(problem, 3);
    let one_by_one: Vec<f32> = (1..5)
        .flat_map(|segment| {
            let members = Members::new(problem, &start);
            members.train(Loops::Trusted, problem, &[(1, 10 * segment)]);
            members.losses.read()[..3].to_vec()
        })
        .collect();
    let members = Members::new(problem, &start);
    members.train(Loops::Trusted, problem, &[(4, 10)]);
    assert_eq!(members.losses.read()[..12], one_by_one);
}

/// However the steps are cut into launches. With loops that wgpu bounds, Mesa unrolls nothing, then
/// simplifies other sums, and rounds otherwise: WGSL lets it, so those runs are compared with each
/// other.
#[test]
fn cutting_a_run_changes_no_bit() {
    for variant in VARIANTS {
        for (bits, hidden_size, lanes) in [(2, 2, 1), (2, 2, 2), (3, 4, 1)] {
            let data = Dataset::parity(bits).expect("data");
            let problem = problem(&data, hidden_size, variant, lanes);
            let start = state(problem, 17);
            let trained = |loops, parts: &[(usize, usize)]| {
                let members = Members::new(problem, &start);
                let solved_at = members.train(loops, problem, parts);
                (solved_at, members.bits())
            };
            let ones: Vec<_> = std::iter::repeat_n((1, 1), 400).collect();
            let (halves, ragged) = ([(4, 100)], [(1, 1), (3, 13), (1, 0), (36, 10)]);
            let whole = trained(Loops::Trusted, &[(1, 400)]);
            for parts in [&ones[..], &halves, &ragged, &random_parts(1), &random_parts(2)] {
                let case = format!("{variant:?}, {bits} bits, {parts:?}");
                assert_eq!(trained(Loops::Trusted, parts), whole, "{case}");
            }
            let checked = trained(Loops::Checked, &[(1, 200), (1, 200)]);
            let cut = trained(Loops::Checked, &[(10, 20), (1, 1), (1, 199)]);
            assert_eq!(checked, cut, "{variant:?}, {bits} bits, with bounded loops");
        }
    }
}

/// 400 steps in launches of random lengths.
fn random_parts(seed: u64) -> Vec<(usize, usize)> {
    let mut left = 400;
    let mut parts = vec![];
    for draw in values(seed, 400) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is small")]
        let steps = ((draw.abs() * 20.0) as usize).min(left);
        parts.push((1, steps));
        left -= steps;
    }
    assert_eq!(left, 0);
    parts
}

/// By the losses that the same networks show when they are looked at before each step.
#[test]
fn solved_and_measured_are_what_the_losses_say() {
    const STEPS: usize = 1_600;
    let data = Dataset::parity(2).expect("XOR");
    let mut solved = 0;
    for variant in [Variant { measured: true, ..Variant::PLAIN }, TANH] {
        let problem = problem(&data, 4, variant, 1);
        let members_count = 8;
        let start = state(problem, members_count);
        let mut losses = vec![];
        let mut parts = vec![(1, 0)];
        for _ in 0..STEPS / 64 {
            let looks = Members::new(problem, &start);
            looks.train(Loops::Trusted, problem, &parts);
            let len = if parts.len() == 1 { 1 } else { 64 };
            losses.extend_from_slice(&looks.losses.read()[..len * members_count]);
            parts.push((64, 1));
        }
        let steps = losses.len() / members_count - 1;
        let members = Members::new(problem, &start);
        let solved_at = members.train(Loops::Trusted, problem, &[(1, steps)]);
        let state = members.state.read();
        for (index, &solved_at) in solved_at.iter().enumerate() {
            let own: Vec<f64> = losses
                .iter()
                .skip(index)
                .step_by(members_count)
                .take(steps)
                .map(|&loss| f64::from(loss))
                .collect();
            // The product that the kernel watches is off by some roundings.
            let below = own.iter().position(|&loss| loss < f64::from(SOLVED_BELOW) * (1.0 + 1e-5));
            let surely = own.iter().position(|&loss| loss < f64::from(SOLVED_BELOW) * (1.0 - 1e-5));
            if solved_at == NEVER {
                assert_eq!(surely, None, "member {index}");
            } else {
                solved += 1;
                let found = solved_at as usize;
                assert!(below.is_some_and(|below| below <= found), "{index}: {below:?}, {found}");
                assert!(surely.is_none_or(|surely| found <= surely), "{index}: {surely:?}");
            }
            let measures: Vec<f64> = (0..4)
                .map(|row| state[(problem.measures_row() + row) * members_count + index].into())
                .collect();
            assert_eq!(measures[0], own[0], "the first loss");
            let v = own.iter().map(|loss| (loss / own[0]).min(LARGEST.into()));
            let expected = [
                v.clone().sum::<f64>(),
                v.clone().map(|v| v.max(1.0 / f64::from(LARGEST)).recip()).sum(),
                v.skip(steps - 20).sum(),
            ];
            for (found, expected) in measures[1..].iter().zip(expected) {
                // A division or two of 2.5 ULP each, and the sum.
                #[expect(clippy::cast_precision_loss, reason = "few steps")]
                let bound = gamma(steps as f64 + 6.0) * expected;
                assert!((found - expected).abs() <= bound, "{found}, {expected} ± {bound}");
            }
        }
    }
    assert!(solved > 2, "only {solved} members were solved");
}

#[test]
fn numbers_that_are_none_reach_the_loss() {
    let data = Dataset::parity(2).expect("XOR");
    for variant in VARIANTS {
        let problem = problem(&data, 2, variant, 1);
        for number in [f32::NAN, f32::INFINITY] {
            for parameter in 0..problem.parameter_count() {
                let mut start = state(problem, 1);
                start[parameter] = number;
                let members = Members::new(problem, &start);
                let solved_at = members.train(Loops::Trusted, problem, &[(1, 1)]);
                let loss = members.losses.read()[0];
                assert!(!loss.is_finite(), "{variant:?}, parameter {parameter}: {loss}");
                assert_eq!(solved_at, [NEVER]);
            }
        }
    }
}
