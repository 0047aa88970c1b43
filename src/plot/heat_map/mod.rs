//! Pictures in which every pixel is one value: axes, colours and text around them, as PNG.

mod colour;
mod draw;
mod sheet;

pub use colour::ColourScale;

use colour::Colours;
use sheet::Sheet;

use super::canvas::PlotAxis;
use crate::error::Error;

/// A picture of `[height, width]` values: one image pixel for each, or a square of them where the
/// picture would be too small for the text around it.
#[derive(Clone, Debug)]
pub struct Picture<'a> {
    /// Values in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `[height, width]`, row-major. Row 0 is the lowest and is drawn at the bottom. NaN and the
    /// infinities have colours of their own, and a line in the legend if they occur.
    pub values: &'a [f32],
    /// What a column means. Pixel i of n is at low + (i + ½) / n · (high − low), or at
    /// low · (high / low)^((i + ½) / n) on a logarithmic axis.
    pub x: PlotAxis,
    /// What a row means, in the same way.
    pub y: PlotAxis,
    /// What a value is, beside the colour bar.
    pub value_label: String,
    /// How values are spread over colours.
    pub scale: ColourScale,
    /// Above the picture, and in the file's `Title`.
    pub title: String,
    /// Paragraphs below the picture, and in the file's `Description`.
    pub caption: Vec<String>,
}

