//! The trajectories that PyTorch made, as plans for the engines; see README.md beside this file.

use std::path::Path;

use clap::ValueEnum;
use parity::task::{
    Adam, Coding, Dataset, Decay, Layer, LayerSizes, Method, Optimizer, Parameters, Preset,
    Rounding, Schedule,
};
use parity::train::Plan;
use serde_json::Value;

pub const EXPERIMENTS: [&str; 4] =
    ["perceptron", "mlp", "handbackprop_corrected", "handbackprop_notebook"];

pub const SEEDS: [u32; 2] = [0, 1];

/// Those of `make.py`, each from two starts, whose files name the method.
pub const METHODS: [&str; 16] = [
    "tanh_identity",
    "tanh_tanh",
    "relu",
    "relu_identity",
    "momentum",
    "deep",
    "deep_momentum",
    "weight_decay",
    "nesterov",
    "adam",
    "adam_decay",
    "adamw",
    "warmup_steps",
    "hinge",
    "hinge_relu",
    "signs",
];

/// One experiment from one start, as PyTorch saw it.
pub struct Golden {
    pub name: String,
    pub plan: Plan,
    pub float32: Recorded,
    pub float64: Recorded,
    /// How many of the losses can be compared at all.
    pub comparable: usize,
    /// How many times as far from the truth as PyTorch's float32 a run may be.
    pub times: f64,
    /// Whether the files name the method.
    names_method: bool,
}

pub struct Recorded {
    pub losses: Vec<f64>,
    pub final_loss: f64,
    pub probabilities: Vec<f64>,
}

pub fn all() -> impl Iterator<Item = Golden> {
    let experiments =
        EXPERIMENTS.into_iter().flat_map(|name| SEEDS.map(|seed| Golden::load(name, seed)));
    experiments
        .chain(METHODS.into_iter().flat_map(|name| SEEDS.map(|k| Golden::of_method(name, k))))
}

/// A value by the name that files and options have for it.
fn named<T: ValueEnum>(value: &Value) -> T {
    T::from_str(value.as_str().expect("a name"), false).expect("a known name")
}

fn schedule(value: Option<&Value>) -> Schedule {
    let Some(value) = value else { return Schedule::CONSTANT };
    let count = |name: &str| value[name].as_u64().expect("a count");
    let number = |name: &str| value[name].as_f64().expect("a number");
    let decay = match value["decay"].as_str().expect("a name") {
        "step" => Decay::Step { every: count("every"), factor: number("factor") },
        "cosine" => Decay::Cosine { steps: count("steps"), least: number("least") },
        other => panic!("no decay is called {other}"),
    };
    Schedule { warmup: count("warmup"), decay }
}

fn method(value: &Value) -> Method {
    let number = |name: &str| value[name].as_f64().expect("a number");
    let [hidden, output] =
        ["hidden_activation", "output_activation"].map(|name| named(&value[name]));
    let method = Method::sgd(number("learning_rate"))
        .with_activations(hidden, output)
        .with_loss(named(&value["loss"]))
        .with_schedule(schedule(value.get("schedule")));
    let method = match value.get("optimizer") {
        None => method
            .with_momentum(number("momentum"))
            .with_nesterov(value["nesterov"].as_bool().expect("true or false"))
            .with_weight_decay(number("weight_decay")),
        Some(name) => {
            let betas = numbers(&value["betas"]).try_into().expect("two");
            method.with_optimizer(Optimizer::Adam(Adam {
                learning_rate: number("learning_rate"),
                betas,
                epsilon: number("epsilon"),
                weight_decay: number("weight_decay"),
                is_decoupled: name == "adamw",
            }))
        }
    };
    if method.has_more_than_rate() { method.with_rounding(Rounding::Plain) } else { method }
}

impl Golden {
    fn load(experiment: &str, seed: u32) -> Self {
        let method = match experiment {
            "perceptron" | "mlp" => Method::sgd(1.0),
            "handbackprop_corrected" => Preset::BackpropCorrected.method(),
            "handbackprop_notebook" => Preset::Backprop.method(),
            other => panic!("no method is known for {other}"),
        };
        let name = format!("{experiment}, seed {seed}");
        let golden = Self::read(name, &format!("{experiment}_seed{seed}"), |_| method);
        let unstable = experiment == "handbackprop_notebook" && seed == 0;
        // Its weights run away from about step 9,900 on: the last mark is step 9,800.
        Self { comparable: if unstable { 99 } else { 100 }, ..golden }
    }

    fn of_method(experiment: &str, number: u32) -> Self {
        let (name, stem) =
            (format!("{experiment}, start {number}"), format!("{experiment}_{number}"));
        let golden = Self::read(name, &stem, |file| method(&file["method"]));
        Self { times: 3.0, names_method: true, ..golden }
    }

