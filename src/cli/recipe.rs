//! What is to be trained: options that `train` and `verify` share.

use std::path::{Path, PathBuf};

use super::data::{DataArgs, ValidationArgs};
use super::given::{Conflict, refuse};
use super::optimizer::OptimizerArgs;
use super::values;
use crate::error::Error;
use crate::report::{self, InitFile};
use crate::task::state_dict::{self, Loaded};
use crate::task::{
    Activation, Backprop, Coding, Dataset, Init, LayerSizes, Loss, Method, Parameters, Preset,
    Rounding,
};
use crate::train::{Plan, check_tensors_of_any_adapter};

/// The most losses that a run may keep.
const MAX_MARKS: u64 = 10_000_000;

/// The most steps of a run.
pub(super) const MAX_STEPS: u64 = 1 << 40;

/// The seed, unless the user says otherwise.
pub(super) const SEED: u64 = 48;

/// Data and network: options of all commands that train.
#[derive(clap::Args)]
pub(super) struct NetworkArgs {
    /// Number of neurons in each layer, inputs first, such as 2-8-8-1 [default: the preset's, or as
    /// many hidden neurons as inputs]
    #[arg(long, value_name = "N-…-1", value_parser = values::layers)]
    layers: Option<LayerSizes>,
    #[command(flatten)]
    pub(super) data: DataArgs,
}

impl NetworkArgs {
    /// The data without label noise, and the network: without `--layers`, with the hidden layers that
    /// `hidden_sizes` gives for a number of inputs.
    pub(super) fn network(
        &self,
        hidden_sizes: impl Fn(usize) -> Vec<usize>,
    ) -> Result<(Dataset, LayerSizes), Error> {
        let data = self.data.data()?;
        let has = data.input_size;
        let Some(sizes) = &self.layers else {
            let sizes = LayerSizes::new([vec![has], hidden_sizes(has), vec![1]].concat())?;
            return Ok((data, sizes));
        };
        let takes = sizes.input_size();
        if takes == has {
            return Ok((data, sizes.clone()));
        }
        Err(Error::Usage(format!(
            "--layers {sizes}: the network takes {takes} inputs, and the data have {has} (--bits \
             {has}); the two must be the same"
        )))
    }
}

/// The computation of a step: options of all commands that train.
#[derive(clap::Args)]
pub(super) struct MethodArgs {
    #[command(flatten)]
    pub(super) optimizer: OptimizerArgs,
    /// Activation function of the hidden layers
    #[arg(long, default_value = "sigmoid")]
    activation: Activation,
    /// Activation function of the output. The cross-entropy needs sigmoid, the hinge loss identity
    /// [default: sigmoid; identity for hinge]
    #[arg(long)]
    output_activation: Option<Activation>,
    /// Loss function
    #[arg(long, default_value = "cross-entropy")]
    loss: Loss,
    /// Targets of the two answers. -1 and 1 go with the hinge loss, and with the squared error of an
    /// output of tanh or identity [default: 0/1; ±1 for hinge]
    #[arg(long, allow_hyphen_values = true)]
    targets: Option<Coding>,
    /// Effort to avoid rounding errors
    #[arg(long, value_enum, default_value = "auto")]
    rounding: RoundingChoice,
}

/// The rounding that is asked for.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum RoundingChoice {
    /// Compensated for one network; plain for many, and with momentum, weight decay or Adam
    Auto,
    /// Sigmoids with few roundings and compensated sums, at twice the time
    Compensated,
    /// The shortest formulas
    Plain,
}

impl MethodArgs {
    /// Refuses what a preset that is written by hand does not have.
    fn check(&self, preset: Preset) -> Result<(), Error> {
        let others = [
            ("activation", self.activation != Activation::Sigmoid),
            ("loss", self.loss != Loss::CrossEntropy),
        ];
        let others = [&self.optimizer.extras()[..], &others].concat();
        let other = others.iter().find(|(_, is_other)| *is_other);
        let Some((option, _)) = other.filter(|_| preset.method().backprop != Backprop::Exact)
        else {
            return Ok(());
        };
        Err(Error::Usage(format!(
            "--{option}: the preset {} is backpropagation written by hand for sigmoids and the \
             cross-entropy, by gradient descent alone; take the preset xor (of verify: --preset xor)",
            preset.name()
        )))
    }

    /// The targets of the two answers.
    pub(super) fn coding(&self) -> Coding {
        self.targets.unwrap_or(self.loss.coding())
    }

