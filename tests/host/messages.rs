//! What a mistake on the command line is answered with: the option, what was found, what was expected.

use std::ffi::OsString;

use parity::cli::{Cli, Refusal};

fn said(arguments: &[&str]) -> String {
    let arguments = ["parity"].iter().chain(arguments).map(OsString::from);
    match Cli::read(arguments).and_then(|cli| Ok(cli.check()?)) {
        Err(Refusal::Error(error)) => error.to_string(),
        Err(Refusal::Shown(text)) => panic!("help: {text}"),
        Ok(()) => panic!("it was accepted"),
    }
}

#[test]
fn a_mistake_is_answered_with_the_option_what_was_found_and_what_was_expected() {
    for (line, words) in [
        ("train --steps abc", &["--steps abc", "whole number from 1 to 1,099,511,627,776"][..]),
        ("train --steps 0", &["--steps 0", "from 1 to"]),
        ("train --steps -5", &["--steps -5", "from 1 to"]),
        ("train --steps 1.5", &["--steps 1.5", "whole number"]),
        ("train --steps 10,00", &["--steps 10,00", "10,000"]),
        ("train --seed abc", &["--seed abc", "whole number from 0 to 18,446,744,073,709,551,615"]),
        ("train --seed -1", &["--seed -1", "from 0 to"]),
        ("train --networks 0", &["--networks 0", "from 1 to 4,294,967,296"]),
        ("train --networks many", &["--networks many", "whole number"]),
        ("train --member 4294967296", &["--member 4294967296", "from 0 to 4,294,967,295"]),
        ("train --networks 9 --sample 1,x", &["--sample x", "whole number"]),
        ("train --log-every x", &["--log-every x", "whole number"]),
        ("train --bits 1", &["--bits 1", "2 (XOR) to 16"]),
        ("train --bits two", &["--bits two", "2 (XOR) to 16"]),
        ("train --learning-rate fast", &["--learning-rate fast", "finite number above 0"]),
        ("train --learning-rate 1e-40", &["--learning-rate 1e-40", "1.2e-38"]),
        ("train --networks 9 --solved-below 0", &["--solved-below 0", "above 0"]),
        ("train --layers 2-x-1", &["--layers 2-x-1", "joined by '-'"]),
        ("train --layers 2-0-1", &["--layers 2-0-1", "0 neurons", "1 to 65536"]),
        ("train --engine fats", &["--engine fats", "auto, layered or fused"]),
        ("train --backend glide", &["--backend glide", "vulkan, metal, dx12 or gl"]),
        ("train xnor", &["preset xnor", "perceptron", "xor"]),
        ("train xor xor", &["xor", "no such argument"]),
        ("train --stesp 5", &["--stesp", "did you mean --steps?", "--help"]),
        ("train --steps", &["--steps", "a value"]),
        ("train --steps 5 --steps 6", &["--steps", "twice"]),
        ("train --json=yes", &["--json yes", "no value"]),
        ("trian", &["trian", "did you mean train?"]),
        ("sweep", &["--output FILE.png", "missing"]),
        ("sweep -o x.png --size 5", &["--size 5", "1024x1024"]),
        ("sweep -o x.png --size 1e9x1e9", &["--size 1000000000x1000000000", "67108864 pixels"]),
        ("sweep -o x.png --momentum 1", &["--momentum 1", "below 1"]),
        ("sweep -o x.png --center 1 --zoom 2", &["--center 1", "two numbers"]),
        ("sweep -o x.png --center 1,1 --zoom 0.5", &["--zoom 0.5", "1 or more"]),
        ("sweep -o x.png --steps x", &["--steps x", "2,147,483,648"]),
        ("verify --every 0", &["--every 0", "from 1 to"]),
        ("verify --cases 1e9", &["--cases 1e9", "100,000,000"]),
        ("verify --kernel sigmoit", &["sigmoit", "activation_grad"]),
        ("bench --size 0", &["--size 0", "from 1 to 16,777,216"]),
        ("bench --budget 1e9", &["--budget 1e9", "from 1 to 86,400"]),
        ("bench --compare a --fail-on-regression -5", &["--fail-on-regression -5", "not negative"]),
        ("bench --filter (", &["--filter ("]),
    ] {
        let said = said(&line.split(' ').collect::<Vec<_>>());
        assert!(!said.trim().contains('\n'), "{line}: one sentence: {said}");
        for word in words {
            assert!(said.contains(word), "{line}: no {word:?} in {said}");
        }
    }
}

#[test]
fn counts_are_taken_as_people_write_them() {
    for line in [
        "train --steps 1e4",
        "train --steps 10,000",
        "train --steps 10_000 --seed 1e3 --log-every 1e2",
        "train --networks 1e6 --sample 1e3,7",
        "train --member 1,000",
        "train --layers 2-1e2-1",
        "sweep --output x.png --size 1e2x1,00 --steps 1e2",
        "sweep --output x.png --size 1,024x1_024",
        "verify --cases 1e5 --every 1,000",
    ] {
        let arguments = ["parity"].into_iter().chain(line.split(' ')).map(OsString::from);
        let checked = Cli::read(arguments).and_then(|cli| Ok(cli.check()?));
        assert_eq!(checked.is_ok(), !line.contains("1,00 "), "{line}: {checked:?}");
    }
}

/// The options of a command, and words of the library that look like them.
#[test]
fn what_fails_in_a_command_names_no_option_that_it_does_not_have() {
    use clap::CommandFactory;
    let command = Cli::command();
    for (line, subcommand) in [
        ("sweep -o x.png --bits 16", "sweep"),
        ("sweep -o x.png --bits 12", "sweep"),
        ("sweep -o x.png --init normal", "sweep"),
        ("sweep -o x.png --solved-below 30", "sweep"),
        ("sweep -o x.png --layers 2-9-9-1", "sweep"),
        ("train --bits 12 --networks 9", "train"),
        ("train --bits 16 --layers 16-65536-1", "train"),
        ("verify --bits 16 --layers 16-65536-1", "verify"),
        ("verify --layers 3-2-1", "verify"),
        ("verify --kernel x", "verify"),
        ("bench --kernel x", "bench"),
    ] {
        if subcommand == "bench" && cfg!(debug_assertions) {
            continue;
        }
        let said = said(&line.split(' ').collect::<Vec<_>>());
        let subcommand = command.find_subcommand(subcommand).expect("it is there");
        let known: Vec<_> =
            subcommand.get_arguments().filter_map(|argument| argument.get_long()).collect();
        let named = said.split("--").skip(1).map(|rest| {
            rest.split(|c: char| !c.is_ascii_lowercase() && c != '-').next().unwrap_or_default()
        });
        for name in named {
            assert!(known.contains(&name), "{line}: --{name}: {said}");
        }
    }
}
