//! What README.md and `docs/` name must be there.

use std::path::{Path, PathBuf};

use crate::invariants::{files, root};

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("it is readable")
}

/// README.md and the pages of `docs/`, without those that programs write.
fn pages() -> Vec<PathBuf> {
    let docs = root().join("docs").read_dir().expect("a folder").map(|entry| entry.expect("one"));
    let is_page = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    let pages: Vec<_> = docs.map(|entry| entry.path()).filter(is_page).collect();
    assert!(pages.len() >= 7, "{pages:?}");
    [vec![root().join("README.md")], pages].concat()
}

/// The files of the source.
fn source() -> Vec<PathBuf> {
    let folders = ["src", "shaders", "tests", "examples", "scripts", "docs"];
    folders.iter().flat_map(|folder| files(&root().join(folder))).collect()
}

/// What stands between single backticks outside of blocks of code.
fn quoted(text: &str) -> Vec<String> {
    let plain: String = text.split("```").step_by(2).collect();
    plain.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_readme_stays_within_8_kb() {
    let bytes = read(&root().join("README.md")).len();
    assert!(bytes <= 8_192, "{bytes} bytes");
}

#[test]
fn links_lead_to_files() {
    let mut links = 0;
    for page in pages() {
        let text = read(&page);
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let is_file = !target.starts_with("http");
            let path = page.parent().expect("a folder").join(target);
            assert!(!is_file || path.exists(), "{}: {target}", page.display());
            links += 1;
        }
    }
    assert!(links > 10, "only {links}");
}

#[test]
fn files_that_docs_name_are_there() {
    let (source, mut named) = (source(), 0);
    for page in pages() {
        for name in quoted(&read(&page)) {
            let extensions = [".rs", ".wgsl", ".sh", ".md"];
            let is_file = extensions.iter().any(|extension| name.ends_with(extension));
            // Of a kernel x that is to be added.
            if !is_file || name.ends_with("/x.rs") || name.ends_with("/x.wgsl") {
                continue;
            }
            let is_there = source.iter().any(|path| path.ends_with(&name));
            assert!(is_there, "{}: {name}", page.display());
            named += 1;
        }
    }
    assert!(named > 30, "only {named}");
}

#[test]
fn tests_that_docs_name_are_there() {
    let source: String = source()
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| read(path))
        .collect();
    let mut named = 0;
    for page in pages() {
        let is_test = |name: &String| {
            let is_word =
                name.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit());
            is_word && name.matches('_').count() > 3
        };
        for name in quoted(&read(&page)).iter().filter(|name| is_test(name)) {
            assert!(source.contains(&format!("fn {name}(")), "{}: {name}", page.display());
            named += 1;
        }
    }
    assert!(named > 5, "only {named}");
}

/// A doctest compiles the example of `lib.rs`.
#[test]
fn the_readme_has_the_example_that_is_compiled() {
    let readme = read(&root().join("README.md"));
    let library = read(&root().join("src/lib.rs"));
    let example = readme.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next());
    let lines: Vec<_> = example.expect("an example").lines().collect();
    assert!(lines.len() > 3, "{lines:?}");
    for line in lines {
        assert!(library.contains(&format!("//! {line}\n")), "lib.rs has no line {line:?}");
    }
}
