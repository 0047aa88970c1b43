//! Checks of `matmul_subgroup`: those of the ladder.

use crate::gpu::Gpu;
use crate::kernels::matmul_subgroup::{SPEC, Tile};
use crate::kernels::product::Variant;
use crate::verify::{Failure, Trial, Workload};

/// Nothing where there are no subgroups of one size that the shader is made for.
pub(super) async fn check(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let Some(size) = trial.gpu.subgroup_size() else { return Ok(()) };
    let small = Variant::Subgroup(Tile { rows: 2 * size, columns: 3 });
    if !small.fits(trial.gpu) {
        return Ok(());
    }
    super::matmul::check_shader(trial, small).await
}

pub(super) fn workloads(gpu: &Gpu, len: usize) -> Vec<Workload> {
    super::matmul::ladder_workloads(gpu, SPEC.name, len)
}
