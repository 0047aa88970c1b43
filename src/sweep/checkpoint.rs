//! What is finished of a sweep, so that it can go on after it was interrupted.

use std::fmt;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::file::{RunFiles, abandoned};

/// Bytes behind each chunk that tell whether it is whole: of the SHA-256 of all that is before.
const CHECK: usize = 8;

/// Hashes of everything that decides the values of a sweep, without line breaks or spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Hash of the sweep that was asked for.
    pub sweep: String,
    /// Hash of what computes it: adapter, driver, shader, version, number of networks side by side.
    pub run: String,
}

impl fmt::Display for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.sweep, self.run)
    }
}

/// The file of one run of a sweep. It holds a line that names the sweep, then the finished chunks:
/// a value for each pixel as little-endian `f32`, and a check. Each run of a sweep has its own
/// file.
pub struct Checkpoint {
    path: PathBuf,
    file: File,
    /// Hash of the whole content of the file.
    hash: Sha256,
    /// The values that were there already: whole chunks.
    pub values: Vec<f32>,
    /// A file of the same sweep by another adapter, driver or version, which cannot be continued
    /// here.
    pub foreign: Option<PathBuf>,
    picture: PathBuf,
    identity: Identity,
}

/// The whole chunks of a file.
struct Whole {
    values: Vec<f32>,
    /// The bytes of the line and of whole chunks.
    bytes: Vec<u8>,
    path: PathBuf,
    /// If its run is gone.
    file: Option<File>,
}

impl Checkpoint {
    /// Opens the checkpoint that continues the most advanced run of this sweep beside `picture`: in
    /// the same file if that run has ended, else in a new one. A chunk that is incomplete or
    /// damaged does not count, nor does any chunk behind it.
    ///
    /// # Errors
    /// [`Error::File`] if nothing can be written there, or the file there is of another sweep.
    pub fn open(picture: &Path, identity: &Identity, chunk_size: usize) -> Result<Self, Error> {
        let files = files(picture);
        let head = format!("{identity}\n");
        assert_eq!(head.split([' ', '\n']).count(), 3, "two words and a line break: {head}");
        let (mut best, mut foreign) = (None::<Whole>, None);
        for path in files.all() {
            let file = abandoned(&path);
            // It may just have been removed.
            let Ok(bytes) = fs::read(&path) else { continue };
            let Some(len) = bytes.iter().position(|byte| *byte == b'\n') else {
                if file.is_some() {
                    drop(fs::remove_file(path));
                }
                continue;
            };
            if bytes[..=len] == *head.as_bytes() {
                let whole = Whole::of(bytes, len + 1, chunk_size, path, file);
                let (more, less) = longer(best, whole);
                best = Some(more);
                // What another has too is of no more use.
                if let Some(Whole { file: Some(_), path, .. }) = less {
                    drop(fs::remove_file(path));
                }
            } else if bytes[..len].starts_with(format!("{} ", identity.sweep).as_bytes()) {
                foreign = Some(path);
            } else if file.is_some() && bytes.len() == len + 1 {
                // It holds nothing that could be lost.
                drop(fs::remove_file(path));
            } else {
                let problem = "this is of another sweep; finish that, or remove the file, or write \
                               elsewhere";
                return Err(Error::file(path, problem));
            }
        }
        let failed = |error: std::io::Error| Error::file(picture, error);
        let (values, bytes, adopted) = match best {
            Some(Whole { values, bytes, path, file }) => (values, bytes, file.zip(Some(path))),
            None => (vec![], head.into_bytes(), None),
        };
        let (mut file, path) = if let Some(adopted) = adopted {
            adopted
        } else {
            let mut file = files.create().map_err(failed)?;
            file.write_all(&bytes).map_err(failed)?;
            file.keep().map_err(|error| failed(error.error))?
        };
        // What is whole stays where it is: nothing of it can be lost here.
        file.set_len(bytes.len() as u64).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        let hash = Sha256::new_with_prefix(&bytes);
        let (picture, identity) = (picture.into(), identity.clone());
        Ok(Self { path, file, hash, values, foreign, picture, identity })
    }

    /// Writes the values of one more chunk.
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

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file, once its content is saved elsewhere, and those of runs of the same sweep
    /// that have ended.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be removed.
    pub fn remove(self) -> Result<(), Error> {
        Self::clear(&self.picture, &self.identity);
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::file(&self.path, error))
            }
            // Another run may have been quicker.
            _ => Ok(()),
        }
    }

    /// Removes the files that ended runs of a sweep left beside its picture, by any adapter.
    pub fn clear(picture: &Path, identity: &Identity) {
        let start = format!("{} ", identity.sweep);
        for path in files(picture).all() {
            if let Some(_locked) = abandoned(&path)
                && fs::read(&path).is_ok_and(|bytes| bytes.starts_with(start.as_bytes()))
            {
                drop(fs::remove_file(path));
            }
        }
    }
}

fn files(picture: &Path) -> RunFiles {
    RunFiles::new(&picture.with_extension(""), "", ".partial")
}

/// That with more values first, and at a tie the one whose run is gone.
fn longer(one: Option<Whole>, other: Whole) -> (Whole, Option<Whole>) {
    let rank = |whole: &Whole| (whole.values.len(), whole.file.is_some());
    match one {
        Some(one) if rank(&one) >= rank(&other) => (one, Some(other)),
        one => (other, one),
    }
}

