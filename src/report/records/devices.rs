//! What is said of the adapters of this machine, as JSON.

use serde::Serialize;

use super::versioned_json;
use crate::gpu::{Abilities, AdapterSummary, Listing};

/// The adapters of this machine.
pub struct DevicesReport<'a> {
    /// What was found.
    pub listing: &'a Listing,
}

#[derive(Serialize)]
struct Json<'a> {
    adapters: Vec<Adapter<'a>>,
    chosen: Option<usize>,
    reason: Option<&'a str>,
    error: Option<String>,
}

#[derive(Serialize)]
struct Adapter<'a> {
    number: usize,
    #[serde(flatten)]
    summary: &'a AdapterSummary,
    abilities: Abilities,
}

impl DevicesReport<'_> {
    /// One object: all adapters, with the one that is chosen or the error that says why no adapter is.
    #[must_use]
    pub fn json(&self) -> String {
        let adapters = self.listing.adapters();
        let chosen = self.listing.chosen.as_ref();
        versioned_json(&Json {
            adapters: adapters
                .map(|(number, summary, abilities)| Adapter { number, summary, abilities })
                .collect(),
            chosen: chosen.ok().map(|chosen| chosen.number),
            reason: chosen.ok().map(|chosen| chosen.reason.as_str()),
            error: chosen.err().map(ToString::to_string),
        })
    }
}
