//! Checks of `probe_loops`: few iterations are all made, and of many, as many as are counted.

use crate::cpu::probe_loops::probe_loops as twin;
use crate::error::Error;
use crate::gpu::{Dispatch, Kernel};
use crate::kernels::probe_loops;
use crate::verify::{Failure, Output, Trial};

/// Iterations of the single loop, of the outer, and of the inner one: fewer in total than any
/// driver is known to end loops after.
const SMALL: [[u32; 3]; 8] = [
    [0, 0, 0],
    [1, 0, 5],
    [0, 1, 1],
    [1757, 0, 0],
    [0, 1, 1757],
    [0, 1757, 1],
    [3, 65, 63],
    [100, 30, 70],
];

/// More than some drivers make: by one loop, and by nested ones.
pub(in crate::verify) const LARGE: [[u32; 3]; 2] = [[1 << 17, 0, 0], [0, 1 << 6, 1 << 11]];

/// The iterations that a launch asks for.
pub(in crate::verify) fn asked([single, outer, inner]: [u32; 3]) -> u32 {
    single + outer * inner
}

pub(in crate::verify) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    for loops in SMALL {
        let counts = counts(trial, loops).await?;
        let expected = vec![asked(loops); counts.len()];
        trial.equal(&format!("{loops:?}"), "counts", &counts, &expected)?;
    }
    let large: &[_] = if trial.effort.quick { &[] } else { &LARGE };
    for &loops in large {
        counts(trial, loops).await?;
    }
    Ok(())
}

/// A launch, with what it writes: its counts and its states.
///
/// # Errors
/// [`Error::Gpu`] if the driver refuses.
pub(in crate::verify) async fn launch(
    trial: &Trial<'_>,
    loops: [u32; 3],
) -> Result<(Dispatch, [Output; 2]), Error> {
    let kernel = Kernel::new(trial.gpu, &probe_loops::SPEC, &[]).await?;
    let len = 2 * probe_loops::SPEC.workgroup_size as usize;
    let counts = trial.poisoned("counts", len).await?;
    let states = trial.poisoned("states", len).await?;
    let tensors = [&counts.tensor, &states.tensor];
    let dispatch = probe_loops::dispatch(trial.gpu, &kernel, loops, tensors).await?;
    Ok((dispatch, [counts, states]))
}

/// What each invocation counts of the loops that it was asked for.
///
/// # Errors
/// A fault if one counts more, or what it did not make.
pub(in crate::verify) async fn counts(
    trial: &mut Trial<'_>,
    loops: [u32; 3],
) -> Result<Vec<u32>, Failure> {
    let (dispatch, [counts, states]) = launch(trial, loops).await?;
    trial.run(&[dispatch]).await?;
    let case = format!("{loops:?}");
    let counts = trial.read_words(&case, &counts).await?;
    let states = trial.read_words(&case, &states).await?;
    let most: Vec<_> = counts.iter().map(|&count| count.min(asked(loops))).collect();
    trial.equal(&case, "counts", &counts, &most)?;
    let expected: Vec<_> = (0..).zip(&counts).map(|(lane, &count)| twin(lane, count)).collect();
    trial.equal(&case, "states", &states, &expected)?;
    Ok(counts)
}