    /// The method of a network in a run of this number of updates, which is `default` in all else.
    pub(super) fn method(
        &self,
        default: Method,
        sizes: &LayerSizes,
        steps: u64,
    ) -> Result<Method, Error> {
        if self.activation != Activation::Sigmoid && sizes.layers().len() == 1 {
            return Err(Error::Usage(format!(
                "--activation has no effect without a hidden layer, and {sizes} has none: take \
                 --output-activation, or other --layers"
            )));
        }
        let output = self.output_activation.unwrap_or(self.loss.output_activation());
        if let Some(why) = self.loss.refuses(output, self.coding()) {
            return Err(Error::Usage(format!(
                "--loss, --output-activation and --targets must go together: {why}"
            )));
        }
        let method = default.with_activations(self.activation, output).with_loss(self.loss);
        let method = self.optimizer.method(method, steps)?;
        let takes_plain = method.has_more_than_rate();
        match self.rounding {
            RoundingChoice::Compensated if method.has_momentum() => refuse(
                "--momentum and --rounding compensated",
                "the optimizer's state is either a velocity or what rounding left out",
            ),
            RoundingChoice::Compensated if method.adam().is_some() => refuse(
                "--optimizer adam and --rounding compensated",
                "the optimizer's state is either m and v or what rounding left out",
            ),
            RoundingChoice::Compensated if takes_plain => refuse(
                "--weight-decay and --rounding compensated",
                "only the gradient itself is compensated",
            ),
            RoundingChoice::Compensated => Ok(method.with_rounding(Rounding::Compensated)),
            RoundingChoice::Auto if !takes_plain => Ok(method),
            RoundingChoice::Auto | RoundingChoice::Plain => {
                Ok(method.with_rounding(Rounding::Plain))
            }
        }
    }
}

#[derive(clap::Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    validation: ValidationArgs,
    #[command(flatten)]
    pub(super) method: MethodArgs,
    /// Number of training steps (updates)
    #[arg(long, default_value_t = 10_000, value_parser = values::count::<u64>(1..=MAX_STEPS))]
    pub(super) steps: u64,
    /// Seed of the initial parameters. With the default, each preset shows what it is for
    #[arg(long, default_value_t = SEED, value_parser = values::count::<u64>(0..=u64::MAX))]
    pub(super) seed: u64,
    /// Initial distribution of the parameters [default: the preset's]
    #[arg(long)]
    init: Option<Init>,
    /// File with the initial parameters: safetensors, with the names and shapes of a PyTorch
    /// Sequential
    #[arg(long, value_name = "FILE")]
    pub(super) init_from: Option<PathBuf>,
}

/// Options without effect on parameters that a file gives.
pub(super) const START_IS_GIVEN: Conflict = Conflict {
    one: "init-from",
    others: &["init", "seed"],
    why: "the parameters of a file are not drawn",
};

/// What is to be trained, without where it starts.
pub(super) struct Subject {
    pub data: Dataset,
    /// Rows that are held out of it.
    pub held_out: Option<Dataset>,
    pub sizes: LayerSizes,
    pub method: Method,
}

impl PlanArgs {
    /// The initial distribution of the parameters.
    pub(super) fn init(&self, preset: Preset) -> Init {
        self.init.unwrap_or_else(|| preset.init())
    }

    /// What is to be trained, if an adapter could hold it; with the rounding of one network, or of many.
    pub(super) fn subject(&self, preset: Preset, many: bool) -> Result<Subject, Error> {
        let (data, sizes) = self.network.network(|inputs| preset.hidden_sizes(inputs))?;
        check_tensors_of_any_adapter(&data, &sizes)?;
        let (data, held_out) = self.validation.split(data.with_coding(self.method.coding()))?;
        let data = self.network.data.with_noise(data);
        let method = preset.method();
        self.method.check(preset)?;
        let rounding = if many { Rounding::Plain } else { method.rounding };
        let method = self.method.method(method.with_rounding(rounding), &sizes, self.steps)?;
        Ok(Subject { data, held_out, sizes, method })
    }

    /// The plan of a run that keeps every loss whose step is a multiple of `log_every`, and the file
    /// that its start is from.
    pub(super) fn plan(
        &self,
        preset: Preset,
        Subject { data, held_out: _, sizes, method }: Subject,
        log_every: u64,
    ) -> Result<(Plan, Option<InitFile>), Error> {
        let marks = self.steps.div_ceil(log_every);
        if marks > MAX_MARKS {
            return Err(Error::Usage(format!(
                "--steps {} with --log-every {log_every} keeps {marks} losses, and {MAX_MARKS} is the \
                 most: keep fewer",
                self.steps
            )));
        }
        let (start, file) = if let Some(path) = &self.init_from {
            let (start, file) = load(path, &sizes)?;
            (start, Some(file))
        } else {
            (Parameters::initialise(&sizes, self.init(preset), self.seed), None)
        };
        Ok((Plan::new(data, method, start, self.steps, log_every)?, file))
    }
}

/// Reads the initial parameters, and notes what became of values that `f32` does not hold.
fn load(path: &Path, sizes: &LayerSizes) -> Result<(Parameters, InitFile), Error> {
    let Loaded { parameters, note, sha256 } = state_dict::load(path, sizes)?;
    if let Some(note) = &note {
        report::note(&format!("note: {}: {note}", path.display()));
    }
    Ok((parameters, InitFile { path: path.display().to_string(), sha256, note }))
}
