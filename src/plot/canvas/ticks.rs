//! The places and labels of the ticks of an axis.

use super::label::{Decimal, Label, power_below};
use super::{AxisScale, PlotAxis};

/// Largest number of labels on an axis that is still easy to read.
const MOST_LABELS: usize = 9;

/// What powers of ten are multiplied by between one and the next.
const DIGITS: [f64; 9] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];

/// A mark on an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// How far along the axis, from 0 to 1.
    pub fraction: f64,
    /// `None` for a minor tick.
    pub label: Option<Label>,
}

impl PlotAxis {
    /// Ticks of an axis that is `length` pixels long, labels at least `gap` apart, where `extent`
    /// is the length that a label takes along it.
    pub fn ticks(&self, length: i32, gap: i32, extent: impl Fn(&Label) -> i32) -> Vec<Tick> {
        if self.low == self.high {
            return vec![Tick { fraction: 0.5, label: Some(Label::shortest(self.low)) }];
        }
        let candidates = self.candidates();
        let fits = |ticks: &[Tick], gap: i32| {
            let place = |tick: &Tick| {
                let label = tick.label.as_ref().expect("a candidate has only labels");
                (tick.fraction * f64::from(length), f64::from(extent(label)))
            };
            let pairs = ticks.windows(2).map(|pair| [place(&pair[0]), place(&pair[1])]);
            pairs.into_iter().all(|[(at, size), (next, next_size)]| {
                next - at >= f64::midpoint(size, next_size) + f64::from(gap)
            })
        };
        // Two labels close together say more than one alone.
        let gaps = [gap, gap / 4];
        let chosen = gaps
            .iter()
            .find_map(|&gap| candidates.iter().find(|ticks| ticks.len() >= 2 && fits(ticks, gap)));
        let mut ticks = chosen.cloned().unwrap_or_else(|| {
            let middle = candidates.first().and_then(|ticks| ticks.get(ticks.len() / 2));
            middle.cloned().into_iter().collect()
        });
        ticks.extend(self.minor(length / gap.max(1)));
        ticks
    }

    /// Possible sets of labelled ticks, the densest first.
    fn candidates(&self) -> Vec<Vec<Tick>> {
        let ratio = if self.scale == AxisScale::Log { self.high / self.low } else { 1.0 };
        let mut sets = vec![];
        if ratio >= 3.0 {
            if ratio < 10.0 {
                sets.push(self.powers(&DIGITS, 1));
                sets.push(self.powers(&[1.0, 2.0, 3.0, 5.0], 1));
            }
            if ratio < 1e3 {
                sets.push(self.powers(&[1.0, 2.0, 5.0], 1));
            }
            let steps = [1, 2, 3, 5, 10, 20, 50, 100];
            sets.extend(steps.map(|every| self.powers(&[1.0], every)));
        }
        if ratio < 10.0 {
            let power = power_below(self.high - self.low);
            for exponent in [power - 1, power] {
                sets.extend([1.0, 2.0, 5.0].map(|step| self.multiples(step, exponent)));
            }
        }
        sets.retain(|ticks| (1..=MOST_LABELS).contains(&ticks.len()));
        sets
    }

    /// Ticks at all multiples of `step` · 10^`exponent`.
    fn multiples(&self, step: f64, exponent: i32) -> Vec<Tick> {
        /// What rounding may move an end by, in steps: far less than a pixel.
        const SLACK: f64 = 1e-5;
        let unit = Decimal { digits: step, exponent }.value();
        // Below the smallest number.
        if unit == 0.0 {
            return vec![];
        }
        let first = (self.low / unit - SLACK).ceil();
        let last = (self.high / unit + SLACK).floor();
        let counts = std::iter::successors(Some(first), |count| Some(count + 1.0));
        let counts = counts.take(MOST_LABELS + 1).take_while(|&count| count <= last);
        let decimals: Vec<_> =
            counts.map(|count| Decimal { digits: count * step, exponent }).collect();
        let labels = Label::all(&decimals);
        let ticks = decimals.iter().zip(labels);
        ticks
            .map(|(decimal, label)| Tick {
                fraction: self.fraction(decimal.value()),
                label: Some(label),
            })
            .collect()
    }

    /// Ticks at `digits` times each power of ten whose exponent is a multiple of `every`.
    fn powers(&self, digits: &[f64], every: i32) -> Vec<Tick> {
        let decimals: Vec<_> = self.decimals(digits, every).collect();
        let plain = decimals.iter().all(|decimal| (1e-3..1e4).contains(&decimal.value()));
        // Over many decades the exponents are what is compared.
        let plain = plain && self.high / self.low < 1e3;
        let tick = |decimal: Decimal| Tick {
            fraction: self.fraction(decimal.value()),
            label: Some(Label::power(decimal, plain)),
        };
        decimals.into_iter().map(tick).collect()
    }

    /// The same numbers, ascending.
    fn decimals(&self, digits: &[f64], every: i32) -> impl Iterator<Item = Decimal> {
        let exponents = power_below(self.low)..=power_below(self.high);
        let exponents = exponents.filter(move |exponent| exponent.rem_euclid(every) == 0);
        exponents
            .flat_map(|exponent| digits.iter().map(move |&digits| Decimal { digits, exponent }))
            .filter(|decimal| (self.low..=self.high).contains(&decimal.value()))
    }

