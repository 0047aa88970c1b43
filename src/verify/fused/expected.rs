//! What a launch must leave, by the twins.

use super::{Members, Networks};
use crate::cpu::loss::row_loss;
use crate::cpu::train_invocation::{Member, look, moved_by_adam};
use crate::kernels::fused::{LARGEST, NEVER, Params};
use crate::numeric::{Enclosure, Scalar};
use crate::task::Loss;
use crate::verify::residue::{Change, all_changes};
use crate::verify::{Failure, Trial, parallel};

/// One member in a launch.
struct Twin<'a> {
    networks: &'a Networks<'a>,
    member: Member<Enclosure>,
    /// What the first step adds to each parameter.
    changes: Vec<Change>,
    /// The first loss, then the sums of v, of 1/v, and of v over the tail.
    measures: [Enclosure; 4],
    /// The loss and the outputs of the parameters as they are, once they were asked for.
    seen: Option<(Enclosure, Vec<Enclosure>)>,
    losses: Vec<Enclosure>,
    done: u32,
    /// The step at which it is solved: not before the first, not after the second.
    solved: [u32; 2],
}

/// Whether a number is positive and among `span` ones from the bits `from` on: surely, and maybe.
fn is_among(evidence: Enclosure, from: u32, span: u32) -> [bool; 2] {
    let [from, end] = [from, from.saturating_add(span)].map(|bits| f32::from_bits(bits).into());
    let (value, error) = (evidence.to_f64(), evidence.error());
    let (low, high) = ((value - error).max(0.0), value + error);
    [low >= from && high < end, high >= from && low < end]
}

impl<'a> Twin<'a> {
    fn new(networks: &'a Networks<'a>, before: &Members, index: usize) -> Self {
        let (problem, count) = (networks.problem, before.count());
        let own: Vec<f32> = before.state.iter().skip(index).step_by(count).copied().collect();
        let own = Enclosure::all_from_f32(&own);
        let [optimizer_state, rates, measures] =
            [problem.optimizer_state_row(), problem.rates_row(), problem.measures_row()];
        let member = Member {
            optimizer_state: own[optimizer_state..rates].to_vec(),
            rates: own[rates..measures].to_vec(),
            ..Member::new(problem.sizes, own[..optimizer_state].to_vec(), own[rates])
        };
        let measures = std::array::from_fn(|row| own[measures + row]);
        let done = before.progress[index];
        let solved = [before.progress[2 * count + index]; 2];
        let (changes, losses, seen) = Default::default();
        Self { networks, member, changes, measures, seen, losses, done, solved }
    }

    fn look(&mut self) -> (Enclosure, &[Enclosure]) {
        let networks = self.networks;
        let look = || look(networks.problem.method, networks.data, &self.member);
        let (loss, outputs) = self.seen.get_or_insert_with(look);
        (*loss, outputs)
    }

    /// What a step has instead of the loss: the product of the probabilities of the right answers,
    /// or the sum of the squared errors or of the hinge losses.
    fn evidence(&mut self) -> Enclosure {
        let targets = Enclosure::all_from_f32(&self.networks.data.targets);
        let method = self.networks.problem.method;
        let (_, outputs) = self.look();
        let rows = outputs.iter().zip(&targets);
        let [zero, one] = [0.0, 1.0].map(Enclosure::from_f64);
        match method.loss {
            Loss::CrossEntropy => {
                rows.fold(one, |product, (&y, &t)| product * (one - (y - t).abs()))
            }
            loss => rows.fold(zero, |sum, (&y, &t)| sum + row_loss(loss, y, t)),
        }
    }

    fn measure(&mut self, params: &Params, number: u32) {
        let (loss, _) = self.look();
        let [first, v_sum, reciprocal_sum, tail_sum] = &mut self.measures;
        if number == 0 {
            *first = loss;
        }
        let [one, largest] = [1.0, LARGEST].map(Enclosure::from_f32);
        let ratio = loss / *first;
        let is_larger = ratio.to_f64() - ratio.error() >= largest.to_f64();
        let least = Enclosure::new(ratio.to_f64().min(largest.to_f64()), ratio.error());
        let v = if is_larger { largest } else { least };
        *v_sum = *v_sum + v;
        *reciprocal_sum = *reciprocal_sum + one / v.max(one / largest);
        if number >= params.tail_from {
            *tail_sum = *tail_sum + v;
        }
    }

    fn step(&mut self, params: &Params, number: u32) {
        let method = self.networks.problem.method;
        let [surely, maybe] = is_among(self.evidence(), params.solved_from, params.solved_span);
        for (at, is_solved) in self.solved.iter_mut().zip([maybe, surely]) {
            *at = if is_solved { number.min(*at) } else { *at };
        }
        if method.measured {
            self.measure(params, number);
        }
        if method.is_compensated() && self.changes.is_empty() {
            self.changes = all_changes(method, self.networks.data, &self.member);
        }
        self.networks.step(&mut self.member);
        self.seen = None;
    }

    fn launch(mut self, params: &Params) -> Self {
        let at_start = params.at_start == 1;
        if at_start {
            (self.done, self.solved) = (0, [NEVER; 2]);
            self.measures[1..].fill(Enclosure::from_f64(0.0));
        }
        let mut number = params.first_step;
        self.member.steps = number.into();
        for segment in 0..params.segments {
            let steps = if segment == 0 && at_start { 0 } else { params.steps };
            for _ in 0..steps {
                self.step(params, number);
                number += 1;
            }
            let (loss, _) = self.look();
            self.losses.push(loss);
        }
        self.done = self.done.wrapping_add(number - params.first_step);
        self
    }

