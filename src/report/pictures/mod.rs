//! Pictures of results, one file for each report that has some. `plot` draws them.

mod bench;
mod sweep;
