//! Every pair of options of every subcommand: either both have an effect, or a sentence names both.

use std::ffi::OsString;
use std::path::Path;

use clap::CommandFactory;
use parity::cli::{Cli, Refusal};
use parity::task::{Init, LayerSizes, Parameters, state_dict};

/// An option with a value that the subcommand takes beside any other option that it can be with.
type Typed = (&'static str, &'static [&'static str]);

/// A subcommand, and what is known of its options.
struct Subcommand {
    name: &'static str,
    /// What it cannot do without.
    base: &'static [&'static str],
    options: &'static [Typed],
    /// Pairs that contradict each other.
    conflicts: &'static [(&'static str, &'static [&'static str])],
    /// Options that have an effect only with one of others.
    needs: &'static [(&'static str, &'static [&'static str])],
}

/// Stands for a folder of the test.
const FOLDER: &str = "FOLDER";

const DEVICE: [Typed; 2] = [("adapter", &["any"]), ("backend", &["vulkan"])];

const OF_TRAINING: &[&str] = &[
    "preset",
    "layers",
    "function",
    "bits",
    "relevant",
    "rows",
    "data-seed",
    "label-noise",
    "validation",
    "split-seed",
    "steps",
    "learning-rate",
    "optimizer",
    "betas",
    "epsilon",
    "schedule",
    "warmup",
    "momentum",
    "nesterov",
    "weight-decay",
    "activation",
    "output-activation",
    "loss",
    "targets",
    "rounding",
    "init",
    "init-from",
    "every",
];

