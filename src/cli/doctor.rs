//! `parity doctor`

use super::command_line::command_line;
use super::{DeviceArgs, go_on};
use crate::bench::Processor;
use crate::error::Error;
use crate::report::{self, DoctorReport};
use crate::verify;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Print one JSON object and nothing else on standard output
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceArgs,
}

impl Args {
    pub(super) async fn run(self) -> Result<u8, Error> {
        let gpu = self.device.open().await?;
        let diagnosis = verify::examine(&gpu).await?;
        let processor = Processor::detect();
        let (adapter, diagnosis, command) = (&gpu.adapter, &diagnosis, &command_line());
        let report = DoctorReport { adapter, processor, diagnosis, command };
        report::print(&if self.json { report.json() } else { report.text() })?;
        let is_wrong = diagnosis.faults().next().is_some();
        Ok(if go_on().is_break() { 130 } else { u8::from(is_wrong) })
    }
}
