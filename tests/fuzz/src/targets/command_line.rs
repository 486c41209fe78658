use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::cli::{Arguments, Request, parse};

/// beaminit's own command line, as in `/proc/PID/cmdline`, without its first word.
pub fn command_line(bytes: &[u8]) {
    let words = super::strings(bytes);
    let program = words.first().is_some_and(|word| !word.is_empty());
    match read(&words) {
        Some((Room::Plan, command)) if command.is_empty() => assert_eq!(words, ["plan"]),
        Some((Room::Run | Room::Exec | Room::Plan, command)) => {
            assert!(command.first().is_some_and(|program| !program.is_empty()));
            assert!(words.ends_with(&command) && words.len() - command.len() <= 2);
        }
        Some((Room::None, _)) => {
            let first = words.first().map(|word| word.as_encoded_bytes());
            assert!(first.is_some_and(|word| word.starts_with(b"-")));
        }
        None => {}
    }
    // Behind a `--` everything is the command's.
    for (subcommand, room) in [
        (None, Room::Run),
        (Some("exec"), Room::Exec),
        (Some("plan"), Room::Plan),
    ] {
        let ours = subcommand.into_iter().chain(["--"]).map(OsString::from);
        let line: Vec<OsString> = ours.chain(words.clone()).collect();
        assert_eq!(read(&line), program.then(|| (room, words.clone())));
    }
}

#[derive(Debug, PartialEq)]
enum Room {
    Run,
    Exec,
    Plan,
    None,
}

/// The line as C's `main` gets it, read; nothing where it is no good.
fn read(line: &[OsString]) -> Option<(Room, Vec<OsString>)> {
    let whole = [OsStr::new("beaminit")]
        .into_iter()
        .chain(line.iter().map(OsString::as_os_str));
    let strings: Vec<CString> = whole
        .map(|word| CString::new(word.as_bytes()).unwrap())
        .collect();
    let pointers: Vec<_> = strings.iter().map(|string| string.as_ptr()).collect();
    // SAFETY: the pointers are to the strings, which stay until the end of this function.
    let words =
        unsafe { Arguments::of_main(pointers.len().try_into().unwrap(), pointers.as_ptr()) };
    match parse(words) {
        Ok(Request::Run(command)) => Some((Room::Run, command.to_vec())),
        Ok(Request::Exec(command)) => Some((Room::Exec, command.to_vec())),
        Ok(Request::Plan(command)) => Some((Room::Plan, command.to_vec())),
        Ok(Request::Help | Request::Version { .. }) => Some((Room::None, Vec::new())),
        // They read the rest of their lines themselves.
        Ok(Request::Probe(words) | Request::Peers(words) | Request::Node(words)) => {
            assert_eq!(words.to_vec(), line[1..]);
            None
        }
        Err(usage) => {
            assert!(!format!("{usage:?}").is_empty());
            None
        }
    }
}
