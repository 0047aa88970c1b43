//! The results of a dispatch, read from its tensors.

use super::batch::Batch;
use crate::gpu::Region;
use crate::kernels::fused::Problem;

/// All results of a dispatch of few members.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// The losses after each segment, `[segments, member_count]`.
    pub losses: Vec<f32>,
    /// The outputs, `[row_count, member_count]`.
    pub outputs: Vec<f32>,
    /// The parameters in the order of a `state_dict`, `[parameter_count, member_count]`.
    pub parameters: Vec<f32>,
    /// The optimizer's state for each of them, of the same shape.
    pub optimizer_state: Vec<f32>,
}

/// The final results of any number of members.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The loss after the last update of each member.
    pub final_losses: Vec<f32>,
    /// The step before whose update each was solved, or [`NEVER`](crate::kernels::fused::NEVER).
    pub solved_at: Vec<u32>,
    /// The measures, if the method has them: `[4, member_count]`, see [`Problem::measures_row`].
    pub measures: Vec<f32>,
}

fn floats(words: &[u32]) -> Vec<f32> {
    words.iter().map(|&word| f32::from_bits(word)).collect()
}

impl Evaluation {
    /// Words of a dispatch with this number of segments, its progress left out.
    pub(super) fn len(problem: Problem<'_>, member_count: usize, segments: usize) -> usize {
        (segments + problem.targets.len() + problem.state_rows()) * member_count
    }

    /// Takes the words of losses, outputs and state apart.
    pub(super) fn decode(
        words: &[u32],
        problem: Problem<'_>,
        member_count: usize,
        segments: usize,
    ) -> Self {
        let (losses, rest) = words.split_at(segments * member_count);
        let (outputs, state) = rest.split_at(problem.targets.len() * member_count);
        let rows = |first: usize, end: usize| &state[first * member_count..end * member_count];
        let [optimizer_state, rates] = [problem.optimizer_state_row(), problem.rates_row()];
        Self {
            losses: floats(losses),
            outputs: floats(outputs),
            parameters: floats(rows(0, optimizer_state)),
            optimizer_state: floats(rows(optimizer_state, rates)),
        }
    }
}

impl Batch<'_> {
    /// The final results of the members, if the last dispatch was complete.
    ///
    /// # Errors
    /// [`Error::Undone`](crate::error::Error::Undone) or
    /// [`Error::Gpu`](crate::error::Error::Gpu) if the device fails or left out steps.
    pub async fn finished(&self) -> Result<Finished, crate::error::Error> {
        let (count, problem) = (self.member_count(), self.problem);
        let rows = if problem.method.measured { 4 } else { 0 };
        let region = |tensor, first_row: usize, rows: usize| {
            let (start, len) = (first_row * count, rows * count);
            Region { tensor, start, len }
        };
        let regions = [
            (&self.progress).into(),
            region(&self.losses, self.last_look(), 1),
            region(&self.state, problem.measures_row(), rows),
        ];
        let words = self.gpu().read_regions(&regions).await?;
        let (progress, rest) = words.split_at(self.progress.len());
        let (losses, measures) = rest.split_at(count);
        let solved_at = self.check(progress)?.to_vec();
        Ok(Finished { final_losses: floats(losses), solved_at, measures: floats(measures) })
    }
}
