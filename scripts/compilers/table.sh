#!/usr/bin/env bash
# table.sh: makes docs/measured/compilers.md, the table of what the compilers of GPUs make of every
# shader. It needs an adapter that executes, such as Mesa's software driver.
set -euo pipefail
cd "$(dirname "$0")/../.."
scripts/compilers/fetch.sh target/compilers
WRITE_TABLE=1 cargo test --release --locked --test compilers -- --ignored --nocapture every_shader
