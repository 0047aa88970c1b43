//! Axes: a quantity that differs from network to network, and its range.

use std::fmt;

use crate::error::Error;
use crate::numeric::{Scalar, parse_count};
use crate::task::{LayerSizes, is_learning_rate};

/// The least number of different values in a range that members of an ensemble draw from.
const FEWEST_DRAWN: usize = 256;

/// A quantity in which networks may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// The learning rate of all layers or of one, by its number.
    LearningRate(Option<usize>),
    /// A factor of the initial parameters.
    InitScale,
    /// One initial parameter, by its number in the order of a `state_dict`.
    Parameter(usize),
    /// The seed of the initial parameters.
    Seed,
}

impl Quantity {
    /// Whether both set the same thing in a network, so that one of them would have no effect.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        use Quantity::LearningRate;
        match (self, other) {
            (LearningRate(one), LearningRate(two)) => one.is_none() || two.is_none() || one == two,
            _ => self == other,
        }
    }
}

/// A quantity with a range.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// The quantity that differs.
    pub quantity: Quantity,
    /// The name of the quantity, as it was written: `learning-rate.0`, `0.weight[0,1]`.
    pub name: String,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// Whether the range is logarithmic: equal distances are equal factors.
    pub log: bool,
}

impl fmt::Display for Axis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, log, .. } = self;
        let [low, high] = [self.low, self.high].map(|end| match end.abs() {
            0.0 | 1e-4..1e6 => end.to_string(),
            _ => format!("{end:e}"),
        });
        write!(formatter, "{name}={low}..{high}{}", if *log { ":log" } else { "" })
    }
}

impl Axis {
    /// Reads `NAME=LOW..HIGH` or `NAME=LOW..HIGH:log`, where NAME is `learning-rate`,
    /// `learning-rate.0` or `.2` (numbered as the layers of a `Sequential`), `init-scale`, `seed`,
    /// or a parameter such as `0.weight[0,1]` or `2.bias[0]`.
    ///
    /// # Errors
    /// [`Error::Usage`], which begins with `option`, if the name or the range is not valid.
    pub fn parse(option: &str, text: &str, sizes: &LayerSizes) -> Result<Self, Error> {
        let refused = |problem: &str| Error::Usage(format!("{option} {text}: {problem}"));
        let refuse = |problem: &str| Err(refused(problem));
        let Some((name, range)) = text.split_once('=') else {
            return refuse("expected NAME=LOW..HIGH, such as learning-rate=0.01..100:log");
        };
        let Some(quantity) = quantity(name, sizes) else {
            return refuse(
                "unknown name; expected learning-rate, learning-rate.0, learning-rate.2, \
                 init-scale, seed, or a parameter of the network such as 0.weight[0,1] or 2.bias[0]",
            );
        };
        let (range, log) = range.strip_suffix(":log").map_or((range, false), |range| (range, true));
        let ends = range.split_once("..").map(|(low, high)| (end(low), end(high)));
        let Some((Some(low), Some(high))) = ends else {
            return refuse("expected a range of two numbers, such as 0.01..100");
        };
        let axis = Self { quantity, name: name.into(), low, high, log };
        axis.check().map_err(|problem| refused(&problem))?;
        Ok(axis)
    }

    fn check(&self) -> Result<(), String> {
        let Self { low, high, log, .. } = *self;
        if !(low.is_finite() && high.is_finite() && low < high) {
            return Err("expected two finite numbers, the first below the second".into());
        }
        if log && low <= 0.0 {
            return Err("a logarithmic range must begin above 0".into());
        }
        let largest = f64::from(f32::MAX);
        match self.quantity {
            Quantity::Seed
                if log || low < 0.0 || high > 9e15 || low.fract() != 0.0 || high.fract() != 0.0 =>
            {
                Err("expected a linear range of whole numbers from 0 to 9e15; the upper end is the \
                     first seed that is not used"
                    .into())
            }
            Quantity::LearningRate(_) if low < 0.0 => Err("a learning rate is not negative".into()),
            _ if low.abs() > largest || high.abs() > largest => {
                Err(format!("expected numbers within ±{largest:e}, as f32 holds them"))
            }
            _ => Ok(()),
        }
    }

