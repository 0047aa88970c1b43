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
//! use parity::rule::{Rule, Variant};
//! use parity::train::{Layered, Plan};
//!
//! let gpu = Gpu::open(Selection::default()).await?;
//! let plan = Plan {
//!     data: Dataset::parity(2)?,
//!     rule: Rule::sgd(1.0),
//!     variant: Variant::CAREFUL,
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
//! For networks with one hidden layer there is a second engine, [`train::Fused`], which makes many
//! steps in one dispatch. It takes any number of networks: [`sweep::EnsemblePlan`] trains networks
//! that differ by their start, [`sweep::GridPlan`] one for each pixel of a picture.
//!
//! [`verify::verify`] asks whether all of this is right on a device, [`verify::sabotage`] whether it
//! would have noticed, and [`bench`](mod@bench) how fast it is.
//!
//! # Code map
//! | module | what it holds | uses |
//! | --- | --- | --- |
//! | [`dataset`], [`rng`], [`model`], [`rule`] | data, draws, networks, training rules; pure | – |
//! | [`scalar`] | the numbers that the reference runs on: `f32`, `f64`, values with error bounds | – |
//! | [`cpu`] | a twin for each shader, a step made of them, and a test of products that needs no twin | `scalar` |
//! | [`gpu`] | adapters, tensors, pipelines, submissions, timestamps and whether to believe them; the only user of wgpu | – |
//! | [`kernels`] | what each shader means: buffers, parameters, sizes | `gpu`, `rule` |
//! | [`tune`] | which matrix product is the fastest on a device | `kernels`, `cpu`, `file` |
//! | [`train`] | the engines, the reference run, and the comparison of both | `kernels`, `tune`, `cpu` |
//! | [`sweep`] | ensembles, and pictures in which every pixel is a trained network | `train`, `file` |
//! | [`verify`] | each kernel, gradient and step on a device against what it must be; wrong kernels that must be noticed | `train`, `sweep`, `cpu` |
//! | [`bench`](mod@bench) | kernels against the adapter's peaks, runs against baselines on the CPU; checked, then timed; statistics | `verify`, `train`, `cpu` |
//! | [`processor`] | what this machine calls its processor | – |
//! | [`count`] | whole numbers as people write them | – |
//! | [`state_dict`], [`file`](mod@file) | parameters in safetensors files; files that are never half-written | `model` |
//! | [`report`] | everything that users read: text, JSON, CSV, pictures, charts | `train`, `sweep`, `bench` |
//! | [`cli`] | one file per subcommand | all |
//!
//! `tests/host` needs no adapter, `tests/gpu` does; `tests/golden` holds PyTorch's trajectories.
//!
//! # More
//! - `docs/library.md`: what a training step is made of, and the invariants, with the tests that hold
//!   them.
//! - `docs/verify.md`: what is proved, by what, and where each tolerance comes from.
//! - `docs/bench.md`: what is measured, and how.
//! - `docs/train.md`: networks, ensembles, sweeps, and rounding.
//! - `docs/drivers.md`: surprises of drivers, each with its version and a test.
//! - `docs/adding.md`: how a kernel is added.
//!
//! # Out of scope
//! Other losses and activations than these, ensembles and sweeps of deeper networks, data that does
//! not fit one buffer, training on several GPUs, and kernels for one vendor.

pub mod bench;
pub mod cli;
pub mod count;
pub mod cpu;
pub mod dataset;
pub mod error;
pub mod file;
pub mod gpu;
pub mod kernels;
pub mod model;
pub mod processor;
pub mod report;
pub mod rng;
pub mod rule;
pub mod scalar;
pub mod state_dict;
pub mod sweep;
pub mod train;
pub mod tune;
pub mod verify;
