use parity::cpu::train_invocation::{Member, look};
use parity::cpu::train_workgroup::train_workgroup as twin;
use parity::dataset::Dataset;
use parity::gpu::DeviceType;
use parity::kernels::train_invocation::{CANARY, Launch, NEVER, Problem};
use parity::kernels::train_workgroup::{self, Split};
use parity::rng::Stream;
use parity::rule::Variant;
use parity::scalar::{Enclosure, Scalar};

use crate::harness::{Output, assert_within, gpu, run, targets, values};

const NONCE: u32 = 0x5eed;
const RATES: [f32; 2] = [0.7, 0.3];
const SOLVED_BELOW: f32 = 0.05;

const VARIANTS: [Variant; 2] = [Variant::CAREFUL, Variant::PLAIN];

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

/// What the progress says.
#[derive(Debug, PartialEq, Eq)]
struct Progress {
    /// Steps that each member counted; none where the canary was cut short.
    counted: Vec<Option<u32>>,
    solved_at: Vec<u32>,
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

    /// Runs a look and launches of `(segments, steps)`, one after the other.
    fn count(
        &self,
        loops: Loops,
        problem: Problem<'_>,
        split: Split,
        parts: &[(usize, usize)],
    ) -> Progress {
        let mut first_step = 0;
        let dispatches = pollster::block_on(async {
            let trainer = match loops {
                Loops::Trusted => train_workgroup::kernel(gpu(), problem, split).await?,
                Loops::Checked => train_workgroup::checked_kernel(gpu(), problem, split).await?,
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
                    tail_from: 0,
                };
                let bound = train_workgroup::dispatch(gpu(), &trainer, problem, launch, tensors);
                dispatches.push(bound.await?);
                first_step += (segments * steps) as u64;
            }
            Ok::<_, parity::error::Error>(dispatches)
        });
        run(&dispatches.expect("they bind"));
        let progress: Vec<u32> = self.progress.read().into_iter().map(f32::to_bits).collect();
        let (counted, rest) = progress.split_at(self.count);
        let (nonces, solved_at) = rest.split_at(self.count);
        let whole = |(&counted, &nonce)| (nonce == NONCE + CANARY).then_some(counted);
        let counted = counted.iter().zip(nonces).map(whole).collect();
        Progress { counted, solved_at: solved_at.to_vec() }
    }

    /// The same, where all steps must have been made; returns where each member was solved.
    fn train(
        &self,
        loops: Loops,
        problem: Problem<'_>,
        split: Split,
        parts: &[(usize, usize)],
    ) -> Vec<u32> {
        let steps: usize = parts.iter().map(|(segments, steps)| segments * steps).sum();
        let steps = u32::try_from(steps).expect("few");
        let Progress { counted, solved_at } = self.count(loops, problem, split, parts);
        assert!(counted.iter().all(|&counted| counted == Some(steps)), "{counted:?}, {split:?}");
        solved_at
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

fn data(input_size: usize, batch_size: usize) -> Dataset {
    let targets = targets(4, batch_size);
    Dataset { inputs: values(3, input_size * batch_size), targets, input_size }
}

fn problem(data: &Dataset, hidden_size: usize, variant: Variant) -> Problem<'_> {
    let Dataset { inputs, targets, input_size } = data;
    Problem { input_size: *input_size, hidden_size, inputs, targets, variant, lanes: 1 }
}

