//! What is to be trained: options that `train` and `verify` share.

use std::path::{Path, PathBuf};

use super::given::Conflict;
use super::values;
use crate::error::Error;
use crate::report::{self, InitFile};
use crate::task::state_dict::{self, Loaded};
use crate::task::{Dataset, Init, LayerSizes, Method, Parameters, Preset};
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
    /// Number of input bits whose parity is learned (2 is XOR). Each step sees all 2^N rows
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = values::bits)]
    bits: u32,
}

impl NetworkArgs {
    /// The data, and the network: without `--layers`, with the hidden layers that `hidden_sizes`
    /// gives for a number of inputs.
    pub(super) fn network(
        &self,
        hidden_sizes: impl Fn(usize) -> Vec<usize>,
    ) -> Result<(Dataset, LayerSizes), Error> {
        let data = Dataset::parity(self.bits)?;
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

#[derive(clap::Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    network: NetworkArgs,
    /// Number of training steps (updates)
    #[arg(long, default_value_t = 10_000, value_parser = values::count::<u64>(1..=MAX_STEPS))]
    pub(super) steps: u64,
    /// Learning rate: the factor of the gradient in an update [default: the preset's]
    #[arg(long, value_name = "RATE", value_parser = values::learning_rate)]
    pub(super) learning_rate: Option<f64>,
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
    pub sizes: LayerSizes,
    pub method: Method,
}

impl PlanArgs {
    /// The initial distribution of the parameters.
    pub(super) fn init(&self, preset: Preset) -> Init {
        self.init.unwrap_or_else(|| preset.init())
    }

    /// What is to be trained, if an adapter could hold it.
    pub(super) fn subject(&self, preset: Preset) -> Result<Subject, Error> {
        let (data, sizes) = self.network.network(|inputs| preset.hidden_sizes(inputs))?;
        check_tensors_of_any_adapter(&data, &sizes)?;
        let method = preset.method();
        let learning_rate = self.learning_rate.unwrap_or(method.learning_rate());
        Ok(Subject { data, sizes, method: method.with_learning_rate(learning_rate) })
    }

    /// Refuses a network without a hidden layer where one is needed, and says whose it is.
    pub(super) fn check_hidden_layer(
        &self,
        preset: Preset,
        sizes: &LayerSizes,
        option: &str,
    ) -> Result<(), Error> {
        if sizes.layers().len() > 1 || self.network.layers.is_some() {
            return Ok(());
        }
        Err(Error::Usage(format!(
            "the preset {} has no hidden layer ({sizes}), and {option} needs one: take another \
             preset, or give --layers",
            preset.name()
        )))
    }

    /// The plan of a run that keeps every loss whose step is a multiple of `log_every`, and the file
    /// that its start is from.
    pub(super) fn plan(
        &self,
        preset: Preset,
        Subject { data, sizes, method }: Subject,
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
