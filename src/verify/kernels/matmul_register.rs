//! Checks of `matmul_register`: those of the ladder.

pub(super) use super::matmul::workloads;
use crate::kernels::matmul::Variant;
use crate::kernels::matmul_register::Tile;
use crate::verify::{Failure, Trial};

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    super::matmul::check_shader(trial, Variant::Register(Tile { blocks: [2, 3] })).await
}
