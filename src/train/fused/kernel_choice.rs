//! The choice between the fused kernels.

use crate::error::Error;
use crate::gpu::{DeviceType, Dispatch, Gpu, Tensor};
use crate::kernels::fused::{Launch, MOST_FACTORS, Problem};
use crate::kernels::train_invocation;
use crate::kernels::train_workgroup::{self, Split};

/// The most products of a step that one invocation makes: what a driver will still unroll, and a
/// register file hold.
pub(crate) const PRODUCTS: usize = 256;

/// The most loop iterations that the steps of one dispatch may take: llvmpipe ends all loops of an
/// invocation after 65,535 together, without an error. The looks at the loss may take as many
/// again.
const ITERATIONS: u64 = 30_000;

/// A kernel that trains one network, many steps in one dispatch. Both take the same parameters and
/// tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelChoice {
    /// One invocation per network: `train_invocation`.
    Invocation,
    /// One workgroup per network: `train_workgroup`.
    Workgroup,
}

/// How many steps a dispatch may take, by what is thought of its loops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Steps {
    /// Whatever a driver does with loops.
    pub(super) most: u64,
    /// If the driver unrolls what can be unrolled.
    pub(super) hopeful: u64,
    /// If it unrolls nothing.
    pub(super) safe: u64,
}

impl KernelChoice {
    /// The first kernel that can train a problem.
    ///
    /// # Errors
    /// The reason why none can.
    pub fn of(problem: Problem<'_>) -> Result<Self, String> {
        let products = problem.products();
        if products <= PRODUCTS {
            return Ok(Self::Invocation);
        }
        let too_many = |why| {
            format!(
                "one invocation takes {PRODUCTS} products a step at most: rows times weights, here \
                 {products}; {why}"
            )
        };
        train_workgroup::fits(problem).map_err(too_many)?;
        Ok(Self::Workgroup)
    }

    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Invocation => "one invocation a network",
            Self::Workgroup => "one workgroup a network",
        }
    }

    /// The WGSL text that a device compiles to train `member_count` networks.
    ///
    /// # Errors
    /// The reason why this kernel cannot train the problem.
    pub fn text(
        self,
        problem: Problem<'_>,
        device_type: DeviceType,
        member_count: usize,
    ) -> Result<String, String> {
        let members_per_invocation =
            self.members_per_invocation(problem, device_type, member_count);
        Ok(match self {
            Self::Invocation => {
                train_invocation::text(Problem { members_per_invocation, ..problem })
            }
            Self::Workgroup => train_workgroup::text(problem, Split::of(problem, device_type)?),
        })
    }

    /// Compiles it, and binds it to the tensors of [`train_invocation::dispatch`].
    pub(super) async fn bind(
        self,
        gpu: &Gpu,
        problem: Problem<'_>,
        launch: Launch,
        tensors: [&Tensor; 5],
    ) -> Result<Dispatch, Error> {
        match self {
            Self::Invocation => {
                let kernel = train_invocation::kernel(gpu, problem).await?;
                train_invocation::dispatch(gpu, &kernel, problem, launch, tensors).await
            }
            Self::Workgroup => {
                let split = Split::of(problem, gpu.adapter.device_type).map_err(Error::Usage)?;
                let kernel = train_workgroup::kernel(gpu, problem, split).await?;
                train_workgroup::dispatch(gpu, &kernel, problem, launch, tensors).await
            }
        }
    }

    /// How many networks one invocation takes in turn. A processor that pretends to be a GPU has
    /// few threads, which wait for each result; on a GPU others work in the meantime. Text that is
    /// unrolled longer than this is not unrolled at all.
    pub(crate) fn members_per_invocation(
        self,
        problem: Problem<'_>,
        device_type: DeviceType,
        member_count: usize,
    ) -> usize {
        const PRODUCTS: usize = 24;
        let is_small = self == Self::Invocation && problem.products() <= PRODUCTS;
        if is_small && device_type == DeviceType::Software && member_count > 1 { 2 } else { 1 }
    }

    /// The most steps that one dispatch is ever given on a device, however little time they take.
    pub(crate) fn most_steps(self, problem: Problem<'_>, device_type: DeviceType) -> u64 {
        self.steps(problem, device_type).hopeful
    }

    /// How many steps a dispatch may take on a device.
    pub(super) fn steps(self, problem: Problem<'_>, device_type: DeviceType) -> Steps {
        let [hopeful, safe] = match (self, Split::of(problem, device_type)) {
            (Self::Workgroup, Ok(split)) => {
                [split.iterations_a_step(problem), split.most_iterations_a_step(problem)]
            }
            _ => [1, problem.iterations_a_step()],
        }
        .map(|iterations| (ITERATIONS / iterations as u64).max(1));
        let most = if problem.method.depends_on_step() { MOST_FACTORS as u64 } else { u64::MAX };
        Steps { most, hopeful: hopeful.min(most), safe: safe.min(most) }
    }
}
