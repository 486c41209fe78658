//! What a launcher changes for the command: variables, and files that only this user can read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access, geteuid};

use super::text::Text;
use crate::exit::Exit;
use crate::launch::failure::Failure;

/// Where a private file may lie: in memory first.
const FOLDERS: [&str; 4] = ["/dev/shm", "/run", "/tmp", "/var/tmp"];

/// The changes.
#[derive(Clone, Debug, Default)]
pub struct Recipe {
    /// Variables that are set, by name.
    pub set: BTreeMap<String, Text>,
    /// Variables that are taken out.
    pub unset: Vec<&'static str>,
    /// Files that are written before the exec.
    pub files: Vec<PrivateFile>,
    /// What is left out of the user's own flags, by the variable that had it.
    pub left_out: Vec<(String, Text)>,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// A file to be written, mode 0600, in a folder of its own, mode 0700.
#[derive(Clone, Debug)]
pub struct PrivateFile {
    /// Where.
    pub path: PathBuf,
    /// What.
    pub content: Text,
}

impl Recipe {
    /// Sets a variable; an empty text takes it out.
    pub fn set(&mut self, name: &str, value: Text) {
        self.set.insert(name.to_owned(), value);
    }

    /// Adds a warning.
    pub fn warn(&mut self, line: impl Into<String>) {
        self.warnings.push(line.into());
    }

    /// Plans a file; gives its path.
    ///
    /// # Errors
    /// No folder can be written: [`Exit::System`].
    pub fn private(&mut self, name: &Path, content: Text) -> Result<PathBuf, Failure> {
        let writable =
            |folder: &&&str| access(**folder, AccessFlags::W_OK | AccessFlags::X_OK).is_ok();
        let Some(folder) = FOLDERS.iter().find(writable) else {
            let line = format!(
                "no folder to write {} in: none of {} is writable; mount an emptyDir or tmpfs at /tmp",
                name.display(),
                FOLDERS.join(", ")
            );
            return Err(Failure::new(Exit::System, line));
        };
        let path = Path::new(folder)
            .join(format!("beaminit-{}", geteuid()))
            .join(name);
        self.files.push(PrivateFile {
            path: path.clone(),
            content,
        });
        Ok(path)
    }
}

impl PrivateFile {
    /// Writes it: whole or not at all, and nobody else could have put it there.
    ///
    /// # Errors
    /// The system's own, or a folder that is somebody else's: [`Exit::System`].
    pub fn write(&self) -> Result<(), Failure> {
        self.try_write().map_err(|error| {
            Failure::new(
                Exit::System,
                format!(
                    "cannot write {}: {error}; is its folder this user's own?",
                    self.path.display()
                ),
            )
        })
    }

    fn try_write(&self) -> std::io::Result<()> {
        use std::io::Write as _;
        use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        match std::fs::DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let found = std::fs::symlink_metadata(folder)?;
        if !found.is_dir() || found.uid() != geteuid().as_raw() || found.mode() & 0o077 != 0 {
            return Err(std::io::Error::other(format!(
                "{} is not a private folder of this user",
                folder.display()
            )));
        }
        let fresh = self
            .path
            .with_extension(format!("new-{}", std::process::id()));
        let _ = std::fs::remove_file(&fresh);
        // What a relx script kept of an earlier one, and would take for this one.
        let _ = std::fs::remove_file(format!("{}.orig", self.path.display()));
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&fresh)?;
        file.write_all(self.content.reveal().as_encoded_bytes())?;
        std::fs::rename(&fresh, &self.path)
    }
}
