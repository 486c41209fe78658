//! The command line: which room, and with which command.
//!
//! Options end at the first operand, as in the POSIX Utility Syntax Guidelines: what follows belongs to the command.
//! A container is configured by its environment, so there are no other flags.

use std::ffi::OsString;
use std::io::Write as _;

use crate::exit::Exit;

/// What `--help` prints.
pub const HELP: &str = include_str!("help.txt");

/// What `--version` prints.
pub const VERSION: &str = concat!("beaminit ", env!("CARGO_PKG_VERSION"), "\n");

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// Stay as PID 1 (or a subreaper) and run the command in a child.
    Run(Vec<OsString>),
    /// Become the command.
    Exec(Vec<OsString>),
    /// Print what `Run` would do.
    Plan(Vec<OsString>),
    /// `--help`.
    Help,
    /// `--version`.
    Version,
}

/// A command line that cannot be read, in one line.
#[derive(Debug, PartialEq, Eq)]
pub struct Usage(String);

impl Usage {
    /// Says it on standard error and gives the exit status.
    pub fn report(&self) -> i32 {
        let _ = writeln!(std::io::stderr(), "beaminit: error: {}", self.0);
        Exit::Usage.status()
    }
}

/// Copies the arguments out of C's `main`, the program's own name left out.
///
/// # Safety
/// `values` must point to `count` pointers to C strings.
pub unsafe fn arguments(
    count: nix::libc::c_int,
    values: *const *const nix::libc::c_char,
) -> Vec<OsString> {
    use std::os::unix::ffi::OsStringExt as _;
    (1..usize::try_from(count).unwrap_or(0))
        .map(|i| {
            // SAFETY: i is below count, so the caller vouches for the pointer and for the string behind it.
            let argument = unsafe { std::ffi::CStr::from_ptr(*values.add(i)) };
            OsString::from_vec(argument.to_bytes().to_vec())
        })
        .collect()
}

/// Reads the arguments (without the program's own name).
///
/// # Errors
/// No command, or an option that is none: exit status 64.
pub fn parse(arguments: Vec<OsString>) -> Result<Request, Usage> {
    let mut rest = arguments.into_iter().peekable();
    let first = rest.next_if(|word| word.to_str().is_some_and(is_ours));
    let request = match first.as_ref().and_then(|word| word.to_str()) {
        Some("--help" | "-h") => return Ok(Request::Help),
        Some("--version" | "-V") => return Ok(Request::Version),
        Some("exec") => Request::Exec as fn(_) -> _,
        Some("plan") => Request::Plan,
        _ => Request::Run,
    };
    // `beaminit -- exec` runs a command named exec: after the first `--` nothing is ours.
    if first.as_ref().is_none_or(|word| word != "--")
        && rest.next_if(|word| word == "--").is_none()
        && let Some(option) = rest
            .peek()
            .filter(|word| word.as_encoded_bytes().starts_with(b"-"))
    {
        return Err(Usage(format!(
            "unknown option {option:?}: beaminit takes --help and --version, and its environment; \
                 a command follows `--` (try beaminit --help)"
        )));
    }
    let command: Vec<OsString> = rest.collect();
    match command.first() {
        Some(program) if !program.is_empty() => Ok(request(command)),
        Some(_) => Err(Usage("the command is empty: give the program to run, as in `beaminit -- bin/app start`".into())),
        None => Err(Usage("no command: give the program to run, as in `beaminit -- bin/app start` (try beaminit --help)".into())),
    }
}

fn is_ours(word: &str) -> bool {
    matches!(
        word,
        "--help" | "-h" | "--version" | "-V" | "exec" | "plan" | "--"
    )
}

/// Prints a text on standard output; a reader that has gone is no failure.
pub fn say(text: &str) -> i32 {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Exit::System.status(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_readme_shows_the_help_as_it_is_and_it_fits_a_screen() {
        assert!(include_str!("../README.md").contains(&format!("```\n{HELP}```")));
        assert!(HELP.lines().count() <= 30 && HELP.lines().all(|line| line.len() <= 80));
        assert!(include_str!("../CHANGELOG.md").contains("## [Unreleased]"));
    }

    #[test]
    fn reads_the_command_line() {
        let run = |words: &[&str]| Request::Run(words.iter().map(Into::into).collect());
        let exec = |words: &[&str]| Request::Exec(words.iter().map(Into::into).collect());
        let plan = |words: &[&str]| Request::Plan(words.iter().map(Into::into).collect());
        let table: [(&[&str], Result<Request, &str>); 19] = [
            (&["erl"], Ok(run(&["erl"]))),
            (&["--", "erl", "-x"], Ok(run(&["erl", "-x"]))),
            (&["erl", "--", "x"], Ok(run(&["erl", "--", "x"]))),
            (&["echo", "-l"], Ok(run(&["echo", "-l"]))),
            (&["echo", "--help"], Ok(run(&["echo", "--help"]))),
            (&["--", "exec"], Ok(run(&["exec"]))),
            (&["--", "--help"], Ok(run(&["--help"]))),
            (&["exec", "erl"], Ok(exec(&["erl"]))),
            (&["exec", "--", "plan"], Ok(exec(&["plan"]))),
            (&["exec", "exec"], Ok(exec(&["exec"]))),
            (&["plan", "--", "-x"], Ok(plan(&["-x"]))),
            (
                &["plan", "bin/app", "start"],
                Ok(plan(&["bin/app", "start"])),
            ),
            (&["--help"], Ok(Request::Help)),
            (&["--version", "x"], Ok(Request::Version)),
            (&[], Err("no command")),
            (&["--"], Err("no command")),
            (&["plan"], Err("no command")),
            (&["--verbose", "erl"], Err("unknown option \"--verbose\"")),
            (&["exec", "-g", "erl"], Err("unknown option \"-g\"")),
        ];
        for (words, expected) in table {
            let got = parse(words.iter().map(Into::into).collect());
            match expected {
                Ok(request) => assert_eq!(got, Ok(request), "{words:?}"),
                Err(start) => assert!(got.unwrap_err().0.starts_with(start), "{words:?}"),
            }
        }
    }
}
