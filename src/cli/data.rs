//! The data: options of all commands that train.

use std::str::FromStr;

use super::given::Need;
use super::values;
use crate::error::Error;
use crate::task::{Dataset, Function, MAX_BITS, MAX_WIDTH};

/// The most rows that are drawn.
const MAX_ROWS: u64 = 1 << 24;

/// What the seed of the data goes with.
pub(super) const DATA_SEED: Need = Need { one: "data-seed", others: &["rows", "label-noise"] };

#[derive(clap::Args)]
pub(super) struct DataArgs {
    /// Function of the bits that is learned
    #[arg(long, value_enum, default_value = "parity")]
    function: Function,
    /// Number of input bits (2 with the parity is XOR). Up to 16, each step sees all 2^N rows; more
    /// need --rows
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = values::bits)]
    bits: u32,
    /// Number of bits that count, the first ones: the others are noise to the function [default: all]
    #[arg(long, value_name = "K", value_parser = values::count::<u32>(1..=MAX_WIDTH as u64))]
    relevant: Option<u32>,
    /// Number of rows to draw, with replacement [default: all patterns of the bits, each once]
    #[arg(long, value_name = "ROWS", value_parser = values::count::<u64>(1..=MAX_ROWS))]
    rows: Option<u64>,
    /// Seed of the rows that are drawn, and of label noise
    #[arg(long, value_name = "SEED", default_value_t = 0, value_parser = values::count::<u64>(0..=u64::MAX))]
    data_seed: u64,
    /// Probability that the target of a row is the other one
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = values::probability)]
    label_noise: f64,
}

/// The rows that are held out of training.
#[derive(clap::Args)]
pub(super) struct ValidationArgs {
    /// Rows to hold out of training, as a number or a share such as 0.2. Label noise does not change
    /// them
    #[arg(long, value_name = "ROWS|SHARE")]
    validation: Option<Validation>,
    /// Seed of the choice of the rows that are held out
    #[arg(long, value_name = "SEED", default_value_t = 0, value_parser = values::count::<u64>(0..=u64::MAX))]
    split_seed: u64,
}

#[derive(Clone, Copy)]
enum Validation {
    Rows(usize),
    Share(f64),
}

impl FromStr for Validation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(rows) = values::count::<usize>(1..=u64::MAX)(text) {
            return Ok(Self::Rows(rows));
        }
        let share = text.parse().ok().filter(|share| *share > 0.0 && *share < 1.0);
        share.map(Self::Share).ok_or_else(|| {
            "expected a number of rows, 1 or more, or a share between 0 and 1, such as 0.2".into()
        })
    }
}

impl DataArgs {
    /// The data without label noise.
    pub(super) fn data(&self) -> Result<Dataset, Error> {
        let Self { function, bits, data_seed, .. } = *self;
        let relevant = self.relevant.unwrap_or(bits);
        if relevant > bits {
            return Err(Error::Usage(format!(
                "--relevant {relevant} and --bits {bits}: expected no more than there are bits"
            )));
        }
        let Some(rows) = self.rows else {
            if bits > MAX_BITS {
                return Err(Error::Usage(format!(
                    "--bits {bits}: all patterns of more than {MAX_BITS} bits are too many; take --rows, \
                     which draws some"
                )));
            }
            return Dataset::table(function, bits, relevant);
        };
        let [bits, relevant] = [bits, relevant].map(|it| it as usize);
        let rows = usize::try_from(rows).expect("2²⁴ at most");
        Dataset::drawn(function, bits, relevant, rows, data_seed)
    }

    /// The rows to train on, from [`Self::data`].
    pub(super) fn with_noise(&self, data: Dataset) -> Dataset {
        data.with_label_noise(self.label_noise, self.data_seed)
    }
}

impl ValidationArgs {
    /// The rows to train on, and those that are held out.
    pub(super) fn split(&self, data: Dataset) -> Result<(Dataset, Option<Dataset>), Error> {
        let rows = data.row_count();
        let count = match self.validation {
            None => return Ok((data, None)),
            Some(Validation::Rows(count)) => count,
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "a share of the rows"
            )]
            Some(Validation::Share(share)) => (rows as f64 * share).round() as usize,
        };
        let split = data.split(count, self.split_seed);
        let [data, held_out] =
            split.map_err(|error| Error::Usage(format!("--validation: {error}")))?;
        Ok((data, Some(held_out)))
    }
}
