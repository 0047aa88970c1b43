//! How numbers are written beside ticks.

/// A number as it is written: `text`, and where there is one, the exponent that it is raised to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// `0.25`, `2.5×10` or `10`.
    pub text: String,
    /// Set small and raised after the text.
    pub exponent: Option<i32>,
}

/// `digits` · 10^`exponent`, which is what decimal steps are counted in.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    pub digits: f64,
    pub exponent: i32,
}

impl Decimal {
    /// The nearest `f64`, which sums and powers of ten would miss.
    pub fn value(self) -> f64 {
        let Self { digits, exponent } = self;
        format!("{digits}e{exponent}").parse().expect("it is a number")
    }
}

impl Label {
    /// `value` to three significant digits.
    pub fn rounded(value: f64) -> Self {
        if value == 0.0 {
            return Self::shortest(value);
        }
        let text = format!("{value:.2e}").replace('.', "");
        let (digits, exponent) = text.split_once('e').expect("`e` writes an exponent");
        let digits = digits.parse().expect("without its point it is whole");
        let exponent = exponent.parse::<i32>().expect("an exponent is whole") - 2;
        Self::all(&[Decimal { digits, exponent }]).remove(0)
    }

    /// `value` in as few digits as tell it from its neighbours.
    pub fn shortest(value: f64) -> Self {
        if is_readable(value) {
            return Self { text: value.to_string(), exponent: None };
        }
        let text = format!("{value:e}");
        let (mantissa, exponent) = text.split_once('e').expect("`e` writes an exponent");
        Self { text: format!("{mantissa}×10"), exponent: exponent.parse().ok() }
    }

    /// Numbers of one exponent, written alike: distinct numbers get distinct labels.
    pub fn all(decimals: &[Decimal]) -> Vec<Self> {
        let largest = decimals.iter().map(|decimal| decimal.value().abs()).fold(0.0, f64::max);
        let power = if is_readable(largest) { 0 } else { power_below(largest) };
        let label = |decimal: &Decimal| {
            let shifted = Decimal { exponent: decimal.exponent - power, ..*decimal };
            let places = usize::try_from(-shifted.exponent).unwrap_or(0);
            let text = format!("{:.places$}", shifted.value() + 0.0);
            match power {
                0 => Self { text, exponent: None },
                _ if decimal.digits == 0.0 => Self { text: "0".to_owned(), exponent: None },
                _ => Self { text: format!("{text}×10"), exponent: Some(power) },
            }
        };
        decimals.iter().map(label).collect()
    }

    /// One digit times a power of ten.
    pub fn power(decimal: Decimal, plain: bool) -> Self {
        match (plain, decimal.digits) {
            (true, _) => Self::all(&[decimal]).remove(0),
            (false, 1.0) => Self { text: "10".to_owned(), exponent: Some(decimal.exponent) },
            (false, digits) => {
                Self { text: format!("{digits}×10"), exponent: Some(decimal.exponent) }
            }
        }
    }
}

/// Whether a number is written without a power of ten.
fn is_readable(value: f64) -> bool {
    value == 0.0 || (1e-4..1e6).contains(&value.abs())
}

fn power_of_ten(exponent: i32) -> f64 {
    Decimal { digits: 1.0, exponent }.value()
}

/// ⌊log₁₀ `value`⌋; 0 of 0.
#[expect(clippy::cast_possible_truncation, reason = "exponents of f64 are between -324 and 308")]
pub fn power_below(value: f64) -> i32 {
    if value == 0.0 {
        return 0;
    }
    // The logarithm of a power of ten may come out a little low.
    let guess = value.log10().round() as i32;
    if power_of_ten(guess) <= value { guess } else { guess - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_are_kept() {
        for (value, expected) in [(-1234.0, "-1230"), (0.012_345, "0.0123"), (0.0, "0")] {
            assert_eq!(Label::rounded(value), Label { text: expected.to_owned(), exponent: None });
        }
        let expected = Label { text: "1.00×10".to_owned(), exponent: Some(-7) };
        assert_eq!(Label::rounded(9.999e-8), expected);
    }
}
