//! Folders of the user.

use std::path::PathBuf;

/// The folder of caches: the one that `PARITY_CACHE` names, or `parity` in the system's.
pub(super) fn cache() -> Option<PathBuf> {
    folder("PARITY_CACHE", dirs::cache_dir())
}

/// The folder of what is to be kept: the one that `PARITY_DATA` names, or `parity` in the system's.
pub(super) fn data() -> Option<PathBuf> {
    folder("PARITY_DATA", dirs::data_local_dir())
}

fn folder(variable: &str, of_system: Option<PathBuf>) -> Option<PathBuf> {
    let named = std::env::var_os(variable).filter(|name| !name.is_empty());
    named.map(PathBuf::from).or_else(|| Some(of_system?.join("parity")))
}
