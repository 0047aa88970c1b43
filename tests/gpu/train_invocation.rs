use parity::cpu::train_invocation::{Member, train_invocation as twin};
use parity::dataset::Dataset;
use parity::gpu::{Kernel, KernelSpec};
use parity::kernels::train_invocation::{self, Launch, Problem, SPEC};
use parity::scalar::{Enclosure, Scalar};

use crate::harness::{Output, assert_within, gpu, run, values};

const NONCE: u32 = 0x5eed;

/// The same shader with wgpu's own bound on every loop.
static CHECKED: KernelSpec = KernelSpec { trusted_loops: false, ..SPEC };

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
    fn train(&self, spec: &'static KernelSpec, problem: Problem<'_>, parts: &[(usize, usize)]) {
        let mut first_step = 0;
        let dispatches = pollster::block_on(async {
            let kernel = Kernel::with_header(gpu(), spec, &problem.header(), &[]).await?;
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
        members.train(&SPEC, problem, &[(1, 1)]);
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
fn losses_and_probabilities_are_those_before_each_segment() {
    let data = Dataset::parity(2).expect("XOR");
    let problem = problem(&data, 2);
    let start = state(problem, 3);
    let members = Members::new(problem, &start);
    members.train(&SPEC, problem, &[(4, 10), (1, 0)]);
    let (losses, probabilities) = (members.losses.read(), members.probabilities.read());
    for index in 0..3 {
        let mut expected = member::<f64>(&start, 3, index);
        twin(&data, 0.7_f32.into(), 10, &mut expected);
        let second = loss(&data, &expected).0;
        assert!((f64::from(losses[3 + index]) - second).abs() < 1e-5, "after 10 steps");
        twin(&data, 0.7_f32.into(), 30, &mut expected);
        let (last, answers) = loss(&data, &expected);
        assert!((f64::from(losses[index]) - last).abs() < 1e-5, "the second launch begins anew");
        for (row, answer) in answers.into_iter().enumerate() {
            assert!((f64::from(probabilities[3 * row + index]) - answer).abs() < 1e-5);
        }
    }
    assert!(losses[4 * 3..].iter().all(|loss| loss.is_nan()), "nothing more is written");
}

/// The mean loss of a 2-2-1 network on XOR and its answers, from the definition.
fn loss(data: &Dataset, member: &Member<f64>) -> (f64, Vec<f64>) {
    let w = &member.parameters;
    let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
    let answer = |x: &[f32]| {
        let [x, y] = [x[0], x[1]].map(f64::from);
        let hidden = |j: usize| sigmoid(w[2 * j] * x + w[2 * j + 1] * y + w[4 + j]);
        sigmoid(w[6] * hidden(0) + w[7] * hidden(1) + w[8])
    };
    let answers: Vec<f64> = data.inputs.chunks_exact(2).map(answer).collect();
    let right = answers.iter().zip(&data.targets).map(|(p, &t)| if t > 0.5 { *p } else { 1.0 - p });
    (right.map(|p| -p.ln()).sum::<f64>() / 4.0, answers)
}

/// However the steps are cut into launches, and whatever wgpu counts in the loops.
#[test]
fn cutting_a_run_changes_no_bit() {
    for (bits, hidden_size) in [(2, 2), (3, 4)] {
        let data = Dataset::parity(bits).expect("data");
        let problem = problem(&data, hidden_size);
        let start = state(problem, 17);
        let trained = |spec, parts: &[(usize, usize)]| {
            let members = Members::new(problem, &start);
            members.train(spec, problem, parts);
            members.bits()
        };
        let whole = trained(&SPEC, &[(1, 400)]);
        let ones: Vec<_> = std::iter::repeat_n((1, 1), 400).collect();
        for parts in [&ones[..], &[(4, 100)], &[(1, 1), (3, 13), (1, 0), (36, 10)], &[(50, 8)]] {
            assert_eq!(trained(&SPEC, parts), whole, "{bits} bits, cut into {}", parts.len());
        }
        assert_eq!(trained(&CHECKED, &[(1, 400)]), whole, "{bits} bits, with bounded loops");
    }
}
