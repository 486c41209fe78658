//! `elixir`, `iex` and `mix`: shell scripts that hand their environment to one `erl`, and have options of their own.
//!
//! The options as bin/elixir reads them: the first word that is none of them ends them. Names and cookies there come
//! before those of `--vm-args` files. <https://hexdocs.pm/elixir/elixir.html> and `elixir --help`.

use std::path::Path;

use super::{erl, of_one_vm};
use crate::beam::words::{Syntax, split};
use crate::beam::{Flag, FlagSettings, Otp};
use crate::config::Config;
use crate::plan::{Launcher, OwnSettings};
use crate::system::program::Command;

/// Reads the arguments of `elixir`, `iex` or `mix`.
pub fn read(program: &'static str, command: &Command, config: &Config) -> Launcher {
    let arguments: Vec<&str> = command.arguments().collect();
    let options = if program == "mix" {
        ElixirOptions {
            mix_task: Some(&arguments),
            ..ElixirOptions::default()
        }
    } else {
        ElixirOptions::read(&arguments)
    };
    let flags = FlagSettings::of_arguments(options.erl.iter().map(String::as_str));
    let has_shell = program == "iex" && !flags.has(&[Flag::Remsh]) && !options.only_prints;
    let is_tool = options.only_prints || options.mix_task.is_some_and(|task| !starts_node(task));
    let role = erl::role(&flags, is_tool);
    Launcher {
        own_settings: OwnSettings {
            elixir: true,
            ..erl::own_settings(flags, Otp::of_erl(None, &config.environment))
        },
        warnings: Vec::from_iter(has_shell.then(|| no_input_warning("iex")).flatten()),
        ..of_one_vm(program, role, program)
    }
}

/// The warning of a shell that finds no input: it ends at once, with status 0.
pub fn no_input_warning(program: &str) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let device = |path| Some(std::fs::metadata(path).ok()?.rdev()).filter(|device| *device != 0);
    let null = device("/dev/null")?;
    (device("/proc/self/fd/0") == Some(null)).then(|| {
        format!(
            "{program} opens a shell, and standard input is /dev/null, at whose end the shell and the node end; give the container a terminal (docker run -it; stdin and tty: true), or start the node without a shell"
        )
    })
}

/// `mix run`, which is also mix without a task, and `mix phx.server` are the application, also behind others in a
/// `mix do`; any other task is a tool, and so is `mix run FILE` without `--no-halt`.
fn starts_node(task: &[&str]) -> bool {
    let ["do", tasks @ ..] = task else {
        return is_application(task);
    };
    // `do a, b` of old, `do a + b` of new.
    let tasks = tasks.join(" ").replace(" + ", ", ");
    tasks.split(", ").any(|task| {
        let words: Vec<&str> = task.split_whitespace().collect();
        !words.is_empty() && is_application(&words)
    })
}

fn is_application(task: &[&str]) -> bool {
    match task {
        [] | ["phx.server", ..] => true,
        ["run", words @ ..] => {
            let is_source = |word: &str| {
                let ending = Path::new(word).extension();
                ending.is_some_and(|ending| ending == "exs" || ending == "ex")
            };
            // A word behind an option may be its value; a script comes first, or has the ending of one.
            let is_script =
                |(at, word): (usize, &&str)| !word.starts_with('-') && (at == 0 || is_source(word));
            let has_code = words.iter().enumerate().any(is_script)
                || words.iter().any(|word| matches!(*word, "-e" | "--eval"));
            words.contains(&"--no-halt") || !has_code
        }
        _ => false,
    }
}

/// The words of the line before the script.
#[derive(Default)]
struct ElixirOptions<'a> {
    /// The flags that `erl` gets from them.
    erl: Vec<String>,
    /// The words behind `-S mix`.
    mix_task: Option<&'a [&'a str]>,
    /// It only prints something and ends.
    only_prints: bool,
}

impl<'a> ElixirOptions<'a> {
    fn read(words: &'a [&'a str]) -> Self {
        let mut options = Self::default();
        let mut named = Vec::new();
        let mut rest = words;
        while let [option, behind @ ..] = rest {
            let (flag, values) = match *option {
                // Split by the shell, and ahead of the options that have names.
                "--erl" => {
                    let words = split(behind.first().unwrap_or(&""), Syntax::Blanks);
                    options.erl.extend(words.into_iter().map(|word| word.text));
                    ("", 1)
                }
                "--name" => ("-name", 1),
                "--sname" => ("-sname", 1),
                "--cookie" => ("-setcookie", 1),
                "--erl-config" => ("-config", 1),
                "--vm-args" => ("-args_file", 1),
                "--remsh" => ("-remsh", 1),
                "--rpc-eval" => ("-remsh", 2),
                "--boot-var" | "--pipe-to" => ("", 2),
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
                | "--boot" => ("", 1),
                "--no-halt" | "--hidden" | "--werl" | "--no-pry" | "+iex" | "+elixirc" => ("", 0),
                "-S" if behind.first() == Some(&"mix") => {
                    options.mix_task = behind.get(1..);
                    break;
                }
                "-v" | "--version" | "-h" | "--help" | "--short-version" => {
                    options.only_prints = true;
                    break;
                }
                _ => break,
            };
            if let (false, Some(value)) = (flag.is_empty(), behind.first()) {
                named.extend([flag.to_owned(), (*value).to_owned()]);
            }
            rest = behind.get(values..).unwrap_or_default();
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
            let options = ElixirOptions::read(&words);
            assert_eq!(options.erl.join(" "), erl, "{words:?}");
            assert_eq!(
                options.mix_task.and_then(|task| task.first().copied()),
                task,
                "{words:?}"
            );
        }
    }
}
