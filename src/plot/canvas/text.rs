//! Text on a canvas.

use std::convert::Infallible;

use embedded_graphics::Pixel;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Point, Size};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::BinaryColor;
use embedded_graphics::text::Baseline;
use embedded_graphics::text::renderer::TextRenderer;
use profont::{PROFONT_7_POINT, PROFONT_9_POINT, PROFONT_10_POINT, PROFONT_14_POINT};

use super::{Canvas, Label};

/// A font at a size. Its zero has a stroke, which tells it from O.
#[derive(Clone, Copy)]
pub struct Face {
    font: &'static MonoFont<'static>,
    /// Pixels per dot of the font.
    scale: i32,
}

/// What text is drawn with: dots of the font become squares, on lines to the right or upwards.
struct Brush<'a> {
    canvas: &'a mut Canvas,
    x: i32,
    y: i32,
    scale: i32,
    upwards: bool,
}

impl Canvas {
    /// Text whose upper left corner is at `[x, y]`.
    pub fn text(&mut self, face: Face, [x, y]: [i32; 2], text: &str) {
        Brush { canvas: self, x, y, scale: face.scale, upwards: false }.write(face, text);
    }

    /// Lines of text, one below the other.
    pub fn lines(&mut self, face: Face, [x, y]: [i32; 2], lines: &[String]) {
        for (y, line) in (y..).step_by(face.step()).zip(lines) {
            self.text(face, [x, y], line);
        }
    }

    /// Text that runs upwards, from the lower left corner at `[x, y]`.
    pub fn text_upwards(&mut self, face: Face, [x, y]: [i32; 2], text: &str) {
        Brush { canvas: self, x, y: y - 1, scale: face.scale, upwards: true }.write(face, text);
    }

    /// A number whose upper left corner is at `[x, y]`.
    pub fn label(&mut self, scale: i32, [x, y]: [i32; 2], label: &Label) {
        let face = Face::label(scale);
        self.text(face, [x, y], &label.text);
        if let Some(exponent) = label.exponent {
            let x = x + face.width(&label.text);
            self.text(Face::exponent(scale), [x, y - 2 * scale], &exponent.to_string());
        }
    }
}

impl Face {
    /// For the title.
    pub fn title(scale: i32) -> Self {
        Self { font: &PROFONT_14_POINT, scale }
    }

    /// For numbers and the names of axes.
    pub fn label(scale: i32) -> Self {
        Self { font: &PROFONT_10_POINT, scale }
    }

    /// For captions.
    pub fn caption(scale: i32) -> Self {
        Self { font: &PROFONT_9_POINT, scale }
    }

    /// For exponents.
    fn exponent(scale: i32) -> Self {
        Self { font: &PROFONT_7_POINT, scale }
    }

    /// The width of a text, in pixels.
    pub fn width(self, text: &str) -> i32 {
        self.advance().saturating_mul(i32::try_from(text.chars().count()).unwrap_or(i32::MAX))
    }

    /// The width of a number in [`Face::label`].
    pub fn label_width(scale: i32, label: &Label) -> i32 {
        let exponent = label.exponent.map(|exponent| exponent.to_string()).unwrap_or_default();
        Self::label(scale).width(&label.text) + Self::exponent(scale).width(&exponent)
    }

    /// The width of a character.
    fn advance(self) -> i32 {
        self.pixels(self.font.character_size.width + self.font.character_spacing)
    }

    /// The height of a character.
    pub fn height(self) -> i32 {
        self.pixels(self.font.character_size.height)
    }

    /// From one line to the next.
    pub fn line(self) -> i32 {
        self.height() + 3 * self.scale
    }

    /// The same, to step by.
    pub fn step(self) -> usize {
        usize::try_from(self.line()).expect("a line has a height")
    }

    /// The height of these lines.
    pub fn height_of(self, lines: &[String]) -> i32 {
        self.line() * i32::try_from(lines.len()).expect("a text has few lines")
    }

    fn pixels(self, dots: u32) -> i32 {
        self.scale * i32::try_from(dots).expect("a character is small")
    }

    /// Breaks a text into lines no wider than `width` pixels, and writes it in characters that the
    /// font has.
    pub fn wrap(self, text: &str, width: i32) -> Vec<String> {
        let columns = usize::try_from(width / self.advance()).unwrap_or(0).max(1);
        wrap(&Self::written(text), columns)
    }

