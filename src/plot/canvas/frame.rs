//! The frame of a plot, with the ticks and the names of its axes.

use super::{Canvas, Face, Tick};

// Lengths, in dots of the text.
pub const MARGIN: i32 = 14;
pub const GAP: i32 = 6;
pub const TICK: i32 = 5;
/// Between a tick and its label.
pub const TICK_GAP: i32 = 3;
/// Between labels, at least.
pub const LABEL_GAP: i32 = 24;

/// The length of a tick without a label, in dots.
const MINOR_TICK: i32 = 3;

/// The side of a frame that ticks are at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Left,
    Right,
}

/// A plot with a line around it.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// The upper left corner of what is inside.
    pub at: [i32; 2],
    /// The size of what is inside.
    pub size: [i32; 2],
    /// Image pixels per dot of text, which is how thick the lines are.
    pub scale: i32,
}

/// The widest label, in pixels.
pub fn widest(ticks: &[Tick], scale: i32) -> i32 {
    let labels = ticks.iter().filter_map(|tick| tick.label.as_ref());
    labels.map(|label| Face::label_width(scale, label)).max().unwrap_or(0)
}

/// From the lower edge of a plot to the name of its x axis.
pub fn below_plot(scale: i32) -> i32 {
    (TICK + TICK_GAP + GAP) * scale + Face::label(scale).height()
}

/// The pixel that a fraction of `length` pixels is in.
#[expect(clippy::cast_possible_truncation, reason = "a fraction of a length is no longer")]
fn pixel(fraction: f64, length: i32) -> i32 {
    ((fraction * f64::from(length)) as i32).min(length - 1)
}

impl Frame {
    /// The column that a fraction of the width is in.
    pub fn x(&self, fraction: f64) -> i32 {
        self.at[0] + pixel(fraction, self.size[0])
    }

    /// The row that a fraction of the height is in, from below.
    pub fn y(&self, fraction: f64) -> i32 {
        self.at[1] + self.size[1] - 1 - pixel(fraction, self.size[1])
    }

    /// The line, which is outside of the plot.
    pub fn draw(&self, canvas: &mut Canvas) {
        let ([x, y], [width, height], line) = (self.at, self.size, self.scale);
        let [long, tall] = [width + 2 * line, height + 2 * line];
        canvas.ink([x - line, y - line], [long, line]);
        canvas.ink([x - line, y + height], [long, line]);
        canvas.ink([x - line, y - line], [line, tall]);
        canvas.ink([x + width, y - line], [line, tall]);
    }

    /// The ticks of the x axis.
    pub fn draw_ticks_below(&self, canvas: &mut Canvas, ticks: &[Tick]) {
        let scale = self.scale;
        let below = self.at[1] + self.size[1];
        for tick in ticks {
            let x = self.x(tick.fraction);
            let length = scale * if tick.label.is_some() { TICK } else { MINOR_TICK };
            canvas.ink([x - scale / 2, below], [scale, length + scale]);
            if let Some(label) = &tick.label {
                let x = x - Face::label_width(scale, label) / 2;
                canvas.label(scale, [x, below + (TICK + TICK_GAP) * scale], label);
            }
        }
    }

    /// The ticks of an upright axis.
    pub fn draw_ticks_beside(&self, canvas: &mut Canvas, ticks: &[Tick], side: Side) {
        let scale = self.scale;
        let away = (TICK + TICK_GAP) * scale + scale;
        for tick in ticks {
            let y = self.y(tick.fraction);
            let length = scale + scale * if tick.label.is_some() { TICK } else { MINOR_TICK };
            let beside = |gap: i32, width: i32| match side {
                Side::Left => self.at[0] - gap - width,
                Side::Right => self.at[0] + self.size[0] + gap,
            };
            canvas.ink([beside(0, length), y - scale / 2], [length, scale]);
            if let Some(label) = &tick.label {
                let x = beside(away, Face::label_width(scale, label));
                canvas.label(scale, [x, y - Face::label(scale).height() / 2], label);
            }
        }
    }

    /// The name of the x axis, in the middle below the labels of its ticks.
    pub fn draw_name_below(&self, canvas: &mut Canvas, lines: &[String]) {
        let face = Face::label(self.scale);
        let top = self.at[1] + self.size[1] + below_plot(self.scale);
        for (y, line) in (top..).step_by(face.step()).zip(lines) {
            canvas.text(face, [self.at[0] + (self.size[0] - face.width(line)) / 2, y], line);
        }
    }

    /// The name of an upright axis, in the middle, from `x` on.
    pub fn draw_name_upright(&self, canvas: &mut Canvas, x: i32, lines: &[String]) {
        let face = Face::label(self.scale);
        for (x, line) in (x..).step_by(face.step()).zip(lines) {
            let y = self.at[1] + i32::midpoint(self.size[1], face.width(line));
            canvas.text_upwards(face, [x, y], line);
        }
    }
}
