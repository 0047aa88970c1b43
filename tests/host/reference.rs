//! The reference against PyTorch.

use parity::cpu::Reference;

use crate::golden;

/// Both are float64 with its 2⁻⁵³; what separates them is the order of their sums, magnified by
/// 10,000 steps.
const RELATIVE: f64 = 1e-9;

fn check(what: &str, found: f64, expected: f64) {
    let deviation = (found - expected).abs() / expected.abs();
    assert!(deviation <= RELATIVE, "{what}: {found}, PyTorch has {expected}: {deviation:e} apart");
}

#[test]
fn the_reference_repeats_pytorch_in_float64() {
    for golden in golden::all() {
        let plan = &golden.plan;
        let mut network = Reference::<f64>::new(&plan.data, plan.rule, &plan.start);
        let losses: Vec<f64> = (0..plan.steps).map(|_| network.step()).collect();
        let expected = &golden.float64;
        let marks = plan.marks().zip(&expected.losses).take(golden.comparable);
        for (step, &expected) in marks {
            let found = losses[usize::try_from(step).expect("it fits")];
            check(&format!("{}, step {step}", golden.name), found, expected);
        }
        if golden.ends_comparable() {
            check(&golden.name, network.forward(), expected.final_loss);
            for (&found, &expected) in network.probabilities().iter().zip(&expected.probabilities) {
                check(&golden.name, found, expected);
            }
        }
    }
}
