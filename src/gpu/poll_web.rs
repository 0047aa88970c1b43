//! Waiting in a browser, whose event loop finishes submissions by itself.

use std::sync::Arc;

use futures_intrusive::channel::shared::oneshot_channel;

use super::faults::Faults;
use crate::error::Error;

/// What tells that a submission has finished.
pub(super) struct Poller {
    queue: wgpu::Queue,
    faults: Arc<Faults>,
}

impl Poller {
    #[expect(clippy::unnecessary_wraps, reason = "as where a thread is started")]
    pub(super) fn start(
        _: wgpu::Device,
        queue: wgpu::Queue,
        faults: Arc<Faults>,
    ) -> Result<Self, Error> {
        Ok(Self { queue, faults })
    }

    /// Completes when the submission has.
    pub(super) async fn finished(&self, _: wgpu::SubmissionIndex) -> Result<(), Error> {
        let (sender, receiver) = oneshot_channel();
        self.queue.on_submitted_work_done(move || drop(sender.send(())));
        let done = receiver.receive().await;
        self.faults.check()?;
        done.ok_or_else(|| Error::Gpu("the browser dropped a submission".into()))
    }
}
