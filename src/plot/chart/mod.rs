//! Charts: series of points between two logarithmic axes, with a legend, as SVG.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;

use super::canvas::wrap;
use crate::error::Error;

#[cfg(test)]
mod tests;

/// Colours of Okabe and Ito, "Color Universal Design" (2008), which people with any colour vision
/// tell apart; without the yellow, which is hard to see on white, and the black of the ceilings.
const PALETTE: [u32; 6] = [0x00_72_b2, 0xd5_5e_00, 0x00_9e_73, 0xcc_79_a7, 0xe6_9f_00, 0x56_b4_e9];
/// Colour of text and of ceilings.
const INK: u32 = 0x22_22_22;

/// Corners of markers, in pixels from the centre. There is one marker more than there are colours,
/// so that a pair of both comes again only after 42 series.
const MARKERS: [&[Place]; 7] = [
    &[(-2, -5), (2, -5), (5, -2), (5, 2), (2, 5), (-2, 5), (-5, 2), (-5, -2)],
    &[(-5, -5), (5, -5), (5, 5), (-5, 5)],
    &[(0, -7), (6, 4), (-6, 4)],
    &[(0, -7), (7, 0), (0, 7), (-7, 0)],
    &[(0, 7), (6, -4), (-6, -4)],
    &[(-5, -6), (5, -6), (-5, 6), (5, 6)],
    &[(-6, -5), (-6, 5), (6, -5), (6, 5)],
];

/// Lengths of a dash and of the gap after it, in pixels: they tell ceilings apart.
const DASHES: [(i32, i32); 5] = [SOLID, (10, 5), (2, 4), (20, 5), (6, 12)];
const SOLID: (i32, i32) = (i32::MAX, 0);

/// Values that an axis can show. The ticks of `plotters` end near 2⁻⁵², and no figure of a
/// benchmark comes near either end.
const VALUES: Range<f64> = 1e-15..1e30;

const WIDTH: i32 = 1200;
const MARGIN: i32 = 16;
/// Least height of the plot with its tick labels and the name of its x axis.
const PLOT_HEIGHT: i32 = 640;
/// Width of a line in the legend.
const SAMPLE: i32 = 36;
/// Greatest width of a name in the legend.
const NAME: i32 = 290;

/// Font size of the title, and that of other text, in pixels.
const TITLE: i32 = 19;
const LABEL: i32 = 13;

/// A place on the image.
type Place = (i32, i32);
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeriesKind {
    /// A marker at each point.
    Points,
    /// A marker at each point, and a line through them.
    LineWithPoints,
    /// A limit on the others: a line in the colour of text.
    Ceiling,
}

/// Points that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Name in the legend.
    pub label: String,
    /// How it is drawn.
    pub kind: SeriesKind,
    /// (x, y), all from 10⁻¹⁵ to 10³⁰, in the order in which a line joins them.
    pub points: Vec<(f64, f64)>,
}

/// Series between two logarithmic axes, which span whole decades. Colours, markers and dashes follow
/// the order of the series, of which the first is drawn above the others.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Title above the plot.
    pub title: String,
    /// Name of the horizontal axis, with the unit if there is one.
    pub x_label: String,
    /// Name of the vertical axis, with the unit if there is one.
    pub y_label: String,
    /// What is drawn.
    pub series: Vec<Series>,
    /// Paragraphs below the plot.
    pub caption: Vec<String>,
}

impl Series {
    /// A series of points.
    pub fn new(label: impl Into<String>, kind: SeriesKind, points: Vec<(f64, f64)>) -> Self {
        Self { label: label.into(), kind, points }
    }

    fn check(&self) -> Result<(), Error> {
        let Self { label, points, .. } = self;
        if points.is_empty() {
            return Err(Error::Usage(format!("the series {label:?} of a chart has no points")));
        }
        let Range { start, end } = VALUES;
        let is_wrong = |(x, y): &&(f64, f64)| ![x, y].into_iter().all(|of| VALUES.contains(of));
        points.iter().find(is_wrong).map_or(Ok(()), |point| {
            Err(Error::Usage(format!(
                "the series {label:?} of a chart has the point {point:?}; its logarithmic axes can \
                 have numbers from {start:e} to below {end:e}"
            )))
        })
    }