    /// The value at a share of the way from the lower end (0) to the upper (1).
    #[must_use]
    pub fn at(&self, share: f64) -> f64 {
        if self.log {
            let (low, high) = (self.low.ln(), self.high.ln());
            return (low + share * (high - low)).exp();
        }
        self.low + share * (self.high - self.low)
    }

    /// The value at the centre of pixel number `index` of `count`.
    #[must_use]
    pub fn pixel(&self, index: usize, count: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a picture has fewer than 2⁵³ pixels")]
        self.at((index as f64 + 0.5) / count as f64)
    }

    /// The part of the axis around `center` that a zoom factor of `zoom` shows.
    ///
    /// # Errors
    /// [`Error::Usage`], which begins with `option`, if the centre is outside the axis, or the part
    /// is too small to be a range.
    pub fn zoomed(&self, option: &str, center: f64, zoom: f64) -> Result<Self, Error> {
        let refused = |problem: String| Error::Usage(format!("{option}, {self}: {problem}"));
        if !(self.low..=self.high).contains(&center) {
            return Err(refused(format!("{center} is not inside")));
        }
        let (low, high) = if self.log {
            let half = (self.high / self.low).ln() / (2.0 * zoom);
            (center * (-half).exp(), center * half.exp())
        } else {
            let half = (self.high - self.low) / (2.0 * zoom);
            (center - half, center + half)
        };
        let (low, high) = match self.quantity {
            Quantity::Seed => (low.floor(), high.ceil()),
            _ => (low, high),
        };
        let axis = Self { low, high, ..self.clone() };
        // A range that f64 has no numbers for is one that f32 has none for: see `check_pixels`.
        if low < high {
            axis.check().map_err(refused)?;
        }
        Ok(axis)
    }

    /// Checks that `count` pixels have different values on the device, and that learning rates are
    /// valid. `whole` is the axis of which this is a part. A value smaller than ε² of its ends,
    /// with the ε of `f32`, counts as 0.
    ///
    /// # Errors
    /// [`Error::Usage`], which begins with `option` and the range, if it is too narrow for that.
    pub fn check_pixels(&self, option: &str, count: usize, whole: &Self) -> Result<(), Error> {
        let refuse = |problem: String| Err(Error::Usage(format!("{option} {self}: {problem}")));
        if let (Quantity::LearningRate(_), false) =
            (self.quantity, is_learning_rate(self.pixel(0, count)))
        {
            return refuse(format!(
                "the first of {count} values is {:e}, which is no learning rate: expected {:e} or \
                 more, as f32 holds them",
                self.pixel(0, count),
                f32::MIN_POSITIVE
            ));
        }
        let floor = f64::from(f32::EPSILON).powi(2) * whole.low.abs().max(whole.high.abs());
        let pairs =
            (1..count).map(|index| (index, [index - 1, index].map(|i| self.pixel(i, count))));
        for (index, [before, value]) in pairs {
            let (apart, nearest) = (value - before, self.nearest(value).max(floor));
            if self.held(before) != self.held(value) && (self.log || apart >= floor) {
                continue;
            }
            return refuse(match self.quantity {
                Quantity::Seed => format!(
                    "{count} pixels have {} seeds; take a wider range, or as many pixels as seeds",
                    self.high - self.low
                ),
                _ => format!(
                    "values {} and {index} of {count} are one and the same: they are {apart:.1e} \
                     apart, and the nearest that f32 holds there are {nearest:.1e} apart; take a \
                     wider range, or fewer pixels",
                    index - 1
                ),
            });
        }
        Ok(())
    }

    /// Checks that members of an ensemble that draw from the range differ.
    ///
    /// # Errors
    /// As [`Self::check_pixels`].
    pub fn check_draws(&self, option: &str) -> Result<(), Error> {
        // The lower end itself may be drawn.
        if let (Quantity::LearningRate(_), false) = (self.quantity, is_learning_rate(self.low)) {
            return Err(Error::Usage(format!(
                "{option} {self}: a learning rate is {:e} or more, as f32 holds them",
                f32::MIN_POSITIVE
            )));
        }
        self.check_pixels(option, FEWEST_DRAWN, self)
    }

    /// The bits of a value, as the device is given it.
    fn held(&self, value: f64) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an axis of seeds is checked"
        )]
        match self.quantity {
            Quantity::Seed => value as u64,
            _ => f32::from_f64(value).to_bits().into(),
        }
    }

    /// How far the values next to one are from it, as the device holds them.
    fn nearest(&self, value: f64) -> f64 {
        if self.quantity == Quantity::Seed {
            return 1.0;
        }
        let held = f32::from_f64(value).abs();
        f64::from(held.next_up()) - f64::from(held)
    }
}

