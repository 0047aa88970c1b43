//! The file of winners. It only saves time: one that is missing, damaged, foreign or cannot be
//! written costs a trial and no more.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::file::{read_list, sha256, write_list};
use crate::gpu::{AdapterKey, AdapterSummary};
use crate::kernels::product::LADDER;

/// What a winner depends on besides its class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Key {
    #[serde(flatten)]
    adapter: AdapterKey,
    /// SHA-256 of the shaders.
    shaders: String,
}

impl Key {
    pub(super) fn of(adapter: &AdapterSummary) -> Self {
        let texts = LADDER.iter().map(|variant| variant.name() + variant.spec().source());
        let shaders = sha256(texts.collect::<String>().as_bytes());
        Self { adapter: AdapterKey::of(adapter), shaders }
    }
}

/// A winner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    key: Key,
    class: String,
    variant: String,
    /// For those who read the file.
    median_us: f64,
}

/// What is known, and where it is kept.
pub(super) struct Cache {
    path: Option<PathBuf>,
    entries: Vec<Entry>,
}

impl Cache {
    pub(super) fn read(path: Option<PathBuf>) -> Self {
        let entries = path.as_deref().map(read_list).unwrap_or_default();
        Self { path, entries }
    }

    /// The name of the winner of a class.
    pub(super) fn get(&self, key: &Key, class: &str) -> Option<&str> {
        let entry = self.entries.iter().find(|entry| entry.key == *key && entry.class == class);
        entry.map(|entry| entry.variant.as_str())
    }

    /// Keeps a winner. What others wrote in the meantime stays, but for what this device has no more
    /// use for: other drivers, versions and shaders.
    pub(super) fn put(&mut self, key: &Key, class: &str, variant: &str, median: Duration) {
        if let Some(path) = &self.path {
            let own = std::mem::replace(&mut self.entries, read_list(path));
            // If nothing can be written, they are known here alone.
            for entry in own {
                let is_it = |other: &Entry| other.key == entry.key && other.class == entry.class;
                if !self.entries.iter().any(is_it) {
                    self.entries.push(entry);
                }
            }
        }
        self.entries.retain(|entry| {
            let is_outdated = entry.key.adapter.is_same_device(&key.adapter) && entry.key != *key;
            !is_outdated && (entry.key != *key || entry.class != class)
        });
        self.entries.push(Entry {
            key: key.clone(),
            class: class.into(),
            variant: variant.into(),
            median_us: 1e6 * median.as_secs_f64(),
        });
        if let Some(path) = &self.path
            && let Err(error) = write_list(path, &self.entries)
        {
            tracing::warn!("what was tuned is not kept: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::{Backend, DeviceType};

    fn key(name: &str, driver: &str) -> Key {
        Key::of(&AdapterSummary {
            name: name.into(),
            backend: Backend::Vulkan,
            driver: driver.into(),
            device_type: DeviceType::Other,
        })
    }

    const TIME: Duration = Duration::from_micros(5);

    #[test]
    fn what_is_put_is_found_by_the_next_and_only_under_its_key_and_class() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = Some(folder.path().join("new").join("tuned.json"));
        let mut first = Cache::read(path.clone());
        assert_eq!(first.get(&key("a", "1"), "class"), None);
        let mut second = Cache::read(path.clone());
        first.put(&key("a", "1"), "class", "naive", TIME);
        second.put(&key("b", "1"), "class", "register 4×4", TIME);
        first.put(&key("a", "1"), "class", "register 8×8", TIME);
        let read = Cache::read(path.clone());
        assert_eq!(read.get(&key("a", "1"), "class"), Some("register 8×8"));
        assert_eq!(read.get(&key("b", "1"), "class"), Some("register 4×4"));
        assert_eq!(read.entries.len(), 2);
        for (other, class) in [(key("a", "2"), "class"), (key("a", "1"), "other")] {
            assert_eq!(read.get(&other, class), None);
        }
        first.put(&key("a", "2"), "class", "naive", TIME);
        let read = Cache::read(path);
        assert_eq!(read.get(&key("a", "1"), "class"), None, "the driver has changed");
        assert_eq!(read.get(&key("b", "1"), "class"), Some("register 4×4"));
    }

    #[test]
    fn a_damaged_file_is_ignored_and_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tuned.json");
        for damaged in ["", "[{\"adapter\": \"a\"", "{}", "[1, 2]", "\u{0}"] {
            std::fs::write(&path, damaged).expect("it is writable");
            let mut cache = Cache::read(Some(path.clone()));
            assert_eq!(cache.get(&key("a", "1"), "class"), None);
            cache.put(&key("a", "1"), "class", "naive", TIME);
            let read = Cache::read(Some(path.clone()));
            assert_eq!(read.get(&key("a", "1"), "class"), Some("naive"), "{damaged:?}");
        }
    }

    #[test]
    fn what_cannot_be_written_is_known_until_the_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "no folder").expect("it is writable");
        for path in [Some(file.join("tuned.json")), None] {
            let mut cache = Cache::read(path);
            cache.put(&key("a", "1"), "class", "naive", TIME);
            cache.put(&key("a", "1"), "another class", "register 4×4", TIME);
            let is_kept = cache.get(&key("a", "1"), "class") == Some("naive");
            assert!(is_kept, "{:?}", cache.path);
        }
    }
}
