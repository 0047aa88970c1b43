//! What the host says of a shader is what the shader says of itself.

use std::collections::BTreeSet;
use std::path::Path;

use parity::gpu::{BindingKind, Field, KernelSpec};
use parity::numeric::{LN_1P_COEFFICIENTS, MIDDLE, SIGMOID_COEFFICIENTS};
use parity::verify::KERNELS;
use wgpu::naga::{
    AddressSpace, Module, Scalar, ScalarKind, ShaderStage, StorageAccess, TypeInner, front, valid,
};

use crate::invariants::{files, root};

fn specs() -> impl Iterator<Item = &'static KernelSpec> {
    KERNELS.iter().map(|kernel| kernel.spec)
}

/// What a shader may ask for beyond what all adapters have.
pub(crate) fn capabilities(spec: &KernelSpec) -> valid::Capabilities {
    let subgroups = valid::Capabilities::SUBGROUP;
    if spec.needs_subgroups() { subgroups } else { valid::Capabilities::empty() }
}

fn parse(spec: &KernelSpec) -> Module {
    match front::wgsl::parse_str(&spec.sample()) {
        Ok(module) => module,
        Err(error) => panic!("{}", error.emit_to_string_with_path(&spec.sample(), spec.name)),
    }
}

fn stems(folder: &str, extension: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = folder.read_dir().expect("the folder is there");
    let paths = files.map(|file| file.expect("it can be read").path());
    let fits = |path: &std::path::PathBuf| path.extension().is_some_and(|found| found == extension);
    let stem = |path: std::path::PathBuf| path.file_stem().expect("a name").display().to_string();
    paths.filter(fits).map(stem).collect()
}

#[test]
fn every_shader_has_its_files_in_four_places_and_a_row_in_the_table() {
    let shaders = stems("shaders", "wgsl");
    let table: BTreeSet<_> = specs().map(|spec| spec.name.to_owned()).collect();
    assert_eq!(shaders, table, "shaders/ and verify::KERNELS");
    for folder in ["src/kernels", "src/cpu", "src/verify/cases"] {
        let missing: Vec<_> = shaders.difference(&stems(folder, "rs")).cloned().collect();
        assert!(missing.is_empty(), "{folder} lacks {missing:?}");
    }
    let kernels: BTreeSet<_> = stems("src/kernels", "rs").into_iter().collect();
    let shared = ["fused", "mod", "product"].map(String::from);
    let expected = shaders.into_iter().chain(shared).collect();
    assert_eq!(kernels, expected, "src/kernels has a file without a shader");
}

#[test]
fn every_shader_is_valid_and_has_one_entry_point() {
    for spec in specs() {
        let module = parse(spec);
        let mut validator =
            valid::Validator::new(valid::ValidationFlags::all(), capabilities(spec));
        if let Err(error) = validator.validate(&module) {
            panic!("{}", error.emit_to_string_with_path(&spec.sample(), spec.name));
        }
        let [entry] = module.entry_points.as_slice() else {
            panic!("{}: {} entry points", spec.name, module.entry_points.len());
        };
        assert_eq!((entry.name.as_str(), entry.stage), ("main", ShaderStage::Compute));
    }
}

#[test]
fn bindings_have_the_same_order_name_and_access_on_both_sides() {
    for spec in specs() {
        let module = parse(spec);
        let mut found = vec![];
        for (_, variable) in module.global_variables.iter() {
            let Some(binding) = &variable.binding else { continue };
            assert_eq!(binding.group, 0, "{}", spec.name);
            let kind = match variable.space {
                AddressSpace::Uniform => BindingKind::Uniform,
                AddressSpace::Storage { access } if access.contains(StorageAccess::STORE) => {
                    BindingKind::ReadWrite
                }
                AddressSpace::Storage { .. } => BindingKind::Read,
                other => panic!("{}: {other:?}", spec.name),
            };
            found.push((binding.binding, variable.name.clone().expect("a name"), kind));
        }
        found.sort_by_key(|(number, ..)| *number);
        let expected: Vec<_> = (0..)
            .zip(spec.bindings)
            .map(|(number, binding)| (number, binding.name.to_owned(), binding.kind))
            .collect();
        assert_eq!(found, expected, "{}", spec.name);
    }
}

#[test]
fn no_kernel_binds_more_storage_buffers_than_the_weakest_adapters_have() {
    let most = wgpu::Limits::downlevel_defaults().max_storage_buffers_per_shader_stage as usize;
    for spec in specs() {
        let storage = spec.bindings.iter().filter(|b| b.kind != BindingKind::Uniform).count();
        assert!(storage <= most, "{} binds {storage} of {most}", spec.name);
    }
}

/// The name of a scalar of four bytes.
fn kind(inner: &TypeInner) -> &'static str {
    match inner {
        TypeInner::Scalar(Scalar { kind: ScalarKind::Uint, width: 4 }) => "u32",
        TypeInner::Scalar(Scalar { kind: ScalarKind::Float, width: 4 }) => "f32",
        other => panic!("{other:?}"),
    }
}

