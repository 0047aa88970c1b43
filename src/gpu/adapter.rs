//! Which adapter to use: found, ranked, and chosen by rule or by name.

use std::fmt;

use serde::Serialize;

use crate::error::Error;

/// What to do on a machine without any adapter.
const INSTALL_HINT: &str = "install a driver: Debian, Ubuntu: apt install mesa-vulkan-drivers \
     libvulkan1; Fedora: dnf install mesa-vulkan-drivers vulkan-loader; Arch: pacman -S \
     vulkan-icd-loader vulkan-swrast; for NVIDIA, its own driver";

/// The graphics interface an adapter is reached through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "these are names")]
pub enum Backend {
    Vulkan,
    Metal,
    Dx12,
    Gl,
}

impl Backend {
    const ALL: [Self; 4] = [Self::Vulkan, Self::Metal, Self::Dx12, Self::Gl];

    /// The word that selects it.
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

/// Kinds of adapter, the preferred first.
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

/// What a report says of an adapter.
#[derive(Clone, Debug, Serialize)]
pub struct AdapterSummary {
    /// As the driver names it.
    pub name: String,
    /// How it is reached.
    pub backend: Backend,
    /// Driver and version.
    pub driver: String,
    /// Hardware or software.
    pub device_type: DeviceType,
}

impl AdapterSummary {
    fn of(adapter: &wgpu::Adapter) -> Option<Self> {
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

/// What the user asked for; nothing means the best there is.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only these backends; none means all.
    pub backends: Vec<Backend>,
    /// Part of an adapter's name, in any case, or its number in the list of all adapters.
    pub adapter: Option<String>,
}

impl Selection {
    /// The same, with what was left open taken from `WGPU_BACKEND` and `WGPU_ADAPTER_NAME`.
    ///
    /// # Errors
    /// [`Error::Usage`] if `WGPU_BACKEND` names no backend.
    fn or_environment(mut self) -> Result<Self, Error> {
        let variable = |name| {
            let value = std::env::var_os(name)?.to_string_lossy().into_owned();
            Some(value).filter(|value| !value.trim().is_empty())
        };
        if let Some(value) = variable("WGPU_BACKEND") {
            let named = value.split(',').map(|name| parse_backend(name, &value));
            let named = named.collect::<Result<Vec<_>, _>>()?;
            if self.backends.is_empty() {
                self.backends = named;
            }
        }
        self.adapter = self.adapter.or_else(|| variable("WGPU_ADAPTER_NAME"));
        Ok(self)
    }
}

/// The names that wgpu gives them too.
fn parse_backend(name: &str, value: &str) -> Result<Backend, Error> {
    match name.trim().to_lowercase().as_str() {
        "vulkan" | "vk" => Ok(Backend::Vulkan),
        "metal" | "mtl" => Ok(Backend::Metal),
        "dx12" | "d3d12" => Ok(Backend::Dx12),
        "gl" | "gles" | "opengl" => Ok(Backend::Gl),
        _ => Err(Error::Usage(format!(
            "WGPU_BACKEND={value}: expected one of {}, or several joined by commas",
            Backend::ALL.map(Backend::name).join(", ")
        ))),
    }
}

/// An adapter of this machine, under the number that `--adapter` takes.
pub(super) struct Candidate {
    number: usize,
    pub(super) adapter: wgpu::Adapter,
    pub(super) summary: AdapterSummary,
}

/// The adapters that a selection allows, the preferred first, and the one that it takes.
pub struct Choice {
    pub(super) candidates: Vec<Candidate>,
    /// Which one, as an index into [`Self::summaries`].
    pub index: usize,
    /// Why that one.
    pub reason: String,
}

impl Choice {
    /// Every adapter with its number.
    pub fn summaries(&self) -> impl Iterator<Item = (usize, &AdapterSummary)> {
        self.candidates.iter().map(|candidate| (candidate.number, &candidate.summary))
    }

