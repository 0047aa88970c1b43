//! The values of a tensor, from any type of floats that networks are saved in.

use std::collections::BTreeMap;

use half::{bf16, f16};
use safetensors::tensor::{Dtype, TensorView};

/// What became of values that are not saved as `f32`.
#[derive(Default)]
pub(super) struct Rounding {
    /// By the name of the type: values, and how many of them `f32` does not hold.
    others: BTreeMap<&'static str, [usize; 2]>,
}

impl Rounding {
    /// The values of a tensor.
    ///
    /// # Errors
    /// If they are of another type or not finite, as `f32` too.
    pub(super) fn values(&mut self, key: &str, view: &TensorView<'_>) -> Result<Vec<f32>, String> {
        let data = view.data();
        let (name, exact): (_, Vec<f64>) = match view.dtype() {
            Dtype::F32 => {
                let values = data.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes));
                return finite(key, values.collect(), None);
            }
            Dtype::F64 => ("F64", each(data, f64::from_le_bytes)),
            Dtype::F16 => ("F16", each(data, |bytes| f16::from_le_bytes(bytes).into())),
            Dtype::BF16 => ("BF16", each(data, |bytes| bf16::from_le_bytes(bytes).into())),
            other => return Err(format!("{key} is {other:?}, expected F32, F64, F16 or BF16")),
        };
        #[expect(clippy::cast_possible_truncation, reason = "what is rounded is counted")]
        let values: Vec<f32> = exact.iter().map(|&value| value as f32).collect();
        let pairs = exact.iter().zip(&values);
        let rounded = pairs.filter(|&(&exact, &value)| exact != f64::from(value)).count();
        let [count, sum] = self.others.entry(name).or_default();
        (*count, *sum) = (*count + values.len(), *sum + rounded);
        finite(key, values, Some(&exact))
    }

    /// In words.
    pub(super) fn note(self) -> Option<String> {
        let notes = self.others.iter().map(|(name, [count, rounded])| match rounded {
            0 => format!("{count} values are {name}, which f32 holds as they are"),
            _ => format!("{count} values are {name}, of which {rounded} were rounded to f32"),
        });
        let notes: Vec<_> = notes.collect();
        (!notes.is_empty()).then(|| notes.join("; "))
    }
}

/// The values, if each is a finite number; `exact` is what they were before they were rounded.
fn finite(key: &str, values: Vec<f32>, exact: Option<&[f64]>) -> Result<Vec<f32>, String> {
    let Some(index) = values.iter().position(|value| !value.is_finite()) else {
        return Ok(values);
    };
    let value = exact.map_or_else(|| values[index].into(), |exact| exact[index]);
    let beyond = if value.is_finite() { ", beyond what f32 holds" } else { "" };
    Err(format!("{key} holds {value:?} at index {index}{beyond}, expected finite numbers"))
}

fn each<const N: usize>(data: &[u8], value: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    data.as_chunks::<N>().0.iter().map(|&bytes| value(bytes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(dtype: Dtype, bytes: &[u8]) -> Result<(Vec<f32>, Option<String>), String> {
        let len = bytes.len() * 8 / dtype.bitsize();
        let view = TensorView::new(dtype, vec![len], bytes).expect("sizes fit the shape");
        let mut rounding = Rounding::default();
        Ok((rounding.values("0.bias", &view)?, rounding.note()))
    }

    #[test]
    fn values_of_16_bits_are_the_same_numbers_and_those_of_64_are_rounded_and_counted() {
        let bytes = [0x3c00_u16, 0xc000, 0x0001, 0x7bff].map(u16::to_le_bytes).concat();
        let (halves, note) = values(Dtype::F16, &bytes).expect("numbers");
        assert_eq!(halves, [1.0, -2.0, 2.0_f32.powi(-24), 65_504.0]);
        assert_eq!(note.as_deref(), Some("4 values are F16, which f32 holds as they are"));
        let bytes = [0x3f80_u16, 0xc000, 0x7f7f].map(u16::to_le_bytes).concat();
        let (brains, note) = values(Dtype::BF16, &bytes).expect("numbers");
        assert_eq!(brains, [1.0, -2.0, f32::from_bits(0x7f7f_0000)]);
        assert_eq!(note.as_deref(), Some("3 values are BF16, which f32 holds as they are"));
        let bytes = [0.5_f64, 0.1, 1e-60].map(f64::to_le_bytes).concat();
        let (doubles, note) = values(Dtype::F64, &bytes).expect("numbers");
        assert_eq!(doubles, [0.5, 0.1, 0.0]);
        assert_eq!(note.as_deref(), Some("3 values are F64, of which 2 were rounded to f32"));
        let (singles, note) = values(Dtype::F32, &0.1_f32.to_le_bytes()).expect("a number");
        assert_eq!((singles.as_slice(), note), (&[0.1][..], None));
    }

    #[test]
    fn what_is_no_finite_number_in_32_bits_is_refused() {
        for (dtype, bytes, words) in [
            (Dtype::F64, &1e300_f64.to_le_bytes()[..], "1e300 at index 0, beyond what f32 holds"),
            (Dtype::F64, &f64::NAN.to_le_bytes(), "NaN at index 0, expected"),
            (Dtype::F16, &0x7c00_u16.to_le_bytes(), "inf at index 0, expected"),
            (Dtype::BF16, &0xff80_u16.to_le_bytes(), "-inf at index 0, expected"),
            (Dtype::F32, &f32::INFINITY.to_le_bytes(), "inf at index 0, expected"),
            (Dtype::I32, &1_i32.to_le_bytes(), "0.bias is I32, expected F32, F64, F16 or BF16"),
        ] {
            let found = values(dtype, bytes).expect_err("it is refused");
            assert!(found.contains(words), "{found}");
        }
    }
}
