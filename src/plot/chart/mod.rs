//! Charts: series of points between two logarithmic axes, with a legend, as PNG.

mod draw;
mod layout;
mod place;
mod style;

use crate::error::Error;

/// What one direction of a chart means. It is logarithmic, and reaches as far as the points do.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartAxis {
    /// Its name, with the unit if there is one.
    pub label: String,
    /// Positive values that the axis reaches whatever the points are: so that charts can be
    /// compared, or that there is room for labels.
    pub reaches: Option<[f64; 2]>,
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeriesKind {
    /// A line through its points.
    Line,
    /// A marker at each point.
    Points,
    /// Both.
    LineWithPoints,
    /// A limit on the others: a line in the colour of text, with the label along it, towards its
    /// right end. Only where there is no room for that, the legend names it.
    Ceiling,
}

/// Points that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its name in the legend, or along a ceiling.
    pub label: String,
    /// How it is drawn.
    pub kind: SeriesKind,
    /// (x, y), all finite and positive, in the order in which a line joins them.
    pub points: Vec<(f64, f64)>,
    /// A label for each point, or none at all. One that is empty, or has no room, is left out.
    pub point_labels: Vec<String>,
}

/// Series between two logarithmic axes. Colours and markers follow the order of the series.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Above the plot, and in the file's `Title`.
    pub title: String,
    /// From left to right.
    pub x: ChartAxis,
    /// Upwards.
    pub y: ChartAxis,
    /// What is drawn.
    pub series: Vec<Series>,
    /// Paragraphs below the plot, and in the file's `Description`.
    pub caption: Vec<String>,
}

impl ChartAxis {
    /// An axis that reaches as far as the points do.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), reaches: None }
    }
}

impl SeriesKind {
    fn has_points(self) -> bool {
        matches!(self, Self::Points | Self::LineWithPoints)
    }

    fn has_line(self) -> bool {
        self != Self::Points
    }
}

impl Series {
    /// A series without labels at its points.
    pub fn new(label: impl Into<String>, kind: SeriesKind, points: Vec<(f64, f64)>) -> Self {
        Self { label: label.into(), kind, points, point_labels: vec![] }
    }

    fn check(&self) -> Result<(), Error> {
        let Self { label, points, point_labels, .. } = self;
        let [found, expected] = [point_labels.len(), points.len()];
        assert!(
            found == 0 || found == expected,
            "the series {label:?} of {expected} points was given {found} labels for them"
        );
        if points.is_empty() {
            return Err(Error::Usage(format!("the series {label:?} of a chart has no points")));
        }
        let wrong = points.iter().position(|&(x, y)| !(is_on_axis(x) && is_on_axis(y)));
        match wrong {
            None => Ok(()),
            Some(index) => Err(Error::Usage(format!(
                "point {index} of the series {label:?} is {:?}; logarithmic axes have only finite, \
                 positive numbers",
                points[index]
            ))),
        }
    }
}

fn is_on_axis(value: f64) -> bool {
    value > 0.0 && value.is_finite()
}

impl Chart {
    /// The chart as a PNG file of eight-bit RGB, 1200 pixels wide and 800 high, or higher where the
    /// texts need it. The same chart gives the same bytes.
    ///
    /// # Errors
    /// [`Error::Usage`] if there is no series, if one has no points, or if something is not finite
    /// and positive.
    ///
    /// # Panics
    /// If a series has labels for some of its points only.
    pub fn to_png(&self) -> Result<Vec<u8>, Error> {
        let Self { title, x, y, series, caption } = self;
        if series.is_empty() {
            return Err(Error::Usage(format!("the chart {title:?} has no series")));
        }
        series.iter().try_for_each(Series::check)?;
        for ChartAxis { label, reaches } in [x, y] {
            if let Some(reaches) = reaches.filter(|values| !values.iter().all(|&of| is_on_axis(of)))
            {
                return Err(Error::Usage(format!(
                    "the logarithmic axis {label:?} cannot reach {reaches:?}; both must be finite \
                     and positive"
                )));
            }
        }
        let png = draw::draw(self).png(title, &caption.join("\n"));
        png.map_err(|error| Error::Usage(format!("the chart {title:?} is no PNG: {error}")))
    }
}

#[cfg(test)]
mod tests;
