//! The best canary that this machine ever showed, kept across runs beside what was tuned. A file only
//! makes neighbours visible: one that is missing, damaged or foreign, or cannot be written, costs no
//! more than that.
//!
//! Each value has a file of its own, so that processes that write at the same time need no lock: the
//! least of all is the best, and whoever keeps a better one removes the worse ones.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ClockKind;
use crate::bench::Processor;
use crate::error::Error;
use crate::file::{self, sha256};
use crate::gpu::{AdapterKey, AdapterSummary};

/// Version of the file's layout.
const FORMAT: u32 = 1;

/// What the time of a canary depends on, besides what runs beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Key {
    #[serde(flatten)]
    adapter: AdapterKey,
    processor: String,
    clock: ClockKind,
    /// SHA-256 of its shaders and sizes.
    canary: String,
}

impl Key {
    pub fn new(adapter: &AdapterSummary, clock: ClockKind, canary: String) -> Self {
        let (adapter, processor) = (AdapterKey::of(adapter), Processor::detect().to_string());
        Self { adapter, processor, clock, canary }
    }
}

/// A file.
#[derive(Serialize, Deserialize)]
struct Entry {
    format: u32,
    #[serde(flatten)]
    key: Key,
    canary_us: f64,
}

/// The file in which the best canary of a key is kept.
pub(super) struct Best<'a> {
    folder: &'a Path,
    key: Key,
}

impl<'a> Best<'a> {
    pub fn new(folder: &'a Path, key: Key) -> Self {
        Self { folder, key }
    }

    /// The best of all runs, in microseconds.
    pub fn us(&self) -> Option<f64> {
        let known = self.files().into_iter().filter_map(|path| self.read(&path));
        known.min_by(f64::total_cmp)
    }

    /// Keeps what a run took, unless an earlier one took less.
    pub fn keep(&self, us: f64) {
        if self.us().is_some_and(|best| best <= us) {
            return;
        }
        if let Err(error) = self.write(us) {
            tracing::warn!("the canary's time is not kept: {error}");
            return;
        }
        for path in self.files() {
            // Worse ones, and what cannot be read.
            if self.read(&path).is_none_or(|other| other > us) {
                drop(std::fs::remove_file(path));
            }
        }
    }

    fn write(&self, us: f64) -> Result<(), Error> {
        std::fs::create_dir_all(self.folder).map_err(|error| Error::file(self.folder, error))?;
        let entry = Entry { format: FORMAT, key: self.key.clone(), canary_us: us };
        let text = serde_json::to_string_pretty(&entry).expect("every key is a string") + "\n";
        let name = format!("{}{:016x}.json", self.prefix(), us.to_bits());
        file::write(&self.folder.join(name), text.as_bytes())
    }

    /// What the names of this key's files begin with.
    fn prefix(&self) -> String {
        let key = serde_json::to_string(&self.key).expect("every key is a string");
        format!("canary-{}-", &sha256(key.as_bytes())[..16])
    }

    fn files(&self) -> Vec<PathBuf> {
        let prefix = self.prefix();
        let is_own = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.starts_with(&prefix) && path.extension().is_some_and(|end| end == "json")
        };
        let entries = self.folder.read_dir().into_iter().flatten().filter_map(Result::ok);
        entries.map(|entry| entry.path()).filter(is_own).collect()
    }

    fn read(&self, path: &Path) -> Option<f64> {
        let entry: Entry = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        let is_time = entry.canary_us > 0.0 && entry.canary_us.is_finite();
        let is_own = entry.format == FORMAT && entry.key == self.key;
        (is_time && is_own).then_some(entry.canary_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::{Backend, DeviceType};

    fn key(driver: &str, canary: &str) -> Key {
        let adapter = AdapterSummary {
            name: "a".into(),
            backend: Backend::Vulkan,
            driver: driver.into(),
            device_type: DeviceType::Other,
        };
        Key::new(&adapter, ClockKind::Host, canary.into())
    }

    #[test]
    fn the_best_canary_stays_and_is_that_of_its_key_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("new");
        let best = Best::new(&folder, key("1", "text"));
        assert_eq!(best.us(), None);
        for (us, expected) in [(50.0, 50.0), (60.0, 50.0), (40.5, 40.5), (45.0, 40.5)] {
            best.keep(us);
            assert_eq!(Best::new(&folder, key("1", "text")).us(), Some(expected));
            assert_eq!(best.files().len(), 1, "worse ones are removed");
        }
        for other in [key("2", "text"), key("1", "another text")] {
            let other = Best::new(&folder, other);
            assert_eq!(other.us(), None);
            other.keep(1.0);
        }
        assert_eq!(best.us(), Some(40.5));
    }

    #[test]
    fn the_best_canary_survives_damage() {
        let folder = tempfile::tempdir().expect("a folder");
        let best = Best::new(folder.path(), key("1", "text"));
        best.keep(50.0);
        let kept = std::fs::read_to_string(&best.files()[0]).expect("it is there");
        let name = |number: usize| folder.path().join(format!("{}{number}.json", best.prefix()));
        let damaged = [
            String::new(),
            kept[..kept.len() / 2].into(),
            kept.replace("50.0", "-1.0"),
            kept.replace("50.0", "1e999"),
            kept.replace("\"format\": 1", "\"format\": 2"),
            kept.replace("\"driver\": \"1\"", "\"driver\": \"2\"").replace("50.0", "1.0"),
            "\u{0}".into(),
        ];
        for (number, text) in damaged.iter().enumerate() {
            assert_ne!(*text, kept);
            std::fs::write(name(number), text).expect("it is writable");
        }
        assert_eq!(best.us(), Some(50.0));
        best.keep(40.0);
        assert_eq!((best.us(), best.files().len()), (Some(40.0), 1));
        let file = folder.path().join("file");
        std::fs::write(&file, "no folder").expect("it is writable");
        let nowhere = Best::new(&file, key("1", "text"));
        nowhere.keep(1.0);
        assert_eq!(nowhere.us(), None);
    }

    #[test]
    fn of_many_writers_at_once_the_best_canary_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        std::thread::scope(|scope| {
            for writer in 0..8_u32 {
                scope.spawn(move || {
                    let best = Best::new(folder, key("1", "text"));
                    for turn in 0..5 {
                        best.keep(f64::from(100 + (writer * 5 + turn) * 7 % 40));
                    }
                });
            }
        });
        assert_eq!(Best::new(folder, key("1", "text")).us(), Some(100.0));
    }
}
