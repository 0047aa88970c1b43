//! `parity doctor`

use super::DeviceArgs;
use crate::error::Error;
use crate::gpu::Gpu;
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
        let gpu = Gpu::open(self.device.selection()).await?;
        let diagnosis = verify::examine(&gpu).await?;
        let report = DoctorReport { adapter: &gpu.adapter, diagnosis: &diagnosis };
        report::print(&if self.json { report.json() } else { report.text() })?;
        Ok(u8::from(diagnosis.faults().next().is_some()))
    }
}
