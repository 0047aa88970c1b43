//! What an adapter's figures mean for training, in sentences that JSON has as well as text.

use indicatif::HumanCount;

use crate::gpu::clock::ClockFault;
use crate::verify::{Fingerprint, Habit, Loops, Timestamps};

/// What the figures mean for training, a sentence or two each.
pub(in crate::report) fn findings(fingerprint: &Fingerprint) -> Vec<String> {
    vec![
        loops(fingerprint.loops),
        beyond_table(fingerprint),
        contraction(fingerprint.fused),
        direction(fingerprint.nearest),
        subnormals(fingerprint.operands_flushed, fingerprint.results_flushed),
        nan(fingerprint.nan_differs),
        clock(&fingerprint.timestamps),
    ]
}

fn loops(Loops { asked, single, nested }: Loops) -> String {
    let [asked, single, nested] = [asked, single, nested].map(|n| HumanCount(n.into()).to_string());
    if asked == "0" {
        return "How many iterations loops run for is not known.".into();
    }
    if asked == single && asked == nested {
        return format!("Loops run for {asked} iterations at least: none was cut short.");
    }
    format!(
        "Loops end early, without an error: of {asked} iterations, a single loop made {single}, \
         nested loops {nested}. Runs are cut into dispatches, and their steps counted."
    )
}

/// The table is WGSL's; what the bounds of all kernels grant is twice that for `exp` and `log`.
fn beyond_table(fingerprint: &Fingerprint) -> String {
    let log = fingerprint.log.share.max(fingerprint.log_middle.share);
    let Fingerprint { exp, log: of_log, log_middle, division, .. } = fingerprint;
    if [exp, of_log, log_middle, division].iter().any(|accuracy| accuracy.cases == 0) {
        return "How accurate exp, log and division are is not known.".into();
    }
    let shares = [("exp", exp.share), ("log", log), ("a / b", division.share)];
    let beyond = shares.iter().filter(|(_, share)| *share > 1.0);
    let named: Vec<_> = beyond.map(|(name, share)| format!("{name} {share:.2} times")).collect();
    if named.is_empty() {
        return "exp, log and division are as accurate as WGSL asks.".into();
    }
    format!(
        "Less accurate than WGSL asks: {} what its table allows. Bounds grant twice for exp and log.",
        named.join(", ")
    )
}

fn contraction(fused: Habit) -> String {
    let Habit { yes, no } = fused;
    match fused.word() {
        "yes" => {
            "a * b + c is rounded once: a device that rounds twice trains to other bits.".into()
        }
        "no" => {
            "a * b + c is rounded twice: a device that rounds once trains to other bits.".into()
        }
        _ => format!(
            "a * b + c is rounded once in {yes} cases and twice in {no}: one formula may have two \
             results."
        ),
    }
}

fn direction(nearest: Habit) -> String {
    let Habit { yes, no } = nearest;
    match nearest.word() {
        "yes" => "a * b and a + b are rounded to the nearest number.".into(),
        _ => format!(
            "a * b and a + b are not always rounded to the nearest number ({no} of {} were not), \
             which WGSL allows: errors add up faster, and bounds grant it.",
            yes + no
        ),
    }
}

fn subnormals(operands: Habit, results: Habit) -> String {
    match (operands.word(), results.word()) {
        ("no", "no") => "Numbers below 2^-126 are kept.".into(),
        ("yes", "yes") => {
            "Numbers below 2^-126 count as zero: smaller gradients change nothing.".into()
        }
        (operands, results) => format!(
            "Numbers below 2^-126 count as zero in operands: {operands}; in results: {results}."
        ),
    }
}

fn nan(differs: Habit) -> String {
    match differs.word() {
        "yes" => "x != x finds a NaN; kernels look at its bits all the same.".into(),
        _ => "x != x does not find every NaN: kernels look at its bits.".into(),
    }
}

fn clock(timestamps: &Timestamps) -> String {
    let Timestamps { period_ns, doubt, fit } = timestamps;
    let (Some(period_ns), None, Some(fit)) = (period_ns, doubt, fit) else {
        return format!("Times are the host's: {}.", doubt.unwrap_or(ClockFault::Absent));
    };
    format!(
        "Timestamps can be believed: a tick is {period_ns} ns, and passes of 1 to 32 dispatches \
         take {:.1} µs + {:.1} µs a dispatch, within {:.0} %.",
        fit.pass_us,
        fit.dispatch_us,
        100.0 * fit.worst_share
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_habit_that_is_mixed_is_said_to_be() {
        let mixed = Habit { yes: 3, no: 4 };
        assert!(contraction(mixed).contains("once in 3 cases and twice in 4"));
        assert!(
            subnormals(mixed, Habit { yes: 0, no: 1 }).contains("operands: mixed; in results: no")
        );
        assert!(nan(mixed).contains("not find every NaN"));
    }

    #[test]
    fn only_loops_that_make_all_iterations_are_said_to_be_whole() {
        let of = |single, nested| loops(Loops { asked: 131_072, single, nested });
        assert!(of(131_072, 131_072).contains("none was cut short"));
        for cut in [of(65_535, 131_072), of(131_072, 65_535)] {
            assert!(cut.contains("65,535") && cut.contains("end early"), "{cut}");
        }
    }

    #[test]
    fn a_clock_that_is_doubted_gives_no_times() {
        let timestamps = Timestamps {
            period_ns: Some(1.0),
            doubt: Some(ClockFault::Backwards),
            ..Timestamps::default()
        };
        assert!(clock(&timestamps).contains("timestamps run backwards"));
        assert!(clock(&Timestamps::default()).contains("there are no timestamps"));
    }
}
