//! One process that tries subjects on a device.

use super::clamp::clamped;
use super::outcome::Fate;
use super::subject::Subject;
use crate::error::Error;
use crate::gpu::{Gpu, Selection};
use crate::verify::{Effort, Failure, Kernel, Trial};

/// The place where subjects are tried. A wrong kernel may crash the driver, and the process with
/// it: use a process that may end, with a [`Campaign`](super::Campaign) in another.
pub struct Workbench<F> {
    gpu: Gpu,
    effort: Effort,
    further: F,
}

impl<F: AsyncFn(&Gpu, &Kernel, Effort) -> Result<(), Failure>> Workbench<F> {
    /// Opens a device. A kernel's own check comes first, with little effort and then with all of it;
    /// what passes both is left to `further`, which is given a device that compiles the subject.
    ///
    /// # Errors
    /// As [`Gpu::open`].
    pub async fn open(selection: Selection, effort: Effort, further: F) -> Result<Self, Error> {
        Ok(Self { gpu: Gpu::open(selection).await?, effort, further })
    }

    /// Runs the checks against a subject, whose indices are [`clamped`]: shipped kernels as well, so
    /// that they differ from their mutants in the mistake alone. After [`Fate::Crashed`] the device
    /// is of no more use.
    pub async fn try_subject(&mut self, subject: &Subject) -> Fate {
        let source = subject.source().to_owned();
        let complete = move |header: &str| clamped(&format!("{header}{source}"));
        self.gpu.substitute_with(subject.kernel.spec.name, complete);
        if let Some(launch) = subject.launch() {
            self.gpu.launch_wrongly(launch);
        }
        let passed = self.checks(subject).await;
        self.gpu.restore();
        match passed {
            Ok(()) => Fate::Survived,
            Err((Failure::Fault(fault), quick)) => Fate::Caught { fault, quick },
            Err((Failure::Error(error), _)) => {
                // The text of a wrong launch is the shipped one.
                let is_refusal = matches!(error, Error::Gpu(_)) && subject.launch().is_none();
                let error = error.to_string();
                match (self.gpu.works().await, is_refusal) {
                    (false, _) => Fate::Crashed { how: error, confirmed: false },
                    // All that wgpu refuses on a device that goes on working is the text.
                    (true, true) => Fate::Stillborn { error },
                    (true, false) => Fate::Failed { error },
                }
            }
        }
    }

    /// All checks that are asked for, the quick ones first; a failure comes with whether it was one
    /// of those. For what is listed as computing the same, it is enough that the quick ones agree.
    async fn checks(&self, subject: &Subject) -> Result<(), (Failure, bool)> {
        let (kernel, only_quick) = (subject.kernel, matches!(subject.listed(), Some((_, true))));
        let efforts = match (subject.is_of_training(), self.effort.quick || only_quick) {
            (true, _) => &[][..],
            (false, true) => &[true],
            (false, false) => &[true, false],
        };
        for &quick in efforts {
            let effort = Effort { quick, ..self.effort };
            let mut trial = Trial::new(&self.gpu, kernel.spec.name, effort);
            let checked = kernel.check(&mut trial).await.and_then(|()| trial.all_checked());
            checked.map_err(|failure| (failure, quick))?;
        }
        (self.further)(&self.gpu, kernel, self.effort).await.map_err(|failure| (failure, false))
    }
}
