//! What a person reads: one file for each report, and what several share.

mod bench;
mod curve;
mod devices;
mod diagnosis;
mod doctor;
mod ensemble;
mod numbers;
mod progress;
mod quietness;
mod sabotage;
mod sweep;
mod table;
mod train;
mod verify;

pub use progress::{PartsDisplay, ProgressDisplay};

pub(super) use numbers::{duration, significant};
use numbers::{number, percent, percent_of_median, plain, rate};
use table::{table, wrapped};

use crate::bench::Processor;
use crate::gpu::{AdapterSummary, DeviceType};

/// The lines that say where a run took place.
fn adapter_lines(adapter: &AdapterSummary) -> String {
    let AdapterSummary { name, backend, driver, device_type } = adapter;
    let software = match device_type {
        DeviceType::Software => "software: this processor, not a GPU",
        hardware => hardware.name(),
    };
    format!("adapter: {name} ({software})\ndriver:  {driver}, through {backend}\n")
}

/// The line that says what the host code ran on.
fn processor_line(processor: &Processor) -> String {
    format!("CPU:     {processor}\n")
}
