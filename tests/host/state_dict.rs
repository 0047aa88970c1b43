//! Files with parameters as users bring them: what is loaded, and what is said of the rest.

use std::path::{Path, PathBuf};
use std::process::Command;

use parity::error::Error;
use parity::task::state_dict::{self, Loaded};
use parity::task::{LayerSizes, Parameters};

fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name)
}

fn load(name: &str, layers: &str) -> Result<Loaded, Error> {
    state_dict::load(&case(name), &layers.parse().expect("a network"))
}

fn values(name: &str) -> Vec<f32> {
    load(name, "2-2-1").expect("it is good").parameters.values().collect()
}

/// The message, without the file's name before it.
fn refused(name: &str, layers: &str) -> String {
    let message = load(name, layers).expect_err("it is refused").to_string();
    let start = format!("{}: ", case(name).display());
    message.strip_prefix(&start).unwrap_or_else(|| panic!("{message}")).into()
}

#[test]
fn wrappers_of_a_module_and_modules_without_parameters_change_nothing() {
    let plain = [
        0.176_911_71,
        0.561_745_17,
        0.389_878_45,
        -0.388_615_73,
        -0.282_607_56,
        0.528_284_4,
        -0.699_660_54,
        0.454_285_6,
        0.420_119_6,
    ];
    for name in ["module_prefix", "orig_mod_prefix", "dropout_0_3"] {
        assert_eq!(values(&format!("{name}.safetensors")), plain, "{name}");
    }
    assert_eq!(values("torch_dataparallel.safetensors").len(), 9);
}

#[test]
fn values_of_other_types_are_loaded_with_a_note_of_what_was_rounded() {
    for (name, note) in [
        ("torch_f64", "9 values are F64, which f32 holds as they are"),
        ("f64_rounded", "9 values are F64, of which 9 were rounded to f32"),
        ("torch_f16", "9 values are F16, which f32 holds as they are"),
        ("torch_bf16", "9 values are BF16, which f32 holds as they are"),
    ] {
        let name = format!("{name}.safetensors");
        let loaded = load(&name, "2-2-1").expect("it is good");
        assert_eq!(loaded.note.as_deref(), Some(note));
        assert!(loaded.parameters.values().all(|value| value != 0.0 && value.abs() < 1.0));
        let bytes = std::fs::read(case(&name)).expect("it is there");
        assert_eq!(loaded.sha256, parity::file::sha256(&bytes));
    }
    assert_eq!(values("f64_rounded.safetensors"), values("torch_f64.safetensors"));
}

#[test]
fn a_note_of_what_was_rounded_is_printed() {
    let file = case("f64_rounded.safetensors");
    let output = Command::new(env!("CARGO_BIN_EXE_parity"))
        .args(["train", "--init-from"])
        .arg(&file)
        .env("WGPU_BACKEND", if cfg!(target_vendor = "apple") { "dx12" } else { "metal" })
        .output()
        .expect("it starts");
    let message = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(3), "the file was good, there is no adapter: {message}");
    let note = "9 values are F64, of which 9 were rounded to f32";
    assert!(message.starts_with(&format!("note: {}: {note}\n", file.display())), "{message}");
}

#[test]
fn what_is_refused_is_refused_with_what_was_expected_and_found() {
    let expected = "expected 0.weight, 0.bias, 2.weight, 2.bias for 2-2-1, found";
    for (name, message) in [
        ("bias_2d", "0.bias is [1, 2], expected [2]: 0.weight is [2, 2]".into()),
        ("duplicate_key", "the key 0.weight occurs twice, expected once".into()),
        (
            "fc1_fc2",
            format!(
                "the key fc1.bias is not known; {expected} fc1.bias, fc1.weight, fc2.bias, \
                 fc2.weight"
            ),
        ),
        (
            "torch_bias_false",
            format!(
                "0.weight has no 0.bias beside it, as with bias=False: every layer has a bias \
                 here; {expected} 0.weight, 2.weight, 2.bias"
            ),
        ),
        ("nan_weight", "0.weight holds NaN at index 0, expected finite numbers".into()),
        ("inf_weight", "0.weight holds inf at index 0, expected finite numbers".into()),
    ] {
        assert_eq!(refused(&format!("{name}.safetensors"), "2-2-1"), message);
    }
}

#[test]
fn what_is_not_safetensors_is_named_with_what_to_do() {
    let pickle = refused("torch_save.pt", "2-2-1");
    let line = format!(
        "import torch; from safetensors.torch import save_file; \
         save_file(torch.load({:?}, map_location=\"cpu\", weights_only=True), {:?})",
        case("torch_save.pt"),
        case("torch_save.safetensors")
    );
    assert!(pickle.contains("found what torch.save writes"), "{pickle}");
    assert!(pickle.ends_with(&format!("in Python: {line}")), "{pickle}");
    let pointer = refused("lfs_pointer.safetensors", "2-2-1");
    assert_eq!(
        pointer,
        "expected a safetensors file, found a Git LFS pointer, which stands for the file of 12345 \
         bytes; `git lfs pull` fetches it"
    );
}

#[test]
fn a_file_of_another_network_is_refused_with_the_network_that_it_holds() {
    let small = "module_prefix.safetensors";
    let hint = "the file holds a network 2-2-1";
    assert_eq!(
        refused(small, "2-3-1"),
        format!("module.0.weight is [2, 2], expected [3, 2] for 2-3-1; {hint}")
    );
    assert_eq!(
        refused(small, "2-2-2-1"),
        format!(
            "expected 0.weight, 0.bias, 2.weight, 2.bias, 4.weight, 4.bias for 2-2-2-1, found \
             module.0.weight, module.0.bias, module.2.weight, module.2.bias; {hint}"
        )
    );
    let big = refused("big_16-64-1.safetensors", "2-2-1");
    assert!(big.ends_with("; the file holds a network 16-64-1 for 16 bits"), "{big}");
    let sizes: LayerSizes = "16-64-1".parse().expect("a network");
    let loaded = load("big_16-64-1.safetensors", "16-64-1").expect("with those it is good");
    assert_eq!(loaded.parameters.sizes, sizes);
}

/// The first eight bytes of a safetensors file are the length of its header: 640 are the bytes
/// that a pickle starts with, and a last byte of 123 or 60 is `{` or `<`.
#[test]
fn the_length_of_a_header_is_not_taken_for_another_format() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("padded");
    let bytes = std::fs::read(case("dropout_0_3.safetensors")).expect("it is there");
    let len = usize::try_from(u64::from_le_bytes(*bytes.first_chunk().expect("a length")));
    let (header, data) = bytes[8..].split_at(len.expect("it fits"));
    let parameters = |len: usize| -> Parameters {
        let mut header = header.to_vec();
        header.resize(len, b' ');
        let bytes = [&(len as u64).to_le_bytes(), header.as_slice(), data].concat();
        std::fs::write(&path, bytes).expect("it is writable");
        let sizes = "2-2-1".parse().expect("a network");
        state_dict::load(&path, &sizes).expect("it is good").parameters
    };
    let plain = load("dropout_0_3.safetensors", "2-2-1").expect("it is good").parameters;
    for len in [0x0280, 0x0580, 0x017b, 0x013c] {
        assert_eq!(parameters(len), plain, "{len}");
    }
}

#[test]
fn every_case_is_named_in_the_readme() {
    let readme = std::fs::read_to_string(case("README.md")).expect("it is there");
    for entry in case("").read_dir().expect("a folder") {
        let name = entry.expect("it can be read").file_name().into_string().expect("plain");
        assert!(name == "README.md" || readme.contains(&format!("`{name}`")), "{name}");
    }
}
