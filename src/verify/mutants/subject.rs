//! What is tried: each kernel as it is, then each mutant of its text, then of its launches; and the
//! choice among them.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::equivalent::EQUIVALENTS;
use super::launches::launches;
use super::mutant::{Mutant, mutants};
use super::named::named;
use super::same_launch::same_launch;
use crate::gpu::{Place, WrongLaunch};
use crate::verify::{KERNELS, Kernel};

/// A kernel as it is, or with a mistake in it.
#[derive(Clone)]
pub struct Subject {
    /// The kernel.
    pub kernel: &'static Kernel,
    /// The mistake; none in the shipped kernel.
    pub mutant: Option<Mutant>,
}

impl Subject {
    /// Its text, without the lines that the host writes before it.
    #[must_use]
    pub fn source(&self) -> &str {
        self.mutant.as_ref().map_or(self.kernel.spec.source(), |mutant| &mutant.source)
    }

    /// What is wrong with its launches, if that is it.
    #[must_use]
    pub fn launch(&self) -> Option<WrongLaunch> {
        self.mutant.as_ref()?.launch
    }

    /// Whether only training is wrong, so that the kernel's own check says nothing.
    #[must_use]
    pub fn is_of_training(&self) -> bool {
        self.launch().is_some_and(|launch| launch.place != Place::Everywhere)
    }

    /// Why it computes the same, if it is listed as such, and whether on every device.
    #[must_use]
    pub fn listed(&self) -> Option<(&'static str, bool)> {
        let mutant = self.mutant.as_ref()?;
        if let Some(launch) = &mutant.launch {
            return same_launch(launch).map(|entry| (entry.reason, entry.always));
        }
        let entry = EQUIVALENTS.iter().find(|equivalent| equivalent.is(mutant))?;
        Some((entry.reason, true))
    }
}

/// Every subject: first the shipped kernels, in the order of [`KERNELS`], then mutants of their texts,
/// then of their launches. The place of a subject is its number, which is the same in all processes of one build.
#[must_use]
pub fn subjects() -> Vec<Subject> {
    let shipped = KERNELS.iter().map(|kernel| Subject { kernel, mutant: None });
    let wrong = KERNELS.iter().flat_map(|kernel| {
        let mutants = named(kernel.spec).into_iter().chain(mutants(kernel.spec));
        mutants.map(move |mutant| Subject { kernel, mutant: Some(mutant) })
    });
    let launched = KERNELS.iter().flat_map(|kernel| {
        let mutants = launches(kernel.spec).into_iter();
        mutants.map(move |mutant| Subject { kernel, mutant: Some(mutant) })
    });
    shipped.chain(wrong).chain(launched).collect()
}

/// A part of the mutants that are made by rule, together with all that are written by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Part {
    index: u64,
    count: u64,
}

impl Part {
    /// Whether a mutant belongs to it: its hash modulo the number of parts says so. The hash is of
    /// what the mutant changes, so that other mutants do not move it, and no machine does.
    #[must_use]
    pub fn holds(self, mutant: &Mutant) -> bool {
        let Mutant { kernel, rule, by_hand, function, before, after, .. } = mutant;
        let what = [*kernel, rule, function, before, after].join("\n");
        let digest = Sha256::digest(what.as_bytes());
        let start = digest[..8].try_into().expect("a digest has 32 bytes");
        *by_hand || u64::from_be_bytes(start) % self.count == self.index
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split_once('/').and_then(|(index, count)| {
            Some((index.parse::<u64>().ok()?, count.parse::<u64>().ok()?))
        });
        match numbers {
            Some((index, count)) if index < count => Ok(Self { index, count }),
            _ => Err("expected K/N with K from 0 to N − 1, such as 0/3".into()),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.index, self.count)
    }
}

impl From<Part> for String {
    fn from(part: Part) -> Self {
        part.to_string()
    }
}
