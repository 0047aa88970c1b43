//! Draws a [`Sheet`].

use super::super::canvas::{Canvas, Face, Frame, GAP, MARGIN, Side};
use super::sheet::{BAR_GAP, BAR_WIDTH, SWATCH, Sheet};

impl Sheet<'_> {
    /// Draws everything.
    pub fn draw(&self) -> Canvas {
        let mut canvas = Canvas::new(self.size[0], self.size[1]);
        self.draw_values(&mut canvas);
        self.draw_bar(&mut canvas);
        self.draw_axes(&mut canvas);
        self.draw_legend(&mut canvas);
        let x = MARGIN * self.scale;
        canvas.lines(Face::title(self.scale), [x, x], &self.title);
        canvas.lines(Face::caption(self.scale), [x, self.caption_y()], &self.caption);
        canvas
    }

    fn draw_values(&self, canvas: &mut Canvas) {
        let [wide, high] = self.zoom;
        let index = |at: i32| usize::try_from(at).expect("the plot is on the canvas");
        let stride = 3 * index(canvas.width);
        let left = 3 * index(self.plot.at[0]);
        let length = 3 * index(self.plot.size[0]);
        let first = index(self.plot.at[1]) * stride;
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

    fn draw_bar(&self, canvas: &mut Canvas) {
        let Self { plot, scale, .. } = self;
        let [x, length] = [plot.at[0] + plot.size[0] + BAR_GAP * scale, plot.size[1]];
        let bar = Frame { at: [x, plot.at[1]], size: [BAR_WIDTH * scale, length], scale: *scale };
        for from_below in 0..length {
            let middle = (f64::from(from_below) + 0.5) / f64::from(length);
            let y = bar.at[1] + length - 1 - from_below;
            canvas.fill([x, y], [bar.size[0], 1], self.colours.at(middle));
        }
        bar.draw(canvas);
        bar.draw_ticks_beside(canvas, &self.bar_ticks, Side::Right);
        let name_x = self.size[0] - MARGIN * scale - Face::label(*scale).height_of(&self.bar_name);
        bar.draw_name_upright(canvas, name_x, &self.bar_name);
    }

    fn draw_axes(&self, canvas: &mut Canvas) {
        self.plot.draw(canvas);
        self.plot.draw_ticks_below(canvas, &self.x_ticks);
        self.plot.draw_ticks_beside(canvas, &self.y_ticks, Side::Left);
        self.plot.draw_name_below(canvas, &self.x_name);
        self.plot.draw_name_upright(canvas, MARGIN * self.scale, &self.y_name);
    }

    fn draw_legend(&self, canvas: &mut Canvas) {
        let face = Face::label(self.scale);
        let side = SWATCH * self.scale;
        for entry in &self.legend {
            let x = MARGIN * self.scale + entry.x;
            let y = self.legend_y() + entry.row * face.line();
            let square = [x, y + (face.height() - side) / 2];
            Frame { at: square, size: [side; 2], scale: self.scale }.draw(canvas);
            canvas.fill(square, [side; 2], entry.colour);
            canvas.text(face, [x + side + GAP * self.scale, y], &entry.text);
        }
    }
}