    /// Draws a line through some places, and markers at others, in the style of number `index`.
    fn draw(&self, root: &Area, index: usize, line: &[Place], markers: &[Place]) -> Drawn {
        let is_ceiling = self.kind == SeriesKind::Ceiling;
        let colour = colour(if is_ceiling { INK } else { PALETTE[index % PALETTE.len()] });
        let (dash, gap) = if is_ceiling { DASHES[index % DASHES.len()] } else { SOLID };
        if self.kind != SeriesKind::Points {
            let line = line.iter().copied();
            root.draw(&DashedPathElement::new(line, dash, gap, colour.stroke_width(2)))?;
        }
        for (x, y) in markers.iter().filter(|_| !is_ceiling) {
            let corners = MARKERS[index % MARKERS.len()].iter();
            let mut corners: Vec<_> = corners.map(|(dx, dy)| (x + dx, y + dy)).collect();
            root.draw(&Polygon::new(corners.clone(), colour.filled()))?;
            // An edge tells markers apart where they overlap.
            corners.push(corners[0]);
            root.draw(&PathElement::new(corners, WHITE))?;
        }
        Ok(())
    }
}

impl Chart {
    /// The chart as an SVG file, 1200 pixels wide, and as high as the texts need. The same chart
    /// gives the same text.
    ///
    /// # Errors
    /// [`Error::Usage`] if there is no series, if one has no points, or if a number is not from
    /// 10⁻¹⁵ to 10³⁰.
    pub fn to_svg(&self) -> Result<String, Error> {
        let Self { title, series, .. } = self;
        if series.is_empty() {
            return Err(Error::Usage(format!("the chart {title:?} has no series")));
        }
        series.iter().try_for_each(Series::check)?;
        let mut svg = String::new();
        let drawn = self.draw(&mut svg);
        drawn.map_err(|error| Error::Usage(format!("the chart {title:?} is no SVG: {error}")))?;
        Ok(svg)
    }

    fn draw(&self, svg: &mut String) -> Drawn {
        let title = wrap(&self.title, columns(WIDTH - 2 * MARGIN, TITLE));
        let paragraphs = self.caption.iter();
        let caption = paragraphs.flat_map(|text| wrap(text, columns(WIDTH - 2 * MARGIN, LABEL)));
        let caption: Vec<_> = caption.collect();
        let names = self.series.iter().map(|series| wrap(&series.label, columns(NAME, LABEL)));
        let names: Vec<_> = names.collect();

        let top = MARGIN + height(&title, TITLE);
        let legend_left = WIDTH - 2 * MARGIN - SAMPLE - NAME;
        let legend_height = names.iter().map(|lines| height(lines, LABEL)).sum::<i32>();
        let caption_top = top + PLOT_HEIGHT.max(legend_height + MARGIN) + MARGIN;
        let size = [WIDTH, caption_top + height(&caption, LABEL) + MARGIN].map(i32::unsigned_abs);
        let root = SVGBackend::with_string(svg, size.into()).into_drawing_area();
        root.fill(&WHITE)?;
        write(&root, &title, (MARGIN, MARGIN), TITLE)?;
        write(&root, &caption, (MARGIN, caption_top), LABEL)?;
        let plot_size = (legend_left - 2 * MARGIN, caption_top - MARGIN - top);
        self.draw_plot(&root, &root.clone().shrink((MARGIN, top), plot_size))?;
        self.draw_legend(&root, &names, (legend_left, top + MARGIN))?;
        root.present()
    }

    /// Number of the style of a series: ceilings and others are counted apart.
    fn style_of(&self, index: usize) -> usize {
        let is_ceiling = |series: &Series| series.kind == SeriesKind::Ceiling;
        let is_alike = |other: &&Series| is_ceiling(other) == is_ceiling(&self.series[index]);
        self.series[..index].iter().filter(is_alike).count()
    }

