//! A curve in characters.

use std::fmt::Write;

/// Columns of a curve.
const WIDTH: usize = 60;

/// Rows of a curve.
const HEIGHT: usize = 6;

/// Blocks that fill eighths of a row.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Values over their places, from 0 at the bottom to the largest at the top; the places grow. Empty
/// where there are fewer than two columns of values, or where none is larger than 0.
pub(super) fn curve(points: &[(u64, f64)], unit: &str) -> String {
    let points: Vec<_> = points.iter().filter(|(_, value)| value.is_finite()).collect();
    let largest = points.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let (Some((first, _)), Some((last, _))) = (points.first(), points.last()) else {
        return String::new();
    };
    if first == last || largest <= 0.0 {
        return String::new();
    }
    // At the middle of a column, between the points around it.
    let value = |column: usize| {
        let middle = middle_of(*first, *last, column);
        let behind = points.partition_point(|(place, _)| as_f64(*place) < middle);
        let (&(from, low), &(to, high)) = (points[behind.max(1) - 1], points[behind.max(1)]);
        low + (high - low) * (middle - as_f64(from)) / as_f64(to - from)
    };
    let bars: Vec<usize> = (0..WIDTH).map(|column| eighths(value(column) / largest)).collect();
    let mut text = String::new();
    for row in (0..HEIGHT).rev() {
        let label = if row + 1 == HEIGHT { format!("{largest:.3}") } else { String::new() };
        let bar: String =
            bars.iter().map(|&bar| EIGHTHS[bar.saturating_sub(8 * row).min(8)]).collect();
        let _ = writeln!(text, "  {label:>7} ┤{}", bar.trim_end());
    }
    let last = indicatif::HumanCount(*last).to_string();
    let width = WIDTH - 1;
    text + &format!("  {:>7} └{first}{:>width$}\n", 0, format!("{last} {unit}"))
}

#[expect(clippy::cast_precision_loss, reason = "a drawing of places")]
fn as_f64(place: u64) -> f64 {
    place as f64
}

/// The place of a column's middle.
fn middle_of(first: u64, last: u64, column: usize) -> f64 {
    let share = as_f64(2 * column as u64 + 1) / as_f64(2 * WIDTH as u64);
    as_f64(first) + as_f64(last - first) * share
}

/// The height of a bar in eighths of a row: what is more than nothing is seen.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a share of a few dozen"
)]
fn eighths(share: f64) -> usize {
    let all = 8 * HEIGHT;
    let height = (share * all as f64).round() as usize;
    if share > 0.0 { height.clamp(1, all) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_falls_evenly_is_a_triangle() {
        let points: Vec<_> =
            (0_u32..=60).map(|place| (place.into(), 60.0 - f64::from(place))).collect();
        let text = curve(&points, "steps");
        let bars = |line: &str| line.matches(|c| EIGHTHS[1..].contains(&c)).count();
        let rows: Vec<_> = text.lines().map(bars).collect();
        assert_eq!(rows, [9, 19, 29, 39, 49, 60, 0], "{text}");
        assert!(text.contains("60.000 ┤█") && text.ends_with("60 steps\n"), "{text}");
    }

    #[test]
    fn nothing_is_drawn_of_what_is_no_curve() {
        for points in [&[][..], &[(0, 1.0)], &[(0, 0.0), (1, 0.0)], &[(0, f64::NAN), (5, 1.0)]] {
            assert_eq!(curve(points, "steps"), "");
        }
    }

    #[test]
    fn two_values_fill_all_columns() {
        let text = curve(&[(0, 1.0), (10_000, 0.5)], "steps");
        let full: Vec<_> = text.lines().map(|line| line.matches('█').count()).collect();
        assert_eq!(full[3..], [60, 60, 60, 0], "{text}");
        assert!(full[0] > 0 && full[0] < full[1] && full[1] < full[2], "{text}");
    }
}
