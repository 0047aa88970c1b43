//! Checks of `matmul_register`: those of the ladder.

use crate::gpu::Gpu;
use crate::kernels::matmul_register::{SPEC, Tile};
use crate::kernels::product::Variant;
use crate::verify::{Failure, Trial, Workload};

pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    super::matmul::check_shader(trial, Variant::Register(Tile { blocks: [2, 3] })).await
}

pub(super) fn workloads(gpu: &Gpu, len: usize) -> Vec<Workload> {
    super::matmul::ladder_workloads(gpu, SPEC.name, len)
}
