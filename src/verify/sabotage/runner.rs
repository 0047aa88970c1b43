//! Runs every mutant against the checks.

use std::ops::ControlFlow;

use super::equivalent::{EQUIVALENTS, Equivalent};
use super::mutant::{Mutant, mutants};
use super::named::named;
use super::outcome::{Fate, Sabotage, Specimen};
use crate::error::Error;
use crate::gpu::{Gpu, Selection};
use crate::verify::{Effort, Failure, Kernel, Trial, kernels};

/// How far a run has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The kernel whose mutants are run.
    pub kernel: &'static str,
    /// Mutants that were run.
    pub done: usize,
    /// All that will be.
    pub total: usize,
}

/// Called before each mutant; breaking off leaves it and all others out.
pub type Observer<'a> = dyn FnMut(Progress) -> ControlFlow<()> + 'a;

/// Runs the mutants of every kernel, or of the one that is named.
///
/// A kernel's own check comes first, with little effort and then with all of it; what passes both
/// is left to `further`, which is given a device that compiles the mutant.
///
/// # Errors
/// [`Error::Usage`] if there is no such kernel or the adapter cannot run it, [`Error::Wrong`] if an
/// unchanged kernel fails, [`Error::Gpu`] if no device can be opened.
pub async fn sabotage(
    selection: Selection,
    effort: Effort,
    only: Option<&str>,
    further: impl AsyncFn(&Gpu, &Kernel, Effort) -> Result<(), Failure>,
    observe: &mut Observer<'_>,
) -> Result<Sabotage, Error> {
    let gpu = Gpu::open(selection.clone()).await?;
    let kernels = kernels::chosen(&gpu, only)?;
    let of_kernel = |kernel: &Kernel| [named(kernel.spec), mutants(kernel.spec)].concat();
    let all: Vec<_> = kernels.iter().map(|kernel| (*kernel, of_kernel(kernel))).collect();
    let total = all.iter().map(|(_, mutants)| mutants.len()).sum();
    let mut bench = Bench { gpu, selection, effort, further };
    for kernel in &kernels {
        bench.control(kernel).await?;
    }
    let mut specimens = vec![];
    let mut list_faults = unknown(&all);
    let mut interrupted = false;
    'all: for (kernel, mutants) in all {
        for mutant in mutants {
            let (kernel_name, done) = (kernel.spec.name, specimens.len());
            if observe(Progress { kernel: kernel_name, done, total }).is_break() {
                interrupted = true;
                break 'all;
            }
            let listed = EQUIVALENTS.iter().find(|equivalent| equivalent.is(&mutant));
            let fate = bench.fate(kernel, &mutant, listed.is_some()).await?;
            let (fate, fault) = as_listed(fate, listed);
            list_faults.extend(fault);
            specimens.push(Specimen::new(mutant, fate));
        }
    }
    Ok(Sabotage { interrupted, ..Sabotage::new(specimens, list_faults) })
}

/// A complaint about each entry of the list that is no mutant of the kernels at hand.
fn unknown(all: &[(&Kernel, Vec<Mutant>)]) -> Vec<String> {
    let at_hand =
        |entry: &&Equivalent| all.iter().any(|(kernel, _)| kernel.spec.name == entry.kernel);
    let is_known = |entry: &&Equivalent| {
        all.iter().any(|(_, mutants)| mutants.iter().any(|mutant| entry.is(mutant)))
    };
    let unknown = EQUIVALENTS.iter().filter(at_hand).filter(|entry| !is_known(entry));
    unknown.map(|entry| format!("{}: no mutant is {:?}", entry.kernel, entry.after)).collect()
}

/// The fate of a mutant that may be listed as computing the same, and a complaint if it does not.
fn as_listed(fate: Fate, listed: Option<&Equivalent>) -> (Fate, Option<String>) {
    match (fate, listed) {
        (Fate::Survived, Some(entry)) => (Fate::Equivalent { reason: entry.reason }, None),
        (fate, Some(entry)) => {
            let fault = format!("{}: {:?} does not compute the same", entry.kernel, entry.after);
            (fate, Some(fault))
        }
        (fate, None) => (fate, None),
    }
}

/// Where mutants are run.
struct Bench<F> {
    gpu: Gpu,
    selection: Selection,
    effort: Effort,
    further: F,
}

impl<F: AsyncFn(&Gpu, &Kernel, Effort) -> Result<(), Failure>> Bench<F> {
    /// A kernel's own text, compiled as its mutants are, must pass what they must not.
    async fn control(&mut self, kernel: &Kernel) -> Result<(), Error> {
        let name = kernel.spec.name;
        self.gpu.substitute(name, kernel.spec.source().to_owned());
        let passed = self.checks(kernel, false).await;
        self.gpu.restore();
        match passed {
            Ok(()) => Ok(()),
            Err((Failure::Error(error), _)) => Err(error),
            Err((Failure::Fault(fault), _)) => Err(Error::Wrong(format!(
                "{name} as it is fails: {}, {}[{}] is {:e}, not {:e} ± {:e}; run verify without \
                 --sabotage first",
                fault.case, fault.tensor, fault.index, fault.found, fault.expected, fault.bound
            ))),
        }
    }

    /// Of what is listed as computing the same, it is enough that the quick checks agree.
    async fn fate(
        &mut self,
        kernel: &Kernel,
        mutant: &Mutant,
        is_listed: bool,
    ) -> Result<Fate, Error> {
        self.gpu.substitute(kernel.spec.name, mutant.source.clone());
        let passed = self.checks(kernel, is_listed).await;
        self.gpu.restore();
        Ok(match passed {
            Ok(()) => Fate::Survived,
            Err((Failure::Fault(fault), quick)) => Fate::Caught { fault, quick },
            Err((Failure::Error(error), _)) => {
                // All that wgpu refuses on a device that goes on working is the text.
                let is_refused = matches!(error, Error::Gpu(_)) && self.gpu.works().await;
                let error = error.to_string();
                if is_refused {
                    return Ok(Fate::Stillborn { error });
                }
                self.gpu = Gpu::open(self.selection.clone()).await?;
                Fate::Failed { error }
            }
        })
    }

    /// All checks that are asked for, the quick ones first; a failure comes with whether it was
    /// one of those.
    async fn checks(&self, kernel: &Kernel, only_quick: bool) -> Result<(), (Failure, bool)> {
        let efforts = if self.effort.quick || only_quick { &[true][..] } else { &[true, false] };
        for &quick in efforts {
            let effort = Effort { quick, ..self.effort };
            let mut trial = Trial::new(&self.gpu, kernel.spec.name, effort);
            let checked = kernel.check(&mut trial).await.and_then(|()| trial.all_checked());
            checked.map_err(|failure| (failure, quick))?;
        }
        (self.further)(&self.gpu, kernel, self.effort).await.map_err(|failure| (failure, false))
    }
}