const SUBCOMMANDS: &[Subcommand] = &[
    Subcommand {
        name: "train",
        base: &[],
        options: &[
            ("preset", &["xor"]),
            ("layers", &["2-2-1"]),
            ("bits", &["2"]),
            ("function", &["and"]),
            ("relevant", &["1"]),
            ("rows", &["4"]),
            ("data-seed", &["3"]),
            ("label-noise", &["0.1"]),
            ("validation", &["1"]),
            ("split-seed", &["3"]),
            ("steps", &["7"]),
            ("learning-rate", &["0.5"]),
            ("optimizer", &["adam"]),
            ("betas", &["0.8,0.9"]),
            ("epsilon", &["1e-6"]),
            ("schedule", &["cosine"]),
            ("warmup", &["3"]),
            ("momentum", &["0.5"]),
            ("nesterov", &[]),
            ("weight-decay", &["0.1"]),
            ("activation", &["tanh"]),
            ("output-activation", &["sigmoid"]),
            ("loss", &["squared-error"]),
            ("targets", &["0/1"]),
            ("rounding", &["plain"]),
            ("seed", &["3"]),
            ("init", &["uniform"]),
            ("init-from", &["FOLDER/good"]),
            ("engine", &["fused"]),
            ("no-tune", &[]),
            ("save", &["FOLDER/save"]),
            ("networks", &["9"]),
            ("member", &["3"]),
            ("solved-below", &["0.01"]),
            ("vary", &["init-scale=0.5..2"]),
            ("sample", &["1"]),
            ("no-loop-limit", &[]),
            ("log-every", &["5"]),
            ("no-reference", &[]),
            ("json", &[]),
            ("csv", &["FOLDER/csv"]),
            DEVICE[0],
            DEVICE[1],
        ],
        conflicts: &[
            ("init-from", &["init", "seed", "networks", "member"]),
            (
                "networks",
                &[
                    "save",
                    "csv",
                    "log-every",
                    "no-reference",
                    "validation",
                    "split-seed",
                    "engine",
                    "no-tune",
                    "member",
                ],
            ),
            ("member", &["no-tune"]),
            ("optimizer", &["momentum"]),
        ],
        needs: &[
            ("split-seed", &["validation"]),
            ("solved-below", &["networks"]),
            ("sample", &["networks"]),
            ("vary", &["networks", "member"]),
            ("data-seed", &["rows", "label-noise"]),
            ("nesterov", &["momentum"]),
            ("betas", &["optimizer"]),
            ("epsilon", &["optimizer"]),
            // With another network: see below.
            ("no-tune", &[]),
        ],
    },
    Subcommand {
        name: "sweep",
        base: &["--output", "FOLDER/out.png"],
        options: &[
            ("x", &["learning-rate.0=0.1..10"]),
            ("y", &["init-scale=0.5..2"]),
            ("size", &["8x8"]),
            ("center", &["1,1"]),
            ("zoom", &["2"]),
            ("value", &["steps-to-solve"]),
            ("layers", &["2-3-1"]),
            ("bits", &["2"]),
            ("function", &["and"]),
            ("relevant", &["1"]),
            ("rows", &["4"]),
            ("data-seed", &["3"]),
            ("label-noise", &["0.1"]),
            ("steps", &["7"]),
            ("learning-rate", &["2"]),
            ("optimizer", &["adam"]),
            ("betas", &["0.8,0.9"]),
            ("epsilon", &["1e-6"]),
            ("schedule", &["cosine"]),
            ("warmup", &["3"]),
            ("momentum", &["0.5"]),
            ("nesterov", &[]),
            ("weight-decay", &["0.1"]),
            ("activation", &["tanh"]),
            ("output-activation", &["sigmoid"]),
            ("loss", &["squared-error"]),
            ("targets", &["0/1"]),
            ("rounding", &["plain"]),
            ("solved-below", &["0.01"]),
            ("seed", &["3"]),
            ("member", &["3"]),
            ("init", &["uniform"]),
            ("set", &["0.weight[0,0]=1"]),
            ("output", &[]),
            ("again", &[]),
            ("json", &[]),
            ("no-loop-limit", &[]),
            DEVICE[0],
            DEVICE[1],
        ],
        conflicts: &[("optimizer", &["momentum"])],
        // Unless it is told otherwise, x is the learning rate.
        needs: &[
            ("center", &["zoom"]),
            ("zoom", &["center"]),
            ("learning-rate", &["x"]),
            ("data-seed", &["rows", "label-noise"]),
            ("nesterov", &["momentum"]),
            ("betas", &["optimizer"]),
            ("epsilon", &["optimizer"]),
        ],
    },
    Subcommand {
        name: "verify",
        base: &[],
        options: &[
            ("preset", &["backprop"]),
            ("layers", &["2-2-1"]),
            ("bits", &["2"]),
            ("function", &["and"]),
            ("relevant", &["1"]),
            ("rows", &["4"]),
            ("data-seed", &["3"]),
            ("label-noise", &["0.1"]),
            ("validation", &["1"]),
            ("split-seed", &["3"]),
            ("steps", &["7"]),
            ("learning-rate", &["0.5"]),
            ("optimizer", &["adam"]),
            ("betas", &["0.8,0.9"]),
            ("epsilon", &["1e-6"]),
            ("schedule", &["cosine"]),
            ("warmup", &["3"]),
            ("momentum", &["0.5"]),
            ("nesterov", &[]),
            ("weight-decay", &["0.1"]),
            ("activation", &["tanh"]),
            ("output-activation", &["sigmoid"]),
            ("loss", &["squared-error"]),
            ("targets", &["0/1"]),
            ("rounding", &["plain"]),
            ("seed", &["3"]),
            ("init", &["uniform"]),
            ("init-from", &["FOLDER/good"]),
            ("every", &["3"]),
            ("cases", &["100"]),
            ("kernel", &["activation"]),
            ("sabotage", &[]),
            ("part", &["0/3"]),
            ("matrix", &[]),
            ("quick", &[]),
            ("thorough", &[]),
            ("json", &[]),
            DEVICE[0],
            DEVICE[1],
        ],
        conflicts: &[
            ("init-from", &["init", "seed"]),
            ("preset", &["optimizer", "momentum", "weight-decay", "activation", "loss"]),
            ("optimizer", &["momentum"]),
            ("sabotage", OF_TRAINING),
            ("thorough", &["quick", "sabotage"]),
            ("matrix", OF_TRAINING),
            ("matrix", &["sabotage", "quick", "thorough", "seed", "cases", "kernel"]),
        ],
        needs: &[
            ("part", &["sabotage"]),
            ("split-seed", &["validation"]),
            ("data-seed", &["rows", "label-noise"]),
            ("nesterov", &["momentum"]),
            ("betas", &["optimizer"]),
            ("epsilon", &["optimizer"]),
        ],
    },
    Subcommand {
        name: "bench",
        base: &[],
        options: &[
            ("suite", &["kernels"]),
            ("kernel", &["activation"]),
            ("size", &["64"]),
            ("filter", &["sigmoid"]),
            ("budget", &["5"]),
            ("save", &["test-of-contradictions"]),
            ("compare", &["test-of-contradictions-that-nobody-saved"]),
            ("saved", &["test-of-contradictions-that-nobody-saved"]),
            ("fail-on-regression", &["5"]),
            ("plot", &["FOLDER"]),
            ("csv", &["FOLDER/csv"]),
            ("json", &[]),
            ("quick", &[]),
            ("handicap", &["sigmoid=5"]),
            DEVICE[0],
            DEVICE[1],
        ],
        conflicts: &[
            ("quick", &["budget"]),
            (
                "saved",
                &[
                    "suite", "kernel", "size", "filter", "budget", "save", "plot", "csv", "quick",
                    "handicap", "adapter", "backend",
                ],
            ),
        ],
        needs: &[("fail-on-regression", &["compare"]), ("saved", &["compare"])],
    },
    Subcommand {
        name: "doctor",
        base: &[],
        options: &[("json", &[]), DEVICE[0], DEVICE[1]],
        conflicts: &[],
        needs: &[],
    },
    Subcommand {
        name: "devices",
        base: &[],
        options: &[("json", &[]), DEVICE[0], DEVICE[1]],
        conflicts: &[],
        needs: &[],
    },
];

