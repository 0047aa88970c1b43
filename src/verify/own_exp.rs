//! What a kernel makes of `exp`, beside the `exp` that the device has.
//!
//! The bounds grant `exp` all that WGSL's table does, and twice: 12 ULP at −3/2. A kernel whose `exp`
//! is 8 ULP worse than the device's own would stay within them. So where the argument is known to
//! the last bit, `probe_arithmetic` asks the device for its `exp` of the same argument, and the
//! kernel's result is compared with what follows from that, within the rounding of everything else.
//!
//! WGSL does not promise that the `exp` of two shaders is the same. A shipped kernel that differs is
//! within its bound all the same, and the difference a habit of the device; a wrong kernel that
//! differs is caught by it.

use super::{Failure, Trial};
use crate::cpu::loss::row_loss_from;
use crate::cpu::probe_arithmetic::Operation;
use crate::gpu::Kernel;
use crate::kernels::probe_arithmetic;
use crate::numeric::{Enclosure, Scalar, ULP};

/// Logits that are asked for, from where `exp` matters to where nothing is left of it.
pub(super) fn grid() -> Vec<f32> {
    let sizes = (1_u8..=160).map(|step| f32::from(step) / 8.0);
    sizes.flat_map(|size| [size, -size]).collect()
}

/// Compares what a kernel made with what follows from the device's own `exp`. The same values were
/// found within what WGSL allows.
///
/// # Errors
/// The first that differs, if the kernel is not the shipped one; else it is noted as a habit.
pub(super) fn compare_with_own(
    trial: &mut Trial<'_>,
    case: &str,
    tensor: &str,
    found: &[f32],
    expected: &[Enclosure],
) -> Result<(), Failure> {
    let verdict = trial.compare(case, tensor, found, expected);
    trial.allow(verdict)
}

/// eˣ as the device has it, for each x; one rounding off at most, should another compilation of it
/// round the last step otherwise.
///
/// # Errors
/// Why the device could not go on.
pub(super) async fn own_exp(
    trial: &Trial<'_>,
    arguments: &[f32],
) -> Result<Vec<Enclosure>, Failure> {
    let found = own(trial, Operation::Exp, arguments, arguments).await?.into_iter();
    Ok(found.map(f64::from).map(|value| Enclosure::new(value, ULP * value)).collect())
}

/// What `values` become by a division by one, where the device has `found`: the same, if its own
/// quotients of those by one are the same, else what WGSL allows.
///
/// # Errors
/// Why the device could not go on.
pub(super) async fn own_quotients_by_one(
    trial: &Trial<'_>,
    found: &[f32],
    values: Vec<Enclosure>,
) -> Result<Vec<Enclosure>, Failure> {
    let quotients = own(trial, Operation::Divide, found, &vec![1.0; found.len()]).await?;
    let one = Enclosure::from_f64(1.0);
    let quotient = |(value, (before, after)): (Enclosure, (&f32, f32))| {
        if *before == after { value } else { value / one }
    };
    Ok(values.into_iter().zip(found.iter().zip(quotients)).map(quotient).collect())
}

/// What the device makes of operands.
async fn own(
    trial: &Trial<'_>,
    operation: Operation,
    a: &[f32],
    b: &[f32],
) -> Result<Vec<f32>, Failure> {
    let overrides = probe_arithmetic::overrides(operation.number());
    let kernel = Kernel::new(trial.gpu, &probe_arithmetic::SPEC, &overrides).await?;
    let (a, b, len) = (trial.input(a).await?, trial.input(b).await?, a.len());
    let results = trial.poisoned("results", len).await?;
    let tensors = [&a, &b, &b, &results.tensor];
    let dispatch = probe_arithmetic::dispatch(trial.gpu, &kernel, len, tensors).await?;
    trial.run(&[dispatch]).await?;
    trial.read("the device's own", &results).await
}

/// σ(z) by the formula of the shaders' `sides`, with t = e^−|z|.
pub(super) fn sides(z: f32, t: Enclosure) -> Enclosure {
    let one = Enclosure::from_f64(1.0);
    let tail = t / (one + t);
    if z < 0.0 { tail } else { one - tail }
}

/// σ(z) by the short formula, with t = e^−z.
pub(super) fn short(t: Enclosure) -> Enclosure {
    let one = Enclosure::from_f64(1.0);
    one / (one + t)
}

/// The loss of one row by the formula of the shaders, with t = e^−|z|.
pub(super) fn row_loss(z: f32, target: f32, t: Enclosure) -> Enclosure {
    let [z, target] = [z, target].map(Enclosure::from_f32);
    row_loss_from(z, target, t)
}
