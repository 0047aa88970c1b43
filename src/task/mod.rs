//! The description of training: data, networks, initial parameters, updates. Pure.

mod activation;
mod backprop;
mod coding;
mod dataset;
mod function;
mod init;
mod loss;
mod network;
mod optimizer;
mod preset;
mod recipe;
mod schedule;
pub mod state_dict;

pub use activation::Activation;
pub use backprop::Backprop;
pub use coding::Coding;
pub use dataset::{Dataset, MAX_BITS, Origin};
pub use function::Function;
pub use init::Init;
pub use loss::Loss;
pub use network::{Layer, LayerSizes, MAX_PARAMETERS, MAX_WIDTH, Parameters};
pub use optimizer::{Adam, Optimizer, Sgd, StepFactors, is_learning_rate};
pub use preset::Preset;
pub use recipe::{Method, Recipe, Rounding};
pub use schedule::{Decay, Schedule};
