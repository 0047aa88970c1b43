//! What heat maps are made of: pixels, text, axes and the frame of a plot, as PNG.

mod axis;
mod frame;
mod label;
mod text;
mod ticks;

use std::ops::Range;

pub use axis::{AxisScale, PlotAxis};
pub use frame::{Frame, GAP, LABEL_GAP, MARGIN, Side, TICK, TICK_GAP, below_plot, widest};
pub use label::Label;
pub use text::{Face, wrap};
pub use ticks::Tick;

/// Red, green and blue.
pub type Rgb = [u8; 3];

/// The colour of text and lines.
pub const INK: Rgb = [0x22, 0x22, 0x22];

/// Eight-bit pixels, row 0 at the top: `[height, width, 3]`.
pub struct Canvas {
    pub width: i32,
    pub height: i32,
    pub bytes: Vec<u8>,
}

/// What of a range is between 0 and `end`.
fn inside(range: Range<i32>, end: i32) -> Range<usize> {
    let [from, to] = [range.start, range.end].map(|at| at.clamp(0, end));
    let [from, to] = [from, to].map(|at| usize::try_from(at).expect("it was clamped"));
    from..to
}

impl Canvas {
    /// A white canvas.
    pub fn new(width: i32, height: i32) -> Self {
        let size = [width, height].map(|side| usize::try_from(side).unwrap_or(0));
        Self { width, height, bytes: vec![0xff; size[0] * size[1] * 3] }
    }

    /// The pixels of a row, from left to right.
    fn row(&mut self, row: usize) -> &mut [Rgb] {
        let stride = 3 * usize::try_from(self.width).expect("a width is not negative");
        self.bytes[row * stride..(row + 1) * stride].as_chunks_mut().0
    }

    /// Fills what is inside of a rectangle of `width` by `height` pixels.
    pub fn fill(&mut self, [x, y]: [i32; 2], [width, height]: [i32; 2], colour: Rgb) {
        let columns = inside(x..x + width, self.width);
        for row in inside(y..y + height, self.height) {
            self.row(row)[columns.clone()].fill(colour);
        }
    }

    /// A line or a block in the colour of text.
    pub fn ink(&mut self, at: [i32; 2], size: [i32; 2]) {
        self.fill(at, size, INK);
    }

    /// The canvas as a PNG file of eight-bit RGB, with its texts where they are not empty.
    pub fn png(&self, title: &str, description: &str) -> Result<Vec<u8>, png::EncodingError> {
        let mut bytes = vec![];
        let [width, height] = [self.width, self.height].map(i32::unsigned_abs);
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        for (keyword, text) in [("Title", title), ("Description", description)] {
            if !text.is_empty() {
                // A zero would end the text.
                encoder.add_itxt_chunk(keyword.to_owned(), text.replace('\0', " "))?;
            }
        }
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.bytes)?;
        writer.finish()?;
        Ok(bytes)
    }
}

/// The pixels of a PNG, `[height, width]`.
#[cfg(test)]
pub fn decode(bytes: &[u8]) -> (png::Info<'static>, Vec<Vec<Rgb>>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a header");
    let mut pixels = vec![0; reader.output_buffer_size().expect("it is small")];
    reader.next_frame(&mut pixels).expect("pixels");
    reader.finish().expect("it is whole");
    let info = reader.info().clone();
    let row = usize::try_from(info.width).expect("small") * 3;
    (info, pixels.chunks(row).map(|row| row.as_chunks().0.to_vec()).collect())
}
