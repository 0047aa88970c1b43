//! The text about the adapters of this machine.

use std::fmt::Write;

use crate::gpu::{Abilities, AdapterSummary, Chosen};
use crate::report::DevicesReport;

impl DevicesReport<'_> {
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