    fn draw_plot(&self, root: &Area, plot: &Area) -> Drawn {
        let points = || self.series.iter().flat_map(|series| &series.points);
        let x = decades(points().map(|point| point.0));
        let y = decades(points().map(|point| point.1));
        let mut chart = ChartBuilder::on(plot)
            .margin_top(MARGIN)
            .margin_right(MARGIN)
            .x_label_area_size(52)
            .y_label_area_size(72)
            .build_cartesian_2d(x.log_scale(), y.log_scale())?;
        let mut mesh = chart.configure_mesh();
        // With ten labels or more, `plotters` would label the last tick of a single decade twice.
        mesh.x_labels(9).y_labels(9).x_label_formatter(&tick).y_label_formatter(&tick);
        mesh.bold_line_style(colour(0xcc_cc_cc)).light_line_style(colour(0xee_ee_ee));
        mesh.axis_style(colour(INK)).label_style(style(LABEL)).axis_desc_style(style(LABEL));
        mesh.x_desc(&self.x_label).y_desc(&self.y_label).draw()?;
        for (index, series) in self.series.iter().enumerate().rev() {
            let places = series.points.iter().map(|point| chart.backend_coord(point));
            let places: Vec<_> = places.collect();
            series.draw(root, self.style_of(index), &places, &places)?;
        }
        Ok(())
    }

    fn draw_legend(&self, root: &Area, names: &[Vec<String>], (x, mut y): Place) -> Drawn {
        for (index, (series, lines)) in self.series.iter().zip(names).enumerate() {
            let [left, centre, right] = [0, SAMPLE / 2, SAMPLE].map(|of| (x + of, y + LABEL / 2));
            series.draw(root, self.style_of(index), &[left, right], &[centre])?;
            write(root, lines, (x + SAMPLE + MARGIN / 2, y), LABEL)?;
            y += height(lines, LABEL);
        }
        Ok(())
    }
}

fn colour(rgb: u32) -> RGBColor {
    let [_, red, green, blue] = rgb.to_be_bytes();
    RGBColor(red, green, blue)
}

fn style(font_size: i32) -> TextStyle<'static> {
    // The backend divides the size by 1.24.
    ("sans-serif", 1.24 * f64::from(font_size)).into_font().color(&colour(INK))
}

/// Number of characters that fit into a width. A viewer chooses the font, so this is a bound:
/// running text of common fonts takes at most 0.6 of the font size for each character.
fn columns(width: i32, font_size: i32) -> usize {
    usize::try_from(5 * width / (3 * font_size)).expect("the image has room for text")
}

/// Height of lines of text.
fn height(lines: &[String], font_size: i32) -> i32 {
    7 * font_size / 5 * i32::try_from(lines.len()).expect("a chart has few texts")
}

/// Writes lines of text, one below the other, from their upper left corner on.
fn write(root: &Area, lines: &[String], (x, y): Place, font_size: i32) -> Drawn {
    lines.iter().enumerate().try_for_each(|(above, line)| {
        let place = (x, y + height(&lines[..above], font_size));
        root.draw(&Text::new(line.as_str(), place, style(font_size)))
    })
}

/// The fewest whole decades that hold all values.
fn decades(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (low, high) = values
        .fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    let low = low.log10().floor();
    let high = high.log10().ceil().max(low + 1.0);
    // The ends are a little further, so that rounding does not leave out the ticks there.
    10_f64.powf(low) * (1.0 - 1e-9)..10_f64.powf(high) * (1.0 + 1e-9)
}

/// A power of ten beside its tick: 0.01, 100, 10k, 1M.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "`plotters` calls it with a reference")]
#[expect(clippy::cast_possible_truncation, reason = "exponents of f64 are between -324 and 308")]
fn tick(value: &f64) -> String {
    let exponent = value.log10().round() as i32;
    let (power, prefix) = match exponent {
        -3..3 => (0, ""),
        3..6 => (3, "k"),
        6..9 => (6, "M"),
        9..12 => (9, "G"),
        _ => return format!("1e{exponent}"),
    };
    format!("{}{prefix}", 10_f64.powi(exponent - power))
}
