//! Everything that users read: text, tables, JSON, CSV, progress. It knows results, not how they
//! are made.

mod bench;
mod bench_charts;
mod curve;
mod devices;
mod diagnosis;
mod doctor;
mod ensemble;
mod export;
mod parameters;
mod progress;
mod quietness;
mod sabotage;
mod sweep;
mod table;
mod train;
mod verify;

use std::io::{self, IsTerminal, Write};

pub use bench::{BenchComparison, BenchReport};
pub use devices::DevicesReport;
pub use doctor::DoctorReport;
pub use ensemble::EnsembleReport;
pub use progress::{PartsDisplay, ProgressDisplay};
pub use sabotage::SabotageReport;
pub use sweep::{SweepReport, finished_sweep};
pub use train::{InitFile, TrainReport};
pub use verify::VerifyReport;

use export::json;
use table::{table, wrapped};

use crate::bench::Processor;
use crate::error::Error;
use crate::gpu::{AdapterSummary, DeviceType};

/// Writes to standard output. A reader that has heard enough (`| head`) is no error.
///
/// # Errors
/// [`Error::File`] if it cannot be written for another reason.
pub fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    heard(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

fn heard(printed: io::Result<()>) -> Result<(), Error> {
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::file("standard output", error))
        }
        _ => Ok(()),
    }
}

/// Writes what clap has to say instead of a run, help or the fault of an argument, and returns the
/// exit code.
///
/// # Errors
/// [`Error::File`] if help cannot be written.
pub fn clap_answer(answer: &clap::Error) -> Result<u8, Error> {
    let printed = answer.print();
    if !answer.use_stderr() {
        heard(printed)?;
    }
    Ok(u8::try_from(answer.exit_code()).expect("0 or 2"))
}

/// Whether standard error shows colours: on a terminal, unless `NO_COLOR` is set.
#[must_use]
pub fn has_colours() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal() && !refused
}

/// Writes a line to standard error. A failure is ignored, since it cannot be reported anywhere
/// else.
pub fn note(line: &str) {
    drop(writeln!(io::stderr(), "{line}"));
}

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

/// As it was written.
fn plain(value: f64) -> String {
    if value == 0.0 || (1e-4..1e6).contains(&value.abs()) {
        value.to_string()
    } else {
        format!("{value:e}")
    }
}

/// A rate of something as small as a step of one network.
fn rate(per_s: f64) -> String {
    format!("{per_s:.2e}")
}

/// A number with `decimals` decimals, or as a power of ten if those would be too many or too few.
fn number(value: f64, decimals: usize) -> String {
    let readable = value == 0.0 || (1e-4..1e6).contains(&value.abs());
    if readable { format!("{value:.decimals$}") } else { format!("{value:.5e}") }
}
