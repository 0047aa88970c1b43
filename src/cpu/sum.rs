//! Sums whose rounding hardly grows with their length: short blocks one term after the other, the
//! sums of blocks in pairs (N. J. Higham, "The accuracy of floating point summation", 1993).

use std::ops::Range;

use crate::numeric::Scalar;

/// Terms that are added one after the other.
const BLOCK: usize = 64;

/// Sums that are kept side by side where there are as many.
pub(super) const WIDE: usize = 16;

/// Blocks can be counted in as many bits.
const LEVELS: usize = 26;

/// Sums of blocks: at each level none, or one of 2^level blocks.
struct Pairs<S, const WIDTH: usize> {
    levels: [[S; WIDTH]; LEVELS],
    count: usize,
}

impl<S: Scalar, const WIDTH: usize> Pairs<S, WIDTH> {
    fn new() -> Self {
        Self { levels: [[S::from_f64(0.0); WIDTH]; LEVELS], count: 0 }
    }

    fn is_taken(&self, level: usize) -> bool {
        self.count >> level & 1 == 1
    }

    fn add(&mut self, mut sums: [S; WIDTH]) {
        let free = (0..LEVELS).find(|&level| !self.is_taken(level)).expect("a term has an address");
        for level in &self.levels[..free] {
            sums = added(level, &sums);
        }
        self.levels[free] = sums;
        self.count += 1;
    }

    fn total(&self) -> [S; WIDTH] {
        let taken = (0..LEVELS).filter(|&level| self.is_taken(level));
        let sums = taken.map(|level| self.levels[level]);
        sums.reduce(|sums, larger| added(&larger, &sums)).expect("it has a block")
    }
}

fn added<S: Scalar, const WIDTH: usize>(a: &[S; WIDTH], b: &[S; WIDTH]) -> [S; WIDTH] {
    std::array::from_fn(|place| a[place] + b[place])
}

/// Sums side by side of `len` terms each; `add` adds the terms of a number to them.
#[inline]
pub(super) fn sum<S: Scalar, const WIDTH: usize>(
    len: usize,
    mut add: impl FnMut(usize, &mut [S; WIDTH]),
) -> [S; WIDTH] {
    if len <= BLOCK {
        return block(0..len, &mut add);
    }
    let mut pairs = Pairs::new();
    for start in (0..len).step_by(BLOCK) {
        pairs.add(block(start..len.min(start + BLOCK), &mut add));
    }
    pairs.total()
}

#[inline]
fn block<S: Scalar, const WIDTH: usize>(
    numbers: Range<usize>,
    add: &mut impl FnMut(usize, &mut [S; WIDTH]),
) -> [S; WIDTH] {
    let mut sums = [S::from_f64(0.0); WIDTH];
    for number in numbers {
        add(number, &mut sums);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_term_is_added_once_whatever_the_length() {
        for len in [0, 1, 63, 64, 65, 127, 128, 129, 1757, 8_191, 8_192, 8_193] {
            let [sum, squares]: [f64; 2] = sum(len, |number, [sum, squares]| {
                let term = f64::from(u32::try_from(number).expect("few"));
                (*sum, *squares) = (*sum + term, *squares + term * term);
            });
            let n = f64::from(u32::try_from(len).expect("few"));
            let expected = [n * (n - 1.0) / 2.0, n * (n - 1.0) * (2.0 * n - 1.0) / 6.0];
            assert_eq!([sum, squares], if len == 0 { [0.0; 2] } else { expected }, "{len}");
        }
    }

    #[test]
    fn the_rounding_of_a_long_sum_is_that_of_a_short_one() {
        let [sum]: [f32; 1] = sum(1 << 20, |_, [sum]| *sum += 0.1);
        let exact = f64::from(0.1_f32) * f64::from(1 << 20);
        assert!((f64::from(sum) - exact).abs() < 64.0 * 1.2e-7 * exact, "{sum}, not {exact}");
    }
}
