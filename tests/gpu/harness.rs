//! One device for all tests, and the engines.

use std::ops::ControlFlow;
use std::process::Command;
use std::sync::LazyLock;

use parity::error::Error;
use parity::gpu::{Gpu, Selection};
use parity::train::{Fused, Layered, LoopLimit, Observer, Outcome, Plan};
use serde_json::Value;

static GPU: LazyLock<Gpu> = LazyLock::new(open);

/// A device of its own, for tests that break it.
///
/// # Panics
/// Without an adapter: tests that cannot run must not pass.
pub fn open() -> Gpu {
    match pollster::block_on(Gpu::open(Selection::default())) {
        Ok(gpu) => gpu,
        Err(error) => panic!("these tests need an adapter: {error}"),
    }
}

/// The device that tests share.
pub fn gpu() -> &'static Gpu {
    &GPU
}

/// An engine that a plan can be run on.
#[derive(Clone, Copy, Debug)]
pub enum Engine {
    Layered,
    Fused,
}

pub const ENGINES: [Engine; 2] = [Engine::Layered, Engine::Fused];

/// Trains to the end.
pub fn train(engine: Engine, gpu: &Gpu, plan: &Plan) -> Result<Outcome, Error> {
    train_observed(engine, gpu, plan, &mut |_| ControlFlow::Continue(()))
}

/// Trains until the observer breaks off.
pub fn train_observed(
    engine: Engine,
    gpu: &Gpu,
    plan: &Plan,
    observe: &mut Observer<'_>,
) -> Result<Outcome, Error> {
    pollster::block_on(async {
        match engine {
            Engine::Layered => Layered::new(gpu, plan).await?.train(observe).await,
            Engine::Fused => Fused::new(gpu, plan, LoopLimit::Hopeful).await?.train(observe).await,
        }
    })
}

/// The JSON of a command, which must end with 0.
pub fn json(arguments: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parity"));
    let output = command.args(arguments).output().expect("it starts");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {message}");
    serde_json::from_slice(&output.stdout).expect("one object and nothing else")
}

/// What a recorded command gives in the shell that a person would paste it into.
#[cfg(unix)]
pub fn in_shell(command: &str) -> std::process::Output {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_parity")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").expect("there is one"));
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", command]).env("PATH", path).output().expect("there is a shell")
}
