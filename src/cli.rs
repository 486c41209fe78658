//! The command line: what to do, and with which command.
//!
//! Options end at the first operand, as in the POSIX Utility Syntax Guidelines: what follows belongs to the command.
//! A container is configured by its environment, so there are no other flags.

use std::ffi::{CStr, OsStr, OsString};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;

use crate::error::Failure;
use crate::exit::Exit;
use crate::system::{printable, secrets};

pub const HELP: &str = include_str!("help.txt");

/// What `--version` prints: the version, and the commit that it was built from where that is known. With `--json` also what
/// it was built for, and with which features.
pub fn version(program: &str, is_json: bool) -> String {
    if is_json {
        format!("{{\"program\":\"{program}\",{}}}\n", env!("BEAMINIT_BUILD"))
    } else {
        format!("{program} {}\n", env!("BEAMINIT_VERSION"))
    }
}

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// Stay as PID 1 (or a subreaper) and run the command in a child.
    Run(Arguments<'a>),
    /// Become the command.
    Exec(Arguments<'a>),
    /// Print what `Run` would do.
    Plan(Arguments<'a>),
    /// Report whether the node of this container is well; the probe parses the rest.
    Probe(Arguments<'a>),
    /// List the other nodes of the cluster; the subcommand parses the rest.
    Peers(Arguments<'a>),
    /// Print how the node of this container is reached; the subcommand parses the rest.
    Node(Arguments<'a>),
    Help,
    Version {
        json: bool,
    },
}

/// Words of the command line, where C's `main` found them: nothing is copied before the fork, so that the process that
/// stays gets along without a heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arguments<'a>(&'a [*const nix::libc::c_char]);

impl<'a> Arguments<'a> {
    /// The arguments, the program's own name left out.
    ///
    /// # Safety
    /// `values` must point to `count` pointers to C strings, all of which stay as they are.
    pub unsafe fn of_main(
        count: nix::libc::c_int,
        values: *const *const nix::libc::c_char,
    ) -> Self {
        let count = usize::try_from(count).unwrap_or(0);
        // SAFETY: the caller vouches for the pointers. (Linux before 5.18 may start a program with none at all.)
        let all = unsafe { std::slice::from_raw_parts(values, count) };
        Self(all.get(1..).unwrap_or_default())
    }

    fn first(self) -> Option<&'a OsStr> {
        // SAFETY: `of_main`'s caller vouched for the string behind each pointer.
        let word = unsafe { CStr::from_ptr(*self.0.first()?) };
        Some(OsStr::from_bytes(word.to_bytes()))
    }

    fn rest(self) -> Self {
        Self(self.0.get(1..).unwrap_or_default())
    }

    /// Copies them.
    pub fn to_vec(self) -> Vec<OsString> {
        std::iter::successors(Some(self), |words| Some(words.rest()))
            .map_while(|words| words.first().map(OsStr::to_owned))
            .collect()
    }
}

/// Reads the arguments.
///
/// # Errors
/// No command, or an option that is none: exit status 64.
pub fn parse(words: Arguments) -> Result<Request, Failure> {
    let first = words.first().and_then(OsStr::to_str);
    let behind = words.rest().first().and_then(OsStr::to_str);
    if let Some("exec" | "plan" | "peers" | "probe") = first
        && let Some("--help" | "-h") = behind
    {
        return Ok(Request::Help);
    }
    let (request, mut command) = match first {
        Some("--help" | "-h") => return Ok(Request::Help),
        Some("--version" | "-V") => {
            let json = behind == Some("--json");
            return Ok(Request::Version { json });
        }
        Some("exec") => (Request::Exec as fn(_) -> _, words.rest()),
        Some("plan") => (Request::Plan as fn(_) -> _, words.rest()),
        Some("peers") => return Ok(Request::Peers(words.rest())),
        Some("probe") => return Ok(Request::Probe(words.rest())),
        // Node.js is called so too, and has no such option.
        Some("node") if behind == Some("--json") => return Ok(Request::Node(words.rest())),
        Some("attach") => {
            return Err(Failure::usage(
                "attach is a program of its own: run beaminit-attach on your machine, it comes with each release; a command of this name follows `--`",
            ));
        }
        _ => (Request::Run as fn(_) -> _, words),
    };
    // `beaminit -- exec` runs a command named exec: after the first `--` nothing is ours.
    match command.first().map(OsStr::as_bytes) {
        Some(b"--") => command = command.rest(),
        Some(option @ [b'-', ..]) => {
            return Err(Failure::usage(format!(
                "unknown option {:?}: beaminit takes --help and --version, and its environment; \
                 a command follows `--` (try beaminit --help)",
                secrets::shown(OsStr::from_bytes(option))
            )));
        }
        _ => {}
    }
    match command.first() {
        Some(program) if !program.is_empty() => Ok(request(command)),
        Some(_) => Err(Failure::usage(
            "the command is empty: give the program to run, as in `beaminit -- bin/app start`",
        )),
        // That of the beaminit which runs here.
        None if first == Some("plan") && behind.is_none() => Ok(request(command)),
        None => Err(Failure::usage(
            "no command: give the program to run, as in `beaminit -- bin/app start` (try beaminit --help)",
        )),
    }
}

/// The subcommand that was meant by a program that is not there.
pub fn meant(program: &OsStr) -> Option<&'static str> {
    const ALL: [(&str, &str); 5] = [
        ("exec", "exec"),
        ("plan", "plan"),
        ("peers", "peers"),
        ("probe", "probe"),
        // Without its option it would be Node.js.
        ("node", "node --json"),
    ];
    let program = program.to_str()?;
    let is_near = |name: &str| strsim::damerau_levenshtein(name, program) < 2;
    let found = ALL.iter().find(|(name, _)| is_near(name));
    found.map(|(_, meant)| *meant)
}

/// The command of a beaminit that stays, out of its /proc/PID/cmdline.
pub fn command_of(line: &[u8]) -> Option<Vec<OsString>> {
    let words: Vec<_> = line
        .split_inclusive(|byte| *byte == 0)
        .skip(1)
        .filter_map(|word| Some(CStr::from_bytes_with_nul(word).ok()?.as_ptr()))
        .collect();
    match parse(Arguments(&words)) {
        Ok(Request::Run(command)) => Some(command.to_vec()),
        _ => None,
    }
}

/// Prints a text on standard output; a reader that has gone is no failure.
///
/// # Errors
/// It cannot be written.
pub fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().write_all(printable::lines(text).as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::new(
            Exit::System,
            "standard output cannot be written; is it closed?",
        )),
        _ => Ok(()),
    }
}

/// The same, without a word of a failure; returns the exit status.
pub fn say(text: &str) -> i32 {
    print(text).map_or_else(|failure| failure.exit.status(), |()| 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::ffi::CString;

    #[test]
    fn a_page_shows_the_help_as_it_is_and_it_fits_a_screen() {
        let page = include_str!("../docs/command-line.md");
        assert!(page.contains(&format!("```\n{HELP}```")));
        assert!(HELP.lines().count() <= 30 && HELP.lines().all(|line| line.len() <= 80));
        let version = concat!("## [", env!("CARGO_PKG_VERSION"), "] - ");
        assert!(include_str!("../CHANGELOG.md").contains(version));
    }

    #[test]
    fn the_help_has_every_option() {
        let options = |text: &str, before: &str| -> std::collections::BTreeSet<String> {
            let words = text.split(before).skip(1).map(|rest| {
                let letters = rest.chars().take_while(char::is_ascii_lowercase);
                letters.collect::<String>()
            });
            words.filter(|word| !word.is_empty()).collect()
        };
        let usage = HELP.split("\n\n").nth(1).unwrap();
        let parsers = [
            include_str!("cli.rs"),
            include_str!("probe/options.rs"),
            include_str!("peers/options.rs"),
            include_str!("local_node/info.rs"),
        ];
        let code = parsers.map(|source| source.split("#[cfg(test)]").next().unwrap());
        assert_eq!(options(usage, "--"), options(&code.concat(), "\"--"));
    }

    /// How a command line is read: `run erl -x`, or the start of a complaint.
    fn read(line: &[&str]) -> String {
        let strings: Vec<CString> = line
            .iter()
            .map(|word| CString::new(*word).unwrap())
            .collect();
        let pointers: Vec<_> = strings.iter().map(|string| string.as_ptr()).collect();
        let (request, words) = match parse(Arguments(&pointers)) {
            Ok(Request::Run(words)) => ("run", words),
            Ok(Request::Exec(words)) => ("exec", words),
            Ok(Request::Plan(words)) => ("plan", words),
            Ok(Request::Probe(words)) => ("probe", words),
            Ok(Request::Peers(words)) => ("peers", words),
            Ok(Request::Node(words)) => ("node", words),
            Ok(Request::Help) => return "help".into(),
            Ok(Request::Version { json }) => return format!("version {json}"),
            Err(failure) => return failure.lines.concat(),
        };
        let words = words.to_vec();
        format!("{request} {}", words.join(OsStr::new(" ")).display())
    }

    #[test]
    fn knows_what_is_meant() {
        for (program, expected) in [
            ("prob", Some("probe")),
            ("peer", Some("peers")),
            ("palN", None),
            ("node", Some("node --json")),
            ("erl", None),
            ("/bin/plan", None),
        ] {
            assert_eq!(meant(OsStr::new(program)), expected, "{program}");
        }
    }

    #[test]
    fn reads_the_command_line_of_another_process() {
        for (line, expected) in [
            ("/beaminit\0--\0bin/app\0start\0", Some("bin/app start")),
            ("init\0erl\0-x\0\0", Some("erl -x ")),
            ("beaminit\0probe\0", None),
            ("beaminit\0plan\0erl\0", None),
            ("beaminit\0exec\0erl\0", None),
            ("beaminit\0", None),
            ("", None),
        ] {
            let got = command_of(line.as_bytes()).map(|words| words.join(OsStr::new(" ")));
            assert_eq!(got, expected.map(Into::into), "{line:?}");
        }
    }

    #[test]
    fn reads_the_command_line() {
        let table: [(&[&str], &str); 33] = [
            (&["erl"], "run erl"),
            (&["--", "erl", "-x"], "run erl -x"),
            (&["erl", "--", "x"], "run erl -- x"),
            (&["echo", "-l"], "run echo -l"),
            (&["echo", "--help"], "run echo --help"),
            (&["--", "exec"], "run exec"),
            (&["--", "--help"], "run --help"),
            (&["exec", "erl"], "exec erl"),
            (&["exec", "--", "plan"], "exec plan"),
            (&["exec", "exec"], "exec exec"),
            (&["plan", "--", "-x"], "plan -x"),
            (&["plan", "bin/app", "start"], "plan bin/app start"),
            (&["probe", "--port"], "probe --port"),
            (&["probe"], "probe "),
            (&["peers", "--json"], "peers --json"),
            (&["--", "probe", "x"], "run probe x"),
            (&["attach", "app-0"], "attach is a program"),
            (&["node", "--json", "--cookie"], "node --json --cookie"),
            (&["node", "server.js"], "run node server.js"),
            (&["--help"], "help"),
            (&["probe", "--help"], "help"),
            (&["exec", "-h"], "help"),
            (&["exec", "--", "-h"], "exec -h"),
            (&["probe", "--", "erl", "-h"], "probe -- erl -h"),
            (&["--version", "x"], "version false"),
            (&["-V", "--json"], "version true"),
            (&[], "no command"),
            (&["--"], "no command"),
            (&["plan"], "plan "),
            (&["plan", "--"], "no command"),
            (&[""], "the command is empty"),
            (&["--verbose", "erl"], "unknown option \"--verbose\""),
            (&["exec", "-g", "erl"], "unknown option \"-g\""),
        ];
        for (line, expected) in table {
            let got = read(line);
            if matches!(
                got.split(' ').next(),
                Some("run" | "exec" | "plan" | "probe" | "peers" | "node")
            ) {
                assert_eq!(got, expected, "{line:?}");
            } else {
                assert!(got.starts_with(expected), "{line:?}: {got}");
            }
        }
    }
}
