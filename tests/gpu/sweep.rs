//! Ensembles and sweeps, held against single runs, the reference and each other.

use std::ops::ControlFlow;
use std::path::Path;

use parity::cpu::train_invocation::{Member, train_invocation as twin};
use parity::error::Error;
use parity::gpu::DeviceType;
use parity::kernels::fused::PROGRESS_ROWS;
use parity::numeric::{Enclosure, Scalar, philox4x32};
use parity::sweep::{
    Axis, Checkpoint, Ensemble, EnsemblePlan, GridPlan, Identity, Population, Value,
};
use parity::task::{Activation, Dataset, Init, LayerSizes, Loss, Method, Parameters, Recipe};
use parity::train::{Batch, LEARNED_BELOW, LoopLimit, Outcome, Plan, problem};
use parity::verify::{Effort, Trial};

use crate::harness::{Engine, gpu, train};

fn population(layers: &str, learning_rate: f64, steps: u64) -> Population {
    let (data, sizes) = (Dataset::parity(2).expect("XOR"), layers.parse().expect("a network"));
    let method = Method::PLAIN.with_learning_rate(learning_rate);
    Population::new(Recipe::new(data, sizes, method, steps).expect("a recipe"), Init::Torch)
}

fn ensemble(networks: u64, steps: u64) -> EnsemblePlan {
    let population = population("2-2-1", 1.0, steps);
    EnsemblePlan { population, networks, seed: 7, vary: vec![], sample: vec![] }
}

fn run(plan: &EnsemblePlan) -> Ensemble {
    let size = plan.population.chunk_size(gpu(), plan.networks).expect("it fits");
    let mut go_on = |_| ControlFlow::Continue(());
    pollster::block_on(plan.run(gpu(), size, &mut go_on)).expect("a run")
}

/// The run of one member alone, as `parity train --member` has it.
fn replay(plan: &EnsemblePlan, member: u64) -> (Plan, Outcome) {
    let (start, rate) = pollster::block_on(plan.start_of(gpu(), member)).expect("a start");
    let recipe = plan.population.recipe.clone();
    let method = recipe.method.with_learning_rate(rate.into());
    let plan = Plan { recipe, start, log_every: 100 }.with_method(method);
    let outcome = train(Engine::Fused, gpu(), &plan).expect("a run");
    (plan, outcome)
}

/// Twenty members of `networks`.
fn random_members(networks: u64) -> Vec<u64> {
    (0..20).map(|index| u64::from(philox4x32([index, 0, 0, 0], [1, 2])[0]) % networks).collect()
}

#[test]
fn members_alone_have_the_bits_that_they_have_among_100_000() {
    let mut plan = ensemble(100_000, 200);
    plan.vary = ["learning-rate=0.5..5:log", "init-scale=0.5..2"]
        .map(|text| Axis::parse("--vary", text, &plan.population.recipe.sizes).expect("an axis"))
        .into();
    plan.sample = random_members(plan.networks);
    let found = run(&plan);
    assert_eq!(found.networks, plan.networks);
    for sampled in &found.sampled {
        let (_, alone) = replay(&plan, sampled.member);
        assert_eq!(alone.parameters, sampled.parameters, "{}", sampled.member);
        assert_eq!(alone.final_loss, sampled.final_loss, "{}", sampled.member);
    }
    assert!(found.sampled.len() >= 19, "{}", found.sampled.len());
}

