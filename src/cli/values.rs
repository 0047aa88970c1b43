//! Parsers of the values of options: they say what was expected, where the parser of a type says
//! what it could not do.

use std::ops::RangeInclusive;

use indicatif::HumanCount;

use crate::error::Error;
use crate::numeric::parse_count;
use crate::task::{LayerSizes, MAX_BITS, MAX_WIDTH, is_learning_rate};

/// A whole number within a range.
pub(super) fn count<T: TryFrom<u64>>(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = parse_count(text).filter(|number| range.contains(number));
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| {
            format!(
                "expected a whole number from {} to {}, such as 10000, 10,000 or 1e4",
                HumanCount(*range.start()),
                HumanCount(*range.end())
            )
        })
    }
}

/// Bits of the data.
pub(super) fn bits(text: &str) -> Result<u32, String> {
    let number = parse_count(text).and_then(|number| u32::try_from(number).ok());
    number.filter(|bits| (2..=MAX_WIDTH).contains(&(*bits as usize))).ok_or_else(|| {
        let [rows, most] = [1 << MAX_BITS, MAX_WIDTH as u64].map(HumanCount);
        format!(
            "expected a whole number of bits, from 2 (XOR) to {MAX_BITS} ({rows} rows), or with --rows \
             to {most}"
        )
    })
}

/// The sizes of the layers of a network.
pub(super) fn layers(text: &str) -> Result<LayerSizes, String> {
    text.parse().map_err(|error: Error| {
        let said = error.to_string();
        said.split_once(": ").map_or(said.clone(), |(_, problem)| problem.into())
    })
}

fn number(text: &str, expected: &str, is_good: impl Fn(f64) -> bool) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| is_good(*number));
    number.ok_or_else(|| format!("expected {expected}"))
}

/// A learning rate: 1e-50 would be 0 on the GPU, and 1e39 infinite.
pub(super) fn learning_rate(text: &str) -> Result<f64, String> {
    let expected = "a finite number above 0, from 1.2e-38 to 3.4e38 as f32 holds them";
    number(text, expected, is_learning_rate)
}

/// A weight decay.
pub(super) fn weight_decay(text: &str) -> Result<f64, String> {
    number(text, "a number from 0 to 1", |decay| (0.0..=1.0).contains(&decay))
}

/// A probability.
pub(super) fn probability(text: &str) -> Result<f64, String> {
    number(text, "a number from 0 to 1", |share| (0.0..=1.0).contains(&share))
}

/// A momentum.
pub(super) fn momentum(text: &str) -> Result<f64, String> {
    number(text, "a number from 0 to below 1", |momentum| (0.0..1.0).contains(&momentum))
}

/// Adam's betas.
pub(super) fn betas(text: &str) -> Result<[f64; 2], String> {
    let both = text.split_once(',').map(|(first, second)| [momentum(first), momentum(second)]);
    match both {
        Some([Ok(first), Ok(second)]) => Ok([first, second]),
        _ => Err("expected two numbers from 0 to below 1, such as 0.9,0.999".into()),
    }
}

/// Adam's epsilon.
pub(super) fn epsilon(text: &str) -> Result<f64, String> {
    number(text, "a number above 0 and up to 1, such as 1e-8", |epsilon| {
        is_learning_rate(epsilon) && epsilon <= 1.0
    })
}

/// A zoom factor.
pub(super) fn zoom(text: &str) -> Result<f64, String> {
    number(text, "a finite number, 1 or more", |zoom| zoom.is_finite() && zoom >= 1.0)
}

/// A loss below which a network is solved.
pub(super) fn loss(text: &str) -> Result<f32, String> {
    let loss = text.parse().ok().filter(|loss: &f32| loss.is_finite() && *loss > 0.0);
    loss.ok_or_else(|| "expected a finite number above 0, such as 0.05".into())
}

/// A slowdown in per cent.
pub(super) fn percent(text: &str) -> Result<f64, String> {
    let is_good = |percent: f64| percent.is_finite() && percent >= 0.0;
    number(text, "a number of per cent, not negative, such as 5", is_good)
}

/// `WIDTHxHEIGHT`.
pub(super) fn size(text: &str) -> Result<[usize; 2], String> {
    let sides = text.split_once(['x', '×']).map(|(width, height)| [width, height].map(parse_count));
    let Some([Some(width), Some(height)]) = sides else {
        return Err("expected WIDTHxHEIGHT in pixels, such as 1024x1024".into());
    };
    // What has no number of this machine is more than any picture has.
    Ok([width, height].map(|side| usize::try_from(side).unwrap_or(usize::MAX)))
}

/// `X,Y`.
pub(super) fn point(text: &str) -> Result<[f64; 2], String> {
    let both = text.split_once(',').map(|(x, y)| [x.trim().parse(), y.trim().parse()]);
    match both {
        Some([Ok(x), Ok(y)]) => Ok([x, y]),
        _ => Err("expected two numbers, such as 3.5,0.1".into()),
    }
}
