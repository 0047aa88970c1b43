//! The command line: one file per subcommand.

mod bench;
mod command_line;
mod compile;
mod data;
mod devices;
mod doctor;
mod folders;
mod given;
mod optimizer;
mod recipe;
mod refusal;
mod sabotage;
mod sweep;
mod train;
mod values;
mod verify;

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

pub use refusal::Refusal;

use crate::error::Error;
use crate::gpu::{Backend, Gpu, Selection};
use given::Given;

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
    /// Examine an adapter: check its arithmetic, memory and barriers, and describe it
    Doctor(doctor::Args),
    /// List the adapters, and say which one "parity train" would use
    Devices(devices::Args),
    /// Compile a list of shaders: for tests with the compilers of other GPUs
    #[command(hide = true)]
    Compile(compile::Args),
    #[command(hide = true)]
    TryMutants(sabotage::TryMutantsArgs),
}

/// Which adapter to use.
#[derive(clap::Args)]
struct DeviceArgs {
    /// Adapter to use: its number in "parity devices", or part of its name [default: the first that
    /// "parity devices" lists] [env: WGPU_ADAPTER_NAME]
    #[arg(long, value_name = "NAME|INDEX")]
    adapter: Option<String>,
    /// Graphics interface through which the adapter is reached [default: any] [env: WGPU_BACKEND]
    #[arg(long)]
    backend: Option<Backend>,
}

impl DeviceArgs {
    fn selection(&self) -> Selection {
        Selection { backends: self.backend.into_iter().collect(), adapter: self.adapter.clone() }
    }

    /// Opens the adapter to use.
    async fn open(&self) -> Result<Gpu, Error> {
        Gpu::open(self.selection()).await.map_err(as_option("adapter"))
    }
}

/// Names the option in an error of the library, which says `adapter 7: …` where the user typed
/// `--adapter 7`.
fn as_option(name: &str) -> impl Fn(Error) -> Error {
    move |error| match error {
        Error::Usage(said) if said.starts_with(&format!("{name} ")) => {
            Error::Usage(format!("--{said}"))
        }
        other => other,
    }
}

impl Cli {
    /// Reads the arguments of this process.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn of_process() -> Result<Self, Refusal> {
        Self::read(command_line::arguments())
    }

    /// Reads the arguments of a process, of which the first is its name.
    ///
    /// # Errors
    /// What is to be shown instead of a run, or the argument that is not as expected.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Refusal> {
        let matches = Self::command().try_get_matches_from(arguments)?;
        let mut cli = Self::from_arg_matches(&matches)?;
        let given = matches.subcommand().map(|(_, typed)| Given::of(typed)).unwrap_or_default();
        match &mut cli.command {
            Command::Train(args) => args.given = given,
            Command::Sweep(args) => args.given = given,
            Command::Verify(args) => args.given = given,
            Command::Bench(args) => args.given = given,
            Command::Doctor(_)
            | Command::Devices(_)
            | Command::Compile(_)
            | Command::TryMutants(_) => {}
        }
        Ok(cli)
    }

    /// Checks all that a run checks before it opens an adapter. Nothing is written.
    ///
    /// # Errors
    /// What a run would be refused for.
    pub fn check(&self) -> Result<(), Error> {
        match &self.command {
            Command::Train(args) => args.prepare().map(drop),
            Command::Sweep(args) => args.prepare().map(drop),
            Command::Verify(args) => args.prepare().map(drop),
            Command::Bench(args) => args.prepare().map(drop),
            Command::Doctor(_)
            | Command::Devices(_)
            | Command::Compile(_)
            | Command::TryMutants(_) => Ok(()),
        }
    }

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
            Command::TryMutants(args) => args.run().await,
        }
    }
}
