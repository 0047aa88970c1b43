//! The report of `parity devices`: text and JSON of the same facts.

use std::fmt::Write;

use serde::Serialize;

use crate::gpu::{Abilities, AdapterSummary, Chosen, Listing};

/// The adapters of this machine.
pub struct DevicesReport<'a> {
    /// What was found.
    pub listing: &'a Listing,
}

#[derive(Serialize)]
struct Json<'a> {
    version: &'static str,
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
    /// One object; without an adapter to take, the error and what there is all the same.
    #[must_use]
    pub fn json(&self) -> String {
        let adapters = self.listing.adapters();
        let chosen = self.listing.chosen.as_ref();
        super::json(&Json {
            version: env!("CARGO_PKG_VERSION"),
            adapters: adapters
                .map(|(number, summary, abilities)| Adapter { number, summary, abilities })
                .collect(),
            chosen: chosen.ok().map(|chosen| chosen.number),
            reason: chosen.ok().map(|chosen| chosen.reason.as_str()),
            error: chosen.err().map(ToString::to_string),
        })
    }

    /// Every adapter with what matters here, and the chosen one with the reason.
    #[must_use]
    pub fn text(&self, chosen: &Chosen) -> String {
        let mut text = String::new();
        let mut closing = String::new();
        for (number, summary, abilities) in self.listing.adapters() {
            let AdapterSummary { name, backend, .. } = summary;
            let mut mark = "";
            if number == chosen.number {
                mark = " ← train";
                closing = format!(
                    "`parity train` takes {number}: {name} through {backend}, because {}.\n",
                    chosen.reason
                );
            }
            let _ = writeln!(text, "{number}: {name}{mark}");
            for (name, value) in rows(summary, &abilities) {
                let _ = writeln!(text, "     {name:<26}{value}");
            }
            text.push('\n');
        }
        text + &closing
    }
}

/// What is said of an adapter.
fn rows(summary: &AdapterSummary, abilities: &Abilities) -> [(&'static str, String); 13] {
    let has = |has: bool| String::from(if has { "yes" } else { "no" });
    let mebibytes = |bytes: u64| format!("{} MiB", bytes >> 20);
    [
        ("backend", summary.backend.to_string()),
        ("driver", summary.driver.clone()),
        ("type", summary.device_type.name().into()),
        ("timestamps", has(abilities.timestamps)),
        ("subgroups", has(abilities.subgroups)),
        ("f16", has(abilities.f16)),
        ("immediates", has(abilities.immediates)),
        ("invocations a workgroup", abilities.invocations_per_workgroup.to_string()),
        ("workgroup memory", format!("{} B", abilities.workgroup_memory_bytes)),
        ("workgroups a dimension", abilities.workgroups_per_dimension.to_string()),
        ("storage buffers a stage", abilities.storage_buffers_per_stage.to_string()),
        ("largest binding", mebibytes(abilities.largest_binding_bytes)),
        ("largest buffer", mebibytes(abilities.largest_buffer_bytes)),
    ]
}
