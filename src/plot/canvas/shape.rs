//! Lines, polygons and turned text with smooth edges.

use super::{Canvas, Face, Rgb, inside};

/// A place between pixels: the centre of the first one is at `[0.5, 0.5]`.
pub type Spot = [f64; 2];

/// Samples of a pixel of turned text, in each direction.
const SAMPLES: u8 = 4;

/// How much darker turned text is than its strokes cover.
const DARKER: f64 = 1.4;

fn plus([x, y]: Spot, times: f64, [dx, dy]: Spot) -> Spot {
    [x + times * dx, y + times * dy]
}

fn dot(a: Spot, b: Spot) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

/// A rectangle that may be turned.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// The corner that is the upper left one where it is not turned.
    pub at: Spot,
    /// Direction of its upper side, from left to right; its length is 1.
    pub direction: Spot,
    /// Along its direction, and across.
    pub size: [f64; 2],
}

impl Block {
    /// Upright.
    pub fn upright(at: Spot, size: [f64; 2]) -> Self {
        Self { at, direction: [1.0, 0.0], size }
    }

    /// A place inside, so far along its direction and across.
    pub fn place(&self, along: f64, across: f64) -> Spot {
        let [x, y] = self.direction;
        plus(plus(self.at, along, self.direction), across, [-y, x])
    }

    /// The coordinates of a place in the block's own directions.
    fn own(&self, [x, y]: Spot) -> Spot {
        let away = [x - self.at[0], y - self.at[1]];
        let [along_x, along_y] = self.direction;
        [dot(away, self.direction), dot(away, [-along_y, along_x])]
    }

    /// The corners, in turn.
    pub fn corners(&self) -> [Spot; 4] {
        let [along, across] = self.size;
        [[0.0, 0.0], [along, 0.0], [along, across], [0.0, across]].map(|[x, y]| self.place(x, y))
    }

    /// Larger by `margin` on all sides.
    pub fn grown(&self, margin: f64) -> Self {
        let size = self.size.map(|side| side + 2.0 * margin);
        Self { at: self.place(-margin, -margin), size, ..*self }
    }
}

/// How far a place is from a line.
fn distance(place: Spot, [from, to]: [Spot; 2]) -> f64 {
    let [line, away] = [plus(to, -1.0, from), plus(place, -1.0, from)];
    let length = dot(line, line);
    let along = if length > 0.0 { (dot(away, line) / length).clamp(0.0, 1.0) } else { 0.0 };
    let off = plus(away, -along, line);
    dot(off, off).sqrt()
}

/// How far a place is outside of a convex polygon, whose corners go clockwise; negative inside.
fn outside(place: Spot, corners: &[Spot]) -> f64 {
    let next = corners.iter().cycle().skip(1);
    let sides = corners.iter().zip(next).map(|(&from, &to)| {
        let [x, y] = plus(to, -1.0, from);
        dot(plus(place, -1.0, from), [y, -x]) / x.hypot(y)
    });
    sides.fold(f64::NEG_INFINITY, f64::max)
}

/// How much of a pixel is covered by what its centre is so far outside of.
fn coverage(outside: f64) -> f64 {
    (0.5 - outside).clamp(0.0, 1.0)
}

/// The pixel that holds a place.
#[expect(clippy::cast_possible_truncation, reason = "images are smaller, and the ends are clamped")]
pub fn pixel_of(place: f64) -> i32 {
    place.floor() as i32
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it lies between two numbers of eight bits"
)]
fn mix(under: u8, over: u8, part: f64) -> u8 {
    let [under, over] = [under, over].map(f64::from);
    (under + part * (over - under)).round() as u8
}

impl Canvas {
    /// Blends a colour over the pixels around `spots`, up to `margin` away: as much as `part` says
    /// of each one's centre.
    fn blend(&mut self, spots: &[Spot], margin: f64, colour: Rgb, part: impl Fn(Spot) -> f64) {
        let range = |axis: usize, end: i32| {
            let along = || spots.iter().map(|spot| spot[axis]);
            let first = pixel_of(along().fold(f64::INFINITY, f64::min) - margin);
            let last = pixel_of(along().fold(f64::NEG_INFINITY, f64::max) + margin);
            inside(first..last.saturating_add(1), end)
        };
        let columns = range(0, self.width);
        for y in range(1, self.height) {
            let row = self.row(y);
            for x in columns.clone() {
                let centre = [x, y].map(|at| f64::from(u32::try_from(at).expect("small")) + 0.5);
                let part = part(centre);
                if part > 0.0 {
                    let over = row[x].iter_mut().zip(colour);
                    over.for_each(|(under, over)| *under = mix(*under, over, part));
                }
            }
        }
    }

