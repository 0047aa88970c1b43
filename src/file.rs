//! Files that are either the old one or the new one, never half of it.

use std::fs::File;
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
    let folder = folder_of(path);
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    allow_reading(file.as_file())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Temporary files are for their owner alone; results are for whom the umask allows, 0o644 here.
#[cfg(unix)]
fn allow_reading(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn allow_reading(_: &File) -> io::Result<()> {
    Ok(())
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
/// [`Error::File`] if the folder does not exist or cannot be written to, or `path` is a folder.
pub fn check_writable(path: &Path) -> Result<(), Error> {
    if path.is_dir() {
        return Err(Error::file(path, "is a folder, expected the name of a file"));
    }
    let folder = folder_of(path);
    if !folder.is_dir() {
        let problem = format!("cannot be written: there is no folder {}", folder.display());
        return Err(Error::file(path, problem));
    }
    NamedTempFile::new_in(folder)
        .map(drop)
        .map_err(|error| Error::file(path, format!("cannot be written: {}", error.kind())))
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
    fn a_folder_that_is_missing_is_noticed_early() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(check_writable(&folder.path().join("missing").join("out")).is_err());
        assert!(check_writable(folder.path()).is_err());
        assert!(check_writable(&folder.path().join("out")).is_ok());
    }
}
