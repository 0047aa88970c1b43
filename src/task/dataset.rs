//! The data: rows of bits with a function of them, of which XOR is the smallest.

use super::{Coding, Function, MAX_WIDTH};
use crate::error::Error;
use crate::numeric::Stream;

/// Largest number of bits of which all patterns are rows: 2¹⁶ rows.
pub const MAX_BITS: u32 = 16;

/// Purposes of the streams of random numbers beside those of initial parameters.
const ROWS: u32 = 3;
const NOISE: u32 = 4;
const SPLIT: u32 = 5;

/// Rows of inputs with one target each.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// The inputs, `[batch_size, input_size]`, row-major.
    pub inputs: Vec<f32>,
    /// The targets, `[batch_size, 1]`; of the coding's two.
    pub targets: Vec<f32>,
    /// The numbers that stand for the two answers.
    pub coding: Coding,
    /// Number of columns of `inputs`.
    pub input_size: usize,
    /// What the targets are of the inputs.
    pub origin: Origin,
}

/// What the targets of data are of their inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A function of the first `relevant` inputs.
    Function {
        /// The function.
        function: Function,
        /// Number of inputs that count.
        relevant: usize,
    },
    /// What the caller gave.
    Given,
}

impl Dataset {
    /// Rows of inputs `[row_count, input_size]`, row-major, with a target `[row_count, 1]` each.
    ///
    /// # Errors
    /// [`Error::Usage`] unless there is a row, each row has all columns, all inputs are finite, and
    /// all targets are 0 or 1.
    pub fn new(inputs: Vec<f32>, targets: Vec<f32>, input_size: usize) -> Result<Self, Error> {
        let refuse = |why: String| Err(Error::Usage(format!("data: {why}")));
        let rows = targets.len();
        if rows == 0 || input_size == 0 {
            return refuse(format!("expected rows and columns, found {rows} and {input_size}"));
        }
        if rows.checked_mul(input_size) != Some(inputs.len()) {
            let found = inputs.len();
            return refuse(format!(
                "expected {rows} rows of {input_size} inputs, found {found} values"
            ));
        }
        if let Some(place) = inputs.iter().position(|input| !input.is_finite()) {
            let (row, column) = (place / input_size, place % input_size);
            return refuse(format!("input {column} of row {row} is {}", inputs[place]));
        }
        if let Some(row) = targets.iter().position(|target| ![0.0, 1.0].contains(target)) {
            return refuse(format!("the target of row {row} is {}, expected 0 or 1", targets[row]));
        }
        Ok(Self { inputs, targets, coding: Coding::ZeroOne, input_size, origin: Origin::Given })
    }

    /// Every pattern of `bits` bits in counting order, the first bit the most significant, each
    /// with its parity: `XOR` of all bits. Two bits give XOR's rows (0,0) (0,1) (1,0) (1,1).
    ///
    /// # Errors
    /// [`Error::Usage`] unless 2 ≤ `bits` ≤ 16.
    pub fn parity(bits: u32) -> Result<Self, Error> {
        Self::table(Function::Parity, bits, bits)
    }

    /// Every pattern of `bits` bits in the same order, each with a function of the first `relevant` bits.
    ///
    /// # Errors
    /// [`Error::Usage`] unless 2 ≤ `bits` ≤ 16 and 1 ≤ `relevant` ≤ `bits`.
    pub fn table(function: Function, bits: u32, relevant: u32) -> Result<Self, Error> {
        if !(2..=MAX_BITS).contains(&bits) {
            return Err(Error::Usage(format!(
                "{bits} bits: expected a number from 2 (XOR) to {MAX_BITS} (65,536 rows)"
            )));
        }
        let bit = |row: u32, index: u32| (row >> (bits - 1 - index)) & 1 == 1;
        let row = |row: u32| (0..bits).map(move |index| bit(row, index));
        Self::of_bits(function, [bits, relevant].map(|it| it as usize), (0..1_u32 << bits).map(row))
    }

    /// `rows` rows of `bits` bits, drawn uniformly with replacement, each with a function of the first
    /// `relevant` bits: with the parity, the sparse parity problem.
    ///
    /// # Errors
    /// [`Error::Usage`] unless there is a row, 2 ≤ `bits`, which is no more than a network has inputs,
    /// and 1 ≤ `relevant` ≤ `bits`.
    pub fn drawn(
        function: Function,
        bits: usize,
        relevant: usize,
        rows: usize,
        seed: u64,
    ) -> Result<Self, Error> {
        if !(2..=MAX_WIDTH).contains(&bits) || rows == 0 {
            return Err(Error::Usage(format!(
                "{rows} rows of {bits} bits: expected a row or more, and from 2 to {MAX_WIDTH} bits"
            )));
        }
        let row = |row: u64| {
            let stream = Stream::new(seed).of_member(row).for_purpose(ROWS);
            let words = (0..).flat_map(move |index| stream.words(index));
            words.flat_map(|word| (0..32).map(move |bit| (word >> bit) & 1 == 1)).take(bits)
        };
        Self::of_bits(function, [bits, relevant], (0..rows as u64).map(row))
    }