    /// A line with round ends; a disc where it has no length.
    pub fn stroke(&mut self, line: [Spot; 2], width: f64, colour: Rgb) {
        let part = |centre| coverage(distance(centre, line) - width / 2.0);
        self.blend(&line, width, colour, part);
    }

    /// A convex polygon, whose corners go clockwise, larger by `margin` on all sides.
    pub fn polygon(&mut self, corners: &[Spot], margin: f64, colour: Rgb) {
        let part = |centre| coverage(outside(centre, corners) - margin);
        self.blend(corners, 3.0 * margin + 1.0, colour, part);
    }

    /// Text in a block, in its direction.
    pub fn text_in(&mut self, face: Face, block: &Block, text: &str, colour: Rgb) {
        let mut flat = Canvas::new(face.width(text), face.height());
        flat.text(face, [0, 0], text);
        let is_ink = |place: Spot| {
            let [along, across] = block.own(place).map(pixel_of);
            let on = (0..flat.width).contains(&along) && (0..flat.height).contains(&across);
            let index = usize::try_from(3 * (across * flat.width + along));
            on && index.is_ok_and(|index| flat.bytes[index] != 0xff)
        };
        let offsets = [0, 1, 2, 3].map(|at: u8| (f64::from(at) + 0.5) / f64::from(SAMPLES) - 0.5);
        let part = |[x, y]: Spot| {
            let samples = offsets.iter().flat_map(|dy| offsets.map(|dx| [x + dx, y + dy]));
            let found = samples.filter(|&sample| is_ink(sample)).map(|_| 1.0).sum::<f64>();
            // Turned strokes are as thin as a pixel, and would look grey.
            (DARKER * found / f64::from(SAMPLES * SAMPLES)).min(1.0)
        };
        self.blend(&block.corners(), 1.0, colour, part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(canvas: &Canvas, x: usize, y: usize) -> u8 {
        let width = usize::try_from(canvas.width).expect("small");
        canvas.bytes[3 * (y * width + x)]
    }

    #[test]
    fn edges_between_pixels_are_smooth() {
        let mut canvas = Canvas::new(20, 10);
        canvas.stroke([[5.0, 4.5], [15.0, 4.5]], 2.0, [0; 3]);
        let found = [2, 3, 4, 5, 6].map(|y| grey(&canvas, 10, y));
        assert_eq!(found, [0xff, 128, 0, 128, 0xff]);
    }

    #[test]
    fn a_polygon_is_filled_and_grows() {
        let square = [[4.0, 4.0], [8.0, 4.0], [8.0, 8.0], [4.0, 8.0]];
        let mut canvas = Canvas::new(12, 12);
        canvas.polygon(&square, 0.0, [0; 3]);
        let found = [3, 4, 7, 8].map(|at| grey(&canvas, at, at));
        assert_eq!(found, [0xff, 0, 0, 0xff]);
        canvas.polygon(&square, 1.0, [0; 3]);
        assert_eq!([2, 3, 8, 9].map(|at| grey(&canvas, at, 6)), [0xff, 0, 0, 0xff]);
    }

    #[test]
    fn text_that_is_not_turned_is_the_same_text() {
        let face = Face::label(1);
        let [mut plain, mut turned] = [(); 2].map(|()| Canvas::new(60, 20));
        plain.text(face, [3, 2], "Words");
        let block = Block::upright([3.0, 2.0], [35.0, 13.0]);
        turned.text_in(face, &block, "Words", super::super::INK);
        assert_eq!(plain.bytes, turned.bytes);
    }

    #[test]
    fn what_lies_outside_is_left_out() {
        let mut canvas = Canvas::new(4, 4);
        canvas.stroke([[-1e12, 2.0], [1e12, 2.0]], 2.0, [0; 3]);
        canvas.polygon(&[[-9.0, -9.0], [-5.0, -9.0], [-5.0, -5.0]], 0.0, [0; 3]);
        assert_eq!([0, 1, 2, 3].map(|y| grey(&canvas, 0, y)), [0xff, 0, 0, 0xff]);
    }
}
