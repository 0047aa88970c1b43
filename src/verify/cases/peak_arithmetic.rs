//! Checks of `peak_arithmetic`.

use super::MOST_GROUPS;
use crate::cpu::peak_arithmetic::peak_arithmetic as twin;
use crate::gpu::{Gpu, Kernel};
use crate::kernels::peak_arithmetic::{self, Operation, SPEC};
use crate::numeric::{Enclosure, Scalar};
use crate::verify::{Failure, Trial, Workload};

/// Workgroups, iterations, `a` and `b`.
type Case = (usize, u32, [f32; 2]);

/// Cases in which all values are integers that no rounding touches, so that not one operation may
/// be lost.
const EXACT: [Case; 5] = [
    (1, 0, [0.5, 0.5]),
    (1, 1, [1.0, -1.0]),
    (3, 1, [-2.0, 3.0]),
    (2, 7, [1.0, 1.0]),
    (1, 1757, [1.0, 1.0]),
];

/// Cases in which the bound tells how far rounding may go.
const ROUNDED: [Case; 5] = [
    (1, 1, [-0.7, 0.3]),
    (5, 2, [0.9, -1.1]),
    (1, 3, [0.0, -0.2]),
    (2, 17, [-0.99, 0.1]),
    (1, 1757, [0.9, 0.1]),
];

/// The same of divisions: positive, so that no denominator is near zero. The last but one hardly
/// forgets where a value began, so that no operation may be lost.
const DIVIDED: [Case; 5] = [
    (1, 1, [0.7, 0.3]),
    (5, 2, [0.9, 1.1]),
    (1, 3, [3.0, 0.2]),
    (2, 17, [1.0, 0.01]),
    (1, 1757, [0.9, 0.1]),
];

/// The most iterations of rounded operations in a quick check.
const QUICK_ITERATIONS: u32 = 100;

/// Invocations that are computed by the twin, of those that are timed.
const SAMPLES: usize = 64;

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let invocations = trial.effort.cases.div_ceil(16);
    let groups = invocations.div_ceil(SPEC.workgroup_size as usize).min(MOST_GROUPS);
    for operation in Operation::ALL {
        // Not once a case: this takes longer than to use it.
        let kernel = peak_arithmetic::kernel(trial.gpu, operation).await?;
        // Without an iteration, all are integers.
        let exact = if operation == Operation::MultiplyAdd { &EXACT[..] } else { &EXACT[..1] };
        for &case in exact {
            compare(trial, &kernel, operation, case, true).await?;
        }
        let (rounded, factors) = match operation {
            Operation::MultiplyAdd | Operation::Exp => (ROUNDED, [-0.8, 0.6]),
            Operation::Divide => (DIVIDED, [0.8, 0.6]),
        };
        // The twin takes a third of a second for the longest.
        let most = if trial.effort.quick { QUICK_ITERATIONS } else { u32::MAX };
        let rounded = rounded.into_iter().filter(|&(_, iterations, _)| iterations <= most);
        for case in rounded.chain([(groups, 1, factors)]) {
            compare(trial, &kernel, operation, case, false).await?;
        }
    }
    Ok(())
}

async fn compare(
    trial: &mut Trial<'_>,
    kernel: &Kernel,
    operation: Operation,
    (groups, iterations, factors): Case,
    is_exact: bool,
) -> Result<(), Failure> {
    let out = trial.poisoned("out", groups * SPEC.workgroup_size as usize).await?;
    let [a, b] = factors;
    let dispatch =
        peak_arithmetic::dispatch(trial.gpu, kernel, iterations, factors, &out.tensor).await?;
    trial.run(&[dispatch]).await?;
    let formula = match operation {
        Operation::MultiplyAdd => format!("x·{a} + {b}"),
        Operation::Exp => "exp(−x)".into(),
        Operation::Divide => format!("{a} / ({b} + x)"),
    };
    let case = format!("{formula}, [{}], {iterations} iterations", out.tensor.len());
    let mut expected = vec![Enclosure::from_f64(0.0); out.tensor.len()];
    let operation = operation.number();
    twin(operation, iterations, factors.map(Enclosure::from_f32), 0, &mut expected);
    if is_exact {
        expected = expected.iter().map(|sum| Enclosure::new(sum.to_f64(), 0.0)).collect();
    }
    trial.check(&case, &out, &expected).await?;
    Ok(())
}

/// Iterations of what is timed; an exponential takes ten times as long as a product, a division three
/// times.
const TIMED: [(&str, Operation, u32); 3] = [
    ("multiply-add", Operation::MultiplyAdd, 256),
    ("exp", Operation::Exp, 32),
    ("divide", Operation::Divide, 64),
];

/// Factors with which the values neither grow nor vanish.
const FACTORS: [f32; 2] = [0.75, 0.5];

/// The workloads of `invocations` invocations.
pub(super) fn workloads(_: &Gpu, invocations: usize) -> Vec<Workload> {
    TIMED
        .map(|(variant, operation, iterations)| {
            let make = async move |trial: &mut Trial<'_>| {
                let kernel = peak_arithmetic::kernel(trial.gpu, operation).await?;
                let out = trial.poisoned("out", invocations).await?;
                let dispatch =
                    peak_arithmetic::dispatch(trial.gpu, &kernel, iterations, FACTORS, &out.tensor);
                let dispatch = dispatch.await?;
                trial.run(std::slice::from_ref(&dispatch)).await?;
                let expected = between_samples(operation, iterations, invocations);
                trial.check(&format!("{variant}, [{invocations}]"), &out, &expected).await?;
                Ok(dispatch)
            };
            let cost = peak_arithmetic::cost(operation, iterations, invocations);
            Workload::new(format!("[{invocations}]"), cost, make).with_variant(variant.into())
        })
        .into()
}

/// What each invocation may answer. For all invocations and operations, the twin would take
/// minutes. An even number of any replacement grows with the value that it begins with, so an
/// answer is between those of the samples before and behind it.
fn between_samples(operation: Operation, iterations: u32, invocations: usize) -> Vec<Enclosure> {
    let factors = FACTORS.map(Enclosure::from_f32);
    let answer = |invocation: usize| {
        let mut out = [Enclosure::from_f64(0.0)];
        let first = u32::try_from(invocation).expect("as the kernel counts them");
        twin(operation.number(), iterations, factors, first, &mut out);
        let [sum] = out;
        [sum.to_f64() - sum.error(), sum.to_f64() + sum.error()]
    };
    let every = invocations.div_ceil(SAMPLES);
    let mut expected = Vec::with_capacity(invocations);
    let mut before = answer(0);
    for first in (0..invocations).step_by(every) {
        let len = every.min(invocations - first);
        let behind = answer(first + len - 1);
        let [low, high] = [before[0].min(behind[0]), before[1].max(behind[1])];
        expected.extend(vec![Enclosure::new(f64::midpoint(low, high), (high - low) / 2.0); len]);
        before = behind;
    }
    expected
}
