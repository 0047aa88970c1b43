//! Everything that users read: text, tables, JSON, CSV, pictures, progress. It knows results, not how
//! they are made.

mod export;
mod pictures;
mod records;
mod text;

use std::io::{self, IsTerminal, Write};

pub use records::{
    BenchComparison, BenchReport, DevicesReport, DoctorReport, EnsembleReport, InitFile,
    MatrixReport, SabotageReport, SweepReport, TrainReport, VerifyReport, finished_sweep,
};
pub use text::{PartsDisplay, ProgressDisplay};

use crate::error::Error;

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