/// What a run is refused for before it opens an adapter, if it is.
fn refusal(folder: &Path, arguments: &[&str]) -> Option<String> {
    let folder = folder.to_str().expect("a plain path");
    let arguments = ["parity"].iter().chain(arguments).map(|word| word.replace(FOLDER, folder));
    let checked = Cli::read(arguments.map(OsString::from)).and_then(|cli| Ok(cli.check()?));
    match checked {
        Ok(()) => None,
        Err(Refusal::Error(error)) => {
            let said = error.to_string();
            // A run that is not there is looked for when all else is well.
            (!said.contains("--save makes such a file")).then_some(said)
        }
        Err(Refusal::Shown(text)) => panic!("{text}"),
    }
}

/// A folder with a file of parameters of 2-2-1.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let sizes: LayerSizes = "2-2-1".parse().expect("a network");
    let parameters = Parameters::initialise(&sizes, Init::Torch, 0);
    state_dict::save(&folder.path().join("good"), &parameters).expect("it is writable");
    folder
}

impl Subcommand {
    /// The command with these options.
    fn arguments(&self, options: &[Typed]) -> Vec<String> {
        let mut words: Vec<String> =
            [&[self.name][..], self.base].concat().into_iter().map(Into::into).collect();
        for (option, values) in options {
            let is_positional = self.name == "train" && *option == "preset";
            if !is_positional && *option != "output" {
                words.push(format!("--{option}"));
            }
            words.extend(values.iter().map(ToString::to_string));
        }
        words
    }

    /// Whether two options contradict each other.
    fn conflict(&self, one: &str, two: &str) -> bool {
        let has = |one: &str, two: &str| {
            self.conflicts.iter().any(|(first, others)| *first == one && others.contains(&two))
        };
        has(one, two) || has(two, one)
    }

    /// What the first option needs, if the second is not it.
    fn lacks(&self, one: &str, two: &str) -> Option<&'static [&'static str]> {
        let need = self.needs.iter().find(|(needy, _)| *needy == one);
        need.map(|(_, others)| *others).filter(|others| !others.contains(&two))
    }

    fn check_pair(&self, folder: &Path, one: Typed, two: Typed) {
        let arguments = self.arguments(&[one, two]);
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let said = refusal(folder, &words);
        let (one, two) = (one.0, two.0);
        let names =
            |option: &str| said.as_ref().is_some_and(|said| said.contains(&format!("--{option}")));
        let says_what_it_lacks = |option: &str, other: &str| {
            let lacks = self.lacks(option, other);
            lacks.is_some_and(|others| names(option) && others.iter().all(|other| names(other)))
        };
        let is_as_expected = if self.conflict(one, two) {
            let preset = |option: &str| option == "preset" && self.name == "train";
            [one, two].iter().all(|option| names(option) || preset(option))
        } else if self.lacks(one, two).is_some() || self.lacks(two, one).is_some() {
            says_what_it_lacks(one, two) || says_what_it_lacks(two, one)
        } else {
            said.is_none()
        };
        assert!(is_as_expected, "{arguments:?}: {said:?}");
        assert!(said.is_none_or(|said| !said.trim().contains('\n')), "{arguments:?}: one sentence");
    }
}

