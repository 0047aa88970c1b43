//! Networks that are trained side by side, many steps in one dispatch.

use std::time::{Duration, Instant};

use super::evaluation::Evaluation;
use super::kernel_choice::KernelChoice;
use super::loop_limit::{Allowance, LoopLimit};
use crate::error::Error;
use crate::gpu::{Dispatch, Gpu, Readback, Region, Tensor, Timer};
use crate::kernels::fused::{self, CANARY, Launch, PROGRESS_ROWS, Problem};
use crate::train::outcome::{check_steps, counter};
use crate::train::submission_size::SubmissionSize;

/// Networks on the device that are trained side by side.
pub struct Batch<'a> {
    gpu: &'a Gpu,
    /// The network and the data.
    pub problem: Problem<'a>,
    member_count: usize,
    dispatch: Dispatch,
    factors: Tensor,
    /// The state, `[state_rows, member_count]`, see [`Problem`].
    pub state: Tensor,
    /// Steps, nonces, and the step at which each member was solved, `[3, member_count]`.
    pub progress: Tensor,
    /// The losses, `[segments, member_count]`.
    pub losses: Tensor,
    /// The outputs, `[batch_size, member_count]`.
    pub outputs: Tensor,
    readback: Readback,
    timer: Option<Timer>,
    launch: Launch,
    submission_size: SubmissionSize,
    allowance: Allowance,
    done: u64,
    /// Time of the longest submission so far.
    pub longest_submission: Duration,
}

impl<'a> Batch<'a> {
    /// Allocates the state of members, and room for the losses of `most_segments` looks in one
    /// dispatch. With `is_read`, it also allocates room to read everything back.
    ///
    /// # Errors
    /// [`Error::Usage`] if the adapter cannot hold them, [`Error::Gpu`] if the driver refuses.
    pub async fn new(
        gpu: &'a Gpu,
        problem: Problem<'a>,
        member_count: usize,
        most_segments: usize,
        is_read: bool,
        loop_limit: LoopLimit,
    ) -> Result<Self, Error> {
        let device_type = gpu.adapter.device_type;
        let kernel = KernelChoice::of(problem).map_err(Error::Usage)?;
        let members_per_invocation =
            kernel.members_per_invocation(problem, device_type, member_count);
        let problem = Problem { members_per_invocation, ..problem };
        let allowed = kernel.steps(problem, device_type);
        let factors = fused::room_for_factors(gpu, problem).await?;
        let state = gpu.zeros("state", problem.state_rows() * member_count).await?;
        let progress = gpu.zeros("progress", PROGRESS_ROWS * member_count).await?;
        let losses = gpu.zeros("losses", most_segments * member_count).await?;
        let outputs = gpu.zeros("outputs", problem.targets.len() * member_count).await?;
        let tensors = [&factors, &state, &progress, &losses, &outputs];
        let words = Evaluation::len(problem, member_count, most_segments);
        let nonce = nonce();
        let (first_step, solved_below, tail_from) = (0, 0.0, 0);
        let (at_start, segments, steps) = (true, 0, 0);
        let launch =
            Launch { first_step, at_start, segments, steps, nonce, solved_below, tail_from };
        Ok(Self {
            dispatch: kernel.bind(gpu, problem, launch, tensors).await?,
            readback: gpu.readback(if is_read { progress.len() + words } else { 0 }).await?,
            timer: gpu.timer().await?,
            submission_size: SubmissionSize::for_steps(),
            done: 0,
            longest_submission: Duration::ZERO,
            factors,
            state,
            progress,
            losses,
            outputs,
            gpu,
            problem,
            member_count,
            launch,
            allowance: Allowance::new(loop_limit, allowed),
        })
    }

