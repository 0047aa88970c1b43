//! `parity` trains XOR networks entirely on the GPU and says whether a CPU agrees.
//!
//! XOR of n bits is *n-bit parity*; GPU equals CPU is *parity* too. The binary is described in
//! README.md; this page is for those who read or extend the code.
//!
//! # Tour
//! A training step is data before it is work. Each WGSL file in `shaders/` is described by a
//! [`KernelSpec`](gpu::KernelSpec), compiled to a [`Kernel`](gpu::Kernel) and bound to tensors as
//! a [`Dispatch`](gpu::Dispatch), which can be encoded any number of times. The layered engine
//! builds the `Vec<Dispatch>` of one step once and then submits it over and over:
//!
//! ```no_run
//! # async fn run() -> Result<(), parity::error::Error> {
//! use std::ops::ControlFlow;
//!
//! use parity::dataset::Dataset;
//! use parity::gpu::{Gpu, Selection};
//! use parity::model::{Init, Parameters};
//! use parity::rule::{Rule, Variant};
//! use parity::train::{Layered, Plan};
//!
//! let gpu = Gpu::open(Selection::default()).await?;
//! let plan = Plan {
//!     data: Dataset::parity(2)?,
//!     rule: Rule::sgd(1.0),
//!     variant: Variant::CAREFUL,
//!     start: Parameters::initialise(&"2-2-1".parse()?, Init::Torch, 48),
//!     steps: 10_000,
//!     log_every: 100,
//! };
//! let outcome = Layered::new(&gpu, &plan).await?.train(&mut |_| ControlFlow::Continue(())).await?;
//! println!("{}", outcome.final_loss);
//! # Ok(())
//! # }
//! ```
//!
//! A step of an L-layer network: for each layer a product, `bias_add`, `sigmoid`; then `bce_loss`
//! and `bce_grad`; back through the layers a product (weights), `bias_grad`, another (activations),
//! `sigmoid_grad`; and one `sgd_update` for all parameters. Products have a ladder of shaders:
//! `matmul` with one output an invocation, `matmul_register` with a tile in registers,
//! `matmul_workgroup` with one in the memory of a workgroup, `matmul_subgroup` with values that
//! invocations give each other; [`kernels::matmul`] has them as one.
//!
//! For networks with one hidden layer there is a second engine, [`train::Fused`], which makes many
//! steps in one dispatch, with the parameters in registers: `train_invocation` has one invocation
//! train the network, and `train_workgroup`, for larger ones, a workgroup. The layered
//! engine and the reference are what it is held against.
//!
//! Both kernels take any number of networks: [`sweep::EnsemblePlan`] trains networks that differ by
//! their start, [`sweep::GridPlan`] one for each pixel of a picture. `uniform_draw` draws where they
//! start, a pure function of seed, member and parameter; [`train::Members`] paces the dispatches.
//!
//! [`verify::verify`] asks whether all of this is right on a device, and [`verify::sabotage`] whether
//! it would have noticed: see below.
//!
//! # Code map
//! | module | what it holds | uses |
//! | --- | --- | --- |
//! | [`dataset`], [`rng`], [`model`], [`rule`] | data, draws, networks, training rules; pure | – |
//! | [`scalar`] | the numbers that the reference runs on: `f32`, `f64`, values with error bounds | – |
//! | [`cpu`] | a twin for each shader, a step made of them, and a test of products that needs no twin | `scalar` |
//! | [`gpu`] | adapters, tensors, pipelines, submissions, timestamps and whether to believe them; the only user of wgpu | – |
//! | [`kernels`] | what each shader means: buffers, parameters, sizes | `gpu`, `rule` |
//! | [`tune`] | which matrix product is the fastest on a device | `kernels`, `cpu`, `file` |
//! | [`train`] | the engines, the reference run, and the comparison of both | `kernels`, `tune`, `cpu` |
//! | [`sweep`] | ensembles, and pictures in which every pixel is a trained network | `train`, `file` |
//! | [`verify`] | each kernel, gradient and step on a device against what it must be; wrong kernels that must be noticed | `train`, `sweep`, `cpu` |
//! | [`bench`](mod@bench) | kernels against the adapter's peaks, runs against baselines on the CPU; checked, then timed; statistics | `verify`, `train`, `cpu` |
//! | [`processor`] | what this machine calls its processor | – |
//! | [`count`] | whole numbers as people write them | – |
//! | [`state_dict`], [`file`](mod@file) | parameters in safetensors files; files that are never half-written | `model` |
//! | [`report`] | everything that users read: text, JSON, CSV, pictures, charts | `train`, `sweep`, `bench` |
//! | [`cli`] | one file per subcommand | all |
//!
//! `tests/host` needs no adapter, `tests/gpu` does; `tests/golden` holds PyTorch's trajectories.
//!
//! # Invariants
//! The tests named hold them.
//! - A shader, its host side, its CPU twin and what is checked of it have the same stem; names,
//!   order, access, types and layout of their buffers agree, by reflection
//!   (`tests/host/contract.rs`).
//! - Dependencies point one way, only `gpu` creates wgpu objects, the library does not block while
//!   it works, only reports print, only `main` exits (`tests/host/invariants.rs`).
//! - Tolerances of kernels are derived: see the next section. Roundings drawn at random stay inside
//!   them (`tests/host/enclosure.rs`).
//! - Tolerances of whole runs are chosen. The reference repeats PyTorch in float64 to 10⁻⁹; the
//!   GPU stays within 10⁻⁴ of it and is no further from it than twice what PyTorch's float32 is, or
//!   10⁻⁶ (`tests/gpu/trainers.rs`).
//! - Sums have a fixed order and nothing is added atomically: one adapter gives the same bits
//!   twice, whatever is logged (`tests/gpu/trainers.rs`). All variants of a product add in the same
//!   order, but a driver may contract some and not others: tuned runs are the same bits only as
//!   long as what was tuned is remembered (`tests/gpu/tune.rs`).
//! - A tuned variant was right before its time counted (Freivalds' algorithm, `tune/contest.rs`),
//!   whatever the cache holds it is one of [`kernels::matmul::LADDER`], and each of these is held
//!   against its twin.
//! - Nothing is created, bound, compiled or uploaded while steps run, but for the command buffer of
//!   a submission, and the 48 bytes that tell a fused dispatch how many steps to make. What comes
//!   back from each is the losses, and the device's own count of the steps, which must be right
//!   before anything is believed (`tests/gpu/command.rs` compares the bytes and the memory). Of a
//!   single network on the fused engine, the few parameters come with them; of many networks,
//!   nothing before their tile is done.
//! - A submission takes about 25 ms (40 ms where all its steps are alike), or one dispatch
//!   (`train/pacer.rs`).
//! - A fused dispatch takes as many steps as there is time for, up to what a driver makes that
//!   unrolls. Where the device's count of steps, or of the iterations of a loop behind them, comes
//!   out short, the run is made again in smaller parts (`train/budget.rs`,
//!   `a_budget_that_is_too_hopeful_is_lowered_to_the_same_bits`); without a budget it is an error
//!   that saves nothing (`a_dispatch_that_is_cut_short_is_an_error_and_saves_nothing`).
//! - What an interrupted run saves is the state of its step, bit for bit, and counted: the device's
//!   own count of steps is right, and loss and parameters are finite
//!   (`the_counted_state_of_an_interrupted_run_is_that_of_its_step`, `tests/gpu/signals.rs`).
//! - No lock keeps a run from work: several of one sweep at once end well, each with a file of its own
//!   ([`sweep::Partial`], `tests/gpu/sweep_command.rs`).
//! - A member of an ensemble has the same bits alone, in any tile, and as a pixel
//!   (`tests/gpu/sweep.rs`).
//! - However a fused run is cut into dispatches, it gives the same bits, and each of its steps is
//!   one that the twin allows (`check_cuts` in `verify/members/checks.rs`, `verify/members/long.rs`).
//! - A benchmark refuses a build without optimisation, and times nothing that it has not checked
//!   (`a_wrong_kernel_is_named_and_not_timed`, `bench/contest.rs`); no test knows a time.
//! - Every kernel runs under `wgpu::Limits::downlevel_defaults()`, but for the sizes of buffers:
//!   that is what [`gpu::Gpu`] asks for. `matmul_subgroup` alone needs subgroups as well, all of one
//!   size; where there are none, nothing else changes.
//!
//! # What `verify` proves, and by what
//! 1. The adapter: [`verify::examine`] runs probes of what training rests on, and says what the
//!    adapter is like in figures.
//! 2. Each kernel: [`verify::KERNELS`] has a row for each shader, whose check compares it with its
//!    twin, element by element, on ragged shapes, at saturation, and on random values of a printed
//!    seed. Sums of products and of rows are taken of integers as well, each of a weight of its own,
//!    so that none is lost, doubled or exchanged unnoticed (`verify/integers.rs`; of products with more
//!    than 2,048 terms, exchanges with all but neighbours only with `--thorough`): by each variant of a
//!    product several hundred rows and columns, and up to 16,387 terms, or both with `--thorough`; by
//!    one variant of each shader 70,001 terms, more than the iterations that some drivers make.
//!    Launches are folded into many rows of workgroups, as only those of millions of values are
//!    otherwise. The fused kernels also train random networks with random learning rates
//!    (`verify/members/problems.rs`), as many members at once as an ensemble has on this device, or
//!    more (`verify/members/tile.rs`), and as many steps, and looks, in one dispatch as training ever
//!    asks for (`verify/members/long.rs`): each with the bits of small and short launches, which are
//!    single steps up to 1,100, or all with `--thorough`, and beyond these a hundred steps each. Outputs
//!    hold NaNs before they are written and stand between fences.
//! 3. Gradients: the twins' backward pass against [`scalar::Dual`] numbers and central differences,
//!    and the device's own gradient against the change of its own loss.
//! 4. Lockstep: from the device's own state before a step, one step of the reference; every
//!    parameter, what rounding left out of it, and the loss (of the layered engine the one before the
//!    step, of the fused one the one after it) within the bound. So no chaos gets between. Compared are
//!    all of 2,000 steps of the layered engine and 2,000 of the 10,000 of the fused one, evenly spread,
//!    or with `--thorough` all of them. A fault names the first kernel of the step whose result is out
//!    of its bound. What a parameter became is known when its
//!    residue is judged, so that it is held to the last digits (`verify/residue.rs`). The fused engine
//!    then makes the whole run again in its longest dispatches, to the same bits and losses.
//! 5. The engines against each other, and cut runs and members of ensembles bit for bit; where members
//!    start, when they are solved and how they converge, by the losses of each alone; two steps of
//!    random networks by the layered engine, unless it should be quick.
//!
//! Each tolerance is a formula:
//! - A value of a kernel, or a parameter after a step: the error of its [`scalar::Enclosure`], which
//!   bounds what any implementation may answer that keeps to the accuracy table of the WGSL
//!   specification ("Floating point accuracy"): + − × rounded either way, division 2.5 ULP where
//!   the divisor is from 2⁻¹²⁶ to 2¹²⁶, `exp` (3 + 2·|x|) ULP, `log` 3 ULP or 2⁻²¹ near 1; sums in any order γₙ·Σ|xᵢ| (N. J. Higham,
//!   "Accuracy and Stability of Numerical Algorithms", 2002, section 4.2); subnormals kept or not.
//!   `exp` and `log` get twice the table's error: [`scalar::EXP_FACTOR`] says why.
//! - Sums of integers, counts, masks, copies, and runs that are cut: none.
//! - A gradient of the reference against dual numbers: [`scalar::F64_SHARE`] of both enclosures, as
//!   both run in `f64`; plus what the rule's own epsilon takes off, |p − t|·ε / (p(1 − p) + ε).
//! - Against central differences: the tolerances of PyTorch's `torch.autograd.gradcheck`, 10⁻⁵ and
//!   10⁻³ of the value, at steps of 10⁻⁶ or 2⁻³⁰ of the parameter; plus what the losses may round.
//! - A device's gradient g against its loss L along d: |L(x + d) − L(x − d) − 2g·d| within the
//!   enclosures of both losses and of g, and what curvature adds, which is taken in `f64`.
//!
//! Some checks ask for more than WGSL promises, because training needs it:
//! - Infinities and NaNs keep their bits, and what overflows becomes one of them; sums and products
//!   hand them on. WGSL lets a device assume that neither occurs, but a run that diverged must show:
//!   with numbers that mean nothing in their place it would go on, and might end as if it had learned.
//! - What is divided by more than 2¹²⁶, or by infinity, is next to zero: the short formula of the
//!   sigmoid rests on it below −87. WGSL has no error for such a division.
//! - A launch gives the same bits again: in parts, and whatever other networks are trained beside it.
//!   Without that no run could be repeated, nor a member of an ensemble trained alone.
//!
//! What only tells devices apart is a habit, printed by `doctor` and `verify` and no failure:
//! whether a·b + c is rounded once or twice and in which direction, whether subnormals are kept, what
//! `x != x` says of a NaN, how good `log` is, which no kernel calls, and whether the `exp` of two
//! kernels is the same. The last two are faults in a wrong kernel: `--sabotage` needs a device on which
//! the shipped ones have no such habit.
//!
//! Where the formula of a tolerance is infinite, as where `f32` may overflow, a value is neither right nor wrong: it
//! is counted as not checked, with the reason, and fails nothing
//! (`what_could_not_be_checked_is_printed_and_counted_and_no_failure`).
//!
//! Nothing else is trusted of a whole run: free runs drift apart by rounding alone, so their
//! distances are shown and not judged. What `train` and `bench` call agreement is such a distance,
//! with limits that are chosen (`train/agreement.rs`): a sign, not a proof.
//!
//! [`verify::sabotage`] makes the wrong kernels: from each shader's text small mistakes of each kind, one
//! at a time, and some by hand; and from what the host says beside it wrong launches of the right text
//! ([`gpu::WrongLaunch`]), of all of them or of one dispatch of a step. What no check catches is a fault of the checks, unless it is listed
//! as computing the same, with the reason; an entry that is caught is a fault of the list.
//! Wrong kernels are untrusted code: child processes of `parity` try them, with indices that cannot
//! leave their arrays, and a crash counts only where the shipped kernel does not crash.
//!
//! # What `bench` measures, and how
//! 1. Correct before fast: each launch that is timed is one that [`verify::Workload::make`] bound and
//!    compared with its twin (of many steps one, and all of them with the same run in two parts; of
//!    the arithmetic peaks a sample, between which the rest must lie), or gives the same bits as that;
//!    one that fails is named, not timed.
//! 2. The clock: passes of 1 to 32 equal launches, on the device's clock and on the host's
//!    ([`gpu::Gpu::time_passes`]). [`gpu::clock::judge`] takes the device's only if nothing speaks
//!    against it: no zeros, no steps backwards, none longer than ½ % of a sample, times that follow
//!    the work, and that of the host. Each pass of the measurement is looked at too: at the first
//!    that cannot be, what was timed is thrown away and the host's clock is used.
//! 3. Samples: a pass of as many launches as take about 10 ms. All cases take turns, in an order that
//!    is another one each round; between two samples runs the canary, always the same work. A sample
//!    is quiet if the canary beside it took at most 1.1 times its lower quartile in the best run that
//!    this machine had, which is kept across runs ([`bench::Quietness`]): a neighbour that is there all
//!    the time is seen, too. A row is marked if less than half of its samples are quiet, and only by
//!    those a run may differ from another. Each launch is
//!    compiled and bound up to nine times, in other places of memory, which take turns too. At least
//!    ten samples and half a second, until half the interval is below ½ % of the median or the case's
//!    share of the budget is used. There are none after caches were emptied: such a sample is of one
//!    launch, and the pass around it takes more than the caches do.
//! 4. Figures: [`bench::statistics`] has the median with its bootstrap interval, for which places and
//!    stretches of time are drawn, not samples alone, and compares runs by
//!    Mann and Whitney's test and Hodges and Lehmann's ratio: a difference is one of p < 0.001 whose
//!    whole interval is beyond 2 %, since runs of a process differ by more than the samples in one;
//!    beyond 20 % of what the canary of launches takes, and what that differs by; beyond 12 % if there are
//!    fewer than four places, and 25 % if a launch is bound to 4 MB and more; and the places of one run
//!    must be slower than those of the other, too (`bench/compare.rs`). A row that the saved run does
//!    not have is named: whether it is slower is not known. Peaks only decide if they were asked for.
//! 5. Peaks, in the same run: `peak_arithmetic` for products and sums, exponentials and divisions,
//!    `peak_copy` at four sizes, `peak_workgroup`, and a launch that does next to nothing, each at its
//!    best; the launch is taken off the others. A launch takes at least that time and the longest part
//!    of its work ([`kernels::Cost`]): flops, exponentials and divisions over their peaks, bytes over
//!    the bandwidth of a copy with as large a working set (S. Williams, A. Waterman, D. Patterson,
//!    "Roofline", 2009). That sum over the median is the per cent of peak; below 25 % no peak is what
//!    limits, and more than 100 % is marked. Exponentials and divisions are counted in the text
//!    (`tests/host/costs.rs`); a logarithm would need a peak of its own, and no kernel calls `log`. On a
//!    software adapter peaks are limits of the code that the driver makes, and named so
//!    ([`bench::LimitsOf`]): copies of llvmpipe reach 10 GB/s where `memcpy` makes 40.
//! 6. Whole runs are timed by the host, from the parameters to the parameters, each checked against
//!    the same run in `f64`, in turns with code for the CPU that is meant to be fast
//!    ([`bench::baseline`]).
//!
//! # Rounding
//! A float32 run leaves the exact one, and how far is mostly luck: where a network hesitates, two
//! right implementations drift apart. Written plainly, these kernels were up to four times as far
//! from PyTorch's float64 as PyTorch's float32 is. Two of them are therefore more careful than they
//! would have to be: `sigmoid` sums its middle smallest part first, symmetric around ½;
//! `sgd_update` keeps what rounding takes from a parameter and adds it to the next change. So do
//! the fused kernels for a single network. For many they leave it out ([`rule::Variant::PLAIN`]),
//! which is nearly twice as fast; both are held within the derived bound, step by step.
//!
//! # Drivers
//! Findings that shaped the code; the tests named find others like them.
//! - llvmpipe (Mesa 22.3.6) ends all loops of an invocation after 65,535 iterations together,
//!   without an error: long sums take several products an iteration, or share rows out over a
//!   workgroup (`verify/kernels/matmul.rs` and `bias_grad.rs` lose none of 70,001). The last look
//!   at a loop's condition counts too: of 64 times 2,048 iterations it made 65,472
//!   (`loops_end_where_this_driver_is_known_to_end_them_and_never_sooner`).
//! - `exp` is at its worst where WGSL's table grants least, just below zero: 3.49 ULP at −0.0452 on
//!   llvmpipe (Mesa 22.3.6), 3.40 at −0.0532 on SwiftShader, where the table has 3.09 and 3.11; and
//!   `log` just below ½: 3.20 and 3.96, where it has 3 ([`verify::examine`] comes close to them).
//! - wgpu 30 translates `x != x` for Vulkan so that it is false of a NaN, on any driver; through GL
//!   it is true. The kernels look at bits.
//! - wgpu counts the iterations of every loop so that it must end, and then llvmpipe (Mesa 22.3.6)
//!   does not unroll it: 10,000 steps of 2-2-1 in one dispatch took 10.5 ms instead of 0.8 ms.
//!   The fused trainers are compiled without that. Unrolled, Mesa simplifies other sums, as WGSL
//!   allows, and may round otherwise: both forms are held against the twin
//!   (`Loops` in `verify/members/mod.rs`).
//! - Mesa 22.3.6 unrolls a loop that comes to no more than some 800 instructions, and an array is in
//!   registers only if each of its indices is then a constant: else a product with 16 × 16 outputs
//!   an invocation takes seven times as long, and 40 s to compile. So tiles are stored by a short
//!   loop that always takes the last block and moves up the others (`matmul_register.wgsl`).
//! - llvmpipe (Mesa 22.3.6) reads a value of a uniform buffer anew, lane by lane, wherever the shader
//!   names it, also in a loop: some twenty operations each. The fused trainers copy their `params`
//!   first.
//! - llvmpipe (Mesa 22.3.6) has products and sums rounded apart even where WGSL says `fma`, and
//!   `min` of two numbers costs as much as a quarter of an `exp`: the plain sigmoid lets `exp`
//!   overflow (`verify/members/mod.rs` has saturated networks).
//! - Mesa 22.3.6 simplifies `(a + b) − a` to `b`, as WGSL allows, and with it any compensated sum:
//!   `sgd_update` and the fused trainers pass the sum through an exclusive or with a zero that only
//!   the host knows (`verify/kernels/sgd_update.rs`). And the difference too: fast math, which is
//!   Metal's default, may regroup `change − (after − before)` to `(change + before) − after`, or 0.
//! - llvmpipe (Mesa 22.3.6) loads from workgroup and storage memory lane by lane: 60 ns for eight
//!   values, which is what six vectors of sigmoids take; a store takes 10 to 20 ns, and a load from
//!   a uniform buffer or from a private array 4 ns, whatever the address. `train_workgroup` reads
//!   the data from a uniform buffer, and of workgroup memory no more than it must.
//! - How many loops llvmpipe unrolls, and with it how soon it ends them all, is not to be told from
//!   the shader: a count comes out short if any loop did, and then the run is made again in smaller
//!   parts, to the same bits (`check_counts` in `verify/members/checks.rs`).
//! - One pipeline of llvmpipe (Mesa 22.3.6) may run 12 % longer than another of the same text, for as
//!   long as it lives, by where its code lies, as it seems (`sigmoid_grad` of 2²⁰ values, on an AMD EPYC).
//!   So `bench` compiles each launch several times.
//! - naga makes a branch of `&&`, and SwiftShader (of Chromium 156) takes twice as long to compile for
//!   each branch in a loop: with two conditions for each of 16 stores it did not end and took all
//!   memory. So they are joined by `&` (`store` in `matmul_register.wgsl`): 0.3 s
//!   (`every_kernel_matches_its_twin`, which CI runs there).
//! - wgpu 30 panics in `Device::poll` when the device is lost, and turns all later calls into
//!   silent no-ops (`a_device_lost_at_any_time_is_an_error_and_no_panic`).
//! - SwiftShader (of Chromium 156) crashes at exit now and then if a thread still holds the device:
//!   [`gpu::Gpu`] joins its thread before it goes. No test waits for it.
//! - Mesa prints `error: XDG_RUNTIME_DIR is invalid` where that variable is unset; the binary sets
//!   it.
//!
//! # Out of scope
//! Other losses and activations than these, ensembles and sweeps of deeper networks, data that does not fit one buffer, training on several
//! GPUs, and kernels for one vendor.

pub mod bench;
pub mod cli;
pub mod count;
pub mod cpu;
pub mod dataset;
pub mod error;
pub mod file;
pub mod gpu;
pub mod kernels;
pub mod model;
pub mod processor;
pub mod report;
pub mod rng;
pub mod rule;
pub mod scalar;
pub mod state_dict;
pub mod sweep;
pub mod train;
pub mod tune;
pub mod verify;
