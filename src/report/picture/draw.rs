//! Draws a [`Sheet`].

use super::Tick;
use super::sheet::{BAR_GAP, BAR_WIDTH, GAP, MARGIN, SWATCH, Sheet, TICK, TICK_GAP, height_of};
use super::text::{Canvas, Face};

/// The length of a tick without a label, in dots.
const MINOR_TICK: i32 = 3;

/// The pixel that a fraction of `length` pixels is in.
#[expect(clippy::cast_possible_truncation, reason = "a fraction of a length is no longer")]
fn pixel(fraction: f64, length: i32) -> i32 {
    ((fraction * f64::from(length)) as i32).min(length - 1)
}

/// From one line to the next.
fn step(face: Face) -> usize {
    usize::try_from(face.line()).expect("a line has a height")
}

impl Sheet<'_> {
    /// Draws everything.
    pub fn draw(&self) -> Canvas {
        let mut canvas = Canvas::new(self.size[0], self.size[1]);
        self.draw_values(&mut canvas);
        self.draw_bar(&mut canvas);
        self.draw_axes(&mut canvas);
        self.draw_names(&mut canvas);
        self.draw_legend(&mut canvas);
        let x = MARGIN * self.scale;
        let title = Face::title(self.scale);
        for (y, line) in (x..).step_by(step(title)).zip(&self.title) {
            canvas.text(title, [x, y], line);
        }
        let caption = Face::caption(self.scale);
        for (y, line) in (self.caption_y()..).step_by(step(caption)).zip(&self.caption) {
            canvas.text(caption, [x, y], line);
        }
        canvas
    }

    fn draw_values(&self, canvas: &mut Canvas) {
        let [wide, high] = self.zoom;
        let index = |at: i32| usize::try_from(at).expect("the plot is on the canvas");
        let stride = 3 * index(canvas.width);
        let left = 3 * index(self.plot[0]);
        let length = 3 * index(self.plot_size[0]);
        let first = index(self.plot[1]) * stride;
        let lines = canvas.bytes[first..].chunks_exact_mut(stride);
        // Row 0 is the lowest.
        let rows = self.picture.values.chunks_exact(self.picture.width).rev();
        let mut pixels: Vec<u8> = Vec::with_capacity(length);
        let mut lines = lines.map(|line| &mut line[left..left + length]);
        for row in rows {
            pixels.clear();
            for &value in row {
                let colour = self.colours.colour(value);
                for _ in 0..wide {
                    pixels.extend_from_slice(&colour);
                }
            }
            for line in lines.by_ref().take(high) {
                line.copy_from_slice(&pixels);
            }
        }
    }

    /// The left edge of the colour bar.
    fn bar_x(&self) -> i32 {
        self.plot[0] + self.plot_size[0] + BAR_GAP * self.scale
    }

    fn draw_bar(&self, canvas: &mut Canvas) {
        let [x, length] = [self.bar_x(), self.plot_size[1]];
        let width = BAR_WIDTH * self.scale;
        for from_below in 0..length {
            let middle = (f64::from(from_below) + 0.5) / f64::from(length);
            let y = self.plot[1] + length - 1 - from_below;
            canvas.fill([x, y], [width, 1], self.colours.at(middle));
        }
        self.draw_frame(canvas, [x, self.plot[1]], [width, length]);
        self.draw_upright_ticks(canvas, &self.bar_ticks, x + width, true);
    }

    /// A frame around a rectangle, outside of it.
    fn draw_frame(&self, canvas: &mut Canvas, [x, y]: [i32; 2], [width, height]: [i32; 2]) {
        let line = self.scale;
        let [long, tall] = [width + 2 * line, height + 2 * line];
        canvas.ink([x - line, y - line], [long, line]);
        canvas.ink([x - line, y + height], [long, line]);
        canvas.ink([x - line, y - line], [line, tall]);
        canvas.ink([x + width, y - line], [line, tall]);
    }

    fn draw_axes(&self, canvas: &mut Canvas) {
        let ([left, top], [width, height], scale) = (self.plot, self.plot_size, self.scale);
        self.draw_frame(canvas, self.plot, self.plot_size);
        for tick in &self.x_ticks {
            let x = left + pixel(tick.fraction, width);
            let length = scale * if tick.label.is_some() { TICK } else { MINOR_TICK };
            canvas.ink([x - scale / 2, top + height], [scale, length + scale]);
            if let Some(label) = &tick.label {
                let x = x - Face::label_width(scale, label) / 2;
                canvas.label(scale, [x, top + height + (TICK + TICK_GAP) * scale], label);
            }
        }
        self.draw_upright_ticks(canvas, &self.y_ticks, left, false);
    }

    /// The ticks of an axis beside the plot that ends at `x`: to its right, or to its left.
    fn draw_upright_ticks(&self, canvas: &mut Canvas, ticks: &[Tick], x: i32, to_right: bool) {
        let scale = self.scale;
        for tick in ticks {
            let y = self.plot[1] + self.plot_size[1] - 1 - pixel(tick.fraction, self.plot_size[1]);
            let length = scale + scale * if tick.label.is_some() { TICK } else { MINOR_TICK };
            let tick_x = if to_right { x } else { x - length };
            canvas.ink([tick_x, y - scale / 2], [length, scale]);
            if let Some(label) = &tick.label {
                let away = (TICK + TICK_GAP) * scale + scale;
                let label_x =
                    if to_right { x + away } else { x - away - Face::label_width(scale, label) };
                canvas.label(scale, [label_x, y - Face::label(scale).height() / 2], label);
            }
        }
    }

    /// The names of the axes and of the colours, each in the middle of what it names.
    fn draw_names(&self, canvas: &mut Canvas) {
        let ([left, top], [width, height], scale) = (self.plot, self.plot_size, self.scale);
        let face = Face::label(scale);
        for (y, line) in (self.x_name_y()..).step_by(step(face)).zip(&self.x_name) {
            canvas.text(face, [left + (width - face.width(line)) / 2, y], line);
        }
        let right = self.size[0] - MARGIN * scale - height_of(face, &self.bar_name);
        for (x, lines) in [(MARGIN * scale, &self.y_name), (right, &self.bar_name)] {
            for (x, line) in (x..).step_by(step(face)).zip(lines) {
                let y = top + i32::midpoint(height, face.width(line));
                canvas.text_upwards(face, [x, y], line);
            }
        }
    }

    fn draw_legend(&self, canvas: &mut Canvas) {
        let face = Face::label(self.scale);
        let side = SWATCH * self.scale;
        for entry in &self.legend {
            let x = MARGIN * self.scale + entry.x;
            let y = self.legend_y() + entry.row * face.line();
            let square = [x, y + (face.height() - side) / 2];
            self.draw_frame(canvas, square, [side; 2]);
            canvas.fill(square, [side; 2], entry.colour);
            canvas.text(face, [x + side + GAP * self.scale, y], &entry.text);
        }
    }
}
