use parity::cpu::train_invocation::{Member, look, train_invocation as twin};
use parity::dataset::Dataset;
use parity::kernels::train_invocation::{self, Launch, Problem};
use parity::scalar::{Enclosure, Scalar};

use crate::harness::{Output, assert_within, gpu, run, values};

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

    /// Runs launches of `(segments, steps)`, one after the other.
    fn train(&self, loops: Loops, problem: Problem<'_>, parts: &[(usize, usize)]) {
        let mut first_step = 0;
        let dispatches = pollster::block_on(async {
            let kernel = match loops {
                Loops::Trusted => train_invocation::kernel(gpu(), problem).await?,
                Loops::Checked => train_invocation::checked_kernel(gpu(), problem).await?,
            };
            let Self { state, progress, losses, probabilities } = self;
            let outputs = [state, progress, losses, probabilities].map(|output| &output.tensor);
            let mut dispatches = vec![];
            for &(segments, steps) in parts {
                let launch =
                    Launch { first_step, segments, steps, nonce: NONCE, learning_rate: 0.7 };
                let bound = train_invocation::dispatch(gpu(), &kernel, problem, launch, outputs);
                dispatches.push(bound.await?);
                first_step += (segments * steps) as u64;
            }
            Ok::<_, parity::error::Error>(dispatches)
        });
        run(&dispatches.expect("they bind"));
        let progress = self.progress.read();
        let steps = u32::try_from(first_step).expect("few");
        for member in progress.chunks_exact(2) {
            assert_eq!([member[0].to_bits(), member[1].to_bits()], [steps, NONCE]);
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

fn problem(data: &Dataset, hidden_size: usize) -> Problem<'_> {
    let Dataset { inputs, targets, input_size } = data;
    Problem { input_size: *input_size, hidden_size, inputs, targets }
}

/// One member's share of a state, as its twin has it.
fn member<S: Scalar>(state: &[f32], member_count: usize, index: usize) -> Member<S> {
    let own: Vec<S> =
        state.iter().skip(index).step_by(member_count).map(|&value| S::from_f32(value)).collect();
    let (parameters, residues) = own.split_at(own.len() / 2);
    Member { parameters: parameters.to_vec(), residues: residues.to_vec() }
}

#[test]
fn one_step_matches_its_twin_for_every_member() {
    for (bits, hidden_size, member_count) in [(2, 2, 1), (2, 2, 65), (2, 1, 257), (3, 5, 33)] {
        let data = Dataset::parity(bits).expect("data");
        let problem = problem(&data, hidden_size);
        let before = state(problem, member_count);
        let members = Members::new(problem, &before);
        members.train(Loops::Trusted, problem, &[(1, 1)]);
        let after = members.state.read();
        for index in 0..member_count {
            let mut expected = member::<Enclosure>(&before, member_count, index);
            twin(&data, Enclosure::from_f32(0.7), 1, &mut expected);
            let found = member::<f32>(&after, member_count, index);
            let case = format!("{bits} bits, {hidden_size} hidden, member {index}");
            assert_within(&case, &found.parameters, &expected.parameters);
            assert_within(&case, &found.residues, &expected.residues);
        }
    }
}

#[test]
fn losses_and_probabilities_match_their_twin() {
    for (bits, hidden_size, member_count) in [(2, 2, 1), (2, 3, 65), (3, 5, 33)] {
        let data = Dataset::parity(bits).expect("data");
        let problem = problem(&data, hidden_size);
        let start = state(problem, member_count);
        let members = Members::new(problem, &start);
        members.train(Loops::Trusted, problem, &[(1, 0)]);
        let (losses, probabilities) = (members.losses.read(), members.probabilities.read());
        for index in 0..member_count {
            let (loss, answers) = look(&data, &member::<Enclosure>(&start, member_count, index));
            let case = format!("{bits} bits, {hidden_size} hidden, member {index}");
            assert_within(&case, &losses[index..=index], &[loss]);
            let found: Vec<f32> =
                probabilities.iter().skip(index).step_by(member_count).copied().collect();
            assert_within(&case, &found, &answers);
        }
        assert!(losses[member_count..].iter().all(|loss| loss.is_nan()), "no more is written");
    }
}

#[test]
fn each_segment_begins_with_a_look() {
    let data = Dataset::parity(2).expect("XOR");
    let problem = problem(&data, 2);
    let start = state(problem, 3);
    let one_by_one: Vec<f32> = (0..4)
        .flat_map(|segment| {
            let members = Members::new(problem, &start);
            members.train(Loops::Trusted, problem, &[(1, 10 * segment), (1, 0)]);
            members.losses.read()[..3].to_vec()
        })
        .collect();
    let members = Members::new(problem, &start);
    members.train(Loops::Trusted, problem, &[(4, 10)]);
    assert_eq!(members.losses.read()[..12], one_by_one);
}

/// However the steps are cut into launches, and whatever wgpu counts in the loops.
#[test]
fn cutting_a_run_changes_no_bit() {
    for (bits, hidden_size) in [(2, 2), (3, 4)] {
        let data = Dataset::parity(bits).expect("data");
        let problem = problem(&data, hidden_size);
        let start = state(problem, 17);
        let trained = |loops, parts: &[(usize, usize)]| {
            let members = Members::new(problem, &start);
            members.train(loops, problem, parts);
            members.bits()
        };
        let whole = trained(Loops::Trusted, &[(1, 400)]);
        let ones: Vec<_> = std::iter::repeat_n((1, 1), 400).collect();
        for parts in [&ones[..], &[(4, 100)], &[(1, 1), (3, 13), (1, 0), (36, 10)], &[(50, 8)]] {
            assert_eq!(
                trained(Loops::Trusted, parts),
                whole,
                "{bits} bits, cut into {}",
                parts.len()
            );
        }
        assert_eq!(trained(Loops::Checked, &[(1, 400)]), whole, "{bits} bits, with bounded loops");
    }
}
