//! What is checked of both fused kernels.

use super::{Members, Networks};
use crate::kernels::fused::{LARGEST, NEVER, PROGRESS_ROWS, Params};
use crate::numeric::{Enclosure, MIDDLE, Scalar, Stream};
use crate::task::{Activation, Loss};
use crate::verify::harness::POISON;
use crate::verify::own_exp::{
    compare_with_own, grid, own_exp, own_quotients_by_one, row_loss, short, sides,
};
use crate::verify::{Effort, Failure, Trial};

/// Members of one launch.
const CHUNK: usize = 8_192;

/// Numbers that are none.
const NONE: [f32; 4] = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::from_bits(0x7fff_ffff)];

impl Networks<'_> {
    /// A look, a step and a look, from poison.
    pub async fn check_start(&self, trial: &mut Trial<'_>, count: usize) -> Result<(), Failure> {
        let before = self.members(1, count, 4);
        let params = self.params(&before, 2, 1);
        self.check(trial, "start", &before, &params, None).await.map(drop)
    }

    /// The same from random parameters, of as many members as have the values that the trial asks
    /// for.
    pub async fn check_random(&self, trial: &mut Trial<'_>) -> Result<(), Failure> {
        let Effort { seed, cases, .. } = trial.effort;
        // Two losses, the outputs, the parameters and what they carry.
        let values = 2 + self.problem.targets.len() + 2 * self.problem.parameter_count();
        let cases = cases.div_ceil(values);
        let chunks = (0..cases).step_by(CHUNK);
        for (chunk, start) in (0_u64..).zip(chunks) {
            // Each takes two of them.
            let seed = seed.wrapping_add(2 * chunk);
            let before = self.members(seed, CHUNK.min(cases - start), 2);
            let params = self.params(&before, 2, 1);
            self.check(trial, &format!("seed {seed}"), &before, &params, None).await?;
        }
        Ok(())
    }

    /// Outputs and losses of one row from the device's own `exp`, of members whose only parameter is
    /// the output's bias, so that it is their logit.
    pub async fn check_own_exp(&self, trial: &mut Trial<'_>) -> Result<(), Failure> {
        let logits = grid();
        let (count, last) = (logits.len(), self.problem.parameter_count() - 1);
        let mut before = self.members(1, count, 1);
        before.state[..last * count].fill(0.0);
        before.row(last).copy_from_slice(&logits);
        let params = self.params(&before, 1, 0);
        let after = self.check(trial, "logits alone", &before, &params, None).await?;
        let case = format!("{}: from the device's own exp", self.name);
        let tails = logits.iter().map(|z| -z.abs()).collect::<Vec<_>>();
        let tails = own_exp(trial, &tails).await?;
        let &[target] = self.problem.targets else { panic!("one row, so that its loss is all") };
        let losses = logits.iter().zip(&tails).map(|(&z, &t)| row_loss(z, target, t));
        let losses = own_quotients_by_one(trial, &after.losses, losses.collect()).await?;
        compare_with_own(trial, &case, "losses", &after.losses, &losses)?;
        let compensated = self.problem.method.is_compensated();
        let opposite = own_exp(trial, &logits.iter().map(|z| -z).collect::<Vec<_>>()).await?;
        let output = |member: usize| {
            if compensated { sides(logits[member], tails[member]) } else { short(opposite[member]) }
        };
        // The middle of the compensated formula does without exp.
        let is_asked = |member: &usize| !compensated || logits[*member].abs() > MIDDLE;
        let asked: Vec<_> = (0..count).filter(is_asked).collect();
        let expected: Vec<_> = asked.iter().map(|&member| output(member)).collect();
        let found: Vec<_> = asked.iter().map(|&member| after.outputs[member]).collect();
        compare_with_own(trial, &case, "outputs", &found, &expected)
    }

    /// A logit of −inf makes a loss of +inf, where it is the only one: parameters are numbers, and it
    /// is not.
    pub async fn check_overflow(&self, trial: &mut Trial<'_>) -> Result<(), Failure> {
        let mut before = self.members(1, 1, 1);
        // Hidden units answer 1.
        before.state[..self.problem.parameter_count()].fill(100.0);
        let output_weight = self.problem.parameter_count() - 1 - self.problem.last_inputs();
        before.state[output_weight..self.problem.parameter_count()].fill(-3e38);
        let params = self.params(&before, 1, 0);
        let after = self.run(trial, &before, &[params], None).await?;
        let case = format!("{}: a logit that overflows", self.name);
        trial.same(&case, "losses", &after.losses, &[f32::INFINITY])
    }

    /// What needs no more members than a few.
    pub async fn check_all(&self, trial: &mut Trial<'_>) -> Result<(), Failure> {
        self.check_none(trial).await?;
        self.check_edges(trial).await?;
        self.check_zero(trial).await?;
        self.check_cuts(trial, 9).await
    }

    /// Two steps of a run that is under way, on far more workgroups than it needs: members that
    /// there are not must not be trained, nor any one twice.
    pub async fn check_going_on(&self, trial: &mut Trial<'_>, count: usize) -> Result<(), Failure> {
        let before = self.under_way(count);
        // Of two updates by Adam the second has no bound.
        let segments = if self.problem.method.adam().is_some() { 1 } else { 2 };
        let params = self.params(&before, segments, 1);
        let params = Params {
            first_step: 7,
            at_start: 0,
            nonce: 0x00c0_ffee,
            canary: 5,
            // The first of the steps is not of the tail.
            tail_from: 8,
            // The kernel of an update without momentum must not read it.
            momentum: if params.momentum == 0.0 { 0.5 } else { params.momentum },
            ..params
        };
        let workgroup_count = Some([3, 24, 1]);
        self.check(trial, "go on", &before, &params, workgroup_count).await.map(drop)
    }

    /// Members of which all has been written.
    fn under_way(&self, count: usize) -> Members {
        let mut members = self.members(5, count, 4);
        let index = |member: usize| u32::try_from(member).expect("few");
        let done = (0..count).map(|member| 1_000 + index(member));
        let nonces = (0..count).map(|_| POISON);
        let solved = (0..count).map(|member| [3, 7, 8, NEVER][member % 4]);
        members.progress = done.chain(nonces).chain(solved).collect();
        let measures = self.problem.measures_row();
        for (row, most) in [1.5, 40.0, 60.0, 20.0].into_iter().enumerate() {
            let values = members.row(measures + row).iter_mut().zip(0_u16..);
            values.for_each(|(value, member)| *value = most / f32::from(1 + member % 5));
        }
        // The first loss is so small, or so large, that their ratio is capped.
        for (value, member) in members.row(measures).iter_mut().zip(0..) {
            *value *= [1.0, 1e-9, 1.0, 1e9][member % 4];
        }
        members
    }

    /// A number that is none reaches the loss, whatever parameter has it, and is never solved; the
    /// networks beside it stay as they are.
    pub async fn check_none(&self, trial: &mut Trial<'_>) -> Result<(), Failure> {
        let parameter_count = self.problem.parameter_count();
        let count = 2 * NONE.len() * parameter_count;
        let sound = self.members(1, count, 2);
        let mut before = sound.clone();
        let none = |member: usize| (member % 2 == 1).then(|| NONE[member / 2 / parameter_count]);
        for member in 0..count {
            let value = &mut before.row(member / 2 % parameter_count)[member];
            *value = none(member).unwrap_or(*value);
        }
        // No network of these is as good as this, whatever a driver makes of a sigmoid of no number,
        // unless there is but one answer to give.
        let params = self.params_to(0.05, &before, 2, 1);
        let after = self.run(trial, &before, &[params], None).await?;
        let expected = self.run(trial, &sound, &[params], None).await?;
        let case = format!("{}: a parameter that is no number", self.name);
        for (index, (found, expected)) in after.losses.iter().zip(&expected.losses).enumerate() {
            let is_right = match none(index % count) {
                // +inf or NaN: a loss is never negative.
                Some(_) => found.is_nan() || *found == f32::INFINITY,
                None => found.to_bits() == expected.to_bits(),
            };
            if !is_right {
                let values = [(*found).into(), (*expected).into(), 0.0];
                return Err(trial.fault(&case, "losses", index, values));
            }
        }
        let has_rows = self.problem.targets.len() > 1;
        let is_nan = |member: usize| has_rows && none(member).is_some_and(f32::is_nan);
        for member in (0..count).filter(|&member| is_nan(member)) {
            let solved = after.progress[2 * count + member];
            trial.equal(&case, "where it is solved", &[solved], &[NEVER])?;
            // What is added to the logit cannot be lost.
            let is_output_bias = member / 2 % parameter_count == parameter_count - 1;
            if self.problem.method.measured && is_output_bias {
                let exact = Enclosure::from_f32(LARGEST);
                let row = |row| after.state[(self.problem.measures_row() + row) * count + member];
                let expected = [exact, Enclosure::from_f32(1.0) / exact, exact];
                trial.compare(&case, "measures", &[1, 2, 3].map(row), &expected)?;
            }
        }
        Ok(())
    }

    /// A run of single steps, each compared with the twin; then the same run cut into launches in
    /// other ways, which must give the same bits.
    pub async fn check_cuts(&self, trial: &mut Trial<'_>, steps: u32) -> Result<(), Failure> {
        let count = 5;
        let mut before = self.members(9, count, steps as usize + 1);
        // Looked at before it is written.
        before.row(self.problem.measures_row()).fill(1.0);
        let start = Params { tail_from: steps - steps / 4, ..self.params(&before, 1, 1) };
        let mut now = self.check(trial, "a first look", &before, &start, None).await?;
        let mut losses = now.losses[..count].to_vec();
        for step in 0..steps {
            let params = Params { first_step: step, at_start: 0, ..start };
            now = self.check(trial, &format!("step {step}"), &now, &params, None).await?;
            losses.extend_from_slice(&now.losses[..count]);
        }
        let all = Params { segments: steps + 1, ..start };
        let by_length = |lengths: &[u32]| {
            let mut first_step = 0;
            let launch = lengths.iter().map(|&steps| {
                let params = Params { first_step, steps, at_start: 0, ..start };
                first_step += steps;
                params
            });
            [start].into_iter().chain(launch).collect::<Vec<_>>()
        };
        let third = steps / 3;
        let thirds = Params { segments: 3, steps: third, at_start: 0, ..start };
        let rest = Params { first_step: 3 * third, steps: steps - 3 * third, at_start: 0, ..start };
        let stream = Stream::new(trial.effort.seed);
        let ends = (1..steps).filter(|&step| stream.uniform(step) < 0.0).chain([steps]);
        let lengths = ends.scan(0, |start, end| Some(end - std::mem::replace(start, end)));
        let cuts = [
            vec![all],
            by_length(&[steps]),
            by_length(&[1, 0, third, steps - third - 1]),
            by_length(&lengths.collect::<Vec<_>>()),
            vec![start, thirds, rest],
        ];
        for (cut, launches) in cuts.iter().enumerate() {
            let after = self.run(trial, &before, launches, None).await?;
            let case = format!("{}: {steps} steps, cut {cut}", self.name);
            trial.equal(&case, "progress", &after.progress, &now.progress)?;
            trial.same(&case, "state", &after.state, &now.state)?;
            trial.same(&case, "outputs", &after.outputs, &now.outputs)?;
            if cut == 0 {
                trial.same(&case, "losses", &after.losses, &losses)?;
            }
        }
        Ok(())
    }

    /// Exactly where what counts as solved begins and ends: without weights all outputs are
    /// exactly the same, where sigmoids are compensated or there are none.
    async fn check_edges(&self, trial: &mut Trial<'_>) -> Result<(), Failure> {
        let method = self.problem.method;
        let targets = &self.problem.targets;
        let evidence = match (method.loss, method.output_activation) {
            (Loss::CrossEntropy, Activation::Sigmoid) if method.is_compensated() => {
                targets.iter().fold(1.0, |product, _| 0.5 * product)
            }
            (Loss::SquaredError, Activation::Tanh) if method.is_compensated() => {
                targets.iter().sum()
            }
            (Loss::SquaredError, Activation::Identity | Activation::Relu) => targets.iter().sum(),
            (Loss::Hinge, Activation::Identity) => targets.iter().map(|_| 1.0).sum(),
            _ => return Ok(()),
        };
        let bits = f32::to_bits(evidence);
        let mut before = self.under_way(3);
        before.state[..self.problem.parameter_count() * 3].fill(0.0);
        before.progress[2 * 3..].fill(NEVER);
        let is_solved = [(bits, 1), (bits - 5, 6), (bits - 5, 5), (bits - 1, 1), (bits + 1, 9)];
        for ((solved_from, solved_span), is_solved) in
            is_solved.into_iter().zip([true, true, false, false, false])
        {
            let params = self.params(&before, 1, 1);
            let params = Params { first_step: 3, at_start: 0, solved_from, solved_span, ..params };
            let after = self.run(trial, &before, &[params], None).await?;
            let case = format!("{}: {evidence} of {solved_from:#x}, {solved_span}", self.name);
            let expected = vec![if is_solved { 3 } else { NEVER }; 3];
            trial.equal(&case, "solved", &after.progress[2 * 3..], &expected)?;
        }
        Ok(())
    }

    /// What drivers must not see through: a sum goes through an exclusive or with `zero`, whatever
    /// that is.
    async fn check_zero(&self, trial: &mut Trial<'_>) -> Result<(), Failure> {
        if !self.problem.method.is_compensated() {
            return Ok(());
        }
        let count = 3;
        let mut before = self.members(1, count, 1);
        let len = self.problem.parameter_count() * count;
        let measures = self.problem.measures_row() * count;
        // Nothing is to be added, and no parameter is so small that it may be flushed.
        before.state[len..measures].fill(0.0);
        before.state[..len]
            .iter_mut()
            .filter(|value| **value == 0.0)
            .for_each(|value| *value = 1.0);
        let zero = 0x0000_0a35;
        let params = self.params(&before, 1, 1);
        let params = Params { zero, first_step: 1, at_start: 0, ..params };
        before.progress = vec![0; PROGRESS_ROWS * count];
        let after = self.run(trial, &before, &[params], None).await?;
        let other = |value: &f32| f32::from_bits(value.to_bits() ^ zero);
        let expected: Vec<_> = before.state[..len].iter().map(other).collect();
        let case = format!("{}: another zero", self.name);
        trial.same(&case, "parameters", &after.state[..len], &expected)
    }

    /// If the count of the steps and the canary are right, so is every step: llvmpipe ends all
    /// loops after 65,535 iterations, maybe within the last step.
    pub async fn check_counts(&self, trial: &mut Trial<'_>) -> Result<(), Failure> {
        let before = self.members(1, 1, 1);
        let look = self.params(&before, 1, 1);
        for steps in [100, 300, 900, 2_700] {
            let launch = |first_step, steps| Params { first_step, steps, at_start: 0, ..look };
            let tenths = (0..steps / 10).map(|tenth| launch(10 * tenth, 10));
            let tenths: Vec<_> = [look].into_iter().chain(tenths).collect();
            let expected = self.run(trial, &before, &tenths, None).await?;
            let case = format!("{}: {steps} steps", self.name);
            let progress = [steps, look.nonce + look.canary];
            trial.equal(&case, "progress", &expected.progress[..2], &progress)?;
            let whole = self.run(trial, &before, &[look, launch(0, steps)], None).await?;
            if whole.progress[..2] == progress {
                trial.same(&case, "state", &whole.state, &expected.state)?;
            }
        }
        Ok(())
    }
}
