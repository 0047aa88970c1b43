//! The processor that the host code runs on, as the machine names it.

use std::fmt;
use std::sync::OnceLock;

use serde::Serialize;

/// A processor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Processor {
    /// Model name, with family, model and stepping where the system tells them: virtual machines
    /// often have nothing but the brand in the name.
    pub name: String,
    /// Number of threads that this process may run at the same time.
    pub threads: usize,
}

impl Processor {
    /// The processor of this machine, read once per process: from `/proc/cpuinfo` or the device tree
    /// on Linux, `sysctl` on macOS, the registry on Windows.
    pub fn detect() -> &'static Self {
        static PROCESSOR: OnceLock<Processor> = OnceLock::new();
        PROCESSOR.get_or_init(|| {
            let name = model_name().filter(|name| !name.is_empty());
            let name = name.unwrap_or_else(|| format!("unknown {}", std::env::consts::ARCH));
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            Self { name, threads }
        })
    }
}

impl fmt::Display for Processor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.threads == 1 { "" } else { "s" };
        write!(f, "{}, {} thread{plural}", self.name, self.threads)
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn model_name() -> Option<String> {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    // Most ARM kernels name no model there, and the board in the device tree.
    let board = || std::fs::read_to_string("/proc/device-tree/model").ok();
    of_cpuinfo(&cpuinfo).or_else(|| Some(plain(&board()?)))
}

#[cfg(target_os = "macos")]
fn model_name() -> Option<String> {
    printed("sysctl", &["-n", "machdep.cpu.brand_string"]).map(|name| plain(&name))
}

#[cfg(windows)]
fn model_name() -> Option<String> {
    let key = r"HKLM\HARDWARE\DESCRIPTION\System\CentralProcessor\0";
    let of_registry = printed("reg", &["query", key, "/v", "ProcessorNameString"]);
    of_registry
        .and_then(|text| of_reg_query(&text))
        .or_else(|| std::env::var("PROCESSOR_IDENTIFIER").ok().map(|name| plain(&name)))
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos", windows)))]
fn model_name() -> Option<String> {
    None
}

/// What a program of the system prints, if it ends well.
#[cfg(any(target_os = "macos", windows))]
fn printed(program: &str, arguments: &[&str]) -> Option<String> {
    let output = std::process::Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The name without padding: single spaces, and no zero byte at the end.
fn plain(name: &str) -> String {
    let words = name.split(|c: char| c.is_whitespace() || c == '\0');
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The first processor of Linux's list, if it has a model name.
#[cfg(any(target_os = "linux", target_os = "android", test))]
fn of_cpuinfo(text: &str) -> Option<String> {
    let value = |wanted: &str| {
        let pairs = text.lines().filter_map(|line| line.split_once(':'));
        let mut values = pairs.filter(|(key, _)| key.trim() == wanted).map(|(_, value)| value);
        values.next().map(plain).filter(|value| !value.is_empty())
    };
    let name = ["model name", "cpu model", "Hardware", "cpu"].into_iter().find_map(value)?;
    let details = [("family", "cpu family"), ("model", "model"), ("stepping", "stepping")];
    let details = details.map(|(word, key)| value(key).map(|value| format!("{word} {value}")));
    let details: Vec<_> = details.into_iter().flatten().collect();
    Some(if details.is_empty() { name } else { format!("{name} ({})", details.join(", ")) })
}

/// The value in the answer of Windows' `reg query`.
#[cfg(any(windows, test))]
fn of_reg_query(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.contains("ProcessorNameString"))?;
    line.split_once("REG_SZ").map(|(_, name)| plain(name)).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_named_as_the_machine_names_it() {
        let found = Processor::detect();
        assert!(!found.name.trim().is_empty() && found.threads > 0, "{found}");
        #[cfg(target_os = "linux")]
        {
            let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").expect("Linux has it");
            let line = cpuinfo.lines().find(|line| line.starts_with("model name"));
            if let Some((_, name)) = line.and_then(|line| line.split_once(':')) {
                assert!(found.name.starts_with(&plain(name)), "{found}, expected {name}");
            }
        }
    }

    #[test]
    fn linux_lists_the_model_with_its_family_or_the_board() {
        let x86 = "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\n\
                   model name\t: Intel(R) Xeon(R)  CPU @ 2.00GHz\nstepping\t: 3\n\n\
                   processor\t: 1\nmodel name\t: another\n";
        let name = "Intel(R) Xeon(R) CPU @ 2.00GHz (family 6, model 85, stepping 3)";
        assert_eq!(of_cpuinfo(x86).as_deref(), Some(name));
        let old_arm = "processor\t: 0\nBogoMIPS\t: 38.40\n\nHardware\t: BCM2835\n";
        assert_eq!(of_cpuinfo(old_arm).as_deref(), Some("BCM2835"));
        assert_eq!(of_cpuinfo("processor\t: 0\nCPU part\t: 0xd0c\n"), None);
        assert_eq!(plain("Raspberry Pi 4 Model B Rev 1.4\0"), "Raspberry Pi 4 Model B Rev 1.4");
    }

    #[test]
    fn windows_has_the_name_in_the_registry() {
        let text = "\r\nHKEY_LOCAL_MACHINE\\HARDWARE\\DESCRIPTION\\System\\CentralProcessor\\0\r\n    \
                    ProcessorNameString    REG_SZ    AMD Ryzen 9 7950X 16-Core Processor  \r\n\r\n";
        assert_eq!(of_reg_query(text).as_deref(), Some("AMD Ryzen 9 7950X 16-Core Processor"));
        assert_eq!(of_reg_query("ERROR: no such key"), None);
    }
}
