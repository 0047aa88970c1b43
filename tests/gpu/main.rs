//! Tests that need an adapter; Mesa's software driver will do. `WGPU_BACKEND` and
//! `WGPU_ADAPTER_NAME` choose one.

#[path = "../figures/mod.rs"]
mod figures;
#[path = "../golden/mod.rs"]
mod golden;
mod harness;
mod identity;

mod bench;
mod command;
mod device;
mod doctor;
mod examples;
mod judges;
mod kernels;
mod matrix;
mod oracle;
mod products;
mod reach;
mod record;
mod runs;
mod sabotage;
#[cfg(target_os = "linux")]
mod signals;
mod snapshots;
mod sweep;
mod sweep_command;
mod tune;
mod verify;
