//! The search for room for labels inside a plot.

use super::style::RADIUS;
use crate::plot::canvas::{Block, Frame, Spot, pixel_of};

/// Between what is drawn and a label, at least, in pixels.
const MARGIN: f64 = 2.0;

/// Between a line and its label.
const LINE_GAP: f64 = 4.0;

/// From the centre of a marker to its label, which may move by half a pixel.
const BESIDE: f64 = RADIUS + MARGIN + 2.0;

/// Which pixels of a plot something is drawn on.
pub(super) struct Taken {
    plot: Frame,
    pixels: Vec<bool>,
}

impl Taken {
    /// Nothing yet.
    pub fn new(plot: Frame) -> Self {
        let [width, height] = plot.size.map(|side| usize::try_from(side).unwrap_or(0));
        Self { plot, pixels: vec![false; width * height] }
    }

    fn index(&self, place: Spot) -> Option<usize> {
        let [x, y] = [0, 1].map(|axis| pixel_of(place[axis]) - self.plot.at[axis]);
        let [width, height] = self.plot.size;
        let on = (0..width).contains(&x) && (0..height).contains(&y);
        on.then(|| usize::try_from(y * width + x).expect("both are on the plot"))
    }

    /// Keeps labels away from a block.
    fn take(&mut self, block: &Block) {
        let block = block.grown(MARGIN);
        // A pixel that a place misses in a turned block must be hit by another.
        for place in places(&block, 0.5) {
            if let Some(index) = self.index(place) {
                self.pixels[index] = true;
            }
        }
    }

    /// Keeps labels away from a line.
    pub fn take_line(&mut self, line: [Spot; 2]) {
        if let Some((direction, length)) = direction(line) {
            self.take(&Block { at: line[0], direction, size: [length, 0.0] });
        }
    }

    /// Keeps labels away from a marker.
    pub fn take_marker(&mut self, [x, y]: Spot) {
        self.take(&Block::upright([x - RADIUS, y - RADIUS], [2.0 * RADIUS; 2]));
    }

    /// The first block that is free, which it takes.
    fn first_free(&mut self, mut blocks: impl Iterator<Item = Block>) -> Option<Block> {
        let is_free = |place| self.index(place).is_some_and(|index| !self.pixels[index]);
        let block = blocks.find(|block| places(block, 1.0).all(is_free))?;
        self.take(&block);
        Some(block)
    }

    /// Room for a label of that size along a line, above it if possible, as far to the right as
    /// possible.
    pub fn along(&mut self, line: &[Spot], size: [f64; 2]) -> Option<Block> {
        let segments = line.windows(2).rev().flat_map(|ends| [0.0, 1.0].map(|side| (ends, side)));
        let blocks = segments.flat_map(|(ends, below)| {
            let (direction, length) =
                direction(to_the_right([ends[0], ends[1]])).unwrap_or_default();
            let from = to_the_right([ends[0], ends[1]])[0];
            let across = below * LINE_GAP - (1.0 - below) * (LINE_GAP + size[1]);
            let line = Block { at: from, direction, size: [length, 0.0] };
            let last = length - size[0] - LINE_GAP;
            let along = std::iter::successors(Some(last), |along| Some(along - LINE_GAP));
            let along = along.take_while(|&along| along >= 0.0);
            along.map(move |along| Block { at: line.place(along, across), direction, size })
        });
        self.first_free(blocks)
    }

    /// Room for a label of that size beside a marker.
    pub fn beside(&mut self, [x, y]: Spot, [width, height]: [f64; 2]) -> Option<Block> {
        let [right, left] = [x + BESIDE, x - BESIDE - width];
        let [below, above] = [y + BESIDE, y - BESIDE - height];
        let [centre, middle] = [x - width / 2.0, y - height / 2.0];
        let corners = [
            [right, middle],
            [left, middle],
            [centre, above],
            [centre, below],
            [x, above],
            [x, below],
            [x - width, above],
            [x - width, below],
        ];
        // Letters are made of whole pixels.
        let corners = corners.map(|corner| corner.map(f64::round));
        self.first_free(corners.into_iter().map(|at| Block::upright(at, [width, height])))
    }
}

/// The line in the direction of reading: from left to right, or upwards.
fn to_the_right([from, to]: [Spot; 2]) -> [Spot; 2] {
    let is_left = to[0] < from[0] || (to[0] == from[0] && to[1] > from[1]);
    if is_left { [to, from] } else { [from, to] }
}

/// The direction and the length of a line, if it has one.
fn direction([from, to]: [Spot; 2]) -> Option<(Spot, f64)> {
    let [x, y] = [to[0] - from[0], to[1] - from[1]];
    let length = x.hypot(y);
    (length > 0.0).then(|| ([x / length, y / length], length))
}

/// Places all over a block, at most so far apart.
fn places(block: &Block, step: f64) -> impl Iterator<Item = Spot> {
    let block = *block;
    let along = move |length: f64| {
        let steps = std::iter::successors(Some(0.0), move |at| Some(at + step));
        steps.take_while(move |&at| at < length).chain([length])
    };
    along(block.size[0]).flat_map(move |x| along(block.size[1]).map(move |y| block.place(x, y)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken() -> Taken {
        Taken::new(Frame { at: [10, 10], size: [200, 100], scale: 1 })
    }

    #[test]
    fn a_label_stands_above_the_right_end_of_its_line() {
        let mut taken = taken();
        let line = [[20.0, 60.0], [200.0, 60.0]];
        taken.take_line(line);
        let size = [50.0, 13.0];
        let first = taken.along(&line, size).expect("room");
        assert_eq!(first.at, [200.0 - 4.0 - 50.0, 60.0 - 4.0 - 13.0]);
        let second = taken.along(&line, size).expect("room to its left");
        assert!(second.at[0] + 50.0 + MARGIN <= first.at[0], "{second:?}");
        assert_eq!(second.at[1], first.at[1]);
        let below = taken.along(&line, [150.0, 13.0]).expect("room below");
        assert_eq!(below.at[1], 64.0);
        assert!(taken.along(&line, [150.0, 13.0]).is_none());
        assert!(taken.along(&line, [190.0, 13.0]).is_none(), "it is longer than the line");
    }

    #[test]
    fn a_label_follows_a_slanted_line_from_left_to_right() {
        for line in [[[30.0, 90.0], [110.0, 30.0]], [[110.0, 30.0], [30.0, 90.0]]] {
            let block = taken().along(&line, [50.0, 13.0]).expect("room");
            assert_eq!(block.direction, [0.8, -0.6]);
        }
    }

    #[test]
    fn labels_beside_a_marker_keep_off_it_each_other_and_the_frame() {
        let mut taken = taken();
        let marker = [60.0, 50.0];
        taken.take_marker(marker);
        let blocks: Vec<_> =
            std::iter::from_fn(|| taken.beside(marker, [12.0, 13.0])).take(20).collect();
        assert!((4..=6).contains(&blocks.len()), "{blocks:?}");
        assert_eq!(blocks[0].at[1], 44.0);
        let corner = [209.0, 11.0];
        let block = taken.beside(corner, [30.0, 13.0]).expect("room to the left, below");
        assert!(block.at[0] + 30.0 <= 210.0 && block.at[1] >= 10.0, "{block:?}");
    }
}
