//! A child process that tries subjects, and dies with what it is asked to try, or with its parent.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{self, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::super::go_on;
use crate::error::Error;
use crate::verify::mutants::{Fate, Reply, Worker};

/// Between two looks at whether the user asked to stop.
const PAUSE: Duration = Duration::from_millis(50);

/// A running child.
pub(super) struct Child {
    process: process::Child,
    numbers: ChildStdin,
    answers: Receiver<String>,
    /// Gives the last line that it wrote to standard error.
    last_words: Option<JoinHandle<String>>,
}

impl Child {
    /// Starts this program with other arguments.
    pub(super) fn start(arguments: &[OsString]) -> Result<Self, Error> {
        let program = std::env::current_exe();
        let spawned =
            program.and_then(|program| Self::spawn(Command::new(program).args(arguments)));
        spawned.map_err(|error| {
            Error::Gpu(format!("cannot start a process for wrong kernels: {error}"))
        })
    }

    fn spawn(command: &mut Command) -> io::Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        leave_signals_to_parent(command);
        let mut process = command.spawn()?;
        let numbers = process.stdin.take().expect("it is piped");
        let output = process.stdout.take().expect("it is piped");
        let errors = process.stderr.take().expect("it is piped");
        let (sender, answers) = channel();
        thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            // A parent that listens no more has ended the child.
            lines.for_each(|line| drop(sender.send(line)));
        });
        let last_words = Some(thread::spawn(move || last_line(errors)));
        Ok(Self { process, numbers, answers, last_words })
    }

    /// The line that it answers with, if there is one before the time is over.
    fn answer(&self, longest: Duration) -> Result<String, Silence> {
        let start = Instant::now();
        loop {
            match self.answers.recv_timeout(PAUSE) {
                Ok(line) => return Ok(line),
                Err(RecvTimeoutError::Disconnected) => return Err(Silence::Dead),
                Err(RecvTimeoutError::Timeout) if go_on().is_break() => {
                    return Err(Silence::Interrupted);
                }
                Err(RecvTimeoutError::Timeout) if start.elapsed() > longest => {
                    return Err(Silence::TooLong);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// How it ended, with what it said last.
    fn end(&mut self) -> String {
        let status =
            self.process.wait().map_or_else(|error| error.to_string(), |it| it.to_string());
        let last_words = self.last_words.take().and_then(|thread| thread.join().ok());
        match last_words.filter(|line| !line.is_empty()) {
            Some(line) => format!("{status}: {line}"),
            None => status,
        }
    }
}

/// Why no answer came.
enum Silence {
    Dead,
    TooLong,
    Interrupted,
}

impl Worker for Child {
    fn try_subject(&mut self, number: usize, longest: Duration) -> Reply {
        // To a dead child nothing can be written, and its silence is noticed below.
        drop(writeln!(self.numbers, "{number}"));
        match self.answer(longest) {
            Ok(line) => match serde_json::from_str::<Fate>(&line) {
                Ok(fate) => Reply::Fate(fate),
                Err(error) => {
                    Reply::Died { how: format!("its answer is no JSON: {error}: {line}") }
                }
            },
            Err(Silence::Interrupted) => Reply::Interrupted,
            // The end of a process that the user's signal reached as well is no crash.
            Err(Silence::Dead) if go_on().is_break() => Reply::Interrupted,
            Err(Silence::Dead) => Reply::Died { how: self.end() },
            Err(Silence::TooLong) => {
                Reply::Died { how: format!("no answer in {:.0} s", longest.as_secs_f64()) }
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Reads to the end, and keeps the last line that is not empty.
fn last_line(from: impl Read) -> String {
    let lines = BufReader::new(from).lines().map_while(Result::ok);
    lines.filter(|line| !line.trim().is_empty()).last().unwrap_or_default()
}

/// Ctrl-C in a terminal is for the parent alone, which ends its children. So no child is taken for
/// one that a wrong kernel ended.
fn leave_signals_to_parent(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(windows)]
    std::os::windows::process::CommandExt::creation_flags(command, CREATE_NEW_PROCESS_GROUP);
}

#[cfg(windows)]
const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// What a shell script in place of a child makes of one subject.
    fn reply(script: &str) -> Reply {
        let mut child = Child::spawn(Command::new("sh").args(["-c", script])).expect("it starts");
        child.try_subject(7, Duration::from_millis(300))
    }

    fn death(script: &str) -> String {
        match reply(script) {
            Reply::Died { how } => how,
            other => panic!("{script}: {other:?}"),
        }
    }

    #[test]
    fn a_child_is_told_a_number_and_answers_with_a_fate() {
        let script = r#"read number; echo "{\"fate\":\"failed\",\"error\":\"$number\"}""#;
        let Reply::Fate(Fate::Failed { error }) = reply(script) else { panic!("no fate") };
        assert_eq!(error, "7");
    }

    #[test]
    fn a_child_that_dies_is_reported_with_its_signal_and_its_last_words() {
        let how = death("read number; echo first >&2; echo last >&2; kill -ABRT $$");
        assert!(how.contains("signal: 6") && how.ends_with(": last"), "{how}");
        assert!(death("exit 3").contains('3'));
        assert!(death("read number; echo nonsense").contains("nonsense"));
    }

    #[test]
    fn a_child_that_hangs_is_ended_when_its_time_is_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("pid");
        let how = death(&format!("echo $$ >{}; exec sleep 1000", file.display()));
        assert!(how.contains("no answer"), "{how}");
        let pid = std::fs::read_to_string(file).expect("it was written");
        let alive = Command::new("kill").args(["-0", pid.trim()]).output().expect("it starts");
        assert!(!alive.status.success(), "{pid} lives on");
    }
}
