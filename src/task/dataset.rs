//! The data: n-bit parity, of which XOR is the two-bit case.

use crate::error::Error;

/// The largest number of bits: 2¹⁶ rows.
pub const MAX_BITS: u32 = 16;

/// Rows of inputs with one target each.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// `[batch_size, input_size]`, row-major.
    pub inputs: Vec<f32>,
    /// `[batch_size, 1]`; 0 or 1.
    pub targets: Vec<f32>,
    /// Columns of `inputs`.
    pub input_size: usize,
}

impl Dataset {
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
            input_size: bits as usize,
        })
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> String {
        match self.input_size {
            2 => "XOR".into(),
            bits => format!("{bits}-bit parity"),
        }
    }

    /// Rows: the batch is always the whole dataset.
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
    fn too_few_or_too_many_bits_are_refused() {
        for bits in [0, 1, 17, u32::MAX] {
            assert!(Dataset::parity(bits).is_err());
        }
    }
}
