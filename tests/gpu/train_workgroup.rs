use parity::cpu::train_invocation::{Member, look};
use parity::cpu::train_workgroup::train_workgroup as twin;
use parity::dataset::Dataset;
use parity::gpu::DeviceType;
use parity::kernels::train_workgroup::{self, Launch, Problem, Split};
use parity::rng::Stream;
use parity::scalar::{Enclosure, Scalar};

use crate::harness::{Output, assert_within, gpu, run, targets, values};

const NONCE: u32 = 0x5eed;

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
    probabilities: Output,
}

impl Members {
    /// With the parameters and residues of all, in the layout of the shader.
    fn new(problem: Problem<'_>, state: &[f32]) -> Self {
        let count = state.len() / (2 * problem.parameter_count());
        Self {
            state: Output::of(state),
            progress: Output::poisoned(2 * count),
            losses: Output::poisoned(64 * count),
            probabilities: Output::poisoned(problem.targets.len() * count),
        }
    }

    /// Runs launches of `(segments, steps)`, one after the other; returns the steps that each
    /// member counted.
    fn count(
        &self,
        loops: Loops,
        problem: Problem<'_>,
        split: Split,
        parts: &[(usize, usize)],
    ) -> Vec<u32> {
        let mut first_step = 0;
        let dispatches = pollster::block_on(async {
            let trainer = match loops {
                Loops::Trusted => train_workgroup::kernel(gpu(), problem, split).await?,
                Loops::Checked => train_workgroup::checked_kernel(gpu(), problem, split).await?,
            };
            let Self { state, progress, losses, probabilities } = self;
            let outputs = [state, progress, losses, probabilities].map(|output| &output.tensor);
            let mut dispatches = vec![];
            for &(segments, steps) in parts {
                let launch =
                    Launch { first_step, segments, steps, nonce: NONCE, learning_rate: 0.7 };
                let bound = train_workgroup::dispatch(gpu(), &trainer, problem, launch, outputs);
                dispatches.push(bound.await?);
                first_step += (segments * steps) as u64;
            }
            Ok::<_, parity::error::Error>(dispatches)
        });
        run(&dispatches.expect("they bind"));
        let progress = self.progress.read();
        let members = progress.chunks_exact(2).map(|member| {
            assert_eq!(member[1].to_bits(), NONCE);
            member[0].to_bits()
        });
        members.collect()
    }

    /// The same, where all steps must have been made.
    fn train(&self, loops: Loops, problem: Problem<'_>, split: Split, parts: &[(usize, usize)]) {
        let steps: usize = parts.iter().map(|(segments, steps)| segments * steps).sum();
        let steps = u32::try_from(steps).expect("few");
        for counted in self.count(loops, problem, split, parts) {
            assert_eq!(counted, steps, "{split:?}");
        }
    }

    fn bits(&self) -> Vec<u32> {
        self.state.read().iter().map(|value| value.to_bits()).collect()
    }
}

/// Parameters of the first half, residues a thousandth of such in the second.
fn state(problem: Problem<'_>, member_count: usize) -> Vec<f32> {
    let len = problem.parameter_count() * member_count;
    let residues = values(2, len).into_iter().map(|draw| draw * 1e-7);
    values(1, len).into_iter().chain(residues).collect()
}

fn data(input_size: usize, batch_size: usize) -> Dataset {
    let targets = targets(4, batch_size);
    Dataset { inputs: values(3, input_size * batch_size), targets, input_size }
}

fn problem(data: &Dataset, hidden_size: usize) -> Problem<'_> {
    let Dataset { inputs, targets, input_size } = data;
    Problem { input_size: *input_size, hidden_size, inputs, targets }
}

/// The splits that devices get.
fn splits(problem: Problem<'_>) -> [Split; 2] {
    [DeviceType::Software, DeviceType::Discrete]
        .map(|device_type| Split::of(problem, device_type).expect("it fits"))
}

/// One member's share of a state, as its twin has it.
fn member<S: Scalar>(state: &[f32], member_count: usize, index: usize) -> Member<S> {
    let own: Vec<S> =
        state.iter().skip(index).step_by(member_count).map(|&value| S::from_f32(value)).collect();
    let (parameters, residues) = own.split_at(own.len() / 2);
    Member { parameters: parameters.to_vec(), residues: residues.to_vec() }
}

/// One look and one step from a state, for all of its members.
fn assert_step(data: &Dataset, hidden_size: usize, split: Split, before: &[f32]) {
    let problem = problem(data, hidden_size);
    let members = Members::new(problem, before);
    members.train(Loops::Trusted, problem, split, &[(1, 1)]);
    let (after, losses) = (members.state.read(), members.losses.read());
    let probabilities = members.probabilities.read();
    let count = before.len() / (2 * problem.parameter_count());
    for index in 0..count {
        let case = format!(
            "{}-{hidden_size}-1, {} rows, {split:?}, member {index}",
            data.input_size,
            data.targets.len()
        );
        let mut expected = member::<Enclosure>(before, count, index);
        let (loss, answers) = look(data, &expected);
        assert_within(&case, &losses[index..=index], &[loss]);
        let found: Vec<f32> = probabilities.iter().skip(index).step_by(count).copied().collect();
        assert_within(&case, &found, &answers);
        let learning_rate = Enclosure::from_f32(0.7);
        twin(data, learning_rate, 1, (split.slices, split.tile), &mut expected);
        let found = member::<f32>(&after, count, index);
        assert_within(&case, &found.parameters, &expected.parameters);
        assert_within(&case, &found.residues, &expected.residues);
    }
    assert!(losses[count..].iter().all(|loss| loss.is_nan()), "no more is written");
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
        let problem = problem(&data, hidden_size);
        for split in splits(problem) {
            assert_step(&data, hidden_size, split, &state(problem, member_count));
        }
    }
}

