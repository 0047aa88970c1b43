//! Checks of `peak_copy`: not one bit may differ.

use super::lengths;
use crate::cpu::peak_copy::peak_copy as twin;
use crate::gpu::Kernel;
use crate::kernels::peak_copy;
use crate::verify::draws::values;
use crate::verify::{Failure, Trial};

/// Values of the input behind what is to be copied: unlike those behind the output, so that one
/// who copies on is noticed.
const BEHIND: usize = 64;

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let kernel = Kernel::new(trial.gpu, &peak_copy::SPEC, &[]).await?;
    for elements in lengths(trial.effort) {
        let len = 4 * elements;
        let given = values(trial.effort.seed, len + BEHIND);
        let input = trial.gpu.upload("input", &given).await?.part(0, len).with_room(BEHIND);
        let out = trial.poisoned("out", len).await?;
        let tensors = [&input, &out.tensor];
        let dispatch = peak_copy::dispatch(trial.gpu, &kernel, tensors).await?;
        trial.run(&[trial.folded(&dispatch)]).await?;
        let mut expected = vec![0.0_f32; len];
        twin(&given[..len], &mut expected);
        let case = format!("[{elements}, 4]");
        let found = trial.read_words(&case, &out).await?;
        trial.equal(&case, "out", &found, bytemuck::cast_slice(&expected))?;
    }
    Ok(())
}
