//! Networks in training, as both fused kernels have them: their state, a launch, and what is
//! checked of it.

mod checks;
mod chunk;
mod expected;
mod long;
pub mod methods;
mod problems;

pub use long::LONG;
pub use problems::{check_by_invocation, check_by_workgroup};

use crate::cpu::train_invocation::{Member, train_invocation};
use crate::cpu::train_workgroup::train_workgroup as workgroup_twin;
use crate::error::Error;
use crate::gpu::{Dispatch, Gpu, Kernel, Tensor};
use crate::kernels::fused::{
    Launch, PROGRESS_ROWS, Params, Problem, params, room_for_factors, write_factors,
};
use crate::kernels::train_invocation as invocation;
use crate::kernels::train_workgroup::{self as workgroup, Split};
use crate::kernels::{self, Cost};
use crate::numeric::Enclosure;
use crate::task::{Backprop, Coding, Dataset, LayerSizes, Method, Origin, Schedule};
use crate::verify::draws::values;
use crate::verify::harness::POISON;
use crate::verify::{Failure, Output, Trial};

/// What a member's loss is compared with, in nats or squares: about half of random networks start
/// below it.
const SOLVED_BELOW: f32 = 0.9;

/// Who sees to it that loops end.
#[derive(Clone, Copy, Debug)]
pub enum Loops {
    /// The text: drivers may unroll them.
    Trusted,
    /// wgpu, by a count in each.
    Bounded,
}

/// One of the kernels, compiled for a problem.
pub enum FusedKernel {
    /// `train_invocation`.
    Invocation(Kernel),
    /// `train_workgroup`.
    Workgroup(workgroup::WorkgroupKernel, Split),
}

/// Networks of one kind, and what trains them.
pub struct Networks<'a> {
    /// What they learn.
    pub data: &'a Dataset,
    /// What the kernel is compiled for.
    pub problem: Problem<'a>,
    kernel: FusedKernel,
    /// In words.
    pub name: String,
}

/// All that a launch finds and leaves, each row with a value for each member.
#[derive(Clone, Debug)]
pub struct Members {
    /// See [`Problem`].
    pub state: Vec<f32>,
    /// Steps, nonces, and where each was solved.
    pub progress: Vec<u32>,
    /// `[segments, member_count]` or more.
    pub losses: Vec<f32>,
    /// `[batch_size, member_count]`, and one row more.
    pub outputs: Vec<f32>,
}

/// Members on the device, each tensor between fences.
struct Buffers {
    state: Output,
    progress: Output,
    losses: Output,
    outputs: Output,
}

impl Buffers {
    async fn new(trial: &Trial<'_>, members: &Members) -> Result<Self, Failure> {
        let progress: Vec<f32> = members.progress.iter().copied().map(f32::from_bits).collect();
        Ok(Self {
            state: trial.output("state", &members.state).await?,
            progress: trial.output("progress", &progress).await?,
            losses: trial.output("losses", &members.losses).await?,
            outputs: trial.output("outputs", &members.outputs).await?,
        })
    }

    /// In the order of the bindings.
    fn tensors<'t>(&'t self, factors: &'t Tensor) -> [&'t Tensor; 5] {
        let Self { state, progress, losses, outputs } = self;
        [factors, &state.tensor, &progress.tensor, &losses.tensor, &outputs.tensor]
    }

    async fn read(&self, trial: &Trial<'_>, case: &str) -> Result<Members, Failure> {
        Ok(Members {
            progress: trial.read_words(case, &self.progress).await?,
            state: trial.read(case, &self.state).await?,
            losses: trial.read(case, &self.losses).await?,
            outputs: trial.read(case, &self.outputs).await?,
        })
    }
}

/// Rows of data that hold no zero, so that every weight counts in every row; a third of them odd.
pub fn data(input_size: usize, batch_size: usize) -> Dataset {
    let inputs = values(3, input_size * batch_size).into_iter();
    let inputs = inputs.map(|draw| if draw == 0.0 { 0.75 } else { draw }).collect();
    let targets = (0..batch_size).map(|row| f32::from(row.is_multiple_of(3))).collect();
    Dataset { inputs, targets, coding: Coding::ZeroOne, input_size, origin: Origin::Given }
}