impl Whole {
    /// Reads the chunks behind the line, which has this number of bytes.
    fn of(
        mut bytes: Vec<u8>,
        head: usize,
        chunk_size: usize,
        path: PathBuf,
        file: Option<File>,
    ) -> Self {
        let mut hash = Sha256::new_with_prefix(&bytes[..head]);
        let (mut values, mut len) = (vec![], head);
        while let Some((chunk, behind)) = bytes[len..].split_at_checked(4 * chunk_size) {
            hash.update(chunk);
            if behind.get(..CHECK) != Some(&hash.clone().finalize()[..CHECK]) {
                break;
            }
            let (whole, _) = chunk.as_chunks();
            values.extend(whole.iter().map(|bytes| f32::from_le_bytes(*bytes)));
            hash.update(&behind[..CHECK]);
            len += 4 * chunk_size + CHECK;
        }
        bytes.truncate(len);
        Self { values, bytes, path, file }
    }
}

/// A run that failed before its first chunk leaves nothing.
impl Drop for Checkpoint {
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

    fn identity(run: &str) -> Identity {
        Identity { sweep: "this".into(), run: run.into() }
    }

    fn open(picture: &Path) -> Checkpoint {
        Checkpoint::open(picture, &identity("here"), 2).expect("it is writable")
    }

    #[test]
    fn whole_tiles_are_found_again_and_halves_are_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let picture = folder.path().join("out.png");
        let mut checkpoint = open(&picture);
        assert!(checkpoint.values.is_empty());
        checkpoint.append(&[1.0, f32::NAN]).expect("it is writable");
        checkpoint.append(&[3.0, 4.0]).expect("it is writable");
        let path = checkpoint.path().to_owned();
        drop(checkpoint);
        let len = path.metadata().expect("it is there").len();
        File::options()
            .write(true)
            .open(&path)
            .and_then(|file| file.set_len(len - 1))
            .expect("cut");
        let mut again = open(&picture);
        assert_eq!((again.values.len(), again.path()), (2, &*path));
        assert!(again.values[0] == 1.0 && again.values[1].is_nan());
        again.append(&[5.0, 6.0]).expect("it is writable");
        drop(again);
        assert_eq!(open(&picture).values[2..], [5.0, 6.0]);
        let other = Identity { sweep: "another".into(), run: "here".into() };
        assert!(Checkpoint::open(&picture, &other, 2).is_err(), "what is kept is not lost");
        let mut bytes = fs::read(&path).expect("it is there");
        let damaged = bytes.len() - CHECK - 1;
        bytes[damaged] ^= 1;
        fs::write(&path, bytes).expect("it is writable");
        let damaged = open(&picture);
        assert_eq!(damaged.values.len(), 2);
        damaged.remove().expect("it is there");
        assert_eq!(folder.path().read_dir().expect("a folder").count(), 0);
    }

    #[test]
    fn runs_side_by_side_have_a_file_each_and_read_each_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let picture = folder.path().join("out.png");
        let mut first = open(&picture);
        first.append(&[1.0, 2.0]).expect("it is writable");
        let mut second = open(&picture);
        assert_eq!(second.values, [1.0, 2.0]);
        assert_ne!(first.path(), second.path());
        second.append(&[3.0, 4.0]).expect("it is writable");
        first.append(&[3.0, 4.0]).expect("it is writable");
        first.append(&[5.0, 6.0]).expect("it is writable");
        second.remove().expect("it is there");
        assert!(first.path().exists(), "that of a run that lives stays");
        drop(first);
        let last = open(&picture);
        assert_eq!(last.values, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        fs::remove_file(last.path()).expect("it is there");
        last.remove().expect("a file that is gone is removed");
    }

    #[test]
    fn a_file_of_another_sweep_is_in_the_way_only_if_it_holds_something() {
        let folder = tempfile::tempdir().expect("a folder");
        let picture = folder.path().join("out.png");
        let other = Identity { sweep: "another".into(), run: "here".into() };
        drop(open(&picture));
        let mut checkpoint = Checkpoint::open(&picture, &other, 2).expect("nothing is lost");
        assert!(Checkpoint::open(&picture, &identity("here"), 2).is_err(), "it lives");
        checkpoint.append(&[1.0, 2.0]).expect("it is writable");
        drop(checkpoint);
        assert!(Checkpoint::open(&picture, &identity("here"), 2).is_err(), "it is worth something");
    }

    #[test]
    fn what_another_adapter_has_done_stays_until_the_sweep_is_finished() {
        let folder = tempfile::tempdir().expect("a folder");
        let picture = folder.path().join("out.png");
        let mut there = Checkpoint::open(&picture, &identity("there"), 2).expect("it is writable");
        there.append(&[1.0, 2.0]).expect("it is writable");
        let path = there.path().to_owned();
        drop(there);
        let here = open(&picture);
        assert!(here.values.is_empty() && here.foreign.as_ref() == Some(&path));
        assert!(path.exists());
        here.remove().expect("it is there");
        assert_eq!(folder.path().read_dir().expect("a folder").count(), 0);
    }
}
