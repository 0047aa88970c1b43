//! The reference against PyTorch.

use parity::cpu::Reference;
use parity::scalar::Scalar;

use crate::golden::{self, Golden};

/// Both are float64 with its 2⁻⁵³; what separates them is the order of their sums, magnified by
/// 10,000 steps.
const RELATIVE: f64 = 1e-9;

fn check(what: &str, found: f64, expected: f64) {
    let deviation = (found - expected).abs() / expected.abs();
    assert!(deviation <= RELATIVE, "{what}: {found}, PyTorch has {expected}: {deviation:e} apart");
}

/// The loss before each update at a mark, and the network after the last.
fn run<S: Scalar>(golden: &Golden) -> (Vec<f64>, Reference<S>) {
    let plan = &golden.plan;
    let mut network = Reference::<S>::new(&plan.data, plan.rule, &plan.start);
    let losses: Vec<f64> = (0..plan.steps).map(|_| network.step().to_f64()).collect();
    let at = |mark| losses[usize::try_from(mark).expect("it fits")];
    (plan.marks().map(at).collect(), network)
}

#[test]
fn the_reference_stays_as_close_to_the_truth_as_pytorch_float32() {
    for golden in golden::all() {
        golden.assert_close(&run::<f32>(&golden).0);
    }
}

#[test]
fn the_reference_repeats_pytorch_in_float64() {
    for golden in golden::all() {
        let (losses, mut network) = run::<f64>(&golden);
        let expected = &golden.float64;
        let marks = losses.iter().zip(&expected.losses).take(golden.comparable);
        for (mark, (&found, &expected)) in marks.enumerate() {
            check(&format!("{}, mark {mark}", golden.name), found, expected);
        }
        if golden.ends_comparable() {
            check(&golden.name, network.forward(), expected.final_loss);
            for (&found, &expected) in network.probabilities().iter().zip(&expected.probabilities) {
                check(&golden.name, found, expected);
            }
        }
    }
}
