//! The data: n-bit parity, of which XOR is the two-bit case.

use super::Coding;
use crate::error::Error;

/// Largest number of bits: 2¹⁶ rows.
pub const MAX_BITS: u32 = 16;

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
        Ok(Self { inputs, targets, coding: Coding::ZeroOne, input_size })
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

    /// Every pattern of `bits` bits in counting order, the first bit the most significant, each
    /// with its parity: `XOR` of all bits. Two bits give XOR's rows (0,0) (0,1) (1,0) (1,1).
    ///
    /// # Errors
    /// [`Error::Usage`] unless 2 ≤ `bits` ≤ 16.
    pub fn parity(bits: u32) -> Result<Self, Error> {
        if !(2..=MAX_BITS).contains(&bits) {
            return Err(Error::Usage(format!(
                "{bits} bits: expected a number from 2 (XOR) to {MAX_BITS} (65,536 rows)"
            )));
        }
        let rows = 0..1_u32 << bits;
        let bit = |row: u32, index: u32| f32::from((row >> (bits - 1 - index)) & 1 == 1);
        Ok(Self {
            inputs: rows.clone().flat_map(|row| (0..bits).map(move |i| bit(row, i))).collect(),
            targets: rows.map(|row| f32::from(row.count_ones() % 2 == 1)).collect(),
            coding: Coding::ZeroOne,
            input_size: bits as usize,
        })
    }

    /// The name of the data in reports.
    #[must_use]
    pub fn name(&self) -> String {
        match self.input_size {
            2 => "XOR".into(),
            bits => format!("{bits}-bit parity"),
        }
    }

    /// Number of rows; the batch is always the whole dataset.
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
    fn data_with_other_shapes_or_values_are_refused_with_what_was_found() {
        let xor = Dataset::parity(2).expect("two bits are allowed");
        assert_eq!(Dataset::new(xor.inputs.clone(), xor.targets.clone(), 2).ok(), Some(xor));
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
    }
}
