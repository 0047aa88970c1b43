//! Launches as large as those of ensembles and sweeps.

use std::ops::Range;

use super::{FusedKernel, Members, Networks};
use crate::gpu::{Gpu, cover};
use crate::kernels::fused::Params;
use crate::kernels::train_invocation as invocation;
use crate::sweep::Population;
use crate::task::{Init, LayerSizes, Recipe};
use crate::verify::{Effort, Failure, Trial};

/// The most members of a launch in a quick check.
const QUICK: usize = 1 << 14;

/// The same where one workgroup trains each.
const QUICK_WORKGROUPS: usize = 1 << 8;

/// The fewest in others where one invocation trains each, so that a software adapter has launches that
/// GPUs get: not all in whole workgroups.
const FEWEST: usize = (1 << 17) + 1;

/// The fewest in a thorough one: what a GPU gets.
const FEWEST_THOROUGH: usize = 1 << 20;

/// The most members of the launches that they are compared with.
const PART: usize = 1_000;

/// Steps of an ensemble, of which the size of its chunks depends a little.
const STEPS: u64 = 10_000;

impl Networks<'_> {
    /// A launch as large as ensembles of these networks get, or larger: every member has the bits
    /// that it has among few, where other invocations train it.
    pub async fn check_tile(&self, trial: &mut Trial<'_>) -> Result<(), Failure> {
        let count = self.chunk(trial.gpu, trial.effort)?;
        let before = self.members(17, count, 2);
        let params = self.params(&before, 2, 2);
        let mut parts = vec![];
        let part = (count / 17 + 3).min(PART);
        // The first half as large, so that no member has the place that it has in the large launch but
        // those of the first.
        let mut range = 0..part / 2;
        while !range.is_empty() {
            let own = before.part(range.clone());
            let params = Params { member_count: own_count(&own), ..params };
            parts.push(self.run(trial, &own, &[params], None).await?);
            range = range.end..(range.end + part).min(count);
        }
        let expected = Members::joined(&parts);
        for workgroup_count in [None, Some(self.tall(count))] {
            let after = self.run(trial, &before, &[params], workgroup_count).await?;
            let shape = workgroup_count.map(|count| format!(" in {count:?}")).unwrap_or_default();
            let case = format!("{}: {count} members{shape}, against few", self.name);
            trial.equal(&case, "progress", &after.progress, &expected.progress)?;
            trial.same(&case, "state", &after.state, &expected.state)?;
            trial.same(&case, "losses", &after.losses, &expected.losses)?;
            trial.same(&case, "outputs", &after.outputs, &expected.outputs)?;
        }
        Ok(())
    }

    fn chunk(&self, gpu: &Gpu, effort: Effort) -> Result<usize, Failure> {
        let (data, sizes) = (self.data.clone(), LayerSizes::new(self.problem.sizes.to_vec())?);
        let population =
            Population::new(Recipe::new(data, sizes, self.problem.method, STEPS)?, Init::Torch);
        let size = population.chunk_size(gpu, 1 << 32)?;
        Ok(match (&self.kernel, effort) {
            (FusedKernel::Workgroup(..), Effort { quick: true, .. }) => size.min(QUICK_WORKGROUPS),
            (_, Effort { quick: true, .. }) => size.min(QUICK),
            (FusedKernel::Invocation(_), Effort { thorough: true, .. }) => {
                size.max(FEWEST_THOROUGH)
            }
            (FusedKernel::Invocation(_), _) => size.max(FEWEST),
            (FusedKernel::Workgroup(..), _) => size,
        })
    }

    /// The workgroups of a launch, three in each of many rows: so deep a launch is folded only where
    /// it has far more members.
    fn tall(&self, count: usize) -> [u32; 3] {
        let [x, y, _] = match &self.kernel {
            FusedKernel::Invocation(_) => cover(
                count.div_ceil(self.problem.members_per_invocation),
                invocation::SPEC.workgroup_size,
            ),
            FusedKernel::Workgroup(..) => cover(count, 1),
        };
        [3, (x * y).div_ceil(3) + 1, 1]
    }
}

fn own_count(members: &Members) -> u32 {
    u32::try_from(members.count()).expect("few")
}

impl Members {
    /// Some of them.
    fn part(&self, range: Range<usize>) -> Self {
        let count = self.count();
        Self {
            state: columns(&self.state, count, &range),
            progress: columns(&self.progress, count, &range),
            losses: columns(&self.losses, count, &range),
            outputs: columns(&self.outputs, count, &range),
        }
    }

    /// All of several parts, in their order.
    fn joined(parts: &[Self]) -> Self {
        let counts: Vec<_> = parts.iter().map(Self::count).collect();
        Self {
            state: side_by_side(parts.iter().map(|part| &part.state[..]), &counts),
            progress: side_by_side(parts.iter().map(|part| &part.progress[..]), &counts),
            losses: side_by_side(parts.iter().map(|part| &part.losses[..]), &counts),
            outputs: side_by_side(parts.iter().map(|part| &part.outputs[..]), &counts),
        }
    }
}

/// Some columns of a matrix of `width` columns.
fn columns<T: Copy>(values: &[T], width: usize, range: &Range<usize>) -> Vec<T> {
    values.chunks_exact(width).flat_map(|row| &row[range.clone()]).copied().collect()
}

/// A matrix of the columns of several, whose widths are `widths`.
fn side_by_side<'v, T: Copy + 'v>(
    parts: impl Iterator<Item = &'v [T]>,
    widths: &[usize],
) -> Vec<T> {
    let parts: Vec<_> = parts.zip(widths).collect();
    let (first, width) = parts[0];
    let row =
        |row: usize| parts.iter().flat_map(move |(part, width)| &part[row * *width..][..**width]);
    (0..first.len() / width).flat_map(row).copied().collect()
}
