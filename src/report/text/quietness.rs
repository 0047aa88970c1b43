//! The lines that say whether a bench had the machine for itself.

use super::{duration, significant};
use crate::bench::{QUIET, Quietness};

/// None where nothing is known.
pub(super) fn quietness_lines(quietness: &Quietness) -> String {
    let word = match quietness.is_quiet() {
        None => return String::new(),
        Some(true) => "quiet",
        Some(false) => "NOT QUIET",
    };
    let known = quietness.slowdown().zip(quietness.canary_us.zip(quietness.best_canary_us));
    let canary = known.map(|(slowdown, (now, best))| {
        let how = match slowdown {
            ..=1.0 => {
                return format!("no run was faster on this machine (canary {})", duration(now));
            }
            ..=QUIET => "this run is as fast as this machine was".into(),
            _ => format!("this run is {}× slower than this machine was", significant(slowdown)),
        };
        format!("{how} (canary {}, best {})", duration(now), duration(best))
    });
    let load = quietness.load.map(|load| {
        let [others, stolen] = [load.others, load.stolen].map(|share| 100.0 * share);
        format!(
            "other processes had {others:.0} % of the processor's time, {stolen:.0} % was stolen"
        )
    });
    let parts: Vec<_> = canary.into_iter().chain(load).collect();
    format!("machine: {word}: {}\n", parts.join(";\n         "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Load;

    #[test]
    fn a_run_beside_a_constant_neighbour_says_that_it_is_not_quiet() {
        let quiet = Quietness {
            canary_us: Some(2_030.0),
            best_canary_us: Some(2_000.0),
            launch_us: Some(20.0),
            load: Some(Load { others: 0.012, stolen: 0.004 }),
        };
        let expected = "machine: quiet: this run is as fast as this machine was (canary \
                        2.03 ms, best 2.00 ms);\n         other processes had 1 % of the \
                        processor's time, 0 % was stolen\n";
        assert_eq!(quietness_lines(&quiet), expected);
        let first = Quietness { best_canary_us: quiet.canary_us, load: None, ..quiet };
        let expected = "machine: quiet: no run was faster on this machine (canary 2.03 ms)\n";
        assert_eq!(quietness_lines(&first), expected);
        let beside = Quietness { canary_us: Some(3_240.0), ..quiet };
        let text = quietness_lines(&beside);
        assert!(
            text.starts_with("machine: NOT QUIET: this run is 1.62× slower than this machine was")
        );
        let loaded =
            Quietness { load: Some(Load { others: 0.5, stolen: 0.0 }), ..Quietness::default() };
        let expected = "machine: NOT QUIET: other processes had 50 % of the processor's time, 0 % was stolen\n";
        assert_eq!(quietness_lines(&loaded), expected);
        assert_eq!(quietness_lines(&Quietness::default()), "");
        for line in [quiet, beside, loaded].map(|one| quietness_lines(&one)).concat().lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}
