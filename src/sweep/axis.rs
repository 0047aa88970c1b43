//! What differs from network to network, and over which range.

use std::fmt;

use crate::error::Error;
use crate::model::LayerSizes;

/// Something that networks may differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// The factor of the gradient, in all layers or in one: 0 the hidden one, 1 the output.
    LearningRate(Option<usize>),
    /// A factor of the starting parameters.
    InitScale,
    /// One starting parameter, by its number in the order of a `state_dict`.
    Parameter(usize),
    /// The seed of the starting parameters.
    Seed,
}

/// A quantity with a range.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What differs.
    pub quantity: Quantity,
    /// How it was written: `learning-rate.0`, `0.weight[0,1]`.
    pub name: String,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// Whether equal distances are equal factors.
    pub log: bool,
}

impl fmt::Display for Axis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, low, high, log, .. } = self;
        write!(formatter, "{name}={low}..{high}{}", if *log { ":log" } else { "" })
    }
}

impl Axis {
    /// Reads `NAME=LOW..HIGH` or `NAME=LOW..HIGH:log`, where NAME is `learning-rate`,
    /// `learning-rate.0` or `.2` (numbered as the layers of a `Sequential`), `init-scale`, `seed`,
    /// or a parameter such as `0.weight[0,1]` or `2.bias[0]`.
    ///
    /// # Errors
    /// [`Error::Usage`] with `option` if it is none of these or the range is none.
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
        let ends = range.split_once("..").map(|(low, high)| (low.parse(), high.parse()));
        let Some((Ok(low), Ok(high))) = ends else {
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
                Err("seeds are whole numbers from 0 to 9e15, the second the first that is not \
                     taken, on a linear range"
                    .into())
            }
            Quantity::LearningRate(_) if low < 0.0 => Err("a learning rate is not negative".into()),
            _ if low.abs() > largest || high.abs() > largest => {
                Err(format!("expected numbers within ±{largest:e}, as f32 holds them"))
            }
            _ => Ok(()),
        }
    }

    /// The value a share of the way from the lower end to the upper.
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

    /// The same axis around `center`, `zoom` times as close; `count` pixels must still differ.
    ///
    /// # Errors
    /// [`Error::Usage`] if the centre is outside, or pixels would be one and the same network.
    pub fn zoomed(&self, center: f64, zoom: f64, count: usize) -> Result<Self, Error> {
        let refused = |problem: String| Error::Usage(format!("--center, {self}: {problem}"));
        let refuse = |problem| Err(refused(problem));
        if !(self.low..=self.high).contains(&center) {
            return refuse(format!("{center} is not inside"));
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
        #[expect(clippy::cast_precision_loss, reason = "a picture has fewer than 2⁵³ pixels")]
        let pixel = (high - low) / count as f64;
        let smallest = match self.quantity {
            Quantity::Seed => 1.0,
            _ => center.abs() * f64::from(f32::EPSILON),
        };
        if pixel < smallest {
            return refuse(format!(
                "--zoom {zoom}: pixels {pixel} apart are one network, where values {smallest} \
                 apart are the nearest; zoom less, or take fewer pixels"
            ));
        }
        axis.check().map_err(refused)?;
        Ok(axis)
    }
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

/// The number of a parameter that is named as a `state_dict` names it, with its place in brackets.
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
    fn a_zoom_keeps_its_centre_and_stops_where_f32_does() {
        let log = parse("learning-rate=0.01..100:log").expect("an axis");
        let close = log.zoomed(1.0, 4.0, 100).expect("inside");
        assert!(
            (close.at(0.5) - 1.0).abs() < 1e-12 && (close.high - 10.0_f64.sqrt()).abs() < 1e-12
        );
        assert!(log.zoomed(1000.0, 2.0, 100).is_err());
        assert!(log.zoomed(1.0, 1e9, 100).is_err());
    }
}