    /// The stem of the shader that trains them.
    #[must_use]
    pub fn kernel(&self) -> &'static str {
        self.dispatch.name
    }

    /// Number of updates since the start.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.done
    }

    /// Whether nothing was done since [`Self::start`], not even a look.
    #[must_use]
    pub fn is_at_start(&self) -> bool {
        self.launch.at_start
    }

    /// Time since the start on the device's own clock, if it has a reliable one.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device fails.
    pub async fn gpu_time(&mut self) -> Result<Option<Duration>, Error> {
        self.gpu.time_of(self.timer.as_mut()).await
    }

    /// Overwrites one row of the state: a value for each member.
    pub fn write_row(&self, row: usize, values: &[f32]) {
        self.gpu.write_at(&self.state, row * self.member_count, values);
    }

    /// Goes back to the start. The caller writes the state.
    pub fn start(&mut self, solved_below: f32, tail_from: u32) {
        let nonce = self.launch.nonce.wrapping_add(0x0100_0001);
        self.launch = Launch { nonce, at_start: true, solved_below, tail_from, ..self.launch };
        if let Some(timer) = &mut self.timer {
            timer.restart();
        }
        self.done = 0;
    }

    /// Counts updates from `done` on, of members whose state the caller has written.
    pub fn count_from(&mut self, done: u64) {
        self.done = done;
        self.gpu.write_at(&self.progress, 0, &vec![counter(done); self.member_count]);
    }

    /// Lowers the number of steps per dispatch after a dispatch came short; false if it was one
    /// already.
    pub fn lower_loop_limit(&mut self) -> bool {
        let was_lowered = self.allowance.lower();
        tracing::debug!(most = self.allowance.most, was_lowered, "a dispatch came short");
        was_lowered
    }

    /// Number of steps that the next dispatch should take, if `left` are left. The parts are equal,
    /// so that no small rest is left for the last, and each is at most a tenth longer than measured
    /// time suggests.
    #[must_use]
    pub fn next(&self, left: u64) -> u64 {
        let most = self.allowance.most;
        if most == u64::MAX {
            return left;
        }
        let count = self.submission_size.next(0, left.min(most));
        left.div_ceil(left.div_ceil(count + count / 10)).min(most)
    }

    /// Whether steps have been timed. If so, the first dispatch can do more than evaluate.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        self.submission_size.knows(0)
    }

    /// Runs one dispatch of `segments` times `steps` updates and a look, in which the first
    /// segment at the start makes no updates.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device fails.
    pub async fn advance(&mut self, looks: [u64; 2]) -> Result<(), Error> {
        self.submit(looks, &[]).await
    }

    /// The same, and all that it left.
    ///
    /// # Errors
    /// As [`Self::advance`], and [`Error::Undone`] if the device left out steps.
    pub async fn evaluate(&mut self, looks: [u64; 2]) -> Result<Evaluation, Error> {
        let (count, problem) = (self.member_count, self.problem);
        let segments = usize::try_from(looks[0]).expect("one dispatch");
        let [progress, losses, outputs, state] =
            [&self.progress, &self.losses, &self.outputs, &self.state].map(Tensor::clone);
        let losses = Region { tensor: &losses, start: 0, len: segments * count };
        let regions = [(&progress).into(), losses, (&outputs).into(), (&state).into()];
        self.submit(looks, &regions).await?;
        let (progress, rest) = self.readback.words().split_at(progress.len());
        self.check(progress)?;
        Ok(Evaluation::decode(rest, problem, count, segments))
    }

    async fn submit(
        &mut self,
        [segments, steps]: [u64; 2],
        regions: &[Region<'_>],
    ) -> Result<(), Error> {
        let started = Instant::now();
        let as_usize = |count| usize::try_from(count).expect("one dispatch");
        let (segments, steps) = (as_usize(segments), as_usize(steps));
        let launch = Launch { first_step: self.done, segments, steps, ..self.launch };
        let params = fused::params(self.problem, self.member_count, launch);
        self.gpu.write_params(&self.dispatch, &params);
        let updates = (segments - usize::from(self.launch.at_start)) * steps;
        fused::write_factors(self.gpu, self.problem, &self.factors, self.done, updates);
        let timer = self.timer.as_mut();
        self.gpu.submit([&self.dispatch], regions, &mut self.readback, timer).await?;
        let (count, elapsed) = (updates as u64, started.elapsed());
        self.launch = Launch { at_start: false, segments, ..self.launch };
        tracing::debug!(segments, steps, ?elapsed, "submission");
        self.longest_submission = self.longest_submission.max(elapsed);
        // The driver may still compile when it is first asked for work: that is no step's time.
        if count > 0 {
            self.submission_size.record(0, count, elapsed);
        }
        self.done += count;
        Ok(())
    }

    /// Number of networks.
    pub(super) fn member_count(&self) -> usize {
        self.member_count
    }

    /// The row of the losses that the last look of the last dispatch wrote.
    pub(super) fn last_look(&self) -> usize {
        self.launch.segments - 1
    }

    pub(super) fn gpu(&self) -> &'a Gpu {
        self.gpu
    }

    /// Whether the progress, as a dispatch left it, is that of all members after all steps; returns
    /// where each was solved.
    ///
    /// # Errors
    /// [`Error::Undone`] if the device left out steps, [`Error::Gpu`] if it left out a launch.
    pub(super) fn check<'w>(&self, progress: &'w [u32]) -> Result<&'w [u32], Error> {
        check_progress(progress, self.member_count, self.done, self.launch.nonce)
    }
}

