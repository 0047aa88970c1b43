//! Formats that other programs read, one file each.

mod csv;
mod json;
mod npy;

pub(super) use csv::csv;
pub(super) use json::json;
pub(super) use npy::{npy, read_npy};
