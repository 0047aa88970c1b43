//! An open device: the one place that requests features and limits and collects faults.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::adapter::AdapterSummary;
use super::faults::Faults;
use super::instance::Recorder;
use super::kernel::Substitute;
use super::kernel_cache::KernelCache;
use super::listing::{Candidate, Listing, Selection};
use super::poll::Poller;
use super::spec::KernelSpec;
use super::tensor::MAX_BYTES;
use super::wrong_launch::WrongLaunch;
use crate::error::Error;

/// A device with its queue, and the bytes that crossed to it and back.
pub struct Gpu {
    /// The adapter that was opened.
    pub adapter: AdapterSummary,
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) poller: Poller,
    pub(super) uploaded: AtomicU64,
    pub(super) read_back: AtomicU64,
    pub(super) substitute: Option<Substitute>,
    pub(super) recorder: Option<Recorder>,
    pub(super) wrong_launch: Option<WrongLaunch>,
    pub(super) kernel_cache: KernelCache,
    subgroup_size: Option<u32>,
    faults: Arc<Faults>,
}

impl Gpu {
    /// Opens the adapter that [`Listing::of`] takes.
    ///
    /// # Errors
    /// [`Error::Usage`] or [`Error::NoAdapter`] as [`Listing`] has it, [`Error::Gpu`] if the
    /// driver refuses.
    pub async fn open(selection: Selection) -> Result<Self, Error> {
        let candidate = Listing::of(selection).await?.into_chosen()?;
        Self::from_candidate(candidate).await
    }

    async fn from_candidate(candidate: Candidate) -> Result<Self, Error> {
        let Candidate { adapter, summary, .. } = candidate;
        let available = adapter.limits();
        let subgroup_size = subgroup_size(&adapter);
        let mut features = adapter.features() & wgpu::Features::TIMESTAMP_QUERY;
        features.set(wgpu::Features::SUBGROUP, subgroup_size.is_some());
        // The weakest limits that WebGPU knows, but for the sizes of what is stored.
        let limits = wgpu::Limits {
            max_buffer_size: available.max_buffer_size,
            max_storage_buffer_binding_size: available.max_storage_buffer_binding_size,
            ..wgpu::Limits::downlevel_defaults()
        };
        let (device, queue) = adapter
            .request_device(&wgpu::DeviceDescriptor {
                label: Some("parity"),
                required_features: features,
                required_limits: limits,
                ..Default::default()
            })
            .await
            .map_err(|error| Error::Gpu(format!("{summary} cannot be opened: {error}")))?;
        Self::with_device(summary, subgroup_size, device, queue)
    }

    /// Takes a device of the caller's own, and replaces its handlers of errors and of loss.
    /// Timestamps and subgroups are used if the device has the features.
    ///
    /// # Errors
    /// [`Error::NoAdapter`] if [`Backend`](super::Backend) lacks its backend or its limits are
    /// below wgpu's `downlevel_defaults`, [`Error::Gpu`] if the thread that waits for it cannot start.
    pub fn from_device(
        adapter: &wgpu::Adapter,
        device: wgpu::Device,
        queue: wgpu::Queue,
    ) -> Result<Self, Error> {
        let summary = AdapterSummary::of(adapter).ok_or_else(|| {
            let backend = adapter.get_info().backend;
            Error::NoAdapter(format!("the backend {backend} runs no kernels"))
        })?;
        let (asked, mut lacks) = (wgpu::Limits::downlevel_defaults(), vec![]);
        asked.check_limits_with_fail_fn(&device.limits(), false, |name, asked, found| {
            lacks.push(format!("{name} is {found}, expected {asked}"));
        });
        if !lacks.is_empty() {
            return Err(Error::NoAdapter(format!("{summary}: {}", lacks.join("; "))));
        }
        let has_subgroups = device.features().contains(wgpu::Features::SUBGROUP);
        let subgroup_size = subgroup_size(adapter).filter(|_| has_subgroups);
        Self::with_device(summary, subgroup_size, device, queue)
    }

    fn with_device(
        adapter: AdapterSummary,
        subgroup_size: Option<u32>,
        device: wgpu::Device,
        queue: wgpu::Queue,
    ) -> Result<Self, Error> {
        let faults = Arc::new(Faults::default());
        let heard = Arc::clone(&faults);
        device.on_uncaptured_error(Arc::new(move |error| heard.report(error.to_string())));
        let heard = Arc::clone(&faults);
        device.set_device_lost_callback(move |reason, message| {
            heard.report(format!("the device was lost ({reason:?}) {message}"));
        });
        let poller = Poller::start(device.clone(), queue.clone(), Arc::clone(&faults))?;
        let (uploaded, read_back, substitute, recorder) = Default::default();
        let (wrong_launch, kernel_cache) = Default::default();
        Ok(Self {
            adapter,
            device,
            queue,
            poller,
            uploaded,
            read_back,
            substitute,
            recorder,
            wrong_launch,
            kernel_cache,
            subgroup_size,
            faults,
        })
    }

    /// Number of invocations in a subgroup, if the device has subgroups, all of one size.
    #[must_use]
    pub fn subgroup_size(&self) -> Option<u32> {
        self.subgroup_size
    }

    /// Whether the device has the features that a shader needs beyond those of every device.
    #[must_use]
    pub fn can_run(&self, spec: &KernelSpec) -> bool {
        !spec.needs_subgroups || self.subgroup_size.is_some()
    }

    /// Number of bytes written from the host to the device so far.
    #[must_use]
    pub fn bytes_uploaded(&self) -> u64 {
        self.uploaded.load(Ordering::Relaxed)
    }

    /// Number of bytes read by the host from the device so far.
    #[must_use]
    pub fn bytes_read_back(&self) -> u64 {
        self.read_back.load(Ordering::Relaxed)
    }

    /// Size of the largest tensor on this device, in bytes.
    #[must_use]
    pub fn max_tensor_bytes(&self) -> u64 {
        let limits = self.device.limits();
        limits.max_buffer_size.min(limits.max_storage_buffer_binding_size).min(MAX_BYTES)
    }

    /// Destroys the device, as a driver reset would, for tests of the consequences.
    pub fn destroy(&self) {
        self.device.destroy();
    }

    /// Runs `create` so that an error in it is returned instead of reported later.
    pub(super) async fn scoped<T>(
        &self,
        what: &str,
        create: impl FnOnce() -> T,
    ) -> Result<T, Error> {
        use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
        let scopes = [Validation, OutOfMemory, Internal].map(|f| self.device.push_error_scope(f));
        let made = create();
        for scope in scopes.into_iter().rev() {
            if let Some(error) = scope.pop().await {
                return Err(Error::Gpu(format!("{what}: {error}")));
            }
        }
        self.faults.check()?;
        Ok(made)
    }
}

/// How many invocations a subgroup has, where that is known before a shader runs.
fn subgroup_size(adapter: &wgpu::Adapter) -> Option<u32> {
    let info = adapter.get_info();
    let is_fixed = info.subgroup_min_size == info.subgroup_max_size;
    let has_subgroups = adapter.features().contains(wgpu::Features::SUBGROUP);
    (has_subgroups && is_fixed).then_some(info.subgroup_min_size)
}
