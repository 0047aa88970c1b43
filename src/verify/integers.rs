//! Integers for sums: a sum that loses one of them, or takes one for another, is another sum.
//!
//! A term is a value, or the product of a value of `a` and one of `b`. The terms are numbered, and
//! their numbers written in digits. Each pass looks at one digit d: its values are
//!
//! `sign · (1 + offset + d)`,
//!
//! where a line (a row of `a`, a column of `b`) has a sign and an offset of its own. Therefore:
//! - A sum of any of the terms, in any order, is exact in `f32`: all of them together are at most 2²⁴.
//! - All terms of a sum have the same sign and none is zero, so each that is lost or added twice
//!   changes it, and they cannot make up for each other.
//! - Terms with different digits differ in size, so one in place of the other changes it.
//! - `a` and `b` grow with the same digit, so `b` in any other order than `a` makes it smaller: the
//!   rearrangement inequality (Hardy, Littlewood and Pólya, "Inequalities", 1934, section 10.2).
//!
//! Different numbers have a digit that differs: one of the passes notices.

use crate::numeric::Stream;

/// Up to here, `f32` has every integer.
const EXACT: u32 = 1 << 24;

/// The largest value, however few there are: less precise formats than `f32` do not have them all.
const LARGEST: u32 = 1 << 12;

/// More passes than these are not worth the time: sums of more than a million terms.
const MOST_PASSES: u32 = 8;

/// The values of one pass.
#[derive(Clone, Debug)]
pub struct Integers {
    /// The digit of each term.
    digits: Vec<u32>,
    /// Offsets that a line may have.
    offsets: u32,
    pass: u32,
}

impl Integers {
    /// All passes for sums of `terms` terms, each the product of `factors` factors.
    ///
    /// # Panics
    /// If there are no terms, or more than 2²⁴.
    pub fn passes(terms: usize, factors: u32) -> impl Iterator<Item = Self> {
        let count = u32::try_from(terms).ok().filter(|count| (1..=EXACT).contains(count));
        let count = count.expect("sums of 1 to 2²⁴ terms");
        let each = EXACT / count;
        let most = if factors == 2 { each.isqrt() } else { each }.min(LARGEST);
        // The other half is for the offsets.
        let largest_base = most.div_ceil(2).max(1);
        let digits = |base: u32| if base == 1 { 1 } else { digits_below(base, count) };
        let passes = digits(largest_base).min(MOST_PASSES);
        let base = (1..=largest_base).find(|base| base.pow(passes) >= count);
        let base = base.unwrap_or(largest_base);
        (0..passes).map(move |pass| {
            let digits = (0..count).map(|number| number / base.pow(pass) % base).collect();
            Self { digits, offsets: most - base + 1, pass }
        })
    }

    /// `lines` lines of terms, one after the other: `[lines, terms]`.
    pub fn rows(&self, seed: u64, lines: usize) -> Vec<f32> {
        let lines = self.lines(seed, lines).into_iter();
        lines.flat_map(|line| self.digits.iter().map(move |&digit| line.value(digit))).collect()
    }

    /// The same side by side: `[terms, lines]`.
    pub fn columns(&self, seed: u64, lines: usize) -> Vec<f32> {
        let lines = self.lines(seed, lines);
        let row = |&digit: &u32| lines.iter().map(move |line| line.value(digit));
        self.digits.iter().flat_map(row).collect()
    }

    fn lines(&self, seed: u64, lines: usize) -> Vec<Line> {
        let stream = Stream::new(seed).for_purpose(self.pass);
        let line = |index| Line::drawn(stream.uniform(index), self.offsets);
        (0..).map(line).take(lines).collect()
    }
}

/// How many digits numbers below `count` have.
fn digits_below(base: u32, count: u32) -> u32 {
    (count - 1).checked_ilog(base).map_or(1, |log| log + 1)
}

/// What all values of a line have in common.
#[derive(Clone, Copy, Debug)]
struct Line {
    sign: f32,
    least: u32,
}

