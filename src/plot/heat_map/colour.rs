//! Which colour a value has.

use super::super::canvas::{AxisScale, Label, PlotAxis, Rgb, Tick};

/// Shades of a scale, or of each half of a signed one: as many as eight bits tell apart.
const SHADES: u32 = 256;

/// The part of the signed colour map, on each side of its middle, that is left out, so that the
/// border between the signs is sharp.
const MIDDLE: f64 = 0.08;

/// Colours of what is not a number: none is in a colour map.
const NAN: Rgb = [0xa8, 0xa8, 0xa8];
const PLUS_INFINITY: Rgb = [0xff, 0x2f, 0xd0];
const MINUS_INFINITY: Rgb = [0, 0, 0];

/// How values are spread over colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColourScale {
    /// From the smallest to the largest finite value, evenly.
    Linear,
    /// From the smallest to the largest positive value, evenly in the logarithm; what is not
    /// positive has the lowest colour.
    Log,
    /// Negative values in blues and positive ones in reds, each half spread by rank (histogram
    /// equalisation), so that fine structure shows however unevenly the values are distributed. It
    /// is for the measure of Sohl-Dickstein, "The boundary of neural network trainability is
    /// fractal" (2024): negative for runs that converged, positive for runs that diverged.
    Signed,
}

impl ColourScale {
    /// How values are spread over colours, if that is not evenly.
    pub(super) fn remark(self) -> Option<&'static str> {
        match self {
            Self::Linear => None,
            Self::Log => Some("logarithmic"),
            Self::Signed => Some("colours equalised: by rank, each sign by itself"),
        }
    }
}

/// A kind of value that a colour map does not tell, and how many there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Special {
    pub name: &'static str,
    pub colour: Rgb,
    pub count: usize,
}

/// What a value is, by its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    Nan,
    PlusInfinity,
    MinusInfinity,
}

impl Kind {
    fn of(value: f32) -> Self {
        const INFINITY: u32 = f32::INFINITY.to_bits();
        const SIGN: u32 = 1 << 31;
        let bits = value.to_bits();
        match bits & !SIGN {
            ..INFINITY => Self::Number,
            INFINITY if bits == INFINITY => Self::PlusInfinity,
            INFINITY => Self::MinusInfinity,
            _ => Self::Nan,
        }
    }
}

/// How a number becomes an index into the shades.
#[derive(Debug)]
enum Spread {
    /// By its place on the axis. Without one there is nothing to spread.
    Even(Option<PlotAxis>),
    /// By its rank among the numbers of its sign.
    Ranks { negative: Ranks, positive: Ranks },
}

/// The order of the numbers of one sign.
#[derive(Debug)]
struct Ranks {
    sorted: Vec<f32>,
    /// The numbers between which the shades change, `[SHADES − 1]`; none if there are no numbers.
    thresholds: Vec<f32>,
}

impl Ranks {
    fn new(mut numbers: Vec<f32>) -> Self {
        numbers.sort_unstable_by(f32::total_cmp);
        let threshold = |shade| part(&numbers, f64::from(shade) / f64::from(SHADES));
        let thresholds = (1..SHADES).filter_map(threshold).collect();
        Self { sorted: numbers, thresholds }
    }

    /// The shade of a number: of the middle of its equals.
    fn shade(&self, number: f32) -> usize {
        let below = self.thresholds.partition_point(|&threshold| threshold < number);
        let up_to = self.thresholds.partition_point(|&threshold| threshold <= number);
        usize::midpoint(below, up_to)
    }
}

/// The number that a fraction of the sorted ones is below.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "it becomes an index, which is not negative and far below 2^53"
)]
fn part(sorted: &[f32], fraction: f64) -> Option<f32> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((fraction * last as f64).round() as usize).copied()
}

/// The colours of one picture.
#[derive(Debug)]
pub(super) struct Colours {
    /// From the lowest value to the highest.
    shades: Vec<Rgb>,
    spread: Spread,
    /// What occurs besides numbers on the scale.
    pub specials: Vec<Special>,
}

