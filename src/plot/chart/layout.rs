//! What stands where around a chart.

use super::{Chart, ChartAxis};
use crate::plot::canvas::{
    AxisScale, Face, Frame, GAP, LABEL_GAP, MARGIN, Notation, PlotAxis, Spot, TICK, TICK_GAP, Tick,
    below_plot, widest,
};

/// Pixels of an image, which is higher where the texts around the plot need it.
const SIZE: [i32; 2] = [1200, 800];
const LEAST_HEIGHT_OF_PLOT: i32 = 400;

/// The part of an axis, at each end, that is left free.
const FREE: f64 = 0.05;
/// The part of an axis, at least, between a marker and the frame.
const MARKER_ROOM: f64 = 0.02;

/// The width of a line beside a name in the legend, or of a marker where there are only those.
const LINE_SAMPLE: i32 = 36;
const MARKER_SAMPLE: i32 = 14;
/// Between that and the name.
pub(super) const SAMPLE_GAP: i32 = 8;
/// Between the plot and the legend.
const LEGEND_GAP: i32 = 24;
/// The width of a name in the legend, at most.
const LEGEND_NAME: i32 = 36 * 7;
/// Between names in the legend.
const ENTRY_GAP: i32 = 4;

/// Largest width of the name of the x axis.
const NAME_WIDTH: i32 = 600;

/// A series in the legend.
pub(super) struct Entry {
    pub series: usize,
    pub y: i32,
    pub lines: Vec<String>,
}

/// A chart's axes, its texts in lines, and the places of all.
pub(super) struct Layout {
    pub size: [i32; 2],
    pub plot: Frame,
    pub axes: [PlotAxis; 2],
    pub x_ticks: Vec<Tick>,
    pub y_ticks: Vec<Tick>,
    pub title: Vec<String>,
    pub x_name: Vec<String>,
    pub y_name: Vec<String>,
    pub caption: Vec<String>,
    pub caption_y: i32,
    pub legend: Vec<Entry>,
    pub legend_x: i32,
    /// The width of a line or a marker in the legend.
    pub sample: i32,
}

/// The lowest and the highest of some values.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, 0.0), |(low, high), value| (low.min(value), high.max(value)))
}

/// An axis from the lowest to the highest of some values. It goes on beyond those of markers, which
/// must not touch the frame; other values may lie at its ends.
fn fit(axis: &ChartAxis, of_markers: &[f64], others: &[f64]) -> PlotAxis {
    let all = || of_markers.iter().chain(others).copied();
    let (low, high) = range(all());
    let is_one = low == high;
    let factor = |part: f64| ((high.ln() - low.ln()) * part).exp();
    let free = if is_one { 10_f64.sqrt() } else { factor(FREE) };
    let (first, last) = if is_one { (low, high) } else { range(of_markers.iter().copied()) };
    // Others that go on far enough beyond the markers may end at the frame.
    let room = factor(MARKER_ROOM);
    let low = if first / room < low || is_one { first / free } else { low };
    let high = if last * room > high || is_one { last * free } else { high };
    let [low, high] = [low, high].map(|end| end.clamp(f64::from_bits(1), f64::MAX));
    PlotAxis { label: axis.label.clone(), low, high, scale: AxisScale::Log }
}

/// Both axes of a chart, fitted to its points.
fn axes(chart: &Chart) -> [PlotAxis; 2] {
    let chart_axes = [&chart.x, &chart.y];
    [0, 1].map(|axis| {
        let (mut of_markers, mut others) = (vec![], vec![]);
        for series in &chart.series {
            // Lines end at the frame to the left and to the right, but do not run along it.
            let is_free = axis == 1 || series.kind.has_points();
            let values = if is_free { &mut of_markers } else { &mut others };
            values.extend(series.points.iter().map(|&(x, y)| [x, y][axis]));
        }
        others.extend(chart_axes[axis].reaches.into_iter().flatten());
        fit(chart_axes[axis], &of_markers, &others)
    })
}