/// The splits that devices get.
fn splits(problem: Problem<'_>) -> [Split; 2] {
    [DeviceType::Software, DeviceType::Discrete]
        .map(|device_type| Split::of(problem, device_type).expect("it fits"))
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

/// A look and one step from a state, for all of its members.
fn assert_step(data: &Dataset, problem: Problem<'_>, split: Split, before: &[f32]) {
    let variant = problem.variant;
    let members = Members::new(problem, before);
    members.train(Loops::Trusted, problem, split, &[]);
    let (losses, outputs) = (members.losses.read(), members.outputs.read());
    let count = members.count;
    assert!(losses[count..].iter().all(|loss| loss.is_nan()), "no more is written");
    let members = Members::new(problem, before);
    let solved_at = members.train(Loops::Trusted, problem, split, &[(1, 1)]);
    let after = members.state.read();
    for (index, &solved_at) in solved_at.iter().enumerate() {
        let case = format!(
            "{}-{}-1, {} rows, {split:?}, careful {}, member {index}",
            data.input_size,
            problem.hidden_size,
            data.targets.len(),
            variant.careful
        );
        let mut expected = member::<Enclosure>(problem, before, index);
        let (loss, answers) = look(variant, data, &expected);
        assert_within(&case, &losses[index..=index], &[loss]);
        let found: Vec<f32> = outputs.iter().skip(index).step_by(count).copied().collect();
        assert_within(&case, &found, &answers);
        let parts = (split.slices, split.tile);
        twin(variant, data, SOLVED_BELOW.into(), 1, parts, &mut expected);
        let found = member::<f32>(problem, &after, index);
        assert_within(&case, &found.parameters, &expected.parameters);
        if variant.careful {
            assert_within(&case, &found.carried, &expected.carried);
        }
        assert_eq!(solved_at, if expected.solved_at.is_some() { 0 } else { NEVER }, "{case}");
    }
}

#[test]
fn a_look_and_a_step_match_their_twins_on_ragged_shapes() {
    let cases = [
        (1, 1, 1, 1),
        (1, 3, 1, 2),
        (2, 3, 4, 5),
        (3, 5, 7, 1),
        (4, 8, 9, 3),
        (5, 13, 65, 2),
        (9, 33, 131, 1),
        (17, 2, 3, 1),
    ];
    for (input_size, hidden_size, batch_size, member_count) in cases {
        let data = data(input_size, batch_size);
        for variant in VARIANTS {
            let problem = problem(&data, hidden_size, variant);
            for split in splits(problem) {
                assert_step(&data, problem, split, &state(problem, member_count));
            }
        }
    }
}

#[test]
fn a_look_and_a_step_match_their_twins_on_parity() {
    let data = Dataset::parity(8).expect("data");
    for variant in VARIANTS {
        let problem = problem(&data, 32, variant);
        for split in splits(problem) {
            assert_step(&data, problem, split, &state(problem, 1));
        }
    }
}

/// No device gets these, but they are right.
#[test]
fn a_look_and_a_step_match_their_twins_in_any_split() {
    let data = data(3, 21);
    for variant in VARIANTS {
        let problem = problem(&data, 6, variant);
        let start = state(problem, 2);
        for (units, groups, slices, tile) in
            [(6, 1, 1, 1), (6, 1, 8, 1), (1, 6, 1, 21), (2, 3, 4, 2), (4, 2, 2, 5), (1, 7, 16, 3)]
        {
            assert_step(&data, problem, Split { units, groups, slices, tile }, &start);
        }
    }
}

#[test]
fn a_look_and_a_step_match_their_twins_where_sigmoids_saturate() {
    let data = data(2, 11);
    for variant in VARIANTS {
        let problem = problem(&data, 5, variant);
        let mut start = state(problem, 1);
        start[..problem.parameter_count()].iter_mut().for_each(|draw| *draw *= 90.0);
        for split in splits(problem) {
            assert_step(&data, problem, split, &start);
        }
    }
}

#[test]
fn each_segment_ends_with_a_look() {
    let data = data(3, 9);
    let problem = problem(&data, 5, Variant::CAREFUL);
    let start = state(problem, 3);
    for split in splits(problem) {
        let one_by_one: Vec<f32> = (1..5)
            .flat_map(|segment| {
                let members = Members::new(problem, &start);
                members.train(Loops::Trusted, problem, split, &[(1, 10 * segment)]);
                members.losses.read()[..3].to_vec()
            })
            .collect();
        let members = Members::new(problem, &start);
        members.train(Loops::Trusted, problem, split, &[(4, 10)]);
        assert_eq!(members.losses.read()[..12], one_by_one);
    }
}

/// By the losses that the same networks show when they are looked at before each step.
#[test]
fn solved_is_what_the_losses_say() {
    const STEPS: usize = 1_280;
    let data = Dataset::parity(3).expect("data");
    let mut solved = 0;
    for variant in VARIANTS {
        let problem = problem(&data, 9, variant);
        let count = 8;
        let mut start = state(problem, count);
        start[problem.rates_row() * count..][..2 * count].fill(3.0);
        let sliced = Split { units: 2, groups: 5, slices: 4, tile: 1 };
        for split in splits(problem).into_iter().chain([sliced]) {
            let mut losses = vec![];
            let mut now = start.clone();
            for _ in 0..STEPS / 64 {
                let looks = Members::new(problem, &now);
                looks.train(Loops::Trusted, problem, split, &[(64, 1)]);
                losses.extend_from_slice(&looks.losses.read());
                now = looks.state.read();
            }
            let members = Members::new(problem, &start);
            let parts = vec![(1, 30); STEPS / 30];
            let solved_at = members.train(Loops::Trusted, problem, split, &parts);
            for (index, &solved_at) in solved_at.iter().enumerate() {
                // Loss number i comes after i + 1 steps; the product is off by some roundings.
                let first = |below: f32| {
                    let mut own = losses.iter().skip(index).step_by(count);
                    own.position(|&loss| loss < below).map_or(STEPS, |step| step + 1)
                };
                let found = if solved_at == NEVER { STEPS } else { solved_at as usize };
                solved += usize::from(solved_at != NEVER);
                let earliest = first(SOLVED_BELOW * (1.0 + 1e-5));
                let latest = first(SOLVED_BELOW * (1.0 - 1e-5));
                assert!((earliest..=latest).contains(&found), "{earliest}, {found}, {latest}");
            }
        }
    }
    assert!(solved > 8, "only {solved} members were solved");
}

#[test]
fn numbers_that_are_none_reach_the_loss() {
    let data = data(3, 9);
    for variant in VARIANTS {
        let problem = problem(&data, 5, variant);
        for split in splits(problem) {
            for number in [f32::NAN, f32::INFINITY] {
                // Each member has another parameter that is none.
                let count = problem.parameter_count();
                let mut start = state(problem, count);
                (0..count).for_each(|index| start[index * count + index] = number);
                let members = Members::new(problem, &start);
                let solved_at = members.train(Loops::Trusted, problem, split, &[(1, 1)]);
                for (parameter, loss) in members.losses.read()[..count].iter().enumerate() {
                    assert!(!loss.is_finite(), "{variant:?}, parameter {parameter}: {loss}");
                }
                assert_eq!(solved_at, vec![NEVER; count], "{variant:?}");
            }
        }
    }
}

/// Launches of one segment that make so many steps together, cut at random.
fn random_cuts(seed: u64, steps: usize) -> Vec<(usize, usize)> {
    let stream = Stream::new(seed);
    let steps = u32::try_from(steps).expect("few");
    // A step ends its launch with a probability of a fifth.
    let ends: Vec<_> = (1..steps).filter(|&step| stream.uniform(step) < 0.2).collect();
    let (starts, ends) = ([&[0], &ends[..]].concat(), [&ends[..], &[steps]].concat());
    starts.iter().zip(ends).map(|(start, end)| (1, (end - start) as usize)).collect()
}

/// However the steps are cut into launches, and whatever wgpu counts in the loops.
#[test]
fn cutting_a_run_changes_no_bit() {
    for (input_size, hidden_size, batch_size, steps) in [(2, 3, 4, 60), (4, 9, 23, 60)] {
        let data = data(input_size, batch_size);
        for variant in VARIANTS {
            let problem = problem(&data, hidden_size, variant);
            let start = state(problem, 3);
            for split in splits(problem) {
                let trained = |loops, parts: &[(usize, usize)]| {
                    let members = Members::new(problem, &start);
                    let solved_at = members.train(loops, problem, split, parts);
                    (solved_at, members.bits())
                };
                let whole = trained(Loops::Trusted, &[(1, steps)]);
                let ones: Vec<_> = std::iter::repeat_n((1, 1), steps).collect();
                let random = [5, 6, 7].map(|seed| random_cuts(seed, steps));
                let even = vec![(steps / 10, 10)];
                for parts in random.iter().chain([&ones, &even]) {
                    let case = format!("{split:?}, cut into {parts:?}");
                    assert_eq!(trained(Loops::Trusted, parts), whole, "{case}");
                }
                let checked: Vec<_> = std::iter::repeat_n((2, 5), steps / 10).collect();
                let checked = trained(Loops::Checked, &checked);
                assert_eq!(checked, whole, "{split:?}, with bounded loops");
            }
        }
    }
}

/// llvmpipe ends all loops after 65,535 iterations: if it does so within the last step, the
/// number of steps is right and the step is not.
#[test]
fn a_count_is_right_only_where_every_step_is_whole() {
    let data = data(2, 37);
    let problem = problem(&data, 3, Variant::CAREFUL);
    let start = state(problem, 1);
    let [split, _] = splits(problem);
    let split = Split { slices: 1, tile: 1, ..split };
    let trained = |parts: &[(usize, usize)]| {
        let members = Members::new(problem, &start);
        let Progress { counted, .. } = members.count(Loops::Trusted, problem, split, parts);
        (counted[0], members.bits())
    };
    let mut right = (None, None);
    for steps in [100, 300, 900, 2_700] {
        let parts = vec![(1, 10); steps / 10];
        let (counted, whole) = trained(&[(1, steps)]);
        let all = Some(u32::try_from(steps).expect("few"));
        let expected = trained(&parts);
        assert_eq!(expected.0, all);
        let is_right = counted == all;
        assert_eq!(whole == expected.1, is_right, "{steps} steps, of which {counted:?} counted");
        if is_right { right.0 = Some(steps) } else { right.1 = right.1.or(Some(steps)) }
    }
    println!("at most {:?} steps were right, {:?} were not", right.0, right.1);
}
