//! A release's start script: a shell script in the release's `bin`, told by what it says.

use std::path::PathBuf;

use crate::system::files::text_of;
use crate::system::program::Command;

/// Invocation scripts are well below this; a big program is not read to the end.
const LIMIT: u64 = 256 * 1024;

/// A script and the release around it.
pub struct Script {
    /// Its file, symbolic links followed.
    pub file: PathBuf,
    /// What it says, behind the `#!`.
    pub text: String,
    /// The release's root: the folder above the script's.
    pub root: PathBuf,
    /// The script's own name, which is the release's.
    pub name: String,
}

impl Script {
    /// Reads the command's file, symbolic links followed, if it is a script.
    pub fn read(command: &Command) -> Option<Self> {
        use std::io::Read as _;
        let mut open = std::fs::File::open(&command.file).ok()?;
        let mut start = [0; 2];
        open.read_exact(&mut start)
            .ok()
            .filter(|()| start == *b"#!")?;
        let file = std::fs::canonicalize(&command.file).ok()?;
        let mut bytes = Vec::new();
        open.take(LIMIT).read_to_end(&mut bytes).ok()?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let name = file.file_name()?.to_str()?.to_owned();
        let folder = file.parent()?;
        Some(Self {
            text,
            root: folder.parent().unwrap_or(folder).to_owned(),
            name,
            file,
        })
    }

    /// Does it hold all of these?
    pub fn says(&self, words: &[&str]) -> bool {
        words.iter().all(|word| self.text.contains(word))
    }

    /// Is there a release around it?
    pub fn is_of_release(&self) -> bool {
        self.root.join("releases").is_dir()
    }

    /// The value of a plain assignment in it, `NAME="value"`.
    pub fn assigned(&self, name: &str) -> Option<&str> {
        self.text.lines().find_map(|line| {
            let value = line
                .trim()
                .strip_prefix("export ")
                .unwrap_or(line.trim())
                .strip_prefix(name)?
                .strip_prefix('=')?;
            Some(value.trim().trim_matches('"'))
                .filter(|value| !value.is_empty() && !value.contains('$'))
        })
    }

    /// The default in an assignment of the form `NAME="${NAME:-"value"}"`, or `${NAME:="value"}`.
    pub fn default_of(&self, name: &str) -> Option<&str> {
        let starts = [format!("{name}=\"${{{name}:-\""), format!("${{{name}:=\"")];
        let rest = starts.iter().find_map(|start| {
            let (_, rest) = self.text.split_once(start.as_str())?;
            Some(rest)
        })?;
        let (value, _) = rest.split_once('"')?;
        Some(value).filter(|value| !value.is_empty() && !value.contains('$'))
    }

    /// The version that `releases/start_erl.data` names.
    pub fn current_version(&self) -> Option<String> {
        let data = text_of(self.root.join("releases/start_erl.data")).ok()?;
        data.split_whitespace().nth(1).map(ToOwned::to_owned)
    }
}
