//! All subjects against the checks: which worker tries which of them, and what follows when one of
//! them dies. Workers are processes; who starts them decides how.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::equivalent::{EQUIVALENTS, Equivalent};
use super::mutant::Mutant;
use super::outcome::{Fate, Sabotage, Specimen};
use super::subject::{Part, Subject, subjects};
use crate::error::Error;
use crate::verify::Kernel;

/// Subjects that one worker tries before another takes its place: what a driver leaks, or a wrong
/// kernel spoils without a crash, goes no further.
pub const PER_WORKER: usize = 50;

/// The longest time that a shipped kernel may take.
const LONGEST: Duration = Duration::from_mins(30);

/// The longest time that a mutant may take: this much, and a multiple of what its kernel takes.
const PATIENCE: Duration = Duration::from_secs(20);
const MULTIPLE: u32 = 20;

/// A process that tries subjects.
pub trait Worker {
    /// Tries one, for at most so long. A worker that died is not asked again.
    fn try_subject(&mut self, number: usize, longest: Duration) -> Reply;
}

/// What comes of asking a worker.
#[derive(Clone, Debug)]
pub enum Reply {
    /// It tried the subject.
    Fate(Fate),
    /// It is no more.
    Died {
        /// How it ended, or that it was ended as it did not answer in time.
        how: String,
    },
    /// The user asked to stop.
    Interrupted,
}

/// A run of all subjects, or of those that are chosen.
pub struct Campaign {
    subjects: Vec<Subject>,
    /// The number of the shipped text of each kernel.
    shipped: HashMap<&'static str, usize>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<usize>,
    /// Of mutants.
    total: usize,
    fates: BTreeMap<usize, Fate>,
    /// What each shipped kernel took.
    took: HashMap<&'static str, Duration>,
    is_stopped: bool,
}

/// A mutant under which a worker died: whether that is its fault is not known yet.
struct Suspect {
    number: usize,
    how: String,
}

impl Campaign {
    /// A campaign over all mutants of some kernels, or a part of them.
    #[must_use]
    pub fn new(kernels: &[&'static Kernel], part: Option<Part>) -> Self {
        let subjects = subjects();
        let is_meant = |subject: &Subject| {
            let name = subject.kernel.spec.name;
            let is_in_part =
                subject.mutant.as_ref().is_none_or(|it| part.is_none_or(|part| part.holds(it)));
            is_in_part && kernels.iter().any(|kernel| kernel.spec.name == name)
        };
        let waiting: VecDeque<_> =
            (0..subjects.len()).filter(|&number| is_meant(&subjects[number])).collect();
        let are_shipped = subjects.iter().take_while(|subject| subject.mutant.is_none());
        let shipped = are_shipped.map(|subject| subject.kernel.spec.name).zip(0..).collect();
        let total = waiting.iter().filter(|&&number| subjects[number].mutant.is_some()).count();
        let state = Mutex::new(State { waiting, total, ..State::default() });
        Self { subjects, shipped, state }
    }

    /// How many mutants were tried, and how many will be.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        let state = self.state();
        (state.fates.len(), state.total)
    }

