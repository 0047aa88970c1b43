//! Checks of `peak_arithmetic`.

use crate::cpu::peak_arithmetic::peak_arithmetic as twin;
use crate::kernels::peak_arithmetic::{self, SPEC};
use crate::scalar::{Enclosure, Scalar};
use crate::verify::{Failure, Trial};

/// Workgroups, iterations, `a` and `b`.
type Case = (usize, u32, [f32; 2]);

/// Where all are integers that no rounding touches, so that not one operation may be lost.
const EXACT: [Case; 5] = [
    (1, 0, [0.5, 0.5]),
    (1, 1, [1.0, -1.0]),
    (3, 1, [-2.0, 3.0]),
    (2, 7, [1.0, 1.0]),
    (1, 1757, [1.0, 1.0]),
];

/// Where the bound tells how far rounding may go.
const ROUNDED: [Case; 5] = [
    (1, 1, [-0.7, 0.3]),
    (5, 2, [0.9, -1.1]),
    (1, 3, [0.0, -0.2]),
    (2, 17, [-0.99, 0.1]),
    (1, 1757, [0.9, 0.1]),
];

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    for (special, case) in EXACT.map(|case| (false, case)).into_iter().chain([(true, EXACT[0])]) {
        compare(trial, special, case, true).await?;
    }
    let invocations = trial.effort.cases.div_ceil(16);
    let many = (invocations.div_ceil(SPEC.workgroup_size as usize), 1, [-0.8, 0.6]);
    for case in ROUNDED.into_iter().chain([many]) {
        for special in [false, true] {
            compare(trial, special, case, false).await?;
        }
    }
    Ok(())
}

async fn compare(
    trial: &mut Trial<'_>,
    special: bool,
    (groups, iterations, factors): Case,
    is_exact: bool,
) -> Result<(), Failure> {
    let kernel = peak_arithmetic::kernel(trial.gpu, special).await?;
    let out = trial.poisoned("out", groups * SPEC.workgroup_size as usize).await?;
    let [a, b] = factors;
    let dispatch =
        peak_arithmetic::dispatch(trial.gpu, &kernel, iterations, factors, &out.tensor).await?;
    trial.run(&[dispatch]).await?;
    let formula = if special { "exp(−x)".to_owned() } else { format!("x·{a} + {b}") };
    let case = format!("{formula}, [{}], {iterations} iterations", out.tensor.len());
    let mut expected = vec![Enclosure::from_f64(0.0); out.tensor.len()];
    twin(special, iterations, factors.map(Enclosure::from_f32), &mut expected);
    if is_exact {
        expected = expected.iter().map(|sum| Enclosure::new(sum.to_f64(), 0.0)).collect();
    }
    trial.check(&case, &out, &expected).await?;
    Ok(())
}