/// An end of a range: a number, or a count with groups of digits.
fn end(text: &str) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "larger ends are refused where they count")]
    text.parse().ok().or_else(|| parse_count(text).map(|count| count as f64))
}

/// The layer that a `Sequential` with an activation behind each layer gives this number.
fn layer(number: &str, sizes: &LayerSizes) -> Option<usize> {
    let number: usize = number.parse().ok()?;
    (number.is_multiple_of(2) && number / 2 < sizes.layers().len()).then_some(number / 2)
}

fn quantity(name: &str, sizes: &LayerSizes) -> Option<Quantity> {
    match name {
        "learning-rate" => return Some(Quantity::LearningRate(None)),
        "init-scale" => return Some(Quantity::InitScale),
        "seed" => return Some(Quantity::Seed),
        _ => {}
    }
    if let Some(number) = name.strip_prefix("learning-rate.") {
        return Some(Quantity::LearningRate(Some(layer(number, sizes)?)));
    }
    parameter(name, sizes).map(Quantity::Parameter)
}

/// The number of a parameter whose name is that of a `state_dict`, with its indices in brackets.
#[must_use]
pub fn parameter(name: &str, sizes: &LayerSizes) -> Option<usize> {
    let (number, rest) = name.split_once('.')?;
    let layer = layer(number, sizes)?;
    let (tensor, place) = rest.strip_suffix(']')?.split_once('[')?;
    let place: Vec<usize> =
        place.split(',').map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
    let before: usize =
        sizes.layers().take(layer).map(|(inputs, outputs)| (inputs + 1) * outputs).sum();
    let (inputs, outputs) = sizes.layers().nth(layer)?;
    match (tensor, place.as_slice()) {
        ("weight", &[row, column]) if row < outputs && column < inputs => {
            Some(before + row * inputs + column)
        }
        ("bias", &[row]) if row < outputs => Some(before + outputs * inputs + row),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Axis, Error> {
        Axis::parse("--x", text, &"2-3-1".parse().expect("a network"))
    }

    #[test]
    fn axes_are_read_and_written_alike() {
        for (text, quantity) in [
            ("learning-rate=0.01..1000:log", Quantity::LearningRate(None)),
            ("learning-rate.2=0..1", Quantity::LearningRate(Some(1))),
            ("init-scale=-1..1", Quantity::InitScale),
            ("0.weight[2,1]=-5..5", Quantity::Parameter(5)),
            ("0.bias[1]=-5..5", Quantity::Parameter(7)),
            ("2.weight[0,2]=-5..5", Quantity::Parameter(11)),
            ("2.bias[0]=-5..5", Quantity::Parameter(12)),
            ("seed=0..100", Quantity::Seed),
            ("learning-rate=1e-30..2e30:log", Quantity::LearningRate(None)),
        ] {
            let axis = parse(text).expect("an axis");
            assert_eq!(axis.quantity, quantity, "{text}");
            assert_eq!(axis.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_axis_is_refused() {
        for text in [
            "",
            "learning-rate",
            "learning-rate=",
            "learning-rate=1",
            "learning-rate=1..",
            "learning-rate=0..1:log",
            "learning-rate=0..0:log",
            "learning-rate=2..1",
            "learning-rate=-1..1",
            "learning-rate=1..1e39",
            "learning-rate.1=0..1",
            "learning-rate.4=0..1",
            "rate=0..1",
            "init-scale=nan",
            "init-scale=nan..1",
            "init-scale=0..inf",
            "0.weight[3,0]=0..1",
            "0.weight[0,2]=0..1",
            "0.weight[0]=0..1",
            "1.weight[0,0]=0..1",
            "2.bias[1]=0..1",
            "0.weight=0..1",
            "seed=-1..5",
            "seed=1..5:log",
            "seed=0.5..3",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pixels_lie_evenly_on_their_scale() {
        let linear = parse("init-scale=0..8").expect("an axis");
        assert_eq!([0, 3].map(|index| linear.pixel(index, 4)), [1.0, 7.0]);
        let log = parse("learning-rate=0.01..100:log").expect("an axis");
        assert!((log.pixel(0, 1) - 1.0).abs() < 1e-12);
        assert!((log.pixel(1, 2) - 10.0).abs() < 1e-12);
    }

    #[test]
    fn a_zoom_keeps_its_centre_and_its_range() {
        let log = parse("learning-rate=0.01..100:log").expect("an axis");
        let close = log.zoomed("--center", 1.0, 4.0).expect("inside");
        assert!(
            (close.at(0.5) - 1.0).abs() < 1e-12 && (close.high - 10.0_f64.sqrt()).abs() < 1e-12
        );
        assert!(log.zoomed("--center", 1000.0, 2.0).is_err());
    }

    #[test]
    fn a_range_that_f32_does_not_resolve_is_refused_through_every_door() {
        let whole = |text: &str| parse(text).expect("an axis");
        let pixels = |text: &str, count| {
            let axis = whole(text);
            axis.check_pixels("--x", count, &axis)
        };
        let zoomed = |text: &str, center, zoom, count| {
            let whole = whole(text);
            let axis = whole.zoomed("--center", center, zoom).expect("inside");
            axis.check_pixels("--zoom", count, &whole)
        };
        // Above 1 the numbers of f32 are 2⁻²³ apart: nine from 1 to 1 + 8 · 2⁻²³.
        let eight = format!("learning-rate=1..{}", 1.0 + 8.0 * f64::from(f32::EPSILON));
        assert!(pixels(&eight, 9).is_ok() && pixels(&eight, 10).is_err());
        for (text, count, is_fine) in [
            ("learning-rate=1..1.00000001", 64, false),
            ("learning-rate=1..1.00000001", 1, true),
            ("learning-rate=1..1.00000001:log", 2, false),
            ("init-scale=-1e-44..1e-44", 64, false),
            ("init-scale=-1..1", 1 << 22, true),
            ("0.weight[0,0]=16777216..16777220", 2, true),
            ("0.weight[0,0]=16777216..16777220", 4, false),
            ("learning-rate=1e-50..1e-46:log", 64, false),
            ("learning-rate=0..1e-38", 64, false),
            ("learning-rate=0..1", 64, true),
            ("seed=0..7", 7, true),
            ("seed=0..7", 8, false),
        ] {
            assert_eq!(pixels(text, count).is_ok(), is_fine, "{text} in {count}");
        }
        let said = pixels("learning-rate=1..1.00000001", 64).expect_err("one value").to_string();
        assert!(said.contains("1..1.00000001") && said.contains("1.2e-7"), "{said}");
        assert!(zoomed("0.weight[0,0]=-5..5", 0.0, 1e9, 512).is_ok());
        assert!(zoomed("0.weight[0,0]=-5..5", 0.0, 1e30, 512).is_err());
        assert!(zoomed("0.weight[0,0]=-5..5", 1.0, 1e9, 512).is_err());
        assert!(zoomed("0.weight[0,0]=-5..5", 1.0, 1e300, 1).is_ok(), "one pixel is one value");
        assert!(zoomed("learning-rate=0.01..100:log", 1.0, 1e9, 100).is_err());
        for (text, is_fine) in [
            ("learning-rate=0.1..10:log", true),
            ("learning-rate=0..1", false),
            ("learning-rate=1e-50..1e-46:log", false),
            ("learning-rate=1e-50..1:log", false),
            ("learning-rate=1..1.00000001", false),
            ("init-scale=0..1", true),
            ("init-scale=1..1.00001", false),
        ] {
            assert_eq!(whole(text).check_draws("--vary").is_ok(), is_fine, "{text}");
        }
    }

    #[test]
    fn quantities_overlap_where_one_would_undo_the_other() {
        use Quantity::{InitScale, LearningRate, Parameter, Seed};
        for (one, two, overlap) in [
            (LearningRate(None), LearningRate(Some(0)), true),
            (LearningRate(Some(1)), LearningRate(None), true),
            (LearningRate(Some(0)), LearningRate(Some(1)), false),
            (LearningRate(Some(1)), LearningRate(Some(1)), true),
            (Seed, InitScale, false),
            (Seed, Seed, true),
            (Parameter(0), Parameter(1), false),
            (Parameter(3), Parameter(3), true),
        ] {
            assert_eq!(one.overlaps(two), overlap, "{one:?} {two:?}");
        }
    }
}
