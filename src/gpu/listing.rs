//! Which adapters there are, and which of them a selection takes.

use crate::error::Error;

use super::adapter::{Abilities, AdapterSummary, Backend};

/// What to do on a machine without any adapter.
const INSTALL_HINT: &str = "install a driver: Debian, Ubuntu: apt install mesa-vulkan-drivers \
     libvulkan1; Fedora: dnf install mesa-vulkan-drivers vulkan-loader; Arch: pacman -S \
     vulkan-icd-loader vulkan-swrast; for NVIDIA, its own driver";

/// A choice of adapter; empty, it takes the best adapter.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// The backends to look at; an empty list means all.
    pub backends: Vec<Backend>,
    /// An adapter's number in the list of all adapters, or part of its name in upper or lower case.
    /// A number that no adapter has is searched for in the names, as a whole number: 3060 fits
    /// "RTX 3060", and 30 does not.
    pub adapter: Option<String>,
}

/// A selection with what it leaves open taken from the environment.
#[derive(Default)]
struct Request {
    backends: Vec<Backend>,
    /// The source of the request, as it is written before the value, and the value.
    adapter: Option<(&'static str, String)>,
}

impl Request {
    /// # Errors
    /// [`Error::Usage`] if `WGPU_BACKEND` names no backend.
    fn of(selection: Selection) -> Result<Self, Error> {
        let variable = |name| {
            let value = std::env::var_os(name)?.to_string_lossy().into_owned();
            Some(value).filter(|value| !value.trim().is_empty())
        };
        let Selection { mut backends, adapter } = selection;
        if let Some(value) = variable("WGPU_BACKEND") {
            let named = value.split(',').map(|name| parse_backend(name, &value));
            let named = named.collect::<Result<Vec<_>, _>>()?;
            if backends.is_empty() {
                backends = named;
            }
        }
        let asked = adapter.map(|name| ("adapter ", name));
        let adapter = asked
            .or_else(|| variable("WGPU_ADAPTER_NAME").map(|name| ("WGPU_ADAPTER_NAME=", name)));
        Ok(Self { backends, adapter })
    }

    fn allows(&self, adapter: &AdapterSummary) -> bool {
        self.backends.is_empty() || self.backends.contains(&adapter.backend)
    }

    /// The backends that are allowed, in words.
    fn through(&self) -> String {
        self.backends.iter().map(|backend| backend.name()).collect::<Vec<_>>().join(" or ")
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

/// The adapter that a selection takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// Its number in the list of all adapters.
    pub number: usize,
    /// The reason for the choice.
    pub reason: String,
}

/// An adapter of this machine, under the number by which it can be selected.
pub(super) struct Candidate {
    number: usize,
    pub(super) adapter: wgpu::Adapter,
    pub(super) summary: AdapterSummary,
}

/// The adapters that a selection allows, the preferred first, and the one that it takes.
pub struct Listing {
    candidates: Vec<Candidate>,
    /// The adapter that the selection takes. [`Error::NoAdapter`] if no adapter exists;
    /// [`Error::Usage`] if none or several fit the name or number that was asked for.
    pub chosen: Result<Chosen, Error>,
}

impl Listing {
    /// Lists the adapters and picks one. What the selection leaves open is taken from
    /// `WGPU_BACKEND` and `WGPU_ADAPTER_NAME`, then by rank: discrete before integrated, virtual
    /// and software; among equals, Vulkan, Metal and DX12 before GL.
    ///
    /// # Errors
    /// [`Error::Usage`] if `WGPU_BACKEND` names no backend.
    pub async fn of(selection: Selection) -> Result<Self, Error> {
        let request = Request::of(selection)?;
        let (adapters, all): (Vec<_>, Vec<_>) = enumerate().await.into_iter().unzip();
        let chosen = choose(&all, &request);
        let numbered = adapters.into_iter().zip(all).enumerate();
        let candidates = numbered
            .map(|(number, (adapter, summary))| Candidate { number, adapter, summary })
            .filter(|candidate| request.allows(&candidate.summary));
        Ok(Self { candidates: candidates.collect(), chosen })
    }

    /// Every adapter: its number, its description, and its abilities.
    pub fn adapters(&self) -> impl Iterator<Item = (usize, &AdapterSummary, Abilities)> {
        let candidates = self.candidates.iter();
        candidates.map(|Candidate { number, adapter, summary }| {
            (*number, summary, Abilities::of(adapter))
        })
    }

