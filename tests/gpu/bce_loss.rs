use parity::cpu::bce_loss::bce_loss as twin;
use parity::gpu::Kernel;
use parity::kernels::bce_loss;

use crate::harness::{Output, assert_within, exact, gpu, input, run, targets, values};

/// Computes the loss as that of step `steps_done`, into a ring of `capacity`.
fn losses(logits: &[f32], targets: &[f32], steps_done: u32, capacity: usize) -> Vec<f32> {
    let out = Output::poisoned(capacity);
    let dispatch = pollster::block_on(async {
        let kernel = Kernel::new(gpu(), &bce_loss::SPEC, &[]).await?;
        let counter = gpu().upload("steps_done", &[steps_done]).await?;
        let tensors = [&input(logits), &input(targets), &counter, &out.tensor];
        bce_loss::dispatch(gpu(), &kernel, tensors).await
    });
    run(&[dispatch.expect("it binds")]);
    out.read()
}

fn check(case: &str, logits: &[f32], targets: &[f32]) {
    let expected = twin(&exact(logits), &exact(targets));
    assert_within(case, &losses(logits, targets, 0, 1), &[expected]);
}

#[test]
fn bce_loss_matches_its_twin_on_ragged_batches() {
    for len in [1, 3, 4, 63, 64, 65, 257, 1757, 70_001] {
        check(&format!("bce_loss [{len}]"), &values(1, len), &targets(2, len));
    }
}

/// A confident answer costs nothing if it is right, and its logit if it is wrong: integers whose
/// sums are exact in any order, so not one row may be lost.
#[test]
fn bce_loss_of_confident_rows_loses_none() {
    for batch_size in [1, 63, 64, 65, 1757, 70_001] {
        let logits: Vec<f32> = (0..batch_size)
            .map(|row| f32::from(u8::try_from(100 + row % 3).expect("small")))
            .collect();
        let targets: Vec<f32> = (0..batch_size).map(|row| f32::from(row % 2 == 0)).collect();
        let wrong = logits.iter().zip(&targets).filter(|(_, target)| **target == 0.0);
        let sum: f64 = wrong.map(|(&logit, _)| f64::from(logit)).sum();
        let found = f64::from(losses(&logits, &targets, 0, 1)[0]) * f64::from(batch_size);
        assert!((found - sum).abs() < 1.0, "{batch_size} rows: {found}, expected {sum}");
    }
}

#[test]
fn bce_loss_stays_right_from_one_saturation_to_the_other() {
    for logit in [0.0, 1e-3, 0.5, 7.0, 15.0, 17.0, 30.0, 80.0, 90.0, 1e4] {
        for (z, t) in [(logit, 0.0), (logit, 1.0), (-logit, 0.0), (-logit, 1.0)] {
            check(&format!("bce_loss of {z} for {t}"), &[z], &[t]);
        }
    }
}

#[test]
fn a_loss_goes_where_its_step_belongs_and_nowhere_else() {
    let [first, second, third] = losses(&[0.5], &[1.0], 7, 3)[..] else {
        panic!("a ring of three");
    };
    assert!(second.is_finite());
    assert!(first.is_nan() && third.is_nan(), "{first}, {third}");
}

#[test]
fn a_logit_that_is_no_number_makes_a_loss_that_is_none() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        for target in [0.0, 1.0] {
            let loss = losses(&[0.5, bad, -0.5], &[1.0, target, 0.0], 0, 1)[0];
            assert!(!loss.is_finite(), "{bad} for {target} gave {loss}");
        }
    }
}
