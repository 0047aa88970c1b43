//! Devices that have a GPU's compiler and execute nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What `run.sh` calls them.
pub const DEVICES: [&str; 5] = ["amd:navi31", "amd:vega10", "nvidia:0x172", "apple", "adreno:740"];

/// A program on a device, without what its compiler has to tell.
///
/// # Panics
/// Without the compilers: tests that cannot run must not pass.
pub fn on(device: &str, program: &Path) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let compilers = root.join("target/compilers");
    let compilers = std::env::var_os("COMPILERS").map_or(compilers, PathBuf::from);
    assert!(
        compilers.join("system").is_dir(),
        "no compilers in {}: scripts/compilers/fetch.sh target/compilers brings them",
        compilers.display()
    );
    let mut command = Command::new(root.join("scripts/compilers/run.sh"));
    command.arg(compilers).arg(device).arg(program);
    for variable in ["RADV_DEBUG", "NAK_DEBUG", "AGX_MESA_DEBUG", "IR3_SHADER_DEBUG"] {
        command.env(variable, "");
    }
    command.env_remove("WGPU_ADAPTER_NAME");
    command
}

/// The program under test.
pub fn parity() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_parity"))
}
