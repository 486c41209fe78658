//! `elixir`, `iex` and `mix`: shell scripts that hand their environment to one `erl`, and have options of their own.
//!
//! The options as bin/elixir reads them: the first word that is none of them ends them. Names and cookies there come
//! before those of `--vm-args` files. <https://hexdocs.pm/elixir/elixir.html> and `elixir --help`.

use crate::beam::FlagSettings;
use crate::beam::Otp;
use crate::beam::words::{Syntax, split};
use crate::config::Config;
use crate::launchers::erl;
use crate::plan::{Launcher, OwnSettings, Role};
use crate::system::program::Command;

/// Reads the arguments of `elixir`, `iex` or `mix`.
pub fn read(program: &'static str, command: &Command, config: &Config) -> Launcher {
    let arguments: Vec<&str> = command.arguments().collect();
    let options = if program == "mix" {
        Options::default()
    } else {
        Options::read(&arguments)
    };
    let task = if program == "mix" {
        Some(arguments.as_slice())
    } else {
        options.mix_task
    };
    let claims = FlagSettings::of_arguments(options.erl.iter().map(String::as_str));
    let has_shell = program == "iex" && claims.remsh.is_none() && !options.informs;
    let role = if options.informs || task.is_some_and(|task| !starts_node(task)) {
        Role::Neither
    } else if claims.remsh.is_some() {
        Role::Client
    } else {
        Role::Node
    };
    Launcher {
        label: program,
        role,
        default_name: program.into(),
        own_settings: OwnSettings {
            elixir: true,
            ..erl::own_settings(claims, Otp::of_erl(None, &config.environment))
        },
        root: None,
        account: None,
        could_be_node: false,
        warnings: Vec::from_iter(has_shell.then(|| warn_of_no_input("iex")).flatten()),
        apply: Box::new(erl::OneVm),
    }
}

/// The warning of a shell that finds no input: it ends at once, with status 0.
pub fn warn_of_no_input(program: &str) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let input = std::fs::metadata("/proc/self/fd/0");
    let null = std::fs::metadata("/dev/null");
    let is_null = match (input, null) {
        (Ok(input), Ok(null)) => input.rdev() == null.rdev() && input.rdev() != 0,
        _ => false,
    };
    is_null.then(|| {
        format!(
            "{program} opens a shell, and standard input is /dev/null, at whose end the shell and the node end; give the container a terminal (docker run -it; stdin and tty: true), or start the node without a shell"
        )
    })
}

/// `mix run`, which is also mix without a task, and `mix phx.server` are the application, also behind others in a
/// `mix do`; any other task is a tool, and so is `mix run FILE` without `--no-halt`.
fn starts_node(task: &[&str]) -> bool {
    match task {
        ["do", tasks @ ..] => {
            // `do a, b` of old, `do a + b` of new.
            let ends = |word: &str| word == "+" || word.ends_with(',');
            let mut tasks = tasks.split_inclusive(|word| ends(word));
            tasks.any(|task| {
                let words = task.iter().map(|word| word.trim_end_matches([',', '+']));
                let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
                !words.is_empty() && is_application(&words)
            })
        }
        task => is_application(task),
    }
}

fn is_application(task: &[&str]) -> bool {
    match task {
        [] | ["phx.server", ..] => true,
        ["run", options @ ..] => {
            let is_option = |word: &&str| word.starts_with('-');
            // What stands behind one may be its value; a script is the first word, or behind an option without.
            let mut words = options.iter().filter(|word| !is_option(word));
            let is_script = |word: &&&str| {
                let ending = std::path::Path::new(word).extension();
                ending.is_some_and(|ending| ending == "exs" || ending == "ex")
            };
            let script = words.any(|word| is_script(&word))
                || options.first().is_some_and(|word| !is_option(word));
            options.contains(&"--no-halt")
                || !(script || options.contains(&"-e") || options.contains(&"--eval"))
        }
        _ => false,
    }
}

/// What stands on the line before the script.
#[derive(Default)]
struct Options<'a> {
    /// The flags that `erl` gets from them.
    erl: Vec<String>,
    /// The words behind `-S mix`.
    mix_task: Option<&'a [&'a str]>,
    /// It only prints something and ends.
    informs: bool,
}

