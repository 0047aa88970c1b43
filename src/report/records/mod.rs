//! Records of each report: its fields, JSON and CSV, one file a report.

mod bench;
mod devices;
mod doctor;
mod ensemble;
mod findings;
mod matrix;
mod parameters;
mod sabotage;
mod sweep;
mod train;
mod verify;

use serde::Serialize;

pub use bench::{BenchComparison, BenchReport};
pub use devices::DevicesReport;
pub use doctor::DoctorReport;
pub use ensemble::EnsembleReport;
pub use matrix::MatrixReport;
pub use sabotage::SabotageReport;
pub use sweep::{SweepReport, finished_sweep};
pub use train::{InitFile, TrainReport};
pub use verify::VerifyReport;

pub(super) use findings::findings;
pub(super) use train::LossRow;

use super::export::{csv, json, npy, read_npy};
use crate::task::{Activation, Adam, Decay, Loss, Method, Schedule};
use parameters::Written;

/// The name by which a value is given on the command line, with spaces.
pub(super) fn name(value: &impl clap::ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().replace('-', " "))
}

/// A record as JSON, behind the version that wrote it.
fn versioned_json(record: &impl Serialize) -> String {
    #[derive(Serialize)]
    struct Versioned<'a, T> {
        version: &'static str,
        #[serde(flatten)]
        record: &'a T,
    }
    json(&Versioned { version: env!("CARGO_PKG_VERSION"), record })
}

/// A method, as reports have it.
#[derive(Serialize)]
pub(super) struct MethodRecord {
    compensated: bool,
    hidden_activation: Activation,
    output_activation: Activation,
    loss: Loss,
    optimizer: &'static str,
    momentum: f64,
    nesterov: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    betas: Option<[f64; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epsilon: Option<f64>,
    weight_decay: f64,
    schedule: ScheduleRecord,
    measured: bool,
}

/// A schedule, as reports have it.
#[derive(Serialize)]
struct ScheduleRecord {
    warmup: u64,
    #[serde(flatten)]
    decay: DecayRecord,
}

#[derive(Serialize)]
#[serde(tag = "decay", rename_all = "kebab-case")]
enum DecayRecord {
    Constant,
    Step { every: u64, factor: f64 },
    Cosine { steps: u64, least: f64 },
}

impl From<Schedule> for ScheduleRecord {
    fn from(Schedule { warmup, decay }: Schedule) -> Self {
        let decay = match decay {
            Decay::Constant => DecayRecord::Constant,
            Decay::Step { every, factor } => DecayRecord::Step { every, factor },
            Decay::Cosine { steps, least } => DecayRecord::Cosine { steps, least },
        };
        Self { warmup, decay }
    }
}

impl From<Method> for MethodRecord {
    fn from(method: Method) -> Self {
        let Method { hidden_activation, output_activation, loss, measured, .. } = method;
        Self {
            compensated: method.is_compensated(),
            hidden_activation,
            output_activation,
            loss,
            optimizer: match method.adam() {
                None => "sgd",
                Some(Adam { is_decoupled: false, .. }) => "adam",
                Some(Adam { is_decoupled: true, .. }) => "adamw",
            },
            momentum: method.momentum(),
            nesterov: method.is_nesterov(),
            betas: method.adam().map(|adam| adam.betas),
            epsilon: method.adam().map(|adam| adam.epsilon),
            weight_decay: method.weight_decay(),
            schedule: method.schedule.into(),
            measured,
        }
    }
}
