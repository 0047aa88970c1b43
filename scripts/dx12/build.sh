#!/usr/bin/env bash
# build.sh: builds the program for Windows, with mingw: target/x86_64-pc-windows-gnu/release.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc
cargo build --release --locked --bin parity --target x86_64-pc-windows-gnu
