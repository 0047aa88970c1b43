//! Checks of `probe_workgroup`: barriers, and what invocations tell each other.

use crate::cpu::probe_workgroup::probe_workgroup as twin;
use crate::gpu::Kernel;
use crate::kernels::probe_workgroup;
use crate::numeric::{Stream, philox4x32};
use crate::verify::{Failure, Trial};

/// Workgroups, and rounds of the exchange.
const SHAPES: [[u32; 2]; 4] = [[1, 0], [1, 1], [3, 8], [67, 21]];

pub(in crate::verify) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    for shape in SHAPES {
        results(trial, shape).await?;
    }
    Ok(())
}

/// The sums and the mixed rows of `groups` workgroups after `rounds` rounds: bits that every device
/// must have alike.
///
/// # Errors
/// A fault if one is another.
async fn results(trial: &mut Trial<'_>, [groups, rounds]: [u32; 2]) -> Result<(), Failure> {
    let kernel = Kernel::new(trial.gpu, &probe_workgroup::SPEC, &[]).await?;
    let size = probe_workgroup::SPEC.workgroup_size;
    let key = Stream::new(trial.effort.seed).key;
    let values: Vec<u32> =
        (0..groups * size).map(|index| philox4x32([index, groups, 0, 0], key)[0]).collect();
    let sums = trial.poisoned("sums", values.len()).await?;
    let mixed = trial.poisoned("mixed", values.len()).await?;
    let tensors = [&trial.input(&values).await?, &sums.tensor, &mixed.tensor];
    let dispatch = probe_workgroup::dispatch(trial.gpu, &kernel, rounds, tensors).await?;
    trial.run(&[dispatch]).await?;
    let case = format!("{groups} workgroups, {rounds} rounds");
    let (expected_sums, expected_rows): (Vec<_>, Vec<_>) =
        values.chunks_exact(size as usize).map(|row| twin(row, rounds)).unzip();
    trial.equal(&case, "sums", &trial.read_words(&case, &sums).await?, &expected_sums.concat())?;
    let found = trial.read_words(&case, &mixed).await?;
    trial.equal(&case, "mixed", &found, &expected_rows.concat())
}
