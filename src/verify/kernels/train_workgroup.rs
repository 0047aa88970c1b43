//! Checks of `train_workgroup`.

use crate::cpu::train_invocation::Member;
use crate::cpu::train_workgroup::train_workgroup as twin;
use crate::dataset::Dataset;
use crate::kernels::train_invocation::{CANARY, Launch, NEVER, Problem};
use crate::kernels::train_workgroup::{self, Split};
use crate::rule::Variant;
use crate::scalar::{Enclosure, Scalar};
use crate::verify::draws::values;
use crate::verify::{Failure, Trial};

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let data = Dataset::parity(2)?;
    let Dataset { inputs, targets, input_size } = &data;
    let variant = Variant::CAREFUL;
    let problem =
        Problem { input_size: *input_size, hidden_size: 2, inputs, targets, variant, lanes: 1 };
    let split = Split { units: 1, groups: 2, slices: 2, tile: 2 };
    let trainer = train_workgroup::kernel(trial.gpu, problem, split).await?;
    let start = values(trial.effort.seed, problem.parameter_count());
    let rates = [0.7, 0.3];
    let state = [&start[..], &vec![0.0; start.len()], &rates, &[f32::NAN; 4]].concat();
    let state = trial.output("state", &state).await?;
    let progress = trial.poisoned("progress", 3).await?;
    let losses = trial.poisoned("losses", 1).await?;
    let outputs = trial.poisoned("outputs", targets.len()).await?;
    let look = Launch {
        first_step: 0,
        at_start: true,
        segments: 1,
        steps: 0,
        nonce: 7,
        solved_below: 0.05,
        tail_from: 0,
    };
    let tensors = [&state, &progress, &losses, &outputs].map(|output| &output.tensor);
    let mut dispatches = vec![];
    for launch in [look, Launch { at_start: false, steps: 1, ..look }] {
        let bound = train_workgroup::dispatch(trial.gpu, &trainer, problem, launch, tensors);
        dispatches.push(bound.await?);
    }
    trial.run(&dispatches).await?;
    let case = "a step of 2-2-1";
    let counts: Vec<u32> =
        trial.read(case, &progress).await?.into_iter().map(f32::to_bits).collect();
    trial.equal(case, "progress", &counts, &[1, 7 + CANARY, NEVER])?;
    let mut member = Member::new(Enclosure::all_from_f32(&start), rates.map(Enclosure::from_f32));
    twin(variant, &data, 0.05, 1, (split.slices, split.tile), &mut member);
    let found = trial.read(case, &state).await?;
    trial.compare(case, "state", &found[..start.len()], &member.parameters)
}