impl<'a> Options<'a> {
    fn read(words: &'a [&'a str]) -> Self {
        let mut options = Self::default();
        let mut named = Vec::new();
        let mut rest = words;
        loop {
            let (values, taken): (&[&str], usize) = match rest {
                [
                    "--name" | "--sname" | "--cookie" | "--vm-args" | "--remsh" | "--erl"
                    | "--erl-config",
                    ..,
                ] => (rest.get(1..2).unwrap_or_default(), 2),
                ["--rpc-eval", ..] => (rest.get(1..2).unwrap_or_default(), 3),
                ["--boot-var" | "--pipe-to", ..] => (&[], 3),
                [
                    "-e"
                    | "-r"
                    | "-pr"
                    | "-pa"
                    | "-pz"
                    | "--app"
                    | "--eval"
                    | "--dot-iex"
                    | "--dbg"
                    | "--logger-otp-reports"
                    | "--logger-sasl-reports"
                    | "--boot",
                    ..,
                ] => (&[], 2),
                [
                    "--no-halt" | "--hidden" | "--werl" | "--no-pry" | "+iex" | "+elixirc",
                    ..,
                ] => (&[], 1),
                ["-v" | "--version" | "-h" | "--help" | "--short-version", ..] => {
                    options.informs = true;
                    break;
                }
                ["-S", "mix", task @ ..] => {
                    options.mix_task = Some(task);
                    break;
                }
                _ => break,
            };
            if let (Some(option), Some(value)) = (rest.first(), values.first()) {
                let value = (*value).to_owned();
                match *option {
                    // Split by the shell, and ahead of the options that have names.
                    "--erl" => options.erl.extend(
                        split(&value, Syntax::Blanks)
                            .into_iter()
                            .map(|word| word.text),
                    ),
                    "--name" => named.extend(["-name".to_owned(), value]),
                    "--sname" => named.extend(["-sname".to_owned(), value]),
                    "--cookie" => named.extend(["-setcookie".to_owned(), value]),
                    "--erl-config" => named.extend(["-config".to_owned(), value]),
                    "--vm-args" => named.extend(["-args_file".to_owned(), value]),
                    // `--remsh` and `--rpc-eval`: a node that is spoken to.
                    _ => named.extend(["-remsh".to_owned(), value]),
                }
            }
            rest = rest.get(taken..).unwrap_or_default();
        }
        options.erl.append(&mut named);
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_application_from_a_tool() {
        for (line, node) in [
            ("", true),
            ("run --no-halt", true),
            ("run", true),
            ("run seeds.exs", false),
            ("run --no-start priv/seeds.exs", false),
            ("run -e x", false),
            ("run -r lib/x.ex --no-halt", true),
            ("phx.server", true),
            ("test", false),
            ("do ecto.migrate, phx.server", true),
            ("do ecto.migrate + run --no-halt", true),
            ("do run, test", true),
            ("do test --only run", false),
            ("do compile, test", false),
            ("do", false),
        ] {
            let task: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(starts_node(&task), node, "{line}");
        }
    }

    #[test]
    fn reads_the_line_as_the_script_does() {
        for (words, erl, task) in [
            (
                vec!["--name", "a@b", "--cookie", "c", "x.exs"],
                "-name a@b -setcookie c",
                None,
            ),
            (
                vec![
                    "--cookie",
                    "c",
                    "--erl",
                    "-name 'a@b' +K true",
                    "-S",
                    "mix",
                    "run",
                ],
                "-name 'a@b' +K true -setcookie c",
                Some("run"),
            ),
            (vec!["-e", "--name", "--sname", "a"], "-sname a", None),
            (vec!["x.exs", "--name", "a@b"], "", None),
            (
                vec!["--no-halt", "-S", "mix", "test", "--cookie"],
                "",
                Some("test"),
            ),
            (vec!["--remsh", "n@h"], "-remsh n@h", None),
            (
                vec!["--rpc-eval", "n@h", "--name", "--sname", "a"],
                "-remsh n@h -sname a",
                None,
            ),
            (vec!["--name"], "", None),
        ] {
            let options = Options::read(&words);
            assert_eq!(options.erl.join(" "), erl, "{words:?}");
            assert_eq!(
                options.mix_task.and_then(|task| task.first().copied()),
                task,
                "{words:?}"
            );
        }
    }
}