    /// The adapter that the selection takes.
    pub(super) fn into_chosen(self) -> Result<Candidate, Error> {
        let Chosen { number, .. } = self.chosen?;
        let mut candidates = self.candidates.into_iter();
        Ok(candidates.find(|candidate| candidate.number == number).expect("it is allowed"))
    }
}

/// The preferred adapters first.
async fn enumerate() -> Vec<(wgpu::Adapter, AdapterSummary)> {
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
    adapters.sort_by_key(|(_, summary)| summary.rank());
    adapters
}

fn can_compute(adapter: &wgpu::Adapter) -> bool {
    let flags = adapter.get_downlevel_capabilities().flags;
    flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS)
}

/// The adapter of `all` that a request takes.
fn choose(all: &[AdapterSummary], request: &Request) -> Result<Chosen, Error> {
    if all.is_empty() {
        return Err(Error::NoAdapter(format!(
            "no adapter found, neither through Vulkan nor Metal, DX12 or GL; {INSTALL_HINT}"
        )));
    }
    let allowed: Vec<_> = (0..all.len()).filter(|&number| request.allows(&all[number])).collect();
    let Some(&first) = allowed.first() else {
        let everything = list(all, 0..all.len());
        let through = request.through();
        return Err(Error::NoAdapter(format!("no adapter through {through}; found {everything}")));
    };
    match &request.adapter {
        Some((source, wanted)) => find(all, &allowed, wanted, &request.through())
            .map_err(|problem| Error::Usage(format!("{source}{wanted}: {problem}"))),
        None => Ok(Chosen { number: first, reason: why_first(all, &allowed) }),
    }
}

/// The numbers of some adapters, each with what it is.
fn list(all: &[AdapterSummary], numbers: impl IntoIterator<Item = usize>) -> String {
    let named = numbers.into_iter().map(|number| format!("{number}: {}", all[number]));
    named.collect::<Vec<_>>().join("; ")
}

/// The adapter with this number, if there is one; else the best whose name fits.
fn find(
    all: &[AdapterSummary],
    allowed: &[usize],
    wanted: &str,
    through: &str,
) -> Result<Chosen, String> {
    let lower = wanted.trim().to_lowercase();
    let known = list(all, allowed.iter().copied());
    if let Some(number) = lower.parse().ok().filter(|number| (0..all.len()).contains(number)) {
        if allowed.contains(&number) {
            return Ok(Chosen { number, reason: "its number was asked for".into() });
        }
        let found = &all[number];
        return Err(format!("that is {found}; expected an adapter through {through}: {known}"));
    }
    let fitting: Vec<_> =
        allowed.iter().copied().filter(|&number| fits(&all[number].name, &lower)).collect();
    let is_exact = |number: &usize| all[*number].name.to_lowercase() == lower;
    let exact: Vec<_> = fitting.iter().copied().filter(is_exact).collect();
    let fitting = if exact.is_empty() { fitting } else { exact };
    let Some(&number) = fitting.first() else {
        return Err(format!(
            "no adapter fits; expected a number, or part of a name, of one of these: {known}"
        ));
    };
    let is_rival = |other: &&usize| {
        let [first, other] = [number, **other].map(|number| &all[number]);
        other.rank() == first.rank() && other.name != first.name
    };
    if fitting.iter().any(|other| is_rival(&other)) {
        let fitting = list(all, fitting);
        return Err(format!(
            "several adapters fit; expected a number, or a longer part of a name, of one of \
             these: {fitting}"
        ));
    }
    let reason = match fitting.len() {
        1 => format!("it fits \"{wanted}\""),
        count => format!("it is the first of {count} that fit \"{wanted}\""),
    };
    Ok(Chosen { number, reason })
}

/// Whether a name has these lower-case letters; digits, if there are no others, as a whole number.
fn fits(name: &str, lower: &str) -> bool {
    let name = name.to_lowercase();
    let is_digit = |letter: char| letter.is_ascii_digit();
    if lower.chars().all(is_digit) {
        let mut numbers =
            name.split(|letter| !is_digit(letter)).filter(|number| !number.is_empty());
        return numbers.any(|number| number == lower);
    }
    name.contains(lower)
}

fn why_first(all: &[AdapterSummary], allowed: &[usize]) -> String {
    let kind = all[allowed[0]].device_type;
    match allowed.get(1).map(|&next| all[next].device_type) {
        None => "it is the only one".into(),
        Some(next) if next != kind => format!("{} comes before {}", kind.name(), next.name()),
        Some(_) => format!("it is the first {} adapter", kind.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::adapter::DeviceType;
    use super::*;

    fn adapter(name: &str, backend: Backend, device_type: DeviceType) -> AdapterSummary {
        AdapterSummary { name: name.into(), backend, driver: "1.0".into(), device_type }
    }

    /// A machine with two cards, of which one is reached in two ways, and a software adapter.
    fn machine() -> Vec<AdapterSummary> {
        vec![
            adapter("NVIDIA GeForce RTX 3060", Backend::Vulkan, DeviceType::Discrete),
            adapter("NVIDIA GeForce RTX 3060 Ti", Backend::Vulkan, DeviceType::Discrete),
            adapter("NVIDIA GeForce RTX 3060/PCIe/SSE2", Backend::Gl, DeviceType::Discrete),
            adapter("AMD Radeon RX 7900 XTX", Backend::Vulkan, DeviceType::Discrete),
            adapter("llvmpipe (LLVM 15.0.6, 256 bits)", Backend::Vulkan, DeviceType::Software),
            adapter("llvmpipe (LLVM 15.0.6, 256 bits)", Backend::Gl, DeviceType::Software),
        ]
    }

    fn chosen(all: &[AdapterSummary], backends: &[Backend], wanted: &str) -> Result<usize, String> {
        let adapter = Some(("WGPU_ADAPTER_NAME=", wanted.into()));
        let request = Request { backends: backends.into(), adapter };
        choose(all, &request).map(|chosen| chosen.number).map_err(|error| error.to_string())
    }

    #[test]
    fn a_number_that_no_adapter_has_is_looked_for_in_the_names() {
        let all = machine();
        assert_eq!(chosen(&all, &[], "7900"), Ok(3));
        assert_eq!(chosen(&all, &[], " 256 "), Ok(4), "the first of two of one name");
        assert_eq!(chosen(&all, &[Backend::Gl], "256"), Ok(5));
        assert_eq!(chosen(&all, &[Backend::Gl], "3060"), Ok(2));
        assert_eq!(chosen(&all[4..], &[], "256"), Ok(0));
        assert_eq!(chosen(&[all[0].clone(), all[4].clone()], &[], "3060"), Ok(0));
    }

    #[test]
    fn a_number_that_an_adapter_has_is_that_adapter() {
        let all = machine();
        let numbers: Vec<_> =
            (0..all.len()).map(|number| chosen(&all, &[], &number.to_string())).collect();
        assert_eq!(numbers, (0..all.len()).map(Ok).collect::<Vec<_>>());
        let found = chosen(&all, &[Backend::Vulkan], "5").expect_err("that is through gl");
        assert!(
            found.contains("that is llvmpipe") && found.contains("through vulkan: 0: "),
            "{found}"
        );
    }

    #[test]
    fn part_of_a_number_is_not_the_number() {
        let all = machine();
        for wanted in ["30", "60", "25", "6000", "99999999999999999999999"] {
            let found = chosen(&all, &[], wanted).expect_err("no name has it");
            let start = format!("WGPU_ADAPTER_NAME={wanted}: no adapter fits");
            assert!(found.starts_with(&start), "{found}");
            assert!(all.iter().all(|adapter| found.contains(&adapter.name)), "{found}");
        }
    }

    #[test]
    fn a_name_is_found_in_any_case_and_the_whole_name_is_that_adapter() {
        let all = machine();
        assert_eq!(chosen(&all, &[], "radeon"), Ok(3));
        assert_eq!(chosen(&all, &[], "3060 ti"), Ok(1));
        assert_eq!(chosen(&all, &[], "nvidia geforce rtx 3060"), Ok(0));
        assert_eq!(chosen(&all, &[], "LLVMpipe"), Ok(4));
        let of_one_card = [all[0].clone(), all[2].clone()];
        assert_eq!(chosen(&of_one_card, &[], "geforce"), Ok(0), "GL comes last");
    }

    #[test]
    fn a_name_that_several_adapters_have_is_refused_with_those() {
        let all = machine();
        for wanted in ["3060", "geforce", "R"] {
            let found = chosen(&all, &[], wanted).expect_err("two cards have it");
            assert!(found.contains("several adapters fit"), "{found}");
            let listed = "0: NVIDIA GeForce RTX 3060 (vulkan, discrete, 1.0); 1: NVIDIA";
            assert!(found.contains(listed), "{found}");
        }
        let found = chosen(&all, &[], "3060").expect_err("two cards have it");
        assert!(!found.contains("AMD") && !found.contains("llvmpipe"), "{found}");
    }

    #[test]
    fn without_a_name_the_first_that_is_allowed_is_taken_with_the_reason() {
        let all = machine();
        let of = |all: &[AdapterSummary], backends: &[Backend]| {
            let backends = backends.to_vec();
            choose(all, &Request { backends, adapter: None })
        };
        let taken = of(&all, &[]).expect("there are some");
        assert_eq!((taken.number, taken.reason.as_str()), (0, "it is the first discrete adapter"));
        let taken = of(&all, &[Backend::Gl]).expect("there are some");
        assert_eq!((taken.number, taken.reason.as_str()), (2, "discrete comes before software"));
        let metal = of(&all, &[Backend::Metal]).expect_err("there is none").to_string();
        assert!(metal.contains("no adapter through metal; found 0: NVIDIA"), "{metal}");
        assert_eq!(of(&[], &[]).expect_err("there is none").exit_code(), 3);
    }
}
