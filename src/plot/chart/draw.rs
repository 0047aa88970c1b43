//! Draws a [`Chart`].

use super::layout::{Layout, SAMPLE_GAP};
use super::place::Taken;
use super::style::Style;
use super::{Chart, Series, SeriesKind};
use crate::plot::canvas::{Block, Canvas, Face, MARGIN, Rgb, Side, Spot, Tick};

const GRID: Rgb = [0xd4; 3];
const MINOR_GRID: Rgb = [0xee; 3];
const PAPER: Rgb = [0xff; 3];

/// A text inside of the plot.
pub(super) struct Note {
    pub block: Block,
    pub text: String,
    colour: Rgb,
}

/// A series as it is drawn.
struct Drawn<'a> {
    series: &'a Series,
    style: Style,
    spots: Vec<Spot>,
}

/// The series of a chart, in the order of the chart.
fn drawn<'a>(chart: &'a Chart, layout: &Layout) -> Vec<Drawn<'a>> {
    let mut counts = [0, 0];
    let series = chart.series.iter().map(|series| {
        let count = &mut counts[usize::from(series.kind == SeriesKind::Ceiling)];
        let style = Style::of(series.kind, *count);
        *count += 1;
        let spots = series.points.iter().map(|&point| layout.spot(point)).collect();
        Drawn { series, style, spots }
    });
    series.collect()
}

/// The size of a text.
fn size(text: &str) -> [f64; 2] {
    [Face::label(1).width(text), Face::label(1).height()].map(f64::from)
}

/// Texts inside of the plot where there is room for them; and the ceilings for whose labels there
/// is none.
fn notes(all: &[Drawn], layout: &Layout) -> (Vec<Note>, Vec<usize>) {
    let mut taken = Taken::new(layout.plot);
    for Drawn { series, spots, .. } in all {
        if series.kind.has_line() {
            spots.windows(2).for_each(|ends| taken.take_line([ends[0], ends[1]]));
        }
        if series.kind.has_points() {
            for &spot in spots {
                taken.take_marker(spot);
            }
        }
    }
    let (mut notes, mut missing) = (vec![], vec![]);
    let is_named = |index| layout.legend.iter().any(|entry| entry.series == index);
    for (index, Drawn { series, style, spots }) in all.iter().enumerate() {
        if series.kind != SeriesKind::Ceiling || is_named(index) {
            continue;
        }
        let text = Face::written(&series.label);
        match taken.along(spots, size(&text)) {
            Some(block) => notes.push(Note { block, text, colour: style.colour }),
            None => missing.push(index),
        }
    }
    for Drawn { series, style, spots } in all {
        for (&spot, text) in spots.iter().zip(&series.point_labels) {
            let text = Face::written(text);
            if text.is_empty() {
                continue;
            }
            if let Some(block) = taken.beside(spot, size(&text)) {
                notes.push(Note { block, text, colour: style.text_colour() });
            }
        }
    }
    (notes, missing)
}

/// A chart whose every ceiling has its label along it or in the legend.
pub(super) struct Arranged<'a> {
    pub layout: Layout,
    pub notes: Vec<Note>,
    drawn: Vec<Drawn<'a>>,
}

/// Finds the places of everything.
pub(super) fn arrange(chart: &Chart) -> Arranged<'_> {
    let is_in_legend = |index: &usize| chart.series[*index].kind != SeriesKind::Ceiling;
    let mut in_legend: Vec<usize> = (0..chart.series.len()).filter(is_in_legend).collect();
    // A larger legend makes a smaller plot, in which there may be less room than before.
    loop {
        let layout = Layout::new(chart, &in_legend);
        let drawn = drawn(chart, &layout);
        let (notes, missing) = notes(&drawn, &layout);
        if missing.is_empty() {
            return Arranged { layout, notes, drawn };
        }
        in_legend.extend(missing);
    }
}

/// The whole chart.
pub(super) fn draw(chart: &Chart) -> Canvas {
    let Arranged { layout, notes, drawn: all } = arrange(chart);
    let mut canvas = Canvas::new(layout.size[0], layout.size[1]);
    draw_grid(&layout, &mut canvas);
    let (ceilings, others): (Vec<_>, Vec<_>) =
        all.iter().partition(|drawn| drawn.series.kind == SeriesKind::Ceiling);
    for drawn in ceilings.into_iter().chain(others) {
        drawn.style.draw_line(&mut canvas, &drawn.spots);
    }
    for Drawn { style, spots, .. } in &all {
        for &spot in spots {
            style.draw_marker(&mut canvas, spot);
        }
    }
    for Note { block, text, colour } in &notes {
        canvas.polygon(&block.corners(), 0.0, PAPER);
        canvas.text_in(Face::label(1), block, text, *colour);
    }
    draw_surroundings(&layout, &mut canvas);
    draw_legend(&layout, &all, &mut canvas);
    canvas
}

fn draw_grid(layout: &Layout, canvas: &mut Canvas) {
    let Layout { plot, x_ticks, y_ticks, .. } = layout;
    let ([left, top], [width, height]) = (plot.at, plot.size);
    for (is_major, colour) in [(false, MINOR_GRID), (true, GRID)] {
        let chosen = |tick: &&Tick| tick.label.is_some() == is_major;
        for tick in x_ticks.iter().filter(chosen) {
            canvas.fill([plot.x(tick.fraction), top], [1, height], colour);
        }
        for tick in y_ticks.iter().filter(chosen) {
            canvas.fill([left, plot.y(tick.fraction)], [width, 1], colour);
        }
    }
}

fn draw_surroundings(layout: &Layout, canvas: &mut Canvas) {
    let Layout { plot, .. } = layout;
    plot.draw(canvas);
    plot.draw_ticks_below(canvas, &layout.x_ticks);
    plot.draw_ticks_beside(canvas, &layout.y_ticks, Side::Left);
    plot.draw_name_below(canvas, &layout.x_name);
    plot.draw_name_upright(canvas, MARGIN, &layout.y_name);
    canvas.lines(Face::title(1), [MARGIN; 2], &layout.title);
    canvas.lines(Face::caption(1), [MARGIN, layout.caption_y], &layout.caption);
}

fn draw_legend(layout: &Layout, all: &[Drawn], canvas: &mut Canvas) {
    let face = Face::label(1);
    for entry in &layout.legend {
        let [left, y] = [layout.legend_x, entry.y];
        let middle = f64::from(y) + f64::from(face.height()) / 2.0;
        let [from, centre, to] =
            [0, layout.sample / 2, layout.sample].map(|along| [f64::from(left + along), middle]);
        let style = all[entry.series].style;
        style.draw_line(canvas, &[from, to]);
        style.draw_marker(canvas, centre);
        canvas.lines(face, [left + layout.sample + SAMPLE_GAP, y], &entry.lines);
    }
}
