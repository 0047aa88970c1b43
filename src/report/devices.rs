//! The text of `parity devices`.

use std::fmt::Write;

use crate::gpu::Choice;

/// Every adapter with what matters here, and the chosen one with the reason.
#[must_use]
pub fn devices(choice: &Choice) -> String {
    let mut text = String::new();
    for (index, (number, summary)) in choice.summaries().enumerate() {
        let mark = if index == choice.index { " ← train" } else { "" };
        let kind = summary.device_type.name();
        let _ = writeln!(text, "{number}: {}{mark}", summary.name);
        let _ = writeln!(text, "     {:<26}{}", "backend", summary.backend);
        let _ = writeln!(text, "     {:<26}{}", "driver", summary.driver);
        let _ = writeln!(text, "     {:<26}{kind}", "type");
        for (name, value) in choice.abilities(index) {
            let _ = writeln!(text, "     {name:<26}{value}");
        }
        text.push('\n');
    }
    let (number, chosen) = choice.summaries().nth(choice.index).expect("one was chosen");
    let _ = writeln!(
        text,
        "`parity train` takes {number}: {} through {}, because {}.",
        chosen.name, chosen.backend, choice.reason
    );
    text
}