/// At some steps of a run, the next step is held against that of the twin from the same state.
#[test]
fn members_stay_in_lockstep_with_the_reference() {
    let plan = ensemble(100_000, 300);
    let effort = Effort { seed: 0, cases: 0, quick: true, thorough: false };
    let mut trial = Trial::new(gpu(), "train_invocation", effort);
    for member in random_members(plan.networks) {
        let (single, _) = replay(&plan, member);
        let problem = problem(&single.recipe);
        let mut members =
            pollster::block_on(Batch::new(gpu(), problem, 1, 2, true, LoopLimit::Hopeful))
                .expect("room");
        let start: Vec<f32> = single.start.values().collect();
        members.write_row(0, &start);
        members.write_row(problem.rates_row(), &[1.0, 1.0]);
        members.start(LEARNED_BELOW, 0);
        let mut advance = |steps: u64| {
            let first = u64::from(members.is_at_start());
            let left = pollster::block_on(members.evaluate([1 + first, steps]));
            left.expect("a dispatch").parameters
        };
        for steps in [1, 7, 40, 150] {
            let before = advance(steps);
            let after = advance(1);
            let one = Enclosure::from_f32(1.0);
            let sizes = single.recipe.sizes.as_slice();
            let mut expected = Member::new(sizes, Enclosure::all_from_f32(&before), one);
            twin(single.recipe.method, &single.recipe.data, 0.0, 1, &mut expected);
            let case = format!("member {member}");
            let compared = trial.compare(&case, "parameters", &after, &expected.parameters);
            compared.unwrap_or_else(|failure| panic!("{failure:?}"));
        }
        let progress: Vec<u32> =
            pollster::block_on(gpu().read(&members.progress)).expect("a progress");
        assert_eq!(progress.len(), PROGRESS_ROWS);
        assert_eq!(progress[0], 1 + 7 + 40 + 150 + 4);
    }
    println!("lockstep: {:#?}", trial.tally);
}

#[test]
fn tiles_of_any_size_give_the_same_ensemble() {
    let plan = ensemble(1_003, 900);
    let whole = run(&plan);
    let mut go_on = |_| ControlFlow::Continue(());
    let tiled = pollster::block_on(plan.run(gpu(), 100, &mut go_on)).expect("a run");
    assert!(whole.steps_to_solve.total() > 100, "{:?}", whole.steps_to_solve);
    assert_eq!(format!("{:?}", whole.steps_to_solve), format!("{:?}", tiled.steps_to_solve));
    assert_eq!(format!("{:?}", whole.final_losses), format!("{:?}", tiled.final_losses));
}

#[test]
fn an_ensemble_that_is_broken_off_has_the_tiles_that_it_finished() {
    let plan = ensemble(1_000, 50);
    for chunks in [1, 2] {
        let mut stop = stop_at_step(300 * 50 * chunks);
        let found = pollster::block_on(plan.run(gpu(), 300, &mut stop)).expect("a run");
        assert_eq!(found.networks, 300 * chunks);
    }
    let plan = ensemble(1_000, 100_000_000);
    let stopped = pollster::block_on(plan.run(gpu(), 300, &mut stop_at_step(1)));
    assert!(matches!(stopped, Err(Error::Interrupted { .. })), "{stopped:?}");
}