#[test]
fn every_pair_of_options_has_an_effect_or_is_refused() {
    let folder = folder();
    for subcommand in SUBCOMMANDS {
        if subcommand.name == "bench" && cfg!(debug_assertions) {
            continue;
        }
        for (index, &one) in subcommand.options.iter().enumerate() {
            for &two in &subcommand.options[index + 1..] {
                subcommand.check_pair(folder.path(), one, two);
            }
        }
    }
}

#[test]
fn every_option_is_in_the_table_of_pairs() {
    for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
        let row = SUBCOMMANDS.iter().find(|row| row.name == command.get_name());
        let row = row.unwrap_or_else(|| panic!("{} is not in the table", command.get_name()));
        let mut known: Vec<_> = row.options.iter().map(|(option, _)| *option).collect();
        let ids = command.get_arguments().map(|argument| argument.get_id().as_str());
        let mut found: Vec<_> = ids
            .filter(|id| !["help", "version"].contains(id))
            .map(|id| id.replace('_', "-"))
            .collect();
        known.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, known, "{}", row.name);
    }
}

/// Refused where there are words that the sentence must have, else allowed.
fn check_all(cases: &[(&str, &[&str])]) {
    let folder = folder();
    for (line, words) in cases {
        let arguments: Vec<&str> = line.split(' ').collect();
        let said = refusal(folder.path(), &arguments);
        assert_eq!(said.is_some(), !words.is_empty(), "{line}: {said:?}");
        for word in *words {
            assert!(
                said.as_ref().is_some_and(|said| said.contains(word)),
                "{line}: {word}: {said:?}"
            );
        }
    }
}

#[test]
fn options_of_training_that_contradict_each_other_by_their_values_are_refused() {
    check_all(&[
        ("train --member 3 --engine layered", &["--member", "--engine layered"]),
        ("train --member 3 --engine fused", &[]),
        ("train --member 3 --engine auto", &[]),
        ("train --no-tune", &["--no-tune", "fused engine", "--engine"]),
        ("train --no-tune --engine layered", &[]),
        ("train --no-tune --layers 2-9-9-1", &[]),
        ("train --no-loop-limit --engine layered", &["--no-loop-limit", "layered engine"]),
        ("train --engine fused --layers 2-9-9-1", &["--engine fused", "one hidden layer"]),
        ("train backprop --engine fused", &[]),
        ("train backprop --engine fused --layers 8-32-1 --bits 8", &["--engine fused", "by hand"]),
        ("train backprop --momentum 0.5", &["--momentum", "backprop", "by hand"]),
        ("train perceptron --activation tanh", &["--activation", "2-1"]),
        ("train --output-activation tanh", &["--output-activation", "squared-error"]),
        ("train --output-activation tanh --loss squared-error --engine layered", &[]),
        ("train --momentum 0.5 --layers 2-3-3-1", &[]),
        ("train --momentum 0.5 --rounding compensated", &["--momentum", "--rounding compensated"]),
        ("train --weight-decay 0.1 --rounding compensated", &["--weight-decay", "compensated"]),
        ("train --weight-decay 2", &["--weight-decay", "from 0 to 1"]),
        ("train backprop --weight-decay 0.5", &["--weight-decay", "backprop", "by hand"]),
        ("train --nesterov --momentum 0", &["--nesterov", "--momentum 0"]),
        ("train --nesterov --momentum 0.5 --weight-decay 0.01", &[]),
        ("train --networks 9 --rounding compensated", &[]),
        (
            "train --networks 9 --vary learning-rate=1..2 --learning-rate 3",
            &["--vary learning-rate=1..2", "--learning-rate"],
        ),
        ("train --networks 9 --vary init-scale=1..2 --learning-rate 3", &[]),
        ("train --networks 9 --vary init-scale=1..2 --vary init-scale=1..3", &["--vary", "twice"]),
        ("train backprop --networks 9", &["preset backprop", "plain SGD", "--networks"]),
        ("train backprop --member 9", &["preset backprop", "plain SGD", "--member"]),
        ("train perceptron --networks 10", &[]),
        ("train perceptron --member 10", &[]),
        ("train perceptron --engine fused", &[]),
        ("verify --quick --steps 501", &["--quick", "--steps 501", "500"]),
        ("verify --quick --steps 500", &[]),
        ("verify --kernel peak_copy --steps 7", &["--kernel peak_copy", "--steps", "no engine"]),
        ("verify --kernel peak_copy --kernel activation --steps 7", &[]),
        ("verify --quick", &[]),
    ]);
}

