//! The faults of a clock.

use std::time::Duration;

use serde::Serialize;

/// The reason why a device's clock is not reliable.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ClockFault {
    /// Nothing was timed, or the period is not a time.
    #[error("there are no timestamps")]
    Absent,
    /// A timestamp was zero.
    #[error("a timestamp was zero")]
    Zero,
    /// A timestamp was smaller than the one before it, as when a counter of 36 bits begins again.
    #[error("timestamps run backwards")]
    Backwards,
    /// A pass took no time at all.
    #[error("a pass took no time")]
    Still,
    /// One step of the clock is more than [`COARSE`](super::COARSE) of what is to be timed.
    #[error("timestamps move in steps of {step_us:.1} µs: too coarse")]
    Coarse {
        /// That step.
        step_us: f64,
    },
    /// A pass took longer than the host waited for it.
    #[error("a pass took longer than the host waited for it")]
    TooLong,
    /// Times are further than [`NONLINEAR`](super::NONLINEAR) from the line of the dispatches.
    #[error(
        "the time of a pass does not follow what is in it: it is off by {:.0} %",
        100.0 * worst_share
    )]
    Nonlinear {
        /// How far at most, relative to the time.
        worst_share: f64,
    },
    /// The host's own times are too noisy to judge by: see [`UNSURE`](super::UNSURE).
    #[error("the host's own times are too noisy to hold timestamps against")]
    Unchecked,
    /// The clocks of device and host differ by more than a factor of [`DISAGREES`](super::DISAGREES).
    #[error("the device's clock runs {ratio:.2} times as fast as the host's")]
    Disagrees {
        /// What a dispatch takes on the device's clock, divided by what it takes on the host's.
        ratio: f64,
    },
}

/// Why an interval cannot be, that comes after the timestamp `last` and within `wall`.
pub(in crate::gpu) fn fault_of(
    last: u64,
    [begin, end]: [u64; 2],
    period_ns: f64,
    wall: Duration,
) -> Option<ClockFault> {
    let elapsed = elapsed([begin, end], period_ns);
    match (begin, end) {
        (0, _) | (_, 0) => Some(ClockFault::Zero),
        _ if begin < last || end < begin => Some(ClockFault::Backwards),
        _ if elapsed.is_zero() => Some(ClockFault::Still),
        _ => (elapsed > wall).then_some(ClockFault::TooLong),
    }
}

/// The time between two timestamps; none if they run backwards.
pub(in crate::gpu) fn elapsed([begin, end]: [u64; 2], period_ns: f64) -> Duration {
    let seconds = nanoseconds(end.saturating_sub(begin), period_ns) * 1e-9;
    Duration::from_secs_f64(seconds.min(1e9))
}

/// The time of a number of ticks.
pub(super) fn nanoseconds(ticks: u64, period_ns: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a time needs no more than 53 bits")]
    let ticks = ticks as f64;
    ticks * period_ns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubt_is_a_sentence_and_a_word() {
        for (doubt, sentence, json) in [
            (ClockFault::Backwards, "timestamps run backwards", r#""backwards""#),
            (
                ClockFault::Coarse { step_us: 65.536 },
                "timestamps move in steps of 65.5 µs: too coarse",
                r#"{"coarse":{"step_us":65.536}}"#,
            ),
            (
                ClockFault::Nonlinear { worst_share: 0.5 },
                "the time of a pass does not follow what is in it: it is off by 50 %",
                r#"{"nonlinear":{"worst_share":0.5}}"#,
            ),
            (
                ClockFault::Disagrees { ratio: 2.0 },
                "the device's clock runs 2.00 times as fast as the host's",
                r#"{"disagrees":{"ratio":2.0}}"#,
            ),
        ] {
            assert_eq!(doubt.to_string(), sentence);
            assert_eq!(serde_json::to_string(&doubt).expect("JSON"), json);
        }
    }
}