    /// After a launch with one update by Adam: the parameters from the m and v that the device left, and
    /// the last loss and the outputs from its parameters. After the gradient alone, the bound of a
    /// parameter would be as wide as the step.
    fn follow(&mut self, before: &Members, after: &Members, index: usize) {
        let method = self.networks.problem.method;
        let [before, after] = [before, after].map(|it| Self::new(self.networks, it, index).member);
        let steps = self.member.steps - 1;
        let left = Member { steps, optimizer_state: after.optimizer_state, ..before.clone() };
        let data = self.networks.data;
        self.member.parameters = moved_by_adam(method, data, &before.parameters, &left);
        let (loss, outputs) =
            look(method, data, &Member { parameters: after.parameters, ..before });
        *self.losses.last_mut().expect("it ended with a look") = loss;
        self.seen = Some((loss, outputs));
    }
}

/// Rows of values, each with one of each twin.
fn rows<'t>(
    twins: &'t [Twin<'_>],
    values: impl Fn(&'t Twin<'_>) -> &'t [Enclosure],
) -> Vec<Enclosure> {
    let row = |row| twins.iter().map(move |twin| (twin, row));
    let places = (0..values(&twins[0]).len()).flat_map(row);
    places.map(|(twin, row)| values(twin)[row]).collect()
}

/// How many steps a launch makes.
pub(super) fn updates(params: &Params) -> u32 {
    (params.segments - params.at_start) * params.steps
}

fn compare_progress(
    trial: &mut Trial<'_>,
    case: &str,
    after: &Members,
    params: &Params,
    twins: &[Twin<'_>],
) -> Result<(), Failure> {
    let count = after.count();
    let done = twins.iter().map(|twin| twin.done);
    let nonces = twins.iter().map(|_| params.nonce + params.canary);
    let found = &after.progress[2 * count..];
    let solved = twins.iter().zip(found);
    // Rounding may decide.
    let solved = solved.map(|(twin, &found)| found.clamp(twin.solved[0], twin.solved[1]));
    let expected: Vec<u32> = done.chain(nonces).chain(solved).collect();
    trial.equal(case, "progress", &after.progress, &expected)
}

impl Networks<'_> {
    /// Runs a launch and compares all that it leaves.
    pub async fn check(
        &self,
        trial: &mut Trial<'_>,
        case: &str,
        before: &Members,
        params: &Params,
        workgroup_count: Option<[u32; 3]>,
    ) -> Result<Members, Failure> {
        let case = format!("{}: {case}", self.name);
        let after = self.run(trial, before, &[*params], workgroup_count).await?;
        let is_by_adam = self.problem.method.adam().is_some() && updates(params) == 1;
        let twin = |index| {
            let mut twin = Twin::new(self, before, index).launch(params);
            if is_by_adam {
                twin.follow(before, &after, index);
            }
            twin
        };
        let twins = parallel::map(before.count(), twin);
        compare_progress(trial, &case, &after, params, &twins)?;
        self.compare_state(trial, &case, [before, &after], updates(params), &twins)?;
        let losses = rows(&twins, |twin| &twin.losses);
        let (found, rest) = after.losses.split_at(losses.len());
        trial.compare(&case, "losses", found, &losses)?;
        trial.same(&case, "losses of no segment", rest, &before.losses[losses.len()..])?;
        let outputs = rows(&twins, |twin| &twin.seen.as_ref().expect("it ended with a look").1);
        let (found, rest) = after.outputs.split_at(outputs.len());
        trial.compare(&case, "outputs", found, &outputs)?;
        trial.same(&case, "outputs of no row", rest, &before.outputs[outputs.len()..])?;
        Ok(after)
    }

    fn compare_state(
        &self,
        trial: &mut Trial<'_>,
        case: &str,
        [before, after]: [&Members; 2],
        steps: u32,
        twins: &[Twin<'_>],
    ) -> Result<(), Failure> {
        let (problem, count) = (self.problem, after.count());
        let method = problem.method;
        let [optimizer_state, rates, measures] =
            [problem.optimizer_state_row(), problem.rates_row(), problem.measures_row()]
                .map(|row| row * count);
        let parameters = rows(twins, |twin| &twin.member.parameters);
        trial.compare(case, "parameters", &after.state[..optimizer_state], &parameters)?;
        let found = &after.state[optimizer_state..rates];
        if method.is_compensated() && steps == 1 {
            // Closer than the twin could say: it does not know how the parameter was rounded.
            let change = |index: usize| twins[index % count].changes[index / count];
            let parameters = after.state[..optimizer_state].iter().enumerate();
            let left: Vec<_> =
                parameters.map(|(index, &found)| change(index).left(found)).collect();
            trial.compare(case, "what rounding left out", found, &left)?;
        } else if method.keeps_state() {
            let left = rows(twins, |twin| &twin.member.optimizer_state);
            trial.compare(case, "the optimizer state", found, &left)?;
        } else {
            trial.same(case, "unused rows", found, &before.state[optimizer_state..rates])?;
        }
        let [found, before] = [after, before].map(|members| &members.state[rates..]);
        let (found_rates, found) = found.split_at(measures - rates);
        let (rates, before) = before.split_at(measures - rates);
        trial.same(case, "rates", found_rates, rates)?;
        if method.measured {
            let expected = rows(twins, |twin| &twin.measures);
            return trial.compare(case, "measures", &after.state[measures..], &expected);
        }
        trial.same(case, "unused measures", found, before)
    }
}
