//! Lists of what was found out earlier, as JSON. They only save time: one that is missing, damaged
//! or foreign is an empty one.

use std::fs;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::write;
use crate::error::Error;

/// The entries of a list.
pub fn read_list<T: DeserializeOwned>(path: &Path) -> Vec<T> {
    let Ok(bytes) = fs::read(path) else { return vec![] };
    serde_json::from_slice(&bytes).unwrap_or_else(|error| {
        tracing::warn!("{} is damaged and will be replaced: {error}", path.display());
        vec![]
    })
}

/// Replaces a list, and creates its folder if it is missing.
///
/// # Errors
/// [`Error::File`] if it cannot be written.
pub fn write_list<T: Serialize>(path: &Path, entries: &[T]) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| Error::file(folder, error))?;
    }
    let text = serde_json::to_string_pretty(entries).expect("every key is a string") + "\n";
    write(path, text.as_bytes())
}
