//! The binary: parse, run, exit code.

use std::process::ExitCode;
use std::sync::atomic::Ordering;

use parity::cli::{Cli, INTERRUPTED, Refusal};
use parity::error::Error;
use parity::report;

/// The exit code of a run that a signal ended.
const INTERRUPTED_CODE: u8 = 130;

fn main() -> ExitCode {
    quiet_drivers();
    let listening = listen_for_signals();
    // A panic while polling a lost device is caught, and reported as an error.
    let default_hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() != Some(parity::gpu::POLL_THREAD) {
            default_hook(panic);
        }
    }));
    log_to_standard_error();
    let outcome = listening.and_then(|()| match Cli::of_process() {
        Ok(cli) => pollster::block_on(cli.run()),
        Err(Refusal::Shown(text)) => report::clap_answer(&text),
        Err(Refusal::Error(error)) => Err(error),
    });
    let code = outcome.unwrap_or_else(|error| {
        report::note(&format!("error: {error}"));
        error.exit_code()
    });
    // All is done: a signal from here on ends the process at once.
    let was_interrupted = INTERRUPTED.swap(true, Ordering::Relaxed);
    ExitCode::from(if was_interrupted && code == 0 { INTERRUPTED_CODE } else { code })
}

/// The first of SIGINT (Ctrl-C), SIGTERM and SIGHUP ends the run cleanly, the second at once. A
/// SIGHUP that was ignored at the start, as `nohup` has it, stays ignored.
fn listen_for_signals() -> Result<(), Error> {
    #[cfg(unix)]
    let hangup = ignore_hangup();
    let listening = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            end_at_once();
        }
    });
    #[cfg(unix)]
    if let Ok(nix::sys::signal::SigHandler::SigIgn) = hangup {
        let _ = ignore_hangup();
    }
    listening.map_err(|error| Error::Gpu(format!("cannot listen for signals: {error}")))
}

/// Returns what was done about SIGHUP before.
#[cfg(unix)]
#[expect(unsafe_code, reason = "nix cannot know whether a handler is safe")]
fn ignore_hangup() -> nix::Result<nix::sys::signal::SigHandler> {
    use nix::sys::signal::{SigHandler, Signal, signal};
    // SAFETY: no function is installed.
    unsafe { signal(Signal::SIGHUP, SigHandler::SigIgn) }
}

/// Leaves out the destructors of drivers, whose threads may still be at work.
#[cfg(unix)]
#[expect(unsafe_code, reason = "std has no exit that leaves out destructors")]
fn end_at_once() -> ! {
    // SAFETY: it takes any number, and never returns.
    unsafe { nix::libc::_exit(INTERRUPTED_CODE.into()) }
}

#[cfg(not(unix))]
fn end_at_once() -> ! {
    std::process::exit(INTERRUPTED_CODE.into())
}

/// What naga finds in a shader comes back as an error, so it is not logged. Whoever cannot be
/// written to hears nothing.
fn log_to_standard_error() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error,naga=off"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(report::has_colours())
        .log_internal_errors(false)
        .init();
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
