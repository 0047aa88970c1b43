//! Checks of `matmul_workgroup`: those of the ladder.

use crate::gpu::Gpu;
use crate::kernels::matmul_workgroup::{SPEC, Tile};
use crate::kernels::product::Variant;
use crate::verify::{Failure, Trial, Workload};

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let tile = Tile { side: 8, depth: 8, blocks: [3, 2] };
    super::matmul::check_shader(trial, Variant::Workgroup(tile)).await
}

pub(super) fn workloads(gpu: &Gpu, len: usize) -> Vec<Workload> {
    super::matmul::ladder_workloads(gpu, SPEC.name, len)
}
