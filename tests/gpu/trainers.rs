//! Whole runs.

use crate::golden::{self, Golden};
use crate::harness::{gpu, train};

/// How far from PyTorch's float64 a loss may be at every mark, relative.
const RELATIVE: f64 = 1e-4;

/// Deviations below this need no comparison with PyTorch's own.
const FLOOR: f64 = 1e-6;

fn worst(found: impl Iterator<Item = f64>, golden: &Golden) -> f64 {
    let pairs = found.zip(&golden.float64.losses).take(golden.comparable);
    pairs.map(|(found, truth)| (found - truth).abs()).fold(0.0, f64::max)
}

#[test]
fn runs_stay_as_close_to_the_truth_as_pytorch_float32() {
    for golden in golden::all() {
        let outcome = train(gpu(), &golden.plan).expect("a run");
        let losses = || outcome.losses.iter().map(|&loss| f64::from(loss));
        assert_eq!(losses().count(), golden.float64.losses.len());
        let pairs = losses().zip(&golden.float64.losses).take(golden.comparable);
        for (mark, (found, truth)) in pairs.enumerate() {
            let deviation = (found - truth).abs() / truth;
            assert!(deviation <= RELATIVE, "{}, mark {mark}: {found}, not {truth}", golden.name);
        }
        let own = worst(losses(), &golden);
        let pytorch = worst(golden.float32.losses.iter().copied(), &golden);
        println!("{}: worst deviation {own:.1e}, PyTorch float32's {pytorch:.1e}", golden.name);
        let most = (2.0 * pytorch).max(FLOOR);
        assert!(own <= most, "{}: {own:e} from the truth, expected {most:e}", golden.name);
    }
}