/// One row, so that its loss is the loss.
pub fn one_row() -> Dataset {
    Dataset {
        inputs: vec![0.5],
        targets: vec![0.0],
        coding: Coding::ZeroOne,
        input_size: 1,
        origin: Origin::Given,
    }
}

/// What a kernel is compiled for.
pub fn problem<'a>(
    data: &'a Dataset,
    sizes: &'a [usize],
    method: Method,
    members_per_invocation: usize,
) -> Problem<'a> {
    assert_eq!(sizes[0], data.input_size, "columns of the data");
    let Dataset { inputs, targets, .. } = data;
    Problem { sizes, inputs, targets, method, members_per_invocation }
}

/// The name of a launch of `count` members and `steps` steps, and the work in it.
pub fn described(problem: Problem<'_>, count: usize, steps: u32) -> (String, Cost) {
    let (rows, sizes) = (problem.targets.len(), written(problem.sizes));
    let size = format!("{count} × {sizes}, {rows} rows, {steps} steps");
    (size, problem.step_cost() * (kernels::as_f64(count) * f64::from(steps)))
}

/// The sizes as users write them.
fn written(sizes: &[usize]) -> String {
    LayerSizes::new(sizes.to_vec()).expect("a network").to_string()
}

/// Values of the largest tensor of a launch.
pub fn largest(problem: Problem<'_>, count: usize) -> usize {
    problem.state_rows().saturating_mul(count)
}

/// What distinguishes a method, in words.
fn named(method: Method) -> String {
    let Method { hidden_activation, output_activation, loss, measured, .. } = method;
    let name = format!("{hidden_activation:?} {output_activation:?} {loss:?}");
    let is_by_hand = method.backprop != Backprop::Exact;
    let has_derivative = method.backprop.has_hidden_derivative();
    let extras = [
        (is_by_hand, " by hand"),
        (!has_derivative, " without the derivative"),
        (method.is_compensated(), " compensated"),
        (method.has_momentum(), " momentum"),
        (method.is_nesterov(), " Nesterov"),
        (method.adam().is_some(), " Adam"),
        (method.weight_decay() != 0.0, " decay"),
        (method.schedule != Schedule::CONSTANT, " scheduled"),
        (measured, " measured"),
    ];
    extras.iter().filter(|(has, _)| *has).fold(name, |name, (_, extra)| name + extra)
}

