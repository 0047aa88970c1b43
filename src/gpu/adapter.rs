//! The description of an adapter: its name, its backend, and its abilities.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The graphics interface through which an adapter is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "these are names")]
pub enum Backend {
    Vulkan,
    Metal,
    Dx12,
    Gl,
}

impl Backend {
    pub(super) const ALL: [Self; 4] = [Self::Vulkan, Self::Metal, Self::Dx12, Self::Gl];

    /// The name that selects it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Vulkan => "vulkan",
            Self::Metal => "metal",
            Self::Dx12 => "dx12",
            Self::Gl => "gl",
        }
    }

    fn to_wgpu(self) -> wgpu::Backends {
        match self {
            Self::Vulkan => wgpu::Backends::VULKAN,
            Self::Metal => wgpu::Backends::METAL,
            Self::Dx12 => wgpu::Backends::DX12,
            Self::Gl => wgpu::Backends::GL,
        }
    }

    fn of(backend: wgpu::Backend) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.to_wgpu() == wgpu::Backends::from(backend))
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// The kinds of adapter, the preferred first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "these are names")]
pub enum DeviceType {
    Discrete,
    Integrated,
    Virtual,
    Other,
    Software,
}

impl DeviceType {
    /// Its name, in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Discrete => "discrete",
            Self::Integrated => "integrated",
            Self::Virtual => "virtual",
            Self::Other => "other",
            Self::Software => "software",
        }
    }

    fn of(device_type: wgpu::DeviceType) -> Self {
        match device_type {
            wgpu::DeviceType::DiscreteGpu => Self::Discrete,
            wgpu::DeviceType::IntegratedGpu => Self::Integrated,
            wgpu::DeviceType::VirtualGpu => Self::Virtual,
            wgpu::DeviceType::Cpu => Self::Software,
            wgpu::DeviceType::Other => Self::Other,
        }
    }
}

/// The description of an adapter in reports.
#[derive(Clone, Debug, Serialize)]
pub struct AdapterSummary {
    /// The name that the driver gives it.
    pub name: String,
    /// The backend through which it is reached.
    pub backend: Backend,
    /// The driver and its version.
    pub driver: String,
    /// The kind of adapter.
    pub device_type: DeviceType,
}

/// An adapter with its driver and the version of this program: what a time found on it depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdapterKey {
    adapter: String,
    backend: String,
    driver: String,
    version: String,
}

impl AdapterKey {
    /// That of an adapter.
    #[must_use]
    pub fn of(adapter: &AdapterSummary) -> Self {
        Self {
            adapter: adapter.name.clone(),
            backend: adapter.backend.name().into(),
            driver: adapter.driver.clone(),
            version: env!("CARGO_PKG_VERSION").into(),
        }
    }

    /// Whether it is the same device, however it was driven.
    #[must_use]
    pub fn is_same_device(&self, other: &Self) -> bool {
        self.adapter == other.adapter && self.backend == other.backend
    }
}

impl AdapterSummary {
    /// The rank of the adapter, lower if it is preferred: discrete before integrated, virtual and
    /// software; among equals, Vulkan, Metal and DX12 before GL.
    pub(super) fn rank(&self) -> (DeviceType, bool) {
        (self.device_type, self.backend == Backend::Gl)
    }

    pub(super) fn of(adapter: &wgpu::Adapter) -> Option<Self> {
        let info = adapter.get_info();
        let driver = [info.driver, info.driver_info].map(|part| part.trim().to_owned());
        let driver = driver.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
        Some(Self {
            name: info.name,
            backend: Backend::of(info.backend)?,
            driver: driver.join(" "),
            device_type: DeviceType::of(info.device_type),
        })
    }
}

impl fmt::Display for AdapterSummary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, backend, driver, device_type } = self;
        write!(formatter, "{name} ({backend}, {}", device_type.name())?;
        if driver.is_empty() { write!(formatter, ")") } else { write!(formatter, ", {driver})") }
    }
}

/// The features and limits that matter here.
#[derive(Clone, Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a feature of its own")]
pub struct Abilities {
    /// Whether passes have timestamps.
    pub timestamps: bool,
    /// Whether invocations can exchange values within a subgroup.
    pub subgroups: bool,
    /// Whether shaders can compute in 16 bits.
    pub f16: bool,
    /// Whether parameters can be part of a command, without a buffer.
    pub immediates: bool,
    /// Largest number of invocations in a workgroup.
    pub invocations_per_workgroup: u32,
    /// Size of a workgroup's memory in bytes.
    pub workgroup_memory_bytes: u32,
    /// Largest number of workgroups in each dimension of a dispatch.
    pub workgroups_per_dimension: u32,
    /// Largest number of storage buffers in a stage.
    pub storage_buffers_per_stage: u32,
    /// Size of the largest storage buffer that a shader can bind, in bytes.
    pub largest_binding_bytes: u64,
    /// Size of the largest buffer, in bytes.
    pub largest_buffer_bytes: u64,
}

impl Abilities {
    pub(super) fn of(adapter: &wgpu::Adapter) -> Self {
        let (features, limits) = (adapter.features(), adapter.limits());
        Self {
            timestamps: features.contains(wgpu::Features::TIMESTAMP_QUERY),
            subgroups: features.contains(wgpu::Features::SUBGROUP),
            f16: features.contains(wgpu::Features::SHADER_F16),
            immediates: features.contains(wgpu::Features::IMMEDIATES),
            invocations_per_workgroup: limits.max_compute_invocations_per_workgroup,
            workgroup_memory_bytes: limits.max_compute_workgroup_storage_size,
            workgroups_per_dimension: limits.max_compute_workgroups_per_dimension,
            storage_buffers_per_stage: limits.max_storage_buffers_per_shader_stage,
            largest_binding_bytes: limits.max_storage_buffer_binding_size,
            largest_buffer_bytes: limits.max_buffer_size,
        }
    }
}