#[test]
fn params_have_the_same_fields_at_the_same_places_on_both_sides() {
    for spec in specs() {
        let module = parse(spec);
        let named = |name: &str| {
            let mut types = module.types.iter();
            types.find(|(_, ty)| ty.name.as_deref() == Some(name)).map(|(_, ty)| &ty.inner)
        };
        let Some(TypeInner::Struct { members, span }) = named("Params") else {
            panic!("{} has no struct Params", spec.name);
        };
        let found: Vec<_> = members
            .iter()
            .map(|member| Field {
                name: member.name.clone().expect("a name").leak(),
                offset: member.offset as usize,
                kind: kind(&module.types[member.ty].inner),
            })
            .collect();
        assert_eq!(found, spec.params, "{}", spec.name);
        assert_eq!(*span as usize, 4 * spec.params.len(), "{}: the size of Params", spec.name);
    }
}

/// Every number that the text of a shader writes out.
fn literals(source: &str) -> Vec<f32> {
    let code = source.lines().map(|line| line.split("//").next().expect("a part"));
    let words = code.flat_map(|line| line.split([' ', '(', ')', ',', ';']));
    words.filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn constants_that_both_sides_know_are_the_same() {
    let sigmoid = literals(&parity::kernels::activation::SPEC.sample());
    for number in SIGMOID_COEFFICIENTS.into_iter().chain([MIDDLE]) {
        let is_there = sigmoid.iter().any(|found| found.abs() == number.abs());
        assert!(is_there, "{number} is not in {sigmoid:?}");
    }
    let loss = literals(&parity::kernels::loss::SPEC.sample());
    for number in LN_1P_COEFFICIENTS {
        assert!(loss.contains(&number), "{number} is not in {loss:?}");
    }
}

#[test]
fn every_shader_can_be_given_its_workgroup_size() {
    for spec in specs() {
        let module = parse(spec);
        let names: Vec<_> =
            module.overrides.iter().filter_map(|(_, constant)| constant.name.clone()).collect();
        assert!(names.iter().any(|name| name == "workgroup_size"), "{}: {names:?}", spec.name);
    }
}

/// Each function of a shader: its name, and its text without comments.
fn functions(source: &str) -> Vec<(String, String)> {
    let code = source.lines().map(|line| line.split("//").next().expect("a part").trim_end());
    let code = code.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    let parts = code.split("\nfn ").skip(1);
    let whole = parts.map(|part| part.split("\n}").next().expect("a part").to_owned());
    whole.map(|text| (text.split('(').next().expect("a part").to_owned(), text)).collect()
}

/// What shaders share is in `shaders/parts`.
#[test]
fn no_function_stands_in_two_files() {
    let mut seen = std::collections::BTreeMap::new();
    for path in files(&root().join("shaders")) {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        for (name, _) in functions(&text).into_iter().filter(|(name, _)| name != "main") {
            let first = seen.insert(name.clone(), path.clone());
            assert!(first.is_none(), "{name} in {first:?} and {path:?}");
        }
    }
    assert!(seen.len() > 50, "only {} functions were found", seen.len());
}

/// A part that a shader does not need would be compiled for nothing. Of one that has several functions
/// some may have no use, with what they need: a function and its derivative stand together.
#[test]
fn shaders_use_their_parts() {
    let parts: Vec<_> = files(&root().join("shaders").join("parts"))
        .into_iter()
        .map(|path| functions(&std::fs::read_to_string(path).expect("it can be read")))
        .collect();
    let mut shared = 0;
    for spec in specs() {
        let text = spec.sample();
        let is_used = |(name, _): &(String, String)| text.matches(&format!("{name}(")).count() > 1;
        for function in functions(&text) {
            let name = &function.0;
            let mut part = parts.iter().filter(|part| part.iter().any(|(other, _)| other == name));
            let has_use = part.next().is_some_and(|part| part.iter().any(is_used));
            assert!(name == "main" || is_used(&function) || has_use, "{}: {name}", spec.name);
            shared += 1;
        }
    }
    assert!(shared > 100, "only {shared} functions were found");
}

/// wgpu bounds the loops of all other shaders itself.
#[test]
fn trusted_loops_count_up_by_one_to_what_nothing_writes() {
    let trusted = specs().filter(|spec| spec.has_trusted_loops());
    let mut loops = 0;
    for spec in trusted {
        let source = spec.sample();
        let code = source.lines().map(|line| line.split("//").next().expect("a part").trim());
        for line in code {
            assert!(!line.starts_with("loop") && !line.starts_with("while"), "{line}");
            let Some(head) = line.strip_prefix("for (var ") else {
                assert!(!line.starts_with("for "), "{line}");
                continue;
            };
            let (name, rest) = head.split_once(" = 0u; ").expect("it starts at zero");
            let rest = rest.strip_prefix(&format!("{name} < ")).expect("it has an upper end");
            let (end, rest) = rest.split_once("; ").expect("it has an upper end");
            let constant = end.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            // Nothing assigns to an argument either.
            let argument = end.starts_with("layer.") && !source.contains("var layer");
            // WGSL lets nothing assign to it; a `var` of that name would be another.
            let bound = source.contains(&format!("let {end} = "))
                && ["var ", "var<private> "].iter().all(|kind| {
                    [":", " "]
                        .iter()
                        .all(|end_of_name| !source.contains(&format!("{kind}{end}{end_of_name}")))
                });
            assert!(constant || argument || bound || end.starts_with("params."), "{line}");
            assert_eq!(rest, format!("{name} += 1u) {{"), "{line}");
            let written = source.matches(&format!(" {name} += ")).count();
            let heads = source.matches(&format!("for (var {name} = ")).count();
            assert_eq!(written, heads, "{name} changes inside of a loop: {line}");
            loops += 1;
        }
    }
    assert!(loops > 5, "only {loops} loops were found");
}
