//! The reference against PyTorch.

use std::ops::ControlFlow;

use parity::train::reference;

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
        let run = reference::<f64>(&golden.plan, &|| ControlFlow::Continue(())).expect("a run");
        assert_eq!(run.losses.len(), golden.float64.losses.len());
        let pairs = run.losses.iter().zip(&golden.float64.losses).take(golden.comparable);
        for (mark, (&found, &expected)) in pairs.enumerate() {
            check(&format!("{}, mark {mark}", golden.name), found, expected);
        }
        if golden.ends_comparable() {
            check(&golden.name, run.final_loss, golden.float64.final_loss);
            for (&found, &expected) in run.probabilities.iter().zip(&golden.float64.probabilities) {
                check(&golden.name, found, expected);
            }
        }
    }
}

#[test]
fn f32_probe() {
    for golden in golden::all() {
        let run = reference::<f32>(&golden.plan, &|| ControlFlow::Continue(())).expect("a run");
        let w = |l: &[f64]| l.iter().zip(&golden.float64.losses).take(golden.comparable).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        println!("{}: f32 twin {:.1e} torch {:.1e}", golden.name, w(&run.losses), w(&golden.float32.losses));
    }
}