    fn of_bits(
        function: Function,
        [input_size, relevant]: [usize; 2],
        rows: impl Iterator<Item = impl Iterator<Item = bool>>,
    ) -> Result<Self, Error> {
        if !(1..=input_size).contains(&relevant) {
            return Err(Error::Usage(format!(
                "{relevant} relevant bits: expected a number from 1 to {input_size}, the number of bits"
            )));
        }
        let (mut inputs, mut targets) = (vec![], vec![]);
        for row in rows {
            let row: Vec<bool> = row.collect();
            targets.push(f32::from(function.of(row[..relevant].iter().copied())));
            inputs.extend(row.into_iter().map(f32::from));
        }
        let origin = Origin::Function { function, relevant };
        Ok(Self { inputs, targets, coding: Coding::ZeroOne, input_size, origin })
    }

    /// The same data with other numbers for the two answers.
    #[must_use]
    pub fn with_coding(mut self, coding: Coding) -> Self {
        let [_, yes] = self.coding.targets();
        for target in &mut self.targets {
            *target = coding.targets()[usize::from(*target == yes)];
        }
        Self { coding, ..self }
    }

    /// The same data, of which each target is the other one with this probability.
    #[must_use]
    pub fn with_label_noise(mut self, probability: f64, seed: u64) -> Self {
        let [no, yes] = self.coding.targets();
        for (target, row) in self.targets.iter_mut().zip(0..) {
            let stream = Stream::new(seed).of_member(row).for_purpose(NOISE);
            if f64::from(stream.uniform(0)).midpoint(1.0) < probability {
                *target = no + yes - *target;
            }
        }
        self
    }

    /// The data without `count` rows, drawn at random, and these rows: both in the order that they had.
    ///
    /// # Errors
    /// [`Error::Usage`] unless each has a row.
    pub fn split(self, count: usize, seed: u64) -> Result<[Self; 2], Error> {
        let rows = self.row_count();
        if count == 0 || count >= rows {
            return Err(Error::Usage(format!(
                "{count} rows held out of {rows}: expected a number from 1 to {}",
                rows - 1
            )));
        }
        let key = |row: &usize| {
            let stream = Stream::new(seed).of_member(*row as u64).for_purpose(SPLIT);
            (stream.words(0), *row)
        };
        let mut order: Vec<usize> = (0..rows).collect();
        order.sort_by_cached_key(key);
        let mut is_held_out = vec![false; rows];
        order[..count].iter().for_each(|&row| is_held_out[row] = true);
        Ok([false, true].map(|held_out| self.rows_where(|row| is_held_out[row] == held_out)))
    }

    fn rows_where(&self, is_chosen: impl Fn(usize) -> bool) -> Self {
        let chosen = || (0..self.row_count()).filter(|&row| is_chosen(row));
        let row = |row: usize| &self.inputs[row * self.input_size..][..self.input_size];
        Self {
            inputs: chosen().flat_map(row).copied().collect(),
            targets: chosen().map(|row| self.targets[row]).collect(),
            ..*self
        }
    }

    /// The name of the data in reports.
    #[must_use]
    pub fn name(&self) -> String {
        match self.origin {
            Origin::Function { function, relevant } => function.name(relevant, self.input_size),
            Origin::Given => format!("data of {} inputs", self.input_size),
        }
    }

