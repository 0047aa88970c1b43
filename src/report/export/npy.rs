//! Arrays in the format of `NumPy` (NEP 1, version 1.0).

/// The start of a file.
const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";

/// A file of values `[height, width]`, row by row.
pub(in crate::report) fn npy(values: &[f32], [height, width]: [usize; 2]) -> Vec<u8> {
    assert_eq!(values.len(), height * width, "values");
    let dictionary =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({height}, {width}), }}");
    // Spaces and a line break fill the header up to a multiple of 64 bytes.
    let len = (MAGIC.len() + 2 + dictionary.len() + 1).next_multiple_of(64) - MAGIC.len() - 2;
    let header = format!("{dictionary:<width$}\n", width = len - 1);
    let header_len = u16::try_from(len).expect("a short header").to_le_bytes();
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    [MAGIC, &header_len, header.as_bytes(), &bytes].concat()
}

/// The bytes of the values of a file, if it is one of 32-bit values.
pub(in crate::report) fn read_npy(file: &[u8]) -> Option<&[u8]> {
    let (before, rest) = file.split_at_checked(MAGIC.len() + 2)?;
    let len = u16::from_le_bytes(before[MAGIC.len()..].try_into().ok()?);
    let (_, bytes) = rest.split_at_checked(len.into())?;
    (before.starts_with(MAGIC) && bytes.len().is_multiple_of(4)).then_some(bytes)
}
