//! The options that were typed, and which of them contradict each other: an option that would have
//! no effect is refused, and never ignored.

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::error::Error;

/// The options of a subcommand that were typed, not left to their defaults, by their long names.
#[derive(Clone, Debug, Default)]
pub(super) struct Given(Vec<String>);

/// Options that contradict each other whatever their values are.
pub(super) struct Conflict {
    /// An option.
    pub one: &'static str,
    /// Those of which none may be with it.
    pub others: &'static [&'static str],
    /// What the first makes of the run, so that the others have no effect.
    pub why: &'static str,
}

/// An option that has an effect only with one of several others.
pub(super) struct Need {
    /// The option.
    pub one: &'static str,
    /// The others.
    pub others: &'static [&'static str],
}

impl Given {
    /// Those of a subcommand.
    pub fn of(matches: &ArgMatches) -> Self {
        let is_typed =
            |id: &&clap::Id| matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
        Self(matches.ids().filter(is_typed).map(|id| id.as_str().replace('_', "-")).collect())
    }

    /// Whether an option was typed.
    pub fn has(&self, option: &str) -> bool {
        self.0.iter().any(|typed| typed == option)
    }

    /// Refuses the first contradiction.
    pub fn check(&self, conflicts: &[Conflict], needs: &[Need]) -> Result<(), Error> {
        for Conflict { one, others, why } in conflicts.iter().filter(|row| self.has(row.one)) {
            if let Some(other) = others.iter().find(|other| self.has(other)) {
                return refuse(&format!("--{one} and --{other}"), why);
            }
        }
        for Need { one, others } in needs.iter().filter(|row| self.has(row.one)) {
            if !others.iter().any(|other| self.has(other)) {
                let others: Vec<_> = others.iter().map(|other| format!("--{other}")).collect();
                let others = others.join(" or ");
                return Err(Error::Usage(format!(
                    "--{one} needs {others}: it has no effect alone"
                )));
            }
        }
        Ok(())
    }
}

/// Options that contradict each other, with the reason.
pub(super) fn refuse<T>(options: &str, why: &str) -> Result<T, Error> {
    Err(Error::Usage(format!("{options} contradict each other: {why}; leave one out")))
}
