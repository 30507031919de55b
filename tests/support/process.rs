//! Programs that run to their end.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a program may run: a debug build on a busy machine.
const RUN_TIME_MAX: Duration = Duration::from_secs(120);

/// What a program left.
#[derive(Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// The exit status as a number.
    pub fn code(&self) -> i32 {
        self.status.code().expect("not ended by a signal")
    }

    /// Its standard output; fails unless it ended with status 0.
    pub fn ok(self) -> String {
        assert!(self.status.success(), "{self:#?}");
        self.stdout
    }

    /// Checks status and that standard error is one line that says all of `words`.
    #[track_caller]
    pub fn failed_with_one_line(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code(), code, "{self:#?}");
        let lines: Vec<&str> = self
            .stderr
            .lines()
            // with --log-format text, what happened before is information
            .filter(|line| !line.contains("INFO"))
            .collect();
        assert_eq!(lines.len(), 1, "one clear line: {self:#?}");
        for word in words {
            assert!(
                lines[0].contains(word),
                "the line names {word:?}: {}",
                lines[0]
            );
        }
    }
}

/// Runs a program to its end.
pub fn run(command: &mut Command) -> Finished {
    run_with_input(command, "")
}

/// Runs a program to its end, with this on its standard input.
pub fn run_with_input(command: &mut Command, input: &str) -> Finished {
    let shown = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{shown}: {error}"));
    let mut stdin = child.stdin.take().expect("it is piped");
    let input = input.to_owned();
    // a program that ends early does not read it
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let stdout = read_all(child.stdout.take().expect("it is piped"));
    let stderr = read_all(child.stderr.take().expect("it is piped"));
    let status = wait(&mut child, RUN_TIME_MAX);
    writer.join().expect("it does not panic");
    let stdout = stdout.join().expect("it does not panic");
    let stderr = stderr.join().expect("it does not panic");
    match status {
        Some(status) => Finished {
            status,
            stdout,
            stderr,
        },
        None => panic!("{shown} still ran after {RUN_TIME_MAX:?}:\n{stdout}\n{stderr}"),
    }
}

/// Waits for the end; after `time` kills it and gives none.
fn wait(child: &mut Child, time: Duration) -> Option<ExitStatus> {
    let began = Instant::now();
    while began.elapsed() < time {
        if let Some(status) = child.try_wait().expect("it was started by us") {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

fn read_all(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
