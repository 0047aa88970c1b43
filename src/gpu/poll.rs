//! Waiting without blocking: a thread polls the device while a future waits for a submission.
//!
//! In a browser the event loop does this: `poll_web.rs` is there in place of this file.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use futures_intrusive::channel::shared::{OneshotSender, oneshot_channel};

use super::faults::Faults;
use crate::error::Error;

/// Longest wait for one submission. Submissions are sized to some hundredths of a second; a
/// software adapter can need minutes for one enormous dispatch.
const PATIENCE: Duration = Duration::from_mins(10);

/// How long one poll may take; short, since a GL driver caps it at 2.1 s on its own.
const SLICE: Duration = Duration::from_secs(1);

/// The name of the thread. Its panics are reported as errors, so a panic hook may keep quiet.
pub const THREAD: &str = "parity-poll";

type Job = (wgpu::SubmissionIndex, OneshotSender<Result<(), Error>>);

/// The thread, and the line to it.
///
/// The thread holds the device, so it must have ended before the process does: a driver that is
/// unloaded under it crashes (SwiftShader, one run in two hundred).
pub(super) struct Poller {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Poller {
    fn drop(&mut self) {
        // Without a sender the thread runs out of jobs.
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // Its panics are caught where they happen, and no receiver is left.
            drop(thread.join());
        }
    }
}

impl Poller {
    pub(super) fn start(
        device: wgpu::Device,
        _: wgpu::Queue,
        faults: Arc<Faults>,
    ) -> Result<Self, Error> {
        let (sender, receiver) = mpsc::channel::<Job>();
        let serve = move || {
            for (submission, done) in receiver {
                let outcome = wait(&device, &submission);
                // What went wrong before says more than that there was nothing to wait for.
                let outcome = faults.check().and(outcome);
                // The future may have been dropped; then no receiver is waiting.
                drop(done.send(outcome));
            }
        };
        let thread = std::thread::Builder::new()
            .name(THREAD.into())
            .spawn(serve)
            .map_err(|error| Error::Gpu(format!("cannot start the polling thread: {error}")))?;
        Ok(Self { jobs: Some(sender), thread: Some(thread) })
    }

    /// Completes when the submission has: its callbacks have then been called.
    pub(super) async fn finished(&self, submission: wgpu::SubmissionIndex) -> Result<(), Error> {
        let (sender, receiver) = oneshot_channel();
        let stopped = || Error::Gpu("the polling thread has stopped".into());
        let jobs = self.jobs.as_ref().ok_or_else(stopped)?;
        jobs.send((submission, sender)).map_err(|_| stopped())?;
        receiver.receive().await.unwrap_or_else(|| Err(stopped()))
    }
}

fn wait(device: &wgpu::Device, submission: &wgpu::SubmissionIndex) -> Result<(), Error> {
    let start = Instant::now();
    loop {
        let poll = wgpu::PollType::Wait {
            submission_index: Some(submission.clone()),
            timeout: Some(SLICE),
        };
        // wgpu 30 panics here when the device is lost.
        match catch_unwind(AssertUnwindSafe(|| device.poll(poll))) {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(wgpu::PollError::Timeout)) if start.elapsed() < PATIENCE => {}
            Ok(Err(error)) => return Err(Error::Gpu(format!("waiting for the GPU: {error}"))),
            Err(_) => return Err(Error::Gpu("the device was lost while it worked".into())),
        }
    }
}
