//! Checks of `matmul`.

use crate::cpu::matmul::{Operand, matmul as twin};
use crate::gpu::Kernel;
use crate::kernels::matmul::{self, Shape, Transpose};
use crate::scalar::{Enclosure, Scalar};
use crate::verify::draws::{integers, sizes, values};
use crate::verify::{Failure, Trial};

const ALL: [Transpose; 3] = [Transpose::Neither, Transpose::A, Transpose::B];

/// `[m, n, k]`: ragged, ones, each remainder of a tile of 4, long and thin, larger than a
/// workgroup's tile, and a sum of more than the 65,535 iterations after which llvmpipe ends every
/// loop.
const SHAPES: [[usize; 3]; 13] = [
    [3, 5, 7],
    [6, 7, 5],
    [4, 8, 4],
    [33, 36, 9],
    [1, 1, 1],
    [4, 2, 2],
    [5, 3, 1],
    [1, 1757, 1],
    [1757, 1, 3],
    [1, 1, 1757],
    [65, 63, 17],
    [257, 129, 66],
    [2, 3, 70_001],
];

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let shapes = if trial.effort.quick { &SHAPES[..11] } else { &SHAPES };
    for transpose in ALL {
        // Not before it is needed: this takes longer than to use it.
        let kernel = matmul::kernel(trial.gpu, transpose).await?;
        for &shape in shapes {
            compare(trial, transpose, &kernel, trial.effort.seed, shape).await?;
        }
        let [m, n, k] = [1, 2, 3].map(|number| sizes(trial.effort.seed + number, 100));
        let random = m.zip(n).zip(k).map(|((m, n), k)| [m, n, k]);
        let mut outputs = 0;
        for (seed, shape) in (trial.effort.seed..).zip(random) {
            if outputs >= trial.effort.cases.div_ceil(ALL.len()) {
                break;
            }
            compare(trial, transpose, &kernel, seed, shape).await?;
            outputs += 2 * shape[0] * shape[1];
        }
    }
    Ok(())
}

/// Integers, of which none may be lost, and numbers.
async fn compare(
    trial: &mut Trial<'_>,
    transpose: Transpose,
    kernel: &Kernel,
    seed: u64,
    shape: [usize; 3],
) -> Result<(), Failure> {
    let [m, n, k] = shape;
    let draws = [integers, values].map(|draw| [draw(seed, m * k), draw(seed + 1, k * n)]);
    let (mut outputs, mut dispatches) = (vec![], vec![]);
    for [left, right] in &draws {
        let out = trial.poisoned("out", m * n).await?;
        let tensors = [&trial.input(left).await?, &trial.input(right).await?, &out.tensor];
        dispatches.push(matmul::dispatch(trial.gpu, kernel, Shape { m, n, k }, tensors).await?);
        outputs.push(out);
    }
    trial.run(&dispatches).await?;
    let case = format!("[{m}, {k}] · [{k}, {n}], transposed {transpose:?}");
    let exact = product::<f32>(shape, transpose, &draws[0]);
    let exact = Enclosure::all_from_f32(&exact);
    trial.check(&format!("integers {case}"), &outputs[0], &exact).await?;
    let expected = product(shape, transpose, &draws[1]);
    trial.check(&case, &outputs[1], &expected).await?;
    Ok(())
}

fn product<S: Scalar>(
    [m, n, k]: [usize; 3],
    transpose: Transpose,
    operands: &[Vec<f32>; 2],
) -> Vec<S> {
    let [left, right] = operands.each_ref().map(|values| S::all_from_f32(values));
    let a = Operand { values: &left[..], transposed: transpose == Transpose::A };
    let b = Operand { values: &right[..], transposed: transpose == Transpose::B };
    let mut out = vec![S::from_f64(0.0); m * n];
    twin([m, n, k], a, b, &mut out);
    out
}
