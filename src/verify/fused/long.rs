//! Long launches: as many steps as one dispatch is ever given, and as many looks, against the same run
//! step by step.

use super::{Buffers, Members, Networks};
use crate::gpu::{Dispatch, Region};
use crate::kernels::fused::Params;
use crate::train::LOSS_CAPACITY;
use crate::verify::{Failure, Trial};

/// Steps of launches that are long enough for a place in them to be told from its neighbours, and so
/// short that no driver ends their loops, even where it unrolls nothing, in the smallest network.
pub const LONG: u32 = 1_100;

/// Steps in the launches of a run that is cut evenly.
const PART: u32 = 100;

/// Looks in the launches of a run with a look after each step: a number that divides no power of two.
const LOOKS: u32 = 7;

/// Launches of a submission, which must not take a watchdog's time.
const LAUNCHES: u32 = 500;

/// A kernel that is bound to members, for one launch after the other.
struct Walk {
    dispatch: Dispatch,
    buffers: Buffers,
}

impl Walk {
    async fn new(
        networks: &Networks<'_>,
        trial: &Trial<'_>,
        before: &Members,
        params: &Params,
    ) -> Result<Self, Failure> {
        let buffers = Buffers::new(trial, before).await?;
        assert!(!networks.problem.method.depends_on_step(), "all launches have the same factors");
        let factors = networks.factors(trial.gpu, params).await?;
        let dispatch = networks.dispatch(trial.gpu, params, buffers.tensors(&factors)).await?;
        Ok(Self { dispatch, buffers })
    }

    /// The same launch several times; returns its last losses.
    async fn launch(
        &self,
        trial: &Trial<'_>,
        params: &Params,
        mut times: u32,
    ) -> Result<Vec<f32>, Failure> {
        trial.gpu.write_params(&self.dispatch, params);
        let len = (params.segments * params.member_count) as usize;
        let region = Region { tensor: &self.buffers.losses.tensor, start: 0, len };
        let mut readback = trial.gpu.readback(len).await?;
        while times > 0 {
            let now = times.min(LAUNCHES);
            let dispatches = std::iter::repeat_n(&self.dispatch, now as usize);
            trial.gpu.submit(dispatches, &[region], &mut readback, None).await?;
            times -= now;
        }
        Ok(readback.words().iter().map(|&word| f32::from_bits(word)).collect())
    }
}

