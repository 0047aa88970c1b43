//! Files that are either the old one or the new one, never half of it.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

mod list;
mod run_files;

pub use list::{read_list, write_list};
pub use run_files::{RunFiles, abandoned};

use sha2::{Digest, Sha256};

use crate::error::Error;

/// How often a file is written again whose temporary one another run took for left behind.
const TRIES: usize = 3;

/// Replaces the file at `path`: the bytes go to a new file beside it, which takes its name when
/// it is safe on the disk.
///
/// # Errors
/// [`Error::File`] if it cannot be written; the old file is then still there, whole.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    replace(path, bytes).map_err(|error| Error::file(path, error))
}

/// SHA-256 in lower-case hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The path that the bytes really go to: links are followed, even to a file that does not exist
/// yet.
#[must_use]
pub fn resolve(path: &Path) -> PathBuf {
    let mut target = path.to_owned();
    // As many links as Linux follows.
    for _ in 0..40 {
        let Ok(next) = target.read_link() else { break };
        target = folder_of(&target).join(next);
    }
    let folder = folder_of(&target).canonicalize();
    match (folder, target.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => target,
    }
}

/// Whether it has no content to keep: a pipe or a device.
fn is_stream(path: &Path) -> bool {
    path.metadata().is_ok_and(|old| !old.is_file())
}

/// Whether it is another name of what the report goes to.
fn is_standard_stream(path: &Path) -> bool {
    let folders = ["/dev/fd", "/proc/self/fd"];
    let names = ["/dev/stdout", "/dev/stderr"];
    names.iter().any(|name| path == Path::new(name)) || folders.iter().any(|f| path.starts_with(f))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if is_stream(path) {
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    let path = &resolve(path);
    let mut tries = 1..TRIES;
    loop {
        let mut file = temporary(path).create()?;
        file.write_all(bytes)?;
        if let Ok(old) = path.metadata() {
            file.as_file().set_permissions(old.permissions())?;
        }
        file.as_file().sync_all()?;
        match file.persist(path) {
            Err(error) if error.error.kind() == ErrorKind::NotFound && tries.next().is_some() => {}
            renamed => break drop(renamed?),
        }
    }
    temporary(path).clear();
    if cfg!(unix) {
        File::open(folder_of(path))?.sync_all()?;
    }
    Ok(())
}

/// What a file is written to before it takes the name of its target.
fn temporary(target: &Path) -> RunFiles {
    RunFiles::new(target, ".", ".tmp")
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Fails early, before a long run, where [`write()`] would fail at its end; removes what killed runs
/// left beside the file.
///
/// # Errors
/// [`Error::File`] if the folder does not exist or cannot be written to, or `path` is a folder or
/// a file that is write-protected.
pub fn check_writable(path: &Path) -> Result<(), Error> {
    let refuse = |problem: String| Err(Error::file(path, format!("cannot be written: {problem}")));
    if path.is_dir() {
        return refuse("it is a folder".into());
    }
    if is_standard_stream(path) {
        return refuse("the report goes there".into());
    }
    if is_stream(path) {
        return Ok(());
    }
    let target = resolve(path);
    let folder = folder_of(&target);
    if !folder.is_dir() {
        return refuse(format!("there is no folder {}", folder.display()));
    }
    if target.metadata().is_ok_and(|old| old.permissions().readonly()) {
        return refuse("it is write-protected".into());
    }
    temporary(&target).clear();
    temporary(&target).create().map(drop).or_else(|error| refuse(error.kind().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out");
        for content in ["old and longer", "new"] {
            write(&path, content.as_bytes()).expect("it is writable");
            assert_eq!(std::fs::read_to_string(&path).expect("it is there"), content);
        }
        assert_eq!(folder.path().read_dir().expect("a folder").count(), 1);
    }

    #[test]
    fn temporary_files_of_killed_runs_are_removed_by_the_next_and_those_of_others_are_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out");
        let alive = temporary(&path).create().expect("it is writable");
        let killed = temporary(&path).create().expect("it is writable");
        let (file, killed) = killed.keep().expect("it is ours");
        drop(file);
        let others = [".out.tmp", ".out.abc.tmp", ".other.abcdef.tmp", ".out.abcdef.partial"];
        for name in others {
            std::fs::write(folder.path().join(name), "").expect("it is writable");
        }
        check_writable(&path).expect("it is writable");
        assert!(!killed.exists() && alive.path().exists());
        assert_eq!(folder.path().read_dir().expect("a folder").count(), 1 + others.len());
        let long = folder.path().join("x".repeat(255));
        write(&long, b"new").expect("a name as long as names can be");
    }

    #[test]
    fn a_temporary_file_that_another_run_removed_is_written_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out");
        std::thread::scope(|scope| {
            let clear = scope.spawn(|| {
                for _ in 0..2_000 {
                    temporary(&path).clear();
                }
            });
            while !clear.is_finished() {
                write(&path, b"new").expect("it is writable");
            }
        });
    }

    #[cfg(unix)]
    #[test]
    fn links_modes_and_devices_stay_what_they_are() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().expect("a folder");
        let [target, link] = ["target", "link"].map(|name| folder.path().join(name));
        std::fs::write(&target, "old").expect("it is writable");
        let mode = PermissionsExt::from_mode(0o640);
        std::fs::set_permissions(&target, mode).expect("it is ours");
        symlink(&target, &link).expect("links are known");
        write(&link, b"new").expect("it is writable");
        assert!(link.is_symlink());
        let dangling = folder.path().join("dangling");
        symlink("not there yet", &dangling).expect("links are known");
        write(&dangling, b"new").expect("it is writable");
        assert!(dangling.is_symlink() && folder.path().join("not there yet").is_file());
        assert_eq!(std::fs::read_to_string(&target).expect("it is there"), "new");
        assert_eq!(target.metadata().expect("it is there").permissions().mode() & 0o777, 0o640);
        write(Path::new("/dev/null"), b"lost").expect("it is writable");
        assert!(!Path::new("/dev/null").is_file());
        std::fs::set_permissions(&target, PermissionsExt::from_mode(0o444)).expect("it is ours");
        assert!(check_writable(&target).is_err());
    }

    #[test]
    fn a_folder_that_is_missing_is_noticed_early() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(check_writable(&folder.path().join("missing").join("out")).is_err());
        assert!(check_writable(folder.path()).is_err());
        assert!(check_writable(&folder.path().join("out")).is_ok());
    }
}
