//! Numbers, rates, shares and times as all texts write them.

/// Whether decimals show it with few zeros.
fn is_readable(value: f64) -> bool {
    value == 0.0 || (1e-4..1e6).contains(&value.abs())
}

/// As it was written.
pub(super) fn plain(value: f64) -> String {
    if is_readable(value) { value.to_string() } else { format!("{value:e}") }
}

/// A rate of something as small as a step of one network.
pub(super) fn rate(per_s: f64) -> String {
    format!("{per_s:.2e}")
}

/// A number with `decimals` decimals, or as a power of ten if those would be too many or too few.
pub(super) fn number(value: f64, decimals: usize) -> String {
    if is_readable(value) { format!("{value:.decimals$}") } else { format!("{value:.5e}") }
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// Half of an interval as a share of its median; nothing of a single sample, which has no interval.
pub(super) fn percent_of_median(share: f64) -> String {
    if share.is_finite() { percent(share) } else { String::new() }
}

/// With three digits, and a unit.
pub(in crate::report) fn duration(us: f64) -> String {
    match us {
        ..1e3 => format!("{} µs", significant(us)),
        ..1e6 => format!("{} ms", significant(us * 1e-3)),
        _ => format!("{} s", significant(us * 1e-6)),
    }
}

/// With three digits, unless there are more before the point, or many zeros behind it.
pub(in crate::report) fn significant(value: f64) -> String {
    match value {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        0.1.. => format!("{value:.2}"),
        1e-3.. => format!("{value:.4}"),
        _ => format!("{value:.1e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_a_unit() {
        let times = [0.5, 74.26, 843.4, 999.0, 1_000.0, 21_940.0, 4.7e6, 1e9].map(duration);
        let expected =
            ["0.50 µs", "74.3 µs", "843 µs", "999 µs", "1.00 ms", "21.9 ms", "4.70 s", "1000 s"];
        assert_eq!(times, expected);
    }

    #[test]
    fn small_ratios_are_not_rounded_to_nothing() {
        assert_eq!([1.0, 0.0021, 0.000_04].map(significant), ["1.00", "0.0021", "4.0e-5"]);
    }
}
