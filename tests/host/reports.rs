//! Reports of hand-made results: every field that is printed or written, by literal values. What
//! takes more than mental arithmetic (hashes, an interval, two draws) was computed by a Python program
//! of its own.

#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a method is one of one lifetime, where a report of any is asked for"
)]

use std::time::Duration;

use parity::gpu::{AdapterSummary, Backend, DeviceType};
use parity::report::{EnsembleReport, InitFile, SweepReport, TrainReport, finished_sweep};
use parity::sweep::{
    Axis, Ensemble, EnsemblePlan, Grid, GridPlan, Identity, Population, Sampled, Stuck, Value,
};
use parity::task::{
    Activation, Adam, Dataset, Decay, Init, Layer, LayerSizes, Loss, Method, Optimizer, Parameters,
    Preset, Recipe, Schedule,
};
use parity::train::{
    Agreement, Diagnosis, Ending, HeldOut, Outcome, Plan, ProductUse, Trajectory, Verdict,
};
use parity::tune::Found;
use serde_json::{Value as Json, json};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What `f32` holds in place of decimals, to all digits.
const F32_0_05: f64 = 0.050_000_000_745_058_06;
const F32_0_002: f64 = 0.002_000_000_094_994_902_6;

/// Of [`VALUES`], little-endian, in lower-case hexadecimal.
const VALUES_SHA256: &str = "74b960f8edbc104cf216e1a7078c9801ff99db3b4ef47a9fa5932d8d303fe90d";
const PARAMETERS_SHA256: &str = "f1d404ba66440ee93707b746df4df02db8a1fe71cb20ca845ee33268cb5ed3cf";
/// Of the text `shader`.
const SHADER_SHA256: &str = "e137e75a5e0e7a623ca39de480667a55b43e0eedec58767634ebaef07c33383a";

fn adapter() -> AdapterSummary {
    AdapterSummary {
        name: "Adapter".into(),
        backend: Backend::Vulkan,
        driver: "Driver 1.2".into(),
        device_type: DeviceType::Integrated,
    }
}

fn adapter_json() -> Json {
    json!({
        "name": "Adapter",
        "backend": "vulkan",
        "driver": "Driver 1.2",
        "device_type": "integrated",
    })
}

fn population() -> Population {
    let (data, sizes) = (Dataset::parity(2).expect("XOR"), "2-2-1".parse().expect("a network"));
    Population::new(Recipe::new(data, sizes, Method::PLAIN, 1_000).expect("a recipe"), Init::Torch)
}

fn axis(text: &str) -> Axis {
    Axis::parse("--x", text, &population().recipe.sizes).expect("an axis")
}

fn parameters() -> Parameters {
    Parameters {
        sizes: population().recipe.sizes,
        layers: vec![
            Layer { weight: vec![1.5, -2.25, 0.5, 3.0], bias: vec![-1.0, 0.25] },
            Layer { weight: vec![2.5, -4.0], bias: vec![0.125] },
        ],
    }
}

fn parameters_json() -> Json {
    json!({
        "sha256": PARAMETERS_SHA256,
        "values": {
            "0.weight": [[1.5, -2.25], [0.5, 3.0]],
            "0.bias": [-1.0, 0.25],
            "2.weight": [[2.5, -4.0]],
            "2.bias": [0.125],
        },
    })
}

/// The words of each line, so that only they count, and not how they are aligned.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[track_caller]
fn assert_lines(found: &str, expected: &str) {
    let (found, expected) = (lines(found), lines(expected));
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len(), "lines: {found:#?}");
}

/// Field by field, so that a message names the one that differs.
#[track_caller]
fn assert_json(found: &str, expected: &Json) {
    let found: Json = serde_json::from_str(found).expect("JSON");
    let [fields, wanted] = [&found, expected].map(|json| json.as_object().expect("an object"));
    for (name, value) in wanted {
        assert_eq!(fields.get(name), Some(value), "{name}");
    }
    let others: Vec<_> = fields.keys().filter(|name| !wanted.contains_key(*name)).collect();
    assert!(others.is_empty(), "fields of which nothing is known: {others:?}");
}

