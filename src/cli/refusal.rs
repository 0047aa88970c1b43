//! What the command line is refused for, in one sentence: the option, what was found, what was
//! expected.

use std::error::Error as _;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Cli;
use crate::error::Error;

/// Why there is nothing to run.
#[derive(Debug)]
pub enum Refusal {
    /// Help or the version is to be shown, on the stream and with the exit code that clap knows.
    Shown(clap::Error),
    /// The arguments cannot be met.
    Error(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<clap::Error> for Refusal {
    fn from(error: clap::Error) -> Self {
        match error.kind() {
            ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Self::Shown(error),
            _ => Self::Error(Error::Usage(sentence(&error))),
        }
    }
}

/// The strings of one kind in the context of an error.
fn context(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::StyledStr(text)) => vec![text.to_string()],
        _ => vec![],
    }
}

/// The name of an option without what stands for its value: `--steps` of `--steps <N>`.
fn name(argument: &str) -> String {
    let name = argument.split([' ', '=']).next().unwrap_or_default();
    if name.starts_with('-') {
        name.into()
    } else {
        name.trim_matches(['[', ']', '<', '>']).to_lowercase()
    }
}

/// Whether it is a command that is there for `parity` itself.
fn is_hidden_command(name: &str) -> bool {
    Cli::command().find_subcommand(name).is_some_and(clap::Command::is_hide_set)
}

/// `a, b or c`
fn any_of(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn sentence(error: &clap::Error) -> String {
    let of = |kind| context(error, kind);
    let argument = of(ContextKind::InvalidArg).first().map(|argument| name(argument));
    let argument = argument.unwrap_or_default();
    let value = of(ContextKind::InvalidValue).concat();
    let suggestions =
        [ContextKind::SuggestedArg, ContextKind::SuggestedValue, ContextKind::SuggestedSubcommand];
    let suggestion = suggestions.into_iter().flat_map(of).find(|name| !is_hidden_command(name));
    let suggestion = suggestion.map(|suggestion| format!(" (did you mean {}?)", name(&suggestion)));
    let suggestion = suggestion.unwrap_or_default();
    match error.kind() {
        ErrorKind::InvalidValue if value.is_empty() => {
            let expected = any_of(&of(ContextKind::ValidValue));
            let expected = if expected.is_empty() { "a value behind it" } else { &expected };
            format!("{argument}: expected {expected}")
        }
        ErrorKind::InvalidValue => {
            let expected = any_of(&of(ContextKind::ValidValue));
            format!("{argument} {value}: expected {expected}{suggestion}")
        }
        ErrorKind::ValueValidation => {
            let why = error.source().map(ToString::to_string).unwrap_or_default();
            format!("{argument} {value}: {why}")
        }
        ErrorKind::UnknownArgument => {
            format!("{argument}: there is no such argument here{suggestion}; --help lists them")
        }
        ErrorKind::InvalidSubcommand => {
            let found = of(ContextKind::InvalidSubcommand).concat();
            format!("{found}: there is no such command{suggestion}; --help lists them")
        }
        ErrorKind::ArgumentConflict => {
            let prior: Vec<_> = of(ContextKind::PriorArg).iter().map(|prior| name(prior)).collect();
            match any_of(&prior) {
                other if other == argument || other.is_empty() => {
                    format!("{argument} is given twice: leave one out")
                }
                other => format!("{argument} and {other} contradict each other: leave one out"),
            }
        }
        ErrorKind::MissingRequiredArgument => {
            let missing = of(ContextKind::InvalidArg).join(" and ");
            format!("{} is missing: it must be given", missing.replace(['<', '>'], ""))
        }
        ErrorKind::TooManyValues => format!("{argument} {value}: expected no value"),
        ErrorKind::InvalidUtf8 => {
            "an argument that is no name of a file is not UTF-8: write it in UTF-8".into()
        }
        _ => error.to_string().trim_start_matches("error: ").trim_end().into(),
    }
}
