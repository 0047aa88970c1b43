//! What is checked of each kernel: one file per shader, of the same stem.

mod activation;
mod activation_grad;
mod adam_update;
mod bias_add;
mod bias_grad;
mod loss;
mod loss_grad;
mod matmul;
mod matmul_register;
mod matmul_subgroup;
mod matmul_workgroup;
mod peak_arithmetic;
mod peak_copy;
mod peak_workgroup;
pub(super) mod probe_arithmetic;
pub(super) mod probe_loops;
pub(super) mod probe_workgroup;
mod sgd_update;
mod train_invocation;
mod train_workgroup;
mod uniform_draw;

use std::pin::Pin;

use super::workload::Workloads;
use super::{Failure, Trial};
use crate::error::Error;
use crate::gpu::{Gpu, KernelSpec};
use crate::kernels;

type Verdict<'t> = Pin<Box<dyn Future<Output = Result<(), Failure>> + 't>>;

/// A kernel, and what is checked of it.
pub struct Kernel {
    /// The shader.
    pub spec: &'static KernelSpec,
    /// What is timed of it, if anything is.
    pub workloads: Option<Workloads>,
    check: for<'t> fn(&'t mut Trial<'_>) -> Verdict<'t>,
}

impl Kernel {
    /// Compares it with its twin, until the first fault.
    ///
    /// # Errors
    /// That fault, or why the device could not go on.
    pub async fn check(&self, trial: &mut Trial<'_>) -> Result<(), Failure> {
        (self.check)(trial).await
    }
}

/// A row of the table: a kernel, the sizes at which it is timed, and those at which only hardware is;
/// neither, where that is for the adapter to say.
macro_rules! kernel {
    ($stem:ident) => {
        kernel!($stem, None)
    };
    ($stem:ident, [$($size:expr),*], [$($large:expr),*]) => {
        kernel!($stem, Some(Workloads {
            sizes: &[$($size),*],
            large: &[$($large),*],
            of: $stem::workloads,
        }))
    };
    ($stem:ident, $workloads:expr) => {
        Kernel {
            spec: &kernels::$stem::SPEC,
            workloads: $workloads,
            check: |trial| Box::pin($stem::check(trial)),
        }
    };
}

/// Every kernel. What several have in common is looked at most closely in the first of them
/// ([`mutants`](super::mutants::mutants)).
pub static KERNELS: &[Kernel] = &[
    kernel!(loss_grad, [1 << 12, 1 << 16, 1 << 20], [1 << 24]),
    kernel!(loss, [1 << 8, 1 << 14], []),
    kernel!(bias_add, [1 << 12, 1 << 16, 1 << 20], [1 << 24]),
    kernel!(bias_grad, [1 << 12, 1 << 16, 1 << 20], [1 << 24]),
    kernel!(peak_arithmetic, [], []),
    kernel!(peak_copy, [4, 1 << 13, 1 << 17, 1 << 21, 1 << 24], []),
    kernel!(peak_workgroup, [], []),
    kernel!(probe_arithmetic),
    kernel!(probe_loops),
    kernel!(probe_workgroup),
    kernel!(sgd_update, [1 << 12, 1 << 16, 1 << 20], [1 << 24]),
    kernel!(adam_update, [1 << 12, 1 << 16, 1 << 20], [1 << 24]),
    kernel!(activation, [1 << 12, 1 << 16, 1 << 20], [1 << 24]),
    kernel!(activation_grad, [1 << 12, 1 << 16, 1 << 20], [1 << 24]),
    // At 4,096 the naive one would take small GPUs seconds, after which drivers give up.
    kernel!(matmul, [1 << 6, 1 << 8, 1 << 9], [1 << 10]),
    kernel!(matmul_register, [1 << 6, 1 << 8, 1 << 9], [1 << 10, 1 << 12]),
    kernel!(matmul_workgroup, [1 << 6, 1 << 8, 1 << 9], [1 << 10, 1 << 12]),
    kernel!(matmul_subgroup, [1 << 6, 1 << 8, 1 << 9], [1 << 10, 1 << 12]),
    kernel!(train_invocation, [1, 1 << 10, 1 << 14], [1 << 18]),
    kernel!(train_workgroup, [1, 1 << 4], [1 << 10]),
    kernel!(uniform_draw, [1 << 12, 1 << 16], [1 << 20]),
];

/// Whether there is a kernel of this name.
///
/// # Errors
/// [`Error::Usage`] if not.
pub fn check_kernel(name: &str) -> Result<(), Error> {
    let names: Vec<_> = KERNELS.iter().map(|kernel| kernel.spec.name).collect();
    if names.contains(&name) {
        return Ok(());
    }
    Err(Error::Usage(format!("no kernel is called {name}: expected one of {}", names.join(", "))))
}

/// Those that a device can run; only those that are named, if any are.
///
/// # Errors
/// [`Error::Usage`] if one of these is not among them.
pub fn chosen(gpu: &Gpu, names: &[String]) -> Result<Vec<&'static Kernel>, Error> {
    let all = || KERNELS.iter().filter(|kernel| gpu.can_run(kernel.spec));
    let is_known = |name: &&String| all().any(|kernel| kernel.spec.name == **name);
    if let Some(name) = names.iter().find(|name| !is_known(name)) {
        let known: Vec<_> = all().map(|kernel| kernel.spec.name).collect();
        return Err(Error::Usage(format!("{name}: this adapter runs {}", known.join(", "))));
    }
    let is_named = |kernel: &&Kernel| names.iter().any(|name| name == kernel.spec.name);
    Ok(all().filter(|kernel| names.is_empty() || is_named(kernel)).collect())
}

/// The most workgroups in one dimension.
const MOST_GROUPS: usize = 65_535;

/// Lengths for a kernel with one invocation for each element of `width` values: around a workgroup, of
/// several, one, ragged, as many as there are random cases, and of more than 65,535 workgroups of 64; of
/// four times as many where it should be thorough and the device takes such tensors.
fn lengths(trial: &Trial<'_>, width: u64) -> Vec<usize> {
    let effort = trial.effort;
    let mut lengths = vec![65, 257, 1, 3, 63, 64, 1757, effort.cases];
    if !effort.quick {
        lengths.push(MOST_GROUPS * 64 + 1);
    }
    if effort.thorough {
        lengths.push(4 * MOST_GROUPS * 64 + 1);
    }
    // Beside fences.
    let most = trial.gpu.max_tensor_bytes() / (4 * width) - 1024;
    lengths.retain(|&len| len as u64 <= most);
    lengths
}

/// Columns of the matrices that are timed.
const COLUMNS: usize = 64;
