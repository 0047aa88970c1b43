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
mod train_invocation;
mod train_workgroup;
mod uniform_draw;

mod command;
mod doctor;
mod sabotage;
mod sweep;
mod trainers;
mod verify;
