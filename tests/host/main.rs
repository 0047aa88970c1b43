//! Tests that need no adapter.

#[path = "../golden/mod.rs"]
mod golden;

mod command;
mod contract;
mod contradictions;
mod costs;
mod enclosure;
mod gradients;
mod invariants;
mod limits;
mod messages;
mod reference;
mod sabotage;
mod state_dict;
