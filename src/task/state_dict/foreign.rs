//! Files that are not safetensors, by how they start: what they are, and what makes them so.

use std::path::Path;

/// How `torch.save` starts a file: a zip archive since PyTorch 1.6, a pickle before.
const ZIP: &[u8] = b"PK\x03\x04";

/// How a file starts, and what it is then.
const KINDS: &[(&[u8], &str)] = &[
    (ZIP, "a zip archive"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras saves"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"GGUF", "a GGUF file"),
    (b"<", "a page of HTML or XML"),
    (b"{", "JSON without the length that stands before it in a safetensors file"),
];

/// What the file is, if it is known and not safetensors, and what to do.
pub(super) fn problem(bytes: &[u8], path: &Path) -> Option<String> {
    if bytes.is_empty() {
        return Some("expected a safetensors file, found an empty one".into());
    }
    if let Some(pointer) = bytes.strip_prefix(b"version https://git-lfs.github.com/spec/") {
        return Some(format!(
            "expected a safetensors file, found a Git LFS pointer, which stands for the file{}; \
             `git lfs pull` fetches it",
            size_in(pointer).map(|size| format!(" of {size} bytes")).unwrap_or_default()
        ));
    }
    let is_zip_of_torch = bytes.starts_with(ZIP) && holds(bytes, b"/data.pkl");
    // A pickle names its protocol, 2 to 5, after this byte.
    if is_zip_of_torch || matches!(bytes, [0x80, 2..=5, ..]) {
        let found = if is_zip_of_torch { "what torch.save writes" } else { "a pickle" };
        return Some(format!(
            "expected a safetensors file, found {found}; convert a state_dict in Python: {}",
            conversion(path)
        ));
    }
    let (_, kind) = KINDS.iter().find(|(start, _)| bytes.starts_with(start))?;
    Some(format!("expected a safetensors file, found {kind}"))
}

/// The line of Python that converts what `torch.save` wrote.
fn conversion(path: &Path) -> String {
    let [from, to] = [path, &path.with_extension("safetensors")]
        .map(|path| format!("{:?}", path.display().to_string()));
    format!(
        "import torch; from safetensors.torch import save_file; \
         save_file(torch.load({from}, map_location=\"cpu\", weights_only=True), {to})"
    )
}

/// What a pointer of Git LFS says of the size.
fn size_in(pointer: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(pointer).ok()?;
    text.lines().find_map(|line| line.strip_prefix("size "))?.trim().parse().ok()
}

fn holds(bytes: &[u8], name: &[u8]) -> bool {
    bytes.windows(name.len()).any(|window| window == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_safetensors_is_named() {
        let name = Path::new("net.pt");
        for (bytes, words) in [
            (&b""[..], "an empty one"),
            (b"version https://git-lfs.github.com/spec/v1\noid x\nsize 12345\n", "12345 bytes"),
            (b"version https://git-lfs.github.com/spec/v1", "`git lfs pull`"),
            (b"PK\x03\x04 archive/data.pkl", "save_file(torch.load(\"net.pt\""),
            (b"\x80\x02\x8a\x0a", "weights_only=True), \"net.safetensors\")"),
            (b"PK\x03\x04 weights.npy", "a zip archive"),
            (b"\x89HDF\r\n\x1a\n", "HDF5"),
            (b"<!DOCTYPE html>", "HTML"),
        ] {
            let found = problem(bytes, name).expect("it is known");
            assert!(found.contains(words), "{found}");
        }
        let header = [&8_u64.to_le_bytes()[..], b"{}      "].concat();
        assert_eq!(problem(&header, name), None);
    }
}