impl Line {
    /// From a draw between −1 and 1.
    fn drawn(draw: f32, offsets: u32) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number below 2¹²"
        )]
        let offset = (f64::from(draw.abs()) * f64::from(offsets)) as u32;
        // The draw may be −1.
        Self { sign: 1.0_f32.copysign(draw), least: 1 + offset.min(offsets - 1) }
    }

    fn value(self, digit: u32) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "an integer of at most 12 bits")]
        let size = (self.least + digit) as f32;
        self.sign * size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMS: [usize; 12] = [1, 2, 7, 64, 161, 162, 366, 1757, 4_099, 16_387, 70_001, 262_144];

    /// The terms of a sum in each pass, as factors.
    fn sums(terms: usize, factors: u32) -> Vec<[Vec<i64>; 2]> {
        let integer = |value: f32| {
            assert!(value.fract() == 0.0 && value != 0.0, "{value}");
            #[expect(clippy::cast_possible_truncation, reason = "it is an integer")]
            let integer = value as i64;
            integer
        };
        let passes = Integers::passes(terms, factors);
        let pair = |pass: Integers| {
            let a: Vec<_> = pass.rows(7, 1).into_iter().map(integer).collect();
            let b = pass.columns(8, 1).into_iter().map(integer).collect();
            let ones = vec![1; terms];
            [a, if factors == 2 { b } else { ones }]
        };
        passes.map(pair).collect()
    }

    #[test]
    fn a_sum_is_exact_in_any_order_and_all_its_terms_pull_the_same_way() {
        for (terms, factors) in TERMS.into_iter().flat_map(|terms| [(terms, 1), (terms, 2)]) {
            for [a, b] in sums(terms, factors) {
                let products: Vec<i64> = a.iter().zip(&b).map(|(a, b)| a * b).collect();
                let sizes: i64 = products.iter().map(|product| product.abs()).sum();
                assert!(sizes <= 1 << 24, "{terms} terms of {factors}: {sizes}");
                assert_eq!(products.iter().sum::<i64>().abs(), sizes, "{terms} of {factors}");
            }
        }
    }

    /// All pairs of short sums; of long ones neighbours, and those as far apart as a power of any
    /// small base.
    fn pairs(terms: usize) -> Vec<[usize; 2]> {
        let apart = |first: usize| {
            let all = terms <= 400;
            let far = (1..200_usize).flat_map(|base| [base, base * base, base * base * base]);
            let far: Vec<usize> = if all { (1..terms).collect() } else { far.collect() };
            far.into_iter().map(move |apart| [first, first + apart])
        };
        let firsts = (0..terms).step_by(if terms <= 400 { 1 } else { terms / 37 });
        firsts.flat_map(apart).filter(|[_, second]| *second < terms).collect()
    }

    #[test]
    fn no_term_takes_the_place_of_another_and_no_factor_either() {
        for (terms, factors) in TERMS.into_iter().flat_map(|terms| [(terms, 1), (terms, 2)]) {
            let sums = sums(terms, factors);
            for [i, j] in pairs(terms) {
                let replaced = sums.iter().any(|[a, b]| a[i] * b[i] != a[j] * b[j]);
                assert!(replaced, "{terms} terms of {factors}: {i} for {j}");
                let exchanged = sums
                    .iter()
                    .any(|[a, b]| a[i] * b[i] + a[j] * b[j] != a[i] * b[j] + a[j] * b[i]);
                assert!(exchanged || factors == 1, "{terms} terms: b of {i} and {j} exchanged");
            }
        }
    }

    #[test]
    fn lines_differ_and_are_stored_either_way() {
        let pass = Integers::passes(5, 2).next().expect("it has one");
        let (rows, columns) = (pass.rows(3, 4), pass.columns(3, 4));
        for (line, row) in rows.chunks_exact(5).enumerate() {
            let column: Vec<_> = columns[line..].iter().step_by(4).copied().collect();
            assert_eq!(row, column);
            assert!(rows.chunks_exact(5).filter(|other| *other == row).count() == 1, "{rows:?}");
        }
    }

    #[test]
    fn short_sums_take_one_pass_and_long_ones_a_few() {
        let passes = |terms| Integers::passes(terms, 2).count();
        assert_eq!([1, 64, 161, 1757, 4_096, 16_384].map(passes), [1, 1, 1, 2, 3, 4]);
        assert_eq!(
            [1757, 2_048, 70_001].map(|terms| Integers::passes(terms, 1).count()),
            [1, 1, 3]
        );
    }
}
