//! Which file the command is: looked for as execvp(3) would, before any gate, so that a typing error fails at once.

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use which::WhichConfig;

use crate::error::Failure;
use crate::exit::Exit;
use crate::system::Environment;
use crate::system::search::Files;
use crate::system::secrets::shown_name;

/// Where execvp(3) looks when PATH is not set.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The command to run: what was asked for, and the file that it is.
#[derive(Clone)]
pub struct Command {
    /// The words of the command line, the program's first.
    pub words: Vec<OsString>,
    /// The program's file.
    pub file: PathBuf,
}

impl Command {
    /// Finds the program.
    ///
    /// # Errors
    /// [`Exit::NotFound`] with the PATH that was searched, [`Exit::NotExecutable`].
    pub fn find(words: Vec<OsString>, environment: &Environment) -> Result<Self, Failure> {
        let program = words.first().cloned().unwrap_or_default();
        let path = environment.get("PATH").unwrap_or(OsStr::new(PATH));
        let here = std::env::current_dir().unwrap_or_else(|_| "/".into());
        let search = WhichConfig::new_with_sys(Files)
            .binary_name(program.clone())
            .custom_path_list(path.to_owned())
            .custom_cwd(here);
        match search.first_result() {
            Ok(file) => Ok(Self { words, file }),
            Err(_) => Err(missing(&program, path)),
        }
    }

    /// The program's name as it was called, without its folder.
    pub fn name(&self) -> &str {
        self.words
            .first()
            .and_then(|word| Path::new(word).file_name())
            .and_then(OsStr::to_str)
            .unwrap_or_default()
    }

    /// The path to execute: as the user wrote it, if it is one, for a script's `$0`.
    pub fn path(&self) -> &OsStr {
        let written = self.words.first().map(OsString::as_os_str);
        let written = written.filter(|word| word.as_bytes().contains(&b'/'));
        written.unwrap_or(self.file.as_os_str())
    }

    /// The folder above the program's own, symbolic links followed: the root of an Erlang, if it is its `erl`.
    pub fn root(&self) -> Option<PathBuf> {
        let file = std::fs::canonicalize(&self.file).ok()?;
        Some(file.parent()?.parent()?.to_owned())
    }

    /// The arguments behind the program; those that are not UTF-8 hold nothing that a launcher looks for.
    pub fn arguments(&self) -> impl Iterator<Item = &str> {
        self.words
            .iter()
            .skip(1)
            .map(|word| word.to_str().unwrap_or_default())
    }
}

/// Why there is no program: nothing of that name, or something that cannot be executed.
fn missing(program: &OsStr, path: &OsStr) -> Failure {
    let given = Path::new(program);
    let direct = program.as_bytes().contains(&b'/');
    let places: Vec<PathBuf> = if direct {
        vec![given.into()]
    } else {
        std::env::split_paths(path)
            .map(|folder| folder.join(given))
            .collect()
    };
    let hindrance = |file: &PathBuf| match std::fs::metadata(file) {
        Ok(found) if found.is_dir() => Some("it is a directory"),
        Ok(_) => Some("it may not be executed; chmod +x it in the image"),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Some("a folder above it may not be searched by this user; chmod +x that in the image")
        }
        Err(_) => None,
    };
    if let Some((file, what)) = places
        .iter()
        .find_map(|file| Some((file, hindrance(file)?)))
    {
        return Failure::new(
            Exit::NotExecutable,
            format!("cannot run {}: {what}", shown_name(file)),
        );
    }
    let shown = shown_name(given);
    let words: Vec<&str> = shown.split_whitespace().collect();
    let line = if words.len() > 1 {
        format!(
            "there is no program {shown}, with a blank in its name; is it {} words? then write them so: {words:?}",
            words.len()
        )
    } else if direct {
        format!("there is no {shown}; is the path right, and in this image?")
    } else {
        format!(
            "{shown} is in none of PATH's folders ({}); is it installed in this image?",
            path.to_string_lossy()
        )
    };
    Failure::new(Exit::NotFound, line)
}
