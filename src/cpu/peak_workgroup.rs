//! As many bytes of workgroup memory as an adapter can read.

use crate::numeric::Scalar;

/// For each place of a table with one element of four values a place, `first`, `first` + 1 and so
/// on: the sum of 8·`iterations` elements from there on, where the table begins anew at its end.
///
/// # Shapes
/// `out` `[workgroup_size]`, which is the same for each workgroup.
pub fn peak_workgroup<S: Scalar>(iterations: u32, first: S, out: &mut [S]) {
    let zero = S::from_f64(0.0);
    let values = (0_u32..).map(|number| first + S::from_f64(number.into()));
    let table: Vec<S> = values.take(4 * out.len()).collect();
    for (place, out) in out.iter_mut().enumerate() {
        let values = table.iter().cycle().skip(4 * place).take(4 * 8 * iterations as usize);
        *out = values.fold(zero, |sum, &value| sum + value);
    }
}
