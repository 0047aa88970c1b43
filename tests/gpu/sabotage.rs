use std::cell::Cell;
use std::ops::ControlFlow;

use parity::error::Error;
use parity::gpu::{Gpu, Selection};
use parity::verify::sabotage::{Fate, Progress, Sabotage, sabotage};
use parity::verify::{Effort, Failure, KERNELS, Kernel, Trial};

use crate::harness::open;

fn effort(quick: bool) -> Effort {
    Effort { seed: 48, cases: 1_000, quick }
}

fn run(
    only: &str,
    quick: bool,
    further: impl AsyncFn(&Gpu, &Kernel, Effort) -> Result<(), Failure>,
    observe: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Sabotage, Error> {
    let selection = Selection::default();
    pollster::block_on(sabotage(selection, effort(quick), Some(only), further, observe))
}

#[test]
fn every_saboteur_of_a_kernel_is_caught_by_its_check() {
    let mut left = 0;
    let outcome = run("bias_add", false, async |_, _, _| Ok(()), &mut |progress| {
        left = progress.total - progress.done;
        ControlFlow::Continue(())
    });
    let outcome = outcome.expect("it runs");
    assert_eq!(left, 1, "what is left before the last");
    println!("{:?}\n{:#?}", outcome.count, outcome.by_rule);
    let survivors: Vec<_> = outcome.survivors().collect();
    assert!(outcome.is_proof(), "{survivors:#?}, {:?}", outcome.list_faults);
    assert_eq!(outcome.count.stillborn, 0, "{:?}", outcome.count);
    assert!(outcome.count.killed >= 20, "{:?}", outcome.count);
    let tail = outcome.by_hand().find(|specimen| specimen.rule == "unguarded tail write");
    let Some(Fate::Caught { fault, quick: true }) = tail.map(|specimen| &specimen.fate) else {
        panic!("{tail:?}");
    };
    assert!(fault.tensor.contains("behind"), "{fault:?}");
}

/// What computes the same comes to `further`, which here breaks the device, or says it was refused.
#[test]
fn a_device_that_a_mutant_breaks_is_opened_again() {
    let calls = Cell::new(0);
    let further = async |gpu: &Gpu, _: &Kernel, _| {
        calls.set(calls.get() + 1);
        // The first is the kernel as it is.
        match calls.get() {
            1 => return Ok(()),
            2 => {}
            _ => gpu.destroy(),
        }
        Err(Failure::Error(Error::Gpu("this test says so".into())))
    };
    let outcome = run("bias_grad", true, further, &mut |_| ControlFlow::Continue(()));
    let outcome = outcome.expect("it goes on");
    let count = |is: fn(&Fate) -> bool| outcome.specimens.iter().filter(|s| is(&s.fate)).count();
    assert!(calls.get() >= 4, "{} calls", calls.get());
    assert_eq!(count(|fate| matches!(fate, Fate::Stillborn { .. })), 1);
    assert_eq!(count(|fate| matches!(fate, Fate::Failed { .. })), calls.get() - 2);
    assert_eq!(outcome.count.survived, 0);
}

#[test]
fn a_text_that_is_no_wgsl_is_refused_and_the_device_goes_on() {
    let mut gpu = open();
    let kernel = KERNELS.iter().find(|kernel| kernel.spec.name == "bias_add").expect("it is there");
    gpu.substitute("bias_add", "fn main(".into());
    let check = async |gpu: &Gpu| {
        let mut trial = Trial::new(gpu, "bias_add", effort(true));
        kernel.check(&mut trial).await
    };
    let refused = pollster::block_on(check(&gpu));
    assert!(matches!(refused, Err(Failure::Error(Error::Gpu(_)))), "{refused:?}");
    gpu.restore();
    pollster::block_on(check(&gpu)).expect("it is as it was");
}

#[test]
fn an_unknown_kernel_is_an_error_and_what_is_broken_off_no_proof() {
    let unknown = run("bias", true, async |_, _, _| Ok(()), &mut |_| ControlFlow::Continue(()));
    assert!(matches!(unknown, Err(Error::Usage(_))), "{unknown:?}");
    let stopped = run("bias_add", true, async |_, _, _| Ok(()), &mut |_| ControlFlow::Break(()));
    let stopped = stopped.expect("it ends");
    assert!(stopped.interrupted && stopped.specimens.is_empty() && !stopped.is_proof());
}
