//! `elixir`, `iex` and `mix`: shell scripts that hand their environment to one `erl`, and have options of their own.
//!
//! The options as bin/elixir reads them: the first word that is none of them ends them. Names and cookies there come
//! before those of `--vm-args` files. <https://hexdocs.pm/elixir/elixir.html> and `elixir --help`.

use super::{Demands, Launcher, Otp, Role, erl};
use crate::launch::config::Config;
use crate::launch::flags::Claims;
use crate::launch::flags::words::{Syntax, split};
use crate::launch::plan::Command;

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
    let claims = Claims::of_arguments(options.erl.iter().map(String::as_str));
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
        demands: Demands {
            elixir: true,
            ..erl::demands(claims, || Otp::of_erl(None, config), config)
        },
        root: None,
        account: None,
        cook: Box::new(erl::OneVm),
    }
}

/// `mix run`, which is also mix without a task, and `mix phx.server` are the application, also behind others in a
/// `mix do`; any other task is a tool.
fn starts_node(task: &[&str]) -> bool {
    let is_application = |task: &&str| matches!(*task, "run" | "phx.server");
    match task {
        [] => true,
        ["do", tasks @ ..] => {
            // `do a, b` of old, `do a + b` of new.
            let ends = |word: &str| word == "+" || word.ends_with(',');
            let begins = tasks.iter().enumerate().filter(|(at, _)| {
                let before = at.checked_sub(1).and_then(|before| tasks.get(before));
                before.is_none_or(|before| ends(before))
            });
            let mut begins = begins.map(|(_, task)| task.trim_end_matches(','));
            begins.any(|task| is_application(&task))
        }
        [task, ..] => is_application(task),
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
