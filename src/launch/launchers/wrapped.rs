//! A launcher behind `env NAME=VALUE …` or `sh -c 'exec …'`: what these would run is run in their place, so that it has
//! the Plan's variables whatever they assign, and no shell stands between init and the VM.
//!
//! Only where that is certain: one simple command, with nothing in it that a shell would expand.
//! <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_09_01>

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::script::Script;
use crate::launch::config::{Config, Environment, Reading};
use crate::launch::failure::Failure;
use crate::launch::plan::Command;

/// `NAME=VALUE`, taken apart.
pub type Assignment = (OsString, OsString);

/// How deep it is looked: `env A=b sh -c 'exec env C=d erl'`.
const DEPTH: usize = 4;

/// The launcher inside of a command, and the configuration with what was assigned on the way to it; the command itself
/// where there is none.
///
/// # Errors
/// An assignment comes too late, or cannot be read.
pub fn inside(command: Command, config: Config) -> Result<(Command, Config), Failure> {
    let mut words = command.words.clone();
    let mut environment = config.environment.clone();
    let mut assigned = Vec::new();
    for _ in 0..DEPTH {
        let Some((assignments, inner)) = unwrap(&words, &environment) else {
            break;
        };
        for (name, value) in assignments {
            assigned.push(name.to_string_lossy().into_owned());
            environment.retain(|(known, _)| *known != name);
            environment.push((name, value));
        }
        words = inner;
    }
    if words == command.words {
        return Ok((command, config));
    }
    // What is not there, or no launcher, is left to the wrapper.
    let Some(inner) = Command::find(words, &environment).ok().filter(|inner| {
        let script = Script::read(inner);
        super::kind(inner, script.as_ref(), config.launcher).is_some()
    }) else {
        return Ok((command, config));
    };
    if let Some(name) = assigned.iter().find(|name| name.starts_with("BEAMINIT_")) {
        return Err(Failure::config(format!(
            "{} sets {name}, which beaminit has read by then; set it in the container's environment",
            command.name()
        )));
    }
    let reading = Reading::new(environment, None);
    let mut config = if config.wants_cookie {
        reading.config()?
    } else {
        reading.without_cookie().config()?
    };
    config.assigned = assigned;
    Ok((inner, config))
}

/// Takes one wrapper off.
fn unwrap(
    words: &[OsString],
    environment: &Environment,
) -> Option<(Vec<Assignment>, Vec<OsString>)> {
    let (program, arguments) = words.split_first()?;
    match Path::new(program).file_name()?.to_str()? {
        "env" => behind_assignments(arguments),
        "sh" | "ash" | "dash" => simple_command(arguments),
        // bash reads that file first, and whatever is in it comes before the command.
        "bash" if !environment.iter().any(|(name, _)| name == "BASH_ENV") => {
            simple_command(arguments)
        }
        _ => None,
    }
}

/// `[--] NAME=VALUE… COMMAND…`, without options.
fn behind_assignments(arguments: &[OsString]) -> Option<(Vec<Assignment>, Vec<OsString>)> {
    let arguments = match arguments.split_first() {
        Some((first, rest)) if first == "--" => rest,
        _ => arguments,
    };
    let assignments: Vec<Assignment> = arguments.iter().map_while(|word| split(word)).collect();
    let command = arguments.get(assignments.len()..)?;
    let is_option = command.first()?.as_bytes().starts_with(b"-");
    (!is_option).then(|| (assignments, command.to_vec()))
}

fn split(word: &OsStr) -> Option<Assignment> {
    let at = word.as_bytes().iter().position(|byte| *byte == b'=')?;
    let (name, value) = word.as_bytes().split_at_checked(at)?;
    let own = |bytes: &[u8]| OsStr::from_bytes(bytes).to_owned();
    (!name.is_empty()).then(|| (own(name), own(value.get(1..).unwrap_or_default())))
}

/// `-c 'NAME=VALUE… exec COMMAND…'`.
fn simple_command(arguments: &[OsString]) -> Option<(Vec<Assignment>, Words)> {
    let [option, script] = arguments else {
        return None;
    };
    let script = script.to_str().filter(|_| option == "-c")?;
    let PlainCommand {
        assignments, words, ..
    } = plain_command(script)?;
    let program = words.first()?.as_bytes();
    let odd = program.is_empty() || program.starts_with(b"-") || program.contains(&b'=');
    (!odd).then_some((assignments, words))
}

/// The words of a command.
pub type Words = Vec<OsString>;

/// One simple command of a shell's, with nothing in it that it would expand.
pub struct PlainCommand {
    /// What stands before it.
    pub assignments: Vec<Assignment>,
    /// `exec` stands before its words.
    pub exec: bool,
    /// Its words.
    pub words: Words,
}