impl Networks<'_> {
    /// A run in one launch of up to `most` steps, then of as many looks as a launch takes: the bits of
    /// the same run in parts of a hundred, in single steps, and in looks by sevens. Tens of thousands
    /// of single steps take seconds: of a longer run than [`LONG`] that many have them, as the parts are
    /// launches as well, of which a wrong step would be wrong again and again.
    pub async fn check_long(
        &self,
        trial: &mut Trial<'_>,
        count: usize,
        most: u32,
    ) -> Result<(), Failure> {
        let mut before = self.members(13, count, 1);
        // Looked at before it is written.
        before.row(self.problem.measures_row()).fill(1.0);
        let singly = most <= LONG || trial.effort.thorough;
        self.check_steps(trial, &before, most, singly).await?;
        if !singly {
            self.check_steps(trial, &before, LONG, true).await?;
        }
        let most = most.min(u32::try_from(LOSS_CAPACITY).expect("1,024") - 1);
        self.check_looks(trial, before, most).await
    }

    async fn check_steps(
        &self,
        trial: &mut Trial<'_>,
        before: &Members,
        most: u32,
        singly: bool,
    ) -> Result<(), Failure> {
        let look = Params { tail_from: most / 2, ..self.params(before, 1, 1) };
        let launch = |first_step, steps| Params { first_step, steps, at_start: 0, ..look };
        let (steps, whole) =
            self.longest(trial, before, most, |steps| vec![look, launch(0, steps)]).await?;
        let case = format!("{}: {steps} steps in one launch", self.name);
        let by_parts = Walk::new(self, trial, before, &look).await?;
        by_parts.launch(trial, &look, 1).await?;
        let parts = (0..steps).step_by(PART as usize);
        for part in parts.map(|first| launch(first, PART.min(steps - first))) {
            by_parts.launch(trial, &part, 1).await?;
        }
        let parts = by_parts.buffers.read(trial, &case).await?;
        trial.equal(&case, "progress", &whole.progress, &parts.progress)?;
        compare_bits(trial, &case, &whole, &parts)?;
        if !singly {
            return Ok(());
        }
        // The number of a step is the same in all of these, so that they are one launch again and
        // again; what depends on it was compared above.
        let singly = Walk::new(self, trial, before, &look).await?;
        singly.launch(trial, &look, 1).await?;
        singly.launch(trial, &Params { tail_from: 0, ..launch(1, 1) }, steps).await?;
        let mut singles = singly.buffers.read(trial, &case).await?;
        let case = format!("{case}, against single steps");
        let solved = 2 * before.count()..;
        singles.progress[solved.clone()].copy_from_slice(&whole.progress[solved]);
        let measures = (self.problem.measures_row() * before.count())..;
        singles.state[measures.clone()].copy_from_slice(&whole.state[measures]);
        trial.equal(&case, "progress", &whole.progress, &singles.progress)?;
        compare_bits(trial, &case, &whole, &singles)
    }

    async fn check_looks(
        &self,
        trial: &mut Trial<'_>,
        before: Members,
        most: u32,
    ) -> Result<(), Failure> {
        let count = before.count();
        let room = vec![before.losses[0]; (most as usize + 1) * count];
        let before = Members { losses: room, ..before };
        let all = self.params(&before, 1, 1);
        let (looks, whole) = self
            .longest(trial, &before, most, |steps| vec![Params { segments: steps + 1, ..all }])
            .await?;
        let case = format!("{}: {looks} looks in one launch", self.name);
        let walk = Walk::new(self, trial, &before, &all).await?;
        let mut losses = walk.launch(trial, &all, 1).await?;
        for first_step in (0..looks).step_by(LOOKS as usize) {
            let segments = LOOKS.min(looks - first_step);
            let part = Params { first_step, segments, at_start: 0, ..all };
            losses.extend(walk.launch(trial, &part, 1).await?);
        }
        trial.same(&case, "losses", &whole.losses[..losses.len()], &losses)?;
        let parts = walk.buffers.read(trial, &case).await?;
        trial.equal(&case, "progress", &whole.progress, &parts.progress)?;
        trial.same(&case, "state", &whole.state, &parts.state)?;
        trial.same(&case, "outputs", &whole.outputs, &parts.outputs)
    }

    /// The longest of some launches that the device makes whole, and what it leaves. If the count
    /// of steps or the canary comes short, a driver has ended loops early, and training takes
    /// smaller parts as well; of a single step it must not.
    async fn longest(
        &self,
        trial: &mut Trial<'_>,
        before: &Members,
        most: u32,
        launches: impl Fn(u32) -> Vec<Params>,
    ) -> Result<(u32, Members), Failure> {
        let (count, mut steps) = (before.count(), most);
        loop {
            let launches = launches(steps);
            let after = self.run(trial, before, &launches, None).await?;
            let shown = launches[0].nonce + launches[0].canary;
            let expected = [vec![steps; count], vec![shown; count]].concat();
            let found = &after.progress[..2 * count];
            if found == expected || steps == 1 {
                let case = format!("{}: {steps} steps", self.name);
                trial.equal(&case, "progress", found, &expected)?;
                return Ok((steps, after));
            }
            steps = (steps / 4).max(1);
        }
    }
}

fn compare_bits(
    trial: &mut Trial<'_>,
    case: &str,
    found: &Members,
    expected: &Members,
) -> Result<(), Failure> {
    trial.same(case, "state", &found.state, &expected.state)?;
    trial.same(case, "losses", &found.losses, &expected.losses)?;
    trial.same(case, "outputs", &found.outputs, &expected.outputs)
}
