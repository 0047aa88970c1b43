//! What became of the mutants.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::mutant::Mutant;
use crate::verify::Fault;

/// What became of one mutant. Processes tell each other by its JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fate")]
pub enum Fate {
    /// A check found a value that is wrong.
    Caught {
        /// The first such value.
        fault: Box<Fault>,
        /// Whether the quick checks did.
        quick: bool,
    },
    /// A check could not be made on a device that goes on working, such as where its count of steps
    /// is wrong.
    Failed {
        /// In its words.
        error: String,
    },
    /// The device failed, the process that tried it died, or it did not end.
    Crashed {
        /// In words.
        how: String,
        /// Whether the shipped kernel passes in a fresh process: only then does this count as caught.
        confirmed: bool,
    },
    /// The compiler refused it, so that it could never run.
    Stillborn {
        /// In its words.
        error: String,
    },
    /// It passed every check, and computes the same.
    Equivalent {
        /// Why.
        reason: Cow<'static, str>,
    },
    /// It passed every check.
    Survived,
}

/// A mutant, and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Specimen {
    /// The stem of the shader.
    pub kernel: &'static str,
    /// What was done to it.
    pub rule: &'static str,
    /// Whether it was written by hand.
    pub by_hand: bool,
    /// The number of the line; none of a launch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The line, or the launch, as it was.
    pub before: String,
    /// As it is.
    pub after: String,
    /// What became of it.
    #[serde(flatten)]
    pub fate: Fate,
}

impl Specimen {
    pub(super) fn new(mutant: Mutant, fate: Fate) -> Self {
        let Mutant { kernel, rule, by_hand, line, before, after, .. } = mutant;
        let line = (line > 0).then_some(line);
        Self { kernel, rule, by_hand, line, before, after, fate }
    }
}

/// How many mutants had which fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Caught by a check.
    pub killed: usize,
    /// Crashed the driver, which the shipped kernel does not.
    pub crashed: usize,
    /// Passed every check, or crashed the driver as the shipped kernel does.
    pub survived: usize,
    /// Refused by the compiler: these count for nothing.
    pub stillborn: usize,
    /// Listed as computing the same: these count for nothing either.
    pub equivalent: usize,
}

impl Count {
    /// The share of mutants that were killed, among those that could be; 1 if there were none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "there are some thousands")]
    pub fn score(&self) -> f64 {
        match self.all() {
            0 => 1.0,
            all => self.noticed() as f64 / all as f64,
        }
    }

    /// Mutants that were noticed: caught, or crashed.
    #[must_use]
    pub fn noticed(&self) -> usize {
        self.killed + self.crashed
    }

    /// Mutants that could be noticed.
    #[must_use]
    pub fn all(&self) -> usize {
        self.noticed() + self.survived
    }

    fn add(&mut self, fate: &Fate) {
        *match fate {
            Fate::Caught { .. } | Fate::Failed { .. } => &mut self.killed,
            Fate::Stillborn { .. } => &mut self.stillborn,
            Fate::Equivalent { .. } => &mut self.equivalent,
            Fate::Crashed { confirmed: true, .. } => &mut self.crashed,
            Fate::Survived | Fate::Crashed { .. } => &mut self.survived,
        } += 1;
    }
}

/// What became of all of them.
#[derive(Clone, Debug, Serialize)]
pub struct Sabotage {
    /// Counts of all kernels together.
    pub count: Count,
    /// Counts of each kernel.
    pub by_kernel: BTreeMap<&'static str, Count>,
    /// Counts of each rule; mutants that were written by hand are not among them.
    pub by_rule: BTreeMap<&'static str, Count>,
    /// Each mutant, in the order in which they were run.
    pub specimens: Vec<Specimen>,
    /// What is wrong with the list of those that compute the same.
    pub list_faults: Vec<String>,
    /// Mutants that were to be run.
    pub total: usize,
    /// Whether the user broke off before all were run.
    pub interrupted: bool,
}

impl Sabotage {
    pub(super) fn new(specimens: Vec<Specimen>, list_faults: Vec<String>, total: usize) -> Self {
        let mut count = Count::default();
        let (mut by_kernel, mut by_rule) =
            (BTreeMap::<_, Count>::new(), BTreeMap::<_, Count>::new());
        for specimen in &specimens {
            count.add(&specimen.fate);
            by_kernel.entry(specimen.kernel).or_default().add(&specimen.fate);
            if !specimen.by_hand {
                by_rule.entry(specimen.rule).or_default().add(&specimen.fate);
            }
        }
        let interrupted = specimens.len() < total;
        Self { count, by_kernel, by_rule, specimens, list_faults, total, interrupted }
    }

    /// Whether all were run, every mutant was noticed that could be, and the list is right.
    #[must_use]
    pub fn is_proof(&self) -> bool {
        self.count.survived == 0 && self.list_faults.is_empty() && !self.interrupted
    }

    /// Those that were not noticed.
    pub fn survivors(&self) -> impl Iterator<Item = &Specimen> {
        let is_survivor =
            |fate: &Fate| matches!(fate, Fate::Survived | Fate::Crashed { confirmed: false, .. });
        self.specimens.iter().filter(move |specimen| is_survivor(&specimen.fate))
    }

    /// Those that were written by hand.
    pub fn by_hand(&self) -> impl Iterator<Item = &Specimen> {
        self.specimens.iter().filter(|specimen| specimen.by_hand)
    }
}

#[cfg(test)]
mod tests {
    use super::super::mutant::mutants;
    use super::*;

    /// Some mutant with this fate.
    fn specimen(fate: Fate) -> Specimen {
        Specimen::new(mutants(&crate::kernels::activation::SPEC).remove(0), fate)
    }

    fn crashed(confirmed: bool) -> Fate {
        Fate::Crashed { how: "killed".into(), confirmed }
    }

    #[test]
    fn a_proof_is_of_all_mutants_each_of_them_noticed_and_of_a_list_that_is_right() {
        let failed = || Fate::Failed { error: "no".into() };
        let of = |fates: Vec<Fate>, list_faults: &[&str], total| {
            let specimens = fates.into_iter().map(specimen).collect();
            let list_faults = list_faults.iter().map(|&fault| fault.into()).collect();
            Sabotage::new(specimens, list_faults, total)
        };
        assert!(of(vec![failed(), crashed(true)], &[], 2).is_proof());
        let stillborn = Fate::Stillborn { error: "no".into() };
        let equivalent = Fate::Equivalent { reason: "the same".into() };
        assert!(of(vec![failed(), stillborn, equivalent], &[], 3).is_proof());
        assert!(!of(vec![failed(), Fate::Survived], &[], 2).is_proof());
        assert!(!of(vec![failed(), crashed(false)], &[], 2).is_proof());
        assert!(!of(vec![failed(), failed()], &["a fault"], 2).is_proof());
        assert!(!of(vec![failed(), failed()], &[], 3).is_proof(), "one was not run");
    }

    #[test]
    fn each_fate_is_counted_as_what_it_is() {
        let fates = [
            Fate::Failed { error: "no".into() },
            crashed(true),
            crashed(false),
            Fate::Survived,
            Fate::Stillborn { error: "no".into() },
            Fate::Equivalent { reason: "the same".into() },
        ];
        let found = Sabotage::new(fates.map(specimen).into(), vec![], 6);
        let expected = Count { killed: 1, crashed: 1, survived: 2, stillborn: 1, equivalent: 1 };
        assert_eq!(found.count, expected);
        assert_eq!((found.count.noticed(), found.count.all(), found.count.score()), (2, 4, 0.5));
        assert_eq!(found.survivors().count(), 2);
    }
}
