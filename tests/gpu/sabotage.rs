use std::ops::ControlFlow;

use parity::error::Error;
use parity::gpu::Selection;
use parity::verify::Effort;
use parity::verify::sabotage::{Fate, Progress, Sabotage, sabotage};

const EFFORT: Effort = Effort { seed: 48, cases: 1_000, quick: true };

fn run(
    only: Option<&str>,
    observe: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Sabotage, Error> {
    let further = async |_: &_, _: &_, _| Ok(());
    pollster::block_on(sabotage(Selection::default(), EFFORT, only, further, observe))
}

#[test]
fn saboteurs_of_a_kernel_are_caught_by_its_check() {
    let mut last = 0;
    let outcome = run(Some("bias_add"), &mut |progress| {
        last = progress.total - progress.done;
        ControlFlow::Continue(())
    });
    let outcome = outcome.expect("it runs");
    assert_eq!(last, 1, "mutants that were not run");
    for specimen in &outcome.specimens {
        println!("{specimen:?}");
    }
    let fate = |rule: &str| {
        let of_name = outcome.by_hand().find(|specimen| specimen.rule == rule);
        of_name.unwrap_or_else(|| panic!("no {rule}")).fate.clone()
    };
    for name in ["bias forgotten", "bias of the next column", "last row dropped"] {
        assert!(matches!(fate(name), Fate::Caught { quick: true, .. }), "{name}: {:?}", fate(name));
    }
    assert_eq!(outcome.count.stillborn, 0, "{:?}", outcome.count);
    assert!(outcome.count.score() > 0.5, "{:?}", outcome.count);
    println!("{:?}\n{:?}", outcome.count, outcome.by_rule);
}

#[test]
fn an_unknown_kernel_and_a_wish_to_stop_are_errors() {
    let unknown = run(Some("bias"), &mut |_| ControlFlow::Continue(()));
    assert!(matches!(unknown, Err(Error::Usage(_))), "{unknown:?}");
    let stopped = run(Some("bias_add"), &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(Error::Interrupted { step: 0, .. })), "{stopped:?}");
}