impl Layout {
    /// The layout of a chart with these series in its legend.
    pub fn new(chart: &Chart, in_legend: &[usize]) -> Self {
        let [label, caption_face, title_face] = [Face::label(1), Face::caption(1), Face::title(1)];
        let axes = axes(chart);
        let inside = SIZE[0] - 2 * MARGIN;
        let title = title_face.wrap(&chart.title, inside);
        let caption: Vec<_> =
            chart.caption.iter().flat_map(|text| caption_face.wrap(text, inside)).collect();
        let x_name = label.wrap(&chart.x.label, NAME_WIDTH);

        let top = MARGIN + title_face.height_of(&title) + 2 * GAP;
        let names = below_plot(1) + label.height_of(&x_name) + GAP;
        let below = names + caption_face.height_of(&caption) + MARGIN;
        let height = (SIZE[1] - top - below).max(LEAST_HEIGHT_OF_PLOT);
        let y_name = label.wrap(&chart.y.label, height);
        let written = Notation::Prefixes;
        let y_ticks = axes[1].ticks(height, LABEL_GAP, written, |_| label.height());
        let beside = TICK + TICK_GAP + 1;
        let left = MARGIN + label.height_of(&y_name) + GAP + widest(&y_ticks, 1) + beside;

        let mut legend = vec![];
        let mut legend_end = top;
        for &series in in_legend {
            let lines = label.wrap(&chart.series[series].label, LEGEND_NAME);
            let y = legend_end;
            legend_end += label.height_of(&lines).max(label.line()) + ENTRY_GAP;
            legend.push(Entry { series, y, lines });
        }
        let names_of = legend.iter().flat_map(|entry| &entry.lines);
        let legend_name = names_of.map(|line| label.width(line)).max();
        let has_line = in_legend.iter().any(|&series| chart.series[series].kind.has_line());
        let sample = if has_line { LINE_SAMPLE } else { MARKER_SAMPLE };
        let legend_width = legend_name.map_or(0, |width| sample + SAMPLE_GAP + width);
        let width = SIZE[0] - left - LEGEND_GAP - legend_width - MARGIN;
        let x_ticks = axes[0].ticks(width, LABEL_GAP, written, |of| Face::label_width(1, of));
        let caption_y = (top + height + names).max(legend_end + GAP);
        Self {
            size: [SIZE[0], caption_y + caption_face.height_of(&caption) + MARGIN],
            plot: Frame { at: [left, top], size: [width, height], scale: 1 },
            axes,
            x_ticks,
            y_ticks,
            title,
            x_name,
            y_name,
            caption,
            caption_y,
            legend,
            legend_x: left + width + LEGEND_GAP,
            sample,
        }
    }

    /// The place of a point on the canvas.
    pub fn spot(&self, (x, y): (f64, f64)) -> Spot {
        let [left, top, width, height] =
            [self.plot.at[0], self.plot.at[1], self.plot.size[0], self.plot.size[1]].map(f64::from);
        let [x, y] = [self.axes[0].fraction(x), self.axes[1].fraction(y)];
        [left + x * width, top + (1.0 - y) * height]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(of_markers: &[f64], others: &[f64]) -> [f64; 2] {
        let axis = fit(&ChartAxis::new("x"), of_markers, others);
        assert!(axis.check().is_ok(), "{axis:?}");
        [axis.low, axis.high]
    }

    #[test]
    fn an_axis_leaves_room_beyond_markers_only() {
        assert_eq!(ends(&[], &[1.0, 100.0]), [1.0, 100.0]);
        assert_eq!(ends(&[80.0], &[1.0, 100.0]), [1.0, 100.0]);
        let [low, high] = ends(&[2.0, 99.0], &[1.0, 100.0]);
        assert_eq!(low, 1.0);
        assert!((high / 99.0 - 100_f64.powf(0.05)).abs() < 1e-12, "{high}");
    }

    #[test]
    fn an_axis_of_one_value_has_it_in_the_middle() {
        for (of_markers, others) in [(&[7.0][..], &[][..]), (&[], &[7.0]), (&[7.0], &[7.0])] {
            let [low, high] = ends(of_markers, others);
            assert!((low * high - 49.0).abs() < 1e-12 && low < 7.0, "{low} {high}");
        }
    }

    #[test]
    fn an_axis_of_extremes_stays_finite() {
        ends(&[f64::MAX], &[]);
        ends(&[f64::from_bits(1)], &[]);
        ends(&[f64::from_bits(1), f64::MAX], &[]);
    }
}
