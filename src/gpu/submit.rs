//! Submissions, and the values that they read back.

use std::sync::atomic::Ordering;
use std::time::Instant;

use futures_intrusive::channel::shared::oneshot_channel;
use wgpu::BufferUsages;

use super::device::Gpu;
use super::kernel::Dispatch;
use super::tensor::{Tensor, bytes};
use super::timer::{self, Timer};
use super::wrong_launch::{WrongLaunch, mistake_of};
use crate::error::Error;

/// A part of a tensor to read back: `len` values from number `start` on.
#[derive(Clone, Copy, Debug)]
pub struct Region<'a> {
    /// The tensor.
    pub tensor: &'a Tensor,
    /// The first value.
    pub start: usize,
    /// Number of values.
    pub len: usize,
}

impl<'a> From<&'a Tensor> for Region<'a> {
    fn from(tensor: &'a Tensor) -> Self {
        Self { tensor, start: 0, len: tensor.len() }
    }
}

/// Memory that host and device can reach; one serves every submission.
pub struct Readback {
    staging: wgpu::Buffer,
    capacity: usize,
    words: Vec<u32>,
}

impl Readback {
    /// The values that the last submission read back, region after region.
    #[must_use]
    pub fn words(&self) -> &[u32] {
        &self.words
    }
}

impl Gpu {
    /// A place for up to `capacity` values of one submission.
    ///
    /// # Errors
    /// [`Error::Gpu`] if memory runs out.
    pub async fn readback(&self, capacity: usize) -> Result<Readback, Error> {
        let with_timestamps = capacity + timer::WORDS;
        let size = bytes(with_timestamps);
        let staging = self.buffer("readback", size, BufferUsages::MAP_READ).await?;
        Ok(Readback { staging, capacity, words: Vec::with_capacity(with_timestamps) })
    }

    /// Runs the dispatches in their order, copies the regions into `readback`, and waits for both.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device fails or is lost.
    ///
    /// # Panics
    /// If the regions do not fit the readback.
    pub async fn submit<'a>(
        &self,
        dispatches: impl IntoIterator<Item = &'a Dispatch>,
        regions: &[Region<'_>],
        readback: &mut Readback,
        mut timer: Option<&mut Timer>,
    ) -> Result<(), Error> {
        let start = Instant::now();
        let mut encoder =
            self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        if let Some(timer) = &timer {
            timer.resolve(&mut encoder);
        }
        let wrong = self.wrong_launch;
        let worked = encode(&mut encoder, dispatches, timer.as_deref(), wrong);
        let stamps = timer.as_ref().map(|timer| Region::from(&timer.resolved));
        let len = copy(&mut encoder, regions.iter().chain(&stamps), readback);
        let wanted = len - stamps.map_or(0, |stamps| stamps.len);
        assert!(wanted <= readback.capacity, "{wanted} values for {}", readback.capacity);
        let submission = self.queue.submit([encoder.finish()]);
        self.fetch(submission, len, readback).await?;
        if let Some(timer) = &mut timer {
            let wall = worked.then(|| start.elapsed());
            timer.record(&readback.words[wanted..], wall);
            readback.words.truncate(wanted);
        }
        Ok(())
    }

    /// The words of parts of tensors, one after the other.
    ///
    /// # Errors
    /// As [`Self::submit`].
    pub async fn read_regions(&self, regions: &[Region<'_>]) -> Result<Vec<u32>, Error> {
        let len = regions.iter().map(|region| region.len).sum();
        let mut readback = self.readback(len).await?;
        self.submit([], regions, &mut readback, None).await?;
        Ok(readback.words)
    }

    /// Whether the device still stores a value and returns it, so that work can go on after an
    /// error.
    pub async fn works(&self) -> bool {
        let sent = [1_u32, 2, 3];
        let Ok(tensor) = self.upload("probe", &sent).await else { return false };
        self.read::<u32>(&tensor).await.is_ok_and(|read| read == sent)
    }

    /// All values of a tensor.
    ///
    /// # Errors
    /// As [`Self::submit`].
    pub async fn read<T: bytemuck::Pod>(&self, tensor: &Tensor) -> Result<Vec<T>, Error> {
        Ok(bytemuck::cast_slice(&self.read_regions(&[tensor.into()]).await?).to_vec())
    }

    /// Waits for a submission and takes over what it copied.
    async fn fetch(
        &self,
        submission: wgpu::SubmissionIndex,
        len: usize,
        readback: &mut Readback,
    ) -> Result<(), Error> {
        readback.words.clear();
        if len == 0 {
            return self.poller.finished(submission).await;
        }
        let (sender, receiver) = oneshot_channel();
        let slice = readback.staging.slice(..bytes(len));
        slice.map_async(wgpu::MapMode::Read, move |mapped| drop(sender.send(mapped)));
        self.poller.finished(submission).await?;
        let unmappable = |error: &dyn std::fmt::Display| {
            Error::Gpu(format!("the results cannot be read back: {error}"))
        };
        match receiver.receive().await {
            Some(Ok(())) => {}
            Some(Err(error)) => return Err(unmappable(&error)),
            None => return Err(unmappable(&"the driver gave no answer")),
        }
        let view = slice.get_mapped_range().map_err(|error| unmappable(&error))?;
        readback.words.extend_from_slice(bytemuck::cast_slice(&view));
        drop(view);
        readback.staging.unmap();
        self.read_back.fetch_add(bytes(len), Ordering::Relaxed);
        Ok(())
    }
}

/// Encodes one pass, if there is anything to do in it; says whether there was.
fn encode<'a>(
    encoder: &mut wgpu::CommandEncoder,
    dispatches: impl IntoIterator<Item = &'a Dispatch>,
    timer: Option<&Timer>,
    wrong: Option<WrongLaunch>,
) -> bool {
    let mut dispatches = dispatches.into_iter().peekable();
    if dispatches.peek().is_none() {
        return false;
    }
    let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
        label: None,
        timestamp_writes: timer.map(Timer::writes),
    });
    for dispatch in dispatches {
        dispatch.encode(&mut pass, mistake_of(wrong, dispatch.name));
    }
    true
}

/// Encodes the copies, one after the other; says how many values they are.
fn copy<'a>(
    encoder: &mut wgpu::CommandEncoder,
    regions: impl IntoIterator<Item = &'a Region<'a>>,
    readback: &Readback,
) -> usize {
    let mut len = 0;
    for region in regions.into_iter().filter(|region| region.len > 0) {
        assert!(region.start + region.len <= region.tensor.len(), "{region:?}");
        let from = bytes(region.tensor.offset + region.start);
        let (source, target) = (&region.tensor.buffer, &readback.staging);
        encoder.copy_buffer_to_buffer(source, from, target, bytes(len), bytes(region.len));
        len += region.len;
    }
    len
}