#[test]
fn a_look_and_a_step_match_their_twins_on_parity() {
    let data = Dataset::parity(8).expect("data");
    let problem = problem(&data, 32);
    for split in splits(problem) {
        assert_step(&data, 32, split, &state(problem, 1));
    }
}

/// No device gets these, but they are right.
#[test]
fn a_look_and_a_step_match_their_twins_in_any_split() {
    let data = data(3, 21);
    let start = state(problem(&data, 6), 2);
    for (units, groups, slices, tile) in
        [(6, 1, 1, 1), (6, 1, 8, 1), (1, 6, 1, 21), (2, 3, 4, 2), (4, 2, 2, 5), (1, 7, 16, 3)]
    {
        assert_step(&data, 6, Split { units, groups, slices, tile }, &start);
    }
}

#[test]
fn a_look_and_a_step_match_their_twins_where_sigmoids_saturate() {
    let data = data(2, 11);
    let problem = problem(&data, 5);
    let start: Vec<f32> = state(problem, 1)
        .into_iter()
        .enumerate()
        .map(|(index, draw)| if index < problem.parameter_count() { 90.0 * draw } else { draw })
        .collect();
    for split in splits(problem) {
        assert_step(&data, 5, split, &start);
    }
}

#[test]
fn each_segment_begins_with_a_look() {
    let data = data(3, 9);
    let problem = problem(&data, 5);
    let start = state(problem, 3);
    for split in splits(problem) {
        let one_by_one: Vec<f32> = (0..4)
            .flat_map(|segment| {
                let members = Members::new(problem, &start);
                members.train(Loops::Trusted, problem, split, &[(1, 10 * segment), (1, 0)]);
                members.losses.read()[..3].to_vec()
            })
            .collect();
        let members = Members::new(problem, &start);
        members.train(Loops::Trusted, problem, split, &[(4, 10)]);
        assert_eq!(members.losses.read()[..12], one_by_one);
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
        let problem = problem(&data, hidden_size);
        let start = state(problem, 3);
        for split in splits(problem) {
            let trained = |loops, parts: &[(usize, usize)]| {
                let members = Members::new(problem, &start);
                members.train(loops, problem, split, parts);
                members.bits()
            };
            let whole = trained(Loops::Trusted, &[(1, steps)]);
            let ones: Vec<_> = std::iter::repeat_n((1, 1), steps).collect();
            let random = [5, 6, 7].map(|seed| random_cuts(seed, steps));
            let even = vec![(steps / 10, 10)];
            for parts in random.iter().chain([&ones, &even]) {
                assert_eq!(trained(Loops::Trusted, parts), whole, "{split:?}, cut into {parts:?}");
            }
            let checked: Vec<_> = std::iter::repeat_n((2, 5), steps / 10).collect();
            assert_eq!(trained(Loops::Checked, &checked), whole, "{split:?}, with bounded loops");
        }
    }
}

/// llvmpipe ends all loops after 65,535 iterations: if it does so within the last step, the
/// number of steps is right and the step is not.
#[test]
fn a_count_is_right_only_where_every_step_is_whole() {
    let data = data(2, 37);
    let problem = problem(&data, 3);
    let start = state(problem, 1);
    let [split, _] = splits(problem);
    let split = Split { slices: 1, tile: 1, ..split };
    let trained = |parts: &[(usize, usize)]| {
        let members = Members::new(problem, &start);
        let counted = members.count(Loops::Trusted, problem, split, parts);
        (counted[0], members.bits())
    };
    let mut right = (None, None);
    for steps in [100, 300, 900, 2_700] {
        let parts = vec![(1, 10); steps / 10];
        let (counted, whole) = trained(&[(1, steps)]);
        let is_right = counted as usize == steps;
        let expected = trained(&parts);
        assert_eq!(expected.0 as usize, steps);
        assert_eq!(whole == expected.1, is_right, "{steps} steps, of which {counted} counted");
        if is_right { right.0 = Some(steps) } else { right.1 = right.1.or(Some(steps)) }
    }
    println!("at most {:?} steps were right, {:?} were not", right.0, right.1);
}

#[test]
fn a_trial_finds_how_many_steps_a_dispatch_makes() {
    for (input_size, hidden_size, batch_size) in
        [(8, 3, 100), (8, 16, 100), (8, 40, 100), (8, 200, 100), (8, 1_800, 256), (252, 9, 15)]
    {
        let data = data(input_size, batch_size);
        let problem = problem(&data, hidden_size);
        assert!(train_workgroup::fits(problem).is_ok());
        let split = Split::of(problem, gpu().adapter.device_type).expect("it fits");
        let start = state(problem, 1);
        let members = Members::new(problem, &start);
        let steps = pollster::block_on(async {
            let trainer = train_workgroup::kernel(gpu(), problem, split).await?;
            train_workgroup::steps_a_dispatch(gpu(), &trainer, problem, split, 30_000).await
        });
        let steps = steps.expect("it makes some");
        println!("{input_size}-{hidden_size}-1, {split:?}: {steps} steps a dispatch");
        members.train(Loops::Trusted, problem, split, &[(1, steps), (steps.min(60), 1)]);
    }
}
