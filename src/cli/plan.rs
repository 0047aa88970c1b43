//! What is to be trained: options that `train` and `verify` share.

use std::path::{Path, PathBuf};

use crate::dataset::Dataset;
use crate::error::Error;
use crate::model::{Init, LayerSizes, Parameters};
use crate::report::{self, InitFile};
use crate::rule::{Preset, Variant};
use crate::scalar::Scalar;
use crate::state_dict::{self, Loaded};
use crate::train::Plan;

/// The most losses that a run may keep.
const MAX_MARKS: u64 = 10_000_000;

/// The most steps of a run.
pub(super) const MAX_STEPS: u64 = 1 << 40;

/// The seed, unless the user says otherwise.
pub(super) const SEED: u64 = 48;

#[derive(clap::Args)]
pub(super) struct PlanArgs {
    /// Neurons in each layer, input first, such as 2-8-8-1 [default: the preset's]
    #[arg(long)]
    layers: Option<String>,
    /// Learn the parity of this many bits (2 is XOR): all 2^N rows at every step
    #[arg(long, value_name = "N", default_value_t = 2)]
    bits: u32,
    /// Updates to make
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=MAX_STEPS))]
    pub(super) steps: u64,
    /// The factor of the gradient in an update [default: the preset's]
    #[arg(long)]
    pub(super) learning_rate: Option<f64>,
    /// The seed of the starting parameters; from the default, every preset shows what it is for
    #[arg(long, default_value_t = SEED)]
    pub(super) seed: u64,
    /// The law that they are drawn from [default: the preset's]
    #[arg(long)]
    init: Option<Init>,
    /// Start from a safetensors file, named and shaped as PyTorch saves a Sequential
    #[arg(long, value_name = "FILE", conflicts_with_all = ["init", "seed"])]
    pub(super) init_from: Option<PathBuf>,
}

/// Refuses what is none on the GPU: 1e-50 is 0 there, and 1e39 infinite.
pub(super) fn check_learning_rate(rate: f64) -> Result<(), Error> {
    let as_f32 = f32::from_f64(rate);
    if as_f32 > 0.0 && as_f32.is_finite() {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "--learning-rate {rate:?}: expected a finite number above 0, from 1e-45 to 3.4e38 as f32 \
         holds them"
    )))
}

impl PlanArgs {
    /// The law that parameters are drawn from.
    pub(super) fn init(&self, preset: Preset) -> Init {
        self.init.unwrap_or_else(|| preset.init())
    }

    /// Checks everything that can be checked without a GPU. The file is the one that the start is
    /// from.
    pub(super) fn plan(
        &self,
        preset: Preset,
        log_every: u64,
    ) -> Result<(Plan, Option<InitFile>), Error> {
        let data = Dataset::parity(self.bits)?;
        let sizes = self.sizes(preset, &data)?;
        let mut rule = preset.rule();
        if let Some(learning_rate) = self.learning_rate {
            rule.learning_rate = learning_rate;
        }
        check_learning_rate(rule.learning_rate)?;
        let marks = self.steps.div_ceil(log_every);
        if marks > MAX_MARKS {
            return Err(Error::Usage(format!(
                "--log-every {log_every}: that keeps {marks} losses, and {MAX_MARKS} is the most; \
                 keep fewer"
            )));
        }
        let (start, file) = if let Some(path) = &self.init_from {
            let (start, file) = load(path, &sizes)?;
            (start, Some(file))
        } else {
            (Parameters::initialise(&sizes, self.init(preset), self.seed), None)
        };
        let (variant, steps) = (Variant::CAREFUL, self.steps);
        Ok((Plan { data, rule, variant, start, steps, log_every }, file))
    }

    fn sizes(&self, preset: Preset, data: &Dataset) -> Result<LayerSizes, Error> {
        let Some(written) = &self.layers else {
            let hidden = preset.hidden_sizes(data.input_size);
            return LayerSizes::new([vec![data.input_size], hidden, vec![1]].concat());
        };
        let sizes: LayerSizes = written.parse()?;
        if sizes.input_size() == data.input_size {
            return Ok(sizes);
        }
        Err(Error::Usage(format!(
            "--layers {sizes}: the network takes {} inputs, and the data have {} (--bits {}); the \
             two must be the same",
            sizes.input_size(),
            data.input_size,
            self.bits
        )))
    }
}

/// Reads where training starts, and says what became of values that `f32` does not hold.
fn load(path: &Path, sizes: &LayerSizes) -> Result<(Parameters, InitFile), Error> {
    let Loaded { parameters, note, sha256 } = state_dict::load(path, sizes)?;
    if let Some(note) = &note {
        report::note(&format!("note: {}: {note}", path.display()));
    }
    Ok((parameters, InitFile { path: path.display().to_string(), sha256, note }))
}
