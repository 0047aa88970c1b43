//! Tests that need no adapter.

#[path = "../golden/mod.rs"]
mod golden;

mod command;
mod contract;
mod costs;
mod enclosure;
mod gradients;
mod invariants;
mod reference;
mod sabotage;
mod state_dict;
