//! Whole numbers as people write them: `10000`, `10,000`, `10_000`, `1e4`.

/// The number, if it is one: digits, which may stand in groups of three that commas or underscores
/// separate, or a decimal number with an exponent that leaves no fraction.
#[must_use]
pub fn parse_count(text: &str) -> Option<u64> {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return grouped(text) };
    let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
    let exponent: usize = usize::try_from(digits(exponent)?).ok()?;
    let Some((whole, fraction)) = mantissa.split_once('.') else {
        return shifted(digits(mantissa)?, exponent);
    };
    digits(fraction)?;
    let fraction = fraction.trim_end_matches('0');
    shifted(digits(&[whole, fraction].concat())?, exponent.checked_sub(fraction.len())?)
}

/// A number times a power of ten.
fn shifted(number: u64, exponent: usize) -> Option<u64> {
    let factor = 10_u64.checked_pow(u32::try_from(exponent).ok()?);
    if number == 0 { Some(0) } else { number.checked_mul(factor?) }
}

fn grouped(text: &str) -> Option<u64> {
    let separators = [',', '_'].into_iter().filter(|separator| text.contains(*separator));
    let &[separator] = separators.collect::<Vec<_>>().as_slice() else { return digits(text) };
    let mut groups = text.split(separator);
    let first = groups.next()?;
    let is_good = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
    if is_good { digits(&text.replace(separator, "")) } else { None }
}

/// A number of nothing but digits: no sign, no space.
fn digits(text: &str) -> Option<u64> {
    let is_good = text.bytes().all(|byte| byte.is_ascii_digit());
    if is_good { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_as_people_write_them() {
        for (text, count) in [
            ("0", 0),
            ("10000", 10_000),
            ("010", 10),
            ("10,000", 10_000),
            ("10_000", 10_000),
            ("1,000,000", 1_000_000),
            ("1e4", 10_000),
            ("1E4", 10_000),
            ("1e+4", 10_000),
            ("1.5e3", 1_500),
            ("1.250e2", 125),
            ("0e999", 0),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse_count(text), Some(count), "{text}");
        }
    }

    #[test]
    fn what_is_no_count_is_none() {
        for text in [
            "",
            " 1",
            "1 ",
            "+1",
            "-1",
            "abc",
            "0x10",
            "1.5",
            "1.0",
            "1e",
            "e4",
            "1e-4",
            "1.55e1",
            "1e20",
            "10,00",
            "1,0000",
            ",100",
            "100,",
            "1000,000",
            "1,000_000",
            "1,000e3",
            "1e4e4",
            "nan",
            "inf",
            "18446744073709551616",
            ".5e1x",
            "1.e4",
            "٣",
        ] {
            assert_eq!(parse_count(text), None, "{text:?}");
        }
    }
}