/// Breaks off when `step` network-steps are done.
fn stop_at_step(step: u64) -> impl FnMut(u64) -> ControlFlow<()> {
    move |done| if done < step { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

/// All chunks have about as many networks: nearly none are trained in vain.
#[test]
fn tiles_are_even_and_no_larger_than_the_work() {
    for (networks, chunks) in [(100, 1), (16_384, 1), (16_385, 2), (100_000, 7)] {
        let plan = ensemble(networks, 10);
        let size = plan.population.chunk_size(gpu(), networks).expect("it fits") as u64;
        if gpu().adapter.device_type == DeviceType::Software {
            assert_eq!(networks.div_ceil(size), chunks, "{networks} in chunks of {size}");
        }
        let count = networks.div_ceil(size);
        assert!(count * size - networks < 64 * count, "{networks} in chunks of {size}");
    }
}

/// PEERS: of 16,384 such networks, PyTorch solved 86.6 %.
#[test]
fn as_many_are_solved_as_with_pytorch() {
    let found = run(&ensemble(4_000, 10_000));
    let [low, high] = parity::sweep::wilson(found.steps_to_solve.total(), found.networks);
    assert!(low < 0.87 && high > 0.86, "{low} to {high}");
}

#[test]
fn a_loop_limit_that_is_too_hopeful_is_lowered_to_the_same_bits() {
    // Too many products for Mesa 22.3.6 to unroll: a step takes hundreds of iterations.
    let runs = [LoopLimit::Hopeful, LoopLimit::Safe].map(|loop_limit| {
        let plan = EnsemblePlan {
            population: Population { loop_limit, ..population("2-16-1", 1.0, 5_000) },
            sample: vec![0, 1],
            ..ensemble(2, 5_000)
        };
        run(&plan)
            .sampled
            .into_iter()
            .map(|sampled| sampled.parameters.sha256())
            .collect::<Vec<_>>()
    });
    assert_eq!(runs[0], runs[1]);
}

fn axis(text: &str) -> Axis {
    Axis::parse("--x", text, &"2-2-1".parse().expect("a network")).expect("an axis")
}

fn grid(x: &str, y: &str, value: Value) -> GridPlan {
    GridPlan {
        population: population("2-2-1", 2.0, 300),
        seed: 48,
        member: 0,
        fixed: vec![(0, 1.5)],
        x: axis(x),
        y: axis(y),
        width: 7,
        height: 5,
        value,
    }
}

fn open_checkpoint(folder: &Path, chunk: usize) -> Checkpoint {
    let identity = Identity { sweep: "test".into(), run: "here".into() };
    Checkpoint::open(&folder.join("out.png"), &identity, chunk).expect("it is writable")
}

fn values(plan: &GridPlan, chunk: usize) -> Vec<f32> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut checkpoint = open_checkpoint(folder.path(), chunk);
    let mut go_on = |_| ControlFlow::Continue(());
    pollster::block_on(plan.run(gpu(), chunk, &mut checkpoint, &mut go_on)).expect("a run").values
}

/// Each pixel is what its network makes alone, trained by the single engine.
#[test]
fn every_pixel_is_the_network_that_its_axes_say() {
    let plan = grid("learning-rate=0.1..30:log", "2.bias[0]=-3..3", Value::FinalLoss);
    let found = values(&plan, 16);
    for row in 0..plan.height {
        for column in 0..plan.width {
            let drawn =
                Parameters::initialise(&plan.population.recipe.sizes, Init::Torch, plan.seed);
            let mut start: Vec<f32> = drawn.values().collect();
            start[0] = 1.5;
            start[8] = f32::from_f64(plan.y.pixel(row, plan.height));
            let recipe = plan.population.recipe.clone();
            let method = recipe.method.with_learning_rate(plan.x.pixel(column, plan.width));
            let start = Parameters::from_fn(&recipe.sizes, |number, _| start[number as usize]);
            let single = Plan { recipe, start, log_every: 300 }.with_method(method);
            let alone = train(Engine::Fused, gpu(), &single).expect("a run").final_loss;
            assert_eq!(found[row * plan.width + column], alone, "row {row}, column {column}");
        }
    }
}

#[test]
fn layers_scales_and_seeds_are_axes_too() {
    let both = values(&grid("learning-rate.0=1..2", "learning-rate.2=1..2", Value::FinalLoss), 35);
    let transposed =
        values(&grid("learning-rate.2=1..2", "learning-rate.0=1..2", Value::FinalLoss), 35);
    // Where both rates are the same (7 and 5 pixels meet in the middle), so are the networks.
    assert_eq!(both[2 * 7 + 3], transposed[2 * 7 + 3]);
    assert_ne!(both[0], both[6]);
    assert_ne!(both[0], both[28]);
    let seeds = values(&grid("seed=0..7", "init-scale=1..1.001", Value::FinalLoss), 35);
    for (seed, &found) in (0..7).zip(&seeds[..7]) {
        let plan = GridPlan {
            seed,
            ..grid("learning-rate=1..3", "init-scale=1..1.001", Value::FinalLoss)
        };
        // The middle of that axis is the same rate of 2.
        assert_eq!(values(&plan, 35)[3], found, "seed {seed}");
    }
}

#[test]
fn an_interrupted_sweep_goes_on_where_it_stopped() {
    let plan = grid("learning-rate=0.1..30:log", "init-scale=0.1..10:log", Value::StepsToSolve);
    let whole = values(&plan, 8);
    let folder = tempfile::tempdir().expect("a folder");
    let mut runs = 0;
    let resumed = loop {
        let mut checkpoint = open_checkpoint(folder.path(), 8);
        let mut stop = stop_at_step(8 * (runs + 1) * plan.population.recipe.steps);
        match pollster::block_on(plan.run(gpu(), 8, &mut checkpoint, &mut stop)) {
            Ok(grid) => break grid.values,
            Err(Error::Paused { done, pixels: 35, .. }) => assert_eq!(done as u64, 8 * (runs + 1)),
            other => panic!("{other:?}"),
        }
        runs += 1;
    };
    assert_eq!(runs, 4);
    assert_eq!(resumed, whole);
    // What is not whole is not kept.
    let mut checkpoint = open_checkpoint(tempfile::tempdir().expect("a folder").path(), 8);
    let population = population("2-2-1", 2.0, 100_000_000);
    let plan = GridPlan { population, ..plan };
    let stopped = pollster::block_on(plan.run(gpu(), 8, &mut checkpoint, &mut stop_at_step(1)));
    assert!(matches!(stopped, Err(Error::Paused { done: 0, .. })), "{stopped:?}");
}

#[test]
fn networks_that_diverge_are_values() {
    let mut plan =
        grid("learning-rate.0=0.01..1", "learning-rate.2=0.01..1e6:log", Value::Convergence);
    plan.population.recipe.method = Method::PLAIN
        .with_activations(Activation::Tanh, Activation::Identity)
        .with_loss(Loss::SquaredError)
        .measuring(true);
    let measures = values(&plan, 35);
    assert!(measures[..7].iter().all(|&value| value < 0.0), "they converge: {measures:?}");
    assert!(measures[28..].iter().all(|&value| value > 0.0), "they diverge: {measures:?}");
    let losses = values(&GridPlan { value: Value::FinalLoss, ..plan }, 35);
    assert!(losses[..7].iter().all(|loss| loss.is_finite()));
    assert!(losses[28..].iter().all(|loss| !loss.is_finite()), "{losses:?}");
}

/// By one invocation a network, and by one workgroup.
#[test]
fn no_network_that_diverges_has_a_negative_loss_or_counts_as_solved() {
    for (layers, value) in
        [("2-8-1", Value::FinalLoss), ("2-8-1", Value::StepsToSolve), ("2-64-1", Value::FinalLoss)]
    {
        let plan = GridPlan {
            population: population(layers, 2.0, 20),
            fixed: vec![],
            ..grid("learning-rate.0=1e37..3e38", "learning-rate.2=1e37..3e38", value)
        };
        let found = values(&plan, 35);
        assert!(found.iter().any(|value| !value.is_finite()), "{layers}: {found:?}");
        assert!(found.iter().all(|&value| value.is_nan() || value >= 0.0), "{layers}: {found:?}");
        let wild = EnsemblePlan { population: population(layers, 3e38, 20), ..ensemble(9, 1) };
        let losses = run(&wild).final_losses;
        assert!(losses.diverged() > 0, "{losses:?}");
        assert!(losses.half_decades.range(..-2).next().is_none(), "{losses:?}");
    }
}

#[test]
fn networks_of_the_same_start_are_the_same_in_any_place() {
    let sizes: LayerSizes = "2-2-1".parse().expect("a network");
    let plan = EnsemblePlan { networks: 1, ..ensemble(1, 10) };
    let (start, _) = pollster::block_on(plan.start_of(gpu(), 0)).expect("a start");
    assert_eq!(start, Parameters::initialise(&sizes, Init::Torch, plan.seed));
}
