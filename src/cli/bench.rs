//! `parity bench`

use super::{DeviceArgs, go_on};
use crate::bench::{self, Options, Suite};
use crate::error::Error;
use crate::gpu::Gpu;
use crate::report::{self, BenchReport};

#[derive(clap::Args)]
pub(super) struct Args {
    /// What to measure
    #[arg(long, default_value = "training")]
    suite: Suite,
    /// Print one JSON object and nothing else on standard output
    #[arg(long)]
    json: bool,
    /// Fewer steps and rounds: for tests of the command, not for figures
    #[arg(long, hide = true)]
    quick: bool,
    #[command(flatten)]
    device: DeviceArgs,
}

impl Args {
    pub(super) async fn run(self) -> Result<u8, Error> {
        bench::check_build()?;
        let gpu = Gpu::open(self.device.selection()).await?;
        let options = Options { quick: self.quick, go_on: &go_on };
        let groups = bench::run(&gpu, self.suite, options).await?;
        let (adapter, suite) = (&gpu.adapter, self.suite);
        let report = BenchReport { adapter, suite, quick: self.quick, groups: &groups };
        report::print(&if self.json { report.json() } else { report.text() })?;
        Ok(0)
    }
}
