use parity::cpu::matmul::{Operand, matmul as twin};
use parity::kernels::matmul::{self, Shape, Transpose};
use parity::scalar::Scalar;

use crate::harness::{Output, assert_within, exact, gpu, input, integers, run, values};

const ALL: [Transpose; 3] = [Transpose::Neither, Transpose::A, Transpose::B];

/// `[m, n, k]`: ones, ragged, long and thin, larger than a workgroup's tile, and a sum of more
/// than the 65,535 iterations after which llvmpipe ends every loop.
const SHAPES: [[usize; 3]; 12] = [
    [1, 1, 1],
    [4, 2, 2],
    [3, 5, 7],
    [5, 3, 1],
    [1, 1757, 1],
    [1757, 1, 3],
    [1, 1, 1757],
    [33, 31, 8],
    [32, 64, 256],
    [65, 63, 17],
    [257, 129, 66],
    [2, 3, 70_001],
];

fn product([m, n, k]: [usize; 3], transpose: Transpose, left: &[f32], right: &[f32]) -> Vec<f32> {
    let out = Output::poisoned(m * n);
    let dispatch = pollster::block_on(async {
        let kernel = matmul::kernel(gpu(), transpose).await?;
        let tensors = [&input(left), &input(right), &out.tensor];
        matmul::dispatch(gpu(), &kernel, Shape { m, n, k }, tensors).await
    });
    run(&[dispatch.expect("it binds")]);
    out.read()
}

fn expected<S: Scalar>(
    [m, n, k]: [usize; 3],
    transpose: Transpose,
    left: &[S],
    right: &[S],
) -> Vec<S> {
    let a = Operand { values: left, transposed: transpose == Transpose::A };
    let b = Operand { values: right, transposed: transpose == Transpose::B };
    let mut out = vec![S::from_f64(0.0); m * n];
    twin([m, n, k], a, b, &mut out);
    out
}

#[test]
fn matmul_matches_its_twin_on_ragged_shapes() {
    for shape in SHAPES {
        for transpose in ALL {
            let [m, n, k] = shape;
            let case = format!("matmul [{m}, {k}] · [{k}, {n}], transposed {transpose:?}");
            let (left, right) = (values(1, m * k), values(2, k * n));
            let expected = expected(shape, transpose, &exact(&left), &exact(&right));
            assert_within(&case, &product(shape, transpose, &left, &right), &expected);
        }
    }
}

#[test]
fn matmul_of_integers_loses_none() {
    for shape in SHAPES {
        for transpose in ALL {
            let [m, n, k] = shape;
            let (left, right) = (integers(1, m * k), integers(2, k * n));
            let expected = expected(shape, transpose, &left, &right);
            assert_eq!(product(shape, transpose, &left, &right), expected, "{shape:?}");
        }
    }
}