    /// The features and limits that matter here, of the adapter at `index`.
    #[must_use]
    pub fn abilities(&self, index: usize) -> Vec<(&'static str, String)> {
        let adapter = &self.candidates[index].adapter;
        let limits = adapter.limits();
        let has =
            |feature| String::from(if adapter.features().contains(feature) { "yes" } else { "no" });
        let mebibytes = |bytes: u64| format!("{} MiB", bytes >> 20);
        vec![
            ("timestamps", has(wgpu::Features::TIMESTAMP_QUERY)),
            ("subgroups", has(wgpu::Features::SUBGROUP)),
            ("f16", has(wgpu::Features::SHADER_F16)),
            ("immediates", has(wgpu::Features::IMMEDIATES)),
            ("invocations a workgroup", limits.max_compute_invocations_per_workgroup.to_string()),
            ("workgroup memory", format!("{} B", limits.max_compute_workgroup_storage_size)),
            ("workgroups a dimension", limits.max_compute_workgroups_per_dimension.to_string()),
            ("storage buffers a stage", limits.max_storage_buffers_per_shader_stage.to_string()),
            ("largest binding", mebibytes(limits.max_storage_buffer_binding_size)),
            ("largest buffer", mebibytes(limits.max_buffer_size)),
        ]
    }
}

/// Lists the adapters and picks one. What the selection leaves open is taken from `WGPU_BACKEND`
/// and `WGPU_ADAPTER_NAME`, then by rank: discrete before integrated, virtual and software; among
/// equals, Vulkan, Metal and DX12 before GL.
///
/// # Errors
/// [`Error::NoAdapter`] if there is none, [`Error::Usage`] if none fits the selection or
/// `WGPU_BACKEND` names no backend.
pub async fn choose(selection: Selection) -> Result<Choice, Error> {
    let selection = selection.or_environment()?;
    let mut candidates = enumerate().await;
    if candidates.is_empty() {
        return Err(Error::NoAdapter(format!(
            "no adapter found, neither through Vulkan nor Metal, DX12 or GL; {INSTALL_HINT}"
        )));
    }
    if !selection.backends.is_empty() {
        let all = list(&candidates);
        candidates.retain(|candidate| selection.backends.contains(&candidate.summary.backend));
        if candidates.is_empty() {
            let backends = selection.backends.iter().map(|backend| backend.name());
            let backends = backends.collect::<Vec<_>>().join(" or ");
            return Err(Error::NoAdapter(format!("no adapter through {backends}; there is {all}")));
        }
    }
    let (index, reason) = match &selection.adapter {
        Some(wanted) => (find(&candidates, wanted)?, format!("it fits \"{wanted}\"")),
        None => (0, why_first(&candidates)),
    };
    Ok(Choice { candidates, index, reason })
}

async fn enumerate() -> Vec<Candidate> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    // Nothing here dispatches indirectly, and this check builds pipelines at device creation.
    descriptor.flags = descriptor.flags.with_env() - wgpu::InstanceFlags::VALIDATION_INDIRECT_CALL;
    descriptor.backends =
        wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12 | wgpu::Backends::GL;
    let backends = descriptor.backends;
    let instance = wgpu::Instance::new(descriptor);
    let mut adapters: Vec<_> = instance
        .enumerate_adapters(backends)
        .await
        .into_iter()
        .filter(can_compute)
        .filter_map(|adapter| AdapterSummary::of(&adapter).map(|summary| (adapter, summary)))
        .collect();
    adapters.sort_by_key(|(_, summary)| (summary.device_type, summary.backend == Backend::Gl));
    let numbered = adapters.into_iter().enumerate();
    numbered.map(|(number, (adapter, summary))| Candidate { number, adapter, summary }).collect()
}

fn can_compute(adapter: &wgpu::Adapter) -> bool {
    let flags = adapter.get_downlevel_capabilities().flags;
    flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS)
}

fn list(candidates: &[Candidate]) -> String {
    let named =
        candidates.iter().map(|Candidate { number, summary, .. }| format!("{number}: {summary}"));
    named.collect::<Vec<_>>().join("; ")
}

/// A number is always a number, though "3" may also be part of a name.
fn find(candidates: &[Candidate], wanted: &str) -> Result<usize, Error> {
    let lower = wanted.trim().to_lowercase();
    let fits = |candidate: &Candidate| match lower.parse::<usize>() {
        Ok(number) => candidate.number == number,
        Err(_) => !lower.is_empty() && candidate.summary.name.to_lowercase().contains(&lower),
    };
    candidates.iter().position(fits).ok_or_else(|| {
        Error::Usage(format!(
            "--adapter or WGPU_ADAPTER_NAME: no adapter fits \"{wanted}\"; there is {}",
            list(candidates)
        ))
    })
}

fn why_first(candidates: &[Candidate]) -> String {
    let kind = candidates[0].summary.device_type;
    match candidates.get(1).map(|next| next.summary.device_type) {
        None => "it is the only one".into(),
        Some(next) if next != kind => format!("{} comes before {}", kind.name(), next.name()),
        Some(_) => format!("it is the first {} adapter", kind.name()),
    }
}
