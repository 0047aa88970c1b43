//! `parity` trains XOR networks entirely on the GPU and says whether a CPU agrees.
//!
//! XOR of n bits is *n-bit parity*; GPU equals CPU is *parity* too. The binary is described in
//! README.md; this page is for those who read or extend the code.
//!
//! # Tour
//! A training step is data before it is work. Each WGSL file in `shaders/` is described by a
//! [`KernelSpec`](gpu::KernelSpec), compiled to a [`Kernel`](gpu::Kernel) and bound to tensors as
//! a [`Dispatch`](gpu::Dispatch), which can be encoded any number of times. The layered engine
//! builds the `Vec<Dispatch>` of one step once and then submits it over and over:
//!
//! ```no_run
//! # async fn run() -> Result<(), parity::error::Error> {
//! use std::ops::ControlFlow;
//!
//! use parity::dataset::Dataset;
//! use parity::gpu::{Gpu, Selection};
//! use parity::model::{Init, Parameters};
//! use parity::rule::Rule;
//! use parity::train::{Layered, Plan};
//!
//! let gpu = Gpu::open(Selection::default()).await?;
//! let plan = Plan {
//!     data: Dataset::parity(2)?,
//!     rule: Rule::sgd(1.0),
//!     start: Parameters::initialise(&"2-2-1".parse()?, Init::Torch, 48),
//!     steps: 10_000,
//!     log_every: 100,
//! };
//! let outcome = Layered::new(&gpu, &plan).await?.train(&mut |_| ControlFlow::Continue(())).await?;
//! println!("{}", outcome.final_loss);
//! # Ok(())
//! # }
//! ```
//!
//! A step of an L-layer network: for each layer `matmul`, `bias_add`, `sigmoid`; then `bce_loss`
//! and `bce_grad`; back through the layers `matmul` (weights), `bias_grad`, `matmul`
//! (activations), `sigmoid_grad`; and one `sgd_update` for all parameters.
//!
//! # Code map
//! | module | what it holds | uses |
//! | --- | --- | --- |
//! | [`dataset`], [`rng`], [`model`], [`rule`] | data, draws, networks, training rules; pure | – |
//! | [`scalar`] | the numbers that the reference runs on: `f32`, `f64`, values with error bounds | – |
//! | [`cpu`] | a twin for each shader, and a step made of them | `scalar` |
//! | [`gpu`] | adapters, tensors, pipelines, submissions, timestamps; the only user of wgpu | – |
//! | [`kernels`] | what each shader means: buffers, parameters, sizes | `gpu` |
//! | [`train`] | the engines, the reference run, and the comparison of both | `kernels`, `cpu` |
//! | [`state_dict`], [`file`](mod@file) | parameters in safetensors files; files that are never half-written | `model` |
//! | [`report`] | everything that users read | `train` |
//! | [`cli`] | one file per subcommand | all |
//!
//! `tests/host` needs no adapter, `tests/gpu` does; `tests/golden` holds PyTorch's trajectories.
//!
//! # Invariants
//! Each is held by a test.
//! - A shader, its host side, its CPU twin and its test have the same stem; names, order, access
//!   and layout of their buffers agree, by reflection (`tests/host/contract.rs`).
//! - Dependencies point one way, only `gpu` creates wgpu objects, the library never blocks, only
//!   reports print, only `main` exits (`tests/host/invariants.rs`).
//! - Tolerances of kernels are derived, not tuned: [`scalar::Enclosure`] bounds what any
//!   implementation may answer that keeps to the accuracy table of the WGSL specification
//!   (`tests/gpu/*.rs`), and implementations drawn at random stay inside it
//!   (`tests/host/enclosure.rs`).
//! - The reference repeats PyTorch in float64 to 10⁻⁹; the GPU stays within 10⁻⁴ of it and is no
//!   further from it than twice what PyTorch's float32 is (`tests/gpu/trainers.rs`).
//! - Sums have a fixed order and nothing is added atomically: one adapter gives the same bits
//!   twice, whatever is logged.
//! - Nothing is created, bound, compiled or uploaded while steps run; what comes back is a loss a
//!   step, and the device's own count of the steps, which must be right before anything is
//!   believed.
//! - Every kernel runs under `wgpu::Limits::downlevel_defaults()`, but for the sizes of buffers.
//!
//! # Rounding
//! A float32 run leaves the exact one, and how far is mostly luck: two right implementations of
//! 2-2-1 end up to 10⁻⁵ apart where the network hesitates. Two kernels are therefore more careful
//! than they would have to be. `sigmoid` sums its middle smallest part first, exactly symmetric
//! around ½; `sgd_update` keeps what rounding takes from a parameter and adds it to the next
//! change. Over 400 random starts of `xor` (10,000 steps) the two together lower the 90th
//! percentile of the largest deviation from 3.7 · 10⁻⁶ to 0.7 · 10⁻⁶ (simulated in float32).
//!
//! # Drivers
//! Findings that shaped the code; the tests named find others like them.
//! - llvmpipe (Mesa 22.3.6) ends all loops of an invocation after 65,535 iterations together,
//!   without an error: long sums take several products an iteration, or share rows out over a
//!   workgroup (`matmul_of_integers_loses_none`, `bias_grad_of_integers_loses_none`).
//! - Mesa 22.3.6 simplifies `(a + b) − a` to `b`, as WGSL allows, and with it any compensated sum:
//!   `sgd_update` passes the sum through an exclusive or with a zero that only the host knows
//!   (`changes_that_are_rounded_away_add_up`).
//! - wgpu 30 panics in `Device::poll` when the device is lost, and turns all later calls into
//!   silent no-ops (`a_device_lost_at_any_time_is_an_error_and_no_panic`).
//! - SwiftShader (of Chromium 156) crashes at exit, one time in two hundred, if a thread still
//!   holds the device: [`gpu::Gpu`] joins its thread before it goes.
//! - Mesa prints `error: XDG_RUNTIME_DIR is invalid` where that variable is unset; the binary sets
//!   it.
//!
//! # Out of scope
//! Other losses and activations than these, data that does not fit one buffer, training on several
//! GPUs, and kernels for one vendor.

pub mod cli;
pub mod cpu;
pub mod dataset;
pub mod error;
pub mod file;
pub mod gpu;
pub mod kernels;
pub mod model;
pub mod report;
pub mod rng;
pub mod rule;
pub mod scalar;
pub mod state_dict;
pub mod train;