    /// Number of rows.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.targets.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_bits_are_xor() {
        let xor = Dataset::parity(2).expect("two bits are allowed");
        assert_eq!(xor.inputs, [0., 0., 0., 1., 1., 0., 1., 1.]);
        assert_eq!(xor.targets, [0., 1., 1., 0.]);
        let other = xor.clone().with_coding(Coding::PlusMinusOne);
        assert_eq!(other.targets, [-1., 1., 1., -1.]);
        assert_eq!(other.with_coding(Coding::ZeroOne), xor);
    }

    #[test]
    fn half_of_the_rows_of_any_parity_are_odd() {
        for bits in 2..=MAX_BITS {
            let data = Dataset::parity(bits).expect("allowed");
            let odd = data.targets.iter().filter(|&&target| target == 1.0).count();
            assert_eq!(odd * 2, data.row_count());
        }
    }

    #[test]
    fn only_the_first_bits_of_a_sparse_function_count() {
        let data = Dataset::table(Function::Parity, 4, 2).expect("allowed");
        for (row, target) in data.inputs.chunks_exact(4).zip(&data.targets) {
            assert_eq!(*target, (row[0] + row[1]) % 2.0, "{row:?}");
        }
        for relevant in [0, 5] {
            assert!(Dataset::table(Function::Or, 4, relevant).is_err());
            assert!(Dataset::drawn(Function::Or, 4, relevant as usize, 9, 0).is_err());
        }
    }

    #[test]
    fn drawn_rows_are_of_the_seed_and_fill_the_cube() {
        let draw = |seed| Dataset::drawn(Function::Parity, 130, 3, 1_000, seed).expect("allowed");
        let data = draw(7);
        assert_eq!(data, draw(7));
        assert_ne!(data.inputs, draw(8).inputs);
        assert_eq!([data.inputs.len(), data.row_count()], [130_000, 1_000]);
        // Four standard errors of the mean of 1,000 fair bits are 0.063.
        for column in 0..130 {
            let bits = data.inputs.iter().skip(column).step_by(130);
            assert!((bits.sum::<f32>() / 1_000.0 - 0.5).abs() < 0.063, "column {column}");
        }
        for (row, target) in data.inputs.chunks_exact(130).zip(&data.targets) {
            assert_eq!(*target, row[..3].iter().sum::<f32>() % 2.0);
        }
    }

    #[test]
    fn label_noise_turns_its_share_of_the_targets_around() {
        let data = Dataset::parity(14).expect("allowed").with_coding(Coding::PlusMinusOne);
        let flipped = |probability| {
            let noisy = data.clone().with_label_noise(probability, 3);
            assert_eq!(noisy.inputs, data.inputs);
            let pairs = noisy.targets.iter().zip(&data.targets);
            pairs.filter(|(one, other)| one != other).count()
        };
        assert_eq!([flipped(0.0), flipped(1.0)], [0, 1 << 14]);
        // Four standard deviations of 16,384 draws.
        assert!((1_638 - 154..=1_638 + 154).contains(&flipped(0.1)), "{}", flipped(0.1));
    }

    #[test]
    fn a_split_deals_out_every_row_once() {
        let data = Dataset::parity(5).expect("allowed");
        let [rest, held_out] = data.clone().split(9, 1).expect("there are 32");
        assert_eq!([rest.row_count(), held_out.row_count()], [23, 9]);
        let rows = |data: &Dataset| {
            let rows =
                data.inputs.chunks_exact(5).map(|row| row.iter().fold(0.0, |n, b| 2.0 * n + b));
            rows.collect::<Vec<f32>>()
        };
        let mut all = [rows(&rest), rows(&held_out)].concat();
        assert!(rows(&rest).is_sorted() && rows(&held_out).is_sorted());
        all.sort_by(f32::total_cmp);
        assert_eq!(all, rows(&data));
        assert_ne!(held_out, data.clone().split(9, 2).expect("there are 32")[1]);
        for count in [0, 32, 33] {
            assert!(data.clone().split(count, 1).is_err(), "{count}");
        }
    }

    #[test]
    fn data_with_other_shapes_or_values_are_refused_with_what_was_found() {
        let xor = Dataset::parity(2).expect("two bits are allowed");
        let given = Dataset::new(xor.inputs.clone(), xor.targets.clone(), 2).expect("it is right");
        assert_eq!(given, Dataset { origin: Origin::Given, ..xor });
        for (inputs, targets, input_size, word) in [
            (vec![], vec![], 1, "expected rows"),
            (vec![], vec![1.0], 0, "expected rows"),
            (vec![0.0; 3], vec![1.0; 2], 2, "2 rows of 2 inputs, found 3 values"),
            (vec![0.0, 1.0, f32::NAN], vec![1.0; 3], 1, "input 0 of row 2 is NaN"),
            (vec![0.0; 2], vec![1.0, 0.5], 1, "target of row 1 is 0.5"),
        ] {
            let error = Dataset::new(inputs, targets, input_size).expect_err(word).to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn too_few_or_too_many_bits_are_refused() {
        for bits in [0, 1, 17, u32::MAX] {
            assert!(Dataset::parity(bits).is_err());
        }
        for (bits, rows) in [(1, 9), (MAX_WIDTH + 1, 9), (20, 0)] {
            assert!(Dataset::drawn(Function::Parity, bits, 1, rows, 0).is_err());
        }
    }
}