impl Colours {
    /// The colours for these values.
    pub fn new(values: &[f32], scale: ColourScale) -> Self {
        let count = |kind| values.iter().filter(|&&value| Kind::of(value) == kind).count();
        let mut specials = vec![
            Special { name: "NaN", colour: NAN, count: count(Kind::Nan) },
            Special { name: "+infinity", colour: PLUS_INFINITY, count: count(Kind::PlusInfinity) },
            Special {
                name: "-infinity",
                colour: MINUS_INFINITY,
                count: count(Kind::MinusInfinity),
            },
        ];
        let numbers = || values.iter().copied().filter(|&value| Kind::of(value) == Kind::Number);
        let positive = || numbers().filter(|&number| number > 0.0);
        let negative = || numbers().filter(|&number| number < 0.0);
        let (shades, spread) = match scale {
            ColourScale::Linear => (viridis(), Spread::even(numbers(), AxisScale::Linear)),
            ColourScale::Log => {
                let shades = viridis();
                let count = numbers().filter(|&number| number <= 0.0).count();
                specials.push(Special { name: "not positive", colour: shades[0], count });
                (shades, Spread::even(positive(), AxisScale::Log))
            }
            ColourScale::Signed => {
                let negative = Ranks::new(negative().collect());
                let positive = Ranks::new(positive().collect());
                (blue_and_red(), Spread::Ranks { negative, positive })
            }
        };
        specials.retain(|special| special.count > 0);
        Self { shades, spread, specials }
    }

    /// The colour of a value.
    pub fn colour(&self, value: f32) -> Rgb {
        match Kind::of(value) {
            Kind::Nan => NAN,
            Kind::PlusInfinity => PLUS_INFINITY,
            Kind::MinusInfinity => MINUS_INFINITY,
            Kind::Number => self.shades[self.shade(value)],
        }
    }

    fn shade(&self, number: f32) -> usize {
        let half = self.shades.len() / 2;
        match &self.spread {
            Spread::Even(None) => 0,
            Spread::Even(Some(axis)) if axis.scale == AxisScale::Log && number <= 0.0 => 0,
            Spread::Even(Some(axis)) => shade_at(axis.fraction(number.into()), self.shades.len()),
            Spread::Ranks { negative, .. } if number < 0.0 => negative.shade(number),
            Spread::Ranks { positive, .. } if number > 0.0 => half + 1 + positive.shade(number),
            Spread::Ranks { .. } => half,
        }
    }

    /// The colour at a fraction of the way from the lowest value to the highest.
    pub fn at(&self, fraction: f64) -> Rgb {
        self.shades[shade_at(fraction, self.shades.len())]
    }

    /// The ticks of a colour bar of `length` pixels, with labels that are `height` high.
    pub fn ticks(&self, length: i32, gap: i32, height: i32) -> Vec<Tick> {
        match &self.spread {
            Spread::Even(None) => vec![],
            Spread::Even(Some(axis)) => axis.ticks(length, gap, |_| height),
            Spread::Ranks { negative, positive } => {
                let parts = (length / 2 / (height + gap)).clamp(1, 4);
                let fractions = (0..parts).map(|part| f64::from(part) / f64::from(parts));
                let low = fractions.clone().map(|of| (of / 2.0, part(&negative.sorted, of)));
                let zero = std::iter::once((0.5, Some(0.0)));
                let high = fractions.map(|of| (1.0 - of / 2.0, part(&positive.sorted, 1.0 - of)));
                let mut ticks: Vec<Tick> = vec![];
                for (fraction, number) in low.chain(zero).chain(high) {
                    let Some(number) = number else { continue };
                    let label = Some(Label::rounded(number.into()));
                    // Many equal numbers need only one label.
                    if !ticks.iter().any(|tick| tick.label == label) {
                        ticks.push(Tick { fraction, label });
                    }
                }
                ticks
            }
        }
    }
}

impl Spread {
    /// From the smallest to the largest.
    fn even(numbers: impl Iterator<Item = f32>, scale: AxisScale) -> Self {
        let range = numbers.fold(None, |range: Option<(f32, f32)>, number| {
            let (low, high) = range.unwrap_or((number, number));
            Some((low.min(number), high.max(number)))
        });
        Self::Even(range.map(|(low, high)| PlotAxis {
            label: String::new(),
            low: low.into(),
            high: high.into(),
            scale,
        }))
    }
}

