//! Files that are either the old one or the new one, never half of it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::Error;

/// Replaces the file at `path`: the bytes go to a new file beside it, which takes its name when
/// it is safe on the disk.
///
/// # Errors
/// [`Error::File`] if it cannot be written; the old file is then still there, whole.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    replace(path, bytes).map_err(|error| Error::file(path, error))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Through a link, it is the file that is replaced, not the link.
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let old = path.metadata().ok();
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        // A pipe or a device has no content to keep.
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    let folder = folder_of(path);
    let mut file = new_file(folder)?;
    file.write_all(bytes)?;
    if let Some(old) = old {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// A file that others may read as far as the umask allows; temporary ones are usually private.
fn new_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Fails early, before a long run, where [`write()`] would fail at its end.
///
/// # Errors
/// [`Error::File`] if the folder does not exist or cannot be written to, or `path` is a folder or
/// a file that is write-protected.
pub fn check_writable(path: &Path) -> Result<(), Error> {
    let folder = folder_of(path);
    let refuse = |problem: String| Err(Error::file(path, format!("cannot be written: {problem}")));
    if path.is_dir() {
        return refuse("it is a folder".into());
    }
    if !folder.is_dir() {
        return refuse(format!("there is no folder {}", folder.display()));
    }
    match path.metadata() {
        Ok(old) if old.permissions().readonly() => refuse("it is write-protected".into()),
        Ok(old) if !old.is_file() => Ok(()),
        _ => new_file(folder).map(drop).or_else(|error| refuse(error.kind().to_string())),
    }
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
