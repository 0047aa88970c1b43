//! What is finished of a sweep, so that it can go on after it was interrupted.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::Error;

/// Bytes behind each tile that tell whether it is whole: of the SHA-256 of all that is before.
const CHECK: usize = 8;

/// A file with a line that says what sweep it is of, and behind it the finished tiles: a value for
/// each pixel as little-endian `f32`, and a check.
pub struct Partial {
    path: PathBuf,
    file: File,
    /// Of all that is in the file.
    hash: Sha256,
    /// The values that were there already: whole tiles.
    pub values: Vec<f32>,
}

impl Partial {
    /// Opens the file at `path`, of the sweep that `identity`, one line, describes; begins it if
    /// there is none. A tile that was half written or is damaged does not count, nor any behind it.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read or written, or is of something else.
    pub fn open(path: &Path, identity: &str, tile_size: usize) -> Result<Self, Error> {
        assert!(!identity.contains('\n'), "one line");
        let failed = |error: std::io::Error| Error::file(path, error);
        let head = format!("{identity}\n");
        let old = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => vec![],
            Err(error) => return Err(failed(error)),
        };
        let Some(mut rest) = old.strip_prefix(head.as_bytes()).or(old.is_empty().then_some(&[]))
        else {
            let problem = "this is of another sweep, or none; finish that, or remove the file, or \
                           write elsewhere";
            return Err(Error::file(path, problem));
        };
        let mut hash = Sha256::new_with_prefix(&head);
        let (mut values, mut len) = (vec![], head.len());
        while let Some((tile, behind)) = rest.split_at_checked(4 * tile_size) {
            hash.update(tile);
            if behind.get(..CHECK) != Some(&hash.clone().finalize()[..CHECK]) {
                break;
            }
            let (whole, _) = tile.as_chunks();
            values.extend(whole.iter().map(|bytes| f32::from_le_bytes(*bytes)));
            hash.update(&behind[..CHECK]);
            len += 4 * tile_size + CHECK;
            rest = &behind[CHECK..];
        }
        let kept = old.get(..len).unwrap_or(head.as_bytes());
        let mut options = OpenOptions::new();
        let mut file =
            options.write(true).create(true).truncate(false).open(path).map_err(failed)?;
        if old.is_empty() {
            file.write_all(kept).map_err(failed)?;
        }
        // What is whole stays where it is: nothing of it can be lost here.
        file.set_len(kept.len() as u64).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        Ok(Self { path: path.into(), file, hash: Sha256::new_with_prefix(kept), values })
    }

    /// Keeps the values of one more tile.
    ///
    /// # Errors
    /// [`Error::File`] if they cannot be written.
    pub fn append(&mut self, values: &[f32]) -> Result<(), Error> {
        let mut bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.hash.update(&bytes);
        let check = self.hash.clone().finalize();
        self.hash.update(&check[..CHECK]);
        bytes.extend_from_slice(&check[..CHECK]);
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

/// A run that failed before its first tile leaves nothing.
impl Drop for Partial {
    fn drop(&mut self) {
        if self.values.is_empty() {
            // A file that stays says that nothing is finished.
            drop(std::fs::remove_file(&self.path));
        }
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
        assert!(Partial::open(&path, "another", 2).is_err(), "what is kept is not lost");
        let mut bytes = std::fs::read(&path).expect("it is there");
        let damaged = bytes.len() - CHECK - 1;
        bytes[damaged] ^= 1;
        std::fs::write(&path, bytes).expect("it is writable");
        let damaged = Partial::open(&path, "this", 2).expect("it is readable");
        assert_eq!(damaged.values.len(), 2);
        damaged.remove().expect("it is there");
        assert!(!path.exists());
    }
}
