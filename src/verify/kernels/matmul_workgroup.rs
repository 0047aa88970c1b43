//! Checks of `matmul_workgroup`: those of the ladder.

pub(super) use super::matmul::workloads;
use crate::kernels::matmul::Variant;
use crate::kernels::matmul_workgroup::Tile;
use crate::verify::{Failure, Trial};

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let tile = Tile { side: 8, depth: 8, blocks: [3, 2] };
    super::matmul::check_shader(trial, Variant::Workgroup(tile)).await
}
