//! Each kernel against its twin: what `src/verify/kernels` checks.

use parity::verify::{Effort, Failure, KERNELS, Trial};

use crate::harness::gpu;

#[test]
fn every_kernel_matches_its_twin() {
    let effort = Effort { seed: 1, cases: 20_000, quick: false, thorough: false };
    for kernel in KERNELS.iter().filter(|kernel| gpu().can_run(kernel.spec)) {
        let name = kernel.spec.name;
        let mut trial = Trial::new(gpu(), name, effort);
        match pollster::block_on(kernel.check(&mut trial)) {
            Ok(()) => println!("{name}: {:#?}", trial.tally),
            Err(Failure::Fault(fault)) => panic!("{fault}"),
            Err(Failure::Error(error)) => panic!("{name}: {error}"),
        }
        assert!(trial.unchecked.is_empty(), "{name}: {:?}", trial.unchecked);
        assert!(trial.tally.values > 0, "{name}: nothing was compared");
    }
}
