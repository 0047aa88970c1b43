//! Each kernel against its twin: what `src/verify/kernels` checks.

use parity::verify::{Effort, Failure, KERNELS, Trial};

use crate::harness::gpu;

fn check(name: &str) {
    let kernel = KERNELS.iter().find(|kernel| kernel.spec.name == name).expect("it has a row");
    let effort = Effort { seed: 1, cases: 20_000, quick: false };
    let mut trial = Trial::new(gpu(), kernel.spec.name, effort);
    match pollster::block_on(kernel.check(&mut trial)) {
        Ok(()) => println!("{name}: {:#?}", trial.tally),
        Err(Failure::Fault(fault)) => panic!("{fault}"),
        Err(Failure::Error(error)) => panic!("{name}: {error}"),
    }
    assert!(trial.tally.values > 0, "{name}: nothing was compared");
}

macro_rules! tests {
    ($($test:ident: $stem:literal,)*) => {
        $(
            #[test]
            fn $test() {
                check($stem);
            }
        )*

        #[test]
        fn every_kernel_has_its_test() {
            let kernels: Vec<_> = KERNELS.iter().map(|kernel| kernel.spec.name).collect();
            assert_eq!(kernels, [$($stem),*]);
        }
    };
}

tests! {
    bce_grad_matches_its_twin: "bce_grad",
    bce_loss_matches_its_twin: "bce_loss",
    bias_add_matches_its_twin: "bias_add",
    bias_grad_matches_its_twin: "bias_grad",
    matmul_matches_its_twin: "matmul",
    sgd_update_matches_its_twin: "sgd_update",
    sigmoid_matches_its_twin: "sigmoid",
    sigmoid_grad_matches_its_twin: "sigmoid_grad",
    train_invocation_matches_its_twin: "train_invocation",
    train_workgroup_matches_its_twin: "train_workgroup",
    uniform_draw_matches_its_twin: "uniform_draw",
}
