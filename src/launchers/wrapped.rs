//! What a command starts in the end: a launcher behind `env NAME=VALUE …`, `sh -c …`, `sh FILE`, `gosu USER …` and the like,
//! and a script that ends in one plain `exec`, such as the `bin/server` that Phoenix puts into its releases.
//!
//! Only one-line wrappers and a script's last line are read, and only where nothing in them is a shell's to expand. What
//! `env` and `sh -c` would run is run in their place; any other command stays as it is, and what it starts tells how it is
//! configured. The watcher checks what came of it.
//! <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_09_01>,
//! <https://hexdocs.pm/phoenix/releases.html>

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::script::Script;
use crate::config::{Config, LauncherKind, Reading};
use crate::error::Failure;
use crate::system::Environment;
use crate::system::account::Account;
use crate::system::program::Command;

/// How deep it is looked: `env A=b sh -c 'exec env C=d erl'`.
const DEPTH: usize = 6;

/// How a script changes into its own folder.
const INTO_ITS_FOLDER: [&str; 4] = [
    r#"cd -P -- "$(dirname -- "$0")""#,
    r#"cd -- "$(dirname -- "$0")""#,
    r#"cd "$(dirname -- "$0")""#,
    r#"cd "$(dirname "$0")""#,
];

/// `NAME=VALUE`, taken apart.
pub type Assignment = (OsString, OsString);

/// A command, and the launcher that it starts in the end.
pub struct Inside {
    /// What will be run.
    pub command: Command,
    /// The launcher's own command; the same where nothing stays around it.
    pub launcher: Command,
    /// The user that the command becomes on its way there.
    pub account: Option<Account>,
    /// Does a script stay around it that names variables of the node's?
    pub is_configured: bool,
    /// The environment's configuration, with what is assigned on the way.
    pub config: Config,
}

/// One wrapper, taken off.
struct Step {
    words: Words,
    assignments: Vec<Assignment>,
    /// May the inner command be run in the wrapper's place?
    replaces: bool,
    /// Where a relative path of it is looked for.
    folder: Option<PathBuf>,
    /// The user that it becomes.
    user: Option<String>,
    is_configured: bool,
}

impl Step {
    fn staying(words: Words) -> Self {
        Self {
            words,
            assignments: Vec::new(),
            replaces: false,
            folder: None,
            user: None,
            is_configured: false,
        }
    }
}

/// Looks into a command. Where no launcher is found inside, the command is its own.
///
/// # Errors
/// An assignment comes too late, or cannot be read.
pub fn inside(command: Command, config: Config) -> Result<Inside, Failure> {
    let mut environment = config.environment.clone();
    let mut assigned = Vec::new();
    let mut found = Inside {
        launcher: command.clone(),
        command,
        account: None,
        is_configured: false,
        config,
    };
    let mut replaced = found.command.clone();
    let mut stays = false;
    for _ in 0..DEPTH {
        let script = Script::read(&found.launcher);
        if super::of_itself(&found.launcher, script.as_ref()).is_some() {
            break;
        }
        let step = wrapper(&found.launcher.words, &environment)
            .or_else(|| last_exec(script.as_ref()?, &found.launcher));
        // What is not there is left to the wrapper.
        let Some((step, inner)) = step.and_then(|step| {
            let inner = find(&step, &environment)?;
            Some((step, inner))
        }) else {
            if !stays && is_said(&found.config) {
                break;
            }
            return Ok(Inside {
                launcher: found.command.clone(),
                account: None,
                ..found
            });
        };
        for (name, value) in step.assignments {
            assigned.push(name.to_string_lossy().into_owned());
            environment.set(name, value);
        }
        stays |= !step.replaces;
        if !stays {
            replaced = inner.clone();
        }
        found.is_configured |= step.is_configured;
        let account = || step.user.as_deref().and_then(Account::reachable);
        found.account = found.account.or_else(account);
        found.launcher = inner;
    }
    if assigned.is_empty() {
        found.command = replaced;
        return Ok(found);
    }
    if let Some(name) = assigned.iter().find(|name| name.starts_with("BEAMINIT_")) {
        return Err(Failure::config(format!(
            "{} sets {name}, which beaminit has read by then; set it in the container's environment",
            found.command.name()
        )));
    }
    let reading = Reading::new(environment, None);
    let mut config = if found.config.wants_cookie {
        reading.config()?
    } else {
        reading.without_cookie().config()?
    };
    config.assigned = assigned;
    found.config = config;
    found.command = replaced;
    Ok(found)
}

