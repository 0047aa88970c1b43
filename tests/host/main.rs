//! Tests that need no adapter.

#[path = "../golden/mod.rs"]
mod golden;
mod reference;