#[test]
fn options_of_a_sweep_that_contradict_each_other_by_their_values_are_refused() {
    let sweep = |more: &str| format!("sweep --output FOLDER/out.png --size 8x8 {more}");
    let check = |more: &str, words: &[&str]| check_all(&[(&sweep(more), words)]);
    let (all, hidden, output) =
        ("learning-rate=1..2", "learning-rate.0=1..2", "learning-rate.2=1..2");
    check(&format!("--x {hidden} --y {all}"), &["--x learning-rate.0", "--y learning-rate="]);
    check(&format!("--x {all} --y {hidden}"), &["--x learning-rate=", "--y learning-rate.0"]);
    check(&format!("--x {all} --y {output}"), &["--x", "--y"]);
    // The other axis need not be typed.
    check(&format!("--y {output}"), &["--x learning-rate=", "--y learning-rate.2"]);
    check(&format!("--x {hidden} --y {output}"), &[]);
    check(
        &format!("--x {hidden} --y {output} --learning-rate 5"),
        &["--learning-rate", "--x", "--y"],
    );
    check("--learning-rate 5", &["--learning-rate", "--x learning-rate"]);
    check(&format!("--x {hidden} --learning-rate 5"), &[]);
    check("--x init-scale=1..2 --y seed=0..8 --learning-rate 5", &[]);
    check("--x seed=0..8 --seed 5", &["--seed", "--x seed=0..8"]);
    check("--y seed=0..8 --seed 5", &["--seed", "--y seed=0..8"]);
    check("--y seed=0..8 --member 5", &[]);
    check("--value convergence --solved-below 0.1", &["--solved-below", "--value convergence"]);
    check("--value final-loss --solved-below 0.1", &[]);
    check("--x 0.weight[0,0]=1..2 --set 0.weight[0,0]=1", &["--set 0.weight[0,0]=1", "axis"]);
    check("--set 0.weight[0,0]=1 --set 0.weight[0,0]=2", &["--set", "twice"]);
    check("--output-activation tanh --loss cross-entropy", &["--output-activation", "--loss"]);
}

#[test]
fn what_is_drawn_is_not_chosen_where_everything_is_set() {
    let names = ["0.weight[0,0]", "0.weight[0,1]", "0.bias[0]", "2.weight[0,0]", "2.bias[0]"];
    let set = names.map(|name| format!(" --set {name}=0.5"));
    let rates = "--x learning-rate.0=1..2 --y learning-rate.2=1..2";
    let sweep = "sweep --output FOLDER/out.png --size 8x8 --layers 2-1-1";
    let check = |axes: &str, set: &[String], more: &str, words: &[&str]| {
        check_all(&[(format!("{sweep} {axes}{}{more}", set.concat()).as_str(), words)]);
    };
    for (option, value) in [("init", "uniform"), ("seed", "1"), ("member", "1")] {
        let more = format!(" --{option} {value}");
        check(rates, &set, &more, &[&format!("--{option}"), "--set"]);
        check(rates, &set[1..], &more, &[]);
        let axis = "--x 0.weight[0,0]=1..2 --y learning-rate=1..2";
        check(axis, &set[1..], &more, &[&format!("--{option}"), "--set"]);
    }
    check(rates, &set, "", &[]);
    for axis in ["init-scale=1..2", "seed=0..8"] {
        let axes = format!("--x learning-rate=1..2 --y {axis}");
        check(&axes, &set, "", &[&format!("--y {axis}"), "--set"]);
        check(&axes, &set[1..], "", &[]);
    }
}

#[test]
fn options_of_a_benchmark_that_contradict_each_other_by_their_values_are_refused() {
    if cfg!(debug_assertions) {
        return;
    }
    check_all(&[
        ("bench --suite training --budget 5", &["--suite training", "--budget"]),
        ("bench --suite training --plot FOLDER", &["--plot", "suite training"]),
        ("bench --suite training --kernel activation", &["--suite training", "--kernel"]),
        ("bench --suite peaks --size 64", &["--suite peaks", "--size"]),
        ("bench --suite peaks --filter x", &["--suite peaks", "--filter"]),
        ("bench --suite matmul --kernel activation", &["--kernel activation", "suite matmul"]),
        ("bench --suite all --kernel activation", &[]),
        ("bench --suite peaks --budget 5", &[]),
    ]);
}
