//! Wrong products of sizes between those of tests and those of benchmarks are noticed.

use parity::gpu::KernelSpec;
use parity::kernels::{bias_grad, matmul, matmul_register};
use parity::verify::{Effort, Failure, Fault, KERNELS, Trial};
use pollster::block_on;

use crate::harness::open;

/// What the check of a kernel finds if `wrong` is in the place of `right`.
fn fault(spec: &'static KernelSpec, right: &str, wrong: &str, quick: bool) -> Fault {
    let mut gpu = open();
    assert_eq!(spec.source().matches(right).count(), 1, "{}: {right}", spec.name);
    gpu.substitute(spec.name, spec.source().replace(right, wrong));
    let kernel = KERNELS.iter().find(|kernel| kernel.spec.name == spec.name).expect("a row");
    let effort = Effort { seed: 48, cases: 1, quick, thorough: false };
    let mut trial = Trial::new(&gpu, spec.name, effort);
    match block_on(kernel.check(&mut trial)) {
        Err(Failure::Fault(fault)) => *fault,
        other => panic!("{}, {wrong}: {other:?}", spec.name),
    }
}

/// Those of the ladder that software adapters are quick with.
const SHADERS: [&KernelSpec; 2] = [&matmul::SPEC, &matmul_register::SPEC];

const STORED: &str = "out[index] = finish(product, index, column);";

/// One per cent off under a condition.
fn off(condition: &str) -> String {
    format!("{} * select(1.0, 1.01, {condition});", &STORED[..STORED.len() - 1])
}

#[test]
fn rows_and_columns_beyond_384_are_looked_at() {
    for spec in SHADERS {
        let fault = fault(spec, STORED, &off("row >= 384u && column >= 384u"), false);
        assert!(fault.case.contains("[397, "), "{fault}");
    }
}

#[test]
fn sums_of_thousands_of_products_are_looked_at() {
    for spec in SHADERS {
        let fault = fault(spec, STORED, &off("params.k > 2000u && params.k < 60000u"), false);
        assert!(fault.case.contains("2051"), "{fault}");
    }
}

/// One term of a long sum, wherever the seed has zeros.
#[test]
fn no_term_of_a_sum_is_lost_or_added_twice() {
    for factor in ["0.0", "2.0"] {
        for number in [1_000, 1_004, 1_752] {
            let (right, at) =
                ("sum += term(row, column, 4u * round);", format!("round == {number}u / 4u"));
            let wrong =
                format!("sum += term(row, column, 4u * round) * select(1.0, {factor}, {at});");
            let fault = fault(&matmul::SPEC, right, &wrong, true);
            assert!(fault.case.contains("integers"), "{fault}");
        }
        for number in [1_000, 1_001, 1_756] {
            let right = "sum += d_pre_activations[row * params.output_size + column];";
            let at = format!("row == {number}u");
            let wrong = right.replace("];", &format!("] * select(1.0, {factor}, {at});"));
            let fault = fault(&bias_grad::SPEC, right, &wrong, true);
            assert!(fault.case.contains("integers"), "{fault}");
        }
    }
}
