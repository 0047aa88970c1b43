//! The optimizer and the schedule of its learning rate: options of all commands that train.

use std::str::FromStr;

use super::given::{Need, refuse};
use super::recipe::MAX_STEPS;
use super::values;
use crate::error::Error;
use crate::task::{Adam, Decay, Method, Optimizer, Schedule, Sgd};

/// What Nesterov's momentum goes with.
pub(super) const NESTEROV: Need = Need { one: "nesterov", others: &["momentum"] };

#[derive(clap::Args)]
pub(super) struct OptimizerArgs {
    /// Learning rate: the factor of the gradient in an update [default: 1, or the preset's; 0.001 for
    /// adam and adamw]
    #[arg(long, value_name = "RATE", value_parser = values::learning_rate)]
    pub(super) learning_rate: Option<f64>,
    /// Optimizer, by PyTorch's formulas
    #[arg(long, value_enum, default_value = "sgd")]
    optimizer: OptimizerChoice,
    /// Momentum μ in v ← μ·v + gradient, parameter ← parameter − learning rate·v
    #[arg(long, default_value_t = 0.0, value_parser = values::momentum)]
    momentum: f64,
    /// Nesterov's momentum: parameter ← parameter − learning rate·(gradient + μ·v)
    #[arg(long)]
    nesterov: bool,
    /// Weight decay λ: gradient ← gradient + λ·parameter, before everything else; for adamw
    /// parameter ← parameter − learning rate·λ·parameter [default: 0; 0.01 for adamw]
    #[arg(long, value_name = "DECAY", value_parser = values::weight_decay)]
    weight_decay: Option<f64>,
    /// Shares of the means of the gradient and of its square that the last update leaves, for adam and
    /// adamw [default: 0.9,0.999]
    #[arg(long, value_name = "BETA,BETA", value_parser = values::betas)]
    betas: Option<[f64; 2]>,
    /// Number that keeps adam and adamw from dividing by zero [default: 1e-8]
    #[arg(long, value_parser = values::epsilon)]
    epsilon: Option<f64>,
    /// Schedule of the learning rate: constant; step:EVERY[:FACTOR], which multiplies it by FACTOR
    /// (0.1) every EVERY updates; cosine[:LEAST], which takes it to LEAST times itself (0) at the
    /// last update
    #[arg(long, value_name = "SCHEDULE", default_value = "constant")]
    schedule: ScheduleChoice,
    /// Number of updates in which the learning rate rises from 0, before its schedule begins
    #[arg(long, value_name = "STEPS", default_value_t = 0, value_parser = values::count::<u64>(0..=MAX_STEPS))]
    warmup: u64,
}

/// The optimizer that is asked for.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum OptimizerChoice {
    /// Stochastic gradient descent
    Sgd,
    /// Adam
    Adam,
    /// Adam with decoupled weight decay
    Adamw,
}

/// The schedule that is asked for.
#[derive(Clone, Copy, PartialEq)]
enum ScheduleChoice {
    Constant,
    Step { every: u64, factor: f64 },
    Cosine { least: f64 },
}

impl FromStr for ScheduleChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<_> = text.split(':').collect();
        let share = |text: &str| values::probability(text).ok();
        let every = |text: &str| values::count::<u64>(1..=MAX_STEPS)(text).ok();
        let choice = match parts.as_slice() {
            ["constant"] => Some(Self::Constant),
            ["step", number] => every(number).map(|every| Self::Step { every, factor: 0.1 }),
            ["step", number, factor] => {
                every(number).zip(share(factor)).map(|(every, factor)| Self::Step { every, factor })
            }
            ["cosine"] => Some(Self::Cosine { least: 0.0 }),
            ["cosine", least] => share(least).map(|least| Self::Cosine { least }),
            _ => None,
        };
        choice.ok_or_else(|| {
            "expected constant, step:EVERY[:FACTOR] such as step:1000:0.1, or cosine[:LEAST] such as \
             cosine:0.01, with factors from 0 to 1"
                .into()
        })
    }
}

impl OptimizerArgs {
    /// The options that change more than the learning rate, and whether each does.
    pub(super) fn extras(&self) -> [(&'static str, bool); 3] {
        [
            ("optimizer", self.optimizer != OptimizerChoice::Sgd),
            ("momentum", self.momentum != 0.0),
            ("weight-decay", self.weight_decay.is_some_and(|decay| decay != 0.0)),
        ]
    }

    /// A method with this optimizer and schedule, in a run of this number of updates.
    pub(super) fn method(&self, method: Method, steps: u64) -> Result<Method, Error> {
        let method = method.with_schedule(self.schedule(steps)?);
        let default = match self.optimizer {
            OptimizerChoice::Sgd => return self.descent(method),
            OptimizerChoice::Adam => Adam::DEFAULT,
            OptimizerChoice::Adamw => Adam::DECOUPLED,
        };
        if self.momentum != 0.0 {
            return refuse(
                "--momentum and --optimizer adam",
                "its momentum is the first of --betas",
            );
        }
        let adam = Adam {
            learning_rate: self.learning_rate.unwrap_or(default.learning_rate),
            betas: self.betas.unwrap_or(default.betas),
            epsilon: self.epsilon.unwrap_or(default.epsilon),
            weight_decay: self.weight_decay.unwrap_or(default.weight_decay),
            ..default
        };
        Ok(method.with_optimizer(Optimizer::Adam(adam)))
    }

    fn descent(&self, method: Method) -> Result<Method, Error> {
        for (option, is_given) in
            [("--betas", self.betas.is_some()), ("--epsilon", self.epsilon.is_some())]
        {
            if is_given {
                return Err(Error::Usage(format!(
                    "{option} needs --optimizer adam or adamw: gradient descent has none"
                )));
            }
        }
        if self.nesterov && self.momentum == 0.0 {
            return refuse("--nesterov and --momentum 0", "it is a kind of momentum");
        }
        Ok(method.with_optimizer(Optimizer::Sgd(Sgd {
            learning_rate: self.learning_rate.unwrap_or(method.learning_rate()),
            momentum: self.momentum,
            nesterov: self.nesterov,
            weight_decay: self.weight_decay.unwrap_or(0.0),
        })))
    }

    fn schedule(&self, steps: u64) -> Result<Schedule, Error> {
        let warmup = self.warmup;
        if warmup > 0 && warmup >= steps {
            return refuse(
                &format!("--warmup {warmup} and --steps {steps}"),
                "the learning rate would not reach its value",
            );
        }
        let decay = match self.schedule {
            ScheduleChoice::Constant => Decay::Constant,
            ScheduleChoice::Step { every, factor } => Decay::Step { every, factor },
            ScheduleChoice::Cosine { least } => Decay::Cosine { steps, least },
        };
        Ok(Schedule { warmup, decay })
    }
}
