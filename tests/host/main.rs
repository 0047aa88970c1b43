//! Tests that need no adapter.

#[path = "../figures/mod.rs"]
mod figures;
#[path = "../golden/mod.rs"]
mod golden;

mod acceptance;
mod command;
mod contract;
mod contradictions;
mod costs;
mod docs;
mod enclosure;
mod engines;
mod gradients;
mod identity;
mod invariants;
mod limits;
mod messages;
mod reference;
mod reports;
mod sabotage;
mod snapshots;
mod state_dict;