    fn read(name: String, stem: &str, method: impl Fn(&Value) -> Method) -> Self {
        let [float32, float64] =
            ["float32", "float64"].map(|dtype| read(&format!("{stem}_{dtype}")));
        let [steps, log_every] =
            ["steps", "every"].map(|name| float64[name].as_u64().expect("a number"));
        let start = parameters(&float64["weights_start"]);
        let data = Dataset::parity(2).expect("XOR");
        let has_signs = float64["method"].get("targets").is_some();
        let data = data.with_coding(Coding::ALL[usize::from(has_signs)]);
        let plan = Plan::new(data, method(&float64), start, steps, log_every).expect("a plan");
        let (float32, float64) = (Recorded::of(&float32), Recorded::of(&float64));
        let comparable = float64.losses.len();
        Self { name, plan, float32, float64, comparable, times: 2.0, names_method: false }
    }

    /// How far a run in `f32` may be from PyTorch's float64 at a mark: 10⁻⁴ of the loss, and `times` what
    /// PyTorch's float32 is off by at most, or 10⁻⁶; of those that name their method the largest of the
    /// three.
    pub fn limit(&self, mark: usize) -> f64 {
        let share = 1e-4 * self.float64.losses[mark];
        let pytorch = self.deviation(&self.float32.losses);
        if self.names_method {
            (self.times * pytorch).max(1e-6).max(share)
        } else {
            (self.times * pytorch).max(1e-6).min(share)
        }
    }

    /// # Panics
    /// If a run is further than its limit from PyTorch's float64 at a mark.
    pub fn assert_close(&self, losses: &[f64]) {
        let truth = &self.float64.losses;
        assert_eq!(losses.len(), truth.len(), "{}", self.name);
        let (own, pytorch) = (self.deviation(losses), self.deviation(&self.float32.losses));
        println!("{}: worst deviation {own:.1e}, PyTorch float32's {pytorch:.1e}", self.name);
        for (mark, (found, truth)) in losses.iter().zip(truth).take(self.comparable).enumerate() {
            let is_close = (found - truth).abs() <= self.limit(mark);
            assert!(is_close, "{}, mark {mark}: {found}, not {truth}", self.name);
        }
    }

    fn deviation(&self, losses: &[f64]) -> f64 {
        let pairs = losses.iter().zip(&self.float64.losses).take(self.comparable);
        pairs.map(|(found, truth)| (found - truth).abs()).fold(0.0, f64::max)
    }

    /// Whether the end of the run can be compared too.
    pub fn ends_comparable(&self) -> bool {
        self.comparable == self.float64.losses.len()
    }
}

impl Recorded {
    fn of(file: &Value) -> Self {
        Self {
            losses: numbers(&file["losses"]),
            final_loss: file["loss_end"].as_f64().expect("a number"),
            probabilities: numbers(&file["predictions_end"]),
        }
    }
}

fn read(stem: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let text = std::fs::read_to_string(folder.join(stem).with_extension("json"));
    serde_json::from_str(&text.expect("the file is there")).expect("it is JSON")
}

/// The numbers of an array of any depth, in order.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        number => vec![number.as_f64().expect("a number")],
    }
}

fn rows_and_columns(value: &Value) -> [usize; 2] {
    let rows = value.as_array().expect("a matrix");
    [rows.len(), rows[0].as_array().expect("a matrix").len()]
}

#[expect(clippy::cast_possible_truncation, reason = "both files start from float32 values")]
fn values(value: &Value) -> Vec<f32> {
    numbers(value).into_iter().map(|number| number as f32).collect()
}

/// Modules are named as in a `state_dict`, with weights `[out, in]`; hand-written networks have
/// `w1`, `b1`, `w2`, `b2`, with weights `[in, out]`.
fn parameters(weights: &Value) -> Parameters {
    let by_hand = weights.get("w1").is_some();
    let names = |layer: usize| {
        let [w, b] = ["weight", "bias"].map(|name| format!("{}.{name}", 2 * layer));
        if by_hand { [format!("w{}", layer + 1), format!("b{}", layer + 1)] } else { [w, b] }
    };
    let mut sizes = vec![];
    let mut layers = vec![];
    for [weight, bias] in (0..).map(names) {
        let Some(matrix) = weights.get(&weight) else { break };
        let [rows, columns] = rows_and_columns(matrix);
        let stored = values(matrix);
        let transposed = || (0..columns).flat_map(|j| (0..rows).map(move |i| (i, j)));
        let (inputs, outputs, weight) = if by_hand {
            (rows, columns, transposed().map(|(i, j)| stored[i * columns + j]).collect())
        } else {
            (columns, rows, stored.clone())
        };
        if sizes.is_empty() {
            sizes.push(inputs);
        }
        sizes.push(outputs);
        layers.push(Layer { weight, bias: values(&weights[&bias]) });
    }
    Parameters { sizes: LayerSizes::new(sizes).expect("a network"), layers }
}