    /// The text in characters that the fonts have, which are those of ISO 8859-1.
    fn written(text: &str) -> String {
        let mut written = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                '\u{2010}'..='\u{2015}' | '−' => written.push('-'),
                '‘' | '’' => written.push('\''),
                '“' | '”' => written.push('"'),
                '…' => written.push_str("..."),
                '≤' => written.push_str("<="),
                '≥' => written.push_str(">="),
                '→' => written.push_str("->"),
                '∞' => written.push_str("infinity"),
                'η' => written.push_str("eta"),
                'σ' => written.push_str("sigma"),
                _ => written.push(character),
            }
        }
        written
    }
}

/// Breaks a text into lines of `columns` characters at most, at spaces where there are any. Control
/// characters count as spaces, because XML cannot hold them.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![];
    let mut room = 0;
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    for word in words.filter(|word| !word.is_empty()) {
        let letters: Vec<char> = word.chars().collect();
        for (index, piece) in letters.chunks(columns).enumerate() {
            match lines.last_mut() {
                Some(line) if index == 0 && piece.len() < room => {
                    line.push(' ');
                    line.extend(piece);
                    room -= piece.len() + 1;
                }
                _ => {
                    lines.push(piece.iter().collect());
                    room = columns - piece.len();
                }
            }
        }
    }
    lines
}

impl Brush<'_> {
    fn write(&mut self, face: Face, text: &str) {
        let style = MonoTextStyle::new(face.font, BinaryColor::On);
        let Ok(_) = style.draw_string(text, Point::zero(), Baseline::Top, self);
    }
}

impl OriginDimensions for Brush<'_> {
    fn size(&self) -> Size {
        Size::new(self.canvas.width.unsigned_abs(), self.canvas.height.unsigned_abs())
    }
}

impl DrawTarget for Brush<'_> {
    type Color = BinaryColor;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<BinaryColor>>>(
        &mut self,
        pixels: I,
    ) -> Result<(), Infallible> {
        for Pixel(Point { x, y }, colour) in pixels {
            if colour.is_on() {
                let [x, y] = [x * self.scale, y * self.scale];
                let at = if self.upwards {
                    [self.x + y, self.y - x - (self.scale - 1)]
                } else {
                    [self.x + x, self.y + y]
                };
                self.canvas.ink(at, [self.scale; 2]);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_spaces_and_inside_of_words_that_are_too_long() {
        let face = Face::caption(1);
        let expected = ["one two", "three", "four", "abcdefgh", "ij kl"];
        assert_eq!(face.wrap("one two three  four abcdefghij kl", 8 * 6 + 5), expected);
        assert_eq!(face.wrap("", 100), [""; 0]);
        assert_eq!(face.wrap("ab", 0), ["a", "b"]);
    }

    #[test]
    fn text_that_runs_upwards_is_turned_text() {
        let (mut flat, mut turned) = (Canvas::new(40, 30), Canvas::new(30, 40));
        flat.text(Face::label(2), [3, 2], "Fg");
        turned.text_upwards(Face::label(2), [2, 37], "Fg");
        let pixel =
            |canvas: &Canvas, x: usize, y: usize, width: usize| canvas.bytes[3 * (y * width + x)];
        for (x, y) in (0..40).flat_map(|x| (0..30).map(move |y| (x, y))) {
            assert_eq!(pixel(&flat, x, y, 40), pixel(&turned, y, 39 - x, 30), "{x} {y}");
        }
    }

    #[test]
    fn zero_and_o_look_different_in_every_font() {
        let draw = |face: Face, text| {
            let mut canvas = Canvas::new(20, 30);
            canvas.text(face, [0, 0], text);
            let inked = canvas.bytes.iter().filter(|&&byte| byte < 128).count();
            (canvas.bytes, inked)
        };
        for face in [Face::title(1), Face::label(1), Face::caption(1), Face::exponent(1)] {
            let [zero, o] = ["0", "O"].map(|text| draw(face, text));
            assert!(zero.1 > 0 && o.1 > 0 && zero.0 != o.0);
        }
    }

    #[test]
    fn what_lies_outside_is_left_out() {
        let mut canvas = Canvas::new(10, 10);
        canvas.text(Face::title(3), [-20, -5], "Wide title");
        canvas.fill([8, 8], [100, 100], [1, 2, 3]);
        assert_eq!(canvas.bytes[297..], [1, 2, 3]);
    }
}
