//! `parity` trains XOR networks entirely on the GPU and says whether a CPU agrees.
//!
//! XOR of n bits is *n-bit parity*; GPU equals CPU is *parity* too. The binary is described in
//! README.md; this page is for those who read or extend the code.
//!
//! # Tour
//! A [`Recipe`](task::Recipe) says what is learned and how: data, network, [`Method`](task::Method)
//! and number of steps. A [`Plan`](train::Plan) is a recipe with a start; an
//! [`EnsemblePlan`](sweep::EnsemblePlan) has many starts, and a [`GridPlan`](sweep::GridPlan) one
//! for each pixel of a picture.
//!
//! ```no_run
//! # async fn run() -> Result<(), parity::error::Error> {
//! use std::ops::ControlFlow;
//!
//! use parity::gpu::{Gpu, Selection};
//! use parity::task::{Dataset, Init, Method, Parameters};
//! use parity::train::{Plan, train};
//!
//! let gpu = Gpu::open(Selection::default()).await?;
//! let start = Parameters::initialise(&"2-2-1".parse()?, Init::Torch, 48);
//! let plan = Plan::new(Dataset::parity(2)?, Method::sgd(1.0), start, 10_000, 100)?;
//! let outcome = train(&gpu, &plan, &mut |_| ControlFlow::Continue(())).await?;
//! println!("{}", outcome.final_loss);
//! # Ok(())
//! # }
//! ```
//!
//! [`Engine`](train::Engine) says which engine trains a recipe, or why none does. For
//! [`Layered`](train::Layered) a step is data before it is work: each WGSL file in `shaders/` is
//! described by a [`KernelSpec`](gpu::KernelSpec), compiled to a [`Kernel`](gpu::Kernel) and bound to
//! tensors as a [`Dispatch`](gpu::Dispatch), and the list of dispatches is submitted over and over.
//! [`Fused`](train::Fused) makes many steps in one dispatch, and so does a
//! [`Batch`](train::Batch) of many networks.
//!
//! [`verify::verify`] asks whether all of this is right on a device, [`verify::mutants`] whether it
//! would have noticed, and [`bench`](mod@bench) how fast it is.
//!
//! # Code map
//! Modules use only those that stand above them here; a test holds it.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`error`], [`file`](mod@file) | what can go wrong; files that are never half-written |
//! | [`numeric`] | the numbers that the reference runs on: `f32`, `f64`, values with error bounds, derivatives; random draws |
//! | [`task`] | data, networks, how they start and how they are trained; parameters in safetensors files |
//! | [`gpu`] | adapters, tensors, pipelines, submissions, timestamps and whether to believe them; the only user of wgpu |
//! | [`cpu`] | a twin for each shader, a step made of them, and a test of products that needs no twin |
//! | [`kernels`] | what each shader means: buffers, parameters, sizes |
//! | [`tune`] | which matrix product is the fastest on a device |
//! | [`train`] | the engines, the reference run, and the comparison of both |
//! | [`sweep`] | ensembles, and pictures in which every pixel is a trained network |
//! | [`verify`] | each kernel, gradient and step on a device against what it must be; wrong kernels that must be noticed |
//! | [`bench`](mod@bench) | kernels against the adapter's peaks, runs against baselines on the CPU; checked, then timed; statistics |
//! | [`plot`] | heat maps, as PNG, and charts, as SVG |
//! | [`report`] | everything that users read: text, JSON, CSV, pictures |
//! | [`cli`] | one file per subcommand |
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

#[cfg(feature = "cli")]
pub mod bench;
#[cfg(feature = "cli")]
pub mod cli;
pub mod cpu;
pub mod error;
pub mod file;
pub mod gpu;
pub mod kernels;
pub mod numeric;
#[cfg(feature = "cli")]
pub mod plot;
#[cfg(feature = "cli")]
pub mod report;
pub mod sweep;
pub mod task;
pub mod train;
pub mod tune;
pub mod verify;
