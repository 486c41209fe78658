//! A release's start script: a shell script in the release's `bin`, recognised by its text.

use std::path::{Path, PathBuf};

use crate::system::Environment;
use crate::system::files::text_of;
use crate::system::program::Command;
use crate::system::shell::{ShellAnswer, ShellQuery, interpreter, up_to_source};

/// Start scripts are well below this; a big program is not read to the end.
const LIMIT: u64 = 256 * 1024;

/// A script and the release around it.
pub struct Script {
    /// Its file, symbolic links followed.
    pub file: PathBuf,
    /// Its text, without the `#!`.
    pub text: String,
    /// The release's root: the folder above the script's.
    pub root: PathBuf,
    /// Its file name, which is the release's name.
    pub name: String,
}

impl Script {
    /// Reads the command's file, symbolic links followed, if it is a script.
    pub fn read(command: &Command) -> Option<Self> {
        use std::io::Read as _;
        let file = std::fs::canonicalize(&command.file).ok()?;
        let mut bytes = Vec::new();
        let open = std::fs::File::open(&file).ok()?;
        open.take(LIMIT).read_to_end(&mut bytes).ok()?;
        let text = bytes.strip_prefix(b"#!")?;
        let folder = file.parent()?;
        Some(Self {
            text: String::from_utf8_lossy(text).into_owned(),
            root: folder.parent().unwrap_or(folder).to_owned(),
            name: file.file_name()?.to_str()?.to_owned(),
            file,
        })
    }

    pub fn contains_all(&self, words: &[&str]) -> bool {
        words.iter().all(|word| self.text.contains(word))
    }

    /// Is one of these programs named in its `#!` line?
    pub fn is_run_by(&self, programs: &[&str]) -> bool {
        let line = self.text.lines().next().unwrap_or_default();
        let mut words = line.split(|c: char| c.is_whitespace() || c == '/');
        words.any(|word| programs.contains(&word))
    }

    pub fn is_in_release(&self) -> bool {
        self.root.join("releases").is_dir()
    }

    /// The value of a plain assignment in it, `NAME="value"`.
    pub fn assigned(&self, name: &str) -> Option<&str> {
        self.text.lines().find_map(|line| {
            let line = line.trim();
            let line = line.strip_prefix("export ").unwrap_or(line);
            let value = line.strip_prefix(name)?.strip_prefix('=')?;
            plain(value.trim().trim_matches('"'))
        })
    }

    /// The default in an assignment of the form `NAME="${NAME:-"value"}"`, or `${NAME:="value"}`.
    pub fn default_of(&self, name: &str) -> Option<&str> {
        let starts = [format!("{name}=\"${{{name}:-\""), format!("${{{name}:=\"")];
        let mut starts = starts.iter();
        let (_, rest) = starts.find_map(|start| self.text.split_once(start.as_str()))?;
        let (value, _) = rest.split_once('"')?;
        plain(value)
    }

    /// The folder of this version, or of the one that `releases/start_erl.data` names.
    pub fn version_folder(&self, version: Option<&str>) -> Option<PathBuf> {
        let releases = self.root.join("releases");
        if let Some(version) = version {
            return Some(releases.join(version));
        }
        let data = text_of(releases.join("start_erl.data")).ok()?;
        Some(releases.join(data.split_whitespace().nth(1)?))
    }

    /// A file of the release: in this folder, else in that of the version.
    pub fn release_file(
        &self,
        folder: &Path,
        version: Option<&str>,
        name: &str,
    ) -> Option<PathBuf> {
        let file = folder.join(name);
        if file.exists() {
            return Some(file);
        }
        Some(self.version_folder(version)?.join(name))
    }

    /// Asks the script's own shell what is in these variables behind the line that sources `file`; `name` is a part of that
    /// line. `None` without such a line, or without an answer.
    pub fn ask_shell(
        &self,
        (file, name): (PathBuf, &str),
        command: &Command,
        environment: &Environment,
        variables: &[&str],
    ) -> Option<ShellAnswer> {
        let query = ShellQuery {
            file,
            interpreter: interpreter(&self.text)?,
            text: up_to_source(&self.text, name)?,
            script: &command.file,
            arguments: command.words.get(1..).unwrap_or_default(),
            environment,
        };
        query.ask(variables)
    }
}

/// A value that the shell would not change.
fn plain(value: &str) -> Option<&str> {
    (!value.is_empty() && !value.contains('$')).then_some(value)
}
