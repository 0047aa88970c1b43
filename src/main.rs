//! The binary: parse, run, exit code.

use std::process::ExitCode;
use std::sync::atomic::Ordering;

use clap::Parser;
use parity::cli::{Cli, INTERRUPTED};
use parity::error::Error;

fn main() -> ExitCode {
    quiet_drivers();
    // A panic while polling a lost device is caught, and reported as an error.
    let default_hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() != Some(parity::gpu::POLL_THREAD) {
            default_hook(panic);
        }
    }));
    // What naga finds in a shader comes back as an error, too.
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error,naga=off"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let cli = Cli::parse();
    match install_interrupt().and_then(|()| pollster::block_on(cli.run())) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            parity::report::note(&format!("error: {error}"));
            ExitCode::from(error.exit_code())
        }
    }
}

/// The first Ctrl-C ends the run cleanly, the second at once.
fn install_interrupt() -> Result<(), Error> {
    ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })
    .map_err(|error| Error::Gpu(format!("cannot listen for Ctrl-C: {error}")))
}

/// Mesa's drivers look for a Wayland display and print an error line of their own if this is not
/// set, as on servers and in containers. Any folder will do.
fn quiet_drivers() {
    if cfg!(target_os = "linux") && std::env::var_os("XDG_RUNTIME_DIR").is_none() {
        #[expect(unsafe_code, reason = "there is no safe way to set it")]
        // SAFETY: no other thread runs yet that could read the environment.
        unsafe {
            std::env::set_var("XDG_RUNTIME_DIR", std::env::temp_dir());
        }
    }
}