impl<'a> Networks<'a> {
    /// Compiles `train_invocation`.
    pub async fn by_invocation(
        gpu: &Gpu,
        data: &'a Dataset,
        (sizes, members_per_invocation): (&'a [usize], usize),
        method: Method,
        loops: Loops,
    ) -> Result<Self, Error> {
        let problem = problem(data, sizes, method, members_per_invocation);
        let kernel = match loops {
            Loops::Trusted => invocation::kernel(gpu, problem).await?,
            Loops::Bounded => invocation::checked_kernel(gpu, problem).await?,
        };
        let kind = format!("{members_per_invocation} an invocation, {loops:?} loops");
        Ok(Self::new(data, problem, FusedKernel::Invocation(kernel), &kind))
    }

    /// Compiles `train_workgroup`.
    pub async fn by_workgroup(
        gpu: &Gpu,
        data: &'a Dataset,
        (sizes, split): (&'a [usize], Split),
        method: Method,
        loops: Loops,
    ) -> Result<Self, Error> {
        let problem = problem(data, sizes, method, 1);
        let kernel = match loops {
            Loops::Trusted => workgroup::kernel(gpu, problem, split).await?,
            Loops::Bounded => workgroup::checked_kernel(gpu, problem, split).await?,
        };
        let kind = format!("{split:?}, {loops:?} loops");
        Ok(Self::new(data, problem, FusedKernel::Workgroup(kernel, split), &kind))
    }

    fn new(data: &'a Dataset, problem: Problem<'a>, kernel: FusedKernel, kind: &str) -> Self {
        let (sizes, rows) = (written(problem.sizes), problem.targets.len());
        let name = format!("{sizes} on {rows} rows, {kind}, {}", named(problem.method));
        Self { data, problem, kernel, name }
    }

    /// Members that differ in everything: parameters of many sizes, a ten-millionth of such as the
    /// optimizer state, rates; poison where a launch must not look, room for the losses of `segments`.
    pub fn members(&self, seed: u64, count: usize, segments: usize) -> Members {
        let problem = self.problem;
        let parameter_count = problem.parameter_count();
        let draws = values(seed, parameter_count * count);
        let last = parameter_count - 1;
        let Method { hidden_activation, output_activation, backprop, .. } = problem.method;
        // By hand, p(1 − p) + ε of a saturated output is known to no digit.
        // Through many layers, gradients of a large error lead to where a sigmoid has no bound.
        let is_tame = output_activation.saturates() || problem.sizes.len() <= 3;
        let can_saturate = hidden_activation.saturates() && backprop == Backprop::Exact && is_tame;
        // An identity hands on what is large, and gradients grow with it.
        let (largest, most) = if output_activation.saturates() { (1e4, 1.0) } else { (-30.0, 0.1) };
        let draw = |(index, draw): (usize, f32)| {
            let (row, member) = (index / count, index % count);
            match member % 8 {
                4 if can_saturate => [90.0, -90.0, 30.0, largest][member / 8 % 4],
                // Output and loss of a logit that is known to the last bit.
                5 if (last - problem.last_inputs()..last).contains(&row) => 0.0,
                6 if can_saturate => 30.0 * draw,
                _ => draw,
            }
        };
        let parameters = draws.into_iter().enumerate().map(draw).collect();
        let states = problem.method.states_per_parameter();
        let optimizer_state = values(seed + 1, states * parameter_count * count).into_iter();
        let mut optimizer_state: Vec<_> = optimizer_state.map(|draw| draw * 1e-7).collect();
        if states == 2 {
            // Adam's v is a mean of squares; where there is no gradient, it may be nothing.
            let (m, v) = optimizer_state.split_at_mut(parameter_count * count);
            for (index, (m, v)) in m.iter_mut().zip(v).enumerate() {
                let is_saturated = can_saturate && index % count % 8 == 4;
                (*m, *v) = if is_saturated { (*m * 1e-11, 0.0) } else { (*m * 1e4, v.abs()) };
            }
        }
        // So small, for some, that a change is lost in rounding but for the optimizer state.
        let size = |member: usize| if member % 8 == 7 { 1e-6 } else { most };
        let rate = |member: usize| size(member) * [0.7, 0.6, 0.4, 0.9, 0.3][member % 5];
        let of_layer = |layer: usize| (0..count).map(move |member| rate(member + 3 * layer));
        let rates = (0..problem.layers().len()).flat_map(of_layer).collect();
        let poison = f32::from_bits(POISON);
        let measures = vec![poison; 4 * count];
        Members {
            state: [parameters, optimizer_state, rates, measures].concat(),
            progress: vec![POISON; PROGRESS_ROWS * count],
            losses: vec![poison; segments * count],
            outputs: vec![poison; (problem.targets.len() + 1) * count],
        }
    }

    /// The `params` of a launch that starts or goes on.
    pub fn params(&self, members: &Members, segments: usize, steps: usize) -> Params {
        self.params_to(SOLVED_BELOW, members, segments, steps)
    }

    /// The same, with another loss that counts as solved.
    pub fn params_to(
        &self,
        solved_below: f32,
        members: &Members,
        segments: usize,
        steps: usize,
    ) -> Params {
        let launch = Launch {
            first_step: 0,
            at_start: true,
            segments,
            steps,
            nonce: 0x5eed,
            solved_below,
            tail_from: 0,
        };
        params(self.problem, members.count(), launch)
    }

    /// Runs launches, one after the other, each on `workgroup_count` workgroups or on as many as it
    /// needs.
    pub async fn run(
        &self,
        trial: &Trial<'_>,
        before: &Members,
        launches: &[Params],
        workgroup_count: Option<[u32; 3]>,
    ) -> Result<Members, Failure> {
        let buffers = Buffers::new(trial, before).await?;
        let mut dispatches = vec![];
        for params in launches {
            let factors = self.factors(trial.gpu, params).await?;
            let mut dispatch = self.dispatch(trial.gpu, params, buffers.tensors(&factors)).await?;
            trial.gpu.write_params(&dispatch, params);
            dispatch.workgroup_count = workgroup_count.unwrap_or(dispatch.workgroup_count);
            dispatches.push(dispatch);
        }
        trial.run(&dispatches).await?;
        buffers.read(trial, &self.name).await
    }

    /// A launch of `steps` updates from the start, after steps of the kernel were compared, and the
    /// launch as a whole with one in two parts.
    pub async fn launch(
        &self,
        trial: &mut Trial<'_>,
        count: usize,
        steps: usize,
    ) -> Result<Dispatch, Failure> {
        self.check_start(trial, count).await?;
        let before = self.members(1, count, 2);
        let whole = self.params(&before, 2, steps);
        let (first, second) = (whole.steps / 2, whole.steps - whole.steps / 2);
        let rest = Params { segments: 1, first_step: first, steps: second, at_start: 0, ..whole };
        let parts = [Params { steps: first, ..whole }, rest];
        let [whole_state, parts_state] = [
            self.run(trial, &before, &[whole], None).await?.state,
            self.run(trial, &before, &parts, None).await?.state,
        ];
        trial.same(&self.name, "state", &parts_state, &whole_state)?;
        let state = trial.input(&before.state).await?;
        let progress = trial.input(&before.progress).await?;
        let losses = trial.input(&before.losses).await?;
        let outputs = trial.input(&before.outputs).await?;
        let factors = self.factors(trial.gpu, &whole).await?;
        let tensors = [&factors, &state, &progress, &losses, &outputs];
        let dispatch = self.dispatch(trial.gpu, &whole, tensors).await?;
        trial.gpu.write_params(&dispatch, &whole);
        Ok(dispatch)
    }

    /// The factors of a launch's updates, and nothing else that is a number.
    async fn factors(&self, gpu: &Gpu, params: &Params) -> Result<Tensor, Error> {
        let factors = room_for_factors(gpu, self.problem).await?;
        let updates = expected::updates(params) as usize;
        write_factors(gpu, self.problem, &factors, params.first_step.into(), updates);
        Ok(factors)
    }

    async fn dispatch(
        &self,
        gpu: &Gpu,
        params: &Params,
        tensors: [&Tensor; 5],
    ) -> Result<Dispatch, Error> {
        let launch = Launch {
            first_step: params.first_step.into(),
            at_start: params.at_start == 1,
            segments: params.segments as usize,
            steps: params.steps as usize,
            nonce: params.nonce,
            solved_below: SOLVED_BELOW,
            tail_from: params.tail_from,
        };
        match &self.kernel {
            FusedKernel::Invocation(kernel) => {
                invocation::dispatch(gpu, kernel, self.problem, launch, tensors).await
            }
            FusedKernel::Workgroup(kernel, _) => {
                workgroup::dispatch(gpu, kernel, self.problem, launch, tensors).await
            }
        }
    }

    /// One update, as the kernel's twin makes it.
    fn step(&self, member: &mut Member<Enclosure>) {
        let (method, data) = (self.problem.method, self.data);
        match &self.kernel {
            FusedKernel::Invocation(_) => train_invocation(method, data, 0.0, 1, member),
            FusedKernel::Workgroup(_, split) => {
                workgroup_twin(method, data, 0.0, 1, (split.slices, split.tile), member);
            }
        }
    }
}

impl Members {
    /// How many.
    pub fn count(&self) -> usize {
        self.progress.len() / PROGRESS_ROWS
    }

    /// One row of the state.
    pub fn row(&mut self, row: usize) -> &mut [f32] {
        let count = self.count();
        &mut self.state[row * count..][..count]
    }
}
