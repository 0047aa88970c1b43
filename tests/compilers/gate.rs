//! Every shader on every compiler.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use parity::bench::shaders;
use parity::gpu::{Gpu, Selection};

use crate::devices::{DEVICES, on, parity};
use crate::statistics::{Reader, Statistics, variable};
use crate::table::{Comparison, Table};

/// What a compiler made of all shaders.
struct Compiled {
    mesa: String,
    shaders: BTreeMap<String, Statistics>,
}

/// Whether a compiler is asked for its figures. NVIDIA's come with the text of every shader, which
/// takes minutes: it is asked for the table, and where `FULL` is set, as `.ci/full` does.
fn has_figures(device: &str) -> bool {
    let is_set = |variable: &str| std::env::var_os(variable).is_some();
    !device.starts_with("nvidia") || is_set("WRITE_TABLE") || is_set("FULL")
}

/// Compiles a list of shaders with the compiler of a device.
///
/// # Panics
/// If one does not compile.
fn compile(device: &str, list: &Path) -> Compiled {
    let start = std::time::Instant::now();
    let mut command = on(device, parity());
    let (name, value) = variable(device);
    command.arg("compile").arg(list);
    if has_figures(device) {
        command.env(name, value);
    }
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("scripts/compilers/run.sh starts");
    let (mut reader, mut mesa) = (Reader::default(), String::new());
    let (mut shaders, mut shader) = (BTreeMap::new(), None);
    let mut end = |shader: &mut Option<String>, found: Option<Statistics>| {
        if let (Some(shader), Some(found)) = (shader.take(), found) {
            shaders.insert(numbered(&shaders, shader), found);
        }
    };
    let lines = BufReader::new(child.stderr.take().expect("a pipe")).split(b'\n');
    let mut last_error = vec![];
    for line in lines {
        let line = String::from_utf8_lossy(&line.expect("it can be read")).into_owned();
        if let Some(name) = line.strip_prefix("compiling: ") {
            end(&mut shader, reader.take());
            shader = Some(name.to_owned());
        } else if let Some(adapter) = line.strip_prefix("adapter: ") {
            mesa = version(adapter);
        } else {
            reader.line(device, &line);
            last_error = if line.starts_with("error: ") { vec![line] } else { last_error };
        }
    }
    end(&mut shader, reader.take());
    let output = child.wait_with_output().expect("it ends");
    let faults = String::from_utf8_lossy(&output.stdout);
    println!("{device}: compiled in {:.1} s", start.elapsed().as_secs_f64());
    assert!(output.status.success(), "{device}: does not compile: {faults}{}", last_error.join(""));
    Compiled { mesa, shaders }
}

/// A name that is not there yet: shaders may differ in their data alone.
fn numbered(known: &BTreeMap<String, Statistics>, name: String) -> String {
    let mut names = (2..).map(|number| format!("{name} ({number})"));
    if !known.contains_key(&name) {
        return name;
    }
    names.find(|name| !known.contains_key(name)).expect("numbers do not end")
}

/// The version in "… (vulkan, discrete, radv Mesa 26.2.6-1)".
fn version(adapter: &str) -> String {
    let version = adapter.split("Mesa ").last().unwrap_or_default();
    version.chars().take_while(|c| !") ".contains(*c)).collect()
}

/// All shaders on all compilers.
fn compile_all() -> Table {
    let start = std::time::Instant::now();
    let mut gpu = pollster::block_on(Gpu::open(Selection::default())).expect("an adapter");
    let list = pollster::block_on(shaders(&mut gpu)).expect("every kernel passes its check");
    assert!(list.len() > 100, "only {} shaders", list.len());
    println!("{} shaders, listed in {:.1} s", list.len(), start.elapsed().as_secs_f64());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("shaders.json");
    std::fs::write(&path, serde_json::to_vec(&list).expect("plain data")).expect("it is writable");
    let path = &path;
    let compiled: Vec<_> = std::thread::scope(|scope| {
        let threads = DEVICES.map(|device| (device, scope.spawn(move || compile(device, path))));
        let join = |(device, thread): (_, std::thread::ScopedJoinHandle<'_, Compiled>)| {
            (device, thread.join().expect("every shader compiles"))
        };
        threads.map(join).into()
    });
    let mut table = Table::default();
    for (device, Compiled { mesa, shaders }) in compiled {
        assert!(!mesa.is_empty(), "{device} has no version");
        table.mesa = mesa;
        let expected = if has_figures(device) { list.len() } else { 0 };
        assert!(shaders.len() >= expected, "{device}: statistics of {} shaders", shaders.len());
        for (shader, found) in shaders {
            table.rows.entry(shader).or_default().insert(device, found);
        }
    }
    table
}

#[test]
#[ignore = "it needs scripts/compilers/fetch.sh target/compilers"]
fn every_shader_compiles_for_every_gpu_and_spills_no_more_than_the_table_says() {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/measured/compilers.md");
    let new = compile_all();
    println!("{} shaders, Mesa {}", new.rows.len(), new.mesa);
    if std::env::var_os("WRITE_TABLE").is_some() {
        std::fs::write(&path, new.text()).expect("it is writable");
        return;
    }
    let old = std::fs::read_to_string(&path);
    let old = old.map_or_else(|_| Table::default(), |text| Table::parse(&text));
    match old.compare(&new) {
        Comparison::OtherMesa => println!(
            "Everything compiles. The table is of Mesa {}: spills were not compared, \
             scripts/compilers/table.sh makes a new one",
            old.mesa
        ),
        Comparison::Same { worse, unknown } => {
            if unknown > 0 {
                println!(
                    "{unknown} are not in the table: scripts/compilers/table.sh makes it anew"
                );
            }
            assert!(worse.is_empty(), "more spills than in the table:\n{}", worse.join("\n"));
        }
    }
}
