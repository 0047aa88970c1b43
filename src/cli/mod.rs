//! The command line: one file per subcommand.

mod bench;
mod command_line;
mod compile;
mod devices;
mod doctor;
mod plan;
mod sweep;
mod train;
mod verify;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Parser, Subcommand};

use crate::error::Error;
use crate::gpu::{Backend, Selection};

/// Set when the user asks to stop; runs look at it between submissions.
pub static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Whether the user has not asked to stop.
fn go_on() -> ControlFlow<()> {
    if INTERRUPTED.load(Ordering::Relaxed) {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}

/// Trains XOR networks on any GPU, beside a CPU reference.
#[derive(Parser)]
#[command(name = "parity", version, about, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done; 1 a check failed; 2 usage or bad input; 3 no usable \
    adapter; 4 device lost or GPU failure; 130 interrupted")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train a network on the GPU and compare its losses with the CPU's
    Train(Box<train::Args>),
    /// Train a network for each pixel of a picture
    Sweep(Box<sweep::Args>),
    /// Prove that this GPU trains correctly: every kernel, gradient and step
    Verify(Box<verify::Args>),
    /// Measure every kernel, the matrix product and whole training runs, after checking them
    Bench(Box<bench::Args>),
    /// Examine an adapter: whether its arithmetic, memory and barriers are right, and what it is like
    Doctor(doctor::Args),
    /// List the adapters, and say which one "parity train" would take
    Devices(devices::Args),
    /// Compile a list of shaders: for tests with the compilers of other GPUs
    #[command(hide = true)]
    Compile(compile::Args),
}

/// Which adapter to use.
#[derive(clap::Args)]
struct DeviceArgs {
    /// The adapter: its number in "parity devices", or part of its name [env: WGPU_ADAPTER_NAME]
    #[arg(long, value_name = "NAME|INDEX")]
    adapter: Option<String>,
    /// Only adapters that are reached this way [env: WGPU_BACKEND]
    #[arg(long)]
    backend: Option<Backend>,
}

impl DeviceArgs {
    fn selection(&self) -> Selection {
        Selection { backends: self.backend.into_iter().collect(), adapter: self.adapter.clone() }
    }
}

impl Cli {
    /// Does what was asked for; returns the exit code of a run that came to its end.
    ///
    /// # Errors
    /// Why it did not.
    pub async fn run(self) -> Result<u8, Error> {
        match self.command {
            Command::Train(args) => args.run().await,
            Command::Sweep(args) => args.run().await,
            Command::Verify(args) => args.run().await,
            Command::Bench(args) => args.run().await,
            Command::Doctor(args) => args.run().await,
            Command::Devices(args) => args.run().await,
            Command::Compile(args) => args.run().await,
        }
    }
}
