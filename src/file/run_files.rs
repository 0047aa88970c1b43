//! Files that belong to one run each, beside a target that several runs may write.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::folder_of;

/// Characters by which the files of different runs differ.
const RANDOM: usize = 6;

/// How often a file is made again that another run takes for left behind before it is locked.
const TRIES: usize = 8;

/// Longest part of a target's name that is used: what is added must fit into a name, too.
const MAX_STEM: usize = 200;

/// The files of runs beside one target: called after it, and locked while their run lives. The lock
/// keeps no run from anything: it only tells which files were left behind.
pub struct RunFiles {
    folder: PathBuf,
    before: OsString,
    after: &'static str,
}

impl RunFiles {
    /// Those of which the name is `prefix`, the end of `stem`, a dot, some characters, and `after`.
    #[must_use]
    pub fn new(stem: &Path, prefix: &str, after: &'static str) -> Self {
        let name = stem.file_name().unwrap_or_default();
        let mut before = OsString::from(prefix);
        if name.len() <= MAX_STEM {
            before.push(name);
        } else {
            before.push(name.to_string_lossy().chars().take(MAX_STEM / 4).collect::<String>());
        }
        before.push(".");
        Self { folder: folder_of(stem).into(), before, after }
    }

    /// A new one, which others may read as far as the umask allows; temporary files are usually
    /// private.
    ///
    /// # Errors
    /// If none can be made there.
    pub fn create(&self) -> io::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(&self.before).suffix(self.after).rand_bytes(RANDOM);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        for _ in 1..TRIES {
            let file = builder.tempfile_in(&self.folder)?;
            // If locks are unknown, no file looks left behind.
            drop(file.as_file().lock());
            if file.path().exists() {
                return Ok(file);
            }
        }
        builder.tempfile_in(&self.folder)
    }

    /// All that are there.
    #[must_use]
    pub fn all(&self) -> Vec<PathBuf> {
        let Ok(entries) = self.folder.read_dir() else { return vec![] };
        let names = entries.filter_map(|entry| entry.ok().map(|entry| entry.file_name()));
        let own = names.filter(|name| {
            let name = name.as_encoded_bytes().strip_prefix(self.before.as_encoded_bytes());
            let random = name.and_then(|name| name.strip_suffix(self.after.as_bytes()));
            random.is_some_and(|random| {
                random.len() == RANDOM && random.iter().all(u8::is_ascii_alphanumeric)
            })
        });
        own.map(|name| self.folder.join(name)).collect()
    }

    /// Removes those that runs left behind.
    pub fn clear(&self) {
        for path in self.all() {
            if let Some(_locked) = abandoned(&path) {
                // Another run may have been quicker.
                drop(fs::remove_file(path));
            }
        }
    }
}

/// The file, if the run that made it is gone: from now on it is this one's.
#[must_use]
pub fn abandoned(path: &Path) -> Option<File> {
    let file = OpenOptions::new().read(true).write(true).open(path).ok()?;
    (file.try_lock().is_ok() && path.exists()).then_some(file)
}
