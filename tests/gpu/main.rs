//! Tests that need an adapter; Mesa's software driver will do. `WGPU_BACKEND` and
//! `WGPU_ADAPTER_NAME` choose one.

#[path = "../golden/mod.rs"]
mod golden;
mod harness;

mod bce_grad;
mod bce_loss;
mod bench;
mod bias_add;
mod bias_grad;
mod matmul;
mod sgd_update;
mod sigmoid;
mod sigmoid_grad;
mod uniform_draw;

mod command;
mod sweep;
mod trainers;
