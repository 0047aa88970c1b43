//! `parity compile`, which is hidden.

use std::path::PathBuf;

use super::DeviceArgs;
use crate::bench;
use crate::error::Error;
use crate::gpu::Instance;
use crate::report;

#[derive(clap::Args)]
pub(super) struct Args {
    /// File with a JSON list of instances of shaders
    file: PathBuf,
    #[command(flatten)]
    device: DeviceArgs,
}

impl Args {
    pub(super) async fn run(self) -> Result<u8, Error> {
        let path = &self.file;
        let bytes = std::fs::read(path).map_err(|error| Error::file(path, error))?;
        let instances: Vec<Instance> = serde_json::from_slice(&bytes)
            .map_err(|error| Error::file(path, format!("no list of shaders: {error}")))?;
        let gpu = self.device.open().await?;
        report::note(&format!("adapter: {}", gpu.adapter));
        // Beside what a driver tells of the shader there.
        let mut begin = |name: &str| report::note(&format!("compiling: {name}"));
        let faults = bench::compile(&gpu, &instances, &mut begin).await?;
        let text = faults.iter().map(|fault| format!("{fault}\n")).collect::<Vec<_>>();
        report::print(&text.concat())?;
        Ok(u8::from(!faults.is_empty()))
    }
}