impl Picture<'_> {
    /// Whether there can be a picture of this number of values: known before they are.
    ///
    /// # Errors
    /// [`Error::Usage`] if there are none, or too many pixels for an image.
    pub fn check_size(width: usize, height: usize) -> Result<(), Error> {
        sheet::plot_size([width, height]).map(drop)
    }

    /// The picture as a PNG file of eight-bit RGB. The same picture gives the same bytes.
    ///
    /// # Errors
    /// [`Error::Usage`] if there are no values, if an axis does not run from a finite number to one
    /// that is not smaller (from a positive one on a logarithmic axis), or if it has too many
    /// pixels for an image.
    ///
    /// # Panics
    /// If `values` is not `[height, width]`.
    pub fn to_png(&self) -> Result<Vec<u8>, Error> {
        let Self { width, height, values, .. } = self;
        let found = values.len();
        assert!(
            width.checked_mul(*height) == Some(found),
            "a picture of [{height}, {width}] values was given {found}"
        );
        self.x.check()?;
        self.y.check()?;
        let colours = Colours::new(values, self.scale);
        let canvas = Sheet::new(self, &colours)?.draw();
        canvas.png(&self.title, &self.caption.join("\n")).map_err(|error| {
            Error::Usage(format!("a picture of {width} by {height} values is no PNG: {error}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::canvas::{AxisScale, decode};
    use super::*;

    fn axis(low: f64, high: f64, scale: AxisScale) -> PlotAxis {
        PlotAxis { label: "learning rate".to_owned(), low, high, scale }
    }

    fn picture(width: usize, height: usize, values: &[f32], scale: ColourScale) -> Picture<'_> {
        Picture {
            width,
            height,
            values,
            x: axis(1e-3, 1e1, AxisScale::Log),
            y: axis(-1.0, 1.0, AxisScale::Linear),
            value_label: "loss".to_owned(),
            scale,
            title: "A title".to_owned(),
            caption: vec!["A line.".to_owned(), "Another, with η → ∞.".to_owned()],
        }
    }

    /// Fails unless the pixels hold the colours of the values, each as a block of `zoom` pixels
    /// and row 0 at the bottom, at some place.
    fn holds(pixels: &[Vec<[u8; 3]>], picture: &Picture, zoom: [usize; 2]) {
        let colours = Colours::new(picture.values, picture.scale);
        let expected: Vec<Vec<_>> = (0..picture.height * zoom[1])
            .map(|y| {
                let row = picture.height - 1 - y / zoom[1];
                let value = |x: usize| picture.values[row * picture.width + x / zoom[0]];
                (0..picture.width * zoom[0]).map(|x| colours.colour(value(x))).collect()
            })
            .collect();
        let [width, height] = [expected[0].len(), expected.len()];
        let found = (0..=pixels.len() - height).any(|top| {
            (0..=pixels[0].len() - width).any(|left| {
                let rows = pixels[top..].iter().zip(&expected);
                rows.into_iter().all(|(row, expected)| row[left..left + width] == expected[..])
            })
        });
        assert!(found, "{} by {}, {zoom:?}", picture.width, picture.height);
    }

    #[test]
    fn every_value_is_a_pixel_and_row_0_is_at_the_bottom() {
        let values: Vec<f32> = (0..300_u16 * 200).map(|index| f32::from(index % 7919)).collect();
        for scale in [ColourScale::Linear, ColourScale::Log, ColourScale::Signed] {
            let picture = picture(300, 200, &values, scale);
            let (_, pixels) = decode(&picture.to_png().expect("a picture"));
            holds(&pixels, &picture, [1, 1]);
        }
    }

    #[test]
    fn small_pictures_are_magnified_by_whole_numbers() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let picture = picture(3, 2, &values, ColourScale::Linear);
        let (_, pixels) = decode(&picture.to_png().expect("a picture"));
        holds(&pixels, &picture, [86, 86]);
    }

    #[test]
    fn a_single_row_is_a_strip_that_can_be_seen() {
        let values: Vec<f32> = (0_u16..500).map(f32::from).collect();
        let picture = picture(500, 1, &values, ColourScale::Linear);
        let (_, pixels) = decode(&picture.to_png().expect("a picture"));
        holds(&pixels, &picture, [1, 128]);
    }

    #[test]
    fn degenerate_values_are_drawn() {
        let cases: [&[f32]; 8] = [
            &[0.0],
            &[-0.0],
            &[f32::NAN],
            &[f32::INFINITY],
            &[f32::MIN_POSITIVE / 2.0],
            &[-1.0; 4],
            &[f32::MAX, f32::MIN, f32::MAX, 1.0],
            &[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.5],
        ];
        for values in cases {
            for scale in [ColourScale::Linear, ColourScale::Log, ColourScale::Signed] {
                let side = values.len().isqrt();
                let mut picture = picture(side, side, values, scale);
                picture.x = axis(0.5, 0.5, AxisScale::Log);
                picture.caption.clear();
                picture.title = "long".repeat(100);
                picture.y.label = "longer".repeat(100);
                let (_, pixels) = decode(&picture.to_png().expect("a picture"));
                holds(&pixels, &picture, [256 / side; 2]);
            }
        }
    }

    #[test]
    fn the_same_picture_gives_the_same_bytes() {
        let values = [1.0, -2.0, f32::NAN, 4.0];
        let picture = picture(2, 2, &values, ColourScale::Signed);
        assert_eq!(picture.to_png().expect("a picture"), picture.to_png().expect("a picture"));
    }

    #[test]
    fn the_file_says_what_it_shows() {
        let (info, _) = decode(&picture(1, 1, &[1.0], ColourScale::Linear).to_png().expect("one"));
        let texts = info
            .utf8_text
            .iter()
            .map(|chunk| (chunk.keyword.clone(), chunk.get_text().expect("it is readable")));
        let expected = [("Title", "A title"), ("Description", "A line.\nAnother, with η → ∞.")];
        assert!(texts.eq(expected.map(|(keyword, text)| (keyword.to_owned(), text.to_owned()))));
    }

    #[test]
    fn a_picture_of_nothing_is_an_error() {
        let error = picture(0, 5, &[], ColourScale::Linear).to_png().expect_err("nothing to see");
        assert_eq!(error.exit_code(), 2);
    }

    #[test]
    #[should_panic(expected = "a picture of [2, 2] values was given 3")]
    fn values_that_do_not_fit_are_a_programmer_error() {
        drop(picture(2, 2, &[1.0; 3], ColourScale::Linear).to_png());
    }
}
