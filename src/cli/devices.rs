//! `parity devices`

use super::DeviceArgs;
use crate::error::Error;
use crate::gpu::choose;
use crate::report;

impl DeviceArgs {
    pub(super) async fn run(self) -> Result<u8, Error> {
        let choice = choose(self.selection()).await?;
        report::print(&report::devices(&choice))?;
        Ok(0)
    }
}
