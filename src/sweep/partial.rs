//! What is finished of a sweep, so that it can go on after it was interrupted.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// A file with a line that says what sweep it is of, and behind it a finished value for each pixel
/// from the first on, as little-endian `f32`.
pub struct Partial {
    path: PathBuf,
    file: File,
    /// The values that were there already: whole tiles.
    pub values: Vec<f32>,
}

impl Partial {
    /// Opens the file at `path` if it is of the sweep that `identity`, one line, describes; begins
    /// anew otherwise.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read or written.
    pub fn open(path: &Path, identity: &str, tile_size: usize) -> Result<Self, Error> {
        assert!(!identity.contains('\n'), "one line");
        let failed = |error: std::io::Error| Error::file(path, error);
        let head = format!("{identity}\n");
        let old = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => vec![],
            Err(error) => return Err(failed(error)),
        };
        let finished = old.strip_prefix(head.as_bytes()).unwrap_or_default();
        let tiles = finished.len() / (4 * tile_size);
        let (finished, _) = finished[..tiles * 4 * tile_size].as_chunks();
        let values: Vec<f32> = finished.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let mut options = OpenOptions::new();
        let mut file =
            options.write(true).create(true).truncate(false).open(path).map_err(failed)?;
        if values.is_empty() {
            file.set_len(0).and_then(|()| file.write_all(head.as_bytes())).map_err(failed)?;
        } else {
            // A tile that was half written is written again.
            let len = (head.len() + 4 * values.len()) as u64;
            let end = std::io::SeekFrom::Start(len);
            file.set_len(len)
                .and_then(|()| std::io::Seek::seek(&mut file, end).map(drop))
                .map_err(failed)?;
        }
        Ok(Self { path: path.into(), file, values })
    }

    /// Keeps the values of one more tile.
    ///
    /// # Errors
    /// [`Error::File`] if they cannot be written.
    pub fn append(&mut self, values: &[f32]) -> Result<(), Error> {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.file.write_all(&bytes).map_err(|error| Error::file(&self.path, error))?;
        self.values.extend_from_slice(values);
        Ok(())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file, once what it held is elsewhere.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be removed.
    pub fn remove(self) -> Result<(), Error> {
        std::fs::remove_file(&self.path).map_err(|error| Error::file(&self.path, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_tiles_are_found_again_and_halves_are_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("partial");
        let mut partial = Partial::open(&path, "this", 2).expect("it is writable");
        assert!(partial.values.is_empty());
        partial.append(&[1.0, f32::NAN]).expect("it is writable");
        partial.append(&[3.0, 4.0]).expect("it is writable");
        drop(partial);
        let len = path.metadata().expect("it is there").len();
        File::options()
            .write(true)
            .open(&path)
            .and_then(|file| file.set_len(len - 1))
            .expect("cut");
        let mut again = Partial::open(&path, "this", 2).expect("it is readable");
        assert_eq!(again.values.len(), 2);
        assert!(again.values[0] == 1.0 && again.values[1].is_nan());
        again.append(&[5.0, 6.0]).expect("it is writable");
        drop(again);
        let last = Partial::open(&path, "this", 2).expect("it is readable");
        assert_eq!(last.values[2..], [5.0, 6.0]);
        let other = Partial::open(&path, "another", 2).expect("it is writable");
        assert!(other.values.is_empty());
        other.remove().expect("it is there");
        assert!(!path.exists());
    }
}
