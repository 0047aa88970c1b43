//! `parity devices`

use super::{DeviceArgs, as_option};
use crate::error::Error;
use crate::gpu::Listing;
use crate::report::{self, DevicesReport};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Print one JSON object and nothing else on standard output, even if there is no adapter
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceArgs,
}

impl Args {
    pub(super) async fn run(self) -> Result<u8, Error> {
        let mut listing = Listing::of(self.device.selection()).await?;
        listing.chosen = listing.chosen.map_err(as_option("adapter"));
        let report = DevicesReport { listing: &listing };
        match &listing.chosen {
            _ if self.json => report::print(&report.json())?,
            Ok(chosen) => report::print(&report.text(chosen))?,
            Err(_) => {}
        }
        listing.chosen.map(|_| 0)
    }
}
