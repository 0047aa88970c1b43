//! What tells series apart.

use super::SeriesKind;
use crate::plot::canvas::{Canvas, INK, Rgb, Spot};

/// The colours of Okabe and Ito, "Color Universal Design" (2008), which those who see fewer colours
/// tell apart as well; without the yellow, which is hard to see on white, and the black, which
/// ceilings have.
const PALETTE: [Rgb; 6] = [
    [0x00, 0x72, 0xb2],
    [0xd5, 0x5e, 0x00],
    [0x00, 0x9e, 0x73],
    [0xcc, 0x79, 0xa7],
    [0xe6, 0x9f, 0x00],
    [0x56, 0xb4, 0xe9],
];

/// One more than colours, so that 42 series pass before a pair of both comes again.
const MARKERS: [Marker; 7] = [
    Marker::Disc,
    Marker::Square,
    Marker::Triangle,
    Marker::Diamond,
    Marker::LowerTriangle,
    Marker::Cross,
    Marker::Plus,
];

/// Lengths of what is drawn and of what is left out, in turn, in pixels.
type Dashes = &'static [f64];

const SOLID: Dashes = &[f64::INFINITY];

/// Dashes of lines whose colours are used again, and of ceilings, which share one.
const DASHES: [Dashes; 4] = [SOLID, &[9.0, 6.0], &[1.5, 5.0], &[12.0, 5.0, 1.5, 5.0]];

/// Half the size of a marker, in pixels.
pub(super) const RADIUS: f64 = 5.5;
/// Around a marker, so that those that overlap are told apart.
const HALO: f64 = 1.25;
const WHITE: Rgb = [0xff; 3];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Marker {
    Disc,
    Square,
    Triangle,
    Diamond,
    LowerTriangle,
    Cross,
    Plus,
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Style {
    pub colour: Rgb,
    marker: Option<Marker>,
    line: Option<(f64, Dashes)>,
}

impl Style {
    /// The style of the series of that index among the ceilings, or among the others.
    pub fn of(kind: SeriesKind, index: usize) -> Self {
        if kind == SeriesKind::Ceiling {
            return Self {
                colour: INK,
                marker: None,
                line: Some((1.5, DASHES[index % DASHES.len()])),
            };
        }
        let dashes = DASHES[index / PALETTE.len() % DASHES.len()];
        Self {
            colour: PALETTE[index % PALETTE.len()],
            marker: kind.has_points().then_some(MARKERS[index % MARKERS.len()]),
            line: kind.has_line().then_some((2.0, dashes)),
        }
    }

    /// The same colour, dark enough for thin letters.
    pub fn text_colour(&self) -> Rgb {
        self.colour.map(|channel| channel / 10 * 7)
    }

    /// The line through all places, if the series has one.
    pub fn draw_line(&self, canvas: &mut Canvas, places: &[Spot]) {
        let Some((width, dashes)) = self.line else { return };
        let mut pieces = dashes.iter().copied().cycle().zip([true, false].into_iter().cycle());
        let (mut left, mut is_drawn) = pieces.next().expect("a line has a pattern");
        for line in places.windows(2) {
            let [from, to] = [line[0], line[1]];
            let length = (to[0] - from[0]).hypot(to[1] - from[1]);
            let at = |along: f64| {
                let part = if length > 0.0 { along / length } else { 0.0 };
                [0, 1].map(|axis| from[axis] + part * (to[axis] - from[axis]))
            };
            let mut done = 0.0;
            while done < length {
                // Not whether anything is left of it then: rounding could leave so little that
                // adding it would never change anything.
                let ends_here = done + left <= length;
                let end = if ends_here { done + left } else { length };
                if is_drawn {
                    canvas.stroke([at(done), at(end)], width, self.colour);
                }
                if ends_here {
                    (left, is_drawn) = pieces.next().expect("a pattern comes again");
                } else {
                    left -= end - done;
                }
                done = end;
            }
        }
    }

    /// The marker at a place, if the series has one.
    pub fn draw_marker(&self, canvas: &mut Canvas, place: Spot) {
        let Some(marker) = self.marker else { return };
        marker.draw(canvas, place, HALO, WHITE);
        marker.draw(canvas, place, 0.0, self.colour);
    }
}

impl Marker {
    fn draw(self, canvas: &mut Canvas, [x, y]: Spot, margin: f64, colour: Rgb) {
        let corners = |offsets: &[Spot]| -> Vec<Spot> {
            offsets.iter().map(|[dx, dy]| [x + dx * RADIUS, y + dy * RADIUS]).collect()
        };
        // All look about equally large.
        let corners = match self {
            Self::Disc => return canvas.stroke([[x, y]; 2], 2.0 * (RADIUS + margin), colour),
            Self::Cross | Self::Plus => {
                let ends = match self {
                    Self::Cross => [[-0.75, -0.75], [0.75, 0.75], [-0.75, 0.75], [0.75, -0.75]],
                    _ => [[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]],
                };
                for line in corners(&ends).chunks_exact(2) {
                    canvas.stroke([line[0], line[1]], 3.0 + 2.0 * margin, colour);
                }
                return;
            }
            Self::Square => corners(&[[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]]),
            Self::Triangle => corners(&[[0.0, -1.2], [1.15, 0.8], [-1.15, 0.8]]),
            Self::LowerTriangle => corners(&[[0.0, 1.2], [-1.15, -0.8], [1.15, -0.8]]),
            Self::Diamond => corners(&[[0.0, -1.25], [1.25, 0.0], [0.0, 1.25], [-1.25, 0.0]]),
        };
        canvas.polygon(&corners, margin, colour);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_two_series_look_different() {
        for kind in [SeriesKind::Points, SeriesKind::LineWithPoints] {
            let styles: Vec<_> = (0..42).map(|index| Style::of(kind, index)).collect();
            for (index, style) in styles.iter().enumerate() {
                assert!(!styles[..index].contains(style), "{index}: {style:?}");
            }
        }
    }

    #[test]
    fn dashes_leave_gaps() {
        let style = Style::of(SeriesKind::Ceiling, 1);
        let mut canvas = Canvas::new(100, 3);
        // The pattern goes on around a corner.
        style.draw_line(&mut canvas, &[[0.0, 1.5], [45.0, 1.5], [100.0, 1.5]]);
        let inks = (0..100).filter(|x| canvas.bytes[3 * (100 + x)] < 0x80).count();
        assert!((50..85).contains(&inks), "{inks}");
    }

    #[test]
    fn every_line_ends() {
        let mut canvas = Canvas::new(200, 3);
        for (index, tenths) in (0..4).flat_map(|index| (0..200).map(move |n| (index, n))) {
            let corner = 0.1 * f64::from(tenths);
            let places = [[0.0, 1.5], [corner, 1.5], [corner + 0.7, 1.5], [190.3, 1.5]];
            Style::of(SeriesKind::Ceiling, index).draw_line(&mut canvas, &places);
        }
    }
}