/// Reads a line as a shell would; `None` if that would make more of it.
pub fn plain_command(line: &str) -> Option<PlainCommand> {
    let words = plain_words(line)?;
    let is_name = |name: &str| {
        !name.starts_with(|c: char| c.is_ascii_digit())
            && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
    };
    let assignments: Vec<Assignment> = words
        .iter()
        .map_while(|word| {
            split(OsStr::new(&word.text)).filter(|(name, _)| {
                // A quote before the sign makes another thing of it.
                word.plain > name.len() && name.to_str().is_some_and(is_name)
            })
        })
        .collect();
    let rest = words.get(assignments.len()..).unwrap_or_default();
    let exec = rest.first().is_some_and(|word| word.text == "exec");
    let rest = rest.get(usize::from(exec)..).unwrap_or_default();
    Some(PlainCommand {
        assignments,
        exec,
        words: rest.iter().map(|word| word.text.clone().into()).collect(),
    })
}

/// A word of a shell's, its quotes taken off.
#[derive(Default)]
struct PlainWord {
    text: String,
    /// How much of it stands before the first quote.
    plain: usize,
    quoted: bool,
}

/// Splits a script that is one line of plain words; `None` if a shell would make anything else of it.
fn plain_words(script: &str) -> Option<Vec<PlainWord>> {
    let mut words: Vec<PlainWord> = Vec::new();
    let mut open: Option<PlainWord> = None;
    let mut quote = None;
    for c in script.trim().chars() {
        match (quote, c) {
            (Some(mark), c) if c == mark => quote = None,
            (Some('"'), '$' | '`' | '\\') => return None,
            (Some(_), c) => open.get_or_insert_default().text.push(c),
            (None, '\'' | '"') => {
                open.get_or_insert_default().quoted = true;
                quote = Some(c);
            }
            (None, ' ' | '\t') => words.extend(open.take()),
            (None, c) if c.is_alphanumeric() || "@%+-_=:,./^".contains(c) => {
                let word = open.get_or_insert_default();
                word.text.push(c);
                if !word.quoted {
                    word.plain = word.text.len();
                }
            }
            (None, _) => return None,
        }
    }
    words.extend(open);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken_off(words: &[&str]) -> Option<String> {
        let words: Vec<OsString> = words.iter().map(Into::into).collect();
        let (assignments, inner) = unwrap(&words, &Vec::new())?;
        let assigned = assignments
            .iter()
            .map(|(name, value)| format!("{}={}", name.display(), value.display()));
        let inner = inner.iter().map(|word| word.display().to_string());
        Some(assigned.chain(inner).collect::<Vec<_>>().join("|"))
    }

    #[test]
    fn takes_off_what_is_certain() {
        for (words, expected) in [
            (
                &["env", "A=b c", "D=", "erl", "-x"][..],
                Some("A=b c|D=|erl|-x"),
            ),
            (&["/usr/bin/env", "--", "A=b=c", "erl"], Some("A=b=c|erl")),
            (&["env", "erl"], Some("erl")),
            (&["env", "-i", "erl"], None),
            (&["env", "A=b", "-u", "C", "erl"], None),
            (&["env", "A=b"], None),
            (&["env", "=b", "erl"], Some("=b|erl")),
            (&["sh", "-c", "exec bin/app start"], Some("bin/app|start")),
            (&["/bin/sh", "-c", " erl\t-noinput "], Some("erl|-noinput")),
            (
                &["bash", "-c", "A=1 exec erl -eval 'a() -> \"$b\".' \"c d\"e"],
                Some("A=1|erl|-eval|a() -> \"$b\".|c de"),
            ),
            (&["sh", "-c", "exec erl ''"], Some("erl|")),
            (&["sh", "-c", "exec erl", "name"], None),
            (&["sh", "-lc", "exec erl"], None),
            (&["sh", "-c", "'A'=1 erl"], None),
            (&["sh", "-c", "A'B'=1 erl"], None),
            (&["sh", "-c", "1=1 erl"], None),
            (&["sh", "-c", "A='x y' B=1'2' erl"], Some("A=x y|B=12|erl")),
            (&["sh", "-c", "exec -a b erl"], None),
            (&["sh", "-c", "erl; true"], None),
            (&["sh", "-c", "exec erl \"$@\""], None),
            (&["sh", "-c", "exec erl $X"], None),
            (&["sh", "-c", "exec erl *"], None),
            (&["sh", "-c", "exec erl ~"], None),
            (&["sh", "-c", "exec erl &"], None),
            (&["sh", "-c", "exec erl >/dev/null"], None),
            (&["sh", "-c", "exec erl {a,b}"], None),
            (&["sh", "-c", "exec erl # no"], None),
            (&["sh", "-c", "a\nerl"], None),
            (&["sh", "-c", "exec erl 'a"], None),
            (&["sh", "-c", "exec"], None),
            (&["sh", "-c", ""], None),
            (&["sh", "-c"], None),
            (&["sh", "script"], None),
            (&["nice", "erl"], None),
        ] {
            assert_eq!(taken_off(words).as_deref(), expected, "{words:?}");
        }
    }

    #[test]
    fn leaves_a_bash_that_reads_a_file_first() {
        let words: Vec<OsString> = ["bash", "-c", "erl"].iter().map(Into::into).collect();
        let environment = vec![("BASH_ENV".into(), "/x".into())];
        assert!(unwrap(&words, &environment).is_none());
    }
}
