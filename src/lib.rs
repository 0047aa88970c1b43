//! docs to come
pub mod cli;
pub mod cpu;
pub mod dataset;
pub mod error;
pub mod file;
pub mod gpu;
pub mod kernels;
pub mod model;
pub mod report;
pub mod rng;
pub mod rule;
pub mod scalar;
pub mod state_dict;
pub mod train;