    /// Has workers try subjects, one worker after the other, until none are left. Several threads
    /// may do so at once.
    ///
    /// # Errors
    /// As `start`, and [`Error::Wrong`] or [`Error::Gpu`] if a shipped kernel fails. Then all threads
    /// stop.
    pub fn run<W: Worker>(&self, mut start: impl FnMut() -> Result<W, Error>) -> Result<(), Error> {
        let mut suspect = None;
        while suspect.is_some() || self.has_more() {
            let outcome = start().and_then(|worker| self.one_worker(worker, suspect.take()));
            match outcome {
                Ok(Some(End::Died(found))) => suspect = Some(found),
                Ok(Some(End::Interrupted)) => self.stop(),
                Ok(None) => {}
                Err(error) => {
                    self.stop();
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// What one worker does before it dies, or its share is done.
    fn one_worker(
        &self,
        mut worker: impl Worker,
        suspect: Option<Suspect>,
    ) -> Result<Option<End>, Error> {
        if let Some(suspect) = suspect {
            // A worker that the shipped kernel ended is of no more use.
            match self.confirm(&mut worker, suspect) {
                Some(true) => {}
                Some(false) => return Ok(None),
                None => return Ok(Some(End::Interrupted)),
            }
        }
        for _ in 0..PER_WORKER {
            let Some((number, longest)) = self.next() else { return Ok(None) };
            let started = Instant::now();
            let reply = worker.try_subject(number, longest);
            let is_shipped = self.subjects[number].mutant.is_none();
            match reply {
                Reply::Interrupted => return Ok(Some(End::Interrupted)),
                reply if is_shipped => self.passes(number, reply, started.elapsed())?,
                Reply::Fate(Fate::Crashed { how, .. }) | Reply::Died { how } => {
                    return Ok(Some(End::Died(Suspect { number, how })));
                }
                Reply::Fate(fate) => {
                    self.state().fates.insert(number, fate);
                }
            }
        }
        Ok(None)
    }

    /// Whether the shipped kernel passes in the fresh worker that follows one that died: only then
    /// was it the mutant. Nothing if the user asked to stop.
    fn confirm(&self, worker: &mut impl Worker, suspect: Suspect) -> Option<bool> {
        let Suspect { number, how } = suspect;
        let name = self.subjects[number].kernel.spec.name;
        let shipped = self.shipped[name];
        let confirmed = match worker.try_subject(shipped, self.longest(number)) {
            Reply::Interrupted => return None,
            Reply::Fate(fate) => matches!(fate, Fate::Survived),
            Reply::Died { .. } => false,
        };
        self.state().fates.insert(number, Fate::Crashed { how, confirmed });
        Some(confirmed)
    }

    /// A kernel's own text must pass what its mutants must not.
    fn passes(&self, number: usize, reply: Reply, took: Duration) -> Result<(), Error> {
        let name = self.subjects[number].kernel.spec.name;
        let (Reply::Fate(Fate::Crashed { how, .. }) | Reply::Died { how }) = reply else {
            let Reply::Fate(fate) = reply else { return Ok(()) };
            return match fate {
                Fate::Caught { fault, .. } => {
                    Err(Error::Wrong(format!("the shipped kernel is wrong: {fault}")))
                }
                Fate::Failed { error } | Fate::Stillborn { error } => {
                    Err(Error::Gpu(format!("{name}, the shipped kernel, fails: {error}")))
                }
                _ => {
                    self.state().took.insert(name, took);
                    Ok(())
                }
            };
        };
        Err(Error::Gpu(format!("{name}, the shipped kernel, crashed the driver: {how}")))
    }

    /// The next subject, and the longest time that it may take.
    fn next(&self) -> Option<(usize, Duration)> {
        let mut state = self.state();
        if state.is_stopped {
            return None;
        }
        let number = state.waiting.pop_front()?;
        drop(state);
        Some((number, self.longest(number)))
    }

    fn longest(&self, number: usize) -> Duration {
        let subject = &self.subjects[number];
        let took = self.state().took.get(subject.kernel.spec.name).copied();
        match (took, &subject.mutant) {
            (Some(took), Some(_)) => (PATIENCE + MULTIPLE * took).min(LONGEST),
            _ => LONGEST,
        }
    }

    fn has_more(&self) -> bool {
        let state = self.state();
        !state.is_stopped && !state.waiting.is_empty()
    }

    fn stop(&self) {
        self.state().is_stopped = true;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What is kept is whole after each statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What became of all mutants that were tried.
    #[must_use]
    pub fn finish(self) -> Sabotage {
        let mut list_faults = self.unknown();
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut specimens = vec![];
        for (number, fate) in state.fates {
            let subject = &self.subjects[number];
            let mutant = subject.mutant.clone().expect("only fates of mutants are kept");
            let (fate, fault) = as_listed(fate, &mutant, subject.listed());
            list_faults.extend(fault);
            specimens.push(Specimen::new(mutant, fate));
        }
        Sabotage::new(specimens, list_faults, state.total)
    }

    /// A complaint about each entry of the list that is no mutant.
    fn unknown(&self) -> Vec<String> {
        let mutants = || self.subjects.iter().filter_map(|subject| subject.mutant.as_ref());
        let is_unknown = |entry: &&Equivalent| !mutants().any(|mutant| entry.is(mutant));
        let unknown = EQUIVALENTS.iter().filter(is_unknown);
        unknown.map(|entry| format!("{}: no mutant is {:?}", entry.kernel, entry.after)).collect()
    }
}

/// Why a worker did not do its share.
enum End {
    Died(Suspect),
    Interrupted,
}

/// The fate of a mutant that may be listed as computing the same, and a complaint if it does not.
fn as_listed(
    fate: Fate,
    mutant: &Mutant,
    listed: Option<(&'static str, bool)>,
) -> (Fate, Option<String>) {
    match (fate, listed) {
        (Fate::Survived, Some((reason, _))) => (Fate::Equivalent { reason: reason.into() }, None),
        (fate, Some((_, true))) => {
            let fault = format!("{}: {:?} does not compute the same", mutant.kernel, mutant.after);
            (fate, Some(fault))
        }
        (fate, _) => (fate, None),
    }
}
