//! The loop that makes all updates of members, however drivers take long dispatches.

use super::batch::Batch;
use crate::error::Error;

/// A training that the loop makes.
pub(crate) trait Training {
    /// Number of updates.
    fn steps(&self) -> u64;

    /// Sets the members to their starts.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device fails.
    async fn start(&mut self, batch: &mut Batch<'_>) -> Result<(), Error>;

    /// Number of looks at the loss in the next dispatch, and number of updates before each.
    fn next(&self, batch: &Batch<'_>) -> [u64; 2];

    /// Runs a dispatch.
    ///
    /// # Errors
    /// [`Error::Interrupted`] to end the run, [`Error::Undone`] or [`Error::Gpu`] if the device
    /// fails or left out steps.
    async fn dispatch(&mut self, batch: &mut Batch<'_>, looks: [u64; 2]) -> Result<(), Error>;

    /// Takes what the last dispatch left.
    ///
    /// # Errors
    /// As [`Self::dispatch`].
    async fn finish(&mut self, batch: &mut Batch<'_>) -> Result<(), Error>;
}

/// Makes all updates from the start. If a dispatch came short, the run is made again in smaller
/// parts, to the same bits.
///
/// # Errors
/// What [`Training`] returns.
pub(crate) async fn run(batch: &mut Batch<'_>, training: &mut impl Training) -> Result<(), Error> {
    loop {
        match attempt(batch, training).await {
            Err(Error::Undone { .. }) if batch.lower_loop_limit() => {}
            outcome => return outcome,
        }
    }
}

async fn attempt(batch: &mut Batch<'_>, training: &mut impl Training) -> Result<(), Error> {
    training.start(batch).await?;
    // What the driver compiles at its first dispatch is no step's time.
    if !batch.is_timed() {
        training.dispatch(batch, [1, 0]).await?;
    }
    while batch.done() < training.steps() {
        let [looks, updates] = training.next(batch);
        // The first look at the start comes before any update.
        let first = u64::from(batch.is_at_start());
        training.dispatch(batch, [first + looks, updates]).await?;
    }
    training.finish(batch).await
}