/// Does BEAMINIT_LAUNCHER say what the command is?
fn is_said(config: &Config) -> bool {
    !matches!(config.launcher, LauncherKind::Auto | LauncherKind::None)
}

/// The inner command's file: in PATH, or where its path leads from.
fn find(step: &Step, environment: &Environment) -> Option<Command> {
    let program = Path::new(step.words.first()?);
    match &step.folder {
        Some(folder) if program.components().count() > 1 => Some(Command {
            file: folder.join(program),
            words: step.words.clone(),
        }),
        _ => Command::find(step.words.clone(), environment).ok(),
    }
}

/// Takes one wrapper off that its program's name tells.
fn wrapper(words: &[OsString], environment: &Environment) -> Option<Step> {
    let (program, arguments) = words.split_first()?;
    match Path::new(program).file_name()?.to_str()? {
        "env" => {
            let (assignments, words) = behind_assignments(arguments)?;
            Some(Step {
                assignments,
                replaces: true,
                ..Step::staying(words)
            })
        }
        // bash reads that file first, and whatever is in it comes before the command.
        "bash" => {
            let reads_on = environment.iter().any(|(name, _)| name == "BASH_ENV");
            let step = of_shell(arguments)?;
            Some(Step {
                replaces: step.replaces && !reads_on,
                ..step
            })
        }
        "sh" | "ash" | "dash" => of_shell(arguments),
        "gosu" | "su-exec" => {
            let (user, words) = arguments.split_first()?;
            Some(Step {
                user: user_of(user.to_str()?),
                ..Step::staying(words.to_vec())
            })
        }
        "setpriv" => {
            let options = arguments.iter().map(|word| word.to_str());
            let options: Vec<&str> = options
                .map_while(|word| word.filter(|it| it.starts_with("--")))
                .collect();
            let user = options
                .iter()
                .find_map(|option| option.strip_prefix("--reuid="));
            // `--reuid app` has its value in the next word, and what comes behind that is not read here.
            if options.iter().any(|option| SETPRIV_VALUES.contains(option)) {
                return None;
            }
            Some(Step {
                user: user.and_then(user_of),
                ..Step::staying(arguments.get(options.len()..)?.to_vec())
            })
        }
        _ => None,
    }
}

/// The options of setpriv(1) that have a value.
const SETPRIV_VALUES: [&str; 10] = [
    "--ambient-caps",
    "--apparmor-profile",
    "--bounding-set",
    "--egid",
    "--groups",
    "--inh-caps",
    "--pdeathsig",
    "--regid",
    "--reuid",
    "--selinux-label",
];

/// `USER` of `USER:GROUP`.
fn user_of(text: &str) -> Option<String> {
    text.split(':').next().map(ToOwned::to_owned)
}

/// `-c 'NAME=VALUE… exec COMMAND…'`, with `e` or `l` among its letters, or `FILE ARG…`.
fn of_shell(arguments: &[OsString]) -> Option<Step> {
    let (first, rest) = arguments.split_first()?;
    let Some(letters) = first.to_str()?.strip_prefix('-') else {
        return Some(Step::staying(arguments.to_vec()));
    };
    let is_plain = |letter: char| matches!(letter, 'c' | 'e' | 'l' | 'u' | 'x');
    let [script] = rest else { return None };
    if !letters.ends_with('c') || !letters.chars().all(is_plain) {
        return None;
    }
    let plain = plain_command(script.to_str()?)?;
    let program = plain.words.first()?.as_bytes();
    let odd = program.is_empty() || program.starts_with(b"-") || program.contains(&b'=');
    (!odd).then(|| Step {
        assignments: plain.assignments,
        // A login shell has files of its own to read first.
        replaces: letters == "c" || letters == "ec",
        ..Step::staying(plain.words)
    })
}