/// The one of `count` equal parts that a fraction from 0 to 1 is in.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "it becomes an index of a few hundred, and not negative"
)]
fn shade_at(fraction: f64, count: usize) -> usize {
    ((fraction * count as f64) as usize).min(count - 1)
}

/// Perceptually uniform: equal steps look equal, also to those who see fewer colours, and in grey.
fn viridis() -> Vec<Rgb> {
    let shade = |shade| f64::from(shade) / f64::from(SHADES - 1);
    (0..SHADES).map(|index| colorous::VIRIDIS.eval_continuous(shade(index)).into_array()).collect()
}

/// Blues, dark to light, the shade of zero, and reds, light to dark: `[2 · SHADES + 1]`.
fn blue_and_red() -> Vec<Rgb> {
    let half = 0.5 - MIDDLE;
    let part = |shade: u32| half * f64::from(shade) / f64::from(SHADES - 1);
    let blues = (0..SHADES).map(|shade| 1.0 - part(shade));
    let reds = (0..SHADES).rev().map(part);
    let all = blues.chain([0.5]).chain(reds);
    all.map(|at| colorous::RED_YELLOW_BLUE.eval_continuous(at).into_array()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_blue([red, _, blue]: Rgb) -> bool {
        blue > red
    }

    #[test]
    fn what_is_not_a_number_has_its_own_colour() {
        let values = [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1.0, -1.0, 0.0];
        for scale in [ColourScale::Linear, ColourScale::Log, ColourScale::Signed] {
            let colours = Colours::new(&values, scale);
            let found = values.map(|value| colours.colour(value));
            assert_eq!(&found[..4], [NAN, NAN, PLUS_INFINITY, MINUS_INFINITY]);
            for special in [NAN, PLUS_INFINITY, MINUS_INFINITY] {
                assert!(!colours.shades.contains(&special));
            }
            let counts: Vec<_> = colours.specials.iter().map(|special| special.count).collect();
            let not_positive = (scale == ColourScale::Log).then_some(2);
            assert!(counts.into_iter().eq([2, 1, 1].into_iter().chain(not_positive)));
        }
    }

    #[test]
    fn ends_of_the_scale_have_the_ends_of_the_colours() {
        let colours = Colours::new(&[-3e38, 0.0, 3e38], ColourScale::Linear);
        assert_eq!([-3e38, 0.0, 3e38].map(|number| colours.shade(number)), [0, 128, 255]);
        let colours = Colours::new(&[-5.0, 0.0, 1e-3, 1.0, 1e3], ColourScale::Log);
        let shades = [-5.0, 0.0, 1e-3, 1e3].map(|number| colours.shade(number));
        assert_eq!(shades, [0, 0, 0, 255]);
        assert!((127..=128).contains(&colours.shade(1.0)));
    }

    #[test]
    fn ranks_fill_each_half_however_the_numbers_lie() {
        let positive = (0..600).map(|index| 1.1_f32.powi(index));
        let values: Vec<_> = positive.clone().map(|number| -number).chain(positive).collect();
        let colours = Colours::new(&values, ColourScale::Signed);
        let shades: Vec<_> = values.iter().map(|&value| colours.shade(value)).collect();
        assert!(shades[..600].is_sorted_by(|a, b| a >= b) && shades[600..].is_sorted());
        assert_eq!([shades[0], shades[599], shades[600], shades[1199]], [255, 0, 257, 512]);
        assert!(values.iter().all(|&value| is_blue(colours.colour(value)) == (value < 0.0)));
    }

    #[test]
    fn equal_numbers_get_the_middle_of_their_half() {
        let colours = Colours::new(&[-2.0, 3.0, 3.0, 0.0], ColourScale::Signed);
        assert_eq!([-2.0, 0.0, 3.0].map(|number| colours.shade(number)), [127, 256, 384]);
    }
}
