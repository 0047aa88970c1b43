//! How the values of an axis lie along it.

use crate::error::Error;

/// How values lie along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AxisScale {
    /// Equal distances are equal differences.
    Linear,
    /// Equal distances are equal ratios; all values are positive.
    Log,
}

/// What one direction of a plot means.
#[derive(Clone, Debug, PartialEq)]
pub struct PlotAxis {
    /// Its name, with the unit if there is one.
    pub label: String,
    /// The value at the left or lower edge of the plot.
    pub low: f64,
    /// The value at the right or upper edge; not less than `low`.
    pub high: f64,
    /// How the values in between lie.
    pub scale: AxisScale,
}

/// ln(`value` / `low`), exact to the last digits where the two are close.
fn log_ratio(value: f64, low: f64) -> f64 {
    let excess = (value - low) / low;
    if excess < 1.0 { excess.ln_1p() } else { value.ln() - low.ln() }
}

impl PlotAxis {
    /// # Errors
    /// [`Error::Usage`] unless low ≤ high, both are finite, and positive for a logarithmic axis.
    pub fn check(&self) -> Result<(), Error> {
        let Self { label, low, high, scale } = self;
        let ordered = low <= high && (high - low).is_finite();
        if ordered && (*scale == AxisScale::Linear || *low > 0.0) {
            return Ok(());
        }
        let positive = if *scale == AxisScale::Log { " positive" } else { "" };
        Err(Error::Usage(format!(
            "the axis {label:?} runs from {low} to {high}; it must run from a{positive} number to \
             one that is not smaller"
        )))
    }

    /// The position of `value` between low (0) and high (1).
    pub fn fraction(&self, value: f64) -> f64 {
        let Self { low, high, scale, .. } = *self;
        if low == high {
            return 0.5;
        }
        let fraction = match scale {
            AxisScale::Linear => (value - low) / (high - low),
            AxisScale::Log => log_ratio(value, low) / log_ratio(high, low),
        };
        fraction.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(low: f64, high: f64, scale: AxisScale) -> PlotAxis {
        PlotAxis { label: "x".to_owned(), low, high, scale }
    }

    #[test]
    fn an_axis_that_runs_nowhere_is_an_error() {
        for (low, high, scale) in [
            (2.0, 1.0, AxisScale::Linear),
            (f64::NAN, 1.0, AxisScale::Linear),
            (0.0, f64::INFINITY, AxisScale::Linear),
            (0.0, 1.0, AxisScale::Log),
        ] {
            assert!(axis(low, high, scale).check().is_err(), "{low}..{high}");
        }
        assert!(axis(-1.0, 1.0, AxisScale::Linear).check().is_ok());
    }
}