/// The `exec` that a script ends in, with the script's own arguments where it hands them on.
fn last_exec(script: &Script, command: &Command) -> Option<Step> {
    let interpreter = script.text.lines().next()?;
    let mut words = interpreter.split(|c: char| c.is_whitespace() || c == '/');
    if !words.any(|word| matches!(word, "sh" | "bash" | "dash" | "ash")) {
        return None;
    }
    let lines = script.text.lines().skip(1).map(str::trim);
    let lines: Vec<&str> = lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let (last, before) = lines.split_last()?;
    let (line, hands_on) = match last.strip_suffix("\"$@\"") {
        Some(line) => (line, true),
        None => (*last, false),
    };
    let plain = plain_command(line).filter(|plain| plain.exec)?;
    let own = command.words.iter().skip(1).filter(|_| hands_on);
    let words: Words = plain.words.into_iter().chain(own.cloned()).collect();
    let own_folder = || script.file.parent().map(Path::to_owned);
    let folder = before.iter().rev().find_map(|line| {
        if INTO_ITS_FOLDER.contains(line) {
            return own_folder();
        }
        let plain = plain_command(line)?;
        let [cd, folder] = plain.words.as_slice() else {
            return None;
        };
        (cd == "cd").then(|| folder.into())
    });
    let names = |line: &&str| {
        let variables = ["RELEASE_NODE", "RELEASE_DISTRIBUTION", "RELEASE_COOKIE"];
        variables.iter().any(|name| line.contains(name))
    };
    Some(Step {
        folder,
        is_configured: lines.iter().any(names),
        ..Step::staying(words)
    })
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
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn shown(step: Step) -> String {
        let stays = if step.replaces { "" } else { "stays|" };
        let user = step.user.map(|user| format!("user {user}|"));
        let assigned = step.assignments.iter();
        let assigned =
            assigned.map(|(name, value)| format!("{}={}", name.display(), value.display()));
        let words = step.words.iter().map(|word| word.display().to_string());
        let words: Vec<String> = assigned.chain(words).collect();
        format!("{stays}{}{}", user.unwrap_or_default(), words.join("|"))
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
            (&["sh", "-ec", "erl"], Some("erl")),
            (&["bash", "-lc", "erl"], Some("stays|erl")),
            (&["sh", "-ic", "erl"], None),
            (&["sh", "-c", "exec erl ''"], Some("erl|")),
            (&["sh", "-c", "exec erl", "name"], None),
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
            (&["sh", "script", "x"], Some("stays|script|x")),
            (&["sh", "-e", "script"], None),
            (&["gosu", "app:app", "erl"], Some("stays|user app|erl")),
            (&["su-exec", "app", "erl"], Some("stays|user app|erl")),
            (
                &["setpriv", "--reuid=app", "--init-groups", "erl"],
                Some("stays|user app|erl"),
            ),
            (&["setpriv", "--reuid", "app", "erl"], None),
            (&["nice", "erl"], None),
        ] {
            let words: Vec<OsString> = words.iter().map(Into::into).collect();
            let step = wrapper(&words, &Environment::default()).map(shown);
            assert_eq!(step.as_deref(), expected, "{words:?}");
        }
    }

    #[test]
    fn a_bash_that_reads_a_file_first_stays() {
        let words: Vec<OsString> = ["bash", "-c", "erl"].iter().map(Into::into).collect();
        let environment = vec![("BASH_ENV".into(), "/x".into())].into();
        let step = wrapper(&words, &environment).map(shown);
        assert_eq!(step.as_deref(), Some("stays|erl"));
    }

    #[test]
    fn finds_the_exec_that_a_script_ends_in() {
        let phoenix = "/bin/sh\nset -eu\n\ncd -P -- \"$(dirname -- \"$0\")\"\nPHX_SERVER=true exec ./app start\n";
        for (text, expected) in [
            (phoenix, Some("/r/bin / ./app start")),
            (
                "/bin/sh\nbin/app eval x || exit 1\ncd /app\nexec bin/app start\n# end",
                Some("/app / bin/app start"),
            ),
            (
                "/bin/bash\nif x; then\n  exec y\nfi\nexec \"$@\"",
                Some("- / one two"),
            ),
            (
                "/bin/sh\nexec bin/app start \"$@\"",
                Some("- / bin/app start one two"),
            ),
            ("/bin/sh\nexec bin/app start\necho never", None),
            ("/bin/sh\nexec bin/app $X", None),
            ("/bin/sh\nif true; then\nexec bin/app start\nfi", None),
            ("/bin/sh\nbin/app start", None),
            ("/bin/sh\n", None),
            ("/usr/bin/perl\nexec bin/app start", None),
        ] {
            let script = Script {
                file: "/r/bin/server".into(),
                text: text.into(),
                root: "/r".into(),
                name: "server".into(),
            };
            let command = Command {
                words: vec!["x".into(), "one".into(), "two".into()],
                file: "/r/bin/server".into(),
            };
            let step = last_exec(&script, &command).map(|step| {
                let folder = step.folder.unwrap_or("-".into());
                let words: Vec<_> = step.words.iter().filter_map(|word| word.to_str()).collect();
                format!("{} / {}", folder.display(), words.join(" "))
            });
            assert_eq!(step.as_deref(), expected, "{text}");
        }
    }
}