/// Whether the progress `[3, member_count]` is that of `done` steps of each member, written by the
/// launch with this nonce; returns where each was solved.
fn check_progress(
    progress: &[u32],
    member_count: usize,
    done: u64,
    nonce: u32,
) -> Result<&[u32], Error> {
    let (steps, rest) = progress.split_at(member_count);
    let (nonces, solved_at) = rest.split_at(member_count);
    steps.iter().try_for_each(|&counted| check_steps(counted, done))?;
    let expected = nonce.wrapping_add(CANARY);
    if let Some(&found) = nonces.iter().find(|&&found| found != expected) {
        // Loops were cut short in the very last step.
        if found.wrapping_sub(nonce) < CANARY {
            return Err(Error::Undone { counted: steps[0], expected: done });
        }
        return Err(Error::Gpu("the device did not run what it was given".into()));
    }
    Ok(&solved_at[..member_count])
}

/// A number that other runs do not have.
fn nonce() -> u32 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    since.subsec_nanos() | 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: u32 = 0x00c0_ffee;

    /// What three members leave after `done` steps, the last of them with these words.
    fn progress(done: u32, [counted, nonce]: [u32; 2]) -> Vec<u32> {
        let right = NONCE + CANARY;
        vec![done, done, counted, right, right, nonce, 7, u32::MAX, 9]
    }

    #[test]
    fn the_progress_of_all_steps_is_right_and_says_where_members_were_solved() {
        let right = progress(500, [500, NONCE + CANARY]);
        let solved = check_progress(&right, 3, 500, NONCE).expect("it is right");
        assert_eq!(solved, [7, u32::MAX, 9]);
        let high = check_progress(&right, 3, 500 + (1 << 32), NONCE);
        assert!(high.is_ok(), "counters have 32 bits: {high:?}");
    }

    #[test]
    fn a_step_too_few_or_too_many_of_any_member_is_undone() {
        for counted in [499, 501, 0, u32::MAX] {
            let found = progress(500, [counted, NONCE + CANARY]);
            let found = check_progress(&found, 3, 500, NONCE);
            assert!(matches!(found, Err(Error::Undone { expected: 500, .. })), "{found:?}");
        }
    }

    #[test]
    fn a_loop_behind_the_steps_that_came_short_is_undone() {
        for made in 0..CANARY {
            let found = progress(500, [500, NONCE + made]);
            let found = check_progress(&found, 3, 500, NONCE);
            assert!(matches!(found, Err(Error::Undone { .. })), "{made}: {found:?}");
        }
    }

    #[test]
    fn the_nonce_of_another_launch_or_none_is_no_run() {
        for nonce in [NONCE + CANARY + 1, NONCE - 1, 0, 0x7fc0_dead, u32::MAX] {
            let found = progress(500, [500, nonce]);
            let found = check_progress(&found, 3, 500, NONCE);
            assert!(matches!(found, Err(Error::Gpu(_))), "{nonce:#x}: {found:?}");
        }
        // A nonce so large that the sum begins anew.
        let mut wrapped = progress(500, [500, 0]);
        wrapped[3..6].fill(CANARY - 1);
        assert!(check_progress(&wrapped, 3, 500, u32::MAX).is_ok());
    }
}
