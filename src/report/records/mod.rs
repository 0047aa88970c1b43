//! What there is to say: one file for each report, with its JSON and CSV.

mod bench;
mod devices;
mod doctor;
mod ensemble;
mod findings;
mod parameters;
mod sabotage;
mod sweep;
mod train;
mod verify;

pub use bench::{BenchComparison, BenchReport};
pub use devices::DevicesReport;
pub use doctor::DoctorReport;
pub use ensemble::EnsembleReport;
pub use sabotage::SabotageReport;
pub use sweep::{SweepReport, finished_sweep};
pub use train::{InitFile, TrainReport};
pub use verify::VerifyReport;

pub(super) use findings::findings;
pub(super) use sweep::name;
pub(super) use train::LossRow;

use super::export::{csv, json, npy, read_npy};
use parameters::Written;