    /// Ticks without labels, where there is room for `most` labels: 1 to 9 times each power of
    /// ten; only the powers, or nothing, where those would be too dense.
    fn minor(&self, most: i32) -> Vec<Tick> {
        if self.scale == AxisScale::Linear || self.high / self.low < 3.0 {
            return vec![];
        }
        let decades = (self.high / self.low).log10();
        let most = f64::from(most);
        let digits = match decades {
            _ if decades * 2.0 <= most => &DIGITS[..],
            _ if decades <= most * 4.0 => &DIGITS[..1],
            _ => return vec![],
        };
        let tick =
            |decimal: Decimal| Tick { fraction: self.fraction(decimal.value()), label: None };
        self.decimals(digits, 1).map(tick).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(low: f64, high: f64, scale: AxisScale) -> PlotAxis {
        PlotAxis { label: "x".to_owned(), low, high, scale }
    }

    /// The labels of an axis of 512 pixels, as `2×10^-5`, and where they stand.
    fn labels(low: f64, high: f64, scale: AxisScale) -> Vec<(String, f64)> {
        let ticks = axis(low, high, scale)
            .ticks(512, 24, |label| i32::try_from(label.text.len()).expect("short") * 7);
        let written = |label: Label| match label.exponent {
            Some(exponent) => format!("{}^{exponent}", label.text),
            None => label.text,
        };
        let ticks = ticks.into_iter();
        ticks.filter_map(|tick| Some((written(tick.label?), tick.fraction))).collect()
    }

    fn texts(low: f64, high: f64, scale: AxisScale) -> Vec<String> {
        labels(low, high, scale).into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn ticks_of_a_linear_axis_are_round() {
        let expected = ["-1.0", "-0.5", "0.0", "0.5", "1.0"];
        assert_eq!(texts(-1.0, 1.0, AxisScale::Linear), expected);
        assert_eq!(texts(0.1, 0.3, AxisScale::Linear), ["0.10", "0.15", "0.20", "0.25", "0.30"]);
        let expected = ["0", "2×10^-7", "4×10^-7", "6×10^-7", "8×10^-7"];
        assert_eq!(texts(0.0, 9e-7, AxisScale::Linear), expected);
    }

    #[test]
    fn ticks_of_a_log_axis_are_powers_of_ten() {
        let expected = ["10^-3", "10^-2", "10^-1", "10^0", "10^1"];
        assert_eq!(texts(1e-3, 1e1, AxisScale::Log), expected);
        assert_eq!(texts(0.5, 6.0, AxisScale::Log), ["0.5", "1", "2", "5"]);
        assert_eq!(texts(1.0, 9.9, AxisScale::Log), ["1", "2", "3", "5"]);
        assert_eq!(
            texts(1e-300, 1e300, AxisScale::Log),
            ["10^-300", "10^-200", "10^-100", "10^0", "10^100", "10^200", "10^300"]
        );
    }

    #[test]
    fn ticks_are_inside_in_order_and_where_their_number_is() {
        for (low, high, scale) in [
            (-3.7, 12.9, AxisScale::Linear),
            (1e-30, 3e-30, AxisScale::Linear),
            (0.1, 100.0, AxisScale::Log),
            (2.1, 8.9, AxisScale::Log),
            (5.0, 5.5, AxisScale::Log),
        ] {
            let labels = labels(low, high, scale);
            assert!(labels.len() >= 2, "{low}..{high}: {labels:?}");
            assert!(labels.is_sorted_by(|a, b| a.1 < b.1), "{labels:?}");
            for (text, fraction) in labels {
                let digits = text.replace("×10^", "e").replace("10^", "1e");
                let value: f64 = digits.parse().expect("a number");
                let expected = match scale {
                    AxisScale::Linear => (value - low) / (high - low),
                    AxisScale::Log => (value / low).ln() / (high / low).ln(),
                };
                assert!((fraction - expected).abs() < 1e-9, "{text} in {low}..{high}");
                assert!((0.0..=1.0).contains(&fraction), "{text} in {low}..{high}");
            }
        }
    }

    #[test]
    fn labels_of_a_deep_zoom_are_distinct() {
        for scale in [AxisScale::Linear, AxisScale::Log] {
            for centre in [12.345_678_9, 3.3e-7, 9.99e8] {
                for width in [1e-3, 1e-6, 1e-9, 3e-12, 1e-15] {
                    let mut found = texts(centre, centre * (1.0 + width), scale);
                    let count = found.len();
                    found.dedup();
                    assert_eq!(found.len(), count, "{centre} {width}: {found:?}");
                    assert!(width < 1e-14 || count >= 2, "{centre} {width}: {found:?}");
                }
            }
        }
    }

    #[test]
    fn an_axis_of_one_value_has_one_tick() {
        assert_eq!(labels(0.25, 0.25, AxisScale::Log), [("0.25".to_owned(), 0.5)]);
        assert_eq!(labels(0.0, 0.0, AxisScale::Linear), [("0".to_owned(), 0.5)]);
        assert_eq!(labels(1.5e-9, 1.5e-9, AxisScale::Log), [("1.5×10^-9".to_owned(), 0.5)]);
    }
}