fn ensemble_plan() -> EnsemblePlan {
    EnsemblePlan {
        population: population(),
        networks: 16,
        seed: 7,
        vary: ["learning-rate=0.5..5:log", "init-scale=0.5..2"].map(axis).into(),
        sample: vec![3],
    }
}

/// Broken off after 12 of 16: ten were solved, at 10, 20, … 100, one has a loss of ½, and one of none.
fn ensemble() -> Ensemble {
    let mut ensemble = Ensemble {
        networks: 12,
        stuck: vec![
            Stuck { member: 4, final_loss: 0.5, outputs: vec![0.25, 0.5, 0.75, 0.125] },
            Stuck { member: 9, final_loss: f32::NAN, outputs: vec![f32::NAN; 4] },
        ],
        sampled: vec![Sampled { member: 3, parameters: parameters(), final_loss: 0.002 }],
        wall: Duration::from_millis(2_500),
        ..Ensemble::default()
    };
    for step in [70, 10, 100, 40, 20, 90, 30, 60, 80, 50] {
        ensemble.steps_to_solve.add(step);
    }
    for loss in [0.002; 7].into_iter().chain([0.02; 3]).chain([0.5, f32::NAN]) {
        ensemble.final_losses.add(loss);
    }
    ensemble
}

fn with_ensemble_report<T>(plan: &EnsemblePlan, of: impl FnOnce(&EnsembleReport<'_>) -> T) -> T {
    of(&EnsembleReport {
        adapter: &adapter(),
        preset: Preset::Xor,
        plan,
        ensemble: &ensemble(),
        chunk_size: 8,
        command: "parity train --networks 16",
    })
}

#[test]
fn the_text_of_an_ensemble_has_the_figures_that_were_put_in() {
    let expected = format!(
        "\
parity {VERSION}: xor, 16 networks 2-2-1 on XOR (4 rows), seed 7
adapter: Adapter (integrated)
driver:  Driver 1.2, through vulkan
engine:  fused (one invocation a network, 8 side by side)
rule:    1,000 steps, members differ in learning-rate=0.5..5:log, members differ in init-scale=0.5..2

Interrupted after 12 of 16 networks.
Solved (loss below 0.05): 10 of 12, 83.33 % (95 % interval 55.20 to 95.30 %)
Steps to solve, of those solved: first 10, 10 % 10, half 50, 90 % 90, last 100

  final loss             networks
  0.00100 to   0.00316          7    58.33 %  ████████████████████████
  0.01000 to   0.03162          3    25.00 %  ██████████
  0.31623 to   1.00000          1     8.33 %  ████
  NaN                           1     8.33 %  ████

Not solved, the first few (`--member K` trains one alone):
  member 4: loss 0.500000, answers 0.250, 0.500, 0.750, 0.125
  member 9: loss NaN, answers NaN, NaN, NaN, NaN

  member 3: loss 0.002000, SHA-256 {PARAMETERS_SHA256}

  wall time 2.500 s, 4.80e3 network-steps/s
"
    );
    assert_lines(&with_ensemble_report(&ensemble_plan(), |report| report.text()), &expected);
}

#[test]
fn the_json_of_an_ensemble_has_the_figures_that_were_put_in() {
    let expected = json!({
        "version": VERSION,
        "command": "parity train --networks 16",
        "adapter": adapter_json(),
        "chunk_size": 8,
        "preset": "xor",
        "layers": [2, 2, 1],
        "bits": 2,
        "data": "XOR",
        "rows": 4,
        "targets": "0/1",
        "init": "torch",
        "seed": 7,
        "learning_rate": null,
        "method": method_json(false),
        "vary": ["learning-rate=0.5..5:log", "init-scale=0.5..2"],
        "steps": 1000,
        "solved_below": F32_0_05,
        "networks_asked_for": 16,
        "networks": 12,
        "solved": 10,
        "solve_rate": 10.0 / 12.0,
        "solve_rate_95": "compared below",
        "steps_to_solve": [
            {"share": 0.0, "step": 10},
            {"share": 0.1, "step": 10},
            {"share": 0.5, "step": 50},
            {"share": 0.9, "step": 90},
            {"share": 1.0, "step": 100},
        ],
        "final_losses": {
            "half_decades": {"-6": 7, "-4": 3, "-1": 1},
            "infinite": 0,
            "nan": 1,
        },
        "stuck": [
            {"member": 4, "final_loss": 0.5, "outputs": [0.25, 0.5, 0.75, 0.125]},
            {"member": 9, "final_loss": null, "outputs": [null, null, null, null]},
        ],
        "sampled": [{
            "member": 3,
            "learning_rate": 2.849_561_691_284_179_7,
            "init_scale": 0.534_502_387_046_814,
            "final_loss": F32_0_002,
            "trained": parameters_json(),
            "parameters_sha256": PARAMETERS_SHA256,
        }],
        "train_s": 2.5,
        "network_steps_per_s": 4800.0,
    });
    let mut found: Json =
        serde_json::from_str(&with_ensemble_report(&ensemble_plan(), |report| report.json()))
            .expect("JSON");
    let interval = found["solve_rate_95"].take();
    found["solve_rate_95"] = "compared below".into();
    for (end, expected) in [0.551_969_137_747_026_7, 0.953_034_857_816_146].into_iter().enumerate()
    {
        let end = interval[end].as_f64().expect("a number");
        assert!((end - expected).abs() < 1e-12, "{interval}");
    }
    assert_json(&found.to_string(), &expected);
}

/// The line of the rule, and the learning rate in JSON.
fn rule_of(vary: &[&str]) -> (String, Json) {
    let plan =
        EnsemblePlan { vary: vary.iter().map(|text| axis(text)).collect(), ..ensemble_plan() };
    with_ensemble_report(&plan, |report| {
        let rule = report.text().lines().find(|line| line.starts_with("rule:")).map(str::to_owned);
        let json: Json = serde_json::from_str(&report.json()).expect("JSON");
        (rule.expect("a line"), json["learning_rate"].clone())
    })
}

#[test]
fn members_that_differ_in_learning_rate_have_no_common_one() {
    let scale = "init-scale=0.5..2";
    let rate = "learning-rate=0.5..2";
    assert_eq!(rule_of(&[]), ("rule:    1,000 steps, learning rate 1".into(), 1.0.into()));
    let (rule, json) = rule_of(&[scale]);
    assert_eq!(rule, format!("rule:    1,000 steps, learning rate 1, members differ in {scale}"));
    assert_eq!(json, 1.0);
    let (rule, json) = rule_of(&[rate]);
    assert_eq!(rule, format!("rule:    1,000 steps, members differ in {rate}"));
    assert!(json.is_null());
}

/// `[2, 3]`, the first row the lowest.
const VALUES: [f32; 6] = [10.0, 20.0, 1_000.0, f32::from_bits(0x7fc0_0000), f32::INFINITY, 30.0];

fn grid_plan(value: Value) -> GridPlan {
    GridPlan {
        population: population(),
        seed: 48,
        member: 5,
        fixed: vec![(0, 1.5)],
        x: axis("learning-rate=0.01..100:log"),
        y: axis("init-scale=0.5..2"),
        width: 3,
        height: 2,
        value,
    }
}

/// A sweep of which two pixels had been trained before.
fn with_sweep_report<T>(
    plan: &GridPlan,
    values: &[f32],
    of: impl FnOnce(&SweepReport<'_>) -> T,
) -> T {
    let wall = Duration::from_millis(500);
    of(&SweepReport {
        adapter: &adapter(),
        plan,
        grid: &Grid { values: values.to_vec(), wall, trained: 4 },
        shader: "shader",
        chunk_size: 4,
        command: "parity sweep",
        identity: &Identity { sweep: "one".into(), run: "two".into() },
    })
}

#[test]
fn the_text_of_a_sweep_has_the_figures_that_were_put_in() {
    let expected = format!(
        "\
parity {VERSION}: 3 × 2 networks 2-2-1 on XOR (4 rows), seed 48
adapter: Adapter (integrated)
driver:  Driver 1.2, through vulkan
engine:  fused (one invocation a network, 4 side by side)
rule:    1,000 steps, learning rates of the axes
axes:    learning-rate=0.01..100:log, init-scale=0.5..2

             pixels
  solved          3   50.00 %
  infinite        1   16.67 %
  NaN             1   16.67 %

  wrote out.png
  wall time 0.500 s, 4 networks, 8.00e3 network-steps/s
"
    );
    let files = ["out.png".to_owned()];
    let plan = grid_plan(Value::StepsToSolve);
    assert_lines(&with_sweep_report(&plan, &VALUES, |report| report.text(&files)), &expected);
}

#[test]
fn the_text_of_a_sweep_names_the_layers_whose_rate_is_on_an_axis() {
    let rule = |layers: &str, [x, y]: [&str; 2]| {
        let sizes: LayerSizes = layers.parse().expect("a network");
        let [x, y] = [x, y].map(|text| Axis::parse("--x", text, &sizes).expect("an axis"));
        let mut population = population();
        population.recipe.sizes = sizes;
        let plan = GridPlan { x, y, population, fixed: vec![], ..grid_plan(Value::FinalLoss) };
        let text = with_sweep_report(&plan, &VALUES, |report| report.text(&[]));
        let rule = text.lines().find_map(|line| line.strip_prefix("rule:    1,000 steps, "));
        rule.expect("a rule").to_owned()
    };
    let [first, second, third] =
        ["learning-rate.0=1..2", "learning-rate.2=1..2", "learning-rate.4=1..2"];
    let other = "init-scale=0.5..2";
    assert_eq!(rule("2-1", [first, other]), "learning rates of the axes");
    assert_eq!(
        rule("2-2-1", [first, other]),
        "learning rate 1, of the hidden layer that of the axis"
    );
    assert_eq!(rule("2-2-1", [other, second]), "learning rate 1, of the output that of the axis");
    assert_eq!(
        rule("2-2-2-1", [third, first]),
        "learning rate 1, of hidden layer 1 and the output those of the axes"
    );
}

/// Which pixels count as what, by each kind of value: also those just beside a limit.
#[test]
fn pixels_are_counted_on_either_side_of_each_limit() {
    let summary = |value, values: &[f32]| {
        let plan = grid_plan(value);
        let text = with_sweep_report(&plan, values, |report| report.text(&[]));
        let lines = lines(&text);
        let from = lines.iter().position(|line| line == "pixels").expect("a table");
        lines[from + 1..].iter().take_while(|line| !line.is_empty()).cloned().collect::<Vec<_>>()
    };
    let limit = 0.05_f32;
    let losses = [0.0, limit.next_down(), limit, 0.7, f32::NEG_INFINITY, f32::NAN, 1e30, 0.06];
    assert_eq!(
        summary(Value::FinalLoss, &losses),
        ["solved 2 25.00 %", "infinite 1 12.50 %", "NaN 1 12.50 %"]
    );
    let steps = [0.0, 999.0, 1_000.0, f32::INFINITY, 1_000.0];
    assert_eq!(
        summary(Value::StepsToSolve, &steps),
        ["solved 2 40.00 %", "infinite 1 20.00 %", "NaN 0 0.00 %"]
    );
    let sums = [-3.0, -0.0, 1e-30, 7.0, f32::NAN, 5.0, 1.0, -1.0];
    assert_eq!(
        summary(Value::Convergence, &sums),
        ["converged 3 37.50 %", "diverged 4 50.00 %", "infinite 0 0.00 %", "NaN 1 12.50 %"]
    );
}

/// A method of sigmoids and the cross-entropy.
fn method_json(compensated: bool) -> Json {
    json!({
        "compensated": compensated,
        "hidden_activation": "sigmoid",
        "output_activation": "sigmoid",
        "loss": "cross-entropy",
        "optimizer": "sgd",
        "momentum": 0.0,
        "nesterov": false,
        "weight_decay": 0.0,
        "schedule": {"warmup": 0, "decay": "constant"},
        "measured": false,
    })
}

#[test]
fn the_card_of_a_sweep_has_the_figures_that_were_put_in() {
    let method = method_json(false);
    let expected = json!({
        "version": VERSION,
        "adapter": adapter_json(),
        "command": "parity sweep",
        "identity": "one two",
        "x": "learning-rate=0.01..100:log",
        "y": "init-scale=0.5..2",
        "size": [3, 2],
        "value": "steps-to-solve",
        "layers": [2, 2, 1],
        "data": "XOR",
        "steps": 1000,
        "solved_below": F32_0_05,
        "seed": 48,
        "member": 5,
        "learning_rate": null,
        "init": "torch",
        "set": [[0, 1.5]],
        "method": method,
        "shader_sha256": SHADER_SHA256,
        "array_sha256": VALUES_SHA256,
        "nan_pixels": 1,
        "infinite_pixels": 1,
        "networks_trained": 4,
        "train_s": 0.5,
        "network_steps_per_s": 8000.0,
    });
    let plan = grid_plan(Value::StepsToSolve);
    assert_json(&with_sweep_report(&plan, &VALUES, |report| report.card()), &expected);
}

/// A card has no seed if the seed is an axis. It has the other layer's rate if one layer's rate is an axis.
#[test]
fn the_card_of_a_sweep_leaves_out_what_its_axes_say() {
    let adam = Adam {
        learning_rate: 1.0,
        betas: [0.5, 0.75],
        epsilon: 0.125,
        weight_decay: 0.25,
        is_decoupled: true,
    };
    let method = Method::PLAIN
        .with_optimizer(Optimizer::Adam(adam))
        .with_schedule(Schedule { warmup: 3, decay: Decay::Step { every: 2, factor: 0.5 } })
        .with_activations(Activation::Tanh, Activation::Identity)
        .with_loss(Loss::SquaredError)
        .measuring(true);
    let mut population = Population { init: Init::Uniform, ..population() };
    population.recipe.method = method;
    let plan = GridPlan {
        x: axis("learning-rate.2=0.01..100:log"),
        y: axis("seed=3..9"),
        population,
        fixed: vec![],
        ..grid_plan(Value::Convergence)
    };
    let card = with_sweep_report(&plan, &VALUES, |report| report.card());
    let card: Json = serde_json::from_str(&card).expect("JSON");
    for (field, expected) in [
        ("x", json!("learning-rate.2=0.01..100:log")),
        ("y", json!("seed=3..9")),
        ("seed", Json::Null),
        ("learning_rate", json!(1.0)),
        ("init", json!("uniform")),
        ("set", json!([])),
        ("value", json!("convergence")),
        (
            "method",
            json!({
                "compensated": false,
                "hidden_activation": "tanh",
                "output_activation": "identity",
                "loss": "squared-error",
                "optimizer": "adamw",
                "momentum": 0.0,
                "nesterov": false,
                "betas": [0.5, 0.75],
                "epsilon": 0.125,
                "weight_decay": 0.25,
                "schedule": {"warmup": 3, "decay": "step", "every": 2, "factor": 0.5},
                "measured": true,
            }),
        ),
    ] {
        assert_eq!(card[field], expected, "{field}");
    }
}

/// NEP 1: the magic, version 1.0, the length of the header, and the header, which fills two lines of
/// 64 bytes; then the values row by row.
#[test]
fn the_array_of_a_sweep_has_the_bytes_of_numpy() {
    let dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    let mut expected = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    expected.extend(format!("{dictionary:<117}\n").bytes());
    assert_eq!(expected.len(), 128);
    for word in [0x4120_0000_u32, 0x41a0_0000, 0x447a_0000, 0x7fc0_0000, 0x7f80_0000, 0x41f0_0000] {
        expected.extend(word.to_le_bytes());
    }
    let plan = grid_plan(Value::StepsToSolve);
    assert_eq!(with_sweep_report(&plan, &VALUES, |report| report.npy()), expected);
}

fn with_train_report<T>(of: impl FnOnce(&TrainReport<'_>) -> T) -> T {
    let start = Parameters::from_fn(&population().recipe.sizes, |_, _| 0.25);
    let data = Dataset::parity(2).expect("XOR");
    let plan = Plan::new(data, Method::sgd(0.5), start, 2_000, 1_000).expect("a plan");
    let outcome = Outcome {
        losses: vec![0.75, 0.5],
        final_loss: 0.0625,
        late_loss: Some(0.125),
        probabilities: vec![0.125, 0.75, 0.5, 0.5],
        parameters: parameters(),
        wall: Duration::from_millis(250),
        gpu: Some(Duration::from_millis(125)),
        longest_submission: Duration::from_micros(62_500),
    };
    let cpu = [[0.75, 0.5, 0.0625], [0.749_99, 0.500_02, 0.062_25]]
        .map(|[first, second, final_loss]| Trajectory { losses: vec![first, second], final_loss });
    let agreement = Agreement {
        verdict: Verdict::Unstable,
        gpu_deviation: 0.000_25,
        step: 2_000,
        cpu_f32_deviation: 0.000_5,
        gpu_relative_deviation: 0.004,
        relative_step: 1_000,
        cpu_f32_relative_deviation: 0.003,
    };
    of(&TrainReport {
        adapter: &adapter(),
        bytes_uploaded: 123,
        bytes_read_back: 45,
        engine: "layered",
        engine_reason: "asked for",
        products: &[ProductUse { shape: [4, 2, 3], variant: "naive".into(), found: Found::Tuned }],
        preset: Preset::Xor,
        init: None,
        init_from: Some(&InitFile {
            path: "file".into(),
            sha256: "hash".into(),
            note: Some("rounded".into()),
        }),
        member: Some(6),
        vary: &[axis("init-scale=0.5..2")],
        no_tune: true,
        plan: &plan,
        shows_all: true,
        outcome: &outcome,
        cpu: Some(&cpu),
        agreement: Some(agreement),
        command: "parity train",
        diagnosis: diagnosis(),
        held_out: Some(HeldOut { rows: 8, loss: 0.25, right: 7 }),
        payoff: None,
    })
}

fn diagnosis() -> Diagnosis {
    Diagnosis {
        ending: Ending::StillFalling,
        rows: 4,
        loss: 0.0625,
        late_step: 1_800,
        last_tenth_fall: Some(0.5),
        gradient_norm: 0.125,
        step_times_curvature: Some(1.75),
        saturated_share: Some(0.25),
        undecided_rows: 2,
        right_rows: 3,
    }
}

#[test]
fn the_table_of_a_run_has_the_losses_that_were_put_in() {
    let expected = "\
step,gpu,cpu_f32,cpu_f64
0,0.75,0.75,0.74999
1000,0.5,0.5,0.50002
2000,0.0625,0.0625,0.06225
";
    assert_eq!(with_train_report(|report| report.csv()), expected);
}

#[test]
fn the_text_of_a_run_has_the_figures_that_were_put_in() {
    let expected = format!(
        "\
parity {VERSION}: xor, 2-2-1 on XOR (4 rows), from a file, member 6
adapter: Adapter (integrated)
driver:  Driver 1.2, through vulkan
engine:  layered (asked for)
product: naive (tuned)
rule:    2,000 steps, learning rate 0.5

XOR is 1 if exactly one of the two inputs is 1.
The network 2-2-1 has 2 inputs, 2 hidden neurons and one output, a probability.
The loss is the mean cross-entropy in nats: 0.693 (ln 2) for a guess, 0 for certainty.

    step      GPU loss      CPU loss   difference
       0   0.750000000   0.749990000      +1.0e-5
   1,000   0.500000000   0.500020000      -2.0e-5
   2,000   0.062500000   0.062250000      +2.5e-4

    0.750 ┤█▇▇▆▆▅▅▄▃▃▂▂▁▁
          ┤████████████████▇▇▆▆▅▅▄▃▃▂▂▁▁
          ┤███████████████████████████████▇▆▅▄▃▂▁
          ┤███████████████████████████████████████▇▆▅▄▃▂▂▁
          ┤████████████████████████████████████████████████▇▆▅▄▃▂▁
          ┤████████████████████████████████████████████████████████▇▆▅▄
        0 └0                                                2,000 steps

  inputs   target   probability   answer
     0 0        0      0.125000        0
     0 1        1      0.750000        1
     1 0        1      0.500000        1
     1 1        0      0.500000        1   wrong

  0.weight  [[1.500000, -2.250000], [0.500000, 3.000000]]
  0.bias    [-1.000000, 0.250000]
  2.weight  [[2.500000, -4.000000]]
  2.bias    [0.125000]

  wall time 0.250 s, GPU time 0.125 s, 8000 steps/s
  in the end (f64, 4 rows): loss 0.062500, 50.00 % lower than at step 1,800; norm of the gradient 1.2e-1;
    learning rate × largest curvature 1.75; 25 % of hidden activations saturated; 2 outputs within 0.02 of 0.5
  held out (f64, 8 rows): loss 0.250000, 7 of 8 answers right (87.5 %)

Not learned: loss 0.062500 after 2,000 steps, 3 of 4 answers right; its loss is still falling, by 50.0 % over the last tenth of the steps: try more --steps. GPU and CPU part (4.0e-3 of the loss apart at most, at step 1,000; f32 on the CPU: 3.0e-3), as two f32 runs do where training magnifies every rounding: neither is wrong.
One core of the processor may train one network this small faster: parity bench --suite training finds from how many networks on this adapter pays.
More: docs/train.md, parity train --help
"
    );
    assert_lines(&with_train_report(|report| report.text()), &expected);
}

fn diagnosis_json() -> Json {
    json!({
        "ending": "still-falling",
        "rows": 4,
        "loss": 0.0625,
        "late_step": 1800,
        "last_tenth_fall": 0.5,
        "gradient_norm": 0.125,
        "step_times_curvature": 1.75,
        "saturated_share": 0.25,
        "undecided_rows": 2,
        "right_rows": 3,
    })
}

#[test]
fn the_json_of_a_run_has_the_figures_that_were_put_in() {
    let quarters = json!({
        "sha256": Parameters::from_fn(&population().recipe.sizes, |_, _| 0.25).sha256(),
        "values": {
            "0.weight": [[0.25, 0.25], [0.25, 0.25]],
            "0.bias": [0.25, 0.25],
            "2.weight": [[0.25, 0.25]],
            "2.bias": [0.25],
        },
    });
    let mut expected = json!({
        "version": VERSION,
        "command": "parity train",
        "adapter": adapter_json(),
        "engine": "layered",
        "engine_reason": "asked for",
        "no_tune": true,
        "products": [{"shape": [4, 2, 3], "variant": "naive", "found": "tuned"}],
        "preset": "xor",
        "layers": [2, 2, 1],
        "bits": 2,
        "data": "XOR",
        "rows": 4,
        "targets": "0/1",
        "init": null,
        "seed": null,
        "init_from": {"path": "file", "sha256": "hash", "note": "rounded"},
        "member": 6,
        "vary": ["init-scale=0.5..2"],
        "learning_rate": 0.5,
        "method": method_json(true),
        "steps": 2000,
        "log_every": 1000,
        "losses": [
            {"step": 0, "gpu": 0.75, "cpu_f32": 0.75, "cpu_f64": 0.749_99},
            {"step": 1000, "gpu": 0.5, "cpu_f32": 0.5, "cpu_f64": 0.500_02},
            {"step": 2000, "gpu": 0.0625, "cpu_f32": 0.0625, "cpu_f64": 0.062_25},
        ],
        "final_loss": 0.0625,
        "learned": false,
        "predictions": [0.125, 0.75, 0.5, 0.5],
        "train_s": 0.25,
        "gpu_s": 0.125,
        "steps_per_s": 8000.0,
        "longest_submission_s": 0.0625,
        "bytes_uploaded": 123,
        "bytes_read_back": 45,
        "start": quarters,
        "trained": parameters_json(),
        "parameters_sha256": PARAMETERS_SHA256,
    });
    expected["diagnosis"] = diagnosis_json();
    expected["held_out"] = json!({"rows": 8, "loss": 0.25, "right": 7});
    expected["agreement"] = json!({
        "verdict": "unstable",
        "gpu_deviation": 0.000_25,
        "step": 2000,
        "cpu_f32_deviation": 0.000_5,
        "gpu_relative_deviation": 0.004,
        "relative_step": 1000,
        "cpu_f32_relative_deviation": 0.003,
    });
    assert_json(&with_train_report(|report| report.json()), &expected);
}

/// The centres of pixels of a range that is looked at closer: where equal distances are equal
/// factors, a zoom of 4 keeps a quarter of the decades.
#[test]
fn a_zoom_keeps_a_share_of_the_decades_where_an_axis_is_logarithmic() {
    let whole = axis("learning-rate=0.01..100:log");
    let close = whole.zoomed("--center", 0.5, 4.0).expect("inside");
    assert!(close.log);
    for (found, expected) in [
        (close.low, 0.158_113_883_008_418_97),
        (close.high, 1.581_138_830_084_189_7),
        (close.pixel(0, 2), 0.281_170_662_595_174_54),
        (close.pixel(1, 2), 0.889_139_705_019_461_6),
        (whole.pixel(2, 4), 3.162_277_660_168_379_5),
    ] {
        assert!((found / expected - 1.0).abs() < 1e-12, "{found}, expected {expected}");
    }
    let linear = axis("init-scale=-2..6").zoomed("--center", 1.0, 4.0).expect("inside");
    assert_eq!([linear.low, linear.high, linear.pixel(0, 4)], [0.0, 2.0, 0.25]);
}

#[test]
fn a_sweep_is_finished_only_with_its_own_card_and_its_own_array() {
    let plan = grid_plan(Value::StepsToSolve);
    let [card, other_card] = [&VALUES, &[10.0, 20.0, 1_000.0, 4.0, 5.0, 30.0]]
        .map(|values| with_sweep_report(&plan, values, |report| report.card()).into_bytes());
    let npy = with_sweep_report(&plan, &VALUES, |report| report.npy());
    let identity = |sweep: &str, run: &str| Identity { sweep: sweep.into(), run: run.into() };
    let own = identity("one", "two");
    let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    let found = finished_sweep(&card, &npy, &own).map(bits);
    assert_eq!(found, Some(VALUES.map(f32::to_bits).into()));
    for other in [identity("one", "three"), identity("three", "two"), identity("", "")] {
        assert!(finished_sweep(&card, &npy, &other).is_none(), "{other}");
    }
    assert!(finished_sweep(&other_card, &npy, &own).is_none(), "the card of another array");
    assert!(finished_sweep(&card[1..], &npy, &own).is_none(), "no card");
    for index in [0, npy.len() - 1] {
        let mut damaged = npy.clone();
        damaged[index] ^= 1;
        assert!(finished_sweep(&card, &damaged, &own).is_none(), "byte {index} is another");
    }
    let longer = [&npy[..], &[0]].concat();
    for other in [&npy[..npy.len() - 1], &npy[..npy.len() - 4], &npy[..5], &longer, &[]] {
        assert!(finished_sweep(&card, other, &own).is_none(), "{} bytes", other.len());
    }
}

/// 80 nats over all rows are the most that a loss may come to where networks count as solved.
#[test]
fn what_counts_as_solved_has_a_limit_and_one_beyond_is_refused() {
    let is_fine = |bits, layers: &str, solved_below| {
        let data = Dataset::parity(bits).expect("data");
        let sizes = layers.parse().expect("a network");
        let recipe = Recipe::new(data, sizes, Method::PLAIN, 1).expect("a recipe");
        Population { solved_below, ..Population::new(recipe, Init::Torch) }.check().is_ok()
    };
    for (bits, layers, most) in [(2, "2-2-1", 20.0_f32), (4, "4-2-1", 5.0)] {
        assert!(is_fine(bits, layers, most) && !is_fine(bits, layers, most.next_up()));
    }
    for (limit, fine) in [(f32::MIN_POSITIVE, true), (0.0, false), (-1.0, false), (f32::NAN, false)]
    {
        assert_eq!(is_fine(2, "2-2-1", limit), fine, "{limit}");
    }
    let of_squares = |solved_below| {
        let mut population = Population { solved_below, ..population() };
        population.recipe.method.loss = Loss::SquaredError;
        population.check().is_ok()
    };
    assert!(of_squares(f32::MAX) && !of_squares(f32::INFINITY));
    assert!(Population { init: Init::Normal, ..population() }.check().is_err());
}
