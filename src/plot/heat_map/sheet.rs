//! What stands where around a picture.

use super::super::canvas::{
    Face, Frame, GAP, LABEL_GAP, MARGIN, TICK, TICK_GAP, Tick, below_plot, widest,
};
use super::{Colours, Error, Picture};

/// Pixels that the longer side of the plot must have; text needs them.
const LONG_SIDE: usize = 256;

/// Pixels that the shorter side must have.
const SHORT_SIDE: usize = 128;

/// The most pixels of a plot: with the text around it, an image of some 2 GB in memory.
const MOST_PIXELS: usize = 1 << 28;

/// Text is doubled where the shorter side of the plot is twice this long, and so on.
const SIDE_OF_PLAIN_TEXT: i32 = 1024;

// Lengths, in dots of the text.
pub(super) const BAR_WIDTH: i32 = 16;
pub(super) const BAR_GAP: i32 = 18;
/// The side of a square in the legend.
pub(super) const SWATCH: i32 = 9;

/// A picture, its texts in lines, and the places of all.
pub(super) struct Sheet<'a> {
    pub picture: &'a Picture<'a>,
    pub colours: &'a Colours,
    /// Image pixels per value.
    pub zoom: [usize; 2],
    /// Image pixels per dot of text.
    pub scale: i32,
    pub size: [i32; 2],
    pub plot: Frame,
    pub x_ticks: Vec<Tick>,
    pub y_ticks: Vec<Tick>,
    pub bar_ticks: Vec<Tick>,
    pub title: Vec<String>,
    pub x_name: Vec<String>,
    pub y_name: Vec<String>,
    pub bar_name: Vec<String>,
    pub legend: Vec<LegendEntry>,
    pub caption: Vec<String>,
}

/// A square and its meaning, at a place below the names of the x axis.
pub(super) struct LegendEntry {
    pub x: i32,
    pub row: i32,
    pub colour: [u8; 3],
    pub text: String,
}

/// Number of image pixels per value: enough that the plot is not too small, the same in both
/// directions unless a side would still be.
fn zoom([width, height]: [usize; 2]) -> [usize; 2] {
    let both = LONG_SIDE.div_ceil(width.max(height));
    [width, height].map(|side| both.max(SHORT_SIDE.div_ceil(side)))
}

/// The size of the plot of `[width, height]` values in image pixels.
///
/// # Errors
/// [`Error::Usage`] if there are no values, or if the picture would be too large.
pub fn plot_size(sides: [usize; 2]) -> Result<[i32; 2], Error> {
    let [columns, rows] = sides;
    if sides.contains(&0) {
        return Err(Error::Usage("a picture needs at least one value".to_owned()));
    }
    let zoom = zoom(sides);
    let [width, height] = [0, 1].map(|side| sides[side].saturating_mul(zoom[side]));
    match [width, height].map(i32::try_from) {
        [Ok(x), Ok(y)] if width.saturating_mul(height) <= MOST_PIXELS => Ok([x, y]),
        _ => Err(Error::Usage(format!(
            "a picture of {columns} by {rows} values would have {width} by {height} pixels, as no side \
             is shorter than {SHORT_SIDE}: it can have {MOST_PIXELS} at most"
        ))),
    }
}

/// How many of all, as `1.2 %`.
#[expect(clippy::cast_precision_loss, reason = "a percentage needs no more than 53 bits")]
fn percentage(count: usize, all: usize) -> String {
    let percent = 100.0 * count as f64 / all as f64;
    if percent < 0.1 { "< 0.1 %".to_owned() } else { format!("{percent:.1} %") }
}

impl<'a> Sheet<'a> {
    /// # Errors
    /// [`Error::Usage`] if there are no values, or more than an image can hold.
    pub fn new(picture: &'a Picture<'a>, colours: &'a Colours) -> Result<Self, Error> {
        let sides = [picture.width, picture.height];
        let plot_size = plot_size(sides)?;
        let zoom = zoom(sides);
        let scale = (plot_size[0].min(plot_size[1]) / SIDE_OF_PLAIN_TEXT).max(1);
        let [label, caption] = [Face::label(scale), Face::caption(scale)];
        let gap = LABEL_GAP * scale;
        let wide = |of: &_| Face::label_width(scale, of);
        let x_ticks = picture.x.ticks(plot_size[0], gap, wide);
        let y_ticks = picture.y.ticks(plot_size[1], gap, |_| label.height());
        let bar_ticks = colours.ticks(plot_size[1], gap, label.height());
        let y_name = label.wrap(&picture.y.label, plot_size[1]);
        let remark = picture.scale.remark();
        let bar_texts = std::iter::once(picture.value_label.as_str()).chain(remark);
        let bar_name: Vec<_> = bar_texts.flat_map(|text| label.wrap(text, plot_size[1])).collect();

        let [left_name, right_name] = [&y_name, &bar_name].map(|name| label.height_of(name));
        let beside = (TICK + TICK_GAP) * scale;
        let left = (left_name + GAP * scale + widest(&y_ticks, scale) + beside)
            .max(widest(&x_ticks, scale) / 2)
            + MARGIN * scale;
        let bar = (BAR_GAP + BAR_WIDTH + GAP + MARGIN) * scale + beside;
        let right = bar + widest(&bar_ticks, scale) + right_name;
        let width = left + plot_size[0] + right;

        let inside = width - 2 * MARGIN * scale;
        let title = Face::title(scale).wrap(&picture.title, inside);
        let x_name = label.wrap(&picture.x.label, plot_size[0]);
        let paragraphs = picture.caption.iter().map(|text| caption.wrap(text, inside));
        let caption = paragraphs.flatten().collect();
        let top = MARGIN * scale + Face::title(scale).height_of(&title) + GAP * scale;
        let mut sheet = Self {
            picture,
            colours,
            zoom,
            scale,
            size: [width, 0],
            plot: Frame { at: [left, top], size: plot_size, scale },
            x_ticks,
            y_ticks,
            bar_ticks,
            title,
            x_name,
            y_name,
            bar_name,
            legend: vec![],
            caption,
        };
        sheet.legend = sheet.legend(inside);
        sheet.size[1] =
            sheet.caption_y() + Face::caption(scale).height_of(&sheet.caption) + MARGIN * scale;
        Ok(sheet)
    }

    /// What is not told by the colour bar, in rows no wider than `inside`.
    fn legend(&self, inside: i32) -> Vec<LegendEntry> {
        let face = Face::label(self.scale);
        let mut entries: Vec<LegendEntry> = vec![];
        let (mut x, mut row) = (0, 0);
        for special in &self.colours.specials {
            let part = percentage(special.count, self.picture.values.len());
            let text = format!("{} {part}", special.name);
            let width = (SWATCH + GAP) * self.scale + face.width(&text);
            if x > 0 && x + width > inside {
                (x, row) = (0, row + 1);
            }
            entries.push(LegendEntry { x, row, colour: special.colour, text });
            x += width + 3 * GAP * self.scale;
        }
        entries
    }

    /// The row at which the legend begins.
    pub fn legend_y(&self) -> i32 {
        let names = self.plot.at[1] + self.plot.size[1] + below_plot(self.scale);
        names + Face::label(self.scale).height_of(&self.x_name) + GAP * self.scale
    }

    /// The row at which the caption begins.
    pub fn caption_y(&self) -> i32 {
        let rows = self.legend.last().map_or(0, |entry| entry.row + 1);
        let gap = if rows > 0 { GAP * self.scale } else { 0 };
        self.legend_y() + rows * Face::label(self.scale).line() + gap
    }
}
